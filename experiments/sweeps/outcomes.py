"""What a sweep keeps of each run: numbers taken from the market table, declared by name."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from agents.common.vocabulary import month_index, month_name
from experiments.evidence.checks import Check, all_checks
from experiments.sweeps.decomposition import FIELD as SHAPLEY
from experiments.sweeps.decomposition import Shapley, is_shapley
from experiments.sweeps.factors import ExperimentError
from experiments.sweeps.rows import FIELDS as ROW_FIELDS
from experiments.sweeps.rows import Rows, refuse_unmatched
from experiments.sweeps.words import Words
from sim.catalogue import shown
from sim.scenario import check_month
from sim.schema_market import MARKET
from sim.written import is_number, spot

Floats = NDArray[np.float64]
YEAR: Final = 12
FIELDS: Final = ("column", "at", "from", "to", "last", "reduce", "threshold")
VENDOR: Final = "vendor"
"""Field that names a vendor whose column in the vendor table is the outcome."""
FACT: Final = "fact"
"""Field that names an observed fact, and the `reduce` of an outcome that is its value in a run."""
REGIME: Final = "regime"
"""Name of an outcome that every run has."""


Reduce = Callable[[Floats, Floats, float], float | None]
"""Months, values and threshold to one number; None where there is none."""


@dataclass(frozen=True)
class Reduction:
    """A way in which a stretch of months becomes one number."""

    reduce: Reduce
    meaning: str
    threshold: bool = False
    """Whether it needs one."""


def _slope(months: Floats, values: Floats, _: float) -> float | None:
    """Least squares, per year."""
    if len(values) < 2:
        return None
    centred = months - months.mean()
    return float(YEAR * (centred @ (values - values.mean())) / (centred @ centred))


def _first(test: Callable[[Floats, float], NDArray[np.bool_]]) -> Reduce:
    def reduce(months: Floats, values: Floats, threshold: float) -> float | None:
        reached = months[test(values, threshold)]
        return float(reached[0]) if reached.size else None

    return reduce


def _discounted(months: Floats, values: Floats, rate: float) -> float:
    """Present value in month 0 of values month by month; rate: a year."""
    return float((values * (1.0 + rate) ** (-months / YEAR)).sum())


REDUCTIONS: Final = {
    "mean": Reduction(lambda _m, v, _t: float(v.mean()), "mean over the months"),
    "min": Reduction(lambda _m, v, _t: float(v.min()), "smallest value"),
    "max": Reduction(lambda _m, v, _t: float(v.max()), "largest value"),
    "sum": Reduction(lambda _m, v, _t: float(v.sum()), "sum over the months"),
    "change": Reduction(lambda _m, v, _t: float(v[-1] - v[0]), "last value less the first"),
    "slope": Reduction(_slope, "least-squares slope, per year"),
    "first-above": Reduction(_first(np.greater), "first month above the threshold", True),
    "first-below": Reduction(_first(np.less), "first month below the threshold", True),
    "discounted": Reduction(
        _discounted, "sum, discounted to 2023-01 by the yearly rate given as threshold", True
    ),
    "share-above": Reduction(
        lambda _m, v, t: float((v > t).mean()), "share of the months above the threshold", True
    ),
    "share-below": Reduction(
        lambda _m, v, t: float((v < t).mean()), "share of the months below the threshold", True
    ),
}
"""Ways to reduce; months without a value are left out before."""
WITH_THRESHOLD: Final = tuple(name for name, one in REDUCTIONS.items() if one.threshold)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One number of a run: a column of the market table, reduced over months, or a fact's value.

    first, last: months since 2023-01, inclusive; equal for a value at one month.
    reduce: a key of `REDUCTIONS`, "at", or "fact": then `column` is the id of a fact.
    """

    name: str
    column: str
    reduce: str
    first: int
    last: int
    threshold: float = 0.0
    rows: str = ""
    """Where `column` is not one of the market table: the rows and columns added up, as text."""

    def described(self) -> list[Any]:
        """The fields, those at rest left out."""
        fields = [self.name, self.column, self.reduce, self.first, self.last, self.threshold]
        return [*fields, self.rows] if self.rows else fields

    @property
    def kind(self) -> pa.DataType:
        """Arrow type of the outcome."""
        if self.reduce == FACT or self.rows:
            return pa.float64()
        return pa.string() if pa.types.is_string(MARKET.field(self.column).type) else pa.float64()

    @property
    def awaited(self) -> bool:
        """Whether it is the first month of something: a run without a value never gets there."""
        return self.reduce.startswith("first-")

    @property
    def words(self) -> str:
        """What the outcome is, in a few words."""
        if self.reduce == FACT:
            return fact_of(self.column, self.name).label
        first, last = month_name(self.first), month_name(self.last)
        what = source_of(self.rows).words if self.rows else self.column
        if self.reduce == "at":
            return f"{what} at {last}"
        limit = f" {self.threshold:g}" if self.reduce in WITH_THRESHOLD else ""
        return f"{self.reduce}{limit} of {what}, {first} to {last}"

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables of a run that it is taken from."""
        if self.rows:
            return (source_of(self.rows).table,)
        return ("market",) if self.reduce != FACT else fact_of(self.column, self.name).tables

    def measure(self, tables: Mapping[str, pa.Table]) -> float | str | None:
        """The outcome of a run's tables; None where they have no value for it."""
        if self.rows:
            rows = source_of(self.rows)
            return self._reduced(rows.by_month(tables[rows.table], self.last + 1))
        if self.reduce != FACT:
            return self.of(tables["market"])
        value = fact_of(self.column, self.name).measure(tables)
        return value if value is not None and math.isfinite(value) else None

    def of(self, market: pa.Table) -> float | str | None:
        """The outcome of a run's market table; None where the table has no value for it."""
        column = market[self.column]
        if self.reduce == "at":
            value = column[self.last].as_py()
            if isinstance(value, str):
                return value
            return None if value is None or not math.isfinite(value) else float(value)
        return self._reduced(column.cast(pa.float64()).to_numpy())

    def _reduced(self, series: Floats) -> float | None:
        """One number of a value for every month; None where no month has one."""
        if self.reduce == "at":
            return float(series[self.last]) if math.isfinite(series[self.last]) else None
        numbers = series[self.first : self.last + 1]
        known = np.isfinite(numbers)
        if not known.any():
            return None
        months = np.arange(self.first, self.last + 1, dtype=np.float64)
        return REDUCTIONS[self.reduce].reduce(months[known], numbers[known], self.threshold)


