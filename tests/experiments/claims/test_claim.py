"""Claim files: those that come with the program, and what is refused in one sentence."""

from pathlib import Path
from typing import Any

import pytest
import tomli_w

from app.claims_views import TEMPLATE
from experiments.claims.claim import (
    QUESTIONS,
    Case,
    ClaimError,
    claim_of,
    library,
    read,
    refuse_drawn,
    shared_cases,
    switches,
)
from experiments.claims.sweep import AS_IS, EARLY, Part
from experiments.ensemble.building import uncertain
from sim.loading import load

TREE: dict[str, Any] = {
    "id": "X1", "statement": "s", "question": "Q1",
    "outcomes": {"share": {"column": "share_tokens_open"}},
    "conditions": [{"outcome": "share", "above": 0.5}],
}  # fmt: skip


def test_all_claims_of_the_ledger_are_there_and_can_be_run() -> None:
    claims = library()
    wanted = [f"C{n:02}" for n in range(1, 31)] + ["C01b"]
    assert sorted(claims) == sorted(wanted)
    assert {claim.question for claim in claims.values()} == set(QUESTIONS)
    for claim in claims.values():
        part = Part((claim,), claim.months)
        for settings in part.options([]).values():
            load("baseline", {**settings, "months": claim.months})


def test_switches_come_first_and_keep_what_a_case_does() -> None:
    claim = library()["C23"]
    for name, switch in switches().items():
        options = Part((claim,), 96, switch).options([])
        assert set(options) == {"base", "xai-open", "xai-closed"}
        for settings in options.values():
            load("baseline", {**settings, "months": 96})
        events = options["xai-open"]["events"]
        assert events[-1]["month"] == "2025-01"
        if switch.events:
            assert options["base"]["events"][0]["month"] == "2023-01", name
            assert events[0] == options["base"]["events"][0]
        else:
            assert "events" not in options["base"]


def test_no_case_sets_what_worlds_draw() -> None:
    drawn = [axis.path for axis in uncertain(load("baseline"))]
    cases = [case for claim in library().values() for case in claim.cases]
    refuse_drawn([*cases, *shared_cases().values(), *switches().values()], drawn)
    vain = Case("vain", "", settings={"review.openness_value": 0.0})
    with pytest.raises(ClaimError, match=r"case vain sets review.openness_value.*set-parameter"):
        refuse_drawn([vain], drawn)


def test_interventions_come_late_and_early() -> None:
    late, early = (Part((library()["C23"],), 96, early=early) for early in (False, True))
    assert set(late.options([])) == set(early.options([])) == {"base", "xai-open", "xai-closed"}
    assert late.options([])["xai-open"]["events"][0]["month"] == "2025-01"
    options = early.options([])
    assert options["xai-open"]["events"][0]["month"] == "2023-01"
    assert {one["history.until"] for one in options.values()} == {"2023-03"}
    assert (late.label("base"), early.label("base")) == ("base", "early/base")
    assert (late.main_only, early.main_only) == (False, True)
    assert list(Part((library()["C05"],), 96).options([])) == ["base"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": ""}, "id is missing"),
        ({"id": "a b"}, "id has letters"),
        ({"question": "Q9"}, "question is one of Q1, Q2, Q3, Q4"),
        ({"months": 3}, "months is a number from 25 to 420"),
        ({"statment": "s"}, "did you mean statement"),
        ({"outcomes": {}}, "declare what is measured"),
        ({"conditions": []}, "declare when it holds"),
        ({"conditions": [{"outcome": "shares", "above": 1}]}, "'shares' is not declared"),
        ({"conditions": [{"outcome": "share", "case": "nope", "above": 1}]}, "'nope' is not"),
        ({"conditions": [{"outcome": "share"}]}, "has one of above, below"),
        ({"conditions": [{"outcome": "share", "above": 1, "below": 2}]}, "has one of above"),
        ({"conditions": [{"outcome": "share", "above": "x"}]}, "above is a number"),
        ({"conditions": [{"outcome": "share", "above": 1, "relative": True}]}, "goes with less"),
        ({"conditions": [{"outcome": "share", "abov": 1}]}, "did you mean above"),
        ({"outcomes": {"share": {"column": "shar"}}}, "no column 'shar'"),
        ({"effect": "other"}, "effect names an outcome"),
        ({"cases": {"mine": {"events": [{"month": "2025-01"}]}}}, "events have no month"),
        ({"cases": {"mine": 3}}, "the case mine is a table"),
        ({"reported": {"outcome": "share"}}, "comes as ..reported"),
        ({"reported": [{"outcome": "nope"}]}, "'nope' is not declared"),
    ],
)
def test_a_claim_that_cannot_be_judged_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(Exception, match=said) as caught:
        claim_of({**TREE, **changes}, "x.toml", shared_cases())
    assert "\n" not in str(caught.value)


def test_a_users_claim_is_read_and_the_template_is_one(tmp_path: Path) -> None:
    place = tmp_path / "mine.toml"
    place.write_text(tomli_w.dumps(TREE))
    assert read(place).id == "X1"
    place.write_text(TEMPLATE.format(id="mine", name="mine.toml"))
    claim = read(place)
    assert [case.name for case in claim.cases] == ["no-meta", "base"]
    with pytest.raises(ClaimError, match="cannot be read"):
        read(tmp_path / "gone.toml")
    place.write_text("id = ")
    with pytest.raises(ClaimError, match="is not TOML"):
        read(place)


def test_only_what_decides_is_run_early_or_with_something_switched() -> None:
    claims = (library()["C04"], library()["C12"], library()["C05"])
    assert {"no-publication", "all-closed"} <= set(Part(claims, 96).options([]))
    assert "no-publication" not in Part(claims, 96, reported=False).options([])
    decisive = {"base", "all-closed", "routing-free", "routing-dear"}
    assert set(Part(claims, 96, early=True).options([])) == decisive
    assert set(Part(claims, 96, switches()["linear"]).options([])) == decisive
    assert not {AS_IS, EARLY} & set(switches())
