"""Claim files: those that come with the program, and what is refused in one sentence."""

import datetime
import math
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
    shared_cases,
    switches,
)
from experiments.claims.refusals import refuse_drawn, refuse_impossible, refuse_same
from experiments.claims.sweep import AS_IS, EARLY, Part
from experiments.ensemble.building import uncertain
from sim.loading import load

TREE: dict[str, Any] = {
    "id": "X1", "statement": "s", "question": "Q1",
    "outcomes": {"share": {"column": "share_tokens_open"}},
    "conditions": [{"outcome": "share", "above": 0.5}],
}  # fmt: skip


def bounded(**changes: Any) -> dict[str, Any]:
    """A claim with one condition."""
    return {"conditions": [{"outcome": "share", "above": 1, **changes}]}


def event(**fields: Any) -> dict[str, Any]:
    """A claim with a case of one event."""
    return {"cases": {"mine": {"events": [fields]}}}


def filtered(**where: Any) -> dict[str, Any]:
    """A claim about some rows of the vendor table."""
    return {"outcomes": {"share": {"table": "vendor", "column": "profit", "where": where}}}


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
        ({"id": ""}, "id must be one line of text in quotes, not ''"),
        ({"id": "a b"}, "id must be up to 32 letters"),
        ({"id": 3}, "id must be one line of text in quotes, not 3"),
        ({"statement": None}, "statement must be one line of text"),
        ({"question": "Q9"}, "question must be one of Q1, Q2, Q3, Q4, not 'Q9'"),
        ({"question": ["Q1"]}, "question must be one of Q1"),
        ({"months": 3}, "months must be a whole number from 25 to 420, not 3"),
        ({"months": True}, "months must be a whole number from 25 to 420, not true"),
        ({"months": "96"}, "months must be a whole number"),
        ({"months": 96.0}, "months must be a whole number"),
        ({"statment": "s"}, "did you mean statement"),
        ({"who": 3}, "who must be one line of text"),
        ({"when": datetime.date(2024, 1, 1)}, "when must be one line of text .* not 2024-01-01"),
        ({"identified": True}, "identified must be one line of text"),
        ({"any": "false"}, "any must be true or false, not 'false'"),
        ({"any": 0}, "any must be true or false, not 0"),
        ({"any": [False]}, "any must be true or false"),
        ({"caveats": "abc"}, "caveats must be a list of texts in quotes, not 'abc'"),
        ({"caveats": 5}, "caveats must be a list of texts in quotes, not 5"),
        ({"caveats": [5]}, "caveats must be a list of texts"),
        ({"outcomes": {}}, "declare what is measured"),
        ({"outcomes": ["o"]}, "outcomes must be a table"),
        ({"conditions": []}, "declare when it holds"),
        ({"conditions": 5}, "conditions must be a list of tables"),
        ({"conditions": [5]}, "conditions must be a list of tables"),
        ({"conditions": [{"outcome": "shares", "above": 1}]}, "'shares' is not declared; did you"),
        ({"conditions": [{"outcome": ["share"], "above": 1}]}, "outcome must be one line of text"),
        ({"conditions": [{"above": 1}]}, "outcome is missing"),
        (bounded(case="nope"), "'nope' is not declared"),
        (bounded(case=["base"]), "case must be one line of text"),
        (bounded(less=3), "less must be one line of text"),
        (bounded(of={}), "of must be one line of text"),
        (bounded(words=3), "words must be one line of text"),
        ({"conditions": [{"outcome": "share"}]}, "has one of above, below"),
        (bounded(below=2), "has one of above"),
        (bounded(above="x"), "above must be a finite number, not 'x'"),
        (bounded(above=math.nan), "above must be a finite number, not nan"),
        (bounded(above=math.inf), "above must be a finite number, not inf"),
        (bounded(above=True), "above must be a finite number, not true"),
        (bounded(above=10**400), "above must be a finite number, not a number of about 401"),
        ({"conditions": [{"outcome": "share", "below": -math.inf}]}, "below must be a finite"),
        ({"conditions": [{"outcome": "share", "within": 0}]}, "within must be a number above 0"),
        (bounded(relative=True), "goes with less"),
        (bounded(relative="no"), "relative must be true or false, not 'no'"),
        (bounded(relative=0), "relative must be true or false, not 0"),
        (bounded(abov=1), "did you mean above"),
        ({"outcomes": {"share": {"column": "shar"}}}, "no column 'shar'"),
        ({"effect": "other"}, "effect must be one of share, not 'other'"),
        ({"effect": ["share"]}, "effect must be one of share"),
        ({"cases": 5}, "cases must be a table"),
        ({"cases": {"mine": {"events": [{"month": "2025-01"}]}}}, "events have no month"),
        ({"cases": {"mine": {"events": [5]}}}, "cases.mine: events must be a list of tables"),
        ({"cases": {"mine": {"events": "ab"}}}, "cases.mine: events must be a list of tables"),
        ({"cases": {"mine": {"settings": "ab"}}}, "cases.mine: settings must be a table"),
        ({"cases": {"mine": {"words": 3}}}, "cases.mine: words must be one line of text"),
        ({"cases": {"mine": {"settings": {"choice.theta": "4"}}}}, "does not take text in quotes"),
        ({"cases": {"mine": {"settings": {"months": 4}}}}, "settings cannot hold months"),
        ({"cases": {"mine": {"event": []}}}, "no field 'event'; did you mean events"),
        (event(kind="vendor-exits"), r"events\[0\]: kind must be one of .*mean vendor-exit"),
        (event(), r"cases.mine.events\[0\]: kind is missing"),
        (event(kind="breach", magnitude="1"), "magnitude must be a finite number, not '1'"),
        (event(kind="breach", magnitude=math.nan), "magnitude must be a finite number, not nan"),
        (event(kind="breach", target=3), "target must be one line of text in quotes, not 3"),
        (event(kind="breach", targt="meta"), "no field 'targt'; did you mean target"),
        ({"cases": {"mine": 3}}, "cases.mine must be a table, not 3"),
        ({"cases": {"base": {}}}, "the case base comes with the program"),
        ({"cases": {"no-crowd": {}}}, "the case no-crowd comes with the program"),
        ({"cases": {"a/b": {}}}, "a case's name has up to 64 letters"),
        ({"reported": {"outcome": "share"}}, r"reported must be a list of tables, \[\[reported"),
        ({"reported": [{"outcome": "nope"}]}, "'nope' is not declared"),
        (filtered(vendor=datetime.date(2024, 1, 1)), "where.vendor must be text in quotes, not 20"),
        (filtered(month="2024-01"), "where.month must be a whole number, not '2024-01'"),
        (filtered(strategy="opened"), "no row of vendor can have strategy 'opened'; did you mean"),
    ],
)
def test_a_claim_that_cannot_be_judged_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ClaimError, match=said) as caught:
        claim_of({**TREE, **changes}, "x.toml", shared_cases())
    assert str(caught.value).startswith("x.toml: ")
    assert str(caught.value).isprintable()


