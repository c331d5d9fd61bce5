"""The project's own compiled choice over a task: loops around its inline kernels, no more."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import bare_kernel, inline_kernel
from agents.common.vocabulary import NONE
from agents.enterprise.calling import class_of
from agents.enterprise.choice import choose, value_nests
from agents.enterprise.deciding import (
    buyer_of,
    count_selfhosted,
    know_vendors,
    shared_by_slots,
)
from agents.enterprise.evaluation import credit_factor
from agents.enterprise.nests import nest_lists
from agents.enterprise.utilities import (
    ideal,
    nests_of_interest,
    prepare,
    scratch_for,
    utilities,
)
from benchmarks.peers.task import Ints, Task

Floats = NDArray[np.float64]


class Met(NamedTuple):
    """What the slots of a firm share."""

    code: int
    """Consideration class."""
    place: int
    selfhosted: int
    credit: float


@inline_kernel
def meet(
    rules: Any, world: Any, book: Any, nests: Any, platforms: Any, firms: Any, slots: Any,
    keys: Any, scratch: Any, firm: int,
) -> Met:  # fmt: skip
    """Prepare the scratch for the slots of a firm, whatever they look at."""
    code, first = class_of(firms, firm), firms[firm].first_slot
    know_vendors(rules, world, keys, firms, firm, scratch)
    every = nests.first_nest[code], nests.first_nest[code + 1]
    prepare(rules, nests, platforms, code, every, shared_by_slots(rules, firms, firm), scratch)
    return Met(
        code, 0 if world.home[firms[firm].region] == 1 else 1,
        count_selfhosted(world, book, slots, first, first + firms[firm].slot_count),
        credit_factor(rules, firms[firm].capital_cost),
    )  # fmt: skip


@inline_kernel
def look(
    rules: Any, world: Any, book: Any, nests: Any, platforms: Any, firms: Any, slots: Any,
    scratch: Any, met: Met, firm: int, slot: int, inside: bool,
) -> Any:  # fmt: skip
    """Fill the scratch with utilities; returns who asks, the nests looked at, the entry held."""
    buyer = buyer_of(
        rules, world, book, firms, slots, firm, slot, met.selfhosted, met.place, met.credit
    )
    looked = nests_of_interest(nests, met.code, buyer.held_vendor, inside)
    held = utilities(rules, buyer, book, nests, platforms, met.code, looked, scratch)
    return buyer, looked, held


@bare_kernel
def choose_all(
    rules: Any, world: Any, book: Any, nests: Any, platforms: Any, firms: Any, slots: Any,
    keys: Any, scratch: Any, firm: Any, slot: Any, slot_id: Any, chosen: Any,
) -> None:  # fmt: skip
    """Fill `chosen` with rows of the book, -1 for the outside option."""
    known, met = -1, Met(0, 0, 0, 1.0)
    for i in range(slot.size):
        f = firm[i]
        if f != known:
            known = f
            met = meet(rules, world, book, nests, platforms, firms, slots, keys, scratch, f)
        buyer, looked, held = look(
            rules, world, book, nests, platforms, firms, slots, scratch, met, f, slot[i], False
        )
        entry = choose(
            rules, nests, scratch, met.code, looked, held, buyer, keys, world.month, slot_id[i]
        )  # fmt: skip
        chosen[i] = NONE
        if entry != NONE:
            chosen[i] = nests.row[entry] if nests.row[entry] != NONE else buyer.held_row


@bare_kernel
def value_all(
    rules: Any, world: Any, book: Any, nests: Any, platforms: Any, firms: Any, slots: Any,
    keys: Any, scratch: Any, start: Any, firm: Any, slot: Any, utility: Any, kept: Any,
    inclusive: Any, none: Any,
) -> None:  # fmt: skip
    """Fill utilities of entries, of what is held off the list, of nests and of the outside."""
    for i in range(slot.size):
        f = firm[i]
        met = meet(rules, world, book, nests, platforms, firms, slots, keys, scratch, f)
        buyer, looked, held = look(
            rules, world, book, nests, platforms, firms, slots, scratch, met, f, slot[i], False
        )
        first, last = start[met.code], start[met.code + 1]
        origin = nests.start[nests.first_nest[met.code]]
        value_nests(nests, scratch, looked, origin, rules.dissimilarity)
        none[i] = -ideal(buyer)
        if held != NONE and nests.row[held] == NONE:
            kept[i] = scratch.utility[held - origin]
        for k in range(first, last):
            utility[i, k - first] = scratch.utility[nests.position[k] - origin]
        for nest in range(looked[0], looked[1]):
            vendor = nests.vendor[nest] if nests.vendor[nest] != NONE else buyer.held_vendor
            inclusive[i, vendor] = scratch.value[nest - looked[0]]


class Values(NamedTuple):
    """What the engine makes of a task before it draws; about -1e30 where nothing is."""

    utility: Floats
    """(slots, longest list)"""
    held: Floats
    """(slots,) of what is held off the list."""
    inclusive: Floats
    """(slots, vendors)"""
    none: Floats
    """(slots,) of the outside option, on whose scale the others are."""


class Engine:
    """The compiled choice of the project."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.chosen = np.empty(task.slot.size, np.int64)
        vendors = task.world.peers.shape[1]
        self.nests = nest_lists(task.lists, task.book["vendor"], vendors)
        self.scratch = scratch_for(self.nests, vendors)
        self.slot_id = task.slot_id

    def _inputs(self) -> tuple[Any, ...]:
        t = self.task
        return (t.rules, t.world, t.book, self.nests, t.platforms, t.firms, t.slots, t.keys)

    def choose(self) -> Ints:
        """Rows chosen, -1 for the outside option; the array is used again by the next call."""
        t = self.task
        choose_all(*self._inputs(), self.scratch, t.firm, t.slot, self.slot_id, self.chosen)
        return self.chosen

    def values(self) -> Values:
        """Utilities and inclusive values of all slots."""
        t, vendors = self.task, self.task.world.peers.shape[1]
        longest = int(np.diff(t.lists.start).max())
        found = Values(
            np.full((t.slot.size, longest), -1e30), np.full(t.slot.size, -1e30),
            np.full((t.slot.size, vendors), -1e30), np.zeros(t.slot.size),
        )  # fmt: skip
        value_all(
            *self._inputs(), self.scratch, t.lists.start, t.firm, t.slot, *found
        )  # fmt: skip
        return found
