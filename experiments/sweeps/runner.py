"""Run, resume and extend a sweep: its design less what is finished, in chunks, by an engine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from experiments.provenance import PACKAGES, found
from experiments.stored import read_text, reason_of, scenario
from experiments.sweeps.designs import first_size
from experiments.sweeps.engines import Engine
from experiments.sweeps.events import Event
from experiments.sweeps.experiment import Experiment
from experiments.sweeps.factors import Factor
from experiments.sweeps.folder import Manifest, SweepError, SweepFolder, refuse_other_model
from experiments.sweeps.outcomes import Outcome
from experiments.sweeps.plan import plan, points_of, space_of
from experiments.sweeps.queue import Progress, Queue, Rows, missing_rows, stop_on_signal
from experiments.sweeps.work import now
from sim.catalogue import shown
from sim.loading import ScenarioError, to_toml
from sim.scenario import Scenario
from sim.schemas import SCHEMA_VERSION
from sim.version import model_version, provenance

OnEvent = Callable[[Progress], None]


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
    """The experiment of a stored sweep, with its scenarios as they were when it began.

    Raises SweepError where a file of it cannot be read.
    """
    facts = folder.manifest()
    identity = facts["identity"]
    worlds = {tuple(key): folder.world_path(i) for i, key in enumerate(facts["worlds"])}
    bases = [frozen_world(path) for path in worlds.values()]
    try:
        text = read_text(folder.experiment_path)
    except OSError as error:
        raise SweepError(
            f"{folder.experiment_path} cannot be read: {reason_of(error)}; put the file back that "
            "the sweep was begun with"
        ) from error
    return Experiment(
        name=facts["experiment"], question=facts["question"],
        base=bases[0], source="", settings={},
        factors=tuple(Factor.from_described(one) for one in identity["factors"]),
        outcomes=tuple(Outcome(*fields) for fields in identity["outcomes"]),
        design=identity["design"], replicates=facts["replicates"], seed=identity["seed"],
        keep=tuple(identity["keep"]), market=tuple(identity["market"]), limits=facts["limits"],
        text=text, frozen=worlds, table=identity["table"],
    )  # fmt: skip


def frozen_world(path: Path) -> Scenario:
    """A scenario as it was when a sweep began; raises SweepError if it cannot be read."""
    try:
        return scenario(path)
    except ScenarioError as error:
        raise SweepError(f"{path.parent} is damaged: {error}") from None


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


def work(
    folder: SweepFolder, engine: Engine, jobs: int, on_event: OnEvent | None = None, *,
    retry_failed: bool = False, size: int | None = None,
) -> Report:  # fmt: skip
    """Do what is missing of a sweep. Ctrl-C ends it after the runs under way, with all kept.

    jobs: how many chunks are done at once. size: runs of a chunk, by their time if omitted.

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
        queue = Queue(rows, keys, store, progress, jobs, folder.writers, size)
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
