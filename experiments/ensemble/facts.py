"""Observed facts as history matching sees them: how far a world may lie from each, and why."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from experiments.evidence.checks import Check, all_checks
from experiments.evidence.loss import NARROWEST_SIDE

Floats = NDArray[np.float64]
BAND_SDS: Final = 2.0
"""Standard deviations of the observation that either side of a band stands for."""
WORDS: Final = frozenset({"label"})
"""Fields that explain and decide nothing."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact, on the scale on which worlds are held against it.

    run: the kind of run that answers it (see `experiments.evidence.checks`).
    ratio: compared by its logarithm. observed: on the scale.
    below, above: standard deviation of the observation for worlds on either side of it.
    discrepancy: standard deviation of what the model leaves out, on the scale.
    """

    id: str
    label: str
    run: str
    ratio: bool
    observed: float
    below: float
    above: float
    discrepancy: float

    @property
    def unit(self) -> float:
        """Half the width of the band, on the scale."""
        return (self.below + self.above) / 2 * BAND_SDS

    def on_scale(self, values: Floats) -> Floats:
        """Simulated values on the scale of the fact; not a number where there is none."""
        if not self.ratio:
            return values
        with np.errstate(divide="ignore", invalid="ignore"):
            logs: Floats = np.where(values > 0, np.log(np.maximum(values, 1e-300)), np.nan)
        return logs


def key_facts() -> tuple[Fact, ...]:
    """The key facts, with the discrepancies of discrepancies.toml."""
    shares = discrepancies()
    return tuple(fact_of(check, shares) for check in all_checks() if check.key)


@cache
def discrepancies() -> Mapping[str, Any]:
    """Discrepancy by fact in half-bands, and `default`."""
    text = (resources.files("experiments.ensemble") / "discrepancies.toml").read_text("utf-8")
    found: Mapping[str, Any] = tomllib.loads(text)
    return {
        "default": found["default"],
        **{f["id"]: f["half_bands"] for f in found.get("fact", ())},
    }


def fact_of(check: Check, shares: Mapping[str, float]) -> Fact:
    """A check as history matching sees it.

    A fall in times is compared by its logarithm. A side of a band that is narrower than a quarter
    of it counts as a quarter, as in calibration: an observation may lie at an edge.
    """
    ratio = check.paid_above is not None
    ends = np.array([check.low, check.observed, check.high])
    low, observed, high = (np.log(ends) if ratio else ends).tolist()
    least = NARROWEST_SIDE * (high - low)
    below, above = (max(side, least) / BAND_SDS for side in (observed - low, high - observed))
    unit = (below + above) / 2 * BAND_SDS
    share = float(shares.get(check.id, shares["default"]))
    return Fact(check.id, check.label, check.run, ratio, observed, below, above, share * unit)


def implausibility(facts: Sequence[Fact], means: Floats, variance: Floats) -> Floats:
    """How far worlds lie from each fact, in standard deviations of all that may be wrong.

    |mean - observed| / sqrt(observation + discrepancy + variance). means: (worlds, facts) on the
    scales of the facts. variance: of the means, one per fact or per world and fact. A world
    without a value is infinitely far off.
    Source: Craig, Goldstein, Seheult and Smith (1997), "Pressure matching for hydrocarbon
    reservoirs".
    """
    observed = np.array([fact.observed for fact in facts])
    below, above = (np.array([getattr(f, side) for f in facts]) for side in ("below", "above"))
    sides = np.where(means < observed, below, above)
    missing = np.array([fact.discrepancy for fact in facts])
    found: Floats = np.abs(means - observed) / np.sqrt(sides**2 + missing**2 + variance)
    return np.where(np.isnan(found), np.inf, found)
