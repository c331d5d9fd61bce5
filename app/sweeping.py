"""What `nomoat sweep run` and `sweep extend` do: plan, run with a progress bar, report."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from app import clusters
from app.clusters import LOCAL, Staff
from app.estimates import DASH, bought, contrast_document, interval, lacks
from app.running import refuse_impossible
from app.shell import FAILED, INTERRUPTED, OK, InputError, MachineError, say
from app.sweep_outcomes import arm_document
from app.sweep_progress import duration, progress
from app.terminal import add, console, plain_table, print_json, short_warnings
from experiments.analysis.values import declared
from experiments.clusters.slurm import Slurm
from experiments.escape import for_terminal
from experiments.folder import OUTPUTS
from experiments.machine import available_memory, needed_memory
from experiments.sweeps.contrasts import FEWEST, arm_labels, arm_words, arms_of, contrasts
from experiments.sweeps.engines import Engine, LocalProcesses
from experiments.sweeps.experiment import Experiment, Overrides, find, read
from experiments.sweeps.folder import SweepError, SweepFolder
from experiments.sweeps.plan import plan
from experiments.sweeps.precision import Target, target_of, until_precise
from experiments.sweeps.probe import probe
from experiments.sweeps.queue import missing_rows
from experiments.sweeps.reading import Sweep, load
from experiments.sweeps.runner import (
    Report,
    begin,
    refuse_changed,
    stored_experiment,
    work,
)
from experiments.sweeps.runner import (
    extend as extend_sweep,
)
from sim.loading import assignment
from sim.version import model_version, usable_cores


@dataclass(frozen=True)
class Request:
    """One call of `nomoat sweep run`."""

    experiment: str
    settings: list[str]
    months: int | None
    enterprises: int | None
    replicates: int | None
    seed: int | None
    jobs: int | None
    out: Path | None
    dry_run: bool
    precision: str | None
    most_replicates: int
    retry_failed: bool
    json: bool
    quiet: bool
    place: clusters.Place = field(default_factory=clusters.Place)

    @property
    def overrides(self) -> Overrides:
        """Changes to the file."""
        settings = dict(map(assignment, self.settings))
        if self.enterprises is not None:
            settings["enterprise.population"] = str(self.enterprises)
        return Overrides(settings, self.months, self.replicates, self.seed)


def execute(request: Request) -> int:
    """Plan, run and report; the exit code says how it ended."""
    short_warnings()
    if request.precision is not None and request.place.detach:
        raise InputError("--precision waits for results, so it cannot be had with --detach")
    profile = clusters.profile_of(request.place)
    experiment = read(request.experiment, request.overrides)
    jobs = request.jobs or usable_cores()
    if request.place.engine == LOCAL:
        refuse_too_large(experiment, jobs)
    folder = SweepFolder(request.out or default_path(experiment, request))
    target = None
    if request.precision is not None:
        target = target_of(request.precision, experiment, request.most_replicates)
    if request.dry_run:
        return say_plan(experiment, folder, jobs, as_json=request.json)
    retry_failed = request.retry_failed
    if request.place.show:
        return clusters.print_submission(
            experiment, folder, request.place, profile.slurm,
            retry_failed=retry_failed, as_json=request.json,
        )  # fmt: skip
    silent = request.json or request.quiet
    engine: list[Engine] = []

    def do(current: Experiment) -> Report:
        if request.place.engine == LOCAL:
            staff = local_staff(current, jobs)
            return run_to_end(current, folder, staff, silent=silent, retry_failed=retry_failed)
        with clusters.staffed(
            request.place,
            profile,
            current,
            folder,
            jobs=request.jobs,
            retry_failed=retry_failed,
        ) as staff:
            engine[:] = [staff.engine]
            return run_to_end(current, folder, staff, silent=silent, retry_failed=retry_failed)

    if target is not None:
        report = until_precise(experiment, folder, target, do)
    else:
        begin(experiment, folder)
        report = do(experiment)
    return ended(
        folder, report, target, *engine, as_json=request.json, quiet=request.quiet
    )  # fmt: skip


def local_staff(experiment: Experiment, jobs: int) -> Staff:
    """Processes on this machine."""
    limits = experiment.limits
    return Staff(LocalProcesses(jobs, limits["seconds"], limits["memory_mb"]), jobs)


def default_path(experiment: Experiment, request: Request) -> Path:
    """`outputs/NAME`, with the identity behind it where the command line changes the experiment."""
    plain = read(find(request.experiment))
    changed = plain.identity() != experiment.identity()
    return OUTPUTS / (f"{experiment.name}-{experiment.hash}" if changed else experiment.name)


def refuse_too_large(experiment: Experiment, jobs: int) -> None:
    """Raise MachineError if so many runs at once cannot fit into the memory that is free."""
    enterprises = experiment.base.enterprise.population
    refuse_impossible(enterprises)
    needed, free = jobs * needed_memory(enterprises), available_memory()
    if needed > free:
        most = max(1, int(free // needed_memory(enterprises)))
        raise MachineError(
            f"{jobs} runs of {enterprises:,} enterprises at once need about {needed / 1e9:.1f} GB "
            f"of memory and {free / 1e9:.1f} GB are free; --jobs {most} would fit"
        )


def run_to_end(
    experiment: Experiment, folder: SweepFolder, staff: Staff, *, silent: bool,
    retry_failed: bool = False,
) -> Report:  # fmt: skip
    """Do what is missing, under a progress bar.

    A second Ctrl-C, which does not wait for the runs under way, says what is kept.
    """
    try:
        with progress(experiment.name, silent=silent) as on_event:
            return work(
                folder, staff.engine, staff.jobs, on_event,
                retry_failed=retry_failed, size=staff.size,
            )  # fmt: skip
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(
            f"stopped at once; runs that were written are kept in {folder.path}, "
            f"the same command goes on{clusters.going_on(folder, staff.engine)}"
        ) from stop


def ended(
    folder: SweepFolder, report: Report, target: Target | None, engine: Engine | None = None, *,
    as_json: bool, quiet: bool,
) -> int:  # fmt: skip
    """Say how a call ended; returns the exit code."""
    done = report.progress
    slurm = engine if isinstance(engine, Slurm) else None
    if report.damaged:
        say(f"{report.damaged} damaged files were set aside in {folder.store.quarantine}")
    if report.stopped:
        say(
            f"stopped; {done.finished:,} of {done.total:,} runs are kept in {folder.path}, "
            f"the same command goes on{clusters.going_on(folder, engine)}"
        )
        return INTERRUPTED
    if as_json:
        print_json({**document(folder, report, target), **clusters.document(slurm)})
    elif not quiet:
        print_end(folder, report)
        if target is not None:
            print_precision(folder, target)
    lost = OK if slurm is None else clusters.say_jobs(folder, slurm, quiet=as_json or quiet)
    if done.failed:
        say(
            f"{done.failed:,} runs failed, the latest: {done.latest_failure or 'earlier'}; "
            f"see {folder.path}/failures, --retry-failed tries them again"
        )
    return FAILED if done.failed else lost


def print_end(folder: SweepFolder, report: Report) -> None:
    """Print what was done and what to do next."""
    done, out = report.progress, console()
    took = f"{done.simulated:,} simulated now" if done.simulated else "nothing was left to do"
    out.print(
        f"{folder.manifest()['experiment']}  {done.finished:,} of {done.total:,} runs, {took}"
    )
    out.print(f"files   {folder.path}/  (design.parquet, outcomes/, manifest.json)")
    out.print(f"next    nomoat sweep show {folder.path}")


def print_precision(folder: SweepFolder, target: Target) -> None:
    """Print the intervals that a target was set for, and what pairing runs bought."""
    out, found = console(), precision_document(load(folder.path), target)
    out.print()
    out.print(f"{target.outcome}: {found['replicates']} replicates, intervals of 95%")
    for one in found["contrasts"]:
        lacking = lacks(one, awaited=found["awaited"])
        gain = one["variance_reduction"]
        out.print(
            f"  {arm_words(one['levers'])} less {arm_words(one['reference_levers'])}: "
            f"{interval(one, 'difference')}, over {one['pairs']:,} of {one['pairs_asked']:,} pairs"
            + ("" if lacking == DASH else f" ({lacking})")
            + ("" if gain is None else f"; unpaired {bought(gain)} the replicates")
        )
    for one in found["means"] if not found["contrasts"] else []:
        out.print(f"  mean {interval(one)}, over {one['runs']:,} of {one['asked']:,} runs")
    if not found["reached"]:
        out.print(
            f"  not yet +-{target.half_width:g}{why_not(found)}: "
            f"raise --max-replicates above {target.most}",
            style="yellow",
        )


def why_not(found: dict[str, Any]) -> str:
    """What keeps an interval from being told at all; empty where all are told."""
    parts = found["contrasts"] or found["means"]
    if any(one["no_spread"] for one in parts):
        return ", for replicates that do not differ say nothing of luck"
    if any(one["half_width"] is None for one in parts):
        return f", for it takes {FEWEST} replicates with values"
    return ""


def document(folder: SweepFolder, report: Report, target: Target | None) -> dict[str, Any]:
    """The JSON form of how a call ended."""
    done = report.progress
    facts: dict[str, Any] = {
        "folder": str(folder.path), "runs": done.total, "finished": done.finished,
        "failed": done.failed, "simulated": done.simulated, "damaged_files": report.damaged,
        "replicates": folder.manifest()["replicates"],
    }  # fmt: skip
    if target is not None:
        facts["precision"] = precision_document(load(folder.path), target)
    return facts


def precision_document(sweep: Sweep, target: Target) -> dict[str, Any]:
    """The intervals that a target was set for; means where there is one arm only.

    reached: whether all of them are told and narrow enough.
    """
    outcomes, design, name = sweep.outcomes(), sweep.design, target.outcome
    labels = arm_labels(design, sweep.levers)
    found = contrasts(outcomes, name, design=design)
    width = target.width(sweep)
    return {
        "outcome": name, "awaited": declared(sweep, name).awaited, "target": target.half_width,
        "replicates": sweep.facts["replicates"],
        "reached": width is not None and width <= target.half_width,
        "contrasts": [contrast_document(one, labels) for one in found],
        "means": [
            arm_document(arm, labels[number])
            for number, arm in arms_of(outcomes, name, design).items()
        ],
    }  # fmt: skip


def say_plan(experiment: Experiment, folder: SweepFolder, jobs: int, *, as_json: bool) -> int:
    """Print what would be run, how long it would take and how large it would be."""
    design = plan(experiment, model_version())
    total, left = len(set(design["run_id"].to_pylist())), 0
    left = total
    if folder.exists():
        refuse_changed(folder, folder.manifest(), experiment, model_version())
        rows, *_ = missing_rows(design, folder.store, retry_failed=False)
        left = len(rows)
    found = probe(experiment, design)
    seconds = found.seconds * left / jobs
    facts: dict[str, Any] = {
        "experiment": experiment.name, "folder": str(folder.path), "runs": total, "left": left,
        "points": len(set(design["point"].to_pylist())), "replicates": experiment.replicates,
        "arms": len(set(design["arm"].to_pylist())), "months": experiment.months,
        "enterprises": experiment.base.enterprise.population, "jobs": jobs,
        "seconds_per_run": round(found.seconds, 4), "seconds": round(seconds, 1),
        "bytes": found.size * left,
    }  # fmt: skip
    if as_json:
        print_json(facts)
        return OK
    print_plan(experiment, facts)
    return OK


def print_plan(experiment: Experiment, facts: dict[str, Any]) -> None:
    """Print a plan for people."""
    out = console()
    out.print(for_terminal(f"{experiment.name}  {experiment.question}"))
    out.print()
    table = plain_table("factor", "role", "values")
    for factor in experiment.factors:
        values = (
            ", ".join("none" if v is None else str(v) for v in factor.values)
            if factor.values is not None
            else f"{factor.low:g} to {factor.high:g}{', log scale' if factor.log else ''}"
        )
        add(table, factor.name, factor.role, values)
    out.print(table)
    out.print()
    kind = experiment.design.get("kind", "grid")
    out.print(
        f"design  {kind}: {facts['points']:,} points ({facts['arms']:,} arms) x "
        f"{facts['replicates']:,} replicates = {facts['runs']:,} runs"
        + (f", {facts['left']:,} left" if facts["left"] < facts["runs"] else "")
    )
    out.print(f"run     {facts['enterprises']:,} enterprises, {facts['months']} months")
    out.print(
        f"time    about {duration(facts['seconds'])} with {facts['jobs']} processes "
        f"({facts['seconds_per_run']:.3g} s a run)"
    )
    out.print(f"disk    at most {facts['bytes'] / 1e6:,.1f} MB in {facts['folder']}/")


def extend(
    path: Path, replicates: int | None, points: int | None, jobs: int | None, *, as_json: bool,
    quiet: bool,
) -> int:  # fmt: skip
    """Add replicates or points to a sweep and run them."""
    short_warnings()
    folder = SweepFolder(path)
    experiment = stored_experiment(folder)
    facts = folder.manifest()
    if replicates is None and points is None:
        raise SweepError("say what to add: --replicates 20, or --points 100")
    if replicates is not None and replicates < facts["replicates"]:
        raise SweepError(f"{path} has {facts['replicates']} replicates already; ask for more")
    experiment = replace(experiment, replicates=replicates or facts["replicates"])
    refuse_too_large(experiment, jobs or usable_cores())
    extend_sweep(folder, experiment, points)
    staff = local_staff(experiment, jobs or usable_cores())
    report = run_to_end(experiment, folder, staff, silent=as_json or quiet)
    return ended(folder, report, None, as_json=as_json, quiet=quiet)
