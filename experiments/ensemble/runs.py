"""The runs of an ensemble: sweeps of its worlds, and what they give for the facts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from experiments.encoding import encode
from experiments.ensemble.facts import Fact, Floats
from experiments.ensemble.folder import EnsembleError, EnsembleFolder
from experiments.evidence.checks import FREE, FREE_UNTIL, RECORD, all_checks, last_month
from experiments.evidence.space import Axis
from experiments.sweeps.experiment import Experiment, built
from experiments.sweeps.folder import SweepFolder
from experiments.sweeps.reading import load
from experiments.sweeps.runner import begin
from sim.event_checks import events_within
from sim.loading import load as load_scenario

KIND: Final = "record"
"""The factor that says which record a run knows: all of it, or that to 2023-03 only."""
MONTHS: Final = 96
"""Of a run to 2030-12."""
COLUMNS: Final = (
    "adoption", "adoption_large", "tokens", "spend", "share_tokens_api", "share_tokens_hosted",
    "share_tokens_selfhost", "share_tokens_open", "open_usage_share", "any_open_share",
    "share_tokens_vendor_open", "share_tokens_vendor_closed", "share_tokens_vendor_dual",
    "q_closed", "q_open", "gap_logits", "gap_months", "price_gpt35_level", "price_gpt4_level",
    "price_gpt4o_level", "price_flagship", "hhi_spend", "leader_share_spend",
)  # fmt: skip
"""Columns of the market table that are kept of runs to 2030-12."""
OUTCOMES: Final = {
    "open_share": {"column": "share_tokens_open", "reduce": "mean", "last": 12},
    "gap": {"column": "gap_logits", "reduce": "mean", "last": 12},
    "gpt4_price": {"column": "price_gpt4_level", "reduce": "mean", "last": 12},
    "leader_share": {"column": "leader_share_spend", "reduce": "mean", "last": 12},
}

Work = Callable[[Experiment, SweepFolder], None]
"""Does what is missing of a sweep, by any engine; raises if it was stopped before the end."""


@dataclass(frozen=True)
class Resolution:
    """How worlds are run. enterprises: simulated firms. replicates: runs of each, other luck."""

    enterprises: int
    replicates: int
    seed: int


@dataclass(frozen=True)
class Sweeps:
    """Runs worlds as sweeps in the folder of an ensemble."""

    folder: EnsembleFolder
    axes: tuple[Axis, ...]
    facts: tuple[Fact, ...]
    resolution: Resolution
    work: Work

    def wave(self, number: int, positions: Floats) -> Floats:
        """Simulate a wave and return its values (draws, replicates, facts).

        A run that failed has no values.
        """
        name = f"wave-{number}"
        rows = [
            {**settings, KIND: kind}
            for settings in settings_of(self.axes, positions)
            for kind in (RECORD, FREE)
        ]
        self._run(name, self._wave_tree(name), rows)
        return fact_values(self.folder.wave_path(number), self.facts, len(positions))

    def worlds(self, positions: Floats, replicates: int) -> list[list[str]]:
        """Simulate worlds to the end of the forecast, on fresh luck; the run ids of each.

        A world in which a run failed has no ids.
        """
        tree = self._worlds_tree(replicates)
        self._run(self.folder.worlds_path.name, tree, settings_of(self.axes, positions))
        return run_ids(self.folder.worlds_path, len(positions))

    def _run(self, name: str, tree: dict[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
        """Begin or resume a sweep of the rows."""
        path = self.folder.points_path(name)
        data = encode(pa.Table.from_pylist([dict(row) for row in rows]))
        if not path.is_file() or path.read_bytes() != data:
            self.folder.put(path, data)
        text = f"# written by nomoat ensemble build; points in ../{path.name}\n"
        experiment = built(tree, f"{name}.toml", name, self.folder.path, text)
        sweep = SweepFolder(self.folder.path / name)
        begin(experiment, sweep)
        self.work(experiment, sweep)

    def _tree(self, name: str, question: str, months: int) -> dict[str, Any]:
        events = load_scenario(self.folder.base_path).events
        return {
            "name": name,
            "question": question,
            "scenario": self.folder.base_path.name,
            "months": months,
            "settings": {
                "enterprise.population": self.resolution.enterprises,
                **events_within(events, months),
            },
            "uncertainties": {
                axis.path: {"low": axis.low, "high": axis.high, "log": axis.log}
                for axis in self.axes
            },
            "design": {"kind": "table", "file": self.folder.points_path(name).name},
        }

    def _wave_tree(self, name: str) -> dict[str, Any]:
        months = max(last_month(all_checks(), kind) for kind in (RECORD, FREE))
        return {
            **self._tree(name, "Which worlds are consistent with the facts?", months),
            "replicates": self.resolution.replicates,
            "seed": self.resolution.seed,
            "market": [],
            "levers": {
                KIND: {"options": {RECORD: {}, FREE: {"history.until": FREE_UNTIL}}},
            },
            "outcomes": {fact.id: {"fact": fact.id} for fact in self.facts},
        }

    def _worlds_tree(self, replicates: int) -> dict[str, Any]:
        recorded = {f.id: {"fact": f.id} for f in self.facts if f.run == RECORD}
        return {
            **self._tree(
                self.folder.worlds_path.name, "What do plausible worlds say of 2030?", MONTHS
            ),
            "replicates": replicates,
            # Other luck than the waves had: a world must not be kept for its seeds.
            "seed": self.resolution.seed + 1,
            "market": list(COLUMNS),
            "outcomes": {**OUTCOMES, **recorded},
        }


def settings_of(axes: Sequence[Axis], positions: Floats) -> list[dict[str, float]]:
    """Settings by path for points of the unit cube."""
    return [
        {
            axis.path: min(max(axis.value(place), axis.low), axis.high)
            for axis, place in zip(axes, row, strict=True)
        }
        for row in positions.tolist()
    ]


def fact_values(path: Path, facts: Sequence[Fact], draws: int) -> Floats:
    """Values (draws, replicates, facts), each from the kind of run that answers the fact."""
    sweep = load(path)
    replicates = int(sweep.facts["replicates"])
    found = np.full((draws, replicates, len(facts)), np.nan)
    table = sweep.outcomes()
    if table.num_rows == 0:
        raise EnsembleError(f"no run of {path} succeeded; nomoat sweep status {path} says why")
    kinds = np.array(table[KIND].to_pylist())
    world, replicate = table["point"].to_numpy() // 2, table["replicate"].to_numpy()
    for place, fact in enumerate(facts):
        mine = kinds == fact.run
        values = table[fact.id].cast(pa.float64()).to_numpy(zero_copy_only=False)
        found[world[mine], replicate[mine], place] = values[mine]
    return found


def run_ids(path: Path, worlds: int) -> list[list[str]]:
    """Run ids of each world in the order of replicates; none where a run is not finished."""
    sweep = load(path)
    table = sweep.outcomes().select(["run_id", "point", "replicate"])
    found: list[list[str]] = [[] for _ in range(worlds)]
    for row in table.sort_by([("point", "ascending"), ("replicate", "ascending")]).to_pylist():
        found[row["point"]].append(row["run_id"])
    return [ids if len(ids) == sweep.facts["replicates"] else [] for ids in found]
