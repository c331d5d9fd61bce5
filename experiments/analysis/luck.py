"""Luck and parameters told apart: the law of total variance over points and replicates.

All points of a replicate share a seed, so runs are a table of points by replicates. Its variance
has three parts (a two-way layout with random effects; Searle, Casella and McCulloch 1992): what
points differ in whatever the luck (parameters), what replicates differ in at all points alike
(shared luck), and the rest (luck that acts at some points). An outcome of words counts as one
column per word, the parts added over them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from experiments.analysis.values import Floats, Interval, Ints

RESAMPLES: Final = 1000
ENDS: Final = (2.5, 97.5)
"""Of an interval of 95%, in percent."""
ROUNDING: Final = 1e-9
"""Width of an interval of a share that arithmetic alone may make."""


@dataclass(frozen=True, slots=True)
class Luck:
    """Parts of an outcome's variance.

    variance: all of it, in squares of the outcome's unit. share: of luck in it, shared and own.
    shared: share that moves all points of a replicate alike.
    """

    variance: float
    share: Interval
    shared: float
    replicates: int

    @property
    def parameters(self) -> float:
        """Variance between points, whatever the luck."""
        return self.variance * (1.0 - self.share.value)


def luck_of(values: Floats, group: Ints, rng: np.random.Generator) -> Luck | None:
    """The parts of the variance of values (points, replicates, columns); None without replicates.

    group: points drawn together, which are resampled together. None too where nothing varies.
    """
    points, replicates, _ = values.shape
    if replicates < 2 or points < 2:
        return None
    values = values - values.mean(axis=(0, 1))
    means, column = values.mean(axis=1), values.mean(axis=0)
    rest = values - means[:, None] - column
    between = replicates * (means**2).sum(axis=1)
    own = (rest**2).sum(axis=(1, 2))
    shared = points * float((column**2).sum()) / (replicates - 1)
    totals = np.stack([grouped(between, group), grouped(own, group)], axis=1)
    sizes = grouped(np.ones(points), group)
    sums = grouped_rows(means, group)
    even = np.ones((1, len(sizes)))
    found = parts(even, totals, sums, sizes, np.array([shared]), replicates)[0]
    if found.sum() <= 0.0:
        return None
    weights = rng.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), RESAMPLES)
    # Few replicates: their mean square is known as well as a chi-squared number is.
    spread = shared * (replicates - 1) / rng.chisquare(replicates - 1, RESAMPLES)
    drawn = parts(weights.astype(float), totals, sums, sizes, spread, replicates)
    known = drawn[drawn.sum(axis=1) > 0]
    share = 1.0 - known[:, 0] / known.sum(axis=1)
    low, high = np.percentile(share, ENDS).tolist()
    total = float(found.sum())
    value = 1.0 - float(found[0]) / total
    # Resamples that all give the same, such as no luck at all, are no certainty.
    told = Interval(value, low, high) if high - low > ROUNDING else Interval(value)
    return Luck(total, told, float(found[1]) / total, replicates)


def parts(
    weights: Floats, totals: Floats, sums: Floats, sizes: Floats, shared: Floats, replicates: int
) -> Floats:
    """Variances (resamples, 3) of parameters, shared and own luck; weights: how often each group
    was drawn."""
    count = weights @ sizes
    centre = ((weights @ sums) ** 2).sum(axis=1) / count
    between = (weights @ totals[:, 0] - replicates * centre) / (count - 1)
    own = (weights @ totals[:, 1]) / ((count - 1) * (replicates - 1))
    found = [(between - own) / replicates, (shared - own) / count, own]
    return np.maximum(np.stack(found, axis=1), 0.0)


def grouped(values: Floats, group: Ints) -> Floats:
    """Sum of values by group."""
    _, place = np.unique(group, return_inverse=True)
    return np.bincount(place, values).astype(np.float64)


def grouped_rows(values: Floats, group: Ints) -> Floats:
    """Sum of rows by group."""
    return np.stack([grouped(column, group) for column in values.T], axis=1)
