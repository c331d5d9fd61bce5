"""The folder of a run: same bytes, all or nothing, and no folder of others touched."""

import dataclasses
import errno
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from synthetic import FakeResult

from experiments.durable import Disk, StoreError
from experiments.folder import FolderError, RunFolder, find_run, find_runs, folder_name
from sim.schemas import SCHEMAS, table

FACTS = {
    "run_id": "0123456789abcdef", "seed": 1, "regime": "mixed", "enterprises": 50, "months": 24,
    "seconds": 0.1, "scenario": {"name": "baseline", "history": {"until": "2024-12"}},
}  # fmt: skip


class FailingDisk(Disk):
    """A disk whose operation number `fails_at` raises an error, counted from 0."""

    def __init__(self, fails_at: int, error: BaseException) -> None:
        object.__setattr__(self, "left", [fails_at])
        object.__setattr__(self, "error", error)

    def count(self) -> None:
        left: list[int] = self.__dict__["left"]
        left[0] -= 1
        if left[0] < 0:
            raise self.__dict__["error"]

    def make(self, directory: Path) -> None:
        self.count()
        super().make(directory)

    def write(self, path: Path, data: bytes) -> None:
        self.count()
        super().write(path, data)

    def sync(self, directory: Path) -> None:
        self.count()
        super().sync(directory)

    def rename(self, source: Path, target: Path) -> None:
        self.count()
        super().rename(source, target)


OPERATIONS_BEFORE_NAMING = 1 + len(SCHEMAS) + 1 + 1 + 1
"""Make, a write per table, the manifest, the directory's sync, the renaming itself."""


def full_disk() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


def test_a_stored_run_reads_back(tmp_path: Path, result: FakeResult) -> None:
    folder = RunFolder(tmp_path / "deep" / "run")
    manifest = folder.write(result, dict(FACTS))
    assert folder.manifest() == manifest
    assert manifest["tables"]["market"]["rows"] == 24
    assert set(contents(folder.path)) == {"manifest.json", *(f"{n}.parquet" for n in SCHEMAS)}
    assert all(folder.read(name).equals(result.tables[name]) for name in SCHEMAS)
    assert folder.read("market").schema.field("adoption").metadata[b"unit"] == b"share"


def test_equal_tables_give_equal_bytes(tmp_path: Path, result: FakeResult) -> None:
    chunked = FakeResult(months=24)
    halves = [chunked.tables["market"].slice(0, 5), chunked.tables["market"].slice(5)]
    import pyarrow as pa

    chunked.tables["market"] = pa.concat_tables(halves)
    for name, value in (("a", result), ("b", chunked)):
        RunFolder(tmp_path / name).write(value, dict(FACTS))
    first, second = contents(tmp_path / "a"), contents(tmp_path / "b")
    for name in SCHEMAS:
        assert first[f"{name}.parquet"] == second[f"{name}.parquet"]


@pytest.mark.parametrize("operation", range(OPERATIONS_BEFORE_NAMING))
def test_a_full_disk_leaves_nothing(tmp_path: Path, result: FakeResult, operation: int) -> None:
    folder = RunFolder(tmp_path / "run", FailingDisk(operation, full_disk()))
    with pytest.raises(StoreError, match="no space left on device"):
        folder.write(result, dict(FACTS))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("operation", range(OPERATIONS_BEFORE_NAMING))
