"""History matching finds what is planted in toy worlds, through the code that real ones use."""

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from toy_worlds import (
    FACTS,
    Memory,
    fact,
    known_share,
    linear,
    matched,
    rules,
    simulator,
    wavy,
)

from experiments.ensemble.facts import Fact, implausibility
from experiments.ensemble.folder import EnsembleFolder, StoredWaves
from experiments.ensemble.matching import Judged, Wave, answers, judge, match
from experiments.ensemble.surviving import (
    Share,
    distance,
    fact_reports,
    holm,
    outside,
    pins,
    survival,
    wave_reports,
    weighted_quantiles,
    wilson,
)
from experiments.evidence.space import Axis

SEEDS = range(24)
AXES = tuple(Axis(name, 0.0, 10.0) for name in "abcde")


@cache
def matches() -> list[tuple[list[Wave], Judged]]:
    """Matches of the linear toy over many seeds."""
    return [matched(rules(seed), linear) for seed in SEEDS]


def linear_share() -> float:
    """What of the prior the linear toy keeps."""
    return math.prod(known_share(lambda x: x, one, 3.0) for one in FACTS)


def test_the_share_that_survives_is_the_known_one() -> None:
    # Of 24 intervals of 95%, fewer than 18 hold the truth by chance once in 7,000. Their mean lies
    # more than four standard errors off once in 1,700 (Student's t).
    truth = linear_share()
    found = [survival(judged) for _, judged in matches()]
    assert sum(one.low <= truth <= one.high for one in found) >= 18
    shares = np.array([one.share for one in found])
    assert abs(shares.mean() - truth) < 4 * shares.std() / math.sqrt(len(shares))


def test_waves_narrow_and_sharpen_the_share() -> None:
    truth = linear_share()
    for waves, _ in matches()[:5]:
        volumes = [wave.drawn.volume for wave in waves]
        assert volumes[0] == 1.0
        assert truth < volumes[2] < 0.6
    three = np.array([survival(judged).share for _, judged in matches()])
    one = np.array([survival(matched(rules(s, waves=1), linear)[1]).share for s in SEEDS])
    assert three.std() < one.std()


def test_a_surrogate_that_is_mistaken_does_not_bias_the_share() -> None:
    # A polynomial cannot follow the sine, so later waves leave out part of what survives; weights
    # make up for it. Four standard errors: once in 1,300.
    def sine(place: float) -> float:
        return 0.5 + 0.5 * math.sin(15 * place)

    truth = known_share(sine, FACTS[0], 3.0) * known_share(lambda x: x, FACTS[1], 3.0)
    found = [matched(rules(seed, draws=128), wavy) for seed in range(20)]
    shares = np.array([survival(judged).share for _, judged in found])
    assert abs(shares.mean() - truth) < 4 * shares.std() / math.sqrt(len(shares))
    assert any(outside(waves, judged) > 0 for waves, judged in found)


def test_weights_are_shares_of_the_prior() -> None:
    waves, judged = matches()[0]
    assert (judged.weight[~judged.kept] == 0).all()
    assert (judged.weight[judged.kept] > 0).all()
    density = sum(
        256 / wave.drawn.volume * wave.drawn.region.holds(judged.positions) for wave in waves
    )
    assert judged.weight[judged.kept] == pytest.approx(1 / density[judged.kept])
    assert 1 < judged.effective <= judged.kept.sum()


def test_one_wave_has_equal_weights_and_wilsons_interval() -> None:
    waves, judged = matched(rules(1, waves=1), linear)
    kept = int(judged.kept.sum())
    assert np.ptp(judged.weight[judged.kept]) == 0
    found, expected = survival(judged), wilson(kept / 256, 256)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert wave_reports(waves, judged)[0].of_prior == expected
    assert found.share == pytest.approx(kept / 256)


def test_facts_pin_what_they_measure_and_nothing_else() -> None:
    # Three idle parameters, 24 matches, 5% for a false alarm in a match at most: more than 6 once
    # in 7,000. Those measured are always found.
    alarms = 0
    for _, judged in matches():
        found = {pin.axis.path: pin for pin in pins(AXES, judged)}
        assert found["a"].pinned
        assert found["b"].pinned
        assert found["a"].verdict == "well"
        low, middle, high = found["a"].interval
        assert 0.5 < low < middle < high < 5.5
        alarms += any(found[name].pinned for name in "cde")
    assert alarms <= 6


