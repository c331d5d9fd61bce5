"""The rules of the ledger on worlds with planted truths.

Toy worlds stand for runs: the outcome of a world is a plain function of its parameters. Rates of
error are stated with each test; seeds are fixed, so that nothing here is flaky.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from experiments.claims.boxes import Box, find_box, in_box
from experiments.claims.claim import Claim, claim_of
from experiments.claims.judging import Finding, found, weighted_quantiles
from experiments.claims.sweep import Table
from experiments.claims.verdicts import (
    SOURCED,
    Driver,
    Judged,
    proven_boxes,
    share_of,
    verdict,
    verdicts,
)
from experiments.claims.worlds import CALIBRATED, RAW, Worlds
from experiments.ensemble.surviving import Share, wilson
from experiments.evidence.space import Axis
from sim.loading import load

PATHS = [f"choice.p{n}" for n in range(12)]
REPLICATES = 4


def claim(*conditions: dict[str, Any], **more: Any) -> Claim:
    """A claim on a toy outcome."""
    tree = {
        "id": "T1", "statement": "s", "question": "Q1", "cases": {"other": {}},
        "outcomes": {"y": {"column": "share_tokens_open"}},
        "conditions": list(conditions) or [{"outcome": "y", "above": 0.5}], **more,
    }  # fmt: skip
    return claim_of(tree, "t.toml", {})


def worlds(count: int, seed: int = 0) -> Worlds:
    """Even toy worlds: half calibrated, half raw."""
    values = np.random.default_rng(seed).random((2 * count, len(PATHS)))
    even = np.full(2 * count, 1.0 / count)
    return Worlds(
        load("baseline"), tuple(Axis(path, 0.0, 1.0) for path in PATHS),
        tuple(dict(zip(PATHS, row, strict=True)) for row in values.tolist()),
        (CALIBRATED,) * count + (RAW,) * count, even, even, dict.fromkeys(PATHS, True),
    )  # fmt: skip


def table(of: Worlds, base: Any, other: Any = None, noise: float = 0.0) -> Table:
    """Runs whose outcome is `base` of the parameters, `other` of them in the other case."""
    values, cases = of.values, ["base"] if other is None else ["base", "other"]
    luck = np.random.default_rng(1).normal(size=(len(values), 1, REPLICATES)) * noise
    means = np.array([[f(row) for f in (base, other) if f is not None] for row in values], float)
    y = means[:, :, None] + luck
    point, replicate = np.indices((len(values) * len(cases), REPLICATES))
    columns = {"point": point.ravel(), "replicate": replicate.ravel(), "t1_y": y.ravel()}
    return Table(pa.table(columns), cases, np.arange(len(values)), REPLICATES)


def judged(of: Worlds, one: Claim, runs: Table, linear: Table | None = None) -> Finding:
    """A finding."""
    others = {} if linear is None else {"linear": ("never saturates", linear)}
    return found(one, of, runs, others)


def test_a_claim_true_everywhere_holds_and_one_true_nowhere_fails() -> None:
    space = worlds(60)
    true = judged(space, claim(), table(space, lambda p: 0.6 + 0.1 * p[0], noise=0.05))
    false = judged(space, claim(), table(space, lambda p: 0.4 - 0.1 * p[0], noise=0.05))
    given = verdicts({"true": true.judged, "false": false.judged})
    assert given["true"][0] == "holds broadly"
    assert given["false"][0] == "fails broadly"
    assert true.effect.middle == pytest.approx(0.65, abs=0.03)


@pytest.mark.system
def test_a_claim_true_in_a_box_comes_out_with_that_box() -> None:
    """In both spaces; at these sizes the box's density is proven in practically every space."""

    def holds(p: Any) -> float:
        return float(p[2] > 0.45 and p[5] < 0.6)

    for seed in range(2):
        space = worlds(300, seed)
        finding = judged(space, claim(), table(space, holds))
        box = finding.judged.box
        assert box is not None
        assert {PATHS[2], PATHS[5]} <= set(box.limits)
        assert box.limits[PATHS[2]][0] == pytest.approx(0.45, abs=0.08)
        assert box.limits[PATHS[5]][1] == pytest.approx(0.6, abs=0.08)
        assert box.density > 0.9
        assert box.overall == pytest.approx(0.55 * 0.6, abs=0.07)
        assert verdicts({"T1": finding.judged})["T1"][0] == "holds under stated conditions"


@pytest.mark.system
def test_a_coin_is_not_identified() -> None:
    """Six claims that are coins: a box or a broad verdict for one would be wrong.

    Boxes are wrong for one of them in 5% of such sets; the set is fixed.
    """
    space = worlds(150, 3)
    findings = {}
    for number in range(6):
        coin = np.random.default_rng(100 + number).random(300) < 0.5
        place = {tuple(row): float(flip) for row, flip in zip(space.values, coin, strict=True)}
        runs = table(space, lambda p, place=place: place[tuple(p)])
        findings[f"T{number}"] = judged(space, claim(), runs).judged
    assert {given for given, _ in verdicts(findings).values()} == {"not identified"}


