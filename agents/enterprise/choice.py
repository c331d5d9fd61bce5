"""How one due slot chooses: a nested logit draw with addressed noise, and why it chose so."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import inline_kernel
from agents.common.logit import logit_shares
from agents.common.mathematics import fast_exp, fast_log, gumbel
from agents.common.offers import ClassLists
from agents.common.randomness import draw
from agents.common.vocabulary import NONE
from agents.enterprise.columns import SLOTS_A_FIRM
from agents.enterprise.evaluation import (
    Buyer,
    Parts,
    Platforms,
    Rules,
    parts_of,
    worth,
)

OUTSIDE_KEY = 0x0075_51DE
"""Address of the outside option's noise, apart from any vendor's."""

__all__ = ["Keys", "choose", "logit_shares"]


class Keys(NamedTuple):
    """Keys of the random streams that enterprises draw from."""

    nest: np.uint64
    offering: np.uint64
    taste: np.uint64
    wake: np.uint64
    restriction: np.uint64
    retender: np.uint64
    renewal: np.uint64


class Scratch(NamedTuple):
    """Working memory of one block."""

    utility: NDArray[np.float32]
    """(longest list,)"""
    considered: NDArray[np.int8]
    """(longest list,)"""
    tastes: NDArray[np.float32]
    """(vendors,) of the firm at hand."""
    one_offs: NDArray[np.float64]
    """(slots of a firm,) months of value paid once."""
    levels: NDArray[np.int8]
    """(slots of a firm,) how widely each looks this month; see `month.due`."""


def scratch_for(lists: ClassLists, vendors: int) -> Scratch:
    """Working memory for these lists."""
    longest = max(int(np.diff(lists.start).max()), 1)
    return Scratch(
        np.empty(longest, np.float32), np.zeros(longest, np.int8), np.empty(vendors, np.float32),
        np.zeros(SLOTS_A_FIRM), np.zeros(SLOTS_A_FIRM, np.int8),
    )  # fmt: skip


@inline_kernel
def considered(lists: ClassLists, buyer: Buyer, k: int, inside: bool) -> bool:
    """Whether entry `k` is looked at: on the list or held, and of the vendor if `inside`."""
    if inside and lists.vendor[k] != buyer.held_vendor:
        return False
    if lists.row[k] == buyer.held_row:
        return True
    if lists.tuning_price[k] > 0.0 and buyer.training <= 0.0:
        return False
    return lists.listed[k] == 1


@inline_kernel
def utilities(
    rules: Rules, buyer: Buyer, lists: ClassLists, platforms: Platforms, bounds: tuple[int, int],
    inside: bool, tastes: NDArray[np.float32], peers: NDArray[np.float32], scratch: Scratch,
) -> None:  # fmt: skip
    """Fill the scratch with the utility of every entry of a list."""
    start, end = bounds
    for k in range(start, end):
        look = considered(lists, buyer, k, inside)
        scratch.considered[k - start] = look
        if look:
            parts = parts_of(rules, buyer, lists, platforms, k)
            vendor = lists.vendor[k]
            fit = tastes[vendor] + rules.peer_weight * peers[vendor]
            scratch.utility[k - start] = buyer.theta * (worth(rules, parts) + fit)


@inline_kernel
def best_of_nest(
    lists: ClassLists, scratch: Scratch, begin: int, end: int, start: int, scale: float,
    key: np.uint64, month: int, slot: int,
) -> tuple[float, int]:  # fmt: skip
    """Inclusive value of a nest (entries `begin` to `end`) and the entry drawn within it."""
    top = -np.inf
    for k in range(begin, end):
        if scratch.considered[k - start]:
            top = max(top, float(scratch.utility[k - start]))
    if top == -np.inf:
        return -np.inf, NONE
    total, best, chosen = 0.0, -np.inf, NONE
    for k in range(begin, end):
        if scratch.considered[k - start]:
            scaled = np.float32((scratch.utility[k - start] - top) / scale)
            total += float(fast_exp(scaled))
            word = draw(key, month, slot, lists.key[k], lists.variant[k])
            luck = float(scaled) + float(gumbel(word))
            if luck > best:
                best, chosen = luck, k
    return top + scale * float(fast_log(np.float32(total))), chosen


@inline_kernel
def choose(
    rules: Rules, lists: ClassLists, bounds: tuple[int, int], scratch: Scratch,
    vendor_keys: NDArray[np.uint32], keys: Keys, month: int, slot: int,
) -> int:  # fmt: skip
    """Entry drawn by the nested logit from filled utilities; -1 for the outside option.

    The luck of a vendor is the firm's, that of an offering and of the outside option the slot's:
    slots that are tendered together tend to go to the same vendor.
    """
    start, end = bounds
    best = float(gumbel(draw(keys.nest, month, slot, OUTSIDE_KEY, 0)))
    chosen = NONE
    begin = start
    while begin < end:
        vendor = lists.vendor[begin]
        stop = begin + 1
        while stop < end and lists.vendor[stop] == vendor:
            stop += 1
        value, entry = best_of_nest(
            lists, scratch, begin, stop, start, rules.dissimilarity, keys.offering, month, slot
        )
        if entry != NONE:
            firm = slot // SLOTS_A_FIRM
            luck = value + float(gumbel(draw(keys.nest, month, firm, vendor_keys[vendor], 1)))
            if luck > best:
                best, chosen = luck, entry
        begin = stop
    return chosen


@inline_kernel
def best_alternative(
    lists: ClassLists, bounds: tuple[int, int], scratch: Scratch, chosen: int
) -> int:
    """Entry of highest utility among those of the other openness than the chosen one."""
    start, end = bounds
    best, found = -np.inf, NONE
    for k in range(start, end):
        other = lists.open[k] != lists.open[chosen]
        if scratch.considered[k - start] and other and scratch.utility[k - start] > best:
            best, found = float(scratch.utility[k - start]), k
    return found


@inline_kernel
def add_terms(
    target: NDArray[np.float64], first: int, weight: float, rules: Rules, parts: Parts,
    fit: float,
) -> None:  # fmt: skip
    """Add the eight terms of a utility (fractions of V), times weight, from column `first`."""
    target[first] += weight * parts.success
    target[first + 1] -= weight * parts.cost
    target[first + 2] -= weight * parts.risk
    target[first + 3] -= weight * parts.switch / rules.holding
    target[first + 4] -= weight * parts.integration / rules.holding
    target[first + 5] += weight * parts.packaging
    target[first + 6] += weight * parts.control
    target[first + 7] += weight * fit
