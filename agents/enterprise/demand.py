"""What a sample of slots would choose if it chose afresh: the demand that vendors price to.

The sample is systematic by weight x tokens, so that every sampled slot stands for the same number
of tokens; it is redrawn once a year and shared by all vendors. Only the entries of a slot's list
are kept, type after type; loops over a list are vector code.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import bare_kernel, inline_kernel
from agents.common.logit import inclusive_value
from agents.common.mathematics64 import exp64, log64
from agents.common.offers import BookRows, ClassLists
from agents.enterprise.columns import EnterpriseColumns, Firms
from agents.enterprise.entries import (
    ADEQUATE,
    FORBIDDEN,
    WIDE,
    Asked,
    Entries,
    fill_cheapest,
    fill_utilities,
)
from agents.enterprise.evaluation import Platforms, Rules

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


FIRMS_AT_ONCE = 65_536
"""Firms summed together: bounds the memory that drawing a sample needs."""


class Sample(NamedTuple):
    """Slots that stand for the market, each with the same tokens."""

    firm: NDArray[np.int64]
    slot: NDArray[np.int64]
    tokens: float
    """Mtok a month at the demand of 2023 that the sample stands for, all firms."""
    home: NDArray[np.bool_]


class Demand(NamedTuple):
    """Entry demand of a sample over an offer book: entries of each type's list, type by type."""

    start: Ints
    """(types + 1,) where the entries of each type start."""
    class_: Ints
    """(types,) whose list it is."""
    utility: Floats
    """(entries,) without price paid for tokens."""
    price_weight: Floats
    """(types,) utils per $/Mtok."""
    lists: ClassLists


def draw_sample(
    columns: EnterpriseColumns, size: int, offset: float, home: NDArray[np.int8]
) -> Sample:
    """Systematic sample of `size` slots; `offset` in (0, 1) places the comb."""
    firms, first = columns.firms, columns.firms.first_slot
    blocks = range(0, len(columns), FIRMS_AT_ONCE)
    ends = np.cumsum([_mass(columns, begin).sum() for begin in blocks])
    points = (np.arange(size) + offset) / size * ends[-1]
    chosen = np.zeros(size, np.int64)
    for i, begin in enumerate(blocks):
        before = ends[i - 1] if i else 0.0
        here = np.searchsorted(ends, points) == i
        mass = before + np.cumsum(_mass(columns, begin))
        place = np.minimum(np.searchsorted(mass, points[here]), len(mass) - 1)
        chosen[here] = first[begin] + place
    owner = np.searchsorted(first, chosen, side="right") - 1
    return Sample(owner, chosen, float(ends[-1]), home[firms.region[owner]] == 1)


def _mass(columns: EnterpriseColumns, begin: int) -> Floats:
    """Weight x tokens of the slots of a block of firms that starts at `begin`."""
    firms, first = columns.firms, columns.firms.first_slot
    rows = slice(begin, min(begin + FIRMS_AT_ONCE, len(columns)))
    weight = np.repeat(firms.weight[rows], np.diff(first[rows.start : rows.stop + 1]))
    tokens = columns.slots.tokens[first[rows.start] : first[rows.stop]]
    mass: Floats = weight * tokens.astype(np.float64)
    return mass


def entry_demand(
    sample: Sample, columns: EnterpriseColumns, growth: float, rules: Rules, book: BookRows,
    lists: ClassLists, platforms: Platforms, taste_key: np.uint64,
    vendor_keys: NDArray[np.uint32], home: NDArray[np.int8],
) -> Demand:  # fmt: skip
    """Utilities of the sampled slots as if they held nothing: cost sample x list length."""
    class_ = classes_of(columns.firms, sample.firm)
    length = np.diff(lists.start)
    start = np.zeros(len(class_) + 1, np.int64)
    np.cumsum(length[class_], out=start[1:])
    demand = Demand(start, class_, np.empty(start[-1]), np.ones(len(class_)), lists)
    asked = Asked(sample.firm, sample.slot, class_, growth, rules, platforms, home)
    fill_utilities(
        asked, columns.firm_rows, columns.slot_rows, book, lists, taste_key, vendor_keys, start,
        _entries_for(length), demand.utility, demand.price_weight,
    )  # fmt: skip
    return demand


