"""What levers do: means of every arm, and paired differences between arms with intervals.

An arm is one combination of levers. All arms of a replicate share their luck, so that differences
are taken within replicates: what luck does to both arms cancels. The points drawn of the
uncertainties are taken as they are: intervals say how well the mean over these points is known, not
how far results differ between points.

A run without a value is never left out in silence: a mean says how many runs and replicates it
rests on and how many have none, a difference rests on the pairs of runs in which both arms have a
value, and both means of these pairs are told with it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Key = tuple[int, int]
"""Draw and replicate."""
LEVEL: Final = 0.95
FEWEST: Final = 3
"""Replicates below which no interval is told: two are often alike by chance."""
ROUNDING: Final = 1e-12
"""Spread, as a share of the values, that arithmetic alone may make of equal replicates."""


@dataclass(frozen=True)
class Estimate:
    """A mean over runs with the half-width of its interval.

    half_width: None with fewer than `FEWEST` replicates, and where replicates do not differ: equal
    values are no certainty. alike: whether there are two or more and they do not. mean: not a
    number without a run.
    """

    mean: float
    half_width: float | None
    replicates: int
    runs: int
    alike: bool = False


@dataclass(frozen=True)
class Arm:
    """Runs of one arm by draw and replicate.

    values: of runs that have one. without: runs that finished and have none. unfinished: runs that
    were asked for and failed, or are not done yet.
    """

    values: Mapping[Key, float]
    without: frozenset[Key]
    unfinished: frozenset[Key]

    @property
    def asked(self) -> int:
        """Runs that were asked for."""
        return len(self.values) + len(self.without) + len(self.unfinished)

    @property
    def finished(self) -> int:
        """Runs that ended."""
        return len(self.values) + len(self.without)

    @property
    def lacking(self) -> float:
        """Share of the finished runs that have no value; not a number without any."""
        return len(self.without) / self.finished if self.finished else math.nan

    @property
    def mean(self) -> Estimate:
        """The mean over all runs that have a value."""
        keys = sorted(self.values)
        return estimate(np.array([self.values[k] for k in keys]), replicates_of(keys))

    @property
    def draws(self) -> set[int]:
        """Draws that it was asked for at."""
        return {draw for keys in (self.values, self.without, self.unfinished) for draw, _ in keys}

    def by_replicate(self) -> "Arm":
        """Each replicate as one run: its mean where all of its runs have a value."""
        parts: dict[int, list[float]] = {}
        for (_, replicate), value in self.values.items():
            parts.setdefault(replicate, []).append(value)
        lost = {replicate for _, replicate in self.unfinished}
        none = {replicate for _, replicate in self.without} - lost
        whole = {r: math.fsum(v) / len(v) for r, v in parts.items() if r not in lost | none}
        return Arm(
            {(0, r): mean for r, mean in whole.items()},
            frozenset((0, r) for r in none), frozenset((0, r) for r in lost),
        )  # fmt: skip


@dataclass(frozen=True)
class Lacking:
    """Pairs of runs that a difference cannot rest on, by what they lack.

    arm, reference, both: which of the two finished without a value. unfinished: at least one failed
    or is not done yet.
    """

    arm: int
    reference: int
    both: int
    unfinished: int

    @property
    def without(self) -> int:
        """Pairs of finished runs in which one or both have no value."""
        return self.arm + self.reference + self.both


@dataclass(frozen=True)
class Contrast:
    """The difference of an outcome between an arm and the reference, in pairs.

    difference: over pairs of runs of the same draw and replicate in which both have a value;
    without shared draws a pair is a replicate. arm_mean, reference_mean: of the same pairs, so that
    they differ by just that. pairs: how many there would be. gain: variance of the difference
    between independent runs over that between paired ones: how many times as many runs independent
    luck would have needed. None if it cannot be told.
    """

    arm: int
    reference: int
    difference: Estimate
    gain: float | None
    arm_mean: float
    reference_mean: float
    pairs: int
    lacking: Lacking


def arms_of(table: pa.Table, outcome: str, design: pa.Table | None = None) -> dict[int, Arm]:
    """Every arm of the design, by number.

    table: finished runs. design: all runs asked for; those of the table if omitted.
    """
    columns = (table[name].to_pylist() for name in ("arm", "draw", "replicate", outcome))
    values: dict[int, dict[Key, float]] = {}
    without: dict[int, set[Key]] = {}
    for arm, draw, replicate, value in zip(*columns, strict=True):
        if value is not None and math.isfinite(value):
            values.setdefault(arm, {})[draw, replicate] = value
        else:
            without.setdefault(arm, set()).add((draw, replicate))
    asked: dict[int, set[Key]] = {}
    source = table if design is None else design
    places = (source[name].to_pylist() for name in ("arm", "draw", "replicate"))
    for arm, draw, replicate in zip(*places, strict=True):
        asked.setdefault(arm, set()).add((draw, replicate))
    found = {}
    for arm, keys in sorted(asked.items()):
        mine, none = values.get(arm, {}), without.get(arm, set())
        found[arm] = Arm(mine, frozenset(none), frozenset(keys - set(mine) - none))
    return found


def replicates_of(keys: Sequence[Key]) -> Ints:
    """The replicate of each run."""
    return np.array([replicate for _, replicate in keys], np.int64)


def residuals(values: Floats, replicate: Ints) -> tuple[Floats, float]:
    """What each replicate adds to the error of the mean over all values, and how many it has.

    Source: Cochran (1977), "Sampling Techniques", section 6.4 on ratios: replicates are drawn, and
    may have different numbers of runs. With equal numbers it is the variance of replicate means.
    """
    place = np.unique(replicate, return_inverse=True)[1]
    sizes = np.bincount(place)
    rest = np.bincount(place, values) - float(values.mean()) * sizes
    return rest, float(sizes.mean())


def estimate(
    values: Floats, replicate: Ints | None = None, scale: float | None = None
) -> Estimate:  # fmt: skip
    """Mean and t interval of values, independent from replicate to replicate.

    replicate: of each value; one each if omitted. scale: size of the numbers that values were
    worked out from, for what is rounding; their own if omitted.
    """
    runs = len(values)
    if not runs:
        return Estimate(math.nan, None, 0, 0)
    rest, each = residuals(values, np.arange(runs) if replicate is None else replicate)
    count = len(rest)
    size = float(np.abs(values).max()) if scale is None else scale
    alike = count > 1 and bool(np.abs(rest).max() <= ROUNDING * size * each)
    half = None
    if count >= FEWEST and not alike:
        quantile = float(stats.t.ppf(0.5 + LEVEL / 2, count - 1))
        half = quantile * math.sqrt(count / (count - 1) * float(rest @ rest)) / runs
    return Estimate(float(values.mean()), half, count, runs, alike)


def contrasts(
    table: pa.Table, outcome: str, reference: int = 0, design: pa.Table | None = None
) -> list[Contrast]:
    """Differences of all other arms of the design to the reference; see `arms_of`."""
    arms = arms_of(table, outcome, design)
    if reference not in arms:
        return []
    base = arms.pop(reference)
    return [contrast(arm, reference, found, base) for arm, found in arms.items()]


def contrast(number: int, reference: int, arm: Arm, base: Arm) -> Contrast:
    """The paired difference between two arms."""
    if not arm.draws & base.draws:
        arm, base = arm.by_replicate(), base.by_replicate()
    keys = sorted(set(arm.values) & set(base.values))
    one = np.array([arm.values[key] for key in keys])
    other = np.array([base.values[key] for key in keys])
    luck = replicates_of(keys)
    scale = float(max(np.abs(one).max(), np.abs(other).max())) if keys else 0.0
    difference = estimate(one - other, luck, scale)
    return Contrast(
        number, reference, difference,
        None if difference.half_width is None else saved(one, other, luck),
        float(one.mean()) if keys else math.nan, float(other.mean()) if keys else math.nan,
        *lacking_of(arm, base, len(keys)),
    )  # fmt: skip


def saved(one: Floats, other: Floats, replicate: Ints) -> float:
    """By how much pairing lowers the variance of a difference that varies."""
    squares = [float((residuals(v, replicate)[0] ** 2).sum()) for v in (one, other, one - other)]
    return (squares[0] + squares[1]) / squares[2]


def lacking_of(arm: Arm, base: Arm, known: int) -> tuple[int, Lacking]:
    """How many pairs there would be, and what those lack that have no difference."""
    pairs = {*arm.values, *arm.without, *arm.unfinished}
    pairs &= {*base.values, *base.without, *base.unfinished}
    mine, theirs = pairs & arm.without, pairs & base.without
    undone = pairs & (arm.unfinished | base.unfinished)
    both = mine & theirs
    found = Lacking(
        len(mine - theirs - undone), len(theirs - mine - undone), len(both), len(undone)
    )
    assert known + found.without + found.unfinished == len(pairs)
    return len(pairs), found


def widest(
    table: pa.Table, outcome: str, design: pa.Table | None = None, fewest: int = FEWEST
) -> float | None:
    """Largest half-width of the contrasts, or of the mean where there is one arm.

    None if an interval cannot be told yet: an arm has no value, rests on fewer than `fewest`
    replicates, or its replicates do not differ.
    """
    found = [one.difference for one in contrasts(table, outcome, design=design)]
    found = found or [arm.mean for arm in arms_of(table, outcome, design).values()]
    widths = [one.half_width for one in found if one.replicates >= fewest]
    known = [width for width in widths if width is not None]
    return max(known) if known and len(known) == len(found) else None


def replicates_needed(replicates: int, width: float | None, target: float) -> int:
    """Replicates to try next, so that the widest interval comes down to the target.

    At least one more and at most twice as many, because the width is itself uncertain.
    """
    if width is None:
        return max(2 * replicates, FEWEST)
    wanted = math.ceil(replicates * (width / target) ** 2)
    return min(max(wanted, replicates + 1), 2 * replicates)


def arm_labels(design: pa.Table, levers: Sequence[str]) -> dict[int, dict[str, Any]]:
    """Values of the levers of every arm."""
    labels: dict[int, dict[str, Any]] = {}
    for row in design.select(["arm", *levers]).to_pylist():
        arm = row.pop("arm")
        labels.setdefault(arm, row)
    return dict(sorted(labels.items()))


def value_words(value: object) -> str:
    """A lever's value in few digits."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def arm_words(levers: Mapping[str, object]) -> str:
    """A name for an arm: the values of its levers."""
    return " · ".join(map(value_words, levers.values())) or "all runs"
