"""What a sweep notes of its runs beside their results: how long they took, and failures."""

from typing import Final

import pyarrow as pa

from experiments.stored import same_types

TELEMETRY_SCHEMA: Final = pa.schema([
    pa.field("run_id", pa.string(), nullable=False),
    pa.field("seconds", pa.float64(), metadata={"description": "month 0 to the last"}),
    pa.field("total_seconds", pa.float64(), metadata={"description": "with building and tables"}),
    pa.field("peak_memory_mb", pa.float64(), metadata={"description": "of the worker so far"}),
    pa.field("host", pa.string(), metadata={"description": "machine"}),
    pa.field("pid", pa.int64(), metadata={"description": "process"}),
    pa.field("finished_at", pa.string(), metadata={"description": "wall clock, UTC"}),
])  # fmt: skip
FAILURE_SCHEMA: Final = pa.schema([
    pa.field("run_id", pa.string(), nullable=False),
    pa.field("point", pa.int32(), metadata={"description": "point of the design"}),
    pa.field("replicate", pa.int32(), metadata={"description": "replicate"}),
    pa.field("seed", pa.int64(), metadata={"description": "root seed of the run"}),
    pa.field("error", pa.string(), metadata={"description": "class of the error"}),
    pa.field("message", pa.string(), metadata={"description": "what it says"}),
    pa.field("traceback", pa.string(), metadata={"description": "where, for programmers"}),
    pa.field("host", pa.string(), metadata={"description": "machine"}),
    pa.field("failed_at", pa.string(), metadata={"description": "wall clock, UTC"}),
])  # fmt: skip


def refuse_other_log(table: pa.Table, schema: pa.Schema) -> None:
    """Raise ArrowInvalid for a table that is none of the kind: each column, in each row a value."""
    if sorted(table.column_names) != sorted(schema.names) or not same_types(table.schema, schema):
        raise pa.ArrowInvalid("its columns are not those of the table")
    if any(column.null_count for column in table.columns):
        raise pa.ArrowInvalid("it has rows without a value")
