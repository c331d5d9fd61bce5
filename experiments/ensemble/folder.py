"""The folder of an ensemble: what was asked, its waves as they are drawn, and what came of it."""

import fcntl
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
from pydantic import TypeAdapter

from experiments.durable import Disk, may_begin
from experiments.encoding import encode
from experiments.ensemble.facts import WORDS, Fact
from experiments.ensemble.matching import Drawn, Region, Rules
from experiments.ensemble.shape import ASKED, CAME
from experiments.evidence.emulator import Emulator
from experiments.evidence.space import Axis
from experiments.folder import OUTPUTS
from experiments.stored import (
    DocumentError,
    document,
    is_file,
    read_table,
    reason_of,
    refuse_links,
    regular,
)

Identity = dict[str, Any]
ARRAYS: Final = ("weights", "offset", "error", "explained")


NESTED: Final = ("wave-*", "worlds")
"""Sweeps in the folder of an ensemble."""


class EnsembleError(Exception):
    """What was asked of an ensemble cannot be done; the text is one sentence."""


@dataclass(frozen=True)
class EnsembleFolder:
    """`ensemble.json`, `base.toml`, `wave-1/` ... and `worlds/` (sweeps), `draws.parquet`."""

    path: Path
    disk: Disk = field(default_factory=Disk, repr=False, compare=False)

    @property
    def identity_path(self) -> Path:
        """What was asked."""
        return self.path / "ensemble.json"

    @property
    def base_path(self) -> Path:
        """The scenario that all worlds are changes of, in full."""
        return self.path / "base.toml"

    @property
    def draws_path(self) -> Path:
        """Every world drawn: settings, wave, weight, implausibilities, runs."""
        return self.path / "draws.parquet"

    @property
    def summary_path(self) -> Path:
        """What survives and what the facts pin down."""
        return self.path / "summary.json"

    @property
    def worlds_path(self) -> Path:
        """The sweep of members, and of worlds of the prior, to the end of the forecast."""
        return self.path / "worlds"

    def wave_path(self, number: int) -> Path:
        """The sweep of a wave."""
        return self.path / f"wave-{number}"

    def points_path(self, name: str) -> Path:
        """The worlds of a sweep, a row each run of one replicate."""
        return self.path / f"{name}.parquet"

    def figure_path(self, name: str) -> Path:
        """A picture."""
        return self.path / f"{name}.png"

    def exists(self) -> bool:
        """Whether an ensemble is stored here."""
        return is_file(self.identity_path)

    def identity(self) -> Identity:
        """What was asked; EnsembleError where nothing readable is stored."""
        found = self._document(self.identity_path, ASKED)
        if found is None:
            raise EnsembleError(
                f"{self.path} holds no ensemble; make one with nomoat ensemble build"
            )
        refuse_links(self.path, NESTED)
        return found

    def summary(self) -> dict[str, Any]:
        """What came of it; EnsembleError while it is not finished."""
        self.identity()
        found = self._document(self.summary_path, CAME)
        if found is None:
            raise EnsembleError(
                f"the ensemble in {self.path} is not finished; the command that began it goes on"
            )
        return found

    def draws(self) -> pa.Table:
        """The table of all worlds drawn; EnsembleError while it is not finished."""
        self.summary()
        try:
            return read_table(self.draws_path)
        except (OSError, pa.ArrowException) as error:
            raise EnsembleError(
                f"{self.draws_path} is missing or damaged: {reason_of(error)}"
            ) from None

    def _document(self, path: Path, shape: TypeAdapter[Any]) -> dict[str, Any] | None:
        """A document of the folder; None if there is none, EnsembleError if it is damaged."""
        try:
            return document(path, shape)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise EnsembleError(f"{path} cannot be read: {reason_of(error)}") from None
        except DocumentError as error:
            raise EnsembleError(f"{error}; build again with another --out") from None

    def prepare(self, identity: Identity, base: str) -> None:
        """Make the folder, or see that what it holds is the same ensemble.

        Raises EnsembleError that says what differs, StoreError if nothing can be written.
        """
        if not self.exists():
            files = {self.base_path.name: base.encode(), self.identity_path.name: page(identity)}
            if not may_begin(self.path, files):
                raise EnsembleError(f"{self.path} exists and is no ensemble; name another --out")
            if self.disk.begin(self.path, files):
                return
        refuse_other(self, identity)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder against other processes; EnsembleError if one holds it already."""
        with self.identity_path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise EnsembleError(f"another process is building {self.path}") from None
            yield

    def put(self, path: Path, data: bytes) -> None:
        """Write a file in one step, over an earlier one; StoreError if that fails."""
        self.disk.replace(path, data)

    def put_table(self, path: Path, table: pa.Table) -> None:
        """Write a table in one step."""
        self.put(path, encode(table))

    def put_json(self, path: Path, document: Mapping[str, Any]) -> None:
        """Write a document in one step."""
        self.put(path, page(document))


@dataclass(frozen=True)
class StoredWaves:
    """The notebook of a match in a folder: `wave-N.npz` has a wave's worlds and its region."""

    folder: EnsembleFolder
    rules: Rules

    def _path(self, wave: int) -> Path:
        return self.folder.path / f"wave-{wave}.npz"

    def drawn(self, wave: int) -> Drawn | None:
        """A wave that was drawn before; EnsembleError if it cannot be read."""
        path = self._path(wave)
        if not path.exists():
            return None
        try:
            regular(path)
            with np.load(path, allow_pickle=False) as stored:
                found = dict(stored)
            emulator = Emulator(*(found[name] for name in ARRAYS)) if "weights" in found else None
            region = Region(self.rules.facts, emulator, found["noise"], self.rules.cutoff)
            volume, candidates = float(found["volume"]), int(found["candidates"])
            return Drawn(region, found["positions"], volume, candidates)
        except (OSError, ValueError, LookupError, TypeError, BadZipFile):
            raise EnsembleError(f"{path} is damaged; begin again with another --out") from None

    def keep(self, wave: int, drawn: Drawn) -> None:
        """Keep a wave."""
        region = drawn.region
        arrays: dict[str, Any] = {
            "positions": drawn.positions, "volume": np.float64(drawn.volume),
            "candidates": np.int64(drawn.candidates), "noise": region.noise,
        }  # fmt: skip
        if region.emulator is not None:
            arrays |= {name: getattr(region.emulator, name) for name in ARRAYS}
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        self.folder.put(self._path(wave), buffer.getvalue())


