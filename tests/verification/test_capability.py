"""Closed forms of what vendors can build, of the surroundings, and of perceived quality."""

import math
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agents.common.offers import Model
from agents.vendor import capability
from agents.vendor.parameters import CapabilityParameters
from agents.vendor.releases import built_quality
from agents.vendor.vendor import Vendor
from sim.book import Surroundings, perceived
from sim.environment import Environment, rent_record
from sim.loading import load
from sim.market import Market
from sim.stock import Stock

RULES = CapabilityParameters()
YEAR = 12


def rules(**changed: Any) -> CapabilityParameters:
    return CapabilityParameters(**changed)


def test_one_vendor_of_constant_growth_gains_the_closed_form() -> None:
    """q(t) - q(0) = kappa (ln g_b + ln g_hw + ln g_A) t / 12: all three grow exponentially."""
    world = rules(catch_up=0.0)
    budget, public = 0.0, 0.0
    path = []
    for month in range(61):
        compute = budget + capability.hardware(month, world) + public
        path.append(capability.quality(compute, world))
        budget = capability.next_budget(budget, budget, math.inf, 1.0, world)
        public += capability.algorithm_step(1.0, world)
    yearly = world.kappa * sum(
        math.log(growth)
        for growth in (world.budget_growth, world.hardware_growth, world.algorithm_growth)
    )
    for month in (12, 36, 60):
        assert path[month] - path[0] == pytest.approx(yearly * month / YEAR, rel=1e-12)
    assert path[capability.REFERENCE_MONTH] == pytest.approx(
        world.kappa * capability.REFERENCE_MONTH / YEAR * math.log(world.budget_growth), rel=1e-12
    )


def test_open_weights_carry_part_of_what_is_published() -> None:
    world = rules(publication=0.8, weights_share=0.5, weights_enough=0.4)
    assert capability.publication_degree(0.0, world) == pytest.approx(0.4)
    assert capability.publication_degree(0.2, world) == pytest.approx(0.6)
    assert capability.publication_degree(1.0, world) == pytest.approx(0.8)


def test_public_algorithms_follow_the_degree_of_publication() -> None:
    scenario = load("baseline")
    environment, world = Environment(scenario), scenario.capability
    for month in range(25):
        environment.advance(month, 0.0)
    degree = capability.publication_degree(0.0, world)
    expected = 24 * capability.algorithm_step(degree, world)
    assert environment.public == pytest.approx(expected, rel=1e-12)


def test_public_algorithms_grow_slower_without_publication() -> None:
    full = capability.algorithm_step(1.0, RULES) * YEAR
    alone = capability.algorithm_step(0.0, RULES) * YEAR
    assert full == pytest.approx(math.log(RULES.algorithm_growth), rel=1e-12)
    assert alone == pytest.approx(full * (1 - RULES.publication_share), rel=1e-12)


@pytest.mark.parametrize("ceiling", [None, 1.6])
def test_quality_and_compute_are_inverses(ceiling: float | None) -> None:
    world = rules(ceiling=ceiling)
    for q in (-2.0, -0.3, 0.0, 0.4, 1.5):
        compute = capability.compute_for(q, world)
        assert capability.quality(compute, world) == pytest.approx(q, abs=1e-12)
    with_zero = capability.quality(capability.reference_compute(world), world)
    assert with_zero == pytest.approx(0.0, abs=1e-15)


def test_a_ceiling_is_approached_and_its_slope_is_what_vendors_see() -> None:
    world, free = rules(ceiling=1.6), rules(ceiling=None)
    low = capability.reference_compute(world) + 1e-6
    assert capability.quality(low, world) == pytest.approx(capability.quality(low, free), rel=1e-5)
    assert capability.quality(low + 60.0, world) == pytest.approx(1.6, abs=1e-3)
    for gain in (0.5, 2.0, 8.0):
        at, step = low + gain, 1e-5
        rise = capability.quality(at + step, world) - capability.quality(at - step, world)
        expected = capability.returns_to_compute(at, world) * world.kappa
        assert rise / (2 * step) == pytest.approx(expected, rel=1e-6)
        assert capability.quality(at, world) < capability.quality(at, free)


@pytest.mark.parametrize(("publishes", "faster"), [(False, 1.0), (True, 2.0)])
def test_a_lead_halves_in_its_half_life(publishes: bool, faster: float) -> None:
    world = rules(lead_gain=0.0, lead_half_life=6.0)
    lead = 1.0
    for _ in range(6):
        lead = capability.next_lead(lead, 1.0, 0.0, publishes, world)
    assert lead == pytest.approx(0.5**faster, rel=1e-12)


