"""One slot's decision: who is asking, what it takes, what that leaves behind."""

import numpy as np

from agents.common.compiled import inline_kernel, vector_kernel
from agents.common.mathematics import gumbel
from agents.common.offers import BookRows
from agents.common.randomness import draw
from agents.common.vocabulary import NONE
from agents.enterprise.calling import FRONTIER, INSIDE, REST, WHOLE, class_of
from agents.enterprise.choice import Keys, add_terms, best_alternative, choose
from agents.enterprise.columns import SLOTS_A_FIRM, FirmRows, SlotRows
from agents.enterprise.evaluation import (
    Buyer,
    Platforms,
    Rules,
    credit_factor,
    integration_months,
    parts_of,
    switching_months,
    taste,
    tuned_gain,
)
from agents.enterprise.ledger import ALTERNATIVE_TERM, TERM, Ledger
from agents.enterprise.nests import NestLists
from agents.enterprise.sums import decision_cell
from agents.enterprise.utilities import (
    Firm,
    Scratch,
    channel_of,
    nests_of_interest,
    prepare,
    utilities,
)
from agents.enterprise.world import World

PATH_BEGAN = 1
PATH_ARRIVED = 2


@inline_kernel
def count_selfhosted(world: World, book: BookRows, slots: SlotRows, first: int, last: int) -> int:
    """Slots of a firm that run on its own machines."""
    count = 0
    for slot in range(first, last):
        held = slots[slot].offering
        if held != NONE and world.row_of[held] != NONE and book[world.row_of[held]].access == 2:
            count += 1
    return count


@inline_kernel
def buyer_of(
    rules: Rules, world: World, book: BookRows, firms: FirmRows, slots: SlotRows, firm: int,
    slot: int, selfhosted: int, place: int, credit: float,
) -> Buyer:  # fmt: skip
    """Gather what evaluating an offering for this slot needs."""
    held = slots[slot].offering
    row = world.row_of[held] if held != NONE else NONE
    skill = firms[firm].skill
    sharing = selfhosted if row != NONE and book[row].access == 2 else selfhosted + 1
    data = slots[slot].data
    return Buyer(
        firms[firm].theta,
        slots[slot].tokens * world.demand,
        slots[slot].value,
        slots[slot].difficulty,
        tuned_gain(rules, data),
        min(data, rules.tuning_tokens) if data > 0.1 * rules.tuning_data else 0.0,
        rules.risk_weight * firms[firm].sensitivity,
        1.0 - skill,
        firms[firm].control,
        firms[firm].own_base,
        rules.staff_month * (1.6 - 1.2 * skill) / max(sharing, 1),
        credit,
        firms[firm].platform,
        place,
        firms[firm].portfolio,
        row,
        slots[slot].vendor,
        book[row].key if row != NONE else np.uint32(0),
        held % 6 if held != NONE else 0,
        book[row].open if row != NONE else 0,
        held != NONE,
    )


@inline_kernel
def leave(slots: SlotRows, slot: int) -> None:
    """Stop using: the slot keeps its last vendor as incumbent."""
    slots[slot].offering = NONE
    slots[slot].in_use_since = NONE
    slots[slot].held_since = NONE
    slots[slot].model_since = NONE


@inline_kernel
def take(
    slots: SlotRows, slot: int, offering: int, vendor: int, taste: float, channel: int, month: int
) -> None:
    """Hold a new offering from this month on."""
    if slots[slot].offering == NONE:
        slots[slot].in_use_since = month
    if slots[slot].offering == NONE or slots[slot].offering // 6 != offering // 6:
        slots[slot].model_since = month
    if slots[slot].vendor != vendor:
        slots[slot].earlier_vendor = slots[slot].vendor
        slots[slot].vendor = vendor
        slots[slot].taste = taste
        slots[slot].vendor_since = month
    if slots[slot].vendor_since == NONE:
        slots[slot].vendor_since = month
    slots[slot].offering = offering
    slots[slot].channel = channel
    slots[slot].held_since = month


