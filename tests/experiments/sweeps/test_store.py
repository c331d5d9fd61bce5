"""The store: shards check themselves, and a run is there as a whole, once, or not at all."""

import errno
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sweeping import FullDisk

from experiments.durable import StoreError
from experiments.encoding import VERSION_KEY, NewerSchemaError
from experiments.sweeps import store as stores
from experiments.sweeps.store import OUTCOMES, Store, is_whole, keys_of
from sim.schemas import SCHEMA_VERSION

KEPT = ("market",)


def ids(*numbers: int) -> list[str]:
    """Run ids of small numbers."""
    return [f"{number:016x}" for number in numbers]


def outcomes(*numbers: int) -> pa.Table:
    """Outcomes of runs, which depend on the run alone."""
    return pa.table({"run_id": ids(*numbers), "hhi": [number / 7 for number in numbers]})


def market(*numbers: int) -> pa.Table:
    """A table of three rows a run."""
    rows = [(number, month) for number in numbers for month in range(3)]
    return pa.table({
        "run_id": ids(*(number for number, _ in rows)),
        "month": [month for _, month in rows],
        "price": [number + month / 10 for number, month in rows],
    })  # fmt: skip


def commit(store: Store, *numbers: int) -> set[Path]:
    """Add finished runs with their table."""
    return store.commit(outcomes(*numbers), {"market": market(*numbers)})


def finished(store: Store) -> list[int]:
    """Numbers of the runs that a fresh look finds finished."""
    found: list[int] = Store(store.folder, kept=KEPT).finished().tolist()
    return found


def only(store: Store, table: str) -> Path:
    """The one shard of a table."""
    (name,) = store.names(table)
    return store.directory(table) / name


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path, kept=KEPT)


def test_runs_are_finished_when_their_outcomes_are_there(store: Store) -> None:
    assert finished(store) == []
    files = commit(store, 3, 1)
    assert {path.parent.name for path in files} == {"outcomes", "market"}
    commit(store, 2)
    assert finished(store) == [1, 2, 3]
    assert commit(store) == {path for path in files if path.parent.name == "none"}
    assert sorted(store.commit(outcomes(3, 1), {"market": market(3, 1)})) == sorted(files)
    assert len(store.names(OUTCOMES)) == 2


@settings(
    derandomize=True, deadline=None, max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 8), cut=st.booleans())
def test_any_damage_shows_in_the_name(tmp_path: Path, place: float, bit: int, cut: bool) -> None:
    store = Store(tmp_path / "whole", kept=KEPT)
    store.folder.mkdir(exist_ok=True)
    path = next(iter(commit(store, 1, 2)))
    data = bytearray(path.read_bytes())
    assert is_whole(path)
    at = int(place * len(data))
    if cut:
        del data[at:]
    else:
        data[at] ^= 1 << min(bit, 7)
    copy = tmp_path / path.name
    copy.write_bytes(data)
    assert not is_whole(copy)
    assert not is_whole(tmp_path / "gone-0123456789abcdef.parquet")


@pytest.mark.parametrize("table", ["outcomes", "market"])
@pytest.mark.parametrize("damage", ["cut", "empty", "flipped", "gone"])
def test_runs_of_a_damaged_shard_are_not_finished(store: Store, table: str, damage: str) -> None:
    commit(store, 1, 2)
    path = only(store, table)
    commit(store, 3)
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        flipped = bytes([*data[:40], data[40] ^ 1, *data[41:]])
        path.write_bytes({"cut": data[:-9], "empty": b"", "flipped": flipped}[damage])
    moved = store.verify()
    assert [m.name for m in moved] == ([] if damage == "gone" else [f"{table}-{path.name}"])
    assert all(m.parent == store.quarantine for m in moved)
    assert finished(store) == [3]
    commit(store, 1, 2)
    assert finished(store) == [1, 2, 3]
    assert store.verify() == []


def test_whole_shards_are_left_where_they_are(store: Store) -> None:
    files = commit(store, 1, 2)
    assert store.verify() == []
    assert all(path.exists() for path in files)
    assert not store.quarantine.exists()


