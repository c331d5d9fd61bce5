"""List prices: the Bertrand-Nash benchmark, the target a vendor revises toward, and costs."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import bare_kernel, inline_kernel
from agents.common.logit import Nests, choose, mean_surplus, nest_codes, probabilities, room_for
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


class Game(NamedTuple):
    """Who sells what to whom, as columns for compiled code."""

    utility: Floats
    """(offerings, types) without price."""
    price_weight: Floats
    weight: Floats
    slope: Floats
    """(types,) weight x price weight."""
    cost: Floats
    owner: Ints
    codes: Ints
    """(offerings,) nest."""
    pair: Ints
    """(offerings,) owner and nest together: offerings of one pair have one code."""
    scale: float
    """Dissimilarity."""


class Board(NamedTuple):
    """Working memory of the iteration."""

    paid: Floats
    """(offerings, types) utility less price."""
    by_owner: Floats
    """(owners, types) margins earned from a type."""
    by_pair: Floats
    """(pairs, types) the same by owner and nest."""
    pull: Floats
    """(types,) what an owner's other offerings gain from a higher price, per utility lost."""
    moved: Floats
    """(offerings,) next prices."""


@inline_kernel
def _dot(a: Floats, b: Floats) -> float:
    """Sum of products in four partial sums: one would wait for each addition to end."""
    s0 = s1 = s2 = s3 = 0.0
    whole = a.size - a.size % 4
    for i in range(0, whole, 4):
        s0 += a[i] * b[i]
        s1 += a[i + 1] * b[i + 1]
        s2 += a[i + 2] * b[i + 2]
        s3 += a[i + 3] * b[i + 3]
    for i in range(whole, a.size):
        s0 += a[i] * b[i]
    return (s0 + s1) + (s2 + s3)


@inline_kernel
def _collect(game: Game, nests: Nests, prices: Floats, board: Board) -> None:
    """Add up margin x choice probability by owner, and by owner and nest."""
    offerings, types = game.utility.shape
    board.by_owner[:] = 0.0
    board.by_pair[:] = 0.0
    for j in range(offerings):
        if game.owner[j] < 0:
            continue
        margin, joint = prices[j] - game.cost[j], nests.joint[j]
        by_owner, by_pair = board.by_owner[game.owner[j]], board.by_pair[game.pair[j]]
        for i in range(types):
            by_owner[i] += margin * joint[i]
        for i in range(types):
            by_pair[i] += margin * joint[i]


@inline_kernel
def _markups(game: Game, nests: Nests, prices: Floats, board: Board) -> None:
    """Next prices by the zeta map of Morrow and Skerlos (2011): margin = zeta(margin)."""
    offerings, types = game.utility.shape
    _collect(game, nests, prices, board)
    spill = (1.0 - game.scale) / game.scale
    for j in range(offerings):
        board.moved[j] = prices[j]
        if game.owner[j] < 0:
            continue
        joint, within, pull = nests.joint[j], nests.within[j], board.pull
        by_owner, by_pair = board.by_owner[game.owner[j]], board.by_pair[game.pair[j]]
        for i in range(types):
            # d s_k / d p_j = -a s_k (1[k=j] / scale - spill s_{j|nest} 1[same nest] - s_j)
            pull[i] = joint[i] * by_owner[i] + spill * within[i] * by_pair[i]
        share, own = _dot(game.weight, joint), _dot(game.slope, joint)
        if own > 0.0:
            cross = _dot(game.slope, pull)
            board.moved[j] = game.cost[j] + (cross + share) / own * game.scale


@bare_kernel
def _iterate(
    game: Game, nests: Nests, board: Board, prices: Floats, iterations: int, tolerance: float
) -> bool:
    offerings, types = game.utility.shape
    for _ in range(iterations):
        for j in range(offerings):
            paid, utility, price = board.paid[j], game.utility[j], prices[j]
            for i in range(types):
                paid[i] = utility[i] - game.price_weight[i] * price
        choose(board.paid, game.codes, game.scale, nests)
        _markups(game, nests, prices, board)
        still = True
        for j in range(offerings):
            still &= abs(board.moved[j] - prices[j]) <= tolerance * (1.0 + abs(prices[j]))
            prices[j] = board.moved[j]
        if still:
            return True
    return False


def game_of(
    utility: Floats, price_weight: Floats, weight: Floats, cost: Floats, owner: Ints, codes: Ints,
    scale: float,
) -> Game:  # fmt: skip
    """The game of owners 0, 1, ... (`UNOWNED` for given prices) and nests 0, 1, ...

    utility: (offerings, types); weight: (types,) of any sum.
    """
    nests = int(codes.max()) + 1 if codes.size else 1
    return Game(
        np.ascontiguousarray(utility, dtype=np.float64), price_weight, weight,
        weight * price_weight, cost, owner, codes, np.maximum(owner, 0) * nests + codes, scale,
    )  # fmt: skip


def solve(game: Game, prices: Floats, iterations: int, tolerance: float) -> bool:
    """Move `prices` to the fixed point, in place; False if it was not reached."""
    types = game.utility.shape[1]
    owners, pairs = (max(int(c.max()) + 1, 1) if c.size else 1 for c in (game.owner, game.pair))
    board = Board(
        np.empty_like(game.utility), np.empty((owners, types)), np.empty((pairs, types)),
        np.empty(types), np.empty_like(prices),
    )  # fmt: skip
    nests = room_for(game.utility, game.codes)
    return bool(_iterate(game, nests, board, prices, iterations, tolerance))


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
    equilibrium prices under mixed-logit demand". Cost: iterations x types x offerings.
    """
    price_weight = np.ascontiguousarray(price_weight, dtype=np.float64)
    if not np.all(price_weight > 0):
        raise ValueError("price_weight must be positive for every type")
    weight = np.asarray(weight, float) / np.sum(weight)
    owners = _owner_codes(owner)
    codes = nest_codes(nest, np.shape(utility)[1])
    scale = float(dissimilarity) if nest is not None else 1.0
    prices = np.array(cost if start is None else start, dtype=float)
    game = game_of(
        np.transpose(utility), price_weight, weight, np.asarray(cost, float), owners, codes, scale
    )
    converged = solve(game, prices, iterations, tolerance)
    found = probabilities(np.transpose(game.utility) - price_weight[:, None] * prices, codes, scale)
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
