"""The worlds that claims are judged over: members of an ensemble, and even draws beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from experiments.claims.verdicts import UNPINNED
from experiments.ensemble import base, members, parameters, prior, settings, summary
from experiments.ensemble.building import uncertain
from experiments.ensemble.runs import settings_of
from experiments.evidence.space import Axis
from sim.loading import load
from sim.scenario import Scenario

Floats = NDArray[np.float64]
CALIBRATED, RAW = "calibrated", "raw"
SEED: Final = 20241231


@dataclass(frozen=True)
class Worlds:
    """Settings of worlds, first those of the ensemble, then those of the raw ranges.

    weights: of the first ones of each kind, in which cases are compared; 0 for the others.
    wide_weights: of all of them, for claims that look at worlds as they are. Of each kind either
    adds up to 1. pinned: parameters that facts narrow. source: name of the ensemble's folder, empty
    without one.
    """

    scenario: Scenario
    axes: tuple[Axis, ...]
    settings: tuple[Mapping[str, float], ...]
    kinds: tuple[str, ...]
    weights: Floats
    wide_weights: Floats
    pinned: Mapping[str, bool]
    source: str = ""

    @property
    def paths(self) -> list[str]:
        """Paths of the parameters that differ between worlds."""
        return [axis.path for axis in self.axes]

    @property
    def values(self) -> Floats:
        """(worlds, parameters)."""
        return np.array([[one[path] for path in self.paths] for one in self.settings])

    def kinds_used(self, *, main_only: bool) -> list[str]:
        """The kinds of worlds at hand; the main one is the calibrated one, if there is one."""
        found = list(dict.fromkeys(self.kinds))
        return found[:1] if main_only else found

    def of(self, kind: str) -> NDArray[np.bool_]:
        """Which worlds are of a kind."""
        return np.array([one == kind for one in self.kinds], bool)


def from_ensemble(folder: Path, most: int, wide: int = 0) -> Worlds:
    """Up to `most` members of an ensemble to compare cases in, chosen by weight, and as many of
    its even draws; then further ones of each kind, up to `wide` in all.

    Raises EnsembleError if it is not finished.
    """
    kept, even = members(folder), prior(folder)
    order, weights, wide_weights = nested(kept["weight"].to_numpy(), most, wide)
    kept, even = kept.take(order), even.slice(0, max(most, wide))
    facts = summary(folder)
    axes = tuple(
        Axis(one["path"], one["low"], one["high"], one["log"]) for one in facts["parameters"]
    )
    spread = {one["path"]: one["sd"] for one in facts["parameters"]}
    assert set(parameters(kept)) == {axis.path for axis in axes}
    return Worlds(
        load(base(folder)), axes, (*settings(kept), *settings(even)),
        (CALIBRATED,) * kept.num_rows + (RAW,) * even.num_rows,
        np.concatenate([weights / weights.sum(), first(even.num_rows, most)]),
        np.concatenate([wide_weights / wide_weights.sum(), first(even.num_rows, even.num_rows)]),
        {path: sd <= UNPINNED for path, sd in spread.items()}, folder.name,
    )  # fmt: skip


def first(count: int, used: int) -> Floats:
    """Equal weights of the first of some worlds, that add up to 1."""
    return np.where(np.arange(count) < used, 1.0 / min(used, count), 0.0)


def nested(
    weights: Floats, most: int, wide: int, seed: int = SEED
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Places of `wide` of some weighted things, first `most` chosen among them by weight.

    Returns the places, the weights of the first ones (0 for the others), and those of all.
    """
    outer, outer_weights = by_weight(weights, max(most, wide), np.random.default_rng((seed, 1)))
    back = np.argsort(outer)
    outer, outer_weights = outer[back], outer_weights[back]
    inner, inner_weights = by_weight(outer_weights, most, np.random.default_rng(seed))
    others = np.setdiff1d(np.arange(len(outer)), inner)
    order = np.concatenate([inner, others])
    return (
        outer[order], np.concatenate([inner_weights, np.zeros(len(others))]), outer_weights[order]
    )  # fmt: skip


def by_weight(
    weights: Floats, count: int, luck: np.random.Generator
) -> tuple[NDArray[np.int64], Floats]:
    """Places of `count` of some weighted things in random order, and their new weights.

    The chance to be chosen is proportional to the weight, as far as it is below one, and the new
    weight is the old over that chance (Horvitz and Thompson 1952): sums stay unbiased, and what is
    chosen is worth as many equal ones as can be.
    """
    order = luck.permutation(len(weights))
    if count >= len(weights):
        return order, weights[order]
    chance = np.zeros(len(weights))
    sure = np.zeros(len(weights), bool)
    while True:
        chance[~sure] = (count - sure.sum()) * weights[~sure] / weights[~sure].sum()
        chance[sure] = 1.0
        if not (chance > 1.0).any():
            break
        sure |= chance > 1.0
    # A comb over the sum of chances: every tooth takes one.
    ends = np.cumsum(chance[order])
    teeth = luck.random() + np.arange(count)
    places = np.minimum(np.searchsorted(ends, teeth, side="right"), len(weights) - 1)
    chosen = luck.permutation(order[places])
    return chosen, weights[chosen] / chance[chosen]


def from_ranges(scenario: Scenario, most: int, wide: int = 0) -> Worlds:
    """Even draws over the sourced ranges alone, where no ensemble is at hand."""
    axes, count = uncertain(scenario), max(most, wide)
    draws = qmc.Sobol(len(axes), rng=np.random.default_rng(SEED))
    positions = draws.random_base2(max(count - 1, 1).bit_length())[:count]
    return Worlds(
        scenario, axes, tuple(settings_of(axes, positions)), (RAW,) * count,
        first(count, most), first(count, count), dict.fromkeys((axis.path for axis in axes), False),
    )  # fmt: skip


def described(worlds: Worlds) -> dict[str, Any]:
    """What names a set of worlds."""
    return {
        "worlds": [dict(one) for one in worlds.settings],
        "kinds": list(worlds.kinds),
        "weights": worlds.weights.tolist(),
        "wide_weights": worlds.wide_weights.tolist(),
    }
