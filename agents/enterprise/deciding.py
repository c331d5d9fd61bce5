"""One slot's decision: who is asking, what it takes, what that leaves behind."""

import numpy as np

from agents.common.compiled import inline_kernel
from agents.common.mathematics import gumbel
from agents.common.offers import ClassLists, OfferBook
from agents.common.randomness import draw
from agents.common.vocabulary import NONE
from agents.enterprise.calling import FRONTIER, INSIDE, REST, WHOLE, class_of
from agents.enterprise.choice import Keys, add_terms, best_alternative, choose
from agents.enterprise.columns import SLOTS_A_FIRM, Firms, Slots
from agents.enterprise.evaluation import (
    Buyer,
    Parts,
    Platforms,
    Rules,
    credit_factor,
    parts_of,
    taste,
    tuned_gain,
)
from agents.enterprise.ledger import ALTERNATIVE_TERM, TERM, Ledger
from agents.enterprise.sums import decision_cell
from agents.enterprise.utilities import Firm, Scratch, incumbent_entries, prepare, utilities
from agents.enterprise.world import World

PATH_BEGAN = 1
PATH_ARRIVED = 2


@inline_kernel
def count_selfhosted(world: World, book: OfferBook, slots: Slots, first: int, last: int) -> int:
    """Slots of a firm that run on its own machines."""
    count = 0
    for slot in range(first, last):
        held = slots.offering[slot]
        if held != NONE and world.row_of[held] != NONE and book.access[world.row_of[held]] == 2:
            count += 1
    return count


@inline_kernel
def buyer_of(
    rules: Rules, world: World, book: OfferBook, firms: Firms, slots: Slots, firm: int, slot: int,
    selfhosted: int, place: int,
) -> Buyer:  # fmt: skip
    """Gather what evaluating an offering for this slot needs."""
    held = slots.offering[slot]
    row = world.row_of[held] if held != NONE else NONE
    skill = firms.skill[firm]
    sharing = selfhosted if row != NONE and book.access[row] == 2 else selfhosted + 1
    data = slots.data[slot]
    return Buyer(
        firms.theta[firm],
        slots.tokens[slot] * world.demand,
        slots.value[slot],
        slots.difficulty[slot],
        tuned_gain(rules, data),
        min(data, rules.tuning_tokens) if data > 0.1 * rules.tuning_data else 0.0,
        rules.risk_weight * firms.sensitivity[firm],
        1.0 - skill,
        firms.control[firm],
        firms.own_base[firm],
        rules.staff_month * (1.6 - 1.2 * skill) / max(sharing, 1),
        credit_factor(rules, firms.capital_cost[firm]),
        firms.platform[firm],
        place,
        firms.portfolio[firm],
        row,
        slots.vendor[slot],
        book.key[row] if row != NONE else np.uint32(0),
        held % 6 if held != NONE else 0,
        book.open[row] if row != NONE else 0,
        held != NONE,
    )


@inline_kernel
def leave(slots: Slots, slot: int) -> None:
    """Stop using: the slot keeps its last vendor as incumbent."""
    slots.offering[slot] = NONE
    slots.in_use_since[slot] = NONE
    slots.held_since[slot] = NONE
    slots.model_since[slot] = NONE


@inline_kernel
def take(
    slots: Slots, slot: int, offering: int, vendor: int, taste: float, channel: int, month: int
) -> None:
    """Hold a new offering from this month on."""
    if slots.offering[slot] == NONE:
        slots.in_use_since[slot] = month
    if slots.offering[slot] == NONE or slots.offering[slot] // 6 != offering // 6:
        slots.model_since[slot] = month
    if slots.vendor[slot] != vendor:
        slots.earlier_vendor[slot] = slots.vendor[slot]
        slots.vendor[slot] = vendor
        slots.taste[slot] = taste
        slots.vendor_since[slot] = month
    if slots.vendor_since[slot] == NONE:
        slots.vendor_since[slot] = month
    slots.offering[slot] = offering
    slots.channel[slot] = channel
    slots.held_since[slot] = month


@inline_kernel
def follow_path(book: OfferBook, slots: Slots, slot: int, row: int, month: int) -> None:
    """Mark the way from a closed service to a tuned smaller open model (claim C11)."""
    if slots.path[slot] == 0 and book.open[row] == 0:
        slots.path[slot] = PATH_BEGAN
        slots.path_months[slot] = month
    arrived = book.open[row] == 1 and book.tuned[row] == 1 and book.tier[row] < FRONTIER
    if slots.path[slot] == PATH_BEGAN and arrived:
        slots.path[slot] = PATH_ARRIVED
        slots.path_months[slot] = month - slots.path_months[slot]


@inline_kernel
def know_vendor(
    rules: Rules, world: World, keys: Keys, firms: Firms, firm: int, vendor: int, scratch: Scratch
) -> None:
    """Fill in a firm's taste for a vendor, its fit with peers, and this month's luck with it."""
    key = world.vendor_keys[vendor]
    liking = taste(keys.taste, firm, key, rules.taste_spread)
    scratch.taste[vendor] = liking
    peers = world.peers[firms.group[firm], vendor]
    scratch.fit[vendor] = liking + rules.peer_weight * peers
    scratch.luck[vendor] = float(gumbel(draw(keys.nest, world.month, firm, key, 1)))


