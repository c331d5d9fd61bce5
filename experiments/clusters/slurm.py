"""The sweep as arrays of jobs of Slurm, until nothing is left or what is left cannot be done.

What is finished is read from the sweep's folder, what waits or runs from one question to the queue;
neither accounting nor a port is needed. A job may run twice: equal runs give equal shards.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from experiments.clusters import slurm_client as client
from experiments.clusters.profile import ARRAY_LIMIT, ProfileError, SlurmSettings
from experiments.clusters.rounds import (
    CANCELLED,
    OPEN,
    OVER,
    Round,
    Task,
    home,
    label,
    make,
    open_rounds,
    planned,
    unsettled,
)
from experiments.clusters.slurm_client import ClusterError, Element, SilentError, UnclearError
from experiments.stored import DocumentError, opened
from experiments.sweeps.engines import Tell, Work
from experiments.sweeps.events import Failed, Finished, Remark, Written
from experiments.sweeps.folder import SweepError, SweepFolder
from experiments.sweeps.store import FAILURES, keys_of

SHORTEST_POLL, LONGEST_POLL = 0.5, 30.0
POLL_SHARE: Final = 0.05
"""Of the time since the submission: how long to wait until the next question."""
SILENT_POLL, SILENT_SECONDS = 2.0, 900.0
"""A controller that does not answer for so long is given up."""
REFUSAL_BYTES: Final = 2000
"""Of what a job says if none can do its work."""


class CancelledError(ClusterError):
    """Somebody cancelled the jobs."""


@dataclass(frozen=True)
class Lost:
    """A chunk that is not submitted again, and the end of its log."""

    runs: int
    submissions: int
    log: str
    tail: str


class Watch:
    """What is finished and failed, as the sweep's folder says; tells of what is new."""

    def __init__(self, folder: SweepFolder, tell: Tell, *, retry: bool) -> None:
        """tell: called for every run that ends from now on. retry: forget earlier failures."""
        self._store, self._tell = folder.store, tell
        self._keys = keys_of(folder.design()["run_id"])
        self._finished = self._store.finished()
        self._shards = set(self._store.names(FAILURES))
        self._failed = np.zeros(0, np.uint64) if retry else self._store.failed()
        _, self._first = np.unique(self._keys, return_index=True)

    def look(self) -> bool:
        """Read what jobs wrote since the last look; whether there is anything."""
        finished = self._store.finished()
        fresh = np.setdiff1d(finished, self._finished)
        self._finished = finished
        rows = self._first[np.isin(self._keys[self._first], fresh)].tolist()
        for row in rows:
            self._tell(Finished(row, 0.0))
        if rows:
            self._tell(Written(tuple(rows)))
        return self._look_for_failures() or bool(rows)

    def _look_for_failures(self) -> bool:
        names = set(self._store.names(FAILURES))
        if names == self._shards:
            return False
        rows: dict[str, str] = {}
        for name in names - self._shards:
            for row in self._store.read(FAILURES, name).to_pylist():
                rows[row["run_id"]] = f"{row['error']}: {row['message']}"
        self._shards = names
        for run_id, message in rows.items():
            key = np.uint64(int(run_id, 16))
            if key not in self._failed:
                self._failed = np.append(self._failed, key)
                self._tell(Failed(int(np.flatnonzero(self._keys == key)[0]), message))
        return bool(rows)

    def left(self, rows: Sequence[int]) -> tuple[int, ...]:
        """Rows of the design that neither ended well nor failed."""
        over = np.union1d(self._finished, self._failed)
        chosen = np.array([row for row in rows if row < len(self._keys)], np.int64)
        found: list[int] = chosen[~np.isin(self._keys[chosen], over)].tolist()
        return tuple(found)


