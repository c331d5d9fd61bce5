"""Step 6 of the month: who was paid what, what it cost, what the stocks have become."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.licence import licence_of
from agents.common.vocabulary import Access
from agents.enterprise.ledger import ROW, Sums
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
from sim.book import THRESHOLD

if TYPE_CHECKING:
    from sim.market import Market

Floats = NDArray[np.float64]
MILLION = 1e6
TUNING_COST = 0.5
"""Cost of a tuning job against its price."""


class Flows(NamedTuple):
    """The month by row of the book, all regions: Mtok and $."""

    tokens: Floats
    """Of enterprises."""
    bought: Floats
    """Of operators, Mtok."""
    bill: Floats
    """For tokens, of enterprises and operators, without licences."""
    tuning: Floats
    rent: Floats
    licence: Floats
    """Of operators."""
    royalty: Floats
    """What hosts owe a living vendor under a restricted licence."""

    @property
    def served(self) -> Floats:
        """Tokens of everybody."""
        return self.tokens + self.bought


def flows_of(market: "Market", sums: Sums) -> Flows:
    """Add up what enterprises and operators did, by row."""
    world = dict(zip(ROW, sums.ledger.row.sum(axis=0).T, strict=True))
    bought, paid, licence = np.zeros((3, market.book.offering.size))
    for operator in market.operators:
        if operator.row >= 0:
            bought[operator.row] += operator.tokens
            paid[operator.row] += operator.bill - operator.licence
            licence[operator.row] += operator.licence
    bill = world["bill"] + paid
    royalty = market.parameters.finance.royalty * bill * _owes_royalty(market)
    return Flows(world["tokens"], bought, bill, world["tuning"], world["rent"], licence, royalty)


def _owes_royalty(market: "Market") -> NDArray[np.bool_]:
    """Rows whose hosts owe the model's vendor a share of revenue."""
    book = market.book
    alive = np.array([v.alive for v in market.vendors], bool)[book.vendor]
    due = THRESHOLD[market.stock.code("licence")[book.model]]
    owes: NDArray[np.bool_] = (book.access == Access.HOSTED) & due & alive
    return owes


def book_usage(market: "Market", sums: Sums) -> None:
    """Turn the month's sums over enterprises and operators into accounts and stocks."""
    market.used.append(float(sums.row("tokens").sum()))
    flows = flows_of(market, sums)
    book_hosts(market, flows)
    book_platforms(market, sums)
    booked = vendor_bookings(market, sums, flows)
    for vendor in market.living_vendors():
        account_vendor(market, vendor, {k: v[vendor.index] for k, v in booked.items()})
    advance_crowds(market, sums)


def book_hosts(market: "Market", flows: Flows) -> None:
    """Revenue and cost of the hosts of each model."""
    book = market.book
    rows = np.flatnonzero(book.access == Access.HOSTED)
    served, tuning = flows.served[rows], flows.tuning[rows]
    cost = served * book.cost[rows] + TUNING_COST * tuning + flows.royalty[rows]
    model, count = book.model[rows], len(market.models)
    tokens, revenue, spent = (
        np.bincount(model, column, count).tolist()
        for column in (served, flows.bill[rows] + tuning, cost)
    )
    for index in np.unique(model).tolist():
        market.hostings.setdefault(index, Hosting())
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
    services = market.book.access == Access.API
    market.resale = market.parameters.finance.resale * (
        sums.row("platform_fee").sum(axis=0) * services
    )


def vendor_bookings(market: "Market", sums: Sums, flows: Flows) -> dict[str, list[float]]:
    """What the rows of each vendor add up to, M$ and Mtok, by name of the sum."""
    book, served = market.book, flows.served
    service = book.access == Access.API
    home, elsewhere = sums.row("bill") + sums.row("tuning") + sums.row("rent")
    columns = {
        "api": service * (flows.bill + flows.tuning) / MILLION,
        "services": flows.rent * book.services_rate / MILLION,
        "licence": (flows.rent * book.fee_rate + flows.licence) / MILLION,
        "royalty": (market.resale + flows.royalty) / MILLION,
        "serving": service * (served * book.cost + TUNING_COST * flows.tuning) / MILLION,
        "subsidy": service * served * np.maximum(book.cost - book.price, 0.0) / MILLION,
        "family": served,
        "served": service * served,
        "home": home,
        "elsewhere": elsewhere,
    }
    return {name: vendor_sums(market, column).tolist() for name, column in columns.items()}


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


def advance_crowds(market: "Market", sums: Sums) -> None:
    """What users of each open family give back: packaging now, quality at the next release."""
    rules, book = market.parameters.crowd, market.book
    used = vendor_sums(market, sums.row("slots").sum(axis=0) * book.open).tolist()
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
