"""Which parameters the facts identify: how much narrower they make each than its bounds do."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from experiments.evidence.chains import Floats, sample
from experiments.evidence.checks import Check
from experiments.evidence.emulator import Emulator, fit
from experiments.evidence.loss import CalibrationError, deviation
from experiments.evidence.space import Axis

if TYPE_CHECKING:
    # Its library, of an extra, is not needed to read stored results.
    from experiments.evidence.trials import Trial

NOT_IDENTIFIED, WELL_IDENTIFIED = 0.9, 0.5
"""Shares of the prior standard deviation from which a parameter is not, or well, identified."""
ENOUGH_TRIALS, FEWEST_TRIALS = 200, 20
BAND = 0.5
"""Standard deviation that a fact's band stands for, in half-bands: the band is two either side."""
OFTEN_MISSING = 0.2
"""Share of trials without a value from which a fact is left out."""
CORRELATED = 0.3
MOST_PAIRS = 10
GRID = 10_000
LEVELS = (0.05, 0.5, 0.95)


@dataclass(frozen=True, slots=True)
class Finding:
    """What the facts say of one parameter.

    prior_sd, sd: standard deviations over the bounds and given the facts, on the scale of the
    search (ln for a log scale). interval: 5%, 50% and 95% points given the facts.
    """

    axis: Axis
    prior_sd: float
    sd: float
    interval: tuple[float, float, float]

    @property
    def ratio(self) -> float:
        """What is left of the prior standard deviation; 1 where the facts say nothing."""
        return self.sd / self.prior_sd

    @property
    def verdict(self) -> str:
        """How it is identified: `well`, `partly` or `not`."""
        if self.ratio > NOT_IDENTIFIED:
            return "not"
        return "well" if self.ratio <= WELL_IDENTIFIED else "partly"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two parameters that the facts tie together.

    correlation: given the facts. ratio: what is left of the prior standard deviation of the ln of
    their product (negative correlation) or quotient; None where a bound is not above 0.
    """

    first: str
    second: str
    correlation: float
    ratio: float | None

    @property
    def combination(self) -> str:
        """The product or the quotient, written out."""
        return f"{self.first} {'x' if self.correlation < 0 else '/'} {self.second}"


@dataclass(frozen=True, slots=True)
class Identification:
    """The report. explained: per fact the share of variance that the emulator predicts."""

    trials: int
    findings: tuple[Finding, ...]
    pairs: tuple[Pair, ...]
    explained: Mapping[str, float]
    left_out: tuple[str, ...]

    @property
    def enough(self) -> bool:
        """Whether there are trials enough to lean on."""
        return self.trials >= ENOUGH_TRIALS


def identify(
    axes: Sequence[Axis], checks: Sequence[Check], trials: Sequence["Trial"]
) -> Identification:
    """Learn from all trials what each setting would give, and sample those near the facts.

    A setting counts as exp(-distance/2), where distance sums over facts the squared deviation over
    the variance of the band and of the emulator. Raises CalibrationError below `FEWEST_TRIALS`.
    """
    good = [trial for trial in trials if trial.loss is not None]
    used = answered(checks, good)
    complete = [t for t in good if all(t.medians.get(check.id) is not None for check in used)]
    if len(complete) < FEWEST_TRIALS or not used:
        raise CalibrationError(
            f"identification needs {FEWEST_TRIALS} finished trials with values, "
            f"not {len(complete)}; run `nomoat calibrate` with more --trials"
        )
    positions = np.array(
        [[axis.position(t.parameters[axis.path]) for axis in axes] for t in complete]
    )
    emulator = fit(positions, targets(used, complete))
    points = sample(partial(distance_from_facts, emulator), len(axes), seed=0)
    return Identification(
        trials=len(complete),
        findings=tuple(sorted(findings(axes, points), key=lambda one: one.ratio)),
        pairs=tuple(pairs(axes, points)),
        explained={c.id: float(e) for c, e in zip(used, emulator.explained, strict=True)},
        left_out=tuple(check.id for check in checks if check not in used),
    )


def answered(checks: Sequence[Check], trials: Sequence["Trial"]) -> list[Check]:
    """Facts for which most trials have a value."""
    most = OFTEN_MISSING * len(trials)
    return [c for c in checks if sum(t.medians.get(c.id) is None for t in trials) <= most]


def targets(checks: Sequence[Check], trials: Sequence["Trial"]) -> Floats:
    """Deviations in half-bands, (trials, facts)."""
    return np.array([[deviation(c, t.medians[c.id] or 0.0) for c in checks] for t in trials])


def distance_from_facts(emulator: Emulator, positions: Floats) -> Floats:
    """Sum over facts of the squared deviation over its variance: of the band and the emulator."""
    variance = BAND**2 + emulator.error**2
    total: Floats = (emulator.predict(positions) ** 2 / variance).sum(axis=1)
    return total


def findings(axes: Sequence[Axis], points: Floats) -> list[Finding]:
    """One finding per parameter."""
    found = []
    for column, axis in zip(points.T, axes, strict=True):
        width = axis.on_scale(axis.high) - axis.on_scale(axis.low)
        low, middle, high = (axis.value(float(q)) for q in np.quantile(column, LEVELS))
        sd = float(column.std()) * width
        found.append(Finding(axis, width / np.sqrt(12.0), sd, (low, middle, high)))
    return found


def pairs(axes: Sequence[Axis], points: Floats) -> list[Pair]:
    """The strongest correlations, each with its product or quotient."""
    matrix = np.atleast_2d(np.corrcoef(points.T))
    strong = [
        (float(matrix[i, j]), i, j)
        for i, j in combinations(range(len(axes)), 2)
        if abs(matrix[i, j]) >= CORRELATED
    ]
    strong.sort(key=lambda one: -abs(one[0]))
    return [
        Pair(axes[i].path, axes[j].path, r, combined(axes[i], axes[j], points[:, [i, j]], r))
        for r, i, j in strong[:MOST_PAIRS]
    ]


def combined(first: Axis, second: Axis, points: Floats, correlation: float) -> float | None:
    """What is left of the prior standard deviation of ln(first x second), or of their quotient."""
    if first.low <= 0 or second.low <= 0:
        return None
    sign = 1.0 if correlation < 0 else -1.0
    total = logs(first, points[:, 0]) + sign * logs(second, points[:, 1])
    even = (np.arange(GRID) + 0.5) / GRID
    prior = logs(first, even).var() + logs(second, even).var()
    return float(total.std() / np.sqrt(prior))


def logs(axis: Axis, positions: Floats) -> Floats:
    """The ln of values at positions."""
    low, high = axis.on_scale(axis.low), axis.on_scale(axis.high)
    values = low + positions * (high - low)
    return values if axis.log else np.log(values)


def as_csv(report: Identification) -> str:
    """The findings as a table with a heading, in the order of the report."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["parameter", "low", "high", "scale", "prior_sd", "sd", "ratio", "p5", "p50", "p95",
         "identified", "trials"]
    )  # fmt: skip
    for one in report.findings:
        axis, numbers = one.axis, (one.prior_sd, one.sd, one.ratio, *one.interval)
        scale = "log" if axis.log else "linear"
        cells = [f"{number:.6g}" for number in numbers]
        bounds = f"{axis.low:g}", f"{axis.high:g}"
        writer.writerow([axis.path, *bounds, scale, *cells, one.verdict, report.trials])
    return text.getvalue()
