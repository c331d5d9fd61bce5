"""A sweep's folder from a stranger: looked at, checked and worked on, and nothing else is."""

import copy
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sweeping

from app.sweep_views import status_of
from experiments.encoding import digest, encode
from experiments.stored import FolderError
from experiments.sweeps.compaction import compact
from experiments.sweeps.folder import SweepError, SweepFolder, token
from experiments.sweeps.logs import FAILURE_SCHEMA
from experiments.sweeps.reading import load
from experiments.sweeps.runner import stored_experiment
from experiments.sweeps.store import TABLES_KEY, shard_name
from experiments.sweeps.work import Bench

ID = "0123456789abcdef"
OTHERS = ("nothing of ours", "PAR1 not really")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished sweep of one run."""
    path = tmp_path_factory.mktemp("foreign") / "sweep"
    sweeping.swept(
        path, replicates=1, uncertainties={"choice.theta": [3.0, 5.0]}, levers={},
        outcomes={"hhi": {"column": "hhi_spend", "reduce": "mean"}},
    )  # fmt: skip
    return path


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> SweepFolder:
    """A copy of it."""
    shutil.copytree(made, tmp_path / "x")
    return SweepFolder(tmp_path / "x")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Files of the user's own, outside: none may change."""
    place = tmp_path / "data"
    place.mkdir()
    for number, text in enumerate(OTHERS):
        (place / f"keep{number}.parquet").write_text(text)
    (place / f"{'0' * 12}-{digest(b'whole')[:16]}.parquet").write_bytes(b"whole")
    (place / f"{'1' * 12}-{'2' * 16}.parquet").write_bytes(b"damaged")
    return place


def contents(place: Path) -> dict[str, bytes]:
    """All files below a place."""
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file()
    }


def use(folder: SweepFolder) -> None:
    """All that moves or deletes in a sweep."""
    folder.store.damaged()
    folder.store.verify()
    folder.store.sweep_partials()
    compact(folder)


# What is not the sweep's is left alone.


def test_a_linked_directory_and_files_of_others_are_left_alone(
    folder: SweepFolder, data: Path
) -> None:
    shutil.copytree(data, folder.path / "notes")
    (folder.path / "notes" / ".mine.partial-1").touch()
    (folder.path / "extra").symlink_to(data)
    for name in ("outcomes", "telemetry", "event"):
        (folder.path / name / "mine.parquet").write_text("mine")
    before = contents(data), contents(folder.path / "notes")
    assert folder.store.damaged() == []
    use(folder)
    assert (contents(data), contents(folder.path / "notes")) == before
    assert (folder.path / "event" / "mine.parquet").read_text() == "mine"
    assert not folder.store.quarantine.exists()


def test_linked_shards_are_neither_moved_nor_deleted(folder: SweepFolder, data: Path) -> None:
    before = contents(data)
    for path in data.iterdir():
        for table in ("outcomes", "event"):
            (folder.path / table / path.name).symlink_to(path)
    assert folder.store.damaged() == []
    use(folder)
    assert contents(data) == before
    assert sum(path.is_symlink() for path in (folder.path / "event").iterdir()) == len(before)


@pytest.mark.parametrize(
    "name", ["outcomes", "event", "failures", "telemetry", "worlds", "writers", "quarantine"]
)
def test_a_directory_of_the_sweep_that_is_a_link_is_refused(
    folder: SweepFolder, data: Path, name: str
) -> None:
    place = folder.path / name
    shutil.rmtree(place, ignore_errors=True)
    place.symlink_to(data)
    before = contents(data)
    for act in (folder.manifest, folder.design, lambda: compact(folder), lambda: use(folder)):
        with pytest.raises(SweepError, match=f"{name} is a link"):
            act()
    assert contents(data) == before


def test_a_folder_that_a_link_leads_to_is_used(folder: SweepFolder, tmp_path: Path) -> None:
    (tmp_path / "outputs").symlink_to(folder.path.parent)
    linked = SweepFolder(tmp_path / "outputs" / "x")
    use(linked)
    assert load(linked.path).outcomes().num_rows == 2


