"""A sweep of tiny worlds, its uninterrupted result, and workers in trouble; for tests of sweeps."""

import errno
import os
import resource
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import tomli_w

from experiments.durable import Disk, StoreError
from experiments.sweeps import compaction, engines, runner, work
from experiments.sweeps.engines import Engine, InProcess, LocalProcesses
from experiments.sweeps.experiment import Experiment, built, read
from experiments.sweeps.folder import SweepError, SweepFolder
from experiments.sweeps.runner import Report
from experiments.workers import Worker

THETA = [3.0, 5.0, 7.0]
TINY: Mapping[str, Any] = {
    "months": 3,
    "replicates": 2,
    "seed": 7,
    "keep": ["event"],
    "settings": {"enterprise": {"population": 50}},
    "uncertainties": {"choice.theta": THETA},
    "levers": {"world": {"options": {"now": {}, "opened": "all-open"}}},
    "outcomes": {"hhi": {"column": "hhi_spend", "reduce": "mean"}, "leader": "leader"},
}
"""12 runs of 50 enterprises: 3 thetas, 2 worlds, 2 replicates."""
RUNS = 12
LOGS = ("telemetry", "failures", "quarantine", "writers", "worlds")


FACTS: Mapping[str, Any] = {
    "experiment": "tiny", "question": "", "hash": "a438f279", "model_version": "0" * 16,
    "replicates": 1, "sizes": [], "points": 1, "levers": [], "uncertainties": [], "paths": [],
    "options": [], "worlds": [[]], "limits": {},
    "identity": {
        "scenario": [], "months": 3, "seed": 7, "factors": [], "options": {}, "design": {},
        "table": "", "outcomes": [], "keep": ["event"], "market": [],
    },
}  # fmt: skip
"""A manifest without a model, of a sweep that varies nothing."""


def designed_for(run_ids: list[str]) -> pa.Table:
    """A design of runs that differ by nothing but luck."""
    count = len(run_ids)
    none = pa.array([0] * count, pa.int32())
    return pa.table({
        "run_id": run_ids, "point": none, "draw": none, "arm": none,
        "replicate": pa.array(range(count), pa.int32()), "seed": pa.array(range(count), pa.int64()),
    })  # fmt: skip


def declared(**changes: Any) -> Experiment:
    """The tiny experiment with some of its fields changed."""
    tree = {**TINY, **changes}
    return built(tree, "tiny.toml", "tiny", None, tomli_w.dumps(tree))


def local(jobs: int, seconds: float = 60.0, memory_mb: float = 8000.0) -> LocalProcesses:
    """Processes with limits that no tiny run meets."""
    return LocalProcesses(jobs, seconds, memory_mb)


def swept(
    path: Path, engine: Engine | None = None, *, disk: Disk | None = None, jobs: int = 1,
    retry_failed: bool = False, **changes: Any,
) -> Report:  # fmt: skip
    """Begin or resume the tiny sweep in a folder and do what is missing."""
    folder = SweepFolder(path, disk or Disk())
    runner.begin(declared(**changes), folder)
    return runner.work(folder, engine or InProcess(), jobs, retry_failed=retry_failed)


def results(path: Path) -> dict[str, bytes]:
    """All files that only the model determines, by name."""
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(path.glob("*/*.parquet"))
        if file.parent.name not in LOGS
    }


def compacted(path: Path) -> dict[str, bytes]:
    """The same after a compaction, and after a second one that changes nothing."""
    compaction.compact(SweepFolder(path))
    found = results(path)
    compaction.compact(SweepFolder(path))
    assert results(path) == found
    return found


