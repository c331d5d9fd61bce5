"""One run as a value: scenario and seed in, tables out."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pyarrow as pa

from sim.enterprise_step import warm_up
from sim.identities import broken, purses
from sim.loading import run_id
from sim.market import Market
from sim.regime import regime
from sim.scenario import Scenario
from sim.schemas import SCHEMAS
from sim.version import model_version

YEAR: Final = 12
SHOWN: Final = 3
"""Broken identities that an error names."""


class IdentityError(Exception):
    """A month in which money, tokens or counts do not add up: the run says nothing."""


@dataclass(frozen=True)
class Result:
    """What a run gives. `tables` follow `sim.schemas`; `seconds` is month 0 to the last."""

    scenario: Scenario
    seed: int
    tables: dict[str, pa.Table]
    regime: str
    enterprises: int
    slots: int
    months: int
    seconds: float
    steps: dict[str, float]
    """Seconds by step of the month."""

    @cached_property
    def run_id(self) -> str:
        """The digits that name the run; see `sim.loading.run_id`."""
        return run_id(self.scenario, self.seed, model_version())


def is_checked(month: int, months: int) -> bool:
    """Whether a month is the last of a year or of the run."""
    return (month + 1) % YEAR == 0 or month + 1 == months


def run(
    scenario: Scenario | None = None,
    seed: int | None = None,
    on_month: Callable[[int, int], None] | None = None,
    threads: int = 1,
    tables: Collection[str] = tuple(SCHEMAS),
    check: bool = False,
) -> Result:
    """Simulate one world and return its tables.

    scenario: the baseline if omitted. seed: the scenario's own if omitted.
    on_month: called with (months done, months) after every month.
    threads: any number gives the same bytes.
    tables: names of those wanted; fewer are faster. `market` and `event` are always made.
    check: hold the last month of every year, and of the run, against the identities.
    Raises IdentityError if one is broken.
    """
    parameters = scenario or Scenario()
    market = Market(parameters, rng=seed, threads=threads, tables=tables)
    warm_up(market)
    started = time.perf_counter()
    for done in range(parameters.months):
        before = purses(market) if check and is_checked(done, parameters.months) else None
        market.step()
        if before is not None and (found_broken := broken(market, before)):
            raise IdentityError("; ".join(found_broken[:SHOWN]))
        if on_month is not None:
            on_month(done + 1, parameters.months)
    seconds = time.perf_counter() - started
    found = market.tables()
    return Result(
        scenario=parameters,
        seed=market.seed,
        tables=found,
        regime=regime(found["market"], parameters.output),
        enterprises=len(market.columns),
        slots=len(market.columns.slots.tier),
        months=parameters.months,
        seconds=seconds,
        steps=market.stopwatch.seconds,
    )
