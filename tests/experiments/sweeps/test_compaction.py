"""Compaction: however runs came to lie in shards, the same few files come out of it."""

import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sweeping
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sweeping import FullDisk

from experiments.durable import StoreError
from experiments.sweeps import compaction
from experiments.sweeps.compaction import compact
from experiments.sweeps.folder import SweepError, SweepFolder
from experiments.sweeps.logs import FAILURE_SCHEMA, TELEMETRY_SCHEMA

DESIGN = [7, 3, 9, 1, 8, 2, 5, 6, 4, 0]
"""Runs in the order of a design, which is not that of their ids."""
quick = settings(
    derandomize=True, deadline=None, max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


def run_id(number: int) -> str:
    """A run id."""
    return f"{number * 0x1234567890ABCDE:016x}"


def made(path: Path, shards: list[list[int]]) -> SweepFolder:
    """A folder with shards of runs; what a run's tables hold depends on the run alone.

    A run has between no and three events, and text that not all have.
    """
    folder = SweepFolder(path)
    path.mkdir(parents=True)
    facts = {**sweeping.FACTS, "replicates": len(DESIGN)}
    folder.record(facts, sweeping.designed_for([run_id(n) for n in DESIGN]))
    for shard in shards:
        add(folder, shard)
    return folder


def add(folder: SweepFolder, shard: list[int]) -> None:
    """Add one shard with its tables."""
    outcomes = pa.table({
        "run_id": [run_id(n) for n in shard],
        "hhi": pa.array([n / 7 for n in shard]),
        "leader": pa.array([f"v{n}" if n % 2 else None for n in shard], pa.string()),
    })  # fmt: skip
    events = [(n, month) for n in shard for month in range(n % 4)]
    table = pa.table({
        "run_id": pa.array([run_id(n) for n, _ in events], pa.string()),
        "month": pa.array([month for _, month in events], pa.int32()),
    })  # fmt: skip
    folder.store.commit(outcomes, {"event": table})


def order(folder: SweepFolder, table: str) -> list[str]:
    """Run ids of a table, shard by shard in the order of the design, each once."""
    found = dict.fromkeys(row["run_id"] for row in sweeping.rows(folder.path, table))
    return sorted(found, key=[run_id(n) for n in DESIGN].index)


partitions = st.lists(
    st.lists(st.sampled_from(DESIGN), min_size=1, max_size=6, unique=True), min_size=1, max_size=7
)


@pytest.mark.parametrize("most", [3, 20_000])
@quick
@given(shards=partitions, again=st.randoms(use_true_random=False))
def test_any_partition_of_runs_gives_the_same_files(
    tmp_path_factory: pytest.TempPathFactory, most: int, shards: list[list[int]],
    again: random.Random,
) -> None:  # fmt: skip
    place = tmp_path_factory.mktemp("partitions")
    everything = sorted({number for shard in shards for number in shard})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compaction, "RUNS_PER_SHARD", most)
        folder, whole = made(place / "one", shards), made(place / "other", [everything])
        assert sweeping.compacted(folder.path) == sweeping.compacted(whole.path)
        for _ in range(3):
            add(folder, again.sample(everything, again.randint(1, len(everything))))
        assert sweeping.compacted(folder.path) == sweeping.results(whole.path)
    rows = sweeping.rows(folder.path, "outcomes")
    expected = [number for number in DESIGN if number in everything]
    assert len(rows) == len(everything)
    assert order(folder, "outcomes") == [run_id(number) for number in expected]
    assert len(folder.store.names("outcomes")) == -(-len(everything) // most)
    events = sweeping.rows(folder.path, "event")
    assert sorted((row["run_id"], row["month"]) for row in events) == sorted(
        (run_id(n), month) for n in everything for month in range(n % 4)
    )


def test_rows_come_in_the_order_of_the_design(tmp_path: Path) -> None:
    folder = made(tmp_path / "sweep", [[1, 3], [9, 0], [7]])
    compact(folder)
    rows = [row["run_id"] for row in sweeping.rows(folder.path, "outcomes")]
    assert rows == [run_id(number) for number in (7, 3, 9, 1, 0)]
    events = [(row["run_id"], row["month"]) for row in sweeping.rows(folder.path, "event")]
    assert events == [
        (run_id(number), month) for number in (7, 3, 9, 1, 0) for month in range(number % 4)
    ]


def test_what_belongs_to_no_run_of_the_design_goes(tmp_path: Path) -> None:
    folder = made(tmp_path / "sweep", [[1, 3], [11, 12]])
    folder.store.put("event", pa.table({"run_id": [run_id(5)], "month": [1]}))
    done = compact(folder)
    assert (done.runs, done.files_before, done.files_after) == (2, 5, 2)
    assert order(folder, "outcomes") == [run_id(3), run_id(1)]
    assert order(folder, "event") == [run_id(3), run_id(1)]


def test_nothing_finished_is_nothing_to_do(tmp_path: Path) -> None:
    done = compact(made(tmp_path / "sweep", []))
    assert (done.runs, done.files_before, done.files_after) == (0, 0, 0)


def test_logs_keep_each_row_once(tmp_path: Path) -> None:
    folder = made(tmp_path / "sweep", [[1]])
    telemetry = [
        {"run_id": run_id(n), "seconds": n / 3, "total_seconds": 1.0, "peak_memory_mb": 1.0,
         "host": "h", "pid": n, "finished_at": "now"}
        for n in (4, 2, 2)
    ]  # fmt: skip
    failures = [
        {"run_id": run_id(4), "point": 1, "replicate": 1, "seed": 1, "error": "E", "message": "m",
         "traceback": "", "host": "h", "failed_at": "now"}
    ]  # fmt: skip
    for rows in (telemetry[:2], telemetry[1:]):
        folder.store.put("telemetry", pa.Table.from_pylist(rows, TELEMETRY_SCHEMA))
    folder.store.put("failures", pa.Table.from_pylist(failures, FAILURE_SCHEMA))
    for _ in range(2):
        compact(folder)
        assert [row["pid"] for row in sweeping.rows(folder.path, "telemetry")] == [2, 4]
        assert [row["error"] for row in sweeping.rows(folder.path, "failures")] == ["E"]
        assert len(folder.store.names("telemetry")) == 1


def test_progress_counts_all_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "RUNS_PER_SHARD", 2)
    told: list[tuple[int, int]] = []
    compact(made(tmp_path / "sweep", [[1, 3, 5]]), lambda *numbers: told.append(numbers))
    assert told == [(2, 3), (3, 3)]


