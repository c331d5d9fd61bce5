"""From runs to what is said of each claim: in which worlds it holds, how large, under what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from experiments.claims.boxes import Box, find_box
from experiments.claims.claim import Claim, Condition
from experiments.claims.sweep import Table
from experiments.claims.verdicts import Driver, Judged, drivers, share_of
from experiments.claims.worlds import RAW, Worlds
from experiments.ensemble.surviving import Share

Floats = NDArray[np.float64]
Holds = NDArray[np.bool_]
Values = Callable[[str], Mapping[str, Floats]]
SEED: Final = 7
LINEAR: Final = "linear"
"""The switch of the functional form of quality, which the rules of verdicts name."""


@dataclass(frozen=True)
class Effect:
    """Weighted quantiles over worlds of the value that a condition is about.

    worlds: how many have a finite value; quantiles are not a number where none has.
    """

    words: str
    low: float
    middle: float
    high: float
    worlds: int


@dataclass(frozen=True)
class Switched:
    """What switching a mechanism does to the share of worlds in which a claim holds.

    before: the share of the same worlds as they are. worlds: how many have a value in both.
    """

    name: str
    words: str
    share: Share
    before: Share
    worlds: int


@dataclass(frozen=True)
class Finding:
    """All that is said of a claim but the verdict, which depends on the other claims, too.

    halves: the share by the first and the second half of the replicates: whether luck decides.
    each: share of worlds in which each condition holds by itself. worlds, raw_worlds: with a value,
    of the main kind and of the raw ranges. missing, raw_missing: of either, those without one.
    sizes: of the value that each condition is about.
    """

    judged: Judged
    effect: Effect
    halves: tuple[float, float]
    each: tuple[float, ...]
    worlds: int
    raw_worlds: int
    missing: int
    raw_missing: int
    sizes: tuple[Effect, ...]
    switched: tuple[Switched, ...] = ()
    """Strongest first."""
    reported: tuple[tuple[Effect, float], ...] = ()
    """What is said beside: its size, and the share of worlds in which it passes its bound."""


def found(
    claim: Claim, worlds: Worlds, table: Table, others: Mapping[str, tuple[str, Table]],
    early: Table | None = None,
) -> Finding:  # fmt: skip
    """Judge one claim by its runs.

    others: by name of a switch its words and its runs. early: runs with interventions at the start.
    """
    rows = table.rows
    weights = (worlds.wide_weights if claim.looks else worlds.weights)[rows]
    values = worlds.values[rows]
    main = worlds.of(worlds.kinds_used(main_only=True)[0])[rows]
    each = [holding(claim, one, table) for one in claim.conditions]
    known = np.all([~np.isnan(one) for one in each], axis=0)
    holds = joined(claim, each)
    use = main & known
    share = share_of(holds[use], weights[use])
    raw = worlds.of(RAW)[rows]
    raw_use = raw & known
    paths = worlds.paths
    switched = [
        switched_share(claim, worlds, table, name, *other) for name, other in others.items()
    ]
    judged = Judged(
        share, share_of(holds[raw_use], weights[raw_use]),
        next(((one.share, one.before) for one in switched if one.name == LINEAR), None),
        None if early is None or not claim.paired else other_share(claim, worlds, early),
        box_of(claim, paths, values[known], holds[known]),
        drivers_of(worlds, values[use], holds[use], weights[use]), claim.identified,
    )  # fmt: skip
    return Finding(
        judged, effect_of(claim, claim.main, table, use, weights),
        halves(claim, table, use, weights),
        tuple(share_of(one[use] == 1.0, weights[use]).share for one in each),
        int(use.sum()), int(raw_use.sum()), int((main & ~known).sum()), int((raw & ~known).sum()),
        tuple(effect_of(claim, one, table, use, weights) for one in claim.conditions),
        tuple(sorted(switched, key=lambda one: -abs(one.share.share - one.before.share))),
        tuple(
            beside(claim, one, table, main, weights)
            for one in claim.reported
            if {one.case, one.less or one.case} <= set(table.cases)
        ),
    )  # fmt: skip


def beside(
    claim: Claim, one: Condition, table: Table, main: Holds, weights: Floats
) -> tuple[Effect, float]:
    """The size of something reported, and the share of worlds in which it passes; NaN unbounded."""
    passed = holding(claim, one, table)
    known = main & ~np.isnan(passed)
    share = share_of(passed[known] == 1.0, weights[known]).share if one.bound else np.nan
    return effect_of(claim, one, table, main, weights), share


def switched_share(
    claim: Claim, worlds: Worlds, table: Table, name: str, words: str, other: Table
) -> Switched:
    """The share of worlds with something switched, beside that of the same worlds without.

    Worlds without a value in one of the two count in neither.
    """
    same = table.of(other.rows)
    both = known_in(claim, other) & known_in(claim, same)
    after, before = (other_share(claim, worlds, one, both) for one in (other, same))
    use = both & worlds.of(worlds.kinds_used(main_only=True)[0])[other.rows]
    return Switched(name, words, after, before, int(use.sum()))


def known_in(claim: Claim, table: Table) -> Holds:
    """Which worlds of a table have a value for every condition."""
    each = [holding(claim, one, table) for one in claim.conditions]
    known: Holds = np.all([~np.isnan(one) for one in each], axis=0)
    return known


def joined(claim: Claim, each: list[Floats]) -> Holds:
    """Where the conditions hold together, or one of them where that is enough."""
    passed = np.array(each) == 1.0
    holds: Holds = passed.any(axis=0) if claim.any else passed.all(axis=0)
    return holds


def box_of(claim: Claim, paths: list[str], values: Floats, holds: Holds) -> Box | None:
    """A box over all worlds run, of the ensemble and of the raw ranges: it states its conditions
    itself, so that it does not matter how often the facts leave them."""
    return find_box(paths, values, holds, SEED + sum(map(ord, claim.id)))


def drivers_of(worlds: Worlds, values: Floats, holds: Holds, weights: Floats) -> tuple[Driver, ...]:
    """Parameters that a claim hangs on."""
    return drivers(worlds.paths, values, holds, weights, worlds.pinned)


def amounts(condition: Condition, values: Values) -> Floats:
    """(worlds, replicates) of what a condition bounds."""
    mine = values(condition.outcome)[condition.case]
    if condition.of:
        with np.errstate(divide="ignore", invalid="ignore"):
            mine = mine / values(condition.of)[condition.case]
    if condition.less is None:
        return mine
    other = values(condition.outcome)[condition.less]
    if not condition.relative:
        return mine - other
    with np.errstate(divide="ignore", invalid="ignore"):
        return (mine - other) / np.abs(other)


def holding(
    claim: Claim, condition: Condition, table: Table, chosen: slice = slice(None)
) -> Floats:
    """1 and 0 for worlds in which the mean over replicates passes or not; NaN without one.

    A world in which a run failed has no value. A relative condition compares means: the ratio of
    single runs would weigh those near zero. chosen: replicates.
    """
    return np.array([
        np.nan if np.isnan(value) else float(condition.holds(value))
        for value in means(claim, condition, table, chosen)
    ])  # fmt: skip


def means(claim: Claim, condition: Condition, table: Table, chosen: slice = slice(None)) -> Floats:
    """The value of a condition in each world."""

    def values(name: str) -> Mapping[str, Floats]:
        every = table.values(claim.column(name))
        return {case: one[:, chosen].mean(axis=1, keepdims=True) for case, one in every.items()}

    return amounts(condition, values)[:, 0]


def other_share(claim: Claim, worlds: Worlds, table: Table, among: Holds | None = None) -> Share:
    """The share of worlds in which a claim holds in some runs, of the main kind of worlds.

    among: of the table's worlds, those that count; all with a value if omitted.
    """
    each = [holding(claim, one, table) for one in claim.conditions]
    known = known_in(claim, table) if among is None else among
    holds = joined(claim, each)
    (main,) = worlds.kinds_used(main_only=True)
    use = known & worlds.of(main)[table.rows]
    return share_of(holds[use], worlds.weights[table.rows][use])


def halves(claim: Claim, table: Table, use: Holds, weights: Floats) -> tuple[float, float]:
    """The share by each half of the replicates."""
    middle = max(table.replicates // 2, 1)
    shares = []
    for chosen in (slice(0, middle), slice(table.replicates - middle, None)):
        each = [holding(claim, one, table, chosen) for one in claim.conditions]
        holds = joined(claim, each)
        shares.append(share_of(holds[use], weights[use]).share)
    return shares[0], shares[1]


def effect_of(
    claim: Claim, condition: Condition, table: Table, use: Holds, weights: Floats
) -> Effect:
    """How large the value of a condition is over worlds, of those where it is finite."""
    values = means(claim, condition, table)[use]
    known = np.isfinite(values)
    words = condition.words or condition.outcome
    if not known.any():
        return Effect(words, np.nan, np.nan, np.nan, 0)
    low, middle, high = weighted_quantiles(values[known], weights[use][known], (0.05, 0.5, 0.95))
    return Effect(words, low, middle, high, int(known.sum()))


def weighted_quantiles(
    values: Floats, weights: Floats, levels: tuple[float, ...]
) -> tuple[float, ...]:
    """Quantiles of a weighted sample."""
    order = np.argsort(values)
    position = np.cumsum(weights[order]) - 0.5 * weights[order]
    return tuple(
        float(np.interp(level * weights.sum(), position, values[order])) for level in levels
    )
