"""The space of a calibration: declared, chosen by patterns, and refused in a sentence."""

from pathlib import Path

import pytest

from experiments.evidence.loss import CalibrationError
from experiments.evidence.space import Axis, build_space, starting_point, typed, value_at
from sim.catalogue import catalogue
from sim.loading import load

BASELINE = load("baseline")


def space_file(tmp_path: Path, *entries: str) -> Path:
    """A file with one [[parameter]] table per text."""
    file = tmp_path / "space.toml"
    file.write_text("".join(f"[[parameter]]\n{entry}\n" for entry in entries))
    return file


def test_the_default_space_has_reasons_plausible_bounds_and_the_defaults_inside() -> None:
    axes = build_space(None, None, BASELINE)
    assert len({axis.path for axis in axes}) == len(axes) >= 20
    assert all(len(axis.why.split()) > 4 for axis in axes)
    plausible = {row.path: row.plausible for row in catalogue()}
    for axis in axes:
        low, high = plausible[axis.path] or (None, None)
        assert (axis.low, axis.high) == (low, high), axis.path
    assert starting_point(axes, BASELINE)[1] == {}


def test_patterns_choose_from_the_catalogue_and_keep_declared_scales() -> None:
    axes = build_space("host.markup, capability.lead_*,vendors.*.cadence", None, BASELINE)
    paths = [axis.path for axis in axes]
    assert paths[:3] == ["host.markup", "capability.lead_gain", "capability.lead_half_life"]
    assert "vendors.meta.cadence" in paths
    assert axes[0].log
    assert len(set(paths)) == len(paths)


def test_own_bounds_are_taken_and_the_start_moves_into_them(tmp_path: Path) -> None:
    file = space_file(
        tmp_path,
        'path = "choice.theta"\nlow = 8\nhigh = 12',
        'path = "finance.entry_slots"\nlow=5\nhigh=20',
    )
    axes = build_space(None, file, BASELINE)
    assert [(axis.low, axis.high, axis.integer) for axis in axes] == [(8, 12, False), (5, 20, True)]
    inside, moved = starting_point(axes, BASELINE)
    assert inside == {"choice.theta": 8.0, "finance.entry_slots": 8.0}
    assert moved == {"choice.theta": 7.0}
    values = typed(axes, {"choice.theta": 8.0, "finance.entry_slots": 9.0})
    assert [type(value) for value in values.values()] == [float, int]
    assert load("baseline", values).finance.entry_slots == 9


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        ("choice.theata", "did you mean choice.theta?"),
        ("choice.mode", "not a number"),
        ("enterprise.population", "not a number"),
        ("history.until", "not a number"),
        ("foo.*", "fits 'foo.\\*'"),
        (" , ", "names no parameter"),
        ("host.competition", "no plausible range"),
    ],
)
def test_what_cannot_be_searched_is_refused(over: str, sentence: str) -> None:
    with pytest.raises(CalibrationError, match=sentence):
        build_space(over, None, BASELINE)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ('path = "choice.theta"\nlow = 9', "both low and high"),
        ('path = "choice.theta"\nlow = 9\nhigh = 9', "must lie below"),
        ('path = "choice.theta"\nlow = -1\nhigh = 9', "does not take all of -1 to 9"),
        ('path = "choice.theta"\nlow = "a"\nhigh = 9', "low must be a finite number"),
        ('path = "choice.theta"\nlow = nan\nhigh = 9', "low must be a finite number"),
        ('path = "choice.theta"\nlow = true\nhigh = 9', "low must be a finite number, not true"),
        ('path = "choice.theta"\nlow = 1e999\nhigh = 9', "low must be a finite number, not inf"),
        ('path = "choice.theta"\nlow = 1\nhigh = ' + "9" * 400, "a number in line 4 has 400"),
        ('path = "choice.theta"\nlow = 1\nhigh = 2024-01-01', "high must be a finite number"),
        ("path = 3", "line 2: parameter.0.: path must be one line of text in quotes, not 3"),
        ('path = "choice.theta"\nwhy = 3', "why must be one line of text in quotes, not 3"),
        ('path = "choice.theta"\nlog = "no"', "log must be true or false, not 'no'"),
        ('path = "choice.theta"\nlogs = true', "no field 'logs'; did you mean log"),
        ('path = "choice.theta"\nlog = 1', "true or false"),
        ('path = "choice.theta"\nbounds = [1, 2]', "no field 'bounds'; known: path, low"),
        ('path = "choice.control_taste"\nlog = true', "needs low above 0"),
        ('path = "finance.entry_slots"\nlow = 1.5\nhigh = 9', "whole number"),
        ("low = 1\nhigh = 2", "path is missing"),
        ('path = "choice.theta"\n[[parameter]]\npath = "choice.theta"', "given twice"),
    ],
)
def test_malformed_entries_are_refused(tmp_path: Path, entry: str, sentence: str) -> None:
    with pytest.raises(CalibrationError, match=sentence):
        build_space(None, space_file(tmp_path, entry), BASELINE)


def test_a_byte_order_mark_is_read_and_the_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "space.toml"
    file.write_bytes(b'\xef\xbb\xbf[[parameter]]\r\npath = "choice.theta"\r\n')
    assert build_space(None, file, BASELINE)[0].path == "choice.theta"
    file = space_file(tmp_path, 'path = "choice.theta"', 'path = "choice.thta"')
    with pytest.raises(CalibrationError, match=r"^space\.toml, line 3: 'choice.thta' is no para"):
        build_space(None, file, BASELINE)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "world.toml"
    file.write_text('summary = "a world"\n')
    with pytest.raises(CalibrationError, match="list of"):
        build_space(None, file, BASELINE)


@pytest.mark.parametrize("log", [False, True])
def test_positions_and_values_are_inverse(log: bool) -> None:
    axis = Axis("x", 2.0, 32.0, log=log)
    assert [axis.position(2.0), axis.position(32.0)] == [0.0, 1.0]
    assert axis.value(axis.position(7.0)) == pytest.approx(7.0)
    assert axis.value(0.5) == pytest.approx(8.0 if log else 17.0)


def test_values_are_found_by_path() -> None:
    assert value_at(BASELINE, "vendors.meta.cadence") == 8.0
    assert value_at(BASELINE, "vendors.nobody.cadence") is None
