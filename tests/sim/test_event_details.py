"""Events carry the numbers that vendors acted on, and the event follows from them."""

import json
import math
from typing import Any

import pytest

from agents.common.events import Event
from agents.vendor.finance import FUNDING_RUNWAY
from agents.vendor.pricing import price_floor, revised_price
from sim import load, run
from sim.recording import event_row
from sim.running import Result

Row = dict[str, Any]
WORLD = {
    "enterprise.population": 60, "months": 32, "history.until": "2023-06", "review.interval": 6,
    "review.switch_threshold": 0.02, "finance.funding": 5.0, "finance.round_months": 10.0,
    "vendors.anthropic.cash": 300.0, "vendors.anthropic.funding": 0.0, "pricing.subsidy": 0.2,
}  # fmt: skip
"""A small world in which vendors move often and one, without backers, runs out of money."""


@pytest.fixture(scope="module")
def result() -> Result:
    return run(load("baseline", WORLD))


@pytest.fixture(scope="module")
def events(result: Result) -> list[Row]:
    rows = result.tables["event"].to_pylist()
    return [row | {"details": json.loads(row["details"] or "{}")} for row in rows]


def of(events: list[Row], kind: str, cause: str = "") -> list[Row]:
    found = [row for row in events if row["kind"] == kind and cause in row["cause"]]
    assert found
    return found


def test_a_revision_follows_from_cost_nash_price_and_old_price(
    result: Result, events: list[Row]
) -> None:
    rules = result.scenario.pricing
    for row in of(events, "price", "revision"):
        known = row["details"]
        floor = price_floor(1, known["cost"], rules)
        target = floor + (1 - rules.share_weight) * max(known["nash"] - known["cost"], 0.0)
        assert known["target"] == pytest.approx(target, rel=1e-4)
        again = revised_price(known["old"], known["nash"], known["cost"], floor, rules)
        assert row["magnitude"] == pytest.approx(again, rel=1e-4)


def test_old_prices_are_those_of_the_price_before(events: list[Row]) -> None:
    last: dict[str, float] = {}
    for row in of(events, "price"):
        if row["target"] in last:
            assert row["details"]["old"] == pytest.approx(last[row["target"]], rel=1e-5)
        last[row["target"]] = row["magnitude"]


def test_a_release_says_what_its_quality_came_from(result: Result, events: list[Row]) -> None:
    rules = result.scenario.capability
    luck = [row["details"]["luck"] for row in of(events, "release", "plan")]
    # Luck is noise x a normal, damped by imitation: its sd over some 150 models lies between half
    # of `noise` and `noise` (x 1.25 for sampling error of 4 sd).
    spread = math.sqrt(sum(x * x for x in luck) / len(luck))
    assert 0.4 * rules.noise < spread < 1.25 * rules.noise
    for row in of(events, "release", "plan"):
        assert row["details"].keys() == {"compute", "budget", "lead", "imitation", "luck"}
        assert row["details"]["budget"] > 0
        assert row["details"]["imitation"] >= 0
    assert all(row["details"] == {} for row in of(events, "release", "input"))


def test_a_switch_goes_to_what_was_seen_to_bring_most(result: Result, events: list[Row]) -> None:
    threshold = result.scenario.review.switch_threshold
    for row in of(events, "strategy", "review"):
        seen, old = row["details"]["seen"], row["details"]["old"]
        best = max(seen, key=seen.__getitem__)
        needed = seen[old] + threshold * max(abs(seen[old]), 1.0)
        assert best.partition(" ")[0] == row["cause"].partition(":")[0]
        assert row["details"]["needed"] == pytest.approx(needed, rel=1e-4)
        assert seen[best] > needed
        assert all(seen[name] >= cash for name, cash in row["details"]["cash"].items())


def test_who_leaves_has_neither_cash_nor_profit(events: list[Row]) -> None:
    for row in of(events, "exit", "no cash"):
        assert row["details"]["cash"] == pytest.approx(row["magnitude"], rel=1e-5)
        assert row["details"]["cash"] < 0 < row["details"]["burn"]


def test_a_round_is_so_many_months_of_burn(result: Result, events: list[Row]) -> None:
    months = result.scenario.finance.round_months
    for row in of(events, "funding"):
        assert row["magnitude"] == pytest.approx(months * row["details"]["burn"], rel=1e-4)
        assert row["details"]["cash"] < FUNDING_RUNWAY * row["details"]["burn"]


def test_details_are_short_and_never_nan() -> None:
    numbers = {"a": 1 / 3, "b": {"c": math.inf, "d": 123456789.0}, "e": "closed"}
    row = event_row(Event(3, "price", "x", 1.0, "revision", numbers))
    assert row["details"] == '{"a": 0.333333, "b": {"c": null, "d": 123457000.0}, "e": "closed"}'
    assert event_row(Event(3, "entry", "x", 1.0, "roster"))["details"] is None


def test_decisions_and_comparisons_are_counted(result: Result) -> None:
    rows = result.tables["decision"].to_pylist()
    assert any(row["compared"] for row in rows)
    for row in rows:
        assert row["decided"] >= row["compared"] >= 0
        assert (row["term_cost"] is None) == (row["decided"] == 0)
        assert (row["alternative_term_cost"] is None) == (row["compared"] == 0)
