"""Checks read the right numbers from tables, bands decide, and worlds are counted honestly."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.main import app
from app.validating import cell, some_of, spread_of
from experiments.evidence.checks import (
    all_checks,
    closed_margin,
    hosted_price,
    last_month,
    market_value,
    median,
    price_fall,
)
from experiments.evidence.forecast import MONTHS, QUANTITIES, Outlook, outlook
from experiments.evidence.validation import REFUTED, Finding, World, measure
from sim.schemas import table


def test_every_check_is_well_formed() -> None:
    checks = all_checks()
    assert len(checks) >= 20
    assert len({check.id for check in checks}) == len(checks)
    for check in checks:
        asked = [check.column, check.hosted, check.margin or None, check.paid_above]
        assert sum(what is not None for what in asked) == 1, check.id
        assert check.low <= check.observed <= check.high, check.id
        assert check.source
        assert check.run in ("record", "free")


def test_only_structural_rates_are_dated_after_the_record() -> None:
    late = [check for check in all_checks() if check.month > "2024-12"]
    assert late
    assert all(check.structural for check in late)
    assert sum(check.structural for check in all_checks()) == 3


def test_capability_is_checked_in_free_runs_only() -> None:
    about = [c for c in all_checks() if c.column in ("gap_logits", "q_closed", "q_open")]
    assert about
    assert all(check.run == "free" for check in about)


def test_market_value_is_null_beyond_the_run_and_where_the_table_is() -> None:
    market = table(
        "market", {"month": [0, 1], "date": ["2023-01", "2023-02"], "adoption": [None, 0.25]}
    )
    assert market_value(market, "adoption", 0) is None
    assert market_value(market, "adoption", 1) == 0.25
    assert market_value(market, "adoption", 2) is None


def test_hosted_price_is_that_of_the_model_in_the_month() -> None:
    hosts = table(
        "host",
        {"month": [3, 3, 4], "model": ["a", "b", "a"], "price": [1.0, 2.0, 3.0]},
    )
    assert hosted_price(hosts, "a", 3) == 1.0
    assert hosted_price(hosts, "b", 3) == 2.0
    assert hosted_price(hosts, "b", 4) is None


def test_margin_pools_the_largest_closed_vendors_over_a_year() -> None:
    vendors = table(
        "vendor",
        {
            "month": [11, 12, 12, 12, 12, 0],
            "vendor": ["a", "a", "b", "c", "d", "a"],
            "strategy": ["closed", "closed", "closed", "closed", "open", "closed"],
            "revenue_api": [10.0, 10.0, 5.0, 4.0, 1000.0, 500.0],
            "cost_serving": [4.0, 4.0, 2.5, 2.0, 0.0, 0.0],
        },
    )
    assert closed_margin(vendors, 12) == pytest.approx((29 - 12.5) / 29)


def test_price_fall_weighs_by_use_above_a_quality() -> None:
    offering = table(
        "offering",
        {
            "month": [0, 0, 12, 12, 12],
            "q": [0.0, -1.0, 0.1, 0.0, 0.0],
            "price": [10.0, 0.1, 1.0, 3.0, None],
            "tokens": [5.0, 100.0, 3.0, 1.0, 50.0],
        },
    )
    assert price_fall(offering, -0.13, 12) == pytest.approx(10.0 / 1.5)
    assert price_fall(offering, 0.5, 12) is None


def test_median_needs_half_of_the_values() -> None:
    assert median([1.0, None, 3.0]) == 2.0
    assert median([1.0, None]) is None


def test_hits_count_medians_in_band_and_missing_values_miss() -> None:
    check = replace(all_checks()[0], low=0.0, high=1.0, observed=0.5, key=True)
    inside = Finding(check, (0.4, 0.6, 5.0))
    outside = Finding(check, (2.0, 3.0, 0.5))
    missing = Finding(replace(check, key=False), (None, None, 0.5))
    world = World("x", (inside, outside, missing))
    assert (world.hits, world.key_hits) == (1, (1, 2))
    assert inside.range == (0.4, 5.0)
    assert (inside.known, missing.known) == (3, 1)
    assert (some_of(inside), some_of(missing)) == ("", " (1 of 3)")
    assert cell(missing) == "– (1 of 3) *"
    assert world.stands(1 / 3)
    assert not world.stands(0.4)
    key_missed = World("y", (outside, replace(inside, check=replace(check, key=False))))
    assert key_missed.share == 0.5
    assert not key_missed.stands(0.5)


def test_an_outlook_is_the_median_and_the_extremes_of_what_is_known() -> None:
    assert outlook([1.0, 4.0, None, 2.0]) == Outlook(2.0, 1.0, 4.0, 3, 4)
    assert outlook([None, 1.0]) == Outlook(None, None, None, 1, 2)
    assert spread_of(outlook([1.0, 4.0, None, 2.0])) == "2 (1…4, 3 of 4)"
    assert spread_of(outlook([1.0, 2.0])) == "1.5 (1…2)"
    assert spread_of(outlook([None, None])) == "– (–…–, 0 of 2)"


def test_measure_answers_every_check_with_a_small_population() -> None:
    values = measure("baseline", {"enterprise.population": 300}, 1)
    assert set(values) == {check.id for check in all_checks()}
    assert values["frontier-2023"] is not None
    assert last_month(all_checks(), "free") == 24


def test_the_command_prints_all_checks() -> None:
    small = ["validate", "--seeds", "1", "--jobs", "1", "--no-refuted", "--json"]
    small += ["--set", "enterprise.population=200"]
    done = CliRunner().invoke(app, small)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)["baseline"]
    assert len(found["findings"]) == found["checks"] == len(all_checks())
    assert found["in_band"] == sum(row["in_band"] for row in found["findings"])
    assert set(found["forecast"]) == set(QUANTITIES)
    for months in found["forecast"].values():
        assert list(months) == list(MONTHS)
        for seen in months.values():
            assert seen["low"] == seen["median"] == seen["high"]


def test_a_scenario_file_is_measured_and_the_threshold_obeyed(tmp_path: Path) -> None:
    world = tmp_path / "world.toml"
    world.write_text("[enterprise]\npopulation = 200\n")
    asked = ["validate", str(world), "--seeds", "1", "--jobs", "1", "--no-refuted", "--json"]
    done = CliRunner().invoke(app, [*asked, "--no-forecast", "--threshold", "1"])
    assert done.exit_code == 1, done.output
    assert list(json.loads(done.stdout)) == [str(world)]


def test_a_misspelt_parameter_is_refused_before_any_run() -> None:
    done = CliRunner().invoke(app, ["validate", "--seeds", "1", "--set", "enterprise.populaton=5"])
    assert done.exit_code == 2


# --- the facts can refute


BASELINE = "baseline"
REQUIRED = 0.85
"""Share of key facts that a world must have in band to stand."""


@pytest.fixture(scope="module")
def worlds() -> dict[str, World]:
    """Baseline and control worlds over three seeds, 600 firms."""
    overrides = {"enterprise.population": 600}
    found = {}
    for name in (BASELINE, *REFUTED):
        values = [measure(name, overrides, seed) for seed in (1, 2, 3)]
        findings = (Finding(c, tuple(v[c.id] for v in values)) for c in all_checks())
        found[name] = World(name, tuple(findings))
    return found


def missed(world: World) -> set[str]:
    """Facts out of band."""
    return {finding.check.id for finding in world.findings if not finding.in_band}


@pytest.mark.parametrize("name", REFUTED)
def test_control_worlds_fail(name: str, worlds: dict[str, World]) -> None:
    """Too few key facts, fewer than the baseline has, and fewer checks of all kinds."""
    hits, facts = worlds[name].key_hits
    assert hits / facts < REQUIRED
    assert hits < worlds[BASELINE].key_hits[0]
    assert worlds[name].hits < worlds[BASELINE].hits


def test_each_control_world_fails_on_what_it_denies(worlds: dict[str, World]) -> None:
    """Without trust and habits too many use open models; without a lasting gap there is none."""
    denied = {
        "price-only": {"open-use-2023", "open-use-2024", "any-open", "ever-restricted"},
        "gap-closes": {"gap-2024-06", "gap-2024-12"},
    }
    for name, facts in denied.items():
        assert facts <= missed(worlds[name])
        assert not facts <= missed(worlds[BASELINE])
