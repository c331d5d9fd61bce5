"""What `nomoat calibrate` does: search, confirm, write the best setting, print the trials."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.running import refuse_impossible
from app.shell import FAILED, INTERRUPTED, OK, say
from app.terminal import add, console, plain_table, print_json, short_warnings
from app.working import OPTIONS, refuse_decided
from experiments.evidence.calibration import (
    Confirmed,
    Measured,
    Plan,
    Settings,
    as_scenario,
    confirm,
    ranked,
    run_job,
    search,
)
from experiments.evidence.calibration_folder import (
    CalibrationFolder,
    default_path,
    identity_of,
)
from experiments.evidence.checks import all_checks
from experiments.evidence.loss import refuse_late
from experiments.evidence.space import POPULATION, build_space, starting_point, typed
from experiments.evidence.trials import Trial, Trials
from experiments.workers import Here, Pool, Workers
from sim.loading import assignment, load, to_toml
from sim.scenario import Scenario
from sim.version import model_version, usable_cores

NOTHING = "–"
DECIDED = {**OPTIONS, "months": "runs go as far as the facts need"}
"""Parameters that a search gives a value of its own, and what to do instead."""
SHOWN = 10
"""Trials printed when nothing is confirmed."""


@dataclass(frozen=True)
class Request:
    """One call of `nomoat calibrate`."""

    scenario: str
    overrides: list[str]
    trials: int
    seeds: int
    enterprises: int
    over: str | None
    space: Path | None
    jobs: int | None
    seed: int
    rotate: bool
    explore: float
    confirm: int
    out: Path | None
    json: bool


@dataclass(frozen=True)
class Outcome:
    """What a search came to: all trials, and the best of them again on fresh seeds."""

    folder: CalibrationFolder
    plan: Plan
    records: list[Trial]
    confirmed: list[Confirmed]

    @property
    def best(self) -> Trial:
        """The setting chosen: by facts in band on fresh seeds, else by its loss."""
        return self.confirmed[0].trial if self.confirmed else ranked(self.records)[0]


def execute(request: Request) -> int:
    """Search and report; 1 if no trial succeeded, 130 if interrupted with all trials kept."""
    short_warnings()
    refuse_late(all_checks())
    refuse_impossible(request.enterprises)
    refuse_decided(request.overrides, DECIDED)
    overrides = dict(map(assignment, request.overrides))
    scenario = load(request.scenario, overrides)
    load(request.scenario, {**overrides, POPULATION: request.enterprises})
    folder, plan = prepared(request, scenario)
    with folder.alone():
        trials = Trials(folder.journal_path, write=True)
        try:
            outcome = worked(request, folder, plan, trials)
        except KeyboardInterrupt:
            say(
                f"interrupted; {len(trials.records())} trials are kept in {folder.path}, "
                "the same command goes on"
            )
            return INTERRUPTED
        if not ranked(outcome.records):
            say(f"all {len(outcome.records)} trials failed; {outcome.records[0].cause}")
            return FAILED
        folder.put(folder.best_path, best_scenario(request, outcome))
    report(request, outcome)
    return OK


def prepared(request: Request, scenario: Scenario) -> tuple[CalibrationFolder, Plan]:
    """The folder, made or found to hold the same calibration, and the plan."""
    checks, axes = all_checks(), build_space(request.over, request.space, scenario)
    start, moved = starting_point(axes, scenario)
    for path, value in moved.items():
        say(f"note: {path} is {value:g}; the first trial takes {start[path]:g}, the nearest bound")
    settings = Settings(
        request.enterprises, request.seeds, request.seed, request.rotate, request.explore
    )
    identity = identity_of(scenario, asdict(settings), axes, checks, model_version())
    folder = CalibrationFolder(request.out or default_path(identity))
    folder.prepare(identity, to_toml(scenario))
    plan = Plan(str(folder.base_path), start, axes, checks, settings, request.trials)
    return folder, plan


def worked(request: Request, folder: CalibrationFolder, plan: Plan, trials: Trials) -> Outcome:
    """Run what is missing of the search and of the confirmation, under progress bars."""
    with pool_of(request.jobs or usable_cores()) as pool, bar(silent=request.json) as shown:
        best = Best(trials.records(), len(plan.checks))
        task = shown.add_task(str(best), total=plan.trials, completed=min(best.seen, plan.trials))

        def on_trial(trial: Trial) -> None:
            best.see(trial)
            shown.update(task, completed=best.seen, description=str(best))

        search(plan, trials, pool, on_trial)
        records = trials.records()
        found: list[Confirmed] = []
        if request.confirm and ranked(records):
            task = shown.add_task("the best on fresh seeds", total=None)

            def on_run(done: int, total: int) -> None:
                shown.update(task, completed=done, total=total)

            found = confirm(plan, trials, pool, request.confirm, on_run)
    return Outcome(folder, plan, records, found)


@contextmanager
def pool_of(jobs: int) -> "Iterator[Pool[Any, Measured]]":
    """Processes to work in; one job is done in this process."""
    if jobs == 1:
        yield Here(run_job)
        return
    with Workers(run_job, jobs) as pool:
        yield pool


class Best:
    """The best trial so far, in words for the progress bar."""

    def __init__(self, records: Sequence[Trial], facts: int) -> None:
        """Begin with the trials of earlier calls."""
        self.seen, self._facts = len(records), facts
        self._best = next(iter(ranked(records)), None)

    def see(self, trial: Trial) -> None:
        """Count a trial that ended."""
        self.seen += 1
        candidates = [trial] if self._best is None else [self._best, trial]
        self._best = next(iter(ranked(candidates)), None)

    def __str__(self) -> str:
        if self._best is None:
            return "trials"
        return f"best loss {self._best.loss:.3f}, {self._best.hits} of {self._facts} in band"


def bar(*, silent: bool) -> Progress:
    """A progress bar on stderr with the time left."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console(stderr=True),
        transient=True,
        disable=silent,
    )


