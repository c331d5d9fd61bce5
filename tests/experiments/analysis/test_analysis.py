"""From design to answer: known functions in place of the market, through the store.

Everything is seeded. How often intervals hold the truth is measured in `test_estimators.py`, how
often scores mislead by the soak test below.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy_market
from toy_market import UNIT, positions
from typer.testing import CliRunner

from app.main import app
from experiments.analysis.analyzing import Analysis, OutcomeFinding, analyze
from experiments.analysis.morris import Morris
from experiments.analysis.scoring import Scores, scores
from experiments.analysis.sobol import Sobol
from experiments.analysis.values import Interval
from experiments.sweeps.factors import Factor
from experiments.sweeps.folder import SweepError
from experiments.sweeps.reading import Sweep

STRATEGY = "vendors.meta.strategy"
WORDS = {STRATEGY: ["open", "closed", "dual"]}
RUNNER = CliRunner()


def dice(scenario: Any, seed: int, count: int) -> np.random.Generator:
    """Luck of a run: another for every world and seed."""
    address = [round(1e9 * place) for place in positions(scenario, count)]
    return np.random.default_rng([seed, *address, len(scenario.vendors["meta"].strategy)])


def ishigami(scenario: Any, seed: int) -> tuple[float, str]:
    """The function of three inputs, and luck with a standard deviation of 2."""
    one, two, three = ((2 * x - 1) * math.pi for x in positions(scenario, 3))
    value = math.sin(one) * (1 + 0.1 * three**4) + 7 * math.sin(two) ** 2
    return value + 2 * dice(scenario, seed, 3).normal(), "same"


def sobol_g(scenario: Any, _: int) -> tuple[float, str]:
    """Sobol's product of four inputs, ever less important."""
    weights = (0.0, 1.0, 4.5, 99.0)
    pairs = zip(positions(scenario, 4), weights, strict=True)
    return math.prod((abs(4 * x - 2) + a) / (1 + a) for x, a in pairs), "same"


def noisy_words(scenario: Any, seed: int) -> tuple[float, str]:
    """Open-led with probability 0.9 where Meta is open and the first input high, else 0.1.

    Parameters make 0.0889 of the variance of the word, luck 0.09. Of the first, the strategy does
    0.4 alone and 0.8 in all, the input 0.2 and 0.6.
    """
    high = positions(scenario, 1)[0] > 0.5 and scenario.vendors["meta"].strategy == "open"
    hit = dice(scenario, seed, 3).random() < (0.9 if high else 0.1)
    return float(hit), "open-led" if hit else "coexistence"


def holds(one: Interval, truth: float, slack: float = 0.0) -> bool:
    """Whether an interval of twice the width holds the truth: a right one misses once in 10,000."""
    assert one.half_width is not None
    return abs(one.value - truth) <= 2 * one.half_width + slack


def last(found: OutcomeFinding, arm: int = 0) -> Any:
    """The finding of the whole sample."""
    step = found.arms[arm].steps[-1]
    assert step is not None
    return step


def only(found: Analysis, name: str) -> OutcomeFinding:
    """One outcome."""
    return next(one for one in found.outcomes if one.name == name)


