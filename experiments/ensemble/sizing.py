"""How large an ensemble fits into a budget of time on this machine."""

import time
from dataclasses import replace
from typing import Final

from experiments.ensemble.building import Size
from experiments.ensemble.folder import EnsembleError
from experiments.ensemble.runs import MONTHS
from experiments.evidence.checks import RECORD, all_checks, last_month
from sim import run
from sim.scenario import Scenario

FEWEST_DRAWS: Final = 32
FEWEST_MEMBERS: Final = 8
WAVES_SHARE: Final = 0.6
"""Of a budget, for the waves; the rest is for runs to 2030-12."""
SPARE: Final = 0.85
"""Of a budget, that is planned for: most worlds cost more than the one that is timed."""


def sized(scenario: Scenario, size: Size, minutes: float, jobs: int) -> Size:
    """The size with as many draws, and worlds run to 2030-12, as fit into a budget.

    Raises EnsembleError, with the least that would do, where that is too few to be of use.
    """
    seconds = SPARE * 60.0 * minutes * jobs
    short, long = (timed(scenario, size.enterprises, months) for months in lengths())
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


def timed(scenario: Scenario, enterprises: int, months: int) -> float:
    """Seconds of a run of so many months, after one that warms up."""
    enterprise = scenario.enterprise.model_copy(update={"population": enterprises})
    world = scenario.model_copy(update={"enterprise": enterprise, "months": months})
    tables = ("host", "offering", "vendor")
    run(world, 1, tables=tables)
    began = time.monotonic()
    run(world, 2, tables=tables)
    return time.monotonic() - began
