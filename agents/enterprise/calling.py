"""Which slots look at the market this month, and how widely.

Restrictions begin or end, firms without a model may wake up, frontier work is renewed, reviews
fall due. What a slot may then buy is its firm's consideration class.
"""

import numpy as np

from agents.common.compiled import inline_kernel
from agents.common.offers import BookRows
from agents.common.randomness import draw, normal_at, uniform
from agents.common.vocabulary import NONE
from agents.enterprise.choice import Keys
from agents.enterprise.columns import NOT_DUE, SLOTS_A_FIRM, FirmRows, SlotRows
from agents.enterprise.evaluation import Rules
from agents.enterprise.nests import NestLists
from agents.enterprise.utilities import Scratch
from agents.enterprise.world import World

FRONTIER = 2
"""Workload tier whose slots turn to new work at the edge."""
type Luck = tuple[np.uint32, np.uint32, np.uint32, np.uint32]
REST, INSIDE, WHOLE, REVIEW = 0, 1, 2, 3
"""What calls a slot: nothing, its vendor's own list, the whole list, or a review that is due."""


@inline_kernel
def restriction_chance(firms: FirmRows, world: World, firm: int) -> float:
    """Chance that a firm begins, or if it is restricted ends, a restriction this month."""
    if firms[firm].restricted == 1:
        return world.restriction_end
    hazard = world.restriction_hazard[0] + world.restriction_hazard[1]
    return min(firms[firm].sensitivity * hazard, 1.0)


@inline_kernel
def change_restriction(firms: FirmRows, world: World, firm: int, u: float) -> bool:
    """Begin or end a restriction by the firm's uniform of this month; True if it changed."""
    if not u < restriction_chance(firms, world, firm):
        return False
    firms[firm].restricted = 1 - firms[firm].restricted
    if firms[firm].restricted == 1:
        firms[firm].ever_restricted = 1
    return True


@inline_kernel
def wake_chance(firms: FirmRows, world: World, firm: int) -> float:
    """Chance that a firm without a model looks at the market (Bass with frailty)."""
    rate = world.innovation + world.imitation * world.peer_adoption[firms[firm].group]
    hazard = rate * world.adoption_scale[firms[firm].band] * firms[firm].frailty
    return 1.0 - np.exp(-hazard)


@inline_kernel
def class_of(firms: FirmRows, firm: int) -> int:
    """Consideration class of a firm now: (region, residency, restricted, aware) as one code."""
    region, residency = firms[firm].region, firms[firm].residency
    return ((region * 2 + residency) * 2 + firms[firm].restricted) * 2 + firms[firm].aware


@inline_kernel
def held_forbidden(nests: NestLists, firms: FirmRows, firm: int, row: int) -> bool:
    """Whether the firm may no longer use what the slot holds."""
    return nests.entry_of[class_of(firms, firm), row] == NONE


@inline_kernel
def calls(
    world: World, book: BookRows, nests: NestLists, firms: FirmRows, slots: SlotRows, firm: int,
    slot: int, starts: bool, paused: bool,
) -> int:  # fmt: skip
    """What calls a slot this month: `REST`, `INSIDE`, `WHOLE` or `REVIEW`.

    starts: its firm wakes up and tries this slot; paused: a restriction on it has just ended.
    """
    held = slots[slot].offering
    if held == NONE:
        scheduled = firms[firm].adopted_since != NONE and slots[slot].next_review <= world.month
        return WHOLE if starts or paused or scheduled else REST
    row = world.row_of[held]
    if row == NONE or held_forbidden(nests, firms, firm, row) or paused:
        return WHOLE
    if book[row].force == WHOLE:
        return WHOLE
    if slots[slot].next_review <= world.month:
        return REVIEW
    return INSIDE if book[row].force == INSIDE else REST


@inline_kernel
def renewed_difficulty(world: World, z: float) -> float:
    """Difficulty of new work at the edge; z is a standard normal."""
    return world.frontier_quality + 0.2 + 0.5 * z