def test_a_users_claim_is_read_and_the_template_is_one(tmp_path: Path) -> None:
    place = tmp_path / "mine.toml"
    place.write_bytes(b"\xef\xbb\xbf" + tomli_w.dumps(TREE).replace("\n", "\r\n").encode())
    assert read(place).id == "X1"
    place.write_text(TEMPLATE.format(id="mine", name="mine.toml"))
    claim = read(place)
    assert [case.name for case in claim.cases] == ["no-meta", "base"]
    refuse_impossible([claim], "baseline")
    with pytest.raises(ClaimError, match="cannot be read"):
        read(tmp_path / "gone.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id = ", "mine.toml: not valid TOML in line 1, column 6"),
        ("\nany = 'x'\n" + tomli_w.dumps(TREE), "mine.toml, line 2: any must be true or false"),
        ("months = " + "9" * 5000, "mine.toml: a number in line 1 has 5,000 characters"),
        ("cases = " + "[" * 2000 + "]" * 2000, "mine.toml: arrays or tables are nested too deep"),
        ("cases" + ".a" * 50_000 + " = 1", "mine.toml: the key in line 1 is nested too deep"),
        ("id = 'X'\0", "mine.toml: has a NUL byte in line 1"),
        (tomli_w.dumps(TREE) + "abov = 3", "mine.toml, line 8: share has 'abov'"),
    ],
)
def test_the_file_and_the_line_are_named(tmp_path: Path, text: str, said: str) -> None:
    place = tmp_path / "mine.toml"
    place.write_text(text)
    with pytest.raises(ClaimError, match=said):
        read(place)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (event(kind="vendor-exit", target="mta"), "x.toml: cases.mine: .*target"),
        (event(kind="strategy-switch", target="meta", value="opened"), "x.toml: cases.mine: .*val"),
        (
            event(kind="set-parameter", target="choice.thta", magnitude=1.0),
            "x.toml: cases.mine: .*choice.thta",
        ),
        (
            {"cases": {"mine": {"settings": {"choice.thta": 3.0}}}},
            "mine: .*did you mean 'choice.t",
        ),
        ({"cases": {"mine": {"settings": {"choice.theta": -3.0}}}}, "cases.mine: .*out of range"),
        (filtered(vendor="Metta"), "x.toml: share: no row of vendor can have vendor 'Metta'; did"),
        (filtered(region="euorpe"), "did you mean europe"),
        (filtered(month=96), "months are 0 to 95"),
    ],
)
def test_what_cannot_be_run_names_the_claim_and_the_case(
    changes: dict[str, Any], said: str
) -> None:
    reported = [{"outcome": "share", "case": "mine"}] if "cases" in changes else []
    claim = claim_of({**TREE, **changes, "reported": reported}, "x.toml", shared_cases())
    with pytest.raises(ClaimError, match=said) as caught:
        refuse_impossible([claim], "baseline")
    assert str(caught.value).isprintable()