def test_a_fed_lead_settles_where_leakage_eats_the_gain() -> None:
    world = rules(lead_gain=0.1, lead_half_life=6.0)
    lead = 0.0
    for _ in range(400):
        lead = capability.next_lead(lead, 1.5, -0.4, False, world)
    kept = 0.5 ** (1 / 6.0)
    assert lead == pytest.approx(0.15 * math.exp(-0.12) / (1 - kept), rel=1e-9)


def test_a_follower_closes_on_the_floor_exponentially() -> None:
    """With rho the distance to the leader less the floor shrinks by rho a year."""
    world = rules(catch_up=0.6, catch_up_floor=0.5)
    leader, follower = 0.0, -3.0
    for _ in range(24):
        leader, follower = (
            capability.next_budget(leader, leader, math.inf, 1.0, world),
            capability.next_budget(follower, leader, math.inf, 1.0, world),
        )
    expected = 2.5 * (1 - 0.6 / YEAR) ** 24
    assert leader - follower - 0.5 == pytest.approx(expected, rel=1e-9)


def test_money_bounds_the_budget() -> None:
    year = RULES.research * 12 / 6.0 * capability.RUN_COST
    saved = year * RULES.cash_months / 12
    assert capability.affordable_budget(0.0, saved, 6.0, RULES) == pytest.approx(0.0, abs=1e-12)
    earned = year / RULES.income_share
    assert capability.affordable_budget(earned, 0.0, 6.0, RULES) == pytest.approx(0.0, abs=1e-12)
    assert capability.affordable_budget(0.0, 0.0, 6.0, RULES) == -math.inf
    assert capability.next_budget(1.0, 1.0, 0.0, 1.0, RULES) == pytest.approx(0.9)
    assert capability.next_budget(0.0, 0.0, 0.01, 1.0, RULES) == pytest.approx(0.01)


def two_paths(world: CapabilityParameters) -> tuple[list[float], list[float]]:
    """Compute of a leader and of a follower two e-folds behind it, ten years, money no object."""
    budgets = [0.0, -2.0]
    paths: tuple[list[float], list[float]] = ([], [])
    for month in range(121):
        common = capability.hardware(month, world) + month * capability.algorithm_step(1.0, world)
        for i, path in enumerate(paths):
            path.append(budgets[i] + common)
            returns = capability.returns_to_compute(path[-1], world)
            budgets[i] = capability.next_budget(budgets[i], 0.0, math.inf, returns, world)
    return paths


def test_a_ceiling_shrinks_gaps_but_not_the_time_behind() -> None:
    """Vendors see the ceiling. The leader, nearer to it, slows first: quality and compute draw
    level. But everyone slows, and the months in which the leader passed the follower's mark lie
    no nearer: a smaller distance at a smaller speed.
    """
    gaps = []
    for ceiling in (None, 1.6):
        world = rules(catch_up=0.0, ceiling=ceiling)
        leader, follower = two_paths(world)
        first = next(t for t, compute in enumerate(leader) if compute >= follower[-1])
        best, second = (capability.quality(path[-1], world) for path in (leader, follower))
        gaps.append((leader[-1] - follower[-1], best - second, 120 - first))
    (compute, quality, months), (compute_low, quality_low, months_low) = gaps
    assert compute == pytest.approx(2.0, rel=1e-12)
    assert compute_low < 0.9 * compute
    assert quality_low < 0.2 * quality
    assert months_low >= months


def test_imitation_ramps_up_to_its_share() -> None:
    world = rules(imitation=0.5, imitation_ramp=18.0)
    assert capability.imitation_share(0, world) == 0.0
    assert capability.imitation_share(9, world) == pytest.approx(0.25)
    assert capability.imitation_share(40, world) == 0.5


def released(month: int, frontier: float, world: CapabilityParameters) -> float:
    """Quality of a large closed model of a vendor three e-folds of money behind, without luck."""
    maker = SimpleNamespace(budget=-3.0, lead=0.0, offset=0.0, served=0.0, crowd_quality=0.0)
    vendor = cast(Vendor, maker)
    return built_quality(vendor, 2, month, 0.0, frontier, False, 0.0, world)[0]


