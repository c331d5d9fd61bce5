"""The future over an ensemble: weighted fans of what members' runs say, month by month."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, NotRequired, TypedDict

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter

from experiments.ensemble import members, prior, sweep
from experiments.ensemble.facts import Floats
from experiments.ensemble.folder import EnsembleError
from experiments.ensemble.runs import COLUMNS, MONTHS
from experiments.ensemble.surviving import weighted_quantiles
from experiments.shapes import MaybeNumber, Number, Part, holds
from experiments.stored import Count
from sim.catalogue import shown

LEVELS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
MOST_UNKNOWN: Final = 0.5
"""Weight of runs without a value above which a month has no quantiles."""


@dataclass(frozen=True)
class Fan:
    """One column of the market table over weighted runs.

    quantiles: (levels, months), not a number where most runs have no value.
    known: share of the weight that has a value, by month.
    """

    column: str
    quantiles: Floats
    known: Floats


@dataclass(frozen=True)
class Outlook:
    """Fans over a set of worlds by column; `worlds` were run, worth `effective` equal ones."""

    worlds: int
    effective: float
    fans: dict[str, Fan]


Levels = Annotated[list[MaybeNumber], Field(min_length=len(LEVELS), max_length=len(LEVELS))]
Months = Annotated[list[Levels], Field(min_length=MONTHS, max_length=MONTHS)]
Known = Annotated[list[Part], Field(min_length=MONTHS, max_length=MONTHS)]


class Fans(TypedDict):
    """Fans over a set of worlds."""

    worlds: Count
    effective: Number
    quantiles: Annotated[
        dict[str, Months], holds(lambda found: set(COLUMNS) <= set(found), "every column")
    ]
    known: NotRequired[dict[str, Known]]


class Ahead(TypedDict):
    """What `nomoat ensemble forecast --json` prints."""

    ensemble: Fans
    prior: Fans


AHEAD: Final = TypeAdapter(Ahead)


def outlook(folder: Path, columns: Sequence[str] = COLUMNS) -> tuple[Outlook, Outlook]:
    """Fans over the members, and over the worlds of the prior that were run, of the same columns.

    Replicates of a world share its weight, so a fan holds luck as well as uncertainty about the
    world. Raises EnsembleError where no world survives or nothing is finished.
    """
    kept = members(folder)
    if kept.num_rows == 0:
        raise EnsembleError(
            f"no world of {folder} is consistent with the facts, so there is nothing to "
            "forecast; `nomoat ensemble show` says which facts rule out what"
        )
    table = sweep(folder).table("market", ["month", *columns])
    cube = stacked(table, columns)
    return fans(kept, cube, columns), fans(prior(folder), cube, columns)


def stored_outlook(document: Mapping[str, Any]) -> tuple[Outlook, Outlook]:
    """The fans that `nomoat ensemble forecast --json` printed, a document of the shape `AHEAD`.

    How much is known is not a number in those of earlier versions, which do not say it.
    """

    def one(kind: Mapping[str, Any]) -> Outlook:
        fans = {}
        for column, months in kind["quantiles"].items():
            quantiles = np.array(months, float).T
            known = kind.get("known", {}).get(column, [np.nan] * quantiles.shape[1])
            fans[column] = Fan(column, quantiles, np.array(known, float))
        return Outlook(kind["worlds"], kind["effective"], fans)

    return one(document["ensemble"]), one(document["prior"])


def stacked(table: pa.Table, columns: Sequence[str]) -> dict[str, Floats]:
    """Values (months, columns) by run id."""
    ids = np.array(table["run_id"].to_pylist())
    months = table["month"].to_numpy()
    values = np.stack(
        [table[name].cast(pa.float64()).to_numpy(zero_copy_only=False) for name in columns], axis=1
    )
    order = np.lexsort((months, ids))
    names, first = np.unique(ids[order], return_index=True)
    parts = np.split(values[order], first[1:])
    return dict(zip(names.tolist(), parts, strict=True))


def fans(worlds: pa.Table, cube: dict[str, Floats], columns: Sequence[str]) -> Outlook:
    """The fans over worlds, those left out that were not run."""
    found: list[Floats] = []
    weights: list[float] = []
    used: list[float] = []
    pairs = zip(worlds["run_ids"].to_pylist(), worlds["weight"].to_pylist(), strict=True)
    for ids, weight in pairs:
        if ids:
            refuse_lacking(ids, cube)
            found += [cube[one] for one in ids]
            weights += [weight / len(ids)] * len(ids)
            used.append(weight)
    if not found:
        raise EnsembleError("no run to 2030-12 is finished")
    values, weight = np.stack(found), np.array(weights)
    worth = np.array(used)
    return Outlook(
        len(used),
        float(worth.sum() ** 2 / (worth**2).sum()),
        {name: fan(name, values[:, :, i], weight) for i, name in enumerate(columns)},
    )


def refuse_lacking(ids: Sequence[str], runs: Collection[str]) -> None:
    """Raise EnsembleError if a run of a world is not among those that are stored."""
    if lacking := [one for one in ids if one not in runs]:
        raise EnsembleError(
            f"the run {shown(lacking[0])} of a world is not among those in worlds/, which are "
            "damaged or another ensemble's; nomoat sweep check says what is damaged"
        )


def fan(column: str, values: Floats, weight: NDArray[np.float64]) -> Fan:
    """The fan of one column: values (runs, months)."""
    total = weight.sum()
    quantiles = np.full((len(LEVELS), MONTHS), np.nan)
    known = np.zeros(MONTHS)
    for month in range(values.shape[1]):
        there = np.isfinite(values[:, month])
        known[month] = weight[there].sum() / total
        if known[month] > MOST_UNKNOWN:
            quantiles[:, month] = weighted_quantiles(values[there, month], weight[there], LEVELS)
    return Fan(column, quantiles, known)