@inline_kernel
def know_vendors(
    rules: Rules, world: World, keys: Keys, firms: Firms, firm: int, scratch: Scratch
) -> None:
    """Fill in all vendors for one firm."""
    for vendor in range(world.vendor_keys.size):
        know_vendor(rules, world, keys, firms, firm, vendor, scratch)


@inline_kernel
def shared_by_slots(rules: Rules, firms: Firms, firm: int) -> Firm:
    """What the slots of a firm share when they decide."""
    return Firm(
        rules.risk_weight * firms.sensitivity[firm], 1.0 - firms.skill[firm], firms.control[firm],
        firms.platform[firm], firms.portfolio[firm],
    )  # fmt: skip


@inline_kernel
def explain(
    rules: Rules, buyer: Buyer, book: OfferBook, lists: ClassLists, platforms: Platforms,
    firms: Firms, slots: Slots, scratch: Scratch, ledger: Ledger, firm: int, slot: int, code: int,
    looked: tuple[int, int, float], row: int, parts: Parts,
) -> None:  # fmt: skip
    """Add the terms of a choice, and of the best alternative of the other openness."""
    weight = firms.weight[firm]
    cell = decision_cell(book, firms, slots, firm, slot, row)
    ledger.decision[cell, TERM - 2] += weight
    add_terms(ledger.decision[cell], TERM, weight, rules, parts, scratch.fit[book.vendor[row]])
    other = best_alternative(lists, book, scratch, code, looked, buyer, row)
    if other != NONE:
        second = parts_of(rules, buyer, book, platforms, other)
        fit = scratch.fit[book.vendor[other]]
        ledger.decision[cell, TERM - 1] += weight
        add_terms(ledger.decision[cell], ALTERNATIVE_TERM, weight, rules, second, fit)


@inline_kernel
def decide(
    rules: Rules, world: World, book: OfferBook, lists: ClassLists, platforms: Platforms,
    firms: Firms, slots: Slots, keys: Keys, scratch: Scratch, ledger: Ledger, firm: int,
    slot: int, slot_id: int, code: int, level: int, selfhosted: int, place: int,
) -> float:  # fmt: skip
    """One choice; returns the months of value paid once for a change (0 if none)."""
    if level == WHOLE or slots.next_review[slot] <= world.month:
        pilot = 1 if firms.adopted_since[firm] == NONE else 0
        slots.next_review[slot] = world.month + firms.interval[firm] + pilot
    buyer = buyer_of(rules, world, book, firms, slots, firm, slot, selfhosted, place)
    if not buyer.tokens * buyer.value > 0.0:
        leave(slots, slot)
        return 0.0
    looked = utilities(rules, buyer, book, lists, platforms, code, level == INSIDE, scratch)
    row = choose(
        rules, lists, book, scratch, code, looked, buyer, keys, world.month, slot_id
    )  # fmt: skip
    if row == NONE:
        leave(slots, slot)
        return 0.0
    parts = parts_of(rules, buyer, book, platforms, row)
    if place == 0:
        explain(
            rules, buyer, book, lists, platforms, firms, slots, scratch, ledger, firm, slot,
            code, looked, row, parts,
        )  # fmt: skip
    slots.channel[slot] = parts.channel
    if book.offering[row] == slots.offering[slot]:
        return 0.0
    vendor = book.vendor[row]
    take(slots, slot, book.offering[row], vendor, scratch.taste[vendor], parts.channel,
         world.month)  # fmt: skip
    follow_path(book, slots, slot, row, world.month)
    return parts.switch + parts.integration


@inline_kernel
def decide_firm(
    rules: Rules, world: World, book: OfferBook, lists: ClassLists, platforms: Platforms,
    firms: Firms, slots: Slots, keys: Keys, scratch: Scratch, ledger: Ledger, firm: int,
    widest: int, place: int,
) -> None:  # fmt: skip
    """All choices of a firm's month, each with the portfolio at hand before any of them."""
    first, last = firms.first_slot[firm], firms.first_slot[firm + 1]
    code, shared = class_of(firms, firm), shared_by_slots(rules, firms, firm)
    selfhosted = count_selfhosted(world, book, slots, first, last)
    if widest == WHOLE:
        know_vendors(rules, world, keys, firms, firm, scratch)
        prepare(rules, lists, platforms, code, lists.start[code], lists.start[code + 1], shared,
                scratch)  # fmt: skip
    for slot in range(first, last):
        level = scratch.levels[slot - first]
        if level == REST:
            continue
        vendor = slots.vendor[slot]
        if widest == INSIDE:
            know_vendor(rules, world, keys, firms, firm, vendor, scratch)
            begin, end = incumbent_entries(lists, code, vendor)
            prepare(rules, lists, platforms, code, begin, end, shared, scratch)
        scratch.one_offs[slot - first] = decide(
            rules, world, book, lists, platforms, firms, slots, keys, scratch, ledger, firm, slot,
            firm * SLOTS_A_FIRM + slot - first, code, level, selfhosted, place,
        )  # fmt: skip
