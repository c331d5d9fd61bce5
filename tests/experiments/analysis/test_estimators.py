"""Indices, effects, luck and scores held against known answers and against SALib.

Rates are over seeded draws: intervals claim 95%. With 150 draws a right interval falls below 90% in
fewer than 1 of 100 studies (binomial); the draws are always the same.
"""

import math
from typing import Any

import numpy as np
import pytest
from SALib.analyze import morris as salib_morris
from SALib.analyze import sobol as salib_sobol
from SALib.sample import morris as morris_sample
from SALib.sample import sobol as sobol_sample

from experiments.analysis.luck import luck_of
from experiments.analysis.morris import effects_of, screening
from experiments.analysis.sobol import Sobol, indices
from experiments.analysis.values import Floats

DRAWS = 150
NAMES = ("one", "two", "three")
PROBLEM: dict[str, Any] = {"num_vars": 3, "names": list(NAMES), "bounds": [[0.0, 1.0]] * 3}
PARTS = (0.5 * (1 + math.pi**4 / 50) ** 2, 49 / 8, 0.01 * math.pi**8 * (1 / 18 - 1 / 50))
VARIANCE = sum(PARTS)
FIRST = np.array([PARTS[0], PARTS[1], 0.0]) / VARIANCE
TOTAL = np.array([PARTS[0] + PARTS[2], PARTS[1], PARTS[2]]) / VARIANCE
"""Sobol indices of the Ishigami function, a = 7, b = 0.1."""


def ishigami(unit: Floats) -> Floats:
    """The function over the unit cube."""
    x = (2 * unit - 1) * math.pi
    return np.sin(x[:, 0]) * (1 + 0.1 * x[:, 2] ** 4) + 7 * np.sin(x[:, 1]) ** 2


def rng(seed: int = 0) -> np.random.Generator:
    """A generator."""
    return np.random.default_rng(seed)


def saltelli(base: int, seed: int, *, pairs: bool = False) -> Floats:
    """A Saltelli sample of the unit cube."""
    found: Floats = sobol_sample.sample(PROBLEM, base, calc_second_order=pairs, seed=seed)
    return found


def test_one_replicate_gives_what_salib_gives() -> None:
    values = ishigami(saltelli(256, 1, pairs=True))
    theirs = salib_sobol.analyze(PROBLEM, values, seed=1)
    ours = indices(NAMES, values.reshape(256, 8, 1, 1), rng(), pairs=True)
    assert ours is not None
    assert [one.value for one in ours.first] == pytest.approx(theirs["S1"])
    assert [one.value for one in ours.total] == pytest.approx(theirs["ST"])
    upper = theirs["S2"][np.triu_indices(3, 1)]
    assert [one.value for one in ours.pairs.values()] == pytest.approx(upper)
    widths = [one.half_width for one in (*ours.first, *ours.total)]
    assert widths == pytest.approx([*theirs["S1_conf"], *theirs["ST_conf"]], rel=0.35)


def lucky(seed: int, replicates: int, own: float, tilt: float) -> Sobol:
    """Indices of the function with shared luck, luck of each run, and luck that tilts an effect."""
    random, unit = rng(seed), saltelli(128, seed)
    values = ishigami(unit)[:, None] + random.normal(size=(len(unit), replicates)) * own
    values = values + 2 * random.normal(size=replicates)
    values = values + tilt * random.normal(size=replicates) * (unit[:, [0]] - 0.5)
    found = indices(NAMES, values.reshape(128, 5, replicates, 1), random, pairs=False)
    assert found is not None
    return found


def test_luck_that_no_resample_finds_has_no_interval() -> None:
    """Replicates that are all equal: no luck was seen, which is no proof that there is none."""
    points = np.random.default_rng(1).normal(size=(30, 1, 1))
    found = luck_of(np.repeat(points, 4, axis=1), np.arange(30), np.random.default_rng(2))
    assert found is not None
    assert found.share.value == pytest.approx(0.0, abs=1e-9)
    assert (found.share.low, found.share.high) == (None, None)


@pytest.mark.parametrize(
    ("replicates", "own", "tilt"), [(1, 0.0, 0.0), (2, 2.0, 0.0), (4, 1.0, 3.5)]
)
def test_intervals_hold_the_known_indices_whatever_the_luck(
    replicates: int, own: float, tilt: float
) -> None:
    found = [lucky(seed, replicates, own, tilt) for seed in range(DRAWS)]
    for name, truth in (("first", FIRST), ("total", TOTAL)):
        ends = np.array([[(i.low, i.high) for i in getattr(one, name)] for one in found], float)
        held = (ends[:, :, 0] <= truth) & (truth <= ends[:, :, 1])
        assert held.mean(axis=0).min() >= 0.9
        middle = np.array([[i.value for i in getattr(one, name)] for one in found]).mean(axis=0)
        assert middle == pytest.approx(truth, abs=0.04)


