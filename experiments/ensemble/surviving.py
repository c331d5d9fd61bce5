"""How much of the space survives, wave by wave, and which parameters the facts pin down."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from experiments.ensemble.facts import Fact, Floats
from experiments.ensemble.matching import Judged, Rules, Wave
from experiments.evidence.identification import NOT_IDENTIFIED, WELL_IDENTIFIED
from experiments.evidence.space import Axis

CONFIDENCE: Final = 1.959964
"""Of 95%, in standard deviations."""
LEVELS: Final = (0.05, 0.5, 0.95)
ERROR_RATE: Final = 0.05
"""Of calling a parameter pinned that is not, over all parameters together (Holm)."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its interval of 95%."""

    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class WaveReport:
    """What a wave came to.

    volume: share of the prior that it was drawn from. kept: worlds consistent with all facts.
    of_region, of_prior: share of the region, and of the prior, that they stand for.
    failed: worlds without a value for some fact.
    """

    wave: int
    draws: int
    volume: Share
    kept: int
    failed: int
    of_region: Share
    of_prior: Share


@dataclass(frozen=True, slots=True)
class FactReport:
    """What a fact does to the worlds of the first wave, which are drawn evenly from the prior.

    passes: share that it leaves. alone: share that it alone rules out.
    unknown: share without a value, which counts as not passing. median, low, high: of the means of
    the others (5% to 95%). noise: sd of a mean over replicates.
    """

    fact: Fact
    passes: float
    alone: float
    median: float
    low: float
    high: float
    noise: float
    unknown: float


@dataclass(frozen=True, slots=True)
class Pin:
    """What the facts say of one parameter.

    ks: largest distance between its distribution given the facts and over the prior.
    chance: probability of such a distance if the facts said nothing. pinned: whether it is below
    the error rate after Holm's correction. sd, range: standard deviation, and width from 5% to
    95%, as shares of the prior's. interval: 5%, 50% and 95% points given the facts.
    """

    axis: Axis
    ks: float
    chance: float
    pinned: bool
    sd: float
    range: float
    interval: tuple[float, float, float]

    @property
    def verdict(self) -> str:
        """How well it is identified, by the bounds that calibration uses."""
        if self.sd > NOT_IDENTIFIED:
            return "not"
        return "well" if self.sd <= WELL_IDENTIFIED else "partly"


def wilson(share: float, count: float) -> Share:
    """The share with Wilson's interval; count: draws, or as many as the estimate is worth."""
    if count <= 0:
        return Share(share, 0.0, 1.0)
    z = CONFIDENCE**2 / count
    centre = (share + z / 2) / (1 + z)
    half = math.sqrt(max(share * (1 - share), 0.0) * z + z * z / 4) / (1 + z)
    return Share(share, max(centre - half, 0.0), min(centre + half, 1.0))


def scaled(share: Share, factor: float) -> Share:
    """A share of a part as a share of the whole."""
    return Share(share.share * factor, share.low * factor, share.high * factor)


def survival(judged: Judged) -> Share:
    """Share of the prior consistent with all facts, from all waves together.

    The weights of kept worlds add up to it. The interval is Wilson's at the number of even draws
    that would have the same variance; with one wave it is Wilson's.
    """
    share = float(judged.weight.sum())
    variance = 0.0
    for number in np.unique(judged.wave):
        weights = judged.weight[judged.wave == number]
        variance += len(weights) * float(weights.var())
    if variance <= 0.0 or not 0.0 < share < 1.0:
        first = int((judged.wave == 1).sum())
        return wilson(min(share, 1.0), first)
    return wilson(share, share * (1.0 - share) / variance)


def wave_reports(waves: Sequence[Wave], judged: Judged) -> list[WaveReport]:
    """One report per wave."""
    found = []
    for number, wave in enumerate(waves, start=1):
        mine = judged.wave == number
        draws, kept = int(mine.sum()), int(judged.kept[mine].sum())
        drawn = wave.drawn
        exact = Share(drawn.volume, drawn.volume, drawn.volume)
        volume = wilson(drawn.volume, drawn.candidates) if drawn.candidates else exact
        share = wilson(kept / draws, draws)
        failed = int((~np.isfinite(judged.implausibility[mine]).all(axis=1)).sum())
        found.append(
            WaveReport(number, draws, volume, kept, failed, share, scaled(share, drawn.volume))
        )
    return found


