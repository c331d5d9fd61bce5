"""What documents that commands print must look like before a report quotes them."""

from math import prod
from typing import Annotated, Any, Final, NotRequired, TypedDict

from pydantic import Field, TypeAdapter

from experiments.shapes import MaybeNumber, Number, Part, holds, rising
from experiments.stored import Count, Seed


class Finding(TypedDict):
    """A fact beside what the model gives."""

    id: str
    label: str
    source: str
    observed: Number
    low: Number
    high: Number
    key: bool
    median: MaybeNumber
    in_band: bool
    values: Annotated[list[MaybeNumber], Field(min_length=1)]


class World(TypedDict):
    """A world beside the facts."""

    in_band: Count
    checks: Count
    key_in_band: Count
    findings: Annotated[
        list[Annotated[Finding, holds(rising, "a band whose low is below its high")]],
        Field(min_length=1),
    ]


def same_facts(worlds: dict[str, Any]) -> bool:
    """Whether all worlds are held against the same facts, in one order."""
    return len({tuple(one["id"] for one in world["findings"]) for world in worlds.values()}) == 1


Worlds = Annotated[
    dict[str, World], Field(min_length=1), holds(same_facts, "one list of facts for all worlds")
]


def are_names(found: Any) -> bool:
    """Whether it is a list of texts, or a table under such names."""
    return isinstance(found, list | dict) and all(isinstance(one, str) for one in found)


class Validation(TypedDict):
    """What `nomoat validate --out` writes."""

    scenario: str
    overrides: Annotated[Any, holds(are_names, "a list of settings")]
    seeds: Count
    model_version: str
    commit: str | None
    worlds: Worlds


class Profile(TypedDict):
    """A combination of strategies."""

    strategies: dict[str, str]
    runs: Count
    regret: Number
    regret_low: Number
    regret_high: Number
    equilibrium: Part
    payoff: dict[str, Number]


Mixture = dict[str, dict[str, Part]]


class Mixed(TypedDict):
    """A stable combination of mixed strategies."""

    mixture: Mixture
    regret_low: Number
    regret_high: Number


class Answer(TypedDict):
    """What a strategy pays over all choices of the others."""

    best_answer: Part
    mean_payoff: Number
    gain_low: Number
    gain_high: Number


class Basin(TypedDict):
    """Where imitation leads."""

    share: Part
    mixture: Mixture | None


class Tier(TypedDict):
    """What opening one size of model pays."""

    tier: str
    serving_cost: Number
    gain: Number
    low: Number
    high: Number


class ByTier(TypedDict):
    """The sizes of a vendor that chooses which to open."""

    vendor: str
    falls_with_cost: Part
    tiers: list[Tier]


class GameResult(TypedDict):
    """What `nomoat game show --json` prints."""

    payoff: str
    players: Annotated[list[str], Field(min_length=1)]
    names: NotRequired[dict[str, str]]
    worlds: Count
    enterprises: Count
    months: Count
    seed: Seed
    profiles: list[Profile]
    pure: list[dict[str, str]]
    mixed: list[Mixed] | None
    best_responses: dict[str, Annotated[dict[str, Answer], Field(min_length=1)]]
    basins: list[Basin]
    tiers: NotRequired[ByTier | None]


def one_game(found: Any) -> bool:
    """Whether players, their strategies and the combinations are those of one game."""
    players, options = found["players"], found["best_responses"]
    names = found.get("names", {})
    if list(options) != players or len({names.get(one, one) for one in players}) < len(players):
        return False
    every = set()
    for one in (*found["profiles"], *({"strategies": own} for own in found["pure"])):
        chosen = one["strategies"]
        if list(chosen) != players or any(chosen[who] not in options[who] for who in players):
            return False
        if not set(players) <= set(one.get("payoff", players)):
            return False
        every.add(tuple(chosen.values()))
    whole = prod(map(len, options.values()))
    return len(every) == len(found["profiles"]) == whole


VALIDATION: Final = TypeAdapter(Validation)
WORLDS_BESIDE_FACTS: Final = TypeAdapter(Worlds)
"""What `nomoat validate --json` prints."""
GAME_RESULT: Final = TypeAdapter(
    Annotated[GameResult, holds(one_game, "one game, with all combinations of its strategies,")]
)
