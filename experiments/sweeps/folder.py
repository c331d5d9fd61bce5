"""Every path of a sweep, and the small files that say what the sweep is."""

import contextlib
import json
import os
import secrets
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from experiments.durable import Disk, StoreError, partial_of, remove, remove_old_partials
from experiments.encoding import digest, encode
from experiments.escape import for_path
from experiments.folder import DESIGN
from experiments.machine import process_space, process_start, process_started
from experiments.stored import (
    DocumentError,
    FolderError,
    decoded,
    is_file,
    own_directory,
    read_bytes,
    read_json,
    reason_of,
)
from experiments.sweeps import failpoints
from experiments.sweeps.manifest import (
    refuse_malformed,
    refuse_other_design,
    runs_of,
    tables_of,
)
from experiments.sweeps.store import OWN, QUARANTINE, WORLDS, WRITERS, Store
from sim.version import model_version

Manifest = dict[str, Any]
STALE_SECONDS: Final = 180.0
"""A writer on another machine that has not touched its lease for so long is taken to be gone."""
CLUSTER: Final = "cluster"
"""Directory of what was given to a cluster."""
MOST_LEASE: Final = 10_000
"""Bytes of a lease."""
MOST_PID: Final = 1 << 31
WAY_ON: Final = (
    "move it away and give the command that began the sweep again: it writes the manifest anew, "
    "and finished runs count"
)


class SweepError(FolderError):
    """The folder is not one that this command may use so; the text is one sentence."""


