"""One stored run: every path of its folder, and the only code that reads and writes them."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, TypedDict

import pyarrow as pa
from pydantic import TypeAdapter

from experiments.difference import Difference, compare_tables
from experiments.durable import Disk, StoreError
from experiments.encoding import NewerSchemaError, decode, digest, encode
from experiments.escape import for_path
from experiments.stored import (
    Count,
    DocumentError,
    document,
    is_file,
    read_bytes,
    reason_of,
)
from experiments.stored import (
    FolderError as FolderError,
)
from sim.schemas import SCHEMAS

Manifest = dict[str, Any]
MANIFEST: Final = "manifest.json"
DESIGN = "design.parquet"
"""The file that a sweep has beside its manifest, and a run has not."""
OUTPUTS = Path("outputs")
"""Where runs are stored unless told otherwise, below the current directory."""


class Stored(TypedDict):
    """A table in the manifest."""

    rows: Count
    sha256: str


class History(TypedDict):
    """What reports read of a scenario's record."""

    until: str


class Named(TypedDict):
    """What reports read of a scenario."""

    name: str
    history: History


class Facts(TypedDict):
    """What reports and comparisons read of a manifest."""

    run_id: str
    scenario: Named
    seed: int
    regime: str
    enterprises: Count
    months: Count
    seconds: float
    tables: dict[str, Stored]


SHAPE: Final = TypeAdapter(Facts)


class HasTables(Protocol):
    """What a result must offer to be stored."""

    @property
    def tables(self) -> Mapping[str, pa.Table]: ...


