"""Rebuilding the offer book: one row per (model, access, tuned) that may be held or bought."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.licence import licence_of
from agents.common.offers import Model, OfferBook
from agents.common.vocabulary import HOURS_A_MONTH, SECONDS_A_MONTH, VARIANTS, Access, Tier
from agents.host.hosts import Hosting, hosted_price
from agents.host.platforms import Platform
from agents.vendor.business_parameters import FinanceParameters
from agents.vendor.finance import packaging_value
from agents.vendor.vendor import Vendor
from sim.environment import Environment
from sim.scenario import Scenario

CONTROL: tuple[float, float, float] = (0.0, 0.5, 1.0)
"""Control a buyer has over an open model by access; a closed model gives none."""
LICENCE_CONTROL = (0.0, 0.5, 0.8, 1.0)
"""Factor on control by licence code."""
SELFHOST_TOOLS = 0.5
"""Packaging of freely available serving tools against that of hosts."""
EQUAL_PACKAGING = 0.3
"""Everybody's packaging in the control world, share of value."""
DEMAND_BOUNDS = (0.5, 2.0)
"""How far price may move the use of an offering against its tier's median."""


class Row(NamedTuple):
    """One row of the book before it becomes columns; names as in `OfferBook`."""

    model: Model
    access: int
    tuned: bool
    listed: bool
    price: float
    cost: float
    packaging: float
    risk: float
    tuning_price: float
    replica_rent: float
    replica_capacity: float
    fee_rate: float
    services_rate: float
    force: int


class Surroundings(NamedTuple):
    """What rows are made from, this month."""

    scenario: Scenario
    environment: Environment
    month: int
    vendors: Sequence[Vendor]
    hostings: Mapping[int, Hosting]
    host_packaging: float
    incident_stock: float
    held: NDArray[np.float64]
    """Weighted slots by offering id, last month."""
    forces: Mapping[int, int]
    """What holders of a model must do: 1 look inside the vendor, 2 at the whole list."""
    brand_factor: float
    home: Sequence[bool]
    """By vendor: sits in a home region."""


def replica(model: Model, around: Surroundings) -> tuple[float, float]:
    """Rent ($ a month) and capacity (Mtok a month) of one self-hosted replica of a model."""
    rules, environment = around.scenario.environment, around.environment
    gpus = max(
        rules.gpu_smallest, model.total_params * rules.bytes_per_parameter / rules.gpu_memory
    )
    rent = gpus * environment.gpu_rent * HOURS_A_MONTH
    speed = rules.throughput * (70.0 / model.active_params) ** rules.throughput_exponent
    software = environment.efficiency**0.5
    used = around.scenario.usage.utilisation
    return rent, speed * software * SECONDS_A_MONTH / 1e6 * used


def model_rows(model: Model, around: Surroundings) -> list[Row]:
    """All rows of one model this month."""
    vendor = around.vendors[model.vendor]
    listed = model.on_list(around.month, around.scenario.release.predecessor)
    rows: list[Row] = []
    if model.api and vendor.alive and model.withdrawn is None and model.list_price is not None:
        rows += _service_rows(model, vendor, listed, around)
    licence = licence_of(model.licence)
    if licence.open_weights:
        if licence.hosting:
            rows += _hosted_rows(model, vendor, listed, around)
        rows += _selfhost_rows(model, vendor, listed, around)
    return [row for row in rows if row.listed or _is_held(row, around)]


def _is_held(row: Row, around: Surroundings) -> bool:
    offering = _offering(row)
    return offering < len(around.held) and around.held[offering] > 0


def _tunable(model: Model, listed: bool) -> bool:
    return listed and model.tier != Tier.LARGE and model.superseded is None


