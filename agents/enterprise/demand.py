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
from agents.common.mathematics import sigmoid
from agents.common.mathematics64 import exp64, log64
from agents.common.offers import BookRows, ClassLists, OfferBook, book_rows
from agents.enterprise.columns import EnterpriseColumns, FirmRows, Firms, SlotRows
from agents.enterprise.evaluation import Platforms, Rules, credit_factor, taste, tuned_gain

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FORBIDDEN = -1e30
"""Utility of an offering a sampled slot may not buy."""
ADEQUATE = 0.8
"""Success against the best on the list from which an offering counts as good enough."""


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
    first: Ints
    """(types,) where its list starts in the class lists."""
    utility: Floats
    """(entries,) without price paid for tokens."""
    price_weight: Floats
    """(types,) utils per $/Mtok."""
    cheapest: Ints
    """(types,) row with the lowest cost among those good enough; -1 if there is none."""
    lists: ClassLists
    """What `first` counts in."""


class Entries(NamedTuple):
    """Columns of one list in float64, and the buffers of one type."""

    price: Floats
    rent: Floats
    capacity: Floats
    shares: Floats
    """1 + licence fee and services, share of rent."""
    selfhost: Floats
    exposure: Floats
    skill: Floats
    """Exposure added by lack of skill."""
    quality: Floats
    gain: Floats
    packaging: Floats
    control: Floats
    months: Floats
    """Integration, over the holding time."""
    tuning: Floats
    success: Floats
    machines: Floats
    """Rent, then what the platform adds to cost."""
    cost: Floats
    value: Floats
    """What speaks for the better channel, fraction of V."""
    liking: Floats


class Type(NamedTuple):
    """What evaluating needs to know of a sampled slot and its firm."""

    theta: float
    tokens: float
    value: float
    difficulty: float
    gain: float
    training: float
    risk: float
    unskilled: float
    control: np.float32
    own_base: float
    staff: float
    credit: float
    platform: int


def draw_sample(
    columns: EnterpriseColumns, size: int, offset: float, home: NDArray[np.int8]
) -> Sample:
    """Systematic sample of `size` slots; `offset` in (0, 1) places the comb."""
    firms, slots = columns.firms, columns.slots
    owner = np.repeat(np.arange(len(columns)), np.diff(firms.first_slot))
    mass = np.cumsum(firms.weight[owner] * slots.tokens.astype(np.float64))
    total = float(mass[-1])
    points = (np.arange(size) + offset) / size * total
    chosen = np.minimum(np.searchsorted(mass, points), len(mass) - 1)
    return Sample(owner[chosen], chosen, total, home[firms.region[owner[chosen]]] == 1)


@inline_kernel
def _type_of(
    rules: Rules, firms: FirmRows, slots: SlotRows, growth: float, firm: int, slot: int
) -> Type:
    skill, data = firms[firm].skill, np.float64(slots[slot].data)
    return Type(
        firms[firm].theta, slots[slot].tokens * growth, slots[slot].value, slots[slot].difficulty,
        tuned_gain(rules, data),
        min(data, rules.tuning_tokens) if data > 0.1 * rules.tuning_data else 0.0,
        rules.risk_weight * firms[firm].sensitivity, 1.0 - skill, firms[firm].control,
        firms[firm].own_base, rules.staff_month * (1.6 - 1.2 * skill),
        credit_factor(rules, firms[firm].capital_cost), firms[firm].platform,
    )  # fmt: skip


@inline_kernel
def _load(
    rules: Rules, book: BookRows, lists: ClassLists, code: int, place: int, entries: Entries
) -> None:
    """Copy the columns of a class's list; place: 0 if its region is home, 1 elsewhere."""
    start = lists.start[code]
    for at in range(lists.start[code + 1] - start):
        row = lists.row[start + at]
        own = book[row].access == 2
        entries.price[at], entries.rent[at] = book[row].price, book[row].replica_rent
        entries.capacity[at] = book[row].replica_capacity
        entries.shares[at] = 1.0 + book[row].fee_rate + book[row].services_rate
        entries.selfhost[at] = 1.0 if own else 0.0
        foreign = rules.exposure_foreign if book[row].abroad != place else 1.0
        exposed = foreign if book[row].access == 0 else rules.exposure_hosted
        entries.exposure[at] = (rules.exposure_selfhost if own else exposed) * book[row].risk
        entries.skill[at] = rules.exposure_unskilled if own else 0.0
        lifted = np.float64(book[row].gain) * book[row].crowd_gain
        entries.quality[at] = book[row].q_perceived + lifted
        entries.gain[at], entries.packaging[at] = book[row].gain, book[row].packaging
        entries.control[at] = book[row].control
        months = rules.integration * (rules.integration_selfhost if own else 1.0)
        months += rules.integration_open if book[row].open == 1 else 0.0
        entries.months[at] = months / rules.holding
        entries.tuning[at] = book[row].tuning_price


