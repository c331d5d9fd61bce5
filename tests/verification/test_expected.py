"""A month in closed form against the mean of many sampled months from the same state."""

import copy
from typing import Any

import numpy as np
import pytest
from scipy import stats

import sim.market
from agents.common.randomness import Streams
from agents.common.vocabulary import NONE
from agents.enterprise.columns import Firms, Slots
from sim.enterprise_step import choice_keys, expected_slots, run_enterprises
from sim.loading import load
from sim.market import Market

MONTHS = 400
ERROR_RATE = 1e-5
"""Chance that a comparison of all rows fails although the closed form is right."""


class StoppedError(Exception):
    """Raised where enterprises would choose: the state is that of the step before."""


def before_choice(monkeypatch: pytest.MonkeyPatch, month: int, **overrides: Any) -> Market:
    """A market in which month `month` has come to the point where enterprises choose."""
    market = Market(load("baseline", {"enterprise.population": 300, "months": 48, **overrides}))
    for _ in range(month):
        market.step()

    def stop(_: Market) -> None:
        raise StoppedError

    with monkeypatch.context() as patch:
        patch.setattr(sim.market, "run_enterprises", stop)
        with pytest.raises(StoppedError):
            market.step()
    market.columns.firms.weight[:] = 1.0
    return market


def state_of(market: Market) -> tuple[Firms, Slots]:
    return copy.deepcopy(market.columns.firms), copy.deepcopy(market.columns.slots)


def restore(market: Market, state: tuple[Firms, Slots]) -> None:
    for kept, now in zip(state, (market.columns.firms, market.columns.slots), strict=True):
        for old, new in zip(kept, now, strict=True):
            new[...] = old


def sampled(market: Market) -> np.ndarray:
    """Slots by row of the book in months of independent luck: (MONTHS, rows)."""
    state, keys = state_of(market), market.keys
    counts = np.empty((MONTHS, market.book.offering.size))
    for trial in range(MONTHS):
        market.streams = Streams(10_000 + trial)
        luck = choice_keys(market)._replace(taste=keys.firm.taste)
        market.keys = keys._replace(firm=luck)
        counts[trial] = run_enterprises(market).row("slots").sum(axis=0)
        restore(market, state)
    market.keys = keys
    return counts


def largest_score(expected: np.ndarray, counts: np.ndarray) -> float:
    """Largest distance of a row's mean from its expectation, in standard errors.

    Rows expected less than once in twenty months are pooled: their counts are far from normal.
    """
    rare = expected < 0.05
    expected = np.append(expected[~rare], expected[rare].sum())
    counts = np.column_stack([counts[:, ~rare], counts[:, rare].sum(axis=1)])
    spread = np.sqrt(np.maximum(counts.var(axis=0, ddof=1), expected / 10) / len(counts))
    off = np.abs(counts.mean(axis=0) - expected)
    return float((off[spread > 0] / spread[spread > 0]).max(initial=0.0))


def bound(rows: int) -> float:
    """Standard errors within which all rows lie with probability 1 - ERROR_RATE."""
    return float(stats.norm.isf(ERROR_RATE / 2 / rows))


WORLDS: dict[str, dict[str, Any]] = {
    "early": {},
    "late": {},
    "restless": {
        "choice.retender": 0.5, "enterprise.frontier_renewal": 4.0, "restriction.base": 0.2,
        "restriction.half_life": 2.0, "history.until": "2023-03",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", WORLDS)
def test_expected_counts_are_the_mean_of_sampled_months(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = before_choice(monkeypatch, 30 if name == "late" else 14, **WORLDS[name])
    before = state_of(market)
    expected = expected_slots(market)
    for kept, now in zip(before, state_of(market), strict=True):
        for old, new in zip(kept, now, strict=True):
            np.testing.assert_array_equal(old, new)
    counts = sampled(market)
    assert largest_score(expected, counts) < bound(len(expected))
    held = market.columns.slots.offering != NONE
    assert abs(expected.sum() - held.sum()) > 1


def test_the_comparison_sees_a_small_error(monkeypatch: pytest.MonkeyPatch) -> None:
    market = before_choice(monkeypatch, 14)
    counts = sampled(market)
    rules = market.parameters.choice.model_copy(update={"item_slope": 1.5})
    market.parameters = market.parameters.model_copy(update={"choice": rules})
    wrong = expected_slots(market)
    assert largest_score(wrong, counts) > bound(len(wrong))
