"""Sweeps whose processes are killed at the worst moments end in the same bytes after a resume."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

import parents
import pytest
import sweeping
from parents import Parent

from experiments.sweeps import failpoints, runner
from experiments.sweeps.folder import SweepFolder

PATIENCE = 60.0
"""Seconds after which something has gone wrong that no assertion names."""


def check_whole(path: Path, replicates: int = 1) -> None:
    """Hold a finished sweep against the uninterrupted one: no run lost, doubled or different."""
    found = sweeping.compacted(path)
    ids = [row["run_id"] for row in sweeping.rows(path, "outcomes")]
    assert ids == sweeping.designed(path)
    assert found == sweeping.uninterrupted(replicates)


def resume(path: Path, replicates: int = 1) -> None:
    """Finish a sweep whose processes are gone, here and without processes."""
    sweeping.swept(path, replicates=replicates)
    check_whole(path, replicates)


def end(orders: Parent, process: BaseProcess) -> int | None:
    """Wait for a parent to end, then for its workers, which must not outlive it; its exit code."""
    process.join(PATIENCE)
    parents.wait_until_gone(orders.workers(), 2.0)
    return process.exitcode


def wait_for(reached: Callable[[], object]) -> None:
    """Wait until something is so."""
    limit = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < limit
        time.sleep(0.005)


IN_PARENT = (
    "design-written:1", "manifest-written:1", "chunk-handed-out:2", "table-synced:2",
    "tables-renamed:1", "outcomes-synced:1", "outcomes-renamed:1", "compact-renamed:1",
    "compact-deleting:1", "compact-deleting:4",
)  # fmt: skip
IN_WORKER = (
    "run-started:3", "run-finished:3", "table-synced:3", "tables-renamed:2", "outcomes-synced:2",
    "outcomes-renamed:2", "chunk-done:2",
)  # fmt: skip


def test_every_failpoint_has_its_kill() -> None:
    assert {place.split(":")[0] for place in IN_PARENT + IN_WORKER} == set(failpoints.PLACES)


@pytest.mark.parametrize("place", IN_PARENT)
def test_a_parent_killed_at_a_named_place(tmp_path: Path, place: str) -> None:
    orders = Parent(tmp_path / "sweep", tmp_path / "seats", parent_dies=place)
    assert end(orders, orders.start()) == -signal.SIGKILL
    resume(orders.path)


@pytest.mark.parametrize("place", IN_WORKER)
def test_a_worker_killed_at_a_named_place(tmp_path: Path, place: str) -> None:
    orders = Parent(tmp_path / "sweep", tmp_path / "seats", worker_dies=place)
    assert end(orders, orders.start()) == 0
    assert len(orders.workers()) == 2
    check_whole(orders.path)


@pytest.mark.parametrize("place", ["design-written:1", "manifest-written:1"])
def test_a_parent_killed_while_it_adds_replicates(tmp_path: Path, place: str) -> None:
    orders = Parent(tmp_path / "sweep", tmp_path / "seats", parent_dies=place, replicates=2)
    sweeping.swept(orders.path, replicates=1)
    assert end(orders, orders.start()) == -signal.SIGKILL
    resume(orders.path, replicates=2)


def test_an_orphan_ends_in_the_middle_of_its_run(tmp_path: Path) -> None:
    orders = Parent(tmp_path / "sweep", tmp_path / "seats", jobs=2, trouble=sweeping.hang)
    process = orders.start()
    wait_for(orders.memory.exists)
    process.kill()
    assert end(orders, process) == -signal.SIGKILL
    assert len(orders.workers()) == 2
    resume(orders.path)


def test_two_processes_do_one_sweep_at_once(tmp_path: Path) -> None:
    both = [Parent(tmp_path / "sweep", tmp_path / name, compact=False) for name in ("a", "b")]
    processes = [orders.start() for orders in both]
    assert [end(*pair) for pair in zip(both, processes, strict=True)] == [0, 0]
    check_whole(tmp_path / "sweep")


# Random moments: of an uninterrupted sweep's duration, from a seeded generator.


@pytest.fixture(scope="module")
def duration(tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds of a sweep with two workers, from its start to its report.

    Of the second one: the first waits for a fork server, which the sweeps that are killed share.
    """
    for name in ("warm", "timed"):
        orders = Parent(tmp_path_factory.mktemp(name) / "sweep", tmp_path_factory.mktemp("x"), 2)
        began = time.monotonic()
        assert end(orders, orders.start()) == 0
    return time.monotonic() - began


def killed_at_random(orders: Parent, victims: str, delay: float) -> None:
    """Start a sweep, kill the victims after a while, and finish it."""
    process = orders.start()
    time.sleep(delay)
    if "parent" in victims:
        process.kill()
    if "worker" in victims:
        for pid in orders.workers():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    code = end(orders, process)
    assert code == 0 or ("parent" in victims and code == -signal.SIGKILL)
    if code == 0:
        check_whole(orders.path)
    else:
        resume(orders.path)


VICTIMS = ("parent", "worker", "parent and worker")


@pytest.mark.parametrize("victims", VICTIMS)
def test_a_kill_at_a_random_moment(tmp_path: Path, victims: str, duration: float) -> None:
    moment = random.Random(victims).random()
    orders = Parent(tmp_path / "sweep", tmp_path / "seats", jobs=2)
    killed_at_random(orders, victims, moment * duration)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(50))
@pytest.mark.parametrize("victims", VICTIMS)
def test_kills_at_many_random_moments(
    tmp_path: Path, victims: str, number: int, duration: float
) -> None:
    moment = random.Random(f"{victims} {number}").random()
    orders = Parent(tmp_path / "sweep", tmp_path / "seats", jobs=2)
    killed_at_random(orders, victims, moment * duration)


# A fresh interpreter, as a user starts it, in a process group of its own like that of a terminal.

FRESH = """
import json, sys
from pathlib import Path
import sweeping
if __name__ == "__main__":
    report = sweeping.swept(Path(sys.argv[1]), sweeping.local(2), jobs=2, replicates=500)
    print(json.dumps([report.stopped, report.progress.finished, report.progress.simulated]))
"""


def group(number: int) -> list[int]:
    """Processes of a group that still run."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and parents.alive(int(process.name)):
            with suppress(ProcessLookupError):
                if os.getpgid(int(process.name)) == number:
                    found.append(int(process.name))
    return found


@pytest.mark.system
def test_ctrl_c_in_a_terminal_keeps_what_is_finished(tmp_path: Path) -> None:
    script, path = tmp_path / "fresh.py", tmp_path / "sweep"
    script.write_text(FRESH)
    process = subprocess.Popen(
        [sys.executable, script, path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    wait_for(lambda: process.poll() is not None or list(path.glob("outcomes/*.parquet")))
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=PATIENCE)
    stopped, finished, simulated = json.loads(output)
    assert (stopped, errors) == (True, "")
    assert 0 < finished == simulated < 500 * 6
    assert len(sweeping.rows(path, "outcomes")) == finished
    parents.wait_until_gone(group(process.pid), 2.0)
    runner.begin(sweeping.declared(replicates=500), SweepFolder(path))