@inline_kernel
def follow_path(book: BookRows, slots: SlotRows, slot: int, row: int, month: int) -> None:
    """Mark the way from a closed service to a tuned smaller open model (claim C11)."""
    if slots[slot].path == 0 and book[row].open == 0:
        slots[slot].path = PATH_BEGAN
        slots[slot].path_months = month
    arrived = book[row].open == 1 and book[row].tuned == 1 and book[row].tier < FRONTIER
    if slots[slot].path == PATH_BEGAN and arrived:
        slots[slot].path = PATH_ARRIVED
        slots[slot].path_months = month - slots[slot].path_months


@inline_kernel
def know_vendor(
    rules: Rules, world: World, keys: Keys, firms: FirmRows, slots: SlotRows, firm: int, slot: int,
    scratch: Scratch,
) -> None:  # fmt: skip
    """Fill in a firm's taste for a slot's vendor, its fit with peers, and this month's luck."""
    vendor = slots[slot].vendor
    peers = world.peers[firms[firm].group, vendor]
    scratch.taste[vendor] = slots[slot].taste
    scratch.fit[vendor] = scratch.taste[vendor] + np.float32(rules.peer_weight) * peers
    key = world.vendor_keys[vendor]
    scratch.luck[vendor] = gumbel(draw(keys.nest, world.month, firm, key, 1))


@inline_kernel
def know_vendors(
    rules: Rules, world: World, keys: Keys, firms: FirmRows, firm: int, scratch: Scratch
) -> None:
    """Fill in all vendors for one firm: `know_vendor` in vector loops."""
    draw_vendors(world, scratch, keys.nest, keys.taste, firm, rules.taste_spread)
    weight, group = np.float32(rules.peer_weight), firms[firm].group
    for v in range(world.peers.shape[1]):
        scratch.fit[v] = scratch.taste[v] + weight * world.peers[group, v]


@vector_kernel
def draw_vendors(
    world: World, scratch: Scratch, nest: np.uint64, liking: np.uint64, firm: int, spread: float
) -> None:
    """Fill a firm's luck with every vendor this month, and its lasting taste."""
    vendors = np.uint64(world.vendor_keys.size)
    for v in range(vendors):
        scratch.word[v] = draw(nest, world.month, firm, world.vendor_keys[v], 1)
    for v in range(vendors):
        scratch.luck[v] = gumbel(scratch.word[v])
    for v in range(vendors):
        scratch.taste[v] = taste(liking, firm, world.vendor_keys[v], spread)


@inline_kernel
def shared_by_slots(rules: Rules, firms: FirmRows, firm: int) -> Firm:
    """What the slots of a firm share when they decide."""
    return Firm(
        rules.risk_weight * firms[firm].sensitivity, 1.0 - firms[firm].skill, firms[firm].control,
        firms[firm].platform, firms[firm].portfolio,
    )  # fmt: skip


@inline_kernel
def explain(
    rules: Rules, buyer: Buyer, book: BookRows, nests: NestLists, platforms: Platforms,
    firms: FirmRows, slots: SlotRows, scratch: Scratch, ledger: Ledger, firm: int, slot: int,
    code: int, looked: tuple[int, int], held: int, row: int,
) -> None:  # fmt: skip
    """Add the terms of a choice, and of the best alternative of the other openness."""
    weight = firms[firm].weight
    cell = decision_cell(book, firms, slots, firm, slot, row)
    parts = parts_of(rules, buyer, book, platforms, row)
    ledger.decision[cell, TERM - 2] += weight
    add_terms(ledger.decision[cell], TERM, weight, rules, parts, scratch.fit[book[row].vendor])
    other = best_alternative(nests, book, scratch, code, looked, held, buyer, row)
    if other != NONE:
        second = parts_of(rules, buyer, book, platforms, other)
        fit = scratch.fit[book[other].vendor]
        ledger.decision[cell, TERM - 1] += weight
        add_terms(ledger.decision[cell], ALTERNATIVE_TERM, weight, rules, second, fit)


