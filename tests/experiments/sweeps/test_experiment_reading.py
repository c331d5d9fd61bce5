"""Experiment files as they lie on disk: their bytes, lines, names, and what filters may name."""

from pathlib import Path

import pytest
import sweeping
import tomli_w

from experiments.sweeps import experiment as experiments
from experiments.sweeps.experiment import built, read
from experiments.sweeps.factors import ExperimentError
from experiments.sweeps.plan import points_of

ALPINA = {
    "name": "Alpina", "archetype": "start-up", "region": "europe", "strategy": "open",
    "enters": "2023-01", "budget": 1.0, "cash": 100.0, "staff": 1.0,
}  # fmt: skip


def test_the_line_of_what_is_wrong_is_named(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    for text, said in (
        ("[levers]\nchoice.theta = [1.0, 1e9]", "line 2: choice.theta: "),
        ('[outcomes]\na = "spend"\nb = "spent"', "line 3: b: the market table has no column"),
        ("\n\nreplicate = 5", "line 3: an experiment has no 'replicate'"),
    ):
        path.write_text(text)
        with pytest.raises(ExperimentError) as caught:
            points_of(read(path))
        assert str(caught.value).startswith(f"my.toml, {said}")


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    text = tomli_w.dumps(dict(sweeping.TINY))
    path.write_text(text)
    plain = read(path)
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    found = read(path)
    assert found.identity() == plain.identity()
    assert not found.text.startswith("\ufeff")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"months = " + b"9" * 5000, "a number in line 1 has 5,000 characters"),
        (b"x = " + b"[" * 2000, "nested too deep in line 1"),
        (b"x" + b".a" * 50_000 + b" = 1", "the key in line 1 is nested too deep"),
        (b"a = 1\0", "NUL byte in line 1"),
    ],
)
def test_what_is_too_much_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "my.toml"
    path.write_bytes(content)
    with pytest.raises(ExperimentError, match=said):
        read(path)


def test_filters_may_name_what_an_option_or_a_scenario_brings(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('vendors.meta.name = "Metta"\n')
    vendor = {f"vendors.alpina.{k}": v for k, v in ALPINA.items()}
    spec = {"table": "vendor", "column": "profit", "where": {"vendor": ["Metta", "Alpina"]}}
    options = {"options": {"now": {}, "new": vendor, "mine": "mine.toml"}}
    tree = {**sweeping.TINY, "levers": {"world": options}, "outcomes": {"p": spec}}
    assert built(tree, "e.toml", "e", tmp_path, "").outcomes[0].tables == ("vendor",)
    entrant = {**spec, "where": {"vendor": "Entrant 9"}}
    slots = {"finance.entry_slots": {"low": 0, "high": 10}}
    tree = {**sweeping.TINY, "uncertainties": slots, "outcomes": {"p": entrant}}
    assert built(tree, "e.toml", "e", tmp_path, "").factors[0].name == "finance.entry_slots"


@pytest.mark.parametrize("stem", ["mon étude", "模型", "!!!"])
def test_a_file_of_any_name_has_a_usable_one(tmp_path: Path, stem: str) -> None:
    path = tmp_path / f"{stem}.toml"
    path.write_text(tomli_w.dumps(dict(sweeping.TINY)))
    plain = tmp_path / "mon tude.toml"
    plain.write_text(tomli_w.dumps(dict(sweeping.TINY)))
    found = read(path).name
    assert experiments.NAME.fullmatch(found)
    assert found != read(plain).name == "mon-tude"
