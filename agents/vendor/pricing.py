"""List prices: the Bertrand-Nash benchmark, the target a vendor revises toward, and costs."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import bare_kernel, inline_kernel
from agents.common.logit import Nests, choose, mean_surplus, nest_codes, probabilities, room_of
from agents.vendor.business_parameters import PricingParameters

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
UNOWNED = -1
"""Owner code of an offering whose price is given."""
BLOCK = 64
"""Types that are worked on at a time: what they need stays in the nearest memory."""


class Equilibrium(NamedTuple):
    """Prices at which no owner gains by changing its own, given the others'."""

    prices: Floats
    shares: Floats
    """(offerings,) inside shares; the outside option has the rest."""
    consumer_surplus: float
    """Mean over types, in money."""
    converged: bool


class Game(NamedTuple):
    """Who sells what to whom, as columns for compiled code: types in blocks of `BLOCK`."""

    types: int
    utility: Floats
    """(blocks, offerings, BLOCK) without price; what stands behind the last type is never used."""
    price_weight: Floats
    """(blocks, BLOCK)"""
    weight: Floats
    slope: Floats
    """(blocks, BLOCK) weight x price weight."""
    cost: Floats
    owner: Ints
    codes: Ints
    """(offerings,) nest."""
    pair: Ints
    """(offerings,) owner and nest together: offerings of one pair have one code."""
    scale: float
    """Dissimilarity."""


class Board(NamedTuple):
    """Working memory of the iteration: one block of types, and sums over all."""

    paid: Floats
    """(offerings, BLOCK) utility less price."""
    by_owner: Floats
    """(owners, BLOCK) margins earned from a type."""
    by_pair: Floats
    """(pairs, BLOCK) the same by owner and nest."""
    pull: Floats
    """(BLOCK,) what an owner's other offerings gain from a higher price, per utility lost."""
    sums: Floats
    """(offerings, 3, 4) share, slope of the own share and pull, in four partial sums each."""
    moved: Floats
    """(offerings,) next prices."""
    nests: Nests


def board_for(offerings: int, owners: int, pairs: int, nests: int) -> Board:
    """Working memory for games of at most so many."""
    return Board(
        np.empty((offerings, BLOCK)), np.empty((owners, BLOCK)), np.empty((pairs, BLOCK)),
        np.empty(BLOCK), np.empty((offerings, 3, 4)), np.empty(offerings),
        room_of(offerings, nests, BLOCK),
    )  # fmt: skip


