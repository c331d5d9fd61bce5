"""What a stored ledger must look like before anything in it is used."""

from typing import Annotated, Any, Final, Literal, NotRequired, TypedDict

from pydantic import Field, TypeAdapter

from experiments.shapes import MaybeNumber, MaybePart, Number, Pair, Part, Three, all_or_none, holds
from experiments.stored import Count, Seed

WHOLE: Final = holds(all_or_none, "low, middle and high that are all numbers or all null")
SIZE: Final = ("low", "middle", "high", "worlds")
"""What the conditions of a ledger have besides; those of earlier versions lack it."""


class Sized(TypedDict):
    """How much was run."""

    worlds: Count
    switched: Count
    early: Count
    replicates: Count
    enterprises: Count
    seed: Seed


class Planned(Sized):
    """All that was decided about how much is run; see `ledger.Size`."""

    wide: Count
    linear: Count
    reported: bool


class Asked(TypedDict):
    """What decides about a ledger."""

    claims: dict[str, str]
    switches: str
    size: Planned
    worlds: str
    model_version: str


class Effect(TypedDict):
    """A size over worlds."""

    words: str
    low: MaybeNumber
    middle: MaybeNumber
    high: MaybeNumber
    worlds: NotRequired[Count]


class Reported(Effect):
    """What is said beside a claim."""

    share: MaybePart


class Condition(TypedDict):
    """One of the conditions of a claim."""

    words: str
    share: MaybePart
    low: NotRequired[MaybeNumber]
    middle: NotRequired[MaybeNumber]
    high: NotRequired[MaybeNumber]
    worlds: NotRequired[Count]


def has_size(condition: Any) -> bool:
    """Whether a condition has all of its size or none of it."""
    found = [name in condition for name in SIZE]
    return not any(found) or (all(found) and all_or_none(condition))


class Box(TypedDict):
    """The settings between which a claim holds."""

    limits: dict[str, Pair]
    density: Part
    coverage: Part
    worlds: Count
    p_value: Number
    overall: Part


class Driver(TypedDict):
    """A setting that a claim hangs on."""

    path: str
    effect: MaybeNumber
    low: MaybePart
    high: MaybePart
    pinned: bool


class Switched(TypedDict):
    """A claim with a mechanism switched."""

    name: str
    words: str
    share: Three | None
    before: Three
    worlds: Count


class Judged(TypedDict):
    """What a ledger says of a claim."""

    id: str
    statement: str
    who: str
    when: str
    question: Literal["Q1", "Q2", "Q3", "Q4"]
    asked: str
    verdict: Literal[
        "holds broadly", "fails broadly", "holds under stated conditions", "not identified"
    ]
    reason: str
    share: Three
    raw: Three | None
    linear: Three | None
    early: Three | None
    halves: Annotated[list[MaybePart], Field(min_length=2, max_length=2)]
    worlds: Count
    raw_worlds: Count
    missing: Count
    raw_missing: NotRequired[Count]
    any: NotRequired[bool]
    switched: list[Switched]
    effect: Annotated[Effect, WHOLE]
    conditions: list[
        Annotated[Condition, holds(has_size, "all of low, middle, high and worlds, or none,")]
    ]
    reported: list[Annotated[Reported, WHOLE]]
    box: Box | None
    drivers: list[Driver]
    cases: dict[str, str]
    caveats: list[str]


def has_box(claim: Any) -> bool:
    """Whether a claim that holds under conditions says under which."""
    return claim["verdict"] != "holds under stated conditions" or claim["box"] is not None


class Ledger(TypedDict):
    """A ledger as it is stored."""

    size: Sized
    calibrated: Count
    raw: Count
    ensemble: NotRequired[str | None]
    failed_runs: Count
    model_version: str
    claims: list[Annotated[Judged, holds(has_box, "a box beside the stated conditions")]]


ASKED: Final = TypeAdapter(Asked)
SHAPE: Final = TypeAdapter(Ledger)
