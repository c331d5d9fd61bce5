"""Best responses of a month, in one call, against the general solver vendor by vendor."""

import numpy as np
import pytest
from numpy.typing import NDArray

from agents.common.logit import inclusive_value
from agents.common.vocabulary import Access
from agents.enterprise.demand import Demand, rivals_of, utilities_of, vendor_values
from agents.enterprise.entries import FORBIDDEN
from agents.vendor.pricing import UNOWNED, game_of, solve
from sim import Market, load
from sim.enterprise_step import rows_of
from sim.responses import NASH_STEPS, NASH_TOLERANCE, best_responses


@pytest.fixture(scope="module")
def market() -> Market:
    market = Market(load("baseline", {"enterprise.population": 150, "months": 30}))
    for _ in range(30):
        market.step()
    return market


def answer(
    market: Market, demand: Demand, vendor: int, rivals: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Prices by row from the general solver, as one owner against given offerings."""
    book, scale = market.book, market.parameters.choice.dissimilarity
    price = book.price.copy()
    family = np.flatnonzero((book.vendor == vendor) & (book.listed == 1))
    sold = (book.access[family] == Access.API) & (book.tuned[family] == 0)
    utility = utilities_of(demand, family)
    buying = np.flatnonzero((utility[sold] > FORBIDDEN / 2).any(axis=0))
    if not buying.size:
        return price
    utility, weight, own = utility[:, buying], demand.price_weight[buying], family[sold]
    others = utility[~sold] - weight * price[family[~sold]][:, None]
    utility = np.vstack([utility[sold], inclusive_value(others, scale), rivals[buying]])
    codes = np.append(np.zeros(len(own) + 1, np.int64), 1)
    game = game_of(
        utility, weight, np.ones(len(buying)), np.append(book.cost[own], [0.0, 0.0]),
        np.append(np.zeros(len(own), np.int64), [UNOWNED, UNOWNED]), codes, scale,
    )  # fmt: skip
    prices = np.append(price[own], [0.0, 0.0])
    solve(game, prices, NASH_STEPS, NASH_TOLERANCE)
    price[own] = prices[:-2]
    return price


def test_all_vendors_at_once_answer_as_each_would_alone(market: Market) -> None:
    book, scale = market.book, market.parameters.choice.dissimilarity
    demand = market.entry_demand(book)
    values = vendor_values(demand, book.price, len(market.vendors), scale)
    vendors = np.arange(len(market.vendors))
    found = best_responses(demand, rows_of(market, book), values, vendors, scale)
    moved = 0
    for vendor in vendors.tolist():
        alone = answer(market, demand, vendor, rivals_of(values, vendor))
        mine = book.vendor == vendor
        np.testing.assert_array_equal(found[mine], alone[mine])
        moved += int((alone != book.price).any())
    assert moved >= 4


def test_who_is_not_asked_keeps_its_prices(market: Market) -> None:
    book, scale = market.book, market.parameters.choice.dissimilarity
    demand = market.entry_demand(book)
    values = vendor_values(demand, book.price, len(market.vendors), scale)
    found = best_responses(demand, rows_of(market, book), values, np.array([0]), scale)
    assert (found[book.vendor == 0] != book.price[book.vendor == 0]).any()
    np.testing.assert_array_equal(found[book.vendor != 0], book.price[book.vendor != 0])
