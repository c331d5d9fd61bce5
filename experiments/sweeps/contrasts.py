"""What levers do: means of every arm, and paired differences between arms with intervals.

An arm is one combination of levers. All arms of a replicate share their luck, so that differences
are taken within replicates: what luck does to both arms cancels. The points drawn of the
uncertainties are taken as they are: intervals say how well the mean over these points is known, not
how far results differ between points.
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
LEVEL: Final = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean over replicates with the half-width of its interval; None with too few of them."""

    mean: float
    half_width: float | None
    replicates: int


@dataclass(frozen=True)
class Contrast:
    """The difference of an outcome between an arm and the reference, in pairs.

    gain: variance of the difference between independent runs over that between paired ones: how
    many times as many runs independent luck would have needed. None if it cannot be told.
    """

    arm: int
    reference: int
    difference: Estimate
    gain: float | None


def by_replicate(table: pa.Table, outcome: str) -> dict[int, dict[int, float]]:
    """Mean over the points of each arm, by arm and replicate.

    A replicate in which a point of an arm has no value is left out of that arm.
    """
    columns = (table[name].to_pylist() for name in ("arm", "replicate", outcome))
    values: dict[tuple[int, int], list[float | None]] = {}
    for arm, replicate, value in zip(*columns, strict=True):
        values.setdefault((arm, replicate), []).append(value)
    most = {arm: max(len(v) for (a, _), v in values.items() if a == arm) for arm, _ in values}
    means: dict[int, dict[int, float]] = {}
    for (arm, replicate), found in sorted(values.items()):
        numbers = [value for value in found if value is not None]
        if len(numbers) == most[arm]:
            means.setdefault(arm, {})[replicate] = float(np.mean(numbers))
    return means


def estimate(values: Floats) -> Estimate:
    """Mean and t interval of values of independent replicates."""
    count = len(values)
    half = None
    if count > 1:
        quantile = float(stats.t.ppf(0.5 + LEVEL / 2, count - 1))
        half = quantile * float(values.std(ddof=1)) / math.sqrt(count)
    return Estimate(float(values.mean()), half, count)


def arm_means(table: pa.Table, outcome: str) -> dict[int, Estimate]:
    """Every arm's mean with its interval."""
    found = by_replicate(table, outcome)
    return {arm: estimate(np.array(list(means.values()))) for arm, means in found.items()}


def contrasts(table: pa.Table, outcome: str, reference: int = 0) -> list[Contrast]:
    """Differences of all arms to the reference, over the replicates that both have."""
    means = by_replicate(table, outcome)
    base = means.pop(reference, {})
    return [contrast(arm, reference, found, base) for arm, found in means.items() if found and base]


def contrast(
    arm: int, reference: int, values: Mapping[int, float], base: Mapping[int, float]
) -> Contrast:
    """The paired difference between two arms."""
    shared = sorted(set(values) & set(base))
    one = np.array([values[r] for r in shared])
    other = np.array([base[r] for r in shared])
    if not shared:
        return Contrast(arm, reference, Estimate(math.nan, None, 0), None)
    paired = estimate(one - other)
    gain = None
    if len(shared) > 1:
        apart, together = one.var(ddof=1) + other.var(ddof=1), (one - other).var(ddof=1)
        gain = float(apart / together) if together > 0 else None
    return Contrast(arm, reference, paired, gain)


def widest(table: pa.Table, outcome: str) -> float | None:
    """Largest half-width of the contrasts, or of the mean where there is one arm.

    None if an interval cannot be told yet.
    """
    found = [c.difference for c in contrasts(table, outcome)]
    found = found or list(arm_means(table, outcome).values())
    widths = [one.half_width for one in found]
    if not widths or any(width is None for width in widths):
        return None
    return max(width for width in widths if width is not None)


def replicates_needed(replicates: int, width: float | None, target: float) -> int:
    """Replicates to try next, so that the widest interval comes down to the target.

    At least one more and at most twice as many, because the width is itself uncertain.
    """
    if width is None:
        return max(replicates + 1, 3)
    wanted = math.ceil(replicates * (width / target) ** 2)
    return min(max(wanted, replicates + 1), 2 * replicates)


def arm_labels(design: pa.Table, levers: Sequence[str]) -> dict[int, dict[str, Any]]:
    """Values of the levers of every arm."""
    labels: dict[int, dict[str, Any]] = {}
    for row in design.select(["arm", *levers]).to_pylist():
        arm = row.pop("arm")
        labels.setdefault(arm, row)
    return dict(sorted(labels.items()))
