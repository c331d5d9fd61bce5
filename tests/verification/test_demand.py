"""Entry demand is what the definitions of `evaluation.py` say for a slot that holds nothing."""

import numpy as np
import pytest
from worlds import world

from agents.common.compiled import bare_kernel
from agents.common.offers import BookRows, book_rows
from agents.enterprise.columns import FirmRows, SlotRows
from agents.enterprise.demand import rivals_of, utilities_of, vendor_values
from agents.enterprise.entries import FORBIDDEN
from agents.enterprise.evaluation import (
    Buyer,
    Platforms,
    Rules,
    credit_factor,
    parts_of,
    taste,
    tuned_gain,
    worth,
)
from sim.enterprise_step import choice_rules, platforms_of
from sim.market import Market


@bare_kernel
def evaluate(
    firms: FirmRows, slots: SlotRows, firm: int, slot: int, growth: float, place: int, rules: Rules,
    book: BookRows, platforms: Platforms, key: np.uint64, vendor_keys: np.ndarray,
    utility: np.ndarray, cost: np.ndarray, success: np.ndarray,
) -> float:  # fmt: skip
    """Fill utility without price, cost and success of all rows; returns the price weight."""
    data, skill = np.float64(slots[slot].data), firms[firm].skill
    credit = credit_factor(rules, firms[firm].capital_cost)
    buyer = Buyer(
        firms[firm].theta, slots[slot].tokens * growth, slots[slot].value, slots[slot].difficulty,
        tuned_gain(rules, data),
        min(data, rules.tuning_tokens) if data > 0.1 * rules.tuning_data else 0.0,
        rules.risk_weight * firms[firm].sensitivity, 1.0 - skill, firms[firm].control,
        firms[firm].own_base, rules.staff_month * (1.6 - 1.2 * skill), credit,
        firms[firm].platform, place, np.uint64(0), -1, -1, np.uint32(0), 0, 0, False,
    )  # fmt: skip
    weight = buyer.theta * credit / buyer.value
    for row in range(utility.size):
        parts = parts_of(rules, buyer, book, platforms, row)
        liking = taste(key, firm, vendor_keys[book[row].vendor], rules.taste_spread)
        utility[row] = buyer.theta * (worth(rules, parts) + liking) + weight * book[row].price
        cost[row], success[row] = parts.cost, parts.success
        if book[row].tuning_price > 0.0 and buyer.training <= 0.0:
            utility[row], cost[row], success[row] = FORBIDDEN, np.inf, -np.inf
    return weight


@pytest.fixture(scope="module", params=["sigmoid", "linear"])
def market(request: pytest.FixtureRequest) -> Market:
    market = world({"choice.quality_form": request.param}, population=300, months=30)
    for _ in range(30):
        market.step()
    return market


def test_utilities_and_the_cheapest_follow_the_definitions(market: Market) -> None:
    demand, book, sample = market.entry_demand(market.book), market.book, market.sample
    assert sample is not None
    rows = book.offering.size
    found = utilities_of(demand, np.arange(rows))
    keys = np.array([v.address for v in market.vendors], np.uint32)
    at_home = np.cumsum(sample.home) - 1
    cheapest = market.cheapest()
    on_platform = 0
    for i, (firm, slot) in enumerate(zip(sample.firm, sample.slot, strict=True)):
        utility, cost, success = np.empty((3, rows))
        weight = evaluate(
            market.columns.firm_rows, market.columns.slot_rows, firm, slot,
            market.environment.demand,
            int(not sample.home[i]), choice_rules(market.parameters), book_rows(book),
            platforms_of(market),
            market.keys.firm.taste, keys, utility, cost, success,
        )  # fmt: skip
        count = demand.start[i + 1] - demand.start[i]
        first = demand.lists.start[demand.class_[i]]
        listed = demand.lists.row[first : first + count]
        assert demand.price_weight[i] == pytest.approx(weight, rel=1e-12)
        np.testing.assert_allclose(found[listed, i], utility[listed], rtol=1e-6, atol=1e-6)
        assert np.all(np.delete(found[:, i], listed) == FORBIDDEN)
        for level, enough in enumerate((0.6, 0.8, 0.95)):
            adequate = listed[success[listed] >= enough * success[listed].max(initial=0.0)]
            best = adequate[np.argmin(cost[adequate])] if adequate.size else -1
            if sample.home[i]:
                chosen = cheapest[level, at_home[i]]
                assert chosen == best or cost[chosen] <= cost[best] * (1 + 1e-12)
        on_platform += int(market.columns.firms.platform[firm] >= 0)
    assert 10 < on_platform < len(sample.firm)


def test_rivals_are_worth_the_sum_of_their_nests(market: Market) -> None:
    demand, book, scale = market.entry_demand(market.book), market.book, 0.4
    values = vendor_values(demand, book.price, len(market.vendors), scale)
    paid = utilities_of(demand, np.arange(book.offering.size))
    paid -= demand.price_weight * book.price[:, None]
    nests = np.array([
        np.exp(paid[book.vendor == v] / scale).sum(axis=0) ** scale
        for v in range(len(market.vendors))
    ])  # fmt: skip
    for vendor in (0, 3):
        total = np.delete(nests, vendor, axis=0).sum(axis=0)
        found, some = rivals_of(values, vendor), total > 1e-200
        np.testing.assert_allclose(found[some], np.log(total[some]), rtol=1e-9, atol=1e-9)
        assert some.any()
        assert np.all(found[~some] < -100)
