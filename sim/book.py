"""Rebuilding the offer book: one row per (model, access, tuned) that may be held or bought."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.offers import OfferBook
from agents.common.vocabulary import VARIANTS, Access
from agents.host.hosts import Hosting, quotes
from agents.host.platforms import Platform
from agents.vendor.business_parameters import FinanceParameters
from agents.vendor.finance import packaging_value
from agents.vendor.vendor import Vendor
from sim.draft import Places, Sellers, Terms, fill_believed, fill_priced, fill_rows, place_rows
from sim.environment import Environment
from sim.scenario import Scenario
from sim.stock import Stock

Floats = NDArray[np.float64]

SELFHOST_TOOLS = 0.5
"""Packaging of freely available serving tools against that of hosts."""
EQUAL_PACKAGING = 0.3
"""Everybody's packaging in the control world, share of value."""
_KINDS: dict[str, Any] = {
    "offering": np.int32, "model": np.int32, "vendor": np.int16, "tier": np.int8,
    "access": np.int8, "tuned": np.int8, "open": np.int8, "listed": np.int8, "key": np.uint32,
    "price": np.float64, "cost": np.float64, "q": np.float32, "q_perceived": np.float32,
    "packaging": np.float32, "control": np.float32, "risk": np.float32,
    "tuning_price": np.float32, "gain": np.float32, "crowd_gain": np.float32,
    "replica_rent": np.float64, "replica_capacity": np.float64, "fee_rate": np.float64,
    "services_rate": np.float64, "demand": np.float32, "abroad": np.int8, "force": np.int8,
}  # fmt: skip
"""Types of the columns of an `OfferBook`."""


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


def drafted(stock: Stock, around: Surroundings) -> OfferBook:
    """The offer book of this month, sorted by vendor, before `priced`: vendors price against it."""
    sellers, terms = _sellers(around), _terms(around)
    most = len(stock) * VARIANTS
    places = Places(np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, bool))
    rows = place_rows(stock.numbers, stock.codes, len(stock), around.held, sellers, terms, places)
    columns = {name: np.zeros(rows, kind) for name, kind in _KINDS.items()}
    columns["replica_capacity"][:] = 1.0
    book = OfferBook(**columns)
    near = Places(places.model[:rows], places.variant[:rows], places.listed[:rows])
    quoted = _quotes(len(stock), around)
    fill_rows(stock.numbers, stock.codes, near, quoted, sellers, terms, book)
    return book


def _quotes(models: int, around: Surroundings) -> Floats:
    """(models,) price of hosts over their cost."""
    number = np.ones(models)
    for model, hosting in around.hostings.items():
        number[model] = hosting.number
    return quotes(number, around.scenario.host)


def priced(book: OfferBook, stock: Stock, around: Surroundings) -> OfferBook:
    """The book with the list prices of now, and with what depends on prices."""
    rows = book.offering.size
    forces = np.zeros(len(stock), np.int8)
    for model, level in around.forces.items():
        forces[model] = level
    price, demand = np.empty(rows), np.empty(rows, np.float32)
    force = np.empty(rows, np.int8)
    fill_priced(stock.numbers, book, forces, _terms(around), np.empty(rows), price, demand, force)
    return book._replace(price=price, demand=demand, force=force)


def _sellers(around: Surroundings) -> Sellers:
    """Columns of vendors."""
    vendors, crowd = around.vendors, around.scenario.crowd
    stocks = np.array([v.crowd_packaging for v in vendors])
    strength = stocks / crowd.packaging if crowd.packaging else np.zeros_like(stocks)
    return Sellers(
        alive=np.array([v.alive for v in vendors], bool),
        tuning=np.array([v.facts.tuning for v in vendors], bool),
        abroad=~np.array(around.home, bool),
        packaging=_packaging(around),
        risk=_risk(around),
        crowd=crowd.tuning * strength,
    )


def _terms(around: Surroundings) -> Terms:
    scenario, environment = around.scenario, around.environment
    rules, prices, usage = scenario.environment, scenario.pricing, scenario.usage
    return Terms(
        month=around.month,
        predecessor=scenario.release.predecessor,
        efficiency=environment.served_per_dollar,
        premium=prices.tuned_premium,
        gpus=float(rules.gpu_smallest),
        bytes_per_parameter=rules.bytes_per_parameter,
        gpu_memory=rules.gpu_memory,
        gpu_rent=environment.gpu_rent,
        throughput=rules.throughput,
        throughput_exponent=rules.throughput_exponent,
        root_efficiency=environment.efficiency**0.5,
        utilisation=usage.utilisation,
        fee=scenario.finance.research_fee,
        services=usage.services,
        tuning_closed=prices.tuning_closed,
        tuning_open=prices.tuning_open,
        serving_exponent=prices.serving_exponent,
        half_life=_half_lives(around),
        elasticity=usage.elasticity,
    )


def _half_lives(around: Surroundings) -> tuple[float, float]:
    """Months in which the market learns half of the quality of closed and of open models."""
    rules = around.scenario.perception
    tilt = rules.openness_information
    return rules.half_life * (1 + tilt), rules.half_life * (1 - tilt)


def perceived(stock: Stock, around: Surroundings) -> Floats:
    """(models,) quality the market believes: closes on the truth from its first impression."""
    found = np.empty(len(stock))
    fill_believed(stock.numbers, stock.codes, len(stock), around.month, _half_lives(around), found)
    return found


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
    return np.ascontiguousarray(np.array(packaging).reshape(-1, len(Access)).T)


def _risk(around: Surroundings) -> Floats:
    """(access, vendors) factor on exposure after recent incidents."""
    rules = around.scenario.incident
    market = 1 + rules.market_weight * around.incident_stock
    reputation = np.array([v.reputation for v in around.vendors])
    service = market + rules.vendor_weight * reputation
    return np.stack([service, np.full_like(service, market), np.ones_like(service)])


def median(values: Floats) -> float:
    """Median of some numbers, for short arrays ten times faster than numpy's."""
    ordered = np.sort(values)
    return float(ordered[(ordered.size - 1) // 2] + ordered[ordered.size // 2]) / 2


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
