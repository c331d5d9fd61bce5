"""A sweep under a real `mpirun`, in a network of its own: its launcher would listen to others."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sweeping
import tomli_w

pytestmark = pytest.mark.system
BIN = Path(sys.executable).parent


def test_mpi_gives_the_bytes_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (BIN / "mpiexec").exists():
        pytest.skip("no mpiexec in this environment")
    alone = [shutil.which("unshare") or "unshare", "--net", "--map-root-user"]
    try:
        subprocess.run([*alone, "true"], check=True, capture_output=True)
        subprocess.run(["ip", "-V"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this user cannot make a network of its own")
    monkeypatch.chdir(tmp_path)
    Path("tiny.toml").write_text(tomli_w.dumps(dict(sweeping.TINY)))
    script = 'ip link set lo up && exec "$@"'
    words = [
        BIN / "mpiexec", "-n", "3", sys.executable, "-m", "mpi4py.futures", BIN / "nomoat",
        "sweep", "run", "tiny.toml", "--engine", "mpi", "--json",
    ]  # fmt: skip
    done = subprocess.run(
        [*alone, "sh", "-c", script, "sh", *words], capture_output=True, text=True, check=False,
        timeout=120, env={**os.environ, "HYDRA_LAUNCHER": "fork"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["finished"] == sweeping.RUNS
    sweeping.check_same_file("tiny.toml", Path("outputs/tiny"))
