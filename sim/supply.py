"""Step 2 of the month: vendors release models that are due and set or revise prices."""

import math
from typing import TYPE_CHECKING

import numpy as np

from agents.common.events import Details, Event
from agents.common.offers import Model, OfferBook
from agents.common.vocabulary import Access, month_index
from agents.enterprise.demand import vendor_values
from agents.vendor import capability
from agents.vendor.pricing import price_floor, revised_price, target_price
from agents.vendor.releases import (
    Built,
    build,
    first_perception,
    first_plan,
    put_on_sale,
    schedule_next,
)
from agents.vendor.vendor import Vendor
from sim.counterfactual import counterfactual_quality, imitation_removed
from sim.enterprise_step import rows_of
from sim.history import release_opens, scripted_model
from sim.record import price_changes, releases_of
from sim.responses import best_responses

if TYPE_CHECKING:
    from sim.market import Market

REFERENCE_USE = month_index("2024-12")
"""Month whose use of a family complement income is measured against, or the record's last."""
OWN_SERVICE_MARKUP = 3.0
"""First list price of a model without a predecessor, times serving cost."""
LARGEST_LEAD = 1.5
"""Largest private lead the hand-over gives, ln."""
LARGEST_OFFSET = 50.0


def release_due_models(market: "Market") -> None:
    """Put on sale what is due: recorded releases in the window, those that vendors plan besides."""
    month, until = market.month, market.until
    for release in releases_of(month):
        vendor = market.vendor_by_key.get(release.vendor)
        if release.on_sale <= until and vendor is not None and vendor.alive:
            opened = release_opens(release, vendor, vendor.key in market.forced)
            q = counterfactual_quality(market, vendor, release, opened)
            compute = capability.compute_for(q, market.parameters.capability)
            model = scripted_model(release, vendor, opened, q, compute, market.parameters.pricing)
            launch(market, vendor, model, "input")
    if month == max(until + 1, 0):
        hand_over(market)
    if month == max(until, REFERENCE_USE) + 1:
        for vendor in market.vendors:
            vendor.baseline_tokens = vendor.family_tokens or None
    for vendor in market.living_vendors():
        if market.decides(vendor):
            _release_planned(market, vendor)
    withdraw_old_services(market)


def launch(
    market: "Market", vendor: Vendor, model: Model, cause: str, details: Details | None = None
) -> None:
    """Put a model on sale, price it, and tell those who hold what it replaces."""
    model.index = len(market.models)
    market.models.append(model)
    model.first_perceived = first_perception(
        vendor, model, market.parameters.perception.entrant_discount
    )
    if model.api and model.list_price is None:
        model.list_price = _first_price(market, vendor, model)
    for old in put_on_sale(vendor, model, market.month, market.parameters.release):
        market.forces[old.index] = max(market.forces.get(old.index, 0), 1)
    if not model.scripted:
        market.reprice.add((vendor.index, model.tier))
    market.happen(Event(market.month, "release", model.name, model.q, cause, details))


def _first_price(market: "Market", vendor: Vendor, model: Model) -> float:
    """Price of the predecessor, or cost with a plain markup; Nash revises it the same month."""
    floor = model.serving_cost / market.environment.served_per_dollar
    before = [
        m.list_price
        for m in vendor.models
        if m.line == model.line and m.list_price and m.on_sale <= market.month
    ]
    if before:
        return max(before[-1], floor)
    if model.scripted:
        return floor * (1 + market.parameters.host.markup)
    return floor * OWN_SERVICE_MARKUP


def hand_over(market: "Market") -> None:
    """Leave the record: solve each vendor's capability so that it returns its last quality.

    One that had no record has planned since its entry, by the means it was given, and goes on.
    """
    for vendor in market.vendors:
        if vendor.key in market.unscripted:
            continue
        if vendor.models:
            _fit_capability(market, vendor)
        first_plan(vendor, market.month, market.streams, market.parameters.release)


def _fit_capability(market: "Market", vendor: Vendor) -> None:
    """Solve the vendor's efficiency from its best recorded model.

    Money stands where the accounts put it. What it lacks to explain the model goes into the
    private lead, which leaks, as far as a lead goes; the rest is a lasting offset.
    """
    rules = market.parameters.capability
    best = max(vendor.models, key=lambda m: (m.q, m.released))
    month = min(max(best.released, 0), market.month)
    q = best.q - capability.flywheel(vendor.served, rules)
    phi = capability.imitation_share(month, rules)
    frontier = market.frontier_before(month)
    q = imitation_removed(q, frontier, phi)
    size = capability.tier_compute(best.tier, rules) * (1 - rules.distillation)
    wanted = capability.compute_for(q, rules) - size
    money = vendor.budget + capability.hardware(month, rules)
    lack = wanted - money - market.public[month]
    vendor.lead = min(max(lack, 0.0), LARGEST_LEAD)
    vendor.offset += min(max(lack - vendor.lead, -LARGEST_OFFSET), LARGEST_OFFSET)


