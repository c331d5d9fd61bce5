"""How large an ensemble fits into a budget of time on this machine."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from scipy.stats import qmc

from experiments.ensemble.building import Size, uncertain
from experiments.ensemble.folder import EnsembleError
from experiments.ensemble.runs import MONTHS, settings_of
from experiments.evidence.checks import RECORD, all_checks, last_month
from experiments.sweeps.plan import World
from sim import run
from sim.scenario import Scenario

FEWEST_DRAWS: Final = 32
FEWEST_MEMBERS: Final = 8
WAVES_SHARE: Final = 0.6
"""Of a budget, for the waves; the rest is for runs to 2030-12."""
SPARE: Final = 0.85
"""Of a budget, that is planned for: what runs cost is known from a few worlds only."""
TIMED: Final = 4
"""Worlds that are timed."""
SEED: Final = 20230101


def sized(scenario: Scenario, size: Size, minutes: float, jobs: int) -> Size:
    """The size with as many draws, and worlds run to 2030-12, as fit into a budget.

    Raises EnsembleError, with the least that would do, where that is too few to be of use.
    """
    seconds = SPARE * 60.0 * minutes * jobs
    tried = some_worlds(scenario)
    short, long = (timed(tried, size.enterprises, months) for months in lengths())
    draw = size.waves * size.replicates * 2 * short
    world = 2 * size.replicates * long
    draws = int(WAVES_SHARE * seconds / draw)
    most = int((1.0 - WAVES_SHARE) * seconds / world)
    if draws < FEWEST_DRAWS or most < FEWEST_MEMBERS:
        enough = max(
            FEWEST_DRAWS * draw / WAVES_SHARE, FEWEST_MEMBERS * world / (1.0 - WAVES_SHARE)
        )
        raise EnsembleError(
            f"{minutes:g} minutes are too few for {size.waves} waves of {size.enterprises:,} "
            f"enterprises here; take --budget {enough / (SPARE * 60.0 * jobs) + 0.5:.0f}, or "
            "fewer --waves, --replicates or --enterprises"
        )
    return replace(size, draws=draws, most=min(most, draws))


def lengths() -> tuple[int, int]:
    """Months of a run in a wave, and of one to 2030-12."""
    return last_month(all_checks(), RECORD), MONTHS


def some_worlds(scenario: Scenario) -> list[Scenario]:
    """A few even draws over the ranges of a scenario, to be timed."""
    axes = uncertain(scenario)
    places = qmc.Sobol(len(axes), rng=np.random.default_rng(SEED)).random(TIMED)
    return changed(scenario, settings_of(axes, places))


def changed(scenario: Scenario, settings: Iterable[Mapping[str, float]]) -> list[Scenario]:
    """A scenario under settings by path."""
    world = World.of(scenario)
    return [world.scenario_at(one) for one in settings]


def timed(worlds: Sequence[Scenario], enterprises: int, months: int) -> float:
    """Mean seconds of a run of so many months over some worlds, after one that warms up.

    Worlds with many entrants take several times as long as the baseline.
    """
    tables = ("host", "offering", "vendor")
    sized = []
    for world in worlds:
        enterprise = world.enterprise.model_copy(update={"population": enterprises})
        sized.append(world.model_copy(update={"enterprise": enterprise, "months": months}))
    run(sized[0], 1, tables=tables)
    began = time.monotonic()
    for world in sized:
        run(world, 2, tables=tables)
    return (time.monotonic() - began) / len(sized)