@dataclass(frozen=True)
class FullDisk(Disk):
    """A disk that refuses everything after some writes and renames; the first refused is cut off.

    left: one number, the operations that still succeed.
    """

    left: list[int] = field(default_factory=list)

    def _spend(self) -> None:
        self.left[0] -= 1
        if self.left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def write(self, path: Path, data: bytes) -> None:
        """Write half of the data where the disk is full."""
        try:
            self._spend()
        except OSError:
            super().write(path, data[: len(data) // 2])
            raise
        super().write(path, data)

    def rename(self, source: Path, target: Path) -> None:
        """Rename, unless the disk is full."""
        self._spend()
        super().rename(source, target)


@cache
def uninterrupted(replicates: int = 2) -> dict[str, bytes]:
    """What the tiny sweep gives, done in one go in this process."""
    with tempfile.TemporaryDirectory() as place:
        report = swept(Path(place) / "whole", replicates=replicates)
        assert report.progress.finished == RUNS * replicates // 2
        return compacted(Path(place) / "whole")


def check_same_file(file: str, path: Path) -> None:
    """Hold a finished sweep of an experiment file against the same done in this process."""
    with tempfile.TemporaryDirectory() as place:
        folder = SweepFolder(Path(place) / "here")
        runner.begin(read(file), folder)
        runner.work(folder, InProcess(), 1)
        assert compacted(path) == compacted(folder.path)


def rows(path: Path, table: str) -> list[dict[str, Any]]:
    """All rows of a table of a sweep, shard by shard."""
    return [
        row
        for file in sorted((path / table).glob("*.parquet"))
        for row in pq.ParquetFile(file).read().to_pylist()
    ]


def designed(path: Path) -> list[str]:
    """Run ids of a sweep's design."""
    found: list[str] = pq.ParquetFile(path / "design.parquet").read()["run_id"].to_pylist()
    return found


def hold(pipe: Connection, path: str) -> None:
    """Write to a sweep, as far as others can tell, until the pipe closes."""
    with SweepFolder(Path(path)).writing() as alone:
        pipe.send(alone)
        with suppress(EOFError):
            pipe.recv()


@contextmanager
def another_writer(path: Path) -> Iterator[int]:
    """Another process that writes to a sweep and is killed at the end; its number."""
    worker = Worker.begin(hold, str(path))
    try:
        worker.pipe.recv()
        assert worker.process.pid is not None
        yield worker.process.pid
    finally:
        worker.end()


def try_as_nobody(pipe: Connection, path: str) -> None:
    """Do the tiny sweep with no right to write, and tell how it ended.

    It is done once before, elsewhere: another user may not import what lies in our home.
    """
    uninterrupted()
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    try:
        swept(Path(path))
    except (SweepError, StoreError) as error:
        pipe.send((type(error).__name__, str(error)))
    except BaseException as error:
        pipe.send(("traceback", repr(error)))
    else:
        pipe.send(("no error", ""))


# Trouble in workers: they are processes of their own, so what goes wrong is sent with `serve`.

Trouble = Callable[[Path], None]
UNLUCKY = 5.0
"""Theta of the runs that get into trouble."""


def die(memory: Path) -> None:
    """End as the kernel's out-of-memory killer ends a process; a letter in a file for each."""
    with memory.open("a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(memory: Path) -> None:
    """End so, but only the first process that comes here."""
    if not memory.exists():
        die(memory)


def hang(memory: Path) -> None:
    """Take far longer than any test waits; say so in a file."""
    memory.touch()
    time.sleep(30)


def eat(memory: Path) -> None:  # noqa: ARG001
    """Take 600 MB and keep them."""
    held = bytearray(os.urandom(1)) * 600_000_000
    time.sleep(30)
    del held


def fail(memory: Path) -> None:  # noqa: ARG001
    """Raise what only this run raises."""
    raise ArithmeticError("this world does not add up")


def fail_until(memory: Path) -> None:
    """Raise until the file is there."""
    if not memory.exists():
        fail(memory)


def run_out_of_disk(memory: Path) -> None:  # noqa: ARG001
    """Let no file grow from now on, as a full quota does."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))


def dawdle(*_: object) -> None:
    """Serve nothing, but stay."""
    time.sleep(30)


def leave(*_: object) -> None:
    """Serve nothing: end before any work."""


def troubled(trouble: Trouble, memory: Path, pipe: Connection, path: str) -> None:
    """Serve as a worker does, with trouble in runs of `UNLUCKY` theta."""
    original = work.run

    def run(scenario: Any, **options: Any) -> Any:
        if scenario.choice.theta == UNLUCKY:
            trouble(memory)
        return original(scenario, **options)

    work.run = run  # type: ignore[assignment]
    engines.serve(pipe, path)


def troubling(trouble: Trouble, memory: Path) -> Callable[[Connection, str], None]:
    """A `serve` with trouble in it."""
    return partial(troubled, trouble, memory)
