"""Replicator dynamics of a game: where imitation of what pays leads from any start.

Payoffs of each player are divided by their range, so that all players move at a like pace.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from experiments.game.equilibria import Floats, Mixture, mixed_regret

STEPS: Final = 3000
STEP: Final = 0.1
ARRIVED: Final = 0.02
"""Distance in probabilities within which a path has come to a rest point."""
STILL: Final = 1e-3
"""Regret, as a share of the range of payoffs, at which a path is at rest."""


@dataclass(frozen=True)
class Basin:
    """Where paths end. share: of the starts. mixture: None where paths do not come to rest."""

    mixture: Mixture | None
    share: float


def scaled(payoffs: Floats) -> Floats:
    """Payoffs over each player's range; of a player that nothing touches, zeros."""
    axes = tuple(range(payoffs.ndim - 1))
    low, width = payoffs.min(axis=axes), np.ptp(payoffs, axis=axes)
    return np.asarray((payoffs - low) / np.where(width > 0, width, 1.0))


def basins(payoffs: Floats, rng: np.random.Generator, starts: int = 200) -> list[Basin]:
    """Where players that each follow their own payoffs end, from random starts."""
    game = scaled(payoffs)
    mixtures = [rng.dirichlet(np.ones(size), starts) for size in payoffs.shape[:-1]]
    for _ in range(STEPS):
        values = [against(game, mixtures, player) for player in range(len(mixtures))]
        mixtures = [grown(own, value) for own, value in zip(mixtures, values, strict=True)]
    ends: list[tuple[Mixture | None, int]] = []
    for start in range(starts):
        mixture = [one[start] for one in mixtures]
        count(ends, mixture if mixed_regret(game, mixture).max() < STILL else None)
    return [Basin(end, number / starts) for end, number in sorted(ends, key=lambda e: -e[1])]


def against(game: Floats, mixtures: Sequence[Floats], player: int) -> Floats:
    """Payoff of each strategy of a player (starts, strategies) against others' mixtures."""
    axes = "abcdefghij"[: len(mixtures)]
    others = [place for place in range(len(mixtures)) if place != player]
    words = ",".join([axes, *(f"z{axes[place]}" for place in others)])
    arrays = [mixtures[place] for place in others]
    return np.asarray(np.einsum(f"{words}->z{axes[player]}", game[..., player], *arrays))


def grown(own: Floats, values: Floats) -> Floats:
    """Probabilities after a multiplicative step, which stays inside the simplex.

    The replicator's paths are its limit for small steps.
    """
    best = values.max(axis=-1, keepdims=True)
    found = own * np.exp(STEP * (values - best))
    return np.asarray(found / found.sum(axis=-1, keepdims=True))


def count(ends: list[tuple[Mixture | None, int]], end: Mixture | None) -> None:
    """Add a path to those that ended at the same place."""
    for place, (known, number) in enumerate(ends):
        if known is None or end is None:
            same = known is end
        else:
            same = float(np.abs(np.concatenate(known) - np.concatenate(end)).max()) < ARRIVED
        if same:
            ends[place] = (known, number + 1)
            return
    ends.append((end, 1))


def symmetric(payoffs: Floats, mixtures: Floats) -> Floats:
    """Payoffs (points, strategies) where all players come from one population that mixes so.

    The role-symmetric reduction: a member plays each role equally often, against others drawn from
    the population. All players must have the same strategies.
    """
    players = payoffs.ndim - 1
    every = [mixtures] * players
    return np.asarray(sum(against(payoffs, every, p) for p in range(players)) / players)


def velocity(payoffs: Floats, mixtures: Floats) -> Floats:
    """Replicator velocities of the one population at points (points, strategies)."""
    values = symmetric(payoffs, mixtures)
    mean = (mixtures * values).sum(axis=-1, keepdims=True)
    return np.asarray(mixtures * (values - mean))


def population_ends(payoffs: Floats, starts: Floats) -> list[Floats | None]:
    """Where the one population comes to from each start; None if it does not come to rest."""
    mixtures = starts
    for _ in range(STEPS):
        mixtures = grown(mixtures, symmetric(payoffs, mixtures))
    values = symmetric(payoffs, mixtures)
    gain = values.max(axis=-1) - (mixtures * values).sum(axis=-1)
    width = max(float(np.ptp(payoffs)), 1e-300)
    return [m if g < STILL * width else None for m, g in zip(mixtures, gain, strict=True)]
