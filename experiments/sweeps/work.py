"""What a worker does: the runs of a chunk, one after the other, and their shards.

A worker knows a sweep by its folder alone. It reads what the sweep is from there, so that it makes
no difference where it runs: in this process, in another, or on another machine.
"""

import os
import socket
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from experiments.durable import StoreError
from experiments.machine import peak_memory
from experiments.stored import read_table, reason_of, scenario
from experiments.sweeps import failpoints
from experiments.sweeps.events import Chunk, Event, Failed, Finished, Started, Written
from experiments.sweeps.folder import Manifest, SweepError, SweepFolder, refuse_other_model
from experiments.sweeps.logs import FAILURE_SCHEMA, TELEMETRY_SCHEMA
from experiments.sweeps.manifest import runs_of
from experiments.sweeps.outcomes import REGIME, Outcome, outcome_schema, tables_needed
from experiments.sweeps.plan import World
from experiments.sweeps.store import FAILURES, TELEMETRY, Store
from sim import run
from sim.running import Result
from sim.scenario import Scenario

FLUSH_SECONDS: Final = 30.0
FLUSH_RUNS: Final = 1000
"""Finished runs are written at the latest after so long, or when there are so many."""
TRACEBACK_CHARACTERS: Final = 8000
KEPT: Final = "runs written before are kept, and the same command goes on"


def now() -> str:
    """The wall clock, for people only."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Bench:
    """A sweep as a worker sees it: the runs of its design, by row."""

    def __init__(self, folder: SweepFolder) -> None:
        """Read what the sweep is; raises SweepError if the folder or the model is another."""
        self.folder = folder
        self.facts: Manifest = folder.manifest()
        refuse_other_model(folder, self.facts)
        self.outcomes = [Outcome(*fields) for fields in self.facts["identity"]["outcomes"]]
        self.schema = outcome_schema(self.outcomes)
        self.keep: list[str] = self.facts["identity"]["keep"]
        self.market: list[str] = self.facts["identity"]["market"]
        self.needed = tables_needed(self.keep, self.outcomes)
        self.design = self._design()
        self._worlds: dict[int, World] = {}
        self._checked: set[int] = set()

    def _design(self) -> pa.Table:
        """The design, which whoever gave the work has held against its checksum."""
        path = self.folder.design_path
        try:
            design = read_table(path, rows=runs_of(self.facts))
        except (OSError, pa.ArrowException) as error:
            raise SweepError(f"{path} is missing or damaged: {reason_of(error)}") from error
        self.folder.refuse_design(design, self.facts)
        return design

    def row(self, row: int) -> dict[str, Any]:
        """A row of the design."""
        found: dict[str, Any] = self.design.slice(row, 1).to_pylist()[0]
        return found

    def scenario(self, row: dict[str, Any]) -> Scenario:
        """The scenario of a row of the design."""
        number = self.world_of(row)
        if number not in self._worlds:
            self._worlds[number] = World.of(scenario(self.folder.world_path(number)))
        return self._worlds[number].scenario_at({path: row[path] for path in self.facts["paths"]})

    def result(self, row: dict[str, Any]) -> Result:
        """Simulate a row of the design."""
        result = run(self.scenario(row), seed=row["seed"], tables=self.needed, check=True)
        number = self.world_of(row)
        if number not in self._checked:
            self._check(row, result)
            self._checked.add(number)
        return result

    def _check(self, row: dict[str, Any], result: Result) -> None:
        """Hold one run id of a world against the design: the frozen world must be the planned."""
        if result.run_id != row["run_id"]:
            raise SweepError(
                f"{self.folder.path}: run {row['run_id']} of the design comes out as "
                f"{result.run_id}; the frozen worlds were changed"
            )

    def world_of(self, row: dict[str, Any]) -> int:
        """Number of the world that a row's options choose."""
        key = [row[name] for name in self.facts["options"]]
        return int(self.facts["worlds"].index(key))

    def outcomes_of(self, result: Result) -> dict[str, Any]:
        """The outcomes of a run."""
        found: dict[str, Any] = {o.name: o.measure(result.tables) for o in self.outcomes}
        return {**found, REGIME: result.regime}

    def kept(self, result: Result) -> dict[str, pa.Table]:
        """The tables kept of a run."""
        tables = {name: result.tables[name] for name in self.keep}
        if self.market:
            tables["market"] = result.tables["market"].select(["month", *self.market])
        return tables


