"""History matching: draws of a space, held against facts in waves, each narrower than the last.

Nothing here knows the model: worlds are points of the unit cube, and a function answers what the
facts are in them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from agents.common.randomness import stream_key
from experiments.ensemble.facts import Fact, Floats, implausibility
from experiments.evidence.emulator import Emulator, fit

Flags = NDArray[np.bool_]

CUTOFF: Final = 3.0
"""Largest implausibility over all facts that a world may have: by Pukelsheim's rule 95% of any
distribution with one peak lies within three standard deviations."""
BATCH: Final = 2048
MOST_CANDIDATES: Final = 1 << 19
"""Points of the prior that are looked at for a wave at most."""
FEWEST_TRUSTED: Final = 20
"""Worlds with values from which a surrogate is fitted; with fewer, a wave is drawn evenly again."""


@dataclass(frozen=True)
class Rules:
    """What a match is made by."""

    facts: tuple[Fact, ...]
    dimensions: int
    draws: int
    """Worlds of each wave."""
    waves: int
    seed: int
    cutoff: float = CUTOFF

    def random(self, name: str) -> np.random.Generator:
        """The generator of a name: it depends on the seed and nothing else."""
        return np.random.default_rng(int(stream_key(self.seed, f"ensemble {name}")))


@dataclass(frozen=True)
class Region:
    """Part of the unit cube that a surrogate cannot rule out; all of it without a surrogate.

    emulator: predicts each fact's distance from its observation in half-bands.
    noise: variance of a mean over replicates, per fact.
    """

    facts: tuple[Fact, ...]
    emulator: Emulator | None
    noise: Floats
    cutoff: float

    def holds(self, positions: Floats) -> Flags:
        """Which points (n, dimensions) lie in it."""
        if self.emulator is None:
            return np.ones(len(positions), np.bool_)
        parts = [self._holds(positions[i : i + BATCH]) for i in range(0, len(positions), BATCH)]
        return np.concatenate(parts) if parts else np.zeros(0, np.bool_)

    def _holds(self, positions: Floats) -> Flags:
        assert self.emulator is not None
        units = np.array([fact.unit for fact in self.facts])
        observed = np.array([fact.observed for fact in self.facts])
        means = observed + units * self.emulator.predict(positions)
        # The surrogate's error holds the luck of the replicates as well.
        variance = np.maximum(self.noise, (units * self.emulator.error) ** 2)
        found = implausibility(self.facts, means, variance)
        inside: Flags = (found <= self.cutoff).all(axis=1)
        return inside


@dataclass(frozen=True)
class Drawn:
    """The worlds of one wave, drawn evenly from a region.

    positions: (draws, dimensions). volume: share of the prior that the region has.
    candidates: points of the prior from which the volume is known; 0 where it is exact.
    """

    region: Region
    positions: Floats
    volume: float
    candidates: int


@dataclass(frozen=True)
class Wave:
    """A wave with its answers: values (draws, replicates, facts), not a number where a run has
    none or failed."""

    drawn: Drawn
    values: Floats


@dataclass(frozen=True)
class Judged:
    """Worlds of all waves, held against the facts.

    wave: number of each world's wave, from 1. means: (worlds, facts) on the scales of the facts.
    implausibility: (worlds, facts). kept: whether the largest is within the cut-off.
    weight: share of the prior that a kept world stands for; 0 for the others.
    """

    wave: NDArray[np.int64]
    positions: Floats
    means: Floats
    noise: Floats
    implausibility: Floats
    kept: Flags
    weight: Floats

    @property
    def effective(self) -> float:
        """Worlds of equal weight that are worth as much: (sum w)^2 / sum w^2."""
        squares = float((self.weight**2).sum())
        return float(self.weight.sum()) ** 2 / squares if squares else 0.0


Simulate = Callable[[int, Floats], Floats]
"""Number of a wave and positions (draws, dimensions) to values (draws, replicates, facts)."""


class Notebook(Protocol):
    """Where waves are kept as they are drawn, so that a match goes on where it was stopped."""

    def drawn(self, wave: int) -> Drawn | None:
        """A wave that was drawn before."""
        ...

    def keep(self, wave: int, drawn: Drawn) -> None:
        """Keep a wave."""
        ...


def match(rules: Rules, notebook: Notebook, simulate: Simulate) -> list[Wave]:
    """Draw and simulate the waves, each from what the earlier ones cannot rule out."""
    waves: list[Wave] = []
    for number in range(1, rules.waves + 1):
        drawn = notebook.drawn(number)
        if drawn is None:
            drawn = draw(rules, number, region_after(rules, waves))
            notebook.keep(number, drawn)
        waves.append(Wave(drawn, simulate(number, drawn.positions)))
    return waves


def region_after(rules: Rules, waves: Sequence[Wave]) -> Region:
    """What the waves so far cannot rule out, by a surrogate fitted to all of their worlds."""
    everywhere = Region(rules.facts, None, np.zeros(len(rules.facts)), rules.cutoff)
    if not waves:
        return everywhere
    means, noise = answers(rules.facts, waves)
    known = np.isfinite(means).all(axis=1)
    if known.sum() < FEWEST_TRUSTED:
        return everywhere
    positions = np.concatenate([wave.drawn.positions for wave in waves])
    units = np.array([fact.unit for fact in rules.facts])
    observed = np.array([fact.observed for fact in rules.facts])
    emulator = fit(positions[known], (means[known] - observed) / units)
    return Region(rules.facts, emulator, noise, rules.cutoff)


def draw(rules: Rules, number: int, region: Region) -> Drawn:
    """Worlds drawn evenly from a region: a scrambled Sobol sequence, as far as it lies inside."""
    sequence = qmc.Sobol(rules.dimensions, rng=rules.random(f"wave {number}"))
    if region.emulator is None:
        size = max(rules.draws - 1, 0).bit_length()
        return Drawn(region, sequence.random_base2(size)[: rules.draws], 1.0, 0)
    inside: list[Floats] = []
    found = looked = 0
    while found < rules.draws and looked < MOST_CANDIDATES:
        candidates = sequence.random(4 * BATCH)
        inside.append(candidates[region.holds(candidates)])
        found, looked = found + len(inside[-1]), looked + len(candidates)
    if not found:
        everywhere = Region(rules.facts, None, region.noise, rules.cutoff)
        return draw(rules, number, everywhere)
    return Drawn(region, np.concatenate(inside)[: rules.draws], found / looked, looked)


def means_of_known(values: Floats) -> Floats:
    """Means over replicates (worlds, replicates, facts); of a world that lacks a value in more than
    half of its replicates, not a number."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    sums = np.where(known, values, 0.0).sum(axis=1)
    return np.where(2 * count > values.shape[1], sums / np.maximum(count, 1), np.nan)