def test_checking_reports_and_changes_nothing(folder: SweepFolder) -> None:
    name = folder.store.names("event")[0]
    path = folder.path / "event" / name
    path.write_bytes(path.read_bytes()[:-3])
    before = contents(folder.path)
    assert folder.store.damaged() == [path]
    assert contents(folder.path) == before
    assert [one.name for one in folder.store.verify()] == [f"event-{name}"]


@pytest.mark.parametrize(
    "named", [
        {"event": "../../data/keep0.parquet"}, {"../data": f"{'1' * 12}-{'2' * 16}.parquet"},
        {"event": 5}, [], {"worlds": f"{'1' * 12}-{'2' * 16}.parquet"},
    ],
)  # fmt: skip
def test_tables_that_a_shard_names_lead_nowhere_else(
    folder: SweepFolder, data: Path, named: Any
) -> None:
    rows = pq.read_table(next((folder.path / "outcomes").glob("*.parquet")))
    content = encode(rows, {TABLES_KEY: json.dumps(named).encode()})
    path = folder.path / "outcomes" / shard_name(rows["run_id"], content)
    path.write_bytes(content)
    before = contents(data)
    assert folder.store.damaged() == [path]
    assert path not in [shard.path for shard in folder.store.shards()]
    use(folder)
    assert contents(data) == before


# What stands for a file.


def read_all(folder: SweepFolder) -> None:
    """Read all that a sweep consists of."""
    stored_experiment(folder)
    load(folder.path).outcomes()


def put(path: Path, what: str) -> None:
    """Something that is no file of its own in the place of one."""
    path.unlink()
    if what == "pipe":
        os.mkfifo(path)
    elif what == "directory":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if what == "device" else __file__)


@pytest.mark.parametrize("what", ["pipe", "directory", "device", "link"])
@pytest.mark.parametrize("name", ["manifest.json", "design.parquet", "experiment.toml", "worlds/0"])
def test_what_is_no_file_is_a_sentence(folder: SweepFolder, name: str, what: str) -> None:
    put(folder.path / (f"{name}.toml" if name == "worlds/0" else name), what)
    with pytest.raises(SweepError, match=name.partition(".")[0].partition("/")[0]):
        read_all(folder)


def test_an_experiment_file_that_is_gone_is_named(folder: SweepFolder) -> None:
    folder.experiment_path.unlink()
    with pytest.raises(SweepError, match=r"experiment.toml cannot be read: no such file.*put the"):
        stored_experiment(folder)


def test_a_scenario_of_the_folder_reads_nothing_outside(folder: SweepFolder) -> None:
    folder.world_path(0).write_text('extends = "/etc/passwd.toml"\n')
    with pytest.raises(SweepError, match="extends nothing"):
        stored_experiment(folder)


def redesigned(folder: SweepFolder, design: pa.Table) -> None:
    """Put another design in place, with the checksum of the manifest."""
    content = encode(design)
    facts = json.loads(folder.manifest_path.read_text())
    folder.manifest_path.write_text(json.dumps({**facts, "design_sha256": digest(content)}))
    folder.design_path.write_bytes(content)


def test_a_design_of_another_size_is_refused_before_it_is_read(folder: SweepFolder) -> None:
    design = folder.design()
    names = [name for name in design.column_names if name != "run_id"]
    redesigned(folder, pa.concat_tables([design] * 3))
    with pytest.raises(SweepError, match="it has 6 rows, not 2"):
        folder.design()
    redesigned(folder, design.select(names))
    with pytest.raises(SweepError, match="it is not the design of this sweep"):
        folder.design()
    with pytest.raises(SweepError, match="it is not the design of this sweep"):
        Bench(folder)


@pytest.mark.parametrize(
    ("column", "value", "words"), [
        ("point", pa.array([0, 7], pa.int32()), "points outside 0 to 1"),
        ("point", pa.array([-1, 0], pa.int32()), "points outside"),
        ("replicate", pa.array([0, 1], pa.int32()), "replicates outside 0 to 0"),
        ("seed", pa.array([1, None], pa.int64()), "no int64 in every row of seed"),
        ("run_id", pa.array([1, 2], pa.int64()), "no string in every row of run_id"),
    ],
)  # fmt: skip
def test_a_design_with_other_values_is_refused(
    folder: SweepFolder, column: str, value: pa.Array, words: str
) -> None:
    design = folder.design()
    place = design.column_names.index(column)
    redesigned(folder, design.set_column(place, column, value))
    with pytest.raises(SweepError, match=words):
        folder.design()


