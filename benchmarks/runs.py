"""Whole runs, each in a process of its own: time by month, memory, and a hash of the result.

`python -m benchmarks.runs FIRMS MONTHS THREADS` makes one and prints JSON.
"""

import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import sim.market
from benchmarks.lines import DisagreementError
from sim import Market, load
from sim.enterprise_step import warm_up

PASS = "run_enterprises"
"""The step of a month that grows with the number of firms."""


class Run(NamedTuple):
    """What a run cost and gave."""

    firms: int
    slots: int
    months: int
    threads: int
    seconds: float
    """Month 0 to the last."""
    pass_seconds: float
    """Of them, the compiled pass over enterprises."""
    build_seconds: float
    """Drawing the population and loading compiled code."""
    firm_bytes: float
    """Columns, a firm."""
    slot_bytes: float
    """Columns, a slot."""
    base_bytes: int
    """Resident before the population is drawn."""
    peak_bytes: int
    hash: str

    @property
    def ns(self) -> float:
        """Nanoseconds a slot and month, everything included."""
        return 1e9 * self.seconds / (self.slots * self.months)


def resident(field: str) -> int:
    """Bytes by /proc: `VmHWM` the most this process held (not what its parent did), `VmRSS` now."""
    found = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def result_hash(market: Market) -> str:
    """16 hex digits over all tables and the state of all enterprises."""
    digest = hashlib.blake2b(digest_size=8)
    for name, table in sorted(market.tables().items()):
        digest.update(f"{name}{table.schema}{table.to_pydict()}".encode())
    for rows in (market.columns.firm_rows, market.columns.slot_rows):
        for field in rows.dtype.names:
            digest.update(rows[field].tobytes())
    return digest.hexdigest()


def here(firms: int, months: int, threads: int) -> Run:
    """Make a run in this process."""
    base, began = resident("VmRSS"), time.perf_counter()
    scenario = load("baseline", {"enterprise.population": firms, "months": months})
    market = Market(scenario, threads=threads)
    warm_up(market)
    built = time.perf_counter() - began
    spent: list[float] = []
    original = getattr(sim.market, PASS)
    setattr(sim.market, PASS, adding_to(spent, original))
    began = time.perf_counter()
    for _ in range(months):
        market.step()
    seconds = time.perf_counter() - began
    setattr(sim.market, PASS, original)
    slots, peak = len(market.columns.slot_rows), resident("VmHWM")
    index = market.columns.firms.first_slot.nbytes
    return Run(
        firms, slots, months, threads, seconds, sum(spent), built,
        (market.columns.firm_rows.nbytes + index) / firms, market.columns.slot_rows.nbytes / slots,
        base, peak, result_hash(market),
    )  # fmt: skip


def adding_to(spent: list[float], function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, noting the seconds of every call."""

    @wraps(function)
    def measured(*arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*arguments)
        finally:
            spent.append(time.perf_counter() - began)

    return measured


class Runs:
    """Runs made so far, so that parts share them."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, int, int], Run] = {}

    def get(self, firms: int, months: int, threads: int = 1, repeats: int = 1) -> Run:
        """The fastest of so many runs of this size; made now if there is none.

        Raises DisagreementError if repeats give different results.
        """
        key = (firms, months, threads)
        if key not in self._made:
            made = [child(*key) for _ in range(repeats)]
            if len({run.hash for run in made}) > 1:
                raise DisagreementError(f"{firms:,} firms: the same run gave different results")
            self._made[key] = min(made, key=lambda run: run.seconds)
        return self._made[key]

    def documents(self) -> list[dict[str, Any]]:
        """All runs for JSON."""
        return [run._asdict() for run in self._made.values()]


def child(firms: int, months: int, threads: int) -> Run:
    """Make a run in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.runs", *map(str, (firms, months, threads))]
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=root, text=True)
    return Run(**json.loads(done.stdout))


if __name__ == "__main__":
    print(json.dumps(here(*map(int, sys.argv[1:4]))._asdict()))
