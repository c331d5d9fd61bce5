"""What an experiment file may not say, each refused in one sentence that teaches the fix."""

import datetime
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import sweeping
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.sweeps import experiment as experiments
from experiments.sweeps.experiment import Overrides, built, read
from experiments.sweeps.factors import ExperimentError
from experiments.sweeps.plan import points_of
from sim.loading import ScenarioError
from sim.schemas import SCHEMAS

THETA = "choice.theta"
STRATEGY = "vendors.meta.strategy"


def refusal(changes: dict[str, Any]) -> str:
    """The sentence that refuses the tiny experiment with changes."""
    with pytest.raises((ExperimentError, ScenarioError)) as caught:
        points_of(sweeping.declared(**changes))
    return str(caught.value)


def check_sentence(text: str) -> None:
    """One line of printable text, short enough to be read."""
    assert text.isprintable()
    assert 10 < len(text) < 700


def uncertain(spec: Any, name: str = THETA) -> dict[str, Any]:
    """An experiment with one uncertainty."""
    return {"uncertainties": {name: spec}}


def optional(options: Any) -> dict[str, Any]:
    """An experiment with a lever of options."""
    return {"levers": {"world": {"options": options}}}


def outcome(spec: Any, name: str = "hhi") -> dict[str, Any]:
    """An experiment with one outcome."""
    return {"outcomes": {name: spec}}


def filtered(where: Any, table: str = "vendor") -> dict[str, Any]:
    """An experiment with one outcome of some rows."""
    column = {"vendor": "profit", "market": ["spend"]}.get(table, "tokens")
    return outcome({"table": table, "column": column, "where": where})


