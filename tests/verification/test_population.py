"""The weighted sample stands for the population it was declared to stand for."""

import numpy as np
import pytest

from agents.common.randomness import Streams
from agents.common.vocabulary import Band, Workload
from agents.enterprise.columns import EnterpriseColumns, Firms
from agents.enterprise.population import draw_population, pareto_mean, token_sample_size
from sim.loading import load
from sim.market import population_rules
from sim.scenario import Scenario

DEVIATIONS = 4.5
"""Standard errors a sample mean may be off: 7 in a million by chance."""
LARGE = 30_000
SAMPLE_DEPENDENT = {"weight", "own_quartile"}
"""Columns that say what a firm stands for in its sample, not what it is."""


def drawn(count: int, seed: int = 1) -> EnterpriseColumns:
    rules = population_rules(load("baseline", {"enterprise.population": count}))
    return draw_population(rules, Streams(seed))


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load("baseline")


@pytest.fixture(scope="module")
def large() -> EnterpriseColumns:
    return drawn(LARGE)


def home_share(scenario: Scenario) -> float:
    return sum(region.share for region in scenario.regions.values() if region.home)


def estimate(firms: Firms, values: np.ndarray, rows: np.ndarray) -> tuple[float, float]:
    """Weighted mean of some rows and its standard error, a ratio of two sums."""
    weight, value = firms.weight[rows], np.asarray(values, float)[rows]
    mean = float(np.average(value, weights=weight))
    spread = np.sqrt((weight**2 * (value - mean) ** 2).sum()) / weight.sum()
    return mean, float(spread)


def assert_estimates(
    firms: Firms, values: np.ndarray, rows: np.ndarray, truth: float, relative: float
) -> None:
    """The truth is within chance of the weighted mean, and chance is a small part of it."""
    mean, error = estimate(firms, values, rows)
    assert error < relative * truth
    assert abs(mean - truth) < DEVIATIONS * error, (mean, truth, error)


@pytest.mark.parametrize("count", [300, 2000])
def test_weights_add_up_to_the_declared_firms(scenario: Scenario, count: int) -> None:
    firms = drawn(count).firms
    for code in Band:
        rows = firms.band == code
        declared = scenario.bands[code.name.lower()].firms
        assert abs(rows.sum() - count / 3) <= 1
        total = firms.weight[rows].sum() * home_share(scenario)
        assert total == pytest.approx(declared, rel=1e-12)


def test_home_firms_are_the_declared_number(scenario: Scenario, large: EnterpriseColumns) -> None:
    home = np.array([region.home for region in scenario.regions.values()])
    at_home = home[large.firms.region]
    share = home_share(scenario)
    for code in Band:
        assert_estimates(large.firms, at_home, large.firms.band == code, share, 0.01)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_tokens_rest_on_many_firms(seed: int) -> None:
    columns = drawn(2000, seed)
    assert token_sample_size(columns) >= 300
    wanted = columns.firms.weight * columns.firms.employees * columns.firms.intensity
    for code in Band:
        rows = columns.firms.band == code
        mean = wanted[rows].sum() / rows.sum()
        assert wanted[rows].max() <= 2.5 * mean


def test_mean_staff_is_that_of_the_declared_law(
    scenario: Scenario, large: EnterpriseColumns
) -> None:
    firms = large.firms
    for code in Band:
        band = scenario.bands[code.name.lower()]
        exponent = scenario.enterprise.size_exponent
        truth = pareto_mean(float(band.smallest), float(band.largest) + 1.0, exponent)
        assert_estimates(firms, firms.employees, firms.band == code, truth, 0.04)


def test_the_law_of_staff_has_the_mean_of_its_density() -> None:
    size = np.linspace(20.0, 1000.0, 2_000_001)
    density = size**-2.06
    numeric = np.trapezoid(size * density, size) / np.trapezoid(density, size)
    assert pareto_mean(20.0, 1000.0, 1.06) == pytest.approx(numeric, rel=1e-6)
    near = pareto_mean(20.0, 1000.0, 1.0 + 1e-7)
    assert pareto_mean(20.0, 1000.0, 1.0) == pytest.approx(near, rel=1e-5)


def mean_intensity(scenario: Scenario, code: Band) -> float:
    """Closed form: the lognormal part has mean one, builders exist in the micro band only."""
    e, total = scenario.enterprise, 0.0
    for sector in scenario.sectors.values():
        builders = sector.builder if code == Band.MICRO else 0.0
        lift = 1 - builders + builders * e.builder_intensity
        total += sector.share * sector.intensity * lift
    shares = sum(sector.share for sector in scenario.sectors.values())
    return e.token_intensity * total / shares


def test_mean_intensity_and_tokens_are_closed_forms(
    scenario: Scenario, large: EnterpriseColumns
) -> None:
    firms = large.firms
    for code in Band:
        rows, truth = firms.band == code, mean_intensity(scenario, code)
        assert_estimates(firms, firms.intensity, rows, truth, 0.06)
        band = scenario.bands[code.name.lower()]
        exponent = scenario.enterprise.size_exponent
        staff = pareto_mean(float(band.smallest), float(band.largest) + 1.0, exponent)
        tokens = firms.employees.astype(float) * firms.intensity
        assert_estimates(firms, tokens, rows, truth * staff, 0.02)


def test_sectors_and_builders_have_their_shares(
    scenario: Scenario, large: EnterpriseColumns
) -> None:
    firms = large.firms
    for number, sector in enumerate(scenario.sectors.values()):
        for code in Band:
            rows = firms.band == code
            assert_estimates(firms, firms.sector == number, rows, sector.share, 0.1)
        micro = (firms.band == Band.MICRO) & (firms.sector == number)
        if sector.builder > 0:
            assert_estimates(firms, firms.builder, micro, sector.builder, 0.5)
    assert not firms.builder[firms.band != Band.MICRO].any()


def test_slots_are_those_of_the_band_and_share_its_tokens(
    scenario: Scenario, large: EnterpriseColumns
) -> None:
    firms, slots = large.firms, large.slots
    per_tier = np.array([scenario.bands[code.name.lower()].slots for code in Band])
    counts = np.diff(firms.first_slot)
    assert np.array_equal(counts, len(Workload) * per_tier[firms.band])
    wanted = np.add.reduceat(slots.tokens.astype(float), firms.first_slot[:-1])
    ratio = wanted / (firms.employees.astype(float) * firms.intensity)
    for code in Band:
        rows = np.flatnonzero(firms.band == code)
        error = ratio[rows].std() / np.sqrt(rows.size)
        assert abs(ratio[rows].mean() - 1.0) < DEVIATIONS * error


def test_a_firm_is_the_same_in_a_sample_of_any_size() -> None:
    small, big = drawn(500), drawn(2000)
    for name in set(small.column_names()) - SAMPLE_DEPENDENT:
        assert np.array_equal(small.column(name), big.column(name)[:500]), name
    assert np.array_equal(small.firms.first_slot, big.firms.first_slot[:501])
    for name, values in small.slots._asdict().items():
        assert np.array_equal(values, getattr(big.slots, name)[: len(values)]), name
    for code in Band:
        rows = np.flatnonzero(small.firms.band == code)
        scale = small.firms.weight[rows] / big.firms.weight[rows]
        assert np.allclose(scale, scale[0], rtol=1e-12)


def test_another_seed_draws_other_firms() -> None:
    first, second = drawn(300), drawn(300, seed=2)
    assert not np.array_equal(first.firms.employees, second.firms.employees)