def test_a_match_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    made = rules(3)
    waves, whole = matched(made, linear)
    folder = EnsembleFolder(tmp_path)

    def stopping(wave: int, positions: np.ndarray) -> np.ndarray:
        if wave == 2:
            raise KeyboardInterrupt
        return simulator(linear, made.seed)(wave, positions)

    with pytest.raises(KeyboardInterrupt):
        match(made, StoredWaves(folder, made), stopping)
    assert (tmp_path / "wave-2.npz").is_file()
    resumed = judge(made, match(made, StoredWaves(folder, made), simulator(linear, made.seed)))
    assert (resumed.positions == whole.positions).all()
    assert (resumed.weight == whole.weight).all()
    # Once more, with every wave read from the folder.
    again = judge(made, match(made, StoredWaves(folder, made), simulator(linear, made.seed)))
    assert (again.weight == whole.weight).all()
    assert len(waves) == 3


def test_facts_that_nothing_meets_leave_nothing() -> None:
    impossible = (fact("first", 3.0, 0.03), FACTS[1])
    made = rules(1, draws=64)
    made = type(made)(impossible, made.dimensions, 64, 2, 1)
    waves, judged = matched(made, linear)
    assert not judged.kept.any()
    assert judged.effective == 0
    assert waves[1].drawn.volume == 1.0
    found = survival(judged)
    assert found.share == 0
    assert 0 < found.high < 0.07
    assert pins(AXES, judged) == []


def test_implausibility_adds_all_that_may_be_wrong() -> None:
    uneven = Fact("x", "x", "record", False, 10.0, 3.0, 1.0, 4.0)
    means = np.array([[5.0], [15.0], [np.nan]])
    found = implausibility([uneven], means, np.array([11.0]))
    assert found[0, 0] == pytest.approx(5 / math.sqrt(9 + 16 + 11))
    assert found[1, 0] == pytest.approx(5 / math.sqrt(1 + 16 + 11))
    assert found[2, 0] == math.inf


def test_replicate_noise_is_that_of_the_mean() -> None:
    # 256 worlds of 4 replicates: the estimate has a relative sd of about 7%.
    waves, _ = matches()[0]
    _, noise = answers(FACTS, waves[:1])
    assert noise == pytest.approx([0.06**2 / 4] * 2, rel=0.4)


def test_a_world_without_most_of_its_values_is_ruled_out() -> None:
    made = rules(2, waves=1, draws=32)
    [wave] = match(made, Memory(), simulator(linear, 2))
    values = wave.values.copy()
    values[0, :2, 0] = np.nan
    values[1, :1, 0] = np.nan
    judged = judge(made, [Wave(wave.drawn, values)])
    assert judged.implausibility[0, 0] == math.inf
    assert not judged.kept[0]
    assert judged.means[1, 0] == pytest.approx(values[1, 1:, 0].mean())
    told = fact_reports(made, judged)
    assert [one.unknown for one in told] == [1 / 32, *[0.0] * (len(told) - 1)]


def test_distance_and_quantiles_of_weighted_samples() -> None:
    random = np.random.default_rng(1)
    column, weight = random.random(50), random.integers(1, 4, 50)
    repeated = np.repeat(column, weight)
    expected = stats.kstest(repeated, "uniform").statistic
    assert distance(column, weight / weight.sum()) == pytest.approx(expected)
    even = weighted_quantiles(column, np.ones(50), [0.5])
    assert even[0] == pytest.approx(np.median(column))
    assert weighted_quantiles(np.array([1.0, 2.0]), np.array([1.0, 3.0]), [0.99])[0] == 2.0


def test_holm_stops_at_the_first_that_fails() -> None:
    assert holm([0.001, 0.04, 0.02]) == [True, True, True]
    assert holm([0.03, 0.02, 0.04]) == [False, False, False]


def test_wilsons_interval() -> None:
    found = wilson(0.5, 10)
    assert (found.low, found.high) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(0.3, 0) == Share(0.3, 0.0, 1.0)
