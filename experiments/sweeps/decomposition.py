"""How much each term of the utility explains of choices between open and closed: Shapley values.

Of every cell of the decision table the mean terms of the choice and of the best alternative of the
other openness are known. What a set of terms explains is how far the chance of that choice, by a
logit over these terms alone, lies from an even chance. Shapley's value of a term is its mean
contribution over all orders in which terms can be added (Shapley 1953); with eight terms all 256
sets are evaluated, so it is exact.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from agents.enterprise.evaluation import TERMS
from experiments.sweeps.factors import ExperimentError
from sim.catalogue import shown

FIELD: Final = "shapley"
THETA: Final = 7.0
"""Decisiveness, utils per share of value: the default of `choice.theta`."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shapley:
    """A term's part of what explains choices between open and closed, 0 to 1."""

    term: str

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any], where: str) -> "Shapley":
        """What an outcome of a file declares; ExperimentError for a term that is none."""
        if not isinstance(spec[FIELD], str) or spec[FIELD] not in TERMS:
            raise ExperimentError(
                f"{where}: shapley is one of {', '.join(TERMS)}, not {shown(spec[FIELD])}"
            )
        return cls(spec[FIELD])

    @property
    def table(self) -> str:
        """The table it is taken from."""
        return "decision"

    @property
    def columns(self) -> tuple[str, ...]:
        """The column it is named by."""
        return (f"term_{self.term}",)

    @property
    def text(self) -> str:
        """All of it as one line of JSON."""
        return json.dumps({FIELD: self.term})

    @property
    def words(self) -> str:
        """What it is, in a few words."""
        return f"part of {self.term} in choices between open and closed"

    def by_month(self, table: pa.Table, months: int) -> Floats:
        """A value for each month; NaN where nobody compared."""
        found = LATEST.of(table)
        mine = np.bincount(found.month, found.size[:, TERMS.index(self.term)], months)[:months]
        every = np.bincount(found.month, found.size.sum(axis=1), months)[:months]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(every > 0, mine / every, np.nan)


@dataclass(frozen=True)
class Explained:
    """What terms explain, in cells where somebody compared.

    month: (cells,). size: (cells, terms) of each term, times how many compared.
    """

    month: NDArray[np.int64]
    size: Floats


@dataclass
class Decomposer:
    """Decomposes a table once: outcomes ask for one term of a run after the other."""

    table: pa.Table | None = None
    found: Explained | None = None

    def of(self, table: pa.Table) -> Explained:
        """What terms explain in a decision table."""
        if self.found is None or self.table is not table:
            self.found, self.table = decomposed(table), table
        return self.found


def decomposed(table: pa.Table) -> Explained:
    """Decompose a decision table, by cells in which somebody compared."""
    compared = table["compared"].to_numpy(zero_copy_only=False).astype(float)
    gaps = np.column_stack([
        table[f"term_{term}"].to_numpy(zero_copy_only=False)
        - table[f"alternative_term_{term}"].to_numpy(zero_copy_only=False)
        for term in TERMS
    ])  # fmt: skip
    known = np.isfinite(gaps).all(axis=1) & (compared > 0)
    size = compared[known, None] * np.abs(shapley(THETA * gaps[known]))
    return Explained(table["month"].to_numpy()[known], size)


LATEST: Final = Decomposer()


def shapley(gaps: Floats) -> Floats:
    """Shapley values, (cells, terms), of the logit chance of gaps in utility, (cells, terms).

    They add up to the chance by all terms less one half.
    """
    count = gaps.shape[1]
    # What a term that joins so many others counts: the share of orders in which it does.
    joins = [1.0 / (count * math.comb(count - 1, others)) for others in range(count)]
    sums = subset_sums(gaps)
    values = np.zeros(gaps.shape[::-1])
    for members, total in enumerate(sums):
        size = members.bit_count()
        part = [joins[size - 1] if members >> term & 1 else -joins[size] for term in range(count)]
        values += np.array(part)[:, None] / (1.0 + np.exp(-total))
    return np.ascontiguousarray(values.T)


def subset_sums(gaps: Floats) -> Floats:
    """(2 ** terms, cells) sums over the terms whose bits are set in the row's number."""
    sums = np.zeros((1 << gaps.shape[1], gaps.shape[0]))
    for term, gap in enumerate(gaps.T):
        half = 1 << term
        sums[half : 2 * half] = sums[:half] + gap
    return sums


def is_shapley(text: str) -> bool:
    """Whether the text of an outcome's source is that of a Shapley value."""
    return text.startswith("{")
