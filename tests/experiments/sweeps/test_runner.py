"""Running, resuming and extending: one path, the same bytes, and refusals that say what changed."""

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sweeping
import tomli_w
from parents import Parent
from sweeping import FullDisk

from experiments.durable import StoreError
from experiments.sweeps import folder as folders
from experiments.sweeps import runner
from experiments.sweeps.engines import InProcess
from experiments.sweeps.experiment import read
from experiments.sweeps.folder import SweepError, SweepFolder
from experiments.sweeps.queue import Progress, Queue
from experiments.sweeps.runner import begin, extend, work
from experiments.sweeps.store import keys_of

SMALL: dict[str, Any] = {"levers": {}, "replicates": 1}


def interrupting(after: int, times: int = 1) -> Callable[[Progress], None]:
    """A Ctrl-C, or several, when so many runs have ended."""
    left = [times]

    def look(progress: Progress) -> None:
        if progress.simulated >= after and left[0]:
            left[0] -= 1
            os.kill(os.getpid(), signal.SIGINT)

    return look


# Beginning and working.


def test_beginning_twice_is_beginning_once(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path / "sweep")
    first = begin(sweeping.declared(), folder)
    files = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
    assert begin(sweeping.declared(question="why?", limits={"seconds": 9}), folder) == first
    assert {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()} == files
    assert first["commit"] is None or len(str(first["commit"])) >= 7
    assert (first["replicates"], first["points"]) == (2, 6)


def test_a_finished_sweep_has_nothing_left(tmp_path: Path) -> None:
    sweeping.swept(tmp_path / "sweep")
    files = sweeping.results(tmp_path / "sweep")
    report = sweeping.swept(tmp_path / "sweep")
    assert (report.progress.finished, report.progress.simulated) == (sweeping.RUNS, 0)
    assert sweeping.results(tmp_path / "sweep") == files


def test_points_that_repeat_are_run_once(tmp_path: Path) -> None:
    design = {"kind": "morris", "trajectories": 4, "levels": 2}
    report = sweeping.swept(tmp_path / "sweep", **{**SMALL, "design": design})
    assert (report.progress.total, report.progress.simulated) == (2, 2)
    assert len(sweeping.designed(tmp_path / "sweep")) == 8


@pytest.mark.parametrize("after", [0, 5, 11])
def test_ctrl_c_keeps_all_that_ended(tmp_path: Path, after: int) -> None:
    folder = SweepFolder(tmp_path / "sweep")
    begin(sweeping.declared(), folder)
    report = work(folder, InProcess(), 1, interrupting(after))
    progress = report.progress
    assert report.stopped
    assert progress.finished == progress.simulated == len(sweeping.rows(folder.path, "outcomes"))
    assert progress.finished in (after, after + 1)
    assert not list(folder.leases.iterdir())
    again = work(folder, InProcess(), 1)
    assert (again.stopped, again.progress.simulated) == (False, sweeping.RUNS - progress.finished)
    assert sweeping.compacted(folder.path) == sweeping.uninterrupted()


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path / "sweep")
    begin(sweeping.declared(), folder)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        work(folder, InProcess(), 1, interrupting(2, times=2))
    assert signal.getsignal(signal.SIGINT) == handler
    assert not list(folder.leases.iterdir())
    sweeping.swept(folder.path)
    assert sweeping.compacted(folder.path) == sweeping.uninterrupted()


def test_damaged_shards_are_set_aside_and_done_again(tmp_path: Path) -> None:
    path = tmp_path / "sweep"
    sweeping.swept(path)
    outcomes, *_ = sorted(path.glob("outcomes/*.parquet"))
    *_, event = sorted(path.glob("event/*.parquet"))
    outcomes.write_bytes(outcomes.read_bytes()[:-1])
    event.write_bytes(b"")
    report = sweeping.swept(path)
    assert report.damaged == 2
    assert 0 < report.progress.simulated < sweeping.RUNS
    assert report.progress.finished == sweeping.RUNS
    assert len(list((path / "quarantine").iterdir())) == 2
    assert sweeping.compacted(path) == sweeping.uninterrupted()


