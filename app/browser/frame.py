"""What the page shows at one moment: the tables so far and a sample of enterprises, never changed.

Charts read a frame only, so that they are the same for a running market and for a stored run, and
no chart ever sees a month half done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from agents.common.vocabulary import BANDS, month_name
from experiments.folder import RunFolder
from sim.market import Market

SAMPLE: Final = 5000
"""Most points on the map."""
USES: Final = ("nothing", "closed api", "open api", "open hosted", "open self-hosted")
"""What most tokens of an enterprise go through."""


@dataclass(frozen=True)
class Points:
    """Sampled enterprises, one entry each."""

    firm: NDArray[np.int64]
    volume: NDArray[np.float64]
    """Mtok a month wanted by all uses when mature."""
    sensitivity: NDArray[np.float64]
    use: NDArray[np.int64]
    """Position in `USES`."""
    sector: NDArray[np.int64]
    band: NDArray[np.int64]
    sectors: tuple[str, ...]
    total: int
    """Enterprises that the sample stands for."""


@dataclass(frozen=True)
class Frame:
    """One moment of a market."""

    number: int
    """Counts frames, so that a page knows a new one."""
    title: str
    seed: int
    month: int
    """-1 before the first month."""
    months: int
    until: int
    """Last month whose releases and list prices are input."""
    tables: Mapping[str, pa.Table]
    points: Points | None

    @property
    def date(self) -> str:
        """The month as YYYY-MM."""
        return month_name(max(self.month, 0))

    def series(self, name: str) -> list[float | None]:
        """A column of the market table so far."""
        values: list[float | None] = self.tables["market"][name].to_pylist()[: self.month + 1]
        return values

    @property
    def dates(self) -> list[str]:
        """The months so far."""
        return [month_name(month) for month in range(self.month + 1)]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Rows of a table in this month."""
        found = self.tables[table]
        return list(found.filter(pc.equal(found["month"], self.month)).to_pylist())

    def so_far(self) -> dict[str, pa.Table]:
        """The tables up to this month."""
        return {
            name: table.filter(pc.less_equal(table["month"], self.month))
            for name, table in self.tables.items()
            if "month" in table.schema.names
        }

    def at(self, month: int) -> "Frame":
        """The same market at an earlier month."""
        return Frame(
            self.number, self.title, self.seed, month, self.months, self.until, self.tables,
            self.points if month == self.month else None,
        )  # fmt: skip


def frame_of(market: Market, number: int) -> Frame:
    """The present of a running market."""
    p = market.parameters
    return Frame(
        number, p.name, market.seed, market.month, p.months, market.until,
        market.tables() if market.month >= 0 else {}, points_of(market),
    )  # fmt: skip


def stored_frame(folder: RunFolder) -> Frame:
    """The last month of a stored run."""
    facts = folder.manifest()
    tables = {name: folder.read(name) for name in folder.names()}
    scenario = facts["scenario"]
    year, month = map(int, scenario["history"]["until"].split("-"))
    until = 12 * (year - 2023) + month - 1
    months = facts["months"]
    return Frame(0, scenario["name"], facts["seed"], months - 1, months, until, tables, None)


def points_of(market: Market) -> Points:
    """A systematic sample of enterprises and what they use now."""
    columns = market.columns
    firms, slots = columns.firm_rows, columns.slot_rows
    step = max(1, -(-len(firms) // SAMPLE))
    chosen = np.arange(0, len(firms), step)
    starts = firms["first_slot"][chosen].astype(np.int64)
    counts = firms["slot_count"][chosen].astype(np.int64)
    owner = np.repeat(np.arange(len(chosen)), counts)
    place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    mine = slots[np.repeat(starts, counts) + place]
    volume = np.bincount(owner, mine["tokens"].astype(float), len(chosen))
    return Points(
        chosen, volume, firms["sensitivity"][chosen].astype(float),
        main_use(market, owner, mine, len(chosen)), firms["sector"][chosen].astype(np.int64),
        firms["band"][chosen].astype(np.int64), tuple(market.parameters.sectors), len(firms),
    )  # fmt: skip


def main_use(
    market: Market, owner: NDArray[np.int64], slots: NDArray[Any], firms: int
) -> NDArray[np.int64]:
    """Per firm the position in `USES` through which most tokens of its slots in use go."""
    held = slots["offering"].astype(np.int64)
    used = held >= 0
    access = held % 3
    is_open = np.zeros(len(held), bool)
    if used.any():
        opened = np.array([model.open for model in market.models])
        is_open[used] = opened[held[used] // 6]
    kind = np.where(is_open, 2 + access, 1)
    weights = np.zeros((firms, len(USES)))
    np.add.at(weights, (owner[used], kind[used]), slots["tokens"][used].astype(float))
    found: NDArray[np.int64] = np.where(weights.any(axis=1), weights.argmax(axis=1), 0)
    return found


__all__ = ["BANDS", "USES", "Frame", "Points", "frame_of", "stored_frame"]
