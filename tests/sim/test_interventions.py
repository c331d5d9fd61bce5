"""Parameters that change during a run, and records without a mechanism."""

from typing import Any

import pyarrow as pa
import pytest

from agents.host.hosts import hosted_price
from agents.host.parameters import HostParameters
from agents.vendor.strategies import alternatives, strategy_named
from sim import Scenario, load, run
from sim.interventions import AT_START, changed, may_change
from sim.loading import ScenarioError
from sim.market import Market
from sim.record import releases

SMALL = {"enterprise.population": 120, "months": 26}


def event(target: str, month: str = "2024-01", **rest: Any) -> dict[str, Any]:
    return {"month": month, "kind": "set-parameter", "target": target, **rest}


def before(table: pa.Table, month: int) -> pa.Table:
    return table.slice(0, month)


def test_worlds_are_one_until_the_month_of_the_change() -> None:
    events = [event("choice.risk_weight", magnitude=0.4)]
    one, other = (run(load("baseline", {**SMALL, "events": e})) for e in ([], events))
    assert before(one.tables["market"], 12).equals(before(other.tables["market"], 12))
    assert not one.tables["market"].equals(other.tables["market"])


def test_a_changed_parameter_is_the_one_of_a_world_that_always_had_it() -> None:
    """A mechanism that matters only later may as well be changed from the start."""
    late = load("baseline", {**SMALL, "events": [event("finance.royalty", magnitude=0.2)]})
    market = Market(late)
    for _ in range(14):
        market.step()
    assert market.parameters.finance.royalty == 0.2
    assert market.environment.scenario is market.parameters


@pytest.mark.parametrize(
    ("target", "rest", "sentence"),
    [
        ("choice.theta", {"magnitude": 3.0}, "not a parameter that can change"),
        ("vendors.openai.cash", {"magnitude": 3.0}, "not a parameter that can change"),
        ("choice.risk_wieght", {"magnitude": 3.0}, "not a parameter that can change"),
        ("crowd.effectiveness", {"magnitude": -1.0}, "must lie within 0 to 20"),
        ("release.api_life", {"magnitude": 2.5}, "cannot be 2.5"),
        ("pricing.payment", {"value": "weekly"}, "must be one of 'prepaid', 'postpaid'"),
    ],
)
def test_a_change_that_cannot_be_is_refused(
    target: str, rest: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ScenarioError, match=sentence):
        load("baseline", {"events": [event(target, **rest)]})


def test_words_and_whole_numbers_are_understood() -> None:
    world = Scenario()
    assert changed(world, "release.api_life", 6.0, None).release.api_life == 6
    assert changed(world, "finance.packaging_equal", 0.0, "true").finance.packaging_equal is True
    assert changed(world, "capability.ceiling", 1.5, None).capability.ceiling == 1.5
    assert changed(world, "capability.ceiling", 0.0, "none").capability.ceiling is None


def test_all_that_is_drawn_at_the_start_exists() -> None:
    paths = set(may_change(Scenario))
    assert not paths & AT_START
    for path in AT_START:
        section, leaf = path.split(".")
        assert hasattr(getattr(Scenario(), section), leaf)


def recorded_differences(overrides: dict[str, Any]) -> dict[tuple[int, str], float]:
    market = Market(load("baseline", {**SMALL, **overrides}))
    for _ in range(24):
        market.step()
    record = {(r.vendor, r.model): r.q for r in releases()}
    return {
        (m.released, m.name): m.q - record[market.vendors[m.vendor].key, m.name]
        for m in market.models
        if m.scripted
    }


def test_an_unchanged_world_has_the_recorded_qualities() -> None:
    assert set(recorded_differences({}).values()) == {0.0}


@pytest.mark.parametrize(
    "mechanism",
    ["capability.imitation", "capability.flywheel", "capability.distillation",
     "capability.publication", "crowd.effectiveness"],
)  # fmt: skip
def test_a_record_without_a_mechanism_loses_its_fruits(mechanism: str) -> None:
    off = recorded_differences({mechanism: 0.0})
    assert max(off.values()) <= 0.0
    assert min(off.values()) < -0.001
    late = recorded_differences({"events": [event(mechanism, "2023-12", magnitude=0.0)]})
    assert {change for (month, _), change in late.items() if month < 11} == {0.0}
    assert min(change for (month, _), change in late.items() if month >= 11) < 0.0


def test_the_lowest_of_more_quotes_is_lower_and_pays_its_cost() -> None:
    rules = HostParameters(markup=1.0, price_spread=0.2, competition=0.0)
    prices = [hosted_price(1.0, n, rules) for n in (1, 2, 5, 20)]
    assert prices == sorted(prices, reverse=True)
    assert prices[0] == pytest.approx(2.0)
    assert hosted_price(1.0, 40, HostParameters(price_spread=1.0)) == 1.0


def test_an_owner_gets_what_its_platform_leaves() -> None:
    owned = load("baseline", {**SMALL, "platforms.largest.owner": "anthropic"})
    market, plain = Market(owned), Market(load("baseline", SMALL))
    for _ in range(20):
        market.step()
        plain.step()
    platform = next(p for p in market.platforms if p.key == "largest")
    vendor, before_it = market.vendor_by_key["anthropic"], plain.vendor_by_key["anthropic"]
    assert platform.net > 0
    assert vendor.account.platform == pytest.approx(platform.net / 1e6)
    assert before_it.account.platform == 0.0
    assert vendor.account.revenue > vendor.account.platform + vendor.account.api


def test_a_review_compares_openness_by_tier() -> None:
    labels = [option.label for option in alternatives(strategy_named("closed"))]
    assert labels == ["closed", "open", "dual (small)", "dual (small, medium)"]
    large = [option.label for option in alternatives(strategy_named("dual", ("large",)))]
    assert large[0] == "dual (large)"
    assert len(large) == len(set(large)) == 5
