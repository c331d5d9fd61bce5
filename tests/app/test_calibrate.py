"""`nomoat calibrate` in process: once with the real model, else with an invented world."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app import calibrating, shell
from app.main import app
from app.shell import BAD_INPUT, ENVIRONMENT, FAILED, INTERRUPTED, OK
from experiments.evidence import calibration
from experiments.evidence.checks import Values, all_checks
from sim.loading import load

Nomoat = Callable[..., Any]
CHECKS = all_checks()
SMALL = (
    "calibrate", "--over", "choice.theta,host.markup", "--enterprises", 40, "--seeds", 1,
    "--jobs", 1, "--out", "found",
)  # fmt: skip


@pytest.fixture
def nomoat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nomoat:
    """Call the command line in an empty directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return lambda *arguments: CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """An invented world that meets all facts at theta 10; the thetas it was asked for."""
    asked = []

    def measure(scenario: str, overrides: Mapping[str, Any], seed: int) -> Values:  # noqa: ARG001
        asked.append(overrides["choice.theta"])
        off = (asked[-1] - 10) / 4
        return {check.id: check.observed + off * (check.high - check.observed) for check in CHECKS}

    monkeypatch.setattr(calibration, "measure", measure)
    return asked


def test_a_real_search_ends_in_a_scenario_and_goes_on(nomoat: Nomoat) -> None:
    done = nomoat(*SMALL, "--trials", 1, "--confirm", 0, "--json")
    assert done.exit_code == OK, done.output
    document = json.loads(done.stdout)
    assert (document["trials"], document["failed"], document["facts"]) == (1, 0, len(CHECKS))
    assert document["best"]["medians"].keys() == {check.id for check in CHECKS}
    assert load(document["scenario"]).choice.theta == load("baseline").choice.theta
    journal = Path("found/journal.log").read_bytes()
    again = nomoat(*SMALL, "--trials", 2, "--confirm", 0)
    assert again.exit_code == OK, again.output
    assert "2 trials of 2 parameters" in again.stdout
    assert Path("found/journal.log").read_bytes().startswith(journal)


def test_the_best_setting_is_printed_beside_the_start(
    nomoat: Nomoat, invented: list[float]
) -> None:
    done = nomoat(*SMALL, "--trials", 20, "--confirm", 2)
    assert done.exit_code == OK, done.output
    assert invented[0] == 7
    assert "0 (defaults)" in done.stdout
    assert "nomoat validate found/best.toml" in done.stdout
    assert abs(load("found/best.toml").choice.theta - 10) < abs(7 - 10)
    assert "\x1b" not in done.output


def test_settings_are_held_and_written_in_full(nomoat: Nomoat, invented: list[float]) -> None:
    Path("world.toml").write_text("[choice]\nholding = 8.0\n")
    done = nomoat(*SMALL, "world.toml", "--set", "choice.theta=9", "--trials", 1, "--confirm", 0)
    assert done.exit_code == OK, done.output
    assert invented == [9]
    Path("world.toml").unlink()
    best = load("found/best.toml")
    assert (best.choice.holding, best.choice.theta) == (8.0, 9.0)
    assert best.summary.startswith("world calibrated")


def test_another_space_in_the_same_folder_is_refused(nomoat: Nomoat, invented: list[float]) -> None:
    nomoat(*SMALL, "--trials", 1, "--confirm", 0)
    calls = len(invented)
    other = [part if part != "choice.theta,host.markup" else "choice.theta" for part in SMALL]
    done = nomoat(*other, "--trials", 2)
    assert done.exit_code == BAD_INPUT
    assert "host.markup (now absent)" in done.stderr
    assert "--out outputs/calibration-" in done.stderr
    assert len(invented) == calls