@inline_kernel
def _succeed(rules: Rules, type_: Type, count: int, entries: Entries) -> None:
    slope, difficulty, more = rules.slope, type_.difficulty, type_.gain
    success, quality, gain = entries.success, entries.quality, entries.gain
    if rules.linear:
        for k in range(count):
            success[k] = 0.5 + 0.25 * slope * (quality[k] + gain[k] * more - difficulty)
        return
    for k in range(count):
        margin = quality[k] + gain[k] * more - difficulty
        success[k] = np.float64(sigmoid(np.float32(slope * margin)))


@inline_kernel
def _pay(rules: Rules, type_: Type, platforms: Platforms, count: int, entries: Entries) -> None:
    """Fill `cost` and `value` with those of the better channel: direct, or the firm's platform."""
    stake, tokens = type_.value * type_.tokens, type_.tokens
    per_price, per_rent = type_.credit / type_.value, (1.0 - type_.own_base) / stake
    per_training, staff = type_.training / (stake * rules.holding), type_.staff / stake
    machines, capacity, rent = entries.machines, entries.capacity, entries.rent
    price, shares, tuning = entries.price, entries.shares, entries.tuning
    cost, value, selfhost = entries.cost, entries.value, entries.selfhost
    for k in range(count):
        machines[k] = max(1.0, np.ceil(tokens / capacity[k])) * rent[k] * per_rent
    for k in range(count):
        cost[k] = machines[k] * shares[k] + price[k] * per_price
    for k in range(count):
        cost[k] += tuning[k] * per_training + selfhost[k] * staff
    for k in range(count):
        value[k] = entries.packaging[k] - entries.months[k] - cost[k]
    if type_.platform < 0:
        return
    fee = np.float64(platforms.fee[type_.platform])
    packaging = np.float64(platforms.packaging[type_.platform])
    spared = staff * platforms.staff_saving[type_.platform]
    for k in range(count):
        machines[k] = fee * (machines[k] + price[k] * per_price) - spared * selfhost[k]
    for k in range(count):
        lifted = max(packaging - entries.packaging[k], 0.0) - machines[k]
        machines[k] = machines[k] if lifted > 0.0 else 0.0
        value[k] += max(lifted, 0.0)
    for k in range(count):
        cost[k] += machines[k]


@inline_kernel
def _like(
    key: np.uint64, spread: float, firm: int, vendor_keys: NDArray[np.uint32], lists: ClassLists,
    code: int, entries: Entries,
) -> None:  # fmt: skip
    """Fill `liking`: a firm's lasting taste for a vendor is one for all its entries."""
    start, last, liking = lists.start[code], -1, 0.0
    for run in range(lists.first_run[code], lists.first_run[code + 1]):
        vendor = lists.vendor[lists.run[run]]
        if vendor != last:
            last, liking = vendor, taste(key, firm, vendor_keys[vendor], spread)
        entries.liking[lists.run[run] - start : lists.run[run + 1] - start] = liking


@inline_kernel
def _prefer(type_: Type, price_weight: float, count: int, entries: Entries, out: Floats) -> None:
    """Write the utilities of a type's entries."""
    control, unskilled, risk = np.float64(type_.control), type_.unskilled, type_.risk
    theta = type_.theta
    for k in range(count):
        out[k] = entries.success[k] + entries.value[k] + entries.liking[k]
    for k in range(count):
        out[k] -= risk * (entries.exposure[k] + entries.skill[k] * unskilled)
    for k in range(count):
        out[k] = theta * (out[k] + entries.control[k] * control) + price_weight * entries.price[k]
    if type_.training <= 0.0:
        for k in range(count):
            out[k] = FORBIDDEN if entries.tuning[k] > 0.0 else out[k]


@inline_kernel
def _cheapest(type_: Type, count: int, entries: Entries) -> int:
    """Entry with the lowest cost among those good enough; -1 if there is none."""
    success, cost, tuning = entries.success, entries.cost, entries.tuning
    if type_.training <= 0.0:
        for k in range(count):
            success[k] = -np.inf if tuning[k] > 0.0 else success[k]
    best, chosen, lowest = 0.0, -1, np.inf
    for k in range(count):
        best = max(best, success[k])
    for k in range(count):
        if success[k] >= ADEQUATE * best and cost[k] < lowest:
            chosen, lowest = k, cost[k]
    return chosen