def test_a_case_may_bring_the_vendor_that_is_measured() -> None:
    changes = {"cases": {"mine": {"settings": {"vendors.meta.name": "Metta"}}}}
    changes |= {"reported": [{"outcome": "share", "case": "mine"}]} | filtered(vendor="Metta")
    refuse_impossible([claim_of({**TREE, **changes}, "x.toml", {})], "baseline")


def test_claims_that_would_be_mixed_up_are_refused() -> None:
    one = claim_of(TREE, "a.toml", {})
    with pytest.raises(ClaimError, match=r"a\.toml and b\.toml both have the id x1"):
        refuse_same([one, claim_of({**TREE, "id": "x1", "months": 50}, "b.toml", {})])
    mine = [
        claim_of(
            {**TREE, "id": name, "cases": {"mine": {"words": words}}}
            | {"reported": [{"outcome": "share", "case": "mine"}]},
            f"{name}.toml", {},
        )
        for name, words in (("A", "one"), ("B", "two"))
    ]  # fmt: skip
    with pytest.raises(ClaimError, match=r"A\.toml and B\.toml both declare a case mine"):
        refuse_same(mine)
    refuse_same([*library().values(), one])


def test_only_what_decides_is_run_early_or_with_something_switched() -> None:
    claims = (library()["C04"], library()["C12"], library()["C05"])
    assert {"no-publication", "all-closed"} <= set(Part(claims, 96).options([]))
    assert "no-publication" not in Part(claims, 96, reported=False).options([])
    decisive = {"base", "all-closed", "routing-free", "routing-dear"}
    assert set(Part(claims, 96, early=True).options([])) == decisive
    assert set(Part(claims, 96, switches()["linear"]).options([])) == decisive
    assert not {AS_IS, EARLY} & set(switches())
