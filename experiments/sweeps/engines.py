"""Who does the runs: an engine takes chunks of a sweep until there are none.

An engine is anything with `run`; results are the same to the byte whichever did them, because a
worker knows nothing but the sweep's folder and the rows of a chunk. Only who runs the model imports
it: a job of a cluster hands its chunk to processes that have it.
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Final, Protocol

import pyarrow as pa

from experiments.durable import StoreError
from experiments.encoding import NewerSchemaError
from experiments.machine import resident_memory
from experiments.sweeps import failpoints
from experiments.sweeps.events import (
    Chunk,
    Event,
    Failed,
    Finished,
    Refused,
    Started,
    Written,
)
from experiments.sweeps.folder import SweepError, SweepFolder
from experiments.sweeps.store import FAILURES
from experiments.workers import Worker

POLL_SECONDS: Final = 0.2
MOST_DEATHS: Final = 3
"""Processes that may die in the same run before it counts as failed."""

Tell = Callable[[Event], None]


class Work(Protocol):
    """What is to be done, as an engine sees it."""

    @property
    def stopping(self) -> bool:
        """Whether to end after the runs under way."""
        ...

    def take(self) -> Chunk | None:
        """The next chunk; None if there is nothing left that nobody has."""
        ...

    def give_back(self, rows: list[int]) -> None:
        """Return rows of a chunk that were not done."""
        ...


class Engine(Protocol):
    """Does chunks until there are none."""

    def run(self, folder: SweepFolder, work: Work, tell: Tell) -> None:
        """Do all work on the sweep in `folder`; `tell` is called with every event.

        Raises StoreError or SweepError where nothing more can be done.
        """
        ...


class InProcess:
    """Does everything in this process: for debugging, and where processes are not wanted.

    Limits of time and memory are not kept.
    """

    def run(self, folder: SweepFolder, work: Work, tell: Tell) -> None:
        """Do all chunks, one after the other."""
        from experiments.sweeps.work import Bench, work_on

        def stopping() -> bool:
            folder.touch_lease()
            return work.stopping

        bench = Bench(folder)
        while (chunk := work.take()) is not None:
            work_on(bench, chunk, tell, stopping)


@dataclass(frozen=True, slots=True)
class Idle:
    """A worker's message that it is ready for a chunk."""


@dataclass
class Place:
    """One worker process and what it is doing."""

    worker: Worker
    left: list[int] = field(default_factory=list)
    """Rows of its chunk that are not on disk."""
    row: int | None = None
    """The run under way."""
    since: float = 0.0
    ready: bool = False
    told: bool = False
    """Whether it was asked to stop."""
    begun: bool = False
    """Whether it ever began a run."""


