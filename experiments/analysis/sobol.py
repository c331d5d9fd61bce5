"""Sobol indices of a Saltelli design, luck left out.

Estimators: first order of Saltelli and others (2010), total of Jansen (1999), pairs of Saltelli
(2002), as SALib has them. With replicates every product is taken of two different ones: their luck
is independent, so that only what parameters do is left. An outcome of words counts as one column
per word, variances added over them (Gamboa, Janon, Klein and Lagnoux 2014).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from experiments.analysis.values import Floats, Interval

RESAMPLES: Final = 400
QUANTILE: Final = 1.959964
"""Of the normal distribution, for intervals of 95%."""


@dataclass(frozen=True)
class Sobol:
    """Indices by factor, in the order of the design, of the variance that parameters make.

    first: share that a factor explains alone. total: with all it takes part in.
    pairs: what two do together beyond each alone; empty unless the design has them.
    base: rows of the base sample that counted.
    """

    names: tuple[str, ...]
    first: list[Interval]
    total: list[Interval]
    pairs: dict[tuple[str, str], Interval]
    variance: float
    base: int


@dataclass(frozen=True)
class Moments:
    """What every base row adds to the estimators: arrays (rows, ...)."""

    first: Floats
    total: Floats
    pairs: Floats
    square: Floats
    mean: Floats

    def at(self, weights: Floats) -> tuple[Floats, Floats, Floats]:
        """Variance (resamples,), and numerators (resamples, indices), for weights that sum to 1."""
        mean = np.tensordot(weights, self.mean, axes=1)
        variance = weights @ self.square - cross(mean, mean)
        numerators = np.concatenate([self.first, self.total, self.pairs], axis=1)
        return variance, weights @ numerators, weights @ self.first


def indices(
    names: Sequence[str], block: Floats, rng: np.random.Generator, *, pairs: bool
) -> Sobol | None:
    """Indices of a block (base rows, rows drawn together, replicates, columns).

    None where parameters make no variance. Intervals: bootstrap over base rows, and with three
    replicates or more the jackknife over them, variances added.
    """
    block = block - block.mean(axis=(0, 1))
    base, replicates = block.shape[0], block.shape[2]
    moments = moments_of(block, len(names), pairs=pairs)
    even = np.full((1, base), 1 / base)
    variance, found = estimates(moments, even, len(names))
    if not variance[0] > 0.0:
        return None
    weights = rng.multinomial(base, np.full(base, 1 / base), RESAMPLES) / base
    _, drawn = estimates(moments, weights, len(names))
    spread = np.nanvar(drawn, axis=0, ddof=1)
    if replicates > 2:
        left_out = [np.delete(block, one, axis=2) for one in range(replicates)]
        again = np.stack([
            estimates(moments_of(part, len(names), pairs=pairs), even, len(names))[1][0]
            for part in left_out
        ])  # fmt: skip
        spread = spread + (replicates - 1) * again.var(axis=0)
    half = QUANTILE * np.sqrt(spread)
    made = [
        Interval(float(v), float(v - h), float(v + h)) for v, h in zip(found[0], half, strict=True)
    ]
    count = len(names)
    both = list(combinations(names, 2)) if pairs else []
    return Sobol(
        tuple(names), made[:count], made[count : 2 * count],
        dict(zip(both, made[2 * count :], strict=True)), float(variance[0]), base,
    )  # fmt: skip


def estimates(moments: Moments, weights: Floats, count: int) -> tuple[Floats, Floats]:
    """Variance, and indices: first, total, pairs; not a number where there is no variance."""
    variance, numerators, first = moments.at(weights)
    safe = np.where(variance > 0.0, variance, np.nan)[:, None]
    found = numerators / safe
    if moments.pairs.shape[1]:
        j, k = np.array(list(combinations(range(count), 2))).T
        found[:, 2 * count :] -= (first[:, j] + first[:, k]) / safe
    return variance, found


def moments_of(block: Floats, count: int, *, pairs: bool) -> Moments:
    """The moments of a centred block; see `indices`."""
    a, b = block[:, 0], block[:, -1]
    mixed = block[:, 1 : count + 1]
    step = mixed - a[:, None]
    both = np.zeros((len(a), 0))
    if pairs:
        other = block[:, count + 1 : 2 * count + 1]
        j, k = np.array(list(combinations(range(count), 2))).T
        both = cross(other[:, j], mixed[:, k]) - cross(a, b)[:, None]
    return Moments(
        first=cross(b[:, None], step),
        total=cross(step, step) / 2,
        pairs=both,
        square=(cross(a, a) + cross(b, b)) / 2,
        mean=(a + b) / 2,
    )


def cross(one: Floats, other: Floats) -> Floats:
    """Mean product over pairs of different replicates, added over columns; (..., R, K) to (...).

    With one replicate the plain product.
    """
    replicates = one.shape[-2]
    same = (one * other).sum(axis=(-2, -1))
    if replicates == 1:
        return np.asarray(same)
    mixed = (one.sum(axis=-2) * other.sum(axis=-2)).sum(axis=-1)
    return np.asarray((mixed - same) / (replicates * (replicates - 1)))