def _service_rows(model: Model, vendor: Vendor, listed: bool, around: Surroundings) -> list[Row]:
    """The vendor's own service: plain, and tuned where it sells tuning."""
    rules, incidents = around.scenario.pricing, around.scenario.incident
    assert model.list_price is not None
    cost = model.serving_cost / around.environment.efficiency
    packaging = packaging_value(vendor.packaging, around.scenario.finance)
    packaging += vendor.facts.brand * around.brand_factor
    risk = (
        1
        + incidents.market_weight * around.incident_stock
        + incidents.vendor_weight * vendor.reputation
    )
    force = around.forces.get(model.index, 0)

    def row(tuned: bool, shown: bool) -> Row:
        price = model.list_price or 0.0
        return Row(
            model, Access.API, tuned, shown,
            price * (rules.tuned_premium if tuned and not model.open else 1.0), cost, packaging,
            risk, rules.tuning_closed * (1 + model.tier) if tuned else 0.0, 0.0, 1.0, 0.0, 0.0,
            force,
        )  # fmt: skip

    rows = [row(False, listed)]
    if vendor.facts.tuning and not model.open and model.tier != Tier.LARGE:
        rows.append(row(True, _tunable(model, listed)))
    return rows


def _tuning_price(model: Model, around: Surroundings) -> float:
    rules = around.scenario.pricing
    return float(rules.tuning_open * (model.active_params / 70.0) ** rules.serving_exponent)


def _hosted_rows(model: Model, vendor: Vendor, listed: bool, around: Surroundings) -> list[Row]:
    """The model served by third parties."""
    cost = model.serving_cost / around.environment.efficiency
    hosting = around.hostings.get(model.index)
    number = hosting.number if hosting is not None else 1.0
    price = hosted_price(cost, number, around.scenario.host)
    packaging = packaging_value(
        around.host_packaging + vendor.crowd_packaging, around.scenario.finance
    )
    risk = 1 + around.scenario.incident.market_weight * around.incident_stock
    tuning = _tuning_price(model, around)
    force = min(around.forces.get(model.index, 0), 1)
    rows = [
        Row(
            model, Access.HOSTED, False, listed, price, cost, packaging, risk, 0.0, 0.0, 1.0, 0.0,
            0.0, force,
        )
    ]  # fmt: skip
    if model.tier != Tier.LARGE:
        rows.append(rows[0]._replace(
            tuned=True, listed=_tunable(model, listed), tuning_price=tuning
        ))  # fmt: skip
    return rows


def _selfhost_rows(model: Model, vendor: Vendor, listed: bool, around: Surroundings) -> list[Row]:
    """The model on the buyer's own machines."""
    rent, capacity = replica(model, around)
    packaging = packaging_value(
        SELFHOST_TOOLS * around.host_packaging + vendor.crowd_packaging, around.scenario.finance
    )
    licence = licence_of(model.licence)
    charged = licence.selfhost_fee and vendor.alive
    fee = around.scenario.finance.research_fee if charged else 0.0
    services = around.scenario.usage.services if vendor.alive else 0.0
    plain = Row(
        model, Access.SELFHOST, False, listed, 0.0, 0.0, packaging, 1.0, 0.0, rent, capacity,
        fee, services, min(around.forces.get(model.index, 0), 1),
    )  # fmt: skip
    if model.tier == Tier.LARGE:
        return [plain]
    tuned = plain._replace(
        tuned=True, listed=_tunable(model, listed), tuning_price=_tuning_price(model, around)
    )
    return [plain, tuned]


def perceived(model: Model, around: Surroundings) -> float:
    """Quality the market believes: closes on the truth from its first impression."""
    rules = around.scenario.perception
    tilt = rules.openness_information * (1 if model.open else -1)
    half_life = rules.half_life * (1 - tilt)
    if half_life <= 0:
        return model.q
    left = float(0.5 ** (max(around.month - model.on_sale, 0) / half_life))
    return model.q + (model.first_perceived - model.q) * left


def unit_price(row: Row) -> float:
    """$ per Mtok at the margin; own machines at planned capacity."""
    if row.access == Access.SELFHOST:
        return row.replica_rent / row.replica_capacity
    return row.price


