"""Scheduled events: each kind says what it needs, and nothing else is accepted."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from agents.common.parameter import entries
from agents.common.vocabulary import STRATEGIES, month_index
from agents.vendor.strategies import STRATEGIES as STRATEGY_CLASSES
from experiments.claims.claim import Case, shared_cases, switches
from experiments.claims.sweep import EARLY_MONTH, LATE_MONTH, settings_of
from experiments.ensemble.folder import EnsembleFolder
from experiments.ensemble.runs import Resolution, Sweeps
from sim.event_checks import events_within
from sim.event_kinds import EVENT_KINDS, LARGEST_NUMBER, Target
from sim.happenings import KINDS
from sim.interventions import may_change
from sim.loading import ScenarioError, canonical, load, to_toml
from sim.market import Market
from sim.parameters import EventParameters
from sim.scenario import Scenario

GIVEN: dict[str, dict[str, Any]] = {
    "breach": {"target": "openai", "magnitude": 2.0},
    "residency-rule": {"target": "europe", "magnitude": 0.4},
    "export-control": {"target": "china", "magnitude": 3.0},
    "licence-change": {"target": "meta", "value": "research"},
    "algorithmic-leap": {"magnitude": 1.0},
    "weights-leak": {"target": "openai"},
    "price-cut": {"target": "openai", "magnitude": 0.5},
    "gpu-price-change": {"magnitude": 3.0},
    "vendor-entry": {"target": "meta"},
    "vendor-exit": {"target": "meta"},
    "payment-terms": {"value": "postpaid", "magnitude": 60.0},
    "strategy-switch": {"target": "meta", "value": "closed"},
    "set-parameter": {"target": "choice.risk_weight", "magnitude": 0.4},
}
"""One possible event of each kind; Meta is absent where it enters."""


def loaded(kind: str, **changes: Any) -> Scenario:
    """The baseline with one event of a kind, its parts changed; None leaves a part out."""
    parts = {"month": "2024-03", "kind": kind, **GIVEN[kind], **changes}
    event = {key: value for key, value in parts.items() if value is not None}
    absent = {"vendors.meta.present": False} if kind == "vendor-entry" else {}
    return load("baseline", {**absent, "events": [event]})


def test_every_kind_has_its_act_in_the_same_order() -> None:
    assert list(KINDS) == list(EVENT_KINDS)
    assert entries(EventParameters)["kind"].declaration.choices == tuple(EVENT_KINDS)


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_a_possible_event_comes_back_from_its_file(kind: str, tmp_path: Path) -> None:
    world = loaded(kind)
    file = tmp_path / "world.toml"
    file.write_text(to_toml(world))
    assert canonical(load(file)) == canonical(world)
    assert load(file).events == world.events


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    # sizes out of range, absent, or of kinds that have none
    ("residency-rule", {"magnitude": 40.0}, "must be 0 to 1 (share of firms newly bound)"),
    ("residency-rule", {"magnitude": -0.4}, "must be 0 to 1"),
    ("residency-rule", {"magnitude": None}, "events[0].magnitude must be given"),
    ("price-cut", {"magnitude": 50.0}, "must be 0.001 to 1 (factor on list prices)"),
    ("price-cut", {"magnitude": None}, "must be given"),
    ("price-cut", {"magnitude": 0.0}, "must be 0.001 to 1"),
    ("breach", {"magnitude": -1e6}, "must be 0 to 100 (ordinary breaches)"),
    ("gpu-price-change", {"magnitude": 1000.0}, "must be 0.01 to 100"),
    ("export-control", {"magnitude": None}, "must be given"),
    ("algorithmic-leap", {"magnitude": 21.0}, "must be -20 to 20"),
    ("payment-terms", {"magnitude": 366.0}, "a whole number, 0 to 365 (days of credit)"),
    ("payment-terms", {"magnitude": 60.5}, "a whole number"),
    ("payment-terms", {"magnitude": None}, "must be given"),
    ("payment-terms", {"value": "prepaid"}, "not used by payment-terms prepaid"),
    ("vendor-exit", {"magnitude": 1.0}, "events[0].magnitude is not used by vendor-exit"),
    ("strategy-switch", {"magnitude": 2.0}, "not used by strategy-switch"),
    ("breach", {"magnitude": float("nan")}, "finite"),
    ("gpu-price-change", {"magnitude": float("inf")}, "finite"),
    ("price-cut", {"magnitude": True}, "magnitude"),
    # targets
    ("gpu-price-change", {"target": "europe"}, "target is not used by gpu-price-change"),
    ("payment-terms", {"target": "openai"}, "target is not used by payment-terms"),
    ("residency-rule", {"target": "eurpe"}, "did you mean 'europe'?"),
    ("residency-rule", {"target": None}, "must be a region's id"),
    ("breach", {"target": "opena"}, "a vendor's id or left out"),
    ("price-cut", {"target": None}, "must be a vendor's id"),
    ("set-parameter", {"target": None}, "a parameter, such as"),
    ("set-parameter", {"target": "choice.risk_wieght"}, "did you mean 'choice.risk_weight'?"),
    # values
    ("vendor-exit", {"value": "nonsense"}, "value is not used by vendor-exit"),
    ("breach", {"value": "x"}, "value is not used by breach"),
    ("strategy-switch", {"value": "closd"}, "did you mean 'closed'?"),
    ("strategy-switch", {"value": None}, "must be one of open, closed, dual"),
    ("licence-change", {"value": "proprietary"}, "must be one of research, restricted"),
    ("set-parameter", {"value": "true"}, "not both"),
    ("set-parameter", {"magnitude": None}, "not neither"),
    # dates
    ("breach", {"month": "2022-06"}, "before the run's first month; take one from 2023-01"),
    ("breach", {"month": "2031-01"}, "after the run's last month 2030-12 (months = 96)"),
    ("breach", {"month": "2031-01"}, "set months to 97 or more"),
    ("breach", {"month": "２０２４-０３"}, "YYYY-MM"),
    ("breach", {"month": "2024-3"}, "YYYY-MM"),
    ("breach", {"month": "2024-13"}, "YYYY-MM"),
    ("breach", {"month": "+024-03"}, "YYYY-MM"),
    # no effect, ever
    ("vendor-entry", {"target": "openai"}, "in the market since 2023-01"),
]


@pytest.mark.parametrize(("kind", "changes", "sentence"), REFUSED)
def test_an_event_that_cannot_be_is_refused(
    kind: str, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ScenarioError, match=re.escape(sentence)) as refusal:
        loaded(kind, **changes)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("kind", [k.word for k in EVENT_KINDS.values() if k.size is None])
def test_no_kind_takes_a_size_it_does_not_use(kind: str) -> None:
    with pytest.raises(ScenarioError, match="not used"):
        loaded(kind, magnitude=1.0)


def test_a_vendor_that_never_comes_is_refused_and_one_that_is_brought_in_is_not() -> None:
    exit_ = {"month": "2024-05", "kind": "vendor-exit", "target": "meta"}
    absent = {"vendors.meta.present": False}
    with pytest.raises(ScenarioError, match="never in this market"):
        load("baseline", {**absent, "events": [exit_]})
    entry = {"month": "2024-03", "kind": "vendor-entry", "target": "meta"}
    assert len(load("baseline", {**absent, "events": [entry, exit_]}).events) == 2
    early = {"month": "2023-02", "kind": "vendor-entry", "target": "deepseek"}
    assert load("baseline", {"events": [early]}).events


def test_a_run_cut_short_refuses_what_comes_later() -> None:
    events = [{"month": "2024-06", "kind": "vendor-exit", "target": "meta"}]
    with pytest.raises(ScenarioError, match=r"last month 2023-12 .months = 12.*months to 18"):
        load("baseline", {"months": 12, "events": events})


def test_runs_that_the_program_cuts_short_leave_later_events_out() -> None:
    world = loaded("breach")
    assert events_within(world.events, 96) == {}
    assert events_within(world.events, 15) == {}
    kept = events_within(world.events, 14)
    assert kept == {"events": []}
    assert load("baseline", {**kept, "months": 14}).events == []


def test_a_scenario_made_in_python_is_checked_as_well() -> None:
    event = EventParameters(month="2024-03", kind="price-cut", target="openai", magnitude=50.0)
    with pytest.raises(ValidationError, match=r"0\.001 to 1"):
        Scenario(events=[event])


def test_a_breach_has_a_usual_size_and_prepaid_needs_no_days() -> None:
    assert loaded("breach", magnitude=None).events[0].magnitude is None
    assert loaded("payment-terms", value="prepaid", magnitude=None).events[0].magnitude is None


@pytest.mark.parametrize("cases", [shared_cases(), switches()], ids=["cases", "switches"])
@pytest.mark.parametrize("month", [EARLY_MONTH, LATE_MONTH])
def test_events_of_claims_are_possible(cases: dict[str, Case], month: int) -> None:
    assert cases
    for case in cases.values():
        load("baseline", settings_of(case, month, []))


def test_any_number_of_a_parameter_fits_a_magnitude() -> None:
    for path in may_change(Scenario):
        section, leaf = path.split(".")
        inner = entries(Scenario)[section].shape.section
        assert inner is not None
        declared = entries(inner)[leaf].declaration
        for bound in (declared.low, declared.high):
            assert bound is None or abs(bound) <= LARGEST_NUMBER, path


def test_words_of_strategies_are_those_of_their_classes() -> None:
    assert tuple(STRATEGY_CLASSES) == STRATEGIES
    assert EVENT_KINDS["strategy-switch"].values == STRATEGIES


def test_an_event_is_told_by_its_declaration() -> None:
    assert EVENT_KINDS["price-cut"].says("OpenAI", 0.5, None) == "List prices of OpenAI times 0.5"
    assert EVENT_KINDS["algorithmic-leap"].says(None, 1.0, None) == "Leap of 1 (ln) for everyone"
    changed = EVENT_KINDS["set-parameter"].says("pricing.payment", None, "postpaid")
    assert changed == "pricing.payment becomes postpaid"
    for kind in EVENT_KINDS.values():
        assert kind.meaning
        assert kind.target in set(Target)


@pytest.mark.parametrize(
    "text", ["2024-3", "２０２４-１２", "2024-00", "2024-1２", " 2024-01", "24-01"]
)
def test_months_are_written_in_plain_digits(text: str) -> None:
    with pytest.raises(ValueError, match="YYYY-MM"):
        month_index(text)


@pytest.mark.parametrize("until", ["2026-06", "2025-01", "2035-12"])
def test_history_beyond_the_record_is_refused(until: str) -> None:
    with pytest.raises(ScenarioError, match=r"the record ends in 2024-12.*take 2024-12"):
        load("baseline", {"history.until": until})


@pytest.mark.parametrize("until", ["2024-12", "2023-03", "2022-12"])
def test_history_may_be_shorter_than_the_record_or_off(until: str) -> None:
    assert load("baseline", {"history.until": until}).history.until == until


def test_a_breach_at_a_vendor_that_is_not_there_has_no_effect() -> None:
    """DeepSeek enters later than 2023-02; a kind without a size is recorded without one."""
    events = [
        {"month": "2023-02", "kind": "breach", "target": "deepseek", "magnitude": 9.0},
        {"month": "2023-02", "kind": "weights-leak", "target": "openai"},
        {"month": "2023-02", "kind": "breach", "target": "openai"},
    ]
    settings = {"enterprise.population": 40, "months": 2, "incident.rate": 0.0}
    market = Market(load("baseline", {**settings, "events": events}))
    market.step()
    market.step()
    kept = 0.5 ** (1 / market.parameters.incident.half_life)
    assert market.incident_stock == pytest.approx(kept), "the usual breach, remembered for a month"
    told = [e for e in market.recorder.events if e.cause.startswith("scenario")]
    assert [(e.kind, e.magnitude) for e in told] == [
        ("breach", 9.0), ("weights-leak", None), ("breach", 1.0),
    ]  # fmt: skip
    assert "without effect" in told[0].cause


def test_worlds_of_an_ensemble_leave_out_what_comes_after_their_runs(tmp_path: Path) -> None:
    folder = EnsembleFolder(tmp_path)
    folder.base_path.write_text(to_toml(loaded("price-cut", month="2026-05")))
    sweeps = Sweeps(folder, (), (), Resolution(100, 2, 1), lambda *_: None)
    assert sweeps._wave_tree("wave-1")["settings"]["events"] == []
    assert "events" not in sweeps._worlds_tree(2)["settings"]
