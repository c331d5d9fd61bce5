"""The loss: nothing at the facts, the same at both edges, and worse the farther off."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.evidence.checks import Check, all_checks
from experiments.evidence.loss import (
    KEY_WEIGHT,
    NARROWEST_SIDE,
    CalibrationError,
    deviation,
    hits,
    loss,
    medians,
    penalty,
    refuse_late,
)

CHECKS = all_checks()
OBSERVED = {check.id: check.observed for check in CHECKS}
checks = st.sampled_from(CHECKS)
distances = st.floats(0, 50)


def at(check: Check, value: float | None) -> float:
    """The loss when all other facts are met."""
    return loss(CHECKS, {**OBSERVED, check.id: value})


def test_the_loss_is_zero_at_the_observed_values_only() -> None:
    assert loss(CHECKS, OBSERVED) == 0
    for check in CHECKS:
        assert at(check, check.high) > 0
        assert at(check, check.low) > 0


@given(checks, distances, distances, st.sampled_from([-1, 1]))
def test_the_loss_grows_with_the_distance_on_either_side(
    check: Check, one: float, other: float, side: int
) -> None:
    near, far = sorted((one, other))
    width = check.high - check.low
    near_loss, far_loss = (at(check, check.observed + side * d * width) for d in (near, far))
    assert near_loss <= far_loss
    if far - near > 1e-3:
        assert near_loss < far_loss


@given(checks, st.floats(-20, 20), st.floats(1e-6, 1e-4))
def test_the_loss_has_no_jumps(check: Check, place: float, step: float) -> None:
    width = check.high - check.low
    value = check.observed + place * width
    assert abs(at(check, value + step * width) - at(check, value)) < 100 * step


def test_edges_of_bands_are_one_half_band_away() -> None:
    check = replace(CHECKS[0], observed=0.4, low=0.2, high=0.5)
    assert deviation(check, 0.2) == pytest.approx(-1)
    assert deviation(check, 0.5) == pytest.approx(1)
    at_the_edge = replace(check, observed=0.5)
    assert deviation(at_the_edge, 0.5 + NARROWEST_SIDE * 0.3) == pytest.approx(1)


def test_the_penalty_is_a_square_and_then_a_line() -> None:
    assert penalty(-2) == 4
    assert penalty(3) == 9
    assert penalty(3.001) - penalty(3) == pytest.approx(penalty(3) - penalty(2.999), rel=1e-2)
    assert penalty(5) - penalty(4) == pytest.approx(penalty(104) - penalty(103))


def test_key_facts_weigh_more_and_missing_values_cost_more_than_an_edge() -> None:
    key = replace(CHECKS[0], id="key", key=True)
    other = replace(CHECKS[0], id="other", key=False)
    pair = (key, other)
    met = {"key": key.observed, "other": other.observed}
    key_off = loss(pair, {**met, "key": key.high})
    assert key_off == pytest.approx(KEY_WEIGHT * loss(pair, {**met, "other": other.high}))
    assert loss(pair, {**met, "key": None}) > 10 * key_off
    assert loss(pair, {"other": other.observed}) == loss(pair, {**met, "key": None})


def test_medians_and_hits_count_over_replicates() -> None:
    first, second = CHECKS[:2]
    replicates = [{first.id: v, second.id: w} for v, w in ((0.3, 9.0), (0.4, None), (9.0, None))]
    found = medians((first, second), replicates)
    assert found == {first.id: 0.4, second.id: None}
    assert hits((replace(first, key=True), second), found) == (1, 1)


def test_facts_after_the_record_are_refused_unless_structural() -> None:
    refuse_late(CHECKS)
    late = replace(CHECKS[0], month="2025-01", structural=False)
    with pytest.raises(CalibrationError, match=f"{late.id} is of 2025-01"):
        refuse_late((*CHECKS, late))
    refuse_late((replace(late, structural=True),))