def test_a_shard_that_another_process_moved_first_is_passed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(store, 1)
    path = only(store, OUTCOMES)

    def gone(shard: Path) -> bool:
        if shard == path:
            shard.unlink()
        return shard != path

    monkeypatch.setattr(stores, "is_whole", gone)
    assert store.verify() == []
    assert finished(store) == []


def test_a_damaged_shard_that_cannot_be_moved_is_named(store: Store) -> None:
    commit(store, 1)
    only(store, OUTCOMES).write_bytes(b"")
    with pytest.raises(StoreError, match=r"cannot write .*quarantine/outcomes-.*: no space left"):
        Store(store.folder, FullDisk([0]), KEPT).verify()


def test_a_table_that_no_outcomes_name_counts_for_nothing(store: Store) -> None:
    store.put("market", market(1, 2))
    assert finished(store) == []
    assert store.shards() == []
    commit(store, 2)
    (shard,) = store.shards()
    assert [path.name for path in shard.tables.values()] != store.names("market")
    assert finished(store) == [2]


def test_a_run_in_two_shards_counts_once(store: Store) -> None:
    commit(store, 1, 2, 3)
    commit(store, 3, 4)
    commit(store, 2)
    assert finished(store) == [1, 2, 3, 4]
    fresh = [key for shard in store.shards() for key in shard.keys[shard.fresh].tolist()]
    assert sorted(fresh) == [1, 2, 3, 4]


def test_shards_of_a_later_release_are_refused(store: Store) -> None:
    version = str(SCHEMA_VERSION + 1).encode()
    path = store.put(OUTCOMES, outcomes(1), {VERSION_KEY: version})
    with pytest.raises(NewerSchemaError) as caught:
        store.finished()
    assert str(caught.value) == (
        f"{path.name} has schema version {SCHEMA_VERSION + 1} and this release reads up to "
        f"{SCHEMA_VERSION}; use the release that wrote it"
    )


@pytest.mark.parametrize("operations", range(4))
def test_a_full_disk_leaves_a_commit_undone(tmp_path: Path, operations: int) -> None:
    store = Store(tmp_path, FullDisk([operations]), KEPT)
    with pytest.raises(OSError, match="No space left") as caught:
        commit(store, 1, 2)
    assert caught.value.errno == errno.ENOSPC
    assert finished(store) == []
    assert not list(tmp_path.glob("*/.*"))
    store = Store(tmp_path, kept=KEPT)
    assert store.verify() == []
    commit(store, 1, 2)
    assert finished(store) == [1, 2]


def test_half_written_files_are_removed_when_asked(store: Store) -> None:
    commit(store, 1)
    partial = store.directory(OUTCOMES) / ".name.partial-0123"
    partial.write_bytes(b"PAR1")
    assert store.verify() == []
    assert finished(store) == [1]
    lease = store.folder / "writers" / ".vm-17.json.partial-17"
    lease.parent.mkdir()
    lease.write_bytes(b"{}")
    store.sweep_partials()
    assert not partial.exists()
    assert lease.exists(), "a process that is about to write would fail"
    assert finished(store) == [1]


@settings(derandomize=True, deadline=None, max_examples=100)
@given(
    numbers=st.lists(st.integers(0, 2**64 - 1), max_size=12),
    start=st.integers(0, 12),
    cut=st.integers(0, 12),
    kept=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_keys_are_the_run_ids_as_numbers(
    numbers: list[int], start: int, cut: int, kept: list[bool]
) -> None:
    array = pa.array(ids(*numbers), pa.string())
    assert keys_of(array).tolist() == numbers
    assert keys_of(array.slice(start)).tolist() == numbers[start:]
    assert keys_of(pa.chunked_array([array[:cut], array[cut:]])).tolist() == numbers
    chosen = pa.array(kept[: len(numbers)], pa.bool_())
    expected = [number for number, keep in zip(numbers, kept, strict=False) if keep]
    assert keys_of(array.filter(chosen)).tolist() == expected
    assert keys_of(array).dtype == np.uint64
