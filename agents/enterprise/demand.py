"""What a sample of slots would choose if it chose afresh: the demand that vendors price to.

The sample is systematic by weight x tokens, so that every sampled slot stands for the same number
of tokens; it is redrawn once a year and shared by all vendors.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import bare_kernel
from agents.common.offers import BookRows, ClassLists, OfferBook, book_rows
from agents.enterprise.calling import class_of
from agents.enterprise.columns import EnterpriseColumns, FirmRows, SlotRows
from agents.enterprise.evaluation import (
    Buyer,
    Platforms,
    Rules,
    credit_factor,
    parts_of,
    taste,
    tuned_gain,
    worth,
)

Floats = NDArray[np.float64]
FORBIDDEN = -1e30
"""Utility of an offering a sampled slot may not buy."""


class Sample(NamedTuple):
    """Slots that stand for the market, each with the same tokens."""

    firm: NDArray[np.int64]
    slot: NDArray[np.int64]
    tokens: float
    """Mtok a month at the demand of 2023 that the sample stands for, all firms."""
    home: NDArray[np.bool_]


class Demand(NamedTuple):
    """Entry demand of a sample over the rows of an offer book."""

    utility: Floats
    """(types, rows) without price paid for tokens."""
    price_weight: Floats
    """(types,) utils per $/Mtok."""
    success: Floats
    """(types, rows) share of value reached."""
    cost: Floats
    """(types, rows) $ a month per Mtok of tokens wanted, all included."""
    value: Floats
    """(types,) $ per Mtok."""


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


@bare_kernel
def _fill(
    firm_of: NDArray[np.int64], slot_of: NDArray[np.int64], firms: FirmRows, slots: SlotRows,
    growth: float, rules: Rules, book: BookRows, lists: ClassLists, platforms: Platforms,
    key: np.uint64, vendor_keys: NDArray[np.uint32], home: NDArray[np.int8], demand: Demand,
) -> None:  # fmt: skip
    for i in range(firm_of.size):
        firm, slot = firm_of[i], slot_of[i]
        skill = firms[firm].skill
        data = np.float64(slots[slot].data)
        credit = credit_factor(rules, firms[firm].capital_cost)
        buyer = Buyer(
            firms[firm].theta, slots[slot].tokens * growth, slots[slot].value,
            slots[slot].difficulty, tuned_gain(rules, data),
            min(data, rules.tuning_tokens) if data > 0.1 * rules.tuning_data else 0.0,
            rules.risk_weight * firms[firm].sensitivity, 1.0 - skill, firms[firm].control,
            firms[firm].own_base, rules.staff_month * (1.6 - 1.2 * skill),
            credit, firms[firm].platform, 0 if home[firms[firm].region] == 1 else 1, np.uint64(0),
            -1, -1, np.uint32(0), 0, 0, False,
        )  # fmt: skip
        demand.value[i] = buyer.value
        if not buyer.tokens * buyer.value > 0.0:
            continue
        code = class_of(firms, firm)
        demand.price_weight[i] = buyer.theta * credit / buyer.value
        for k in range(lists.start[code], lists.start[code + 1]):
            row = lists.row[k]
            if lists.tuning_price[k] > 0.0 and buyer.training <= 0.0:
                continue
            parts = parts_of(rules, buyer, book, platforms, row)
            vendor = lists.vendor[k]
            liking = taste(key, firm, vendor_keys[vendor], rules.taste_spread)
            paid = demand.price_weight[i] * lists.price[k]
            demand.utility[i, row] = buyer.theta * (worth(rules, parts) + liking) + paid
            demand.success[i, row] = parts.success
            demand.cost[i, row] = parts.cost * buyer.value


def entry_demand(
    sample: Sample, columns: EnterpriseColumns, growth: float, rules: Rules, book: OfferBook,
    lists: ClassLists, platforms: Platforms, taste_key: np.uint64,
    vendor_keys: NDArray[np.uint32], home: NDArray[np.int8],
) -> Demand:  # fmt: skip
    """Utilities of the sampled slots as if they held nothing: cost sample x list length."""
    types, rows = len(sample.firm), book.offering.size
    demand = Demand(
        np.full((types, rows), FORBIDDEN), np.ones(types), np.zeros((types, rows)),
        np.full((types, rows), np.inf), np.ones(types),
    )  # fmt: skip
    _fill(
        sample.firm, sample.slot, columns.firm_rows, columns.slot_rows, growth, rules,
        book_rows(book), lists,
        platforms, taste_key, vendor_keys, home, demand,
    )  # fmt: skip
    return demand
