"""Step 3 of the month: hosts and platforms enter or leave and build packaging; operators buy."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.common.offers import OfferBook
from agents.host.hosts import next_number
from agents.vendor.finance import next_packaging
from sim.enterprise_step import rows_of
from sim.tally import MILLION, Operating, cheapest_row

if TYPE_CHECKING:
    from sim.market import Market


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
    rows, threshold = rows_of(market, book), market.stock.number("users_threshold")
    alive = np.array([v.alive for v in market.vendors], bool)
    reached = {name: reach(market, name) for name in {o.facts.region for o in market.operators}}
    for operator in market.operators:
        operator.advance(market.month)
        users = operator.users * MILLION
        asked = Operating(
            users, np.float32(market.frontier_now() - operator.facts.behind),
            market.parameters.host.threshold_fee,
        )  # fmt: skip
        operator.row, price, fee = cheapest_row(
            rows, asked, threshold, alive, reached[operator.facts.region]
        )
        if operator.row < 0:
            operator.tokens = operator.bill = operator.licence = 0.0
        else:
            paid = operator.tokens * price
            operator.licence = paid * fee
            operator.bill = paid + operator.licence
        operator.revenue = users * operator.facts.revenue


def reach(market: "Market", name: str) -> NDArray[np.bool_]:
    """(vendors,) whose service can be bought in a region."""
    regions = market.parameters.regions
    region = regions[name]
    return np.array(
        [
            regions[v.region].home == region.home or (v.facts.sells_abroad and region.foreign_apis)
            for v in market.vendors
        ],
        bool,
    )
