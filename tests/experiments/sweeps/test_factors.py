"""Factors: values along a range or a list stay within it, in parts of equal size."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from experiments.sweeps.factors import Factor, factors_of
from sim.loading import load

quick = settings(derandomize=True, deadline=None, max_examples=100)
BASE = load("baseline")
positions = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20).map(np.array)
bounds = (
    st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
    .map(sorted)
    .filter(lambda pair: pair[1] - pair[0] > 1e-6 * max(-pair[0], pair[1]))
)


def ranged(low: float, high: float, **options: bool) -> Factor:
    """A range of numbers."""
    return Factor("x", "uncertainty", low, low, high, **options)  # type: ignore[arg-type]


@quick
@given(pair=bounds, at=positions)
def test_numbers_lie_evenly_within_their_bounds(pair: list[float], at: np.ndarray) -> None:
    low, high = pair
    values = ranged(low, high).along(at)
    expected = [low + float(x) * (high - low) for x in at]
    assert values == pytest.approx(expected, rel=0, abs=1e-14 * max(-low, high))
    assert all(low <= value <= high for value in values)  # type: ignore[operator]


@quick
@example(low=1e-300, ratio=1300.0, at=np.array([0.0, 0.5]))
@given(low=st.floats(1e-300, 1e9), ratio=st.floats(1e-8, 1300.0), at=positions)
def test_a_log_scale_has_equal_ratios(low: float, ratio: float, at: np.ndarray) -> None:
    high = math.exp(min(math.log(low) + ratio, 700.0))
    values = ranged(low, high, log=True).along(at)
    assert all(low <= value <= high for value in values)  # type: ignore[operator]
    logs = [math.log(value) for value in values]  # type: ignore[arg-type]
    spread = math.log(high) - math.log(low)
    assert logs == pytest.approx([math.log(low) + float(x) * spread for x in at], rel=0, abs=1e-11)


@quick
@given(low=st.integers(-50, 50), span=st.integers(1, 40))
def test_whole_numbers_have_equal_shares(low: int, span: int) -> None:
    at = (np.arange(10 * (span + 1)) + 0.5) / (10 * (span + 1))
    values = ranged(low, low + span, integer=True).along(at)
    assert sorted(values) == [low + i // 10 for i in range(10 * (span + 1))]  # type: ignore[type-var]
    assert ranged(low, low + span, integer=True).along(np.array([0.0, 1.0])) == [low, low + span]


@quick
@given(count=st.integers(1, 12))
def test_the_values_of_a_list_have_equal_shares(count: int) -> None:
    words = tuple(f"w{i}" for i in range(count))
    factor = Factor("x", "lever", "w0", values=words)
    at = (np.arange(7 * count) + 0.5) / (7 * count)
    assert factor.along(at) == [word for word in words for _ in range(7)]
    assert factor.along(np.array([0.0, 1.0])) == [words[0], words[-1]]
    assert factor.grid(2) == words


@quick
@given(pair=bounds, levels=st.integers(2, 12))
def test_a_grid_has_both_ends_and_even_steps(pair: list[float], levels: int) -> None:
    low, high = pair
    values, even = ranged(low, high).grid(levels), np.linspace(low, high, levels)
    assert (values[0], values[-1]) == (low, high)
    assert list(values) == pytest.approx(even, rel=0, abs=1e-14 * max(-low, high))


def test_grids_of_special_ranges() -> None:
    assert ranged(3, 5, integer=True).grid(9) == (3, 4, 5)
    assert ranged(0.0, 1.0).grid(1) == (0.0,)
    assert ranged(1.0, 100.0, log=True).grid(3) == pytest.approx((1.0, 10.0, 100.0))


@pytest.mark.parametrize(
    ("tree", "kind"),
    [
        ({"choice.theta": {}}, {"low", "high"}),
        ({"choice": {"theta": {"low": 3.0, "high": 4.0}}}, {"low", "high"}),
        ({"choice": {"theta": [3.0, 4.0]}}, {"values"}),
        ({"vendors": {"meta": {"strategy": {}}}}, {"values"}),
        ({"vendors.meta.tuning": {}}, {"values"}),
        ({"world": {"options": {"a": {}, "b": "all-open"}}}, {"options"}),
    ],
)
def test_ways_to_write_a_factor(tree: dict[str, object], kind: set[str]) -> None:
    (factor,) = factors_of(tree, "lever", BASE, "e.toml")
    described = factor.described()
    assert kind <= set(described)
    assert described["name"] in ("choice.theta", "vendors.meta.strategy", "world",
                                 "vendors.meta.tuning")  # fmt: skip


def test_a_range_is_the_plausible_one_and_words_are_all_words() -> None:
    tree = {"choice.theta": {}, "vendors.meta.strategy": {}, "vendors.meta.tuning": {}}
    theta, strategy, tuning = factors_of(tree, "lever", BASE, "e.toml")
    assert 0.0 < theta.low < BASE.choice.theta < theta.high
    assert theta.reference == BASE.choice.theta
    assert strategy.values is not None
    assert {"open", "closed", "dual"} <= set(strategy.values)
    assert tuning.values == (True, False)
