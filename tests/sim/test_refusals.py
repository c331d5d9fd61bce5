"""Bad scenarios: each is refused in one line that names the fault and the fix."""

import os
import re
from pathlib import Path

import pytest
from toy import ToyScenario

from sim import scenario_files
from sim.loading import ScenarioError, assignment, load

POPULATION = "'enterprise.population' (firms, 200 to 100000000, default 2000)"

FILES: list[tuple[str, str | bytes, list[str]]] = [
    ("syntax", "months = \n", ["line 1, column 10", "not valid TOML"]),
    ("bare word", "months = many\n", ["line 1, column 10", "text needs quotes"]),
    ("unterminated text", 'name = "world', ["line 1, column 14"]),
    ("no value", "months\n", ["line 1, column 7", "name = value"]),
    ("unknown at the top", "mnths = 3", ["no parameter 'mnths'", "'months' (months, 1 to 420"]),
    ("unknown nested", "[enterprise]\npopulaton = 3", ["'enterprise.populaton'", POPULATION]),
    ("unknown section", "[enterprize]\npopulation = 3", ["'enterprize.population'", POPULATION]),
    ("in the wrong section", "population = 3", ["no parameter 'population'", POPULATION]),
    ("close to two", "month = 3", ["'month'", "did you mean 'months' (months, 1 to 420"]),
    ("unlike any", "zzzz = 3", ["no parameter 'zzzz'", "name, summary, seed, months"]),
    ("unknown in a vendor", "vendors.meta.stratgy = 1", ["did you mean 'vendors.meta.strategy'"]),
    ("unknown in an event", "[[events]]\nmnth = 1", ["'events[0].mnth'", "'events[0].month'"]),
    ("text for a number", '[enterprise]\npopulation = "5"', [POPULATION, "whole number, not '5'"]),
    ("truth for a number", "[enterprise]\npopulation = true", [POPULATION, "not true"]),
    ("fraction for a count", "[enterprise]\npopulation = 300.5", [POPULATION, "not 300.5"]),
    ("date for a number", "months = 2024-01-01", ["'months'", "whole number, not 2024-01-01"]),
    ("number for a truth", "enterprise.loyal = 1", ["'enterprise.loyal'", "true or false, not 1"]),
    ("number for text", "name = 3", ["'name'", "text in quotes, not 3"]),
    ("too low", "[enterprise]\npopulation = 5", [POPULATION, "out of range: 5"]),
    ("too high", "[enterprise]\npopulation = 100000001", [POPULATION, "out of range: 100000001"]),
    ("negative horizon", "months = -1", ["'months' (months, 1 to 420, default 96)", "-1"]),
    ("not a number", "enterprise.wage = nan", ["'enterprise.wage'", "finite number, not nan"]),
    ("infinite", "enterprise.wage = inf", ["'enterprise.wage'", "finite number, not inf"]),
    ("overflowing", "enterprise.wage = 1e400", ["'enterprise.wage'", "finite number, not inf"]),
    ("huge", f"months = 1{'0' * 400}", ["a number in line 1", "401 characters and may have 100"]),
    ("endless", f"months = 1{'0' * 5000}", ["a number in line 1", "5,001 characters"]),
    ("duplicate table", "[vendors.meta]\n[vendors.meta]\n", ["[vendors.meta] is given twice"]),
    ("duplicate key", "months = 1\nmonths = 2\n", ["'months' is given twice (line 2"]),
    ("duplicate key at the end", "months = 1\nmonths = 2", ["'months' is given twice (line 2"]),
    ("duplicate display name", 'vendors.meta.name = "OpenAI"', ["vendors.", "'OpenAI'", "twice"]),
    ("contradiction", "enterprise.shortest = 13", ["enterprise.longest", "(months, 1 to 60"]),
    ("unknown choice", 'vendors.meta.strategy = "opn"', ["open, closed, dual", "mean 'open'?"]),
    ("unknown event", '[[events]]\nmonth = 1\nkind = "x"', ["'events[0].kind'", "price-cut"]),
    ("number for a choice", "vendors.meta.strategy = 2", ["open, closed, dual", "not 2"]),
    ("missing in an event", "[[events]]\nmonth = 1", ["'events[0].kind'", "must be given"]),
    ("new vendor misspelt", "vendors.mta.cash = 1", ["'vendors.mta.name'", "mean 'vendors.meta'?"]),
    ("empty name", 'name = ""', ["'name'", "must not be empty"]),
    ("name of two lines", 'name = "a\\nb"', ["'name'", "one line", "'a\\nb'"]),
    ("name that paints", 'name = "\\u001b[31m"', ["'name'", "printable", "'\\x1b[31m'"]),
    ("value for a section", "enterprise = 5", ["'enterprise'", "'enterprise.population'", "not 5"]),
    ("value for a table", "vendors = 5", ["'vendors.NAME.name'", "not 5"]),
    ("value for a vendor", "vendors.meta = 5", ["'vendors.meta'", "'vendors.meta.name'"]),
    ("value for a list", "events = 5", ["'events'", "[[events]]", "not 5"]),
    ("value for an event", "events = [5]", ["'events[0]'", "not 5"]),
    ("table for a value", "[months]\nx = 1", ["'months'", "takes one value, not a table"]),
    ("array for a value", "months = [96]", ["'months'", "whole number, not [96]"]),
    ("value for an array", "enterprise.shares = 1", ["'enterprise.shares'", "an array"]),
    ("text in an array", 'enterprise.shares = [1, "x"]', ["'enterprise.shares'", "a number"]),
    ("range in an array", "enterprise.shares = [1, 2]", ["(share, 0 to 1", "range: [1, 2]"]),
    ("null", "months = null", ["line 1, column 10"]),
    ("absent where needed", 'months = "none"', ["'months'", "whole number, not 'none'"]),
    ("deep arrays", "months = " + "[" * 100_000, ["nested too deep"]),
    ("deep keys", "a." * 50_000 + "b = 1", ["line 1", "nested too deep"]),
    ("deep array value", "months = " + "[" * 20 + "]" * 20, ["'months'", "[...]"]),
    ("odd key", '"a\\nb" = 1', ["no parameter 'a\\nb'"]),
    ("odd vendor", '[vendors."a b"]\ncash = 1', ["'a b'", "letters, digits"]),
    ("empty vendor", '[vendors.""]\ncash = 1', ["''", "letters, digits"]),
    ("dotted vendor", '[vendors."a.b"]\ncash = 1', ["'a.b'", "letters, digits"]),
    ("NUL byte", b"months = 5\nseed\0 = 5", ["NUL byte in line 2", "UTF-8"]),
    ("UTF-16", "months = 5".encode("utf-16-le"), ["NUL byte in line 1", "UTF-8"]),
    ("Latin-1", 'seed = 1\nname = "Zürich"'.encode("latin-1"), ["byte 0xfc in line 2", "UTF-8"]),
    ("binary", bytes(range(128, 256)), ["not UTF-8"]),
    ("control character", "months = 5 \x1b", ["line 1", "not valid TOML"]),
    ("too large", "#" * 1_000_001, ["larger than 1 MB"]),
    ("extends itself", 'extends = "bad.toml"', ["circle", "bad.toml -> bad.toml"]),
    ("extends a number", "extends = 3", ["'extends' must be", "not 3"]),
    ("extends nothing", 'extends = "basline"', ["extends", "'basline'", "mean 'baseline'?"]),
    ("extends a lost file", 'extends = "lost.toml"', ["extends", "lost.toml' does not exist"]),
    ("several faults", "months = 0\nseed = -1", ["'seed'", "(and 1 more to mend)"]),
]


