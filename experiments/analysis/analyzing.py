"""Everything `nomoat analyze` finds in a stored sweep."""

import hashlib
import importlib.util
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from experiments.analysis.luck import Luck, luck_of
from experiments.analysis.morris import Morris, effects_of, screening
from experiments.analysis.scoring import Scores, scores
from experiments.analysis.sobol import Sobol, indices
from experiments.analysis.values import Floats, Observed, Points, awaited, observed, points_of
from experiments.sweeps.contrasts import arm_labels
from experiments.sweeps.designs import trajectories
from experiments.sweeps.folder import SweepError
from experiments.sweeps.outcomes import REGIME
from experiments.sweeps.plan import space_of
from experiments.sweeps.reading import Sweep

PARTS: Final = (0.25, 0.5, 1.0)
"""Shares of the sample at which results are held against each other."""
LEAST_BASE: Final = 4
"""Base rows or trajectories below which nothing is estimated."""

Finding = Sobol | Morris
Generator = np.random.Generator


@dataclass(frozen=True)
class ArmFinding:
    """What a sensitivity or screening design says within one arm.

    steps: results at the shares of the sample in `PARTS`, the whole last; None where there is too
    little of it, or where parameters make no difference.
    """

    arm: int
    levers: dict[str, Any]
    steps: list[Finding | None]
    luck: Luck | None


@dataclass(frozen=True)
class OutcomeFinding:
    """What a sweep says of one outcome.

    categories: share of runs by word, where the outcome is words. missing: share of the points left
    out because a run failed or has no value: all of them where none has a value in all replicates,
    and then there is no luck, arm or score. mean, sd: over the runs with a value, of a number.
    runs: how many these are. without: runs that finished and have none. unfinished: those that
    failed or are not done yet. begun: replicates that are left out because they have hardly begun.
    """

    name: str
    words: str
    categories: dict[str, float]
    mean: float
    sd: float
    missing: float
    luck: Luck | None
    arms: list[ArmFinding]
    scores: list[Scores | None]
    """At the shares of the sample in `PARTS`; empty without scikit-learn or factors."""
    runs: int
    without: int
    unfinished: int
    begun: int
    awaited: bool = False
    """Whether a run without a value never gets there."""


@dataclass(frozen=True)
class Analysis:
    """What a sweep says of its outcomes; see `OutcomeFinding`."""

    experiment: str
    question: str
    kind: str
    points: int
    replicates: int
    runs: int
    outcomes: list[OutcomeFinding]


def analyze(
    sweep: Sweep, outcome: str | None = None, on_outcome: Callable[[str], None] | None = None
) -> Analysis:
    """Analyse one outcome of a sweep, or all of them and the regime.

    on_outcome: called with the name of each before it is looked at. The same sweep gives the same
    result. Raises SweepError for what cannot be analysed.
    """
    points, table = points_of(sweep), sweep.outcomes()
    names = [outcome_of(sweep, outcome)] if outcome else [*sweep.outcome_names, REGIME]
    if not points.factors:
        raise SweepError(f"{sweep.folder.path} varies nothing, so there is nothing to analyse")
    unit = unit_of(points)
    found = []
    for name in names:
        if on_outcome is not None:
            on_outcome(name)
        found.append(outcome_finding(sweep, points, unit, observed(sweep, table, name)))
    facts = sweep.facts
    return Analysis(
        facts["experiment"], facts["question"], points.kind, points.count, facts["replicates"],
        table.num_rows, found,
    )  # fmt: skip


def outcome_of(sweep: Sweep, name: str) -> str:
    """The name of an outcome; SweepError with all of them for another."""
    if name not in (*sweep.outcome_names, REGIME):
        known = ", ".join((*sweep.outcome_names, REGIME))
        raise SweepError(f"{sweep.folder.path} has no outcome {name}; it has {known}")
    return name


def rng_of(*address: object) -> Generator:
    """A generator addressed by words: resampling must not change from call to call."""
    text = "\0".join(map(str, address)).encode()
    return np.random.default_rng(
        int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "little")
    )


