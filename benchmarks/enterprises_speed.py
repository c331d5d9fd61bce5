"""Time of column operations of an enterprise set at a million rows. Run: python this file."""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from mesa import Model

from agents.enterprise.enterprises import Enterprises

ROWS = 1_000_000
REPEATS = 5


class Store:
    """Columns held in a dictionary, as much of a store as a set needs."""

    def __init__(self, **columns: np.ndarray) -> None:
        self.model = Model(rng=1)
        self._columns = columns

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())))

    def column_names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._columns)

    def column(self, name: str) -> np.ndarray:
        """One column."""
        return self._columns[name]


def jobs(firms: Enterprises) -> dict[str, Callable[[], Any]]:
    """Operations to time, by name."""
    return {
        "select": lambda: firms.select("is_open"),
        "get": lambda: firms.get(["spend", "sector"]),
        "set": lambda: firms.set("spend", 1.0),
        "agg": lambda: firms.agg("spend", [sum, min, max]),
        "groupby": lambda: firms.groupby("sector").agg("spend", sum),
        "union": lambda: firms | firms,
    }


def milliseconds(job: Callable[[], Any]) -> float:
    """Time of one call."""
    began = time.perf_counter()
    job()
    return 1e3 * (time.perf_counter() - began)


def main() -> int:
    """Print a table: operation, best and worst of the repeats."""
    numbers = np.arange(ROWS)
    store = Store(spend=numbers * 0.5, sector=numbers % 20, is_open=numbers % 3 == 0)
    print(f"{ROWS:,} rows, best and worst of {REPEATS}, milliseconds")
    for name, job in jobs(Enterprises(store)).items():
        times = sorted(milliseconds(job) for _ in range(REPEATS))
        print(f"{name:<8} {times[0]:8.2f} {times[-1]:8.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
