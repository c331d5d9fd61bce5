"""Utilities of a whole list at once: the terms of `evaluation.py` as loops over nests.

All is float32 and in whole chunks of `LANES`, so that it becomes vector code. What does not depend
on the slot is prepared once for the slots of a firm that decide in a month. The row held, and
other rows of its vendor, have one-off terms of their own.

Utilities are held relative to `ideal`, the whole value at stake and full control for nothing:
good offerings are then near zero, where float32 is finest. The outside option has -`ideal`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import inline_kernel, vector_kernel
from agents.common.mathematics import sigmoid
from agents.common.offers import BookRows
from agents.common.vocabulary import NONE
from agents.enterprise.columns import SLOTS_A_FIRM
from agents.enterprise.evaluation import (
    Buyer,
    Platforms,
    Rules,
    is_known,
    known_integration,
    parts_of,
    vendor_charge,
    worth,
)
from agents.enterprise.nests import LANES, NEVER, NestLists, whole_chunks

F32 = NDArray[np.float32]
F = np.float32
ZERO, HALF, ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)
WEIGHTIEST = 1e20
"""Money per $ of value at stake beyond which more makes no difference; float32 holds it."""
CHUNK = np.uint64(LANES)
"""Unsigned numbers spare the compiled code the look at negative positions."""


class Scratch(NamedTuple):
    """Working memory of one block; entries of a list are counted from its class's first."""

    utility: F32
    """Relative to `ideal`."""
    missed: F32
    """Share of the value at stake that an entry does not reach."""
    base: F32
    """What a firm's slots share, fraction of V."""
    months: F32
    """Integration, over the holding time, for a firm without a tie to the vendor."""
    once: F32
    """All one-off terms of the slot at hand, over the holding time."""
    better: F32
    """What packaging of the firm's platform adds to the seller's."""
    spared: F32
    """Charge for an additional vendor, over the holding time, that a platform spares."""
    lift: F32
    """What the platform adds for the slot at hand before its fee."""
    power: F32
    """Exponentials within nests, then utilities with noise."""
    lanes: F32
    """(LANES,) partial results of the nest at hand."""
    partial: F32
    """(LANES, nests of a class) the same of all nests."""
    top: F32
    """(nests of a class, in whole chunks) largest utility of each."""
    value: F32
    """(nests of a class,) inclusive value of each without luck."""
    fit: F32
    """(vendors,) taste and peers of the firm at hand."""
    taste: F32
    """(vendors,)"""
    luck: F32
    """(vendors,) the firm's luck with each this month."""
    word: NDArray[np.uint32]
    """Random bits of entries or vendors."""
    one_offs: NDArray[np.float64]
    """(slots of a firm,) months of value paid once."""
    levels: NDArray[np.int8]
    """(slots of a firm,) how widely each looks this month; see `calling.calls`."""


