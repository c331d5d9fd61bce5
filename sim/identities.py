"""What must hold after every month, whatever the scenario: model.md section 13.

Each check compares two sides that are computed apart: sums of the compiled pass against columns,
payments against receipts, cash against accounts. Everything is in arrays; cost is a few passes
over slots.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.offers import row_index
from agents.common.vocabulary import ACCESSES, NONE, STRATEGIES, Access
from agents.enterprise.ledger import ACCESSES as ACCESS_COUNT
from agents.enterprise.ledger import DECISION, QUARTILES, Sums
from agents.vendor.vendor import Vendor
from sim.accounts import payments_received
from sim.tally import SPEND_PARTS

if TYPE_CHECKING:
    from sim.market import Market

RELATIVE: Final = 1e-9
"""Relative error at which an identity counts as broken."""
SINGLE: Final = 1e-6
"""The same where one side is stored in single precision."""
MILLION: Final = 1e6
RECEIPTS: Final = ("api", "services", "licence", "royalty", "platform", "complement", "funding")
FULL: Final = ("cost_money", "cost_staff")
"""Parts of the decision table that make up `spend_full`."""
COSTS: Final = ("serving", "packaging", "training", "staff", "bad_debt")


class Purse(NamedTuple):
    """A vendor's money at the end of a month, M$."""

    cash: float
    receivables: float


def purses(market: "Market") -> dict[str, Purse]:
    """Money of all vendors now: take it before a step, hand it to `broken` after it."""
    return {v.key: Purse(v.cash, v.receivables) for v in market.vendors}


def broken(market: "Market", before: Mapping[str, Purse] | None = None) -> list[str]:
    """Identities that do not hold after this month, one sentence with numbers each.

    before: `purses` of the month before; without it the movement of cash is not checked.
    """
    sums = market.sums
    if sums is None:
        return []
    found = [*_not_finite(sums), *_shares(market), *_tokens(market, sums)]
    found += [*_counts(market, sums), *_payments(market, sums), *_accounts(market, sums)]
    found += [*_bases(market, sums), *_concentration(market, sums)]
    found += [*_holdings(market, sums), *_portfolios(market)]
    if before is not None:
        found += _cash(market, before)
    return [f"month {market.month}: {text}" for text in found]


def _unequal(
    left: str, a: float, right: str, b: float, size: float = 0.0, relative: float = RELATIVE
) -> Iterator[str]:
    """One sentence if a and b differ by more than the relative error of the largest size."""
    largest = max(abs(a), abs(b), size)
    if not abs(a - b) <= relative * largest:
        yield f"{left} {a:.12g} is not {right} {b:.12g} (off by {a - b:.3g})"


def _not_finite(sums: Sums) -> Iterator[str]:
    for name, values in zip(sums.ledger._fields, sums.ledger, strict=True):
        bad = int(np.count_nonzero(~np.isfinite(values)))
        if bad:
            yield f"{bad} of {values.size} sums of the ledger's '{name}' are not finite numbers"


def _shares(market: "Market") -> Iterator[str]:
    """Shares of the tables add up to one, or are all unknown; of tables that are made."""
    row = market.recorder.rows["market"][-1]
    families = {
        "by access": [row[f"share_tokens_{access}"] for access in ACCESSES],
        "by vendors' strategy": [row[f"share_tokens_vendor_{kind}"] for kind in STRATEGIES],
    }
    if "vendor" in market.recorder.columns:
        families["of vendors in spend"] = list(
            market.recorder.columns["vendor"][-1][1]["spend_share"]
        )
    for what, shares in families.items():
        known = [share for share in shares if share is not None]
        if known and len(known) < len(shares):
            yield f"only {len(known)} of {len(shares)} shares {what} are known"
        elif known:
            yield from _unequal(f"the sum of shares {what}", sum(known), "one,", 1.0)


def _bases(market: "Market", sums: Sums) -> Iterator[str]:
    """A name has one base in all tables: the market's columns are those of home segments and cells.

    Order of segments: sector, band, region.
    """
    row = market.recorder.rows["market"][-1]
    regions = [region.home for region in market.parameters.regions.values()]
    home = np.resize(np.array(regions, bool), market.group_count)
    gained = float(np.abs(sums.segment("surplus")[home]).sum())
    for name, column in (("tokens", "tokens"), ("spend", "spend"), ("consumer_surplus", "surplus")):
        segments = float(sums.segment(column)[home].sum())
        size = gained if column == "surplus" else 0.0
        yield from _unequal(f"{name} of home segments", segments, f"market.{name}", row[name], size)
    cells = sum(sums.ledger.decision[:, DECISION.index(part)].sum() for part in FULL)
    yield from _unequal("$ of decision cells", float(cells), "market.spend_full", row["spend_full"])