def demand_factors(rows: Sequence[Row], elasticity: float) -> NDArray[np.float64]:
    """Factor on tokens used: cheap against the tier's median is used more."""
    prices = np.array([max(unit_price(row), 1e-9) for row in rows])
    tiers = np.array([row.model.tier for row in rows])
    factors = np.ones(len(rows))
    for tier in Tier:
        member = tiers == tier
        if member.any():
            reference = np.median(prices[member])
            factors[member] = [(p / reference) ** -elasticity for p in prices[member].tolist()]
    return np.clip(factors, *DEMAND_BOUNDS)


def packaged(value: float, rules: FinanceParameters) -> float:
    """Packaging of a seller; in the control world everybody's is the same."""
    return EQUAL_PACKAGING if rules.packaging_equal else value


def build_book(models: Sequence[Model], around: Surroundings) -> tuple[OfferBook, list[Row]]:
    """The offer book of this month, sorted by vendor, and its rows."""
    rows = [row for model in models for row in model_rows(model, around)]
    rows.sort(key=lambda r: (
        r.model.vendor, r.model.open, r.model.index, r.access + 3 * r.tuned
    ))  # fmt: skip

    def column(values: list[float] | list[int] | list[bool], kind: type) -> NDArray:  # type: ignore[type-arg]
        return np.array(values, dtype=kind)

    crowd_tuning, finance = around.scenario.crowd.tuning, around.scenario.finance
    book = OfferBook(
        offering=column([_offering(r) for r in rows], np.int32),
        model=column([r.model.index for r in rows], np.int32),
        vendor=column([r.model.vendor for r in rows], np.int16),
        tier=column([r.model.tier for r in rows], np.int8),
        access=column([r.access for r in rows], np.int8),
        tuned=column([r.tuned for r in rows], np.int8),
        open=column([r.model.open for r in rows], np.int8),
        listed=column([r.listed for r in rows], np.int8),
        key=column([r.model.key for r in rows], np.uint32),
        price=column([r.price for r in rows], np.float64),
        cost=column([r.cost for r in rows], np.float64),
        q=column([r.model.q for r in rows], np.float32),
        q_perceived=column([perceived(r.model, around) for r in rows], np.float32),
        packaging=column([packaged(r.packaging, finance) for r in rows], np.float32),
        control=column([_control(r) for r in rows], np.float32),
        risk=column([r.risk for r in rows], np.float32),
        tuning_price=column([r.tuning_price for r in rows], np.float32),
        gain=column([r.tuned for r in rows], np.float32),
        crowd_gain=column([_crowd_gain(r, around, crowd_tuning) for r in rows], np.float32),
        replica_rent=column([r.replica_rent for r in rows], np.float64),
        replica_capacity=column([r.replica_capacity for r in rows], np.float64),
        fee_rate=column([r.fee_rate for r in rows], np.float64),
        services_rate=column([r.services_rate for r in rows], np.float64),
        demand=demand_factors(rows, around.scenario.usage.elasticity).astype(np.float32),
        abroad=column([not around.home[r.model.vendor] for r in rows], np.int8),
        force=column([r.force for r in rows], np.int8),
    )
    return book, rows


def _offering(row: Row) -> int:
    return row.model.index * VARIANTS + row.access + 3 * row.tuned


def _control(row: Row) -> float:
    return CONTROL[row.access] * LICENCE_CONTROL[row.model.licence]


def _crowd_gain(row: Row, around: Surroundings, largest: float) -> float:
    """Quality tuned small models of a family gain from others' tuning."""
    small = row.tuned and row.model.open and row.model.tier == Tier.SMALL
    if not small or not licence_of(row.model.licence).tuned_redistribution:
        return 0.0
    packaging = around.scenario.crowd.packaging
    strength = around.vendors[row.model.vendor].crowd_packaging / packaging if packaging else 0.0
    return largest * strength


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
