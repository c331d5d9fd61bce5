"""What workers are given and what they tell: chunks and events.

Imports nothing heavy: who only hands out chunks need not have the model.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chunk:
    """Runs done together: rows of the design."""

    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Started:
    """A run began."""

    row: int


@dataclass(frozen=True, slots=True)
class Finished:
    """A run ended well; it is not on disk before `Written`."""

    row: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """A run ended with an error."""

    row: int
    message: str


@dataclass(frozen=True, slots=True)
class Written:
    """Runs reached the disk: those that ended well, and those that failed."""

    rows: tuple[int, ...]
    failed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The store does not take results any more, or this is another model; no run is to blame."""

    message: str
    environment: bool


@dataclass(frozen=True, slots=True)
class Remark:
    """What an engine says of where the work is, for people."""

    text: str


Event = Started | Finished | Failed | Written | Refused | Remark
