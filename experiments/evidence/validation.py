"""Simulated worlds beside the facts: many seeds of one or more worlds, measured by the checks."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from experiments.evidence.checks import (
    FREE,
    FREE_UNTIL,
    RECORD,
    Check,
    Values,
    all_checks,
    last_month,
    median,
)
from sim.event_checks import events_within
from sim.loading import load

REFUTED = ("price-only", "gap-closes")
"""Worlds that the facts must refute."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check in one world: its values over seeds."""

    check: Check
    values: tuple[float | None, ...]

    @property
    def median(self) -> float | None:
        """Median over seeds; None if most seeds have no value."""
        return median(list(self.values))

    @property
    def known(self) -> int:
        """Seeds with a value, which the median and the range are over."""
        return sum(value is not None for value in self.values)

    @property
    def range(self) -> tuple[float, float] | None:
        """Smallest and largest value over seeds."""
        known = [value for value in self.values if value is not None]
        return (min(known), max(known)) if known else None

    @property
    def in_band(self) -> bool:
        """Whether the median lies in the band of the fact."""
        return self.check.holds(self.median)


@dataclass(frozen=True, slots=True)
class World:
    """One world measured against all checks."""

    name: str
    findings: tuple[Finding, ...]

    @property
    def hits(self) -> int:
        """Checks whose median lies in band."""
        return sum(finding.in_band for finding in self.findings)

    @property
    def share(self) -> float:
        """Hits over checks."""
        return self.hits / len(self.findings)

    @property
    def key_hits(self) -> tuple[int, int]:
        """Key facts in band, and key facts."""
        key = [finding for finding in self.findings if finding.check.key]
        return sum(finding.in_band for finding in key), len(key)

    def stands(self, threshold: float) -> bool:
        """Whether enough checks are in band, of all and of the key facts.

        A world that denies one thing may still meet most other facts: key facts count apart.
        """
        hits, facts = self.key_hits
        return self.share >= threshold and hits >= threshold * facts


def measure(scenario: str, overrides: Mapping[str, Any], seed: int) -> Values:
    """Values of all checks for one seed: one run with the record, one free of it."""
    from sim import run

    checks, events = all_checks(), load(scenario, overrides).events
    tables = {}
    for kind in (RECORD, FREE):
        months = last_month(checks, kind)
        changed = {**overrides, **events_within(events, months), "months": months}
        if kind == FREE:
            changed["history.until"] = FREE_UNTIL
        tables[kind] = run(load(scenario, changed), seed).tables
    return {check.id: check.measure(tables[check.run]) for check in checks}


def validate(
    worlds: Sequence[str],
    overrides: Mapping[str, Any],
    seeds: Sequence[int],
    jobs: int,
    on_done: Callable[[int, int], None] | None = None,
) -> list[World]:
    """Measure every world over every seed, in processes; the order of results is fixed.

    on_done: called with (pairs of runs done, pairs of runs) after each.
    """
    work = [(world, seed) for world in worlds for seed in seeds]
    with ProcessPoolExecutor(min(jobs, len(work)), mp_context=get_context("spawn")) as pool:
        futures: dict[Future[Values], tuple[str, int]] = {
            pool.submit(measure, world, dict(overrides), seed): (world, seed)
            for world, seed in work
        }
        found = {}
        for done, future in enumerate(as_completed(futures), start=1):
            found[futures[future]] = future.result()
            if on_done is not None:
                on_done(done, len(work))
    return [
        World(
            world,
            tuple(
                Finding(check, tuple(found[world, seed][check.id] for seed in seeds))
                for check in all_checks()
            ),
        )
        for world in worlds
    ]
