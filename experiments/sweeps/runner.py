"""Run, resume and extend a sweep: its design less what is finished, in chunks, by an engine."""

import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from experiments.provenance import PACKAGES, found
from experiments.sweeps.designs import first_size
from experiments.sweeps.engines import Engine
from experiments.sweeps.experiment import Experiment
from experiments.sweeps.factors import Factor
from experiments.sweeps.folder import Manifest, SweepError, SweepFolder, refuse_other_model
from experiments.sweeps.outcomes import Outcome
from experiments.sweeps.plan import plan, points_of, space_of
from experiments.sweeps.store import Store, keys_of
from experiments.sweeps.work import Chunk, Event, Failed, Finished, Written, now
from sim.catalogue import shown
from sim.loading import load, to_toml
from sim.schemas import SCHEMA_VERSION
from sim.version import model_version, provenance

CHUNK_SECONDS: Final = 15.0
"""Work that a chunk aims at."""
LARGEST_CHUNK: Final = 1000
SMALLEST_PARTS: Final = 4
"""The rest is cut so that each of the jobs gets so many chunks, to end together."""

Rows = NDArray[np.int64]
OnEvent = Callable[["Progress"], None]


@dataclass
class Progress:
    """Where a sweep stands; durations by the monotonic clock."""

    total: int
    finished: int
    """On disk, before this call and by it."""
    failed: int
    simulated: int = 0
    """Ended well in this call, on disk or not yet."""
    written: int = 0
    seconds: float = 0.0
    """Of all runs that ended in this call, added up."""
    began: float = field(default_factory=time.monotonic)
    latest_failure: str = ""

    @property
    def rate(self) -> float:
        """Runs a second in this call."""
        return self.simulated / max(time.monotonic() - self.began, 1e-9)

    def note(self, event: Event) -> None:
        """Count an event."""
        if isinstance(event, Finished):
            self.simulated += 1
            self.seconds += event.seconds
        elif isinstance(event, Written):
            self.finished += len(event.rows)
            self.written += len(event.rows)
        elif isinstance(event, Failed):
            self.failed += 1
            self.latest_failure = event.message

    def mean_seconds(self) -> float | None:
        """Seconds of a run so far in this call."""
        return self.seconds / self.simulated if self.simulated else None


class Queue:
    """The runs that are left, handed out in chunks of about `CHUNK_SECONDS`."""

    def __init__(
        self, rows: Rows, keys: NDArray[np.uint64], store: Store, progress: Progress, jobs: int,
        shared: Callable[[], object],
    ) -> None:  # fmt: skip
        """rows: of the design, in order. keys: run ids of all rows. shared: whether others write.

        Once they did, what they finished is looked for before every chunk.
        """
        self._rows, self._next = rows, 0
        self._returned: list[int] = []
        self._keys, self._store, self._progress = keys, store, progress
        self._jobs, self._look, self._shared = jobs, shared, False
        self.stopping = False

    def take(self) -> Chunk | None:
        """The next chunk, without runs that another process finished meanwhile."""
        while True:
            rows = self._cut()
            if not rows:
                return None
            self._shared = self._shared or bool(self._look())
            if self._shared:
                rows = self._unfinished(rows)
            if rows:
                return Chunk(tuple(rows))

    def _cut(self) -> list[int]:
        size = self._size()
        if self._returned:
            rows, self._returned = self._returned[:size], self._returned[size:]
            return rows
        first, self._next = self._next, min(self._next + size, len(self._rows))
        found: list[int] = self._rows[first : self._next].tolist()
        return found

    def _size(self) -> int:
        left = len(self._rows) - self._next + len(self._returned)
        fair = math.ceil(left / (SMALLEST_PARTS * self._jobs))
        mean = self._progress.mean_seconds()
        timed = 1 if mean is None else CHUNK_SECONDS / max(mean, 1e-6)
        return max(1, min(fair, int(timed), LARGEST_CHUNK))

    def _unfinished(self, rows: list[int]) -> list[int]:
        finished = self._store.finished()
        done = np.isin(self._keys[rows], finished)
        self._progress.finished += int(done.sum())
        return [row for row, over in zip(rows, done.tolist(), strict=True) if not over]

    def give_back(self, rows: Sequence[int]) -> None:
        """Take back rows that were not done."""
        self._returned += rows


@dataclass(frozen=True)
class Report:
    """How a call ended."""

    progress: Progress
    stopped: bool
    damaged: int
    """Shards that were set aside before it began."""