def outcomes_of(tree: Mapping[str, Any], months: int, label: str) -> list[Outcome]:
    """The outcomes an experiment file declares, in its order."""
    if not tree:
        raise ExperimentError(f"{label}: name an outcome or more, such as [outcomes] hhi = ...")
    return [
        outcome_of(name, spec, months, f"{spot(label, 'outcomes', name)}: {name}")
        for name, spec in tree.items()
    ]


def outcome_of(name: str, spec: Any, months: int, where: str) -> Outcome:
    """The outcome one entry declares: a column's name, or a table of fields."""
    if not name.replace("-", "_").isidentifier() or name in (REGIME, "run_id"):
        raise ExperimentError(
            f"{where}: an outcome's name has letters, digits and '_' only, and is not "
            f"{REGIME} or run_id"
        )
    if isinstance(spec, str):
        spec = {"column": spec}
    if not isinstance(spec, Mapping):
        raise ExperimentError(f"{where} must be a column or a table of fields, not {shown(spec)}")
    if FACT in spec:
        return fact_outcome(name, spec, months, where)
    if unknown := sorted(set(spec) - {*FIELDS, *ROW_FIELDS, SHAPLEY, VENDOR}):
        known = ", ".join(dict.fromkeys((*FIELDS, *ROW_FIELDS, SHAPLEY, VENDOR)))
        raise ExperimentError(f"{where} has {shown(unknown[0])}; fields are {known}")
    rows = declared_source(spec, where)
    column = column_of(spec.get("column"), where) if rows is None else rows.columns[0]
    reduce = reduction_of(spec, None if rows else column, where)
    first, last = window_of(spec, reduce, months, where)
    threshold = spec.get("threshold", 0.0)
    if (reduce in WITH_THRESHOLD) != ("threshold" in spec):
        raise ExperimentError(f"{where}: threshold goes with {', '.join(WITH_THRESHOLD)} only")
    if not is_number(threshold):
        raise ExperimentError(f"{where}: threshold must be a number, not {shown(threshold)}")
    if reduce == "discounted" and threshold < 0:
        raise ExperimentError(f"{where}: threshold is a yearly rate from 0, not {threshold:g}")
    text = "" if rows is None else rows.text
    return Outcome(name, column, reduce, first, last, float(threshold), text)


def declared_source(spec: Mapping[str, Any], where: str) -> Rows | Shapley | None:
    """Where an outcome comes from that is more than one column of the market table."""
    if SHAPLEY in spec:
        if "column" in spec:
            raise ExperimentError(f"{where}: shapley names a term; it goes with no column")
        return Shapley.from_spec(spec, where)
    if VENDOR in spec:
        return Rows.of_vendor(spec, where)
    return Rows.from_spec(spec, where) if added_up(spec) else None


def refuse_strangers(outcomes: Sequence[Outcome], words: Words, label: str) -> None:
    """Raise ExperimentError for an outcome of rows that no scenario of a sweep can have."""
    for outcome in outcomes:
        source = source_of(outcome.rows) if outcome.rows else None
        if isinstance(source, Rows):
            where = f"{spot(label, 'outcomes', outcome.name)}: {outcome.name}"
            refuse_unmatched(source, words, where)


