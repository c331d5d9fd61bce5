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
from agents.common.offers import BookRows
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
from agents.enterprise.choice import HALF_NEVER, Keys
from agents.enterprise.columns import FirmRows, SlotRows
from agents.enterprise.deciding import (
    buyer_of,
    count_selfhosted,
    know_vendors,
    shared_by_slots,
)
from agents.enterprise.evaluation import Platforms, Rules, credit_factor
from agents.enterprise.nests import NEVER, NestLists
from agents.enterprise.utilities import (
    Scratch,
    ideal,
    nests_of_interest,
    prepare,
    utilities,
)
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


def quadrature(nests: NestLists) -> Quadrature:
    """Working memory for these lists."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    longest = max(int(np.diff(nests.start[nests.first_nest]).max()), 1)
    return Quadrature(nodes, weights / weights.sum(), np.zeros(longest))


@inline_kernel
def closed_form(
    nests: NestLists, scratch: Scratch, looked: tuple[int, int], origin: int, scale: float,
    none: float, out: Floats,
) -> None:  # fmt: skip
    """Nested logit probabilities of the entries looked at, by position in the scratch.

    none: utility of the outside option.
    """
    first, last = nests.start[looked[0]] - origin, nests.start[looked[1]] - origin
    peak = none
    for i in range(first, last):
        peak = max(peak, np.float64(scratch.utility[i]))
    everything = np.exp(none - peak)
    for nest in range(looked[0], looked[1]):
        begin, end = nests.start[nest] - origin, nests.start[nest + 1] - origin
        top = np.float64(NEVER)
        for i in range(begin, end):
            top = max(top, np.float64(scratch.utility[i]))
        total = 0.0
        for i in range(begin, end):
            out[i] = np.exp((scratch.utility[i] - top) / scale)
            total += out[i]
        worth = np.exp(top - peak + scale * np.log(total)) if top > HALF_NEVER else 0.0
        everything += worth
        for i in range(begin, end):
            out[i] *= worth / total
    for i in range(first, last):
        out[i] /= everything


@inline_kernel
def expect_choice(
    rules: Rules, world: World, book: BookRows, nests: NestLists, platforms: Platforms,
    firms: FirmRows, slots: SlotRows, scratch: Scratch, room: Quadrature, firm: int, slot: int,
    inside: bool, selfhosted: int, mass: float, counts: Floats,
) -> None:  # fmt: skip
    """Add one deciding slot's expected choices, times `mass`."""
    place = 0 if world.home[firms[firm].region] == 1 else 1
    credit = credit_factor(rules, firms[firm].capital_cost)
    buyer = buyer_of(rules, world, book, firms, slots, firm, slot, selfhosted, place, credit)
    if not buyer.tokens * buyer.value > 0.0:
        return
    code = class_of(firms, firm)
    origin = nests.start[nests.first_nest[code]]
    looked = nests_of_interest(nests, code, buyer.held_vendor, inside)
    utilities(rules, buyer, book, nests, platforms, code, looked, scratch)
    none = -ideal(buyer)
    closed_form(nests, scratch, looked, origin, rules.dissimilarity, none, room.probability)
    for k in range(nests.start[looked[0]], nests.start[looked[1]]):
        chance = room.probability[k - origin]
        if chance > 0.0:
            row = nests.row[k]
            counts[row if row != NONE else buyer.held_row] += mass * chance


@inline_kernel
def expect_slot(
    rules: Rules, world: World, book: BookRows, nests: NestLists, platforms: Platforms,
    firms: FirmRows, slots: SlotRows, scratch: Scratch, room: Quadrature, firm: int, slot: int,
    level: int, renewed: bool, selfhosted: int, mass: float, counts: Floats,
) -> None:  # fmt: skip
    """Add one slot's expected holding; a renewed one over all difficulties of new work."""
    if level == REST:
        if slots[slot].offering != NONE:
            counts[world.row_of[slots[slot].offering]] += mass
        return
    if not renewed:
        expect_choice(
            rules, world, book, nests, platforms, firms, slots, scratch, room, firm, slot,
            level == INSIDE, selfhosted, mass, counts,
        )  # fmt: skip
        return
    before = slots[slot].difficulty
    for node in range(room.nodes.size):
        slots[slot].difficulty = renewed_difficulty(world, room.nodes[node])
        expect_choice(
            rules, world, book, nests, platforms, firms, slots, scratch, room, firm, slot,
            level == INSIDE, selfhosted, mass * room.weights[node], counts,
        )  # fmt: skip
    slots[slot].difficulty = before


