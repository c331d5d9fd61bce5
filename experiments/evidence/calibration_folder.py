"""The folder of a calibration: what it was asked, its journal of trials, and what came out."""

import fcntl
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, TypedDict

from pydantic import TypeAdapter

from experiments.durable import Disk, may_begin
from experiments.evidence.checks import Check
from experiments.evidence.loss import CalibrationError
from experiments.evidence.space import Axis
from experiments.folder import OUTPUTS
from experiments.stored import DocumentError, document, is_file, reason_of
from sim.loading import canonical
from sim.scenario import Scenario

Identity = dict[str, Any]
WORDS = frozenset({"why", "label", "source"})
"""Fields that explain and decide nothing."""
MOST_CHANGES = 3


class Asked(TypedDict):
    """What decides about a calibration."""

    model_version: str
    scenario: str
    scenario_hash: str
    settings: dict[str, Any]
    space: list["Axes"]
    checks: list["Checked"]


class Axes(TypedDict):
    """What tells parameters apart."""

    path: str


class Checked(TypedDict):
    """What tells facts apart."""

    id: str


ASKED: Final = TypeAdapter(Asked)


def identity_of(
    scenario: Scenario,
    settings: Mapping[str, Any],
    axes: Sequence[Axis],
    checks: Sequence[Check],
    model_version: str,
) -> Identity:
    """All that a trial's loss depends on besides its parameters and its place in the search."""
    return {
        "model_version": model_version,
        "scenario": scenario.name,
        "scenario_hash": short_hash(canonical(scenario)),
        "settings": dict(settings),
        "space": [plain_fields(axis) for axis in axes],
        "checks": [plain_fields(check) for check in checks],
    }


def plain_fields(item: Axis | Check) -> dict[str, Any]:
    """The fields that decide something."""
    return {key: value for key, value in asdict(item).items() if key not in WORDS}


def short_hash(content: object) -> str:
    """16 hexadecimal digits of anything that JSON can write."""
    text = json.dumps(content, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def default_path(identity: Identity) -> Path:
    """`outputs/calibration-<hash>`: of everything in the identity but the model's version."""
    asked = {key: value for key, value in identity.items() if key != "model_version"}
    return OUTPUTS / f"calibration-{short_hash(asked)}"


@dataclass(frozen=True)
class CalibrationFolder:
    """`calibration.json`, `base.toml`, `journal.log`; later `best.toml`, `identification.csv`."""

    path: Path
    disk: Disk = field(default_factory=Disk, repr=False, compare=False)

    @property
    def identity_path(self) -> Path:
        """What was asked."""
        return self.path / "calibration.json"

    @property
    def base_path(self) -> Path:
        """The scenario that the search starts from, in full."""
        return self.path / "base.toml"

    @property
    def journal_path(self) -> Path:
        """The trials, as optuna writes them."""
        return self.path / "journal.log"

    @property
    def best_path(self) -> Path:
        """The best setting as a scenario."""
        return self.path / "best.toml"

    @property
    def identification_path(self) -> Path:
        """What the facts say of each parameter."""
        return self.path / "identification.csv"

    def exists(self) -> bool:
        """Whether a calibration is stored here."""
        return is_file(self.identity_path)

    def identity(self) -> Identity:
        """What was asked; CalibrationError where nothing readable is stored."""
        try:
            return document(self.identity_path, ASKED)
        except (FileNotFoundError, NotADirectoryError):
            raise CalibrationError(f"{self.path} holds no calibration") from None
        except OSError as error:
            reason = reason_of(error)
            raise CalibrationError(f"{self.identity_path} cannot be read: {reason}") from None
        except DocumentError as error:
            raise CalibrationError(f"{error}; begin again with another --out") from None

    def prepare(self, identity: Identity, base: str) -> None:
        """Make the folder, or see that what it holds is the same calibration.

        Raises CalibrationError that says what differs, StoreError if nothing can be written.
        """
        if not self.exists():
            page = json.dumps(identity, indent=2, ensure_ascii=False, allow_nan=False)
            files = {
                self.base_path.name: base.encode(), self.identity_path.name: f"{page}\n".encode(),
            }  # fmt: skip
            if not may_begin(self.path, files):
                raise CalibrationError(
                    f"{self.path} exists and is no calibration; name another --out"
                )
            if self.disk.begin(self.path, files):
                return
        self.refuse_other(identity)

    def refuse_other(self, identity: Identity) -> None:
        """Raise CalibrationError if the folder holds another calibration than this."""
        found = changes(self.identity(), identity)
        if not found:
            return
        other = default_path(identity)
        if other.resolve() == self.path.resolve():
            other = self.path.with_name(f"{self.path.name}-{identity['model_version'][:8]}")
        more = len(found) - MOST_CHANGES
        raise CalibrationError(
            f"{self.path} was begun with {'; '.join(found[:MOST_CHANGES])}"
            + (f"; and {more} more" if more > 0 else "")
            + f": trials of the two do not compare; go on in another folder with --out {other}"
        )

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder against other processes; CalibrationError if one holds it already."""
        with self.identity_path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CalibrationError(f"another process is calibrating in {self.path}") from None
            yield

    def put(self, path: Path, text: str) -> None:
        """Write a result in one step, over an earlier one; StoreError if that fails."""
        self.disk.replace(path, text.encode())


def changes(stored: Identity, asked: Identity) -> list[str]:
    """What differs between two calibrations, a few words each."""
    found = []
    if stored["model_version"] != asked["model_version"]:
        versions = f"{stored['model_version'][:8]} then, {asked['model_version'][:8]} now"
        found.append(f"another version of the model ({versions})")
    if stored["scenario_hash"] != asked["scenario_hash"]:
        found.append(f"another scenario or other settings of it ({stored['scenario']})")
    for name, value in asked["settings"].items():
        before = stored["settings"].get(name)
        if before != value:
            found.append(f"{name.replace('_', ' ')} {before} (now {value})")
    found += differing(stored["space"], asked["space"], "path", "parameter")
    return found + differing(stored["checks"], asked["checks"], "id", "fact")


def differing(
    stored: Sequence[Mapping[str, Any]], asked: Sequence[Mapping[str, Any]], key: str, noun: str
) -> list[str]:
    """Entries of two lists that only one has, or that have other values."""
    before, now = ({entry[key]: entry for entry in side} for side in (stored, asked))
    found = [f"the {noun} {name} (now absent)" for name in before if name not in now]
    found += [f"no {noun} {name} (now present)" for name in now if name not in before]
    for name in before:
        if name in now and before[name] != now[name]:
            parts = [
                f"{part} {before[name].get(part)} (now {now[name].get(part)})"
                for part in now[name]
                if before[name].get(part) != now[name][part]
            ]
            found.append(f"{name} {', '.join(parts)}")
    return found