def test_long_tables_make_more_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "ROWS_PER_SHARD", 6)
    folder = made(tmp_path / "sweep", [[7, 3, 8, 4, 2]])
    compact(folder)
    sizes = [
        pq.ParquetFile(folder.path / "outcomes" / name).metadata.num_rows
        for name in folder.store.names("outcomes")
    ]
    assert sorted(sizes) == [1, 2, 2]


@pytest.mark.parametrize("operations", range(9))
def test_a_full_disk_loses_nothing(tmp_path: Path, operations: int) -> None:
    folder = made(tmp_path / "sweep", [[1, 3], [3, 5]])
    whole = sweeping.compacted(made(tmp_path / "whole", [[1, 3, 5]]).path)
    full = FullDisk([operations])
    refusal = ""
    try:
        compact(SweepFolder(folder.path, full))
    except StoreError as error:
        refusal = str(error)
    assert ("no space left" in refusal) == (full.left[0] < 0)
    assert sorted(order(folder, "outcomes")) == sorted(run_id(n) for n in (1, 3, 5))
    assert sweeping.compacted(folder.path) == whole


def test_a_folder_is_compacted_only_while_nobody_writes(tmp_path: Path) -> None:
    folder = made(tmp_path / "sweep", [[1], [3]])
    before = sweeping.results(folder.path)
    with sweeping.another_writer(folder.path) as pid:
        with pytest.raises(SweepError, match=f"is being written by process {pid} on .*; wait"):
            compact(folder)
        assert sweeping.results(folder.path) == before
    assert compact(folder).files_after == 2


def test_the_manifest_stays_and_the_lease_goes(tmp_path: Path) -> None:
    folder = made(tmp_path / "sweep", [[1], [3]])
    manifest: dict[str, Any] = json.loads(folder.manifest_path.read_text())
    compact(folder)
    assert json.loads(folder.manifest_path.read_text()) == manifest
    assert not list(folder.leases.iterdir())
