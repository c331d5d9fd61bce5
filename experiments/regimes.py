"""What kind of market worlds end in, and which settings that hangs on most."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, NotRequired, TypedDict

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import TypeAdapter

from experiments.ensemble import members, parameters, prior
from experiments.ensemble import sweep as sweep_of
from experiments.ensemble.outlook import refuse_lacking
from experiments.shapes import LARGEST, Part, holds
from experiments.stored import Count
from experiments.sweeps.outcomes import REGIME
from experiments.sweeps.reading import Sweep

Values = NDArray[Any]
PARTS: Final = 3
"""Parts of equal size that the values of a number are put into."""
SHUFFLES: Final = 999
MOST_WORLDS: Final = 2000
"""Worlds that strengths are taken from, at random, where there are more."""
FEWEST: Final = 8
"""Worlds below which no strength says anything."""


@dataclass(frozen=True)
class Mapped:
    """Worlds with the label most of their runs end in, and their settings.

    names: of worlds in their ensemble, or of points. agreement: share of a world's runs that have
    its label. weights: add up to 1, 0 for worlds that are no members of an ensemble. runs: how
    many. logs: factors that are drawn on a log scale. left_out: worlds asked for without a
    finished run.
    """

    names: list[str]
    labels: list[str]
    agreement: NDArray[np.float64]
    weights: NDArray[np.float64]
    settings: Mapping[str, Values]
    logs: frozenset[str]
    runs: int
    left_out: int = 0

    def as_json(self) -> dict[str, Any]:
        """All of it, as `from_json` takes it."""
        settings = {path: column.tolist() for path, column in self.settings.items()}
        return {
            "names": self.names, "labels": self.labels, "agreement": self.agreement.tolist(),
            "weights": self.weights.tolist(), "settings": settings, "logs": sorted(self.logs),
            "runs": self.runs, "left_out": self.left_out,
        }  # fmt: skip

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Mapped":
        """What `as_json` gave, a document of the shape `SHAPE`."""
        return cls(
            stored["names"], stored["labels"], np.array(stored["agreement"], float),
            np.array(stored["weights"], float),
            {path: np.array(column) for path, column in stored["settings"].items()},
            frozenset(stored["logs"]), stored["runs"], stored.get("left_out", 0),
        )  # fmt: skip


def alike(column: Any) -> bool:
    """Whether the values of a setting are all numbers or all words."""
    if all(type(one) in (int, float) for one in column):
        return all(abs(one) <= LARGEST for one in column)
    return any(all(type(one) is kind for one in column) for kind in (str, bool))


def same_length(found: Any) -> bool:
    """Whether all columns have a value for every world."""
    columns = [found[name] for name in ("labels", "agreement", "weights")]
    return {len(found["names"])} == set(map(len, [*columns, *found["settings"].values()]))


class Stored(TypedDict):
    """What `Mapped.as_json` gives."""

    names: list[str]
    labels: list[str]
    agreement: list[Part]
    weights: list[Part]
    settings: dict[str, Annotated[list[Any], holds(alike, "a list of numbers or one of words")]]
    logs: list[str]
    runs: Count
    left_out: NotRequired[Count]


SHAPE: Final = TypeAdapter(
    Annotated[Stored, holds(same_length, "a document with a value of every column for each world")]
)


@dataclass(frozen=True)
class Strength:
    """How much of the label's variety a factor explains.

    share: Goodman and Kruskal's tau, the share by which knowing the third of the range (or the
    value) lowers the chance that two worlds have different labels. chance: how often the strongest
    of all factors would explain as much if labels were dealt at random.
    """

    path: str
    share: float
    chance: float


def of_ensemble(folder: Path, logs: Sequence[str]) -> Mapped:
    """Members of an ensemble and the worlds of the prior that were run to the end."""
    kept, even = members(folder), prior(folder)
    labels = by_run(sweep_of(folder))
    rows: dict[str, tuple[list[str], float, dict[str, Any]]] = {}
    for table, counts in ((even, False), (kept, True)):
        for row in table.to_pylist():
            if row["run_ids"]:
                refuse_lacking(row["run_ids"], labels)
                rows[row["world"]] = (row["run_ids"], row["weight"] if counts else 0.0, row)
    found = [modal([labels[one] for one in ids]) for ids, _, _ in rows.values()]
    weights = np.array([weight for _, weight, _ in rows.values()])
    settings = {
        path: np.array([row[path] for _, _, row in rows.values()]) for path in parameters(kept)
    }
    return mapped(
        list(rows), found, weights, settings, logs, sum(len(ids) for ids, _, _ in rows.values())
    )


def of_sweep(sweep: Sweep) -> Mapped:
    """The points of a sweep; its replicates are the runs of a world."""
    table = sweep.outcomes()
    points: dict[int, list[str]] = {}
    first: dict[int, int] = {}
    for place, (point, label) in enumerate(
        zip(table["point"].to_pylist(), table[REGIME].to_pylist(), strict=True)
    ):
        points.setdefault(point, []).append(label)
        first.setdefault(point, place)
    chosen = table.take(pa.array(list(first.values()), pa.int64()))
    factors = [*sweep.uncertainties, *sweep.levers]
    settings = {name: np.array(chosen[name].to_pylist()) for name in factors}
    logs = [one["name"] for one in sweep.facts["identity"]["factors"] if one.get("log")]
    found = [modal(labels) for labels in points.values()]
    names = [f"point {point}" for point in points]
    left_out = int(sweep.facts["points"]) - len(points)
    return mapped(names, found, np.ones(len(found)), settings, logs, table.num_rows, left_out)


def mapped(
    names: list[str], found: Sequence[tuple[str, float]], weights: NDArray[np.float64],
    settings: Mapping[str, Values], logs: Sequence[str], runs: int, left_out: int = 0,
) -> Mapped:  # fmt: skip
    """Worlds from their labels and agreements."""
    total = weights.sum()
    return Mapped(
        names, [label for label, _ in found], np.array([share for _, share in found]),
        weights / total if total else weights, settings, frozenset(logs), runs, left_out,
    )  # fmt: skip


def by_run(sweep: Sweep) -> dict[str, str]:
    """The label of every finished run."""
    table = sweep.outcomes().select(["run_id", REGIME])
    return dict(zip(table["run_id"].to_pylist(), table[REGIME].to_pylist(), strict=True))


def modal(labels: Sequence[str]) -> tuple[str, float]:
    """The most frequent label, the first by name among equals, and its share."""
    counts = Counter(sorted(labels)).most_common(1)[0]
    return counts[0], counts[1] / len(labels)


def strengths(worlds: Mapped, seed: int = 1) -> list[Strength]:
    """Every factor that differs between worlds, the strongest first; none if worlds are too few.

    Chances are those of the largest share among all factors over shuffled labels (Westfall and
    Young 1993), so that no correction for many factors is left to do.
    """
    random = np.random.default_rng(seed)
    count = len(worlds.labels)
    rows = random.permutation(count)[:MOST_WORLDS]
    names, labels = np.unique(np.array(worlds.labels)[rows], return_inverse=True)
    groups = {
        path: parted(column[rows]) for path, column in worlds.settings.items() if varies(column)
    }
    if count < FEWEST or len(names) < 2 or not groups:
        return []
    stacked = np.concatenate([onehot(one) for one in groups.values()])
    owner = np.repeat(np.arange(len(groups)), [int(one.max()) + 1 for one in groups.values()])
    coded = onehot(labels).T

    def shares(order: NDArray[np.intp]) -> NDArray[np.float64]:
        return explained(stacked @ coded[order], owner, coded.mean(axis=0))

    observed = shares(np.arange(len(rows)))
    largest = np.array([shares(random.permutation(len(rows))).max() for _ in range(SHUFFLES)])
    chances = [(1 + int((largest >= one - 1e-12).sum())) / (1 + SHUFFLES) for one in observed]
    found = map(Strength, groups, observed.tolist(), chances)
    return sorted(found, key=lambda one: -one.share)


def explained(
    counts: NDArray[np.float64], owner: NDArray[np.intp], overall: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Goodman and Kruskal's tau of each factor. counts: (groups of all factors, labels).

    Source: Goodman and Kruskal (1954), "Measures of association for cross classifications".
    """
    size = counts.sum(axis=1)
    within = (counts**2).sum(axis=1) / np.maximum(size, 1.0)
    pure = np.bincount(owner, weights=within) / np.bincount(owner, weights=size)
    chance = float((overall**2).sum())
    found: NDArray[np.float64] = (pure - chance) / (1.0 - chance)
    return found


def varies(column: Values) -> bool:
    """Whether a factor has more than one value."""
    return len({str(one) for one in column.tolist()}) > 1


def parted(column: Values) -> NDArray[np.intp]:
    """The part of each value: thirds of the numbers by rank, or the values of a list."""
    if column.dtype.kind in "fiu" and len(np.unique(column)) > PARTS:
        ranks = np.argsort(np.argsort(column, kind="stable"), kind="stable")
        return (ranks * PARTS // len(column)).astype(np.intp)
    return np.unique(column.astype(str), return_inverse=True)[1].astype(np.intp)


def onehot(codes: NDArray[np.intp]) -> NDArray[np.float64]:
    """(codes, places): 1 where a place has a code."""
    found: NDArray[np.float64] = np.eye(int(codes.max()) + 1)[:, codes]
    return found
