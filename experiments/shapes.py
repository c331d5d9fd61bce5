"""Kinds of numbers that the shapes of stored documents are made of (`stored.document`).

Each refuses what cannot be meant, so that nothing that reads a document has to ask again.
"""

import math
from collections.abc import Callable
from typing import Annotated, Any, Final, TypedDict

from pydantic import AfterValidator, Field

LARGEST: Final = 1e100
"""Above any amount of the model; arithmetic with numbers up to it stays finite."""
SLACK: Final = 1e-6
"""What arithmetic may add to a share of all, or take from one of none."""


def holds(test: Callable[[Any], bool], belongs: str) -> AfterValidator:
    """A part of a shape: what passes a test. belongs: what belongs there, in words."""

    def checked(value: Any) -> Any:
        if not test(value):
            raise ValueError(f"{belongs} belongs there")
        return value

    return AfterValidator(checked)


Number = Annotated[
    float, holds(lambda x: math.isfinite(x) and abs(x) <= LARGEST, "a finite number")
]
Part = Annotated[float, holds(lambda x: -SLACK <= x <= 1.0 + SLACK, "a share from 0 to 1")]
MaybeNumber = Number | None
MaybePart = Part | None
Three = Annotated[list[MaybePart], Field(min_length=3, max_length=3)]
"""A share and the ends of its interval; null where there is none."""
Pair = Annotated[list[Number], Field(min_length=2, max_length=2)]


class Interval(TypedDict):
    """A share and the ends of its interval."""

    share: Part
    low: Part
    high: Part


def all_or_none(found: Any) -> bool:
    """Whether what has a low end has a middle and a high end, too."""
    return len({found[name] is None for name in ("low", "middle", "high")}) == 1


def rising(found: Any) -> bool:
    """Whether a range goes from a lower to a higher number."""
    return bool(found["low"] < found["high"])
