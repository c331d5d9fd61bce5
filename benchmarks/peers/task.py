"""What every contestant is given: slots of a real market that look at their whole list."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.common.offers import BookRows, ClassLists, book_rows
from agents.common.vocabulary import NONE
from agents.enterprise.choice import Keys
from agents.enterprise.columns import SLOTS_A_FIRM
from agents.enterprise.evaluation import Platforms, Rules
from agents.enterprise.world import World
from sim import Market, load
from sim.enterprise_step import choice_rules, lists_of, platforms_of, world_of

MONTHS = 40
"""Months simulated before anything is measured: open and closed models of all vendors are out."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Task:
    """Slots to choose for, and all that their choice depends on. Columns are the market's own."""

    rules: Rules
    world: World
    book: BookRows
    lists: ClassLists
    platforms: Platforms
    keys: Keys
    firms: Any
    """Structured array, a row a firm."""
    slots: Any
    firm: Ints
    """(chosen for,) row of the firm; those of one firm are neighbours."""
    slot: Ints

    @property
    def vendor_keys(self) -> NDArray[np.uint32]:
        """Addresses of the vendors."""
        return self.world.vendor_keys[: self.world.peers.shape[1]]

    @property
    def code(self) -> Ints:
        """Consideration class of each slot's firm."""
        rows = self.firms[self.firm]
        code = (rows["region"].astype(np.int64) * 2 + rows["residency"]) * 2 + rows["restricted"]
        return np.asarray(code * 2 + rows["aware"])

    @property
    def length(self) -> Ints:
        """Entries on the list of each slot."""
        return np.asarray(np.diff(self.lists.start)[self.code])

    @property
    def slot_id(self) -> Ints:
        """Address of each slot's luck."""
        return np.asarray(
            self.firm * SLOTS_A_FIRM + self.slot - self.firms["first_slot"][self.firm]
        )

    @property
    def evaluations(self) -> int:
        """Utilities to evaluate: one a slot and entry of its list."""
        return int(self.length.sum())

    @property
    def held_row(self) -> Ints:
        """Row of the book that each slot holds; -1 where it holds none, or one that is gone."""
        held = self.slots["offering"][self.slot]
        return np.where(held == NONE, NONE, self.world.row_of[held]).astype(np.int64)

    @property
    def selfhosted(self) -> Ints:
        """(firms,) slots of every firm on its own machines."""
        held = self.slots["offering"]
        row = np.where(held == NONE, NONE, self.world.row_of[held])
        own = (row != NONE) & (self.book["access"][row] == 2)
        return np.add.reduceat(own.astype(np.int64), self.firms["first_slot"])

    def only(self, longest: int) -> "Task":
        """The slots whose lists have from one to `longest` entries."""
        keep = (self.length > 0) & (self.length <= longest)
        return Task(**{**vars(self), "firm": self.firm[keep], "slot": self.slot[keep]})


def advanced(firms: int, months: int = MONTHS) -> Market:
    """The baseline market with so many firms after some months."""
    market = Market(load("baseline", {"enterprise.population": firms, "months": 96}))
    for _ in range(months):
        market.step()
    return market


def task_of(market: Market) -> Task:
    """The slots of adopters that are due for review next month, all tendered anew.

    Their firms know the vendors of the slots that stay, as in a month of the simulation; that is
    written into the market's columns. Raises ValueError for another form of quality than the
    sigmoid, which is all the peers know.
    """
    rules = choice_rules(market.parameters)
    if rules.linear:
        raise ValueError("the peers know choice.quality_form = 'sigmoid' only")
    firms, slots = market.columns.firm_rows, market.columns.slot_rows
    owner = np.repeat(np.arange(firms.size), firms["slot_count"])
    wants = (slots["tokens"] > 0) & (slots["value"] > 0)
    due = wants & (slots["next_review"] <= market.month + 1) & (firms["adopted_since"][owner] >= 0)
    stays = ~due & (slots["offering"] != NONE)
    bits = np.where(stays, np.uint64(1) << np.maximum(slots["vendor"], 0).astype(np.uint64), 0)
    firms["portfolio"] = np.bitwise_or.reduceat(bits.astype(np.uint64), firms["first_slot"])
    slot = np.flatnonzero(due)
    return Task(
        rules, world_of(market), book_rows(market.book), lists_of(market, market.book),
        platforms_of(market), market.keys.firm, firms, slots, owner[slot], slot,
    )  # fmt: skip
