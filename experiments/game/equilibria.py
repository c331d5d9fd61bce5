"""Equilibria and regrets of a game in normal form, any number of players.

A game is an array of payoffs: one axis per player for its strategy, and a last one for whose payoff
it is. A mixture is one vector of probabilities per player.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, product
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import root

Floats = NDArray[np.float64]
Profile = tuple[int, ...]
Mixture = list[Floats]
TOLERANCE: Final = 1e-7
"""Of the range of payoffs: below it, regret is rounding."""
MOST_SUPPORTS: Final = 5000
STARTS: Final = 8
"""Starts of each support's equations: with these no game of 1,076 random ones lacked one."""
SAME: Final = 1e-4
"""Largest difference of probabilities of one equilibrium found twice."""


@dataclass(frozen=True)
class Mixed:
    """An equilibrium in which somebody mixes. payoffs: expected, by player."""

    mixture: Mixture
    payoffs: Floats


def regrets(payoffs: Floats) -> Floats:
    """What each player forgoes at each profile by not deviating: the shape of `payoffs`."""
    players = payoffs.ndim - 1
    gains = [payoffs[..., i].max(axis=i, keepdims=True) - payoffs[..., i] for i in range(players)]
    return np.stack(gains, axis=-1)


def pure(payoffs: Floats) -> list[Profile]:
    """Profiles that no player gains by leaving."""
    worst = regrets(payoffs).max(axis=-1)
    return [tuple(map(int, one)) for one in np.argwhere(worst <= TOLERANCE * spread(payoffs))]


def spread(payoffs: Floats) -> float:
    """Range of payoffs, against which regrets are small or large."""
    return max(float(np.ptp(payoffs)), 1e-300)


def expected(payoffs: Floats, mixture: Sequence[Floats], player: int) -> Floats:
    """Payoff of each strategy of a player against the others' mixture."""
    found = payoffs[..., player]
    for axis in reversed(range(len(mixture))):
        if axis != player:
            found = np.tensordot(found, mixture[axis], axes=([axis], [0]))
    return np.asarray(found)


def mixed_regret(payoffs: Floats, mixture: Sequence[Floats]) -> Floats:
    """What each player forgoes at a mixture."""
    found = []
    for player, own in enumerate(mixture):
        values = expected(payoffs, mixture, player)
        found.append(float(values.max() - own @ values))
    return np.array(found)


def undominated(payoffs: Floats) -> list[list[int]]:
    """Strategies of each player that survive iterated strict dominance by pure strategies."""
    kept = [list(range(size)) for size in payoffs.shape[:-1]]
    while True:
        before = [list(one) for one in kept]
        for player in range(len(kept)):
            inside = payoffs[np.ix_(*kept)][..., player]
            rows = np.moveaxis(inside, player, 0).reshape(len(kept[player]), -1)
            kept[player] = [
                strategy
                for place, strategy in enumerate(kept[player])
                if not any((other > rows[place]).all() for other in rows)
            ]
        if kept == before:
            return kept


def mixed(payoffs: Floats) -> list[Mixed] | None:
    """Equilibria in which somebody mixes; None where there are too many supports to try.

    By supports: strategies that are used pay the same (Porter, Nudelman and Shoham 2008). With
    three players or more the equations are solved from several starts, so that one may be missed;
    where payoffs are tied there may be infinitely many, of which some are found.
    """
    kept = undominated(payoffs)
    inner = payoffs[np.ix_(*kept)]
    if prod(2 ** len(one) - 1 for one in kept) > MOST_SUPPORTS:
        return None
    found = by_supports(inner)
    whole = [widened(mixture, kept, payoffs.shape[:-1]) for mixture in found]
    return [
        Mixed(m, np.array([m[i] @ expected(payoffs, m, i) for i in range(len(m))]))
        for m in distinct(whole)
    ]


def supports_of(mixture: Sequence[Floats]) -> list[list[int]]:
    """Strategies that each player uses."""
    return [np.flatnonzero(one > SAME).tolist() for one in mixture]


def widened(mixture: Sequence[Floats], kept: Sequence[list[int]], sizes: Sequence[int]) -> Mixture:
    """A mixture over the kept strategies as one over all."""
    found = []
    for own, places, size in zip(mixture, kept, sizes, strict=True):
        whole = np.zeros(size)
        whole[places] = own
        found.append(whole)
    return found


def distinct(mixtures: Sequence[Mixture]) -> list[Mixture]:
    """Mixtures without repetitions."""
    found: list[Mixture] = []
    for one in mixtures:
        flat = np.concatenate(one)
        if all(np.abs(flat - np.concatenate(other)).max() > SAME for other in found):
            found.append(one)
    return found


def by_supports(payoffs: Floats) -> Iterator[Mixture]:
    """Equilibria in which somebody mixes, support by support."""
    scale = spread(payoffs)
    scaled = (payoffs - payoffs.mean()) / scale
    rng = np.random.default_rng(0)
    for supports in product(*(subsets(size) for size in payoffs.shape[:-1])):
        if max(map(len, supports)) == 1 or hopeless(scaled, supports):
            continue
        yield from on_support(scaled, supports, rng)


def hopeless(payoffs: Floats, supports: Sequence[Profile]) -> bool:
    """Whether somebody would never use a strategy of the support (Porter and others 2008)."""
    for player, own in enumerate(supports):
        others = [list(s) for s in supports]
        others[player] = list(range(payoffs.shape[player]))
        inside = np.moveaxis(payoffs[np.ix_(*others)][..., player], player, 0)
        rows = inside.reshape(payoffs.shape[player], -1)
        if any((rows > rows[one]).all(axis=1).any() for one in own):
            return True
    return False


def subsets(size: int) -> list[Profile]:
    """All nonempty sets of strategies."""
    each = (combinations(range(size), count) for count in range(1, size + 1))
    return list(chain.from_iterable(each))


def on_support(
    payoffs: Floats, supports: Sequence[Profile], rng: np.random.Generator
) -> list[Mixture]:
    """Equilibria that use just these strategies; of three players or more there may be several."""
    sizes = [len(one) for one in supports]
    ends = np.cumsum(sizes)[:-1]

    def mixture(unknown: Floats) -> Mixture:
        return widened(np.split(unknown, ends), [list(s) for s in supports], payoffs.shape[:-1])

    def indifferent(unknown: Floats) -> Floats:
        whole, rows = mixture(unknown), []
        for player, own in enumerate(supports):
            values = expected(payoffs, whole, player)[list(own)]
            rows += [*(values[1:] - values[0]), whole[player].sum() - 1.0]
        return np.array(rows)

    starts = [np.concatenate([np.full(size, 1 / size) for size in sizes])]
    if sum(sizes) > len(sizes):
        starts += [
            np.concatenate([rng.dirichlet(np.ones(size)) for size in sizes])
            for _ in range(STARTS - 1)
        ]
    found = []
    for start in starts:
        solved = root(indifferent, start)
        whole = mixture(np.asarray(solved.x))
        fits = np.abs(indifferent(np.asarray(solved.x))).max() < TOLERANCE
        inside = all((whole[p][list(own)] > SAME).all() for p, own in enumerate(supports))
        if fits and inside and mixed_regret(payoffs, whole).max() < 10 * TOLERANCE:
            found.append(whole)
    return distinct(found)