def test_a_full_disk_loses_nothing_at_any_moment(tmp_path: Path) -> None:
    path, most = tmp_path / "sweep", 0
    experiment = sweeping.declared(**SMALL)
    for operations in range(60):
        full = FullDisk([operations])
        try:
            begin(experiment, SweepFolder(path, full))
            report = work(SweepFolder(path, full), InProcess(), 1)
        except StoreError as error:
            refusal = str(error)
        else:
            assert report.progress.finished == 3
            break
        assert "no space left on device" in refusal
        found = len(SweepFolder(path).store.finished()) if path.exists() else 0
        assert found >= most
        most = found
        assert not [file for file in path.rglob(".*") if ".partial" in file.name]
    assert 8 < operations < 59
    sweeping.swept(tmp_path / "other", **SMALL)
    assert sweeping.compacted(path) == sweeping.compacted(tmp_path / "other")


# Extending.


def test_more_replicates_add_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "sweep"
    before = sweeping.swept(path, replicates=1).progress
    after = sweeping.swept(path).progress
    assert (before.simulated, after.simulated, after.finished) == (6, 6, 12)
    assert sweeping.compacted(path) == sweeping.uninterrupted()
    fewer = sweeping.swept(path, replicates=1).progress
    assert (fewer.simulated, fewer.finished) == (0, 12)


def test_more_points_add_to_what_is_there(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path / "sweep")
    theta = {"choice.theta": {"low": 3.0, "high": 9.0}}
    sample: dict[str, Any] = {"uncertainties": theta, "levers": {}, "replicates": 2}
    few = {**sample, "design": {"kind": "halton", "points": 2}}
    assert sweeping.swept(folder.path, **few).progress.simulated == 4
    earlier = set(sweeping.designed(folder.path))
    extend(folder, sweeping.declared(**few), 3)
    report = work(folder, InProcess(), 1)
    assert (report.progress.total, report.progress.simulated) == (10, 6)
    assert earlier < set(sweeping.designed(folder.path))
    # The rows of a design begun with all five points are the same runs.
    many = {**sample, "design": {"kind": "halton", "points": 5}}
    begin(sweeping.declared(**many), whole := SweepFolder(tmp_path / "whole"))
    assert sweeping.designed(whole.path) == sweeping.designed(folder.path)
    assert sweeping.swept(folder.path, **{**few, "replicates": 3}).progress.simulated == 5


def test_a_grid_has_no_more_points(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path / "sweep")
    begin(sweeping.declared(), folder)
    with pytest.raises(SweepError, match="the points of a grid design are those of its file"):
        extend(folder, sweeping.declared(), 3)


# What is refused.


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> SweepFolder:
    """A begun sweep that refusals leave as it is."""
    folder = SweepFolder(tmp_path_factory.mktemp("begun") / "sweep")
    begin(sweeping.declared(), folder)
    return folder


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"settings": {"enterprise.population": 60}}, r"enterprise.population \(50, now 60\)"),
        ({"months": 4}, r"months \(3, now 4\)"),
        ({"seed": 8}, r"seed \(7, now 8\)"),
        ({"uncertainties": {"choice.theta": [3.0]}}, "factors"),
        ({"levers": {"world": {"options": {"now": {}, "opened": "all-closed"}}}}, "world.opened"),
        ({"outcomes": {"hhi": "hhi_spend"}}, "outcomes"),
        ({"design": {"kind": "one-at-a-time"}}, r"design \(kind\)"),
        ({"keep": []}, "keep"),
        ({"market": ["leader"]}, "market"),
    ],
)
def test_another_experiment_is_refused_with_what_changed(
    begun: SweepFolder, changes: dict[str, Any], words: str
) -> None:
    before = begun.manifest_path.read_bytes()
    with pytest.raises(SweepError, match=f"holds another sweep: .*{words}.* --out") as caught:
        begin(sweeping.declared(**changes), begun)
    assert str(caught.value).isprintable()
    assert begun.manifest_path.read_bytes() == before