@bare_kernel
def _fill(
    firm_of: Ints, slot_of: Ints, firms: FirmRows, slots: SlotRows, growth: float, rules: Rules,
    book: BookRows, lists: ClassLists, platforms: Platforms, key: np.uint64,
    vendor_keys: NDArray[np.uint32], home: NDArray[np.int8], class_: Ints, entries: Entries,
    demand: Demand,
) -> None:  # fmt: skip
    for code in range(lists.start.size - 1):
        loaded = False
        for i in range(firm_of.size):
            if class_[i] != code:
                continue
            if not loaded:
                _load(rules, book, lists, code, 1 - home[code >> 3], entries)
                loaded = True
            type_ = _type_of(rules, firms, slots, growth, firm_of[i], slot_of[i])
            begin, count = demand.start[i], demand.start[i + 1] - demand.start[i]
            if not type_.tokens * type_.value > 0.0:
                demand.utility[begin : begin + count] = FORBIDDEN
                continue
            demand.price_weight[i] = type_.theta * type_.credit / type_.value
            _succeed(rules, type_, count, entries)
            _pay(rules, type_, platforms, count, entries)
            _like(key, rules.taste_spread, firm_of[i], vendor_keys, lists, code, entries)
            out = demand.utility[begin : begin + count]
            _prefer(type_, demand.price_weight[i], count, entries, out)
            chosen = _cheapest(type_, count, entries)
            demand.cheapest[i] = lists.row[demand.first[i] + chosen] if chosen >= 0 else -1


def entry_demand(
    sample: Sample, columns: EnterpriseColumns, growth: float, rules: Rules, book: OfferBook,
    lists: ClassLists, platforms: Platforms, taste_key: np.uint64,
    vendor_keys: NDArray[np.uint32], home: NDArray[np.int8],
) -> Demand:  # fmt: skip
    """Utilities of the sampled slots as if they held nothing: cost sample x list length."""
    class_ = classes_of(columns.firms, sample.firm)
    first, length = lists.start[class_], np.diff(lists.start)
    start = np.concatenate([[0], np.cumsum(length[class_])])
    demand = Demand(
        start, first, np.empty(start[-1]), np.ones(len(first)),
        np.full(len(first), -1, np.int64), lists,
    )  # fmt: skip
    entries = Entries(*np.empty((len(Entries._fields), int(length.max(initial=1)))))
    _fill(
        sample.firm, sample.slot, columns.firm_rows, columns.slot_rows, growth, rules,
        book_rows(book), lists, platforms, taste_key, vendor_keys, home, class_, entries, demand,
    )  # fmt: skip
    return demand


def classes_of(firms: Firms, rows: Ints) -> Ints:
    """Consideration classes of some firms now; see `calling.class_of`."""
    code = firms.region[rows].astype(np.int64) * 2 + firms.residency[rows]
    return (code * 2 + firms.restricted[rows]) * 2 + firms.aware[rows]


@inline_kernel
def _entry(lists: ClassLists, first: int, last: int, row: int) -> int:
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
    for i in range(demand.first.size):
        first = demand.first[i]
        last = first + demand.start[i + 1] - demand.start[i]
        for j in range(rows.size):
            found = _entry(demand.lists, first, last, rows[j])
            if found >= 0:
                utility[j, i] = demand.utility[demand.start[i] + found - first]


def utilities_of(demand: Demand, rows: NDArray[np.integer]) -> Floats:
    """(rows, types) utilities without price of some rows of the book; `FORBIDDEN` off the list."""
    utility = np.full((len(rows), len(demand.first)), FORBIDDEN)
    _gather(demand, np.asarray(rows, np.int64), utility)
    return utility


@bare_kernel
def _value_nests(
    demand: Demand, price: Floats, scale: float, buffer: Floats, value: Floats
) -> None:
    """Fill `value`; entries of one vendor are together in a list."""
    sharper = 1.0 / scale
    for i in range(demand.first.size):
        begin, count = demand.start[i], demand.start[i + 1] - demand.start[i]
        vendor = demand.lists.vendor[demand.first[i] : demand.first[i] + count]
        row = demand.lists.row[demand.first[i] : demand.first[i] + count]
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
        for k in range(count):
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
    value = np.full((vendors, len(demand.first)), FORBIDDEN)
    buffer = np.empty(max(int(np.diff(demand.start).max(initial=0)), 1))
    _value_nests(demand, price, float(dissimilarity), buffer, value)
    return value


def rivals_of(values: Floats, vendor: int) -> Floats:
    """(types,) what all other vendors together are worth: one offering that stands for them.

    Exact for a vendor whose rows are a nest of their own: only the sum over the other nests
    matters to it.
    """
    return inclusive_value(np.delete(values, vendor, axis=0), 1.0)