def answers(facts: Sequence[Fact], waves: Sequence[Wave]) -> tuple[Floats, Floats]:
    """Means over replicates (worlds, facts) on the scales, and the variance of such a mean.

    A world that lacks a value in more than half of its replicates has none. The variance is pooled
    over the half of the worlds that lie nearest to the fact: noise far from it does not matter.
    """
    stacked = np.concatenate([wave.values for wave in waves])
    values = np.stack([f.on_scale(stacked[:, :, i]) for i, f in enumerate(facts)], axis=2)
    known = np.isfinite(values)
    count = known.sum(axis=1)
    means = means_of_known(values)
    squares = np.where(known, (values - means[:, None, :]) ** 2, 0.0).sum(axis=1)
    noise = np.zeros(len(facts))
    for place, fact in enumerate(facts):
        usable = np.isfinite(means[:, place]) & (count[:, place] > 1)
        if not usable.any():
            continue
        distance = np.abs(means[usable, place] - fact.observed)
        near = distance <= np.median(distance)
        freedom = (count[usable, place][near] - 1).sum()
        noise[place] = squares[usable, place][near].sum() / freedom / values.shape[1]
    return means, noise


def judge(rules: Rules, waves: Sequence[Wave]) -> Judged:
    """Hold all worlds against the facts, and weigh those kept.

    A world's weight is the share of the prior that it stands for. Waves overlap, so it is one over
    the density with which all of them together would draw it: 1 / sum over waves of draws / volume
    where the wave's region has the world, which makes sums over kept worlds unbiased whatever
    the surrogates leave out (the balance heuristic: Veach and Guibas 1995, "Optimally combining
    sampling techniques for Monte Carlo rendering").
    """
    means, noise = answers(rules.facts, waves)
    positions = np.concatenate([wave.drawn.positions for wave in waves])
    found = implausibility(rules.facts, means, noise)
    kept = (found <= rules.cutoff).all(axis=1)
    density = np.zeros(len(positions))
    for wave in waves:
        share = len(wave.drawn.positions) / wave.drawn.volume
        density += share * wave.drawn.region.holds(positions)
    numbers = np.repeat(np.arange(len(waves)) + 1, [len(w.drawn.positions) for w in waves])
    weight = np.where(kept, 1.0 / np.maximum(density, 1e-300), 0.0)
    return Judged(numbers, positions, means, noise, found, kept, weight)
