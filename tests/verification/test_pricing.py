"""Shares and Bertrand-Nash prices agree with PyBLP, with theory and with finite differences."""

from typing import Any, NamedTuple

import numpy as np
import pyblp
import pytest
from scipy.special import lambertw

from agents.common.logit import logit_shares, mean_surplus, nest_codes, probabilities
from agents.vendor.pricing import Equilibrium, bertrand_nash

TOLERANCE = 1e-8
MARKETS = 30
"""Markets in one comparison; there are three comparisons with PyBLP."""
TASTES = 2
"""Characteristics with random coefficients, beside the price."""
BETA = np.array([-2.0, 0.7, 0.4])
SIGMA = np.array([0.35, 0.9, 0.6])


class Case(NamedTuple):
    """One market: who sells what, and how types differ."""

    owner: np.ndarray
    nest: np.ndarray
    x: np.ndarray
    xi: np.ndarray
    cost: np.ndarray
    nodes: np.ndarray
    weight: np.ndarray

    @property
    def utility(self) -> np.ndarray:
        """(types, offerings) without price."""
        return self.xi + (BETA[1:] + SIGMA[1:] * self.nodes[:, 1:]) @ self.x.T

    @property
    def price_weight(self) -> np.ndarray:
        """(types,) positive."""
        return -(BETA[0] + SIGMA[0] * self.nodes[:, 0])


