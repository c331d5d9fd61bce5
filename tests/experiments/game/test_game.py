"""Games through the whole path: profiles as a sweep, its store, rounds, equilibria, the command."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import toy_market
from typer.testing import CliRunner

from app.main import app
from experiments.ensemble import prior, settings
from experiments.ensemble.folder import EnsembleFolder
from experiments.game.playing import GameFolder, play, stored_game, stored_payoffs, tier_gains
from experiments.game.setting import Game, GameError, Worlds, players_of, worlds_of
from experiments.sweeps import runner
from experiments.sweeps.engines import InProcess
from experiments.sweeps.experiment import Experiment
from experiments.sweeps.folder import SweepFolder
from experiments.sweeps.reading import load as load_sweep
from sim.loading import load

RUNNER = CliRunner()
NAMES = ("open", "closed", "dual")
ROCK = np.array([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]])
"""Open is rock, closed paper, dual scissors."""
DILEMMA = np.array([[3.0, 0], [5, 1]])
Pays = Callable[[Any, int], dict[str, float]]


def game(
    path: Path, strategies: tuple[str, ...] = NAMES, **changes: Any
) -> tuple[Game, GameFolder]:
    """A game of OpenAI and Meta over one month."""
    base = load("baseline", {"months": 1, "enterprise.population": 50})
    players = players_of(base, ["openai", "meta"], strategies, "")
    made = Game(base, tuple(players), "", Worlds([{}], np.ones(1)), "profit", 0.15, 1, 50, 2, 2, 1)
    return replace(made, **changes), GameFolder(path)


def work(_: Experiment, folder: SweepFolder) -> None:
    """Do what is missing in this process."""
    report = runner.work(folder, InProcess(), 1)
    assert not report.progress.failed, report.progress.latest_failure


def matrix(first: np.ndarray) -> Pays:
    """Payoffs of a symmetric game of two."""

    def pays(scenario: Any, _: int) -> dict[str, float]:
        one, other = (NAMES.index(scenario.vendors[v].strategy) for v in ("openai", "meta"))
        return {"OpenAI": first[one, other], "Meta": first[other, one]}

    return pays


def vendors(pays: Pays) -> Callable[[Any, int], tuple[dict[str, pa.Table], str]]:
    """Runs in which vendors earn so in the one month."""

    def made(scenario: Any, seed: int) -> tuple[dict[str, pa.Table], str]:
        paid = pays(scenario, seed)
        table = {
            "month": [0] * len(paid), "vendor": list(paid), "profit": list(paid.values()),
            "spend_share": [0.5] * len(paid), "alive": [value >= 0 for value in paid.values()],
        }  # fmt: skip
        return {"vendor": pa.table(table)}, "same"

    return made


@pytest.fixture(scope="module")
def rock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rock, paper, scissors, played."""
    made, folder = game(tmp_path_factory.mktemp("games") / "rock")
    with toy_market.running(vendors(matrix(ROCK))):
        play(made, folder, work)
    return folder.path


def shown(path: Path, *more: str) -> dict[str, Any]:
    """What `game show --json` says."""
    told = RUNNER.invoke(app, ["game", "show", str(path), "--json", *more])
    assert told.exit_code == 0, told.output
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def test_rock_paper_scissors_is_mixed_evenly_and_never_rests(rock: Path) -> None:
    found = shown(rock)
    assert found["pure"] == []
    (even,) = found["mixed"]
    for own in even["mixture"].values():
        assert list(own.values()) == pytest.approx([1 / 3] * 3)
    assert even["regret_high"] == pytest.approx(0.0, abs=1e-9)
    assert [(b["share"], b["mixture"]) for b in found["basins"]] == [(1.0, None)]
    assert found["rounds"] == 2, "what a mixture plays is played again"
    assert {one["runs"] for one in found["profiles"]} == {2 + 4}


def test_other_payoffs_come_from_the_same_runs(rock: Path) -> None:
    made, folder = stored_game(GameFolder(rock)), GameFolder(rock)
    share, rounds = stored_payoffs(made, folder, "share")
    assert share.mean == pytest.approx(np.full((9, 2), 0.5))
    assert rounds == 2
    alive = stored_payoffs(made, folder, "survival")[0].game
    assert alive[..., 0] == pytest.approx((ROCK >= 0).astype(float))
    told = RUNNER.invoke(app, ["game", "show", str(rock), "--payoff", "glory"])
    assert told.exit_code == 2
    assert "profit, share, survival" in told.stderr


def test_a_game_is_printed_and_drawn(rock: Path) -> None:
    told = RUNNER.invoke(app, ["game", "show", str(rock)])
    assert told.exit_code == 0, told.output
    for words in ("pure    none", "33% open", "no rest point", "of least regret"):
        assert words in told.stdout
    assert (rock / "game.png").stat().st_size > 20_000


def test_a_finished_game_is_not_played_again_and_another_is_refused(rock: Path) -> None:
    folder = GameFolder(rock)
    made = stored_game(folder)

    def nothing_left(_: Experiment, sweep: SweepFolder) -> None:
        assert runner.work(sweep, InProcess(), 1).progress.simulated == 0

    again = play(made, folder, nothing_left)
    assert np.array_equal(again.draws, stored_payoffs(made, folder, "profit")[0].draws)
    with pytest.raises(GameError, match="holds another game: seed changed"):
        play(replace(made, seed=5), folder, work)


def test_the_dilemma_ends_closed(tmp_path: Path) -> None:
    made, folder = game(tmp_path / "g", ("open", "closed"))
    with toy_market.running(vendors(matrix(DILEMMA))):
        found = play(made, folder, work)
    assert found.game[..., 0] == pytest.approx(DILEMMA)
    said = shown(folder.path)
    assert said["pure"] == [{"openai": "closed", "meta": "closed"}]
    assert said["mixed"] == []
    assert said["rounds"] == 1, "nothing is in doubt"
    assert said["basins"][0]["share"] == 1.0
    assert said["best_responses"]["meta"]["closed"]["best_answer"] == 1.0


