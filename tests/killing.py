"""The command in processes that a test may kill: forked from the tests' fork server, a group each.

A fresh interpreter takes seconds to import the model, a fork of the server milliseconds. A killed
group takes its workers along, as a terminal that closes or a power cut does.
"""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from experiments import workers
from experiments.durable import is_partial, remove_old_partials

PATIENCE = 600.0
"""Seconds after which something has gone wrong that no assertion names."""


def act(words: tuple[str, ...], directory: str, log: str) -> None:
    """Be the command: in a process group, with a directory and an output of its own."""
    os.setsid()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    os.chdir(directory)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    # Workers are forked from here: those of the tests' server would be of another group.
    workers.start_method = lambda: get_context("fork")  # type: ignore[assignment, return-value]
    from app.main import app

    app(list(words))


@dataclass(frozen=True)
class Command:
    """One call of `nomoat` that writes to a folder.

    words: its arguments; directory: where it is called. begun: whether it has begun the work that
    is to be killed, asked again and again.
    """

    words: tuple[str, ...]
    directory: Path
    begun: Callable[[], bool]

    @property
    def log(self) -> Path:
        """What it prints."""
        return self.directory / "log"

    def start(self) -> BaseProcess:
        """Call it."""
        arguments = (self.words, str(self.directory), str(self.log))
        process = workers.start_method().Process(target=act, args=arguments)
        process.start()
        return process

    def wait_until_begun(self, process: BaseProcess) -> None:
        """Wait until it has begun its work, or has ended."""
        while process.is_alive() and not self.begun():
            time.sleep(0.0005)

    def finish(self) -> float:
        """Call it and wait until it has ended well; the seconds from the beginning of its work."""
        process = self.start()
        self.wait_until_begun(process)
        began = time.monotonic()
        process.join(PATIENCE)
        assert process.exitcode == 0, f"{self.words} ended with {process.exitcode}: {self.said()}"
        return time.monotonic() - began

    def kill_after(self, seconds: float) -> bool:
        """Call it and kill its whole group so long after it began; whether it was still alive."""
        process = self.start()
        self.wait_until_begun(process)
        process.join(seconds)
        alive = process.is_alive()
        with suppress(ProcessLookupError):
            os.killpg(process.pid or 0, signal.SIGKILL)
        process.join(PATIENCE)
        return alive

    def said(self) -> str:
        """What it printed, all calls one after the other."""
        return self.log.read_text() if self.log.exists() else ""


def leftovers(directory: Path) -> list[str]:
    """Half-written files and folders, locks and leases of processes that are gone."""
    return sorted(
        str(path.relative_to(directory))
        for path in directory.rglob("*")
        if "partial" in path.name or path.parent.name == "writers" or path.suffix == ".lock"
    )


def leftovers_for_good(directory: Path) -> list[str]:
    """Those that stay when a day has passed and the next result is written beside them.

    What a killed process had half written has a random name, since ids of processes repeat; that
    nobody writes it any more is known by its age alone.
    """
    for name in leftovers(directory):
        path = directory / name
        if is_partial(path.name) and path.exists():
            os.utime(path, (0, 0))
            beside = next(one for one in path.parent.iterdir() if not is_partial(one.name))
            remove_old_partials(beside, all_beside=True)
    return leftovers(directory)


def moment(name: str, number: int) -> float:
    """When a kill comes, as a share of the time the work takes: of its name and number alone."""
    return random.Random(f"{name} {number}").random()
