"""Sweeps in processes of their own that a test may kill: forked from the tests' fork server.

A fresh interpreter takes seconds to import the model, a fork of the server milliseconds. The
parents forked here use the same server for their workers; otherwise they are what a user starts.
"""

import importlib
import json
import os
import signal
import time
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import sweeping

from experiments.sweeps import compaction, engines, failpoints
from experiments.sweeps.folder import SweepFolder
from experiments.workers import Worker, start_method


@dataclass(frozen=True)
class Parent:
    """A sweep to be done in a process of its own.

    seats: a file for every worker, named by its process. memory: remembers that somebody died.
    parent_dies, worker_dies: `place:n`, where a failpoint kills it. trouble: of runs in workers.
    """

    path: Path
    seats: Path
    jobs: int = 1
    parent_dies: str = ""
    worker_dies: str = ""
    trouble: sweeping.Trouble | None = None
    replicates: int = 1
    compact: bool = True

    @property
    def memory(self) -> Path:
        """What the first to die, or the one in trouble, leaves behind."""
        return self.seats / "memory"

    @property
    def report(self) -> Path:
        """How the parent says that it ended."""
        return self.seats / "report"

    def workers(self) -> list[int]:
        """Processes of workers so far, the latest last."""
        seats = [seat for seat in self.seats.iterdir() if seat.name.isdigit()]
        return [int(seat.name) for seat in sorted(seats, key=lambda s: s.stat().st_mtime_ns)]

    def start(self) -> BaseProcess:
        """Start the sweep."""
        self.seats.mkdir(exist_ok=True)
        server = forkserver._forkserver  # type: ignore[attr-defined]
        if server._forkserver_address is None:
            Worker.begin(Connection.close).end()
        process = start_method().Process(target=parent, args=(self, server._forkserver_address))
        process.start()
        return process


def parent(orders: Parent, address: str) -> None:
    """Do the sweep from begin to compaction and leave a report."""
    server = forkserver._forkserver  # type: ignore[attr-defined]
    server._forkserver_address, server.ensure_running = address, lambda: None
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    arm(orders.parent_dies, orders.memory)
    engines.serve = partial(worker, replace(orders, parent_dies=""))  # type: ignore[assignment]
    report = sweeping.swept(
        orders.path, sweeping.local(orders.jobs), jobs=orders.jobs, replicates=orders.replicates
    )
    if orders.compact and not report.stopped:
        compaction.compact(SweepFolder(orders.path))
    progress = report.progress
    facts = {name: getattr(progress, name) for name in ("finished", "failed", "simulated")}
    orders.report.write_text(json.dumps({**facts, "stopped": report.stopped}))


def worker(orders: Parent, pipe: Connection, path: str) -> None:
    """Serve as a worker does, known to the test, with what is ordered for workers."""
    (orders.seats / str(os.getpid())).touch()
    arm(orders.worker_dies, orders.memory)
    if orders.trouble is None:
        engines.serve(pipe, path)
    else:
        sweeping.troubled(orders.trouble, orders.memory, pipe, path)


def arm(order: str, memory: Path) -> None:
    """Set a failpoint as the environment does for a process that starts with it."""
    os.environ["NOMOAT_FAILPOINT"] = f"{order}:{memory}" if order else ""
    importlib.reload(failpoints)


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] not in "ZX"


def wait_until_gone(pids: list[int], seconds: float) -> None:
    """Wait until processes have ended; AssertionError if they have not in time."""
    limit = time.monotonic() + seconds
    while left := [pid for pid in pids if alive(pid)]:
        assert time.monotonic() < limit, f"still running: {left}"
        time.sleep(0.01)