@pytest.fixture(scope="module")
def screened(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """A small Morris design over two strategies."""
    path = tmp_path_factory.mktemp("screened") / "sweep"
    design = {"kind": "morris", "trajectories": 8}
    levers = {STRATEGY: ["open", "closed"]}
    return toy_market.swept(path, noisy_words, 2, design, replicates=3, levers=levers)


def test_a_screening_of_words_finds_the_input_where_it_acts(screened: Sweep) -> None:
    found = only(analyze(screened, "regime"), "regime")
    assert [arm.levers for arm in found.arms] == [{STRATEGY: "open"}, {STRATEGY: "closed"}]
    acting, idle = last(found), last(found, 1)
    assert isinstance(acting, Morris)
    # A step over the middle turns 0.1 into 0.9, over 2/3 of the range: at every second place.
    assert holds(acting.mu_star[0], 1.2, 0.2)
    assert idle.mu_star[0].value < 2 * idle.floor[0]
    assert acting.mu_star[0].value > 2 * acting.floor[0]
    assert found.luck is not None
    assert set(found.categories) == {"open-led", "coexistence"}
    assert sum(found.categories.values()) == pytest.approx(1.0)


def test_the_command_prints_draws_and_repeats_itself(screened: Sweep) -> None:
    path = str(screened.folder.path)
    told = RUNNER.invoke(app, ["analyze", path, "--outcome", "regime"])
    assert told.exit_code == 0, told.output
    for words in (
        "elementary effects",
        "luck ",
        "scores by a forest",
        "with vendors.meta.strategy open",
    ):
        assert words in told.output
    assert (screened.folder.path / "analysis.png").stat().st_size > 20_000
    again = RUNNER.invoke(app, ["analyze", path, "--outcome", "regime", "--json"])
    regime = json.loads(again.stdout)["outcomes"]["regime"]
    step = regime["arms"][0]["steps"][-1]
    assert step["method"] == "morris"
    assert f"{step['mu_star'][UNIT[0]]['value']:.3g}" in told.output


def test_what_cannot_be_analysed_is_said_in_one_sentence(screened: Sweep, tmp_path: Path) -> None:
    path = str(screened.folder.path)
    for arguments, words in (
        ([path, "--outcome", "yy"], "has no outcome yy; it has y, regime"),
        ([str(tmp_path)], "holds no sweep"),
    ):
        told = RUNNER.invoke(app, ["analyze", *arguments])
        assert told.exit_code == 2
        assert words in told.stderr
        assert "Traceback" not in told.output


def test_points_without_a_value_are_left_out_whole_and_counted(tmp_path: Path) -> None:
    def gappy(scenario: Any, _: int) -> tuple[float | None, str]:
        one, two = positions(scenario, 2)
        return (None if one > 0.95 else one + two), "same"

    sweep = toy_market.swept(tmp_path / "s", gappy, 2, {"kind": "saltelli", "points": 32})
    found = only(analyze(sweep, "y"), "y")
    assert 0.02 < found.missing < 0.1
    assert last(found).base < 32
    assert all(np.isfinite(one.value) for one in last(found).total)
    assert found.luck is None


@pytest.mark.parametrize("least", [0.0, 0.5, 2.0])
def test_an_outcome_that_is_missing_in_part_stops_nothing(tmp_path: Path, least: float) -> None:
    """No point has a value in both replicates; below `least` none at all."""
    seeds: list[int] = []

    def torn(scenario: Any, seed: int) -> tuple[float | None, str]:
        seeds.extend([seed] * (seed not in seeds))
        one = positions(scenario, 1)[0]
        there = one >= least and seeds.index(seed) == (one > 0.75)
        return (one if there else None), "open-led" if one > 0.5 else "coexistence"

    design = {"kind": "lhs", "points": 24}
    sweep = toy_market.swept(tmp_path / "s", torn, 1, design, replicates=2)
    found = analyze(sweep)
    assert [one.name for one in found.outcomes] == ["y", "regime"]
    y = only(found, "y")
    assert (y.missing, y.luck, y.arms, y.scores) == (1.0, None, [], [])
    assert (y.runs, y.runs + y.without, y.unfinished) == ({0.0: 24, 0.5: 12}.get(least, 0), 48, 0)
    told = RUNNER.invoke(app, ["analyze", str(tmp_path / "s")])
    assert told.exit_code == 0, told.output
    assert f"{y.runs} runs with a value, {y.without} have none" in told.output
    assert "no point has a value in all replicates" in told.output
    assert "50% open-led" in told.output
    document = json.loads(RUNNER.invoke(app, ["analyze", str(tmp_path / "s"), "--json"]).stdout)
    assert document["outcomes"]["y"]["without"] == y.without
    assert (document["outcomes"]["y"]["mean"] is None) == (y.runs == 0)
    alone = RUNNER.invoke(app, ["analyze", str(tmp_path / "s"), "--outcome", "y"])
    assert alone.exit_code == 0, alone.output


def test_a_sweep_that_varies_nothing_is_refused(tmp_path: Path) -> None:
    sweep = toy_market.swept(tmp_path / "s", ishigami, 0, {"kind": "grid"})
    with pytest.raises(SweepError, match="varies nothing"):
        analyze(sweep)


@pytest.mark.system
def test_ishigami_with_luck_comes_out_of_the_store(tmp_path: Path) -> None:
    """Truth: see the values; 0.244 of the variance is of the pair, 4 of 17.8 is luck."""
    design = {"kind": "saltelli", "points": 128, "second_order": True}
    sweep = toy_market.swept(tmp_path / "s", ishigami, 3, design, replicates=2)
    found = only(analyze(sweep, "y"), "y")
    step = last(found)
    assert isinstance(step, Sobol)
    for one, truth in zip(
        [*step.first, *step.total], (0.314, 0.442, 0, 0.558, 0.442, 0.244), strict=True
    ):
        assert holds(one, truth)
        assert (one.half_width or 1.0) < 0.35
    assert holds(step.pairs[UNIT[0], UNIT[2]], 0.244)
    assert found.luck is not None
    assert holds(found.luck.share, 4 / 17.84)
    widths = [one.total[0].half_width for one in found.arms[0].steps if isinstance(one, Sobol)]
    assert len(widths) == 3
    assert (widths[-1] or 1.0) < max(one or 0.0 for one in widths[:-1])


@pytest.mark.system
def test_sobol_g_comes_out_of_the_store(tmp_path: Path) -> None:
    weights = np.array([0.0, 1.0, 4.5, 99.0])
    parts = 1 / (3 * (1 + weights) ** 2)
    whole = math.prod(1 + parts) - 1
    first = parts / whole
    total = parts * math.prod(1 + parts) / (1 + parts) / whole
    sweep = toy_market.swept(tmp_path / "s", sobol_g, 4, {"kind": "saltelli", "points": 128})
    step = last(only(analyze(sweep, "y"), "y"))
    for one, truth in zip([*step.first, *step.total], [*first, *total], strict=True):
        assert holds(one, truth, 0.01)


@pytest.mark.system
def test_noisy_words_come_out_of_the_store(tmp_path: Path) -> None:
    """Words as outcome and as factor, by indices and by scores."""
    design = {"kind": "saltelli", "points": 128, "levers": "sampled"}
    sweep = toy_market.swept(tmp_path / "a", noisy_words, 2, design, replicates=2, levers=WORDS)
    found = only(analyze(sweep, "regime"), "regime")
    step = last(found)
    assert step.names[-1] == STRATEGY
    for one, truth in zip([*step.first, *step.total], (0.2, 0, 0.4, 0.6, 0, 0.8), strict=True):
        assert holds(one, truth)
    assert found.luck is not None
    assert holds(found.luck.share, 0.09 / 0.1789)
    sweep = toy_market.swept(
        tmp_path / "b", noisy_words, 3, {"kind": "lhs", "points": 70}, replicates=3, levers=WORDS
    )
    scored = only(analyze(sweep, "regime"), "regime").scores[-1]
    assert isinstance(scored, Scores)
    assert dict(zip(scored.names, scored.clear, strict=True)) == {
        UNIT[0]: True, UNIT[1]: False, UNIT[2]: False, STRATEGY: True,
    }  # fmt: skip
    by_name = dict(zip(scored.names, scored.score, strict=True))
    assert by_name[STRATEGY].value > by_name[UNIT[0]].value > 5 * abs(by_name[UNIT[1]].value)


@pytest.mark.soak
def test_inert_factors_rarely_score_above_chance() -> None:
    """60 designs of 4 inert factors beside 2 that act: at most 10% of the inert are called clear.

    Chance is the best of 24 shuffled copies, so that an inert factor beats it once in 25 times.
    """
    factors = [Factor(name, "uncertainty", 0.5, 0.0, 1.0) for name in UNIT[:5]]
    factors.append(Factor("word", "lever", "a", values=("a", "b", "c")))
    wrong, right = 0, 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        unit = random.uniform(size=(150, 5))
        word = random.choice(["a", "b", "c"], 150)
        means = unit[:, 0] + np.abs(unit[:, 1] - 0.5) * 2 + 0.2 * random.normal(size=150)
        columns = [*unit.T.tolist(), word.tolist()]
        found = scores(factors, columns, means[:, None], np.arange(150), random)
        assert found is not None
        right += sum(found.clear[:2])
        wrong += sum(found.clear[2:])
    assert right >= 0.95 * 120
    assert wrong <= 0.1 * 240
