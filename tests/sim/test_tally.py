"""Sums of a month over the book, and what is on sale, against numpy on the same columns."""

import numpy as np
import pytest

from agents.common.vocabulary import Access
from agents.enterprise.ledger import ROW
from sim import Market, load
from sim.draft import THRESHOLD
from sim.enterprise_step import rows_of
from sim.listing import LEVELS, LIKE_QUALITY, look, price_ratio_at_best
from sim.metrics import reachable_at_home
from sim.tally import (
    FULL_PARTS,
    MILLION,
    SPEND_PARTS,
    TUNING_COST,
    VENDOR_SUMS,
    Bought,
    Shares,
    add_up,
    use_at_home,
)


@pytest.fixture(scope="module")
def market() -> Market:
    market = Market(load("baseline", {"enterprise.population": 150, "months": 40}))
    for _ in range(40):
        market.step()
    return market


def test_sums_by_vendor_follow_their_definitions(market: Market) -> None:
    book, rows, vendors = market.book, market.book.offering.size, len(market.vendors)
    assert market.sums is not None
    ledger, alive = market.sums.ledger.row, np.arange(vendors) % 3 > 0
    bought = Bought(*np.random.default_rng(1).uniform(1.0, 5.0, (3, rows)))
    owes = THRESHOLD[market.stock.code("licence")]
    found = add_up(ledger, rows_of(market, book), bought, owes, alive, Shares(0.1, 0.2))
    total = dict(zip(ROW, ledger.sum(axis=0).T, strict=True))
    service, hosted = book.access == Access.API, book.access == Access.HOSTED
    bill, served = total["bill"] + bought.paid, total["tokens"] + bought.tokens
    royalty = 0.1 * bill * (hosted & owes[book.model] & alive[book.vendor])
    resale = 0.2 * total["platform_fee"] * service
    cost = served * book.cost + TUNING_COST * total["tuning"]
    paid = ledger[:, :, [ROW.index(name) for name in ("bill", "tuning", "rent")]].sum(axis=2)
    expected = {
        "api": service * (bill + total["tuning"]) / MILLION,
        "services": total["rent"] * book.services_rate / MILLION,
        "licence": (total["rent"] * book.fee_rate + bought.licence) / MILLION,
        "royalty": (resale + royalty) / MILLION,
        "serving": service * cost / MILLION,
        "subsidy": service * served * np.maximum(book.cost - book.price, 0.0) / MILLION,
        "family": served, "served": service * served, "home": paid[0], "elsewhere": paid[1],
        "users": total["slots"] * book.open,
    }  # fmt: skip
    for name, by_vendor in zip(VENDOR_SUMS, found.vendor, strict=True):
        wanted = np.bincount(book.vendor, expected[name], vendors)
        np.testing.assert_allclose(by_vendor, wanted, rtol=1e-12, atol=1e-12, err_msg=name)
    hosts = [served, bill + total["tuning"], cost + royalty]
    for by_model, column in zip(found.hosts, hosts, strict=True):
        wanted = np.bincount(book.model[hosted], column[hosted], len(owes))
        np.testing.assert_allclose(by_model, wanted, rtol=1e-12)
    np.testing.assert_array_equal(np.flatnonzero(found.hosted), np.unique(book.model[hosted]))
    np.testing.assert_allclose(found.resale, resale, rtol=1e-12)
    assert royalty.any()


def test_use_at_home_is_that_of_home_firms(market: Market) -> None:
    book, vendors = market.book, len(market.vendors)
    assert market.sums is not None
    ledger = market.sums.ledger.row
    found = use_at_home(ledger, rows_of(market, book), vendors)
    spend, full = (
        ledger[0][:, [ROW.index(part) for part in parts]].sum(axis=1)
        for parts in (SPEND_PARTS, FULL_PARTS)
    )
    tokens = ledger[:, :, ROW.index("tokens")]
    for column, wanted in ((found.spend, spend), (found.full, full)):
        np.testing.assert_allclose(column, wanted, rtol=1e-12)
    np.testing.assert_array_equal(found.tokens, tokens[0])
    for by_vendor, column in zip(found.vendor, (tokens[0], spend), strict=True):
        np.testing.assert_allclose(by_vendor, np.bincount(book.vendor, column, vendors), rtol=1e-12)
    world = np.bincount(book.vendor, tokens.sum(axis=0), vendors)
    np.testing.assert_allclose(found.world, world, rtol=1e-12)
    np.testing.assert_allclose(found.access, np.bincount(book.access, tokens[0], 3), rtol=1e-12)


def test_what_is_on_sale_follows_the_definitions(market: Market) -> None:
    book, reachable = market.book, reachable_at_home(market)
    rows = rows_of(market, book)
    found = look(rows, reachable, len(market.models))
    plain = (book.listed == 1) & (book.tuned == 0)
    on_sale = plain & ((book.access != Access.API) | reachable[book.vendor])
    service = on_sale & (book.access != Access.SELFHOST)
    for opened in (0, 1):
        best = np.where(on_sale & (book.open == opened), book.q, -np.inf)
        assert found.best[opened] == np.argmax(best)
    for level, price in zip(LEVELS.values(), found.at_level, strict=True):
        assert price == book.price[service & (book.q >= np.float32(level))].min()
    closed = service & (book.open == 0) & (book.price > 0)
    wanted = []
    for row in np.flatnonzero(service & (book.open == 1) & (book.access == Access.HOSTED)):
        near = closed & (np.abs(book.q - book.q[row]) <= np.float32(LIKE_QUALITY))
        if near.any():
            wanted.append(book.price[row] / np.median(book.price[near]))
    assert wanted
    np.testing.assert_allclose(found.in_class, wanted, rtol=1e-12)
    np.testing.assert_array_equal(
        np.flatnonzero(found.models), np.unique(book.model[book.listed == 1])
    )
    open_, closed = service & (book.open == 1), service & (book.open == 0)
    both = min(book.q[open_].max(), book.q[closed].max())
    lowest = [book.price[kind & (book.q >= both)].min() for kind in (open_, closed)]
    assert price_ratio_at_best(rows, reachable) == pytest.approx(lowest[0] / lowest[1])


def test_without_a_rival_kind_there_is_no_ratio(market: Market) -> None:
    rows = rows_of(market, market.book)
    closed = rows[rows["open"] == 0]
    assert price_ratio_at_best(closed, reachable_at_home(market)) is None
    assert look(closed, reachable_at_home(market), len(market.models)).in_class.size == 0
