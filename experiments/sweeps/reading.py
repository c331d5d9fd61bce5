"""Results of a sweep for reading: Arrow tables joined with the design, shard by shard."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from experiments.stored import reason_of, same_types
from experiments.sweeps.folder import Manifest, SweepError, SweepFolder
from experiments.sweeps.manifest import tables_of
from experiments.sweeps.outcomes import REGIME, Outcome, outcome_schema
from experiments.sweeps.store import FAILURES, OUTCOMES, TELEMETRY, Shard, keys_of, read_shard
from sim.schemas import SCHEMAS

LOGS: Final = (TELEMETRY, FAILURES)


@dataclass(frozen=True)
class Sweep:
    """A stored sweep. Nothing is kept in memory but the design; each call reads what is there now.

    Made by `experiments.load(path)`.
    """

    folder: SweepFolder

    @cached_property
    def facts(self) -> Manifest:
        """The manifest: identity, versions, names of levers and uncertainties."""
        return self.folder.manifest()

    @cached_property
    def design(self) -> pa.Table:
        """A row per run: run_id, point, draw, arm, replicate, seed, and the factors."""
        return self.folder.design()

    @property
    def levers(self) -> list[str]:
        """Factors that somebody decides on."""
        return list(self.facts["levers"])

    @property
    def uncertainties(self) -> list[str]:
        """Factors that nobody decides on."""
        return list(self.facts["uncertainties"])

    @property
    def outcome_names(self) -> list[str]:
        """Names of the outcomes; every run has `regime` besides."""
        return [fields[0] for fields in self.facts["identity"]["outcomes"]]

    @property
    def tables(self) -> list[str]:
        """Names of the tables that are kept of every run."""
        return list(tables_of(self.facts))

    @cached_property
    def outcome_schema(self) -> pa.Schema:
        """Columns of a shard of outcomes."""
        return outcome_schema([Outcome(*one) for one in self.facts["identity"]["outcomes"]])

    def outcomes(self) -> pa.Table:
        """The design with the outcomes of every finished run, in the order of the design."""
        batches = list(self.batches(OUTCOMES))
        if not batches:
            empty = [pa.field(name, pa.null()) for name in (*self.outcome_names, REGIME)]
            return pa.schema([*self.design.schema, *empty]).empty_table()
        whole = pa.Table.from_batches(batches)
        return whole.sort_by([("replicate", "ascending"), ("point", "ascending")])

    def table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """A whole table in memory; see `batches`."""
        batches = list(self.batches(name, columns))
        if not batches:
            raise SweepError(f"{self.folder.path} has no finished run yet")
        return pa.Table.from_batches(batches)

    def batches(self, name: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """A table of all finished runs joined with the design, one shard in memory at a time.

        name: a kept table, or "outcomes". columns: of the table, all if omitted; those of the
        design are always there. A run that several points of the design share comes with each.
        Raises SweepError for a table that is not kept.
        """
        if name not in (OUTCOMES, *self.tables):
            known = ", ".join((OUTCOMES, *self.tables))
            raise SweepError(f"{self.folder.path} keeps no table {name}; it has {known}")
        lookup = Lookup.of(self.design)
        for shard in self.folder.store.shards():
            table = self._rows(shard, name, columns)
            joined = lookup.join(table)
            yield from joined.combine_chunks().to_batches()

    def _rows(self, shard: Shard, name: str, columns: Sequence[str] | None) -> pa.Table:
        """Rows of a shard's runs, without those that an earlier shard has, too."""
        path = shard.path if name == OUTCOMES else shard.tables[name]
        wanted = None if columns is None else ["run_id", *columns]
        try:
            table = read_shard(path, wanted)
            self._refuse_other_columns(table, name)
            keys = keys_of(table["run_id"])
        except (OSError, pa.ArrowException) as error:
            raise SweepError(
                f"{path} is damaged: {reason_of(error)}; nomoat sweep run does its runs again"
            ) from error
        if shard.fresh.all():
            return table
        return table.filter(pa.array(np.isin(keys, shard.keys[shard.fresh])))

    def _refuse_other_columns(self, table: pa.Table, name: str) -> None:
        """Raise ArrowInvalid for a shard whose columns are not those of its table."""
        if name == OUTCOMES:
            if set(table.column_names) != set(self.outcome_schema.names):
                raise pa.ArrowInvalid("it does not have the outcomes of this sweep")
            expected = self.outcome_schema
        else:
            expected = SCHEMAS[name]
        if not same_types(table.schema, expected):
            raise pa.ArrowInvalid(f"its columns are not those of {name}")

    def failures(self) -> pa.Table:
        """Failed attempts, also of runs that succeeded later."""
        return self._log(FAILURES)

    def telemetry(self) -> pa.Table:
        """Seconds, memory and machine of every attempt that succeeded."""
        return self._log(TELEMETRY)

    def _log(self, name: str) -> pa.Table:
        parts = list(self.folder.store.tables(name))
        if not parts:
            return pa.table({"run_id": pa.array([], pa.string())})
        try:
            return pa.concat_tables(parts)
        except pa.ArrowException as error:
            raise SweepError(
                f"{self.folder.path / name} has shards that do not belong together: "
                f"{reason_of(error)}"
            ) from error


@dataclass(frozen=True)
class Lookup:
    """Finds the rows of a design by run id."""

    design: pa.Table
    keys: NDArray[np.uint64]
    order: NDArray[np.int64]

    @classmethod
    def of(cls, design: pa.Table) -> "Lookup":
        """Prepare a design."""
        keys = keys_of(design["run_id"])
        order = np.argsort(keys, kind="stable")
        return cls(design, keys[order], order)

    def join(self, table: pa.Table) -> pa.Table:
        """The table with the design in front; rows of runs that the design lacks are left out."""
        keys = keys_of(table["run_id"])
        first = np.searchsorted(self.keys, keys, "left")
        count = np.searchsorted(self.keys, keys, "right") - first
        rows = np.repeat(np.arange(len(keys)), count)
        offset = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
        design = self.design.take(pa.array(self.order[np.repeat(first, count) + offset]))
        values = table.drop_columns(["run_id"]).take(pa.array(rows))
        for field, column in zip(values.schema, values.columns, strict=True):
            design = design.append_column(field, column)
        return design.replace_schema_metadata(None)


def load(path: str | Path) -> Sweep:
    """The sweep in a folder. Raises SweepError if there is none."""
    sweep = Sweep(SweepFolder(Path(path)))
    _ = sweep.facts
    return sweep
