"""What the `segment` table says of firms of some sectors, regions and size bands in a month."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

PLACES: Final = ("sector", "region")
"""Columns of the segment table that the decision table lacks."""
Row = dict[str, Any]
Values = Mapping[str, set[str]]
"""Values that columns of the segment table may have."""


@dataclass(frozen=True)
class Figures:
    """Firms of a segment in a month, by weight; None for what is not known or not recorded."""

    firms: float
    simulated: int | None
    adoption: float | None
    open_usage_share: float | None
    """Of slots in use, as `selfhost_share` is."""
    selfhost_share: float | None
    restricted_share: float | None
    tokens: float
    """Mtok a month."""
    spend: float
    """$ a month, as `consumer_surplus` is."""
    consumer_surplus: float


def place_words(segment: pa.Table) -> dict[str, tuple[str, str]]:
    """The sectors and regions of a run as words: the column of the table, and the value."""
    return {
        value.lower(): (column, value)
        for column in PLACES
        for value in sorted(filter(None, pc.unique(segment[column]).to_pylist()))
    }


def figures_of(segment: pa.Table, month: int, values: Values) -> Figures | None:
    """Pool the rows of a month whose columns have some of the values; None if there are none."""
    mask = pc.equal(segment["month"], month)
    for column, wanted in values.items():
        mask = pc.and_(mask, pc.is_in(segment[column], pa.array(sorted(wanted), pa.string())))
    rows = segment.filter(mask).to_pylist()
    if not rows:
        return None
    simulated = [row["simulated"] for row in rows]
    return Figures(
        firms=added(rows, "enterprises"),
        simulated=None if None in simulated else sum(simulated),
        adoption=pooled(rows, "adoption", "enterprises"),
        open_usage_share=pooled(rows, "open_usage_share", "slots"),
        selfhost_share=pooled(rows, "selfhost_share", "slots"),
        restricted_share=pooled(rows, "restricted_share", "enterprises"),
        tokens=added(rows, "tokens"),
        spend=added(rows, "spend"),
        consumer_surplus=added(rows, "consumer_surplus"),
    )


def added(rows: Iterable[Row], column: str) -> float:
    """Sum of a column; what is null adds nothing."""
    return float(sum(row[column] or 0.0 for row in rows))


def pooled(rows: list[Row], column: str, weight: str) -> float | None:
    """Weighted mean of a share; None without weight, as in runs stored before it was recorded."""
    if len(rows) == 1:
        share: float | None = rows[0][column]
        return share
    known = [(row[column], row[weight]) for row in rows if row[column] is not None]
    if not known or any(part is None for _, part in known):
        return None
    shares, weights = np.array(known, np.float64).T
    return float(np.average(shares, weights=weights)) if weights.sum() > 0 else None
