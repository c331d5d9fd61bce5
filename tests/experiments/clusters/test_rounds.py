"""Rounds: files that several processes make, read and close."""

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sweeping
from hypothesis import given
from hypothesis import strategies as st

from experiments.clusters import rounds
from experiments.clusters.rounds import OVER, Round, Task
from experiments.sweeps import runner
from experiments.sweeps.folder import SweepFolder


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    """A sweep that has begun."""
    found = SweepFolder(tmp_path / "sweep")
    runner.begin(sweeping.declared(), found)
    return found


def planned(folder: SweepFolder, count: int = 5, limit: int = 2) -> Round:
    """A round of chunks of one run."""
    tasks = [Task((row,), row % 2) for row in range(count)]
    return rounds.planned(folder, "nomoat-x", tasks, "v", limit, retry=False)


@given(st.lists(st.integers(0, 300), max_size=60))
def test_ranges_give_their_rows_back(rows: list[int]) -> None:
    pairs = rounds.ranges(rows)
    assert list(rounds.rows_of(pairs)) == rows
    assert len(pairs) == (1 + int((np.diff(rows) != 1).sum()) if rows else 0)


def test_a_round_comes_back_as_it_was_written(folder: SweepFolder) -> None:
    one = planned(folder)
    assert rounds.make(one, folder, "script")
    assert Round.at(one.path) == one
    assert one.script_path.read_text() == "script"
    assert [(a.name, a.first, a.count) for a in one.arrays] == [
        ("nomoat-x-1-0", 0, 2), ("nomoat-x-1-2", 2, 2), ("nomoat-x-1-4", 4, 1),
    ]  # fmt: skip
    assert [one.log_path(chunk).name for chunk in range(5)] == [
        "0-0.log", "0-1.log", "2-0.log", "2-1.log", "4-0.log",
    ]  # fmt: skip


def test_of_two_who_make_a_round_one_does(folder: SweepFolder) -> None:
    first, second = planned(folder), planned(folder, 1)
    assert first.number == second.number == 1
    assert rounds.make(first, folder, "")
    assert not rounds.make(second, folder, "")
    assert rounds.rounds(folder) == [first]
    assert planned(folder).number == 2


def test_closed_rounds_are_not_open(folder: SweepFolder) -> None:
    one, two = planned(folder), None
    rounds.make(one, folder, "")
    rounds.make(two := planned(folder, 1), folder, "")
    one.state = OVER
    one.save(folder)
    assert rounds.open_rounds(folder) == [two]
    assert rounds.rounds(folder) == [one, two]


def test_a_round_that_was_never_finished_is_passed(
    folder: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (rounds.home(folder) / "0001").mkdir(parents=True)
    monkeypatch.setattr(rounds, "UNFINISHED_SECONDS", 0.3)
    began = time.monotonic()
    assert rounds.open_rounds(folder) == []
    assert time.monotonic() - began < 5
    os.utime(rounds.home(folder) / "0001", (0, 0))
    assert rounds.make(planned(folder), folder, "")
    assert [one.number for one in rounds.open_rounds(folder)] == [2]


def test_jobs_of_different_folders_have_different_names(tmp_path: Path) -> None:
    names = {
        rounds.label(SweepFolder(tmp_path / place), identity, version)
        for place in ("a", "b") for identity in ("i", "j") for version in ("v", "w")
    }  # fmt: skip
    assert len(names) == 8
    assert all(name.replace("-", "").isalnum() for name in names)


def test_logs_keep_what_stands_in_them(folder: SweepFolder) -> None:
    one = planned(folder)
    rounds.make(one, folder, "")
    one.log_path(0).write_text("")
    one.log_path(1).write_text("\n".join(str(i) for i in range(5000)))
    one.sweep_logs()
    assert not one.log_path(0).exists()
    assert one.tail(1).splitlines() == [str(i) for i in range(4988, 5000)]
    assert one.tail(0) == one.tail(4) == ""


PLAN: dict[str, Any] = {
    "model_version": "a", "retry": False, "state": "open", "lost": [],
    "arrays": [["name", 0, 1]], "failures": [0], "chunks": [[[0, 2]]],
}  # fmt: skip
VALUES = (None, True, -1, 10**30, "x", [], {}, [[]], [[[0, 10**11]]], [["a", "b", "c"]], [None])


@pytest.mark.parametrize("name", PLAN)
def test_any_value_in_a_plan_is_a_round_or_none(folder: SweepFolder, name: str) -> None:
    place = rounds.home(folder) / "0001"
    place.mkdir(parents=True)
    for value in (PLAN[name], *VALUES):
        (place / "plan.json").write_text(json.dumps({**PLAN, name: value}))
        found = rounds.rounds(folder)
        assert len(found) <= 1
        for one in found:
            assert one.submitted <= len(one.tasks)
    (place / "plan.json").write_text(json.dumps(PLAN))
    assert rounds.rounds(folder)[0].tasks[0].rows == (0, 1)
    assert rounds.next_number(folder) == 2


def test_rounds_and_logs_that_are_links_are_left_alone(folder: SweepFolder, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "plan.json").write_text(json.dumps(PLAN))
    (outside / "empty.log").touch()
    rounds.home(folder).mkdir()
    (rounds.home(folder) / "0001").symlink_to(outside)
    (rounds.home(folder) / "1x").mkdir()
    assert rounds.rounds(folder) == []
    assert rounds.next_number(folder) == 2
    one = rounds.home(folder) / "0002"
    one.mkdir()
    (one / "plan.json").write_text(json.dumps(PLAN))
    (one / "logs").symlink_to(outside)
    rounds.rounds(folder)[0].sweep_logs()
    assert (outside / "empty.log").exists()
