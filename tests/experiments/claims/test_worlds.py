"""Which worlds claims are judged over."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.claims.worlds import by_weight


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
