"""Every path of a sweep, and the small files that say what the sweep is."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from experiments.durable import Disk, StoreError
from experiments.encoding import digest, encode
from experiments.machine import process_start, process_started
from experiments.sweeps import failpoints
from experiments.sweeps.store import WORLDS, WRITERS, Store
from sim.version import model_version

Manifest = dict[str, Any]
STALE_SECONDS: Final = 180.0
"""A writer on another machine that has not touched its lease for so long is taken to be gone."""


class SweepError(Exception):
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
        return self.path / "design.parquet"

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
        """The results."""
        return Store(self.path, self.disk)

    def exists(self) -> bool:
        """Whether a sweep is stored here."""
        return self.manifest_path.is_file()

    def refuse_foreign(self) -> None:
        """Raise SweepError unless the place is free or holds a sweep."""
        try:
            self._refuse_foreign()
        except PermissionError as error:
            raise SweepError(f"{self.path} may not be read by this user") from error

    def _refuse_foreign(self) -> None:
        for ancestor in self.path.parents:
            if ancestor.exists():
                break
        if not ancestor.is_dir() or (self.path.exists() and not self.path.is_dir()):
            culprit = self.path if ancestor.is_dir() else ancestor
            raise SweepError(f"{culprit} is a file, so no folder can be made there")
        begun = self.path / WORLDS
        if not self.exists() and not begun.is_dir() and self.path.is_dir():
            strange = [p.name for p in self.path.iterdir() if not p.name.startswith(".")]
            if strange and set(strange) != {self.design_path.name}:
                raise SweepError(f"{self.path} holds files that are no sweep; name a new folder")

    def manifest(self) -> Manifest:
        """The facts about the sweep; raises SweepError if they cannot be read."""
        if not self.exists():
            raise SweepError(f"{self.path} holds no sweep")
        try:
            facts = json.loads(self.manifest_path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SweepError(f"{self.manifest_path} cannot be read") from error
        if not isinstance(facts, dict) or "identity" not in facts:
            raise SweepError(f"{self.manifest_path} is not the manifest of a sweep")
        following: Manifest | None = facts.pop("next", None)
        if following is not None and self._design_digest() == following["design_sha256"]:
            return following
        return facts

    def _design_digest(self) -> str:
        """Of the design as it is; empty if there is none."""
        with contextlib.suppress(OSError):
            return digest(self.design_path.read_bytes())
        return ""

    def design(self) -> pa.Table:
        """The design; raises SweepError if it is damaged or not the one of the manifest."""
        try:
            data = self.design_path.read_bytes()
            table = pq.read_table(pa.BufferReader(data))
        except (OSError, pa.ArrowException) as error:
            raise SweepError(f"{self.design_path} is missing or damaged") from error
        if digest(data) != self.manifest()["design_sha256"]:
            raise SweepError(f"{self.design_path} was changed after it was written")
        return table

    def begin(
        self, manifest: Manifest, design: pa.Table, text: str, worlds: Sequence[str]
    ) -> Manifest:
        """Write what the sweep is, the manifest last; raises StoreError if that fails."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / WORLDS).mkdir(exist_ok=True)
        except OSError as error:
            raise StoreError.of(error, self.path) from error
        for number, world in enumerate(worlds):
            self.disk.replace(self.world_path(number), world.encode())
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
        facts = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "start": process_start(os.getpid()),
        }
        try:
            self.leases.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError.of(error, self._lease) from error
        self.disk.replace(self._lease, json.dumps(facts).encode())
        try:
            yield
        finally:
            self._lease.unlink(missing_ok=True)

    @property
    def _lease(self) -> Path:
        """The file that says that this process writes."""
        return self.leases / f"{socket.gethostname()}-{os.getpid()}.json"

    def touch_lease(self) -> None:
        """Show that this process still writes, to processes on other machines."""
        with contextlib.suppress(OSError):
            os.utime(self._lease)

    def writers(self) -> list[str]:
        """Other processes that hold a lease and are alive; leases of the rest are removed."""
        found = []
        for lease in sorted(set(self.leases.glob("*.json")) - {self._lease}):
            try:
                facts = json.loads(lease.read_text())
                host, pid, start = str(facts["host"]), int(facts["pid"]), facts["start"]
            except (OSError, ValueError, LookupError, TypeError):
                continue
            if self._is_alive(lease, host, pid, start):
                found.append(f"process {pid} on {host}")
            else:
                with contextlib.suppress(OSError):
                    lease.unlink()
        return found

    def _is_alive(self, lease: Path, host: str, pid: int, start: int | None) -> bool:
        """Whether a lease's process lives: known here, guessed from its last touch elsewhere."""
        if host == socket.gethostname():
            return process_started(pid, start)
        # The clock of the file system that holds the lease: neither ours nor theirs.
        probe = self.leases / f".clock-{os.getpid()}"
        try:
            probe.touch()
            return probe.stat().st_mtime - lease.stat().st_mtime < STALE_SECONDS
        except OSError:
            return False
        finally:
            probe.unlink(missing_ok=True)


def refuse_other_model(folder: SweepFolder, facts: Manifest) -> None:
    """Raise SweepError if a sweep was begun with another version of the model."""
    version = model_version()
    if facts["model_version"] != version:
        raise SweepError(
            f"{folder.path} was begun with model {facts['model_version']} and this is {version}; "
            "results of the two are not mixed: give a new sweep a folder of its own with --out"
        )
