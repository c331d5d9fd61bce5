"""The first command of the README, as a process in an empty directory, with the real model."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

NOMOAT = Path(sys.executable).with_name("nomoat")
SMALL = ("--enterprises", "300", "--months", "14")


def nomoat(directory: Path, *arguments: str) -> dict[str, Any]:
    """Run the command and return its JSON document."""
    done = subprocess.run(
        [NOMOAT, *arguments, "--json"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.system
def test_a_run_is_read_back_repeated_and_compared(tmp_path: Path) -> None:
    first = nomoat(tmp_path, "run", *SMALL)
    folder = tmp_path / first["folder"]
    manifest = json.loads((folder / "manifest.json").read_text())
    market = pq.ParquetFile(folder / "market.parquet").read()
    assert market["month"].to_pylist() == list(range(14))
    assert market["adoption"].null_count == 0
    assert manifest["tables"]["market"]["rows"] == 14
    assert manifest["enterprises"] == 300
    assert manifest["slots"] > 300
    assert (folder / "summary.png").read_bytes().startswith(b"\x89PNG")
    assert nomoat(tmp_path, "run", *SMALL)["identical"]
    other = nomoat(tmp_path, "run", *SMALL, "--seed", "2")
    assert other["run_id"] != first["run_id"]
    second = pq.ParquetFile(tmp_path / other["folder"] / "market.parquet").read()
    assert not second["adoption"].equals(market["adoption"])
    assert nomoat(tmp_path, "show", first["run_id"])["summary"] == first["summary"]
    explained = nomoat(tmp_path, "explain", first["run_id"])
    assert explained["month"] == "2024-02"
    assert explained["choices"]["decided"] > 0
    assert explained["moves"]
