"""Where two tables of the same name differ: first month, first column, largest distance."""

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

ACROSS_PROCESSORS = 1e-6
"""Largest relative difference that runs on two CPU feature levels may show."""


@dataclass(frozen=True)
class Difference:
    """The first place where a table differs; fields that do not apply are None."""

    table: str
    reason: str
    month: int | None = None
    column: str | None = None
    relative: float | None = None

    def __str__(self) -> str:
        place = f" in month {self.month}" if self.month is not None else ""
        what = f", column {self.column}" if self.column else ""
        size = f", by up to {self.relative:.3g} relative" if self.relative is not None else ""
        return f"{self.table}: {self.reason}{place}{what}{size}"


def compare_tables(
    name: str, left: pa.Table, right: pa.Table, tolerance: float = 0.0
) -> Difference | None:
    """Return the first difference of two tables beyond the relative `tolerance`, or None."""
    if left.column_names != right.column_names:
        odd = sorted(set(left.column_names) ^ set(right.column_names))
        return Difference(name, "other columns", column=", ".join(odd))
    if left.num_rows != right.num_rows:
        return Difference(name, "other numbers of rows", month=first_month_of(left, right))
    return compare_columns(name, left, right, tolerance)


def compare_columns(
    name: str, left: pa.Table, right: pa.Table, tolerance: float
) -> Difference | None:
    """Compare tables of one shape column by column."""
    first: tuple[int, str] | None = None
    largest = 0.0
    for column in left.column_names:
        distance = distances(left[column], right[column])
        beyond = np.flatnonzero(distance > tolerance)
        if not beyond.size:
            continue
        largest = max(largest, float(distance.max()))
        if first is None or beyond[0] < first[0]:
            first = (int(beyond[0]), column)
    if first is None:
        return None
    relative = largest if math.isfinite(largest) else None
    return Difference(name, "differs", left["month"][first[0]].as_py(), first[1], relative)


def distances(left: pa.ChunkedArray, right: pa.ChunkedArray) -> np.ndarray:
    """Return the relative distance per row: infinite for other words and null against value."""
    if left.equals(right):
        return np.zeros(len(left))
    if not (numeric(left.type) and numeric(right.type)):
        pairs = zip(left.to_pylist(), right.to_pylist(), strict=True)
        return np.array([0.0 if a == b else np.inf for a, b in pairs])
    a, b = (column.cast(pa.float64()).to_numpy() for column in (left, right))
    scale = np.maximum(np.abs(a), np.abs(b))
    relative = np.divide(np.abs(a - b), scale, out=np.zeros(len(a)), where=scale != 0)
    return np.where(np.isnan(a) & np.isnan(b), 0.0, np.where(np.isnan(relative), np.inf, relative))


def numeric(kind: pa.DataType) -> bool:
    """Return whether values of this type have a distance."""
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def first_month_of(left: pa.Table, right: pa.Table) -> int | None:
    """Return the first month whose number of rows differs."""
    counts = [np.bincount(table["month"].to_numpy()) for table in (left, right)]
    size = max(len(count) for count in counts)
    padded = [np.pad(count, (0, size - len(count))) for count in counts]
    return int(np.argmax(padded[0] != padded[1])) if size else None
