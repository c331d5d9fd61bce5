"""What `nomoat sweep` does on a cluster: choose an engine, show a submission, say how it ended."""

import math
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.shell import ENVIRONMENT, FAILED, OK, InputError, refuse_missing, say
from app.terminal import console, print_json
from experiments.clusters import profile as profiles
from experiments.clusters import slurm_client
from experiments.clusters.profile import ARRAY_LIMIT, Profile, SlurmSettings
from experiments.clusters.rounds import OPEN, Task, open_rounds, rounds, unsettled
from experiments.clusters.slurm import Lost, Slurm, cancel, scripts_of, summary, was_submitted
from experiments.clusters.slurm_client import ClusterError
from experiments.machine import needed_memory
from experiments.sweeps.engines import Engine
from experiments.sweeps.experiment import Experiment
from experiments.sweeps.folder import SweepFolder
from experiments.sweeps.plan import plan
from experiments.sweeps.probe import probe
from experiments.sweeps.queue import missing_rows
from experiments.sweeps.runner import refuse_changed
from experiments.sweeps.store import TELEMETRY
from sim.version import model_version

LOCAL, SLURM, DASK, MPI = "local", "slurm", "dask", "mpi"
ENGINES: Final = (LOCAL, SLURM, DASK, MPI)
PARENT_MB: Final = 400
"""What a job's own process takes beside those that do the runs."""
SHOWN_LOST: Final = 3
LONGEST_RUN: Final = 3.2e7
"""Seconds, a year; what says more was not measured."""


@dataclass(frozen=True)
class Place:
    """Where a sweep is to be done, as the command line says.

    show: print the submission only. slurm, dask: settings that override the profile's.
    """

    engine: str = LOCAL
    profile: Path | None = None
    show: bool = False
    detach: bool = False
    slurm: Mapping[str, Any] = field(default_factory=dict)
    dask: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Staff:
    """Who does the runs: an engine, how many chunks it does at once, their size if it is set."""

    engine: Engine
    jobs: int
    size: int | None = None


def profile_of(place: Place) -> Profile:
    """The settings of a place; refuses options of an engine that is not used.

    Raises InputError, ProfileError or ClusterError, one sentence each.
    """
    if place.engine not in ENGINES:
        raise InputError(f"--engine is one of {', '.join(ENGINES)}, not {place.engine!r}")
    for engine, settings in ((SLURM, place.slurm), (DASK, place.dask)):
        given = [f"--{name.replace('_', '-')}" for name in profiles.said(settings)]
        if given and place.engine != engine:
            raise InputError(f"{', '.join(given)} need --engine {engine}")
    if (place.detach or place.show) and place.engine != SLURM:
        raise InputError("--detach and --print need --engine slurm")
    if place.engine == LOCAL:
        return Profile()
    found = profiles.read(place.profile).changed(place.slurm, place.dask)
    if place.engine == SLURM and not place.show and (absent := slurm_client.missing()):
        raise ClusterError(f"{absent[0]} is not on this machine: {slurm_client.ELSEWHERE}")
    return found


@contextmanager
def staffed(
    place: Place, profile: Profile, experiment: Experiment, folder: SweepFolder, *,
    jobs: int | None, retry_failed: bool,
) -> Iterator[Staff]:  # fmt: skip
    """The engine of a place for a sweep that has begun; what it started ends with the block.

    jobs: processes of a Dask on this machine.
    """
    if place.engine == SLURM:
        with slurm_staff(place, profile.slurm, experiment, folder, retry_failed) as staff:
            yield staff
    elif place.engine == DASK:
        refuse_missing("distributed", "--engine dask")
        from experiments.clusters.dask_engine import connected

        with connected(profile.dask, jobs) as dask:
            yield Staff(dask, dask.workers)
    else:
        refuse_missing("mpi4py", "--engine mpi")
        from experiments.clusters.mpi_engine import pooled

        with pooled() as mpi:
            yield Staff(mpi, mpi.workers)


