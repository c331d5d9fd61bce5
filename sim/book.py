"""Rebuilding the offer book: one row per (model, access, tuned) that may be held or bought."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.licence import LICENCES
from agents.common.mathematics import exponentials, logarithms
from agents.common.offers import OfferBook
from agents.common.vocabulary import HOURS_A_MONTH, SECONDS_A_MONTH, VARIANTS, Access, Tier
from agents.host.hosts import Hosting, hosted_prices
from agents.host.platforms import Platform
from agents.vendor.business_parameters import FinanceParameters
from agents.vendor.finance import packaging_value
from agents.vendor.vendor import Vendor
from sim.environment import Environment
from sim.scenario import Scenario
from sim.stock import NEVER, Stock

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

CONTROL = (0.0, 0.5, 1.0)
"""Control a buyer has over an open model by access; a closed model gives none."""
LICENCE_CONTROL = (0.0, 0.5, 0.8, 1.0)
"""Factor on control by licence code."""
RIGHTS = sorted(LICENCES.values(), key=lambda licence: licence.code)
WEIGHTS = np.array([licence.open_weights for licence in RIGHTS])
HOSTING = np.array([licence.hosting for licence in RIGHTS])
REDISTRIBUTED = np.array([licence.tuned_redistribution for licence in RIGHTS])
CHARGED = np.array([licence.selfhost_fee for licence in RIGHTS])
THRESHOLD = np.array([licence.threshold for licence in RIGHTS])
"""Rights by licence code, as in `Licence`; `CHARGED` is its fee for own machines."""
SELFHOST_TOOLS = 0.5
"""Packaging of freely available serving tools against that of hosts."""
EQUAL_PACKAGING = 0.3
"""Everybody's packaging in the control world, share of value."""
DEMAND_BOUNDS = (0.5, 2.0)
"""How far price may move the use of an offering against its tier's median."""


class Surroundings(NamedTuple):
    """What rows are made from, this month."""

    scenario: Scenario
    environment: Environment
    month: int
    vendors: Sequence[Vendor]
    hostings: Mapping[int, Hosting]
    host_packaging: float
    incident_stock: float
    held: Floats
    """Weighted slots by offering id, last month."""
    forces: Mapping[int, int]
    """What holders of a model must do: 1 look inside the vendor, 2 at the whole list."""
    brand_factor: float
    home: Sequence[bool]
    """By vendor: sits in a home region."""


class Places(NamedTuple):
    """Which offerings are in the book, in its order: one entry a row."""

    model: Ints
    access: Ints
    tuned: Flags
    vendor: Ints
    listed: Flags


def places_of(stock: Stock, around: Surroundings) -> Places:
    """Rows of the book by vendor, closed before open, model and variant."""
    offered, shown = _offered(stock, around), _shown(stock, around)
    held = np.zeros(len(stock) * VARIANTS, bool)
    held[: len(around.held)] = around.held > 0
    kept = offered & (shown | held.reshape(-1, VARIANTS))
    order = np.lexsort((stock.code("open"), stock.code("vendor")))
    at, variant = np.nonzero(kept[order])
    model = order[at]
    tuned = variant >= len(Access)
    vendor = stock.code("vendor")[model]
    return Places(model, variant % len(Access), tuned, vendor, shown[model, variant])


def _offered(stock: Stock, around: Surroundings) -> Flags:
    """(models, variants) what exists: services, hosted weights, weights on own machines."""
    vendor, licence, open_ = stock.code("vendor"), stock.code("licence"), stock.code("open")
    alive = np.array([v.alive for v in around.vendors], bool)
    tuning = np.array([v.facts.tuning for v in around.vendors], bool)
    offered = np.zeros((len(stock), VARIANTS), bool)
    plain = offered[:, : len(Access)]
    on_sale = ~np.isnan(stock.number("list_price")) & (stock.code("withdrawn") == NEVER)
    plain[:, Access.API] = (stock.code("api") == 1) & alive[vendor] & on_sale
    plain[:, Access.SELFHOST] = WEIGHTS[licence]
    plain[:, Access.HOSTED] = WEIGHTS[licence] & HOSTING[licence]
    small = (stock.code("tier") != Tier.LARGE)[:, None]
    offered[:, len(Access) :] = plain & small
    offered[:, len(Access) + Access.API] &= tuning[vendor] & (open_ == 0)
    return offered


def _shown(stock: Stock, around: Surroundings) -> Flags:
    """(models, variants) what new buyers see; tuning is offered on current models only."""
    superseded = stock.code("superseded")
    recent = around.month - superseded < around.scenario.release.predecessor
    recent &= stock.code("delisted") == 0
    listed = (stock.code("on_sale") <= around.month) & recent
    tunable = listed & (stock.code("tier") != Tier.LARGE) & (superseded == NEVER)
    return np.repeat(np.column_stack([listed, tunable]), len(Access), axis=1)


