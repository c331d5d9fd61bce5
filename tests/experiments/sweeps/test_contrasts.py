"""Paired differences against scipy, and how often sequential intervals hold the truth."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.sweeps.contrasts import (
    arm_labels,
    arm_means,
    contrasts,
    estimate,
    replicates_needed,
    widest,
)
from experiments.sweeps.precision import FEWEST

FINITE = st.floats(-1e6, 1e6)


def table(values: dict[tuple[int, int, int], float | None]) -> pa.Table:
    """Outcomes `y` by (arm, draw, replicate)."""
    keys = list(values)
    return pa.table({
        "arm": [arm for arm, _, _ in keys], "draw": [draw for _, draw, _ in keys],
        "replicate": [replicate for _, _, replicate in keys],
        "y": pa.array(list(values.values()), pa.float64()),
    })  # fmt: skip


def noisy(seed: int, replicates: int, shared: float, own: float, shift: float) -> pa.Table:
    """Two arms, three draws; luck that arms of a replicate share, and luck of their own."""
    rng = np.random.default_rng(seed)
    luck = rng.normal(0, shared, replicates)
    return table({
        (arm, draw, r): luck[r] + draw + shift * arm + rng.normal(0, own)
        for arm in (0, 1) for draw in (0, 1, 2) for r in range(replicates)
    })  # fmt: skip


@given(st.lists(FINITE, min_size=2, max_size=30).filter(lambda v: np.ptp(v) > 1e-3))
def test_an_estimate_is_the_t_interval(values: list[float]) -> None:
    found = estimate(np.array(values))
    low, high = stats.t.interval(
        0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values)
    )
    assert found.half_width is not None
    assert found.mean - found.half_width == pytest.approx(low, rel=1e-9, abs=1e-6)
    assert found.mean + found.half_width == pytest.approx(high, rel=1e-9, abs=1e-6)


def test_one_replicate_has_no_interval() -> None:
    found = contrasts(table({(0, 0, 0): 1.0, (1, 0, 0): 3.0}), "y")
    assert [(c.arm, c.difference.mean, c.difference.half_width) for c in found] == [(1, 2.0, None)]
    assert widest(table({(0, 0, 0): 1.0, (1, 0, 0): 3.0}), "y") is None


def test_a_paired_difference_is_the_paired_t_test() -> None:
    outcomes = noisy(1, 12, shared=2.0, own=0.3, shift=0.5)
    rows = outcomes.to_pandas().groupby(["arm", "replicate"])["y"].mean()
    difference = (rows[1] - rows[0]).to_numpy()
    (found,) = contrasts(outcomes, "y")
    low, high = stats.ttest_1samp(difference, 0.0).confidence_interval(0.95)
    assert found.difference.half_width is not None
    assert found.difference.mean == pytest.approx(difference.mean())
    assert 2 * found.difference.half_width == pytest.approx(high - low)
    apart = rows[0].var(ddof=1) + rows[1].var(ddof=1)
    assert found.gain == pytest.approx(apart / difference.var(ddof=1))
    assert found.gain > 20


def test_what_lacks_a_value_in_one_arm_is_left_out_of_its_pairs() -> None:
    outcomes = table({
        (0, 0, 0): 1.0, (0, 0, 1): 2.0, (0, 0, 2): 4.0,
        (1, 0, 0): 2.0, (1, 0, 1): None, (1, 0, 2): 6.0,
    })  # fmt: skip
    (found,) = contrasts(outcomes, "y")
    assert found.difference.replicates == 2
    assert found.difference.mean == pytest.approx(1.5)
    assert arm_means(outcomes, "y")[0].replicates == 3


def test_a_replicate_with_a_point_missing_is_left_out() -> None:
    whole = {(arm, draw, r): float(arm) for arm in (0, 1) for draw in (0, 1) for r in (0, 1, 2)}
    del whole[1, 1, 2]
    (found,) = contrasts(table(whole), "y")
    assert found.difference.replicates == 2


def test_arms_are_named_by_their_levers() -> None:
    design = pa.table({"arm": [1, 0, 1], "strategy": ["open", "closed", "open"], "x": [1, 2, 3]})
    assert arm_labels(design, ["strategy"]) == {0: {"strategy": "closed"}, 1: {"strategy": "open"}}


@given(st.integers(1, 10_000), st.floats(1e-9, 1e9), st.floats(1e-9, 1e9))
def test_more_replicates_are_asked_for_but_not_too_many(
    replicates: int, width: float, target: float
) -> None:
    assert replicates < replicates_needed(replicates, width, target) <= max(2 * replicates, 2)
    assert replicates_needed(replicates, None, target) > replicates


def test_sequential_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    # 400 sequences. At a coverage of 93% (stopping costs some of the 95%) fewer than 350 hits come
    # up once in 10,000 choices of seeds, at 96% more than 395 once in 3,000; seeds are fixed.
    hits = 0
    for seed in range(400):
        count = FEWEST
        while True:
            outcomes = noisy(seed, count, shared=3.0, own=0.5, shift=0.25)
            width = widest(outcomes, "y")
            assert width is not None
            if width <= 0.25:
                break
            count = replicates_needed(count, width, 0.25)
        (found,) = contrasts(outcomes, "y")
        hits += abs(found.difference.mean - 0.25) <= width
        assert count < 200
    assert 350 <= hits <= 395