def page(document: Mapping[str, Any]) -> bytes:
    """A document as a file of JSON."""
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def short_hash(content: object) -> str:
    """16 hexadecimal digits of anything that JSON can write."""
    text = json.dumps(content, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def default_path(asked: Mapping[str, Any]) -> Path:
    """`outputs/ensemble-<hash>`: of all that was asked."""
    return OUTPUTS / f"ensemble-{short_hash(asked)}"


def described(item: Axis | Fact) -> dict[str, Any]:
    """The fields of a parameter or a fact that decide something."""
    left_out = WORDS | {"why"}
    return {key: value for key, value in asdict(item).items() if key not in left_out}


def refuse_other(folder: EnsembleFolder, identity: Identity) -> None:
    """Raise EnsembleError, saying what differs, if a folder holds another ensemble."""
    stored = folder.identity()
    names = sorted(set(stored) | set(identity))
    changed = [name for name in names if stored.get(name) != identity.get(name)]
    if changed:
        words = {"space": "the parameters", "facts": "the facts", "model_version": "the model"}
        what = ", ".join(words.get(name, f"the {name}") for name in changed)
        raise EnsembleError(
            f"{folder.path} was begun otherwise: {what} changed; its worlds do not mix with "
            "others: go on in another folder with --out"
        )