def random_case(rng: np.random.Generator) -> Case:
    offerings, types = int(rng.integers(3, 11)), int(rng.integers(1, 6))
    owner = rng.integers(0, max(2, offerings // 2), offerings)
    return Case(
        owner=owner,
        nest=rng.integers(0, 3, offerings),
        x=rng.normal(size=(offerings, TASTES)),
        xi=rng.normal(1.0, 1.0, offerings),
        cost=rng.uniform(0.2, 2.0, offerings),
        nodes=rng.uniform(-2.0, 2.0, (types, 1 + TASTES)),
        weight=rng.dirichlet(np.ones(types)),
    )


def random_cases(seed: int) -> list[Case]:
    rng = np.random.default_rng(seed)
    return [random_case(rng) for _ in range(MARKETS)]


def nash(case: Case, dissimilarity: float | None, owner: np.ndarray | None = None) -> Equilibrium:
    nest = None if dissimilarity is None else case.nest
    return bertrand_nash(
        case.utility, case.price_weight, case.owner if owner is None else owner, case.cost,
        case.weight, nest, dissimilarity or 1.0, tolerance=1e-14,
    )  # fmt: skip


def by_pyblp(cases: list[Case], dissimilarity: float | None) -> list[dict[str, Any]]:
    """Equilibria of all cases as PyBLP finds them; its agents are our types."""
    pyblp.options.verbose = False
    products = {
        "market_ids": np.repeat(np.arange(len(cases)), [len(c.owner) for c in cases]),
        "firm_ids": np.concatenate([c.owner for c in cases]),
        "x1": np.concatenate([c.x[:, 0] for c in cases]),
        "x2": np.concatenate([c.x[:, 1] for c in cases]),
    }
    if dissimilarity is not None:
        products["nesting_ids"] = np.concatenate([c.nest for c in cases])
    agents = {
        "market_ids": np.repeat(np.arange(len(cases)), [len(c.weight) for c in cases]),
        "weights": np.concatenate([c.weight for c in cases]),
        "nodes": np.concatenate([c.nodes for c in cases]),
    }
    formula = pyblp.Formulation("0 + prices + x1 + x2")
    xi = np.concatenate([c.xi for c in cases])
    simulation = pyblp.Simulation(
        (formula, formula), products, beta=BETA, sigma=np.diag(SIGMA), agent_data=agents,
        rho=None if dissimilarity is None else 1 - dissimilarity, xi=xi, omega=np.zeros_like(xi),
    )  # fmt: skip
    found = simulation.replace_endogenous(
        costs=np.concatenate([c.cost for c in cases]),
        iteration=pyblp.Iteration("simple", {"atol": 1e-14, "max_evaluations": 100_000}),
    )
    surplus = found.compute_consumer_surpluses()
    prices, shares = found.product_data.prices.ravel(), found.product_data.shares.ravel()
    return [
        {
            "prices": prices[products["market_ids"] == i],
            "shares": shares[products["market_ids"] == i],
            "surplus": float(surplus[i, 0]),
        }
        for i in range(len(cases))
    ]


@pytest.mark.parametrize("dissimilarity", [None, 0.8, 0.35])
def test_agrees_with_pyblp(dissimilarity: float | None) -> None:
    cases = random_cases(seed=7 if dissimilarity is None else int(100 * dissimilarity))
    assert sum(len(np.unique(c.owner)) < len(c.owner) for c in cases) > MARKETS / 2
    for case, expected in zip(cases, by_pyblp(cases, dissimilarity), strict=True):
        found = nash(case, dissimilarity)
        assert found.converged
        np.testing.assert_allclose(found.prices, expected["prices"], rtol=TOLERANCE)
        np.testing.assert_allclose(found.shares, expected["shares"], rtol=TOLERANCE)
        assert found.consumer_surplus == pytest.approx(expected["surplus"], rel=TOLERANCE)
        paid = case.utility - case.price_weight[:, None] * expected["prices"]
        nest = None if dissimilarity is None else case.nest
        shares = logit_shares(paid, case.weight, nest, dissimilarity or 1.0)
        np.testing.assert_allclose(shares, expected["shares"], rtol=TOLERANCE)


def share_slopes(case: Case, prices: np.ndarray, dissimilarity: float) -> np.ndarray:
    """d share_k / d price_j (rows k, columns j) as the pricing kernel knows them.

    The kernel turns margins m into (sum over k of the owner's m_k (ds_k/dp_j + own_j 1[k=j]) +
    share_j) / own_j. Under one owner, no margin gives own_j, and a margin of 1 on k its slopes.
    """
    count = len(prices)
    paid = case.utility - case.price_weight[:, None] * prices
    shares = logit_shares(paid, case.weight, case.nest, dissimilarity)

    def target(margin: np.ndarray) -> np.ndarray:
        cost, owner = prices - margin, np.zeros(count, np.int64)
        moved = bertrand_nash(
            case.utility, case.price_weight, owner, cost, case.weight, case.nest, dissimilarity,
            start=prices, iterations=1,
        )  # fmt: skip
        return moved.prices - cost

    own = shares / target(np.zeros(count))
    slopes = [own * (target(unit) - unit) - shares for unit in np.eye(count)]
    return np.array(slopes)


@pytest.mark.parametrize("dissimilarity", [1.0, 0.6, 0.25])
def test_slopes_of_shares_are_finite_differences(dissimilarity: float) -> None:
    """Own and cross: what the pricing kernel takes for the slope of shares is their slope."""
    step = 1e-5
    for case in random_cases(seed=19):
        prices = case.cost + 0.7
        slopes = share_slopes(case, prices, dissimilarity)
        for offering in range(len(prices)):
            nudge = step * (np.arange(len(prices)) == offering)

            def shares(at: np.ndarray, case: Case = case) -> np.ndarray:
                paid = case.utility - case.price_weight[:, None] * at
                return logit_shares(paid, case.weight, case.nest, dissimilarity)

            difference = (shares(prices + nudge) - shares(prices - nudge)) / (2 * step)
            np.testing.assert_allclose(slopes[:, offering], difference, rtol=1e-7, atol=1e-9)
        assert (np.diag(slopes) < 0).all()
        assert (slopes[~np.eye(len(prices), dtype=bool)] >= 0).all()


def profit(case: Case, prices: np.ndarray, owner: int, dissimilarity: float) -> float:
    paid = case.utility - case.price_weight[:, None] * prices
    shares = logit_shares(paid, case.weight, case.nest, dissimilarity)
    mine = case.owner == owner
    return float(((prices - case.cost) * shares)[mine].sum())


def slope(case: Case, prices: np.ndarray, offering: int, dissimilarity: float) -> float:
    """Central difference of the owner's profit in the price of one offering."""
    step = np.zeros_like(prices)
    step[offering] = 1e-5
    owner = int(case.owner[offering])
    above = profit(case, prices + step, owner, dissimilarity)
    return (above - profit(case, prices - step, owner, dissimilarity)) / 2e-5


@pytest.mark.parametrize("dissimilarity", [1.0, 0.5, 0.2])
def test_no_price_pays_to_change(dissimilarity: float) -> None:
    for case in random_cases(seed=31):
        prices, shares, *_ = nash(case, dissimilarity)
        for offering in np.flatnonzero(shares > 1e-6):
            at_nash = slope(case, prices, offering, dissimilarity)
            dearer = prices * np.where(np.arange(len(prices)) == offering, 1.05, 1.0)
            assert abs(at_nash) < 1e-8
            assert slope(case, dearer, offering, dissimilarity) < at_nash


def test_surplus_falls_by_the_share_bought() -> None:
    """Roy: consumer surplus falls with a price as fast as the share sold at it."""
    for case in random_cases(seed=5):
        prices = nash(case, 0.5).prices
        codes = nest_codes(case.nest, len(prices))

        def surplus(
            at: np.ndarray, case: Case = case, codes: np.ndarray = codes
        ) -> float:  # fmt: skip
            found = probabilities(case.utility - case.price_weight[:, None] * at, codes, 0.5)
            return mean_surplus(found, case.price_weight, case.weight)

        shares = nash(case, 0.5).shares
        for offering, share in enumerate(shares):
            step = np.zeros_like(prices)
            step[offering] = 1e-5
            fall = (surplus(prices - step) - surplus(prices + step)) / 2e-5
            assert fall == pytest.approx(share, abs=1e-8)


def hhi(shares: np.ndarray, owner: np.ndarray) -> float:
    """Concentration of inside sales over owners, 0 to 10,000."""
    sold = np.bincount(np.unique(owner, return_inverse=True)[1], shares) / shares.sum()
    return float((sold**2).sum() * 10_000)


@pytest.mark.parametrize("dissimilarity", [1.0, 0.4])
def test_a_merger_raises_prices_and_concentration(dissimilarity: float) -> None:
    for case in random_cases(seed=11):
        merged = np.where(case.owner == case.owner.max(), case.owner.min(), case.owner)
        if len(np.unique(merged)) == len(np.unique(case.owner)):
            continue
        before, after = nash(case, dissimilarity), nash(case, dissimilarity, merged)
        party = (case.owner == case.owner.max()) | (case.owner == case.owner.min())
        assert np.mean(after.prices[party]) > np.mean(before.prices[party])
        assert after.consumer_surplus < before.consumer_surplus
        assert hhi(after.shares, merged) > hhi(before.shares, case.owner)


@pytest.mark.parametrize(("quality", "cost", "weight"), [(2.0, 1.0, 1.5), (-3.0, 0.1, 0.2)])
def test_a_monopoly_asks_the_closed_form(quality: float, cost: float, weight: float) -> None:
    """p = c + (1 + W(exp(quality - weight c - 1))) / weight, W Lambert's function."""
    found = bertrand_nash(
        np.array([[quality]]), np.array([weight]), np.array([0]), np.array([cost]), np.ones(1)
    )
    markup = (1 + lambertw(np.exp(quality - weight * cost - 1)).real) / weight
    assert found.prices[0] == pytest.approx(cost + markup, rel=1e-10)


def test_a_given_price_stays_and_matters() -> None:
    case = random_cases(seed=3)[0]
    owner = case.owner.copy()
    owner[0] = -1
    start = case.cost + 0.5
    arguments = (case.utility, case.price_weight, owner, case.cost, case.weight)
    low = bertrand_nash(*arguments, start=start)
    dear = start + np.where(owner == -1, 2.0, 0.0)
    high = bertrand_nash(*arguments, start=dear)
    assert low.prices[0] == start[0]
    assert high.prices[0] == dear[0]
    assert np.all(high.shares[1:] > low.shares[1:])
