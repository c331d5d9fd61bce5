"""What `nomoat export` does: tables of a stored run or sweep as CSV files."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

import pyarrow as pa

from app.shell import OK, InputError
from app.terminal import add, console, plain_table, print_json
from experiments.durable import Disk, StoreError, partial_of
from experiments.escape import for_terminal
from experiments.folder import OUTPUTS, FolderError, RunFolder, find_run
from experiments.spreadsheet import write_csv
from experiments.sweeps.folder import SweepFolder
from experiments.sweeps.reading import Sweep, load
from experiments.sweeps.store import FAILURES, OUTCOMES, TELEMETRY

STDOUT: Final = "-"

Rows = tuple[pa.Schema, Iterable[pa.RecordBatch]]


@dataclass(frozen=True)
class Request:
    """One call of `nomoat export`; no tables: those that `Source.usual` names."""

    stored: str
    tables: tuple[str, ...]
    out: str | None
    json: bool


@dataclass(frozen=True)
class Source:
    """Something stored that has tables."""

    folder: Path
    names: Sequence[str]
    usual: Sequence[str]
    rows: Callable[[str], Rows]


@dataclass(frozen=True)
class Written:
    """A file that was written."""

    table: str
    file: str
    rows: int
    columns: int
    bytes: int


def execute(request: Request) -> int:
    """Write what was asked for, and say what was written."""
    source = source_of(request.stored)
    names = chosen(request.tables, source)
    if request.out == STDOUT:
        return to_stdout(source, names, as_json=request.json)
    out = Path(request.out) if request.out is not None else beside(source.folder)
    refuse_taken(out, names)
    written = to_files(out, {name: partial(source.rows, name) for name in names})
    if request.json:
        print_json({
            "stored": str(source.folder), "folder": str(out),
            "written": [asdict(one) for one in written],
        })  # fmt: skip
    else:
        print_written(out, written)
    return OK


def source_of(stored: str) -> Source:
    """The sweep in a folder, or the run that a folder, an id or a prefix names."""
    if SweepFolder(Path(stored)).experiment_path.is_file():
        return of_sweep(load(stored))
    return of_run(find_run(stored, OUTPUTS))


def of_run(run: RunFolder) -> Source:
    """All tables of a run."""

    def rows(name: str) -> Rows:
        table = run.read(name)
        return table.schema, table.to_batches()

    names = run.names()
    return Source(run.path, names, names, rows)


def of_sweep(sweep: Sweep) -> Source:
    """Outcomes and kept tables of a sweep, with the design in front, and its logs."""

    def rows(name: str) -> Rows:
        if name in sweep.tables:
            return streamed(sweep.batches(name))
        whole = {OUTCOMES: sweep.outcomes, TELEMETRY: sweep.telemetry, FAILURES: sweep.failures}
        table = whole[name]()
        return table.schema, table.to_batches()

    names = [OUTCOMES, *sweep.tables, TELEMETRY, FAILURES]
    return Source(sweep.folder.path, names, [OUTCOMES], rows)


def streamed(batches: Iterable[pa.RecordBatch]) -> Rows:
    """Batches with the schema of the first, one in memory at a time."""
    rest = iter(batches)
    first = next(rest, None)
    if first is None:
        return pa.schema([]), ()

    def every() -> Iterable[pa.RecordBatch]:
        yield first
        yield from rest

    return first.schema, every()


def chosen(tables: Sequence[str], source: Source) -> list[str]:
    """Tables to write, each once; InputError with the nearest name for one that is not there."""
    for name in tables:
        if name not in source.names:
            close = get_close_matches(name, source.names, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]}? " if close else ""
            known = ", ".join(source.names)
            raise InputError(f"{source.folder} has no table '{name}'; {hint}it has {known}")
    return list(dict.fromkeys(tables or source.usual))


def beside(folder: Path) -> Path:
    """Where files go unless told: a folder beside the stored one, its name with -csv."""
    whole = folder.absolute()
    return folder.with_name(f"{whole.name}-csv") if folder.name else Path(f"{whole}-csv")


def target(out: Path, name: str) -> Path:
    """The file of one table."""
    return out / f"{name}.csv"


def refuse_taken(out: Path, names: Sequence[str]) -> None:
    """Raise FolderError if the folder is a file or a file of one of the tables is there."""
    for place in (out, *out.parents):
        if os.path.lexists(place):
            if not place.is_dir():
                raise FolderError(f"{place} is a file, so no folder can be made there")
            break
    taken = [target(out, name) for name in names if os.path.lexists(target(out, name))]
    if taken:
        more = f", as {len(taken) - 1} more are," if len(taken) > 1 else ""
        raise FolderError(
            f"{taken[0]} is there{more} and is not written over; name another folder with --out"
        )


def to_files(out: Path, tables: Mapping[str, Callable[[], Rows]]) -> list[Written]:
    """Write all tables or none: under other names first. StoreError if the disk refuses."""
    disk, written = Disk(), []
    unnamed_paths = {name: partial_of(target(out, name)) for name in tables}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, rows in tables.items():
            written.append(to_file(unnamed_paths[name], name, target(out, name), rows()))
        for name, unnamed in unnamed_paths.items():
            disk.rename(unnamed, target(out, name))
    except OSError as error:
        raise StoreError.of(error, out, "no table was written") from error
    finally:
        for unnamed in unnamed_paths.values():
            unnamed.unlink(missing_ok=True)
    return written


def to_file(unnamed: Path, name: str, path: Path, rows: Rows) -> Written:
    """Write one table under a name that it has until all are there."""
    with unnamed.open("xb") as file:
        count = write_csv(*rows, file)
        file.flush()
        os.fsync(file.fileno())
    return Written(name, str(path), count, len(rows[0]), unnamed.stat().st_size)


def to_stdout(source: Source, names: Sequence[str], *, as_json: bool) -> int:
    """Print one table; InputError if there are several, or a JSON document besides."""
    if as_json:
        raise InputError("--out - prints the table and --json a document; leave out one of them")
    if len(names) != 1:
        raise InputError(f"--out - takes one table; name one of {', '.join(source.names)}")
    sink: BinaryIO = sys.stdout.buffer
    write_csv(*source.rows(names[0]), sink)
    sink.flush()
    return OK


def print_written(out: Path, written: Sequence[Written]) -> None:
    """Print a line a file."""
    table = plain_table("file", "rows", "columns", "bytes", right=(1, 2, 3))
    for one in written:
        add(table, Path(one.file).name, f"{one.rows:,}", one.columns, f"{one.bytes:,}")
    console().print(table)
    console().print(f"written to {for_terminal(out)}/")