@inline_kernel
def _collect(game: Game, prices: Floats, board: Board) -> None:
    """Add up margin x choice probability by owner and nest, and by owner."""
    board.by_owner[:] = 0.0
    board.by_pair[:] = 0.0
    for j in range(prices.size):
        if game.owner[j] < 0:
            continue
        margin, joint = prices[j] - game.cost[j], board.nests.joint[j]
        by_pair = board.by_pair[game.pair[j]]
        for i in range(BLOCK):
            by_pair[i] += margin * joint[i]
    nests = board.nests.top.shape[0]
    for pair in range(board.by_pair.shape[0]):
        by_owner, by_pair = board.by_owner[pair // nests], board.by_pair[pair]
        for i in range(BLOCK):
            by_owner[i] += by_pair[i]


@inline_kernel
def _add_products(
    weight: Floats, slope: Floats, joint: Floats, pull: Floats, count: int, sums: Floats
) -> None:
    """Add products to four partial sums each: one would wait for each addition to end."""
    a0, a1, a2, a3 = sums[0, 0], sums[0, 1], sums[0, 2], sums[0, 3]
    b0, b1, b2, b3 = sums[1, 0], sums[1, 1], sums[1, 2], sums[1, 3]
    c0, c1, c2, c3 = sums[2, 0], sums[2, 1], sums[2, 2], sums[2, 3]
    whole = count - count % 4
    for i in range(0, whole, 4):
        a0 += weight[i] * joint[i]
        a1 += weight[i + 1] * joint[i + 1]
        a2 += weight[i + 2] * joint[i + 2]
        a3 += weight[i + 3] * joint[i + 3]
        b0 += slope[i] * joint[i]
        b1 += slope[i + 1] * joint[i + 1]
        b2 += slope[i + 2] * joint[i + 2]
        b3 += slope[i + 3] * joint[i + 3]
        c0 += slope[i] * pull[i]
        c1 += slope[i + 1] * pull[i + 1]
        c2 += slope[i + 2] * pull[i + 2]
        c3 += slope[i + 3] * pull[i + 3]
    for i in range(whole, count):
        a0 += weight[i] * joint[i]
        b0 += slope[i] * joint[i]
        c0 += slope[i] * pull[i]
    sums[0, 0], sums[0, 1], sums[0, 2], sums[0, 3] = a0, a1, a2, a3
    sums[1, 0], sums[1, 1], sums[1, 2], sums[1, 3] = b0, b1, b2, b3
    sums[2, 0], sums[2, 1], sums[2, 2], sums[2, 3] = c0, c1, c2, c3


@inline_kernel
def _total(sums: Floats) -> float:
    return (sums[0] + sums[1]) + (sums[2] + sums[3])


@inline_kernel
def _weigh(game: Game, block: int, prices: Floats, board: Board) -> None:
    """Add a block of types to what next prices are made of."""
    _collect(game, prices, board)
    spill = (1.0 - game.scale) / game.scale
    count = min(game.types - block * BLOCK, BLOCK)
    weight, slope, pull = game.weight[block], game.slope[block], board.pull
    for j in range(prices.size):
        if game.owner[j] < 0:
            continue
        joint, within = board.nests.joint[j], board.nests.within[j]
        by_owner, by_pair = board.by_owner[game.owner[j]], board.by_pair[game.pair[j]]
        for i in range(BLOCK):
            # d s_k / d p_j = -a s_k (1[k=j] / scale - spill s_{j|nest} 1[same nest] - s_j)
            pull[i] = joint[i] * by_owner[i] + spill * within[i] * by_pair[i]
        _add_products(weight, slope, joint, pull, count, board.sums[j])


@inline_kernel
def _markups(game: Game, prices: Floats, board: Board) -> None:
    """Next prices by the zeta map of Morrow and Skerlos (2011): margin = zeta(margin)."""
    board.sums[:] = 0.0
    for block in range(game.utility.shape[0]):
        for j in range(prices.size):
            paid, utility, price = board.paid[j], game.utility[block, j], prices[j]
            price_weight = game.price_weight[block]
            for i in range(BLOCK):
                paid[i] = utility[i] - price_weight[i] * price
        choose(board.paid, BLOCK, game.codes, game.scale, board.nests)
        _weigh(game, block, prices, board)
    for j in range(prices.size):
        board.moved[j] = prices[j]
        own = _total(board.sums[j, 1])
        if game.owner[j] >= 0 and own > 0.0:
            share, cross = _total(board.sums[j, 0]), _total(board.sums[j, 2])
            board.moved[j] = game.cost[j] + (cross + share) / own * game.scale


@inline_kernel
def settle_prices(
    game: Game, board: Board, prices: Floats, iterations: int, tolerance: float
) -> bool:
    """Move `prices` to the fixed point, in place; False if it was not reached."""
    for _ in range(iterations):
        _markups(game, prices, board)
        still = True
        for j in range(prices.size):
            still &= abs(board.moved[j] - prices[j]) <= tolerance * (1.0 + abs(prices[j]))
            prices[j] = board.moved[j]
        if still:
            return True
    return False


@bare_kernel
def _settle_prices(
    game: Game, board: Board, prices: Floats, iterations: int, tolerance: float
) -> bool:
    return settle_prices(game, board, prices, iterations, tolerance)


def in_blocks(by_type: Floats) -> Floats:
    """(..., types) as (blocks, ..., BLOCK), with zeros behind the last type."""
    types = by_type.shape[-1]
    blocks = -(-types // BLOCK)
    padded = np.zeros((*by_type.shape[:-1], blocks * BLOCK))
    padded[..., :types] = by_type
    split = padded.reshape((*by_type.shape[:-1], blocks, BLOCK))
    return np.ascontiguousarray(np.moveaxis(split, -2, 0))


def game_of(
    utility: Floats, price_weight: Floats, weight: Floats, cost: Floats, owner: Ints, codes: Ints,
    scale: float,
) -> Game:  # fmt: skip
    """The game of owners 0, 1, ... (`UNOWNED` for given prices) and nests 0, 1, ...

    utility: (offerings, types); weight: (types,) of any sum.
    """
    nests = int(codes.max()) + 1 if codes.size else 1
    return Game(
        utility.shape[1], in_blocks(utility), in_blocks(price_weight), in_blocks(weight),
        in_blocks(weight * price_weight), cost, owner, codes,
        np.maximum(owner, 0) * nests + codes, scale,
    )  # fmt: skip


def solve(game: Game, prices: Floats, iterations: int, tolerance: float) -> bool:
    """Move `prices` to the fixed point, in place; False if it was not reached."""
    owners, pairs, nests = (
        max(int(c.max()) + 1, 1) if c.size else 1 for c in (game.owner, game.pair, game.codes)
    )
    board = board_for(len(prices), owners, pairs, nests)
    return bool(_settle_prices(game, board, prices, iterations, tolerance))


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
    found = probabilities(np.asarray(utility, float) - price_weight[:, None] * prices, codes, scale)
    shares = (weight[:, None] * found.joint).sum(axis=0)
    return Equilibrium(prices, shares, mean_surplus(found, price_weight, weight), converged)


def _owner_codes(owner: NDArray[np.generic]) -> Ints:
    labels = np.asarray(owner)
    codes = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    if np.issubdtype(labels.dtype, np.integer):
        codes[labels == UNOWNED] = UNOWNED
    return codes


def target_price(nash: float, cost: float, floor: float, rules: PricingParameters) -> float:
    """Where a revision goes if it goes all the way, never below the floor.

    c + (1 - omega)(p_Nash - c): vendors weigh share against profit. A vendor that subsidises
    starts from its floor instead of its cost.
    """
    return max(_aim(nash, cost, floor, rules), floor)


def _aim(nash: float, cost: float, floor: float, rules: PricingParameters) -> float:
    base = min(cost, floor)
    return max(base + (1 - rules.share_weight) * max(nash - cost, 0.0), 1e-4)


def revised_price(
    price: float, nash: float, cost: float, floor: float, rules: PricingParameters
) -> float:
    """Next list price: part of the way to the target, capped, never below the floor."""
    target = _aim(nash, cost, floor, rules)
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
