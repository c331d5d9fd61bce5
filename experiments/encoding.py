"""Tables as Parquet bytes: equal tables give equal bytes under one version of pyarrow."""

import hashlib
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.parquet as pq

from experiments.stored import decoded
from sim.schemas import SCHEMA_VERSION, SCHEMAS, dates

ROWS_PER_GROUP = 65_536
VERSION_KEY = b"schema_version"


class NewerSchemaError(Exception):
    """The table was written by a later release; the text says so in one sentence."""


def encode(
    table: pa.Table, metadata: Mapping[bytes, bytes] | None = None, distinct: str | None = None
) -> bytes:
    """Return the table as one Parquet file, whatever chunks it was built from.

    metadata: kept with the schema. distinct: a column whose values do not repeat; a dictionary of
    them would only take memory.
    """
    stamped = table.replace_schema_metadata(
        {VERSION_KEY: str(SCHEMA_VERSION).encode(), **(metadata or {})}
    )
    sink = pa.BufferOutputStream()
    pq.write_table(
        stamped,
        sink,
        version="2.6",
        compression="zstd",
        compression_level=3,
        row_group_size=ROWS_PER_GROUP,
        use_dictionary=[name for name in table.column_names if name != distinct],
        write_statistics=True,
    )
    return bytes(sink.getvalue())


def decode(name: str, data: bytes) -> pa.Table:
    """Return the table `name` with exactly today's columns; those it lacks are null.

    The date, which only `market` had in earlier releases, is that of the month.

    Raises NewerSchemaError for a later schema version and Arrow's own errors for damaged bytes.
    """
    stored = decoded(pq.ParquetFile(pa.BufferReader(data)))
    version = schema_version(stored.schema.metadata or {})
    if version > SCHEMA_VERSION:
        raise NewerSchemaError(
            f"table {name} has schema version {version} and this release reads up to "
            f"{SCHEMA_VERSION}; use the release that wrote it"
        )
    return conform(stored, SCHEMAS[name])


def schema_version(metadata: Mapping[bytes, bytes]) -> int:
    """Return the version a table was stamped with, 0 for none; ArrowInvalid where it is none."""
    stamp = metadata.get(VERSION_KEY, b"0")
    if not (stamp.isdigit() and len(stamp) < 10):
        raise pa.ArrowInvalid("its schema version is no number")
    return int(stamp)


def conform(stored: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return the columns of `schema`, filled with nulls where `stored` has none."""
    if "date" not in stored.column_names and "month" in stored.column_names:
        stored = stored.append_column("date", dates(stored["month"]))
    arrays = [
        stored[field.name].cast(field.type)
        if field.name in stored.column_names
        else pa.nulls(stored.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def digest(data: bytes) -> str:
    """Return the sha256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
