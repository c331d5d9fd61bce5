"""Merging, identity and text of scenarios."""

import random
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import ToyEvent, ToyScenario, ToyVendor

from sim import scenario_files
from sim.catalogue import info_at
from sim.loading import (
    ScenarioError,
    assignment,
    canonical,
    catalogue,
    load,
    presets,
    run_id,
    to_toml,
)


def toy(source: str | Path | None = None, **overrides: object) -> ToyScenario:
    return load(source, overrides, scenario_class=ToyScenario)


def refusal_of(source: str | Path | None, **overrides: object) -> str:
    """The sentence a scenario is refused with; empty where it loads."""
    try:
        toy(source, **overrides)
    except ScenarioError as error:
        return str(error)
    return ""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def preset_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "presets"
    folder.mkdir()
    write(folder / "baseline.toml", 'summary = "As it was"\n[enterprise]\npopulation = 500\n')
    write(folder / "all-open.toml", 'extends = "baseline"\nsummary = "All open"\nmonths = 12\n')
    monkeypatch.setattr(scenario_files, "preset_folder", lambda: folder)
    return folder


def test_nothing_given_means_the_defaults() -> None:
    assert toy() == ToyScenario()


def test_later_layers_win_field_by_field(tmp_path: Path) -> None:
    write(tmp_path / "parent.toml", "months = 50\nseed = 9\n[vendors.meta]\ncash = 7\n")
    child = write(
        tmp_path / "child.toml",
        'extends = "parent.toml"\nmonths = 60\n[vendors.meta]\nstrategy = "closed"\n',
    )
    scenario = toy(child, **{"months": 70})
    assert (scenario.months, scenario.seed) == (70, 9)
    assert scenario.vendors["meta"] == ToyVendor(name="Meta", strategy="closed", cash=7)
    assert scenario.vendors["openai"] == ToyScenario().vendors["openai"]


def test_a_new_entry_follows_the_known_ones_in_order_of_names() -> None:
    fields = {"name": "Z", "strategy": "dual"}
    other = {"name": "A", "strategy": "dual"}
    scenario = toy(**{"vendors": {"zeta": fields, "alpha": other, "meta": {"cash": 1}}})
    assert list(scenario.vendors) == ["openai", "meta", "alpha", "zeta"]


def test_lists_are_replaced_as_a_whole(tmp_path: Path) -> None:
    event = '[[events]]\nmonth = {}\nkind = "breach"\n'
    write(tmp_path / "parent.toml", event.format(1) + event.format(2))
    child = write(tmp_path / "child.toml", 'extends = "parent.toml"\n' + event.format(3))
    assert toy(child).events == [ToyEvent(month=3, kind="breach")]


def test_presets_by_name_and_what_they_extend(preset_folder: Path) -> None:
    scenario = toy("all-open")
    assert (scenario.name, scenario.summary) == ("all-open", "All open")
    assert (scenario.months, scenario.enterprise.population) == (12, 500)
    assert presets() == {"baseline": "As it was", "all-open": "All open"}
    assert next(iter(presets())) == "baseline"
    mine = write(preset_folder.parent / "mine.toml", 'extends = "all-open"\n')
    assert (toy(mine).name, toy(mine).summary, toy(mine).months) == ("mine", "", 12)


def test_a_path_is_whatever_has_a_separator_or_ends_in_toml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "my world.toml", "months = 3\n")
    write(tmp_path / "plain", "months = 4\n")
    monkeypatch.chdir(tmp_path)
    assert toy("my world.toml").name == "my-world"
    assert toy("./plain").months == 4
    assert toy(Path("plain")).months == 4


def test_an_empty_file_and_a_byte_order_mark_are_harmless(tmp_path: Path) -> None:
    assert toy(write(tmp_path / "toy.toml", "")) == ToyScenario()
    (tmp_path / "toy.toml").write_bytes(b"\xef\xbb\xbfmonths = 5\r\n")
    assert toy(tmp_path / "toy.toml").months == 5


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("months", "12", 12),
        ("enterprise.wage", "1_000.5", 1000.5),
        ("enterprise.wage", "none", None),
        ("enterprise.loyal", "true", True),
        ("enterprise.shares", "[1, 0]", (1.0, 0.0)),
        ("vendors.meta.strategy", "closed", "closed"),
        ("vendors.meta.strategy", '"closed"', "closed"),
        ("name", "12", "12"),
        ("name", "2024-12-01", "2024-12-01"),
        ("name", "true # story", "true # story"),
    ],
)
def test_text_of_the_command_line_is_read_by_the_type_of_the_parameter(
    path: str, text: str, value: object
) -> None:
    found: Any = toy(**{path: text})
    for part in path.split("."):
        found = found[part] if isinstance(found, dict) else getattr(found, part)
    assert found == value
    assert type(found) is type(value)