def test_coordination_has_two_conventions_and_a_mixture(tmp_path: Path) -> None:
    made, folder = game(tmp_path / "g", ("open", "closed"))
    with toy_market.running(vendors(matrix(np.array([[2.0, 0], [0, 1]])))):
        play(made, folder, work)
    said = shown(folder.path)
    assert [set(one.values()) for one in said["pure"]] == [{"open"}, {"closed"}]
    assert said["mixed"][0]["mixture"]["meta"]["open"] == pytest.approx(1 / 3)


@pytest.mark.system
def test_a_noisy_game_is_played_again_where_it_is_in_doubt(tmp_path: Path) -> None:
    """Shared luck of sd 50 cancels; luck of each run of sd 0.7 leaves a near tie in doubt.

    Open-open is an equilibrium by 0.2; closed and dual lose by 9 whatever the other does.
    """
    pays = np.array([[5.0, 9, 9], [4.8, 0, 0], [-4, 0, 0]])

    def lucky(scenario: Any, seed: int) -> dict[str, float]:
        plain = matrix(pays)(scenario, seed)
        shared = np.random.default_rng(seed).normal(0, 50)
        words = "".join(scenario.vendors[v].strategy for v in ("openai", "meta")).encode()
        own = np.random.default_rng([seed, *words])
        return {name: value + shared + own.normal(0, 0.7) for name, value in plain.items()}

    made, folder = game(tmp_path / "g", replicates=8, rounds=2)
    with toy_market.running(vendors(lucky)):
        found = play(made, folder, work)
    assert found.runs[0] == 8 + 16
    assert min(found.runs) == 8, "what is clear is not played again"
    assert load_sweep(folder.round_path(2)).facts["points"] < 9
    truth = pays[0, 0] - pays[1, 0]
    ends = np.percentile(found.draws[:, 0, 0] - found.draws[:, 3, 0], (2.5, 97.5))
    assert ends[0] - 0.3 < truth < ends[1] + 0.3
    assert ends[1] - ends[0] < 3, "with independent luck it would be 60"


@pytest.mark.system
def test_opening_pays_less_the_larger_the_tier(tmp_path: Path) -> None:
    """Meta gains 3, 2 and 1 by opening small, medium and large, whatever OpenAI does."""

    def pays(scenario: Any, _: int) -> dict[str, float]:
        meta = scenario.vendors["meta"]
        gains = {"small": 3.0, "medium": 2.0, "large": 1.0}
        gain = gains[meta.open_tiers[0]] if meta.strategy == "dual" else 0.0
        return {"OpenAI": 1.0, "Meta": gain}

    made, folder = game(tmp_path / "g")
    players = players_of(made.base, ["openai"], ("open", "closed"), "meta")
    made = replace(made, players=tuple(players), tiers="meta")
    with toy_market.running(vendors(pays)):
        found = play(made, folder, work)
    tiers, gains, _ = tier_gains(made, found)
    assert dict(zip(tiers, gains, strict=True)) == pytest.approx(
        {"small": 3.0, "medium": 2.0, "large": 1.0}
    )
    said = shown(folder.path)["tiers"]
    assert said["falls_with_cost"] == 1.0
    assert [one["tier"] for one in said["tiers"]] == ["small", "medium", "large"]
    assert said["best_answers"]["small"] == 1.0


def test_a_game_is_played_over_the_worlds_of_an_ensemble(
    built: EnsembleFolder, tmp_path: Path
) -> None:
    """Payoffs are the parameter that differs between worlds, so their mean is known."""
    drawn = settings(prior(built.path))[:2]
    worlds = Worlds(drawn, np.array([0.25, 0.75]))
    path = "choice.risk_weight"

    def pays(scenario: Any, _: int) -> dict[str, float]:
        risk = scenario.choice.risk_weight
        return {
            "OpenAI": risk,
            "Meta": 2 * risk if scenario.vendors["meta"].strategy == "open" else 0,
        }

    made, folder = game(tmp_path / "g", ("open", "closed"), worlds=worlds, rounds=1)
    with toy_market.running(vendors(pays)):
        found = play(made, folder, work)
    mean = float(np.dot([world[path] for world in worlds.settings], worlds.weights))
    assert found.game[..., 0] == pytest.approx(np.full((2, 2), mean))
    assert found.game[:, 0, 1] == pytest.approx([2 * mean] * 2)
    one = replace(made, worlds=worlds_of(built.path, 1, 1))
    with toy_market.running(vendors(pays)):
        alone = play(one, GameFolder(tmp_path / "one"), work)
    assert alone.game[0, 0, 0] == pytest.approx(one.worlds.settings[0][path])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--players", "openai,acme"], "there is no vendor 'acme'"),
        (["--players", "openai"], "two players or more"),
        (["--strategies", "open,ajar"], "there is no strategy 'ajar'"),
        (["--payoff", "glory"], "--payoff is one of profit, share, survival"),
        (["--replicates", "1"], "two replicates or more"),
        (["--ensemble", "nowhere"], "nowhere"),
        (["--players", "openai,meta,mistral,google,xai,baidu,alibaba"], "2,187 profiles are too"),
    ],
)
def test_an_impossible_game_is_refused_in_one_sentence(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    told = RUNNER.invoke(app, ["game", "run", *arguments, "--out", str(tmp_path / "g")])
    assert told.exit_code == 2, told.output
    assert words in told.stderr
    assert told.stderr.count("\n") == 1
    assert not (tmp_path / "g").exists()
