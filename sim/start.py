"""Month 0: the firms that already use a model when the record begins."""

from typing import TYPE_CHECKING

import numpy as np

from agents.common.vocabulary import Access
from agents.enterprise.evaluation import taste_at
from agents.enterprise.population import initial_adopters

if TYPE_CHECKING:
    from sim.market import Market


def seat_initial_adopters(market: "Market") -> None:
    """Give initial adopters the month-0 model in the slots where it is worth most.

    Builders use it in every slot that is not routine, others in their most valuable one.
    """
    if market.month != 0:
        return
    from sim.market import population_rules

    book = market.book
    services = np.flatnonzero((book.access == Access.API) & (book.tuned == 0))
    if services.size == 0:
        return
    row = int(services[0])
    firms, slots = market.columns.firms, market.columns.slots
    chosen = initial_adopters(population_rules(market.parameters), market.streams, firms)
    for firm in chosen:
        region = list(market.parameters.regions.values())[firms.region[firm]]
        if not region.foreign_apis or firms.residency[firm]:
            continue
        first, last = firms.first_slot[firm], firms.first_slot[firm + 1]
        seats = np.arange(first, last)
        if not firms.builder[firm]:
            seats = seats[[int(np.argmax(slots.value[first:last]))]]
        else:
            seats = seats[slots.tier[first:last] > 0]
        _seat(market, firm, seats, row)


def _seat(market: "Market", firm: int, seats: np.ndarray, row: int) -> None:
    slots, book = market.columns.slots, market.book
    slots.offering[seats] = book.offering[row]
    slots.vendor[seats] = book.vendor[row]
    for name in ("in_use_since", "vendor_since", "model_since", "held_since"):
        getattr(slots, name)[seats] = 0
    vendor = market.vendors[book.vendor[row]]
    spread = market.parameters.choice.taste_spread
    slots.taste[seats] = taste_at(market.keys.firm.taste, firm, vendor.address, spread)
    slots.next_review[seats] += 1
    slots.path[seats] = 1
    market.columns.firms.adopted_since[firm] = 0
    market.columns.firms.portfolio[firm] = np.uint64(1) << np.uint64(book.vendor[row])
