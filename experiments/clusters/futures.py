"""Chunks as calls under way at once; what dead workers had is cut until a run to blame is alone."""

import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa

from experiments.clusters.slurm_client import ClusterError
from experiments.clusters.task import Outcome
from experiments.durable import StoreError
from experiments.sweeps.engines import Tell, Work
from experiments.sweeps.events import Failed, Finished, Refused, Written
from experiments.sweeps.folder import SweepError, SweepFolder
from experiments.sweeps.logs import FAILURE_SCHEMA
from experiments.sweeps.store import FAILURES, keys_of
from experiments.sweeps.work import Bench, failure

POLL_SECONDS: Final = 0.5
AHEAD: Final = 2
"""Chunks under way for each worker: one that is done and one that waits."""
PARTS: Final = 8
"""Into how many a chunk is cut whose workers died."""


class Future(Protocol):
    """A call under way."""

    def done(self) -> bool:
        """Whether it ended."""
        ...

    def result(self) -> Outcome:
        """What it gave; raises what it raised."""
        ...


class Pool[F: Future](Protocol):
    """Workers that take calls."""

    @property
    def workers(self) -> int:
        """Chunks that are done at once."""
        ...

    def submit(self, path: str, rows: Sequence[int], version: str) -> F:
        """Begin `task.do_chunk` somewhere."""
        ...

    def wait(self, futures: Sequence[F], seconds: float) -> None:
        """Wait until one has ended; raises ClusterError if none ever will."""
        ...

    def deaths(self, error: BaseException) -> str | None:
        """In words how workers died of a call that ended in `error`; None if none did."""
        ...


class Calls[F: Future]:
    """The engine of a pool."""

    def __init__(self, pool: Pool[F]) -> None:
        """pool: open as long as the engine is used."""
        self._pool = pool
        self._parts: deque[tuple[int, ...]] = deque()
        self._suspects: deque[int] = deque()
        self._alone: int | None = None

    @property
    def workers(self) -> int:
        """Chunks that are done at once."""
        return self._pool.workers

    def run(self, folder: SweepFolder, work: Work, tell: Tell) -> None:
        """Do all chunks; after a wish to stop, those under way.

        Raises ClusterError if the workers are gone for good or cannot do the work.
        """
        self._folder, self._tell = folder, tell
        path, version = str(folder.path.resolve()), folder.manifest()["model_version"]
        under_way: dict[F, tuple[int, ...]] = {}
        while True:
            while not work.stopping and (rows := self._next(work, len(under_way))):
                under_way[self._pool.submit(path, rows, version)] = rows
            if not under_way:
                return
            self._pool.wait(list(under_way), POLL_SECONDS)
            folder.touch_lease()
            for future in [one for one in under_way if one.done()]:
                self._take(future, under_way.pop(future))

    def _next(self, work: Work, busy: int) -> tuple[int, ...]:
        """What to begin beside so many calls; nothing if there is none or it has to wait.

        A suspect is begun when nothing else is under way and has all workers to itself: whoever
        merely waits at a worker that dies would be blamed with it.
        """
        if self._suspects:
            if busy:
                return ()
            self._alone = self._suspects.popleft()
            return (self._alone,)
        if busy and self._alone is not None:
            return ()
        self._alone = None
        if busy >= AHEAD * self.workers:
            return ()
        if self._parts:
            return self._parts.popleft()
        chunk = work.take()
        return () if chunk is None else chunk.rows

    def _take(self, future: F, rows: tuple[int, ...]) -> None:
        """Tell of a call that ended."""
        try:
            outcome = future.result()
        except Exception as error:
            cause = self._pool.deaths(error)
            if cause is None:
                raise ClusterError(
                    f"a call of a worker ended in {type(error).__name__}: {error}; workers need "
                    "this version of nomoat and the sweep's folder under the same path; what is "
                    "finished is kept"
                ) from error
            self._blame(rows, cause)
            return
        if isinstance(refused := outcome.refused, Refused):
            error_class = StoreError if refused.environment else SweepError
            raise error_class(refused.message)
        for row, seconds in outcome.finished:
            self._tell(Finished(row, seconds))
        for row, message in outcome.failed:
            self._tell(Failed(row, message))
        self._tell(Written(
            tuple(row for row, _ in outcome.finished), tuple(row for row, _ in outcome.failed)
        ))  # fmt: skip

    def _blame(self, rows: tuple[int, ...], cause: str) -> None:
        """Cut a chunk whose workers died; a run that had them to itself is a failure."""
        left = self._unfinished(rows)
        if len(left) > 1:
            size = -(-len(left) // PARTS)
            self._parts.extend(left[i : i + size] for i in range(0, len(left), size))
        elif left and left[0] == self._alone:
            self._fail(left[0], cause)
        else:
            self._suspects.extend(left)

    def _unfinished(self, rows: tuple[int, ...]) -> tuple[int, ...]:
        """Rows of a chunk that did not reach the disk; tells of those that did."""
        chosen = np.array(rows, np.int64)
        keys = keys_of(self._folder.design()["run_id"])[chosen]
        over = np.isin(keys, self._folder.store.finished())
        finished: list[int] = chosen[over].tolist()
        for row in finished:
            self._tell(Finished(row, 0.0))
        self._tell(Written(tuple(finished)))
        left: list[int] = chosen[~over].tolist()
        return tuple(left)

    def _fail(self, row: int, cause: str) -> None:
        facts = Bench(self._folder).row(row)
        table = pa.Table.from_pylist([failure(facts, ("WorkersDied", cause))], FAILURE_SCHEMA)
        try:
            self._folder.store.put(FAILURES, table)
        except OSError as error:
            raise StoreError.of(error, self._folder.path) from error
        self._tell(Failed(row, f"WorkersDied: {cause}"))


def pause(futures: Sequence[Any], seconds: float) -> None:
    """Wait a while, or until one of the calls has ended."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit and not any(one.done() for one in futures):
        time.sleep(0.02)
