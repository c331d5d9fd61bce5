"""The output tables of one run: their Arrow schemas and the one way to build a table.

Statistics without a denominator are null, never zero or NaN. Readers of stored tables accept an
older `SCHEMA_VERSION` (new columns read as null) and refuse a newer one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from agents.common.vocabulary import month_name
from sim.schema_market import MARKET
from sim.schema_tables import (
    DECISION,
    EVENT,
    HOST,
    OFFERING,
    OPERATOR,
    PANEL,
    SEGMENT,
    VENDOR,
)

SCHEMA_VERSION = 3

SCHEMAS: dict[str, pa.Schema] = {
    "market": MARKET,
    "vendor": VENDOR,
    "host": HOST,
    "operator": OPERATOR,
    "offering": OFFERING,
    "decision": DECISION,
    "segment": SEGMENT,
    "event": EVENT,
    "panel": PANEL,
}


def table(name: str, columns: Mapping[str, Sequence[Any] | np.ndarray]) -> pa.Table:
    """Build the table `name` in the order of its schema.

    Missing columns become null, and so do numbers that are not finite; a missing `date` is that of
    the month. Raises KeyError for an
    unknown table, ValueError for unknown columns or unequal lengths, and Arrow's own errors for
    values of the wrong kind.
    """
    schema = SCHEMAS[name]
    refuse_unknown(name, schema, columns)
    rows = common_length(name, columns)
    absent = [None] * rows
    arrays = {f.name: to_arrow(f, columns.get(f.name, absent)) for f in schema}
    if "date" not in columns:
        arrays["date"] = dates(arrays["month"])
    return pa.Table.from_arrays(list(arrays.values()), schema=schema)


def dates(months: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return calendar months, YYYY-MM, of months counted from 2023-01; null for null."""
    span = pc.min_max(months).as_py()
    if span["min"] is None:
        return pa.nulls(len(months), pa.string())
    names = [month_name(month) for month in range(span["min"], span["max"] + 1)]
    return pc.take(pa.array(names, pa.string()), pc.subtract(months, span["min"]))


def refuse_unknown(name: str, schema: pa.Schema, columns: Mapping[str, Any]) -> None:
    """Raise ValueError if `columns` holds a name that the schema does not."""
    unknown = sorted(set(columns) - set(schema.names))
    if unknown:
        raise ValueError(f"table {name} has no column {', '.join(unknown)}")


def common_length(name: str, columns: Mapping[str, Sequence[Any] | np.ndarray]) -> int:
    """Return the number of rows that all columns share; raise ValueError if they differ."""
    lengths = {key: len(values) for key, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"columns of table {name} differ in length: {lengths}")
    return next(iter(lengths.values()), 0)


def to_arrow(field: pa.Field, values: Sequence[Any] | np.ndarray) -> pa.Array:
    """Convert one column to its declared type, with null for NaN and infinities."""
    if not pa.types.is_floating(field.type):
        return pa.array(values, from_pandas=True).cast(field.type)
    plain = np.asarray(values, dtype=np.float64)
    return pa.array(plain, mask=~np.isfinite(plain))
