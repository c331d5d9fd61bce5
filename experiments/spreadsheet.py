"""Tables as CSV that spreadsheets read: UTF-8, a heading, nothing for null, no formulas."""

from collections.abc import Iterable
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from experiments.escape import for_csv

FIRST_DAY = "-01"
"""Put behind a month YYYY-MM: spreadsheets take a whole date for one, a month only sometimes."""


def write_csv(schema: pa.Schema, batches: Iterable[pa.RecordBatch], sink: BinaryIO) -> int:
    """Write batches of one schema as one CSV file; return the number of rows.

    Text and headings that a spreadsheet would take for a formula are prefixed by `for_csv`; the
    column `date` becomes the first day of its month.
    """
    heading = pa.schema([(for_csv(field.name), plain(field.type)) for field in schema])
    rows = 0
    with pyarrow.csv.CSVWriter(sink, heading) as writer:
        for batch in batches:
            columns = [
                shown(name, column)
                for name, column in zip(schema.names, batch.columns, strict=True)
            ]
            writer.write_batch(pa.record_batch(columns, schema=heading))
            rows += batch.num_rows
    return rows


def as_csv(table: pa.Table) -> bytes:
    """Return a table as one CSV file; see `write_csv`."""
    sink = pa.BufferOutputStream()
    write_csv(table.schema, table.to_batches(), sink)
    return bytes(sink.getvalue())


def plain(kind: pa.DataType) -> pa.DataType:
    """Return the type that a column is written as: columns without any value as empty text."""
    return pa.string() if pa.types.is_null(kind) else kind


def shown(name: str, column: pa.Array) -> pa.Array:
    """Return a column as it is written."""
    if pa.types.is_null(column.type):
        return column.cast(pa.string())
    if not pa.types.is_string(column.type):
        return column
    if name == "date":
        column = pc.binary_join_element_wise(column, FIRST_DAY, "")
    coded = column.dictionary_encode()
    words = [None if word is None else for_csv(word) for word in coded.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(coded.indices)