@contextmanager
def slurm_staff(
    place: Place, settings: SlurmSettings, experiment: Experiment, folder: SweepFolder,
    retry_failed: bool,
) -> Iterator[Staff]:  # fmt: skip
    """The engine that submits to Slurm."""
    seconds = run_seconds(experiment, folder, settings)
    memory = memory_mb(experiment, settings)
    engine = Slurm(settings, memory, seconds, place.detach, retry_failed)
    yield Staff(engine, 1, runs_of_job(settings, seconds))


def run_seconds(
    experiment: Experiment, folder: SweepFolder, settings: SlurmSettings
) -> float | None:
    """Seconds of a run: what runs of this sweep took, or one that is tried now.

    None where nothing depends on it and none is known.
    """
    if folder.exists():
        spent = known_seconds(folder.store.tables(TELEMETRY))
        if len(spent):
            return float(spent.mean())
    if settings.chunk is not None:
        return None
    return probe(experiment, plan(experiment, model_version())).seconds


def known_seconds(telemetry: Iterable[pa.Table]) -> NDArray[np.float64]:
    """Seconds of runs as tables of telemetry have them, where that is what a run can take."""
    found = [table["total_seconds"].to_numpy() for table in telemetry]
    seconds = np.concatenate(found) if found else np.zeros(0)
    return seconds[np.isfinite(seconds) & (seconds >= 0) & (seconds < LONGEST_RUN)]


def runs_of_job(settings: SlurmSettings, seconds: float | None) -> int:
    """Runs that a job does in the minutes it should last."""
    if settings.chunk is not None:
        return settings.chunk
    assert seconds is not None
    return max(1, int(60 * settings.minutes * settings.cpus / max(seconds, 1e-6)))


def memory_mb(experiment: Experiment, settings: SlurmSettings) -> int:
    """Memory that a job needs, in MB."""
    each = needed_memory(experiment.base.enterprise.population) / 1e6
    return math.ceil(PARENT_MB + settings.cpus * each)


def print_submission(
    experiment: Experiment, folder: SweepFolder, place: Place, settings: SlurmSettings, *,
    retry_failed: bool, as_json: bool,
) -> int:  # fmt: skip
    """Print the script and the commands that would submit a sweep; submit and write nothing."""
    version = model_version()
    design = plan(experiment, version)
    if folder.exists():
        refuse_changed(folder, folder.manifest(), experiment, version)
    rows = missing_rows(design, folder.store, retry_failed=retry_failed)[0].tolist()
    flying = {row for one in open_rounds(folder) for task in one.tasks for row in task.rows}
    rows = [row for row in rows if row not in flying]
    seconds = run_seconds(experiment, folder, settings)
    size = runs_of_job(settings, seconds)
    tasks = [Task(tuple(rows[i : i + size])) for i in range(0, len(rows), size)]
    engine = Slurm(settings, memory_mb(experiment, settings), seconds, place.detach, retry_failed)
    limit = settings.array_limit or ARRAY_LIMIT
    if not slurm_client.missing():
        limit = min(limit, slurm_client.largest_array())
    one, commands = engine.planned(folder, experiment.hash, version, tasks, limit)
    script = slurm_client.script(folder.path, one, settings)
    if as_json:
        facts = {
            "script": script, "script_path": str(one.script_path.resolve()), "commands": commands,
            "runs": len(rows), "runs_of_job": size, "jobs": len(tasks), "run_seconds": seconds,
        }  # fmt: skip
        print_json(facts)
        return OK
    out = console()
    out.print(f"# {one.script_path.resolve()}")
    out.print(script)  # Several lines of our own; setup is the user's.
    for words in commands:
        out.print(shlex.join(words))
    taking = "" if seconds is None else f", {seconds * size / settings.cpus / 60:.2g} minutes each"
    say(f"{len(rows):,} runs in {len(tasks):,} jobs of {size:,}{taking}; nothing was submitted")
    return OK