WHOLE_FILE = [
    ({"replicate": 3}, "no 'replicate'; did you mean replicates?"),
    ({"zzz": 1}, "no 'zzz'; it may have name, question"),
    ({"replicates": 0}, "replicates must be a whole number from 1 to 1,000,000"),
    ({"replicates": True}, "replicates must be a whole number"),
    ({"replicates": "2"}, "replicates must be a whole number"),
    ({"seed": -1}, "seed must be a whole number from 0"),
    ({"seed": 2**63}, "seed must be a whole number"),
    ({"months": 0}, "months"),
    ({"months": "long"}, "months"),
    ({"months": "12"}, "'months' (months, 1 to 420, default 96) does not take text in quotes"),
    ({"months": True}, "months"),
    ({"settings": {THETA: "4"}}, "does not take text in quotes: '4'"),
    ({"settings": {"choice": {"theta": "nan"}}}, "does not take text in quotes: 'nan'"),
    ({"settings": {"vendors.meta.tuning": "false"}}, "does not take text in quotes: 'false'"),
    ({"settings": {"events": "[]"}}, "'events' does not take text in quotes"),
    ({"keep": [3]}, "keep is a list of tables"),
    ({"keep": [["market"]]}, "keep is a list of tables"),
    ({"settings": {"seed": 3}}, "seed is a field of the experiment, not a setting"),
    ({"settings": {"choice": {"thta": 3.0}}}, "did you mean 'choice.theta'"),
    ({"settings": {"choice.mode": 1, "choice": {"mode": 2}}}, "choice.mode is given twice"),
    ({"settings": {THETA: 4.0}}, "choice.theta is set and varied; keep one"),
    ({"settings": 3}, "settings must be a table, [settings], not 3"),
    ({"levers": {THETA: [3.0, 4.0]}}, "choice.theta is an uncertainty and a lever"),
    ({"scenario": "basline"}, "did you mean 'baseline'?"),
    ({"scenario": "gone.toml"}, "gone.toml"),
    ({"scenario": "x" * 300 + ".toml"}, "cannot be read"),
    ({"scenario": 3}, "scenario must be one line of text, not 3"),
    ({"question": "two\nlines"}, "question must be one line of text"),
    ({"name": "a b"}, "a name has up to 64 letters"),
    ({"name": ""}, "a name has up to 64 letters"),
    ({"keep": ["markets"]}, "keep is a list of tables; they are market, vendor"),
    ({"keep": "event"}, "keep is a list of tables"),
    ({"keep": ["market"], "market": ["hhi_spend"]}, "keep has the whole market table"),
    ({"market": "hhi_spend"}, "market is a list of columns"),
    ({"market": ["hhi_spent"]}, "no column 'hhi_spent'; did you mean hhi_spend"),
    ({"market": ["month"]}, "no column 'month'"),
    ({"market": [["hhi_spend"]]}, "no column"),
    ({"limits": {"second": 1}}, "limits are seconds, memory_mb, not 'second'"),
    ({"limits": {"seconds": 0}}, "limits.seconds must be a number above 0"),
    ({"limits": {"seconds": True}}, "limits.seconds must be a number above 0"),
    ({"limits": {"memory_mb": float("nan")}}, "limits.memory_mb must be a number above 0"),
    ({"limits": {"seconds": float("inf")}}, "limits.seconds must be a number above 0"),
    ({"limits": {"seconds": 10**400}}, "limits.seconds must be a number above 0"),
]
FACTORS = [
    (uncertain([3.0, 4.0], "choice.thta"), "did you mean 'choice.theta'"),
    (uncertain({"thta": {"low": 3.0, "high": 4.0}}, "choice"), "did you mean 'choice.theta'"),
    (uncertain(3.0), "must be a list of values, or {low = .., high = ..}, not 3.0"),
    (uncertain({"low": 3.0}), "needs both low and high"),
    (uncertain({"low": 5.0, "high": 3.0}), "low 5 must lie below high 3"),
    (uncertain({"low": -1e9, "high": 3.0}), "does not take -1000000000.0"),
    (uncertain({"low": "3", "high": 4.0}), "does not take '3'"),
    (uncertain({"low": 3.0, "hihg": 4.0}), "has 'hihg'; fields are low, high, log"),
    (uncertain({"log": "yes"}), "log must be true or false"),
    (uncertain({"low": 0.0, "high": 1.0, "log": True}, "choice.risk_weight"), "log scale"),
    (uncertain({"low": 50, "high": 60, "log": True}, "enterprise.population"), "log scale"),
    (uncertain({"levels": 0}), "levels must be a whole number from 1"),
    (uncertain({"levels": 1.5}), "levels must be a whole number from 1"),
    (uncertain({"levels": True}), "levels must be a whole number from 1"),
    (uncertain([]), "needs a list of values"),
    (uncertain({"values": "open"}), "needs a list of values, not 'open'"),
    (uncertain({"values": [3.0, 4.0], "low": 3.0}), "has both values and low"),
    (uncertain([3.0, 3]), "repeats a value"),
    (uncertain([3.0, 10**400]), "does not take a number of about"),
    (uncertain([3.0, float("nan")]), "does not take nan"),
    (uncertain([50, 60.5], "enterprise.population"), "does not take 60.5"),
    (uncertain(["open", "opne"], STRATEGY), "does not take 'opne'"),
    (uncertain({"low": 1, "high": 2}, STRATEGY), "takes words, not a range"),
    (uncertain({"low": "none", "high": 30.0}, "capability.ceiling"), "the bounds of a range"),
    (uncertain({"levels": 1, "low": 10.0, "high": 30.0}, "capability.ceiling"), "one level"),
    (uncertain([["a"]], "vendors.meta.open_tiers"), "sweep it by options that set it whole"),
    (uncertain({}, "vendors.meta.enters"), "takes words, not a range"),
    (uncertain([3, 6], "months"), "by `months` of the experiment"),
    (uncertain([3, 6], "seed"), "by `seed` of the experiment"),
    (uncertain([3.0], ""), "no parameter ''"),
    (uncertain([3.0], "choice.theta\n"), "no parameter"),
    (uncertain([3.0], "choice"), "choice"),
    ({"uncertainties": {THETA: [3.0], "choice": {"theta": [4.0]}}}, "is given twice"),
    (optional({"now": {}}), "needs two options or more"),
    (
        optional({"now": {}, "then": {"choice": {"theta": 3.0}}}) | {"uncertainties": {THETA: {}}},
        "world.then sets choice.theta, which is varied; leave it out of one",
    ),
    (optional({"now": {}, "three": 3}), "world.three must be settings by path or a scenario"),
    (optional([{}, {}]), "has options, so nothing else: a table by name"),
    (optional({"now": {}, "gone": "all-opened"}), "did you mean 'all-open'?"),
    (optional({"now": {}, "wrong": {"choice.thta": 3.0}}), "did you mean 'choice.theta'"),
    (optional({"now": {}, "long": {"months": 5}}), "months is set for the whole sweep"),
    (optional({"now": {}, "b": {"choice.mode": "x", THETA: "3"}}), "does not take text in quotes"),
    (optional({"now": {}, "luck": {"seed": 5}}), "seed is set for the whole sweep"),
    ({"levers": {"w": {"options": {"a": {}, "b": {}}, "low": 1}}}, "so nothing else"),
    ({"levers": {STRATEGY: {"options": {"a": {}, "b": {}}}}}, "is a parameter; give options"),
    ({"levers": {"point": {"options": {"a": {}, "b": {}}}}}, "point is taken"),
]
OUTCOMES = [
    ({"outcomes": {}}, "name an outcome or more"),
    (outcome("hhi_spend", "a b"), "an outcome's name has letters, digits and '_' only"),
    (outcome("hhi_spend", "run_id"), "an outcome's name"),
    (outcome("regime", "regime"), "an outcome's name"),
    (outcome(3), "must be a column or a table of fields, not 3"),
    (outcome({}), "no column none"),
    (outcome("hhi_spent"), "did you mean hhi_spend"),
    (outcome("xyzzy"), "docs/results.md lists them"),
    (outcome({"column": [["hhi_spend"]]}), "no column"),
    (outcome({"column": ["hhi_spend", "leader"]}), "leader is text and cannot be added up"),
    (outcome({"table": "panel", "column": "weight"}), "table must be one of market, vendor"),
    (outcome({"table": "vendor", "column": "profits"}), "did you mean profit"),
    (outcome({"table": "vendor", "column": "profit", "where": 3}), "where is a table, such as"),
    (
        outcome({"table": "vendor", "column": "profit", "where": {"vendr": 1}}),
        "did you mean vendor",
    ),
    (outcome({"shapley": "luck"}), "shapley is one of quality, cost"),
    (outcome({"shapley": ["cost"]}), "shapley is one of quality, cost"),
    (outcome({"fact": ["gap-2023"]}), "there is no fact ['gap-2023']"),
    (outcome({"fact": 3}), "there is no fact 3"),
    (outcome({"column": [], "reduce": "mean"}), "column is an empty list"),
    (outcome({"column": ["spend"], "per": []}), "per is an empty list"),
    (outcome({"column": ["spend"], "weight": []}), "weight must be one line of text"),
    (outcome({"column": ["spend"], "weight": 0}), "weight must be one line of text"),
    (outcome({"column": ["spend"], "weight": False}), "weight must be one line of text"),
    (outcome({"column": ["spend", "spend"]}), "column names a column twice"),
    (outcome({"column": 3, "table": "vendor"}), "has no column 3"),
    (outcome({"column": datetime.date(2024, 1, 1)}), "has no column 2024-01-01"),
    (outcome({"table": ["vendor"], "column": "profit"}), "table must be one of market"),
    (outcome({"column": "hhi_spend", "at": datetime.date(2024, 1, 1)}), "is a month such as"),
    (filtered({"vendor": datetime.date(2024, 1, 1)}), "where.vendor must be text in quotes, not 2"),
    (filtered({"vendor": 3}), "where.vendor must be text in quotes, not 3"),
    (filtered({"vendor": []}), "where.vendor is an empty list"),
    (filtered({"vendor": ["Meta", True]}), "where.vendor must be text in quotes, not true"),
    (filtered({"vendor": "Metta"}), "no row of vendor can have vendor 'Metta'; did you mean Meta?"),
    (filtered({"vendor": ["Meta", "openai"]}), "vendor 'openai'; did you mean OpenAI?"),
    (filtered({"vendor": "Entrant 9"}), "no row of vendor can have vendor 'Entrant 9'"),
    (filtered({"region": "euorpe"}), "region 'euorpe'; did you mean europe?"),
    (filtered({"archetype": "startup"}), "did you mean start-up?"),
    (filtered({"strategy": "opened"}), "did you mean open?"),
    (filtered({"month": "2024-01"}), "where.month must be a whole number, not '2024-01'"),
    (filtered({"month": True}), "where.month must be a whole number, not true"),
    (filtered({"month": 3}), "can have month 3; months are 0 to 2"),
    (filtered({"month": 10**400}), "where.month must be a whole number"),
    (filtered({"alive": 1}), "where.alive must be true or false, not 1"),
    (filtered({"alive": "true"}), "where.alive must be true or false, not 'true'"),
    (filtered({"profit": float("nan")}), "where.profit must be a number, not nan"),
    (filtered({"profit": "0"}), "where.profit must be a number, not '0'"),
    (filtered({"tier": "larg"}, "offering"), "did you mean large?"),
    (
        filtered({"tier": "large"}, "decision"),
        "row of decision can have tier 'large'; known: rou",
    ),
    (filtered({"access": "apis"}, "offering"), "did you mean api?"),
    (filtered({"sector": "helth"}, "segment"), "did you mean health?"),
    (filtered({"operator": "nobody"}, "operator"), "no row of operator can have operator 'nobody'"),
    (filtered({"date": "2030-01"}, "market"), "no row of market can have date '2030-01'"),
    (outcome({"vendor": "Metta", "column": "profit"}), "did you mean Meta?"),
    (outcome({"shapley": "cost", "column": "spend"}), "shapley names a term"),
    (outcome({"column": "hhi_spend", "by": 3}), "has 'by'; fields are column, at"),
    (outcome({"column": "hhi_spend", "reduce": "avg"}), "reduce is one of at, mean"),
    (outcome({"column": "hhi_spend", "reduce": ["mean"]}), "reduce is one of at, mean"),
    (outcome({"column": "leader", "reduce": "mean"}), "leader is text"),
    (outcome({"column": "hhi_spend", "last": 2}), "last needs reduce"),
    (outcome({"column": "hhi_spend", "at": "2023-13"}), "2023-13"),
    (outcome({"column": "hhi_spend", "at": "2030-01"}), "lies outside the 3 months"),
    (outcome({"column": "hhi_spend", "at": "0000-01"}), "at"),
    (outcome({"column": "hhi_spend", "at": 1.5}), 'a month such as "2030-12", not 1.5'),
    (outcome({"column": "hhi_spend", "at": -1}), "lies outside"),
    (outcome({"column": "hhi_spend", "at": 0, "reduce": "mean"}), "at is one month"),
    (outcome({"column": "hhi_spend", "reduce": "mean", "last": 4}), "1 to 3"),
    (outcome({"column": "hhi_spend", "reduce": "mean", "last": 2, "to": 2}), "keep one"),
    (outcome({"column": "hhi_spend", "reduce": "mean", "from": 2, "to": 1}), "from lies after to"),
    (outcome({"column": "hhi_spend", "reduce": "mean", "threshold": 1}), "threshold goes with"),
    (outcome({"column": "hhi_spend", "reduce": "first-above"}), "threshold goes with"),
    (outcome({"column": "hhi_spend", "reduce": "first-above", "threshold": "x"}), "a number"),
    (outcome({"column": "hhi_spend", "reduce": "share-above", "threshold": 10**400}), "a number"),
]
DESIGNS = [
    ({"kind": "sobl", "points": 2}, "no design 'sobl'; did you mean sobol?"),
    ({"kind": 3}, "design.kind must be one of grid, factorial"),
    ({"kind": True}, "in quotes, not true"),
    ({"kind": ["grid"]}, "in quotes, not ['grid']"),
    ({"kind": "table", "file": 3}, 'needs file = "points.csv"'),
    ({"kind": "table", "file": "a\0b.csv"}, "no file"),
    ({"kind": "grid", "points": 2}, "a grid design has no 'points'; it has kind, levels"),
    ({"kind": "grid", "levels": 0}, "design.levels must be a whole number from 1, not 0"),
    ({"kind": "factorial", "levels": 1}, "design.levels must be a whole number from 2"),
    ({"kind": "sobol"}, "a sobol design needs points = ..."),
    ({"kind": "lhs", "points": 0}, "design.points must be a whole number from 1, not 0"),
    ({"kind": "lhs", "points": 2.0}, "design.points must be a whole number"),
    ({"kind": "lhs", "points": True}, "design.points must be a whole number"),
    ({"kind": "lhs", "points": 2, "levers": "both"}, 'design.levers is "crossed" or "sampled"'),
    ({"kind": "saltelli", "points": 3}, "needs a power of 2"),
    ({"kind": "saltelli", "points": 4, "second_order": 1}, "second_order must be true or false"),
    ({"kind": "morris", "levels": 1}, "design.levels must be a whole number from 2"),
    ({"kind": "list"}, "needs points = [{...}, ...]"),
    ({"kind": "list", "points": []}, "needs points"),
    ({"kind": "list", "points": [3]}, "needs points"),
    ({"kind": "list", "points": [{"choice.thta": 3.0}]}, "did you mean choice.theta?"),
    ({"kind": "list", "points": [{STRATEGY: "open"}]}, "declare it as uncertainty or lever"),
    ({"kind": "list", "points": [{}, {THETA: 1e9}]}, "design.points[1]: choice.theta"),
    ({"kind": "list", "points": [{"world": "opend"}]}, "world is one of now, opened"),
    ({"kind": "list", "points": [{"world": ["now"]}]}, "world is one of now, opened"),
    ({"kind": "table"}, 'needs file = "points.csv"'),
    ({"kind": "table", "file": "gone.csv"}, "no file 'gone.csv'"),
    ({"kind": "table", "file": "x" * 300 + ".csv"}, "no file"),
]


