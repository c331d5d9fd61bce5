"""Sweeps on a real Dask: a scheduler and workers as processes on loopback, and their deaths."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import needs
import pytest
import sweeping
import tomli_w
from typer.testing import CliRunner

from app.main import app
from experiments.clusters.profile import DaskSettings
from experiments.clusters.slurm_client import ClusterError
from experiments.sweeps import runner
from experiments.sweeps.folder import SweepFolder
from experiments.sweeps.runner import Report

pytestmark = pytest.mark.system
PATIENCE = 120.0
UNLUCKY = f"""
import os
from experiments.sweeps import work
def troubled(original):
    def run(scenario, **options):
        if scenario.choice.theta == {sweeping.UNLUCKY}:
            os._exit(1)
        return original(scenario, **options)
    return run
if not hasattr(work, "unlucky"):  # a preload is imported twice
    work.run, work.unlucky = troubled(work.run), True
"""


@pytest.fixture(autouse=True)
def needs_dask() -> None:
    """Skip where there is no Dask, unless it is required."""
    needs.packages("dask")
    sweeping.uninterrupted()


@dataclass
class Site:
    """A scheduler and its workers, each with a log."""

    root: Path
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    address: str = ""

    def start(self, name: str, module: str, *words: str, **environment: str) -> None:
        """Start one process."""
        with (self.root / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                (sys.executable, "-m", f"distributed.cli.{module}", "--host", "127.0.0.1",
                 "--no-dashboard", "--dashboard-address", "127.0.0.1:0", *words),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.root,
                env={**os.environ, **environment},
            )  # fmt: skip

    def start_scheduler(self, **environment: str) -> None:
        """Start the scheduler and learn its address."""
        self.start("scheduler", "dask_scheduler", "--port", "0", **environment)
        limit = time.monotonic() + PATIENCE
        while time.monotonic() < limit:
            text = (self.root / "scheduler.log").read_text()
            if found := re.search(r"Scheduler at:\s+(tcp://127\.0\.0\.1:\d+)", text):
                self.address = found[1]
                return
            time.sleep(0.05)
        raise AssertionError(text)

    def start_workers(self, count: int, *words: str) -> None:
        """Start workers that die with their scheduler."""
        for number in range(count):
            self.start(
                f"worker{number}", "dask_worker", self.address, "--nthreads", "1",
                "--death-timeout", "60", *words,
            )  # fmt: skip

    def stop(self) -> None:
        """End everything, the scheduler last."""
        for name in sorted(self.processes, reverse=True):
            process = self.processes.pop(name)
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=10)


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Site]:
    """A place for Dask."""
    site = Site(tmp_path)
    try:
        yield site
    finally:
        site.stop()


def swept(path: Path, address: str, **changes: Any) -> Report:
    """Begin or resume the tiny sweep on Dask."""
    from experiments.clusters.dask_engine import connected

    folder = SweepFolder(path)
    runner.begin(sweeping.declared(**changes), folder)
    with connected(DaskSettings(scheduler=address)) as engine:
        return runner.work(folder, engine, engine.workers, size=3)


class Attended(threading.Thread):
    """A sweep that is waited for in another thread."""

    def __init__(self, path: Path, address: str, **changes: Any) -> None:
        super().__init__(daemon=True)
        self.path, self.address, self.changes = path, address, changes
        self.report: Report | None = None
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Do the sweep."""
        try:
            self.report = swept(self.path, self.address, **self.changes)
        except BaseException as error:
            self.error = error

    def at_work(self) -> int:
        """Wait until a worker does runs; its process."""
        limit = time.monotonic() + PATIENCE
        while time.monotonic() < limit and self.is_alive():
            for lease in self.path.glob("writers/[!.]*.json"):
                with suppress(OSError, ValueError):
                    pid = int(json.loads(lease.read_text())["pid"])
                    if pid != os.getpid():
                        return pid
            time.sleep(0.01)
        raise AssertionError(f"no worker came, {self.error}")


def check_whole(path: Path) -> None:
    """Hold a finished sweep against the local one."""
    assert sweeping.compacted(path) == sweeping.uninterrupted()


def test_a_worker_that_is_killed(tmp_path: Path, dask: Site) -> None:
    dask.start_scheduler()
    dask.start_workers(2, "--no-nanny")
    sweep = Attended(tmp_path / "sweep", dask.address)
    os.kill(sweep.at_work(), signal.SIGKILL)
    sweep.join(PATIENCE)
    assert not sweep.is_alive()
    assert sweep.error is None
    check_whole(sweep.path)


def test_a_scheduler_that_is_killed(tmp_path: Path, dask: Site) -> None:
    dask.start_scheduler()
    dask.start_workers(2, "--no-nanny")
    sweep = Attended(tmp_path / "sweep", dask.address)
    sweep.at_work()
    dask.processes["scheduler"].kill()
    sweep.join(PATIENCE)
    assert isinstance(sweep.error, ClusterError)
    assert "the Dask scheduler went away" in str(sweep.error)
    dask.stop()
    dask.start_scheduler()
    dask.start_workers(1, "--no-nanny")
    swept(sweep.path, dask.address)
    check_whole(sweep.path)


def test_a_run_that_kills_its_workers_is_a_failure(tmp_path: Path, dask: Site) -> None:
    preload = tmp_path / "unlucky.py"
    preload.write_text(UNLUCKY)
    dask.start_scheduler(DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    dask.start_workers(1, "--preload", str(preload))
    sweep = Attended(tmp_path / "sweep", dask.address, levers={}, replicates=1)
    sweep.join(PATIENCE)
    assert sweep.error is None
    assert (report := sweep.report) is not None
    assert (report.progress.finished, report.progress.failed) == (2, 1)
    (failure,) = sweeping.rows(tmp_path / "sweep", "failures")
    assert failure["error"] == "WorkersDied"
    assert "KilledWorker" in failure["message"]
    assert report.progress.latest_failure.startswith("WorkersDied: KilledWorker")


def test_the_command_with_workers_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tiny.toml").write_text(tomli_w.dumps(dict(sweeping.TINY)))
    done = CliRunner().invoke(
        app, ["sweep", "run", "tiny.toml", "--engine", "dask", "--json", "--jobs", "2"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["finished"] == sweeping.RUNS
    sweeping.check_same_file("tiny.toml", Path("outputs/tiny"))