def scratch_for(nests: NestLists, vendors: int) -> Scratch:
    """Working memory for these lists."""
    longest = max(int(np.diff(nests.start[nests.first_nest]).max()), LANES)
    most = whole_chunks(max(int(np.diff(nests.first_nest).max()), 1))
    utility, missed, base, months, once = np.zeros((5, longest), np.float32)
    better, spared, lift, power = np.zeros((4, longest), np.float32)
    top, value = np.zeros((2, most), np.float32)
    fit, taste, luck = np.zeros((3, whole_chunks(vendors)), np.float32)
    return Scratch(
        utility, missed, base, months, once, better, spared, lift, power,
        np.zeros(LANES, np.float32), np.zeros((LANES, most), np.float32), top, value, fit, taste,
        luck, np.zeros(max(longest, whole_chunks(vendors)), np.uint32), np.zeros(SLOTS_A_FIRM),
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


class Shared(NamedTuple):
    """What the entries of a nest share for a firm, in float32."""

    fit: np.float32
    risk: np.float32
    skill: np.float32
    control: np.float32
    months: np.float32
    """Integrating a service of the vendor."""
    opened: np.float32
    """More of it for open models."""
    selfhost: np.float32
    """More of it on own machines."""
    platform: np.float32
    """Packaging of the firm's platform; `NEVER` without one."""
    spared: np.float32
    """What the platform spares."""


@vector_kernel
def prepare_nest(
    nests: NestLists, scratch: Scratch, first: int, last: int, origin: int, shared: Shared
) -> None:
    """Fill `base`, `months`, `better` and `spared` of one nest."""
    k, at = np.uint64(first), np.uint64(first - origin)
    n = np.uint64(last - first)
    for i in range(n):
        scratch.base[at + i] = (
            nests.absent[k + i] + nests.packaging[k + i] + shared.fit
            + shared.control * (nests.control[k + i] - ONE)
            - shared.risk * nests.exposure[k + i] - shared.skill * nests.exposure_skill[k + i]
        )  # fmt: skip
    for i in range(n):
        scratch.months[at + i] = (
            shared.months + shared.opened * nests.opened[k + i]
            + shared.selfhost * nests.selfhost[k + i]
        )  # fmt: skip
    for i in range(n):
        scratch.better[at + i] = max(shared.platform - nests.packaging[k + i], ZERO)
        scratch.spared[at + i] = shared.spared


@inline_kernel
def prepare(
    rules: Rules, nests: NestLists, platforms: Platforms, code: int, looked: tuple[int, int],
    firm: Firm, scratch: Scratch,
) -> None:  # fmt: skip
    """Fill `base`, `months`, `better` and `spared` of nests `looked` for a firm of a class.

    `fit` must hold the firm's fit with their vendors.
    """
    origin = nests.start[nests.first_nest[code]]
    packaging = NEVER
    if firm.platform != NONE:
        packaging = platforms.packaging[firm.platform]
    for nest in range(looked[0], looked[1]):
        vendor = nests.vendor[nest]
        known = is_known(firm.portfolio, vendor) if vendor != NONE else False
        service = known_integration(rules, known)
        charge = vendor_charge(rules, firm.portfolio, known)
        shared = Shared(
            scratch.fit[vendor] if vendor != NONE else ZERO, F(firm.risk),
            F(firm.risk * firm.unskilled), F(firm.control), F((service + charge) / rules.holding),
            F(rules.integration_open / rules.holding),
            F(service * (rules.integration_selfhost - 1.0) / rules.holding), packaging,
            F(charge / rules.holding) if firm.platform != NONE else ZERO,
        )  # fmt: skip
        prepare_nest(nests, scratch, nests.start[nest], nests.start[nest + 1], origin, shared)


class Slot(NamedTuple):
    """Numbers of a deciding slot, in float32; money is per $ of value at stake."""

    theta: np.float32
    difficulty: np.float32
    gain: np.float32
    tokens: np.float32
    price: np.float32
    """Weight of a price."""
    training: np.float32
    """Weight of a price of training tokens."""
    staff: np.float32
    rent: np.float32
    fee: np.float32
    """Fee of the firm's platform, share of what is bought through it."""
    saved: np.float32
    """Staff the platform spares."""
    untrained: np.float32
    """Added to tuned offerings: `NEVER` if the slot has no data to tune on."""


@inline_kernel
def slot_of(rules: Rules, buyer: Buyer, platforms: Platforms) -> Slot:
    """The buyer's numbers as weights of a list's columns."""
    stake = buyer.value * buyer.tokens
    staff, fee, saved = min(buyer.staff / stake, WEIGHTIEST), 0.0, 0.0
    if buyer.platform != NONE:
        fee = np.float64(platforms.fee[buyer.platform])
        saved = staff * platforms.staff_saving[buyer.platform]
    return Slot(
        F(buyer.theta), F(buyer.difficulty), F(buyer.gain), F(buyer.tokens),
        F(min(buyer.credit / buyer.value, WEIGHTIEST)),
        F(min(buyer.training / (stake * rules.holding), WEIGHTIEST)), F(staff),
        F(min((1.0 - buyer.own_base) / stake, WEIGHTIEST)), F(fee), F(saved),
        ZERO if buyer.training > 0.0 else NEVER,
    )  # fmt: skip


@vector_kernel
def fill_missed(
    rules: Rules, nests: NestLists, scratch: Scratch, first: int, last: int, origin: int, slot: Slot
) -> None:
    """Fill the share of the value that each entry misses."""
    k, at = np.uint64(first), np.uint64(first - origin)
    n, slope = np.uint64(last - first), F(rules.slope)
    if rules.linear:
        quarter = F(0.25 * rules.slope)
        for i in range(n):
            margin = nests.q[k + i] + slot.gain * nests.gain[k + i] - slot.difficulty
            scratch.missed[at + i] = HALF - quarter * margin
    else:
        for i in range(n):
            margin = nests.q[k + i] + slot.gain * nests.gain[k + i] - slot.difficulty
            scratch.missed[at + i] = sigmoid(-slope * margin)


@vector_kernel
def fill(
    nests: NestLists, scratch: Scratch, first: int, last: int, origin: int, slot: Slot
) -> None:
    """Fill utilities of entries `first` to `last` from `missed`, `once` and the firm's share."""
    dearer = slot.fee * slot.price
    for chunk in range(np.uint64(last - first) // CHUNK):
        for lane in range(CHUNK):
            i = chunk * CHUNK + lane
            k, at = np.uint64(first) + i, np.uint64(first - origin) + i
            rent = np.ceil(slot.tokens * nests.per_capacity[k]) * nests.rent[k] * slot.rent
            money = nests.price[k] * slot.price + nests.tuning_price[k] * slot.training
            u = (scratch.base[at] - scratch.once[at]) - scratch.missed[at]
            u -= money + slot.staff * nests.selfhost[k] + rent * (ONE + nests.fees[k])
            paid = dearer * nests.price[k] + slot.fee * rent
            u += max(scratch.lift[at] - paid + slot.saved * nests.selfhost[k], ZERO)
            barred = slot.untrained if nests.tuning_price[k] > ZERO else ZERO
            scratch.utility[at] = slot.theta * u + barred


@vector_kernel
def fill_once(
    nests: NestLists, scratch: Scratch, first: int, last: int, origin: int, leaving: np.float32,
    more: np.float32,
) -> None:  # fmt: skip
    """Fill `once` and `lift` of entries of vendors other than the incumbent."""
    k, at = np.uint64(first), np.uint64(first - origin)
    for i in range(np.uint64(last - first)):
        scratch.once[at + i] = scratch.months[at + i] + (leaving + more * nests.opened[k + i])
        scratch.lift[at + i] = scratch.better[at + i] + scratch.spared[at + i]


@vector_kernel
def fill_own(
    nests: NestLists, scratch: Scratch, first: int, last: int, origin: int, model: int | np.uint32,
    access: np.float32, inside: np.float32, same_model: np.float32,
) -> None:  # fmt: skip
    """Fill `once` and `lift` of the incumbent's entries.

    model, access: key of what is held and its access, -2 if nothing is in use; inside, same_model:
    terms of switching to another of the vendor's models and to another access to the same.
    """
    k, at = np.uint64(first), np.uint64(first - origin)
    for i in range(np.uint64(last - first)):
        same = nests.key[k + i] == model
        connected = (nests.access[k + i] == access) | (same & (nests.access[k + i] != F(2.0)))
        new = ZERO if connected & (access >= ZERO) else ONE
        scratch.once[at + i] = (same_model if same else inside) + new * scratch.months[at + i]
        scratch.lift[at + i] = scratch.better[at + i] + new * scratch.spared[at + i]


@inline_kernel
def fill_one_offs(
    rules: Rules, buyer: Buyer, nests: NestLists, looked: tuple[int, int], own: int, origin: int,
    scratch: Scratch,
) -> None:  # fmt: skip
    """Fill `once` and `lift` of the nests looked at; own: the incumbent's, -1 if there is none."""
    tuned = rules.switching_tuned if buyer.held_variant >= 3 else 1.0
    if looked[1] - looked[0] > 1 or own == NONE:
        leaving = 0.0
        if buyer.held_vendor != NONE:
            leaving = rules.switching / rules.holding * tuned
        opened = leaving * (rules.switching_open if buyer.held_open == 1 else 1.0)
        fill_once(nests, scratch, nests.start[looked[0]], nests.start[looked[1]], origin,
                  F(leaving), F(opened - leaving))  # fmt: skip
    if own != NONE:
        fill_own(
            nests, scratch, nests.start[own], nests.start[own + 1], origin, buyer.held_model_key,
            F(buyer.held_variant % 3) if buyer.in_use else F(-2.0),
            F(rules.switching_inside * tuned / rules.holding),
            F(rules.switching_access * tuned / rules.holding),
        )  # fmt: skip


@inline_kernel
def ideal(buyer: Buyer) -> float:
    """Utility of the whole value and full control for nothing, against the outside option."""
    return buyer.theta * (1.0 + buyer.control)


@inline_kernel
def own_nest(nests: NestLists, code: int, vendor: int) -> int:
    """Nest of a vendor in a class; -1 if it has none."""
    if vendor == NONE:
        return NONE
    nest = nests.nest_of[code, vendor]
    return nest if nests.vendor[nest] == vendor else NONE


@inline_kernel
def nests_of_interest(nests: NestLists, code: int, vendor: int, inside: bool) -> tuple[int, int]:
    """First and last (exclusive) nest of a slot's choice: all, or only that of its vendor.

    The last nest of a class counts only for a vendor that has no other.
    """
    first, last = nests.first_nest[code], nests.first_nest[code + 1]
    nest = nests.nest_of[code, vendor] if vendor != NONE else NONE
    if not inside:
        return first, last if nest == last - 1 else last - 1
    if nest == NONE:
        return first, first
    return nest, nest + 1


@inline_kernel
def utilities(
    rules: Rules, buyer: Buyer, book: BookRows, nests: NestLists, platforms: Platforms, code: int,
    looked: tuple[int, int], scratch: Scratch,
) -> int:  # fmt: skip
    """Fill utilities of the entries of the nests looked at; needs `prepare`.

    Returns the entry of what the slot holds, -1 if it holds nothing or may not use it any more.
    That entry may be a spare place. What is held costs no change and, tuned, no more training.
    """
    origin = nests.start[nests.first_nest[code]]
    first, last = nests.start[looked[0]], nests.start[looked[1]]
    own = own_nest(nests, code, buyer.held_vendor)
    fill_one_offs(rules, buyer, nests, looked, own, origin, scratch)
    held = nests.entry_of[code, buyer.held_row] if buyer.held_row != NONE else NONE
    if held != NONE:
        scratch.once[held - origin] = ZERO
    slot = slot_of(rules, buyer, platforms)
    fill_missed(rules, nests, scratch, first, last, origin, slot)
    fill(nests, scratch, first, last, origin, slot)
    if held != NONE and (nests.row[held] == NONE or buyer.held_variant >= 3):
        parts = parts_of(rules, buyer, book, platforms, buyer.held_row)
        kept = buyer.theta * (worth(rules, parts) + scratch.fit[buyer.held_vendor])
        scratch.utility[held - origin] = max(F(kept - ideal(buyer)), NEVER)
    return held


@inline_kernel
def channel_of(
    rules: Rules, buyer: Buyer, book: BookRows, nests: NestLists, platforms: Platforms, entry: int,
    code: int, scratch: Scratch,
) -> int:  # fmt: skip
    """1 if an entry is worth more through the firm's platform, 0 if bought directly; see `fill`."""
    if buyer.platform == NONE:
        return 0
    if nests.row[entry] == NONE:
        return parts_of(rules, buyer, book, platforms, buyer.held_row).channel
    slot, at = slot_of(rules, buyer, platforms), entry - nests.start[nests.first_nest[code]]
    rent = np.ceil(slot.tokens * nests.per_capacity[entry]) * nests.rent[entry] * slot.rent
    paid = slot.fee * slot.price * nests.price[entry] + slot.fee * rent
    return 1 if scratch.lift[at] - paid + slot.saved * nests.selfhost[entry] > ZERO else 0
