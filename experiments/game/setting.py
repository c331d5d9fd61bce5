"""What a game is: players, their strategies, worlds, and what is paid."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np

from agents.common.vocabulary import STRATEGIES, TIERS
from experiments.game.equilibria import Floats, Profile
from sim.catalogue import shown
from sim.scenario import Scenario

PLAYERS: Final = ("openai", "meta", "mistral")
"""Roles: the closed leader, a platform with income from complements, a start-up."""
PAYOFFS: Final = ("profit", "share", "survival")
MOST_PROFILES: Final = 1000


class GameError(Exception):
    """What was asked of a game cannot be done; the text is one sentence."""


@dataclass(frozen=True)
class Player:
    """A vendor that chooses. name: in tables. options: settings by strategy."""

    id: str
    name: str
    options: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Worlds:
    """Worlds that payoffs are averaged over; one without changes is the base itself.

    settings: by path. weights: add up to 1.
    """

    settings: Sequence[Mapping[str, float]]
    weights: Floats


@dataclass(frozen=True)
class Game:
    """A game to be played by simulation.

    payoff: one of `PAYOFFS`. rate: a year, by which profits are discounted. replicates: of each
    profile and world in the first round; every later round has twice as many as the one before.
    """

    base: Scenario
    players: tuple[Player, ...]
    tiers: str
    """The player that chooses tier by tier; empty if none does."""
    worlds: Worlds
    payoff: str
    rate: float
    months: int
    enterprises: int
    replicates: int
    rounds: int
    seed: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Strategies of each player."""
        return tuple(len(player.options) for player in self.players)

    @property
    def profiles(self) -> list[Profile]:
        """All combinations of strategies, the last player's fastest."""
        return list(product(*(range(size) for size in self.shape)))

    def words(self, profile: Sequence[int]) -> str:
        """A profile in words."""
        pairs = zip(self.players, profile, strict=True)
        return ", ".join(f"{player.id} {list(player.options)[place]}" for player, place in pairs)

    def outcomes(self) -> dict[str, dict[str, Any]]:
        """What is kept of every run: all kinds of payoff of every player."""
        found: dict[str, dict[str, Any]] = {}
        for player in self.players:
            vendor = {"vendor": player.name}
            last = min(12, self.months)
            found |= {
                f"profit_{player.id}": {
                    **vendor, "column": "profit", "reduce": "discounted", "threshold": self.rate,
                },
                f"share_{player.id}": {
                    **vendor, "column": "spend_share", "reduce": "mean", "last": last,
                },
                f"survival_{player.id}": {**vendor, "column": "alive"},
            }  # fmt: skip
        return found


def players_of(
    base: Scenario, ids: Sequence[str], names: Sequence[str], tiers: str
) -> list[Player]:
    """The players, each with all strategies; the one called `tiers` chooses tier by tier.

    Raises GameError for vendors and strategies that there are not, or too few or many.
    """
    ids = list(dict.fromkeys([*ids, *([tiers] if tiers else [])]))
    if unknown := [one for one in ids if one not in base.vendors]:
        known = ", ".join(base.vendors)
        raise GameError(f"there is no vendor {shown(unknown[0])}; they are {known}")
    if unknown := [one for one in names if one not in STRATEGIES]:
        raise GameError(
            f"there is no strategy {shown(unknown[0])}; they are {', '.join(STRATEGIES)}"
        )
    if len(set(names)) < 2 or len(ids) < 2:
        raise GameError("a game has two players or more, and two strategies or more")
    absent = [one for one in ids if not base.vendors[one].present]
    if absent:
        raise GameError(f"{absent[0]} takes no part in this scenario; name other players")
    found = [
        Player(
            one, base.vendors[one].name,
            tier_options(one) if one == tiers else plain_options(one, names),
        )
        for one in ids
    ]  # fmt: skip
    size = int(np.prod([len(player.options) for player in found]))
    if size > MOST_PROFILES:
        raise GameError(f"{size:,} profiles are too many; up to {MOST_PROFILES:,} can be played")
    return found


def plain_options(vendor: str, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Open, closed and dual, dual as the base has its tiers."""
    return {name: {f"vendors.{vendor}.strategy": name} for name in dict.fromkeys(names)}


def tier_options(vendor: str) -> dict[str, dict[str, Any]]:
    """Closed, one tier opened beside closed models, and all open."""
    strategy, tiers = f"vendors.{vendor}.strategy", f"vendors.{vendor}.open_tiers"
    return {
        "closed": {strategy: "closed"},
        **{tier: {strategy: "dual", tiers: [tier]} for tier in TIERS},
        "open": {strategy: "open"},
    }


def serving_costs(base: Scenario) -> dict[str, float]:
    """Cost of serving a closed model of each tier in 2023-01, $ per Mtok."""
    pricing = base.pricing
    ratios = {"small": pricing.serving_small, "medium": pricing.serving_medium, "large": 1.0}
    return {tier: pricing.serving_closed * ratio for tier, ratio in ratios.items()}


def worlds_of(ensemble: Path | None, most: int, seed: int) -> Worlds:
    """The members of an ensemble, at random if there are more than `most`; else the base alone."""
    if ensemble is None:
        return Worlds([{}], np.ones(1))
    from experiments.ensemble import members, settings

    table = members(ensemble)
    if table.num_rows == 0:
        raise GameError(f"no world of {ensemble} is consistent with the facts")
    rows = np.arange(table.num_rows)
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    weights = table["weight"].to_numpy()[rows]
    every = settings(table)
    return Worlds([every[row] for row in rows.tolist()], weights / weights.sum())


def digest(text: str) -> str:
    """Sixteen digits of a text."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
