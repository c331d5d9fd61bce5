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
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from experiments.durable import MARK, Disk, StoreError, partial_of, remove
from experiments.encoding import NewerSchemaError, encode, schema_version
from experiments.stored import decoded, is_file, opened, read_table, regular
from experiments.sweeps import failpoints
from experiments.sweeps.logs import FAILURE_SCHEMA, TELEMETRY_SCHEMA, refuse_other_log
from sim.schemas import SCHEMA_VERSION

OUTCOMES: Final = "outcomes"
TELEMETRY: Final = "telemetry"
FAILURES: Final = "failures"
WORLDS: Final = "worlds"
"""Folder of the scenarios that options stand for."""
WRITERS: Final = "writers"
QUARANTINE: Final = "quarantine"
LOGS: Final = {TELEMETRY: TELEMETRY_SCHEMA, FAILURES: FAILURE_SCHEMA}
OWN: Final = (OUTCOMES, TELEMETRY, FAILURES)
"""Tables of every sweep; what a sweep keeps of each run comes besides."""
TABLES_KEY: Final = b"tables"
RUNS_DIGITS, SHA_DIGITS, ID_DIGITS = 12, 16, 16
NO_ID: Final = f"a run id is not {ID_DIGITS} hexadecimal digits"
SHARD: Final = re.compile(rf"[0-9a-f]{{{RUNS_DIGITS}}}-[0-9a-f]{{{SHA_DIGITS}}}\.parquet", re.ASCII)
Keys = NDArray[np.uint64]
"""Run ids as numbers."""


def keys_of(run_ids: pa.Array | pa.ChunkedArray) -> Keys:
    """Run ids, 16 hexadecimal digits each, as numbers; ArrowInvalid for anything else."""
    if len(run_ids) and not (
        pa.types.is_string(run_ids.type)
        and run_ids.null_count == 0
        and pc.all(pc.equal(pc.binary_length(run_ids), ID_DIGITS)).as_py()
    ):
        raise pa.ArrowInvalid(NO_ID)
    chunks = run_ids.chunks if isinstance(run_ids, pa.ChunkedArray) else [run_ids]
    found = [_keys(chunk) for chunk in chunks if len(chunk)]
    return np.concatenate(found) if found else np.zeros(0, np.uint64)