def best_scenario(request: Request, outcome: Outcome) -> str:
    """The text of best.toml."""
    best, facts = outcome.best, len(outcome.plan.checks)
    in_band = f"{best.hits} of {facts} facts in band over {len(best.seeds)} seeds"
    if outcome.confirmed:
        in_band = f"{outcome.confirmed[0].hits} of {facts} facts in band on {request.confirm} fresh"
        in_band += " seeds"
    summary = f"{Path(request.scenario).stem} calibrated, trial {best.index}: {in_band}"
    return as_scenario(outcome.plan, request.scenario, not request.overrides, best, summary)


def report(request: Request, outcome: Outcome) -> None:
    """Print the best trials, the best setting and where everything is."""
    if request.json:
        print_json(document(outcome))
        return
    out, plan = console(), outcome.plan
    failed = [trial for trial in outcome.records if trial.loss is None]
    out.print(
        f"{len(outcome.records)} trials of {len(plan.axes)} parameters against "
        f"{len(plan.checks)} facts, {plan.settings.enterprises:,} enterprises, "
        f"seeds each: {plan.settings.seeds}"
    )
    for cause, count in Counter(trial.cause for trial in failed).most_common(3):
        out.print(f"{count} failed: {cause}", style="yellow")
    out.print()
    print_trials(outcome, request.confirm)
    out.print()
    print_best(outcome)
    out.print()
    out.print(f"files   {outcome.folder.path}/  (journal.log, best.toml)")
    out.print(f"next    nomoat validate {outcome.folder.best_path}")
    out.print(f"        nomoat calibrate --report {outcome.folder.path}")


def print_trials(outcome: Outcome, seeds: int) -> None:
    """Print the trials measured again, best first, or else those of the smallest loss."""
    fresh = {one.trial.index: one for one in outcome.confirmed}
    rows = [one.trial for one in outcome.confirmed] or ranked(outcome.records)[:SHOWN]
    headings = ["trial", "loss", "in band", "key facts"]
    if fresh:
        headings += [f"on {seeds} fresh seeds: loss", "in band", "key facts"]
    table = plain_table(*headings, right=tuple(range(1, len(headings))))
    for trial in rows:
        name = f"{trial.index} (defaults)" if trial.index == 0 else trial.index
        cells: list[object] = [name, f"{trial.loss:.3f}", trial.hits, trial.key_hits]
        if one := fresh.get(trial.index):
            cells += [f"{one.loss:.3f}", one.hits, one.key_hits]
        add(table, *cells)
    console().print(table)


def print_best(outcome: Outcome) -> None:
    """Print the chosen setting beside the start and the bounds."""
    table = plain_table("parameter", "start", "best", "bounds", right=(1, 2))
    for axis in outcome.plan.axes:
        start, best = outcome.plan.start[axis.path], outcome.best.parameters[axis.path]
        bounds = f"{axis.low:g} to {axis.high:g}"
        add(table, axis.path, f"{start:.4g}", f"{best:.4g}", bounds)
    console().print(table)
    medians = outcome.confirmed[0].medians if outcome.confirmed else outcome.best.medians
    for check in outcome.plan.checks:
        value = medians.get(check.id)
        if not check.holds(value):
            found = NOTHING if value is None else f"{value:.3g}"
            band = f"{check.low:g}-{check.high:g}"
            console().print(f"out of band: {check.label}: {found} ({band})", style="yellow")


def document(outcome: Outcome) -> dict[str, Any]:
    """The JSON form."""
    best = outcome.best
    return {
        "folder": str(outcome.folder.path),
        "scenario": str(outcome.folder.best_path),
        "trials": len(outcome.records),
        "failed": sum(trial.loss is None for trial in outcome.records),
        "facts": len(outcome.plan.checks),
        "best": {**asdict(best), "parameters": typed(outcome.plan.axes, best.parameters)},
        "confirmed": [
            {
                "trial": one.trial.index, "loss": one.loss, "in_band": one.hits,
                "key_in_band": one.key_hits, "medians": one.medians,
            }
            for one in outcome.confirmed
        ],
        "smallest_loss": [
            {"trial": trial.index, "loss": trial.loss, "in_band": trial.hits}
            for trial in ranked(outcome.records)[:SHOWN]
        ],
    }  # fmt: skip
