"""What every engine works from: the runs that are left, how far a sweep is, a wish to stop."""

import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from experiments.sweeps.events import Chunk, Event, Failed, Finished, Remark, Written
from experiments.sweeps.store import Store, keys_of

CHUNK_SECONDS: Final = 15.0
"""Work that a chunk aims at."""
LARGEST_CHUNK: Final = 1000
SMALLEST_PARTS: Final = 4
"""The rest is cut so that each of the jobs gets so many chunks, to end together."""

Rows = NDArray[np.int64]


@dataclass
class Progress:
    """Where a sweep stands; durations by the monotonic clock."""

    total: int
    finished: int
    """On disk, before this call and by it."""
    failed: int
    simulated: int = 0
    """Ended well in this call, on disk or not yet."""
    written: int = 0
    seconds: float = 0.0
    """Of all runs that ended in this call, added up."""
    began: float = field(default_factory=time.monotonic)
    latest_failure: str = ""
    remark: str = ""
    """Where the work is, in the engine's words."""

    @property
    def rate(self) -> float:
        """Runs a second in this call."""
        return self.simulated / max(time.monotonic() - self.began, 1e-9)

    def note(self, event: Event) -> None:
        """Count an event."""
        if isinstance(event, Finished):
            self.simulated += 1
            self.seconds += event.seconds
        elif isinstance(event, Written):
            self.finished += len(event.rows)
            self.written += len(event.rows)
        elif isinstance(event, Failed):
            self.failed += 1
            self.latest_failure = event.message
        elif isinstance(event, Remark):
            self.remark = event.text

    def mean_seconds(self) -> float | None:
        """Seconds of a run so far in this call."""
        return self.seconds / self.simulated if self.simulated else None


class Queue:
    """The runs that are left, handed out in chunks of about `CHUNK_SECONDS`."""

    def __init__(
        self, rows: Rows, keys: NDArray[np.uint64], store: Store, progress: Progress, jobs: int,
        shared: Callable[[], object], size: int | None = None,
    ) -> None:  # fmt: skip
        """rows: of the design, in order. keys: run ids of all rows. shared: whether others write.

        Once they did, what they finished is looked for before every chunk. size: runs of a chunk;
        if omitted, what takes about `CHUNK_SECONDS`.
        """
        self._rows, self._next = rows, 0
        self._returned: list[int] = []
        self._keys, self._store, self._progress = keys, store, progress
        self._jobs, self._look, self._shared = jobs, shared, False
        self._fixed = size
        self.stopping = False

    def take(self) -> Chunk | None:
        """The next chunk, without runs that another process finished meanwhile."""
        while True:
            rows = self._cut()
            if not rows:
                return None
            self._shared = self._shared or bool(self._look())
            if self._shared:
                rows = self._unfinished(rows)
            if rows:
                return Chunk(tuple(rows))

    def _cut(self) -> list[int]:
        size = self._size()
        if self._returned:
            rows, self._returned = self._returned[:size], self._returned[size:]
            return rows
        first, self._next = self._next, min(self._next + size, len(self._rows))
        found: list[int] = self._rows[first : self._next].tolist()
        return found

    def _size(self) -> int:
        if self._fixed is not None:
            return self._fixed
        left = len(self._rows) - self._next + len(self._returned)
        fair = math.ceil(left / (SMALLEST_PARTS * self._jobs))
        mean = self._progress.mean_seconds()
        timed = 1 if mean is None else CHUNK_SECONDS / max(mean, 1e-6)
        return max(1, min(fair, int(timed), LARGEST_CHUNK))

    def _unfinished(self, rows: list[int]) -> list[int]:
        finished = self._store.finished()
        done = np.isin(self._keys[rows], finished)
        self._progress.finished += int(done.sum())
        return [row for row, over in zip(rows, done.tolist(), strict=True) if not over]

    def give_back(self, rows: Sequence[int]) -> None:
        """Take back rows that were not done."""
        self._returned += rows


def missing_rows(
    design: pa.Table, store: Store, *, retry_failed: bool
) -> tuple[Rows, NDArray[np.uint64], int, int]:
    """Rows to be done, keys of all rows, and how many runs are finished and failed.

    Of rows that are one run, the first counts.
    """
    keys = keys_of(design["run_id"])
    unique, first = np.unique(keys, return_index=True)
    finished = np.isin(unique, store.finished())
    failed = np.isin(unique, store.failed()) & ~finished
    left = ~finished if retry_failed else ~(finished | failed)
    counted = 0 if retry_failed else int(failed.sum())
    return np.sort(first[left]).astype(np.int64), keys, int(finished.sum()), counted


@contextlib.contextmanager
def stop_on_signal(queue: Queue, *more: int) -> Iterator[None]:
    """Let the first Ctrl-C (or a request to terminate) stop the queue, and a second interrupt.

    more: other signals that mean the same.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:  # noqa: ARG001
        if queue.stopping:
            raise KeyboardInterrupt
        queue.stopping = True

    numbers = (signal.SIGINT, signal.SIGTERM, *more)
    earlier = [signal.signal(number, stop) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, earlier, strict=True):
            signal.signal(number, handler)