def test_an_interrupted_search_keeps_its_trials(
    nomoat: Nomoat, invented: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = calibration.measure

    def interrupted(scenario: str, overrides: Mapping[str, Any], seed: int) -> Values:
        if len(invented) == 3:
            raise KeyboardInterrupt
        return real(scenario, overrides, seed)

    with monkeypatch.context() as patch:
        patch.setattr(calibration, "measure", interrupted)
        done = nomoat(*SMALL, "--trials", 5, "--confirm", 0)
    assert done.exit_code == INTERRUPTED
    assert "3 trials are kept in found" in done.stderr
    done = nomoat(*SMALL, "--trials", 5, "--confirm", 0, "--json")
    assert json.loads(done.stdout)["trials"] == 5
    assert len(invented) == 5


def test_failures_are_counted_and_nothing_but_failures_is_an_error(
    nomoat: Nomoat, invented: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    nomoat(*SMALL, "--trials", 1, "--confirm", 0)
    monkeypatch.setattr(calibration, "measure", lambda *_: 1 / 0)
    done = nomoat(*SMALL, "--trials", 3, "--confirm", 0)
    assert done.exit_code == OK
    assert "2 failed: ZeroDivisionError: division by zero" in done.stdout
    assert len(invented) == 1
    done = nomoat(*SMALL[:-1], "other", "--trials", 2)
    assert done.exit_code == FAILED
    assert "all 2 trials failed; ZeroDivisionError" in done.stderr


def test_a_report_says_what_stands_behind_it(nomoat: Nomoat, invented: list[float]) -> None:
    nomoat(*SMALL, "--trials", 24, "--confirm", 0)
    calls = len(invented)
    done = nomoat("calibrate", "--report", "found")
    assert done.exit_code == OK, done.output
    assert "24 trials stand behind this" in done.stdout
    assert "fewer than 200" in done.stdout
    lines = done.stdout.splitlines()
    (theta,) = [line for line in lines if line.startswith("choice.theta")]
    (markup,) = [line for line in lines if line.startswith("host.markup")]
    assert "well" in theta
    assert "not" in markup
    assert Path("found/identification.csv").read_text().count("\n") == 3
    document = json.loads(nomoat("calibrate", "--report", "found", "--json").stdout)
    assert [one["path"] for one in document["parameters"]] == ["choice.theta", "host.markup"]
    assert document["enough"] is False
    assert len(invented) == calls


def test_a_report_without_trials_is_refused(nomoat: Nomoat) -> None:
    done = nomoat("calibrate", "--report", "nowhere")
    assert done.exit_code == BAD_INPUT
    assert "nowhere holds no calibration" in done.stderr


def test_an_impossible_population_is_refused_before_any_trial(
    nomoat: Nomoat, invented: list[float]
) -> None:
    done = nomoat("calibrate", "--enterprises", 3, "--trials", 2, "--jobs", 1, "--out", "found")
    assert done.exit_code == BAD_INPUT
    assert "enterprise.population" in done.stderr
    assert invented == []
    assert not Path("found").exists()


def test_a_start_outside_the_bounds_is_said(nomoat: Nomoat, invented: list[float]) -> None:
    Path("space.toml").write_text('[[parameter]]\npath = "choice.theta"\nlow = 8\nhigh = 12\n')
    done = nomoat(
        "calibrate", "--space", "space.toml", "--enterprises", 40, "--jobs", 1,
        "--trials", 1, "--seeds", 1, "--confirm", 0,
    )  # fmt: skip
    assert done.exit_code == OK, done.output
    assert invented == [8]
    assert "choice.theta is 7; the first trial takes 8" in done.stderr
    (folder,) = Path("outputs").iterdir()
    assert folder.name.startswith("calibration-")


def test_late_facts_and_a_missing_package_are_refused(
    nomoat: Nomoat, invented: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    late = (replace(CHECKS[0], month="2025-06"), *CHECKS[1:])
    monkeypatch.setattr(calibrating, "all_checks", lambda: late)
    done = nomoat(*SMALL, "--trials", 1, "--confirm", 0)
    assert done.exit_code == BAD_INPUT
    assert "is of 2025-06" in done.stderr
    assert invented == []
    found = shell.importlib.util.find_spec
    monkeypatch.setattr(
        shell.importlib.util, "find_spec", lambda name: None if name == "optuna" else found(name)
    )
    done = nomoat(*SMALL)
    assert done.exit_code == ENVIRONMENT
    assert "needs optuna" in done.stderr