@dataclass
class Slurm:
    """Submits what is to be done, waits, and submits again what did not end.

    memory_mb: asked for where the settings say nothing. run_seconds: of one run, if known.
    detach: come back once everything is submitted. retry: do runs that failed earlier, too.
    """

    settings: SlurmSettings
    memory_mb: int
    run_seconds: float | None = None
    detach: bool = False
    retry: bool = False
    lost: list[Lost] = field(default_factory=list)
    held_back: str = ""
    """Why not everything was submitted."""
    jobs: list[str] = field(default_factory=list)
    """Ids of the arrays submitted by this call."""
    _open: list[Round] = field(default_factory=list, init=False)

    @property
    def under_way(self) -> bool:
        """Whether jobs may go on when the work ends here."""
        return bool(self._open)

    def run(self, folder: SweepFolder, work: Work, tell: Tell) -> None:
        """Do all work; jobs of an earlier call are waited for, not doubled.

        A wish to stop leaves the jobs to themselves. Raises ClusterError if Slurm does not take
        jobs or they were cancelled, SweepError if no job can do this sweep.
        """
        self._folder, self._tell = folder, tell
        self._watch = Watch(folder, tell, retry=self.retry)
        self._open = open_rounds(folder)
        try:
            self._work_off(work)
        except CancelledError:
            raise
        except ClusterError as error:
            if work.stopping and isinstance(error, SilentError):
                return
            if not self._open:
                raise
            raise ClusterError(
                f"{error}; jobs that Slurm has go on, the same command waits for them, "
                f"nomoat sweep cancel {folder.path} ends them"
            ) from error

    def _work_off(self, work: Work) -> None:
        """Submit and wait until nothing is left, or there is a wish to stop."""
        self._limit = min(self.settings.array_limit or ARRAY_LIMIT, client.largest_array())
        todo = self._grounded([Task(chunk.rows) for chunk in iter(work.take, None)])
        while not work.stopping:
            todo += self._settle(work)
            if todo:
                todo = self._submit(todo)
            if self.detach or not (self._open or todo):
                return
            if self._open and not self._wait(work):
                return

    def _grounded(self, tasks: Sequence[Task]) -> list[Task]:
        """What of chunks is in no open round."""
        flying = {row for one in self._open for task in one.tasks for row in task.rows}
        left = [
            Task(tuple(row for row in task.rows if row not in flying), task.failures)
            for task in tasks
        ]
        return [task for task in left if task.rows]

    def _submit(self, tasks: Sequence[Task]) -> list[Task]:
        """Submit chunks as a new round; those that Slurm does not take now come back."""
        facts = self._folder.manifest()
        one, words = self.planned(
            self._folder, facts["hash"], facts["model_version"], tasks, self._limit
        )
        script = client.script(self._folder.path, one, self.settings)
        if not make(one, self._folder, script):
            # Another process submits this sweep: what it takes need not be done here.
            self._open = open_rounds(self._folder)
            return self._grounded(tasks)
        for number, line in enumerate(words):
            try:
                self.jobs.append(client.submit(line))
            except ClusterError as error:
                self._cut(one, number, error)
                break
            self.held_back = ""
        self._open.append(one)
        return list(tasks[one.submitted :])

    def planned(
        self, folder: SweepFolder, identity: str, version: str, tasks: Sequence[Task], limit: int
    ) -> tuple[Round, list[list[str]]]:
        """A round and its commands, not submitted. identity, version: of experiment and model."""
        if set("\\\n") & set(str(folder.path.resolve())):
            raise ProfileError(f"Slurm takes no backslash in a path: {folder.path}")
        name = label(folder, identity, version)
        one = planned(folder, name, tasks, version, limit, retry=self.retry)
        notice = client.notice_before_end(self.settings, self.run_seconds)
        words = [
            client.command(one, array, self.settings, self.memory_mb, notice)
            for array in one.arrays
        ]
        return one, words

    def _cut(self, one: Round, number: int, error: ClusterError) -> None:
        """Leave out of a round the arrays that Slurm did not take; if it took none, give up.

        One that it may have taken stays: the queue will show.
        """
        one.arrays = one.arrays[: number + isinstance(error, UnclearError)]
        one.tasks = one.tasks[: one.submitted]
        if not one.arrays:
            one.state = OVER
        one.save(self._folder)
        if not one.arrays and not self._open:
            raise error
        self.held_back = str(error)

    def _settle(self, work: Work) -> list[Task]:
        """Close rounds whose jobs are gone; what is left of their chunks."""
        if not self._open:
            return []
        self._refresh()
        gone = self._gone(work)
        if gone:
            self._watch.look()
        left: list[Task] = []
        for one in gone:
            self._refuse(one)
            left += self._left(one)
            one.state = OVER
            one.sweep_logs()
            one.save(self._folder)
        self._open = [one for one in self._open if one.state == OPEN]
        return left

    def _refresh(self) -> None:
        """See whether another process cancelled the jobs."""
        for one in self._open:
            with suppress(OSError, DocumentError):
                if Round.at(one.path).state == CANCELLED:
                    raise CancelledError(
                        f"the jobs of {self._folder.path} were cancelled; what is finished is "
                        "kept, the same command goes on"
                    )

    def _gone(self, work: Work) -> list[Round]:
        """Open rounds without a job in the queue, asked twice."""
        gone = self._open
        for wait in (0.0, SHORTEST_POLL):
            if gone:
                time.sleep(wait)
                there = {element.script for element in self._ask(work, gone)}
                gone = [one for one in gone if one.script not in there]
        return gone

    def _ask(self, work: Work, rounds: Sequence[Round]) -> list[Element]:
        """Jobs of rounds; waits for a controller that does not answer, as one that restarts.

        Raises ClusterError with its last words if it does not come back, SilentError at a wish to
        stop.
        """
        began = time.monotonic()
        while True:
            try:
                return client.queue(scripts_of(rounds))
            except ClusterError as error:
                if work.stopping:
                    raise SilentError(str(error)) from error
                if time.monotonic() - began > SILENT_SECONDS:
                    raise
                self._tell(Remark(str(error)))
                self._watch.look()
                self._pause(work, SILENT_POLL)

    def _refuse(self, one: Round) -> None:
        """Raise SweepError if a job said that none can do this."""
        with suppress(OSError), opened(one.refusal_path) as file:
            text = file.read(REFUSAL_BYTES).decode(errors="replace").strip()
            one.state = OVER
            one.save(self._folder)
            raise SweepError(text)

    def _left(self, one: Round) -> list[Task]:
        """What is left of a round's chunks; those that failed too often are lost."""
        found = []
        for chunk, task in enumerate(one.tasks):
            rows = self._watch.left(task.rows)
            if not rows:
                continue
            failures = 0 if len(rows) < len(task.rows) else task.failures + 1
            if failures < self.settings.submissions:
                found.append(Task(rows, failures))
            else:
                one.lost.append(chunk)
                log = str(one.log_path(chunk))
                self.lost.append(Lost(len(rows), failures, log, one.tail(chunk)))
        return found

    def _wait(self, work: Work) -> bool:
        """Wait until a round's jobs are gone; false if there is a wish to stop."""
        began = time.monotonic()
        while not work.stopping:
            elements = self._ask(work, self._open)
            self._tell(Remark(summary(elements)))
            with suppress(ClusterError):  # What is still there is tried again at the next look.
                client.cancel_elements([one for one in elements if one.stuck])
            there = {one.script for one in elements}
            if any(one.script not in there for one in self._open):
                return True
            self._refresh()
            self._watch.look()
            share = POLL_SHARE * (time.monotonic() - began)
            self._pause(work, min(LONGEST_POLL, max(SHORTEST_POLL, share)))
        return False

    def _pause(self, work: Work, seconds: float) -> None:
        """Wait, but not after a wish to stop; keep the lease fresh."""
        until = time.monotonic() + seconds
        self._folder.touch_lease()
        while time.monotonic() < until and not work.stopping:
            time.sleep(0.1)