def test_without_replicates_luck_passes_for_interaction() -> None:
    totals = [lucky(seed, 1, 3.0, 0.0).total[2].value for seed in range(20)]
    assert np.mean(totals) > TOTAL[2] + 0.2


def test_words_are_their_indicators_together() -> None:
    """Two words: the indices of one indicator, which has half of the variance of both."""
    high = (ishigami(saltelli(256, 3)) > 5).astype(float).reshape(256, 5, 1, 1)
    one = indices(NAMES, high, rng(), pairs=False)
    both = indices(NAMES, np.concatenate([high, 1 - high], axis=3), rng(), pairs=False)
    assert one is not None
    assert both is not None
    assert [i.value for i in both.total] == pytest.approx([i.value for i in one.total])
    assert both.variance == pytest.approx(2 * one.variance)


def test_luck_alone_gives_no_indices_or_intervals_around_anything() -> None:
    """Nothing but luck: half of the time the variance of parameters comes out below zero."""
    found = []
    for seed in range(40):
        noise = rng(seed).normal(size=(64, 5, 3, 1))
        found.append(indices(NAMES, noise, rng(seed), pairs=False))
    assert 8 <= sum(one is None for one in found) <= 32


def curved(unit: Floats) -> Floats:
    """A linear factor, and two that work together."""
    return 3 * unit[:, 0] + 4 * unit[:, 1] * unit[:, 2] + 2 * unit[:, 1] ** 2


def effects(trajectories: int, seed: int) -> tuple[Floats, Floats, Floats]:
    """Sample, values and effects of the curved function."""
    unit: Floats = morris_sample.sample(PROBLEM, trajectories, 4, seed=seed)
    values = curved(unit)
    shape = (trajectories, 4)
    return unit, values, effects_of(unit.reshape(*shape, 3), values.reshape(*shape, 1, 1))


def test_effects_are_those_of_salib() -> None:
    unit, values, found = effects(12, 1)
    theirs = salib_morris.analyze(PROBLEM, unit, values, num_levels=4)
    ours = screening(NAMES, found, rng())
    for name, expected in (("mu_star", "mu_star"), ("sigma", "sigma"), ("mu", "mu")):
        got = [one.value for one in getattr(ours, name)]
        assert got == pytest.approx(list(theirs[expected]), abs=1e-9)


def test_intervals_hold_the_known_effects() -> None:
    *_, many = effects(20_000, 99)
    truth = {"mu_star": np.abs(many).mean(axis=0).ravel(), "sigma": many.std(axis=0).ravel()}
    found = [screening(NAMES, effects(10, seed)[2], rng(seed)) for seed in range(DRAWS)]
    for name in ("mu_star", "sigma"):
        for place in (1, 2):
            ends = [getattr(one, name)[place] for one in found]
            held = [one.low <= truth[name][place] <= one.high for one in ends]
            assert np.mean(held) >= 0.89
    assert all(one.sigma[0].value == 0.0 for one in found), "the first factor is linear"


def test_the_size_that_luck_alone_would_give() -> None:
    """A factor without effect: luck of sd 1 in a mean of 4, over a step of 2/3."""
    unit, _, _ = effects(400, 5)
    noise = rng(1).normal(size=(400, 4, 4, 1))
    found = screening(NAMES, effects_of(unit.reshape(400, 4, 3), noise), rng())
    expected = math.sqrt(2 / math.pi) * math.sqrt(2 / 4) * 1.5
    assert found.floor == pytest.approx([expected] * 3, rel=0.1)
    assert [one.value for one in found.mu_star] == pytest.approx([expected] * 3, rel=0.1)


def test_intervals_hold_the_known_share_of_luck() -> None:
    """Parameters 1, shared luck 0.49, own luck 0.25: luck is 0.74 of 1.74."""
    held, values = 0, []
    for seed in range(DRAWS):
        random = rng(seed)
        table = random.uniform(size=(60, 1)) * math.sqrt(12) + 0.7 * random.normal(size=8)
        table = table + 0.5 * random.normal(size=(60, 8))
        found = luck_of(table[:, :, None], np.arange(60), random)
        assert found is not None
        values.append(found.share.value)
        held += (found.share.low or 0.0) <= 0.74 / 1.74 <= (found.share.high or 1.0)
    assert held / DRAWS >= 0.9
    assert np.mean(values) == pytest.approx(0.74 / 1.74, abs=0.03)