@dataclass(frozen=True)
class SweepFolder:
    """The folder of one sweep."""

    path: Path
    disk: Disk = field(default_factory=Disk, repr=False, compare=False)

    @property
    def manifest_path(self) -> Path:
        """What the sweep is: identity, sizes, versions."""
        return self.path / "manifest.json"

    @property
    def experiment_path(self) -> Path:
        """The experiment file as given."""
        return self.path / "experiment.toml"

    @property
    def design_path(self) -> Path:
        """A row per run."""
        return self.path / DESIGN

    @property
    def figure_path(self) -> Path:
        """The picture of the outcomes."""
        return self.path / "outcomes.png"

    @property
    def leases(self) -> Path:
        """A file for every process that writes here."""
        return self.path / WRITERS

    def world_path(self, number: int) -> Path:
        """A scenario as it was when the sweep began."""
        return self.path / WORLDS / f"{number}.toml"

    @property
    def store(self) -> Store:
        """The results; raises SweepError where the manifest cannot be read."""
        kept = tables_of(self.manifest()) if self.exists() else ()
        return Store(self.path, self.disk, kept)

    def exists(self) -> bool:
        """Whether a sweep is stored here."""
        return is_file(self.manifest_path)

    def refuse_links(self, kept: Sequence[str] = ()) -> None:
        """Raise SweepError if a directory that a sweep writes to is a link or a file.

        kept: tables that are kept of each run.
        """
        for name in (*OWN, *kept, WORLDS, WRITERS, QUARANTINE, CLUSTER):
            try:
                own_directory(self.path / name)
            except FolderError as error:
                raise SweepError(str(error)) from None

    def refuse_foreign(self) -> None:
        """Raise SweepError unless the place is free or holds a sweep."""
        try:
            self._refuse_foreign()
            self.refuse_links()
        except PermissionError as error:
            raise SweepError(f"{self.path} may not be read by this user") from error

    def _refuse_foreign(self) -> None:
        for ancestor in self.path.parents:
            if ancestor.exists():
                break
        if not ancestor.is_dir() or (self.path.exists() and not self.path.is_dir()):
            culprit = self.path if ancestor.is_dir() else ancestor
            raise SweepError(f"{culprit} is a file, so no folder can be made there")
        if not self.exists() and not own_directory(self.path / WORLDS) and self.path.is_dir():
            strange = [p.name for p in self.path.iterdir() if not p.name.startswith(".")]
            if strange and set(strange) != {self.design_path.name}:
                raise SweepError(f"{self.path} holds files that are no sweep; name a new folder")

    def manifest(self) -> Manifest:
        """The facts about the sweep; raises SweepError if they cannot be read or used."""
        try:
            facts = read_json(self.manifest_path)
            following = facts.pop("next", None) if isinstance(facts, dict) else None
            refuse_malformed(facts, str(self.manifest_path))
            if following is not None:
                refuse_malformed(following, f"{self.manifest_path}: next")
        except (FileNotFoundError, NotADirectoryError) as error:
            raise SweepError(f"{self.path} holds no sweep") from error
        except OSError as error:
            raise SweepError(f"{self.manifest_path} cannot be read: {reason_of(error)}") from error
        except DocumentError as error:
            raise SweepError(f"{error}; {WAY_ON}") from error
        if following is not None and self._design_digest() == following["design_sha256"]:
            facts = following
        self.refuse_links(tables_of(facts))
        found: Manifest = facts
        return found

    def _design_digest(self) -> str:
        """Of the design as it is; empty if there is none."""
        with contextlib.suppress(OSError):
            return digest(read_bytes(self.design_path))
        return ""

    def design(self) -> pa.Table:
        """The design; raises SweepError if it is damaged or not the one of the manifest."""
        facts = self.manifest()
        try:
            data = read_bytes(self.design_path)
            table = decoded(pq.ParquetFile(pa.BufferReader(data)), rows=runs_of(facts))
        except (OSError, pa.ArrowException) as error:
            raise SweepError(
                f"{self.design_path} is missing or damaged: {reason_of(error)}"
            ) from error
        if digest(data) != facts["design_sha256"]:
            raise SweepError(f"{self.design_path} was changed after it was written")
        self.refuse_design(table, facts)
        return table

    def refuse_design(self, table: pa.Table, facts: Manifest) -> None:
        """Raise SweepError if a design cannot be that of the manifest."""
        try:
            refuse_other_design(table, facts)
        except DocumentError as error:
            raise SweepError(
                f"{self.design_path} {error}: it is not the design of this sweep"
            ) from None

    def begin(
        self, manifest: Manifest, design: pa.Table, text: str, worlds: Sequence[str]
    ) -> Manifest:
        """Write what the sweep is, the manifest last; raises StoreError if that fails."""
        self.refuse_links(tables_of(manifest))
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / WORLDS).mkdir(exist_ok=True)
            for number, world in enumerate(worlds):
                self.disk.put(self.world_path(number), world.encode())
        except OSError as error:
            raise StoreError.of(error, self.path, "the sweep was not begun") from error
        remove_old_partials(self.world_path(0), all_beside=True)
        self.disk.replace(self.experiment_path, text.encode())
        return self.record(manifest, design)

    def record(self, manifest: Manifest, design: pa.Table) -> Manifest:
        """Put a design in place with the manifest that names it.

        Where there is a manifest already, it first announces the next: whichever design a process
        that dies in between leaves, one of the two names it. Raises StoreError if that fails.
        """
        data = encode(design, distinct="run_id")
        complete = {**manifest, "design_sha256": digest(data)}
        earlier = self.manifest() if self.exists() else None
        if earlier is not None:
            self._write_manifest({**earlier, "next": complete})
        self.disk.replace(self.design_path, data)
        failpoints.reach("design-written")
        self._write_manifest(complete)
        failpoints.reach("manifest-written")
        return complete

    def _write_manifest(self, facts: Manifest) -> None:
        page = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False)
        self.disk.replace(self.manifest_path, f"{page}\n".encode())

    @contextlib.contextmanager
    def writing(self, *, alone: bool = False) -> Iterator[bool]:
        """Hold a lease while writing; gives whether nobody else held one at the start.

        alone: raise SweepError if somebody does.
        """
        with self.lease():
            # After the own lease is there: of two that begin at once, one sees the other.
            others = self.writers()
            if alone and others:
                raise SweepError(f"{self.path} is being written by {others[0]}; wait until it ends")
            yield not others

    @contextlib.contextmanager
    def lease(self) -> Iterator[None]:
        """Hold a lease while writing, without a look at who else does."""
        pid = os.getpid()
        facts = {
            "host": socket.gethostname(),
            "pid": pid,
            "start": process_start(pid),
            "space": process_space(),
        }
        try:
            self.refuse_links()
            self.leases.mkdir(parents=True, exist_ok=True)
            self.disk.put(self._lease, json.dumps(facts).encode())
        except OSError as error:
            raise StoreError.of(error, self._lease, "no run was begun") from error
        remove_old_partials(self._lease, all_beside=True)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                self._lease.unlink(missing_ok=True)

    @property
    def _lease(self) -> Path:
        """The file that says that this process writes; no other process has one of its name."""
        pid = os.getpid()
        return self.leases / f"{for_path(socket.gethostname())}-{pid}-{token(pid)}.json"

    def touch_lease(self) -> None:
        """Show that this process still writes, to processes on other machines."""
        with contextlib.suppress(OSError):
            os.utime(self._lease)

    def writers(self) -> list[str]:
        """Other processes that hold a lease and are alive; leases of the rest are removed."""
        found = []
        for lease in sorted(set(self.leases.glob("*.json")) - {self._lease}):
            try:
                holder = Holder.of(read_json(lease, MOST_LEASE))
            except (OSError, DocumentError):
                continue
            if self._is_alive(lease, holder):
                found.append(f"process {holder.pid} on {holder.host}")
            else:
                with contextlib.suppress(OSError):
                    lease.unlink()
        return found

    def _is_alive(self, lease: Path, holder: "Holder") -> bool:
        """Whether a lease's process lives: known here, guessed from its last touch elsewhere.

        A living process touches its lease, which gives it the time of the file system; a time far
        ahead of that is as little a touch of today as one far behind.
        """
        if holder.is_here():
            return process_started(holder.pid, holder.start)
        try:
            return abs(self._clock() - lease.lstat().st_mtime) < STALE_SECONDS
        except OSError:
            return False

    def _clock(self) -> float:
        """The time of the file system that holds the leases; ours where it cannot be asked."""
        probe = partial_of(self.leases / "clock")
        try:
            probe.touch(exist_ok=False)
            return probe.lstat().st_mtime
        except OSError:
            return time.time()
        finally:
            remove(probe)


