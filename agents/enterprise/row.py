"""One enterprise as a light view of its row, and what a store of columns must offer for it."""

import difflib
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class ColumnStore(Protocol):
    """Columns of equal length, one value per enterprise; rows are never added or removed."""

    def __len__(self) -> int:
        """Number of enterprises, sampled or not."""

    @property
    def identity(self) -> NDArray[np.integer[Any]]:
        """Unique integer id of each enterprise, by row."""

    @property
    def model(self) -> Any:
        """The Mesa model the enterprises belong to; its `random` orders shuffles."""

    def column(self, name: str) -> NDArray[Any]:
        """The live one-dimensional array of that name; raises KeyError for an unknown name."""

    def column_names(self) -> tuple[str, ...]:
        """Names of all columns."""


class Enterprise:
    """One row of a column store, looking like an agent: reads and writes go to the columns.

    Not a `mesa.Agent`: registering one with the model costs about 7 microseconds and an object
    each, too much for millions of enterprises. Views are made when asked for and hold no values;
    two views of one row of one store are equal and hash alike.
    """

    __slots__ = ("_row", "_store")
    _row: int
    _store: ColumnStore

    def __init__(self, store: ColumnStore, row: int) -> None:
        object.__setattr__(self, "_store", store)
        object.__setattr__(self, "_row", row)

    @property
    def unique_id(self) -> int:
        """Id of the enterprise, unique within its store."""
        return int(self._store.identity[self._row])

    @property
    def model(self) -> Any:
        """The Mesa model the enterprise belongs to."""
        return self._store.model

    def __getattr__(self, name: str) -> Any:
        return column_of(self._store, name).item(self._row)

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(type(self), name):
            object.__setattr__(self, name, value)
            return
        column = column_of(self._store, name)
        column[self._row] = fitted(value, column.dtype, name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._store.column_names()]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Enterprise):
            return NotImplemented
        return self._store is other._store and self._row == other._row

    def __hash__(self) -> int:
        return hash((id(self._store), self._row))

    def __reduce__(self) -> tuple[type["Enterprise"], tuple[ColumnStore, int]]:
        return type(self), (self._store, self._row)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(unique_id={self.unique_id})"


def row_in(view: object, store: ColumnStore) -> int | None:
    """Row that `view` shows in `store`; None for anything that is not a view of that store."""
    if isinstance(view, Enterprise) and view._store is store:
        return view._row
    return None


def column_of(store: ColumnStore, name: str) -> NDArray[Any]:
    """Live column; an unknown name raises AttributeError that says the nearest valid one."""
    try:
        return store.column(name)
    except KeyError:
        nearest = difflib.get_close_matches(name, store.column_names(), n=1, cutoff=0.0)
        hint = f"; nearest: {nearest[0]!r}" if nearest else ""
        message = f"enterprises have no column {name!r}{hint}"
        raise AttributeError(message, name=name) from None


def fitted(value: Any, dtype: np.dtype[Any], name: str) -> NDArray[Any]:
    """`value` in the column's type; only floats may be rounded.

    Raises TypeError when the kinds differ (a fraction for a whole-number column) and ValueError
    when a whole number or a text does not fit the column.
    """
    given = np.asarray(value)
    both_whole = given.dtype.kind in "iu" and dtype.kind in "iu"
    if not both_whole and not np.can_cast(given.dtype, dtype, "same_kind"):
        raise TypeError(f"column {name!r} holds {dtype}, not {given.dtype}")
    cast = given.astype(dtype)
    if dtype.kind not in "fcO" and np.any(cast != given):
        raise ValueError(f"column {name!r} holds {dtype}: some values do not fit")
    return cast