@pytest.mark.parametrize("month", [0, 6, 12, 18, 60])
def test_imitation_takes_its_share_of_the_distance(month: int) -> None:
    """A follower that learns phi of the distance to the frontier it knows is 1 - phi behind it."""
    world = rules(imitation=0.7, imitation_ramp=18.0)
    alone = released(month, -math.inf, world)
    phi = 0.7 * min(month / 18.0, 1.0)
    for distance in (0.2, 1.0, 3.0):
        behind = alone + distance - released(month, alone + distance, world)
        assert behind == pytest.approx((1 - phi) * distance, rel=1e-12)
    assert released(month, alone - 1.0, world) == alone


def test_full_imitation_trails_by_its_lag() -> None:
    """Whoever learns everything is where the frontier was when it could last be learned from."""
    world = rules(imitation=1.0, imitation_ramp=0.0, imitation_lag=5)
    frontier = [0.04 * month for month in range(48)]
    market = SimpleNamespace(parameters=SimpleNamespace(capability=world), frontier=frontier)
    for month in (24, 47):
        known = Market.frontier_before(cast(Market, market), month)
        assert released(month, known, world) == pytest.approx(frontier[month - 5], rel=1e-12)


# --- the surroundings


def test_rent_follows_the_record_then_falls_to_its_floor() -> None:
    scenario = load("baseline", {"environment.gpu_price_decline": 0.3})
    environment, record = Environment(scenario), rent_record()
    last, price = record[-1]
    seen = {}
    for month in range(96):
        environment.advance(month, 1.0)
        seen[month] = environment.gpu_rent
    for month, recorded in record:
        if 0 <= month < 96:
            assert seen[month] == pytest.approx(recorded, rel=1e-12)
    floor = scenario.environment.gpu_price_floor
    for month in (last + 6, last + 30, 95):
        expected = max(price * math.exp(-0.3 * (month - last) / YEAR), floor)
        assert seen[month] == pytest.approx(expected, rel=1e-12)


def test_efficiency_and_demand_follow_their_closed_forms() -> None:
    scenario = load("baseline")
    environment = Environment(scenario)
    for month in range(96):
        environment.advance(month, 1.0)
    prices, usage = scenario.pricing, scenario.usage
    free = prices.efficiency_growth ** (95 / YEAR)
    harmonic = free * prices.efficiency_limit / (free + prices.efficiency_limit)
    assert environment.efficiency == pytest.approx(harmonic, rel=1e-12)
    faded = usage.saturation * (1 - math.exp(-95 / YEAR / usage.saturation))
    assert environment.demand == pytest.approx(math.exp(usage.growth * faded), rel=1e-12)


# --- what the market believes


def model(opened: bool) -> Model:
    made = Model(
        name="m", vendor=0, vendor_id="v", tier=1, generation=1, q=1.0, released=10,
        licence=3 if opened else 0, serving_cost=1.0, total_params=70.0, active_params=70.0,
        effective_compute=0.0, scripted=False, api=True, list_price=1.0,
    )  # fmt: skip
    made.index, made.first_perceived = 0, 0.2
    return made


def belief(opened: bool, months: int, **changed: float) -> float:
    settings = {f"perception.{name}": value for name, value in changed.items()}
    scenario = load("baseline", settings)
    environment = Environment(scenario)
    around = Surroundings(
        scenario=scenario, environment=environment, month=10 + months, vendors=[], hostings={},
        host_packaging=0.0, incident_stock=0.0, held=None, forces={}, brand_factor=1.0,
        home=[True],
    )  # type: ignore[arg-type]  # fmt: skip
    stock = Stock()
    stock.update([model(opened)])
    return float(perceived(stock, around)[0])


def test_perception_halves_its_error_in_a_half_life() -> None:
    for months in (0, 4, 8, 20):
        expected = 1.0 - 0.8 * 0.5 ** (months / 4)
        assert belief(False, months, half_life=4.0) == pytest.approx(expected, rel=1e-12)
        assert belief(True, months, half_life=4.0) == belief(False, months, half_life=4.0)
    assert belief(True, 0, half_life=0.0) == 1.0


def test_openness_information_moves_both_ways() -> None:
    told = {"half_life": 4.0, "openness_information": 0.5}
    assert 1 - belief(True, 4, **told) == pytest.approx(0.8 * 0.5**2, rel=1e-12)
    assert 1 - belief(False, 6, **told) == pytest.approx(0.8 * 0.5, rel=1e-12)
