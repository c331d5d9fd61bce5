"""Which worlds claims are judged over."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.claims.worlds import by_weight, first, nested


@given(
    st.lists(st.floats(0.01, 100.0), min_size=2, max_size=40), st.integers(1, 45), st.integers(0)
)
def test_each_is_chosen_once_and_light_ones_weigh_the_same(
    weights: list[float], count: int, seed: int
) -> None:
    given_weights = np.array(weights)
    places, new = by_weight(given_weights, count, np.random.default_rng(seed))
    assert len(set(places.tolist())) == len(places) == min(count, len(weights))
    assert (new >= given_weights[places] * (1 - 1e-12)).all()
    raised = new > given_weights[places] * (1 + 1e-9)
    assert np.ptp(new[raised]) <= 1e-9 * new.max() if raised.any() else True


def test_sums_are_unbiased() -> None:
    """Over 4,000 choices the mean of a weighted sum is within five standard errors."""
    luck = np.random.default_rng(5)
    weights, values = luck.exponential(size=30), luck.random(30)
    sums = []
    for _ in range(4000):
        places, new = by_weight(weights, 8, luck)
        sums.append(new @ values[places])
    error = np.std(sums) / np.sqrt(len(sums))
    assert np.mean(sums) == pytest.approx(weights @ values, abs=5 * error)


@given(
    st.lists(st.floats(0.01, 100.0), min_size=2, max_size=40),
    st.integers(1, 45), st.integers(0, 45), st.integers(0),
)  # fmt: skip
def test_the_first_worlds_are_among_all(
    weights: list[float], most: int, wide: int, seed: int
) -> None:
    order, inner, outer = nested(np.array(weights), most, wide, seed)
    assert len(set(order.tolist())) == len(order) == min(max(most, wide), len(weights))
    used = min(most, len(order))
    assert (inner[:used] > 0).all()
    assert not inner[used:].any()
    assert (outer > 0).all()


def test_sums_over_the_first_and_over_all_are_unbiased() -> None:
    """Over 4,000 choices the means of weighted sums are within five standard errors."""
    luck = np.random.default_rng(6)
    weights, values = luck.exponential(size=30), luck.random(30)
    found = []
    for seed in range(4000):
        order, inner, outer = nested(weights, 6, 15, seed)
        found.append((inner @ values[order], outer @ values[order]))
    means, errors = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(len(found))
    assert np.abs(means - weights @ values).max() <= 5 * errors.max()
    assert errors[1] < errors[0]


def test_all_worlds_at_hand_are_used_with_their_own_weights() -> None:
    weights = np.arange(1.0, 11.0)
    order, _, outer = nested(weights, 4, 64)
    assert len(order) == 10
    assert (outer == weights[order]).all()
    assert first(5, 3).tolist() == pytest.approx([1 / 3] * 3 + [0, 0])
    assert first(3, 8).tolist() == pytest.approx([1 / 3] * 3)
