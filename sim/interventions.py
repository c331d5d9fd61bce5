"""Parameters that change in the middle of a run: which may, and the scenario after the change.

A `set-parameter` event is how paired experiments intervene: both worlds are one until its month.
"""

from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from agents.common.parameter import Parameters, entries
from sim.catalogue import nearest

if TYPE_CHECKING:
    from sim.scenario import Scenario

LIVE_SECTIONS: Final = (
    "choice", "adoption", "perception", "restriction", "usage", "environment", "capability",
    "crowd", "release", "pricing", "finance", "review", "host", "incident",
)  # fmt: skip
"""Sections that are read anew every month."""
AT_START: Final = frozenset({
    "choice.mode", "choice.theta", "choice.theta_spread", "choice.control_taste",
    "choice.taste_spread",
    "adoption.frailty", "adoption.early_awareness", "finance.entry_slots", "finance.entry_hazard",
    "host.packaging",
})  # fmt: skip
"""Their parameters that are drawn or fixed before month 0."""
WORDS: Final[dict[str, Any]] = {"true": True, "false": False, "none": None}


def may_change(root: type[Parameters]) -> list[str]:
    """Paths a `set-parameter` event may name."""
    sections = entries(root)
    paths = [
        f"{name}.{leaf}"
        for name in LIVE_SECTIONS
        for leaf in entries(sections[name].shape.section or root)
    ]
    return [path for path in paths if path not in AT_START]


def changed(
    scenario: "Scenario", path: str, magnitude: float | None, word: str | None
) -> "Scenario":
    """The scenario with one parameter changed: to the word if there is one, else the number.

    Raises ValueError, one sentence, for a parameter that cannot change or a value it cannot take.
    """
    known = may_change(type(scenario))
    if path not in known:
        raise ValueError(
            f"'{path}' is not a parameter that can change during a run{nearest(path, known)}"
        )
    section, leaf = path.split(".")
    old = getattr(scenario, section)
    value: Any = magnitude if word is None else WORDS.get(word, word)
    if isinstance(value, float) and value.is_integer() and isinstance(getattr(old, leaf), int):
        value = int(value)
    try:
        new = type(old).model_validate({**old.model_dump(), leaf: value})
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ValueError(f"'{path}' cannot be {value}: {reason}") from None
    return scenario.model_copy(update={section: new})