def say_jobs(folder: SweepFolder, engine: Slurm, *, quiet: bool) -> int:
    """Say what is in the queue and what was given up; the exit code that it means.

    FAILED if runs were given up, ENVIRONMENT if Slurm did not take everything.
    """
    for one in engine.lost[:SHOWN_LOST]:
        say_lost(one)
    if engine.lost:
        say(
            f"{sum(one.runs for one in engine.lost):,} runs are left whose jobs ended "
            f"{engine.lost[0].submissions} times without a result; the same command tries again"
        )
        return FAILED
    if engine.detach and not quiet:
        jobs = f"submitted as {', '.join(engine.jobs)}" if engine.jobs else "nothing new to submit"
        out = console()
        out.print(f"jobs    {jobs}")
        out.print(f"next    nomoat sweep status {folder.path}")
    if engine.held_back:
        say(
            f"not everything is known to be submitted, the same command goes on: {engine.held_back}"
        )
        return ENVIRONMENT
    return OK


def going_on(folder: SweepFolder, engine: Engine | None) -> str:
    """What is said after an end before the end: that jobs go on, if any may."""
    if not isinstance(engine, Slurm) or not engine.under_way:
        return ""
    return f"; jobs that Slurm has go on, too, until nomoat sweep cancel {folder.path}"


def say_lost(one: Lost) -> None:
    """Say how a chunk ended."""
    tail = one.tail or "nothing; the node may have ended it, or never begun"
    say(f"{one.log} says:")
    for line in tail.splitlines():
        say(f"  {line}")


def document(engine: Slurm | None) -> dict[str, Any]:
    """What became of the jobs, for JSON; empty for other engines than Slurm."""
    if engine is None:
        return {}
    lost = [
        {"runs": one.runs, "submissions": one.submissions, "log": one.log, "tail": one.tail}
        for one in engine.lost
    ]
    return {"slurm": {"jobs": engine.jobs, "lost": lost, "held_back": engine.held_back or None}}


def status(folder: SweepFolder) -> dict[str, Any] | None:
    """What a cluster has of a sweep; None if it was never given any.

    One question to the queue, none where all rounds are over; `error` says why there is no
    answer.
    """
    if not was_submitted(folder):
        return None
    every = rounds(folder)
    waiting = unsettled(folder)
    lost = [
        {"log": str(one.log_path(chunk)), "tail": one.tail(chunk)}
        for one in every[-1:]
        for chunk in one.lost
    ]
    facts: dict[str, Any] = {
        "rounds": len(every), "open_rounds": sum(one.state == OPEN for one in waiting),
        "running": 0, "waiting": 0, "words": "no jobs", "error": None, "lost": lost,
    }  # fmt: skip
    if not waiting:
        return facts
    try:
        elements = slurm_client.queue(scripts_of(waiting))
    except ClusterError as error:
        return {**facts, "running": None, "waiting": None, "words": "", "error": str(error)}
    running = sum(one.running for one in elements)
    words = summary(elements) if elements else "no jobs"
    return {**facts, "running": running, "waiting": len(elements) - running, "words": words}


def print_status(facts: Mapping[str, Any]) -> None:
    """Print a cluster's share of a sweep's status."""
    out = console()
    out.print(f"jobs    {facts['error'] or facts['words']}, {facts['rounds']} submissions so far")
    for one in facts["lost"][:SHOWN_LOST]:
        out.print(f"        given up: {one['log']}", style="yellow")
        for line in one["tail"].splitlines():
            out.print(f"          {line}")


def cancel_jobs(path: Path, *, as_json: bool) -> int:
    """End a sweep's jobs and say what is kept."""
    folder = SweepFolder(path)
    folder.manifest()
    count = cancel(folder)
    if as_json:
        print_json({"folder": str(path), "cancelled": count})
    else:
        console().print(f"jobs cancelled: {count:,}; what is finished is kept in {path}")
    return OK
