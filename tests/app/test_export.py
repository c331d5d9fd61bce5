"""`nomoat export`: what it writes, where, and what it refuses."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import explained
import pytest
import sweeping
from typer.testing import CliRunner

from app.main import app
from app.shell import BAD_INPUT, ENVIRONMENT, OK
from experiments.durable import Disk
from experiments.sweeps.reading import load
from sim.schemas import SCHEMAS

Export = Callable[..., Any]
RUN = "outputs/baseline-0123456789abcdef"


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Export:
    """Call the command in a directory that holds one run."""
    monkeypatch.chdir(tmp_path)
    explained.store(Path(RUN))
    return lambda *arguments: CliRunner().invoke(app, ["export", *map(str, arguments)])


def read(path: str) -> list[dict[str, str]]:
    """The rows of a file."""
    return list(csv.DictReader(io.StringIO(Path(path).read_text("utf-8"))))


def files(folder: str) -> list[str]:
    """Names in a folder."""
    return sorted(path.name for path in Path(folder).iterdir())


def test_all_tables_of_a_run_go_beside_it(export: Export) -> None:
    done = export("baseline")
    assert done.exit_code == OK, done.output
    assert f"written to {RUN}-csv/" in done.stdout
    assert {path.name for path in Path(f"{RUN}-csv").iterdir()} == {f"{n}.csv" for n in SCHEMAS}
    market = read(f"{RUN}-csv/market.csv")
    assert (len(market), market[-1]["date"]) == (24, "2024-12-01")
    assert float(market[-1]["spend"]) > 0


def test_named_tables_go_where_they_are_told_and_json_says_which(export: Export) -> None:
    done = export("0123", "event", "vendor", "event", "--out", "a/b", "--json")
    document = json.loads(done.stdout)
    assert [one["table"] for one in document["written"]] == ["event", "vendor"]
    for one in document["written"]:
        assert one["rows"] == len(read(one["file"]))
        assert one["bytes"] == Path(one["file"]).stat().st_size
        assert one["columns"] == len(SCHEMAS[one["table"]])
    assert files("a/b") == ["event.csv", "vendor.csv"]


def test_a_table_goes_to_stdout(export: Export) -> None:
    done = export(RUN, "event", "--out", "-")
    rows = list(csv.DictReader(io.StringIO(done.stdout_bytes.decode("utf-8"))))
    assert len(rows) == len(explained.EVENTS)
    assert list(Path("outputs").iterdir()) == [Path(RUN)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["offerings"], f"{RUN} has no table 'offerings'; did you mean offering? it has market"),
        (["market", "vendors"], "did you mean vendor?"),
        (["x"], "has no table 'x'; it has market, vendor"),
        (["--out", "-"], "--out - takes one table; name one of market"),
        (["market", "--out", "-", "--json"], "leave out one of them"),
        (["market", "--out", f"{RUN}/manifest.json"], "manifest.json is a file, so no folder"),
        (["market", "--out", f"{RUN}/manifest.json/x"], "manifest.json is a file, so no folder"),
        (["event", "market", "--out", "taken"], "taken/market.csv is there and is not written"),
        (["event", "--out", "linked"], "linked/event.csv is there and is not written over"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is(
    export: Export, arguments: list[str], sentence: str
) -> None:
    Path("taken").mkdir()
    Path("taken/market.csv").write_text("mine")
    Path("linked").mkdir()
    Path("linked/event.csv").symlink_to("nowhere")
    done = export(RUN, *arguments)
    assert (done.exit_code, done.stdout) == (BAD_INPUT, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert Path("taken/market.csv").read_text() == "mine"
    assert files("taken") == ["market.csv"]
    assert not Path("linked/nowhere").exists()


def test_an_unknown_run_is_refused(export: Export) -> None:
    done = export("nowhere")
    assert done.exit_code == BAD_INPUT
    assert "no run nowhere under outputs" in done.stderr


def test_a_full_disk_leaves_no_file(export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Disk, "rename", refuse)
    done = export(RUN, "event", "market", "--out", "data")
    assert done.exit_code == ENVIRONMENT
    assert "cannot write data: no space left on device; no table was written" in done.stderr
    assert files("data") == []


@pytest.mark.system
def test_a_sweep_gives_its_outcomes_with_the_design_and_what_it_keeps(export: Export) -> None:
    sweeping.swept(Path("outputs/tiny"), replicates=1, uncertainties={"choice.theta": [3.0]})
    done = export("outputs/tiny", "--json")
    assert done.exit_code == OK, done.output
    (one,) = json.loads(done.stdout)["written"]
    sweep = load("outputs/tiny")
    rows = read(one["file"])
    assert (one["table"], len(rows)) == ("outcomes", 2)
    assert set(rows[0]) == {*sweep.design.column_names, "hhi", "leader", "regime"}
    assert [float(row["hhi"]) for row in rows] == sweep.outcomes()["hhi"].to_pylist()
    kept = export("outputs/tiny", "event", "telemetry", "failures", "--out", "more")
    assert kept.exit_code == OK, kept.output
    events = read("more/event.csv")
    assert len(events) == sweep.table("event").num_rows
    assert {row["world"] for row in events} == {"now", "opened"}
    assert len(read("more/telemetry.csv")) == 2
    refused = export("outputs/tiny", "events")
    assert "did you mean event? it has outcomes, event, market, " in refused.stderr
