"""Records of what happened: one row of the `event` table each."""

from typing import NamedTuple


class Event(NamedTuple):
    """Something that happened in a month.

    `target` names whom it happened to, `magnitude` is in the unit of its kind (a price, a share,
    logits) and `cause` says what made it happen: `input`, `scenario`, `hazard`, `review`, ...
    """

    month: int
    kind: str
    target: str
    magnitude: float | None
    cause: str
