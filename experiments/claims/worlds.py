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

    weights: of all worlds; of each kind they add up to 1. pinned: parameters that facts narrow.
    source: name of the ensemble's folder, empty without one.
    """

    scenario: Scenario
    axes: tuple[Axis, ...]
    settings: tuple[Mapping[str, float], ...]
    kinds: tuple[str, ...]
    weights: Floats
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


def from_ensemble(folder: Path, most: int) -> Worlds:
    """Up to `most` members of an ensemble, chosen at random, and as many of its even draws.

    Raises EnsembleError if it is not finished.
    """
    kept, even = members(folder), prior(folder)
    order = np.random.default_rng(SEED).permutation(kept.num_rows)[:most]
    kept, even = kept.take(np.sort(order)), even.slice(0, most)
    weights = kept["weight"].to_numpy()
    facts = summary(folder)
    axes = tuple(
        Axis(one["path"], one["low"], one["high"], one["log"]) for one in facts["parameters"]
    )
    spread = {one["path"]: one["sd"] for one in facts["parameters"]}
    assert set(parameters(kept)) == {axis.path for axis in axes}
    return Worlds(
        load(base(folder)), axes, (*settings(kept), *settings(even)),
        (CALIBRATED,) * kept.num_rows + (RAW,) * even.num_rows,
        np.concatenate([weights / weights.sum(), np.full(even.num_rows, 1 / even.num_rows)]),
        {path: sd <= UNPINNED for path, sd in spread.items()}, folder.name,
    )  # fmt: skip


def from_ranges(scenario: Scenario, count: int) -> Worlds:
    """Even draws over the sourced ranges alone, where no ensemble is at hand."""
    axes = uncertain(scenario)
    positions = qmc.Sobol(len(axes), rng=np.random.default_rng(SEED)).random(count)
    return Worlds(
        scenario, axes, tuple(settings_of(axes, positions)), (RAW,) * count,
        np.full(count, 1.0 / count), dict.fromkeys((axis.path for axis in axes), False),
    )  # fmt: skip


def described(worlds: Worlds) -> dict[str, Any]:
    """What names a set of worlds."""
    return {
        "worlds": [dict(one) for one in worlds.settings],
        "kinds": list(worlds.kinds),
        "weights": worlds.weights.tolist(),
    }
