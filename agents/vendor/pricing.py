"""List prices: the Bertrand-Nash benchmark, the target a vendor revises toward, and costs."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import kernel
from agents.common.logit import mean_surplus, nest_codes, probabilities
from agents.vendor.business_parameters import PricingParameters

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
UNOWNED = -1
"""Owner code of an offering whose price is given."""


class Equilibrium(NamedTuple):
    """Prices at which no owner gains by changing its own, given the others'."""

    prices: Floats
    shares: Floats
    """(offerings,) inside shares; the outside option has the rest."""
    consumer_surplus: float
    """Mean over types, in money."""
    converged: bool


@kernel
def _markups(
    joint: Floats, within: Floats, codes: Ints, scale: float, price_weight: Floats,
    weight: Floats, owner: Ints, margin: Floats, target: Floats,
) -> None:  # fmt: skip
    """Next margins by the zeta map of Morrow and Skerlos (2011): margin = zeta(margin)."""
    types, offerings = joint.shape
    spill = (1.0 - scale) / scale
    for j in range(offerings):
        target[j] = margin[j]
        if owner[j] < 0:
            continue
        own = share = cross = 0.0
        for i in range(types):
            w = weight[i]
            slope = w * price_weight[i] * joint[i, j]
            share += w * joint[i, j]
            own += slope / scale
            same_owner = same_nest = 0.0
            for k in range(offerings):
                if owner[k] == owner[j]:
                    same_owner += margin[k] * joint[i, k]
                    if codes[k] == codes[j]:
                        same_nest += margin[k] * joint[i, k]
            # d s_k / d p_j = -a s_k (1[k=j] / scale - spill s_{j|nest} 1[same nest] - s_j)
            cross += slope * same_owner
            cross += w * price_weight[i] * spill * within[i, j] * same_nest
        if own > 0.0:
            target[j] = (cross + share) / own


def bertrand_nash(
    utility: Floats,
    price_weight: Floats,
    owner: NDArray[np.generic],
    cost: Floats,
    weight: Floats,
    nest: NDArray[np.generic] | None = None,
    dissimilarity: float = 1.0,
    *,
    start: Floats | None = None,
    iterations: int = 10_000,
    tolerance: float = 1e-12,
) -> Equilibrium:
    """Multi-product Bertrand-Nash prices in a mixed (nested) logit market.

    utility: (types, offerings) without price; u = utility - price_weight * price, outside 0.
    price_weight: (types,) positive, utils per unit of money.
    owner: (offerings,) labels; the integer -1 marks a given price (its `start`, or else cost).
    cost: (offerings,) constant marginal cost. weight: (types,).
    nest, dissimilarity: see `agents.common.logit.logit_shares`.
    start: prices to begin from; from far away another solution may be found.
    iterations, tolerance: stop when no price moves by more than tolerance, relatively.

    Source: Morrow and Skerlos 2011, "Fixed-point approaches to computing Bertrand-Nash
    equilibrium prices under mixed-logit demand". Cost: iterations x types x offerings^2.
    """
    utility = np.ascontiguousarray(utility, dtype=np.float64)
    price_weight = np.ascontiguousarray(price_weight, dtype=np.float64)
    if not np.all(price_weight > 0):
        raise ValueError("price_weight must be positive for every type")
    weight = np.asarray(weight, float) / np.sum(weight)
    cost = np.asarray(cost, float)
    owners = _owner_codes(owner)
    codes = nest_codes(nest, utility.shape[1])
    scale = float(dissimilarity) if nest is not None else 1.0
    prices = np.array(cost if start is None else start, dtype=float)
    target = np.empty_like(prices)
    converged = False
    for _ in range(iterations):
        found = probabilities(utility - price_weight[:, None] * prices, codes, scale)
        _markups(
            found.joint, found.within, codes, scale, price_weight, weight, owners,
            prices - cost, target,
        )  # fmt: skip
        moved = np.where(owners >= 0, cost + target, prices)
        converged = bool(np.all(np.abs(moved - prices) <= tolerance * (1 + np.abs(prices))))
        prices = moved
        if converged:
            break
    found = probabilities(utility - price_weight[:, None] * prices, codes, scale)
    shares = (weight[:, None] * found.joint).sum(axis=0)
    return Equilibrium(prices, shares, mean_surplus(found, price_weight, weight), converged)


def _owner_codes(owner: NDArray[np.generic]) -> Ints:
    labels = np.asarray(owner)
    codes = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    if np.issubdtype(labels.dtype, np.integer):
        codes[labels == UNOWNED] = UNOWNED
    return codes


def revised_price(
    price: float, nash: float, cost: float, floor: float, rules: PricingParameters
) -> float:
    """Next list price: part of the way to the target, capped, never below the floor.

    The target is c + (1 - omega)(p_Nash - c): vendors weigh share against profit. A vendor that
    subsidises starts from its floor instead of its cost.
    """
    base = min(cost, floor)
    target = max(base + (1 - rules.share_weight) * max(nash - cost, 0.0), 1e-4)
    moved = price * (target / price) ** rules.step if price > 0 else target
    bounded = min(max(moved, price * rules.largest_cut), price * rules.largest_rise)
    return max(bounded if price > 0 else moved, floor)


def serving_cost_open(active_params: float, total_params: float, rules: PricingParameters) -> float:
    """$ per Mtok to serve an open model at serving efficiency 1; parameters in billions.

    Sparse models cost more than their active parameters say: the rest must be held in memory.
    """
    sparsity = rules.serving_sparsity
    size = active_params ** (1 - sparsity) * total_params**sparsity
    return float(rules.serving_open * (size / 70.0) ** rules.serving_exponent)


def serving_cost_closed(tier: int, rules: PricingParameters) -> float:
    """$ per Mtok to serve a closed model of the tier at serving efficiency 1."""
    share = (rules.serving_small, rules.serving_medium, 1.0)[tier]
    return rules.serving_closed * share


def price_floor(tier: int, cost: float, rules: PricingParameters) -> float:
    """Lowest list price: serving cost less the subsidy paid out of cash."""
    subsidy = max(rules.subsidy, rules.subsidy_small) if tier == 0 else rules.subsidy
    return cost * (1 - subsidy)


def payment_days(rules: PricingParameters) -> float:
    """Days from use to payment; negative when paid ahead."""
    return rules.credit_days if rules.payment == "postpaid" else -rules.prepaid_days
