"""An ensemble killed at any time goes on to the same worlds, weights and runs."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments.ensemble.folder import EnsembleFolder

BUILD = (
    "ensemble", "build", "--draws", "32", "--waves", "2",
    "--replicates", "2", "--enterprises", "60", "--members", "2", "--jobs", "1", "--quiet", "--out",
)  # fmt: skip
KILLS = 2
PATIENCE = 240.0

pytestmark = pytest.mark.soak


def begin(path: Path) -> subprocess.Popen[bytes]:
    """Start or resume a build in a process group of its own."""
    code = "from app.main import main; main()"
    arguments = [sys.executable, "-c", code, *BUILD, str(path)]
    return subprocess.Popen(arguments, start_new_session=True)


def finish(path: Path) -> float:
    """Build to the end; the seconds it took."""
    began = time.monotonic()
    assert begin(path).wait(PATIENCE) == 0
    return time.monotonic() - began


def test_killed_builds_end_in_the_same_ensemble(tmp_path: Path) -> None:
    whole, torn = EnsembleFolder(tmp_path / "whole"), EnsembleFolder(tmp_path / "torn")
    seconds = finish(whole.path)
    luck = random.Random(7)
    for _ in range(KILLS):
        process = begin(torn.path)
        try:
            process.wait(luck.uniform(0.15, 0.5) * seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(PATIENCE)
    finish(torn.path)
    assert torn.draws_path.read_bytes() == whole.draws_path.read_bytes()
    assert torn.summary() == whole.summary()
    assert torn.summary()["draws"] == 64
