"""Paired differences against scipy, and how often sequential intervals hold the truth."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments.sweeps.contrasts import (
    FEWEST as TOLD,
)
from experiments.sweeps.contrasts import (
    arm_labels,
    arm_words,
    arms_of,
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


@given(st.lists(FINITE, min_size=TOLD, max_size=30).filter(lambda v: np.ptp(v) > 1e-3))
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
    assert (found.arm_mean, found.reference_mean) == (4.0, 2.5)
    assert (found.pairs, found.lacking.arm, found.lacking.without) == (3, 1, 1)
    assert arms_of(outcomes, "y")[0].mean.replicates == 3
    assert arms_of(outcomes, "y")[1].lacking == pytest.approx(1 / 3)


def test_a_run_that_is_missing_takes_its_pair_and_is_counted() -> None:
    whole = {(arm, draw, r): float(arm) for arm in (0, 1) for draw in (0, 1) for r in (0, 1, 2)}
    design = table(whole)
    del whole[1, 1, 2]
    (found,) = contrasts(table(whole), "y", design=design)
    assert (found.difference.runs, found.pairs, found.difference.replicates) == (5, 6, 3)
    assert found.lacking.unfinished == 1
    assert (found.difference.mean, found.difference.alike) == (1.0, True)


CELLS = st.dictionaries(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 4)),
    st.one_of(st.none(), st.just("unfinished"), FINITE), min_size=1,
)  # fmt: skip


@given(CELLS)
def test_whatever_is_missing_counts_add_up_and_means_rest_on_what_is_stated(
    cells: dict[tuple[int, int, int], float | str | None],
) -> None:
    design = table(dict.fromkeys(cells, 0.0))
    done = {k: v for k, v in cells.items() if not isinstance(v, str)}
    arms = arms_of(table(done), "y", design)
    for number, arm in arms.items():
        mine = {k[1:]: v for k, v in done.items() if k[0] == number and v is not None}
        mean = arm.mean
        assert arm.asked == sum(k[0] == number for k in cells)
        assert arm.finished == sum(k[0] == number for k in done)
        assert (mean.runs, mean.replicates) == (len(mine), len({r for _, r in mine}))
        assert mean.mean == pytest.approx(
            np.mean(list(mine.values())) if mine else np.nan, nan_ok=True
        )
    if 0 not in arms:
        assert contrasts(table(done), "y", design=design) == []
        return
    for found in contrasts(table(done), "y", design=design):
        difference, lacking = found.difference, found.lacking
        assert difference.runs + lacking.without + lacking.unfinished == found.pairs
        assert difference.mean == pytest.approx(
            found.arm_mean - found.reference_mean, rel=1e-6, abs=1e-6, nan_ok=True
        )
        one, base = arms[found.arm], arms[0]
        if one.draws & base.draws:
            shared = sorted(set(one.values) & set(base.values))
            assert difference.runs == len(shared)
            for side, told in ((one, found.arm_mean), (base, found.reference_mean)):
                mean = np.mean([side.values[k] for k in shared]) if shared else np.nan
                assert told == pytest.approx(mean, nan_ok=True)


def test_replicates_with_fewer_runs_weigh_less() -> None:
    cells: dict[tuple[int, int, int], float | None] = {
        (0, draw, r): float(r) for draw in (0, 1) for r in range(4)
    }
    cells[0, 1, 3] = None
    mean = arms_of(table(cells), "y")[0].mean
    assert mean.mean == pytest.approx((0 + 0 + 1 + 1 + 2 + 2 + 3) / 7)
    rest = np.array([2 * (0 - 9 / 7), 2 * (1 - 9 / 7), 2 * (2 - 9 / 7), 3 - 9 / 7])
    half = stats.t.ppf(0.975, 3) * np.sqrt(4 / 3 * (rest @ rest)) / 7
    assert mean.half_width == pytest.approx(half)


def test_what_never_gets_there_is_told_pair_by_pair() -> None:
    never = None
    (found,) = contrasts(table({
        (0, 0, 0): 3.0, (0, 0, 1): never, (0, 0, 2): 5.0, (0, 0, 3): never,
        (1, 0, 0): 4.0, (1, 0, 1): 9.0, (1, 0, 2): never, (1, 0, 3): never,
    }), "y")  # fmt: skip
    assert (found.arm_mean, found.reference_mean, found.difference.mean) == (4.0, 3.0, 1.0)
    assert (found.lacking.arm, found.lacking.reference, found.lacking.both) == (1, 1, 1)
    assert found.difference.half_width is None


def test_an_arm_without_a_value_is_there_and_keeps_a_sweep_going() -> None:
    whole = noisy(1, 12, shared=2.0, own=0.3, shift=0.5)
    rows = [*whole.to_pylist(), *({"arm": 2, "draw": 0, "replicate": r, "y": None} for r in (0, 1))]
    outcomes = pa.Table.from_pylist(rows, whole.schema)
    one, other = contrasts(outcomes, "y")
    assert (one.arm, other.arm) == (1, 2)
    assert np.isnan(other.difference.mean)
    assert other.lacking.arm == 2
    assert widest(whole, "y") is not None
    assert widest(outcomes, "y") is None


@pytest.mark.parametrize("value", [0.0, 0.5, 1e9 / 3])
def test_equal_replicates_are_no_certainty(value: float) -> None:
    same = {(arm, draw, r): value for arm in (0, 1) for draw in (0, 1) for r in range(9)}
    (found,) = contrasts(table(same), "y")
    assert (found.difference.half_width, found.difference.alike, found.gain) == (None, True, None)
    assert arms_of(table(same), "y")[0].mean.half_width is None
    assert widest(table(same), "y") is None


def test_two_replicates_have_no_interval_however_near_they_are() -> None:
    near = {(arm, 0, r): arm + 1e-6 * r * arm for arm in (0, 1) for r in (0, 1)}
    (found,) = contrasts(table(near), "y")
    assert (found.difference.half_width, found.difference.alike, found.gain) == (None, False, None)


def test_intervals_of_too_few_replicates_stop_nothing() -> None:
    few = noisy(1, 4, shared=2.0, own=0.3, shift=0.5)
    assert widest(few, "y") is not None
    assert widest(few, "y", fewest=FEWEST) is None


def test_arms_at_draws_of_their_own_are_compared_by_replicate() -> None:
    apart = {
        (arm, 10 * arm + d, r): float(arm * r) for arm in (0, 1) for d in (0, 1) for r in range(4)
    }
    apart[1, 10, 3] = None  # type: ignore[assignment]
    (found,) = contrasts(table(apart), "y")  # type: ignore[arg-type]
    assert (found.pairs, found.difference.runs, found.lacking.arm) == (4, 3, 1)
    assert found.difference.mean == 1.0


def test_arms_are_named_by_their_levers() -> None:
    design = pa.table({"arm": [1, 0, 1], "strategy": ["open", "closed", "open"], "x": [1, 2, 3]})
    assert arm_labels(design, ["strategy"]) == {0: {"strategy": "closed"}, 1: {"strategy": "open"}}


def test_an_arm_is_called_by_the_values_of_its_levers() -> None:
    assert arm_words({"a": "open", "b": 0.1, "c": None, "d": True}) == "open · 0.1 · none · true"


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