def _keys(run_ids: pa.Array) -> Keys:
    # All digits lie in one buffer, so no text is made of them.
    _, _, digits = run_ids.buffers()
    start = ID_DIGITS * run_ids.offset
    text = digits[start : start + ID_DIGITS * len(run_ids)].to_pybytes()
    try:
        return np.frombuffer(bytes.fromhex(text.decode()), ">u8").astype(np.uint64)
    except ValueError:
        raise pa.ArrowInvalid(NO_ID) from None


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

    disk: the operations on the file system, which tests replace. kept: tables beside the outcomes
    and the logs. Nothing else in the folder is looked at, moved or removed.
    """

    folder: Path
    disk: Disk = field(default_factory=Disk, repr=False)
    kept: Sequence[str] = ()
    _known: dict[str, tuple[dict[str, str], Keys]] = field(default_factory=dict, repr=False)

    def directory(self, table: str) -> Path:
        """Where the shards of a table are."""
        return self.folder / table

    @property
    def quarantine(self) -> Path:
        """Where damaged shards are put."""
        return self.folder / QUARANTINE

    @property
    def all_tables(self) -> list[str]:
        """All tables that a shard may be of, outcomes first."""
        return [*OWN, *self.kept]

    def put(
        self, table: str, content: pa.Table, metadata: Mapping[bytes, bytes] | None = None
    ) -> Path:
        """Add a shard; returns once the device has it. Raises OSError if it cannot be written."""
        data = encode(content, metadata, "run_id" if table == OUTCOMES else None)
        path = self.directory(table) / shard_name(content["run_id"], data)
        if is_file(path):
            return path
        path.parent.mkdir(exist_ok=True)
        partial = partial_of(path)
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
        """Names of a table's shards, in order; links and files of others are none."""
        try:
            found = list(os.scandir(self.directory(table)))
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(
            entry.name
            for entry in found
            if SHARD.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
        )

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
            if not all(map(is_file, paths.values())):
                continue
            fresh = ~np.isin(keys, seen)
            seen = np.union1d(seen, keys)
            found.append(Shard(self.directory(OUTCOMES) / name, paths, keys, fresh))
        return found

    def _read(self, name: str) -> tuple[dict[str, str], Keys]:
        path = self.directory(OUTCOMES) / name
        regular(path)
        with pq.ParquetFile(path) as file:
            metadata = file.schema_arrow.metadata or {}
            refuse_newer(name, metadata)
            keys = keys_of(decoded(file, ["run_id"])["run_id"])
        return self._named(metadata.get(TABLES_KEY, b"{}")), keys

    def _named(self, text: bytes) -> dict[str, str]:
        """Shards that an outcome shard names; ArrowInvalid where one leads anywhere else."""
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or not all(
            table in self.kept and isinstance(name, str) and SHARD.fullmatch(name)
            for table, name in found.items()
        ):
            raise pa.ArrowInvalid("it names tables that are not those of the sweep")
        return found

    def finished(self) -> Keys:
        """Run ids with outcomes, as sorted numbers."""
        parts = [shard.keys for shard in self.shards()]
        return np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.uint64)

    def failed(self) -> Keys:
        """Run ids with a failure, whether or not a later attempt succeeded."""
        parts = [keys_of(table["run_id"]) for table in self.tables(FAILURES)]
        return np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.uint64)

    def tables(self, table: str) -> Iterator[pa.Table]:
        """Contents of all shards of a table outside the outcomes, one by one; see `logs`."""
        return (content for _, content in self.logs(table))

    def logs(self, table: str) -> Iterator[tuple[Path, pa.Table]]:
        """Shards of telemetry or failures with their contents.

        What is damaged, or has other columns than this release writes, is passed over.
        """
        for name in self.names(table):
            try:
                content = self.read(table, name)
                refuse_other_log(content, LOGS[table])
                keys_of(content["run_id"])
            except (OSError, pa.ArrowException):
                continue
            yield self.directory(table) / name, content.select(LOGS[table].names)

    def read(self, table: str, name: str) -> pa.Table:
        """Content of one shard; raises OSError or an error of Arrow's if it is gone or damaged."""
        return read_shard(self.directory(table) / name)

    def damaged(self) -> list[Path]:
        """Shards whose bytes do not give the digits in their names, or that name tables which are
        not the sweep's; nothing is changed."""
        found = []
        for table in self.all_tables:
            for name in self.names(table):
                path = self.directory(table) / name
                if not is_whole(path) or (table == OUTCOMES and self._names_others(name)):
                    found.append(path)
        return found

    def _names_others(self, name: str) -> bool:
        try:
            self._read(name)
        except (OSError, pa.ArrowException):
            return True
        except NewerSchemaError:
            return False
        return False

    def verify(self) -> list[Path]:
        """Set damaged shards aside in `quarantine/`; returns where they are now.

        Their runs count as not finished. Raises StoreError if one cannot be moved.
        """
        self._known.clear()
        return [target for path in self.damaged() for target in self._set_aside(path)]

    def _set_aside(self, path: Path) -> list[Path]:
        """Where the shard is now; nothing if another process moved or removed it first."""
        target = self.quarantine / f"{path.parent.name}-{path.name}"
        if target.exists():
            target = target.with_stem(f"{target.stem}-{os.urandom(4).hex()}")
        try:
            self.quarantine.mkdir(exist_ok=True)
            self.disk.rename(path, target)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError.of(error, target, "the damaged shard stays where it is") from error
        return [target]

    def sweep_partials(self) -> None:
        """Remove half-written files of processes that are gone; only while nobody writes.

        Scenarios in `worlds/` and leases in `writers/` are left alone: who begins the same sweep
        writes them before it counts as a writer.
        """
        for table in self.all_tables:
            for partial in self.directory(table).glob(f".*{MARK}*"):
                remove(partial)

    def remove(self, paths: Sequence[Path]) -> None:
        """Remove shards, outcomes first so that none of them names a table that is gone."""
        for path in paths:
            path.unlink(missing_ok=True)
            failpoints.reach("compact-deleting")


def read_shard(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """A shard or some of its columns, `run_id` first among what it must have.

    Raises OSError if it is gone, ArrowInvalid if it is damaged.
    """
    table = read_table(path, columns)
    if "run_id" not in table.column_names:
        raise pa.ArrowInvalid("there is no column run_id")
    return table


def shard_name(run_ids: pa.ChunkedArray, data: bytes) -> str:
    """Name of a shard: digits of the runs in it, digits of its bytes."""
    runs = hashlib.sha256("\n".join(dict.fromkeys(run_ids.to_pylist())).encode()).hexdigest()
    return f"{runs[:RUNS_DIGITS]}-{hashlib.sha256(data).hexdigest()[:SHA_DIGITS]}.parquet"


def is_whole(path: Path) -> bool:
    """Whether a shard's bytes are those it was named for."""
    try:
        with opened(path) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return False
    return path.stem.rpartition("-")[2] == digest[:SHA_DIGITS]


def refuse_newer(name: str, metadata: Mapping[bytes, bytes]) -> None:
    """Raise NewerSchemaError for a shard of a later release."""
    version = schema_version(metadata)
    if version > SCHEMA_VERSION:
        raise NewerSchemaError(
            f"{name} has schema version {version} and this release reads up to {SCHEMA_VERSION}; "
            "use the release that wrote it"
        )
