"""Step 3 of the month: hosts and platforms enter or leave and build packaging; operators buy."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.common.licence import licence_of
from agents.common.offers import OfferBook
from agents.common.vocabulary import Access
from agents.host.hosts import Hosting, next_number
from agents.host.operators import Operator
from agents.vendor.finance import next_packaging
from sim.book import Row

if TYPE_CHECKING:
    from sim.market import Market

MILLION = 1e6


def advance_hosts(market: "Market") -> None:
    """Free entry of hosts per open model, and packaging from last month's revenue."""
    rules = market.parameters.host
    for model in market.models:
        servable = model.open and licence_of(model.licence).hosting
        if servable and model.on_sale <= market.month:
            hosting = market.hostings.setdefault(model.index, Hosting())
            hosting.number = next_number(hosting, rules)
    outlay = rules.packaging_share * sum(h.revenue for h in market.hostings.values()) / MILLION
    market.host_packaging = next_packaging(
        market.host_packaging, outlay + market.host_upkeep, market.parameters.finance
    )


def advance_platforms(market: "Market") -> None:
    """Platforms spend part of their fees on packaging."""
    share = market.parameters.host.packaging_share
    for platform, upkeep in zip(market.platforms, market.platform_upkeep, strict=True):
        outlay = share * platform.fee / MILLION + upkeep
        platform.packaging = next_packaging(platform.packaging, outlay, market.parameters.finance)


def upkeep(stock: float, market: "Market") -> float:
    """Outlay (M$ a month) that keeps a packaging stock where it is."""
    rules = market.parameters.finance
    if rules.packaging_power <= 0:
        return 0.0
    return float((rules.packaging_decay * stock / rules.packaging_power) ** 2)


def supply_operators(market: "Market", book: OfferBook, rows: list[Row]) -> None:
    """Each operator buys its tokens where they are cheapest and good enough."""
    for operator in market.operators:
        operator.advance(market.month)
        prices, fees = bulk_prices(market, book, rows, operator)
        total = np.where(buyable(market, book, operator), prices * (1 + fees), np.inf)
        operator.row = int(np.argmin(total)) if np.isfinite(total).any() else -1
        if operator.row < 0:
            operator.tokens = operator.bill = operator.licence = 0.0
        else:
            paid = operator.tokens * float(prices[operator.row])
            operator.licence = paid * float(fees[operator.row])
            operator.bill = paid + operator.licence
        operator.revenue = operator.users * MILLION * operator.facts.revenue


def bulk_prices(
    market: "Market", book: OfferBook, rows: list[Row], operator: Operator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """$ per Mtok at scale (list price, or GPU rent at planned capacity), and licence fees on it."""
    own = book.access == Access.SELFHOST
    prices = np.where(own, book.replica_rent / book.replica_capacity, book.price)
    users = operator.users * MILLION
    over = np.array(
        [
            users > row.model.users_threshold and market.vendors[row.model.vendor].alive
            for row in rows
        ],
        bool,
    )
    fees = np.where(over, market.parameters.host.threshold_fee, 0.0)
    return prices, fees + np.where(own, book.fee_rate, 0.0)


def buyable(market: "Market", book: OfferBook, operator: Operator) -> NDArray[np.bool_]:
    """Rows an operator may buy and that are good enough for its products."""
    regions = market.parameters.regions
    region = regions[operator.facts.region]
    home = np.array([regions[v.region].home for v in market.vendors], bool)
    exporter = np.array([v.facts.sells_abroad for v in market.vendors], bool)
    floor = market.frontier_now() - operator.facts.behind
    good: NDArray[np.bool_] = (book.listed == 1) & (book.tuned == 0) & (book.q >= floor)
    if not book.vendor.size:
        return good
    abroad = home[book.vendor] != region.home
    closed_off = abroad & (~exporter[book.vendor] | (not region.foreign_apis))
    good &= ~((book.access == Access.API) & closed_off)
    return good