@inline_kernel
def renew_frontier(
    world: World, slots: SlotRows, keys: Keys, slot: int, slot_id: int, u: float
) -> None:
    """Turn a frontier slot to new work at the edge of what is possible, if its uniform says so."""
    if u < world.renewal:
        z = normal_at(keys.renewal, world.month, slot_id, 1)
        slots[slot].difficulty = renewed_difficulty(world, z)
        slots[slot].next_review = world.month


@inline_kernel
def pilot_slot(slots: SlotRows, first: int, last: int) -> int:
    """The slot of a firm with most value at stake: a firm that wakes tries that one first."""
    best = first
    for slot in range(first + 1, last):
        if slots[slot].value * slots[slot].tokens > slots[best].value * slots[best].tokens:
            best = slot
    return best


@inline_kernel
def rests(
    firms: FirmRows,
    world: World,
    firm: int,
    luck: Luck,
) -> bool:
    """Whether nothing calls any slot of a firm this month, by its calendar and its vendors'."""
    if uniform(luck[0]) < restriction_chance(firms, world, firm):
        return False
    if firms[firm].next_due <= world.month:
        return False
    if firms[firm].portfolio & world.stirred != np.uint64(0):
        return False
    if firms[firm].adopted_since == NONE and uniform(luck[1]) < wake_chance(firms, world, firm):
        return False
    frontier = firms[firm].frontier_slots
    if frontier > 2:
        return False
    renewed = uniform(luck[2]) < world.renewal
    return not ((frontier > 0 and renewed) or (frontier > 1 and uniform(luck[3]) < world.renewal))


@inline_kernel
def next_due(firms: FirmRows, slots: SlotRows, firm: int) -> np.int16:
    """First month in which a review of a slot falls due."""
    if firms[firm].adopted_since == NONE:
        return NOT_DUE
    due = NOT_DUE
    for slot in range(firms[firm].first_slot, firms[firm].first_slot + firms[firm].slot_count):
        due = min(due, slots[slot].next_review)
    return due


@inline_kernel
def call_to_review(
    rules: Rules, world: World, book: BookRows, nests: NestLists, firms: FirmRows, slots: SlotRows,
    keys: Keys, scratch: Scratch, firm: int, luck: Luck,
) -> int:  # fmt: skip
    """Say how widely each slot of a firm looks this month; the widest, `REST` if none does.

    What is tendered anew is known to nobody; what stays makes its vendors known. All chances of
    a firm's month come from one address, `luck`: restriction, waking or tendering, new work.
    """
    w0, w1, w2, w3 = luck
    changed = change_restriction(firms, world, firm, uniform(w0))
    freed = changed and firms[firm].restricted == 0
    chance = uniform(w1)
    woke = firms[firm].adopted_since == NONE and chance < wake_chance(firms, world, firm)
    first, last = firms[firm].first_slot, firms[firm].first_slot + firms[firm].slot_count
    pilot = pilot_slot(slots, first, last) if woke else NONE
    staying, widest = np.uint64(0), REST
    frontier = 0
    for slot in range(first, last):
        place = slot - first
        if slots[slot].tier == FRONTIER:
            chosen = w2 if frontier == 0 else w3
            if frontier >= 2:
                chosen = draw(keys.firm, world.month, firm, 0, 2 + frontier)
            renew_frontier(world, slots, keys, slot, firm * SLOTS_A_FIRM + place, uniform(chosen))
            frontier += 1
        paused = freed and slots[slot].vendor != NONE
        if woke and slot != pilot:
            slots[slot].next_review = world.month + 1
        level = calls(world, book, nests, firms, slots, firm, slot, slot == pilot, paused)
        if level == REVIEW:
            level = WHOLE if chance < rules.retender else INSIDE
        scratch.levels[place] = level
        widest = max(widest, level)
        if level < WHOLE and slots[slot].offering != NONE:
            staying |= np.uint64(1) << np.uint64(slots[slot].vendor)
    firms[firm].portfolio = staying
    return widest