@dataclass
class Batch:
    """Finished runs that are not on disk yet."""

    bench: Bench
    rows: list[int] = field(default_factory=list)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    tables: dict[str, list[tuple[str, pa.Table]]] = field(default_factory=dict)
    telemetry: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    """Rows of the failures."""
    since: float = field(default_factory=time.monotonic)

    @property
    def full(self) -> bool:
        """Whether it is time to write."""
        ended, waited = len(self.rows) + len(self.failed), time.monotonic() - self.since
        return ended >= FLUSH_RUNS or (ended > 0 and waited >= FLUSH_SECONDS)

    def add(self, number: int, run: str, result: Result, seconds: float) -> None:
        """Take a finished run; `run` is its id in the design. Takes nothing if it raises."""
        outcomes, kept = self.bench.outcomes_of(result), self.bench.kept(result)
        self.rows.append(number)
        self.outcomes.append({"run_id": run, **outcomes})
        for name, table in kept.items():
            self.tables.setdefault(name, []).append((run, table))
        self.telemetry.append({
            "run_id": run, "seconds": result.seconds, "total_seconds": seconds,
            "peak_memory_mb": peak_memory() / 1e6, "host": socket.gethostname(),
            "pid": os.getpid(), "finished_at": now(),
        })  # fmt: skip

    def fail(self, number: int, row: dict[str, Any], error: Exception) -> None:
        """Take a failed run."""
        self.failed.append(number)
        self.failures.append(failure(row, error))

    def write(self, store: Store) -> Written:
        """Put everything on disk.

        Raises StoreError if the file system refuses.
        """
        try:
            tables = {name: stacked(parts) for name, parts in self.tables.items()}
            store.commit(pa.Table.from_pylist(self.outcomes, self.bench.schema), tables)
            for name, rows, schema in (
                (TELEMETRY, self.telemetry, TELEMETRY_SCHEMA),
                (FAILURES, self.failures, FAILURE_SCHEMA),
            ):
                if rows:
                    store.put(name, pa.Table.from_pylist(rows, schema))
        except OSError as error:
            raise StoreError.of(error, store.folder, KEPT) from error
        return Written(tuple(self.rows), tuple(self.failed))


def stacked(parts: Sequence[tuple[str, pa.Table]]) -> pa.Table:
    """Tables of several runs as one, the run id in front."""
    whole = pa.concat_tables([table for _, table in parts])
    lengths = [table.num_rows for _, table in parts]
    ids = np.repeat(np.array([run for run, _ in parts], dtype=object), lengths)
    return whole.add_column(
        0, pa.field("run_id", pa.string(), nullable=False), pa.array(ids, pa.string())
    )


def work_on(
    bench: Bench, chunk: Chunk, tell: Callable[[Event], None], stopping: Callable[[], bool]
) -> None:
    """Do the runs of a chunk; what goes wrong in a run is a row of `failures`.

    tell: called with every event. stopping: asked between runs; if true, what is done is written.
    """
    store, batch = bench.folder.store, Batch(bench)
    for number in chunk.rows:
        if stopping():
            break
        tell(Started(number))
        failpoints.reach("run-started")
        row, began = bench.row(number), time.monotonic()
        try:
            result = bench.result(row)
            batch.add(number, row["run_id"], result, time.monotonic() - began)
        except SweepError:
            raise
        except Exception as error:
            batch.fail(number, row, error)
            tell(Failed(number, f"{type(error).__name__}: {error}"))
        else:
            failpoints.reach("run-finished")
            tell(Finished(number, time.monotonic() - began))
        if batch.full:
            tell(batch.write(store))
            batch = Batch(bench)
    tell(batch.write(store))
    failpoints.reach("chunk-done")


def failure(row: dict[str, Any], error: BaseException | tuple[str, str]) -> dict[str, Any]:
    """A run's error as a row; a pair stands for the class and message of what left no trace."""
    if isinstance(error, tuple):
        kind, message, trace = *error, ""
    else:
        kind, message = type(error).__name__, str(error)
        trace = "".join(traceback.format_exception(error))[-TRACEBACK_CHARACTERS:]
    facts = {name: row[name] for name in ("run_id", "point", "replicate", "seed")}
    return {
        **facts, "error": kind, "message": message[:2000], "traceback": trace,
        "host": socket.gethostname(), "failed_at": now(),
    }  # fmt: skip


def open_bench(path: str) -> Bench:
    """The bench of a sweep's folder."""
    return Bench(SweepFolder(Path(path)))