def test_numbers_of_numpy_are_numbers() -> None:
    scenario = toy(
        **{
            "months": np.int64(7),
            "enterprise.wage": np.float32(0.5),
            "enterprise.loyal": np.bool_(True),
            "enterprise.shares": np.array([0.25, 0.75]),
        }
    )
    assert scenario == toy(
        **{
            "months": 7,
            "enterprise.wage": 0.5,
            "enterprise.loyal": True,
            "enterprise.shares": [0.25, 0.75],
        }
    )
    assert type(scenario.enterprise.wage) is float


def test_events_can_be_given_whole_on_the_command_line() -> None:
    assert toy(events="[{month = 3, kind = 'breach'}]").events == [ToyEvent(month=3, kind="breach")]


def test_assignments_are_split_at_the_first_sign() -> None:
    assert assignment("name = a=b ") == ("name", "a=b")


def test_the_catalogue_lists_every_parameter_with_its_facts() -> None:
    rows = {row.path: row for row in catalogue(ToyScenario)}
    assert list(rows) == [
        "name", "summary", "seed", "months",
        "enterprise.population", "enterprise.shares", "enterprise.wage", "enterprise.loyal",
        "enterprise.shortest", "enterprise.longest",
        "vendors.openai.name", "vendors.openai.strategy", "vendors.openai.cash",
        "vendors.meta.name", "vendors.meta.strategy", "vendors.meta.cash",
        "events[].month", "events[].kind",
    ]  # fmt: skip
    cash = rows["vendors.meta.cash"]
    assert (cash.type, cash.unit, cash.low, cash.high) == ("number", "M$", -10, 1e5)
    assert (cash.plausible, cash.default, cash.required) == ((0, 10), 5.0, False)
    assert rows["vendors.meta.strategy"].choices == ("open", "closed", "dual")
    assert rows["vendors.meta.strategy"].type == "choice"
    assert rows["enterprise.shares"].type == "array of number"
    assert rows["enterprise.wage"].optional
    assert rows["events[].month"].required
    assert str(rows["enterprise.population"]) == (
        "'enterprise.population' (firms, 200 to 100000000, default 2000)"
    )


def test_parameters_of_new_entries_are_described_too() -> None:
    row = info_at(ToyScenario, ("vendors", "newcomer", "cash"))
    assert row is not None
    assert (row.path, row.default) == ("vendors.newcomer.cash", 1)
    assert info_at(ToyScenario, ("vendors", "newcomer")) is None
    assert info_at(ToyScenario, ("enterprise", "nothing")) is None


def test_canonical_lines_are_sorted_and_leave_labels_and_seed_out() -> None:
    lines = canonical(toy(name="other", summary="text", seed=5))
    assert list(lines) == sorted(lines)
    assert lines == canonical(toy())
    assert "vendors.meta.name='Meta'" in lines
    assert "vendors.meta.cash=5.0" in lines
    assert "enterprise.shares=(0.5, 0.5)" in lines


def test_canonical_ignores_spelling_and_order_but_not_values(tmp_path: Path) -> None:
    one = write(
        tmp_path / "one.toml", "months = 5\n[vendors.meta]\ncash = 1.0\n[vendors.openai]\ncash=-0.0"
    )
    two = write(
        tmp_path / "two.toml", "vendors.openai.cash = 0\nvendors.meta.cash = 1\nmonths = 0x5\n"
    )
    assert canonical(toy(one)) == canonical(toy(two))
    assert canonical(toy(one)) != canonical(toy(two, **{"vendors.meta.cash": "1.0000000001"}))
    assert canonical(toy(events=[{"month": 1, "kind": "breach"}])) != canonical(toy())


def test_the_run_id_depends_on_parameters_seed_and_version_alone() -> None:
    base = run_id(toy(), 1, "v1")
    assert len(base) == 16
    assert int(base, 16) >= 0
    assert base == run_id(toy(name="else", seed=3), 1, "v1")
    others = [run_id(toy(months=95), 1, "v1"), run_id(toy(), 2, "v1"), run_id(toy(), 1, "v2")]
    assert len({base, *others}) == 4


def test_the_run_id_is_the_same_on_every_machine() -> None:
    assert run_id(ToyScenario(months=12), 7, "0123") == "ac4c7d964915b9c5"


