"""Payoffs of profiles from rounds of runs, and how far they could be off.

A block is one world with one seed, in which all profiles of a round are played: their differences
are free of the luck that they share. Later rounds play fewer profiles, on other seeds; payoffs are
the least squares of profile plus block, so that profiles of different rounds compare by those that
both played.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from experiments.game.equilibria import Floats, regrets
from experiments.game.setting import GameError

RESAMPLES: Final = 400
ENDS: Final = (2.5, 97.5)


@dataclass(frozen=True)
class Round:
    """Runs of one round. profiles: numbers of those played. values: (profiles, worlds, replicates,
    players), not a number where a run failed."""

    profiles: Sequence[int]
    values: Floats


@dataclass(frozen=True)
class Payoffs:
    """Payoffs of all profiles.

    shape: strategies of each player. mean: (profiles, players). draws: the same resampled
    (resamples, profiles, players). runs: of each profile, those in blocks that count.
    lost: blocks of all rounds that do not, for a run of theirs failed or is not done. blocks: all.
    """

    shape: tuple[int, ...]
    mean: Floats
    draws: Floats
    runs: Sequence[int]
    lost: int = 0
    blocks: int = 0

    @property
    def game(self) -> Floats:
        """An axis per player, and a last one for whose payoff it is."""
        return self.mean.reshape(*self.shape, -1)

    @property
    def games(self) -> Floats:
        """The same for every resample, the first axis."""
        return self.draws.reshape(len(self.draws), *self.shape, -1)

    @cached_property
    def regret(self) -> Floats:
        """Largest regret of any player at each profile (profiles,)."""
        return np.asarray(regrets(self.game).max(axis=-1).ravel())

    @cached_property
    def regret_draws(self) -> Floats:
        """The same for every resample (resamples, profiles)."""
        return np.stack([regrets(game).max(axis=-1).ravel() for game in self.games])

    def regret_ends(self, row: int) -> tuple[float, float]:
        """The interval of the largest regret at a profile."""
        return regret_interval(float(self.regret[row]), self.regret_draws[:, row])

    @cached_property
    def equilibrium(self) -> Floats:
        """Share of the resamples in which each profile is an equilibrium (profiles,)."""
        scale = max(float(np.ptp(self.mean)), 1e-300)
        return np.asarray((self.regret_draws <= 1e-9 * scale).mean(axis=0))


def payoffs_of(
    shape: tuple[int, ...], rounds: Sequence[Round], weights: Floats, rng: np.random.Generator
) -> Payoffs:
    """Payoffs from rounds, the first of which played all profiles; weights: of the worlds.

    Resampled are worlds, where there are several, and replicates. Raises GameError where hardly
    any block is complete.
    """
    count = int(np.prod(shape))
    players = rounds[0].values.shape[-1]
    matrix, sums = np.zeros((count, count)), np.zeros((count, players))
    draws = np.zeros((RESAMPLES, count, players))
    worlds = np.ones((RESAMPLES, 1))
    if len(weights) > 1:
        even = np.full(len(weights), 1 / len(weights))
        worlds = rng.multinomial(len(weights), even, RESAMPLES).astype(float)
    level, level_draws = np.zeros(0), np.zeros(0)
    for number, played in enumerate(rounds):
        plain, resampled, size = totals(played, weights, worlds, rng)
        if number == 0:
            level, level_draws = plain.mean(axis=0), resampled.mean(axis=1)
        rows = list(played.profiles)
        matrix[np.ix_(rows, rows)] += size * (np.eye(len(rows)) - 1 / len(rows))
        sums = sums + placed(size * (plain - plain.mean(axis=0)), rows, count)
        centred = resampled - resampled.mean(axis=1, keepdims=True)
        draws = draws + placed(size * centred, rows, count)
    inverse = np.linalg.pinv(matrix, hermitian=True)
    mean = inverse @ sums + level
    found = np.einsum("pq,bqi->bpi", inverse, draws) + level_draws[:, None]
    whole = [complete(one) for one in rounds]
    runs = [
        sum(int(good.sum()) for one, good in zip(rounds, whole, strict=True) if p in one.profiles)
        for p in range(count)
    ]
    blocks = sum(good.size for good in whole)
    lost = blocks - sum(int(good.sum()) for good in whole)
    return Payoffs(shape, np.asarray(mean), np.asarray(found), runs, lost, blocks)


def complete(played: Round) -> NDArray[np.bool_]:
    """Which blocks (worlds, replicates) have a payoff of every player at every profile."""
    whole: NDArray[np.bool_] = np.isfinite(played.values).all(axis=(0, 3))
    return whole


def totals(
    played: Round, weights: Floats, worlds: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats, float]:
    """Mean payoffs of a round (profiles, players), resampled ones in front, and its blocks."""
    whole = complete(played)
    blocks = whole * weights[:, None]
    replicates = whole.shape[1]
    if whole.sum() < max(2, whole.size / 2):
        raise GameError(
            f"{int((~whole).sum())} of {whole.size} blocks of runs have failures, too many to say "
            "anything; see the failures with nomoat sweep status"
        )
    values = np.where(np.isfinite(played.values), played.values, 0.0)
    plain = np.einsum("pwri,wr->pi", values, blocks) / blocks.sum()
    seeds = np.ones((RESAMPLES, 1)) * np.ones(replicates)
    if replicates > 1:
        even = np.full(replicates, 1 / replicates)
        seeds = rng.multinomial(replicates, even, RESAMPLES).astype(float)
    drawn = np.einsum("bw,br,wr->bwr", worlds, seeds, blocks)
    size = drawn.sum(axis=(1, 2))
    known = np.where(size > 0, size, 1.0)[:, None, None]
    resampled = np.einsum("pwri,bwr->bpi", values, drawn) / known
    resampled[size <= 0] = plain
    if len(weights) == 1:
        resampled = plain + (resampled - plain) * small_sample(replicates)
    return plain, resampled, float(whole.sum())


def small_sample(count: int) -> float:
    """By how much resamples of few values spread too little: their variance, and Student's t."""
    student = float(stats.t.ppf(0.975, count - 1)) / float(stats.norm.ppf(0.975))
    return student * float(np.sqrt(count / (count - 1)))


def placed(values: Floats, rows: Sequence[int], count: int) -> Floats:
    """Values (..., rows, players) among those of all profiles, zero elsewhere."""
    found = np.zeros((*values.shape[:-2], count, values.shape[-1]))
    found[..., list(rows), :] = values
    return found


def regret_interval(regret: float, draws: Floats) -> tuple[float, float]:
    """The ends of an interval of 95% of a regret.

    A regret is the largest of several gains, which luck makes larger still, and resampling once
    more: the lower end is the pivot's, free of that, the upper the percentile, on the safe side.
    """
    high = float(np.percentile(draws, ENDS[1]))
    return max(0.0, 2 * regret - high), high


def interval(draws: Floats) -> tuple[float, float]:
    """The ends of an interval of 95%."""
    low, high = np.percentile(draws, ENDS)
    return float(low), float(high)
