"""One month of enterprises in one compiled pass over a block of firms.

For each firm, in this order: unless it rests by its calendar, slots are called to look at the
market (`calling.py`) and decide (`deciding.py`); then usage, payments, data stocks and all sums.
Reads shares of last month and prices of this one; writes only the block's own rows, so blocks run
on any threads.
"""

import numpy as np

from agents.common.compiled import bare_kernel, inline_kernel
from agents.common.offers import BookRows
from agents.common.randomness import words
from agents.common.vocabulary import NONE
from agents.enterprise.calling import REST, call_to_review, next_due, rests
from agents.enterprise.choice import Keys
from agents.enterprise.columns import FirmRows, SlotRows
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
from agents.enterprise.nests import NestLists
from agents.enterprise.sums import Totals, Use, add_firm, add_slot, no_totals
from agents.enterprise.utilities import Scratch
from agents.enterprise.world import World


@inline_kernel
def use(
    rules: Rules, world: World, book: BookRows, platforms: Platforms, firms: FirmRows,
    slots: SlotRows, firm: int, slot: int, one_off: float, staff: float, credit: float,
) -> Use:  # fmt: skip
    """One month of use of one slot: tokens, payments, data.

    staff: $ a month of self-hosting staff per self-hosted slot; credit: what a bill of 1 costs in
    the end.
    """
    row = world.row_of[slots[slot].offering]
    age = min(world.month - slots[slot].in_use_since, world.ramp.size - 1)
    wanted = np.float64(slots[slot].tokens) * world.demand
    tokens = wanted * world.ramp[age] * book[row].demand
    platform = firms[firm].platform if slots[slot].channel == 1 else NONE
    data = np.float64(slots[slot].data)
    margin = book[row].q - np.float64(slots[slot].difficulty)
    tuning = 0.0
    if book[row].tuned == 1:
        margin += tuned_gain(rules, data) + book[row].crowd_gain
        if slots[slot].held_since == world.month:
            tuning = np.float64(book[row].tuning_price) * min(data, rules.tuning_tokens)
    bill = rent = paid = 0.0
    if book[row].access == 2:
        count = replicas(tokens, book[row].replica_capacity)
        rent = count * book[row].replica_rent * (1.0 - np.float64(firms[firm].own_base))
        paid = staff
    else:
        bill = book[row].price * tokens
    fee = 0.0
    if platform != NONE:
        fee = (bill + rent) * platforms.fee[platform]
        paid *= 1.0 - platforms.staff_saving[platform]
    slots[slot].data = data * world.data_keep + tokens
    value = np.float64(slots[slot].value)
    return Use(
        row, platform, tokens, value * tokens, success_rate(rules, margin), bill, fee, tuning,
        rent, paid, one_off * value * wanted, bill * (credit - 1.0),
    )  # fmt: skip


@inline_kernel
def use_slots(
    rules: Rules, world: World, book: BookRows, platforms: Platforms, firms: FirmRows,
    slots: SlotRows, scratch: Scratch, ledger: Ledger, firm: int, place: int, decided: bool,
) -> Totals:  # fmt: skip
    """One month of use of all slots of a firm."""
    first, last = firms[firm].first_slot, firms[firm].first_slot + firms[firm].slot_count
    selfhosted = count_selfhosted(world, book, slots, first, last)
    staff = rules.staff_month * (1.6 - 1.2 * firms[firm].skill) / max(selfhosted, 1)
    credit = credit_factor(rules, np.float64(firms[firm].capital_cost))
    totals = no_totals()
    for slot in range(first, last):
        if slots[slot].offering == NONE:
            continue
        one_off = scratch.one_offs[slot - first] if decided else 0.0
        used = use(
            rules, world, book, platforms, firms, slots, firm, slot, one_off, staff, credit
        )  # fmt: skip
        totals = add_slot(
            ledger, rules, book, platforms, firms, slots, firm, slot, place, world.month, used,
            totals,
        )  # fmt: skip
    return totals


@bare_kernel
def month_block(
    begin: int, end: int, firms: FirmRows, slots: SlotRows, world: World, rules: Rules,
    book: BookRows, nests: NestLists, platforms: Platforms, keys: Keys, scratch: Scratch,
    ledger: Ledger,
) -> None:  # fmt: skip
    """Advance firms `begin` to `end` by one month and fill the block's ledger."""
    for firm in range(begin, end):
        place = 0 if world.home[firms[firm].region] == 1 else 1
        luck = words(keys.firm, world.month, firm, 0, 0)
        called = not rests(firms, world, firm, luck)
        decided = False
        if called:
            widest = call_to_review(
                rules, world, book, nests, firms, slots, keys, scratch, firm, luck
            )  # fmt: skip
            decided = widest > REST
            if decided:
                scratch.one_offs[:] = 0.0
                decide_firm(
                    rules, world, book, nests, platforms, firms, slots, keys, scratch, ledger,
                    firm, widest, place,
                )  # fmt: skip
        totals = use_slots(
            rules, world, book, platforms, firms, slots, scratch, ledger, firm, place, decided
        )  # fmt: skip
        firms[firm].tokens = totals.tokens
        firms[firm].spend = totals.spend
        if totals.slots == 0:
            firms[firm].adopted_since = NONE
        elif firms[firm].adopted_since == NONE:
            firms[firm].adopted_since = world.month
        if called:
            firms[firm].next_due = next_due(firms, slots, firm)
        add_firm(ledger, firms, slots, firm, place, totals)
