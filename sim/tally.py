"""Sums of a month over the rows of the offer book, in compiled code: who was paid, what was used.

One pass over the rows instead of one numpy call a sum: a book has some hundred rows, so that calls
cost more than additions. Additions go row by row, as `numpy.bincount` does.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import bare_kernel, inline_kernel
from agents.common.offers import BookRows
from agents.common.vocabulary import ACCESSES, Access
from agents.enterprise.ledger import ROW

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
MILLION = 1e6
TUNING_COST = 0.5
"""Cost of a tuning job against its price."""
SPEND_PARTS = ("bill", "platform_fee", "tuning", "rent", "licence", "services")
"""Spend: all that is paid to sellers, whoever they are. Every share of spend is of this sum."""
FULL_PARTS = (*SPEND_PARTS, "staff", "integration", "money_cost")
_SPEND, _FULL = (tuple(ROW.index(part) for part in parts) for parts in (SPEND_PARTS, FULL_PARTS))
_SLOTS, _TOKENS, _BILL = ROW.index("slots"), ROW.index("tokens"), ROW.index("bill")
_TUNING, _RENT, _FEE = ROW.index("tuning"), ROW.index("rent"), ROW.index("platform_fee")
_API, _HOSTED = int(Access.API), int(Access.HOSTED)
VENDOR_SUMS = (
    "api", "services", "licence", "royalty", "serving", "subsidy", "family", "served", "home",
    "elsewhere", "users",
)  # fmt: skip
"""What `add_up` gives by vendor: M$, then Mtok, $ at home and elsewhere, slots of open models."""


class Bought(NamedTuple):
    """What operators bought by row: Mtok, $ without licences, $ of licences."""

    tokens: Floats
    paid: Floats
    licence: Floats


class Shares(NamedTuple):
    """Shares of sales that are passed on."""

    royalty: float
    """Of hosts' sales to the vendor of a model under a restricted licence."""
    resale: float
    """Of platforms' fees to the vendor of a service."""


class Totals(NamedTuple):
    """The month by vendor, by model and by row."""

    vendor: Floats
    """(VENDOR_SUMS, vendors)"""
    hosts: Floats
    """(3, models) of hosts: Mtok served, $ of sales, $ of costs."""
    hosted: Flags
    """(models,) whether hosts offer it."""
    resale: Floats
    """(rows,) $ that platforms pass on."""


@inline_kernel
def _both(ledger: Floats, row: int, column: int) -> float:
    return ledger[0, row, column] + ledger[1, row, column]


@bare_kernel
def _add_up(
    ledger: Floats, book: BookRows, bought: Bought, owes: Flags, alive: Flags, shares: Shares,
    totals: Totals,
) -> None:  # fmt: skip
    for row in range(book.size):
        vendor, model, access = book[row].vendor, book[row].model, book[row].access
        tokens, tuning = _both(ledger, row, _TOKENS), _both(ledger, row, _TUNING)
        bill, rent = _both(ledger, row, _BILL) + bought.paid[row], _both(ledger, row, _RENT)
        served = tokens + bought.tokens[row]
        due = access == _HOSTED and owes[model] and alive[vendor]
        royalty = shares.royalty * bill if due else 0.0
        cost = served * book[row].cost + TUNING_COST * tuning
        resale = shares.resale * _both(ledger, row, _FEE) if access == _API else 0.0
        totals.resale[row] = resale
        if access == _HOSTED:
            totals.hosted[model] = True
            totals.hosts[0, model] += served
            totals.hosts[1, model] += bill + tuning
            totals.hosts[2, model] += cost + royalty
        found = totals.vendor[:, vendor]
        if access == _API:
            found[0] += (bill + tuning) / MILLION
            found[4] += cost / MILLION
            found[5] += served * max(book[row].cost - book[row].price, 0.0) / MILLION
            found[7] += served
        found[1] += rent * book[row].services_rate / MILLION
        found[2] += (rent * book[row].fee_rate + bought.licence[row]) / MILLION
        found[3] += (resale + royalty) / MILLION
        found[6] += served
        for place in range(2):
            paid = ledger[place, row, _BILL] + ledger[place, row, _TUNING]
            found[8 + place] += paid + ledger[place, row, _RENT]
        found[10] += _both(ledger, row, _SLOTS) * book[row].open


