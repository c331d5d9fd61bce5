"""Toy worlds whose consistent share of the prior is known, matched as real ones are."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy import integrate, stats

from experiments.ensemble.facts import Fact, Floats
from experiments.ensemble.matching import Drawn, Judged, Rules, Wave, judge, match

NOISE, REPLICATES = 0.06, 4
Model = Callable[[Floats], Floats]
"""Positions (worlds, dimensions) to true values (worlds, facts)."""


def fact(name: str, observed: float, sd: float, discrepancy: float = 0.0) -> Fact:
    """A fact with the same uncertainty on both sides."""
    return Fact(name, name, "record", False, observed, sd, sd, discrepancy)


FACTS = (fact("first", 0.3, 0.03, 0.02), fact("second", 0.6, 0.05))


def linear(positions: Floats) -> Floats:
    """The first two parameters are what the two facts measure; the others do nothing."""
    return positions[:, :2]


def wavy(positions: Floats) -> Floats:
    """The first fact goes up and down where no polynomial of second order can follow."""
    return np.stack([0.5 + 0.5 * np.sin(15 * positions[:, 0]), positions[:, 1]], axis=1)


@dataclass
class Memory:
    """Waves kept in memory."""

    waves: dict[int, Drawn] = field(default_factory=dict)

    def drawn(self, wave: int) -> Drawn | None:
        """A wave that was drawn before."""
        return self.waves.get(wave)

    def keep(self, wave: int, drawn: Drawn) -> None:
        """Keep a wave."""
        self.waves[wave] = drawn


def rules(seed: int, waves: int = 3, draws: int = 256, dimensions: int = 5) -> Rules:
    """Rules of a match against the two facts."""
    return Rules(FACTS, dimensions, draws, waves, seed)


def simulator(model: Model, seed: int) -> Callable[[int, Floats], Floats]:
    """Simulates with noise that depends on seed and wave alone."""

    def simulate(wave: int, positions: Floats) -> Floats:
        random = np.random.default_rng([seed, wave])
        truth = model(positions)[:, None, :]
        return truth + random.normal(0.0, NOISE, (len(positions), REPLICATES, truth.shape[2]))

    return simulate


def matched(made: Rules, model: Model) -> tuple[list[Wave], Judged]:
    """A whole match."""
    waves = match(made, Memory(), simulator(model, made.seed))
    return waves, judge(made, waves)


def known_share(model: Callable[[float], float], one: Fact, cutoff: float) -> float:
    """Probability that an even draw is kept by one fact, the luck of its mean included."""
    luck = NOISE / np.sqrt(REPLICATES)
    half = cutoff * np.sqrt(one.below**2 + one.discrepancy**2 + luck**2)

    def kept(place: float) -> float:
        ends = (np.array([one.observed - half, one.observed + half]) - model(place)) / luck
        low, high = stats.norm.cdf(ends)
        return float(high - low)

    return float(integrate.quad(kept, 0.0, 1.0, limit=400)[0])
