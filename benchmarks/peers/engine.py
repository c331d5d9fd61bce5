"""The project's own compiled choice over a task: loops around its inline kernels, no more."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import bare_kernel
from agents.enterprise.calling import class_of
from agents.enterprise.choice import choose, inclusive_value
from agents.enterprise.deciding import (
    buyer_of,
    count_selfhosted,
    know_vendors,
    shared_by_slots,
)
from agents.enterprise.utilities import NEVER, prepare, scratch_for, utilities
from benchmarks.peers.task import Ints, Task

Floats = NDArray[np.float64]


@bare_kernel
def choose_all(
    rules: Any, world: Any, book: Any, lists: Any, platforms: Any, firms: Any, slots: Any,
    keys: Any, scratch: Any, firm: Any, slot: Any, slot_id: Any, chosen: Any,
) -> None:  # fmt: skip
    """Fill `chosen` with rows of the book, -1 for the outside option."""
    known, code, place, selfhosted = -1, 0, 0, 0
    for i in range(slot.size):
        f = firm[i]
        if f != known:
            known, code = f, class_of(firms, f)
            place = 0 if world.home[firms[f].region] == 1 else 1
            first = firms[f].first_slot
            selfhosted = count_selfhosted(world, book, slots, first, first + firms[f].slot_count)
            know_vendors(rules, world, keys, firms, f, scratch)
            prepare(rules, lists, platforms, code, lists.start[code], lists.start[code + 1],
                    shared_by_slots(rules, firms, f), scratch)  # fmt: skip
        buyer = buyer_of(rules, world, book, firms, slots, f, slot[i], selfhosted, place)
        looked = utilities(rules, buyer, book, lists, platforms, code, False, scratch)
        chosen[i] = choose(
            rules, lists, book, scratch, code, looked, buyer, keys, world.month, slot_id[i]
        )  # fmt: skip


@bare_kernel
def value_all(
    rules: Any, world: Any, book: Any, lists: Any, platforms: Any, firms: Any, slots: Any,
    keys: Any, scratch: Any, firm: Any, slot: Any, utility: Any, held: Any, inclusive: Any,
) -> None:  # fmt: skip
    """Fill utilities of the entries, of what is held off the list, and inclusive values."""
    for i in range(slot.size):
        f = firm[i]
        code = class_of(firms, f)
        place = 0 if world.home[firms[f].region] == 1 else 1
        first = firms[f].first_slot
        selfhosted = count_selfhosted(world, book, slots, first, first + firms[f].slot_count)
        know_vendors(rules, world, keys, firms, f, scratch)
        start, end = lists.start[code], lists.start[code + 1]
        prepare(rules, lists, platforms, code, start, end, shared_by_slots(rules, firms, f),
                scratch)  # fmt: skip
        buyer = buyer_of(rules, world, book, firms, slots, f, slot[i], selfhosted, place)
        looked = utilities(rules, buyer, book, lists, platforms, code, False, scratch)
        held[i] = looked[2]
        for k in range(end - start):
            utility[i, k] = scratch.utility[k]
        for vendor in range(world.vendor_keys.size):
            begin, stop, top = 0, 0, np.float64(NEVER)
            for k in range(start, end):
                if lists.vendor[k] == vendor:
                    begin = k - start if stop == 0 else begin
                    stop = k - start + 1
                    top = max(top, np.float64(scratch.utility[k - start]))
            extra = looked[2] if vendor == buyer.held_vendor else np.float64(NEVER)
            top = max(top, extra)
            if top > -5e29:
                inclusive[i, vendor] = inclusive_value(
                    scratch, begin, stop, extra, top, rules.dissimilarity
                )


class Values(NamedTuple):
    """What the engine makes of a task before it draws; about -1e30 where nothing is."""

    utility: Floats
    """(slots, longest list)"""
    held: Floats
    """(slots,) of what is held off the list."""
    inclusive: Floats
    """(slots, vendors)"""


class Engine:
    """The compiled choice of the project."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.chosen = np.empty(task.slot.size, np.int64)
        self.scratch = scratch_for(task.lists, task.world.vendor_keys.size)
        self.slot_id = task.slot_id

    def _inputs(self) -> tuple[Any, ...]:
        t = self.task
        return (t.rules, t.world, t.book, t.lists, t.platforms, t.firms, t.slots, t.keys)

    def choose(self) -> Ints:
        """Rows chosen, -1 for the outside option; the array is used again by the next call."""
        t = self.task
        choose_all(*self._inputs(), self.scratch, t.firm, t.slot, self.slot_id, self.chosen)
        return self.chosen

    def values(self) -> Values:
        """Utilities and inclusive values of all slots."""
        t, vendors = self.task, self.task.world.vendor_keys.size
        longest = int(np.diff(t.lists.start).max())
        found = Values(
            np.full((t.slot.size, longest), -1e30), np.full(t.slot.size, -1e30),
            np.full((t.slot.size, vendors), -1e30),
        )  # fmt: skip
        value_all(*self._inputs(), self.scratch, t.firm, t.slot, *found)
        return found
