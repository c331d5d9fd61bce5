"""Build an ensemble: waves, what they leave, and the members' runs to the end of the forecast."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from experiments.ensemble.facts import Fact, implausibility, key_facts
from experiments.ensemble.folder import EnsembleFolder, StoredWaves, described
from experiments.ensemble.matching import Judged, Rules, Wave, judge, match, means_of_known
from experiments.ensemble.runs import Resolution, Sweeps, Work, settings_of
from experiments.ensemble.surviving import (
    fact_reports,
    outside,
    pins,
    survival,
    wave_reports,
    wilson,
)
from experiments.evidence.checks import RECORD
from experiments.evidence.space import Axis, axis_of, searchable, value_at
from experiments.sweeps.reading import load
from sim.catalogue import catalogue
from sim.loading import canonical
from sim.scenario import Scenario

TIMES: Final = 3.0
"""A range whose ends differ so many times is drawn on a log scale: what is known of such a
parameter is its order of magnitude."""

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Size:
    """How large an ensemble is.

    draws: worlds of each wave. replicates: runs of each world, of each kind. most: members, and
    worlds of the prior, that are run to 2030-12 at most.
    """

    draws: int
    waves: int
    replicates: int
    enterprises: int
    most: int


@dataclass(frozen=True)
class Plan:
    """An ensemble to be built."""

    scenario: Scenario
    axes: tuple[Axis, ...]
    facts: tuple[Fact, ...]
    size: Size
    seed: int

    @property
    def rules(self) -> Rules:
        """What its match is made by."""
        return Rules(self.facts, len(self.axes), self.size.draws, self.size.waves, self.seed)

    def identity(self, model_version: str) -> dict[str, Any]:
        """All that its worlds depend on."""
        return {
            "model_version": model_version,
            "scenario": self.scenario.name,
            "parameters": list(canonical(self.scenario)),
            "size": asdict(self.size),
            "seed": self.seed,
            "cutoff": self.rules.cutoff,
            "space": [described(axis) for axis in self.axes],
            "facts": [described(fact) for fact in self.facts],
        }


def plan_of(scenario: Scenario, size: Size, seed: int, held: Collection[str] = ()) -> Plan:
    """The plan over all uncertain parameters of a scenario, against the key facts.

    held: paths that keep the scenario's value.
    """
    return Plan(scenario, uncertain(scenario, held), key_facts(), size, seed)


def uncertain(scenario: Scenario, held: Collection[str] = ()) -> tuple[Axis, ...]:
    """An axis for every number of a scenario that is declared with a plausible range."""
    found = []
    for row in catalogue():
        if row.plausible is None or not searchable(row) or row.path in held:
            continue
        if value_at(scenario, row.path) is None:
            continue
        low, high = row.plausible
        log = row.type == "number" and low > 0 and round(high / low, 6) >= TIMES
        found.append(axis_of(row.path, {"path": row.path, "log": log}, scenario, "ensemble"))
    return tuple(found)


def build(plan: Plan, folder: EnsembleFolder, work: Work) -> dict[str, Any]:
    """Do what is missing of an ensemble and return its summary.

    Raises EnsembleError or SweepError where that is impossible, and what `work` raises.
    """
    size = plan.size
    resolution = Resolution(size.enterprises, size.replicates, plan.seed)
    sweeps = Sweeps(folder, plan.axes, plan.facts, resolution, work)
    waves = match(plan.rules, StoredWaves(folder, plan.rules), sweeps.wave)
    judged = judge(plan.rules, waves)
    members = chosen(plan, judged)
    prior = np.flatnonzero(judged.wave == 1)[: size.most]
    rows = np.concatenate([members, np.setdiff1d(prior, members)]).astype(np.int64)
    ids = sweeps.worlds(judged.positions[rows], size.replicates)
    runs: list[list[str]] = [[] for _ in range(len(judged.wave))]
    for row, found in zip(rows.tolist(), ids, strict=True):
        runs[row] = found
    folder.put_table(folder.draws_path, draws_table(plan, judged, members, runs))
    summary = {
        **summary_of(plan, waves, judged),
        "members": sum(bool(runs[row]) for row in members.tolist()),
        "members_lost": sum(not runs[row] for row in members.tolist()),
        "met_again": fresh_share(plan, folder, judged, members),
    }
    folder.put_json(folder.summary_path, summary)
    return summary


def chosen(plan: Plan, judged: Judged) -> Rows:
    """Rows of the members: all kept worlds, or `most` of them at random, which leaves weights
    unbiased."""
    kept = np.flatnonzero(judged.kept)
    if len(kept) <= plan.size.most:
        return kept
    order = plan.rules.random("members").permutation(kept)
    return np.sort(order[: plan.size.most])


def draws_table(
    plan: Plan, judged: Judged, members: Rows, runs: Sequence[Sequence[str]]
) -> pa.Table:
    """Every world drawn, a row each: see `experiments.ensemble` for the columns."""
    numbers = np.concatenate([np.arange((judged.wave == w).sum()) for w in np.unique(judged.wave)])
    run = [row for row in members.tolist() if runs[row]]
    weight = np.zeros(len(judged.weight))
    weight[run] = judged.weight[run]
    settings = settings_of(plan.axes, judged.positions)
    head = {
        "world": [f"{w}-{d}" for w, d in zip(judged.wave.tolist(), numbers.tolist(), strict=True)],
        "wave": pa.array(judged.wave, pa.int32()),
        "kept": judged.kept,
        "weight": weight / weight.sum() if weight.any() else weight,
        "run_ids": pa.array([list(ids) for ids in runs], pa.list_(pa.string())),
        "implausibility": judged.implausibility.max(axis=1),
        "misfit": (judged.implausibility**2).sum(axis=1),
        "worst_fact": [plan.facts[i].id for i in judged.implausibility.argmax(axis=1).tolist()],
    }
    facts = {
        f"fact.{fact.id}": pa.array(judged.means[:, place], from_pandas=True)
        for place, fact in enumerate(plan.facts)
    }
    values = {axis.path: [one[axis.path] for one in settings] for axis in plan.axes}
    return pa.table({**head, **facts, **values})


def fresh_share(plan: Plan, folder: EnsembleFolder, judged: Judged, members: Rows) -> float | None:
    """Share of the members' weight that meets the facts of the record again, on other luck.

    Members are the first points of the sweep of worlds.
    """
    places = [i for i, fact in enumerate(plan.facts) if fact.run == RECORD]
    facts = [plan.facts[i] for i in places]
    table = load(folder.worlds_path).outcomes()
    weight, met = 0.0, 0.0
    points = table["point"].to_numpy()
    columns = {f.id: table[f.id].cast(pa.float64()).to_numpy(zero_copy_only=False) for f in facts}
    for point, row in enumerate(members.tolist()):
        mine = points == point
        if mine.sum() < plan.size.replicates:
            continue
        values = np.stack([f.on_scale(columns[f.id][mine]) for f in facts], axis=1)
        found = implausibility(facts, means_of_known(values[None]), judged.noise[places])
        weight += judged.weight[row]
        met += judged.weight[row] * bool((found <= plan.rules.cutoff).all())
    return met / weight if weight else None


def summary_of(plan: Plan, waves: Sequence[Wave], judged: Judged) -> dict[str, Any]:
    """What survives, what the facts rule out and which parameters they pin down."""
    return {
        "scenario": plan.scenario.name,
        "size": asdict(plan.size),
        "seed": plan.seed,
        "draws": len(judged.wave),
        "kept": int(judged.kept.sum()),
        "effective": judged.effective,
        "survives": asdict(survival(judged)),
        "outside_surrogate": outside(waves, judged),
        "waves": [asdict(report) for report in wave_reports(waves, judged)],
        "facts": [
            {
                "id": one.fact.id, "label": one.fact.label, "passes": one.passes,
                "alone": one.alone, "noise": one.noise, "discrepancy": one.fact.discrepancy,
                "median": known(one.median), "low": known(one.low), "high": known(one.high),
                "unknown": one.unknown,
            }
            for one in fact_reports(plan.rules, judged)
        ],
        "relaxed": relaxed(plan, judged),
        "parameters": [
            {
                "path": pin.axis.path, "low": pin.axis.low, "high": pin.axis.high,
                "log": pin.axis.log,
                "ks": pin.ks, "chance": pin.chance, "pinned": pin.pinned, "sd": pin.sd,
                "range": pin.range, "verdict": pin.verdict, "interval": list(pin.interval),
            }
            for pin in pins(plan.axes, judged)
        ],
    }  # fmt: skip


def relaxed(plan: Plan, judged: Judged) -> list[dict[str, Any]]:
    """What of the first wave would survive under other discrepancies, times those in use."""
    first = judged.wave == 1
    found = []
    for times in (0.0, 0.5, 1.0, 2.0):
        facts = [replace(fact, discrepancy=times * fact.discrepancy) for fact in plan.facts]
        distances = implausibility(facts, judged.means[first], judged.noise)
        share = float((distances <= plan.rules.cutoff).all(axis=1).mean())
        found.append({"times": times, **asdict(wilson(share, int(first.sum())))})
    return found


def known(value: float) -> float | None:
    """A number for JSON; none where there is none."""
    return value if np.isfinite(value) else None
