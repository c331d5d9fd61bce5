"""Few large shards instead of many small ones, in the order of the design.

Equal results give equal files, whatever order they came in and however often they were interrupted.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from experiments.durable import StoreError
from experiments.stored import reason_of
from experiments.sweeps import failpoints
from experiments.sweeps.folder import SweepError, SweepFolder
from experiments.sweeps.store import FAILURES, TELEMETRY, Shard, Store, keys_of, read_shard

ROWS_PER_SHARD: Final = 1_000_000
"""Rows that a shard of a table aims at."""
RUNS_PER_SHARD: Final = 20_000
CACHED: Final = 4
"""Shards kept in memory while they are rewritten."""


@dataclass(frozen=True)
class Compacted:
    """What a compaction came to."""

    runs: int
    files_before: int
    files_after: int


@dataclass(frozen=True)
class Located:
    """Finished runs of the design in its order, and the shard that each is taken from."""

    keys: NDArray[np.uint64]
    shard: NDArray[np.int64]


def locate(shards: Sequence[Shard], design_keys: NDArray[np.uint64]) -> Located:
    """Find each finished run of the design; runs that the design does not have are left out."""
    keys = np.concatenate([s.keys[s.fresh] for s in shards] or [np.zeros(0, np.uint64)])
    number = np.repeat(np.arange(len(shards)), [int(s.fresh.sum()) for s in shards])
    unique, first = np.unique(design_keys, return_index=True)
    place = np.minimum(np.searchsorted(unique, keys), max(len(unique) - 1, 0))
    known = unique[place] == keys if len(unique) else np.zeros(len(keys), bool)
    order = np.argsort(first[place[known]], kind="stable")
    return Located(keys[known][order], number[known][order])


class Reader:
    """Tables of shards, the last few kept in memory."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Path, tuple[pa.Table, NDArray[np.uint64]]] = OrderedDict()

    def rows(self, path: Path, wanted: NDArray[np.uint64]) -> tuple[pa.Table, NDArray[np.uint64]]:
        """Rows of a shard that belong to wanted runs, and the run of each."""
        if path not in self._kept:
            table = read_shard(path)
            self._kept[path] = table, keys_of(table["run_id"])
            if len(self._kept) > CACHED:
                self._kept.popitem(last=False)
        table, keys = self._kept[path]
        chosen = np.isin(keys, wanted)
        return table.filter(pa.array(chosen)), keys[chosen]


def gathered(
    reader: Reader, sources: Sequence[tuple[Path, NDArray[np.uint64]]], order: NDArray[np.uint64]
) -> pa.Table:
    """Rows of runs from several shards, in the order of the runs; within a run as they were."""
    parts = [reader.rows(path, wanted) for path, wanted in sources]
    table = pa.concat_tables([part for part, _ in parts])
    keys = np.concatenate([keys for _, keys in parts])
    sorter = np.argsort(order)
    rank = sorter[np.searchsorted(order, keys, sorter=sorter)]
    return table.take(pa.array(np.argsort(rank, kind="stable"))).combine_chunks()


def compact(folder: SweepFolder, on_run: Callable[[int, int], None] | None = None) -> Compacted:
    """Rewrite all shards as few; nothing is removed before what replaces it is on the device.

    on_run: called with runs rewritten and all. Raises SweepError while anybody writes, StoreError
    if nothing can be written.
    """
    with folder.writing(alone=True):
        store = folder.store
        store.sweep_partials()
        store.verify()
        shards = store.shards()
        before = everything(store)
        try:
            kept: set[Path] = set()
            done = 0
            located = locate(shards, keys_of(folder.design()["run_id"]))
            for part in parts_of(located, shards):
                kept |= rewrite(store, shards, part)
                done += len(part.keys)
                if on_run is not None:
                    on_run(done, len(located.keys))
            for name in (TELEMETRY, FAILURES):
                kept |= rewrite_log(store, name)
            failpoints.reach("compact-renamed")
            superseded = [path for path in before if path not in kept]
            store.remove(superseded)
        except OSError as error:
            raise StoreError.of(error, folder.path, "every finished run is kept") from error
        except pa.ArrowException as error:
            raise SweepError(
                f"{folder.path} has shards that do not belong together: {reason_of(error)}"
            ) from error
        return Compacted(len(located.keys), len(before), len(kept))


def everything(store: Store) -> list[Path]:
    """All shards, outcomes first: those that go are removed in this order."""
    return [
        store.directory(table) / name for table in store.all_tables for name in store.names(table)
    ]


def parts_of(located: Located, shards: Sequence[Shard]) -> Iterator[Located]:
    """Runs of each new shard: as many as give its largest table about `ROWS_PER_SHARD` rows."""
    if not len(located.keys):
        return
    first = shards[located.shard[0]]
    lengths = [
        int((keys_of(read_shard(path, ["run_id"])["run_id"]) == located.keys[0]).sum())
        for path in first.tables.values()
    ]
    size = max(1, min(RUNS_PER_SHARD, ROWS_PER_SHARD // max([1, *lengths])))
    for start in range(0, len(located.keys), size):
        end = start + size
        yield Located(located.keys[start:end], located.shard[start:end])


def rewrite(store: Store, shards: Sequence[Shard], part: Located) -> set[Path]:
    """Write one new shard of outcomes with its tables; returns their files."""
    reader = Reader()
    wanted = {int(n): part.keys[part.shard == n] for n in np.unique(part.shard)}

    def gather(table: str | None) -> pa.Table:
        paths = [
            (shards[n].path if table is None else shards[n].tables[table], keys)
            for n, keys in wanted.items()
        ]
        return gathered(reader, paths, part.keys)

    names = sorted({name for n in wanted for name in shards[n].tables})
    tables = {name: gather(name) for name in names}
    return store.commit(gather(None), tables)


def rewrite_log(store: Store, name: str) -> set[Path]:
    """Write telemetry or failures as one shard, each row once.

    Returns the files that stay: the new one, and what is no shard of this release.
    """
    found = dict(store.logs(name))
    others = {store.directory(name) / one for one in store.names(name)} - found.keys()
    if not found:
        return others
    whole = pa.concat_tables(found.values())
    whole = whole.sort_by([(column, "ascending") for column in whole.column_names])
    return others | {
        store.put(name, whole.group_by(whole.column_names, use_threads=False).aggregate([]))
    }