def test_a_scenario_with_fewer_entries_than_the_data_survives_its_text(tmp_path: Path) -> None:
    scenario = ToyScenario(vendors={"solo": ToyVendor(name="Solo", strategy="dual")})
    assert toy(write(tmp_path / "solo.toml", to_toml(scenario))) == scenario


names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,8}", fullmatch=True)
texts = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable() and text.strip())
vendors = st.builds(
    ToyVendor,
    name=texts,
    strategy=st.sampled_from(["open", "closed", "dual"]),
    cash=st.floats(-10, 1e5) | st.integers(-10, 10),
)
enterprises = st.fixed_dictionaries(
    {},
    optional={
        "population": st.integers(200, 100_000_000),
        "shares": st.lists(st.floats(0, 1), max_size=4).map(tuple),
        "wage": st.none() | st.floats(0, 1e6),
        "loyal": st.booleans(),
    },
)
scenarios = st.builds(
    ToyScenario,
    name=texts,
    summary=texts | st.just(""),
    seed=st.integers(0, 2**63 - 1),
    enterprise=enterprises,
    vendors=st.dictionaries(names, vendors, max_size=4).filter(
        lambda table: len({vendor.name for vendor in table.values()}) == len(table)
    ),
    events=st.lists(
        st.builds(ToyEvent, month=st.integers(0, 400), kind=st.sampled_from(["breach"])), max_size=3
    ),
)
quick = settings(max_examples=60, derandomize=True, deadline=None)


@quick
@given(scenario=scenarios)
def test_the_text_of_a_scenario_loads_to_an_equal_one(
    scenario: ToyScenario, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write(tmp_path_factory.getbasetemp() / "round.toml", to_toml(scenario))
    again = toy(path)
    assert again == scenario
    assert canonical(again) == canonical(scenario)


def _respelt(tree: Any, luck: random.Random) -> Any:
    """The same values with keys in another order and whole floats as integers."""
    if isinstance(tree, dict):
        keys = sorted(tree)
        luck.shuffle(keys)
        return {key: _respelt(tree[key], luck) for key in keys}
    if isinstance(tree, list):
        return [_respelt(item, luck) for item in tree]
    return int(tree) if isinstance(tree, float) and tree.is_integer() else tree


@quick
@given(scenario=scenarios, luck=st.randoms(use_true_random=False))
def test_canonical_lines_do_not_depend_on_order_or_spelling(
    scenario: ToyScenario, luck: random.Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tree = _respelt(tomllib.loads(to_toml(scenario)), luck)
    path = write(tmp_path_factory.getbasetemp() / "respelt.toml", tomli_w.dumps(tree))
    assert canonical(toy(path)) == canonical(scenario)
    assert run_id(toy(path), 1, "v") == run_id(scenario, 1, "v")


FRAGMENTS = [
    b"months", b"enterprise", b"vendors", b"meta", b"events", b"extends", b"name", b"=", b".",
    b"[", b"]", b"[[", b"]]", b"{", b"}", b'"', b"'", b"\n", b" ", b",", b"1", b"-", b"nan",
    b"true", b"1e999", b"\xff", b"\0", b"\x1b", b"#", b"none", b'"baseline"', b"2024-01-01",
]  # fmt: skip


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    content=st.binary(max_size=200)
    | st.lists(st.sampled_from(FRAGMENTS), max_size=30).map(b"".join)
)
def test_any_bytes_load_or_are_refused_in_one_line(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    assert refusal_of(path).isprintable()


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    path=st.text(max_size=20) | st.sampled_from([row.path for row in catalogue(ToyScenario)]),
    value=st.text(max_size=20) | st.floats() | st.integers() | st.none() | st.just({"a": [1]}),
)
def test_any_override_is_taken_or_refused_in_one_line(path: str, value: object) -> None:
    assert refusal_of(None, **{path: value}).isprintable()


def test_the_real_tree_loads_and_survives_its_text(tmp_path: Path) -> None:
    scenario = load(None, {"enterprise.population": "3000"})
    assert scenario.enterprise.population == 3000
    assert load(write(tmp_path / "real.toml", to_toml(scenario))) == scenario
    paths = [row.path for row in catalogue()]
    assert len(paths) == len(set(paths)) > 100


@pytest.mark.parametrize("name", scenario_files.preset_names())
def test_every_preset_loads_under_its_own_name(name: str) -> None:
    scenario = load(name)
    assert scenario.name == name
    assert scenario.summary == presets()[name] != ""