# Any value in any field of the manifest.

VALUES = (
    None, True, 0, -1, 2.5, 10**30, "", "../..", "\u001b[2J", [], {}, [[]], [None], {"tables": {}},
)  # fmt: skip


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a document, a few of each list."""
    yield path
    items = tree.items() if isinstance(tree, dict) else enumerate(tree[:2])
    if isinstance(tree, dict | list) and path != ("identity", "scenario"):
        for key, value in items:
            yield from (
                places(value, (*path, key)) if isinstance(value, dict | list) else [(*path, key)]
            )


def changed(facts: dict[str, Any], place: tuple[Any, ...], value: Any) -> Any:
    """A document with another value in one place."""
    if not place:
        return value
    other = copy.deepcopy(facts)
    tree: Any = other
    for key in place[:-1]:
        tree = tree[key]
    tree[place[-1]] = value
    return other


def test_any_value_in_any_field_of_a_manifest_ends_in_a_sentence(folder: SweepFolder) -> None:
    facts = json.loads(folder.manifest_path.read_text())
    refusals = []
    for number, place in enumerate([*places(facts), ("next",)]):
        for value in VALUES[number % 4 :: 4]:
            folder.manifest_path.write_text(json.dumps(changed(facts, place, value)))
            try:
                found = folder.manifest()
            except SweepError as error:
                refusals.append(str(error))
            else:
                assert set(facts) - {"next"} <= set(found)
    assert len(refusals) > 80
    assert all(str(folder.manifest_path) in one and "\n" not in one for one in refusals)


@pytest.mark.parametrize(
    ("text", "words"), [
        ('{"tables":{}}', "experiment is missing"), ("", "is damaged"), ("[" * 5000, "too deep"),
        ("1" * 5000, "is damaged"), ('{"identity": NaN}', "NaN is no number"),
        ('{"experiment": "\\ud800"}', "not UTF-8"),
    ],
)  # fmt: skip
def test_a_manifest_that_is_none_says_the_way_on(
    folder: SweepFolder, text: str, words: str
) -> None:
    folder.manifest_path.write_text(text)
    with pytest.raises(SweepError, match=f"{words}.*give the command that began the sweep again"):
        folder.manifest()


@pytest.mark.parametrize(("field", "value"), [("seed", 8), ("months", 4), ("scenario", ["x=1"])])
def test_an_identity_that_was_changed_is_said(
    folder: SweepFolder, field: str, value: object
) -> None:
    facts = json.loads(folder.manifest_path.read_text())
    facts["identity"][field] = value
    folder.manifest_path.write_text(json.dumps(facts))
    with pytest.raises(SweepError, match="one of them was changed after the sweep began"):
        folder.manifest()


def test_the_way_on_is_one(folder: SweepFolder, made: Path) -> None:
    folder.manifest_path.unlink()
    report = sweeping.swept(
        folder.path, replicates=1, uncertainties={"choice.theta": [3.0, 5.0]}, levers={},
        outcomes={"hhi": {"column": "hhi_spend", "reduce": "mean"}},
    )  # fmt: skip
    assert (report.progress.finished, report.progress.simulated) == (2, 0)
    assert sweeping.results(folder.path) == sweeping.results(made)


def test_a_shard_of_other_columns_is_a_sentence(folder: SweepFolder) -> None:
    name = next((folder.path / "outcomes").glob("*.parquet"))
    rows = pq.read_table(name)
    names = pq.read_schema(name).metadata[TABLES_KEY]
    other = rows.set_column(1, "hhi", pa.array(["a"] * rows.num_rows))
    content = encode(other, {TABLES_KEY: names})
    name.unlink()
    (folder.path / "outcomes" / shard_name(rows["run_id"], content)).write_bytes(content)
    with pytest.raises(SweepError, match="its columns are not those of outcomes"):
        load(folder.path).outcomes()


@pytest.mark.parametrize("ids", [["x" * 16], ["0" * 15], [None], [5]])
def test_run_ids_that_are_none_count_for_nothing(folder: SweepFolder, ids: list[Any]) -> None:
    content = encode(pa.table({"run_id": ids, "hhi": [0.5]}))
    path = folder.path / "outcomes" / f"{'0' * 12}-{digest(content)[:16]}.parquet"
    path.write_bytes(content)
    assert folder.store.damaged() == [path]
    assert len(folder.store.finished()) == 2


# Leases.


def leased(folder: SweepFolder, **facts: Any) -> Path:
    """A lease of somebody."""
    folder.leases.mkdir(exist_ok=True)
    path = folder.leases / "somebody.json"
    path.write_text(json.dumps({"host": "h", "pid": 1, "start": 1, **facts}))
    return path


def test_two_processes_of_one_number_on_one_host_have_two_leases(
    folder: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.sweeps.folder.process_space", lambda: "this boot pid:[1]")
    with folder.writing() as alone:
        assert alone
        (first,) = folder.leases.glob("*.json")
        token.cache_clear()  # As in another process that has the same number.
        with folder.writing():
            assert len(list(folder.leases.glob("*.json"))) == 2
        assert first.exists()


def test_a_process_of_another_container_is_not_looked_for_here(
    folder: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    leased(folder, host=socket.gethostname(), pid=2**30, space="another boot pid:[1]")
    assert folder.writers() == [f"process {2**30} on {socket.gethostname()}"]
    monkeypatch.setattr("experiments.sweeps.folder.process_space", lambda: "another boot pid:[1]")
    assert folder.writers() == []


@pytest.mark.parametrize("facts", [{"pid": 10**400}, {"pid": True}, {"host": []}, {"start": "x"}])
def test_a_lease_that_names_no_process_is_nobody(
    folder: SweepFolder, facts: dict[str, Any]
) -> None:
    leased(folder, **facts)
    assert folder.writers() == []
    compact(folder)


def test_a_lease_of_the_future_blocks_nothing(folder: SweepFolder) -> None:
    path = leased(folder)
    os.utime(path, (4e9, 4e9))
    compact(folder)
    assert not path.exists()


def acts(folder: SweepFolder) -> list[Callable[[], object]]:
    """What reads a folder."""
    return [folder.manifest, folder.design, lambda: load(folder.path).outcomes()]


def test_a_document_that_is_too_large_is_not_read(folder: SweepFolder) -> None:
    with folder.manifest_path.open("ab") as file:
        file.truncate(10**10)
    for act in acts(folder):
        with pytest.raises(FolderError, match="10,000,000,000 bytes, more than"):
            act()


WRONG_LOGS: dict[str, Callable[[pa.Table], pa.Table]] = {
    "a column less": lambda table: table.drop_columns([table.column_names[-1]]),
    "a column more": lambda table: table.append_column("more", table["run_id"]),
    "another type": lambda table: table.set_column(2, table.column_names[2], table["run_id"]),
    "no values": lambda table: table.set_column(
        2, table.schema.field(2), pa.nulls(table.num_rows, table.schema.field(2).type)
    ),
    "run ids alone": lambda table: table.select(["run_id"]),
}


@pytest.mark.parametrize("wrong", WRONG_LOGS)
@pytest.mark.parametrize("name", ["telemetry", "failures"])
def test_notes_with_other_columns_are_passed_over_and_stay(
    folder: SweepFolder, name: str, wrong: str
) -> None:
    row = {"run_id": ID, "point": 1, "replicate": 1, "seed": 1, "error": "E", "message": "m",
           "traceback": "t", "host": "h", "failed_at": "x"}  # fmt: skip
    seconds = load(folder.path).telemetry()
    whole = seconds if name == "telemetry" else pa.Table.from_pylist([row], FAILURE_SCHEMA)
    foreign = folder.store.put(name, WRONG_LOGS[wrong](whole))
    before = foreign.read_bytes()
    facts = status_of(load(folder.path))
    assert (facts["finished"], facts["failed"]) == (2, 0)
    assert facts["mean_seconds"] == pytest.approx(np.mean(seconds["total_seconds"]), abs=1e-4)
    compact(folder)
    assert foreign.read_bytes() == before
    assert load(folder.path).telemetry().num_rows == 2
