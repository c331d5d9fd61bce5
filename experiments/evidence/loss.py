"""How far a simulated world lies from the facts: one smooth number over all checks."""

from collections.abc import Mapping, Sequence

from experiments.evidence.checks import Check, Values, median

KEY_WEIGHT = 3.0
"""Weight of a key fact against another one."""
NARROWEST_SIDE = 0.25
"""Least share of its band that a side counts as: an observation may lie at an edge."""
STEEPEST = 3.0
"""Half-bands from where the penalty grows linearly, so that one lost fact does not rule the sum."""
MISSING_DEVIATION = 6.0
"""A value that a run lacks counts as one this many half-bands off."""
LAST_MONTH = "2024-12"
"""Nothing later is fitted to, except structural rates."""


class CalibrationError(Exception):
    """What was asked of a calibration cannot be done; the text is one sentence."""


def refuse_late(checks: Sequence[Check]) -> None:
    """Raise CalibrationError if a fact is dated after the record and is no structural rate."""
    late = [check for check in checks if check.month > LAST_MONTH and not check.structural]
    if late:
        raise CalibrationError(
            f"the fact {late[0].id} is of {late[0].month}; parameters are fitted to facts up to "
            f"{LAST_MONTH} and to structural rates only"
        )


def deviation(check: Check, value: float) -> float:
    """Distance from the observed value in half-bands: -1 at the lower edge, 1 at the upper.

    Sides narrower than `NARROWEST_SIDE` of the band count as that wide.
    """
    least = NARROWEST_SIDE * (check.high - check.low)
    if value < check.observed:
        return (value - check.observed) / max(check.observed - check.low, least)
    return (value - check.observed) / max(check.high - check.observed, least)


def penalty(deviation: float) -> float:
    """The square of a deviation, continued as a straight line beyond `STEEPEST`."""
    size = abs(deviation)
    return size * size if size <= STEEPEST else STEEPEST * (2 * size - STEEPEST)


def loss(checks: Sequence[Check], values: Mapping[str, float | None]) -> float:
    """Weighted mean of the penalties: 0 at all observed values, about 1 at all edges of bands."""
    total = weights = 0.0
    for check in checks:
        value = values.get(check.id)
        weight = KEY_WEIGHT if check.key else 1.0
        off = MISSING_DEVIATION if value is None else deviation(check, value)
        total += weight * penalty(off)
        weights += weight
    return total / weights


def medians(checks: Sequence[Check], replicates: Sequence[Values]) -> Values:
    """Per check the median over replicates, None where most have no value."""
    return {check.id: median([values[check.id] for values in replicates]) for check in checks}


def hits(checks: Sequence[Check], values: Mapping[str, float | None]) -> tuple[int, int]:
    """Facts in band, and key facts in band."""
    inside = [check for check in checks if check.holds(values.get(check.id))]
    return len(inside), sum(check.key for check in inside)