def drafted(stock: Stock, around: Surroundings) -> OfferBook:
    """The offer book of this month, sorted by vendor, before `priced`: vendors price against it."""
    places = places_of(stock, around)
    model, access, tuned = places.model, places.access, places.tuned
    own, tier = access == Access.SELFHOST, stock.code("tier")[model]
    cost = np.where(own, 0.0, stock.number("serving_cost")[model] / around.environment.efficiency)
    rent, capacity = replicas(stock, around)
    fee, services = _rates(stock, around)
    q = stock.number("q")
    book = OfferBook(
        offering=(model * VARIANTS + access + len(Access) * tuned).astype(np.int32),
        model=model.astype(np.int32),
        vendor=places.vendor.astype(np.int16),
        tier=tier.astype(np.int8),
        access=access.astype(np.int8),
        tuned=tuned.astype(np.int8),
        open=stock.code("open")[model].astype(np.int8),
        listed=places.listed.astype(np.int8),
        key=stock.code("key")[model].astype(np.uint32),
        price=_hosted_price(cost, stock, around, places),
        cost=cost,
        q=q[model].astype(np.float32),
        q_perceived=perceived(stock, around)[model].astype(np.float32),
        packaging=_packaging(around)[access, places.vendor].astype(np.float32),
        control=_control(stock, places).astype(np.float32),
        risk=_risk(around)[access, places.vendor].astype(np.float32),
        tuning_price=_tuning_price(stock, around, places).astype(np.float32),
        gain=tuned.astype(np.float32),
        crowd_gain=_crowd_gain(stock, around, places).astype(np.float32),
        replica_rent=np.where(own, rent[model], 0.0),
        replica_capacity=np.where(own, capacity[model], 1.0),
        fee_rate=np.where(own, fee[model], 0.0),
        services_rate=np.where(own, services[model], 0.0),
        demand=np.ones(len(model), np.float32),
        abroad=(~np.array(around.home, bool))[places.vendor].astype(np.int8),
        force=np.zeros(len(model), np.int8),
    )
    return book._replace(price=_with_list_prices(book, stock, around))


def _hosted_price(cost: Floats, stock: Stock, around: Surroundings, places: Places) -> Floats:
    """What hosts ask; 0 elsewhere."""
    number = np.ones(len(stock))
    for model, hosting in around.hostings.items():
        number[model] = hosting.number
    hosted = places.access == Access.HOSTED
    price = np.zeros_like(cost)
    numbers = number[places.model[hosted]]
    price[hosted] = hosted_prices(cost[hosted], numbers, around.scenario.host)
    return price


def _with_list_prices(book: OfferBook, stock: Stock, around: Surroundings) -> Floats:
    listed = stock.number("list_price")[book.model]
    premium = around.scenario.pricing.tuned_premium
    asked = np.where((book.tuned == 1) & (book.open == 0), listed * premium, listed)
    return np.where(book.access == Access.API, asked, book.price)


def priced(book: OfferBook, stock: Stock, around: Surroundings) -> OfferBook:
    """The book with the list prices of now, and with what depends on prices."""
    price, service = _with_list_prices(book, stock, around), book.access == Access.API
    own = book.access == Access.SELFHOST
    unit = np.where(own, book.replica_rent / book.replica_capacity, price)
    factors = demand_factors(unit, book.tier, around.scenario.usage.elasticity)
    forces = np.zeros(len(stock), np.int8)
    for model, level in around.forces.items():
        forces[model] = level
    force = forces[book.model]
    force = np.where(service, force, np.minimum(force, 1))
    return book._replace(price=price, demand=factors.astype(np.float32), force=force)


def replicas(stock: Stock, around: Surroundings) -> tuple[Floats, Floats]:
    """(models,) rent ($ a month) and capacity (Mtok a month) of one self-hosted replica."""
    rules, environment = around.scenario.environment, around.environment
    gpus = np.maximum(
        rules.gpu_smallest,
        stock.number("total_params") * rules.bytes_per_parameter / rules.gpu_memory,
    )
    rent = gpus * environment.gpu_rent * HOURS_A_MONTH
    slower = exponentials(-rules.throughput_exponent * stock.number("size"))
    tokens = rules.throughput * slower * environment.efficiency**0.5
    return rent, tokens * SECONDS_A_MONTH / 1e6 * around.scenario.usage.utilisation


def _rates(stock: Stock, around: Surroundings) -> tuple[Floats, Floats]:
    """(models,) licence fee and support that self-hosters pay a living vendor, share of rent."""
    alive = np.array([v.alive for v in around.vendors], bool)[stock.code("vendor")]
    charged = alive & CHARGED[stock.code("licence")]
    fee, services = around.scenario.finance.research_fee, around.scenario.usage.services
    return np.where(charged, fee, 0.0), np.where(alive, services, 0.0)


