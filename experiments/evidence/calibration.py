"""Calibration: search for settings at which the model comes near the facts.

The parent proposes and records; pools simulate. Every trial is measured over the same seeds (or
seeds of its own), addressed by the root seed; the best are measured again on fresh ones.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import tomli_w

from agents.common.randomness import stream_key
from experiments.evidence.checks import Check, Values
from experiments.evidence.loss import hits, loss, medians
from experiments.evidence.space import POPULATION, Axis, typed
from experiments.evidence.trials import Trial, Trials, even_sampler, searching_sampler
from experiments.evidence.validation import measure
from experiments.workers import Done, Failed, Pool
from sim.loading import load, to_toml
from sim.scenario_files import preset_names

FINALISTS = 5
"""Settings measured again on fresh seeds, besides the one the search began from."""
_SEED_BITS, _SAMPLER_BITS = 53, 32


@dataclass(frozen=True, slots=True)
class Settings:
    """What every trial of a search has in common.

    enterprises: simulated firms. seeds: replicates. rotate: other seeds in every trial.
    explore: share of trials drawn evenly over the space, which identification needs.
    """

    enterprises: int
    seeds: int
    root_seed: int
    rotate: bool
    explore: float


@dataclass(frozen=True, slots=True)
class Plan:
    """A search: from where, over what, against which facts, how long."""

    scenario: str
    start: dict[str, float]
    axes: tuple[Axis, ...]
    checks: tuple[Check, ...]
    settings: Settings
    trials: int

    def job(self, parameters: dict[str, float], seeds: Sequence[int]) -> "Job":
        """The runs of one setting."""
        changed = {**typed(self.axes, parameters), POPULATION: self.settings.enterprises}
        return Job(self.scenario, changed, tuple(seeds))


@dataclass(frozen=True, slots=True)
class Job:
    """Runs to be made: a scenario, what to change in it, and the seeds."""

    scenario: str
    overrides: dict[str, Any]
    seeds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a job gave: values of all checks per seed, and the seconds it took."""

    values: tuple[Values, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A setting measured again on fresh seeds."""

    trial: Trial
    medians: Values
    hits: int
    key_hits: int
    loss: float

    @property
    def rank(self) -> tuple[int, int, float]:
        """Larger is better: facts in band, key facts in band, then the smaller loss."""
        return self.hits, self.key_hits, -self.loss


def run_job(job: Job) -> Measured:
    """Make the runs of a job, in this process."""
    began = time.monotonic()
    values = tuple(measure(job.scenario, job.overrides, seed) for seed in job.seeds)
    return Measured(values, time.monotonic() - began)


def address(root_seed: int, name: str, bits: int) -> int:
    """The random number of a name: it depends on the root seed and nothing else."""
    return int(stream_key(root_seed, f"calibration {name}")) >> (64 - bits)


def search_seeds(settings: Settings, index: int) -> tuple[int, ...]:
    """Seeds of a trial's replicates: the same in every trial unless they rotate."""
    group = f"trial {index} " if settings.rotate else ""
    names = (f"{group}seed {number}" for number in range(settings.seeds))
    return tuple(address(settings.root_seed, name, _SEED_BITS) for name in names)


def fresh_seeds(settings: Settings, count: int) -> tuple[int, ...]:
    """Seeds that no trial has seen."""
    names = (f"fresh seed {number}" for number in range(count))
    return tuple(address(settings.root_seed, name, _SEED_BITS) for name in names)


def explores(settings: Settings, index: int) -> bool:
    """Whether a trial is drawn evenly: the given share of indices, evenly spread."""
    return int((index + 1) * settings.explore) > int(index * settings.explore)


def search(
    plan: Plan,
    trials: Trials,
    pool: Pool[Job, Measured],
    on_done: Callable[[Trial], None] | None = None,
) -> None:
    """Run the trials that are missing from the plan, each kept as soon as it ends.

    A job that fails is a failed trial. on_done: called with each trial that ended.
    """
    present = {trial.index for trial in trials.records()}
    missing = iter([index for index in range(plan.trials) if index not in present])
    under_way: dict[int, Trial] = {}
    index = next(missing, None)
    while index is not None or under_way:
        while index is not None and pool.free:
            asked = propose(plan, trials, index)
            pool.submit(asked.number, plan.job(asked.parameters, asked.seeds))
            under_way[asked.number] = asked
            index = next(missing, None)
        number, answer = pool.next()
        ended = judged(plan.checks, under_way.pop(number), answer)
        trials.record(ended)
        if on_done is not None:
            on_done(ended)


def propose(plan: Plan, trials: Trials, index: int) -> Trial:
    """The trial of an index, yet without a result; index 0 takes the start."""
    seed = address(plan.settings.root_seed, f"proposal {index}", _SAMPLER_BITS)
    even = explores(plan.settings, index)
    sampler = even_sampler(seed) if even else searching_sampler(seed, len(plan.axes))
    number, parameters = trials.ask(plan.axes, sampler, plan.start if index == 0 else None)
    seeds = search_seeds(plan.settings, index)
    return Trial(index, number, parameters, seeds, 0.0, {}, 0, 0, None)


def judged(checks: Sequence[Check], asked: Trial, answer: Done[Measured] | Failed) -> Trial:
    """The trial with its medians, hits and loss, or with the cause of its failure."""
    if isinstance(answer, Failed):
        return replace(asked, cause=answer.cause)
    found = medians(checks, answer.result.values)
    in_band, key = hits(checks, found)
    return replace(
        asked,
        seconds=answer.result.seconds,
        medians=found,
        hits=in_band,
        key_hits=key,
        loss=loss(checks, found),
    )


def ranked(records: Iterable[Trial]) -> list[Trial]:
    """Trials that succeeded, the smallest loss first."""
    good = [trial for trial in records if trial.loss is not None]
    return sorted(good, key=lambda trial: (trial.loss, trial.index))


def finalists(records: Sequence[Trial]) -> list[Trial]:
    """The best few trials, and the one of the defaults even if it is not among them."""
    best = ranked(records)[:FINALISTS]
    return best + [trial for trial in records if trial.index == 0 and trial not in best]


def confirm(
    plan: Plan,
    trials: Trials,
    pool: Pool[Job, Measured],
    count: int,
    on_done: Callable[[int, int], None] | None = None,
) -> list[Confirmed]:
    """Measure the finalists on `count` fresh seeds and rank them, the best first.

    What an earlier call measured is not run again; a run that fails has no values.
    on_done: called with (runs done, runs) after each.
    """
    chosen, seeds = finalists(trials.records()), fresh_seeds(plan.settings, count)
    pairs = [(trial, seed) for trial in chosen for seed in seeds]
    missing = [pair for pair in pairs if trials.confirmed(pair[0].index, pair[1]) is None]
    done = len(pairs) - len(missing)
    submitted = ended = 0
    while ended < len(missing):
        while submitted < len(missing) and pool.free:
            trial, seed = missing[submitted]
            pool.submit(submitted, plan.job(trial.parameters, (seed,)))
            submitted += 1
        key, answer = pool.next()
        trial, seed = missing[key]
        nothing: Values = dict.fromkeys((check.id for check in plan.checks), None)
        values = answer.result.values[0] if isinstance(answer, Done) else nothing
        trials.confirm(trial.index, seed, values)
        ended += 1
        if on_done is not None:
            on_done(done + ended, len(pairs))
    found = [confirmed(plan.checks, trials, trial, seeds) for trial in chosen]
    return sorted(found, key=lambda one: one.rank, reverse=True)


def confirmed(
    checks: Sequence[Check], trials: Trials, trial: Trial, seeds: Sequence[int]
) -> Confirmed:
    """A trial's setting over fresh seeds that were all measured."""
    replicates = [values for s in seeds if (values := trials.confirmed(trial.index, s)) is not None]
    found = medians(checks, replicates)
    return Confirmed(trial, found, *hits(checks, found), loss(checks, found))


def as_scenario(plan: Plan, source: str, unchanged: bool, trial: Trial, summary: str) -> str:
    """A trial's setting as the text of a scenario file.

    source, unchanged: the scenario as it was asked for, and whether nothing was set on top; then
    a preset is extended, anything else is written out in full.
    """
    parameters = typed(plan.axes, trial.parameters)
    if not unchanged or source not in preset_names():
        return to_toml(load(plan.scenario, {**parameters, "name": "best", "summary": summary}))
    tree: dict[str, Any] = {"summary": summary, "extends": source}
    for path, value in parameters.items():
        *sections, name = path.split(".")
        branch = tree
        for section in sections:
            branch = branch.setdefault(section, {})
        branch[name] = value
    return tomli_w.dumps(tree)
