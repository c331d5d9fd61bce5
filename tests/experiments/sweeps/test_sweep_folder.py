"""The folder of a sweep: who may write to it, what is refused, what a full disk leaves behind."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sweeping
from sweeping import FullDisk

from experiments.durable import StoreError
from experiments.machine import process_start
from experiments.sweeps import folder as folders
from experiments.sweeps import runner
from experiments.sweeps.folder import STALE_SECONDS, SweepError, SweepFolder
from experiments.workers import Worker

FACTS: dict[str, Any] = dict(sweeping.FACTS)
DESIGN, LONGER = (sweeping.designed_for(["0" * 16] * count) for count in (1, 2))


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    """A folder that nobody has begun."""
    return SweepFolder(tmp_path / "deep" / "sweep")


def begun(folder: SweepFolder) -> SweepFolder:
    """The same with a sweep in it."""
    folder.begin(FACTS, DESIGN, "months = 3\n", ["a = 1\n", "a = 2\n"])
    return folder


# Beginning and adding.


def test_a_begun_sweep_has_all_its_files(folder: SweepFolder) -> None:
    facts = begun(folder).manifest()
    assert facts["identity"] == FACTS["identity"]
    assert folder.design() == DESIGN
    assert folder.experiment_path.read_text() == "months = 3\n"
    assert [folder.world_path(n).read_text() for n in range(2)] == ["a = 1\n", "a = 2\n"]
    assert not [path for path in folder.path.rglob("*") if path.name.startswith(".")]


@pytest.mark.parametrize("operations", range(10))
def test_a_full_disk_leaves_no_sweep_and_no_obstacle(folder: SweepFolder, operations: int) -> None:
    with pytest.raises(StoreError, match="no space left on device"):
        begun(SweepFolder(folder.path, FullDisk([operations])))
    assert not folder.exists()
    assert not [path for path in folder.path.rglob("*") if path.name.startswith(".")]
    folder.refuse_foreign()
    assert begun(folder).design() == DESIGN


@pytest.mark.parametrize("operations", range(7))
def test_a_full_disk_while_adding_leaves_one_of_the_two(
    folder: SweepFolder, operations: int
) -> None:
    begun(folder)
    more = {**FACTS, "replicates": 2}
    full = SweepFolder(folder.path, FullDisk([operations]))
    if operations < 6:
        with pytest.raises(StoreError, match="no space left on device"):
            full.record(more, LONGER)
    else:
        full.record(more, LONGER)
    added = folder.manifest().get("replicates") == 2
    assert added == (operations >= 4)
    assert folder.design() == (LONGER if added else DESIGN)
    assert "next" not in folder.record(more, LONGER)
    assert folder.design() == LONGER


# What is refused.


def refused(folder: SweepFolder, words: str, what: Callable[[], object]) -> None:
    """Check that something is refused in one sentence."""
    with pytest.raises(SweepError, match=words) as caught:
        what()
    assert str(folder.path) in str(caught.value) or str(folder.path.parent) in str(caught.value)


def test_a_folder_with_other_files_is_refused(folder: SweepFolder) -> None:
    folder.refuse_foreign()
    folder.path.mkdir(parents=True)
    folder.refuse_foreign()
    (folder.path / ".hidden").touch()
    folder.refuse_foreign()
    (folder.path / "letter.txt").touch()
    refused(folder, "holds files that are no sweep", folder.refuse_foreign)


def test_a_file_in_the_way_is_named(folder: SweepFolder) -> None:
    folder.path.parent.write_text("")
    refused(folder, "deep is a file, so no folder can be made there", folder.refuse_foreign)
    folder.path.parent.unlink()
    folder.path.parent.mkdir()
    folder.path.write_text("")
    refused(folder, "sweep is a file", folder.refuse_foreign)


def test_a_manifest_that_is_none_is_refused(folder: SweepFolder) -> None:
    refused(folder, "holds no sweep", folder.manifest)
    begun(folder)
    for text, words in (
        ("{", "is damaged: Expecting property name"),
        ("[]", "table of values belongs there"),
        ("\xff", "not UTF-8"),
    ):
        folder.manifest_path.write_text(text, encoding="latin-1")
        refused(folder, words + ".*give the command that began the sweep again", folder.manifest)


def test_a_design_that_was_changed_is_refused(folder: SweepFolder) -> None:
    data = begun(folder).design_path.read_bytes()
    folder.design_path.write_bytes(data[:-1])
    refused(folder, "is missing or damaged", folder.design)
    folder.design_path.unlink()
    refused(folder, "is missing or damaged", folder.design)
    folder.disk.replace(folder.design_path, data)
    other = json.loads(folder.manifest_path.read_text())
    folder.manifest_path.write_text(json.dumps({**other, "design_sha256": "0"}))
    refused(folder, "was changed after it was written", folder.design)


# Permissions: as root nothing is forbidden, so a process of another user tries.


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that all users may enter, not below the private one of pytest."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    yield place
    place.chmod(0o755)
    shutil.rmtree(place)


def answer_to_nobody(path: Path) -> tuple[str, str]:
    """How the attempt of another user ended."""
    worker = Worker.begin(sweeping.try_as_nobody, str(path))
    try:
        assert worker.pipe.poll(60)
        found: tuple[str, str] = worker.pipe.recv()
        return found
    finally:
        worker.end()


def test_a_place_that_may_not_be_written_is_named(public: Path) -> None:
    public.chmod(0o555)
    path = public / "sweep"
    assert answer_to_nobody(path) == (
        "StoreError", f"cannot write {path}: permission denied; the sweep was not begun"
    )  # fmt: skip


def test_a_sweep_that_may_not_be_written_is_named(public: Path) -> None:
    sweeping.swept(public / "sweep", replicates=1)
    before = sweeping.results(public / "sweep")
    for path in (public / "sweep", *(public / "sweep").rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    kind, text = answer_to_nobody(public / "sweep")
    assert kind == "StoreError"
    assert f"cannot write {public / 'sweep'}" in text
    assert sweeping.results(public / "sweep") == before


def test_a_place_that_may_not_be_entered_is_named(public: Path) -> None:
    (public / "closed").mkdir(mode=0o700)
    if os.geteuid() != 0:
        (public / "closed").chmod(0)
    kind, text = answer_to_nobody(public / "closed" / "sweep")
    assert kind in ("SweepError", "StoreError"), text
    assert f"{public / 'closed'}" in text


# Leases.


def lease(folder: SweepFolder, host: str, pid: int, start: int | None) -> Path:
    """A lease as a process would have left it."""
    folder.leases.mkdir(parents=True, exist_ok=True)
    path = folder.leases / f"{host}-{pid}.json"
    path.write_text(json.dumps({"host": host, "pid": pid, "start": start}))
    return path


def test_a_process_that_writes_is_seen_until_it_dies(folder: SweepFolder) -> None:
    begun(folder)
    with sweeping.another_writer(folder.path) as pid:
        assert folder.writers() == [f"process {pid} on {socket.gethostname()}"]
        with folder.writing() as alone:
            assert not alone
    assert folder.writers() == []
    with folder.writing() as alone:
        assert alone
        assert folder.writers() == []
    assert not list(folder.leases.iterdir())


def test_a_recycled_process_number_is_somebody_else(folder: SweepFolder) -> None:
    parent = os.getppid()
    start = process_start(parent)
    assert start is not None
    assert folder.writers() == []
    here = socket.gethostname()
    lease(folder, here, parent, start)
    assert folder.writers() == [f"process {parent} on {here}"]
    path = lease(folder, here, parent, start - 1)
    assert folder.writers() == []
    assert not path.exists()


def test_a_dead_process_that_nobody_waited_for_is_gone(folder: SweepFolder) -> None:
    process = subprocess.Popen(["sleep", "60"])
    lease(folder, socket.gethostname(), process.pid, process_start(process.pid))
    assert len(folder.writers()) == 1
    process.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert folder.writers() == []
    process.wait()


def test_a_process_elsewhere_counts_as_long_as_it_touches_its_lease(folder: SweepFolder) -> None:
    path = lease(folder, "elsewhere", 1, 1)
    assert folder.writers() == ["process 1 on elsewhere"]
    clock = path.stat().st_mtime
    os.utime(path, (clock, clock - STALE_SECONDS / 2))
    assert folder.writers() == ["process 1 on elsewhere"]
    os.utime(path, (clock, clock + STALE_SECONDS / 2))
    assert folder.writers() == ["process 1 on elsewhere"]
    for seconds in (-STALE_SECONDS - 5, STALE_SECONDS + 60, 1e7, -1e9):
        path = lease(folder, "elsewhere", 1, 1)
        os.utime(path, (clock, clock + seconds))
        assert folder.writers() == []
        assert not path.exists()


def test_touching_keeps_a_lease_fresh_whatever_the_wall_clock_says(folder: SweepFolder) -> None:
    begun(folder)
    with folder.writing():
        (path,) = folder.leases.glob("*.json")
        os.utime(path, (0, 0))
        folder.touch_lease()
        assert path.stat().st_mtime > 1e9
        os.utime(path, (0, 0))
        assert folder.writers() == []
        assert path.exists()


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", "3", '{"host": 3, "pid": "x"}'])
def test_a_lease_that_is_none_is_nobody(folder: SweepFolder, text: str) -> None:
    folder.leases.mkdir(parents=True)
    (folder.leases / "x.json").write_text(text)
    assert folder.writers() == []


def test_the_own_lease_is_there_before_others_are_looked_for(
    folder: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(folder)
    seen = []

    def writers(self: SweepFolder) -> list[str]:
        seen.append(len(list(self.leases.glob("*.json"))))
        return []

    monkeypatch.setattr(SweepFolder, "writers", writers)
    with folder.writing(alone=True):
        pass
    assert seen == [1]


def test_no_lease_is_left_where_others_write(folder: SweepFolder) -> None:
    begun(folder)
    with sweeping.another_writer(folder.path):
        refused(folder, "is being written by", lambda: folder.writing(alone=True).__enter__())
        assert len(list(folder.leases.iterdir())) == 1


def test_a_lease_that_cannot_be_written_is_a_sentence(folder: SweepFolder) -> None:
    begun(folder)
    with (
        pytest.raises(StoreError, match="no space left"),
        SweepFolder(folder.path, FullDisk([0])).writing(),
    ):
        raise AssertionError
    assert not list(folder.leases.iterdir())


@pytest.mark.parametrize("name", ["a=b", "with space", "ünï", "100%", "_hidden", ".dot", "a,b;c'd"])
def test_any_name_will_do(tmp_path: Path, name: str) -> None:
    folder = SweepFolder(tmp_path / name / name)
    runner.begin(sweeping.declared(replicates=1), folder)
    assert sweeping.swept(folder.path, replicates=1).progress.finished == 6
    assert len(sweeping.compacted(folder.path)) == 3
    assert folders.SweepFolder(folder.path).design().num_rows == 6