def folder_name(scenario: str, run_id: str) -> str:
    """Return the name of a run's folder, `<scenario>-<run id>`."""
    return f"{for_path(scenario)}-{run_id}"


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run: `manifest.json`, a Parquet file per table, `summary.png`."""

    path: Path
    disk: Disk = field(default_factory=Disk, repr=False, compare=False)

    @property
    def manifest_path(self) -> Path:
        """The facts about the run."""
        return self.path / MANIFEST

    @property
    def figure_path(self) -> Path:
        """The summary figure."""
        return self.path / "summary.png"

    def table_path(self, name: str) -> Path:
        """The file of one table."""
        return self.path / f"{name}.parquet"

    def exists(self) -> bool:
        """Return whether a run is stored here."""
        return is_file(self.manifest_path)

    @property
    def is_sweep(self) -> bool:
        """Whether a sweep is stored here, and not one run."""
        return (self.path / DESIGN).exists()

    def refuse_foreign(self) -> None:
        """Raise FolderError unless the place is free or holds a run."""
        for ancestor in self.path.parents:
            if ancestor.exists():
                break
        if not ancestor.is_dir() or (self.path.exists() and not self.path.is_dir()):
            culprit = self.path if ancestor.is_dir() else ancestor
            raise FolderError(f"{culprit} is a file, so no folder can be made there")
        if not self.exists() and self.path.is_dir() and any(self.path.iterdir()):
            raise FolderError(f"{self.path} holds files that are not a run; name a new folder")

    def refuse_other(self, run_id: str) -> None:
        """Raise FolderError if another run than `run_id` is stored here."""
        stored = self.manifest().get("run_id") if self.exists() else run_id
        if stored != run_id:
            raise FolderError(f"{self.path} holds the run {stored}, not {run_id}; name another")

    def write(self, result: HasTables, manifest: Manifest) -> Manifest:
        """Store all tables and the manifest, or nothing; return the manifest as stored.

        Adds `tables` (rows and sha256 of each) and `write_seconds`. Raises StoreError if the file
        system refuses; whatever happens, no partial folder stays.
        """
        self.refuse_foreign()
        try:
            with self.disk.building(self.path) as partial:
                complete = self.write_files(partial, result, manifest)
        except OSError as error:
            raise StoreError.of(error, self.path, "nothing was kept") from error
        return complete

    def write_files(self, partial: Path, result: HasTables, manifest: Manifest) -> Manifest:
        """Write the files into a partial folder; return the completed manifest."""
        began = time.monotonic()
        facts: dict[str, dict[str, Any]] = {}
        for name, table in result.tables.items():
            data = encode(table)
            self.disk.write(partial / self.table_path(name).name, data)
            facts[name] = {"rows": table.num_rows, "sha256": digest(data)}
        seconds = round(time.monotonic() - began, 4)
        complete = {**manifest, "write_seconds": seconds, "tables": facts}
        page = json.dumps(complete, indent=2, ensure_ascii=False, allow_nan=False)
        self.disk.write(partial / self.manifest_path.name, f"{page}\n".encode())
        return complete

    def add_figure(self, image: bytes) -> None:
        """Put the figure into a stored run in one step; raise StoreError if that fails."""
        try:
            self.disk.put(self.figure_path, image)
        except OSError as error:
            raise StoreError.of(error, self.figure_path, "the run is kept without it") from error

    def manifest(self) -> Manifest:
        """Return the facts about the run; raise FolderError if they cannot be read."""
        try:
            return document(self.manifest_path, SHAPE)
        except FileNotFoundError as error:
            raise FolderError(f"{self.path} holds no run: there is no manifest.json") from error
        except OSError as error:
            raise FolderError(f"{self.manifest_path} cannot be read: {reason_of(error)}") from error
        except DocumentError as error:
            raise FolderError(str(error)) from error

    def names(self) -> list[str]:
        """Return the names of the stored tables that this release knows."""
        stored = self.manifest()["tables"]
        return [name for name in SCHEMAS if name in stored]

    def read(self, name: str) -> pa.Table:
        """Return one table with today's columns.

        Raises FolderError if it is missing, damaged or of a later release.
        """
        return self.read_bytes(name)[0]

    def read_bytes(self, name: str) -> tuple[pa.Table, str]:
        """Return one table and the sha256 of its file."""
        try:
            data = read_bytes(self.table_path(name))
            return decode(name, data), digest(data)
        except NewerSchemaError as error:
            raise FolderError(str(error)) from error
        except FileNotFoundError as error:
            raise FolderError(f"table {name} in {self.path} is missing") from error
        except (OSError, pa.ArrowException) as error:
            raise FolderError(
                f"table {name} in {self.path} is damaged: {reason_of(error)}"
            ) from error

    def compare(self, tables: Mapping[str, pa.Table], tolerance: float = 0.0) -> list[Difference]:
        """Return how the stored tables differ from `tables`; an empty list means identical."""
        stored = self.manifest()["tables"]
        names = [name for name in SCHEMAS if name in stored or name in tables]
        found = [self.compare_one(name, tables, stored, tolerance) for name in names]
        return [difference for difference in found if difference is not None]

    def compare_one(
        self,
        name: str,
        tables: Mapping[str, pa.Table],
        stored: Mapping[str, Mapping[str, Any]],
        tolerance: float,
    ) -> Difference | None:
        """Compare one table: presence, the bytes against the manifest, then the values."""
        if name not in tables or name not in stored:
            return Difference(name, "is in one of the two only")
        try:
            earlier, sha256 = self.read_bytes(name)
        except FolderError as error:
            return Difference(name, str(error))
        if sha256 != stored[name].get("sha256"):
            return Difference(name, "its file was changed after it was written")
        return compare_tables(name, earlier, tables[name], tolerance)


def find_runs(outputs: Path) -> list[RunFolder]:
    """Return the runs stored directly under `outputs`, latest first.

    Sweeps lie beside them and have a manifest, too.
    """
    if not outputs.is_dir():
        return []
    runs = [RunFolder(path) for path in outputs.iterdir() if not path.name.startswith(".")]
    stored = [run for run in runs if run.exists() and not (run.path.is_symlink() or run.is_sweep)]
    return sorted(stored, key=lambda run: (-run.manifest_path.stat().st_mtime_ns, run.path.name))


def find_run(reference: str, outputs: Path) -> RunFolder:
    """Return the run named by a folder, a run id or a unique prefix of either.

    Raises FolderError, naming the candidates, if there is not exactly one.
    """
    direct = RunFolder(Path(reference))
    if direct.exists():
        return direct
    runs = find_runs(outputs)
    hits = [run for run in runs if reference in (run.path.name, run_id_of(run))]
    hits = hits or [run for run in runs if matches(run, reference)]
    if len(hits) == 1:
        return hits[0]
    if hits:
        names = ", ".join(run.path.name for run in hits[:5])
        raise FolderError(f"{reference} fits {len(hits)} runs: {names}")
    raise FolderError(f"no run {reference} under {outputs}; `nomoat show` lists them")


def run_id_of(run: RunFolder) -> str:
    """Return the run id of a stored run, empty if its manifest cannot be read."""
    try:
        return str(run.manifest().get("run_id", ""))
    except FolderError:
        return ""


def matches(run: RunFolder, prefix: str) -> bool:
    """Return whether a folder or its run id starts with `prefix`."""
    return bool(prefix) and any(name.startswith(prefix) for name in (run.path.name, run_id_of(run)))
