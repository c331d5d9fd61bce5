"""Commands of many runs refuse a --set that they would overrule."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.main import app
from app.shell import BAD_INPUT

GAME, BUILD, SEARCH = ("game", "run"), ("ensemble", "build"), ("calibrate",)


@pytest.mark.parametrize(
    ("command", "setting", "reason"),
    [
        (GAME, "months=24", "give --months"),
        (GAME, "enterprise.population = 50", "give --enterprises"),
        (GAME, "review.mode=review", "vendors that play keep their strategies"),
        (BUILD, "seed=5", "give --seed"),
        (BUILD, "months=24", "runs go as far as facts and forecast need"),
        (("validate",), "seed=3", "give --seeds"),
        (("validate",), "months=24", "runs go as far as the facts need"),
        (SEARCH, "enterprise.population=50", "give --enterprises"),
        (SEARCH, "months=24", "runs go as far as the facts need"),
    ],
)
def test_a_setting_that_would_be_overruled_is_refused(
    command: tuple[str, ...], setting: str, reason: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if command == SEARCH:
        pytest.importorskip("optuna")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, [*command, "--set", "choice.theta=7", "--set", setting])
    name = setting.partition("=")[0].strip()
    assert done.exit_code == BAD_INPUT
    assert done.stderr == f"nomoat: --set {name} would be overruled: {reason}\n"
    assert not list(tmp_path.iterdir())


def test_a_game_of_endless_replicates_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, [*GAME, "--replicates", "1000000000"])
    assert done.exit_code == BAD_INPUT
    assert "--replicates" in done.stderr
    assert not list(tmp_path.iterdir())
