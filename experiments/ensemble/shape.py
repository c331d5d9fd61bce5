"""What the documents of an ensemble must look like before anything in them is used."""

from typing import Annotated, Any, Final, NotRequired, TypedDict

from pydantic import Field, TypeAdapter

from experiments.shapes import (
    Interval,
    MaybeNumber,
    MaybePart,
    Number,
    Part,
    holds,
    rising,
)
from experiments.stored import Count, Seed


class Sized(TypedDict):
    """How large an ensemble is."""

    draws: Count
    waves: Count
    replicates: Count
    enterprises: Count
    most: Count


class Setting(TypedDict):
    """A setting that worlds differ in."""

    path: str
    low: Number
    high: Number
    log: bool


def drawn(found: Any) -> bool:
    """Whether a setting can be drawn from its range, also on a log scale."""
    return rising(found) and (found["low"] > 0 or not found["log"])


RANGE: Final = holds(drawn, "a range that rises, above 0 where it is on a log scale,")


class Asked(TypedDict):
    """What decides about an ensemble."""

    model_version: str
    scenario: str
    parameters: list[str]
    size: Sized
    seed: Seed
    cutoff: Number
    space: list[Annotated[Setting, RANGE]]
    facts: list[dict[str, Any]]


class Wave(TypedDict):
    """What a wave came to."""

    wave: Count
    draws: Count
    kept: Count
    failed: Count
    volume: Interval
    of_region: Interval
    of_prior: Interval


class Ruled(TypedDict):
    """What a fact rules out."""

    id: str
    label: str
    passes: Part
    alone: Part
    median: MaybeNumber
    low: MaybeNumber
    high: MaybeNumber
    unknown: NotRequired[Part]


class Relaxed(TypedDict):
    """What would survive under other discrepancies."""

    times: Number
    share: Part


class Pinned(Setting):
    """What the facts say of a setting."""

    ks: Number
    pinned: bool
    sd: Number
    verdict: str
    interval: Annotated[list[Number], Field(min_length=3, max_length=3)]


class Came(TypedDict):
    """What came of it."""

    scenario: str
    size: Sized
    draws: Count
    kept: Count
    members: Count
    members_lost: Count
    met_again: MaybePart
    effective: Number
    survives: Interval
    outside_surrogate: Part
    waves: list[Wave]
    facts: Annotated[list[Ruled], Field(min_length=1)]
    relaxed: list[Relaxed]
    parameters: list[Annotated[Pinned, RANGE]]


ASKED: Final = TypeAdapter(Asked)
CAME: Final = TypeAdapter(Came)