@pytest.fixture(autouse=True)
def _presets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "presets"
    folder.mkdir()
    (folder / "baseline.toml").write_text("")
    monkeypatch.setattr(scenario_files, "preset_folder", lambda: folder)


def refusal(source: str | Path | None, **overrides: object) -> str:
    with pytest.raises(ScenarioError) as caught:
        load(source, overrides, scenario_class=ToyScenario)
    sentence = str(caught.value)
    assert sentence.isprintable(), "one line, nothing that paints a terminal"
    assert "Traceback" not in sentence
    assert len(sentence) < 500
    return sentence


@pytest.mark.parametrize(
    ("content", "said"), [case[1:] for case in FILES], ids=[case[0] for case in FILES]
)
def test_a_bad_file_is_refused(tmp_path: Path, content: str | bytes, said: list[str]) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    sentence = refusal(path)
    assert re.match(r"bad\.toml(, line \d)?: ", sentence)
    for words in said:
        assert words in sentence


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("enterprise.populaton", "5", ["no parameter 'enterprise.populaton'", POPULATION]),
        ("enterprise.population", "5", [POPULATION, "out of range: 5"]),
        ("enterprise.population", "1.5.2", [POPULATION, "whole number, not '1.5.2'"]),
        ("enterprise.population", "300\nmonths = 2", [POPULATION, "not '300\\nmonths = 2'"]),
        ("enterprise.population", "[" * 5000, ["line 1", "nested too deep"]),
        ("enterprise.population", "9" * 5000, ["5,000 characters and may have 100"]),
        ("events", "[{" + "a." * 50_000 + "b = 1}]", ["50,001 parts and may have 32"]),
        ("enterprise.population", None, [POPULATION, "not none"]),
        ("enterprise.population", object(), [POPULATION, "whole number, not <object"]),
        ("enterprise", "5", ["'enterprise.population'", "not 5"]),
        ("enterprise.population.x", 5, [POPULATION, "takes one value"]),
        ("vendors.meta.strategy", "shut", ["open, closed, dual", "not 'shut'"]),
        ("events.0.month", "3", ["[[events]]", "not a table"]),
        ("events", "[{month = 500, kind = 'breach'}]", ["'events[0].month'", "range: 500"]),
        ("extends", "baseline", ["no parameter 'extends'"]),
        ("", "5", ["no parameter ''"]),
        ("a..b", "5", ["no parameter 'a..b'"]),
        ("x." * 3000, "5", ["no parameter 'x.x."]),
        ("\x1b[0m\n", "5", ["no parameter '\\x1b[0m\\n'"]),
    ],
)
def test_a_bad_override_is_refused(path: str, value: object, said: list[str]) -> None:
    sentence = refusal(None, **{path: value})
    assert sentence.startswith("override: ")
    for words in said:
        assert words in sentence