def add_up(
    ledger: Floats, book: BookRows, bought: Bought, owes: Flags, alive: Flags, shares: Shares
) -> Totals:
    """Sales, costs and use of a month.

    ledger: (2, rows, ROW) of enterprises; owes: (models,) whether hosts owe its vendor a share;
    alive: (vendors,).
    """
    totals = Totals(
        np.zeros((len(VENDOR_SUMS), len(alive))), np.zeros((3, len(owes))),
        np.zeros(len(owes), bool), np.zeros(book.size),
    )  # fmt: skip
    _add_up(ledger, book, bought, owes, alive, shares, totals)
    return totals


class HomeUse(NamedTuple):
    """What home firms used and paid."""

    tokens: Floats
    """(rows,) Mtok"""
    spend: Floats
    """(rows,) $ to sellers"""
    full: Floats
    """(rows,) $ with staff, integration and the cost of money"""
    vendor: Floats
    """(2, vendors) tokens, spend"""
    world: Floats
    """(vendors,) Mtok of all firms"""
    access: Floats
    """(accesses,) Mtok"""


@inline_kernel
def _home(ledger: Floats, row: int, parts: tuple[int, ...]) -> float:
    total = 0.0
    for part in parts:
        total += ledger[0, row, part]
    return total


@bare_kernel
def _use_at_home(ledger: Floats, book: BookRows, use: HomeUse) -> None:
    for row in range(book.size):
        vendor = book[row].vendor
        tokens = ledger[0, row, _TOKENS]
        spend = _home(ledger, row, _SPEND)
        use.tokens[row], use.spend[row] = tokens, spend
        use.full[row] = _home(ledger, row, _FULL)
        use.vendor[0, vendor] += tokens
        use.vendor[1, vendor] += spend
        use.world[vendor] += _both(ledger, row, _TOKENS)
        use.access[book[row].access] += tokens


def use_at_home(ledger: Floats, book: BookRows, vendors: int) -> HomeUse:
    """Use and money of home firms by row, vendor and access."""
    tokens, spend, full = np.zeros((3, book.size))
    use = HomeUse(
        tokens, spend, full, np.zeros((2, vendors)), np.zeros(vendors), np.zeros(len(ACCESSES))
    )
    _use_at_home(ledger, book, use)
    return use


class Operating(NamedTuple):
    """What an operator asks of what it buys."""

    users: float
    least: np.float32
    """Lowest quality it takes."""
    fee: float
    """Licence fee where its users are above a model's threshold, share of what it pays."""


@inline_kernel
def licence_fee(book: BookRows, row: int, asked: Operating, threshold: float) -> float:
    """Licence fee of an operator, share of what it pays."""
    return (asked.fee if asked.users > threshold else 0.0) + book[row].fee_rate


@bare_kernel
def cheapest_row(
    book: BookRows, asked: Operating, threshold: Floats, alive: Flags, reached: Flags
) -> tuple[int, float, float]:
    """Row that serves an operator cheapest (-1: none), its price, and the licence fee on it.

    threshold: (models,) users above which a fee is due; reached: (vendors,) whether the operator
    can buy their service.
    """
    lowest, chosen, price, fee = np.inf, -1, 0.0, 0.0
    for row in range(book.size):
        access, vendor = book[row].access, book[row].vendor
        sold = book[row].listed == 1 and book[row].tuned == 0
        if not sold or (access == _API and not reached[vendor]) or book[row].q < asked.least:
            continue
        rented = book[row].replica_rent / book[row].replica_capacity
        asked_price = rented if access > _HOSTED else book[row].price
        due = licence_fee(book, row, asked, threshold[book[row].model] if alive[vendor] else np.inf)
        total = asked_price * (1.0 + due)
        if total < lowest:
            lowest, chosen, price, fee = total, row, asked_price, due
    return chosen, price, fee
