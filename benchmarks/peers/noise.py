"""Gumbel noise for the peers: the engine's own by address, or what their library offers.

With the same addressed noise a peer must choose the same; it is timed with noise of its own,
which costs it less.
"""

import math
import random
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import kernel
from agents.common.mathematics import gumbel
from agents.common.randomness import draw
from agents.enterprise.choice import OUTSIDE_KEY
from benchmarks.peers.task import Ints, Task

Floats = NDArray[np.floating[Any]]


@kernel
def gumbels(key: np.uint64, month: int, ids: Ints, items: Ints, lanes: Ints) -> Any:
    """Noise at many addresses, as the engine draws it."""
    drawn = np.empty(ids.size, np.float32)
    for i in range(ids.size):
        drawn[i] = gumbel(draw(key, month, ids[i], items[i], lanes[i]))
    return drawn


class ScalarNoise(Protocol):
    """One number at a time, for objects."""

    def vendor(self, firm: int, key: int) -> float:
        """A firm's luck with a vendor this month."""

    def outside(self, slot: int) -> float:
        """A slot's luck with buying nothing."""

    def offering(self, slot: int, key: int, variant: int) -> float:
        """A slot's luck with an offering."""


class ArrayNoise(Protocol):
    """Many numbers at once, for arrays and frames."""

    def vendors(self, firms: Ints) -> Floats:
        """(firms, vendors)"""

    def outside(self, slots: Ints) -> Floats:
        """(slots,)"""

    def offerings(self, slots: Ints, rows: Ints) -> Floats:
        """(slots, any number) for rows of the book in that shape, or (slots,)."""


class Addressed:
    """The engine's noise, for both kinds of peers."""

    def __init__(self, task: Task) -> None:
        self.month, self.keys, self.book = task.world.month, task.keys, task.book
        self.vendor_keys = task.vendor_keys.astype(np.int64)

    def _drawn(self, key: np.uint64, *address: Any) -> Floats:
        ids, items, lanes = np.broadcast_arrays(*(np.asarray(a, np.int64) for a in address))
        flat: Floats = gumbels(key, self.month, ids.ravel(), items.ravel(), lanes.ravel())
        return flat.reshape(ids.shape)

    def vendors(self, firms: Ints) -> Floats:
        """(firms, vendors)"""
        return self._drawn(self.keys.nest, firms[:, None], self.vendor_keys, 1)

    def offerings(self, slots: Ints, rows: Ints) -> Floats:
        """(slots, any number) for rows of the book in that shape, or (slots,)."""
        b = self.book[rows]
        slots = slots.reshape(-1, *(1,) * (rows.ndim - 1))
        return self._drawn(self.keys.offering, slots, b["key"], b["access"] + 3 * b["tuned"])

    def outside(self, slots: Any) -> Any:
        """(slots,), or the number of one slot."""
        return self._drawn(self.keys.nest, slots, OUTSIDE_KEY, 0)[()]

    def vendor(self, firm: int, key: int) -> float:
        """A firm's luck with a vendor this month."""
        return float(self._drawn(self.keys.nest, firm, key, 1))

    def offering(self, slot: int, key: int, variant: int) -> float:
        """A slot's luck with an offering."""
        return float(self._drawn(self.keys.offering, slot, key, variant))


class PythonNoise:
    """Noise from Python's own generator; addresses do not matter."""

    def __init__(self, seed: int) -> None:
        self._uniform = random.Random(seed).random

    def _gumbel(self) -> float:
        return -math.log(-math.log(self._uniform() or 1e-300))

    def vendor(self, firm: int, key: int) -> float:
        """A firm's luck with a vendor this month."""
        del firm, key
        return self._gumbel()

    def outside(self, slot: int) -> float:
        """A slot's luck with buying nothing."""
        del slot
        return self._gumbel()

    def offering(self, slot: int, key: int, variant: int) -> float:
        """A slot's luck with an offering."""
        del slot, key, variant
        return self._gumbel()


class NumpyNoise:
    """Noise from numpy's generator in a type of choice; addresses do not matter."""

    def __init__(self, seed: int, vendors: int, kind: Any = np.float32) -> None:
        self._exponential = np.random.default_rng(seed).standard_exponential
        self._vendors, self._kind = vendors, kind

    def _gumbel(self, shape: Any) -> Floats:
        waiting: Floats = self._exponential(shape, dtype=self._kind)
        np.maximum(waiting, np.finfo(self._kind).tiny, out=waiting)
        np.log(waiting, out=waiting)
        return np.negative(waiting, out=waiting)

    def vendors(self, firms: Ints) -> Floats:
        """(firms, vendors)"""
        return self._gumbel((firms.size, self._vendors))

    def outside(self, slots: Ints) -> Floats:
        """(slots,)"""
        return self._gumbel(slots.shape)

    def offerings(self, slots: Ints, rows: Ints) -> Floats:
        """(slots, any number) for rows of the book in that shape, or (slots,)."""
        del slots
        return self._gumbel(rows.shape)
