"""Adoption is the Bass process: against its recursion, its closed form and closed forms of frailty.

In these worlds whoever wakes up adopts and stays: the work is worth far more than it costs, nobody
is restricted. All firms of a size band are one peer group, so each band is one Bass process.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from agents.common.vocabulary import NONE, Band
from sim.loading import load
from sim.market import Market

Floats = NDArray[np.float64]
ERROR_RATE = 1e-6
"""Chance that the monthly counts are refused although the model is right."""
DEVIATIONS = 4.5
"""Standard errors a path may be off: 7 in a million by chance, a month and band."""
SECTORS = ("finance", "health", "government", "industry", "retail-and-services")
ALIKE: Mapping[str, Any] = {
    "enterprise.population": 6000, "output.demand_sample": 16, "finance.entry_slots": 0,
    "adoption.frailty": 0.0, "adoption.early_awareness": 1.0, "choice.peer_weight": 0.0,
    **{f"sectors.{key}.share": 0.0 for key in SECTORS},
    "sectors.technology": {"share": 1.0, "builder": 0.0, "residency": 0.0},
    "regions.north-america.share": 1.0, "regions.europe.share": 0.0, "regions.china.share": 0.0,
    **{
        f"bands.{band}.{name}": value
        for band in ("micro", "mid", "large")
        for name, value in {"adoption_scale": 1.0, "adopters_at_start": 0.0, "slots": 1}.items()
    },
}  # fmt: skip
"""One sector in one region, no differences in readiness, nobody to begin with."""
IRRESISTIBLE: Mapping[str, Any] = {
    "choice.theta": 100.0, "choice.theta_spread": 0.0, "choice.risk_weight": 0.0,
    "choice.switching": 0.0, "choice.integration": 0.0, "choice.integration_open": 0.0,
    "choice.additional_vendor": 0.0, "choice.retender": 0.0, "enterprise.review_shortest": 60,
    "enterprise.review_longest": 60, "restriction.base": 0.0, "restriction.gain": 0.0,
    **{
        f"enterprise.{name}_{tier}": value
        for tier in ("routine", "standard", "frontier")
        for name, value in {"value": 10_000.0, "difficulty": -5.0}.items()
    },
}  # fmt: skip
"""A model is worth 100 utils more than none; what is chosen stays, which saves time."""


class Adopted(NamedTuple):
    """Adoption by month (rows) and band (columns)."""

    share: Floats
    """By weight, as peers see it."""
    firms: Floats
    """Simulated firms that had adopted by the end of the month."""
    present: Floats
    """(bands,) simulated firms."""
    effective: Floats
    """(bands,) firms of equal weight that would tell as much."""


def adopted(months: int, **overrides: Any) -> Adopted:
    """Simulate; nobody may ever give up what they adopted."""
    parts = {key.replace("__", "."): value for key, value in overrides.items()}
    market = Market(load("baseline", {**ALIKE, **IRRESISTIBLE, "months": months, **parts}))
    firms = market.columns.firms
    share, count = np.zeros((months, 3)), np.zeros((months, 3))
    before = np.zeros(len(market.columns), bool)
    for month in range(months):
        market.step()
        now = firms.adopted_since != NONE
        assert now[before].all()
        before = now
        for band in Band:
            rows = firms.band == band
            share[month, band] = np.average(now[rows], weights=firms.weight[rows])
            count[month, band] = now[rows].sum()
    weight = [firms.weight[firms.band == band] for band in Band]
    effective = [w.sum() ** 2 / (w**2).sum() for w in weight]
    return Adopted(share, count, np.array([len(w) for w in weight]), np.array(effective))


def hazard(p: float, q: float, peers: Floats | float) -> Floats:
    """Chance to wake up in a month when this share of peers had adopted a month before."""
    return -np.expm1(-(p + q * np.asarray(peers)))


def recursion(p: float, q: float, months: int) -> tuple[Floats, Floats]:
    """Discrete Bass: expected share by month, and its variance for one firm (to first order)."""
    share, variance = np.zeros(months + 1), np.zeros(months + 1)
    for t in range(months):
        h, rest = float(hazard(p, q, share[t])), 1 - share[t]
        slope = 1 - h + rest * q * (1 - h)
        share[t + 1] = share[t] + rest * h
        variance[t + 1] = slope**2 * variance[t] + rest * h * (1 - h)
    return share[1:], variance[1:]


def closed_form(p: float, q: float, time: Floats) -> Floats:
    """Bass 1969: share of adopters at a time when nobody had adopted at time 0."""
    decay = np.exp(-(p + q) * time)
    return np.asarray((1 - decay) / (1 + q / p * decay))


FAST = {"adoption__innovation": 0.02, "adoption__imitation": 0.3}
SLOW = {"adoption__innovation": 0.01, "adoption__imitation": 0.06}


@pytest.fixture(scope="module")
def fast() -> Adopted:
    return adopted(30, **FAST)


@pytest.fixture(scope="module")
def slow() -> Adopted:
    return adopted(72, **SLOW)


class Surprise(NamedTuple):
    """How far monthly counts are from these rates, each given the shares of the month before."""

    each: float
    """p value of the counts of all months and bands."""
    together: float
    """Their sum, in standard errors."""


def surprise(found: Adopted, p: float, q: float) -> Surprise:
    """Compare new adopters with the binomial law of the hazard."""
    peers = np.vstack([np.zeros((1, 3)), found.share[:-1]])
    waiting = found.present - np.vstack([np.zeros((1, 3)), found.firms[:-1]])
    expected = waiting * hazard(p, q, peers)
    spread = expected * (1 - hazard(p, q, peers))
    new = np.diff(found.firms, axis=0, prepend=0.0)
    told = spread > 5
    statistic = ((new - expected)[told] ** 2 / spread[told]).sum()
    total = (new - expected).sum() / math.sqrt(spread.sum())
    return Surprise(float(stats.chi2.sf(statistic, told.sum())), float(total))


@pytest.mark.parametrize(("world", "p", "q"), [("fast", 0.02, 0.3), ("slow", 0.01, 0.06)])
def test_monthly_adopters_are_binomial_with_the_bass_hazard(
    world: str, p: float, q: float, request: pytest.FixtureRequest
) -> None:
    found = surprise(request.getfixturevalue(world), p, q)
    assert found.each > ERROR_RATE
    assert abs(found.together) < DEVIATIONS


@pytest.mark.parametrize(("p", "q"), [(0.02, 0.35), (0.02, 0.25), (0.03, 0.3), (0.01, 0.3)])
def test_other_rates_are_refused(fast: Adopted, p: float, q: float) -> None:
    assert abs(surprise(fast, p, q).together) > DEVIATIONS


@pytest.mark.parametrize(("world", "p", "q"), [("fast", 0.02, 0.3), ("slow", 0.01, 0.06)])
def test_the_path_is_that_of_the_discrete_recursion(
    world: str, p: float, q: float, request: pytest.FixtureRequest
) -> None:
    found: Adopted = request.getfixturevalue(world)
    expected, variance = recursion(p, q, len(found.share))
    error = np.sqrt(variance[:, None] / found.effective)
    assert found.share[-1].min() > 0.9
    assert error.max() < 0.04
    assert (np.abs(found.share - expected[:, None]) < DEVIATIONS * error).all()


def test_the_path_comes_near_the_closed_form(slow: Adopted) -> None:
    """With slow rates a month is a short step: the continuous solution is at most 0.03 away."""
    time = np.arange(1.0, len(slow.share) + 1)
    expected, variance = recursion(0.01, 0.06, len(time))
    solution = closed_form(0.01, 0.06, time)
    assert np.abs(expected - solution).max() < 0.03
    error = np.sqrt(variance / slow.effective.sum())
    pooled = np.average(slow.share, axis=1, weights=slow.effective)
    assert (np.abs(pooled - solution) < 0.03 + DEVIATIONS * error).all()


def test_steps_without_end_are_the_closed_form() -> None:
    """The recursion these tests lean on solves Bass's equation as its step goes to zero."""
    for steps in (10, 100):
        fine = recursion(0.02 / steps, 0.3 / steps, 30 * steps)[0][steps - 1 :: steps]
        gap = np.abs(fine - closed_form(0.02, 0.3, np.arange(1.0, 31.0))).max()
        assert gap < 0.5 / steps


