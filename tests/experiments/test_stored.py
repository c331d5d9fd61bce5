"""Reading what a stranger stored, and beginning folders: whole, once, under names nobody has."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter
from sweeping import FullDisk

from experiments import durable, stored
from experiments.claims import ledger
from experiments.claims.shape import Planned
from experiments.durable import Disk, StoreError, may_begin
from experiments.ensemble.folder import EnsembleError, EnsembleFolder
from experiments.evidence.calibration_folder import CalibrationFolder
from experiments.evidence.loss import CalibrationError
from experiments.game.playing import GameFolder
from experiments.game.setting import GameError
from experiments.stored import DocumentError, FolderError, UnusualFileError

FILES = {"base.toml": b"a = 1\n", "asked.json": b"{}"}


class Shape(TypedDict):
    """Any document."""

    name: str
    sizes: list[stored.Count]


# What may be read.


@pytest.mark.parametrize(
    ("make", "words"), [
        (lambda path: os.mkfifo(path), "it is a pipe"),
        (lambda path: path.mkdir(), "it is a directory"),
        (lambda path: path.symlink_to(__file__), "it is a link"),
        (lambda path: path.symlink_to("/dev/zero"), "it is a link"),
        (lambda path: path.write_bytes(b"12345"), "it has 5 bytes, more than 4"),
    ],
)  # fmt: skip
def test_only_regular_files_of_bounded_size_are_read(
    tmp_path: Path, make: Callable[[Path], object], words: str
) -> None:
    make(tmp_path / "x")
    with pytest.raises(UnusualFileError) as caught:
        stored.read_bytes(tmp_path / "x", 4)
    assert stored.reason_of(caught.value).startswith(words)


@pytest.mark.parametrize(
    ("text", "words"), [
        ("{", "is damaged: Expecting"), ("[" * 100_000, "too deep"), ("NaN", "NaN is no number"),
        ("9" * 5000, "is damaged"), ('"\\ud800"', "UTF-8"),
        ("[]", "it is []; a table of values belongs there"),
        ('{"name": 5, "sizes": []}', "name is 5; text belongs there"),
        ('{"name": "a", "sizes": [1, 2.5]}', "sizes.1 is 2.5; a whole number belongs there"),
        ('{"name": "a", "sizes": [true]}', "sizes.0 is true; a whole number belongs there"),
        ('{"name": "a"}', "sizes is missing"),
        ('{"name": "a", "sizes": [-1]}', "sizes.0 is -1; input should be greater than"),
    ],
)  # fmt: skip
def test_a_document_of_another_shape_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(DocumentError) as caught:
        stored.document(path, TypeAdapter(Shape))
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_table_that_takes_more_memory_than_is_free_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.parquet"
    zeros = pa.array([0]).take(pa.array([0] * 1_000_000, pa.int8()))
    pq.write_table(pa.table({f"c{n}": zeros for n in range(10)}), path, compression="zstd")
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(stored, "available_memory", lambda: 70_000_000)
    with pytest.raises(pa.ArrowInvalid, match=r"takes 0.1 GB of memory and 0.1 GB are free"):
        stored.read_table(path)
    assert stored.read_table(path, ["c1"]).num_rows == 1_000_000
    with pytest.raises(pa.ArrowInvalid, match="no column d"):
        stored.read_table(path, ["d"])


# Beginning a folder.


def begin(path: Path) -> bool:
    """Begin as every kind of folder begins."""
    return may_begin(path, FILES) and Disk().begin(path, FILES)


@pytest.mark.parametrize("left", [[], ["base.toml"], ["base.toml", ".asked.json.partial-17"]])
def test_an_empty_folder_or_one_whose_maker_was_killed_is_begun(
    tmp_path: Path, left: list[str]
) -> None:
    for name in left:
        (tmp_path / name).write_bytes(FILES.get(name, b"{"))
    assert begin(tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == FILES


@pytest.mark.parametrize("name", ["letter.txt", "base.toml", "asked.json"])
def test_a_folder_with_files_of_others_is_not(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    assert not begin(tmp_path)
    assert (tmp_path / name).read_text() == "mine"


def test_a_link_leads_to_where_a_folder_is_made(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "outputs").symlink_to(tmp_path / "scratch")
    (tmp_path / "own").symlink_to(tmp_path / "scratch" / "own")
    assert begin(tmp_path / "outputs" / "a")
    assert begin(tmp_path / "own")
    assert sorted(path.name for path in (tmp_path / "scratch").iterdir()) == ["a", "own"]


@pytest.mark.parametrize("operations", range(3))
def test_a_full_disk_leaves_no_folder(tmp_path: Path, operations: int) -> None:
    with pytest.raises(StoreError, match="no space left on device; nothing of it was made"):
        FullDisk([operations]).begin(tmp_path / "x", FILES)
    assert not list(tmp_path.iterdir())


def test_of_two_that_make_a_folder_at_once_one_does(tmp_path: Path) -> None:
    class Late(Disk):
        def rename(self, source: Path, target: Path) -> None:
            begin(target)
            super().rename(source, target)

    assert not Late().begin(tmp_path / "x", {**FILES, "base.toml": b"other"})
    assert (tmp_path / "x" / "base.toml").read_bytes() == FILES["base.toml"]


@pytest.mark.parametrize("left", [[], ["base.toml"]])
def test_a_ledger_and_a_calibration_begin_where_one_was_killed(
    tmp_path: Path, left: list[str]
) -> None:
    ids: dict[str, Any] = {
        "model_version": "a", "scenario": "x", "scenario_hash": "y", "settings": {}, "space": [],
        "checks": [],
    }  # fmt: skip
    size = dict.fromkeys(Planned.__annotations__, 1) | {"reported": True}
    asked: dict[str, Any] = {
        "claims": {}, "switches": "s", "size": size, "worlds": "w", "model_version": "a",
    }  # fmt: skip
    for kind in ("ledger", "calibration"):
        place = tmp_path / kind
        place.mkdir()
        for name in left:
            (place / name).write_text("a = 1\n")
        for _ in range(2):
            if kind == "ledger":
                ledger.prepare(place, asked, "a = 1\n")
            else:
                CalibrationFolder(place).prepare(ids, "a = 1\n")
    (tmp_path / "ledger" / ledger.ASKED).write_text("{")
    with pytest.raises(ledger.LedgerError, match="is damaged"):
        ledger.prepare(tmp_path / "ledger", asked, "a = 1\n")
    CalibrationFolder(tmp_path / "calibration").identity_path.write_text('{"space": 5}')
    with pytest.raises(CalibrationError, match="model_version is missing"):
        CalibrationFolder(tmp_path / "calibration").identity()


def test_a_sweep_inside_a_ledger_that_is_a_link_is_refused(tmp_path: Path) -> None:
    ledger.prepare(tmp_path / "x", {"a": 1}, "")
    (tmp_path / "x" / "runs-96").symlink_to(tmp_path)
    with pytest.raises(FolderError, match="runs-96 is a link"):
        ledger.prepare(tmp_path / "x", {"a": 1}, "")


# What is not finished.


def test_two_processes_of_one_number_do_not_meet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)

    class Meets(Disk):
        def write(self, path: Path, data: bytes) -> None:
            super().write(path, data)
            if data == b"first":
                Disk().replace(tmp_path / "x", b"second")

    for _ in range(11):
        Meets().replace(tmp_path / "x", b"first")
        assert (tmp_path / "x").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_partial_of_a_process_that_is_gone_for_long_is_removed(tmp_path: Path) -> None:
    old, young, other = (tmp_path / name for name in (
        ".x.partial-17", ".x.partial-18", ".y.partial-17",
    ))  # fmt: skip
    for path in (old, young, other):
        path.mkdir()
        (path / "table.parquet").touch()
    for path in (old, other):
        os.utime(path, (0, path.stat().st_mtime - durable.OLD_SECONDS - 60))
    Disk().replace(tmp_path / "x", b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == [young.name, other.name, "x"]


def test_a_partial_that_links_elsewhere_takes_nothing_along(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "keep").touch()
    link = tmp_path / ".x.partial-17"
    link.symlink_to(tmp_path / "data")
    os.utime(link, (0, 0), follow_symlinks=False)
    Disk().replace(tmp_path / "x", b"")
    assert not link.is_symlink()
    assert (tmp_path / "data" / "keep").exists()


def test_files_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o002)
    try:
        begin(tmp_path / "x")
        Disk().replace(tmp_path / "x" / "more", b"")
    finally:
        os.umask(before)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (tmp_path / "x").iterdir()}
    assert modes == {"base.toml": "0o664", "asked.json": "0o664", "more": "0o664"}
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o775


def test_what_is_kept_is_said(tmp_path: Path) -> None:
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert (
        str(StoreError.of(error, tmp_path)) == f"cannot write {tmp_path}: no space left on device"
    )
    (tmp_path / "x").write_text(json.dumps(1))
    with pytest.raises(StoreError, match="device; what was there before is unchanged"):
        FullDisk([0]).replace(tmp_path / "x", b"2")
    assert (tmp_path / "x").read_text() == "1"


# Games and ensembles.

VALUES = (None, True, -1, 2.5, 10**30, "x", [], {}, [[]], [None])
GAME: dict[str, Any] = {
    "players": [{"id": "meta", "name": "Meta", "options": {"open": {}}}], "tiers": "",
    "payoff": "profit", "rate": 0.15, "months": 3, "enterprises": 50, "replicates": 1, "rounds": 1,
    "seed": 1, "scenario": [], "worlds": [{}], "weights": [1.0], "model_version": "a",
}  # fmt: skip
SIZE = {"draws": 1, "waves": 1, "replicates": 1, "enterprises": 50, "most": 1}
ENSEMBLE: dict[str, Any] = {
    "model_version": "a", "scenario": "x", "parameters": [], "size": SIZE, "seed": 1,
    "cutoff": 3.0, "space": [], "facts": [],
}  # fmt: skip


@pytest.mark.parametrize("kind", ["game", "ensemble"])
def test_any_value_in_what_was_asked_ends_in_a_sentence(tmp_path: Path, kind: str) -> None:
    whole = GAME if kind == "game" else ENSEMBLE
    path = tmp_path / f"{kind}.json"

    def identity() -> dict[str, Any]:
        if kind == "game":
            return GameFolder(tmp_path).identity
        return EnsembleFolder(tmp_path).identity()

    path.write_text(json.dumps(whole))
    assert identity() == whole
    refused = 0
    for name in whole:
        for value in VALUES:
            path.write_text(json.dumps({**whole, name: value}))
            try:
                identity()
            except (GameError, EnsembleError) as error:
                refused += f"{kind}.json: {name}" in str(error)
    assert refused > 6 * len(whole)
    for nested in ("round-1", "wave-1"):
        (tmp_path / nested).symlink_to(tmp_path)
    path.write_text(json.dumps(whole))
    with pytest.raises(FolderError, match="-1 is a link"):
        identity()
