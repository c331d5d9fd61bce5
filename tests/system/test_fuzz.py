"""Mutated inputs of every kind, in a process of their own: see tests/fuzzing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FUZZER = Path(__file__).resolve().parents[1] / "fuzzing"


@pytest.mark.parametrize(
    "inputs",
    [pytest.param(100, marks=pytest.mark.system), pytest.param(20_000, marks=pytest.mark.soak)],
)
def test_no_input_fails_inside_or_writes_elsewhere(tmp_path: Path, inputs: int) -> None:
    done = subprocess.run(
        [sys.executable, FUZZER, "--inputs", str(inputs), "--out", tmp_path / "lists"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert json.loads((tmp_path / "lists" / "totals.json").read_text())["inputs"] >= inputs
    print(done.stdout)
