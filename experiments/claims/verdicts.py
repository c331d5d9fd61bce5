"""The rules of the ledger: from the worlds in which a claim holds to a verdict."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from experiments.claims.boxes import Box
from experiments.ensemble.surviving import Share, wilson

Floats = NDArray[np.float64]
Holds = NDArray[np.bool_]
Verdict = Literal[
    "holds broadly", "fails broadly", "holds under stated conditions", "not identified"
]
BROADLY: Final = 0.75
"""Lower bound of the share of worlds from which a claim holds broadly; one less it fails so."""
PLAUSIBLE: Final = "plausible worlds"
SOURCED: Final = "worlds of the sourced ranges"
"""What worlds are called that were asked to meet facts, and those that were not."""
ERROR_RATE: Final = 0.05
UNPINNED: Final = 0.9
"""Spread left by the facts, as a share of the prior's, above which a driver is not pinned."""


@dataclass(frozen=True)
class Driver:
    """A parameter that matters for a claim, and the share of worlds in each half of its range.

    effect: share in the upper half less that in the lower. pinned: whether facts narrow it.
    """

    path: str
    effect: float
    low: float
    high: float
    p_value: float
    pinned: bool


@dataclass(frozen=True)
class Judged:
    """A claim over worlds before all claims are looked at together.

    share: of the calibrated ensemble; raw: of the prior ranges. linear: the share if quality never
    saturates, and that of the same worlds as they are; None where that was not run. early: the
    share if the intervention comes at the start, without the record; None for claims that compare
    nothing.
    """

    share: Share
    raw: Share
    linear: tuple[Share, Share] | None
    early: Share | None
    box: Box | None
    drivers: tuple[Driver, ...]
    identified: str = ""
    """Why no verdict can be given whatever comes out."""


def share_of(holds: Holds, weights: Floats) -> Share:
    """Weighted share with Wilson's interval at the effective number of worlds."""
    if not len(holds) or not weights.sum():
        return Share(float("nan"), 0.0, 1.0)
    share = float(weights[holds].sum() / weights.sum())
    return wilson(share, float(weights.sum() ** 2 / (weights**2).sum()))


def verdicts(
    judged: Mapping[str, Judged], called: str = PLAUSIBLE
) -> dict[str, tuple[Verdict, str]]:
    """The verdict of every claim and the reason for it; boxes are corrected over all claims.

    called: what the worlds are, `PLAUSIBLE` or `SOURCED`.
    """
    proven = proven_boxes({name: one.box for name, one in judged.items()})
    return {name: verdict(one, name in proven, called) for name, one in judged.items()}


def verdict(one: Judged, box_proven: bool, called: str = PLAUSIBLE) -> tuple[Verdict, str]:
    """The verdict of a claim and why. box_proven: whether its box stands among those of all."""
    if one.identified:
        return "not identified", one.identified
    # What a box is about is a stated condition, not an assumption that turns the answer round.
    stated = set(one.box.limits) if box_proven and one.box is not None else set()
    if reason := crossing(one, stated):
        return "not identified", reason
    share = one.share
    if share.low >= BROADLY:
        return "holds broadly", f"in at least {share.low:.0%} of {called}"
    if share.high <= 1.0 - BROADLY:
        return "fails broadly", f"it holds in at most {share.high:.0%} of {called}"
    if box_proven and one.box is not None:
        return "holds under stated conditions", f"in {one.box.density:.0%} of the worlds of a box"
    return "not identified", f"it holds in {share.low:.0%} to {share.high:.0%} of {called}"


def crossing(one: Judged, stated: Collection[str] = ()) -> str:
    """Which assumption turns the answer round; empty where none does. stated: no assumptions."""
    above = one.share.share > 0.5
    # Few worlds are run with the other form: they are held against themselves, not against all.
    if one.linear is not None and (one.linear[0].share > 0.5) != (one.linear[1].share > 0.5):
        linear, same = (share.share for share in one.linear)
        return f"it turns round if quality never saturates ({linear:.0%} of worlds, not {same:.0%})"
    for driver in one.drivers:
        if driver.pinned or driver.path in stated:
            continue
        for half, share in (("lower", driver.low), ("upper", driver.high)):
            if np.isfinite(share) and (share > 0.5) != above:
                words = f"it turns round in the {half} half of {driver.path} ({share:.0%})"
                return f"{words}, which no fact pins"
    return ""


def proven_boxes(boxes: Mapping[str, Box | None]) -> set[str]:
    """Claims whose box is dense at the error rate over all claims together (Holm)."""
    found = {name: box for name, box in boxes.items() if box is not None and box.candidate}
    ranked = sorted(found, key=lambda name: found[name].p_value)
    proven = set()
    for place, name in enumerate(ranked):
        if found[name].p_value > ERROR_RATE / (len(ranked) - place):
            break
        proven.add(name)
    return proven


def drivers(
    paths: Sequence[str], values: Floats, holds: Holds, weights: Floats, pinned: Mapping[str, bool]
) -> tuple[Driver, ...]:
    """Parameters that differ between worlds in which a claim holds and others, strongest first.

    Those of a rank test at the error rate over all parameters together (Holm). Halves are those
    of the values at hand.
    """
    if min(int(holds.sum()), int((~holds).sum())) < 3:
        return ()
    tested = []
    for place, path in enumerate(paths):
        column = values[:, place]
        p_value = float(stats.mannwhitneyu(column[holds], column[~holds]).pvalue)
        tested.append((p_value, place, path))
    found = []
    for rank, (p_value, place, path) in enumerate(sorted(tested)):
        if p_value > ERROR_RATE / (len(tested) - rank):
            break
        low = values[:, place] <= np.median(values[:, place])
        below, above = (share_of(holds[half], weights[half]).share for half in (low, ~low))
        known = pinned.get(path, False)
        found.append(Driver(path, above - below, below, above, p_value, known))
    return tuple(sorted(found, key=lambda driver: -abs(driver.effect)))
