"""All runs of a sweep: every point of the design with every replicate, each with its run id."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pydantic import ValidationError

from experiments.sweeps.designs import Space, design_points, first_size
from experiments.sweeps.experiment import Experiment
from experiments.sweeps.factors import ExperimentError, Factor, Value
from experiments.sweeps.manifest import MOST_RUNS
from sim.catalogue import shown
from sim.loading import canonical, spelling
from sim.scenario import Scenario

CHECKED: Final = 64
"""Points validated in full before anything starts; others would fail as runs."""


def replicate_seed(root: int, replicate: int) -> int:
    """Root seed of a replicate: the same for all points, so that worlds differ by their factors."""
    address = f"replicate\0{root}\0{replicate}".encode()
    return int.from_bytes(hashlib.blake2b(address, digest_size=8).digest(), "little") >> 1


def plan(experiment: Experiment, model_version: str, points: pa.Table | None = None) -> pa.Table:
    """The design: a row per run, replicate after replicate.

    points: those of the design if omitted; see `points_of`.
    Columns: run_id, point, draw, arm, replicate, seed, then the factors. Points that are the same
    world (as screening designs repeat) have the same run id and are run once.
    Raises ExperimentError or ScenarioError for a point that cannot be run.
    """
    points = points_of(experiment) if points is None else points
    runs = points.num_rows * experiment.replicates
    if runs > MOST_RUNS:
        raise ExperimentError(f"{runs:,} runs are too many; a sweep has up to {MOST_RUNS:,}")
    check_points(experiment, points)
    seeds = [replicate_seed(experiment.seed, r) for r in range(experiment.replicates)]
    ids = run_ids(experiment, points, seeds, model_version)
    each = np.arange(points.num_rows, dtype=np.int32)
    tiled = points.take(pa.array(np.tile(each, experiment.replicates)))
    head = {
        "run_id": ids,
        "point": pa.array(np.tile(each, experiment.replicates)),
        "draw": tiled["draw"],
        "arm": tiled["arm"],
        "replicate": pa.array(np.repeat(np.arange(len(seeds), dtype=np.int32), len(each))),
        "seed": pa.array(np.repeat(np.array(seeds, np.int64), len(each))),
    }
    return pa.table({**head, **{f.name: tiled[f.name] for f in experiment.factors}})


def space_of(experiment: Experiment) -> Space:
    """What the design of an experiment is made for."""
    return Space(
        experiment.factors, experiment.design, experiment.seed, experiment.folder, experiment.name
    )


def points_of(experiment: Experiment, sizes: Sequence[int] | None = None) -> pa.Table:
    """The points of the design: `draw`, `arm` and the factors.

    sizes: of a design that was added to; those of the experiment if omitted.
    """
    space = space_of(experiment)
    return design_points(space, first_size(space) if sizes is None else sizes)


@dataclass(frozen=True)
class World:
    """The base scenario under one choice of options, as bytes to hash and a tree to change."""

    scenario: Scenario
    lines: tuple[str, ...]
    tree: dict[str, Any]

    @classmethod
    def of(cls, scenario: Scenario) -> "World":
        """Prepare a scenario."""
        return cls(scenario, canonical(scenario), scenario.model_dump())

    def scenario_at(self, values: Mapping[str, Value]) -> Scenario:
        """The scenario with parameters changed by path.

        Raises ExperimentError, one sentence, for values that are impossible together.
        """
        for path, value in values.items():
            *sections, leaf = path.split(".")
            tree = self.tree
            for section in sections:
                tree = tree[section]
            tree[leaf] = value
        try:
            return type(self.scenario).model_validate(self.tree)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            reason = first["msg"].removeprefix("Value error, ")
            raise ExperimentError(f"{place + ': ' if place else ''}{reason}") from None


class Worlds:
    """The worlds of an experiment, made when first asked for."""

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._known: dict[tuple[Value, ...], World] = {}
        self.options = [f for f in experiment.factors if f.options is not None]
        self.paths = [f.name for f in experiment.factors if f.options is None]

    def of(self, row: Mapping[str, Value]) -> World:
        """The world of a point's options."""
        key = tuple(row[factor.name] for factor in self.options)
        if key not in self._known:
            chosen = {f.name: str(v) for f, v in zip(self.options, key, strict=True)}
            self._known[key] = World.of(self._experiment.scenario_of(chosen))
        return self._known[key]

    def scenario(self, row: Mapping[str, Value]) -> Scenario:
        """The scenario of a point."""
        return self.of(row).scenario_at({path: row[path] for path in self.paths})


def check_points(experiment: Experiment, points: pa.Table) -> None:
    """Validate points spread over the design in full, and every path in every world."""
    worlds = Worlds(experiment)
    rows = np.unique(np.linspace(0, points.num_rows - 1, CHECKED).astype(int))
    for row in points.take(pa.array(rows)).to_pylist():
        try:
            worlds.scenario(row)
        except (KeyError, ExperimentError) as error:
            place = ", ".join(f"{f.name} = {shown(row[f.name])}" for f in experiment.factors)
            reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise ExperimentError(f"{experiment.name}: at {place}: {reason}") from None


def run_ids(
    experiment: Experiment, points: pa.Table, seeds: Sequence[int], model_version: str
) -> pa.Array:
    """Run ids as `sim.loading.run_id` gives them, replicate after replicate.

    The lines that no factor changes are hashed as they stand, once per point.
    """
    worlds = Worlds(experiment)
    tails = [f"\nseed={seed}\nmodel_version={model_version}".encode() for seed in seeds]
    paths = sorted(worlds.paths)
    lines = [spelt(experiment.factor(path), points[path].to_pylist()) for path in paths]
    keys = points.select([factor.name for factor in worlds.options]).to_pylist()
    found = np.empty((len(seeds), points.num_rows), "S16")
    pieces: dict[int, tuple[Any, list[bytes]]] = {}
    for point, values in enumerate(zip(*lines, strict=True) if lines else [()] * len(points)):
        world = worlds.of(keys[point] if keys else {})
        if id(world) not in pieces:
            pieces[id(world)] = cut(world.lines, paths)
        start, rest = pieces[id(world)]
        digest = start.copy()
        for line, piece in zip(values, rest, strict=True):
            digest.update(line)
            digest.update(piece)
        for replicate, tail in enumerate(tails):
            last = digest.copy()
            last.update(tail)
            found[replicate, point] = last.hexdigest()
    return pa.array(found.ravel()).cast(pa.string())


def spelt(factor: Factor, values: Iterable[Value]) -> list[bytes]:
    """The canonical line of each value of a factor."""
    return [f"{factor.name}={spelling(value)}".encode() for value in values]


def cut(lines: Sequence[str], paths: Sequence[str]) -> tuple[Any, list[bytes]]:
    """A digest of the lines before the first path, and the text after each path's line."""
    places = []
    for path in paths:
        found = [i for i, line in enumerate(lines) if line.startswith(f"{path}=")]
        if not found:
            raise ExperimentError(f"{path} is not in every world of the experiment")
        places.append(found[0])
    ends = [*places[1:], len(lines)] if places else []
    first = "\n".join(lines[: places[0]] if places else lines)
    start = hashlib.blake2b((first + "\n" if first and places else first).encode(), digest_size=8)
    rest = []
    for place, end in zip(places, ends, strict=True):
        between = "".join(f"\n{line}" for line in lines[place + 1 : end])
        rest.append((between + ("\n" if end < len(lines) else "")).encode())
    return start, rest
