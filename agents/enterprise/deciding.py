"""One slot's decision: who is asking, what it takes, what that leaves behind."""

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import inline_kernel
from agents.common.offers import ClassLists, OfferBook
from agents.common.vocabulary import NONE
from agents.enterprise.calling import FRONTIER, INSIDE, WHOLE, class_of
from agents.enterprise.choice import (
    Keys,
    Scratch,
    add_terms,
    best_alternative,
    choose,
    utilities,
)
from agents.enterprise.columns import Firms, Slots
from agents.enterprise.evaluation import Buyer, Platforms, Rules, parts_of, taste, tuned_gain
from agents.enterprise.ledger import ALTERNATIVE_TERM, TERM, Ledger
from agents.enterprise.sums import decision_cell
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
    selfhosted: int,
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
        firms.capital_cost[firm],
        firms.platform[firm],
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
def take(slots: Slots, slot: int, offering: int, vendor: int, channel: int, month: int) -> None:
    """Hold a new offering from this month on."""
    if slots.offering[slot] == NONE:
        slots.in_use_since[slot] = month
    if slots.offering[slot] == NONE or slots.offering[slot] // 6 != offering // 6:
        slots.model_since[slot] = month
    if slots.vendor[slot] != vendor:
        slots.earlier_vendor[slot] = slots.vendor[slot]
        slots.vendor[slot] = vendor
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
def fill_tastes(
    rules: Rules, world: World, keys: Keys, firm: int, tastes: NDArray[np.float32]
) -> None:
    """Tastes of one firm for all vendors."""
    for vendor in range(tastes.size):
        tastes[vendor] = taste(keys.taste, firm, world.vendor_keys[vendor], rules.taste_spread)


@inline_kernel
def decide(
    rules: Rules, world: World, book: OfferBook, lists: ClassLists, platforms: Platforms,
    firms: Firms, slots: Slots, keys: Keys, scratch: Scratch, tastes: NDArray[np.float32],
    ledger: Ledger, firm: int, slot: int, slot_id: int, level: int, selfhosted: int,
) -> float:  # fmt: skip
    """One choice; returns the months of value paid once for a change (0 if none)."""
    if level == WHOLE or slots.next_review[slot] <= world.month:
        pilot = 1 if firms.adopted_since[firm] == NONE else 0
        slots.next_review[slot] = world.month + firms.interval[firm] + pilot
    buyer = buyer_of(rules, world, book, firms, slots, firm, slot, selfhosted)
    if not buyer.tokens * buyer.value > 0.0:
        leave(slots, slot)
        return 0.0
    code = class_of(firms, firm)
    bounds = (lists.start[code], lists.start[code + 1])
    peers = world.peers[firms.group[firm]]
    utilities(rules, buyer, lists, platforms, bounds, level == INSIDE, tastes, peers, scratch)
    entry = choose(rules, lists, bounds, scratch, world.vendor_keys, keys, world.month, slot_id)
    if entry == NONE:
        leave(slots, slot)
        return 0.0
    row, vendor = lists.row[entry], lists.vendor[entry]
    parts = parts_of(rules, buyer, lists, platforms, entry)
    if world.home[firms.region[firm]] == 1:
        weight = firms.weight[firm]
        cell = decision_cell(book, firms, slots, firm, slot, row)
        fit = tastes[vendor] + rules.peer_weight * peers[vendor]
        ledger.decision[cell, TERM - 2] += weight
        add_terms(ledger.decision[cell], TERM, weight, rules, parts, fit)
        other = best_alternative(lists, bounds, scratch, entry)
        if other != NONE:
            second = parts_of(rules, buyer, lists, platforms, other)
            rival = lists.vendor[other]
            fit = tastes[rival] + rules.peer_weight * peers[rival]
            ledger.decision[cell, TERM - 1] += weight
            add_terms(ledger.decision[cell], ALTERNATIVE_TERM, weight, rules, second, fit)
    if book.offering[row] != slots.offering[slot]:
        take(slots, slot, book.offering[row], vendor, parts.channel, world.month)
        follow_path(book, slots, slot, row, world.month)
        return parts.switch + parts.integration
    slots.channel[slot] = parts.channel
    return 0.0