def unit_of(points: Points) -> Floats | None:
    """Positions of a Morris design; None for another design.

    Raises SweepError if the sampler draws another design today than when the sweep began.
    """
    if points.kind != "morris":
        return None
    drawn = list(points.drawn)
    unit = trajectories(space_of(points.experiment), drawn, points.sizes)
    for place, factor in enumerate(drawn):
        if factor.along(unit[:, place]) != list(points.columns[factor.name][:: points.arms]):
            raise SweepError(
                f"this version of SALib draws another morris design for {points.experiment.name} "
                "than the one that ran; use the version in its manifest"
            )
    return unit


def outcome_finding(
    sweep: Sweep, points: Points, unit: Floats | None, seen: Observed
) -> OutcomeFinding:
    """Everything about one outcome."""
    known = seen.known
    flat = seen.values[np.isfinite(seen.values[:, :, 0])]
    shares = flat.mean(axis=0) if len(flat) else np.zeros(0)
    address = (sweep.facts["hash"], seen.name)
    luck = None
    if known.any():
        luck = luck_of(seen.of(known).values, points.group[known], rng_of(*address, "luck"))
    arms: list[ArmFinding] = []
    if known.any() and points.kind in ("saltelli", "morris"):
        labels = arm_labels(sweep.design, sweep.levers) if points.arms > 1 else {0: {}}
        arms = [
            arm_finding(points, unit, seen, arm, labels[arm], address) for arm in range(points.arms)
        ]
    return OutcomeFinding(
        seen.name, seen.words, dict(zip(seen.categories, shares.tolist(), strict=False)),
        float(flat[:, 0].mean()) if len(flat) else math.nan,
        float(flat[:, 0].std()) if len(flat) else math.nan, 1.0 - float(known.mean()), luck, arms,
        scored(points, seen, address) if known.any() else [], len(flat), seen.finished - len(flat),
        seen.values[:, :, 0].size - seen.finished, seen.begun, awaited(sweep, seen.name),
    )  # fmt: skip


def arm_finding(
    points: Points, unit: Floats | None, seen: Observed, arm: int, levers: dict[str, Any],
    address: Sequence[object],
) -> ArmFinding:  # fmt: skip
    """The design's own method within one arm."""
    values = seen.values[arm :: points.arms]
    blocks = values.reshape(-1, points.step, *values.shape[1:])
    whole = np.isfinite(blocks).all(axis=(1, 2, 3))
    steps: list[Finding | None] = []
    for part in PARTS:
        count = int(part * len(blocks))
        mine = whole[:count].nonzero()[0]
        rng = rng_of(*address, arm, part)
        steps.append(estimated(points, unit, blocks, mine, rng))
    rows = np.repeat(whole, points.step)
    group = np.arange(len(values)) // points.step
    luck = luck_of(values[rows], group[rows], rng_of(*address, arm)) if rows.any() else None
    return ArmFinding(arm, levers, steps, luck)


def estimated(
    points: Points, unit: Floats | None, blocks: Floats, mine: Any, rng: Generator
) -> Finding | None:
    """Indices or effects from some of the blocks; None from too few."""
    if len(mine) < LEAST_BASE:
        return None
    names = [factor.name for factor in points.drawn]
    if unit is None:
        pairs = bool(points.experiment.design.get("second_order", False))
        return indices(names, blocks[mine], rng, pairs=pairs)
    paths = unit.reshape(-1, points.step, unit.shape[1])
    return screening(names, effects_of(paths[mine], blocks[mine]), rng)


def scored(points: Points, seen: Observed, address: Sequence[object]) -> list[Scores | None]:
    """Scores of all factors from random parts of the points."""
    if importlib.util.find_spec("sklearn") is None:
        return []
    found = []
    order = rng_of(*address, "parts").permutation(int(points.group.max()) + 1)
    for part in PARTS:
        chosen = np.isin(points.group, order[: max(1, int(part * len(order)))]) & seen.known
        rows = chosen.nonzero()[0].tolist()
        columns = [[points.columns[f.name][row] for row in rows] for f in points.factors]
        means = seen.values[chosen].mean(axis=1)
        rng = rng_of(*address, "scores", part)
        found.append(scores(points.factors, columns, means, points.group[chosen], rng))
    return found
