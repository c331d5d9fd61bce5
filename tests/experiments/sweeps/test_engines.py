"""Engines: the same bytes whichever did the runs, and runs that take their process with them."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sweeping

from experiments.durable import StoreError
from experiments.sweeps import engines
from experiments.sweeps.engines import MOST_DEATHS, Engine, InProcess
from experiments.sweeps.folder import SweepError, SweepFolder
from experiments.sweeps.queue import Progress
from experiments.sweeps.runner import Report, begin, work

SMALL: dict[str, Any] = {"levers": {}, "replicates": 1}
"""Three runs, the second of them of `sweeping.UNLUCKY` theta."""


def patience(most: int) -> Callable[[Progress], None]:
    """Something that ends a sweep which goes on for ever."""
    left = [most]

    def count(progress: Progress) -> None:
        left[0] -= 1
        assert left[0] > 0, f"this sweep does not end: {progress}"

    return count


def troubled(
    path: Path, monkeypatch: pytest.MonkeyPatch, trouble: sweeping.Trouble, jobs: int = 1,
    seconds: float = 60.0, memory_mb: float = 8000.0,
) -> Report:  # fmt: skip
    """Do the small sweep in processes with trouble in one run."""
    monkeypatch.setattr(engines, "serve", sweeping.troubling(trouble, path.parent / "memory"))
    folder = SweepFolder(path)
    begin(sweeping.declared(**SMALL), folder)
    return work(folder, sweeping.local(jobs, seconds, memory_mb), jobs, patience(100))


def check_failure(path: Path, report: Report, error: str, message: str) -> None:
    """Check that one run failed, with its cause and seed, and the others are finished."""
    assert (report.progress.finished, report.progress.failed, report.stopped) == (2, 1, False)
    (failure,) = sweeping.rows(path, "failures")
    (row,) = [row for row in design(path) if row["choice.theta"] == sweeping.UNLUCKY]
    for name in ("run_id", "point", "replicate", "seed"):
        assert failure[name] == row[name]
    assert failure["error"] == error
    assert message in failure["message"]
    assert report.progress.latest_failure.startswith(f"{error}: ")
    finished = {row["run_id"] for row in sweeping.rows(path, "outcomes")}
    assert finished == {other["run_id"] for other in design(path)} - {row["run_id"]}


def design(path: Path) -> list[dict[str, Any]]:
    """Rows of a sweep's design."""
    found: list[dict[str, Any]] = SweepFolder(path).design().to_pylist()
    return found


@pytest.mark.parametrize("jobs", [1, 2])
def test_processes_give_the_bytes_of_one(tmp_path: Path, jobs: int) -> None:
    report = sweeping.swept(tmp_path / "sweep", sweeping.local(jobs), jobs=jobs)
    progress = report.progress
    assert progress.finished == progress.simulated == progress.written == sweeping.RUNS
    assert sweeping.compacted(tmp_path / "sweep") == sweeping.uninterrupted()


@pytest.mark.parametrize("engine", [InProcess(), sweeping.local(1)])
def test_a_lease_is_kept_fresh_between_runs(tmp_path: Path, engine: Engine) -> None:
    folder = SweepFolder(tmp_path / "sweep")
    begin(sweeping.declared(**SMALL), folder)
    ages = []

    def age(_: Progress) -> None:
        for lease in folder.leases.glob("*.json"):
            ages.append(lease.stat().st_mtime)
            os.utime(lease, (0, 0))

    work(folder, engine, 1, age)
    assert max(ages[1:]) > 1e9


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_raises_fails_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    report = troubled(tmp_path / "sweep", monkeypatch, sweeping.fail, jobs)
    check_failure(tmp_path / "sweep", report, "ArithmeticError", "this world does not add up")
    (failure,) = sweeping.rows(tmp_path / "sweep", "failures")
    assert 'raise ArithmeticError("this world' in failure["traceback"]


