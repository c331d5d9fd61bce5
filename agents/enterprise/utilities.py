"""Utilities of a whole list at once: the terms of `evaluation.py` as loops over short buffers.

Each loop has one output and a handful of contiguous inputs in float32, so that it becomes vector
code. What does not depend on the slot is prepared once for the slots of a firm that decide in a
month. The row held, and other rows of its vendor, have one-off terms of their own.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import inline_kernel
from agents.common.mathematics import sigmoid
from agents.common.offers import BookRows, ClassLists
from agents.common.vocabulary import NONE
from agents.enterprise.columns import SLOTS_A_FIRM
from agents.enterprise.evaluation import (
    Buyer,
    Platforms,
    Rules,
    is_known,
    known_integration,
    needs_no_integration,
    parts_of,
    vendor_charge,
    worth,
)

F32 = NDArray[np.float32]
NEVER = np.float32(-1e30)
"""Utility of what a slot does not consider."""


class Scratch(NamedTuple):
    """Working memory of one block; entries of a list are counted from its start."""

    utility: F32
    rent: F32
    base: F32
    """What a firm's slots share, fraction of V."""
    months: F32
    """One-off terms of vendors other than the incumbent, over the holding time."""
    lift: F32
    """What a firm's platform adds before its fee."""
    own: F32
    """One-off terms of the incumbent's entries."""
    top: F32
    """Largest utility of each run."""
    fit: F32
    """(vendors,) taste and peers of the firm at hand."""
    taste: F32
    """(vendors,)"""
    luck: F32
    """(vendors,) the firm's luck with each this month."""
    word: NDArray[np.uint32]
    """Random bits of entries or vendors."""
    noisy: F32
    """Utility over the dissimilarity, with noise, of the entries of a nest."""
    log_count: NDArray[np.float64]
    """ln of 0, 1, 2, ..."""
    one_offs: NDArray[np.float64]
    """(slots of a firm,) months of value paid once."""
    levels: NDArray[np.int8]
    """(slots of a firm,) how widely each looks this month; see `calling.calls`."""


def scratch_for(lists: ClassLists, vendors: int) -> Scratch:
    """Working memory for these lists."""
    longest = max(int(np.diff(lists.start).max()), 1)
    runs = max(int(np.diff(lists.first_run).max()), 1)
    with np.errstate(divide="ignore"):
        log_count = np.log(np.arange(longest + 2))
    utility, rent, base, months, lift, own, noisy = np.zeros((7, longest), np.float32)
    fit, taste, luck = np.zeros((3, vendors), np.float32)
    return Scratch(
        utility, rent, base, months, lift, own, np.zeros(runs, np.float32), fit, taste, luck,
        np.zeros(max(longest, vendors), np.uint32), noisy, log_count, np.zeros(SLOTS_A_FIRM),
        np.zeros(SLOTS_A_FIRM, np.int8),
    )  # fmt: skip


class Firm(NamedTuple):
    """What the slots of a firm share when they decide."""

    risk: float
    """Risk weight x sensitivity."""
    unskilled: float
    control: float
    platform: int
    portfolio: np.uint64


@inline_kernel
def prepare(
    rules: Rules, lists: ClassLists, platforms: Platforms, code: int, begin: int, end: int,
    firm: Firm, scratch: Scratch,
) -> None:  # fmt: skip
    """Fill `base`, `months` and `lift` of entries `begin` to `end` for a firm of a class.

    `fit` must hold the firm's fit with their vendors.
    """
    start = lists.start[code]
    risk, skill = np.float32(firm.risk), np.float32(firm.risk * firm.unskilled)
    control = np.float32(firm.control)
    at = begin - start
    for i in range(end - begin):
        k = begin + i
        scratch.base[at + i] = (
            lists.packaging[k] + control * lists.control[k]
            - risk * lists.exposure[k] - skill * lists.exposure_skill[k]
        )  # fmt: skip
    for run in range(lists.first_run[code], lists.first_run[code + 1]):
        first, last = lists.run[run], lists.run[run + 1]
        if first < begin or last > end:
            continue
        vendor = lists.vendor[first]
        known = is_known(firm.portfolio, vendor)
        service = known_integration(rules, known)
        charge = vendor_charge(rules, firm.portfolio, known)
        always = charge + (rules.integration_open if lists.open[first] == 1 else 0.0)
        selfhost = np.float32(service * (rules.integration_selfhost - 1.0) / rules.holding)
        months = np.float32((service + always) / rules.holding)
        fit = scratch.fit[vendor]
        for k in range(first, last):
            scratch.base[k - start] += fit
            scratch.months[k - start] = months + selfhost * lists.selfhost[k]
        if firm.platform != NONE:
            packaging = platforms.packaging[firm.platform]
            spared = np.float32(charge / rules.holding)
            for k in range(first, last):
                better = max(packaging - lists.packaging[k], np.float32(0.0))
                scratch.lift[k - start] = better + spared


