"""Ensembles of the real model: their runs, their folder, what other experiments read of them."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tiny_ensemble import DRAWS, FIRMS, REPLICATES, made, tiny

from experiments import ensemble
from experiments.ensemble.building import uncertain
from experiments.ensemble.facts import key_facts
from experiments.ensemble.folder import EnsembleError, EnsembleFolder
from experiments.ensemble.outlook import LEVELS, outlook
from experiments.ensemble.runs import fact_values
from experiments.evidence.checks import FREE, RECORD, all_checks
from experiments.evidence.validation import measure
from experiments.sweeps.folder import SweepError, SweepFolder
from sim.catalogue import catalogue
from sim.loading import load, run_id
from sim.version import model_version


def test_every_declared_uncertainty_is_drawn() -> None:
    declared = [row.path for row in catalogue() if row.plausible and "[]" not in row.path]
    axes = uncertain(load("baseline"))
    assert [axis.path for axis in axes] == declared
    held = uncertain(load("baseline"), {"choice.theta"})
    assert set(declared) - {axis.path for axis in held} == {"choice.theta"}
    logs = {axis.path: axis.log for axis in axes}
    assert logs["choice.theta"]
    assert logs["adoption.imitation"]
    assert not logs["capability.kappa"]
    assert not logs["usage.tuned_gain"]


def test_facts_are_outputs_of_the_runs_that_answer_them() -> None:
    facts = {fact.id: fact for fact in key_facts()}
    assert len(facts) == sum(check.key for check in all_checks())
    capability = [name for name in facts if name.startswith("gap-")]
    assert {facts[name].run for name in capability} == {FREE}
    assert {fact.run for name, fact in facts.items() if name not in capability} == {RECORD}
    assert all(fact.discrepancy > 0 for fact in facts.values())
    fall = facts["price-fall"]
    assert fall.observed == pytest.approx(np.log(10.0))
    assert fall.below == pytest.approx(np.log(10.0 / 4.0) / 2)


def test_an_observation_at_an_edge_has_room_on_both_sides() -> None:
    edge = next(fact for fact in key_facts() if fact.id == "any-open")
    assert edge.above == pytest.approx(0.25 * 0.15 / 2)
    assert edge.below == pytest.approx(0.13 / 2)


def test_a_wave_gives_what_validation_measures(built: EnsembleFolder) -> None:
    plan = tiny()
    values = fact_values(built.wave_path(1), plan.facts, DRAWS)
    worlds = ensemble.prior(built.path)
    changes = {**ensemble.settings(worlds)[1], "enterprise.population": FIRMS}
    design = SweepFolder(built.wave_path(1)).design()
    seed = design["seed"].to_pylist()[-1]
    expected = measure("baseline", changes, seed)
    assert values[1, -1].tolist() == [expected[fact.id] for fact in plan.facts]


def test_members_and_prior(built: EnsembleFolder) -> None:
    kept, prior = ensemble.members(built.path), ensemble.prior(built.path)
    assert prior.num_rows == DRAWS
    assert prior["weight"].to_pylist() == pytest.approx([1 / 3] * 3)
    assert kept.num_rows == 1  # of three that survive, one at most is run to the end
    assert sum(kept["weight"].to_pylist()) == pytest.approx(1.0)
    assert ensemble.effective_size(kept) == pytest.approx(1.0)
    assert len(ensemble.parameters(kept)) == len(uncertain(load("baseline")))
    largest, squares = (prior[name].to_numpy() for name in ("implausibility", "misfit"))
    assert (largest**2 <= squares).all()
    assert (squares <= 2 * largest**2).all()
    assert [bool(ids) for ids in prior["run_ids"].to_pylist()] == [True, False, False]


def test_run_ids_name_the_runs_of_the_settings(built: EnsembleFolder) -> None:
    kept = ensemble.members(built.path)
    sweep = ensemble.sweep(built.path)
    seeds = {row["run_id"]: row["seed"] for row in sweep.design.to_pylist()}
    for row, changes in zip(kept.to_pylist(), ensemble.settings(kept), strict=True):
        world = {**changes, "enterprise.population": FIRMS, "months": 96}
        scenario = load(ensemble.base(built.path), world)
        assert len(row["run_ids"]) == REPLICATES
        for one in row["run_ids"]:
            assert run_id(scenario, seeds[one], model_version()) == one


def test_members_are_run_on_other_luck_than_they_were_chosen_by(built: EnsembleFolder) -> None:
    waves, worlds = (SweepFolder(p).design() for p in (built.wave_path(1), built.worlds_path))
    assert not set(waves["seed"].to_pylist()) & set(worlds["seed"].to_pylist())


def test_the_fan_is_that_of_the_runs(built: EnsembleFolder) -> None:
    found, raw = outlook(built.path)
    assert found.worlds == raw.worlds == 1
    outcomes = ensemble.sweep(built.path).table("market", ["month", "share_tokens_open"])
    kept = {one for ids in ensemble.members(built.path)["run_ids"].to_pylist() for one in ids}
    last = [
        row["share_tokens_open"]
        for row in outcomes.to_pylist()
        if row["month"] == 95 and row["run_id"] in kept
    ]
    assert len(last) == REPLICATES
    middle = found.fans["share_tokens_open"].quantiles[LEVELS.index(0.5), 95]
    assert middle == pytest.approx(np.median(last))


def test_a_finished_ensemble_is_not_run_again(built: EnsembleFolder) -> None:
    before = built.draws_path.read_bytes()
    made(built.path)
    assert built.draws_path.read_bytes() == before


def test_other_questions_and_strange_folders_are_refused(
    built: EnsembleFolder, tmp_path: Path
) -> None:
    other = replace(tiny(), seed=6)
    with pytest.raises(EnsembleError, match="the seed changed"):
        built.prepare(other.identity(model_version()), "")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(EnsembleError, match="no ensemble; name another"):
        EnsembleFolder(tmp_path).prepare({}, "")
    with pytest.raises(EnsembleError, match="holds no ensemble"):
        ensemble.members(tmp_path)


def test_unfinished_and_damaged_ensembles_are_said(built: EnsembleFolder, tmp_path: Path) -> None:
    copy = EnsembleFolder(tmp_path / "copy")
    shutil.copytree(built.path, copy.path)
    copy.draws_path.write_bytes(b"PAR1 not")
    with pytest.raises(EnsembleError, match="missing or damaged"):
        ensemble.members(copy.path)
    copy.summary_path.unlink()
    with pytest.raises(EnsembleError, match="not finished"):
        ensemble.members(copy.path)
    (copy.path / "wave-1.npz").write_bytes(b"nothing")
    with pytest.raises(EnsembleError, match=r"wave-1\.npz is damaged"):
        made(copy.path)


def test_worlds_without_survivors_forecast_nothing(built: EnsembleFolder, tmp_path: Path) -> None:
    copy = EnsembleFolder(tmp_path / "copy")
    shutil.copytree(built.path, copy.path)
    draws = copy.draws()
    none = pa.array(np.zeros(draws.num_rows))
    copy.put_table(copy.draws_path, draws.set_column(3, "weight", none))
    assert ensemble.members(copy.path).num_rows == 0
    with pytest.raises(EnsembleError, match="nothing to forecast"):
        outlook(copy.path)


def test_only_one_process_builds(built: EnsembleFolder) -> None:
    with built.alone(), pytest.raises(EnsembleError, match="another process"), built.alone():
        pass


def test_runs_that_all_failed_are_said(tmp_path: Path) -> None:
    with pytest.raises(SweepError):
        fact_values(tmp_path, tiny().facts, 1)
