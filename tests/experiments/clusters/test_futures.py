"""Who is blamed when workers die: a pool that, as Dask does, blames every call under way."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import pytest
import sweeping

from experiments.clusters.futures import Calls
from experiments.clusters.slurm_client import ClusterError
from experiments.clusters.task import Outcome, do_chunk
from experiments.sweeps import runner
from experiments.sweeps.folder import SweepFolder


class DiedError(Exception):
    """The worker of a call died."""


@dataclass(eq=False)
class Call:
    """A call that is done when the pool is waited for."""

    path: str
    rows: Sequence[int]
    version: str
    outcome: Outcome | None = None
    ended: bool = False

    def done(self) -> bool:
        """Whether it ended."""
        return self.ended

    def result(self) -> Outcome:
        """What it gave."""
        if self.outcome is None:
            raise DiedError
        return self.outcome


class Deadly:
    """Workers that all die of one row, with whatever is under way."""

    workers = 2

    def __init__(self, row: int) -> None:
        self._row = row

    def submit(self, path: str, rows: Sequence[int], version: str) -> Call:
        """Keep the call until somebody waits."""
        return Call(path, rows, version)

    def wait(self, futures: Sequence[Call], seconds: float) -> None:  # noqa: ARG002
        """End all calls: in death if the deadly row is among them."""
        dead = any(self._row in call.rows for call in futures)
        for call in futures:
            call.ended = True
            if not dead:
                call.outcome = do_chunk(call.path, call.rows, call.version)

    def deaths(self, error: BaseException) -> str | None:
        """What they died of."""
        return "row" if isinstance(error, DiedError) else None


class Strange:
    """Workers that do not know the program."""

    workers = 1

    def submit(self, path: str, rows: Sequence[int], version: str) -> "Future[Outcome]":  # noqa: ARG002
        """Fail at once."""
        future: Future[Outcome] = Future()
        future.set_exception(ModuleNotFoundError("No module named 'experiments'"))
        return future

    def wait(self, futures: "Sequence[Future[Outcome]]", seconds: float) -> None:
        """Nothing to wait for."""

    def deaths(self, error: BaseException) -> str | None:  # noqa: ARG002
        """None died."""
        return None


def test_workers_that_cannot_do_the_work_are_one_sentence(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path / "sweep")
    runner.begin(sweeping.declared(), folder)
    with pytest.raises(ClusterError, match=r"ended in ModuleNotFoundError: .* is kept"):
        runner.work(folder, Calls(Strange()), 1, size=4)


@pytest.mark.parametrize("row", [0, 7, 11])
def test_only_the_run_that_kills_is_blamed(tmp_path: Path, row: int) -> None:
    folder = SweepFolder(tmp_path / "sweep")
    runner.begin(sweeping.declared(), folder)
    report = runner.work(folder, Calls(Deadly(row)), 2, size=4)
    assert (report.progress.finished, report.progress.failed) == (11, 1)
    (failure,) = sweeping.rows(folder.path, "failures")
    assert failure["run_id"] == sweeping.designed(folder.path)[row]
    assert (failure["error"], failure["message"]) == ("WorkersDied", "row")
