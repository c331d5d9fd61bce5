"""How two sweeps, or a stored run and its repetition, differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from experiments.encoding import encode
from experiments.sweeps.folder import SweepError, SweepFolder
from experiments.sweeps.outcomes import REGIME
from experiments.sweeps.reading import Sweep
from experiments.sweeps.runner import differences
from experiments.sweeps.store import read_shard
from experiments.sweeps.work import Bench

CODE = ("model_version", "commit", "dirty_diff", "cpu_level", "platform")


@dataclass(frozen=True)
class OutcomeDifference:
    """How one outcome differs over the runs that two sweeps share."""

    name: str
    differing: int
    largest: float | None
    """Of numbers; None for words."""


@dataclass(frozen=True)
class SweepDifference:
    """What two sweeps have in common and where they part.

    asked, code, versions: what differs in what was asked, in the code and in the libraries.
    """

    asked: list[str]
    code: dict[str, tuple[Any, Any]]
    versions: dict[str, tuple[Any, Any]]
    shared: int
    """Finished runs with the same factors and seed."""
    only_first: int
    only_second: int
    outcomes: list[OutcomeDifference]

    @property
    def identical(self) -> bool:
        """Whether all shared runs have the same outcomes and no run is in one only."""
        same = all(not one.differing for one in self.outcomes)
        return same and not self.only_first and not self.only_second


def compare(first: Sweep, second: Sweep) -> SweepDifference:
    """Compare two sweeps run by run: those of equal factors and seed are the same question."""
    one, other = first.facts, second.facts
    versions = one["versions"], other["versions"]
    left, right = rows_by_question(first), rows_by_question(second)
    shared = [key for key in left if key in right]
    names = [n for n in (*first.outcome_names, REGIME) if n in (*second.outcome_names, REGIME)]
    return SweepDifference(
        asked=differences(one["identity"], other["identity"]),
        code=unequal(one, other, CODE),
        versions=unequal(*versions, sorted({*versions[0], *versions[1]})),
        shared=len(shared),
        only_first=len(left) - len(shared),
        only_second=len(right) - len(shared),
        outcomes=[outcome_difference(n, [(left[k], right[k]) for k in shared]) for n in names],
    )


def rows_by_question(sweep: Sweep) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Outcomes by seed and the value of every factor."""
    factors = sorted([*sweep.levers, *sweep.uncertainties])
    rows = sweep.outcomes().to_pylist()
    return {(row["seed"], *((name, row[name]) for name in factors)): row for row in rows}


def unequal(
    one: Mapping[str, Any], other: Mapping[str, Any], names: Sequence[str]
) -> dict[str, tuple[Any, Any]]:
    """Entries that differ."""
    pairs = {name: (one.get(name), other.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def outcome_difference(
    name: str, pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
) -> OutcomeDifference:
    """How one outcome differs over pairs of runs."""
    values = [(one[name], other[name]) for one, other in pairs if one[name] != other[name]]
    gaps = [
        abs(a - b) for a, b in values if isinstance(a, int | float) and isinstance(b, int | float)
    ]
    return OutcomeDifference(name, len(values), max(gaps, default=None))


@dataclass(frozen=True)
class Repetition:
    """A stored run done again."""

    run_id: str
    row: dict[str, Any]
    outcomes: dict[str, Any]
    stored: bool
    """Whether there were results to compare with."""
    unequal: list[str]
    """Tables whose bytes differ."""


def repeat(folder: SweepFolder, reference: str) -> Repetition:
    """Do one run of a sweep again and compare its bytes with those stored.

    reference: run id or a unique beginning of one. Raises SweepError if there is none, and whatever
    the run itself raises.
    """
    bench = Bench(folder)
    ids = bench.design["run_id"].to_pylist()
    hits = sorted({one for one in ids if one.startswith(reference)})
    if len(hits) != 1:
        found = f"fits {len(hits)} runs: {', '.join(hits[:4])}" if hits else "is no run"
        raise SweepError(f"{reference} {found} of {folder.path}")
    run_id = hits[0]
    row = bench.row(ids.index(run_id))
    result = bench.result(row)
    outcomes = bench.outcomes_of(result)
    fresh = {"outcomes": pa.Table.from_pylist([{"run_id": run_id, **outcomes}], bench.schema)}
    fresh |= {
        name: table.add_column(0, "run_id", pa.array([run_id] * table.num_rows))
        for name, table in bench.kept(result).items()
    }
    stored = {name: stored_rows(folder, name, run_id, table) for name, table in fresh.items()}
    found_any = any(table is not None for table in stored.values())
    differing = [n for n, t in fresh.items() if found_any and not same_bytes(t, stored[n])]
    return Repetition(run_id, row, outcomes, found_any, differing)


def stored_rows(folder: SweepFolder, name: str, run_id: str, like: pa.Table) -> pa.Table | None:
    """Rows of one run in a stored table, in the columns of `like`; None if it is not there."""
    key = int(run_id, 16)
    for shard in folder.store.shards():
        if key in shard.keys:
            path = shard.path if name == "outcomes" else shard.tables.get(name)
            if path is None:
                return None
            table = read_shard(path, like.column_names)
            return table.filter(pc.equal(table["run_id"], run_id))
    return None


def same_bytes(fresh: pa.Table, stored: pa.Table | None) -> bool:
    """Whether two tables are written as the same bytes."""
    return stored is not None and encode(fresh.cast(stored.schema)) == encode(stored)
