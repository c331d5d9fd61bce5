"""Step 6 of the month: who was paid what, what it cost, what the stocks have become."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.common.licence import licence_of
from agents.common.vocabulary import Access
from agents.enterprise.ledger import Sums
from agents.host.hosts import Hosting
from agents.vendor.capability import crowd_strength
from agents.vendor.finance import (
    complement_income,
    next_packaging,
    next_staff,
    packaging_outlay,
    settle,
    training_cost,
)
from agents.vendor.vendor import Account, Vendor
from sim.draft import THRESHOLD
from sim.enterprise_step import rows_of
from sim.tally import MILLION, VENDOR_SUMS, Bought, Shares, Totals, add_up

if TYPE_CHECKING:
    from sim.market import Market

Floats = NDArray[np.float64]


def book_usage(market: "Market", sums: Sums) -> None:
    """Turn the month's sums over enterprises and operators into accounts and stocks."""
    market.used.append(float(sums.row("tokens").sum()))
    finance = market.parameters.finance
    totals = add_up(
        sums.ledger.row, rows_of(market, market.book), bought_by_operators(market),
        THRESHOLD[market.stock.code("licence")], np.array([v.alive for v in market.vendors], bool),
        Shares(finance.royalty, finance.resale),
    )  # fmt: skip
    market.resale = totals.resale
    book_hosts(market, totals)
    book_platforms(market, sums)
    booked = dict(zip(VENDOR_SUMS, totals.vendor.tolist(), strict=True))
    for vendor in market.living_vendors():
        account_vendor(market, vendor, {k: v[vendor.index] for k, v in booked.items()})
    advance_crowds(market, booked["users"])


def bought_by_operators(market: "Market") -> Bought:
    """What operators buy of each row of the book."""
    bought = Bought(*np.zeros((3, market.book.offering.size)))
    for operator in market.operators:
        if operator.row >= 0:
            bought.tokens[operator.row] += operator.tokens
            bought.paid[operator.row] += operator.bill - operator.licence
            bought.licence[operator.row] += operator.licence
    return bought


def book_hosts(market: "Market", totals: Totals) -> None:
    """Revenue and cost of the hosts of each model."""
    tokens, revenue, spent = totals.hosts.tolist()
    for index in np.flatnonzero(totals.hosted).tolist():
        if index not in market.hostings:
            market.hostings[index] = Hosting()
    for index, hosting in market.hostings.items():
        hosting.tokens, hosting.revenue, hosting.cost = tokens[index], revenue[index], spent[index]


def book_platforms(market: "Market", sums: Sums) -> None:
    """Tokens, gross sales and fees of each platform; part of the fee goes to vendors."""
    names = ("tokens", "gross", "fee", "service_fee")
    columns = zip(*(sums.platform(name).sum(axis=0).tolist() for name in names), strict=True)
    for platform, (tokens, gross, fee, resold) in zip(market.platforms, columns, strict=False):
        platform.tokens, platform.gross, platform.fee = tokens, gross, fee
        platform.cost = market.parameters.host.packaging_share * fee
        platform.passed_on = market.parameters.finance.resale * resold


def vendor_sums(market: "Market", by_row: Floats) -> Floats:
    """Add up a column of the book's rows by vendor."""
    return np.bincount(market.book.vendor, by_row, len(market.vendors))


def account_vendor(market: "Market", vendor: Vendor, booked: dict[str, float]) -> None:
    """One vendor's month: sales, costs, cash, packaging, family and served tokens."""
    finance = market.parameters.finance
    account = Account()
    for name in ("api", "services", "licence", "royalty", "serving", "subsidy"):
        setattr(account, name, booked[name])
    account.platform = owned_net(market, vendor) / MILLION
    account.packaging = packaging_outlay(vendor, account.api, finance)
    account.training = training_cost(vendor, market.parameters.capability)
    account.staff = vendor.staff
    vendor.family_tokens = booked["family"]
    account.complement = complement_income(vendor, finance)
    paid = booked["home"] + booked["elsewhere"]
    account.home_share = booked["home"] / paid if paid > 0 else 1.0
    settle(vendor, account, market.parameters.pricing)
    vendor.served += booked["served"]
    vendor.staff = next_staff(vendor, finance)
    vendor.packaging = next_packaging(vendor.packaging, account.packaging, finance)


def owned_net(market: "Market", vendor: Vendor | None = None) -> float:
    """$ a month that platforms leave to the living vendor that owns them; to all without one."""
    owners = [vendor] if vendor is not None else market.living_vendors()
    keys = {owner.key for owner in owners if owner.alive}
    return sum(p.net for p in market.platforms if p.facts.owner in keys)


def advance_crowds(market: "Market", used: list[float]) -> None:
    """What users of each open family give back: packaging now, quality at the next release.

    used: slots of each vendor's open models.
    """
    rules = market.parameters.crowd
    for vendor, users in zip(market.vendors, used, strict=True):
        vendor.users = users
        openness = licence_of(vendor.licence_code).crowd
        strength = crowd_strength(users, openness, market.cheap, rules)
        vendor.crowd_packaging += (rules.packaging * strength - vendor.crowd_packaging) / 6
        vendor.crowd_quality = rules.quality * strength


def payments_received(market: "Market", sums: Sums) -> dict[str, float]:
    """$ of the month by receiver, all regions: the ledger's other side.

    Their total equals what enterprises and operators paid; see `sim.identities`.
    """
    book = market.book
    world = {name: sums.row(name).sum(axis=0) for name in (
        "bill", "tuning", "rent", "licence", "services", "staff", "integration", "money_cost",
        "platform_fee",
    )}  # fmt: skip
    service = book.access == Access.API
    hosted = book.access == Access.HOSTED
    operators = {
        kind: sum(
            o.bill - o.licence
            for o in market.operators
            if o.row >= 0 and book.access[o.row] == kind
        )
        for kind in Access
    }
    fees = sum(o.licence for o in market.operators)
    sold = world["bill"] + world["tuning"]
    resale = float(market.resale.sum())
    selfhost = operators[Access.SELFHOST]
    return {
        "vendors": float(sold[service].sum() + world["licence"].sum() + world["services"].sum())
        + operators[Access.API] + resale + fees,
        "hosts": float(sold[hosted].sum()) + operators[Access.HOSTED],
        "platforms": float(world["platform_fee"].sum()) - resale,
        "lessors": float(world["rent"].sum() + sold[book.access == Access.SELFHOST].sum())
        + selfhost,
        "staff": float(world["staff"].sum()),
        "other": float(world["integration"].sum() + world["money_cost"].sum()),
    }  # fmt: skip
