"""One month of enterprises in one compiled pass over a block of firms.

For each firm, in this order: restrictions begin or end; firms without a model may wake up; slots
that are due choose; then usage, payments, data stocks and all sums. Reads shares of last month
and prices of this one; writes only the block's own rows, so blocks run on any threads.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import bare_kernel, inline_kernel
from agents.common.offers import ClassLists, OfferBook
from agents.common.randomness import normal_at, uniform_at
from agents.common.vocabulary import NONE
from agents.enterprise.choice import (
    Keys,
    Scratch,
    add_terms,
    best_alternative,
    choose,
    utilities,
)
from agents.enterprise.columns import SLOTS_A_FIRM, Firms, Slots
from agents.enterprise.evaluation import (
    Buyer,
    Platforms,
    Rules,
    credit_factor,
    parts_of,
    replicas,
    success_rate,
    taste,
    tuned_gain,
)
from agents.enterprise.ledger import ALTERNATIVE_TERM, TERM, Ledger
from agents.enterprise.sums import add_firm, add_slot, decision_cell

PATH_BEGAN = 1
PATH_ARRIVED = 2
FRONTIER = 2


class World(NamedTuple):
    """What all firms see this month."""

    month: int
    demand: float
    """Tokens wanted per firm against 2023-01."""
    row_of: NDArray[np.int32]
    """Row of an offering id; -1 if it is gone."""
    vendor_keys: NDArray[np.uint32]
    peers: NDArray[np.float32]
    """(groups, vendors) share of a vendor among the peers' slots, last month."""
    peer_adoption: NDArray[np.float32]
    """(groups,) share of adopters among peers, last month."""
    innovation: float
    imitation: float
    adoption_scale: NDArray[np.float32]
    """By band."""
    restriction_hazard: NDArray[np.float64]
    """(2,) base and incident part per month for a fully sensitive firm."""
    restriction_end: float
    renewal: float
    """Chance that a frontier slot turns to new work this month."""
    frontier_quality: float
    ramp: NDArray[np.float32]
    """Share of tokens used by months since adoption."""
    data_keep: float
    home: NDArray[np.int8]
    """By region."""


@inline_kernel
def change_restriction(firms: Firms, world: World, keys: Keys, firm: int) -> bool:
    """Begin or end a restriction; True if it changed."""
    u = uniform_at(keys.restriction, world.month, firm, 0)
    if firms.restricted[firm] == 1:
        if u < world.restriction_end:
            firms.restricted[firm] = 0
            return True
        return False
    hazard = firms.sensitivity[firm] * (world.restriction_hazard[0] + world.restriction_hazard[1])
    if u < hazard:
        firms.restricted[firm] = 1
        firms.ever_restricted[firm] = 1
        return True
    return False


@inline_kernel
def wakes_up(firms: Firms, world: World, keys: Keys, firm: int) -> bool:
    """Whether a firm without a model looks at the market this month (Bass with frailty)."""
    rate = world.innovation + world.imitation * world.peer_adoption[firms.group[firm]]
    hazard = rate * world.adoption_scale[firms.band[firm]] * firms.frailty[firm]
    return uniform_at(keys.wake, world.month, firm, 0) < 1.0 - np.exp(-hazard)


@inline_kernel
def class_of(firms: Firms, firm: int) -> int:
    """Consideration class of a firm now; see `offers.class_code`."""
    region, residency = firms.region[firm], firms.residency[firm]
    return ((region * 2 + residency) * 2 + firms.restricted[firm]) * 2 + firms.aware[firm]


@inline_kernel
def held_forbidden(lists: ClassLists, firms: Firms, firm: int, row: int) -> bool:
    """Whether the firm may no longer use what the slot holds."""
    return lists.usable[class_of(firms, firm), row] == 0


