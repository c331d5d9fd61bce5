"""Step 3 of the month: hosts and platforms enter or leave and build packaging; operators buy."""

from typing import TYPE_CHECKING

import numpy as np

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
        servable = model.open and licence_of(model.licence).hosting and not model.lone
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
        operator.row = _cheapest(market, book, rows, operator)
        price = _bulk_price(book, operator.row) if operator.row >= 0 else 0.0
        operator.tokens = operator.tokens if operator.row >= 0 else 0.0
        operator.bill = operator.tokens * price
        operator.revenue = operator.users * MILLION * operator.facts.revenue


def _bulk_price(book: OfferBook, row: int) -> float:
    """$ per Mtok at scale: list price, or GPU rent at planned capacity."""
    if book.access[row] == Access.SELFHOST:
        fees = 1 + book.fee_rate[row] + book.services_rate[row]
        return float(book.replica_rent[row] / book.replica_capacity[row] * fees)
    return float(book.price[row])


def _cheapest(market: "Market", book: OfferBook, rows: list[Row], operator: Operator) -> int:
    regions = market.parameters.regions
    region = regions[operator.facts.region]
    home = np.array([regions[v.region].home for v in market.vendors])
    allowed = (book.tuned == 0) & (book.q >= operator.facts.quality)
    if not region.foreign_apis:
        service = book.access == Access.API
        allowed &= ~(service & (home[book.vendor] != region.home))
    best, found = np.inf, -1
    for row in np.flatnonzero(allowed):
        over = operator.users * MILLION > rows[int(row)].model.users_threshold
        price = _bulk_price(book, int(row))
        if not over and price < best:
            best, found = price, int(row)
    return found
