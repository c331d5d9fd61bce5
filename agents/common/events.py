"""Records of what happened: one row of the `event` table each."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Details = Mapping[str, Any]
"""Numbers (names, where there is no number) by what they are; may be nested once."""


class Event(NamedTuple):
    """Something that happened in a month.

    `target` names whom it happened to, `magnitude` is in the unit of its kind (a price, a share,
    logits) and `cause` says what made it happen: `input`, `scenario`, `hazard`, `review`, ...
    `details` are the numbers that whoever acted went by (keys by kind: docs/events.md).
    """

    month: int
    kind: str
    target: str
    magnitude: float | None
    cause: str
    details: Details | None = None