def source_of(text: str) -> Rows | Shapley:
    """The source whose text an outcome keeps."""
    return Shapley(json.loads(text)[SHAPLEY]) if is_shapley(text) else Rows.from_text(text)


def added_up(spec: Mapping[str, Any]) -> bool:
    """Whether an outcome is more than one column of the market table."""
    return isinstance(spec.get("column"), list) or bool({"table", "per", "where"} & set(spec))


def fact_outcome(name: str, spec: Mapping[str, Any], months: int, where: str) -> Outcome:
    """What a run gives for an observed fact: `{ fact = "gap-2023" }`."""
    if set(spec) != {FACT}:
        raise ExperimentError(f"{where}: a fact says all itself; give no other field beside it")
    check = fact_of(spec[FACT], where)
    month = month_of(check.month, months, f"{where}: the month of {check.id}, {check.month},")
    return Outcome(name, check.id, FACT, month, month)


def fact_of(identifier: Any, where: str) -> Check:
    """A fact by id; ExperimentError with the nearest ones for another."""
    known = {check.id: check for check in all_checks()}
    if isinstance(identifier, str) and identifier in known:
        return known[identifier]
    close = get_close_matches(str(identifier), known, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"they are {', '.join(known)}"
    raise ExperimentError(f"{where}: there is no fact {shown(identifier)}; {hint}")


def column_of(column: Any, where: str) -> str:
    """A column of the market table; ExperimentError with the nearest ones for another."""
    names: Sequence[str] = MARKET.names
    if isinstance(column, str) and column in names and column not in ("month", "date"):
        return column
    close = get_close_matches(str(column), names, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else "docs/results.md lists them"
    raise ExperimentError(f"{where}: the market table has no column {shown(column)}; {hint}")


def reduction_of(spec: Mapping[str, Any], column: str | None, where: str) -> str:
    """How the column becomes one value. column: of the market table, None for another."""
    reduce = spec.get("reduce", "at")
    if not isinstance(reduce, str) or reduce not in ("at", *REDUCTIONS):
        known = ", ".join(["at", *REDUCTIONS])
        raise ExperimentError(f"{where}: reduce is one of {known}, not {shown(reduce)}")
    text = column is not None and pa.types.is_string(MARKET.field(column).type)
    if reduce != "at" and text:
        raise ExperimentError(f"{where}: {column} is text, which is taken at one month only")
    return reduce


def window_of(spec: Mapping[str, Any], reduce: str, months: int, where: str) -> tuple[int, int]:
    """First and last month, inclusive; the last month, or all months, unless they are given."""
    if reduce == "at":
        if wrong := {"from", "to", "last"} & set(spec):
            raise ExperimentError(f'{where}: {min(wrong)} needs reduce = "mean" or another')
        at = month_of(spec.get("at", months - 1), months, f"{where}.at")
        return at, at
    if "at" in spec:
        raise ExperimentError(f"{where}: at is one month; a reduction has from and to, or last")
    if "last" in spec:
        count = spec["last"]
        if {"from", "to"} & set(spec):
            raise ExperimentError(f"{where} has last and from or to; keep one")
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= months:
            raise ExperimentError(f"{where}: last is a number of months, 1 to {months}")
        return months - count, months - 1
    first = month_of(spec.get("from", 0), months, f"{where}.from")
    last = month_of(spec.get("to", months - 1), months, f"{where}.to")
    if first > last:
        raise ExperimentError(f"{where}: from lies after to")
    return first, last


def month_of(value: Any, months: int, where: str) -> int:
    """A month as its number since 2023-01, given so or as YYYY-MM."""
    if isinstance(value, str):
        try:
            check_month(value, where)
        except ValueError:
            raise ExperimentError(
                f'{where} is a month written YYYY-MM, such as "2030-12", not {shown(value)}'
            ) from None
        value = month_index(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ExperimentError(f'{where} is a month such as "2030-12", not {shown(value)}')
    if not 0 <= value < months:
        last = month_name(months - 1)
        raise ExperimentError(f"{where} lies outside the {months} months of a run, up to {last}")
    return value


def outcome_schema(outcomes: Sequence[Outcome]) -> pa.Schema:
    """Columns of a sweep's outcome table."""
    fields = [pa.field("run_id", pa.string(), nullable=False)]
    fields += [pa.field(o.name, o.kind, metadata={"description": o.words}) for o in outcomes]
    fields.append(pa.field(REGIME, pa.string(), metadata={"description": "label of the world"}))
    return pa.schema(fields)


def tables_needed(keep: Sequence[str], outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """Tables that a run must make: those kept and those that outcomes are taken from."""
    return tuple(dict.fromkeys([*keep, *(name for o in outcomes for name in o.tables)]))
