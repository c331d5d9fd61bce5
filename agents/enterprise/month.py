"""One month of enterprises in one compiled pass over a block of firms.

For each firm, in this order: slots are called to look at the market (`calling.py`) and decide
(`deciding.py`); then usage, payments, data stocks and all sums. Reads shares of last month and
prices of this one; writes only the block's own rows, so blocks run on any threads.
"""

import numpy as np

from agents.common.compiled import bare_kernel, inline_kernel
from agents.common.offers import ClassLists, OfferBook
from agents.common.vocabulary import NONE
from agents.enterprise.calling import REST, call_to_review
from agents.enterprise.choice import Keys
from agents.enterprise.columns import Firms, Slots
from agents.enterprise.deciding import count_selfhosted, decide_firm
from agents.enterprise.evaluation import (
    Platforms,
    Rules,
    credit_factor,
    replicas,
    success_rate,
    tuned_gain,
)
from agents.enterprise.ledger import Ledger
from agents.enterprise.sums import Totals, Use, add_firm, add_slot
from agents.enterprise.utilities import Scratch
from agents.enterprise.world import World


@inline_kernel
def use(
    rules: Rules, world: World, book: OfferBook, platforms: Platforms, firms: Firms,
    slots: Slots, firm: int, slot: int, one_off: float, staff: float, credit: float,
) -> Use:  # fmt: skip
    """One month of use of one slot: tokens, payments, data.

    staff: $ a month of self-hosting staff per self-hosted slot; credit: what a bill of 1 costs in
    the end.
    """
    row = world.row_of[slots.offering[slot]]
    age = min(world.month - slots.in_use_since[slot], world.ramp.size - 1)
    wanted = np.float64(slots.tokens[slot]) * world.demand
    tokens = wanted * world.ramp[age] * book.demand[row]
    platform = firms.platform[firm] if slots.channel[slot] == 1 else NONE
    data = np.float64(slots.data[slot])
    margin = book.q[row] - np.float64(slots.difficulty[slot])
    tuning = 0.0
    if book.tuned[row] == 1:
        margin += tuned_gain(rules, data) + book.crowd_gain[row]
        if slots.held_since[slot] == world.month:
            tuning = np.float64(book.tuning_price[row]) * min(data, rules.tuning_tokens)
    bill = rent = paid = 0.0
    if book.access[row] == 2:
        count = replicas(tokens, book.replica_capacity[row])
        rent = count * book.replica_rent[row] * (1.0 - np.float64(firms.own_base[firm]))
        paid = staff
    else:
        bill = book.price[row] * tokens
    fee = 0.0
    if platform != NONE:
        fee = (bill + rent) * platforms.fee[platform]
        paid *= 1.0 - platforms.staff_saving[platform]
    slots.data[slot] = data * world.data_keep + tokens
    value = np.float64(slots.value[slot])
    return Use(
        row, platform, tokens, value * tokens, success_rate(rules, margin), bill, fee, tuning,
        rent, paid, one_off * value * wanted, bill * (credit - 1.0),
    )  # fmt: skip


@inline_kernel
def use_slots(
    rules: Rules, world: World, book: OfferBook, platforms: Platforms, firms: Firms,
    slots: Slots, scratch: Scratch, ledger: Ledger, firm: int, place: int, decided: bool,
) -> Totals:  # fmt: skip
    """One month of use of all slots of a firm."""
    first, last = firms.first_slot[firm], firms.first_slot[firm + 1]
    selfhosted = count_selfhosted(world, book, slots, first, last)
    staff = rules.staff_month * (1.6 - 1.2 * firms.skill[firm]) / max(selfhosted, 1)
    credit = credit_factor(rules, np.float64(firms.capital_cost[firm]))
    totals = Totals(0, 0, 0, 0.0, 0.0, 0.0, 0.0)
    for slot in range(first, last):
        if slots.offering[slot] == NONE:
            continue
        one_off = scratch.one_offs[slot - first] if decided else 0.0
        used = use(
            rules, world, book, platforms, firms, slots, firm, slot, one_off, staff, credit
        )  # fmt: skip
        totals = add_slot(
            ledger, rules, book, platforms, firms, slots, firm, slot, place, used, totals
        )  # fmt: skip
    return totals


@bare_kernel
def month_block(
    begin: int, end: int, firms: Firms, slots: Slots, world: World, rules: Rules,
    book: OfferBook, lists: ClassLists, platforms: Platforms, keys: Keys, scratch: Scratch,
    ledger: Ledger,
) -> None:  # fmt: skip
    """Advance firms `begin` to `end` by one month and fill the block's ledger."""
    for firm in range(begin, end):
        place = 0 if world.home[firms.region[firm]] == 1 else 1
        widest = call_to_review(rules, world, book, lists, firms, slots, keys, scratch, firm)
        if widest > REST:
            scratch.one_offs[:] = 0.0
            decide_firm(
                rules, world, book, lists, platforms, firms, slots, keys, scratch, ledger, firm,
                widest, place,
            )  # fmt: skip
        totals = use_slots(
            rules, world, book, platforms, firms, slots, scratch, ledger, firm, place,
            widest > REST,
        )  # fmt: skip
        firms.tokens[firm] = totals.tokens
        firms.spend[firm] = totals.spend
        if totals.slots == 0:
            firms.adopted_since[firm] = NONE
        elif firms.adopted_since[firm] == NONE:
            firms.adopted_since[firm] = world.month
        add_firm(ledger, book, world.row_of, world.month, firms, slots, firm, place, totals)
