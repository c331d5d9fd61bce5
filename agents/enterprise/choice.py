"""How one due slot chooses: a nested logit draw with addressed noise, and why it chose so."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import inline_kernel, vector_kernel
from agents.common.logit import logit_shares
from agents.common.mathematics import fast_exp, fast_log, gumbel
from agents.common.offers import BookRows
from agents.common.randomness import draw
from agents.common.vocabulary import NONE
from agents.enterprise.evaluation import Buyer, Parts, Rules
from agents.enterprise.nests import NestLists
from agents.enterprise.utilities import CHUNK, Scratch, ideal

OUTSIDE_KEY = 0x0075_51DE
"""Address of the outside option's noise, apart from any vendor's."""

__all__ = ["Keys", "choose", "logit_shares"]


class Keys(NamedTuple):
    """Keys of the random streams that enterprises draw from."""

    nest: np.uint64
    offering: np.uint64
    taste: np.uint64
    firm: np.uint64
    """Restrictions, waking, tenders and the coming of new frontier work, by (month, firm)."""
    renewal: np.uint64
    """How difficult new frontier work is."""


HALF_NEVER = np.float32(-5e29)
"""Utilities below this are of what is not considered."""


@vector_kernel
def fill_tops(nests: NestLists, scratch: Scratch, looked: tuple[int, int], origin: int) -> None:
    """Fill `top`: lane by lane within each nest, then nest by nest over the lanes."""
    lanes, part = scratch.lanes, scratch.partial
    for nest in range(looked[0], looked[1]):
        first = np.uint64(nests.start[nest] - origin)
        chunks = np.uint64(nests.start[nest + 1] - nests.start[nest]) // CHUNK
        for lane in range(CHUNK):
            lanes[lane] = scratch.utility[first + lane]
        for chunk in range(np.uint64(1), chunks):
            for lane in range(CHUNK):
                u = scratch.utility[first + chunk * CHUNK + lane]
                lanes[lane] = max(lanes[lane], u)
        for lane in range(CHUNK):
            part[lane, np.uint64(nest - looked[0])] = lanes[lane]
    for i in range(np.uint64(scratch.top.size)):
        low = max(max(part[0, i], part[4, i]), max(part[2, i], part[6, i]))
        high = max(max(part[1, i], part[5, i]), max(part[3, i], part[7, i]))
        scratch.top[i] = max(low, high)


@vector_kernel
def fill_values(
    nests: NestLists, scratch: Scratch, looked: tuple[int, int], origin: int, scale: np.float32,
    factor: np.float32,
) -> None:  # fmt: skip
    """Fill inclusive `value` of each nest: scale x ln of summed exp of u / scale; needs `top`."""
    lanes, part = scratch.lanes, scratch.partial
    for nest in range(looked[0], looked[1]):
        place = np.uint64(nest - looked[0])
        first, top = np.uint64(nests.start[nest] - origin), scratch.top[place]
        n = np.uint64(nests.start[nest + 1] - nests.start[nest])
        for i in range(n):
            scratch.power[first + i] = fast_exp((scratch.utility[first + i] - top) * factor)
        for lane in range(CHUNK):
            lanes[lane] = scratch.power[first + lane]
        for chunk in range(np.uint64(1), n // CHUNK):
            for lane in range(CHUNK):
                lanes[lane] += scratch.power[first + chunk * CHUNK + lane]
        for lane in range(CHUNK):
            part[lane, place] = lanes[lane]
    for i in range(np.uint64(scratch.value.size)):
        low = (part[0, i] + part[4, i]) + (part[2, i] + part[6, i])
        high = (part[1, i] + part[5, i]) + (part[3, i] + part[7, i])
        scratch.value[i] = scratch.top[i] + scale * fast_log(low + high)


@inline_kernel
def value_nests(
    nests: NestLists, scratch: Scratch, looked: tuple[int, int], origin: int, scale: float
) -> None:
    """Fill `top` and inclusive `value` of each nest looked at."""
    fill_tops(nests, scratch, looked, origin)
    fill_values(nests, scratch, looked, origin, np.float32(scale), np.float32(1.0 / scale))


@vector_kernel
def draw_entry_noise(
    nests: NestLists, scratch: Scratch, first: int, last: int, origin: int, factor: np.float32,
    key: np.uint64, month: int, slot: int,
) -> None:  # fmt: skip
    """Fill `power` with utility over the dissimilarity and noise of an offering."""
    k, at = np.uint64(first), np.uint64(first - origin)
    n = np.uint64(last - first)
    for i in range(n):
        scratch.word[i] = draw(key, month, slot, nests.key[k + i], nests.variant[k + i])
    for i in range(n):
        scratch.power[i] = scratch.utility[at + i] * factor + gumbel(scratch.word[i])


@inline_kernel
def entry_in_nest(
    rules: Rules, nests: NestLists, scratch: Scratch, nest: int, origin: int, held: int,
    buyer: Buyer, keys: Keys, month: int, slot: int,
) -> int:  # fmt: skip
    """Entry drawn within a nest: noise of the offering, addressed by model and variant."""
    first, last = nests.start[nest], nests.start[nest + 1]
    factor = np.float32(1.0 / rules.dissimilarity)
    draw_entry_noise(nests, scratch, first, last, origin, factor, keys.offering, month, slot)
    if first <= held < last and nests.row[held] == NONE:
        word = draw(keys.offering, month, slot, int(buyer.held_model_key), buyer.held_variant)
        scratch.power[held - first] = scratch.utility[held - origin] * factor + gumbel(word)
    chosen = 0
    for i in range(1, last - first):
        if scratch.power[i] > scratch.power[chosen]:
            chosen = i
    return first + chosen


@inline_kernel
def choose(
    rules: Rules, nests: NestLists, scratch: Scratch, code: int, looked: tuple[int, int],
    held: int, buyer: Buyer, keys: Keys, month: int, slot: int,
) -> int:  # fmt: skip
    """Entry drawn by the nested logit from filled utilities; -1 for the outside option.

    held: entry of what the slot holds. The luck of a vendor is the firm's, that of an offering and
    of the outside option the slot's: slots that are tendered together tend to go to one vendor.
    """
    origin = nests.start[nests.first_nest[code]]
    value_nests(nests, scratch, looked, origin, rules.dissimilarity)
    best = np.float32(-ideal(buyer)) + gumbel(draw(keys.nest, month, slot, OUTSIDE_KEY, 0))
    chosen = NONE
    for nest in range(looked[0], looked[1]):
        vendor = nests.vendor[nest]
        if vendor == NONE:
            vendor = buyer.held_vendor
        value = scratch.value[nest - looked[0]] + scratch.luck[vendor]
        if value > best:
            best, chosen = value, nest
    if chosen == NONE:
        return NONE
    return entry_in_nest(rules, nests, scratch, chosen, origin, held, buyer, keys, month, slot)


@inline_kernel
def best_alternative(
    nests: NestLists, book: BookRows, scratch: Scratch, code: int, looked: tuple[int, int],
    held: int, buyer: Buyer, chosen: int,
) -> int:  # fmt: skip
    """Row of highest utility among those of the other openness than the chosen; -1 if none."""
    origin, wanted = nests.start[nests.first_nest[code]], 1 - book[chosen].open
    best, found = HALF_NEVER, NONE
    for nest in range(looked[0], looked[1]):
        if scratch.top[nest - looked[0]] <= best:
            continue
        for k in range(nests.start[nest], nests.start[nest + 1]):
            row = buyer.held_row if k == held else nests.row[k]
            if scratch.utility[k - origin] > best and book[row].open == wanted:
                best, found = scratch.utility[k - origin], row
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
