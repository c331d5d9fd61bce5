"""Elementary effects of a Morris design (Morris 1991; Campolongo, Cariboni and Saltelli 2007).

An effect is the change of an outcome when one factor moves, over the length of the move on its
range from 0 to 1. An outcome of words moves by the share of runs that come to another word.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from experiments.analysis.values import Floats, Interval

RESAMPLES: Final = 400
LEAST: Final = 1e-9
"""Share below which a spread is one of rounding."""


@dataclass(frozen=True)
class Morris:
    """Effects by factor, in the order of the design.

    mu_star: mean of their sizes. sigma: their standard deviation over trajectories: curvature and
    interactions. mu: their mean, with sign; empty for words. floor: the mean size that luck alone
    would give; empty without replicates.
    """

    names: tuple[str, ...]
    mu_star: list[Interval]
    sigma: list[Interval]
    mu: list[Interval]
    floor: list[float]
    trajectories: int


def effects_of(unit: Floats, block: Floats) -> Floats:
    """Effects (trajectories, factors, replicates, columns).

    unit: positions (trajectories, steps + 1, factors). block: values (trajectories, steps + 1,
    replicates, columns).
    """
    moves = np.diff(unit, axis=1)
    moved = np.abs(moves).argmax(axis=2)
    length = np.take_along_axis(moves, moved[:, :, None], axis=2)
    change = np.diff(block, axis=1) / length[:, :, :, None]
    found = np.empty_like(change)
    np.put_along_axis(found, moved[:, :, None, None], change, axis=1)
    return found


def screening(names: Sequence[str], effects: Floats, rng: np.random.Generator) -> Morris:
    """What effects (trajectories, factors, replicates, columns) come to, from two or more."""
    count, _, replicates, columns = effects.shape
    mean = effects.mean(axis=2)
    half = 0.5 if columns > 1 else 1.0
    sizes = half * np.abs(mean).sum(axis=2)
    weights = rng.multinomial(count, np.full(count, 1 / count), RESAMPLES).astype(float)
    signed = [mean_interval(one) for one in mean[:, :, 0].T] if columns == 1 else []
    floor: list[float] = []
    if replicates > 1:
        noise = effects.var(axis=2, ddof=1).mean(axis=0) / replicates
        floor = (half * np.sqrt(2 / math.pi * noise).sum(axis=1)).tolist()
    return Morris(
        tuple(names),
        [mean_interval(one) for one in sizes.T],
        [spread_interval(math.sqrt(half) * one, weights) for one in mean.swapaxes(0, 1)],
        signed, floor, count,
    )  # fmt: skip


def mean_interval(values: Floats) -> Interval:
    """Mean and Student's interval of independent values."""
    mean = float(values.mean())
    half = quantile(len(values)) * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half)


def spread_interval(effects: Floats, weights: Floats) -> Interval:
    """Standard deviation of effects (trajectories, columns), with Student's interval of its
    logarithm by the bootstrap; weights: how often each trajectory was drawn."""
    count = len(effects)
    sd = math.sqrt(float(effects.var(axis=0).sum()) * count / (count - 1))
    if sd <= LEAST * math.sqrt(float((effects**2).sum(axis=1).mean())):
        return Interval(0.0)
    mean = weights @ effects / count
    variance = (weights @ effects**2 / count - mean**2).sum(axis=1)
    logs = np.log(variance[variance > LEAST * sd**2]) / 2
    if len(logs) < len(variance) / 2:
        return Interval(sd)
    half = quantile(count) * float(logs.std(ddof=1))
    return Interval(sd, sd * math.exp(-half), sd * math.exp(half))


def quantile(count: int) -> float:
    """Student's quantile for an interval of 95% from so many values."""
    return float(stats.t.ppf(0.975, count - 1))
