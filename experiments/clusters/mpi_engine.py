"""Chunks as calls of processes that `mpirun` started: one job of a cluster, no ports, no queue.

`mpirun -n 9 python -m mpi4py.futures $(command -v nomoat) sweep run FILE --engine mpi`: the first
process hands out, the others work. One that dies ends all, as MPI has it; the same command goes on.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager

from experiments.clusters.futures import Calls, pause
from experiments.clusters.slurm_client import ClusterError
from experiments.clusters.task import Outcome, do_chunk


class ExecutorPool:
    """Workers behind an executor of `concurrent.futures`."""

    def __init__(self, executor: Executor, workers: int) -> None:
        """workers: how many calls the executor does at once."""
        self._executor, self._workers = executor, workers

    @property
    def workers(self) -> int:
        """Processes that work."""
        return self._workers

    def submit(self, path: str, rows: Sequence[int], version: str) -> "Future[Outcome]":
        """Begin a chunk."""
        return self._executor.submit(do_chunk, path, tuple(rows), version)

    def wait(self, futures: "Sequence[Future[Outcome]]", seconds: float) -> None:
        """Wait until one has ended."""
        pause(futures, seconds)

    def deaths(self, error: BaseException) -> str | None:  # noqa: ARG002
        """None: where one process dies, all end."""
        return None


@contextmanager
def pooled() -> "Iterator[Calls[Future[Outcome]]]":
    """The engine of the processes that `mpirun` started.

    Raises ClusterError without any, or without MPI.
    """
    try:
        from mpi4py import MPI
        from mpi4py.futures import MPIPoolExecutor
    except (ImportError, RuntimeError) as error:
        raise ClusterError(f"--engine mpi needs a library of MPI: {error}") from error
    workers = MPI.COMM_WORLD.Get_size() - 1
    if workers < 1:
        raise ClusterError(
            "--engine mpi needs processes: mpirun -n 9 python -m mpi4py.futures "
            "$(command -v nomoat) sweep run FILE --engine mpi"
        )
    with MPIPoolExecutor() as executor:
        yield Calls(ExecutorPool(executor, workers))
