"""Which rows of a store a set of enterprises holds, and in what order: the algebra of sets."""

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any, ClassVar, Self, TypeGuard

import numpy as np
from mesa.agentset import AbstractAgentSet
from numpy.typing import ArrayLike, NDArray

from agents.enterprise.row import ColumnStore, Enterprise, row_in

Rows = NDArray[np.int64]


class RowSet(AbstractAgentSet[Enterprise]):  # type: ignore[misc]  # mesa ships no type information
    """Ordered set of distinct rows of one store.

    The enterprises of a store are fixed: adding to and dropping from a set changes the set, never
    the store. A set never mutates its row array but replaces it, so a loop over the set sees the
    rows it started with. Operators between two sets of one store work on arrays; other operands
    are walked in Python. Results are ordered as Mesa orders them (`a & b` in the order of `b`).
    """

    row_type: ClassVar[type[Enterprise]] = Enterprise
    _rows: Rows
    _mask: NDArray[np.bool_] | None

    def __init__(
        self, store: ColumnStore, rows: ArrayLike | None = None, random: Random | None = None
    ) -> None:
        """Hold `rows` (positions in the store, repeats dropped), by default all of them.

        Shuffles draw from `random`, by default the model's. Raises ValueError for rows outside
        the store and for columns that an attribute of the row view would hide.
        """
        hidden = [name for name in store.column_names() if hasattr(self.row_type, name)]
        if hidden:
            raise ValueError(f"column {hidden[0]!r} is hidden by an attribute of the row view")
        self.store = store
        self.random = store.model.random if random is None else random
        self._replace(np.arange(len(store)) if rows is None else _checked(rows, len(store)))

    @property
    def rows(self) -> Rows:
        """Positions in the store, in the order of the set; read-only."""
        return self._rows

    def __len__(self) -> int:
        return int(self._rows.size)

    def __iter__(self) -> Iterator[Enterprise]:
        store, row_type = self.store, self.row_type
        return (row_type(store, row) for row in self._rows.tolist())

    def __contains__(self, agent: object) -> bool:
        row = row_in(agent, self.store)
        return row is not None and bool(self._members()[row])

    def __copy__(self) -> Self:
        return self._with(self._rows)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self):,} of {len(self.store):,}>"

    def add(self, agent: Enterprise) -> None:
        """Append an enterprise of the same store unless present; ValueError for any other."""
        if agent not in self:
            self._replace(np.append(self._rows, self._rows_of([agent])))

    def discard(self, agent: object) -> None:
        """Drop the enterprise from the set if present."""
        if agent in self:
            self._replace(self._rows[self._rows != row_in(agent, self.store)])

    def remove(self, agent: object) -> None:
        """Drop the enterprise from the set; KeyError when absent."""
        if agent not in self:
            raise KeyError(agent)
        self.discard(agent)

    def clear(self) -> None:
        """Drop all enterprises from the set."""
        self._replace(self._rows[:0])

    def _update(self, agents: Iterable[Enterprise]) -> Self:
        return self._replace(self._rows_of(agents))

    def _from_iterable(self, agents: Iterable[Enterprise]) -> Self:
        """Used by the inherited operators: a set of the same store and generator."""
        return self._with(self._rows_of(agents))

    def __and__(self, other: Any) -> Any:
        if not self._same_store(other):
            return super().__and__(other)
        return self._with(other._rows[self._members()[other._rows]])

    def __or__(self, other: Any) -> Any:
        if not self._same_store(other):
            return super().__or__(other)
        return self._with(np.concatenate([self._rows, (other - self)._rows]))

    def __sub__(self, other: Any) -> Any:
        if not self._same_store(other):
            return super().__sub__(other)
        return self._with(self._rows[~other._members()[self._rows]])

    def __iand__(self, other: Any) -> Any:
        return self._replace((self - (self - other))._rows)

    def __ior__(self, other: Any) -> Any:
        return self._replace((self | other)._rows)

    def __isub__(self, other: Any) -> Any:
        return self._replace((self - other)._rows)

    def __ixor__(self, other: Any) -> Any:
        return self._replace((self ^ other)._rows)

    def __le__(self, other: Any) -> Any:
        if not self._same_store(other):
            return super().__le__(other)
        return bool(other._members()[self._rows].all())

    def __ge__(self, other: Any) -> Any:
        return other <= self if self._same_store(other) else super().__ge__(other)

    def isdisjoint(self, other: Iterable[Any]) -> bool:
        """Whether no enterprise is in both."""
        if not self._same_store(other):
            return bool(super().isdisjoint(other))
        return len(self & other) == 0

    def _same_store(self, other: object) -> TypeGuard["RowSet"]:
        return isinstance(other, RowSet) and other.store is self.store

    def _members(self) -> NDArray[np.bool_]:
        """Which rows of the store are in the set; built once per content, 1 byte a row."""
        mask = self._mask
        if mask is None:
            mask = self._mask = np.zeros(len(self.store), dtype=np.bool_)
            mask[self._rows] = True
        return mask

    def _rows_of(self, agents: Iterable[object]) -> Rows:
        """Rows of views of this store, repeats dropped; ValueError for anything else."""
        rows: dict[int, None] = {}
        for agent in agents:
            row = row_in(agent, self.store)
            if row is None:
                raise ValueError(f"{agent!r} is not an enterprise of this store")
            rows[row] = None
        return np.fromiter(rows, dtype=np.int64, count=len(rows))

    def _with(self, rows: Rows) -> Self:
        """A new set of these distinct rows of the same store."""
        made = object.__new__(type(self))
        made.store, made.random = self.store, self.random
        return made._replace(rows)

    def _replace(self, rows: Rows) -> Self:
        """Hold these distinct rows instead; takes over the array."""
        rows.setflags(write=False)
        self._rows = rows
        self._mask = None
        return self


def _checked(rows: ArrayLike, length: int) -> Rows:
    """Rows as a fresh int64 array, each once, in order of first appearance."""
    given = np.array(rows)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise ValueError("rows are a one-dimensional array of whole numbers")
    if given.size and not 0 <= given.min() <= given.max() < length:
        raise ValueError(f"rows go from 0 to {length - 1}")
    found = given.astype(np.int64)
    _, first = np.unique(found, return_index=True)
    return found if first.size == found.size else found[np.sort(first)]