def scripts_of(rounds: Sequence[Round]) -> list[str]:
    """What was submitted of rounds, as Slurm knows it."""
    return [one.script for one in rounds]


def summary(elements: Sequence[Element]) -> str:
    """What the queue holds, in words."""
    running = sum(one.running for one in elements)
    waiting = [one for one in elements if not one.running]
    words = f"{running:,} jobs run, {len(waiting):,} wait"
    reasons = sorted({one.reason for one in waiting} - {"None", "Priority", "Resources", ""})
    return f"{words} ({', '.join(reasons[:3])})" if reasons else words


def cancel(folder: SweepFolder, patience: float = 60.0) -> int:
    """End all jobs of this user that were submitted from a sweep's folder; how many there were.

    A process that waits for them sees it. Raises ClusterError if they do not go away; it can be
    called again.
    """
    every = unsettled(folder)
    scripts = scripts_of(every)
    left = client.queue(scripts)
    count, refused = len(left), ""
    for one in every:
        one.state = CANCELLED
        one.save(folder)
    limit = time.monotonic() + patience
    while left:
        try:
            client.cancel(left)
        except ClusterError as error:
            refused = f"; {error}"
        time.sleep(SHORTEST_POLL)
        left = client.queue(scripts)
        if left and time.monotonic() > limit:
            raise ClusterError(
                f"{len(left):,} jobs of {folder.path} are still in the queue, ask squeue why"
                + refused
            )
    for one in every:
        one.sweep_logs()
    return count


def was_submitted(folder: SweepFolder) -> bool:
    """Whether a cluster was ever given chunks of this sweep."""
    return home(folder).is_dir()
