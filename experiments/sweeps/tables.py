"""Tables of points that a person or another program wrote: CSV and Parquet files."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from experiments.sweeps.factors import ExperimentError, is_file
from sim.catalogue import shown
from sim.written import LONGEST_NAME

MOST_POINTS: Final = 10_000_000
LARGEST: Final = 4_000_000_000
"""Bytes of a file, and of what a Parquet file says it holds."""
FIRST_BYTES: Final = 1 << 16
"""Of a CSV file, that are looked at for its separator."""


def read_table(path: Path, factors: Sequence[str], words: Sequence[str], label: str) -> pa.Table:
    """The rows of a CSV or Parquet file, whose columns are factors.

    words: factors that take words, which may look like numbers or dates in a CSV file; an empty
    cell of another factor has no value. Raises ExperimentError, one sentence, for what cannot be.
    """
    where = f"{label}: {path.name}"
    if not is_file(path):
        raise ExperimentError(f"{label}: no file {shown(str(path), longest=200)}")
    if path.suffix not in (".csv", ".parquet"):
        raise ExperimentError(f"{where} must end in .csv or .parquet")
    try:
        if path.stat().st_size > LARGEST:
            raise ExperimentError(f"{where} is larger than {LARGEST // 10**9} GB")
        if path.suffix == ".parquet":
            return parquet(path, factors, where)
        return csv(path, factors, words, where)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ExperimentError(f"{where} cannot be read: {reason}") from None


def parquet(path: Path, factors: Sequence[str], where: str) -> pa.Table:
    """A Parquet file; what it says of itself is looked at before it is unpacked."""
    with pq.ParquetFile(path) as file:
        facts = file.metadata
        refuse_columns(file.schema_arrow.names, factors, where)
        size = sum(facts.row_group(n).total_byte_size for n in range(facts.num_row_groups))
        if facts.num_rows > MOST_POINTS or size > LARGEST:
            raise ExperimentError(
                f"{where} holds {facts.num_rows:,} rows, {size / 1e9:.1f} GB; up to "
                f"{MOST_POINTS:,} points can be run"
            )
        return file.read()


def csv(path: Path, factors: Sequence[str], words: Sequence[str], where: str) -> pa.Table:
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
    types = pa.csv.ConvertOptions(column_types=dict.fromkeys(words, pa.string()), null_values=[""])
    found = pa.csv.read_csv(path, convert_options=types)
    refuse_columns(found.column_names, factors, where)
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
