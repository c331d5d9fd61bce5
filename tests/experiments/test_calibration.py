"""The search: stored trials, resuming, refusals and confirmation, with an invented world."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from experiments.evidence import calibration
from experiments.evidence.calibration import (
    Confirmed,
    Plan,
    Settings,
    as_scenario,
    confirm,
    explores,
    fresh_seeds,
    ranked,
    run_job,
    search,
    search_seeds,
)
from experiments.evidence.calibration_folder import (
    CalibrationFolder,
    changes,
    default_path,
    identity_of,
)
from experiments.evidence.checks import Values, all_checks
from experiments.evidence.loss import CalibrationError
from experiments.evidence.space import build_space, starting_point
from experiments.evidence.trials import STUDY, Trial, Trials
from experiments.workers import Here
from sim.loading import load

CHECKS = all_checks()
BASELINE = load("baseline")
SETTINGS = Settings(enterprises=60, seeds=2, root_seed=1, rotate=False, explore=0.25)
OVER = "choice.theta,capability.kappa,capability.catch_up"


def invented(scenario: str, overrides: Mapping[str, Any], seed: int) -> Values:
    """A world that meets all facts at theta 10 and kappa 0.2, with a little luck."""
    assert scenario == "baseline"
    off = (overrides["choice.theta"] - 10) / 4 + (overrides["capability.kappa"] - 0.2) / 0.05
    luck = (seed % 7 - 3) / 100
    return {
        check.id: check.observed + (check.high - check.observed) * (off + luck) for check in CHECKS
    }


@pytest.fixture(autouse=True)
def _invented_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "measure", invented)


def plan_of(trials: int, settings: Settings = SETTINGS) -> Plan:
    axes = build_space(OVER, None, BASELINE)
    return Plan("baseline", starting_point(axes, BASELINE)[0], axes, CHECKS, settings, trials)


def searched(journal: Path, trials: int, settings: Settings = SETTINGS) -> list[Trial]:
    """Trials after a search in a journal."""
    store = Trials(journal, write=True)
    search(plan_of(trials, settings), store, Here(run_job))
    return store.records()


def timeless(trials: list[Trial]) -> list[Trial]:
    return [replace(trial, seconds=0.0, number=0) for trial in trials]


def test_the_first_trial_is_the_start_and_every_trial_says_all(tmp_path: Path) -> None:
    first, second = searched(tmp_path / "j", 2)
    assert first.parameters == plan_of(1).start
    assert first.seeds == second.seeds == search_seeds(SETTINGS, 0)
    assert len(set(first.seeds)) == 2
    assert set(second.medians) == {check.id for check in CHECKS}
    assert second.hits == sum(check.holds(second.medians[check.id]) for check in CHECKS)
    assert second.loss is not None
    assert second.loss > 0
    assert second.parameters != first.parameters


def test_a_search_in_pieces_equals_one_in_one_go_and_comes_nearer(tmp_path: Path) -> None:
    whole = searched(tmp_path / "whole", 22)
    searched(tmp_path / "pieces", 9)
    store = Trials(tmp_path / "pieces", write=True)
    with pytest.raises(KeyboardInterrupt):
        search(plan_of(22), store, Here(run_job), on_done=interrupt_at(15))
    store.ask(plan_of(22).axes, calibration.even_sampler(1), None)
    with (tmp_path / "pieces").open("ab") as journal:
        journal.write(b'{"op_code":6,"worke')
    pieces = searched(tmp_path / "pieces", 22)
    assert timeless(pieces) == timeless(whole)
    assert [trial.index for trial in whole] == list(range(22))
    assert len({trial.parameters["choice.theta"] for trial in whole}) == 22
    assert (ranked(whole)[0].loss or 9) < 0.3 * (whole[0].loss or 0)


def interrupt_at(index: int) -> Any:
    """A callback that interrupts after one trial."""

    def on_done(trial: Trial) -> None:
        if trial.index == index:
            raise KeyboardInterrupt

    return on_done


def test_what_a_stopped_search_left_unfinished_is_closed(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    store = Trials(journal, write=True)
    store.ask(plan_of(1).axes, calibration.even_sampler(1), None)
    storage = JournalStorage(JournalFileBackend(str(journal)))
    study = optuna.load_study(study_name=STUDY, storage=storage)
    assert [trial.state for trial in study.get_trials()] == [TrialState.RUNNING]
    assert Trials(journal, write=True).records() == []
    assert [trial.state for trial in study.get_trials()] == [TrialState.FAIL]


def test_another_root_seed_tries_other_settings_and_seeds(tmp_path: Path) -> None:
    one = searched(tmp_path / "one", 3)
    two = searched(tmp_path / "two", 3, replace(SETTINGS, root_seed=2))
    assert one[0].parameters == two[0].parameters
    assert one[1].parameters != two[1].parameters
    assert not {*one[0].seeds} & {*two[0].seeds}


def test_replicates_rotate_on_request_and_fresh_seeds_are_fresh() -> None:
    rotating = replace(SETTINGS, rotate=True)
    seen = {seed for index in range(50) for seed in search_seeds(rotating, index)}
    assert len(seen) == 100
    seen |= {*search_seeds(SETTINGS, 0)}
    fresh = fresh_seeds(SETTINGS, 10)
    assert len({*fresh} - seen) == 10
    assert fresh[:4] == fresh_seeds(SETTINGS, 4)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_share_of_even_trials_is_the_one_asked_for(share: float) -> None:
    even = [explores(replace(SETTINGS, explore=share), index) for index in range(1000)]
    assert sum(even) == 1000 * share


def test_a_failing_trial_is_kept_with_its_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sometimes(scenario: str, overrides: Mapping[str, Any], seed: int) -> Values:
        if overrides["choice.theta"] > 8:
            raise ZeroDivisionError("no market")
        return invented(scenario, overrides, seed)

    monkeypatch.setattr(calibration, "measure", sometimes)
    records = searched(tmp_path / "j", 12)
    failed = [trial for trial in records if trial.loss is None]
    assert 0 < len(failed) < 12
    assert all(t.cause == "ZeroDivisionError: no market" and t.seeds for t in failed)
    assert all(t.parameters["choice.theta"] > 8 for t in failed)
    assert failed[0] not in ranked(records)
    assert searched(tmp_path / "j", 12) == records


def test_finalists_are_chosen_by_hits_on_fresh_seeds_and_not_measured_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, store = plan_of(20), Trials(tmp_path / "j", write=True)
    search(plan, store, Here(run_job))
    seen: list[int] = []

    def counted(scenario: str, overrides: Mapping[str, Any], seed: int) -> Values:
        seen.append(seed)
        return invented(scenario, overrides, seed)

    monkeypatch.setattr(calibration, "measure", counted)
    found = confirm(plan, store, Here(run_job), 3)
    assert {*seen} == {*fresh_seeds(SETTINGS, 3)}
    assert len(seen) == 3 * len(found)
    assert 0 in {one.trial.index for one in found}
    assert found == sorted(found, key=lambda one: one.rank, reverse=True)
    assert confirm(plan, Trials(tmp_path / "j", write=True), Here(run_job), 3) == found
    assert len(seen) == 3 * len(found)
    confirm(plan, store, Here(run_job), 4)
    assert len(seen) == 4 * len(found)


def test_hits_rank_before_key_hits_before_the_loss(tmp_path: Path) -> None:
    (trial,) = searched(tmp_path / "j", 1)
    low, key, near = (
        Confirmed(trial, {}, 20, 9, 0.1),
        Confirmed(trial, {}, 21, 8, 0.9),
        Confirmed(trial, {}, 21, 8, 0.5),
    )
    best = Confirmed(trial, {}, 21, 9, 2.0)
    order = sorted([low, key, near, best], key=lambda one: one.rank, reverse=True)
    assert order == [best, near, key, low]


def test_the_best_setting_is_a_scenario(tmp_path: Path) -> None:
    trial = searched(tmp_path / "j", 2)[1]
    file = tmp_path / "best.toml"
    file.write_text(as_scenario(plan_of(2), "baseline", True, trial, "short"))
    assert 'extends = "baseline"' in file.read_text()
    short = load(file)
    assert short.choice.theta == trial.parameters["choice.theta"]
    assert short.capability.kappa == trial.parameters["capability.kappa"]
    assert short.enterprise.population == BASELINE.enterprise.population
    file.write_text(as_scenario(plan_of(2), "world.toml", True, trial, "in full"))
    assert load(file).choice == short.choice
    assert load(file).summary == "in full"


def identity(**changed: Any) -> dict[str, Any]:
    """What a calibration is, with some of it changed."""
    parts: dict[str, Any] = {
        "scenario": BASELINE, "settings": asdict(SETTINGS),
        "axes": build_space(OVER, None, BASELINE), "checks": CHECKS, "model_version": "a" * 16,
    }  # fmt: skip
    return identity_of(**{**parts, **changed})


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[CalibrationFolder]:
    made = CalibrationFolder(tmp_path / "made")
    made.prepare(identity(), "name = 'x'\n")
    yield made
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"axes": build_space("choice.theta", None, BASELINE)}, "capability.kappa .now absent"),
        ({"axes": build_space(f"{OVER},host.markup", None, BASELINE)}, "host.markup .now present"),
        ({"checks": CHECKS[1:]}, f"the fact {CHECKS[0].id} .now absent"),
        ({"checks": (replace(CHECKS[0], high=0.5), *CHECKS[1:])}, "high 0.45 .now 0.5"),
        ({"model_version": "b" * 16}, "version of the model .aaaaaaaa then, bbbbbbbb now"),
        ({"settings": asdict(replace(SETTINGS, seeds=5))}, "seeds 2 .now 5"),
        ({"scenario": load("baseline", {"choice.holding": 8.0})}, "another scenario"),
    ],
)
def test_a_folder_of_another_calibration_is_refused(
    folder: CalibrationFolder, changed: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(CalibrationError, match=sentence) as refusal:
        folder.prepare(identity(**changed), "")
    assert "--out outputs/calibration-" in str(refusal.value)


def test_the_same_calibration_is_taken_and_explanations_do_not_count(
    folder: CalibrationFolder,
) -> None:
    reworded = tuple(replace(check, label="x", source="y") for check in CHECKS)
    folder.prepare(identity(checks=reworded), "")
    assert folder.base_path.read_text() == "name = 'x'\n"
    assert changes(folder.identity(), json.loads(json.dumps(identity()))) == []


def test_a_new_model_version_is_offered_another_folder_of_the_same_name(tmp_path: Path) -> None:
    place = CalibrationFolder(default_path(identity()))
    place = CalibrationFolder(tmp_path / place.path)
    place.prepare(identity(), "")
    with pytest.raises(CalibrationError, match="--out"):
        place.prepare(identity(model_version="b" * 16), "")


def test_a_folder_is_held_by_one_process_at_a_time(folder: CalibrationFolder) -> None:
    with folder.alone(), pytest.raises(CalibrationError, match="another process"), folder.alone():
        pass
    with folder.alone():
        pass
