"""Scores of factors in any design: how much worse a forest predicts with a factor shuffled.

Extremely randomised trees (Geurts, Ernst and Wehenkel 2006) are fitted to the points' means, each
fold predicted by the others. Half the rise of the squared error when a factor's values are
shuffled, over the variance, is for independent factors and a perfect forest the total Sobol index;
a forest is not perfect, so scores are too low. Words count as one column each, as factors and as
outcomes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from experiments.analysis.values import Floats, Interval, Ints
from experiments.sweeps.factors import Factor, Value

TREES: Final = 60
FOLDS: Final = 4
SHUFFLES: Final = 3
SHADOWS: Final = 20
"""Least number of invented factors, which say what chance scores."""
LEAST_POINTS: Final = 20
RESAMPLES: Final = 400


@dataclass(frozen=True)
class Scores:
    """Scores by factor.

    score: about the share of the variance between points that would go without the factor.
    chance: what the best of the invented factors, which have no effect, scores. explained: share of
    that variance that the forest predicts at points that it was not fitted to.
    """

    names: tuple[str, ...]
    score: list[Interval]
    chance: float
    explained: float
    points: int

    @property
    def clear(self) -> list[bool]:
        """Whether each factor scores above chance."""
        return [one.value > self.chance and (one.low or 0.0) > 0.0 for one in self.score]


def scores(
    factors: Sequence[Factor], columns: Sequence[Sequence[Value]], means: Floats, group: Ints,
    rng: np.random.Generator,
) -> Scores | None:  # fmt: skip
    """Scores of factors with values `columns`; means: (points, columns) of the outcome.

    group: points that are predicted together, because they were drawn together.
    None with too few points, or where the outcome does not vary.
    """
    points = len(means)
    variance = float(means.var(axis=0).sum())
    if points < LEAST_POINTS or len(np.unique(group)) < FOLDS or variance <= 0.0:
        return None
    real = [inputs(factor, column) for factor, column in zip(factors, columns, strict=True)]
    # Shuffled copies of the factors themselves: of the same kind, without effect.
    copies = max(1, math.ceil(SHADOWS / len(real)))
    shadows = [one[rng.permutation(points)] for _ in range(copies) for one in real]
    blocks = [*real, *shadows]
    errors, plain = shuffled_errors(blocks, means, group, rng)
    rises = (errors - plain[:, None]) / (2 * variance)
    units = np.unique(group, return_inverse=True)[1]
    sums = np.stack([np.bincount(units, one) for one in rises.T], axis=1)
    sizes = np.bincount(units)
    weights = rng.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), RESAMPLES)
    drawn = (weights @ sums) / (weights @ sizes)[:, None]
    low, high = np.percentile(drawn, (2.5, 97.5), axis=0)
    found = rises.mean(axis=0)
    return Scores(
        tuple(factor.name for factor in factors),
        [Interval(float(found[i]), float(low[i]), float(high[i])) for i in range(len(real))],
        float(found[len(real) :].max()), 1.0 - float(plain.mean()) / variance, points,
    )  # fmt: skip


def inputs(factor: Factor, column: Sequence[Value]) -> Floats:
    """A factor's values as columns (points, 1 or one per word)."""
    numeric = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in column)
    if numeric:
        return np.array(column, dtype=np.float64)[:, None]
    words = list(dict.fromkeys(factor.values or column))
    return np.array([[float(value == word) for word in words] for value in column])


def shuffled_errors(
    blocks: Sequence[Floats], means: Floats, group: Ints, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Squared errors (points, factors) with each factor shuffled, and (points,) with none."""
    points = len(means)
    whole = np.concatenate(blocks, axis=1)
    ends = np.cumsum([one.shape[1] for one in blocks])
    errors, plain = np.zeros((points, len(blocks))), np.zeros(points)
    for fold in folds(group, rng):
        forest = fitted(whole[~fold], means[~fold], rng)
        target, rows = means[fold], whole[fold]
        plain[fold] = squared(forest, rows, target)
        mixed = [
            replaced(rows, end, one[rng.integers(0, points, len(rows))])
            for end, one in zip(ends, blocks, strict=True)
            for _ in range(SHUFFLES)
        ]
        # In one go: a forest takes longer to begin than to predict.
        many = squared(forest, np.concatenate(mixed), np.tile(target, (len(mixed), 1)))
        errors[fold] = many.reshape(len(blocks), SHUFFLES, len(rows)).mean(axis=1).T
    return errors, plain


def replaced(rows: Floats, end: int, values: Floats) -> Floats:
    """Rows with other values in the columns before `end`: from all points, as a fold has few."""
    found = rows.copy()
    found[:, end - values.shape[1] : end] = values
    return found


def folds(group: Ints, rng: np.random.Generator) -> list[Any]:
    """Points of each fold as masks; groups stay together."""
    names, place = np.unique(group, return_inverse=True)
    fold = rng.permutation(np.arange(len(names)) % FOLDS)
    return [fold[place] == number for number in range(FOLDS)]


def fitted(rows: Floats, means: Floats, rng: np.random.Generator) -> Any:
    """A forest fitted to points."""
    from sklearn.ensemble import ExtraTreesRegressor

    seed = int(rng.integers(0, 2**31))
    forest = ExtraTreesRegressor(TREES, min_samples_leaf=2, max_features=0.7, random_state=seed)
    return forest.fit(rows, means if means.shape[1] > 1 else means[:, 0])


def squared(forest: Any, rows: Floats, target: Floats) -> Floats:
    """Squared error of each point, added over columns."""
    found = forest.predict(rows).reshape(len(rows), -1)
    return np.asarray(((found - target) ** 2).sum(axis=1))
