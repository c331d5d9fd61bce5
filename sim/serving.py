"""Step 3 of the month: hosts and platforms enter or leave and build packaging; operators buy."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.common.offers import OfferBook
from agents.common.vocabulary import Access
from agents.host.hosts import next_number
from agents.host.operators import Operator
from agents.vendor.finance import next_packaging

if TYPE_CHECKING:
    from sim.market import Market

MILLION = 1e6


def advance_hosts(market: "Market") -> None:
    """Free entry of hosts per open model (a new one has one host), and packaging from revenue."""
    rules = market.parameters.host
    for hosting in market.hostings.values():
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


def supply_operators(market: "Market", book: OfferBook) -> None:
    """Each operator buys its tokens where they are cheapest and good enough."""
    own = book.access == Access.SELFHOST
    prices = np.where(own, book.replica_rent / book.replica_capacity, book.price)
    alive = np.array([v.alive for v in market.vendors], bool)[book.vendor]
    threshold = np.where(alive, market.stock.number("users_threshold")[book.model], np.inf)
    reach = reachable(market, book)
    for operator in market.operators:
        operator.advance(market.month)
        fees = _fees(market, book, operator, threshold)
        good = book.q >= market.frontier_now() - operator.facts.behind
        total = np.where(good & reach[operator.facts.region], prices * (1 + fees), np.inf)
        operator.row = int(np.argmin(total)) if np.isfinite(total).any() else -1
        if operator.row < 0:
            operator.tokens = operator.bill = operator.licence = 0.0
        else:
            paid = operator.tokens * float(prices[operator.row])
            operator.licence = paid * float(fees[operator.row])
            operator.bill = paid + operator.licence
        operator.revenue = operator.users * MILLION * operator.facts.revenue


def _fees(
    market: "Market", book: OfferBook, operator: Operator, threshold: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Licence fees by row, share of what is paid; threshold: users above which one is due."""
    over = operator.users * MILLION > threshold
    fee: NDArray[np.float64] = np.where(over, market.parameters.host.threshold_fee, 0.0)
    return fee + book.fee_rate


def reachable(market: "Market", book: OfferBook) -> dict[str, NDArray[np.bool_]]:
    """By region of an operator: plain rows on the list that can be bought there."""
    regions = market.parameters.regions
    home = np.array([regions[v.region].home for v in market.vendors], bool)[book.vendor]
    exporter = np.array([v.facts.sells_abroad for v in market.vendors], bool)[book.vendor]
    listed, service = (book.listed == 1) & (book.tuned == 0), book.access == Access.API
    found = {}
    for name in {operator.facts.region for operator in market.operators}:
        region = regions[name]
        closed_off = (home != region.home) & ~(exporter & region.foreign_apis)
        found[name] = listed & ~(service & closed_off)
    return found
