"""Model.md section 13 in every month: for all presets, for random worlds, and seen to fail."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from worlds import checked_run, random_overrides, undefined_columns, world

from sim.identities import broken, purses
from sim.loading import load, presets
from sim.market import Market

QUIET = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)


@pytest.mark.parametrize("preset", sorted(presets()))
def test_every_preset_keeps_the_identities(preset: str) -> None:
    market = Market(load(preset, {"enterprise.population": 300, "months": 36}))
    assert checked_run(market, 36) == []
    assert undefined_columns(market.tables()) == []


def keeps_the_identities(overrides: dict[str, Any], population: int = 200) -> None:
    market = world(overrides, population, months=24)
    assert checked_run(market, 24) == []
    assert undefined_columns(market.tables()) == []


@settings(derandomize=True, deadline=None, max_examples=100, suppress_health_check=QUIET)
@given(random_overrides())
def test_random_worlds_keep_the_identities(overrides: dict[str, Any]) -> None:
    """Few firms and a small sample of demand: what takes time is the number of worlds."""
    keeps_the_identities(overrides | {"output.demand_sample": 16}, population=60)


@pytest.mark.soak
@settings(derandomize=True, deadline=None, max_examples=1000, suppress_health_check=QUIET)
@given(random_overrides())
def test_a_thousand_random_worlds_keep_the_identities(overrides: dict[str, Any]) -> None:
    keeps_the_identities(overrides)


# Worlds in which something once went wrong.


@pytest.mark.parametrize(
    "overrides",
    [
        {"enterprise.value_frontier": 0.0, "history.until": "2023-01"},
        {"finance.entry_hazard": 1e-300, "history.until": "2023-03"},
        {
            "choice.quality_form": "linear", "seed": 33905068,
            "events": [
                {"kind": "vendor-exit", "month": "2024-05", "target": "google"},
                {"kind": "weights-leak", "month": "2024-06", "target": "google"},
            ],
        },
    ],
    ids=["worthless work", "entry never", "weights of a vendor that left"],
)  # fmt: skip
def test_odd_worlds_keep_the_identities(overrides: dict[str, Any]) -> None:
    keeps_the_identities(overrides)


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "residency-rule", "target": "europe", "magnitude": 1.0},
        {"kind": "vendor-exit", "target": "openai"},
        {"kind": "weights-leak", "target": "deepseek"},
        {"kind": "strategy-switch", "target": "openai", "value": "open"},
        {"kind": "payment-terms", "value": "postpaid", "magnitude": 90.0},
    ],
    ids=lambda event: event["kind"],
)
def test_events_keep_the_identities(event: dict[str, Any]) -> None:
    keeps_the_identities({"events": [{"month": "2023-08", **event}]})


# --- each identity can be broken


def lose_cash(market: Market) -> None:
    market.vendors[0].cash -= 1.0


def misbook_revenue(market: Market) -> None:
    market.vendors[0].account.api *= 1.001


def spoil_a_sum(market: Market) -> None:
    assert market.sums is not None
    market.sums.ledger.survey[1, 3] = np.nan


def lose_tokens_of_a_segment(market: Market) -> None:
    assert market.sums is not None
    tokens = market.sums.segment("tokens")
    tokens[np.argmax(tokens)] *= 1 - 1e-6


def misplace_tokens_by_access(market: Market) -> None:
    assert market.sums is not None
    decision = market.sums.ledger.decision[:, 1]
    top = int(np.argmax(decision))
    decision[top] -= 1.0
    decision[(top + 4) % decision.size] += 1.0


def overpay(market: Market) -> None:
    assert market.sums is not None
    market.sums.segment("paid")[0] += 1e3


def forget_an_operator(market: Market) -> None:
    market.operators[0].bill += 1e6


def forget_a_fee(market: Market) -> None:
    assert market.sums is not None
    market.sums.platform("fee")[:] *= 0.999


def in_use(market: Market) -> int:
    return int(np.flatnonzero(market.columns.slots.offering >= 0)[0])


def hold_a_ghost(market: Market) -> None:
    gone = np.setdiff1d(np.arange(6 * len(market.models)), market.book.offering)
    market.columns.slots.offering[in_use(market)] = gone[0]


def hold_another(market: Market) -> None:
    held, book = market.columns.slots.offering, market.book
    slot = in_use(market)
    same = book.vendor == market.columns.slots.vendor[slot]
    held[slot] = book.offering[same & (book.offering != held[slot])][0]


def forget_the_vendor(market: Market) -> None:
    market.columns.slots.vendor[in_use(market)] += 1


def restrict_everybody(market: Market) -> None:
    market.columns.firms.restricted[:] = 1


def bind_everybody(market: Market) -> None:
    market.columns.firms.residency[:] = 1


def move_to_china(market: Market) -> None:
    market.columns.firms.region[:] = list(market.parameters.regions).index("china")


def forget_a_portfolio(market: Market) -> None:
    portfolio = market.columns.firms.portfolio
    portfolio[np.flatnonzero(portfolio)[0]] = 0


def share_out_too_much(market: Market) -> None:
    market.recorder.rows["market"][-1]["share_tokens_api"] += 1e-6


def forget_a_share(market: Market) -> None:
    market.recorder.rows["market"][-1]["share_tokens_vendor_open"] = None


def count_what_vendors_get(market: Market) -> None:
    """The base that the leader's share once had: without rent of the buyer's machines."""
    market.recorder.rows["market"][-1]["leader_share_spend"] *= 1.07


def forget_a_small_vendor(market: Market) -> None:
    market.recorder.rows["market"][-1]["hhi_spend"] -= 0.01


def count_all_regions(market: Market) -> None:
    assert market.sums is not None
    row = market.recorder.rows["market"][-1]
    row["consumer_surplus"] = float(market.sums.segment("surplus").sum())


def leave_out_staff(market: Market) -> None:
    market.recorder.rows["market"][-1]["spend_full"] *= 0.99


BREAKS: list[tuple[Callable[[Market], None], str]] = [
    (lose_cash, "by which cash of OpenAI moved"),
    (misbook_revenue, "booked by vendors"),
    (spoil_a_sum, "ledger's 'survey' are not finite"),
    (lose_tokens_of_a_segment, "tokens by segment"),
    (misplace_tokens_by_access, "home tokens of decisions"),
    (overpay, "$ paid"),
    (forget_an_operator, "$ booked by"),
    (forget_a_fee, "fees by platform"),
    (hold_a_ghost, "not in the book"),
    (hold_another, "slots by offering differ"),
    (forget_the_vendor, "name another vendor"),
    (restrict_everybody, "though their firm is restricted"),
    (bind_everybody, "bound by residency"),
    (move_to_china, "does not reach them"),
    (forget_a_portfolio, "1 of 120 portfolios"),
    (share_out_too_much, "sum of shares by access"),
    (forget_a_share, "only 2 of 3 shares by vendors' strategy"),
    (count_what_vendors_get, "market.leader_share_spend"),
    (forget_a_small_vendor, "market.hhi_spend"),
    (count_all_regions, "consumer_surplus of home segments"),
    (leave_out_staff, "$ of decision cells"),
]


@pytest.mark.parametrize(("spoil", "sentence"), BREAKS, ids=[b[0].__name__ for b in BREAKS])
def test_a_broken_identity_is_reported(spoil: Callable[[Market], None], sentence: str) -> None:
    market = world({}, population=120, months=14)
    assert checked_run(market, 13) == []
    before = purses(market)
    market.step()
    assert broken(market, before) == []
    spoil(market)
    found = broken(market, before)
    assert any(sentence in text for text in found), found
    assert all(text.startswith("month 13: ") for text in found)


def test_before_the_first_month_nothing_is_broken() -> None:
    assert broken(world({}, population=60, months=2)) == []