def outside(waves: Sequence[Wave], judged: Judged) -> float:
    """Share of what survives that the last wave's region leaves out: the surrogate's mistakes."""
    total = float(judged.weight.sum())
    if not total:
        return 0.0
    inside = waves[-1].drawn.region.holds(judged.positions[judged.kept])
    return 1.0 - float(judged.weight[judged.kept][inside].sum()) / total


def fact_reports(rules: Rules, judged: Judged) -> list[FactReport]:
    """One report per fact."""
    first = judged.wave == 1
    within = judged.implausibility[first] <= rules.cutoff
    found = []
    for place, fact in enumerate(rules.facts):
        others = np.delete(within, place, axis=1).all(axis=1)
        means = judged.means[first, place]
        known = means[np.isfinite(means)]
        low, middle, high = np.quantile(known, LEVELS) if len(known) else [math.nan] * 3
        found.append(
            FactReport(
                fact=fact,
                passes=float(within[:, place].mean()),
                alone=float((others & ~within[:, place]).mean()),
                median=back(fact, float(middle)),
                low=back(fact, float(low)),
                high=back(fact, float(high)),
                noise=float(np.sqrt(judged.noise[place])),
                unknown=1.0 - len(known) / len(means) if len(means) else 0.0,
            )
        )
    return found


def back(fact: Fact, value: float) -> float:
    """A value on the scale of a fact as it is published."""
    return math.exp(value) if fact.ratio else value


def pins(axes: Sequence[Axis], judged: Judged) -> list[Pin]:
    """One finding per parameter, those that are moved furthest first; none if nothing survives."""
    weight, points = judged.weight[judged.kept], judged.positions[judged.kept]
    if not len(points):
        return []
    weight = weight / weight.sum()
    distances = [distance(column, weight) for column in points.T]
    count = max(round(judged.effective), 1)
    chances = [float(stats.kstwo.sf(one, count)) for one in distances]
    below = holm(chances)
    found = []
    for axis, column, ks, chance, pinned in zip(
        axes, points.T, distances, chances, below, strict=True
    ):
        low, middle, high = weighted_quantiles(column, weight, LEVELS).tolist()
        mean = float(weight @ column)
        sd = math.sqrt(float(weight @ (column - mean) ** 2)) * math.sqrt(12.0)
        interval = (axis.value(low), axis.value(middle), axis.value(high))
        width = (high - low) / (LEVELS[-1] - LEVELS[0])
        found.append(Pin(axis, ks, chance, pinned, sd, width, interval))
    return sorted(found, key=lambda pin: -pin.ks)


def distance(column: Floats, weight: Floats) -> float:
    """Kolmogorov-Smirnov distance of a weighted sample from the even distribution on 0 to 1."""
    order = np.argsort(column)
    after = np.cumsum(weight[order])
    before = after - weight[order]
    place = column[order]
    return float(max(np.abs(after - place).max(), np.abs(place - before).max()))


def holm(chances: Sequence[float]) -> list[bool]:
    """Which of several tests hold at the error rate over all of them."""
    found = [False] * len(chances)
    for rank, place in enumerate(sorted(range(len(chances)), key=lambda i: chances[i])):
        if chances[place] > ERROR_RATE / (len(chances) - rank):
            break
        found[place] = True
    return found


def weighted_quantiles(
    values: Floats, weight: Floats, levels: Sequence[float]
) -> NDArray[np.float64]:
    """Quantiles of a weighted sample: values at which the weights below, and half of the own,
    reach the level."""
    order = np.argsort(values, kind="stable")
    own = weight[order] / weight.sum()
    found: Floats = np.interp(levels, np.cumsum(own) - own / 2, values[order])
    return found