def _packaging(around: Surroundings) -> Floats:
    """(access, vendors) packaging of the seller."""
    rules, tools = around.scenario.finance, SELFHOST_TOOLS * around.host_packaging
    if rules.packaging_equal:
        return np.full((len(Access), len(around.vendors)), EQUAL_PACKAGING)
    packaging = [
        (
            packaging_value(v.packaging, rules) + v.facts.brand * around.brand_factor,
            packaging_value(around.host_packaging + v.crowd_packaging, rules),
            packaging_value(tools + v.crowd_packaging, rules),
        )
        for v in around.vendors
    ]
    return np.array(packaging).reshape(-1, len(Access)).T


def _risk(around: Surroundings) -> Floats:
    """(access, vendors) factor on exposure after recent incidents."""
    rules = around.scenario.incident
    market = 1 + rules.market_weight * around.incident_stock
    reputation = np.array([v.reputation for v in around.vendors])
    service = market + rules.vendor_weight * reputation
    return np.stack([service, np.full_like(service, market), np.ones_like(service)])


def _control(stock: Stock, places: Places) -> Floats:
    """Control the buyer gains, 0 to 1: none over a closed model."""
    licence = stock.code("licence")[places.model]
    control: Floats = np.take(CONTROL, places.access) * np.take(LICENCE_CONTROL, licence)
    return control


def _tuning_price(stock: Stock, around: Surroundings, places: Places) -> Floats:
    """$ per Mtok of training tokens; by tier for a vendor's service, else by size."""
    rules = around.scenario.pricing
    closed = rules.tuning_closed * (1 + stock.code("tier"))
    open_ = rules.tuning_open * exponentials(rules.serving_exponent * stock.number("size"))
    price = np.where(places.access == Access.API, closed[places.model], open_[places.model])
    return np.where(places.tuned, price, 0.0)


def perceived(stock: Stock, around: Surroundings) -> Floats:
    """(models,) quality the market believes: closes on the truth from its first impression."""
    rules = around.scenario.perception
    q, age = stock.number("q"), np.maximum(around.month - stock.code("on_sale"), 0)
    tilt = rules.openness_information * np.array([-1.0, 1.0])
    half_life = (rules.half_life * (1 - tilt))[stock.code("open")]
    known = half_life <= 0
    left = exponentials(-math.log(2) * age / np.where(known, 1.0, half_life))
    return q + np.where(known, 0.0, (stock.number("first_perceived") - q) * left)


def demand_factors(price: Floats, tier: NDArray[np.int8], elasticity: float) -> Floats:
    """Factor on tokens used: cheap against the tier's median is used more.

    price: $ per Mtok at the margin; of own machines at planned capacity.
    """
    bounded = np.maximum(price, 1e-9)
    reference = np.ones_like(bounded)
    for code in Tier:
        member = np.flatnonzero(tier == code)
        if member.size:
            reference[member] = median(bounded[member])
    factors = exponentials(-elasticity * logarithms(bounded / reference))
    return np.clip(factors, *DEMAND_BOUNDS)


def median(values: Floats) -> float:
    """Median of some numbers, for short arrays ten times faster than numpy's."""
    ordered = np.sort(values)
    return float(ordered[(ordered.size - 1) // 2] + ordered[ordered.size // 2]) / 2


def _crowd_gain(stock: Stock, around: Surroundings, places: Places) -> Floats:
    """Quality tuned small models of a family gain from others' tuning."""
    rules, model = around.scenario.crowd, places.model
    shared = (stock.code("open") == 1) & (stock.code("tier") == Tier.SMALL)
    shared &= REDISTRIBUTED[stock.code("licence")]
    stocks = np.array([v.crowd_packaging for v in around.vendors])
    strength = stocks / rules.packaging if rules.packaging else np.zeros_like(stocks)
    return np.where(places.tuned & shared[model], rules.tuning * strength[places.vendor], 0.0)


def packaged(value: float, rules: FinanceParameters) -> float:
    """Packaging of a platform; in the control world everybody's is the same."""
    return EQUAL_PACKAGING if rules.packaging_equal else value


def platform_columns(
    platforms: Sequence[Platform], rules: FinanceParameters
) -> tuple[NDArray[np.float32], ...]:
    """Fee, packaging and staff saving of platforms; one dead row if there are none."""
    if not platforms:
        return (np.zeros(1, np.float32),) * 3
    return (
        np.array([p.facts.fee for p in platforms], np.float32),
        np.array(
            [packaged(packaging_value(p.packaging, rules), rules) for p in platforms], np.float32
        ),
        np.array([p.facts.staff_saving for p in platforms], np.float32),
    )
