"""One month of choices in closed form: expected slots by offering from a given state.

Enumerates what may happen to a firm (a restriction begins or ends, it wakes up, frontier work is
renewed, reviews become tenders) with its probability, and in each case gives every slot the nested
logit's probabilities. Slots of a firm decide at once, so sums over slots are exact, and only new
difficulties are integrated numerically. Usage and stocks are left alone: whole runs are sampled.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import bare_kernel, inline_kernel
from agents.common.offers import ClassLists, OfferBook
from agents.common.vocabulary import NONE
from agents.enterprise.calling import (
    FRONTIER,
    INSIDE,
    REST,
    REVIEW,
    WHOLE,
    calls,
    class_of,
    pilot_slot,
    renewed_difficulty,
    restriction_chance,
    wake_chance,
)
from agents.enterprise.choice import Keys, Scratch, utilities
from agents.enterprise.columns import Firms, Slots
from agents.enterprise.deciding import buyer_of, count_selfhosted, fill_tastes
from agents.enterprise.evaluation import Platforms, Rules
from agents.enterprise.world import World

Floats = NDArray[np.float64]
NODES = 9
"""Points at which a new difficulty is evaluated: errors below 1e-6."""


class Quadrature(NamedTuple):
    """Nodes and weights of a standard normal, and room for one list's probabilities."""

    nodes: Floats
    weights: Floats
    probability: Floats
    """(longest list,)"""


def quadrature(lists: ClassLists) -> Quadrature:
    """Working memory for these lists."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    longest = max(int(np.diff(lists.start).max()), 1)
    return Quadrature(nodes, weights / weights.sum(), np.zeros(longest))


@inline_kernel
def closed_form(
    lists: ClassLists, bounds: tuple[int, int], scratch: Scratch, scale: float, out: Floats
) -> None:
    """Nested logit probabilities of the entries of a list from filled utilities."""
    start, end = bounds
    outside, begin = 1.0, start
    while begin < end:
        stop = begin
        top = -np.inf
        while stop < end and lists.vendor[stop] == lists.vendor[begin]:
            if scratch.considered[stop - start]:
                top = max(top, np.float64(scratch.utility[stop - start]))
            stop += 1
        total = 0.0
        for k in range(begin, stop):
            out[k - start] = 0.0
            if scratch.considered[k - start]:
                out[k - start] = np.exp((scratch.utility[k - start] - top) / scale)
                total += out[k - start]
        if total > 0.0:
            worth = np.exp(top + scale * np.log(total))
            outside += worth
            for k in range(begin, stop):
                out[k - start] *= worth / total
        begin = stop
    for k in range(end - start):
        out[k] /= outside


@inline_kernel
def expect_choice(
    rules: Rules, world: World, book: OfferBook, lists: ClassLists, platforms: Platforms,
    firms: Firms, slots: Slots, scratch: Scratch, room: Quadrature, firm: int, slot: int,
    inside: bool, selfhosted: int, mass: float, counts: Floats,
) -> None:  # fmt: skip
    """Add one deciding slot's expected choices, times `mass`."""
    buyer = buyer_of(rules, world, book, firms, slots, firm, slot, selfhosted)
    if not buyer.tokens * buyer.value > 0.0:
        return
    code = class_of(firms, firm)
    bounds = (lists.start[code], lists.start[code + 1])
    peers = world.peers[firms.group[firm]]
    utilities(rules, buyer, lists, platforms, bounds, inside, scratch.tastes, peers, scratch)
    closed_form(lists, bounds, scratch, rules.dissimilarity, room.probability)
    for k in range(bounds[0], bounds[1]):
        counts[lists.row[k]] += mass * room.probability[k - bounds[0]]


@inline_kernel
def expect_slot(
    rules: Rules, world: World, book: OfferBook, lists: ClassLists, platforms: Platforms,
    firms: Firms, slots: Slots, scratch: Scratch, room: Quadrature, firm: int, slot: int,
    level: int, renewed: bool, selfhosted: int, mass: float, counts: Floats,
) -> None:  # fmt: skip
    """Add one slot's expected holding; a renewed one over all difficulties of new work."""
    if level == REST:
        if slots.offering[slot] != NONE:
            counts[world.row_of[slots.offering[slot]]] += mass
        return
    if not renewed:
        expect_choice(
            rules, world, book, lists, platforms, firms, slots, scratch, room, firm, slot,
            level == INSIDE, selfhosted, mass, counts,
        )  # fmt: skip
        return
    before = slots.difficulty[slot]
    for node in range(room.nodes.size):
        slots.difficulty[slot] = renewed_difficulty(world, room.nodes[node])
        expect_choice(
            rules, world, book, lists, platforms, firms, slots, scratch, room, firm, slot,
            level == INSIDE, selfhosted, mass * room.weights[node], counts,
        )  # fmt: skip
    slots.difficulty[slot] = before


