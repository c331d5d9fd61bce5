"""The runs that claims need: one sweep for all claims of one length, over worlds and cases."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from agents.common.vocabulary import month_name
from experiments.claims.claim import BASE, Case, Claim
from experiments.claims.worlds import Worlds
from experiments.durable import Disk
from experiments.encoding import encode
from experiments.evidence.checks import FREE_UNTIL
from experiments.sweeps.experiment import Experiment, built
from experiments.sweeps.folder import SweepFolder
from experiments.sweeps.reading import load
from experiments.sweeps.runner import begin
from sim.event_checks import events_within

CASE: Final = "case"
"""The factor that says what was done in a run."""
AS_IS, EARLY, WIDE = "as-is", "early", "wide"
"""Names of the parts in which nothing is switched: interventions come late, or early, or there are
none and there are more worlds instead."""
LATE_MONTH, EARLY_MONTH = 24, 0
Floats = NDArray[np.float64]
Work = Callable[[Experiment, SweepFolder], None]


@dataclass(frozen=True)
class Part:
    """Claims of one length in their cases, in one way.

    switch: what is switched in all of its runs. early: interventions come at the start, without
    the record, in place of 2025-01. wide: it adds worlds, as they are, to those of the part with
    interventions. reported: whether cases are run that decide nothing.
    """

    claims: tuple[Claim, ...]
    months: int
    switch: Case | None = None
    early: bool = False
    wide: bool = False
    reported: bool = True

    @property
    def name(self) -> str:
        """Among the parts of its length."""
        if self.switch:
            return self.switch.name
        return EARLY if self.early else WIDE if self.wide else AS_IS

    @property
    def main_only(self) -> bool:
        """Whether it is run in the main kind of worlds only."""
        return self.name not in {AS_IS, WIDE}

    def label(self, case: str) -> str:
        """Of a case in the sweep."""
        return f"{self.name}/{case}" if self.main_only else case

    def cases(self) -> list[Case]:
        """Every case of its claims once, the base first: all as they are, if asked for, else those
        that decide; early of claims that compare something."""
        found = {
            case.name: case
            for claim in self.claims
            if claim.paired or not self.early
            for case in (claim.cases if self.name == AS_IS and self.reported else claim.decisive)
        }
        base = found.pop(BASE, Case(BASE, "the world as it is"))
        return [base, *found.values()]

    def options(self, scenario_events: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Settings of each case by name."""
        if self.switch is not None:
            return {case.name: self._switched(case, scenario_events) for case in self.cases()}
        if not self.early:
            return {
                case.name: settings_of(case, LATE_MONTH, scenario_events) for case in self.cases()
            }
        return {
            case.name: settings_of(case, EARLY_MONTH, scenario_events)
            | {"history.until": FREE_UNTIL}
            for case in self.cases()
        }

    def _switched(self, case: Case, scenario_events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        assert self.switch is not None
        switched = settings_of(self.switch, EARLY_MONTH, scenario_events)
        others = switched.pop("events", scenario_events)
        found = switched | settings_of(case, LATE_MONTH, others)
        return found | {"events": others} if self.switch.events and not case.events else found


def settings_of(case: Case, month: int, others: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The settings of a case whose events come in a month, on top of the scenario's own events."""
    settings = dict(case.settings)
    if case.events:
        date = month_name(month)
        settings["events"] = [*map(dict, others), *({"month": date, **e} for e in case.events)]
    return settings


@dataclass(frozen=True)
class Runs:
    """Does and reads the sweeps in a folder."""

    path: Path
    worlds: Worlds
    enterprises: int
    replicates: int
    seed: int
    work: Work

    def do(self, parts: Sequence[Part], spans: Sequence[slice]) -> None:
        """Simulate parts of one length, as one sweep; resumes what was begun.

        spans: the worlds of each part, see `rows`.
        """
        blocks = [self._points(part, span) for part, span in zip(parts, spans, strict=True)]
        table = pa.Table.from_pylist([point for block in blocks for point in block])
        # A factor needs two values; where nothing is compared there is none.
        options = self._options(parts)
        data = encode(table if len(options) > 1 else table.drop_columns(CASE))
        name = name_of(parts)
        place = self.path / f"{name}.parquet"
        if not place.is_file() or place.read_bytes() != data:
            Disk().replace(place, data)
        text = f"# written by nomoat claims run; points in ../{place.name}\n"
        tree = self._tree(parts, place.name)
        experiment = built(tree, f"{name}.toml", name, self.path, text)
        folder = SweepFolder(self.path / name)
        begin(experiment, folder)
        self.work(experiment, folder)

    def rows(self, part: Part, span: slice) -> NDArray[np.int64]:
        """Places of the worlds that a part is run in, a span of those of each kind."""
        kinds = self.worlds.kinds_used(main_only=part.main_only)
        chosen = [np.flatnonzero(self.worlds.of(kind))[span] for kind in kinds]
        return np.concatenate(chosen)

    def _points(self, part: Part, span: slice) -> list[dict[str, Any]]:
        """A point for each world and case, case after case."""
        named = [part.label(name) for name in part.options(self._events(part.months))]
        rows = self.rows(part, span).tolist()
        return [{**self.worlds.settings[row], CASE: case} for row in rows for case in named]

    def _options(self, parts: Sequence[Part]) -> dict[str, dict[str, Any]]:
        """Settings of every case of every part by its label."""
        return {
            part.label(name): settings
            for part in parts
            for name, settings in part.options(self._events(part.months)).items()
        }

    def _events(self, months: int) -> list[dict[str, Any]]:
        """The worlds' own events while runs of so many months last."""
        events = [event.model_dump() for event in self.worlds.scenario.events]
        kept: list[dict[str, Any]] = events_within(self.worlds.scenario.events, months).get(
            "events", events
        )
        return kept

    def _tree(self, parts: Sequence[Part], file: str) -> dict[str, Any]:
        outcomes = {
            claim.column(name): dict(spec)
            for claim in parts[0].claims
            for name, spec in claim.outcomes.items()
        }
        options = self._options(parts)
        settings: dict[str, Any] = {
            "enterprise.population": self.enterprises,
            **events_within(self.worlds.scenario.events, parts[0].months),
        }
        return {
            "name": name_of(parts), "question": "Which claims hold?", "scenario": "base.toml",
            "months": parts[0].months, "replicates": self.replicates, "seed": self.seed,
            "settings": settings, "market": [], "outcomes": outcomes,
            "levers": {CASE: {"options": options}} if len(options) > 1 else {},
            "uncertainties": {
                axis.path: {"low": axis.low, "high": axis.high, "log": axis.log}
                for axis in self.worlds.axes
            },
            "design": {"kind": "table", "file": file},
        }  # fmt: skip

    def tables(self, parts: Sequence[Part], spans: Sequence[slice]) -> "dict[str, Table]":
        """The outcomes of parts that were run together, by name."""
        outcomes, found, begin = load(self.path / name_of(parts)).outcomes(), {}, 0
        place, points = outcomes.column_names.index("point"), outcomes["point"].to_numpy()
        for part, span in zip(parts, spans, strict=True):
            cases, rows = list(part.options(self._events(part.months))), self.rows(part, span)
            end = begin + len(rows) * len(cases)
            mine = outcomes.filter(pa.array((points >= begin) & (points < end)))
            moved = pa.array(mine["point"].to_numpy() - begin)
            found[part.name] = Table(
                mine.set_column(place, "point", moved), cases, rows, self.replicates
            )
            begin = end
        return found


def name_of(parts: Sequence[Part]) -> str:
    """Of the folder of parts that are run together."""
    return f"runs-{parts[0].months}"


@dataclass(frozen=True)
class Table:
    """Outcomes by world, case and replicate. rows: the worlds, as places among all."""

    outcomes: pa.Table
    cases: list[str]
    rows: NDArray[np.int64]
    replicates: int

    def values(self, column: str) -> dict[str, Floats]:
        """(worlds, replicates) of an outcome by case; NaN where a run failed or has no value."""
        shape = (len(self.rows), len(self.cases), self.replicates)
        found = np.full(shape, np.nan)
        point = self.outcomes["point"].to_numpy()
        replicate = self.outcomes["replicate"].to_numpy()
        numbers = self.outcomes[column].cast(pa.float64()).to_numpy(zero_copy_only=False)
        found[point // len(self.cases), point % len(self.cases), replicate] = numbers
        return {case: found[:, place, :] for place, case in enumerate(self.cases)}

    def of(self, rows: NDArray[np.int64]) -> "Table":
        """The same of some of its worlds."""
        place = {world: at for at, world in enumerate(self.rows.tolist())}
        world, case = np.divmod(self.outcomes["point"].to_numpy(), len(self.cases))
        new = np.full(len(self.rows), -1)
        new[[place[row] for row in rows.tolist()]] = np.arange(len(rows))
        point = pa.array(new[world] * len(self.cases) + case)
        at = self.outcomes.column_names.index("point")
        kept = self.outcomes.set_column(at, "point", point).filter(pa.array(new[world] >= 0))
        return Table(kept, self.cases, rows, self.replicates)

    def only(self, case: str) -> "Table":
        """The same of one of its cases."""
        world, found = np.divmod(self.outcomes["point"].to_numpy(), len(self.cases))
        at = self.outcomes.column_names.index("point")
        moved = self.outcomes.set_column(at, "point", pa.array(world))
        mine = moved.filter(pa.array(found == self.cases.index(case)))
        return Table(mine, [case], self.rows, self.replicates)

    def with_more(self, other: "Table") -> "Table":
        """The same with further worlds in the same cases."""
        at = self.outcomes.column_names.index("point")
        moved = other.outcomes["point"].to_numpy() + len(self.rows) * len(self.cases)
        more = other.outcomes.set_column(at, "point", pa.array(moved))
        both = pa.concat_tables([self.outcomes, more])
        return Table(both, self.cases, np.concatenate([self.rows, other.rows]), self.replicates)

    def failed(self) -> int:
        """Runs without a result."""
        return len(self.rows) * len(self.cases) * self.replicates - int(self.outcomes.num_rows)
