"""A sweep's results on disk: shards that are only ever added, each named by what it holds.

A shard is a Parquet file `<runs>-<sha256>.parquet`: 12 digits for the runs in it, 16 of its bytes.
A run is finished when a shard of `outcomes/` has its row. That shard is written last and names the
shards of the other tables that belong to it; a table's shard that no outcome shard names counts for
nothing. So whatever dies at whatever moment, a run is there as a whole or not at all. Two processes
may finish the same run: readers take one of the two, which are equal.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from experiments.durable import Disk, StoreError
from experiments.encoding import VERSION_KEY, NewerSchemaError, encode
from experiments.sweeps import failpoints
from sim.schemas import SCHEMA_VERSION

OUTCOMES: Final = "outcomes"
TELEMETRY: Final = "telemetry"
FAILURES: Final = "failures"
WORLDS: Final = "worlds"
WRITERS: Final = "writers"
"""Folder of the scenarios that options stand for."""
TABLES_KEY: Final = b"tables"
RUNS_DIGITS, SHA_DIGITS, ID_DIGITS = 12, 16, 16
Keys = NDArray[np.uint64]
"""Run ids as numbers."""


def keys_of(run_ids: pa.Array | pa.ChunkedArray) -> Keys:
    """Run ids, 16 hexadecimal digits each, as numbers."""
    chunks = run_ids.chunks if isinstance(run_ids, pa.ChunkedArray) else [run_ids]
    found = [_keys(chunk) for chunk in chunks if len(chunk)]
    return np.concatenate(found) if found else np.zeros(0, np.uint64)


def _keys(run_ids: pa.Array) -> Keys:
    # All digits lie in one buffer, so no text is made of them.
    _, _, digits = run_ids.buffers()
    start = ID_DIGITS * run_ids.offset
    text = digits[start : start + ID_DIGITS * len(run_ids)].to_pybytes()
    return np.frombuffer(bytes.fromhex(text.decode()), ">u8").astype(np.uint64)


@dataclass(frozen=True)
class Shard:
    """One outcome shard with the shards of other tables that belong to it."""

    path: Path
    tables: Mapping[str, Path]
    keys: Keys
    """(runs,) in the order of its rows."""
    fresh: NDArray[np.bool_]
    """(runs,) whether the run is in no shard before this one."""

    @property
    def files(self) -> list[Path]:
        """All files of the shard."""
        return [self.path, *self.tables.values()]


@dataclass
class Store:
    """The shards of one sweep.

    disk: the operations on the file system, which tests replace.
    """

    folder: Path
    disk: Disk = field(default_factory=Disk, repr=False)
    _known: dict[str, tuple[dict[str, str], Keys]] = field(default_factory=dict, repr=False)

    def directory(self, table: str) -> Path:
        """Where the shards of a table are."""
        return self.folder / table

    @property
    def quarantine(self) -> Path:
        """Where damaged shards are put."""
        return self.folder / "quarantine"

    def put(
        self, table: str, content: pa.Table, metadata: Mapping[bytes, bytes] | None = None
    ) -> Path:
        """Add a shard; returns once the device has it. Raises OSError if it cannot be written."""
        data = encode(content, metadata, "run_id" if table == OUTCOMES else None)
        path = self.directory(table) / shard_name(content["run_id"], data)
        if path.exists():
            return path
        path.parent.mkdir(exist_ok=True)
        partial = path.with_name(f".{path.stem}.partial-{os.urandom(6).hex()}")
        try:
            self.disk.write(partial, data)
            failpoints.reach("outcomes-synced" if table == OUTCOMES else "table-synced")
            self.disk.rename(partial, path)
        finally:
            partial.unlink(missing_ok=True)
        return path

    def commit(self, outcomes: pa.Table, tables: Mapping[str, pa.Table]) -> set[Path]:
        """Add finished runs: their tables, and then the outcomes that make them count.

        Returns the files; OSError if one cannot be written.
        """
        if not outcomes.num_rows:
            return set()
        files = {name: self.put(name, content) for name, content in tables.items()}
        failpoints.reach("tables-renamed")
        names = json.dumps({name: path.name for name, path in files.items()}, sort_keys=True)
        committed = self.put(OUTCOMES, outcomes, {TABLES_KEY: names.encode()})
        failpoints.reach("outcomes-renamed")
        return {committed, *files.values()}

    def names(self, table: str) -> list[str]:
        """Names of a table's shards, in order."""
        try:
            found = [path.name for path in self.directory(table).iterdir()]
        except FileNotFoundError:
            return []
        return sorted(name for name in found if name.endswith(".parquet") and name[0] != ".")

    def shards(self) -> list[Shard]:
        """All outcome shards whose other tables are there; one that vanishes meanwhile is passed.

        Raises NewerSchemaError for a shard of a later release.
        """
        found: list[Shard] = []
        seen = np.zeros(0, np.uint64)
        for name in self.names(OUTCOMES):
            try:
                tables, keys = self._known.get(name) or self._read(name)
            except (OSError, pa.ArrowException):
                continue
            self._known[name] = tables, keys
            paths = {table: self.directory(table) / file for table, file in tables.items()}
            if not all(path.exists() for path in paths.values()):
                continue
            fresh = ~np.isin(keys, seen)
            seen = np.union1d(seen, keys)
            found.append(Shard(self.directory(OUTCOMES) / name, paths, keys, fresh))
        return found

    def _read(self, name: str) -> tuple[dict[str, str], Keys]:
        with pq.ParquetFile(self.directory(OUTCOMES) / name) as file:
            metadata = file.schema_arrow.metadata or {}
            refuse_newer(name, metadata)
            run_ids = file.read(["run_id"])["run_id"]
            return json.loads(metadata.get(TABLES_KEY, b"{}")), keys_of(run_ids)

    def finished(self) -> Keys:
        """Run ids with outcomes, as sorted numbers."""
        parts = [shard.keys for shard in self.shards()]
        return np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.uint64)

    def failed(self) -> Keys:
        """Run ids with a failure, whether or not a later attempt succeeded."""
        parts = [keys_of(table["run_id"]) for table in self.tables(FAILURES)]
        return np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.uint64)

    def tables(self, table: str) -> Iterator[pa.Table]:
        """Contents of all shards of a table outside the outcomes, one by one."""
        for name in self.names(table):
            try:
                yield self.read(table, name)
            except (OSError, pa.ArrowException):
                continue

    def read(self, table: str, name: str) -> pa.Table:
        """Content of one shard; raises OSError or an error of Arrow's if it is gone or damaged."""
        return pq.read_table(self.directory(table) / name)

    def verify(self) -> list[Path]:
        """Set damaged shards aside in `quarantine/`; returns where they are now.

        A shard is damaged if its bytes do not give the digits in its name. Its runs count as not
        finished. Raises StoreError if one cannot be moved.
        """
        self._known.clear()
        moved = []
        for table in sorted(path.name for path in self.folder.iterdir() if path.is_dir()):
            if table == self.quarantine.name:
                continue
            for name in self.names(table):
                path = self.directory(table) / name
                if not is_whole(path):
                    moved += self._set_aside(path)
        return moved

    def _set_aside(self, path: Path) -> list[Path]:
        """Where the shard is now; nothing if another process moved or removed it first."""
        target = self.quarantine / f"{path.parent.name}-{path.name}"
        try:
            self.quarantine.mkdir(exist_ok=True)
            self.disk.rename(path, target)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError.of(error, target) from error
        return [target]

    def sweep_partials(self) -> None:
        """Remove half-written files of processes that are gone; only while nobody writes.

        Scenarios in `worlds/` and leases in `writers/` are left alone: who begins the same sweep
        writes them before it counts as a writer.
        """
        for partial in self.folder.glob("*/.*.partial-*"):
            if partial.parent.name not in (WORLDS, WRITERS):
                partial.unlink(missing_ok=True)

    def remove(self, paths: Sequence[Path]) -> None:
        """Remove shards, outcomes first so that none of them names a table that is gone."""
        for path in paths:
            path.unlink(missing_ok=True)
            failpoints.reach("compact-deleting")


def shard_name(run_ids: pa.ChunkedArray, data: bytes) -> str:
    """Name of a shard: digits of the runs in it, digits of its bytes."""
    runs = hashlib.sha256("\n".join(dict.fromkeys(run_ids.to_pylist())).encode()).hexdigest()
    return f"{runs[:RUNS_DIGITS]}-{hashlib.sha256(data).hexdigest()[:SHA_DIGITS]}.parquet"


def is_whole(path: Path) -> bool:
    """Whether a shard's bytes are those it was named for."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return False
    return path.stem.rpartition("-")[2] == digest[:SHA_DIGITS]


def refuse_newer(name: str, metadata: Mapping[bytes, bytes]) -> None:
    """Raise NewerSchemaError for a shard of a later release."""
    version = int(metadata.get(VERSION_KEY, b"0"))
    if version > SCHEMA_VERSION:
        raise NewerSchemaError(
            f"{name} has schema version {version} and this release reads up to {SCHEMA_VERSION}; "
            "use the release that wrote it"
        )