def test_a_run_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = troubled(tmp_path / "sweep", monkeypatch, sweeping.hang, seconds=0.7)
    check_failure(tmp_path / "sweep", report, "RunTimeout", "took longer than 0.7 seconds")


def test_a_run_that_eats_memory_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A worker has about 350 MB before it eats 600; this process may have any size.
    limit = 700.0
    report = troubled(tmp_path / "sweep", monkeypatch, sweeping.eat, memory_mb=limit)
    check_failure(tmp_path / "sweep", report, "MemoryLimit", f"more than {limit:,.0f} MB")


def test_a_run_that_keeps_killing_its_process_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = troubled(tmp_path / "sweep", monkeypatch, sweeping.die)
    check_failure(tmp_path / "sweep", report, "WorkerDied", "ended by signal 9")
    assert len((tmp_path / "memory").read_text()) == MOST_DEATHS == 3


def test_a_process_that_dies_once_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = troubled(tmp_path / "sweep", monkeypatch, sweeping.die_once, jobs=2)
    assert (report.progress.finished, report.progress.failed) == (3, 0)
    assert not sweeping.rows(tmp_path / "sweep", "failures")
    sweeping.swept(tmp_path / "other", **SMALL)
    assert sweeping.compacted(tmp_path / "sweep") == sweeping.compacted(tmp_path / "other")


def test_a_failed_run_is_tried_again_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, memory = tmp_path / "sweep", tmp_path / "memory"
    report = troubled(path, monkeypatch, sweeping.fail_until)
    check_failure(path, report, "ArithmeticError", "this world does not add up")
    report = troubled(path, monkeypatch, sweeping.fail_until)
    assert (report.progress.simulated, report.progress.failed) == (0, 1)
    memory.touch()
    folder = SweepFolder(path)
    report = work(folder, sweeping.local(1), 1, patience(100), retry_failed=True)
    progress = report.progress
    assert (progress.simulated, progress.finished, progress.failed) == (1, 3, 0)
    report = work(folder, InProcess(), 1)
    assert (report.progress.simulated, report.progress.failed) == (0, 0)
    sweeping.swept(tmp_path / "other", **SMALL)
    assert sweeping.compacted(path) == sweeping.compacted(tmp_path / "other")
    assert len(sweeping.rows(path, "failures")) == 1


def test_a_disk_that_takes_no_results_ends_the_sweep_and_keeps_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sweep"
    with pytest.raises(StoreError, match=f"cannot write {path}: file too large"):
        troubled(path, monkeypatch, sweeping.run_out_of_disk)
    assert len(sweeping.rows(path, "outcomes")) == 1
    assert not sweeping.rows(path, "failures")
    monkeypatch.undo()
    sweeping.swept(path, sweeping.local(1), **SMALL)
    sweeping.swept(tmp_path / "other", **SMALL)
    assert sweeping.compacted(path) == sweeping.compacted(tmp_path / "other")


def test_processes_that_die_before_they_work_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "serve", sweeping.leave)
    monkeypatch.setattr(engines, "MOST_DEATHS", 1)
    with pytest.raises(SweepError, match=r"die before they work: .* ended with exit code 0"):
        sweeping.swept(tmp_path / "sweep", sweeping.local(1), **SMALL)


def test_a_wish_to_stop_does_not_wait_for_processes_that_have_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "serve", sweeping.dawdle)
    folder = SweepFolder(tmp_path / "sweep")
    begin(sweeping.declared(**SMALL), folder)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    began = time.monotonic()
    report = work(folder, sweeping.local(2), 2)
    timer.join()
    assert report.stopped
    assert time.monotonic() - began < 10


def test_what_a_worker_refuses_is_refused(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path / "sweep")
    begin(sweeping.declared(**SMALL), folder)
    world = folder.world_path(0)
    world.write_text(world.read_text().replace("population = 50", "population = 51"))
    with pytest.raises(SweepError, match="the frozen worlds were changed"):
        work(folder, sweeping.local(1), 1)
    assert not list(folder.leases.iterdir())