@inline_kernel
def is_renewed(slots: SlotRows, first: int, slot: int, pattern: int) -> bool:
    """Whether a slot turns to new work in this pattern: a bit per frontier slot, in order."""
    if slots[slot].tier != FRONTIER:
        return False
    place = 0
    for other in range(first, slot):
        place += slots[other].tier == FRONTIER
    return (pattern >> place) & 1 == 1


@inline_kernel
def expect_case(
    rules: Rules, world: World, book: BookRows, nests: NestLists, platforms: Platforms,
    firms: FirmRows, slots: SlotRows, scratch: Scratch, room: Quadrature, firm: int, freed: bool,
    woke: bool, pattern: int, retenders: bool, mass: float, counts: Floats,
) -> None:  # fmt: skip
    """Add one firm's expected holdings when all but the choices is settled."""
    first, last = firms[firm].first_slot, firms[firm].first_slot + firms[firm].slot_count
    pilot = pilot_slot(slots, first, last)
    staying = np.uint64(0)
    for slot in range(first, last):
        planned = slots[slot].next_review
        if is_renewed(slots, first, slot, pattern):
            slots[slot].next_review = world.month
        if woke and slot != pilot:
            slots[slot].next_review = world.month + 1
        paused = freed and slots[slot].vendor != NONE
        starts = woke and slot == pilot
        level = calls(world, book, nests, firms, slots, firm, slot, starts, paused)
        if level == REVIEW:
            level = WHOLE if retenders else INSIDE
        scratch.levels[slot - first] = level
        slots[slot].next_review = planned
        if level < WHOLE and slots[slot].offering != NONE:
            staying |= np.uint64(1) << np.uint64(slots[slot].vendor)
    portfolio = firms[firm].portfolio
    firms[firm].portfolio = staying
    code = class_of(firms, firm)
    every = nests.first_nest[code], nests.first_nest[code + 1]
    prepare(rules, nests, platforms, code, every, shared_by_slots(rules, firms, firm), scratch)
    selfhosted = count_selfhosted(world, book, slots, first, last)
    for slot in range(first, last):
        expect_slot(
            rules, world, book, nests, platforms, firms, slots, scratch, room, firm, slot,
            scratch.levels[slot - first], is_renewed(slots, first, slot, pattern), selfhosted,
            mass, counts,
        )  # fmt: skip
    firms[firm].portfolio = portfolio


@inline_kernel
def expect_firm(
    rules: Rules, world: World, book: BookRows, nests: NestLists, platforms: Platforms,
    firms: FirmRows, slots: SlotRows, scratch: Scratch, room: Quadrature, firm: int, freed: bool,
    mass: float, counts: Floats,
) -> None:  # fmt: skip
    """Add one firm's expected holdings over waking, renewals and tenders."""
    frontier = 0
    for slot in range(firms[firm].first_slot, firms[firm].first_slot + firms[firm].slot_count):
        frontier += slots[slot].tier == FRONTIER
    wakes = wake_chance(firms, world, firm) if firms[firm].adopted_since == NONE else 0.0
    for case in range(4 << frontier):
        woke, retenders, pattern = case & 1 == 1, case & 2 == 2, case >> 2
        chance = wakes if woke else 1.0 - wakes
        chance *= rules.retender if retenders else 1.0 - rules.retender
        for place in range(frontier):
            renewed = (pattern >> place) & 1 == 1
            chance *= world.renewal if renewed else 1.0 - world.renewal
        if chance > 0.0:
            expect_case(
                rules, world, book, nests, platforms, firms, slots, scratch, room, firm, freed,
                woke, pattern, retenders, mass * chance, counts,
            )  # fmt: skip


@bare_kernel
def expect_block(
    firms: FirmRows, slots: SlotRows, world: World, rules: Rules, book: BookRows, nests: NestLists,
    platforms: Platforms, keys: Keys, scratch: Scratch, room: Quadrature, counts: Floats,
) -> None:  # fmt: skip
    """Fill `counts` (rows of the book) with expected weighted slots in use at the month's end.

    State columns are changed on the way and put back. Cost: that of a month in which every slot
    decides, up to 64 times over.
    """
    for firm in range(firms.size):
        know_vendors(rules, world, keys, firms, firm, scratch)
        restricted = firms[firm].restricted
        chance = restriction_chance(firms, world, firm)
        mass = np.float64(firms[firm].weight)
        expect_firm(
            rules, world, book, nests, platforms, firms, slots, scratch, room, firm, False,
            mass * (1.0 - chance), counts,
        )  # fmt: skip
        if chance > 0.0:
            firms[firm].restricted = 1 - restricted
            expect_firm(
                rules, world, book, nests, platforms, firms, slots, scratch, room, firm,
                restricted == 1, mass * chance, counts,
            )  # fmt: skip
            firms[firm].restricted = restricted
