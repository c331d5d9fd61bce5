"""Step 7 of the month: vendors review strategy, raise money, leave; entrants arrive."""

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.events import Details, Event
from agents.common.licence import licence_of
from agents.common.randomness import normal_at, uniform_at
from agents.common.vocabulary import Access
from agents.enterprise.demand import Demand, rivals_of, utilities_of, vendor_values
from agents.enterprise.entries import FORBIDDEN
from agents.host.hosts import hosted_price
from agents.vendor.capability import (
    affordable_budget,
    next_budget,
    next_lead,
    returns_to_compute,
)
from agents.vendor.finance import funding_round, is_insolvent
from agents.vendor.parameters import VendorParameters
from agents.vendor.releases import large_compute
from agents.vendor.review import (
    Buyers,
    Offer,
    Projection,
    decide,
    expected_growth,
    hurdle,
    monthly_margin,
    project,
)
from agents.vendor.strategies import Strategy, alternatives
from agents.vendor.vendor import Vendor

if TYPE_CHECKING:
    from sim.market import Market

IMAGINED_HOSTS = 4.0
"""Hosts that a vendor expects to serve what it opens."""
SERVICE_MARKUP = 1.5
"""List price over serving cost at which a closed model is imagined if it has no price yet."""


def settle_exits(market: "Market") -> None:
    """Budgets, leads, funding; a vendor without cash and without a round leaves."""
    alive = market.living_vendors()
    if not alive:
        return
    largest = max(v.budget for v in alive)
    for vendor in alive:
        _advance_research(market, vendor, largest)
        growth = _growth(vendor)
        raised = funding_round(
            vendor, market.month, growth, market.streams, market.parameters.finance
        )
        if raised <= 0 and not is_insolvent(vendor):
            continue
        details = {"cash": vendor.cash, "burn": _burn(vendor), "growth": growth}
        if raised > 0:
            vendor.cash += raised
            vendor.account.funding = raised
            market.happen(Event(market.month, "funding", vendor.name, raised, "hazard", details))
        if is_insolvent(vendor) and market.month > market.until:
            market.leave(vendor, "no cash")
            market.recorder.annotate(details)


def _advance_research(market: "Market", vendor: Vendor, largest: float) -> None:
    rules = market.parameters.capability
    money = affordable_budget(vendor.year_income, vendor.cash, vendor.facts.cadence, rules)
    full = large_compute(vendor, market.month, market.environment.public, rules)
    returns = returns_to_compute(full, rules)
    vendor.budget = next_budget(vendor.budget, largest, money, returns, rules)
    publishes = any(vendor.strategy.opens(tier) for tier in range(3))
    vendor.lead = next_lead(
        vendor.lead, vendor.facts.lead_rate, vendor.budget - largest, publishes, rules
    )


def _burn(vendor: Vendor) -> float:
    """M$ by which this month's costs exceed all income; negative for a profit."""
    return -(vendor.account.profit + vendor.account.complement)


def _growth(vendor: Vendor) -> float:
    """Income now against half a year ago."""
    history = vendor.income
    if len(history) < 7 or history[-7] <= 0:
        return 1.0
    return history[-1] / history[-7]


def review_strategies(market: "Market") -> None:
    """Once a year each vendor compares open, closed and dual, after the recorded window."""
    rules = market.parameters.review
    if rules.mode != "review" or market.month <= market.until:
        return
    key = market.streams.key("vendor.review")
    due = [
        vendor
        for vendor in market.living_vendors()
        if (market.month - int(uniform_at(key, 0, vendor.address, 0) * 1e6)) % rules.interval == 0
    ]
    if not due:
        return
    demand, scale = market.entry_demand(market.book), market.parameters.choice.dissimilarity
    values = vendor_values(demand, market.book.price, len(market.vendors), scale)
    for vendor in due:
        review(market, vendor, demand, rivals_of(values, vendor.index))


def review(market: "Market", vendor: Vendor, demand: Demand, rivals: NDArray[np.float64]) -> None:
    """Project each strategy and switch if the best beats the present one by the threshold."""
    options, products = alternatives(vendor.strategy), products_of(market, vendor, demand)
    plain = np.array([product.plain for product in products]).reshape(-1, len(rivals))
    buyers = Buyers(plain, demand.price_weight, rivals)
    flows = [_flows(market, vendor, option, products, buyers) for option in options]
    growth = expected_growth(market.year_growth(), market.parameters.review)
    seen = [
        project(
            vendor, option, *flow, growth, market.parameters.finance,
            market.parameters.review,
        )
        for option, flow in zip(options, flows, strict=True)
    ]  # fmt: skip
    current, others = seen[0], seen[1:]
    threshold = market.parameters.review.switch_threshold
    chosen = decide(current, others, threshold)
    vendor.last_decision = ", ".join(f"{p.strategy.label} {p.cash:.0f} M$" for p in seen)
    if chosen is not current:
        market.switch_strategy(vendor, chosen.strategy, f"review ({vendor.last_decision})")
        market.recorder.annotate(_projected(seen, hurdle(current, threshold)))