def _release_planned(market: "Market", vendor: Vendor) -> None:
    for tier in range(3):
        if vendor.plan.month[tier] > market.month:
            continue
        rules = market.parameters
        opened = vendor.strategy.opens(tier)
        if opened:
            _launch_planned(market, vendor, tier, True)
        if vendor.strategy.keeps_closed(tier):
            _launch_planned(market, vendor, tier, False)
        vendor.plan.month[tier] = float(market.month)
        schedule_next(vendor, tier, market.streams, rules.release, market.month + 1)


def _launch_planned(market: "Market", vendor: Vendor, tier: int, opened: bool) -> None:
    rules, frontier = market.parameters, market.frontier_before(market.month)
    model, own = build(
        vendor, tier, opened, market.month, market.environment.public, frontier, market.streams,
        rules.capability, rules.pricing,
    )  # fmt: skip
    details = _origins(market, vendor, model, own, frontier)
    if opened and vendor.strategy.keeps_closed(tier):
        model.api = False
        model.q -= rules.release.open_discount
    launch(market, vendor, model, "plan", details)


def _origins(
    market: "Market", vendor: Vendor, model: Model, own: Built, frontier: float
) -> Details:
    """Where the quality of a model just built comes from: compute, money, others, luck."""
    rules = market.parameters.capability
    phi = capability.imitation_share(market.month, rules)
    alone, expected = (own.quality(0.0, seen, phi) for seen in (-math.inf, frontier))
    return {
        "compute": model.effective_compute - capability.reference_compute(rules),
        "budget": capability.RUN_COST * math.exp(vendor.budget),
        "lead": vendor.lead,
        "imitation": expected - alone,
        "luck": model.q - expected,
    }


def withdraw_old_services(market: "Market") -> None:
    """Take services off the market about two years after release, once there is a newer one."""
    life = market.parameters.release.api_life
    for model in market.models:
        if not model.api or model.withdrawn is not None or model.superseded is None:
            continue
        if market.month - model.released >= life:
            model.withdrawn = market.month
            market.happen(Event(market.month, "withdrawal", model.name, model.q, "age"))


def set_prices(market: "Market") -> None:
    """Recorded price changes in the window; sticky, event-driven revisions by who decides."""
    for change in price_changes():
        if change.month == market.month and change.month <= market.until:
            for model in market.models:
                vendor = market.vendors[model.vendor]
                if model.name == change.model and vendor.key == change.vendor:
                    change_price(market, model, change.price, "input")
    answer_price_cuts(market)
    market.deep_cuts.clear()
    revise_prices(market)
    market.reprice.clear()


def change_price(
    market: "Market", model: Model, price: float, cause: str, details: Details | None = None
) -> None:
    """Set a list price; a large rise makes its holders look around, a deep cut its rivals."""
    old = model.list_price
    if old is not None and abs(price - old) < 1e-12:
        return
    model.list_price = price
    numbers = {**({} if old is None else {"old": old}), **(details or {})}
    market.happen(Event(market.month, "price", model.name, price, cause, numbers))
    if old is None or old <= 0:
        return
    if price > old * (1 + market.parameters.choice.large_price_change):
        market.forces[model.index] = 2
    if price < 0.5 * old:
        market.deep_cuts.append(model)


def answer_price_cuts(market: "Market") -> None:
    """Rivals near in quality revise when a price fell by more than half last month."""
    reach = market.parameters.pricing.price_war_quality_gap
    for cut in market.deep_cuts:
        for vendor in market.living_vendors():
            if vendor.index == cut.vendor or not market.decides(vendor):
                continue
            for m in vendor.models:
                if abs(m.q - cut.q) <= reach and m.list_price and m.superseded is None:
                    market.reprice.add((vendor.index, m.tier))


def revise_prices(market: "Market") -> None:
    """Move due list prices toward their targets; all see the others' prices of before."""
    if not market.reprice:
        return
    book = market.preview_book()
    due = _due_rows(market, book)
    vendors = np.array(sorted({int(book.vendor[row]) for row in due}), np.int64)
    if not vendors.size:
        return
    demand, scale = market.entry_demand(book), market.parameters.choice.dissimilarity
    values = vendor_values(demand, book.price, len(market.vendors), scale)
    nash = best_responses(demand, rows_of(market, book), values, vendors, scale)
    for row in due:
        _revise(market, book, row, float(nash[row]))


def _due_rows(market: "Market", book: OfferBook) -> list[int]:
    """Rows of the book whose price is to be revised: services on the list, as they come."""
    service = (book.access == Access.API) & (book.tuned == 0) & (book.listed == 1)
    rows = np.flatnonzero(service)
    places = zip(rows.tolist(), book.vendor[rows].tolist(), book.tier[rows].tolist(), strict=True)
    return [
        row
        for row, vendor, tier in places
        if (vendor, tier) in market.reprice and market.vendors[vendor].alive
    ]


def _revise(market: "Market", book: OfferBook, row: int, nash: float) -> None:
    rules = market.parameters.pricing
    model = market.models[int(book.model[row])]
    cost, price = float(book.cost[row]), float(book.price[row])
    floor = price_floor(model.tier, cost, rules)
    details = {"cost": cost, "nash": nash, "target": target_price(nash, cost, floor, rules)}
    change_price(market, model, revised_price(price, nash, cost, floor, rules), "revision", details)