@pytest.mark.parametrize(("shape", "rate"), [(0.0, 0.03), (1.2, 0.08), (4.0, 0.05)])
def test_without_imitation_readiness_alone_makes_the_path(shape: float, rate: float) -> None:
    """1 - exp(-pt) if all are alike, else 1 - (1 + pt / k)^-k, each band at its own speed."""
    speed = {Band.MICRO: 0.4, Band.MID: 1.0, Band.LARGE: 2.0}
    scales = {f"bands__{b.name.lower()}__adoption_scale": s for b, s in speed.items()}
    own = {"adoption__innovation": rate, "adoption__imitation": 0.0, "adoption__frailty": shape}
    found = adopted(24, **own, **scales)
    time = np.arange(1.0, 25.0)
    for band in Band:
        hazards = rate * speed[band] * time
        expected = 1 - ((1 + hazards / shape) ** -shape if shape else np.exp(-hazards))
        error = np.sqrt(expected * (1 - expected) / found.present[band])
        share = found.firms[:, band] / found.present[band]
        assert (np.abs(share - expected) < DEVIATIONS * error).all()
        assert math.isclose(expected[-1], share[-1], abs_tol=0.06)


def test_builders_and_those_who_know_open_models_wake_first() -> None:
    """Without imitation a firm three times as ready, or twice, has three or two times the hazard.

    The aware are those the population says; a fifth of micro firms are builders.
    """
    market = Market(load("baseline", {
        **ALIKE, **IRRESISTIBLE, "months": 12, "adoption.innovation": 0.02,
        "adoption.imitation": 0.0, "adoption.early_awareness": 2.0,
        "sectors.technology.builder": 0.2,
    }))  # fmt: skip
    firms = market.columns.firms
    for _ in range(12):
        market.step()
    found = firms.adopted_since != NONE
    for builder, aware, lift in ((0, 0, 1.0), (0, 1, 2.0), (1, 1, 6.0)):
        rows = (firms.builder == builder) & (firms.aware == aware)
        expected = -math.expm1(-0.02 * lift * 12)
        error = math.sqrt(expected * (1 - expected) / rows.sum())
        assert error < 0.02
        assert abs(found[rows].mean() - expected) < DEVIATIONS * error