@inline_kernel
def decide(
    rules: Rules, world: World, book: BookRows, nests: NestLists, platforms: Platforms,
    firms: FirmRows, slots: SlotRows, keys: Keys, scratch: Scratch, ledger: Ledger, firm: int,
    slot: int, slot_id: int, code: int, level: int, selfhosted: int, place: int, credit: float,
) -> float:  # fmt: skip
    """One choice; returns the months of value paid once for a change (0 if none)."""
    if level == WHOLE or slots[slot].next_review <= world.month:
        pilot = 1 if firms[firm].adopted_since == NONE else 0
        slots[slot].next_review = world.month + firms[firm].interval + pilot
    buyer = buyer_of(rules, world, book, firms, slots, firm, slot, selfhosted, place, credit)
    if not buyer.tokens * buyer.value > 0.0:
        leave(slots, slot)
        return 0.0
    looked = nests_of_interest(nests, code, buyer.held_vendor, level == INSIDE)
    held = utilities(rules, buyer, book, nests, platforms, code, looked, scratch)
    entry = choose(
        rules, nests, scratch, code, looked, held, buyer, keys, world.month, slot_id
    )  # fmt: skip
    if entry == NONE:
        leave(slots, slot)
        return 0.0
    row = nests.row[entry] if nests.row[entry] != NONE else buyer.held_row
    if place == 0 and firm % world.explained == 0:
        explain(
            rules, buyer, book, nests, platforms, firms, slots, scratch, ledger, firm, slot,
            code, looked, held, row,
        )  # fmt: skip
    channel = channel_of(rules, buyer, book, nests, platforms, entry, code, scratch)
    slots[slot].channel = channel
    if book[row].offering == slots[slot].offering:
        return 0.0
    change = switching_months(rules, buyer, book, row)
    change += integration_months(rules, buyer, book, row, channel == 1)
    vendor = book[row].vendor
    take(slots, slot, book[row].offering, vendor, scratch.taste[vendor], channel, world.month)
    follow_path(book, slots, slot, row, world.month)
    return change


@inline_kernel
def decide_firm(
    rules: Rules, world: World, book: BookRows, nests: NestLists, platforms: Platforms,
    firms: FirmRows, slots: SlotRows, keys: Keys, scratch: Scratch, ledger: Ledger, firm: int,
    widest: int, place: int,
) -> None:  # fmt: skip
    """All choices of a firm's month, each with the portfolio at hand before any of them."""
    first, last = firms[firm].first_slot, firms[firm].first_slot + firms[firm].slot_count
    code, shared = class_of(firms, firm), shared_by_slots(rules, firms, firm)
    selfhosted = count_selfhosted(world, book, slots, first, last)
    credit = credit_factor(rules, firms[firm].capital_cost)
    if widest == WHOLE:
        know_vendors(rules, world, keys, firms, firm, scratch)
        every = nests.first_nest[code], nests.first_nest[code + 1]
        prepare(rules, nests, platforms, code, every, shared, scratch)
    known = NONE
    for slot in range(first, last):
        level = scratch.levels[slot - first]
        if level == REST:
            continue
        vendor = slots[slot].vendor
        if widest == INSIDE and vendor != known:
            known = vendor
            know_vendor(rules, world, keys, firms, slots, firm, slot, scratch)
            own = nests_of_interest(nests, code, vendor, True)
            prepare(rules, nests, platforms, code, own, shared, scratch)
        scratch.one_offs[slot - first] = decide(
            rules, world, book, nests, platforms, firms, slots, keys, scratch, ledger, firm, slot,
            firm * SLOTS_A_FIRM + slot - first, code, level, selfhosted, place, credit,
        )  # fmt: skip