@inline_kernel
def due(
    world: World, book: OfferBook, lists: ClassLists, firms: Firms, slots: Slots, rules: Rules,
    keys: Keys, firm: int, slot: int, woke: bool, freed: bool,
) -> int:  # fmt: skip
    """0 if the slot rests, 1 if it looks at its vendor's own list, 2 at the whole list."""
    held = slots.offering[slot]
    if held == NONE:
        waiting = woke or freed
        scheduled = firms.adopted_since[firm] != NONE and slots.next_review[slot] <= world.month
        return 2 if waiting or scheduled else 0
    row = world.row_of[held]
    if row == NONE or held_forbidden(lists, firms, firm, row) or freed:
        return 2
    if book.force[row] == 2:
        return 2
    if slots.next_review[slot] <= world.month:
        return 2 if uniform_at(keys.retender, world.month, firm, 0) < rules.retender else 1
    return 1 if book.force[row] == 1 else 0


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
def renew_frontier(world: World, slots: Slots, keys: Keys, slot: int, slot_id: int) -> None:
    """Turn a frontier slot to new work at the edge of what is possible."""
    if slots.tier[slot] != FRONTIER or world.renewal <= 0.0:
        return
    if uniform_at(keys.renewal, world.month, slot_id, 0) < world.renewal:
        z = normal_at(keys.renewal, world.month, slot_id, 1)
        slots.difficulty[slot] = world.frontier_quality + 0.2 + 0.5 * z
        slots.next_review[slot] = world.month


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
    if level == 2 or slots.next_review[slot] <= world.month:
        pilot = 1 if firms.adopted_since[firm] == NONE else 0
        slots.next_review[slot] = world.month + firms.interval[firm] + pilot
    buyer = buyer_of(rules, world, book, firms, slots, firm, slot, selfhosted)
    if not buyer.tokens * buyer.value > 0.0:
        leave(slots, slot)
        return 0.0
    code = class_of(firms, firm)
    bounds = (lists.start[code], lists.start[code + 1])
    peers = world.peers[firms.group[firm]]
    utilities(rules, buyer, lists, platforms, bounds, level == 1, tastes, peers, scratch)
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


@inline_kernel
def use(
    rules: Rules, world: World, book: OfferBook, platforms: Platforms, firms: Firms,
    slots: Slots, ledger: Ledger, firm: int, slot: int, one_off: float, selfhosted: int,
    fit: float, place: int,
) -> tuple[float, float]:  # fmt: skip
    """One month of use of one slot: tokens, payments, data; returns tokens and spend."""
    row = world.row_of[slots.offering[slot]]
    age = min(world.month - slots.in_use_since[slot], world.ramp.size - 1)
    wanted = np.float64(slots.tokens[slot]) * world.demand
    tokens = wanted * world.ramp[age] * book.demand[row]
    platform = firms.platform[firm] if slots.channel[slot] == 1 else NONE
    fresh = slots.held_since[slot] == world.month
    data = np.float64(slots.data[slot])
    tuning = 0.0
    if fresh and book.tuning_price[row] > 0.0:
        tuning = np.float64(book.tuning_price[row]) * min(data, rules.tuning_tokens)
    bill = rent = staff = 0.0
    if book.access[row] == 2:
        count = replicas(tokens, book.replica_capacity[row])
        rent = count * book.replica_rent[row] * (1.0 - firms.own_base[firm])
        staff = rules.staff_month * (1.6 - 1.2 * firms.skill[firm]) / max(selfhosted, 1)
    else:
        bill = book.price[row] * tokens
    fee = 0.0
    if platform != NONE:
        fee = (bill + rent) * platforms.fee[platform]
        staff *= 1.0 - platforms.staff_saving[platform]
    at_stake = np.float64(slots.value[slot]) * tokens
    money = bill * (credit_factor(rules, np.float64(firms.capital_cost[firm])) - 1.0)
    margin = (
        book.q[row]
        + book.gain[row] * (tuned_gain(rules, data) + book.crowd_gain[row])
        - slots.difficulty[slot]
    )
    slots.data[slot] = data * world.data_keep + tokens
    change = one_off * np.float64(slots.value[slot]) * wanted
    payments = (bill, fee, tuning, rent, rent * book.fee_rate[row],
                rent * book.services_rate[row], staff, change, money)  # fmt: skip
    return add_slot(
        ledger,
        rules,
        book,
        platforms,
        firms,
        slots,
        firm,
        slot,
        row,
        place,
        platform,
        tokens,
        at_stake,
        success_rate(rules, margin),
        payments,
        fit,
    )


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
def pilot_slot(slots: Slots, first: int, last: int) -> int:
    """The slot of a firm with most value at stake: a firm that wakes tries that one first."""
    best = first
    for slot in range(first + 1, last):
        if slots.value[slot] * slots.tokens[slot] > slots.value[best] * slots.tokens[best]:
            best = slot
    return best


