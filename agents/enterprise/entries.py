"""Evaluating the entries of consideration lists for sampled slots that hold nothing.

One list after the other, type after type; loops over a list are vector code. They run over whole
vectors: buffers are wider than the list, and what stands behind its end is never read.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import bare_kernel, inline_kernel
from agents.common.mathematics import sigmoid
from agents.common.offers import BookRows, ClassLists
from agents.enterprise.columns import FirmRows, SlotRows
from agents.enterprise.evaluation import Platforms, Rules, credit_factor, taste, tuned_gain

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FORBIDDEN = -1e30
"""Utility of an offering a sampled slot may not buy."""
ADEQUATE = (0.6, 0.8, 0.95)
"""Success against the best on the list from which an offering counts as good enough."""
WIDE = 16
"""Entries that a loop takes at once, unrolled: buffers are whole multiples."""


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
def _prefer(type_: Type, price_weight: float, count: int, entries: Entries) -> None:
    """Turn `value` into utility without price."""
    control, unskilled, risk = np.float64(type_.control), type_.unskilled, type_.risk
    theta, out, tuning = type_.theta, entries.value, entries.tuning
    for k in range(count):
        out[k] = entries.success[k] + out[k] + entries.liking[k]
    for k in range(count):
        out[k] -= risk * (entries.exposure[k] + entries.skill[k] * unskilled)
    for k in range(count):
        out[k] = theta * (out[k] + entries.control[k] * control) + price_weight * entries.price[k]
    if type_.training <= 0.0:
        for k in range(count):
            out[k] = FORBIDDEN if tuning[k] > 0.0 else out[k]


@inline_kernel
def _best(type_: Type, count: int, entries: Entries) -> float:
    """The highest success on the list; what the type cannot tune has none from here on."""
    success, tuning = entries.success, entries.tuning
    if type_.training <= 0.0:
        for k in range(count):
            success[k] = -np.inf if tuning[k] > 0.0 else success[k]
    best = 0.0
    for k in range(count):
        best = max(best, success[k])
    return best


@inline_kernel
def _cheapest(enough: float, count: int, entries: Entries) -> int:
    """Entry with the lowest cost among those of enough success; -1 if there is none."""
    success, cost = entries.success, entries.cost
    chosen, lowest = -1, np.inf
    for k in range(count):
        if success[k] >= enough and cost[k] < lowest:
            chosen, lowest = k, cost[k]
    return chosen


class Asked(NamedTuple):
    """Sampled slots whose lists are evaluated, and the world they see."""

    firm: Ints
    slot: Ints
    class_: Ints
    """Consideration class of the firm."""
    growth: float
    rules: Rules
    platforms: Platforms
    home: NDArray[np.int8]
    """By region."""


@inline_kernel
def _wants(type_: Type) -> bool:
    """Whether a slot has anything at stake."""
    return type_.tokens * type_.value > 0.0


@inline_kernel
def _width(count: int) -> int:
    return (count + WIDE - 1) // WIDE * WIDE


@inline_kernel
def _evaluate(
    asked: Asked, firms: FirmRows, slots: SlotRows, book: BookRows, lists: ClassLists, i: int,
    loaded: bool, entries: Entries,
) -> Type:  # fmt: skip
    """Fill success, cost and value of the list of an asked slot; its type is returned.

    loaded: the columns of its class's list are in `entries` already. Nothing is filled for a slot
    that wants nothing (`_wants`).
    """
    code = asked.class_[i]
    if not loaded:
        _load(asked.rules, book, lists, code, 1 - asked.home[code >> 3], entries)
    type_ = _type_of(asked.rules, firms, slots, asked.growth, asked.firm[i], asked.slot[i])
    if _wants(type_):
        wide = _width(lists.start[code + 1] - lists.start[code])
        _succeed(asked.rules, type_, wide, entries)
        _pay(asked.rules, type_, asked.platforms, wide, entries)
    return type_


@bare_kernel
def fill_utilities(
    asked: Asked, firms: FirmRows, slots: SlotRows, book: BookRows, lists: ClassLists,
    key: np.uint64, vendor_keys: NDArray[np.uint32], start: Ints, entries: Entries,
    utility: Floats, price_weight: Floats,
) -> None:  # fmt: skip
    """Write utilities without price of all entries, and the price weights of the slots.

    start: (types,) where the entries of each slot go in `utility`.
    """
    for code in range(lists.start.size - 1):
        count, loaded = lists.start[code + 1] - lists.start[code], False
        for i in range(asked.firm.size):
            if asked.class_[i] != code:
                continue
            type_ = _evaluate(asked, firms, slots, book, lists, i, loaded, entries)
            loaded = True
            out = utility[start[i] : start[i] + count]
            if not _wants(type_):
                out[:] = FORBIDDEN
                continue
            price_weight[i] = type_.theta * type_.credit / type_.value
            spread = asked.rules.taste_spread
            _like(key, spread, asked.firm[i], vendor_keys, lists, code, entries)
            _prefer(type_, price_weight[i], _width(count), entries)
            for k in range(count):
                out[k] = entries.value[k]


@bare_kernel
def fill_cheapest(
    asked: Asked, firms: FirmRows, slots: SlotRows, book: BookRows, lists: ClassLists,
    entries: Entries, cheapest: Ints,
) -> None:  # fmt: skip
    """Write the row of each slot's cheapest offering among those good enough.

    cheapest: (levels of `ADEQUATE`, slots).
    """
    for code in range(lists.start.size - 1):
        count, loaded = lists.start[code + 1] - lists.start[code], False
        for i in range(asked.firm.size):
            if asked.class_[i] != code:
                continue
            type_ = _evaluate(asked, firms, slots, book, lists, i, loaded, entries)
            loaded = True
            if _wants(type_):
                best = _best(type_, count, entries)
                for level in range(len(ADEQUATE)):
                    chosen = _cheapest(ADEQUATE[level] * best, count, entries)
                    cheapest[level, i] = (
                        lists.row[lists.start[code] + chosen] if chosen >= 0 else -1
                    )