def _concentration(market: "Market", sums: Sums) -> Iterator[str]:
    """Shares of spend are shares of all that home firms pay, by vendor of the model."""
    row = market.recorder.rows["market"][-1]
    by_row = sum(sums.row(part)[0] for part in SPEND_PARTS)
    spend = np.sort(np.bincount(market.book.vendor, by_row))[::-1]
    total = float(spend.sum())
    shares = spend / total if total > 0 else np.zeros(0)
    expected = {
        "leader_share_spend": float(shares[:1].sum()),
        "top3_share_spend": float(shares[:3].sum()),
        "hhi_spend": 10_000 * float((shares**2).sum()),
    }
    for name, value in expected.items():
        told = row.get(name) or 0.0
        yield from _unequal(f"market.{name}", told, "that of the vendors' spend", value)


def _tokens(market: "Market", sums: Sums) -> Iterator[str]:
    """Tokens by offering = by segment = by access = by firm."""
    by_row = sums.row("tokens")
    total = float(by_row.sum())
    segments = float(sums.segment("tokens").sum())
    yield from _unequal("tokens by segment", segments, "tokens by offering", total)
    by_access = _decision_by_access(sums)
    for code, name in enumerate(ACCESSES):
        rows = float(by_row[0][market.book.access == code].sum())
        left = f"home tokens of decisions for {name}"
        yield from _unequal(left, float(by_access[code]), "those of its offerings", rows, total)
    firms = market.columns.firms
    used = float(firms.weight @ firms.tokens.astype(np.float64))
    yield from _unequal("tokens by firm", used, "tokens by offering", total, relative=SINGLE)


def _decision_by_access(sums: Sums) -> NDArray[np.float64]:
    """Home tokens of the decision cells by access; order of cells: see `sums.decision_cell`."""
    cells = sums.ledger.decision[:, DECISION.index("tokens")]
    by_access: NDArray[np.float64] = cells.reshape(3 * QUARTILES * 3, ACCESS_COUNT, 4).sum((0, 2))
    return by_access


def _counts(market: "Market", sums: Sums) -> Iterator[str]:
    """Firms and slots of the ledgers are those of the columns."""
    firms = market.columns.firms
    adopters = firms.weight @ (firms.adopted_since != NONE)
    pairs = {
        "enterprises": float(firms.weight.sum()),
        "adopters": float(adopters),
        "restricted": float(firms.weight @ (firms.restricted == 1)),
        "slots": float(sums.row("slots").sum()),
    }
    for name, counted in pairs.items():
        segments = float(sums.segment(name).sum())
        size = pairs["enterprises"]
        yield from _unequal(f"{name} by segment", segments, f"{name} counted", counted, size)
    peers = float(sums.ledger.peer_slots.sum())
    yield from _unequal("slots by peer group", peers, "slots by offering", pairs["slots"])


def _payments(market: "Market", sums: Sums) -> Iterator[str]:
    """Money paid by enterprises and operators = money received by everyone else."""
    operators = sum(o.bill for o in market.operators)
    paid = float(sums.segment("paid").sum()) + operators
    received = sum(payments_received(market, sums).values())
    yield from _unequal("$ paid", paid, "$ received", received)
    fees = float(sums.platform("fee").sum())
    charged = float(sums.row("platform_fee").sum())
    yield from _unequal("$ of fees by platform", fees, "$ of fees by offering", charged)


def _accounts(market: "Market", sums: Sums) -> Iterator[str]:
    """What receivers have booked = what they received."""
    received = payments_received(market, sums)
    size = sum(abs(value) for value in received.values())
    passed = sum(p.passed_on for p in market.platforms)
    resale = float(market.resale.sum())
    sold = sum(v.account.api + v.account.services + v.account.licence for v in _active(market))
    booked = {
        "vendors": sold * MILLION + resale,
        "hosts": sum(h.revenue for h in market.hostings.values()),
        "platforms": sum(p.fee for p in market.platforms) - resale,
    }
    yield from _unequal("$ passed on by platforms", passed, "$ vendors get", resale, size)
    for who, amount in booked.items():
        yield from _unequal(f"$ booked by {who}", amount, "$ received", received[who], size)


