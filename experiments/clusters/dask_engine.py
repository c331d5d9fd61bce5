"""Chunks as calls of a Dask cluster: one that runs, one on this machine, or jobs of a queue."""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from distributed import Client, LocalCluster
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker
from distributed.security import Security

from experiments.clusters.futures import Calls, pause
from experiments.clusters.profile import QUEUES, DaskSettings, ProfileError
from experiments.clusters.slurm_client import ClusterError
from experiments.clusters.task import close_quietly, do_chunk
from sim.version import usable_cores

CONNECT_SECONDS: Final = 15
GONE_SECONDS: Final = 10.0
"""A scheduler that is away for so long does not come back."""
NO_WORKER_SECONDS: Final = 600.0
QUIET: Final = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
"""Of a scheduler: no page that shows the work to others."""
COUNT_SECONDS: Final = 5.0
"""How often workers are counted."""
LOSSES: Final = (CancelledError, asyncio.CancelledError, CommClosedError)
"""What a client raises whose scheduler is gone."""
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class DaskPool:
    """Workers behind a client."""

    def __init__(self, client: Client) -> None:
        """client: connected."""
        self._client, self._away = client, 0.0
        self._threads, self._asked = 1, -COUNT_SECONDS

    @property
    def workers(self) -> int:
        """Threads of all workers: runs that are done at once.

        Raises ClusterError if the scheduler went away.
        """
        if time.monotonic() - self._asked > COUNT_SECONDS:
            with told_of_loss():
                self._threads = max(1, sum(self._client.nthreads().values()))
            self._asked = time.monotonic()
        return self._threads

    def submit(self, path: str, rows: Sequence[int], version: str) -> Any:
        """Begin a chunk; it is begun again elsewhere if its worker dies."""
        with told_of_loss():
            return self._client.submit(do_chunk, path, tuple(rows), version, pure=False)

    def wait(self, futures: Sequence[Any], seconds: float) -> None:
        """Wait until one has ended; raises ClusterError if the scheduler does not come back."""
        pause(futures, seconds)
        if self._client.status == "running":
            self._away = 0.0
            return
        self._away = self._away or time.monotonic()
        if time.monotonic() - self._away > GONE_SECONDS or any(one.done() for one in futures):
            raise gone()

    def deaths(self, error: BaseException) -> str | None:
        """The cause if workers died; raises ClusterError if it was the scheduler."""
        if isinstance(error, LOSSES):
            raise gone() from error
        if isinstance(error, KilledWorker):
            last = getattr(error.last_worker, "address", error.last_worker)
            return f"KilledWorker: its worker died again and again, the last at {last}"
        return None


@contextmanager
def told_of_loss() -> Iterator[None]:
    """Say in one sentence that the scheduler went away."""
    try:
        yield
    except LOSSES as error:
        raise gone() from error


def gone() -> ClusterError:
    """What is said of a scheduler that went away."""
    return ClusterError(
        "the Dask scheduler went away; what is finished is kept, the same command goes on"
    )


@contextmanager
def connected(settings: DaskSettings, jobs: int | None = None) -> Iterator[Calls[Any]]:
    """The engine of a cluster; what was started for it ends with the block.

    jobs: workers on this machine. Raises ProfileError or ClusterError, one sentence each.
    """
    cluster = None
    if settings.scheduler is None:
        cluster = jobs_of_queue(settings.jobqueue) if settings.jobqueue else on_this_machine(jobs)
    try:
        client = client_of(settings, cluster)
        try:
            wait_for_workers(client)
            yield Calls(DaskPool(client))
        finally:
            close_quietly(client)
    finally:
        if cluster is not None:
            close_quietly(cluster)


def client_of(settings: DaskSettings, cluster: Any) -> Client:
    """A client of a cluster that was just started, or of a scheduler that runs."""
    address = settings.scheduler
    if address is not None:
        refuse_open(address, insecure=settings.insecure)
    try:
        return Client(cluster if address is None else address,
                      timeout=CONNECT_SECONDS, set_as_default=False)  # fmt: skip
    except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
        place = f"no Dask scheduler answers at {address}" if address else "Dask does not start"
        raise ClusterError(f"{place}: {str(error) or type(error).__name__}") from error


def refuse_open(address: str, *, insecure: bool) -> None:
    """Raise ProfileError for an address over which others could send code to the workers."""
    try:
        parts = urlsplit(address)
        sound = parts.scheme in ("tcp", "tls") and parts.hostname and parts.port != 0
    except ValueError:  # Of a port beyond 65535, or brackets that do not close.
        sound = False
    if not sound:
        raise ProfileError(f"--scheduler takes tls://HOST:PORT or tcp://HOST:PORT, not {address!r}")
    if parts.scheme == "tcp" and parts.hostname not in LOOPBACK and not insecure:
        raise ProfileError(
            f"{address} is another machine and not encrypted: anybody who reaches it can run code "
            "there; use tls:// with Dask's security settings, or say --insecure"
        )


def on_this_machine(jobs: int | None) -> LocalCluster:
    """A process for each core, on loopback, without the dashboard."""
    return LocalCluster(
        n_workers=jobs or usable_cores(), threads_per_worker=1, host="127.0.0.1",
        dashboard_address=QUIET["dashboard_address"], worker_dashboard_address=None,
        scheduler_kwargs={"dashboard": False},
    )  # fmt: skip


def jobs_of_queue(options: Any) -> Any:
    """Workers as jobs of a queue; dask-jobqueue replaces those that are lost."""
    try:
        import dask_jobqueue
    except ImportError as error:
        raise ClusterError(
            "[dask.jobqueue] needs dask-jobqueue; install it with `uv sync --extra jobqueue`"
        ) from error
    given = dict(options)
    kind, jobs = given.pop("kind"), given.pop("jobs")
    defaults = {
        "cores": 1, "processes": 1, "memory": "2GB", "python": sys.executable,
        "death_timeout": 60, "scheduler_options": QUIET,
        "worker_extra_args": ["--no-dashboard", "--dashboard-address", QUIET["dashboard_address"]],
        "protocol": "tls://", "security": Security.temporary(),
    }  # fmt: skip
    try:
        cluster = getattr(dask_jobqueue, QUEUES[kind])(**{**defaults, **given})
    except (TypeError, ValueError) as error:
        raise ProfileError(f"[dask.jobqueue]: {error}") from error
    cluster.adapt(minimum_jobs=jobs, maximum_jobs=jobs)
    return cluster


def wait_for_workers(client: Client) -> None:
    """Wait for the first worker; raises ClusterError if none comes."""
    try:
        client.wait_for_workers(1, timeout=NO_WORKER_SECONDS)
    except TimeoutError as error:
        raise ClusterError(
            f"no Dask worker came within {NO_WORKER_SECONDS:g} seconds; see the scheduler's log"
        ) from error
