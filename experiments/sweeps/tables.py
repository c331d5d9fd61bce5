"""Tables of points that a person or another program wrote: CSV and Parquet files."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from experiments.sweeps.factors import ExperimentError, is_file
from sim.catalogue import shown
from sim.loading import NO_VALUE
from sim.written import LONGEST_NAME

MOST_POINTS: Final = 10_000_000
LARGEST: Final = 4_000_000_000
"""Bytes of a file, and of what a Parquet file says it holds."""
CELL: Final = re.compile(
    r"column #(?P<column>[0-9]+): Row #(?P<row>[0-9]+): "
    r".*conversion error to (?P<kind>\w+): invalid value '(?P<value>.*)'"
)
"""How Arrow names a cell of a CSV file that is not of its column's type."""
FIRST_BYTES: Final = 1 << 16
"""Of a CSV file, that are looked at for its separator."""


def read_rows(path: Path, types: Mapping[str, pa.DataType], label: str) -> list[dict[str, Any]]:
    """The rows of a CSV or Parquet file, whose columns are factors.

    types: what the cells of each factor are in a CSV file, where words may look like numbers or
    dates; an empty cell of another factor has no value. Raises ExperimentError, one sentence, for
    what cannot be.
    """
    where = f"{label}: {path.name}"
    if not is_file(path):
        raise ExperimentError(f"{label}: no file {shown(str(path), longest=200)}")
    if path.suffix not in (".csv", ".parquet"):
        raise ExperimentError(f"{where} must end in .csv or .parquet")
    try:
        if path.stat().st_size > LARGEST:
            raise ExperimentError(f"{where} is larger than {LARGEST // 10**9} GB")
        read = parquet if path.suffix == ".parquet" else csv
        rows: list[dict[str, Any]] = read(path, types, where).to_pylist()
        return rows
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ExperimentError(f"{where} {reason_of(error)}") from None


def reason_of(error: Exception) -> str:
    """What went wrong, naming the row and the value where Arrow does."""
    said = (str(error).splitlines() or [""])[0]
    cell = CELL.search(said)
    if cell is None:
        return f"cannot be read: {said}"
    kind = "true or false" if cell["kind"] == "bool" else "a number"
    row, column = int(cell["row"]) - 1, int(cell["column"]) + 1
    return f"row {row:,}, column {column}: {shown(cell['value'])} is not {kind}"


def parquet(path: Path, types: Mapping[str, pa.DataType], where: str) -> pa.Table:
    """A Parquet file; what it says of itself is looked at before it is unpacked."""
    with pq.ParquetFile(path) as file:
        facts = file.metadata
        refuse_columns(file.schema_arrow.names, list(types), where)
        size = sum(facts.row_group(n).total_byte_size for n in range(facts.num_row_groups))
        if facts.num_rows > MOST_POINTS or size > LARGEST:
            raise ExperimentError(
                f"{where} holds {facts.num_rows:,} rows, {size / 1e9:.1f} GB; up to "
                f"{MOST_POINTS:,} points can be run"
            )
        return file.read()


def csv(path: Path, types: Mapping[str, pa.DataType], where: str) -> pa.Table:
    """A CSV file, with commas between its columns and points in its numbers."""
    with path.open("rb") as stream:
        start = stream.read(FIRST_BYTES)
    if b"\0" in start:
        raise ExperimentError(f"{where} has a NUL byte; save it as CSV in UTF-8")
    first = start.partition(b"\n")[0]
    for sign, name in ((b";", "semicolons"), (b"\t", "tabs")):
        if sign in first and b"," not in first:
            raise ExperimentError(
                f"{where} has {name} between its columns; save it with commas between columns, "
                "and with a point in numbers, such as 3.5"
            )
    cells = pa.csv.ConvertOptions(column_types=dict(types), null_values=["", NO_VALUE])
    # In one thread the reader knows which row it is in.
    options = pa.csv.ReadOptions(use_threads=False)
    found = pa.csv.read_csv(path, read_options=options, convert_options=cells)
    refuse_columns(found.column_names, list(types), where)
    return found


def refuse_columns(names: Sequence[str], factors: Sequence[str], where: str) -> None:
    """Raise ExperimentError for a column that is given twice or is no factor."""
    for name in names:
        if name not in factors:
            raise no_factor(name, factors, where)
        if names.count(name) > 1:
            raise ExperimentError(f"{where} gives {shown(name)} twice; keep one")


def no_factor(name: str, known: Iterable[str], where: str) -> ExperimentError:
    """The refusal of a column that is no factor, with the nearest that is."""
    close = get_close_matches(name[:LONGEST_NAME], list(known), n=1)
    hint = f"did you mean {close[0]}?" if close else "declare it as uncertainty or lever"
    return ExperimentError(f"{where}: {shown(name)} is no factor; {hint}")
