"""Days of credit are a price: without them it is exp(capital cost x days / 365) times as high."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from agents.common.logit import logit_shares
from agents.common.offers import book_rows
from agents.common.vocabulary import NONE, Access
from agents.enterprise.columns import EnterpriseColumns
from agents.enterprise.demand import entry_demand, utilities_of
from agents.enterprise.entries import FORBIDDEN
from sim.enterprise_step import choice_rules, lists_of, platforms_of
from sim.market import Market

DAYS, CAPITAL_COST = 60.0, 0.2
RISE = math.exp(float(np.float32(CAPITAL_COST)) * DAYS / 365)


class Buying(NamedTuple):
    """What sampled slots would choose."""

    price_weight: NDArray[np.float64]
    """(slots,) utils per $/Mtok."""
    without_price: NDArray[np.float64]
    """(slots, rows) utility without price."""
    utility: NDArray[np.float64]
    """(slots, rows)"""

    @property
    def sold(self) -> NDArray[np.bool_]:
        """Rows a slot may buy."""
        return self.without_price > FORBIDDEN / 2


def buying(market: Market, days: float, price: float) -> Buying:
    """Entry demand when all bills are paid after so many days and all prices are multiplied."""
    firms = market.columns.firm_rows.copy()
    firms["capital_cost"] = CAPITAL_COST
    columns = EnterpriseColumns(firms)
    columns.slot_rows[:] = market.columns.slot_rows
    book = market.book._replace(price=price * market.book.price)
    market.entry_demand(market.book)
    assert market.sample is not None
    found = entry_demand(
        market.sample, columns, market.environment.demand,
        choice_rules(market.parameters)._replace(credit_days=days), book_rows(book),
        lists_of(market, book),
        platforms_of(market), market.keys.firm.taste,
        np.array([v.address for v in market.vendors], np.uint32),
        np.array([r.home for r in market.parameters.regions.values()], np.int8),
    )  # fmt: skip
    plain = utilities_of(found, np.arange(book.offering.size)).T
    return Buying(found.price_weight, plain, plain - found.price_weight[:, None] * book.price)


def shares(market: Market, found: Buying) -> NDArray[np.float64]:
    """Share of sampled tokens by row."""
    scale = market.parameters.choice.dissimilarity
    return logit_shares(found.utility, np.ones(len(found.utility)), market.book.vendor, scale)


def test_credit_is_worth_exactly_its_price(month20: Market) -> None:
    """No credit and prices lower by the same factor: every utility and share is the same."""
    credit, lower = buying(month20, DAYS, 1.0), buying(month20, 0.0, 1 / RISE)
    sold = credit.sold
    assert (sold == lower.sold).all()
    np.testing.assert_allclose(credit.utility[sold], lower.utility[sold], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(shares(month20, credit), shares(month20, lower), atol=1e-9)


def test_the_end_of_credit_makes_services_dearer_by_that_factor(month20: Market) -> None:
    """A price counts `RISE` times as much; all else about plain services and own machines stays."""
    book, sample = month20.book, month20.sample
    credit, cash = buying(month20, DAYS, 1.0), buying(month20, 0.0, 1.0)
    np.testing.assert_allclose(cash.price_weight / credit.price_weight, RISE, rtol=1e-9)
    assert sample is not None
    direct = month20.columns.firms.platform[sample.firm] == NONE
    same = credit.sold & ((book.access == Access.SELFHOST) | direct[:, None])
    assert same.any()
    np.testing.assert_allclose(
        cash.without_price[same], credit.without_price[same], rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("days", [0.0, -15.0])
def test_later_payment_sells_more_services(month20: Market, days: float) -> None:
    """The market's direction: what is paid later is bought more, in the sample as a whole."""
    service = month20.book.access != Access.SELFHOST
    later, sooner = (shares(month20, buying(month20, d, 1.0))[service].sum() for d in (DAYS, days))
    dearer = shares(month20, buying(month20, DAYS, math.exp(CAPITAL_COST * (DAYS - days) / 365)))
    assert sooner < later
    assert dearer[service].sum() == pytest.approx(sooner, abs=1e-5)
