"""Equilibria, regrets, flows and payoffs held against known games and another solver."""

import warnings
from itertools import product

import nashpy
import numpy as np
import pytest

from experiments.game.equilibria import (
    Floats,
    expected,
    mixed,
    mixed_regret,
    pure,
    regrets,
    undominated,
)
from experiments.game.flows import basins, population_ends, symmetric, velocity
from experiments.game.payoffs import Payoffs, Round, interval, payoffs_of
from experiments.game.setting import GameError


def of_two(first: list[list[float]]) -> Floats:
    """A symmetric game of two from the row player's payoffs."""
    own = np.array(first, float)
    return np.stack([own, own.T], axis=-1)


DILEMMA = of_two([[3, 0], [5, 1]])
COORDINATION = of_two([[2, 0], [0, 1]])
ROCK = of_two([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])


def test_textbook_games() -> None:
    assert pure(DILEMMA) == [(1, 1)]
    assert mixed(DILEMMA) == []
    assert undominated(DILEMMA) == [[1], [1]]
    assert pure(COORDINATION) == [(0, 0), (1, 1)]
    (between,) = mixed(COORDINATION) or []
    assert np.concatenate(between.mixture) == pytest.approx([1 / 3, 2 / 3] * 2)
    assert between.payoffs == pytest.approx([2 / 3, 2 / 3])
    assert pure(ROCK) == []
    (even,) = mixed(ROCK) or []
    assert np.concatenate(even.mixture) == pytest.approx([1 / 3] * 6)


def test_regret_is_the_best_deviation_tried_out() -> None:
    game = np.random.default_rng(1).normal(size=(2, 3, 2, 3))
    found = regrets(game)
    for profile in product(range(2), range(3), range(2)):
        for player, size in enumerate((2, 3, 2)):
            others = [(*profile[:player], s, *profile[player + 1 :]) for s in range(size)]
            best = max(game[other][player] for other in others)
            assert found[profile][player] == pytest.approx(best - game[profile][player])


def test_a_mixture_pays_what_its_profiles_pay() -> None:
    random = np.random.default_rng(2)
    game = random.normal(size=(2, 3, 2, 3))
    mixture = [random.dirichlet(np.ones(size)) for size in (2, 3, 2)]
    plainly = sum(
        mixture[0][a] * mixture[1][b] * mixture[2][c] * game[a, b, c]
        for a, b, c in product(range(2), range(3), range(2))
    )
    for player in range(3):
        assert mixture[player] @ expected(game, mixture, player) == pytest.approx(plainly[player])


def test_all_equilibria_of_random_games_of_two_as_vertices_give_them() -> None:
    random = np.random.default_rng(3)
    for _ in range(25):
        game = random.normal(size=(3, 3, 2))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = list(nashpy.Game(game[..., 0], game[..., 1]).vertex_enumeration())
        ours = mixed(game)
        assert ours is not None
        assert len(ours) + len(pure(game)) == len(theirs)
        for one in ours:
            flat = np.concatenate(one.mixture)
            assert min(np.abs(flat - np.concatenate(other)).max() for other in theirs) < 1e-6


def test_games_of_three_have_an_odd_number_of_equilibria() -> None:
    """As almost all games do (Wilson 1971): one that is missed makes the number even.

    Of the games drawn here some have two equilibria in which all mix.
    """
    random, several = np.random.default_rng(1), 0
    for size in ((2, 2, 2),) * 120 + ((3, 2, 2),) * 10:
        game = random.normal(size=(*size, 3))
        found = mixed(game)
        assert found is not None
        assert all(mixed_regret(game, one.mixture).max() < 1e-5 for one in found)
        assert (len(found) + len(pure(game))) % 2 == 1
        several += sum(all((p > 0).all() for p in one.mixture) for one in found) > 1
    assert several > 0


def test_too_many_strategies_are_not_tried() -> None:
    assert mixed(np.random.default_rng(0).normal(size=(5, 5, 5, 3))) is None


def test_where_imitation_leads() -> None:
    rng = np.random.default_rng(5)
    (only,) = basins(DILEMMA, rng)
    assert only.share == 1.0
    assert only.mixture is not None
    assert np.concatenate(only.mixture) == pytest.approx([0, 1, 0, 1], abs=1e-6)
    shares = {
        int(b.mixture[0].argmax()): b.share for b in basins(COORDINATION, rng, 400) if b.mixture
    }
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares[0] > shares[1] > 0.1, "the better convention draws more"
    (nowhere,) = basins(ROCK, rng)
    assert nowhere.mixture is None