@inline_kernel
def call_to_review(
    rules: Rules, world: World, book: OfferBook, lists: ClassLists, firms: Firms, slots: Slots,
    keys: Keys, scratch: Scratch, firm: int,
) -> bool:  # fmt: skip
    """Say how widely each slot of a firm looks this month; True if any does.

    What is tendered anew is known to nobody; what stays makes its vendors known.
    """
    changed = change_restriction(firms, world, keys, firm)
    freed = changed and firms.restricted[firm] == 0
    woke = firms.adopted_since[firm] == NONE and wakes_up(firms, world, keys, firm)
    first, last = firms.first_slot[firm], firms.first_slot[firm + 1]
    pilot = pilot_slot(slots, first, last)
    staying, deciding = np.uint64(0), False
    for slot in range(first, last):
        place = slot - first
        renew_frontier(world, slots, keys, slot, firm * SLOTS_A_FIRM + place)
        paused = freed and slots.vendor[slot] != NONE
        starts = woke and slot == pilot
        if woke and slot != pilot:
            slots.next_review[slot] = world.month + 1
        level = due(world, book, lists, firms, slots, rules, keys, firm, slot, starts, paused)
        scratch.levels[place] = level
        deciding = deciding or level > 0
        if level < 2 and slots.offering[slot] != NONE:
            staying |= np.uint64(1) << np.uint64(slots.vendor[slot])
    firms.portfolio[firm] = staying
    return deciding


@inline_kernel
def use_slots(
    rules: Rules, world: World, book: OfferBook, platforms: Platforms, firms: Firms,
    slots: Slots, keys: Keys, scratch: Scratch, ledger: Ledger, firm: int, place: int,
) -> bool:  # fmt: skip
    """One month of use of all slots of a firm; True if any is in use."""
    first, last = firms.first_slot[firm], firms.first_slot[firm + 1]
    selfhosted = count_selfhosted(world, book, slots, first, last)
    tokens = spend = 0.0
    in_use = False
    for slot in range(first, last):
        if slots.offering[slot] == NONE:
            continue
        in_use = True
        vendor_key = world.vendor_keys[slots.vendor[slot]]
        liking = taste(keys.taste, firm, vendor_key, rules.taste_spread)
        slot_tokens, slot_spend = use(
            rules, world, book, platforms, firms, slots, ledger, firm, slot,
            scratch.one_offs[slot - first], selfhosted, liking, place,
        )  # fmt: skip
        tokens += slot_tokens
        spend += slot_spend
    firms.tokens[firm] = tokens
    firms.spend[firm] = spend
    return in_use


@bare_kernel
def month_block(
    begin: int, end: int, firms: Firms, slots: Slots, world: World, rules: Rules,
    book: OfferBook, lists: ClassLists, platforms: Platforms, keys: Keys, scratch: Scratch,
    ledger: Ledger,
) -> None:  # fmt: skip
    """Advance firms `begin` to `end` by one month and fill the block's ledger."""
    for firm in range(begin, end):
        first, last = firms.first_slot[firm], firms.first_slot[firm + 1]
        scratch.one_offs[:] = 0.0
        if call_to_review(rules, world, book, lists, firms, slots, keys, scratch, firm):
            selfhosted = count_selfhosted(world, book, slots, first, last)
            fill_tastes(rules, world, keys, firm, scratch.tastes)
            for slot in range(first, last):
                place = slot - first
                if scratch.levels[place] > 0:
                    scratch.one_offs[place] = decide(
                        rules, world, book, lists, platforms, firms, slots, keys, scratch,
                        scratch.tastes, ledger, firm, slot, firm * SLOTS_A_FIRM + place,
                        scratch.levels[place], selfhosted,
                    )  # fmt: skip
        home = 0 if world.home[firms.region[firm]] == 1 else 1
        in_use = use_slots(
            rules, world, book, platforms, firms, slots, keys, scratch, ledger, firm, home
        )
        if not in_use:
            firms.adopted_since[firm] = NONE
        elif firms.adopted_since[firm] == NONE:
            firms.adopted_since[firm] = world.month
        add_firm(ledger, book, world.row_of, world.month, firms, slots, firm, home, in_use)
