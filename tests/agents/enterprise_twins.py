"""The same values as enterprises in columns and as plain Mesa agents, to be compared."""

from random import Random
from types import SimpleNamespace
from typing import Any

import mesa
import numpy as np
from mesa.agentset import AgentSet

from agents.enterprise.enterprises import Enterprise, Enterprises

SIZES = [40, 7, 7, 300, 1, 40, 9000, 7, 55, 300]
SPENDS = [0.5, -2.0, 3.25, 0.5, 8.0, 1e6, 0.0, 2.5, 0.5, -7.5]
OPEN = [True, False, False, True, True, False, True, True, False, False]
REGIONS = ["us", "eu", "eu", "cn", "us", "eu", "cn", "us", "us", "eu"]


class Store:
    """Columns as the model keeps them, here from plain lists."""

    def __init__(self, **columns: Any) -> None:
        self.columns = {name: np.array(values) for name, values in columns.items()}
        self.identity = np.arange(1, 1 + len(self), dtype=np.int64)
        self.model: Any = SimpleNamespace(random=Random(5))

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def column(self, name: str) -> np.ndarray:
        return self.columns[name]

    def column_names(self) -> tuple[str, ...]:
        return tuple(self.columns)


class Plain(mesa.Agent):
    """A Mesa agent with the same values as attributes."""

    def __init__(self, model: mesa.Model, **values: Any) -> None:
        super().__init__(model)
        for name, value in values.items():
            setattr(self, name, value)

    def grow(self, factor: float, *, plus: float = 0.0) -> float:
        self.spend = self.spend * factor + plus
        return self.spend


class Firm(Enterprise):
    """A row view with the same method."""

    __slots__ = ()

    def grow(self, factor: float, *, plus: float = 0.0) -> float:
        self.spend = self.spend * factor + plus
        return self.spend

    @property
    def intensity(self) -> float:
        return self.spend / self.size


class Firms(Enterprises):
    row_type = Firm


class Pair:
    """The two sets under comparison; `keep` holds the agents, which Mesa refers to weakly."""

    def __init__(self, **columns: list[Any]) -> None:
        model = mesa.Model(rng=1)
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        self.keep = [Plain(model, **row) for row in rows]
        self.plain = AgentSet(self.keep, random=Random(7))
        self.store = Store(**columns)
        self.firms = Firms(self.store, random=Random(7))


def example() -> Pair:
    return Pair(size=SIZES, spend=SPENDS, is_open=OPEN, region=REGIONS)


def ids(agents: Any) -> list[int]:
    return [agent.unique_id for agent in agents]


def rows_of(table: Any) -> list[list[Any]]:
    return [list(row) for row in table]