@pytest.mark.parametrize(
    ("changes", "words"),
    [*WHOLE_FILE, *FACTORS, *OUTCOMES, *(({"design": design}, words) for design, words in DESIGNS)],
)
def test_a_bad_file_is_refused_in_one_sentence(changes: dict[str, Any], words: str) -> None:
    text = refusal(changes)
    assert words in text
    check_sentence(text)


def test_samples_need_uncertainties() -> None:
    text = refusal({"uncertainties": {}, "design": {"kind": "lhs", "points": 2}})
    assert text == "tiny: a lhs design needs uncertainties"


def test_a_file_is_named_with_what_is_wrong_in_it(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text("months = 3\nmonths = 4\n")
    with pytest.raises(ScenarioError, match=r"my\.toml: 'months' is given twice"):
        read(path)
    path.write_text(tomli_w.dumps({**sweeping.TINY, "replicates": 0}))
    with pytest.raises(ExperimentError, match=r"my\.toml, line 2: replicates must be"):
        read(path)


@pytest.mark.parametrize("name", ["gone.toml", "x" * 300 + ".toml", "a\0b.toml", "no/such"])
def test_a_missing_file_is_refused(name: str) -> None:
    with pytest.raises(ExperimentError, match="no experiment file") as caught:
        read(name)
    check_sentence(str(caught.value))


def test_an_unknown_name_of_the_library_is_refused() -> None:
    with pytest.raises(ExperimentError, match="no experiment 'xyzzy' in the library") as caught:
        read("xyzzy")
    check_sentence(str(caught.value))


def test_a_file_says_all_and_the_command_line_overrides(tmp_path: Path) -> None:
    path = tmp_path / "My test!.toml"
    path.write_text(tomli_w.dumps(dict(sweeping.TINY)))
    plain = read(path)
    assert (plain.name, plain.months, plain.replicates, plain.seed) == ("My-test", 3, 2, 7)
    assert (plain.text, plain.folder) == (path.read_text(), tmp_path)
    changed = read(path, Overrides({"enterprise.population": "60"}, 4, 5, 8))
    assert (changed.months, changed.replicates, changed.seed) == (4, 5, 8)
    assert changed.base.enterprise.population == 60
    assert changed.hash != plain.hash


def test_scenarios_are_looked_for_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('extends = "baseline"\nmonths = 9\n')
    path = tmp_path / "e.toml"
    options = {"options": {"now": {}, "mine": "mine.toml"}}
    path.write_text(tomli_w.dumps({**sweeping.TINY, "levers": {"world": options}}))
    found = read(path)
    assert found.scenario_of({"world": "mine"}).months == found.months == 3


def test_every_scenario_runs_for_the_months_of_the_sweep(tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text('extends = "baseline"\nmonths = 2\n')
    options = {"options": {"now": {}, "short": "short.toml"}}
    tree = {**sweeping.TINY, "levers": {"world": options}}
    del tree["months"]
    found = built(tree, "e.toml", "e", tmp_path, "")
    assert found.scenario_of({"world": "short"}).months == found.months > 2


def test_identity_is_what_changes_results() -> None:
    plain = sweeping.declared()
    same = ({"replicates": 5}, {"question": "why?"}, {"limits": {"seconds": 9}})
    assert {sweeping.declared(**change).hash for change in same} == {plain.hash}
    other = (
        {"seed": 8}, {"months": 4}, {"keep": []}, {"design": {"kind": "one-at-a-time"}},
        uncertain([3.0, 5.0]), optional({"now": {}, "opened": "all-closed"}), outcome("hhi_spend"),
        {"settings": {"enterprise": {"population": 51}}}, {"market": ["hhi_spend"]},
    )  # fmt: skip
    assert len({plain.hash, *(sweeping.declared(**change).hash for change in other)}) == 10


def test_the_rows_of_a_table_design_are_part_of_the_identity(tmp_path: Path) -> None:
    def hashed(text: str) -> str:
        (tmp_path / "points.csv").write_text(text)
        tree = {**sweeping.TINY, "design": {"kind": "table", "file": "points.csv"}}
        return built(tree, "e.toml", "e", tmp_path, "").hash

    assert hashed("choice.theta\n3.5\n") != hashed("choice.theta\n4.5\n")


# Arbitrary trees: whatever a file holds, it is an experiment or a sentence.

words = st.sampled_from([
    *experiments.FIELDS, THETA, "choice", "theta", STRATEGY, "vendors", "options", "low", "high",
    "log", "levels", "values", "kind", "points", "file", "column", "reduce", "at", "last", "from",
    "to", "threshold", "grid", "sobol", "list", "table", "morris", "mean", "first-above", "open",
    "hhi_spend", "leader", "none", "event", "seconds", "memory_mb", "enterprise.population",
    "capability.ceiling", "events", "world", "all-open", "2023-02", "run_id", "point", "months",
])  # fmt: skip
leaves = st.one_of(
    words, st.integers(), st.integers(0, 5), st.floats(), st.floats(2.0, 8.0), st.booleans(),
    st.text(max_size=8), st.just(10**400), st.dates(),
)  # fmt: skip
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(words | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
files = st.dictionaries(st.sampled_from(experiments.FIELDS), trees, max_size=4)


@settings(derandomize=True, deadline=None, max_examples=120)
@given(changes=files)
def test_any_tree_is_an_experiment_or_a_sentence(changes: dict[str, Any]) -> None:
    tree = {**sweeping.TINY, "levers": {}, **changes}
    try:
        found = built(tree, "e.toml", "e", None, "")
        points = points_of(found)
    except (ExperimentError, ScenarioError) as error:
        check_sentence(str(error))
    else:
        assert points.num_rows > 0
        assert json.loads(json.dumps(found.identity(), allow_nan=False)) == found.identity()


@settings(derandomize=True, deadline=None, max_examples=120)
@given(section=st.sampled_from(["uncertainties", "levers", "outcomes", "design"]), tree=trees)
def test_any_section_is_an_experiment_or_a_sentence(section: str, tree: Any) -> None:
    inner = {THETA: tree} if section in ("uncertainties", "levers") else {"hhi": tree}
    changes = {"uncertainties": {}, section: tree if section == "design" else inner}
    test_any_tree_is_an_experiment_or_a_sentence.hypothesis.inner_test(changes)


def test_a_file_of_every_field_round_trips() -> None:
    tree = {
        **sweeping.TINY, "name": "all", "question": "why?", "scenario": "all-open",
        "market": ["hhi_spend"], "limits": {"seconds": 5}, "design": {"kind": "grid"},
    }  # fmt: skip
    assert set(tree) == set(experiments.FIELDS)
    text = tomli_w.dumps(tree)
    found = built(tomllib.loads(text), "all.toml", "all", None, text)
    assert found.limits == {"seconds": 5.0, "memory_mb": experiments.LIMITS["memory_mb"]}
    assert found.keep == ("event",)
    assert found.market == ("hhi_spend",)
    assert "market" in SCHEMAS
