"""Outcomes taken from tables with several rows a month: which rows, which columns, by month."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from experiments.sweeps.factors import ExperimentError
from experiments.sweeps.words import Words, fixed_words
from sim.catalogue import shown
from sim.schemas import SCHEMAS
from sim.written import Fields, is_number, nearest

FIELDS: Final = ("table", "where", "column", "per", "weight")
TABLES: Final = ("market", "vendor", "segment", "decision", "offering", "host", "operator")
LARGEST_WHOLE: Final = 2**31 - 1
"""Of the type that tables have for whole numbers."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """Columns of a table, added up over the rows of a month that have some values.

    With `per` the sum is divided by that of other columns; with `weight` the rows are weighted,
    in both sums alike. zero: months without a row count as 0 instead of having no value.
    """

    table: str
    columns: tuple[str, ...]
    per: tuple[str, ...] = ()
    weight: str = ""
    where: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    zero: bool = False

    @classmethod
    def of_vendor(cls, spec: Mapping[str, Any], where: str) -> "Rows":
        """What `{ vendor = "Meta", column = "profit" }` declares: months without it count as 0."""
        names = [
            field.name for field in SCHEMAS["vendor"]
            if (pa.types.is_floating(field.type) or pa.types.is_boolean(field.type))
            and not field.name.startswith(("q_", "price_"))
        ]  # fmt: skip
        if not isinstance(spec["vendor"], str) or spec.get("column") not in names:
            given = spec["vendor"] if not isinstance(spec["vendor"], str) else spec.get("column")
            raise ExperimentError(
                f"{where}: a vendor's name goes with a column {', '.join(names)}, "
                f"not {shown(given)}"
            )
        chosen = (("vendor", (spec["vendor"],)),)
        return cls("vendor", (str(spec["column"]),), where=chosen, zero=True)

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any], where: str) -> "Rows":
        """What an outcome of a file declares; ExperimentError where it cannot be."""
        fields = Fields(spec, ExperimentError, where)
        name = fields.word("table", TABLES, "market")
        chosen = spec.get("where", {})
        if not isinstance(chosen, Mapping):
            raise ExperimentError(
                f'{where}: where is a table, such as {{ vendor = "Meta" }}, not {shown(chosen)}'
            )
        conditions = tuple(condition(name, key, value, where) for key, value in chosen.items())
        weight = fields.text("weight", "") if "weight" in spec else ""
        return cls(
            name, numeric(name, spec.get("column"), where, "column"),
            numeric(name, spec["per"], where, "per") if "per" in spec else (),
            numeric(name, weight, where, "weight")[0] if "weight" in spec else "", conditions,
        )  # fmt: skip

    @classmethod
    def from_text(cls, text: str) -> "Rows":
        """The inverse of `text`."""
        table, columns, per, weight, where, zero = json.loads(text)
        chosen = tuple((key, tuple(values)) for key, values in where)
        return cls(table, tuple(columns), tuple(per), weight, chosen, zero)

    @property
    def text(self) -> str:
        """All of it as one line of JSON."""
        parts = [self.table, self.columns, self.per, self.weight, self.where, self.zero]
        return json.dumps(parts)

    @property
    def words(self) -> str:
        """What is added up, in a few words."""
        what = " + ".join(self.columns) + (f" per {' + '.join(self.per)}" if self.per else "")
        which = ", ".join(f"{key} {' or '.join(map(str, values))}" for key, values in self.where)
        return f"{what} of {self.table}" + (f" ({which})" if which else "")

    def by_month(self, table: pa.Table, months: int) -> Floats:
        """A value for each month; NaN where no row has one, or what it is divided by is 0."""
        for key, values in self.where:
            table = table.filter(pc.is_in(table[key], pa.array(values, table[key].type)))
        month = table["month"].to_numpy()
        weight = floats(table, self.weight) if self.weight else np.ones(len(month))
        top, found = summed(table, self.columns, weight, month, months)
        if not self.per:
            rows = np.bincount(month, minlength=months)[:months]
            unknown = (found == 0) & (rows > 0) if self.zero else found == 0
            return np.where(unknown, np.nan, top)
        bottom, _ = summed(table, self.per, weight, month, months)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return np.where((found > 0) & (bottom != 0.0), top / bottom, np.nan)


def summed(
    table: pa.Table, columns: Sequence[str], weight: Floats, month: NDArray[np.int64], months: int
) -> tuple[Floats, Floats]:
    """Weighted sums of columns by month, and how many rows had a value."""
    total, count = np.zeros(months), np.zeros(months)
    for name in columns:
        values = floats(table, name)
        known = np.isfinite(values) & np.isfinite(weight)
        total += np.bincount(month[known], values[known] * weight[known], months)[:months]
        count += np.bincount(month[known], minlength=months)[:months]
    return total, count


def floats(table: pa.Table, name: str) -> Floats:
    """A column as floats, NaN where it has no value."""
    found: Floats = table[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
    return found


def known(table: str, name: Any, where: str) -> str:
    """A column of a table; ExperimentError with the nearest ones for another."""
    names = SCHEMAS[table].names
    if isinstance(name, str) and name in names:
        return name
    close = get_close_matches(str(name), names, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else "docs/results.md lists them"
    raise ExperimentError(f"{where}: the {table} table has no column {shown(name)}; {hint}")


def condition(table: str, key: str, value: Any, where: str) -> tuple[str, tuple[Any, ...]]:
    """A column and the values that a row may have there, of the column's type.

    Raises ExperimentError for values that no row can have in any run.
    """
    kind = SCHEMAS[table].field(known(table, key, where)).type
    values = tuple(value) if isinstance(value, list) else (value,)
    if not values:
        raise ExperimentError(f"{where}: where.{key} is an empty list, which no row matches")
    needed, fits = fitting(kind)
    words = fixed_words(table, key)
    for one in values:
        if not fits(one):
            raise ExperimentError(f"{where}: where.{key} must be {needed}, not {shown(one)}")
        if words is not None and one not in words:
            raise ExperimentError(no_row(table, key, one, words, where))
    return key, values


def fitting(kind: pa.DataType) -> tuple[str, Callable[[Any], bool]]:
    """What values of a column are in words, and whether a value is one."""
    if pa.types.is_string(kind):
        return "text in quotes", lambda value: isinstance(value, str)
    if pa.types.is_boolean(kind):
        return "true or false", lambda value: isinstance(value, bool)
    if pa.types.is_integer(kind):
        return (
            "a whole number",
            lambda value: type(value) is int and abs(value) <= LARGEST_WHOLE,
        )
    return "a number", is_number


def no_row(table: str, key: str, value: Any, words: Sequence[Any], where: str) -> str:
    """The sentence about a word that no row has, with the nearest that rows have."""
    if key == "month":
        hint = f"months are 0 to {len(words) - 1}"
    else:
        hint = nearest(value, map(str, words))
    return f"{where}: no row of {table} can have {key} {shown(value)}; {hint}"


def refuse_unmatched(rows: Rows, words: Words, where: str) -> None:
    """Raise ExperimentError for a filter on names that no scenario of a sweep has."""
    for key, values in rows.where:
        possible = words.known(rows.table, key)
        for value in values if possible is not None else ():
            if possible is not None and value not in possible:
                raise ExperimentError(no_row(rows.table, key, value, possible, where))


def numeric(table: str, names: Any, where: str, field: str) -> tuple[str, ...]:
    """Columns with numbers, one or more; field: the field that names them."""
    listed = names if isinstance(names, list) else [names]
    if not listed:
        raise ExperimentError(f"{where}: {field} is an empty list; name a column of {table}")
    found = tuple(known(table, name, where) for name in listed)
    if len(set(found)) < len(found):
        raise ExperimentError(f"{where}: {field} names a column twice; keep one")
    for name in found:
        if pa.types.is_string(SCHEMAS[table].field(name).type):
            raise ExperimentError(f"{where}: {name} is text and cannot be added up")
    return found