def begin(experiment: Experiment, folder: SweepFolder) -> Manifest:
    """Make the sweep's folder, or find in it the same sweep; more replicates extend it.

    Raises SweepError if another sweep is there, ExperimentError for an impossible design,
    StoreError if nothing can be written.
    """
    folder.refuse_foreign()
    version = model_version()
    if not folder.exists():
        sizes = first_size(space_of(experiment))
        design = plan(experiment, version)
        facts = manifest_of(experiment, sizes, version, points_in(design))
        return folder.begin(facts, design, experiment.text, frozen(experiment))
    facts = folder.manifest()
    refuse_changed(folder, facts, experiment, version)
    folder.design()
    if experiment.replicates > facts["replicates"]:
        return extend(folder, experiment)
    return facts


def extend(folder: SweepFolder, experiment: Experiment, more_points: int | None = None) -> Manifest:
    """Write the design with the replicates of `experiment`, and with more points if asked for.

    Raises SweepError where the model changed or the design cannot grow.
    """
    facts = folder.manifest()
    refuse_other_model(folder, facts)
    sizes = list(facts["sizes"])
    if more_points is None:
        points = stored_points(folder.design())
    elif sizes:
        sizes.append(more_points)
        points = points_of(experiment, sizes)
    else:
        raise SweepError(
            f"the points of a {experiment.design.get('kind', 'grid')} design are those of its "
            "file; change the file and give the sweep a folder of its own with --out"
        )
    design = plan(experiment, facts["model_version"], points)
    changed = {
        "replicates": experiment.replicates, "sizes": sizes, "points": points.num_rows,
        "extended": now(),
    }  # fmt: skip
    return folder.record({**facts, **changed}, design)


def stored_points(design: pa.Table) -> pa.Table:
    """The points of a stored design: the rows of its first replicate."""
    first = design.slice(0, points_in(design))
    return first.drop_columns(["run_id", "point", "replicate", "seed"])


def stored_experiment(folder: SweepFolder) -> Experiment:
    """The experiment of a stored sweep, with its scenarios as they were when it began."""
    facts = folder.manifest()
    identity = facts["identity"]
    worlds = {tuple(key): folder.world_path(i) for i, key in enumerate(facts["worlds"])}
    return Experiment(
        name=facts["experiment"], question=facts["question"],
        base=load(next(iter(worlds.values()))), source="", settings={},
        factors=tuple(Factor.from_described(one) for one in identity["factors"]),
        outcomes=tuple(Outcome(*fields) for fields in identity["outcomes"]),
        design=identity["design"], replicates=facts["replicates"], seed=identity["seed"],
        keep=tuple(identity["keep"]), market=tuple(identity["market"]), limits=facts["limits"],
        text=folder.experiment_path.read_text(), frozen=worlds, table=identity["table"],
    )  # fmt: skip


def points_in(design: pa.Table) -> int:
    """Points of a design."""
    return int(pc.max(design["point"]).as_py()) + 1


def manifest_of(
    experiment: Experiment, sizes: Sequence[int], version: str, points: int
) -> Manifest:
    """What a sweep is, for its folder."""
    origin = provenance()
    return {
        "experiment": experiment.name,
        "question": experiment.question,
        "hash": experiment.hash,
        "model_version": version,
        "schema_version": SCHEMA_VERSION,
        "replicates": experiment.replicates,
        "sizes": list(sizes),
        "points": points,
        "levers": [f.name for f in experiment.factors if f.role == "lever"],
        "uncertainties": [f.name for f in experiment.factors if f.role == "uncertainty"],
        "paths": [f.name for f in experiment.factors if f.options is None],
        "options": [f.name for f in experiment.factors if f.options is not None],
        "worlds": [list(key) for key in world_keys(experiment)],
        "limits": dict(experiment.limits),
        "identity": experiment.identity(),
        "commit": origin["commit"],
        "dirty_diff": origin["dirty"],
        "cpu_level": origin["cpu_level"],
        "platform": origin["platform"],
        "versions": {"python": origin["python"], **{name: found(name) for name in PACKAGES}},
        "created": now(),
    }


def world_keys(experiment: Experiment) -> list[tuple[str, ...]]:
    """Every combination of options."""
    return list(product(*(tuple(f.options) for f in experiment.factors if f.options is not None)))


