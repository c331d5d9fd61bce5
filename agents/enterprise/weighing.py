"""What everything on offer is worth to one slot now, term by term; for showing, not choosing."""

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import bare_kernel
from agents.common.offers import BookRows
from agents.common.vocabulary import NONE
from agents.enterprise.calling import class_of
from agents.enterprise.choice import Keys, add_terms
from agents.enterprise.columns import FirmRows, SlotRows
from agents.enterprise.deciding import buyer_of, count_selfhosted
from agents.enterprise.evaluation import Platforms, Rules, credit_factor, parts_of, taste
from agents.enterprise.nests import NestLists
from agents.enterprise.world import World


@bare_kernel
def weigh(
    rules: Rules, world: World, book: BookRows, nests: NestLists, platforms: Platforms,
    firms: FirmRows, slots: SlotRows, keys: Keys, firm: int, slot: int,
    terms: NDArray[np.float64],
) -> None:  # fmt: skip
    """Fill (rows of the book, terms): what each row is worth to a slot, fractions of its value.

    NaN for what the firm may not use or new buyers no longer see, unless the slot holds it. Terms
    are those of `evaluation.TERMS`; noise is not among them.
    """
    first, last = firms[firm].first_slot, firms[firm].first_slot + firms[firm].slot_count
    selfhosted = count_selfhosted(world, book, slots, first, last)
    place = 0 if world.home[firms[firm].region] == 1 else 1
    credit = credit_factor(rules, firms[firm].capital_cost)
    buyer = buyer_of(rules, world, book, firms, slots, firm, slot, selfhosted, place, credit)
    code = class_of(firms, firm)
    for row in range(book.size):
        entry = nests.entry_of[code, row]
        if entry == NONE or (nests.row[entry] == NONE and row != buyer.held_row):
            for term in range(terms.shape[1]):
                terms[row, term] = np.nan
            continue
        vendor = book[row].vendor
        liking = taste(keys.taste, firm, world.vendor_keys[vendor], rules.taste_spread)
        fit = liking + rules.peer_weight * world.peers[firms[firm].group, vendor]
        for term in range(terms.shape[1]):
            terms[row, term] = 0.0
        parts = parts_of(rules, buyer, book, platforms, row)
        add_terms(terms[row], 0, 1.0, rules, parts, fit)
