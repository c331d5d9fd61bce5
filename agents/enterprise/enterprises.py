"""The enterprises of a market as a columnar set that answers as a Mesa AgentSet does."""

import itertools
import math
import operator
import warnings
from collections.abc import Callable, Hashable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agents.enterprise.groups import (
    EnterpriseGroups,
    Positions,
    positions_by_key,
    positions_by_value,
)
from agents.enterprise.membership import RowSet
from agents.enterprise.row import ColumnStore, Enterprise, column_of, fitted

__all__ = ["ColumnStore", "Enterprise", "EnterpriseLoopWarning", "Enterprises"]

LOOP_WARNING_ROWS = 100_000
_HERE = str(Path(__file__).parent)


class EnterpriseLoopWarning(UserWarning):
    """Many enterprises are visited one by one in Python where columns would do."""


class Enterprises(RowSet):
    """A set of enterprises over a store of columns, with the interface of Mesa 3.5's AgentSet.

    Operations that name columns (`get`, `set`, `select`, `agg`, `groupby`, `sort`) run on arrays:
    milliseconds per million rows. Those that take a function of an enterprise visit row views,
    about a microsecond each plus the function, and warn above 100,000 rows. Differences from
    Mesa: `get` returns arrays, `set` cannot create an attribute, members cannot leave the store,
    and there is no `index` and `count` of a sequence, which Mesa 4 drops. A subclass of
    `Enterprise` named as `row_type` may add methods and computed attributes to the views.
    """

    @overload
    def __getitem__(self, item: int) -> Enterprise: ...

    @overload
    def __getitem__(self, item: slice) -> list[Enterprise]: ...

    def __getitem__(self, item: int | slice) -> Enterprise | list[Enterprise]:
        """The enterprise at a position of the set, or a list of them for a slice."""
        rows = self._rows[item].tolist()
        if isinstance(rows, int):
            return self.row_type(self.store, rows)
        return [self.row_type(self.store, row) for row in rows]

    def to_list(self) -> list[Enterprise]:
        """All row views, in the order of the set."""
        return list(self)

    def select(
        self,
        filter_func: Callable[[Any], Any] | str | NDArray[np.bool_] | None = None,
        at_most: int | float = math.inf,
        inplace: bool = False,
        agent_type: type | None = None,
    ) -> Self:
        """The members that pass a filter, at most so many, in the order of the set.

        `filter_func` is a function of an enterprise, the name of a boolean column, or a boolean
        array with one value per member of this set. `at_most` is a number of enterprises, or as a
        float up to 1.0 a share of this set, rounded down. `inplace` narrows this set instead of
        making a new one. Raises TypeError for a filter that is not boolean and ValueError for an
        array of another length.
        """
        limit = _limit(at_most, len(self))
        if agent_type is not None and not issubclass(self.row_type, agent_type):
            limit = 0
        rows = self._rows[self._passing(filter_func, limit)]
        return self._replace(rows) if inplace else self._with(rows)

    def get(
        self,
        attr_names: str | Iterable[str],
        handle_missing: Literal["error", "default"] = "error",
        default_value: Any = None,
    ) -> NDArray[Any]:
        """Values of the members as they are now, in the order of the set, as read-only arrays.

        One name gives a one-dimensional array of the column's type. Several names give a
        structured array with one row per enterprise and one field per name: rows unpack
        (`for size, spend in firms.get(["size", "spend"])`) and fields keep their types
        (`table["spend"]`). With `handle_missing="default"` an unknown name reads as
        `default_value` for everyone, otherwise it raises AttributeError.
        """
        if handle_missing not in ("error", "default"):
            raise ValueError(
                f"Unknown handle_missing option: {handle_missing}, "
                "should be one of 'error' or 'default'"
            )

        def values(name: str) -> NDArray[Any]:
            try:
                return self._values(name)
            except AttributeError:
                if handle_missing == "error":
                    raise
                return _repeated(default_value, len(self))

        if isinstance(attr_names, str):
            result = values(attr_names)
        else:
            result = _table({name: values(name) for name in attr_names}, len(self))
        result.setflags(write=False)
        return result

    def set(self, attr_name: str, value: ArrayLike) -> Self:
        """Write one value, or an array with one value per member, to a column.

        Raises AttributeError for an unknown column, TypeError for a value of another kind and
        ValueError for one that does not fit or an array of another length; then nothing is
        written.
        """
        column = column_of(self.store, attr_name)
        values = fitted(value, column.dtype, attr_name)
        if values.shape not in ((), (len(self),)):
            raise ValueError(f"{values.shape} values for {len(self)} enterprises")
        column[self._rows] = values
        return self

    def agg(self, attribute: str, func: Callable[..., Any] | Iterable[Callable[..., Any]]) -> Any:
        """`func` of the members' values, or a list of results for several functions.

        Functions receive the array of `get`. The built-in `sum`, `min` and `max` run as their
        numpy equals and give plain Python numbers: sums of floats in float64 (pairwise), and a
        missing value (NaN) makes the result NaN.
        """
        values = self.get(attribute)
        if callable(func):
            return _aggregated(values, func)
        return [_aggregated(values, each) for each in func]

    def groupby(
        self,
        by: Callable[[Any], Hashable] | str,
        result_type: Literal["agentset", "list"] = "agentset",
    ) -> EnterpriseGroups:
        """Members that share a column's value, or the result of a function, as groups.

        Groups come in the order in which their key first appears, each a set of this kind or,
        with `result_type="list"`, a list of row views.
        """
        positions: dict[Hashable, Positions]
        if isinstance(by, str):
            positions = positions_by_value(self._values(by))
        else:
            positions = positions_by_key(by(view) for view in self._visited())
        sets = {key: self._with(self._rows[found]) for key, found in positions.items()}
        if result_type == "agentset":
            return EnterpriseGroups(sets)
        return EnterpriseGroups({key: group.to_list() for key, group in sets.items()})

    def shuffle(self, inplace: bool = False) -> Self:
        """The set in random order: the order Mesa would give for the same generator."""
        order = self._rows.tolist()
        self.random.shuffle(order)
        rows = np.array(order, dtype=np.int64)
        return self._replace(rows) if inplace else self._with(rows)

    def sort(
        self, key: Callable[[Any], Any] | str, ascending: bool = False, inplace: bool = False
    ) -> Self:
        """The set ordered by a column or a function of an enterprise, by default descending.

        Equal values keep their order. Missing numbers (NaN) of a column count as the largest.
        """
        if isinstance(key, str):
            positions = _order(self._values(key), ascending)
        else:
            positions = _python_order([key(view) for view in self._visited()], ascending)
        rows = self._rows[positions]
        return self._replace(rows) if inplace else self._with(rows)

    def do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Self:
        """Call a method, by name, or a function on each row view, in order; returns the set."""
        call = _caller(method, args, kwargs)
        for view in self._visited():
            call(view)
        return self

    def shuffle_do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Self:
        """As `do`, in random order; the order of the set stays."""
        self.shuffle().do(method, *args, **kwargs)
        return self

    def map(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Results of a method, by name, or of a function for each row view, in order."""
        call = _caller(method, args, kwargs)
        return [call(view) for view in self._visited()]

    def _visited(self) -> Iterator[Enterprise]:
        """Row views for a Python loop, with a warning to the outside caller if there are many."""
        if len(self) > LOOP_WARNING_ROWS:
            warnings.warn(
                f"{len(self):,} enterprises are visited one by one; get, set, select, agg and "
                "groupby on columns are far faster",
                EnterpriseLoopWarning,
                skip_file_prefixes=(_HERE,),
            )
        return iter(self)

    def _passing(
        self, passes: Callable[[Any], Any] | str | NDArray[np.bool_] | None, limit: int
    ) -> Positions | slice:
        """Positions of the first `limit` members that pass."""
        if passes is None:
            return slice(limit)
        if callable(passes):
            hits = (at for at, view in enumerate(self._visited()) if passes(view))
            return np.fromiter(itertools.islice(hits, limit), dtype=np.int64)
        mask = self._values(passes) if isinstance(passes, str) else np.asarray(passes)
        if mask.dtype != np.bool_:
            raise TypeError(f"a filter is boolean, not {mask.dtype}")
        if mask.shape != (len(self),):
            raise ValueError(f"a filter of {mask.shape} values for {len(self)} enterprises")
        return np.flatnonzero(mask)[:limit]

    def _values(self, name: str) -> NDArray[Any]:
        """A fresh array of the members' values of a column or of an attribute of the views."""
        if name == "unique_id":
            return self.store.identity[self._rows]
        if hasattr(self.row_type, name):
            found = (getattr(view, name) for view in self)
            return np.fromiter(found, dtype=np.object_, count=len(self))
        return column_of(self.store, name)[self._rows]


def _limit(at_most: int | float, size: int) -> int:
    """Number of enterprises that `at_most` allows out of `size`, as Mesa counts them."""
    if isinstance(at_most, float) and at_most <= 1.0:
        return max(0, int(size * at_most))
    return max(0, math.ceil(min(at_most, size)))


def _repeated(value: Any, size: int) -> NDArray[Any]:
    """`size` times one value; what numpy does not know as a scalar is kept as an object."""
    dtype = np.asarray(value).dtype if np.isscalar(value) else np.dtype(np.object_)
    array = np.empty(size, dtype=dtype)
    array.fill(value)
    return array


def _table(columns: dict[str, NDArray[Any]], size: int) -> NDArray[Any]:
    """Structured array with one field per column."""
    table = np.empty(size, dtype=[(name, values.dtype) for name, values in columns.items()])
    for name, values in columns.items():
        table[name] = values
    return table


def _aggregated(values: NDArray[Any], func: Callable[..., Any]) -> Any:
    """`func(values)`, with the slow built-ins replaced by numpy's where they mean the same."""
    if values.dtype.kind not in "biuf":
        return func(values)
    if func is sum:
        return values.sum(dtype=np.float64 if values.dtype.kind == "f" else None).item()
    if func is min:
        return values.min().item()
    if func is max:
        return values.max().item()
    return func(values)


def _order(values: NDArray[Any], ascending: bool) -> Positions:
    """Stable order of an array; object arrays by Python's comparison."""
    if values.dtype.kind == "O":
        return _python_order(values.tolist(), ascending)
    if ascending:
        return np.argsort(values, kind="stable")
    # Sorting the reversed array keeps equal values in their order once reversed back.
    return values.size - 1 - np.argsort(values[::-1], kind="stable")[::-1]


def _python_order(keys: list[Any], ascending: bool) -> Positions:
    order = sorted(range(len(keys)), key=keys.__getitem__, reverse=not ascending)
    return np.array(order, dtype=np.int64)


def _caller(
    method: str | Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Callable[[Enterprise], Any]:
    """Calls the named method of a view, or the function with the view as first argument."""
    if isinstance(method, str):
        return operator.methodcaller(method, *args, **kwargs)
    return lambda view: method(view, *args, **kwargs)
