"""An emulator: what a run would say of each fact at settings that were not tried.

A polynomial in all parameters per fact, fitted by ridge regression. It is needed because a search
does not sample evenly: it gathers around what it has found, also along parameters that do not
matter, so the spread of its best trials says nothing about what the facts allow.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

PENALTIES = np.logspace(-4, 4, 33)
"""Ridge penalties tried, in units of the mean squared singular value."""
CURVATURE = 0.5
"""Scale of the second-order terms: they are expected to be smaller than the linear ones."""
NEAR, FEWEST_NEAR = 4.0, 10
"""Distance from a fact, in half-bands, within which predictions must be good; trials it needs."""
CUTS = (4.0, 8.0, 32.0)
"""Distances at which targets are cut, in half-bands."""


@dataclass(frozen=True, slots=True)
class Emulator:
    """Predictions per fact.

    weights: (features, facts). offset: of the targets. error: standard deviation of predictions
    for trials left out of the fit, per fact; it holds the luck of the seeds as well. explained:
    share of the variance of such trials that is predicted.
    """

    weights: Floats
    offset: Floats
    error: Floats
    explained: Floats

    def predict(self, positions: Floats) -> Floats:
        """Targets (points, facts) at positions (points, parameters) between 0 and 1."""
        result: Floats = features(positions) @ self.weights + self.offset
        return result


def features(positions: Floats) -> Floats:
    """Linear terms, squares and products of positions moved to -1 to 1."""
    centred = 2.0 * positions - 1.0
    first, second = np.triu_indices(centred.shape[1], 1)
    return np.hstack(
        [centred, CURVATURE * centred**2, CURVATURE * centred[:, first] * centred[:, second]]
    )


def fit(positions: Floats, targets: Floats) -> Emulator:
    """Fit each fact in the form that predicts left-out trials near it best.

    positions: (trials, parameters) in 0 to 1. targets: (trials, facts), 0 where a fact is met.
    The forms are linear terms, with squares, with products too, each under every penalty and with
    targets cut at several distances. Few trials cannot tell hundreds of products apart, and a
    fact that is close to linear needs none; a cut keeps what is far off from bending the fit, at
    the price of a kink. Error and explained share are those of trials within `NEAR`.
    """
    rows, parameters = features(positions), positions.shape[1]
    facts = targets.shape[1]
    near = np.abs(targets) <= NEAR
    near[:, near.sum(axis=0) < FEWEST_NEAR] = True
    nothing = np.zeros((rows.shape[1], facts))
    best = Emulator(nothing, np.zeros(facts), np.full(facts, np.inf), np.zeros(facts))
    for width in (parameters, 2 * parameters, rows.shape[1]):
        improve(best, rows[:, :width], targets, near)
    for fact in range(facts):
        spread = targets[near[:, fact], fact].std()
        best.explained[fact] = 1.0 - (best.error[fact] / spread) ** 2 if spread > 0 else 0.0
    return best


def improve(best: Emulator, rows: Floats, targets: Floats, near: Flags) -> None:
    """Replace the facts of an emulator that these features predict better, in place."""
    mean = rows.mean(axis=0)
    left, singular, right = np.linalg.svd(rows - mean, full_matrices=False)
    for cut, penalty in product(CUTS, PENALTIES * float(np.mean(singular**2))):
        aims = np.clip(targets, -cut, cut)
        average = aims.mean(axis=0)
        projected = left.T @ (aims - average)
        shrink = singular**2 / (singular**2 + penalty)
        error = left_out_error(left, shrink, projected, aims - average, near)
        better = error < best.error
        solution = right.T @ ((singular / (singular**2 + penalty))[:, None] * projected[:, better])
        best.weights[:, better] = 0.0
        best.weights[: rows.shape[1], better] = solution
        best.offset[better] = average[better] - mean @ solution
        best.error[better] = error[better]


def left_out_error(
    left: Floats, shrink: Floats, projected: Floats, centred: Floats, near: Flags
) -> Floats:
    """Root mean square error per fact, near it, when each trial is predicted by the others."""
    fitted = left @ (shrink[:, None] * projected)
    leverage = 1.0 / len(left) + (left**2 * shrink).sum(axis=1)
    residuals = (centred - fitted) / np.maximum(1.0 - leverage, 1e-9)[:, None]
    error: Floats = np.sqrt((near * residuals**2).sum(axis=0) / near.sum(axis=0))
    return error
