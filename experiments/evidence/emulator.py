"""An emulator: what a run would say of each fact at settings that were not tried.

A polynomial in all parameters per fact, fitted by ridge regression. It is needed because a search
does not sample evenly: it gathers around what it has found, also along parameters that do not
matter, so the spread of its best trials says nothing about what the facts allow.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PENALTIES = np.logspace(-4, 4, 33)
"""Ridge penalties tried, in units of the mean squared singular value."""
CURVATURE = 0.5
"""Scale of the second-order terms: they are expected to be smaller than the linear ones."""


@dataclass(frozen=True, slots=True)
class Emulator:
    """Predictions per fact.

    weights: (features, facts). offset: of the targets. error: standard deviation of predictions
    for trials left out of the fit, per fact; it holds the luck of the seeds as well. explained:
    share of variance that such predictions explain.
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
    """Fit each fact in the form that predicts left-out trials best.

    positions: (trials, parameters) in 0 to 1. targets: (trials, facts). The forms are linear
    terms, with squares, with products too, each under every penalty: few trials cannot tell
    hundreds of products apart, and a fact that is close to linear needs none.
    """
    rows, parameters = features(positions), positions.shape[1]
    offset, facts = targets.mean(axis=0), targets.shape[1]
    best = Emulator(
        np.zeros((rows.shape[1], facts)), offset, np.full(facts, np.inf), np.zeros(facts)
    )
    for width in (parameters, 2 * parameters, rows.shape[1]):
        improve(best, rows[:, :width], targets)
    spread = targets.std(axis=0)
    varies = spread > 0
    best.explained[varies] = 1.0 - (best.error[varies] / spread[varies]) ** 2
    return best


def improve(best: Emulator, rows: Floats, targets: Floats) -> None:
    """Replace the facts of an emulator that these features predict better, in place."""
    mean, average = rows.mean(axis=0), targets.mean(axis=0)
    left, singular, right = np.linalg.svd(rows - mean, full_matrices=False)
    projected = left.T @ (targets - average)
    for penalty in PENALTIES * float(np.mean(singular**2)):
        shrink = singular**2 / (singular**2 + penalty)
        error = left_out_error(left, shrink, projected, targets - average)
        better = error < best.error
        solution = right.T @ ((singular / (singular**2 + penalty))[:, None] * projected)
        best.weights[:, better] = 0.0
        best.weights[: rows.shape[1], better] = solution[:, better]
        best.offset[better] = (average - mean @ solution)[better]
        best.error[better] = error[better]


def left_out_error(left: Floats, shrink: Floats, projected: Floats, centred: Floats) -> Floats:
    """Root mean square error per fact when each trial is predicted by all the others."""
    fitted = left @ (shrink[:, None] * projected)
    leverage = 1.0 / len(left) + (left**2 * shrink).sum(axis=1)
    residuals = (centred - fitted) / np.maximum(1.0 - leverage, 1e-9)[:, None]
    error: Floats = np.sqrt(np.mean(residuals**2, axis=0))
    return error
