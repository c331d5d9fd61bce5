"""What each kind of licence lets others do with a model."""

from typing import Final, NamedTuple


class Licence(NamedTuple):
    """Rights that come with a model; weights are public in all but the first kind."""

    name: str
    code: int
    open_weights: bool
    hosting: bool
    """Others may serve the model for money."""
    tuned_redistribution: bool
    """Others may train on it and pass the result on: what a crowd needs."""
    crowd: float
    """How freely users of the family can give back, 0 to 1."""
    selfhost_fee: bool
    """Commercial use on own machines needs a paid contract."""
    threshold: bool
    """Hosts, vendors and operators above a number of users need a paid licence."""


LICENCES: Final[dict[str, Licence]] = {
    licence.name: licence
    for licence in (
        Licence("proprietary", 0, False, False, False, 0.0, False, False),
        Licence("research", 1, True, False, False, 0.3, True, False),
        Licence("restricted", 2, True, True, False, 0.6, False, True),
        Licence("permissive", 3, True, True, True, 1.0, False, False),
    )
}
LICENCE_NAMES: Final = tuple(LICENCES)


def licence_of(code: int) -> Licence:
    """The licence with this column code."""
    return LICENCES[LICENCE_NAMES[code]]