def frozen(experiment: Experiment) -> list[str]:
    """The scenario of every combination of options, as text."""
    names = [f.name for f in experiment.factors if f.options is not None]
    return [
        to_toml(experiment.scenario_of(dict(zip(names, key, strict=True))))
        for key in world_keys(experiment)
    ]


def refuse_changed(
    folder: SweepFolder, facts: Manifest, experiment: Experiment, version: str
) -> None:
    """Raise SweepError, with what differs and what to do, if the folder holds another sweep."""
    changes = differences(facts["identity"], experiment.identity())
    if facts["model_version"] != version:
        changes.append(f"the model (version {facts['model_version']}, now {version})")
    if changes:
        raise SweepError(
            f"{folder.path} holds another sweep: {'; '.join(changes[:4])} changed; its results "
            f"stay as they are: give this one a folder of its own, such as "
            f"--out {folder.path}-{experiment.hash}"
        )


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What differs between two identities, in words."""
    found = []
    for name in sorted({*before, *after}):
        one, other = before.get(name), after.get(name)
        if one == other:
            continue
        if name == "scenario" and one and other:
            found += changed_lines(one, other)
        elif isinstance(one, dict) and isinstance(other, dict):
            keys = sorted(k for k in {*one, *other} if one.get(k) != other.get(k))
            found.append(f"{name} ({', '.join(keys[:3])})")
        elif isinstance(one, list) or isinstance(other, list):
            found.append(name)
        else:
            found.append(f"{name} ({shown(one)}, now {shown(other)})")
    return found


def changed_lines(one: Sequence[str], other: Sequence[str]) -> list[str]:
    """Parameters that differ between two scenarios, as canonical lines."""
    before = dict(line.split("=", 1) for line in one)
    after = dict(line.split("=", 1) for line in other)
    paths = [p for p in sorted({*before, *after}) if before.get(p) != after.get(p)]
    return [f"{p} ({before.get(p, 'absent')}, now {after.get(p, 'absent')})" for p in paths]


def missing_rows(
    design: pa.Table, store: Store, *, retry_failed: bool
) -> tuple[Rows, NDArray[np.uint64], int, int]:
    """Rows to be done, keys of all rows, and how many runs are finished and failed.

    Of rows that are one run, the first counts.
    """
    keys = keys_of(design["run_id"])
    unique, first = np.unique(keys, return_index=True)
    finished = np.isin(unique, store.finished())
    failed = np.isin(unique, store.failed()) & ~finished
    left = ~finished if retry_failed else ~(finished | failed)
    counted = 0 if retry_failed else int(failed.sum())
    return np.sort(first[left]).astype(np.int64), keys, int(finished.sum()), counted


def work(
    folder: SweepFolder, engine: Engine, jobs: int, on_event: OnEvent | None = None, *,
    retry_failed: bool = False,
) -> Report:  # fmt: skip
    """Do what is missing of a sweep. Ctrl-C ends it after the runs under way, with all kept.

    Raises StoreError if results cannot be written, SweepError if the sweep cannot be worked on,
    KeyboardInterrupt at a second Ctrl-C.
    """
    store = folder.store
    with folder.writing() as alone:
        if alone:
            store.sweep_partials()
        damaged = store.verify()
        design = folder.design()
        rows, keys, finished, failed = missing_rows(design, store, retry_failed=retry_failed)
        if not alone:
            rows = elsewhere(rows)
        progress = Progress(len(np.unique(keys)), finished, failed)
        queue = Queue(rows, keys, store, progress, jobs, folder.writers)
        del design

        def tell(event: Event) -> None:
            progress.note(event)
            if on_event is not None:
                on_event(progress)

        with stop_on_signal(queue):
            if on_event is not None:
                on_event(progress)
            engine.run(folder, queue, tell)
        return Report(progress, queue.stopping, len(damaged))


def elsewhere(rows: Rows) -> Rows:
    """The same rows beginning at another place, where nobody else is at work yet."""
    place = int.from_bytes(np.random.default_rng().bytes(4), "little") % max(len(rows), 1)
    return np.roll(rows, -place)


@contextlib.contextmanager
def stop_on_signal(queue: Queue) -> Iterator[None]:
    """Let the first Ctrl-C (or a request to terminate) stop the queue, and a second interrupt."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:  # noqa: ARG001
        if queue.stopping:
            raise KeyboardInterrupt
        queue.stopping = True

    numbers = (signal.SIGINT, signal.SIGTERM)
    earlier = [signal.signal(number, stop) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, earlier, strict=True):
            signal.signal(number, handler)