def test_an_interruption_leaves_nothing(tmp_path: Path, result: FakeResult, operation: int) -> None:
    folder = RunFolder(tmp_path / "run", FailingDisk(operation, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        folder.write(result, dict(FACTS))
    assert list(tmp_path.iterdir()) == []


def test_after_its_naming_a_run_is_complete(tmp_path: Path, result: FakeResult) -> None:
    disk = FailingDisk(OPERATIONS_BEFORE_NAMING, full_disk())
    with pytest.raises(StoreError):
        RunFolder(tmp_path / "run", disk).write(result, dict(FACTS))
    assert RunFolder(tmp_path / "run").compare(result.tables) == []


@pytest.mark.parametrize("call", range(3))
def test_a_failing_fsync_leaves_nothing(
    tmp_path: Path, result: FakeResult, call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [call]

    def fsync(_: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise full_disk()

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(StoreError):
        RunFolder(tmp_path / "run").write(result, dict(FACTS))
    assert list(tmp_path.iterdir()) == []


def test_a_figure_is_added_whole_or_not(tmp_path: Path, result: FakeResult) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.write(result, dict(FACTS))
    for operation in (0, 1):
        broken = dataclasses.replace(folder, disk=FailingDisk(operation, full_disk()))
        with pytest.raises(StoreError):
            broken.add_figure(b"picture")
        assert not folder.figure_path.exists()
        assert not [name for name in contents(folder.path) if name.startswith(".")]
    folder.add_figure(b"picture")
    assert folder.figure_path.read_bytes() == b"picture"


def test_foreign_places_are_refused_and_left_alone(tmp_path: Path, result: FakeResult) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("work")
    (tmp_path / "file").write_text("work")
    for place in ("mine", "file", "file/below/it"):
        with pytest.raises(FolderError):
            RunFolder(tmp_path / place).write(result, dict(FACTS))
    assert contents(tmp_path / "mine") == {"thesis.txt": b"work"}


def test_an_empty_directory_is_taken(tmp_path: Path, result: FakeResult) -> None:
    (tmp_path / "run").mkdir()
    RunFolder(tmp_path / "run").write(result, dict(FACTS))
    assert RunFolder(tmp_path / "run").exists()


def test_another_run_in_the_folder_is_refused(tmp_path: Path, result: FakeResult) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.refuse_other("ffff")
    folder.write(result, dict(FACTS))
    folder.refuse_other("0123456789abcdef")
    with pytest.raises(FolderError, match="holds the run 0123456789abcdef"):
        folder.refuse_other("ffff")


def test_identical_runs_compare_equal_and_any_change_shows(
    tmp_path: Path, result: FakeResult
) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.write(result, dict(FACTS))
    assert folder.compare(FakeResult(months=24).tables) == []
    changed = FakeResult(months=24)
    shares = changed.tables["market"]["adoption"].to_pylist()
    shares[7] = float.fromhex("0x1.0000000000001p0") * shares[7]
    rows = {**changed.tables["market"].to_pydict(), "adoption": shares}
    changed.tables["market"] = table("market", rows)
    (difference,) = folder.compare(changed.tables)
    assert (difference.table, difference.month, difference.column) == ("market", 7, "adoption")
    assert folder.compare(changed.tables, tolerance=1e-6) == []


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_changed_byte_on_disk_shows(tmp_path: Path, result: FakeResult, place: float) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.write(result, dict(FACTS))
    path = folder.table_path("vendor")
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] ^= 1
    path.write_bytes(data)
    assert [one.table for one in folder.compare(result.tables)] == ["vendor"]


def test_missing_tables_show(tmp_path: Path, result: FakeResult) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.write(result, dict(FACTS))
    folder.table_path("host").unlink()
    fewer = {name: one for name, one in result.tables.items() if name != "event"}
    assert [one.table for one in folder.compare(fewer)] == ["host", "event"]


@pytest.mark.parametrize("manifest", ["", "{", "[]", "{}", '{"tables": 3}', "\xff"])
def test_a_damaged_manifest_is_one_sentence(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "manifest.json").write_bytes(manifest.encode("latin-1"))
    with pytest.raises(FolderError, match="manifest"):
        RunFolder(tmp_path / "run").manifest()


def test_a_manifest_never_holds_what_json_cannot(tmp_path: Path, result: FakeResult) -> None:
    facts: dict[str, Any] = {**FACTS, "seconds": float("nan")}
    with pytest.raises(ValueError, match="JSON"):
        RunFolder(tmp_path / "run").write(result, facts)
    assert list(tmp_path.iterdir()) == []


def test_runs_are_found_by_folder_id_and_prefix(tmp_path: Path, result: FakeResult) -> None:
    for name, run_id in (("base", "aaaa1111"), ("base", "aabb2222"), ("other", "cccc3333")):
        RunFolder(tmp_path / folder_name(name, run_id)).write(result, {**FACTS, "run_id": run_id})
    RunFolder(tmp_path / "named").write(result, {**FACTS, "run_id": "dddd4444"})
    (tmp_path / ".base-x.partial-1").mkdir()
    (tmp_path / "notes").mkdir()
    assert len(find_runs(tmp_path)) == 4
    assert find_runs(tmp_path / "nowhere") == []
    for reference, name in (
        ("aaaa1111", "base-aaaa1111"),
        ("aab", "base-aabb2222"),
        ("oth", "other-cccc3333"),
        ("dddd4444", "named"),
        (str(tmp_path / "named"), "named"),
    ):
        assert find_run(reference, tmp_path).path.name == name
    with pytest.raises(FolderError, match="fits 2 runs: base-"):
        find_run("base", tmp_path)
    with pytest.raises(FolderError, match="no run zzz"):
        find_run("zzz", tmp_path)


def test_folder_names_are_plain() -> None:
    assert folder_name("baseline", "ab12") == "baseline-ab12"
    assert folder_name("../../etc/[bold]x[/bold]<script>", "ab") == "etc-bold-x-bold-script-ab"
    assert re.fullmatch(r"unnamed-[0-9a-f]{6}-ab", folder_name("价格战", "ab"))
    assert len(folder_name("x" * 500, "ab")) < 100
    assert json.dumps(folder_name("a\x00b", "ab")) == '"a-b-ab"'