def test_pairs_are_compared_world_by_world() -> None:
    space = worlds(60)
    paired = claim({"outcome": "y", "case": "other", "less": "base", "above": 0.1})
    runs = table(space, lambda p: 10 * p[0], lambda p: 10 * p[0] + 0.2, noise=1.0)
    finding = judged(space, paired, runs)
    assert finding.judged.share.share == 1.0
    assert finding.effect.middle == pytest.approx(0.2)
    relative = claim(
        {"outcome": "y", "case": "other", "less": "base", "relative": True, "above": 0.5}
    )
    doubled = judged(space, relative, table(space, lambda p: 1 + p[0], lambda p: 2 + 2 * p[0]))
    assert doubled.effect.middle == pytest.approx(1.0)


def test_one_condition_is_enough_where_the_claim_says_so() -> None:
    space = worlds(40)
    both = [{"outcome": "y", "above": 0.5}, {"outcome": "y", "below": -5.0}]
    runs = table(space, lambda _: 0.7)
    assert judged(space, claim(*both), runs).judged.share.share == 0.0
    assert judged(space, claim(*both, any=True), runs).judged.share.share == 1.0


def test_a_failed_run_takes_its_world_out() -> None:
    space = worlds(40)
    runs = table(space, lambda _: 0.7)
    short = Table(runs.outcomes.slice(3), runs.cases, runs.rows, runs.replicates)
    finding = judged(space, claim(), short)
    assert (finding.worlds, finding.missing) == (39, 1)


def test_each_condition_has_its_own_size_and_worlds_without_one_are_counted() -> None:
    of = worlds(40)
    made = table(of, lambda row: row[0])
    numbers = made.outcomes["t1_y"].to_pylist()
    numbers[0] = numbers[41 * REPLICATES] = None
    column = made.outcomes.column_names.index("t1_y")
    torn = made.outcomes.set_column(column, "t1_y", pa.array(numbers, pa.float64()))
    gappy = Table(torn, made.cases, made.rows, made.replicates)
    two = claim({"outcome": "y", "above": -1.0, "words": "met"}, {"outcome": "y", "above": 2.0})
    finding = found(two, of, gappy, {})
    assert (finding.worlds, finding.missing, finding.raw_worlds, finding.raw_missing) == (
        39,
        1,
        39,
        1,
    )
    assert finding.each == (1.0, 0.0)
    assert [one.worlds for one in finding.sizes] == [39, 39]
    assert finding.sizes[0].words == "met"
    known = [np.mean(numbers[w * REPLICATES : (w + 1) * REPLICATES]) for w in range(1, 40)]
    assert finding.sizes[1].middle == pytest.approx(np.median(known))


def test_a_share_and_the_one_before_rest_on_the_same_worlds() -> None:
    of = worlds(20)
    made, rows = table(of, lambda row: row[0]), np.arange(10)
    switched = made.of(rows)
    numbers = switched.outcomes["t1_y"].to_pylist()
    numbers[: 4 * REPLICATES] = [None] * 4 * REPLICATES
    column = switched.outcomes.column_names.index("t1_y")
    torn = switched.outcomes.set_column(column, "t1_y", pa.array(numbers, pa.float64()))
    other = Table(torn, switched.cases, rows, REPLICATES)
    (one,) = found(claim(), of, made, {"x": ("something is off", other)}).switched
    assert one.worlds == 6
    assert one.before == one.share
    assert one.before.share == pytest.approx(np.mean(of.values[4:10, 0] > 0.5))


def test_a_quality_that_never_saturates_can_turn_the_answer() -> None:
    space = worlds(60)
    runs, other = table(space, lambda _: 0.9), table(space, lambda _: 0.1)
    finding = judged(space, claim(), runs, other)
    given, reason = verdicts({"T1": finding.judged})["T1"]
    assert given == "not identified"
    assert "never saturates" in reason


def one(share: Share, **more: Any) -> Judged:
    """A claim with nothing but a share."""
    facts: dict[str, Any] = {
        "share": share,
        "raw": share,
        "linear": None,
        "early": None,
        "box": None,
        "drivers": (),
    }
    return Judged(**{**facts, **more})


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.75, 0.9, "holds broadly"), (0.7499, 0.9, "not identified"),
        (0.1, 0.25, "fails broadly"), (0.1, 0.2501, "not identified"),
    ],
)  # fmt: skip
def test_bounds_of_broad_verdicts(low: float, high: float, said: str) -> None:
    assert verdict(one(Share((low + high) / 2, low, high)), box_proven=False)[0] == said