def _projected(seen: list[Projection], needed: float) -> Details:
    """What each strategy was projected to bring, the one left first."""
    return {
        "old": seen[0].strategy.label,
        "needed": needed,
        "cash": {p.strategy.label: p.cash for p in seen},
        "seen": {p.strategy.label: p.seen for p in seen},
    }


def _flows(
    market: "Market", vendor: Vendor, strategy: Strategy, products: list["Product"], buyers: Buyers
) -> tuple[float, float]:
    """M$ a month earned and family tokens under a strategy."""
    offers = _imagined_offers(market, vendor, strategy, products)
    if not offers or market.sample is None:
        return 0.0, 0.0
    tokens = market.sample.tokens * market.environment.demand * _adopted_share(market)
    return monthly_margin(offers, buyers, market.parameters.choice.dissimilarity, tokens)


def _adopted_share(market: "Market") -> float:
    """Tokens used now against tokens wanted by everyone."""
    if market.sums is None or market.sample is None:
        return 0.0
    wanted = market.sample.tokens * market.environment.demand
    return min(float(market.sums.row("tokens").sum()) / max(wanted, 1e-9), 1.0)


class Product(NamedTuple):
    """A vendor's current model of a tier, as it may be offered."""

    tier: int
    cost: float
    closed_price: float
    hosted_price: float
    plain: NDArray[np.float64]
    """(types,) utility without price of the model as a service."""


def products_of(market: "Market", vendor: Vendor, demand: Demand) -> list[Product]:
    """What a vendor has in each tier."""
    found = []
    quote = hosted_price(1.0, IMAGINED_HOSTS, market.parameters.host)
    for tier in range(3):
        model = vendor.current(tier, market.month)
        if model is None:
            continue
        cost = model.serving_cost / market.environment.served_per_dollar
        closed = model.list_price or cost * (1 + SERVICE_MARKUP)
        hosted = cost * quote
        plain = _plain(market, vendor.index, model.index, demand)
        found.append(Product(tier, cost, closed, hosted, plain))
    return found


def _imagined_offers(
    market: "Market", vendor: Vendor, strategy: Strategy, products: list[Product]
) -> list[Offer]:
    """What the vendor's current models would be offered as under a strategy."""
    offers: list[Offer] = []
    for at, product in enumerate(products):
        if strategy.opens(product.tier):
            offers += _open_offers(market, vendor, product, at)
        if strategy.keeps_closed(product.tier):
            offers.append(Offer(Access.API, product.closed_price, product.cost, at, 0.0))
    return offers


def _plain(market: "Market", vendor: int, model: int, demand: Demand) -> NDArray[np.float64]:
    """Utility without price of the model as a service: its best row's, whoever serves it."""
    book = market.book
    rows = np.flatnonzero((book.model == model) & (book.tuned == 0))
    if not rows.size:
        rows = np.flatnonzero((book.vendor == vendor) & (book.listed == 1))
    best: NDArray[np.float64] = utilities_of(demand, rows).max(axis=0, initial=FORBIDDEN)
    return best


def _open_offers(market: "Market", vendor: Vendor, product: Product, at: int) -> list[Offer]:
    """The model served by hosts and run by buyers; the vendor earns support."""
    price, cost = product.hosted_price, product.cost
    offers = []
    if licence_of(vendor.licence_code).hosting:
        offers.append(Offer(Access.HOSTED, price, price, at, 0.0))
    support = market.parameters.usage.services * cost
    offers.append(Offer(Access.SELFHOST, price, price, at, support))
    if vendor.facts.sells_api:
        offers.append(Offer(Access.API, price, cost, at, 0.0))
    return offers


def open_entry_slots(market: "Market") -> None:
    """Newcomers arrive when their slot's clock has run out, after the window."""
    for slot, month in enumerate(market.entries):
        if month == market.month:
            facts = newcomer(market, slot)
            market.enter(f"entrant-{slot + 1}", facts)


def newcomer(market: "Market", slot: int) -> VendorParameters:
    """Facts of the entrant in a slot: an addressed draw of region, strategy and means."""
    key = market.streams.key("entrant")
    draws = [uniform_at(key, 0, slot, item) for item in range(4)]
    regions = list(market.parameters.regions)
    strategy = ("open", "dual", "closed")[min(int(draws[0] * 3), 2)]
    largest = max((v.budget for v in market.living_vendors()), default=0.0)
    budget = largest - 2.5 + 0.7 * normal_at(key, 1, slot, 0)
    return VendorParameters(
        name=f"Entrant {slot + 1}",
        archetype="start-up",
        region=regions[min(int(draws[1] * len(regions)), len(regions) - 1)],
        strategy=strategy,
        budget=max(min(budget, 10.0), -15.0),
        cash=round(300.0 * math.exp(1.2 * draws[2] * 2), 3),
        staff=4.0,
        packaging=0.05,
        cadence=6.0 + 4.0 * draws[3],
        funding=2.0,
        licence="permissive",
        tuning=False,
    )