@cache
def token(pid: int) -> str:
    """A name for this process that no other has, not even one of its number on a machine of its
    name; `pid` makes it another one after a fork."""
    return f"{pid:x}{secrets.token_hex(8)}"


@dataclass(frozen=True)
class Holder:
    """Who holds a lease. space: where its number counts, see `process_space`."""

    host: str
    pid: int
    start: int | None
    space: str

    @classmethod
    def of(cls, facts: Any) -> "Holder":
        """The holder that a lease names; raises DocumentError where it names none."""
        fields = facts if isinstance(facts, dict) else {}
        host, pid, start = (fields.get(name) for name in ("host", "pid", "start"))
        space = fields.get("space", "")
        if not (
            isinstance(host, str) and isinstance(space, str)
            and type(pid) is int and 0 < pid < MOST_PID
            and (start is None or type(start) is int)
        ):  # fmt: skip
            raise DocumentError("a lease names no process")
        return cls(host, pid, start, space)

    def is_here(self) -> bool:
        """Whether its number is that of a process which this one sees."""
        here = process_space()
        return self.space == here if self.space and here else self.host == socket.gethostname()


def refuse_other_model(folder: SweepFolder, facts: Manifest) -> None:
    """Raise SweepError if a sweep was begun with another version of the model."""
    version = model_version()
    if facts["model_version"] != version:
        raise SweepError(
            f"{folder.path} was begun with model {facts['model_version']} and this is {version}; "
            "results of the two are not mixed: give a new sweep a folder of its own with --out"
        )
