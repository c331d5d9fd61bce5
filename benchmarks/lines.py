"""A measured number with what it must reach, and how the table of them looks."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Line:
    """One number of the table."""

    part: str
    name: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    """The target is a lower bound; otherwise an upper one."""
    within: float | None = None
    """The target is met at this distance or less, either side."""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        if self.within is not None:
            return abs(self.value - self.target) <= self.within
        return self.value >= self.target if self.at_least else self.value <= self.target

    @property
    def bound(self) -> str:
        """The target in words, empty without one."""
        if self.target is None:
            return ""
        if self.within is not None:
            return f"{self.target:g} +- {self.within:g}"
        return f"{'>=' if self.at_least else '<='} {self.target:g}"

    def document(self) -> dict[str, Any]:
        """The line for JSON."""
        return {**asdict(self), "met": self.met}


class DisagreementError(Exception):
    """A peer does not do what the engine does; the text says which and how far off."""


def shown(value: float) -> str:
    """A number with four significant digits and no exponent where that is short."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return f"{value:.2e}"


def print_table(lines: Sequence[Line]) -> None:
    """Print lines as one table, however wide."""
    words = {True: "yes", False: "NO", None: ""}
    rows = [("part", "what", "value", "unit", "target", "met", "note")]
    rows += [(x.part, x.name, shown(x.value), x.unit, x.bound, words[x.met], x.note) for x in lines]
    width = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [f"{cell:{'>' if i == 2 else '<'}{width[i]}}" for i, cell in enumerate(row)]
        print("  ".join(cells).rstrip())


def best_seconds(job: Callable[[], Any], repeats: int, warm: int = 1) -> float:
    """Shortest time of some calls, after some that do not count."""
    for _ in range(warm):
        job()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        job()
        times.append(time.perf_counter() - began)
    return min(times)