def test_one_population_of_coordination_parts_at_a_third() -> None:
    starts = np.array([[0.32, 0.68], [0.35, 0.65]])
    below, above = population_ends(COORDINATION, starts)
    assert below == pytest.approx([0, 1], abs=1e-6)
    assert above == pytest.approx([1, 0], abs=1e-6)
    assert symmetric(COORDINATION, starts) == pytest.approx(np.array([[0.64, 0.68], [0.7, 0.65]]))
    assert velocity(COORDINATION, np.array([[1 / 3, 2 / 3]])) == pytest.approx(np.zeros((1, 2)))


def played(
    game: Floats, seed: int, replicates: int, own: float, shared: float, rows: list[int]
) -> Round:
    """A round of a game whose runs have luck of their own and luck that a seed's runs share."""
    random = np.random.default_rng(seed)
    flat = game.reshape(-1, game.shape[-1])[rows]
    luck = shared * random.normal(size=(1, 1, replicates, flat.shape[1]))
    noise = own * random.normal(size=(len(rows), 1, replicates, flat.shape[1]))
    return Round(rows, flat[:, None, None, :] + luck + noise)


def test_shared_luck_of_later_rounds_does_not_move_payoffs() -> None:
    """Only shared luck: differences between profiles are exact, whoever played again."""
    rounds = [played(ROCK, 1, 3, 0.0, 9.0, list(range(9))), played(ROCK, 2, 6, 0.0, 9.0, [0, 4, 7])]
    found = payoffs_of((3, 3), rounds, np.ones(1), np.random.default_rng(0))
    moved = found.game - found.game[0, 0]
    assert moved == pytest.approx(ROCK - ROCK[0, 0], abs=1e-9)
    assert found.runs == [9, 3, 3, 3, 9, 3, 3, 9, 3]
    assert found.regret_draws.std(axis=0).max() < 1e-9


def test_worlds_count_by_weight() -> None:
    values = np.zeros((2 * 2, 3, 2, 2))
    values[0, :, :, 0] = np.array([1.0, 2.0, 4.0])[:, None]
    found = payoffs_of(
        (2, 2), [Round(range(4), values)], np.array([0.5, 0.25, 0.25]), np.random.default_rng(0)
    )
    assert found.game[0, 0, 0] - found.game[1, 0, 0] == pytest.approx(2.0)
    low, high = interval(found.draws[:, 0, 0] - found.draws[:, 2, 0])
    assert 0.99 <= low < 1.5
    assert 2.5 < high <= 4.01


def test_a_seed_in_which_a_run_failed_is_left_out_for_all() -> None:
    one = played(DILEMMA, 1, 6, 0.0, 5.0, list(range(4)))
    one.values[2, 0, 1, 0] = np.nan
    found = payoffs_of((2, 2), [one], np.ones(1), np.random.default_rng(0))
    assert found.game[1, 0, 0] - found.game[0, 0, 0] == pytest.approx(2.0)
    assert (found.lost, found.blocks, list(found.runs)) == (1, 6, [5] * 4)
    one.values[0, 0, :4] = np.nan
    with pytest.raises(GameError, match="4 of 6 blocks of runs have failures"):
        payoffs_of((2, 2), [one], np.ones(1), np.random.default_rng(0))


def noisy(seed: int) -> Payoffs:
    """The dilemma with luck as large as what is at stake, in eight replicates."""
    one = played(DILEMMA, seed, 8, 1.0, 4.0, list(range(4)))
    return payoffs_of((2, 2), [one], np.ones(1), np.random.default_rng(seed))


def test_intervals_of_regret_hold_the_known_regret() -> None:
    """Of 95%; over 100 seeds right ones hold fewer than 86 once in 1,000 studies."""
    truth = regrets(DILEMMA).max(axis=-1).ravel()
    held, stable = np.zeros(4), []
    for seed in range(100):
        found = noisy(seed)
        ends = np.array([found.regret_ends(row) for row in range(4)])
        held += (ends[:, 0] <= truth + 1e-9) & (truth - 1e-9 <= ends[:, 1])
        stable.append(pure(found.game) == [(1, 1)])
    assert (held / 100).min() >= 0.86
    assert np.mean(stable) >= 0.85
