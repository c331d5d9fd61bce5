"""`nomoat sweep show` of sweeps with gaps: known runs in place of the market, counted by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import tomli_w
import toy_market
from typer.testing import CliRunner

from app.main import app
from app.sweep_figure import outcome_figure
from experiments.sweeps import runner
from experiments.sweeps.engines import InProcess
from experiments.sweeps.experiment import built
from experiments.sweeps.factors import value_at
from experiments.sweeps.folder import SweepFolder
from experiments.sweeps.reading import load

STRATEGY, ROYALTY = "vendors.meta.strategy", "finance.royalty"
TREE: dict[str, Any] = {
    "question": "Does it get there?", "months": 3, "replicates": 4, "seed": 1, "market": [],
    "outcomes": {
        "reach": {"column": "adoption", "reduce": "first-above", "threshold": 0.5},
        "leader": "leader",
    },
}  # fmt: skip
Made = Callable[[Any, int], tuple[dict[str, pa.Table], str]]


def market(adoption: list[float], leader: str | None = "OpenAI") -> dict[str, pa.Table]:
    """Tables of a run of three months."""
    return {"market": pa.table({
        "month": [0, 1, 2], "adoption": pa.array(adoption, pa.float64()),
        "leader": pa.array([leader] * 3, pa.string()),
    })}  # fmt: skip


def swept(path: Path, made: Made, **changes: Any) -> None:
    """A finished sweep."""
    tree = {**TREE, **changes}
    experiment = built(tree, "toy.toml", "toy", None, tomli_w.dumps(tree))
    folder = SweepFolder(path)
    runner.begin(experiment, folder)
    with toy_market.running(made):
        runner.work(folder, InProcess(), 1)


def shown(path: Path, *arguments: str) -> str:
    """What `sweep show` prints."""
    done = CliRunner().invoke(app, ["sweep", "show", str(path), *arguments], env={"COLUMNS": "160"})
    assert done.exit_code == 0, done.output
    return done.stdout


def line_of(printed: str, *beginning: str) -> list[str]:
    """The cells of the first printed line that begins so."""
    lines = (line.split() for line in printed.splitlines())
    return next(cells for cells in lines if cells[: len(beginning)] == list(beginning))


def late(seeds: list[int]) -> Made:
    """Open gets there in the replicate's own month, closed never in replicate 1, and fails in 2."""

    def made(scenario: Any, seed: int) -> tuple[dict[str, pa.Table], str]:
        if seed not in seeds:
            seeds.append(seed)
        place = seeds.index(seed)
        closed = scenario.vendors["meta"].strategy == "closed"
        if closed and place == 2:
            raise ArithmeticError("this world does not add up")
        if closed and place == 1:
            return market([0.0, 0.0, 0.0]), "collapse"
        first = place % 2 + closed
        return market([float(month >= first) for month in range(3)]), "open-led"

    return made


def test_means_and_differences_rest_on_what_is_printed(tmp_path: Path) -> None:
    swept(tmp_path / "s", late([]), levers={STRATEGY: ["open", "closed"]})
    printed = shown(tmp_path / "s")
    assert "7 of 8 runs, 1 failed, replicates: 4" in printed
    assert "never get there" in printed
    document = json.loads(shown(tmp_path / "s", "--json"))
    reach = document["outcomes"]["reach"]
    open_, closed = reach["means"]["0"], reach["means"]["1"]
    assert (open_["runs"], open_["asked"], open_["mean"]) == (4, 4, 0.5)
    # Closed: 1 and 2 in replicates 0 and 3, never in 1, failed in 2.
    assert (closed["runs"], closed["without"], closed["unfinished"]) == (2, 1, 1)
    assert (closed["mean"], closed["share_without"]) == (1.5, pytest.approx(1 / 3))
    (found,) = reach["contrasts"]
    assert found["levers"] == {STRATEGY: "closed"}
    assert (found["pairs"], found["pairs_asked"], found["replicates"]) == (2, 4, 2)
    assert found["arm_mean"] - found["reference_mean"] == found["difference"] == 1.0
    assert found["without"] == {"arm": 1, "reference": 0, "both": 0, "unfinished": 1}
    assert found["half_width"] is None
    assert line_of(printed, "closed", "1.5")[2:] == ["2", "of", "4", "2", "33%", "1"]
    assert "1 closed never, 1 not finished" in printed
    assert "arm 0" not in printed


def test_a_grid_without_levers_is_shown_point_by_point(tmp_path: Path) -> None:
    def made(scenario: Any, seed: int) -> tuple[dict[str, pa.Table], str]:
        one, two = (float(value_at(scenario, path) or 0) for path in (ROYALTY, "choice.retender"))
        return market([one + two] * 3, None if one == 0.1 else "OpenAI"), f"regime {seed % 2}"

    factors = {ROYALTY: [0.1, 0.2, 0.3], "choice.retender": [0.1, 0.3, 0.5]}
    swept(tmp_path / "s", made, uncertainties=factors, replicates=2)
    printed = shown(tmp_path / "s")
    for one in ("0.1", "0.2", "0.3"):
        for two in ("0.1", "0.3", "0.5"):
            assert line_of(printed, one, two)
    assert line_of(printed, "0.1", "0.3", "–")[3:] == ["0", "of", "2", "0", "100%", "0"]
    assert "none 100%" in printed
    document = json.loads(shown(tmp_path / "s", "--json"))
    assert (document["rows"], len(document["arms"])) == ("points", 9)
    whole = document["outcomes"]["reach"]["all"]
    assert (whole["runs"], whole["asked"], whole["without"]) == (8, 18, 10)
    assert document["outcomes"]["reach"]["contrasts"] == []
    sweep = load(tmp_path / "s")
    figure = outcome_figure(sweep, sweep.outcomes())
    assert figure is not None
    rows = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert rows[:2] == ["0.1 · 0.1", "0.1 · 0.3"]
    assert len(rows) == 9


def test_all_regimes_of_an_arm_are_printed_with_their_shares(tmp_path: Path) -> None:
    def made(_: Any, seed: int) -> tuple[dict[str, pa.Table], str]:
        seeds.append(seed)
        return market([1.0] * 3), f"regime-{len(seeds)}"

    seeds: list[int] = []
    swept(tmp_path / "s", made, levers={STRATEGY: ["open", "closed"]}, replicates=4)
    printed = shown(tmp_path / "s")
    for number in range(1, 9):
        assert f"regime-{number} 25%" in printed


def test_a_precise_answer_is_not_one_that_does_not_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("app.sweeping.LocalProcesses", lambda *_: InProcess())
    Path("toy.toml").write_text(tomli_w.dumps({**TREE, "levers": {STRATEGY: ["open", "closed"]}}))
    asked = ["sweep", "run", "toy.toml", "--precision", "reach=1", "--max-replicates", "10"]
    with toy_market.running(lambda *_: (market([1.0] * 3), "open-led")):
        done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert "closed less open: 0, no spread in 10 replicates, over 10 of 10 pairs" in done.stdout
    assert "not yet +-1, for replicates that do not differ say nothing of luck" in done.stdout
