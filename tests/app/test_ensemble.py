"""`nomoat ensemble` in process: what it refuses, and what it prints of a tiny ensemble."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_ensemble import DRAWS
from typer.testing import CliRunner

from app import ensembling
from app.main import app
from app.shell import BAD_INPUT, OK
from experiments.ensemble import sizing
from experiments.ensemble.building import Size
from experiments.ensemble.folder import EnsembleFolder
from sim.loading import load

Nomoat = Callable[..., Any]
PNG = b"\x89PNG"


@pytest.fixture
def nomoat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nomoat:
    """Call the command line in an empty directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")
    return lambda *arguments: CliRunner().invoke(app, ["ensemble", *map(str, arguments)])


@pytest.fixture
def stored(built: EnsembleFolder, tmp_path: Path) -> Path:
    """A copy of the tiny ensemble where the commands look for the latest."""
    path = tmp_path / "outputs" / "ensemble-tiny"
    shutil.copytree(built.path, path)
    return path


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("build", "--budget", 5, "--draws", 64), "--budget chooses --draws and --members"),
        (("build", "--budget", -1), "--budget is a number of minutes above 0"),
        (("build", "--set", "choice.thta=3"), "did you mean"),
        (("build", "nowhere"), "nowhere"),
        (("build", "--enterprises", 2), "enterprise.population"),
        (("show",), "there is no finished ensemble in outputs/"),
        (("forecast", "elsewhere"), "elsewhere holds no ensemble; make one with"),
    ],
)
def test_bad_input_is_one_sentence(nomoat: Nomoat, arguments: Any, reason: str) -> None:
    done = nomoat(*arguments)
    assert done.exit_code == BAD_INPUT
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(Path().iterdir())


def test_a_budget_that_is_too_small_says_what_would_do(nomoat: Nomoat) -> None:
    done = nomoat("build", "--budget", 0.001, "--jobs", 1, "--enterprises", 60, "--quiet")
    assert done.exit_code == BAD_INPUT
    assert "take --budget" in done.stderr
    assert not list(Path().iterdir())


@pytest.mark.system
def test_show_says_what_survives_and_what_is_pinned(nomoat: Nomoat, stored: Path) -> None:
    done = nomoat("show")
    assert done.exit_code == OK, done.output
    assert f"3 of {DRAWS} worlds are consistent" in done.stdout
    assert "share of the prior that survives: 100% (44% to 100%)" in done.stdout
    assert "0 of 97 parameters are pinned" in done.stdout
    assert (stored / "pinned.png").read_bytes().startswith(PNG)
    document = json.loads(nomoat("show", stored, "--json").stdout)
    assert document["survives"]["share"] == 1.0
    assert [wave["kept"] for wave in document["waves"]] == [3]
    assert {fact["id"] for fact in document["facts"]} == {"open-use-2024", "gap-2024-12"}


@pytest.mark.system
def test_forecast_prints_both_fans_and_draws_them(nomoat: Nomoat, stored: Path) -> None:
    done = nomoat("forecast")
    assert done.exit_code == OK, done.output
    assert "ensemble: 1 worlds the facts allow" in done.stdout
    for words in ("open share of tokens", "tokens of dual vendors", "$/Mtok, GPT-4 level"):
        assert words in done.stdout
    assert (stored / "forecast.png").read_bytes().startswith(PNG)
    document = json.loads(nomoat("forecast", stored, "--json").stdout)
    assert document["months"][-1] == "2030-12"
    fan = document["ensemble"]["quantiles"]["share_tokens_open"]
    assert len(fan) == 96
    assert all(row == sorted(row) and 0 <= row[0] <= row[-1] <= 1 for row in fan)
    assert document["prior"]["worlds"] == 1


def test_a_budget_is_filled_and_not_exceeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizing, "timed", lambda _scenario, _firms, months: months / 500)
    asked = Size(512, 3, 5, 1000, 200)
    found = sizing.sized(load("baseline"), asked, 30.0, 2)
    short, long = sizing.lengths()
    waves = found.waves * found.draws * found.replicates * 2 * short / 500
    worlds = 2 * found.most * found.replicates * long / 500
    assert 0.75 * 3600 < waves + worlds < 0.86 * 3600
    assert (found.waves, found.replicates, found.enterprises) == (3, 5, 1000)


def test_a_resumed_budget_keeps_the_size_it_began_with(built: EnsembleFolder) -> None:
    request = ensembling.Request(
        "baseline", [], 1.0, None, 1, 2, 80, None, 5, 1, built.path, json=True, quiet=False
    )
    stored = built.identity()["size"]
    found = ensembling.size_of(request, load("baseline"), built)
    assert (found.draws, found.most) == (stored["draws"], stored["most"])