@pytest.mark.parametrize("text", ["", "months", "=5", "months=", " = "])
def test_what_is_no_assignment_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError, match=r"write name=value, such as enterprise\.population"):
        assignment(text)


def test_an_unknown_preset_names_the_nearest_and_all() -> None:
    assert "did you mean 'baseline'? (presets are baseline" in refusal("basline")
    assert "presets are baseline" in refusal("")
    assert "presets are baseline" in refusal("..")


def test_a_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    assert "presets are baseline" in refusal(tmp_path / "world.toml")
    (tmp_path / "worlds.toml").touch()
    assert "did you mean 'worlds.toml'?" in refusal(tmp_path / "world.toml")
    assert ".toml files there: 'worlds.toml'" in refusal(tmp_path / "quite-another.toml")
    assert "nor does its folder" in refusal(str(tmp_path / "no" / "world.toml"))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "worlds.toml").touch()
    assert "is a directory; name a .toml file" in refusal(tmp_path)
    os.mkfifo(tmp_path / "pipe.toml")
    assert "not a regular file" in refusal(tmp_path / "pipe.toml")
    assert "cannot be read" in refusal(f"./{'x' * 5000}.toml")
    assert "does not exist" in refusal("./a\0b.toml")
    assert "does not exist" in refusal(tmp_path / "worlds.toml" / "inner.toml")
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    assert "loop.toml' does not exist; did you mean 'pipe.toml'?" in refusal(tmp_path / "loop.toml")


def test_an_unreadable_file_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shut.toml").touch()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert refusal(tmp_path / "shut.toml") == "shut.toml: cannot be read: Permission denied"


def test_a_longer_circle_is_shown(tmp_path: Path) -> None:
    for name, parent in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{name}.toml").write_text(f'extends = "{parent}.toml"')
    assert "a.toml -> b.toml -> c.toml -> a.toml" in refusal(tmp_path / "a.toml")


def test_the_file_at_fault_is_named_not_the_one_asked_for(tmp_path: Path) -> None:
    (tmp_path / "parent.toml").write_text("[enterprise]\nshortest = 20\npopulation = 3")
    child = tmp_path / "child.toml"
    child.write_text('extends = "parent.toml"\nmonths = 5')
    assert refusal(child).startswith("parent.toml, line 3: 'enterprise.population'")
    assert refusal(child, **{"enterprise.population": 300}).startswith(
        "parent.toml, line 2: enterprise."
    )
    assert refusal(child, **{"enterprise.population": 4}).startswith("override: ")


def test_the_last_to_touch_an_entry_is_named(tmp_path: Path) -> None:
    (tmp_path / "parent.toml").write_text("vendors.new.cash = 1")
    child = tmp_path / "child.toml"
    child.write_text('extends = "parent.toml"\nvendors.new.strategy = "open"')
    assert refusal(child).startswith("child.toml: 'vendors.new.name'")
    assert refusal(child, **{"vendors.new.cash": 2}).startswith("override: 'vendors.new.name'")


def test_the_same_name_elsewhere_is_nearer_than_a_similar_one_here() -> None:
    with pytest.raises(ScenarioError, match=r"did you mean 'enterprise\.population' \(firms"):
        load(None, {"population": "3000"})


def test_a_hostile_file_name_cannot_paint_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "\x1b[31mred\n.toml"
    path.write_text("months = 0")
    assert "\\x1b[31mred" in refusal(path)


def test_a_market_without_firms_at_home_is_refused() -> None:
    abroad = {"regions.europe.share": 0.0, "regions.north-america.share": 0.0}
    with pytest.raises(ScenarioError, match="one with a share above 0 must be home"):
        load("baseline", {**abroad, "regions.china.share": 1.0})