class LocalProcesses:
    """Processes on this machine, one pipe each.

    A run that takes too long or too much memory ends with its process and is a failure; so is one
    in which three processes died. The rest of such a process's chunk is done by others.
    """

    def __init__(self, jobs: int, seconds: float, memory_mb: float) -> None:
        """jobs: processes. seconds, memory_mb: limits of one run."""
        self._jobs, self._seconds, self._memory = jobs, seconds, memory_mb * 1e6
        self._places: list[Place] = []
        self._deaths: Counter[int] = Counter()

    def run(self, folder: SweepFolder, work: Work, tell: Tell) -> None:
        """Do all chunks."""
        self._folder, self._work, self._tell = folder, work, tell
        try:
            while self._staff():
                for pipe in wait([p.worker.pipe for p in self._places], POLL_SECONDS):
                    assert isinstance(pipe, Connection)
                    self._listen(pipe)
                self._enforce()
        finally:
            for place in self._places:
                place.worker.end()
            self._places.clear()

    def _staff(self) -> bool:
        """Give chunks to those who wait, start processes for the rest; false if all is done."""
        for place in list(self._places):
            if place.ready:
                self._occupy(place)
            elif self._work.stopping and not place.begun:
                # It still loads the model: nothing is lost, and nobody has to wait for it.
                self._places.remove(place)
                place.worker.end()
                self._work.give_back(place.left)
            elif self._work.stopping and not place.told:
                place.told = True
                with suppress(OSError):
                    place.worker.pipe.send(None)
        while len(self._places) < self._jobs and not self._work.stopping:
            chunk = self._work.take()
            if chunk is None:
                break
            place = Place(Worker.begin(serve, str(self._folder.path)), list(chunk.rows))
            place.since = time.monotonic()
            self._places.append(place)
            self._send(place, chunk)
        return bool(self._places)

    def _occupy(self, place: Place) -> None:
        """Give a waiting process its next chunk, or let it go."""
        chunk = None if self._work.stopping else self._work.take()
        if chunk is None:
            self._places.remove(place)
            place.worker.end()
            return
        place.left, place.ready = list(chunk.rows), False
        self._send(place, chunk)

    def _send(self, place: Place, chunk: Chunk) -> None:
        failpoints.reach("chunk-handed-out")
        # A process that died meanwhile is noticed when its pipe is read.
        with suppress(OSError):
            place.worker.pipe.send(chunk)

    def _listen(self, pipe: Connection) -> None:
        """Take one message of a process."""
        place = next(p for p in self._places if p.worker.pipe is pipe)
        try:
            event = pipe.recv()
        except (EOFError, OSError):
            self._bury(place, "WorkerDied", place.worker.obituary())
            return
        if isinstance(event, Refused):
            raise StoreError(event.message) if event.environment else SweepError(event.message)
        if isinstance(event, Idle):
            self._work.give_back(place.left)
            place.left, place.ready, place.row = [], True, None
            return
        self._note(place, event)
        self._tell(event)

    def _note(self, place: Place, event: Event) -> None:
        """Keep track of what a process is doing."""
        if isinstance(event, Started):
            place.row, place.since, place.begun = event.row, time.monotonic(), True
        elif isinstance(event, (Finished, Failed)):
            place.row = None
        elif isinstance(event, Written):
            done = {*event.rows, *event.failed}
            place.left = [row for row in place.left if row not in done]

    def _enforce(self) -> None:
        """End processes whose run is over a limit."""
        self._folder.touch_lease()
        for place in list(self._places):
            if place.row is None:
                continue
            took = time.monotonic() - place.since
            if took > self._seconds:
                reason = f"the run took longer than {self._seconds:g} seconds"
                self._kill(place, "RunTimeout", reason)
            elif resident_memory(place.worker.process.pid or 0) > self._memory:
                reason = f"the run took more than {self._memory / 1e6:,.0f} MB of memory"
                self._kill(place, "MemoryLimit", reason)

    def _kill(self, place: Place, kind: str, reason: str) -> None:
        place.worker.end()
        self._deaths[place.row or 0] = MOST_DEATHS
        self._bury(place, kind, reason)

    def _bury(self, place: Place, kind: str, reason: str) -> None:
        """Give back what a dead process had; a run that keeps killing is a failure."""
        self._places.remove(place)
        row, left = place.row, place.left
        if row is not None:
            self._deaths[row] += 1
            if self._deaths[row] >= MOST_DEATHS:
                left = [other for other in left if other != row]
                self._fail(row, kind, reason)
        elif place.left:
            # It died between runs: no run is to blame, but it must not go on for ever.
            self._deaths[-1] += 1
            if self._deaths[-1] > 10 * MOST_DEATHS:
                raise SweepError(f"worker processes die before they work: {reason}")
        self._work.give_back(left)

    def _fail(self, row: int, kind: str, reason: str) -> None:
        """Record a failure in the place of a process that cannot."""
        from experiments.sweeps.logs import FAILURE_SCHEMA
        from experiments.sweeps.work import Bench, failure

        facts = Bench(self._folder).row(row)
        table = pa.Table.from_pylist([failure(facts, (kind, reason))], FAILURE_SCHEMA)
        try:
            self._folder.store.put(FAILURES, table)
        except OSError as error:
            raise StoreError.of(error, self._folder.path) from error
        self._tell(Failed(row, f"{kind}: {reason}"))


def serve(pipe: Connection, path: str) -> None:
    """Work on chunks that come through a pipe, until it closes."""
    from experiments.sweeps.work import open_bench, work_on

    threading.Thread(target=end_with_parent, daemon=True).start()
    try:
        bench = open_bench(path)
        while True:
            chunk = pipe.recv()
            if chunk is None:
                return
            work_on(bench, chunk, pipe.send, pipe.poll)
            pipe.send(Idle())
    except (SweepError, StoreError, NewerSchemaError) as error:
        with suppress(OSError):
            pipe.send(Refused(str(error), isinstance(error, StoreError)))
            pipe.recv()
    except (EOFError, OSError):
        return


def end_with_parent() -> None:
    """End this process when the one it belongs to is gone, even in the middle of a run."""
    # Not by the parent's number: a fork server lives as long as the processes forked from it.
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(0)
