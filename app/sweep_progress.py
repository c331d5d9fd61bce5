"""Progress of a sweep on stderr: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from app.shell import say
from app.terminal import console
from experiments.sweeps.queue import Progress

SECONDS_BETWEEN_LINES: Final = 30.0
"""How often progress is said where there is no terminal."""


@contextmanager
def progress(name: str, *, silent: bool) -> Iterator[Callable[[Progress], None] | None]:
    """Show progress on stderr: a bar on a terminal, a line now and then elsewhere."""
    if silent:
        yield None
        return
    if not sys.stderr.isatty():
        yield lines(name)
        return
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    with Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[count]}", markup=False),
        TextColumn("{task.fields[note]}", markup=False),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console(stderr=True),
        transient=True,
    ) as shown:
        task = shown.add_task(f"{name}, starting", total=None, count="", note="")

        def on_event(done: Progress) -> None:
            ended = done.finished + done.failed + done.simulated - done.written
            shown.update(
                task, total=done.total, completed=ended, description=name,
                count=f"{ended:,} of {done.total:,} runs", note=note(done),
            )  # fmt: skip

        yield on_event


def note(done: Progress) -> str:
    """Rate, failures and what the engine says, for the bar."""
    words = (
        f"{done.rate:.2f} a second" if done.simulated else "",
        f"{done.failed:,} failed" if done.failed else "",
        done.remark,
    )
    return ", ".join(word for word in words if word)


def lines(name: str) -> Callable[[Progress], None]:
    """Say progress in plain lines, at the start and then every half minute."""
    last = float("-inf")

    def on_event(done: Progress) -> None:
        nonlocal last
        if time.monotonic() - last < SECONDS_BETWEEN_LINES:
            return
        last = time.monotonic()
        failed = f", {done.failed:,} failed" if done.failed else ""
        left = ""
        if done.simulated:
            rest = done.total - done.finished - done.failed
            left = f", about {duration(rest / done.rate)} left"
        remark = f"; {done.remark}" if done.remark else ""
        say(f"{name}: {done.finished:,} of {done.total:,} runs{failed}{left}{remark}")

    return on_event


def duration(seconds: float) -> str:
    """A duration in the unit people would use."""
    for unit, size in (("days", 86_400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} seconds"
