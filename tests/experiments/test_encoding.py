"""Stored tables of earlier and later releases."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments.encoding import NewerSchemaError, decode, encode
from sim.schemas import SCHEMA_VERSION, SCHEMAS, table


def stored(columns: dict[str, list[object]], version: int) -> bytes:
    sink = pa.BufferOutputStream()
    made = pa.table(columns).replace_schema_metadata({"schema_version": str(version)})
    pq.write_table(made, sink)
    return bytes(sink.getvalue())


def test_columns_an_earlier_release_lacked_are_null() -> None:
    read = decode("event", stored({"month": [4], "kind": ["entry"], "gone": [1]}, 0))
    assert read.schema.equals(SCHEMAS["event"])
    known = {"month": 4, "date": "2023-05", "kind": "entry"}
    assert read.to_pylist()[0] == dict.fromkeys(SCHEMAS["event"].names) | known


def test_tables_of_a_later_release_are_refused() -> None:
    with pytest.raises(NewerSchemaError, match="schema version"):
        decode("event", stored({"month": [4]}, SCHEMA_VERSION + 1))


def test_files_name_their_schema_version_and_no_time() -> None:
    data = encode(table("event", {"month": [1]}))
    metadata = pq.ParquetFile(pa.BufferReader(data)).schema_arrow.metadata
    assert metadata == {b"schema_version": str(SCHEMA_VERSION).encode()}


def test_row_groups_have_a_fixed_size() -> None:
    data = encode(table("event", {"month": list(range(70_000))}))
    assert pq.ParquetFile(pa.BufferReader(data)).metadata.num_row_groups == 2
