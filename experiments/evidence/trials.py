"""The trials of a calibration: an optuna study in a journal file, one line a step.

Only this process writes the journal. A trial has an index, its place in the search: the proposals
for an index depend on the trials recorded before, the root seed and the index alone, so that a
search that was interrupted goes on as if it had not been (with one process).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from experiments.evidence.checks import Values
from experiments.evidence.space import Axis

STUDY = "calibration"
RECORD = "record"
CONFIRMED = "confirmed"
optuna.logging.set_verbosity(optuna.logging.WARNING)


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting and how it did; a failed one has a cause instead of a loss.

    index: place in the search, 0 for the defaults. number: optuna's own.
    medians: per fact over the seeds. seconds: of one process.
    """

    index: int
    number: int
    parameters: dict[str, float]
    seeds: tuple[int, ...]
    seconds: float
    medians: Values
    hits: int
    key_hits: int
    loss: float | None
    cause: str | None = None


class Trials:
    """The study of one journal."""

    def __init__(self, journal: Path, *, write: bool) -> None:
        """Open a journal; with `write` begin it, or take it over from a process that is gone."""
        self._asked: dict[int, optuna.Trial] = {}
        if write:
            mend(journal)
        storage = JournalStorage(JournalFileBackend(str(journal)))
        if write:
            self._study = optuna.create_study(
                study_name=STUDY, storage=storage, load_if_exists=True
            )
            self._abandon()
        else:
            self._study = optuna.load_study(study_name=STUDY, storage=storage)

    def _abandon(self) -> None:
        """Close trials that a stopped search left unfinished; their indices are free again."""
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self._study.tell(trial.number, state=TrialState.FAIL)

    def records(self) -> list[Trial]:
        """All trials that ended by themselves, in the order of their index."""
        found = [record_of(trial) for trial in self._study.get_trials(deepcopy=False)]
        return sorted((one for one in found if one is not None), key=lambda one: one.index)

    def ask(
        self, axes: Sequence[Axis], sampler: BaseSampler, fixed: Mapping[str, float] | None
    ) -> tuple[int, dict[str, float]]:
        """Number and parameters of a new trial; `fixed` are taken as they are."""
        waiting = self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        if fixed is not None and not waiting:
            self._study.enqueue_trial(dict(fixed))
        self._study.sampler = sampler
        trial = self._study.ask({axis.path: distribution(axis) for axis in axes})
        self._asked[trial.number] = trial
        return trial.number, dict(trial.params)

    def record(self, trial: Trial) -> None:
        """Keep how an asked trial ended."""
        facts = {
            "index": trial.index, "seeds": list(trial.seeds), "seconds": round(trial.seconds, 3),
            "medians": trial.medians, "hits": trial.hits, "key_hits": trial.key_hits,
            "cause": trial.cause,
        }  # fmt: skip
        self._asked.pop(trial.number).set_user_attr(RECORD, facts)
        if trial.loss is None:
            self._study.tell(trial.number, state=TrialState.FAIL)
        else:
            self._study.tell(trial.number, trial.loss)

    def confirmed(self, index: int, seed: int) -> Values | None:
        """Values of a trial's setting on a fresh seed, if they were measured."""
        found: Values | None = self._study.user_attrs.get(f"{CONFIRMED} {index} {seed}")
        return found

    def confirm(self, index: int, seed: int, values: Values) -> None:
        """Keep values of a trial's setting on a fresh seed."""
        self._study.set_user_attr(f"{CONFIRMED} {index} {seed}", values)


def record_of(trial: FrozenTrial) -> Trial | None:
    """What is kept of a trial; None for one that is running, waiting or was abandoned."""
    facts: dict[str, Any] | None = trial.user_attrs.get(RECORD)
    complete = trial.state == TrialState.COMPLETE
    if facts is None or not (complete or (trial.state == TrialState.FAIL and facts["cause"])):
        return None
    return Trial(
        index=facts["index"],
        number=trial.number,
        parameters=dict(trial.params),
        seeds=tuple(facts["seeds"]),
        seconds=facts["seconds"],
        medians=facts["medians"],
        hits=facts["hits"],
        key_hits=facts["key_hits"],
        loss=trial.value if complete else None,
        cause=facts["cause"],
    )


def distribution(axis: Axis) -> BaseDistribution:
    """An axis as optuna names it."""
    if axis.integer:
        return IntDistribution(int(axis.low), int(axis.high), log=axis.log)
    return FloatDistribution(axis.low, axis.high, log=axis.log)


def even_sampler(seed: int) -> BaseSampler:
    """Proposes settings evenly over the whole space."""
    return RandomSampler(seed=seed)


def searching_sampler(seed: int, dimensions: int) -> BaseSampler:
    """Proposes settings like the better ones of the trials so far (TPE).

    As many trials as there are parameters are even before it begins.
    """
    return TPESampler(seed=seed, n_startup_trials=max(10, dimensions))


def mend(journal: Path) -> None:
    """Cut off a last line that a killed process left half-written, and its lock."""
    journal.with_name(f"{journal.name}.lock").unlink(missing_ok=True)
    if not journal.exists():
        return
    content = journal.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with journal.open("r+b") as file:
            file.truncate(whole)