def test_a_changed_table_of_points_is_refused(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text("choice.theta\n3.5\n")
    file = tmp_path / "e.toml"
    tree = {**sweeping.TINY, "levers": {}, "design": {"kind": "table", "file": "points.csv"}}
    file.write_text(tomli_w.dumps(tree))
    folder = SweepFolder(tmp_path / "sweep")
    begin(read(file), folder)
    (tmp_path / "points.csv").write_text("choice.theta\n4.5\n")
    with pytest.raises(SweepError, match=r"holds another sweep: table \("):
        begin(read(file), folder)


def test_another_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = SweepFolder(tmp_path / "sweep")
    facts = begin(sweeping.declared(), folder)
    for module in (runner, folders):
        monkeypatch.setattr(module, "model_version", lambda: "feedfeedfeedfeed")
    words = rf"the model \(version {facts['model_version']}, now feedfeedfeedfeed\) changed"
    with pytest.raises(SweepError, match=words):
        begin(sweeping.declared(), folder)
    with pytest.raises(SweepError, match="results of the two are not mixed"):
        work(folder, InProcess(), 1)


def test_a_design_that_was_changed_is_refused(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path / "sweep")
    begin(sweeping.declared(), folder)
    folder.design_path.write_bytes(folder.design_path.read_bytes()[:-9])
    with pytest.raises(SweepError, match="missing or damaged"):
        work(folder, InProcess(), 1)
    assert not list(folder.leases.iterdir())


def test_a_place_where_no_folder_can_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SweepError, match="file is a file, so no folder can be made there"):
        sweeping.swept(tmp_path / "file" / "sweep")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("")
    with pytest.raises(SweepError, match="holds files that are no sweep; name a new folder"):
        sweeping.swept(tmp_path / "letters")
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["letter.txt"]


# The queue.


def queue(tmp_path: Path, count: int, jobs: int) -> Queue:
    """A queue of runs that nobody has begun."""
    keys = np.arange(count, dtype=np.uint64)
    store = SweepFolder(tmp_path).store
    return Queue(np.arange(count), keys, store, Progress(count, 0, 0), jobs, lambda: False)


def test_the_queue_hands_out_every_run_once(tmp_path: Path) -> None:
    work_list = queue(tmp_path, 50, 2)
    progress = work_list._progress
    progress.simulated, progress.seconds = 10, 1.0
    chunks = [work_list.take() for _ in range(3)]
    returned = chunks.pop()
    assert returned is not None
    work_list.give_back(list(returned.rows))
    chunks += iter(work_list.take, None)
    sizes = [len(chunk.rows) for chunk in chunks if chunk is not None]
    rows = [row for chunk in chunks if chunk is not None for row in chunk.rows]
    assert sorted(rows) == list(range(50))
    assert (sizes[0], sizes[-1]) == (7, 1)


def test_chunks_aim_at_a_time(tmp_path: Path) -> None:
    for seconds, size in ((0.0, 1), (1.0, 15), (0.001, 250), (100.0, 1)):
        work_list = queue(tmp_path, 1000, 1)
        work_list._progress.simulated = 1 if seconds else 0
        work_list._progress.seconds = seconds
        chunk = work_list.take()
        assert chunk is not None
        assert len(chunk.rows) == size


def test_what_another_process_finished_is_left_out(tmp_path: Path) -> None:
    sweeping.swept(tmp_path / "sweep", **SMALL)
    folder = SweepFolder(tmp_path / "sweep")
    keys = keys_of(folder.design()["run_id"])
    progress = Progress(3, 0, 0)
    answers = iter([True])
    shared = Queue(np.arange(3), keys, folder.store, progress, 1, lambda: next(answers))
    assert shared.take() is None
    assert progress.finished == 3


def test_a_process_that_joins_later_saves_the_first_its_runs(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path / "sweep")
    begin(sweeping.declared(), folder)
    other = Parent(folder.path, tmp_path / "seats", replicates=2, compact=False)
    with ExitStack() as stack:

        def join(progress: Progress) -> None:
            if progress.simulated == 1 and not other.seats.exists():
                stack.enter_context(sweeping.another_writer(folder.path))
                other.start().join(60)

        report = work(folder, InProcess(), 1, join)
    assert (report.progress.simulated, report.progress.finished) == (1, sweeping.RUNS)
    assert sweeping.compacted(folder.path) == sweeping.uninterrupted()


def test_progress_has_a_rate_and_a_mean() -> None:
    progress = Progress(10, 2, 0)
    assert progress.mean_seconds() is None
    progress.simulated, progress.seconds = 4, 2.0
    assert progress.mean_seconds() == 0.5
    assert progress.rate > 0
