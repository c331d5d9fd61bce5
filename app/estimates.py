"""Means, differences and shares of runs in words and as documents, with what they rest on."""

import math
from collections.abc import Mapping
from typing import Any, Final

from experiments.sweeps.contrasts import Contrast, Estimate, arm_words

DASH: Final = "–"
PERCENT: Final = 0.01


def number(value: float) -> float | None:
    """A number for JSON; none where there is none."""
    return value if math.isfinite(value) else None


def estimate_document(one: Estimate) -> dict[str, Any]:
    """A mean for JSON. no_spread: whether its replicates do not differ."""
    return {
        "mean": number(one.mean), "half_width": one.half_width, "replicates": one.replicates,
        "runs": one.runs, "no_spread": one.alike,
    }  # fmt: skip


def contrast_document(one: Contrast, labels: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """A difference for JSON, with both means of the pairs that it rests on.

    labels: values of the levers by arm.
    """
    difference, lacking = one.difference, one.lacking
    return {
        "arm": one.arm, "levers": dict(labels[one.arm]), "reference": one.reference,
        "reference_levers": dict(labels[one.reference]),
        "difference": number(difference.mean), "half_width": difference.half_width,
        "replicates": difference.replicates, "no_spread": difference.alike,
        "pairs": difference.runs, "pairs_asked": one.pairs,
        "arm_mean": number(one.arm_mean), "reference_mean": number(one.reference_mean),
        "without": {
            "arm": lacking.arm, "reference": lacking.reference, "both": lacking.both,
            "unfinished": lacking.unfinished,
        },
        "variance_reduction": one.gain,
    }  # fmt: skip


def interval(one: Mapping[str, Any], name: str = "mean") -> str:
    """A number of a document with its interval; equal replicates are no certainty and say so."""
    if one[name] is None:
        return DASH
    words = short(one[name], 4)
    if one.get("no_spread"):
        return f"{words}, no spread in {one['replicates']} replicates"
    half = one.get("half_width")
    return words if half is None else f"{words} ± {short(half, 2)}"


def lacks(one: Mapping[str, Any], *, awaited: bool) -> str:
    """What the pairs lack that a difference of a document does not rest on."""
    found = one["without"]
    verb = "never" if awaited else "without"
    parts = (
        (found["both"], f"both {verb}"), (found["arm"], f"{arm_words(one['levers'])} {verb}"),
        (found["reference"], f"{arm_words(one['reference_levers'])} {verb}"),
        (found["unfinished"], "not finished"),
    )  # fmt: skip
    return ", ".join(f"{count:,} {words}" for count, words in parts if count) or DASH


def share(value: float | None) -> str:
    """A share in percent; what is not quite none or all says so."""
    if value is None or not math.isfinite(value):
        return DASH
    if 0.0 < value < PERCENT / 2:
        return "<1%"
    if 1.0 - PERCENT / 2 < value < 1.0:
        return ">99%"
    return f"{value:.0%}"


def short(value: float, digits: int) -> str:
    """A number to a few digits: with separators where it is large, in billions where it is huge."""
    for size, unit in ((1e12, " tn"), (1e9, " bn"), (1e6, " m")):
        if abs(value) >= size:
            return f"{value / size:,.{max(digits - 3, 1)}f}{unit}"
    large = abs(value) >= 10.0 ** (digits - 1)
    return f"{float(f'{value:.{digits}g}'):,.0f}" if large else f"{value:.{digits}g}"


def bought(gain: float | None) -> str:
    """How many times as many runs independent luck would have needed."""
    return f"x {short(gain, 2)}" if gain is not None else DASH
