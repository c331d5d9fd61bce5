"""All models released so far as columns, one row a model, kept in step with the objects."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.common.offers import Model

NEVER: Final = 1 << 30
"""Month of what has not happened."""
FLOATS: Final = (
    "q", "first_perceived", "serving_cost", "total_params", "size", "list_price",
    "users_threshold",
)  # fmt: skip
"""Columns of numbers; `size` is ln of active parameters over 70 billion, `list_price` nan where a
model has none."""
INTEGERS: Final = (
    "vendor", "tier", "open", "licence", "on_sale", "superseded", "delisted", "withdrawn", "api",
    "key",
)  # fmt: skip
REFERENCE_SIZE: Final = 70.0


class Stock:
    """Columns of models in growing arrays: `number("q")` and `code("tier")` are (models,)."""

    def __init__(self) -> None:
        self._count = 0
        self._floats = np.zeros((len(FLOATS), 64))
        self._integers = np.zeros((len(INTEGERS), 64), np.int64)

    def __len__(self) -> int:
        return self._count

    @property
    def numbers(self) -> NDArray[np.float64]:
        """(FLOATS, room) all columns of numbers; what lies behind the last model is not set."""
        return self._floats

    @property
    def codes(self) -> NDArray[np.int64]:
        """(INTEGERS, room) all columns of codes."""
        return self._integers

    def number(self, name: str) -> NDArray[np.float64]:
        """Column of `FLOATS`."""
        return self._floats[FLOATS.index(name), : self._count]

    def code(self, name: str) -> NDArray[np.int64]:
        """Column of `INTEGERS`; months that have not come are `NEVER`."""
        return self._integers[INTEGERS.index(name), : self._count]

    def update(self, models: Sequence[Model]) -> None:
        """Take in what was released or changed since the last update."""
        self._count = len(models)
        if self._count > self._floats.shape[1]:
            wider = np.zeros((len(FLOATS), 2 * self._count))
            wider[:, : self._floats.shape[1]] = self._floats
            codes = np.zeros((len(INTEGERS), 2 * self._count), np.int64)
            codes[:, : self._integers.shape[1]] = self._integers
            self._floats, self._integers = wider, codes
        changed = [model for model in models if model.changed]
        if not changed:
            return
        places = [model.index for model in changed]
        self._floats[:, places] = np.array([_numbers(model) for model in changed]).T
        self._integers[:, places] = np.array([_codes(model) for model in changed]).T
        for model in changed:
            model.changed = False


def _numbers(model: Model) -> list[float]:
    price = math.nan if model.list_price is None else model.list_price
    size = math.log(model.active_params / REFERENCE_SIZE)
    return [
        model.q, model.first_perceived, model.serving_cost, model.total_params, size, price,
        model.users_threshold,
    ]  # fmt: skip


def _codes(model: Model) -> list[int]:
    months = (model.superseded, model.withdrawn)
    superseded, withdrawn = (NEVER if month is None else month for month in months)
    return [
        model.vendor, model.tier, int(model.open), model.licence, model.on_sale, superseded,
        int(model.delisted), withdrawn, int(model.api), model.key,
    ]  # fmt: skip