def _active(market: "Market") -> list[Vendor]:
    """Vendors with an account of this month: alive, or gone for want of cash at its end."""
    gone = {
        event.target
        for event in market.recorder.events
        if event.kind == "exit" and event.month == market.month and event.cause == "no cash"
    }
    return [v for v in market.vendors if v.alive or v.name in gone]


def _cash(market: "Market", before: Mapping[str, Purse]) -> Iterator[str]:
    """Cash moves by receipts less costs and what is not yet paid; else not at all."""
    active = _active(market)
    for vendor in market.vendors:
        old = before.get(vendor.key, Purse(vendor.facts.cash, 0.0))
        flows = [old.receivables - vendor.receivables]
        if vendor in active:
            flows += [getattr(vendor.account, name) for name in RECEIPTS]
            flows += [-getattr(vendor.account, name) for name in COSTS]
        size = max(abs(old.cash), *(abs(flow) for flow in flows))
        left = f"M$ by which cash of {vendor.name} moved"
        moved = vendor.cash - old.cash
        yield from _unequal(left, moved, "receipts less costs and funding", sum(flows), size)


def _holdings(market: "Market", sums: Sums) -> Iterator[str]:
    """Every slot in use holds an offering of the book that its firm may use."""
    columns, book = market.columns, market.book
    slots, firms = columns.slots, columns.firms
    used = np.flatnonzero(slots.offering != NONE)
    rows = row_index(book, len(market.models))[slots.offering[used]]
    gone = int(np.count_nonzero(rows == NONE))
    if gone:
        yield f"{gone} of {used.size} slots in use hold an offering that is not in the book"
        return
    owner = np.repeat(np.arange(len(columns)), np.diff(firms.first_slot))[used]
    for rule, allowed in _rules(market, owner, rows).items():
        wrong = int(np.count_nonzero(~allowed))
        if wrong:
            yield f"{wrong} of {used.size} slots in use hold {rule}"
    stray = int(np.count_nonzero(slots.vendor[used] != book.vendor[rows]))
    if stray:
        yield f"{stray} of {used.size} slots in use name another vendor than their offering's"
    counted = np.bincount(rows, firms.weight[owner], book.offering.size)
    off = np.abs(counted - sums.row("slots").sum(axis=0))
    worst = float(off.max(initial=0.0))
    if worst > RELATIVE * float(firms.weight.sum()):
        yield f"slots by offering differ from the slots that hold it by up to {worst:.6g}"


def _rules(
    market: "Market", owner: NDArray[np.int64], rows: NDArray[np.int32]
) -> dict[str, NDArray[np.bool_]]:
    """For slots in use: whether what they hold obeys each rule of consideration."""
    firms, book = market.columns.firms, market.book
    regions = list(market.parameters.regions.values())
    names = list(market.parameters.regions)
    home = np.array([r.home for r in regions])
    imports = np.array([r.foreign_apis for r in regions])
    seat = np.array([names.index(v.region) for v in market.vendors], np.int64)
    exports = np.array([v.facts.sells_abroad for v in market.vendors], bool)
    region, vendor, access = firms.region[owner], book.vendor[rows], book.access[rows]
    own = access == Access.SELFHOST
    near = home[seat[vendor]] == home[region]
    abroad = seat[vendor] != region
    traded = imports[region] & exports[vendor]
    return {
        "a service, though their firm is restricted": own | (firms.restricted[owner] == 0),
        "a foreign service, though their firm is bound by residency":
            own | ~abroad | (firms.residency[owner] == 0),
        "a foreign vendor's service that does not reach them":
            (access != Access.API) | near | traded,
    }  # fmt: skip


def _portfolios(market: "Market") -> Iterator[str]:
    """A firm's portfolio bits are the vendors of its slots in use."""
    slots, firms = market.columns.slots, market.columns.firms
    used = slots.offering != NONE
    bits = np.where(used, np.uint64(1) << slots.vendor.astype(np.uint64), np.uint64(0))
    held = np.bitwise_or.reduceat(bits, firms.first_slot[:-1])
    wrong = int(np.count_nonzero(held != firms.portfolio))
    if wrong:
        yield f"{wrong} of {len(firms.weight)} portfolios are not the vendors of the firm's slots"
    using = np.logical_or.reduceat(used, firms.first_slot[:-1])
    idle = int(np.count_nonzero(using != (firms.adopted_since != NONE)))
    if idle:
        yield f"{idle} of {len(firms.weight)} firms count as adopters against their slots"
