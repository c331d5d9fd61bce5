"""Identification on trials whose answer is known, gathered as a search gathers them."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from experiments.evidence.chains import CHAINS, SETTLING, STEPS, mirrored, sample
from experiments.evidence.checks import Check
from experiments.evidence.emulator import features, fit
from experiments.evidence.identification import (
    ENOUGH_TRIALS,
    Finding,
    Identification,
    as_csv,
    identify,
    pairs,
)
from experiments.evidence.loss import CalibrationError, loss
from experiments.evidence.space import Axis
from experiments.evidence.trials import Trial

PINNED, LOOSE, IDLE, FIRST, SECOND, GATHERED = AXES = (
    Axis("pinned", 0.0, 10.0),
    Axis("loose", 1.0, 4.0, log=True),
    Axis("idle", -1.0, 1.0),
    Axis("first", 4.0, 16.0, log=True),
    Axis("second", 0.002, 0.008, log=True),
    Axis("gathered", 0.0, 1.0),
)
LEVEL, PRODUCT, SLIGHT = CHECKS = tuple(
    Check(name, name, "invented", "record", "2024-12", observed=0.0, low=-1.0, high=1.0, column="x")
    for name in ("level", "product", "slight")
)


def trials(count: int) -> list[Trial]:
    """Trials that gather around the middle of `gathered`, which no fact depends on.

    The level pins `pinned` to a tenth of its range, the product of first and second is pinned,
    loose is hardly felt, idle not at all.
    """
    random = np.random.default_rng(5)
    found = []
    for index in range(count):
        places = random.random(len(AXES))
        if index % 4:
            places[-1] = 0.5 + 0.02 * random.normal()
        at = {a.path: a.value(float(p)) for a, p in zip(AXES, places, strict=True)}
        luck = random.normal(0.0, 0.1, 3)
        medians: dict[str, float | None] = {
            "level": float((at["pinned"] - 4.0) / 1.0 + luck[0]),
            "product": float(8.0 * np.log(at["first"] * at["second"] / 0.032) + luck[1]),
            "slight": float(0.3 * np.log(at["loose"] / 2.0) + luck[2]),
        }
        found.append(Trial(index, index, at, (1,), 1.0, medians, 0, 0, loss(CHECKS, medians)))
    return found


@pytest.fixture(scope="module")
def report() -> Identification:
    return identify(AXES, CHECKS, trials(220))


def finding(report: Identification, axis: Axis) -> Finding:
    (found,) = [one for one in report.findings if one.axis == axis]
    return found


def test_a_pinned_parameter_is_found_where_it_is(report: Identification) -> None:
    pinned = finding(report, PINNED)
    assert pinned.verdict == "well"
    # The band is two standard deviations either side: sd 0.5 of a range of 10, plus luck of 0.1.
    assert pinned.sd == pytest.approx(0.5, rel=0.2)
    assert pinned.interval[0] < 4.0 < pinned.interval[2]


def test_parameters_without_effect_are_not_identified(report: Identification) -> None:
    for axis in (LOOSE, IDLE, GATHERED):
        found = finding(report, axis)
        assert found.verdict == "not"
        assert found.ratio < 1.1


def test_a_pinned_product_is_known_and_its_factors_are_not(report: Identification) -> None:
    (pair,) = report.pairs
    assert pair.combination == "first x second"
    assert pair.correlation < -0.8
    # ln of the product: 0.5 / 8 over ln(4) x sqrt(2 / 12), wider by the emulator's error.
    assert pair.ratio == pytest.approx(0.11, abs=0.05)
    assert min(finding(report, axis).ratio for axis in (FIRST, SECOND)) > 0.8


def test_the_best_trials_alone_would_have_called_the_gathered_one_identified() -> None:
    """Why there is an emulator: the spread of the best trials is that of the search."""
    best = sorted(trials(220), key=lambda trial: trial.loss or 0.0)[:22]
    spread = np.std([trial.parameters["gathered"] for trial in best])
    assert spread / (1 / np.sqrt(12)) < 0.75


def test_the_number_of_trials_is_said_and_too_few_are_refused(report: Identification) -> None:
    assert (report.trials, report.enough) == (220, True)
    assert ENOUGH_TRIALS == 200
    few = trials(25)
    failed = [replace(trial, loss=None, cause="x") for trial in few[:6]]
    with pytest.raises(CalibrationError, match="not 19"):
        identify(AXES, CHECKS, [*failed, *few[6:]])


def test_facts_without_values_are_left_out_by_name() -> None:
    some = [replace(t, medians={**t.medians, "slight": None}) for t in trials(30)]
    some[0] = replace(some[0], medians={**some[0].medians, "level": None})
    report = identify(AXES, CHECKS, some)
    assert report.left_out == ("slight",)
    assert report.trials == 29
    assert not report.enough


def test_the_table_holds_all_parameters_the_best_known_first(report: Identification) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(report))))
    assert [row["parameter"] for row in rows] == [one.axis.path for one in report.findings]
    ratios = [float(row["ratio"]) for row in rows]
    assert ratios == sorted(ratios)
    assert {row["trials"] for row in rows} == {"220"}


def test_pairs_without_logarithm_have_no_combination() -> None:
    random = np.random.default_rng(1)
    one = random.random(5000)
    points = np.column_stack([one, np.clip(one + 0.1 * random.random(5000), 0, 1)])
    (pair,) = pairs((IDLE, PINNED), points)
    assert (pair.ratio, pair.combination) == (None, "idle / pinned")
    (pair,) = pairs((FIRST, SECOND), points)
    assert pair.ratio is not None
    assert pair.ratio < 0.2


def test_the_emulator_takes_the_form_that_predicts_best() -> None:
    random = np.random.default_rng(2)
    places = random.random((60, 12))
    line, product = places[:, 0] - places[:, 1], (places[:, 2] - 0.5) * (places[:, 3] - 0.5)
    noise = random.normal(0.0, 0.02, (60, 2))
    emulator = fit(places, np.column_stack([line, 4 * product]) + noise)
    products = features(places).shape[1] - 24
    assert not emulator.weights[-products:, 0].any()
    assert emulator.explained[0] > 0.98
    assert emulator.error[0] == pytest.approx(0.02, rel=0.5)
    fresh = random.random((200, 12))
    misses = emulator.predict(fresh)[:, 0] - (fresh[:, 0] - fresh[:, 1])
    assert np.abs(misses).max() < 0.1


def test_chains_sample_the_density_they_are_given() -> None:
    """A correlated normal density inside the cube; standard errors below 2% at 10^4 points."""

    def distance(points: np.ndarray) -> np.ndarray:
        x, y = (points[:, 0] - 0.5) / 0.05, (points[:, 1] - 0.5) / 0.05
        return (x**2 - 1.8 * x * y + y**2) / (1 - 0.81)

    points = sample(distance, 3, seed=1)
    assert points.shape == (CHAINS * (STEPS - SETTLING), 3)
    assert points.std(axis=0) == pytest.approx([0.05, 0.05, 12**-0.5], rel=0.1)
    assert np.corrcoef(points.T)[0, 1] == pytest.approx(0.9, abs=0.03)
    assert points.mean(axis=0) == pytest.approx([0.5] * 3, abs=0.02)
    assert mirrored(np.array([-0.2, 0.4, 1.3, 2.5])) == pytest.approx([0.2, 0.4, 0.7, 0.5])
