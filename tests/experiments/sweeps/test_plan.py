"""Plans: run ids are those of the scenarios really built, luck is shared between points."""

from typing import Any

import pytest
import sweeping
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.sweeps import plan as plans
from experiments.sweeps.experiment import Experiment
from experiments.sweeps.factors import ExperimentError
from experiments.sweeps.plan import Worlds, plan, points_of, replicate_seed, run_ids
from sim.loading import load, run_id

VERSION = "0123456789abcdef"
EVENT = {"month": "2023-02", "kind": "price-cut", "target": "openai", "magnitude": 0.5}
WORLDS: dict[str, Any] = {"now": {}, "opened": "all-open", "cut": {"events": [EVENT]}}
EVERY_KIND: dict[str, Any] = {
    "choice.theta": [3.0, 4],
    "choice.risk_weight": {"low": 0.1, "high": 0.7},
    "enterprise.population": {"low": 50, "high": 60},
    "capability.ceiling": ["none", 20.0],
    "vendors.meta.tuning": {},
    "vendors.meta.strategy": ["open", "closed"],
    "vendors.meta.enters": ["2023-01", "2023-03"],
    "platforms.house-cloud.owner": ["none", "meta"],
    "bands.micro.slots": [1, 2],
}


def runs_of(experiment: Experiment) -> list[dict[str, Any]]:
    """The runs of a plan."""
    found: list[dict[str, Any]] = plan(experiment, VERSION).to_pylist()
    return found


def check_ids(experiment: Experiment) -> None:
    """Hold every run id of a plan against that of the scenario loaded from its files."""
    built: dict[int, Any] = {}
    for row in runs_of(experiment):
        world = WORLDS[row["world"]] if "world" in row else {}
        source, changes = (world, {}) if isinstance(world, str) else ("baseline", world)
        values = {f.name: row[f.name] for f in experiment.factors if f.options is None}
        fixed = {"months": 3, "enterprise.population": 50}
        if row["point"] not in built:
            built[row["point"]] = load(source, {**fixed, **changes, **values})
        assert row["run_id"] == run_id(built[row["point"]], row["seed"], VERSION)


@pytest.mark.parametrize("path", EVERY_KIND)
def test_run_ids_are_those_of_the_scenarios_built(path: str) -> None:
    levers = {} if path == "enterprise.population" else {"world": {"options": WORLDS}}
    fixed = {} if path == "enterprise.population" else {"enterprise.population": 50}
    check_ids(
        sweeping.declared(uncertainties={path: EVERY_KIND[path]}, levers=levers, settings=fixed)
    )


@settings(derandomize=True, deadline=None, max_examples=10)
@given(paths=st.sets(st.sampled_from(sorted(EVERY_KIND)), max_size=6), replicates=st.integers(1, 3))
def test_run_ids_of_several_factors(paths: set[str], replicates: int) -> None:
    fixed = {} if "enterprise.population" in paths else {"enterprise.population": 50}
    levers = {"world": {"options": WORLDS}} if len(paths) < 5 else {}
    design = {"kind": "lhs", "points": 2} if paths else {"kind": "grid"}
    uncertain = {path: EVERY_KIND[path] for path in paths}
    check_ids(
        sweeping.declared(
            uncertainties=uncertain, levers=levers, settings=fixed, design=design,
            replicates=replicates,
        )
    )  # fmt: skip


def test_a_replicate_has_one_seed_at_all_points() -> None:
    runs = runs_of(sweeping.declared(replicates=3))
    seeds = [sorted({row["seed"] for row in runs if row["replicate"] == r}) for r in range(3)]
    assert seeds == [[replicate_seed(7, r)] for r in range(3)]
    assert len({seed for (seed,) in seeds}) == 3
    assert all(0 <= seed < 2**63 for (seed,) in seeds)


def test_seeds_do_not_repeat_between_replicates_or_sweeps() -> None:
    seeds = {replicate_seed(root, r) for root in range(100) for r in range(100)}
    assert len(seeds) == 10_000


def test_more_replicates_or_points_keep_the_earlier_runs() -> None:
    design = {"kind": "sobol", "points": 2}
    theta = {"choice.theta": {"low": 3.0, "high": 9.0}}
    first = sweeping.declared(design=design, uncertainties=theta)
    before = runs_of(first)
    more = runs_of(sweeping.declared(design=design, uncertainties=theta, replicates=5))
    assert more[: len(before)] == before
    assert len({row["run_id"] for row in more}) == len(more) == 5 * 4
    points = points_of(first, [2, 4])
    seeds = [replicate_seed(7, r) for r in range(2)]
    longer = run_ids(first, points, seeds, VERSION).to_pylist()
    assert points.num_rows == 6 * 2
    assert longer[:4] == [row["run_id"] for row in before[:4]]
    assert longer[12:16] == [row["run_id"] for row in before[4:]]


def test_points_and_replicates_are_numbered() -> None:
    runs = runs_of(sweeping.declared())
    assert [row["point"] for row in runs] == [0, 1, 2, 3, 4, 5] * 2
    assert [row["replicate"] for row in runs] == [0] * 6 + [1] * 6
    assert list(runs[0])[:6] == ["run_id", "point", "draw", "arm", "replicate", "seed"]


def test_points_that_repeat_are_one_run() -> None:
    design = {"kind": "morris", "trajectories": 6, "levels": 2}
    runs = runs_of(sweeping.declared(design=design, levers={}, replicates=1))
    assert len(runs) == 12
    assert len({row["run_id"] for row in runs}) == len({row["choice.theta"] for row in runs}) == 2


def test_a_point_that_is_impossible_is_named() -> None:
    shortest = {"enterprise.review_shortest": [1, 30]}
    with pytest.raises(
        ExperimentError, match=r"at enterprise.review_shortest = 30, world = 'now':"
    ):
        plan(sweeping.declared(uncertainties=shortest), VERSION)


def test_a_parameter_that_only_some_worlds_have_is_refused() -> None:
    like_meta = load("baseline").vendors["meta"].model_dump()
    newcomer = {"vendors": {"newco": {**like_meta, "name": "Newco"}}}
    options = {"world": {"options": {"entry": newcomer, "now": {}}}}
    strategy = {"vendors.newco.strategy": ["open", "closed"]}
    with pytest.raises(ExperimentError, match="world = 'now': 'newco' is missing"):
        plan(sweeping.declared(uncertainties=strategy, levers=options), VERSION)


def test_too_many_runs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "MOST_RUNS", 11)
    with pytest.raises(ExperimentError, match="12 runs are too many; a sweep has up to 11"):
        plan(sweeping.declared(), VERSION)


def test_worlds_are_made_once() -> None:
    worlds = Worlds(sweeping.declared())
    row = {"choice.theta": 4.5, "world": "opened"}
    assert worlds.of(row) is worlds.of({**row, "choice.theta": 5.0})
    assert worlds.scenario(row).choice.theta == 4.5
    assert worlds.scenario({**row, "choice.theta": 5.0}).choice.theta == 5.0