def cheapest_rows(
    sample: Sample, columns: EnterpriseColumns, growth: float, rules: Rules, book: BookRows,
    lists: ClassLists, platforms: Platforms, home: NDArray[np.int8],
) -> Ints:  # fmt: skip
    """(levels of `ADEQUATE`, types) row with the lowest cost among those good enough; -1: none."""
    class_ = classes_of(columns.firms, sample.firm)
    cheapest = np.full((len(ADEQUATE), len(class_)), -1, np.int64)
    asked = Asked(sample.firm, sample.slot, class_, growth, rules, platforms, home)
    fill_cheapest(
        asked, columns.firm_rows, columns.slot_rows, book, lists,
        _entries_for(np.diff(lists.start)), cheapest,
    )  # fmt: skip
    return cheapest


def _entries_for(length: Ints) -> Entries:
    """Room for the longest of the lists, in whole vectors."""
    wide = (int(length.max(initial=1)) + WIDE - 1) // WIDE * WIDE
    return Entries(*np.zeros((len(Entries._fields), wide)))


def classes_of(firms: Firms, rows: Ints) -> Ints:
    """Consideration classes of some firms now; see `calling.class_of`."""
    code = firms.region[rows].astype(np.int64) * 2 + firms.residency[rows]
    return (code * 2 + firms.restricted[rows]) * 2 + firms.aware[rows]


@inline_kernel
def entry_of(lists: ClassLists, first: int, last: int, row: int) -> int:
    """Entry of a row between two entries of one list, whose rows ascend; -1 if it has none."""
    low, high = first, last
    while low < high:
        middle = (low + high) >> 1
        if lists.row[middle] < row:
            low = middle + 1
        else:
            high = middle
    return low if low < last and lists.row[low] == row else -1


@bare_kernel
def _gather(demand: Demand, rows: Ints, utility: Floats) -> None:
    for i in range(demand.class_.size):
        first, last = demand.lists.start[demand.class_[i]], demand.lists.start[demand.class_[i] + 1]
        for j in range(rows.size):
            found = entry_of(demand.lists, first, last, rows[j])
            if found >= 0:
                utility[j, i] = demand.utility[demand.start[i] + found - first]


def utilities_of(demand: Demand, rows: NDArray[np.integer]) -> Floats:
    """(rows, types) utilities without price of some rows of the book; `FORBIDDEN` off the list."""
    utility = np.full((len(rows), len(demand.class_)), FORBIDDEN)
    _gather(demand, np.asarray(rows, np.int64), utility)
    return utility


@bare_kernel
def _value_nests(
    demand: Demand, price: Floats, scale: float, buffer: Floats, value: Floats
) -> None:
    """Fill `value`; entries of one vendor are together in a list."""
    sharper = 1.0 / scale
    for i in range(demand.class_.size):
        first = demand.lists.start[demand.class_[i]]
        begin, count = demand.start[i], demand.start[i + 1] - demand.start[i]
        vendor = demand.lists.vendor[first : first + count]
        row = demand.lists.row[first : first + count]
        utility, weight = demand.utility[begin : begin + count], demand.price_weight[i]
        for k in range(count):
            buffer[k] = utility[k] - weight * price[row[k]]
        nest = 0
        while nest < count:
            last, top = nest, FORBIDDEN
            while last < count and vendor[last] == vendor[nest]:
                top = max(top, buffer[last])
                last += 1
            for k in range(nest, last):
                buffer[k] -= top
            value[vendor[nest], i] = top
            nest = last
        for k in range((count + WIDE - 1) // WIDE * WIDE):
            buffer[k] = exp64(buffer[k] * sharper)
        nest = 0
        while nest < count:
            last, total = nest, 0.0
            while last < count and vendor[last] == vendor[nest]:
                total += buffer[last]
                last += 1
            value[vendor[nest], i] += scale * log64(total)
            nest = last


def vendor_values(demand: Demand, price: Floats, vendors: int, dissimilarity: float) -> Floats:
    """(vendors, types) inclusive value of each vendor's nest at these prices by row.

    `FORBIDDEN` where a vendor has nothing a type may buy.
    """
    value = np.full((vendors, len(demand.class_)), FORBIDDEN)
    buffer = np.zeros(int(np.diff(demand.start).max(initial=0)) + WIDE)
    _value_nests(demand, price, float(dissimilarity), buffer, value)
    return value


def rivals_of(values: Floats, vendor: int) -> Floats:
    """(types,) what all other vendors together are worth: one offering that stands for them.

    Exact for a vendor whose rows are a nest of their own: only the sum over the other nests
    matters to it.
    """
    return inclusive_value(np.delete(values, vendor, axis=0), 1.0)