@inline_kernel
def is_renewed(slots: Slots, first: int, slot: int, pattern: int) -> bool:
    """Whether a slot turns to new work in this pattern: a bit per frontier slot, in order."""
    if slots.tier[slot] != FRONTIER:
        return False
    place = 0
    for other in range(first, slot):
        place += slots.tier[other] == FRONTIER
    return (pattern >> place) & 1 == 1


@inline_kernel
def expect_case(
    rules: Rules, world: World, book: OfferBook, lists: ClassLists, platforms: Platforms,
    firms: Firms, slots: Slots, scratch: Scratch, room: Quadrature, firm: int, freed: bool,
    woke: bool, pattern: int, retenders: bool, mass: float, counts: Floats,
) -> None:  # fmt: skip
    """Add one firm's expected holdings when all but the choices is settled."""
    first, last = firms.first_slot[firm], firms.first_slot[firm + 1]
    pilot = pilot_slot(slots, first, last)
    staying = np.uint64(0)
    for slot in range(first, last):
        planned = slots.next_review[slot]
        if is_renewed(slots, first, slot, pattern):
            slots.next_review[slot] = world.month
        if woke and slot != pilot:
            slots.next_review[slot] = world.month + 1
        paused = freed and slots.vendor[slot] != NONE
        starts = woke and slot == pilot
        level = calls(world, book, lists, firms, slots, firm, slot, starts, paused)
        if level == REVIEW:
            level = WHOLE if retenders else INSIDE
        scratch.levels[slot - first] = level
        slots.next_review[slot] = planned
        if level < WHOLE and slots.offering[slot] != NONE:
            staying |= np.uint64(1) << np.uint64(slots.vendor[slot])
    portfolio = firms.portfolio[firm]
    firms.portfolio[firm] = staying
    selfhosted = count_selfhosted(world, book, slots, first, last)
    for slot in range(first, last):
        expect_slot(
            rules, world, book, lists, platforms, firms, slots, scratch, room, firm, slot,
            scratch.levels[slot - first], is_renewed(slots, first, slot, pattern), selfhosted,
            mass, counts,
        )  # fmt: skip
    firms.portfolio[firm] = portfolio


@inline_kernel
def expect_firm(
    rules: Rules, world: World, book: OfferBook, lists: ClassLists, platforms: Platforms,
    firms: Firms, slots: Slots, scratch: Scratch, room: Quadrature, firm: int, freed: bool,
    mass: float, counts: Floats,
) -> None:  # fmt: skip
    """Add one firm's expected holdings over waking, renewals and tenders."""
    frontier = 0
    for slot in range(firms.first_slot[firm], firms.first_slot[firm + 1]):
        frontier += slots.tier[slot] == FRONTIER
    wakes = wake_chance(firms, world, firm) if firms.adopted_since[firm] == NONE else 0.0
    for case in range(4 << frontier):
        woke, retenders, pattern = case & 1 == 1, case & 2 == 2, case >> 2
        chance = wakes if woke else 1.0 - wakes
        chance *= rules.retender if retenders else 1.0 - rules.retender
        for place in range(frontier):
            renewed = (pattern >> place) & 1 == 1
            chance *= world.renewal if renewed else 1.0 - world.renewal
        if chance > 0.0:
            expect_case(
                rules, world, book, lists, platforms, firms, slots, scratch, room, firm, freed,
                woke, pattern, retenders, mass * chance, counts,
            )  # fmt: skip


@bare_kernel
def expect_block(
    firms: Firms, slots: Slots, world: World, rules: Rules, book: OfferBook, lists: ClassLists,
    platforms: Platforms, keys: Keys, scratch: Scratch, room: Quadrature, counts: Floats,
) -> None:  # fmt: skip
    """Fill `counts` (rows of the book) with expected weighted slots in use at the month's end.

    State columns are changed on the way and put back. Cost: that of a month in which every slot
    decides, up to 64 times over.
    """
    for firm in range(firms.weight.size):
        fill_tastes(rules, world, keys, firm, scratch.tastes)
        restricted = firms.restricted[firm]
        chance = restriction_chance(firms, world, firm)
        mass = np.float64(firms.weight[firm])
        expect_firm(
            rules, world, book, lists, platforms, firms, slots, scratch, room, firm, False,
            mass * (1.0 - chance), counts,
        )  # fmt: skip
        if chance > 0.0:
            firms.restricted[firm] = 1 - restricted
            expect_firm(
                rules, world, book, lists, platforms, firms, slots, scratch, room, firm,
                restricted == 1, mass * chance, counts,
            )  # fmt: skip
            firms.restricted[firm] = restricted