def test_an_unpinned_driver_turns_the_answer_and_a_pinned_one_does_not() -> None:
    share = Share(0.9, 0.8, 0.95)
    driver = Driver("choice.theta", -0.6, 1.0, 0.4, 0.001, pinned=False)
    given, reason = verdict(one(share, drivers=(driver,)), box_proven=False)
    assert given == "not identified"
    assert "choice.theta" in reason
    pinned = Driver("choice.theta", -0.6, 1.0, 0.4, 0.001, pinned=True)
    assert verdict(one(share, drivers=(pinned,)), box_proven=False)[0] == "holds broadly"
    box = Box({"choice.theta": (0.0, 0.5)}, 40, 1.0, 0.6, 1e-6, 0.5)
    middle = one(Share(0.6, 0.5, 0.7), drivers=(driver,), box=box)
    assert verdict(middle, box_proven=True)[0] == "holds under stated conditions"
    assert verdict(middle, box_proven=False)[0] == "not identified"


def test_what_cannot_be_known_is_never_a_verdict() -> None:
    known = one(Share(1.0, 0.95, 1.0), identified="never measured")
    assert verdict(known, box_proven=True) == ("not identified", "never measured")


def test_boxes_are_corrected_over_all_claims() -> None:
    def box(p_value: float, worlds: int = 40, coverage: float = 0.5) -> Box:
        return Box({"a": (0.0, 1.0)}, worlds, 0.95, coverage, p_value, 0.5)

    assert proven_boxes({"a": box(0.04), "b": box(0.03)}) == set()
    assert proven_boxes({"a": box(0.04), "b": box(0.02)}) == {"a", "b"}
    assert proven_boxes({"a": box(0.001, worlds=29), "b": None}) == set()
    assert proven_boxes({"a": box(0.001, coverage=0.29)}) == set()


def test_shares_are_wilsons_at_the_effective_number() -> None:
    weights = np.array([0.5, 0.25, 0.25])
    found_ = share_of(np.array([True, False, False]), weights)
    assert found_ == wilson(0.5, 1 / (0.25 + 0.0625 + 0.0625))
    assert np.isnan(share_of(np.zeros(0, bool), np.zeros(0)).share)
    assert weighted_quantiles(np.array([1.0, 2.0, 3.0]), weights, (0.5,))[0] == pytest.approx(
        1.0 + 0.25 / 0.375
    )


def test_boxes_need_worlds_on_both_sides() -> None:
    values = np.random.default_rng(0).random((100, 3))
    assert find_box(["a", "b", "c"], values, np.ones(100, bool), 1) is None
    assert in_box(["a", "b", "c"], values, {"b": (0.0, 0.5)}).sum() == (values[:, 1] <= 0.5).sum()


def test_what_is_reported_decides_nothing() -> None:
    space = worlds(60)
    tree = {"outcome": "y", "case": "other", "less": "base", "words": "more"}
    one = claim(reported=[tree, {**tree, "above": 0.6}])
    runs = table(space, lambda _: 0.7, lambda p: 0.7 + p[0])
    finding = judged(space, one, runs)
    assert finding.judged.share.share == 1.0
    (size, unbounded), (_, share) = finding.reported
    assert size.words == "more"
    assert size.middle == pytest.approx(0.5, abs=0.1)
    assert np.isnan(unbounded)
    assert share == pytest.approx(np.mean(space.values[:60, 0] > 0.6))
    assert [case.name for case in one.cases] == ["base", "other"]
    assert [case.name for case in one.decisive] == ["base"]
    assert not one.paired


def test_further_worlds_are_joined_case_by_case() -> None:
    """Two tables of other worlds, one of two cases, are one table of the case they share."""
    space = worlds(6)
    runs = table(space, lambda row: row[0], lambda row: -row[0])
    few, more = runs.of(np.array([0, 2, 7])), runs.of(np.array([1, 11]))
    both = few.only("base").with_more(more.only("base"))
    assert both.cases == ["base"]
    assert both.rows.tolist() == [0, 2, 7, 1, 11]
    assert both.failed() == 0
    expected = np.repeat(space.values[both.rows, :1], REPLICATES, axis=1)
    assert both.values("t1_y")["base"] == pytest.approx(expected)


def test_a_claim_that_looks_uses_the_weights_of_all_worlds() -> None:
    space = worlds(30)
    one = claim()
    assert one.looks
    held = table(space, lambda row: row[0])
    heavy = np.where(space.values[:, 0] > 0.5, 1.0, 0.0)
    weighed = replace(space, weights=1.0 - heavy, wide_weights=heavy)
    assert judged(weighed, one, held).judged.share.share == 1.0
    compares = claim({"outcome": "y", "case": "other", "less": "base", "above": 0.5})
    assert not compares.looks
    both = table(space, lambda row: 0.0 * row[0], lambda row: row[0])
    assert judged(weighed, compares, both).judged.share.share == 0.0


@pytest.mark.parametrize(("low", "high"), [(0.8, 0.9), (0.0, 0.1), (0.4, 0.6)])
def test_worlds_that_met_no_facts_are_not_called_plausible(low: float, high: float) -> None:
    judged = one(Share((low + high) / 2, low, high))
    assert "% of plausible worlds" in verdict(judged, box_proven=False)[1]
    assert "% of worlds of the sourced ranges" in verdict(judged, False, SOURCED)[1]
    assert "sourced" in verdicts({"C": judged}, SOURCED)["C"][1]
