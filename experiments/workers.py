"""Work done in other processes: one that dies costs its own job and nothing else."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_all_start_methods, get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from typing import Protocol, Self


@dataclass(frozen=True, slots=True)
class Done[R]:
    """The result of a job."""

    result: R


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a job has no result, in one sentence."""

    cause: str


class Pool[J, R](Protocol):
    """Takes jobs under keys and gives them back in the order in which they end."""

    @property
    def free(self) -> bool:
        """Whether a job can be submitted now."""
        ...

    def submit(self, key: int, job: J) -> None:
        """Begin a job; only while `free`."""
        ...

    def next(self) -> tuple[int, Done[R] | Failed]:
        """Wait for one job to end; only while one is under way."""
        ...


def attempt[J, R](function: Callable[[J], R], job: J) -> Done[R] | Failed:
    """The result of a job, or the error it raised in words."""
    try:
        return Done(function(job))
    except Exception as error:
        return Failed(f"{type(error).__name__}: {error}")


class Here[J, R]:
    """A pool of one that works in this process."""

    def __init__(self, function: Callable[[J], R]) -> None:
        """Keep the function to be called with each job."""
        self._function = function
        self._waiting: list[tuple[int, J]] = []

    @property
    def free(self) -> bool:
        """Whether no job waits."""
        return not self._waiting

    def submit(self, key: int, job: J) -> None:
        """Keep the job until `next`."""
        self._waiting.append((key, job))

    def next(self) -> tuple[int, Done[R] | Failed]:
        """Do the job that waits."""
        key, job = self._waiting.pop()
        return key, attempt(self._function, job)


class Workers[J, R]:
    """A pool of processes, one pipe each; leaving the `with` block ends them at once.

    `function` and jobs are sent to new interpreters, so the function stands in a module.
    """

    def __init__(self, function: Callable[[J], R], count: int) -> None:
        """Prepare `count` places; a process begins with its first job."""
        self._function = function
        self._idle: list[Worker] = []
        self._busy: dict[int, Worker] = {}
        self._count = count

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in (*self._idle, *self._busy.values()):
            worker.end()

    @property
    def free(self) -> bool:
        """Whether a place is free."""
        return len(self._busy) < self._count

    def submit(self, key: int, job: J) -> None:
        """Send the job to a process, a new one where none waits."""
        worker = self._idle.pop() if self._idle else Worker.begin(_serve, self._function)
        self._busy[key] = worker
        try:
            worker.pipe.send(job)
        except OSError:
            worker.process.join()

    def next(self) -> tuple[int, Done[R] | Failed]:
        """Wait for an answer, or for the death of a process."""
        places = {worker.pipe: key for key, worker in self._busy.items()}
        pipe = wait(list(places))[0]
        assert isinstance(pipe, Connection)
        key = places[pipe]
        worker = self._busy.pop(key)
        try:
            answer: Done[R] | Failed = pipe.recv()
        except (EOFError, OSError):
            return key, Failed(worker.obituary())
        self._idle.append(worker)
        return key, answer


@dataclass(frozen=True, slots=True)
class Worker:
    """One process and our end of its pipe."""

    process: BaseProcess
    pipe: Connection

    @classmethod
    def begin(cls, serve: Callable[..., None], *arguments: object) -> "Worker":
        """Start a process that calls `serve` with its end of a pipe and the arguments."""
        context = start_method()
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, *arguments), daemon=True)
        # Ctrl-C reaches the whole group, and a cluster's request to end the whole job; both are
        # the parent's to handle, so children never see them.
        # The resource tracker unblocks them when it starts, so that must not happen in between.
        resource_tracker.ensure_running()
        earlier = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, earlier)
        theirs.close()
        return cls(process, ours)

    def obituary(self) -> str:
        """How the process ended, in words."""
        self.process.join()
        code = self.process.exitcode or 0
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return f"the process that worked on it ended {how}"

    def end(self) -> None:
        """Stop the process without waiting for its job."""
        self.pipe.close()
        self.process.kill()
        self.process.join()


def start_method() -> SpawnContext | ForkServerContext:
    """How processes begin: forked from a server that has the model in memory, where there is one.

    Neither inherits threads or locks of this process.
    """
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(["experiments.preload"])
    return context


def _serve[J, R](pipe: Connection, function: Callable[[J], R]) -> None:
    """Answer jobs until the parent is gone."""
    try:
        while True:
            pipe.send(attempt(function, pipe.recv()))
    except (EOFError, OSError):
        return