@inline_kernel
def fill(
    rules: Rules, buyer: Buyer, lists: ClassLists, platforms: Platforms, start: int, first: int,
    last: int, one_off: F32, closed: float, opened: float, scratch: Scratch,
) -> None:  # fmt: skip
    """Fill utilities of entries `first` to `last` of a list that starts at `start`.

    one_off: buffer of one-off terms; closed, opened: what is added to them by openness.
    """
    n, at = last - first, first - start
    u, rent = scratch.utility, scratch.rent
    slope, gain = np.float32(rules.slope), np.float32(buyer.gain)
    difficulty = np.float32(buyer.difficulty)
    if rules.linear:
        quarter, half = np.float32(0.25 * rules.slope), np.float32(0.5)
        for i in range(n):
            k = first + i
            u[at + i] = half + quarter * (lists.q[k] + gain * lists.gain[k] - difficulty)
    else:
        for i in range(n):
            k = first + i
            u[at + i] = sigmoid(slope * (lists.q[k] + gain * lists.gain[k] - difficulty))
    constant, more = np.float32(closed), np.float32(opened - closed)
    for i in range(n):
        u[at + i] += scratch.base[at + i] - one_off[at + i] - more * lists.opened[first + i]
    per_price = np.float32(buyer.credit / buyer.value)
    stake = buyer.value * buyer.tokens
    per_training = np.float32(buyer.training / (stake * rules.holding))
    staff = np.float32(buyer.staff / stake)
    for i in range(n):
        k = first + i
        money = lists.price[k] * per_price + lists.tuning_price[k] * per_training
        u[at + i] -= (money + staff * lists.selfhost[k]) + constant
    tokens, rented = np.float32(buyer.tokens), np.float32((1.0 - buyer.own_base) / stake)
    for i in range(n):
        k = first + i
        rent[at + i] = np.ceil(tokens * lists.per_capacity[k]) * lists.rent[k] * rented
    for i in range(n):
        u[at + i] -= rent[at + i] * (np.float32(1.0) + lists.fees[first + i])
    if buyer.platform != NONE:
        fee = np.float32(platforms.fee[buyer.platform])
        saved = staff * platforms.staff_saving[buyer.platform]
        dearer = fee * per_price
        for i in range(n):
            k = first + i
            paid = dearer * lists.price[k] + fee * rent[at + i]
            u[at + i] += max(scratch.lift[at + i] - paid + saved * lists.selfhost[k],
                             np.float32(0.0))  # fmt: skip
    theta = np.float32(buyer.theta)
    untrained = NEVER if buyer.training <= 0.0 else np.float32(0.0)
    for i in range(n):
        barred = untrained if lists.tuning_price[first + i] > np.float32(0.0) else np.float32(0.0)
        u[at + i] = theta * u[at + i] + barred


@inline_kernel
def incumbent_months(
    rules: Rules, buyer: Buyer, lists: ClassLists, start: int, first: int, last: int,
    scratch: Scratch,
) -> None:  # fmt: skip
    """Fill `own` with the one-off terms of the incumbent's entries, over the holding time."""
    tuned = rules.switching_tuned if buyer.held_variant >= 3 else 1.0
    for k in range(first, last):
        same = lists.key[k] == buyer.held_model_key
        switch = rules.switching_access if same else rules.switching_inside
        months = np.float32(switch * tuned / rules.holding)
        if not needs_no_integration(buyer, lists.vendor[k], lists.key[k], lists.variant[k] % 3):
            months += scratch.months[k - start]
        scratch.own[k - start] = months


@inline_kernel
def incumbent_entries(lists: ClassLists, code: int, vendor: int) -> tuple[int, int]:
    """First and last (exclusive) entry of a vendor in a class's list; equal if it has none."""
    first = last = lists.start[code]
    for run in range(lists.first_run[code], lists.first_run[code + 1]):
        if lists.vendor[lists.run[run]] == vendor:
            if first == last:
                first = lists.run[run]
            last = lists.run[run + 1]
    return first, last


@inline_kernel
def utilities(
    rules: Rules, buyer: Buyer, book: BookRows, lists: ClassLists, platforms: Platforms,
    code: int, inside: bool, scratch: Scratch,
) -> tuple[int, int, float]:  # fmt: skip
    """Fill utilities of the entries looked at, `first` to `last`: the whole list, or the
    incumbent's if `inside`.

    Returns first, last and the utility of what the slot holds where that is not on the list
    (`NEVER` if it is, if it may not be used any more, or if nothing is held). Needs `prepare`.
    """
    start, end = lists.start[code], lists.start[code + 1]
    first, last = incumbent_entries(lists, code, buyer.held_vendor)
    if last > first:
        incumbent_months(rules, buyer, lists, start, first, last, scratch)
        fill(rules, buyer, lists, platforms, start, first, last, scratch.own, 0.0, 0.0, scratch)
    if not inside:
        leaving = 0.0
        if buyer.held_vendor != NONE:
            leaving = rules.switching / rules.holding
            leaving *= rules.switching_tuned if buyer.held_variant >= 3 else 1.0
        opened = leaving * (rules.switching_open if buyer.held_open == 1 else 1.0)
        fill(rules, buyer, lists, platforms, start, start, first, scratch.months, leaving, opened,
             scratch)  # fmt: skip
        fill(rules, buyer, lists, platforms, start, last, end, scratch.months, leaving, opened,
             scratch)  # fmt: skip
    extra = np.float64(NEVER)
    if buyer.held_row != NONE and lists.usable[code, buyer.held_row] == 1:
        parts = parts_of(rules, buyer, book, platforms, buyer.held_row)
        fit = scratch.fit[buyer.held_vendor]
        kept = buyer.theta * (worth(rules, parts) + fit)
        extra = kept
        for k in range(first, last):
            if lists.row[k] == buyer.held_row:
                scratch.utility[k - start] = np.float32(kept)
                extra = np.float64(NEVER)
    return (first, last, extra) if inside else (start, end, extra)
