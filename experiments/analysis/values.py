"""The outcomes of a sweep as arrays: point by point, replicate by replicate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from experiments.sweeps.experiment import Experiment
from experiments.sweeps.factors import Factor, Value
from experiments.sweeps.folder import SweepError
from experiments.sweeps.outcomes import REGIME, Outcome
from experiments.sweeps.reading import Sweep
from experiments.sweeps.runner import stored_experiment, stored_points

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LEAST_DONE: Final = 0.5
"""A replicate with fewer of the finished runs than this share of the fullest is left out."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its interval of 95%; low and high are None where none can be told."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def half_width(self) -> float | None:
        """Half the width of the interval."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


@dataclass(frozen=True)
class Points:
    """The points of a stored design, in its order.

    columns: values of every factor. arms: combinations of levers that every drawn point was
    crossed with, side by side; 1 if none.
    """

    experiment: Experiment
    columns: Mapping[str, Sequence[Value]]
    arms: int
    sizes: Sequence[int]

    @property
    def kind(self) -> str:
        """Name of the design."""
        return str(self.experiment.design.get("kind", "grid"))

    @property
    def count(self) -> int:
        """Number of points."""
        return len(next(iter(self.columns.values()), []))

    @property
    def factors(self) -> tuple[Factor, ...]:
        """All factors that take more than one value."""
        varied = (f for f in self.experiment.factors if len(set(self.columns[f.name])) > 1)
        return tuple(varied)

    @cached_property
    def drawn(self) -> tuple[Factor, ...]:
        """Factors that the design draws, in its order: without levers that it crosses."""
        factors = self.experiment.factors
        return factors if self.arms == 1 else tuple(f for f in factors if f.role == "uncertainty")

    @property
    def step(self) -> int:
        """Rows that the design draws together: of a screening or sensitivity design; else 1."""
        count = len(self.drawn)
        pairs = self.experiment.design.get("second_order", False)
        saltelli = 2 * count + 2 if pairs else count + 2
        return {"saltelli": saltelli, "morris": count + 1}.get(self.kind, 1)

    @property
    def group(self) -> Ints:
        """Number of the independent draw that each point belongs to."""
        return np.arange(self.count) // (self.arms * self.step)


def points_of(sweep: Sweep) -> Points:
    """The points of a stored sweep."""
    experiment = stored_experiment(sweep.folder)
    table = stored_points(sweep.design)
    columns = {f.name: table[f.name].to_pylist() for f in experiment.factors}
    crossed = experiment.design.get("levers", "crossed") == "crossed"
    arms = 1
    if crossed and sweep.facts["sizes"]:
        arms = len(set(table["arm"].to_pylist()))
    return Points(experiment, columns, arms, sweep.facts["sizes"])


@dataclass(frozen=True)
class Observed:
    """One outcome of every run.

    categories: the words it takes; empty for a number. values: (points, replicates, columns), not
    a number where a run has no value: one column for a number, for words one per category that is
    1 where the run came to it. finished: runs among them that ended, with a value or without.
    begun: replicates left out because they have hardly begun.
    """

    name: str
    words: str
    categories: tuple[str, ...]
    values: Floats
    finished: int = 0
    begun: int = 0

    @property
    def replicates(self) -> int:
        """Runs of each point."""
        return int(self.values.shape[1])

    @property
    def known(self) -> NDArray[np.bool_]:
        """Points that have a value in every replicate."""
        return np.isfinite(self.values[:, :, 0]).all(axis=1)

    def of(self, points: NDArray[np.bool_] | Ints) -> "Observed":
        """The outcome of some of the points."""
        return Observed(self.name, self.words, self.categories, self.values[points])


def observed(sweep: Sweep, table: pa.Table, name: str) -> Observed:
    """One outcome of a sweep; `table` is `sweep.outcomes()`.

    Replicates that have hardly begun are left out and counted. Raises SweepError where nothing is
    finished.
    """
    if table.num_rows == 0:
        raise SweepError(f"{sweep.folder.path} has no finished run yet")
    point, replicate = table["point"].to_numpy(), table["replicate"].to_numpy()
    counts = np.bincount(replicate)
    kept = np.flatnonzero(counts >= LEAST_DONE * counts.max())
    place = np.full(len(counts), -1)
    place[kept] = np.arange(len(kept))
    rows = place[replicate] >= 0
    categories, columns = encoded(table[name])
    shape = (int(sweep.facts["points"]), len(kept), columns.shape[1])
    values = np.full(shape, np.nan)
    values[point[rows], place[replicate[rows]]] = columns[rows]
    begun = int((counts > 0).sum()) - len(kept)
    return Observed(name, words_of(sweep, name), categories, values, int(rows.sum()), begun)


def encoded(column: pa.ChunkedArray) -> tuple[tuple[str, ...], Floats]:
    """Words it takes, and its values (runs, columns)."""
    if not pa.types.is_string(column.type):
        numbers = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return (), numbers[:, None]
    words = column.to_pylist()
    categories = tuple(sorted({word for word in words if word is not None}))
    numbers = np.array([[float(word == one) for one in categories] for word in words])
    # A column even where no run came to a word: then every run lacks one.
    numbers = (
        numbers.reshape(len(words), len(categories)) if categories else np.zeros((len(words), 1))
    )
    numbers[[word is None for word in words]] = np.nan
    return categories, numbers


def words_of(sweep: Sweep, name: str) -> str:
    """What an outcome is."""
    if name == REGIME:
        return "label of the world at the end"
    return declared(sweep, name).words


def awaited(sweep: Sweep, name: str) -> bool:
    """Whether an outcome is a first month, so that a run without a value never gets there."""
    return name != REGIME and declared(sweep, name).awaited


def declared(sweep: Sweep, name: str) -> Outcome:
    """An outcome as the experiment declares it."""
    fields = next(f for f in sweep.facts["identity"]["outcomes"] if f[0] == name)
    return Outcome(*fields)
