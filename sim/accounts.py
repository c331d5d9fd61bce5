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

if TYPE_CHECKING:
    from sim.market import Market

Floats = NDArray[np.float64]
MILLION = 1e6
TUNING_COST = 0.5
"""Cost of a tuning job against its price."""


def book_usage(market: "Market", sums: Sums) -> None:
    """Turn the month's sums over enterprises and operators into accounts and stocks."""
    tokens = sums.row("tokens").sum(axis=0)
    book_hosts(market, sums, tokens)
    book_platforms(market, sums)
    for vendor in market.vendors:
        if vendor.alive:
            account_vendor(market, vendor, sums, tokens)
    advance_crowds(market, sums)


def book_hosts(market: "Market", sums: Sums, tokens: Floats) -> None:
    """Revenue and cost of the hosts of each model."""
    book = market.book
    for hosting in market.hostings.values():
        hosting.tokens = hosting.revenue = hosting.cost = 0.0
    bill = sums.row("bill").sum(axis=0)
    tuning = sums.row("tuning").sum(axis=0)
    for row in np.flatnonzero(book.access == Access.HOSTED):
        hosting = market.hostings.setdefault(int(book.model[row]), Hosting())
        bought = sum(o.bill - o.licence for o in market.operators if o.row == row)
        served = sum(o.tokens for o in market.operators if o.row == row)
        hosting.tokens += float(tokens[row]) + served
        hosting.revenue += float(bill[row] + tuning[row]) + bought
        hosting.cost += float((tokens[row] + served) * book.cost[row] + TUNING_COST * tuning[row])
        hosting.cost += royalty(market, int(row), float(bill[row]) + bought)


def royalty(market: "Market", row: int, revenue: float) -> float:
    """$ a month the hosts of a row owe the model's vendor under a restricted licence."""
    model = market.models[int(market.book.model[row])]
    due = licence_of(model.licence).threshold and market.vendors[model.vendor].alive
    return market.parameters.finance.royalty * revenue if due else 0.0


def book_platforms(market: "Market", sums: Sums) -> None:
    """Tokens, gross sales and fees of each platform; part of the fee goes to vendors."""
    for index, platform in enumerate(market.platforms):
        platform.tokens = float(sums.platform("tokens")[:, index].sum())
        platform.gross = float(sums.platform("gross")[:, index].sum())
        platform.fee = float(sums.platform("fee")[:, index].sum())
        platform.cost = market.parameters.host.packaging_share * platform.fee
        resold = float(sums.platform("service_fee")[:, index].sum())
        platform.passed_on = market.parameters.finance.resale * resold
    services = market.book.access == Access.API
    market.resale = market.parameters.finance.resale * (
        sums.row("platform_fee").sum(axis=0) * services
    )


def account_vendor(market: "Market", vendor: Vendor, sums: Sums, tokens: Floats) -> None:
    """One vendor's month: sales, costs, cash, packaging, family and served tokens."""
    book, finance = market.book, market.parameters.finance
    mine = book.vendor == vendor.index
    service = mine & (book.access == Access.API)
    family = [o for o in market.operators if o.row >= 0 and mine[o.row]]
    operators = [o for o in family if service[o.row]]
    bill, tuning = sums.row("bill"), sums.row("tuning")
    world = bill.sum(axis=0) + tuning.sum(axis=0)
    account = Account()
    bought = sum(o.bill - o.licence for o in operators)
    account.api = (float(world[service].sum()) + bought) / MILLION
    account.services = _paid(sums, "rent", mine, book.services_rate) / MILLION
    account.licence = _paid(sums, "rent", mine, book.fee_rate) / MILLION
    account.licence += sum(o.licence for o in family) / MILLION
    account.royalty = _royalties(market, mine, bill.sum(axis=0))
    account.platform = owned_net(market, vendor) / MILLION
    served = tokens.copy()
    for operator in operators:
        served[operator.row] += operator.tokens
    serving = (served * book.cost)[service].sum()
    account.serving = float(serving + TUNING_COST * tuning.sum(axis=0)[service].sum()) / MILLION
    loss = np.maximum(book.cost - book.price, 0.0)
    account.subsidy = float((served * loss)[service].sum()) / MILLION
    account.packaging = packaging_outlay(vendor, account.api, finance)
    account.training = training_cost(vendor, market.parameters.capability)
    account.staff = vendor.staff
    vendor.family_tokens = float(tokens[mine].sum()) + sum(o.tokens for o in family)
    account.complement = complement_income(vendor, finance)
    account.home_share = _home_share(bill + tuning + sums.row("rent"), mine)
    settle(vendor, account, market.parameters.pricing)
    vendor.served += float(served[service].sum())
    vendor.staff = next_staff(vendor, finance)
    vendor.packaging = next_packaging(vendor.packaging, account.packaging, finance)


def owned_net(market: "Market", vendor: Vendor | None = None) -> float:
    """$ a month that platforms leave to the living vendor that owns them; to all without one."""
    owners = [vendor] if vendor is not None else market.living_vendors()
    keys = {owner.key for owner in owners if owner.alive}
    return sum(p.net for p in market.platforms if p.facts.owner in keys)


def _paid(sums: Sums, what: str, mine: NDArray[np.bool_], rate: Floats) -> float:
    return float((sums.row(what).sum(axis=0) * rate)[mine].sum())


def _royalties(market: "Market", mine: NDArray[np.bool_], bill: Floats) -> float:
    """M$ of royalties from hosts and of resale shares from platforms."""
    total = float(market.resale[mine].sum())
    for row in np.flatnonzero(mine & (market.book.access == Access.HOSTED)):
        bought = sum(o.bill - o.licence for o in market.operators if o.row == row)
        total += royalty(market, int(row), float(bill[row]) + bought)
    return total / MILLION


def _home_share(paid: Floats, mine: NDArray[np.bool_]) -> float:
    home, elsewhere = paid[0][mine].sum(), paid[1][mine].sum()
    total = float(home + elsewhere)
    return float(home) / total if total > 0 else 1.0


def advance_crowds(market: "Market", sums: Sums) -> None:
    """What users of each open family give back: packaging now, quality at the next release."""
    rules, book = market.parameters.crowd, market.book
    slots = sums.row("slots").sum(axis=0)
    for vendor in market.vendors:
        mine = (book.vendor == vendor.index) & (book.open == 1)
        users = float(slots[mine].sum())
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
