"""One month of enterprises in one compiled pass over a block of firms.

For each firm, in this order: slots are called to look at the market (`calling.py`) and decide
(`deciding.py`); then usage, payments, data stocks and all sums. Reads shares of last month and
prices of this one; writes only the block's own rows, so blocks run on any threads.
"""

import numpy as np

from agents.common.compiled import bare_kernel, inline_kernel
from agents.common.offers import ClassLists, OfferBook
from agents.common.vocabulary import NONE
from agents.enterprise.calling import call_to_review
from agents.enterprise.choice import Keys, Scratch
from agents.enterprise.columns import SLOTS_A_FIRM, Firms, Slots
from agents.enterprise.deciding import count_selfhosted, decide, fill_tastes
from agents.enterprise.evaluation import (
    Platforms,
    Rules,
    credit_factor,
    replicas,
    success_rate,
    taste,
    tuned_gain,
)
from agents.enterprise.ledger import Ledger
from agents.enterprise.sums import add_firm, add_slot
from agents.enterprise.world import World


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
