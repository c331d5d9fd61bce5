"""How one due slot chooses: a nested logit draw with addressed noise, and why it chose so."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import inline_kernel
from agents.common.logit import logit_shares
from agents.common.mathematics import fast_exp, fast_log, gumbel
from agents.common.offers import BookRows, ClassLists
from agents.common.randomness import draw
from agents.common.vocabulary import NONE
from agents.enterprise.evaluation import Buyer, Parts, Rules
from agents.enterprise.utilities import NEVER, Scratch

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


@inline_kernel
def run_range(lists: ClassLists, code: int, first: int, last: int) -> tuple[int, int]:
    """First and last (exclusive) run of entries `first` to `last` of a class."""
    begin, end = lists.first_run[code], lists.first_run[code + 1]
    while begin < end and lists.run[begin] < first:
        begin += 1
    while end > begin and lists.run[end] > last:
        end -= 1
    return begin, end


@inline_kernel
def fill_tops(lists: ClassLists, scratch: Scratch, start: int, runs: tuple[int, int]) -> None:
    """Largest utility of each run."""
    for run in range(runs[0], runs[1]):
        top = scratch.utility[lists.run[run] - start]
        for k in range(lists.run[run] + 1, lists.run[run + 1]):
            top = max(top, scratch.utility[k - start])
        scratch.top[run - runs[0]] = top


@inline_kernel
def inclusive_value(
    scratch: Scratch, begin: int, end: int, extra: float, top: float, scale: float
) -> float:
    """scale x ln of a nest's summed exponentials of u / scale; positions `begin` to `end`."""
    total = float(fast_exp(np.float32((extra - top) / scale))) if extra > HALF_NEVER else 0.0
    low, factor = np.float32(top), np.float32(1.0 / scale)
    for i in range(begin, end):
        total += float(fast_exp((scratch.utility[i] - low) * factor))
    return top + scale * float(fast_log(np.float32(total)))


class Nest(NamedTuple):
    """A vendor's entries among those looked at."""

    begin: int
    end: int
    """Positions in the scratch."""
    next_run: int
    extra: float
    """Utility of what is held off the list if it is this vendor's, else `NEVER`."""
    top: float


@inline_kernel
def nest_at(
    lists: ClassLists, scratch: Scratch, start: int, runs: tuple[int, int], run: int,
    held_vendor: int, extra: float,
) -> Nest:  # fmt: skip
    """The nest whose first run is `run`."""
    vendor = lists.vendor[lists.run[run]]
    mine = extra if vendor == held_vendor else np.float64(NEVER)
    top = max(mine, np.float64(scratch.top[run - runs[0]]))
    stop = run + 1
    if stop < runs[1] and lists.vendor[lists.run[stop]] == vendor:
        top = max(top, np.float64(scratch.top[stop - runs[0]]))
        stop += 1
    return Nest(lists.run[run] - start, lists.run[stop] - start, stop, mine, top)


@inline_kernel
def entry_in_nest(
    rules: Rules, lists: ClassLists, book: BookRows, scratch: Scratch, start: int, nest: Nest,
    held_row: int, keys: Keys, month: int, slot: int,
) -> int:  # fmt: skip
    """Row drawn within a nest: noise of the offering, addressed by model and variant."""
    first, count = start + nest.begin, nest.end - nest.begin
    for i in range(count):
        scratch.word[i] = draw(
            keys.offering, month, slot, lists.key[first + i], lists.variant[first + i]
        )
    low, factor = np.float32(nest.top), np.float32(1.0 / rules.dissimilarity)
    for i in range(count):
        noise = gumbel(scratch.word[i])
        scratch.noisy[i] = (scratch.utility[nest.begin + i] - low) * factor + noise
    best, chosen = np.float64(NEVER), NONE
    for i in range(count):
        if scratch.noisy[i] > best:
            best, chosen = scratch.noisy[i], lists.row[first + i]
    if nest.extra > HALF_NEVER:
        variant = book[held_row].access + 3 * book[held_row].tuned
        word = draw(keys.offering, month, slot, book[held_row].key, variant)
        luck = (nest.extra - nest.top) / rules.dissimilarity + float(gumbel(word))
        if luck > best:
            chosen = held_row
    return chosen


@inline_kernel
def choose(
    rules: Rules, lists: ClassLists, book: BookRows, scratch: Scratch, code: int,
    looked: tuple[int, int, float], buyer: Buyer, keys: Keys, month: int, slot: int,
) -> int:  # fmt: skip
    """Row drawn by the nested logit from filled utilities; -1 for the outside option.

    The luck of a vendor is the firm's, that of an offering and of the outside option the slot's:
    slots that are tendered together tend to go to the same vendor. A nest is worth its best entry
    at least, and that plus scale x ln of their number at most: most nests need no more.
    """
    first, last, extra = looked
    start, scale = lists.start[code], rules.dissimilarity
    runs = run_range(lists, code, first, last)
    fill_tops(lists, scratch, start, runs)
    outside = float(gumbel(draw(keys.nest, month, slot, OUTSIDE_KEY, 0)))
    bar, found, run = outside, False, runs[0]
    while run < runs[1]:
        nest = nest_at(lists, scratch, start, runs, run, buyer.held_vendor, extra)
        bar = max(bar, nest.top + scratch.luck[lists.vendor[lists.run[run]]])
        if nest.extra > HALF_NEVER:
            found = True
        run = nest.next_run
    best = outside
    chosen = Nest(0, 0, 0, np.float64(NEVER), np.float64(NEVER))
    if extra > HALF_NEVER and not found:
        value = extra + scratch.luck[buyer.held_vendor]
        if value > best:
            best, chosen = value, Nest(0, 0, 0, extra, extra)
    run = runs[0]
    while run < runs[1]:
        nest = nest_at(lists, scratch, start, runs, run, buyer.held_vendor, extra)
        luck = scratch.luck[lists.vendor[lists.run[run]]]
        most = nest.top + scale * scratch.log_count[nest.end - nest.begin + 1] + luck
        if nest.top > HALF_NEVER and most >= bar:
            value = luck + inclusive_value(
                scratch, nest.begin, nest.end, nest.extra, nest.top, scale
            )
            if value > best:
                best, chosen = value, nest
        run = nest.next_run
    if chosen.top <= HALF_NEVER:
        return NONE
    return entry_in_nest(
        rules, lists, book, scratch, start, chosen, buyer.held_row, keys, month, slot
    )


@inline_kernel
def best_alternative(
    lists: ClassLists, book: BookRows, scratch: Scratch, code: int,
    looked: tuple[int, int, float], buyer: Buyer, chosen: int,
) -> int:  # fmt: skip
    """Row of highest utility among those of the other openness than the chosen; -1 if none."""
    first, last, extra = looked
    start, found = lists.start[code], NONE
    runs = run_range(lists, code, first, last)
    best, at = HALF_NEVER, NONE
    for run in range(runs[0], runs[1]):
        other = lists.open[lists.run[run]] != book[chosen].open
        if other and scratch.top[run - runs[0]] > best:
            best, at = scratch.top[run - runs[0]], run
    if at != NONE:
        for k in range(lists.run[at], lists.run[at + 1]):
            if scratch.utility[k - start] == best:
                found = lists.row[k]
    if extra > best and buyer.held_open != book[chosen].open:
        found = buyer.held_row
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
