"""One small run gives the numbers it gave before: changes of results are seen and meant."""

import runpy
from pathlib import Path
from typing import Any

import pytest

from agents.common.compiled import cpu_level

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "refresh_baseline.py"
REFRESH: dict[str, Any] = runpy.run_path(str(SCRIPT))
LEVEL, RECORDED = REFRESH["recorded"](REFRESH["FILE"])


@pytest.mark.skipif(cpu_level() != LEVEL, reason=f"recorded on a processor of level {LEVEL}")
def test_the_small_run_gives_the_recorded_numbers() -> None:
    changed = REFRESH["changes"](RECORDED, REFRESH["numbers"]())
    assert changed == [], "if this is meant, run: uv run scripts/refresh_baseline.py"


def test_the_record_is_as_long_as_the_summary() -> None:
    names = (*REFRESH["SERIES"], *REFRESH["RECORDED"], *REFRESH["SUMS"])
    assert len(RECORDED) == len(names) >= 25


def test_a_change_is_told_with_old_and_new() -> None:
    told = REFRESH["changes"]
    assert told({"a": 1.0, "b": 0.0}, {"a": 1.0 + 1e-7, "b": 0.0}) == []
    (line,) = told({"a": 2.0}, {"a": 2.00001})
    assert line.split() == ["a", "2", "->", "2.00001", "+0.001%"]
    assert [line.split()[0] for line in told({"a": 1.0}, {"b": 1.0})] == ["a", "b"]


def test_refreshing_writes_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = REFRESH["main"].__globals__
    file = tmp_path / "baseline.toml"
    monkeypatch.setitem(script, "FILE", file)
    monkeypatch.setitem(script, "numbers", lambda: {"a": 1.5, "b": -2.0})
    monkeypatch.setattr("sys.argv", ["refresh_baseline.py", "--check"])
    assert REFRESH["main"]() == 1
    assert not file.exists()
    monkeypatch.setattr("sys.argv", ["refresh_baseline.py"])
    assert REFRESH["main"]() == 0
    assert REFRESH["recorded"](file) == (cpu_level(), {"a": 1.5, "b": -2.0})
    monkeypatch.setattr("sys.argv", ["refresh_baseline.py", "--check"])
    assert REFRESH["main"]() == 0
