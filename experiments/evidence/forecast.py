"""What a world says about the years after the record: a range over seeds, never compared."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Final

from agents.common.vocabulary import month_index
from sim.event_checks import events_within
from sim.loading import load

MONTHS: Final = ("2025-12", "2027-12", "2030-12")
"""Months a forecast is read in."""
QUANTITIES: Final = {
    "adoption": "firms using models",
    "adoption_large": "large firms using them",
    "open_usage_share": "open share of uses",
    "share_tokens_open": "open share of tokens",
    "share_tokens_selfhost": "tokens on own machines",
    "gap_logits": "gap, logits",
    "price_gpt4_level": "$/Mtok, GPT-4 level",
    "hhi_spend": "HHI of spend",
    "leader_share_spend": "leader's spend share",
}
"""Columns of the market table, and what they are called."""

Paths = dict[str, list[float | None]]


@dataclass(frozen=True, slots=True)
class Outlook:
    """One quantity in one month over seeds.

    low, high: smallest and largest value. known: seeds with a value, of all `seeds`.
    """

    median: float | None
    low: float | None
    high: float | None
    known: int
    seeds: int


def paths(scenario: str, overrides: Mapping[str, Any], seed: int) -> Paths:
    """Values of every quantity in every month of `MONTHS`, for one seed."""
    from sim import run

    last = max(map(month_index, MONTHS)) + 1
    shorter = events_within(load(scenario, overrides).events, last)
    world = load(scenario, {**overrides, **shorter, "months": last})
    market = run(world, seed).tables["market"]
    rows = [month_index(month) for month in MONTHS]
    return {name: [market[name][row].as_py() for row in rows] for name in QUANTITIES}


def forecast(
    scenario: str,
    overrides: Mapping[str, Any],
    seeds: Sequence[int],
    jobs: int,
    on_done: Callable[[int, int], None] | None = None,
) -> dict[str, list[Outlook]]:
    """The outlook of every quantity in every month of `MONTHS`.

    on_done: called with (runs done, runs) after each.
    """
    found: list[Paths] = []
    with ProcessPoolExecutor(min(jobs, len(seeds)), mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(paths, scenario, dict(overrides), seed) for seed in seeds]
        for done, future in enumerate(as_completed(futures), start=1):
            found.append(future.result())
            if on_done is not None:
                on_done(done, len(seeds))
    return {
        name: [outlook([path[name][place] for path in found]) for place in range(len(MONTHS))]
        for name in QUANTITIES
    }


def outlook(values: Sequence[float | None]) -> Outlook:
    """Median and extremes of the known values; unknown if most are."""
    known = [value for value in values if value is not None]
    counts = len(known), len(values)
    if 2 * len(known) <= len(values):
        return Outlook(None, None, None, *counts)
    return Outlook(statistics.median(known), min(known), max(known), *counts)
