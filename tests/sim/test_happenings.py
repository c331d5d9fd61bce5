"""Random breaches hit services in proportion to their use, and everyone's luck is their own."""

import numpy as np
import pytest
from scipy import stats

from agents.common.vocabulary import Access
from sim.happenings import _victim
from sim.loading import load
from sim.market import Market

DRAWS = 3000
ERROR_RATE = 1e-6
"""Chance that the counts are refused although the odds are right."""


@pytest.fixture(scope="module")
def market() -> Market:
    made = Market(load("baseline", {"enterprise.population": 200, "months": 22}))
    for _ in range(22):
        made.step()
    return made


def victims(market: Market) -> list[str]:
    """Names of the victims of the first breaches; `hosts` for the hosts."""
    found = []
    before = market.breaches
    for number in range(DRAWS):
        market.breaches = number
        victim = _victim(market)
        found.append(victim.name if victim else "hosts")
    market.breaches = before
    return found


def served(market: Market) -> dict[str, float]:
    """Tokens served last month by vendors' own services and by hosts."""
    assert market.sums is not None
    tokens, book = market.sums.row("tokens").sum(axis=0), market.book
    service = book.access == Access.API
    amounts = {
        v.name: float(tokens[service & (book.vendor == v.index)].sum()) for v in market.vendors
    }
    return amounts | {"hosts": float(tokens[book.access == Access.HOSTED].sum())}


def test_victims_are_drawn_by_use(market: Market) -> None:
    amounts = {name: amount for name, amount in served(market).items() if amount > 0}
    found = victims(market)
    assert set(found) <= set(amounts)
    total = sum(amounts.values())
    expected = np.array([DRAWS * amount / total for amount in amounts.values()])
    counts = np.array([found.count(name) for name in amounts])
    common = expected >= 5
    assert common.sum() >= 3
    counts = np.append(counts[common], counts[~common].sum())
    expected = np.append(expected[common], max(expected[~common].sum(), 1e-9))
    statistic = ((counts - expected) ** 2 / np.maximum(expected, 1.0)).sum()
    assert stats.chi2.sf(statistic, len(counts) - 1) > ERROR_RATE


def test_a_service_less_leaves_the_others_luck(market: Market) -> None:
    """Who was not hit by chance of the one that is gone is hit as before."""
    before = victims(market)
    gone = max(market.vendors, key=lambda v: served(market)[v.name])
    assert market.sums is not None
    mine = (market.book.vendor == gone.index) & (market.book.access == Access.API)
    kept = market.sums.ledger.row.copy()
    market.sums.ledger.row[:, mine, :] = 0.0
    after = victims(market)
    market.sums.ledger.row[:] = kept
    assert gone.name in before
    pairs = zip(before, after, strict=True)
    assert all(old == new for old, new in pairs if old != gone.name)


def test_nobody_is_hit_before_anything_is_used() -> None:
    assert _victim(Market(load("baseline", {"enterprise.population": 60}))) is None
