"""The folder of an ensemble: what was asked, its waves as they are drawn, and what came of it."""

import fcntl
import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.durable import Disk, StoreError
from experiments.encoding import encode
from experiments.ensemble.facts import WORDS, Fact
from experiments.ensemble.matching import Drawn, Region, Rules
from experiments.evidence.emulator import Emulator
from experiments.evidence.space import Axis
from experiments.folder import OUTPUTS

Identity = dict[str, Any]
ARRAYS: Final = ("weights", "offset", "error", "explained")


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
        return self.identity_path.is_file()

    def identity(self) -> Identity:
        """What was asked; EnsembleError where nothing readable is stored."""
        found = self._json(self.identity_path)
        if found is None or "space" not in found:
            raise EnsembleError(
                f"{self.path} holds no ensemble; make one with nomoat ensemble build"
            )
        return found

    def summary(self) -> dict[str, Any]:
        """What came of it; EnsembleError while it is not finished."""
        self.identity()
        found = self._json(self.summary_path)
        if found is None:
            raise EnsembleError(
                f"the ensemble in {self.path} is not finished; the command that began it goes on"
            )
        return found

    def draws(self) -> pa.Table:
        """The table of all worlds drawn; EnsembleError while it is not finished."""
        self.summary()
        try:
            return pq.read_table(self.draws_path)
        except (OSError, pa.ArrowException):
            raise EnsembleError(f"{self.draws_path} is missing or damaged") from None

    def _json(self, path: Path) -> dict[str, Any] | None:
        try:
            found = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def prepare(self, identity: Identity, base: str) -> None:
        """Make the folder, or see that what it holds is the same ensemble.

        Raises EnsembleError that says what differs, StoreError if nothing can be written.
        """
        if self.exists():
            refuse_other(self, identity)
            return
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise EnsembleError(f"{self.path} exists and is no ensemble; name another --out")
        partial = self.path.with_name(f".{self.path.name}.partial-{os.getpid()}")
        try:
            self.disk.make(partial)
            self.disk.write(partial / self.base_path.name, base.encode())
            self.disk.write(partial / self.identity_path.name, page(identity))
            self.disk.sync(partial)
            self.disk.rename(partial, self.path)
        except OSError as error:
            raise StoreError.of(error, self.path) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)

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
        if not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as stored:
                found = dict(stored)
            emulator = Emulator(*(found[name] for name in ARRAYS)) if "weights" in found else None
            region = Region(self.rules.facts, emulator, found["noise"], self.rules.cutoff)
            volume, candidates = float(found["volume"]), int(found["candidates"])
            return Drawn(region, found["positions"], volume, candidates)
        except (OSError, ValueError, KeyError):
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
