"""Results joined with the design, against a join done by hand."""

from pathlib import Path

import pyarrow as pa
import pytest

import experiments
from experiments.sweeps.engines import InProcess
from experiments.sweeps.experiment import Experiment, built
from experiments.sweeps.folder import SweepError, SweepFolder
from experiments.sweeps.reading import Sweep
from experiments.sweeps.runner import begin, work
from experiments.sweeps.store import read_shard

TREE = {
    "months": 3, "replicates": 2, "keep": ["vendor"],
    "settings": {"enterprise.population": 30},
    "uncertainties": {"choice.risk_weight": [0.1, 0.2]},
    "levers": {"world": {"options": {"now": {}, "opened": "all-open"}}},
    "outcomes": {"hhi": "hhi_spend", "leader": "leader"},
}  # fmt: skip


def experiment(**changes: object) -> Experiment:
    return built({**TREE, **changes}, "reading", "reading", None, "")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    folder = SweepFolder(tmp_path_factory.mktemp("reading") / "sweep")
    begin(experiment(), folder)
    work(folder, InProcess(), 1)
    return experiments.load(folder.path)


def test_outcomes_are_the_design_joined_with_the_shards(sweep: Sweep) -> None:
    shards = [pa.parquet.read_table(p) for p in sweep.folder.store.directory("outcomes").iterdir()]
    by_run = {row["run_id"]: row for shard in shards for row in shard.to_pylist()}
    rows = sweep.outcomes().to_pylist()
    assert [row["run_id"] for row in rows] == sweep.design["run_id"].to_pylist()
    for row, planned in zip(rows, sweep.design.to_pylist(), strict=True):
        assert row == {**planned, **by_run[row["run_id"]]}


def test_tables_come_with_the_design_and_in_the_columns_asked_for(sweep: Sweep) -> None:
    market = sweep.table("market", ["month", "hhi_spend"])
    assert market.num_rows == 8 * 3
    assert market.column_names == [*sweep.design.column_names, "month", "hhi_spend"]
    vendor = sweep.table("vendor")
    assert set(vendor["world"].to_pylist()) == {"now", "opened"}
    last = market.filter(pa.compute.equal(market["month"], 2))
    by_run = dict(zip(last["run_id"].to_pylist(), last["hhi_spend"].to_pylist(), strict=True))
    for row in sweep.outcomes().to_pylist():
        assert row["hhi"] == by_run[row["run_id"]]


def test_batches_are_lazy(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    real = read_shard
    monkeypatch.setattr(
        "experiments.sweeps.reading.read_shard",
        lambda path, columns: (opened.append(path), real(path, columns))[1],
    )
    batches = sweep.batches("market")
    assert opened == []
    next(batches)
    assert len(opened) == 1


def test_a_table_that_is_not_kept_is_refused(sweep: Sweep) -> None:
    with pytest.raises(SweepError, match="keeps no table host; it has outcomes, market, vendor"):
        sweep.table("host")
    with pytest.raises(SweepError, match="holds no sweep"):
        experiments.load("nowhere")


def test_nothing_finished_is_an_empty_table(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path / "sweep")
    begin(experiment(), folder)
    found = experiments.load(folder.path)
    assert found.outcomes().num_rows == 0
    assert found.outcomes().column_names[-3:] == ["hhi", "leader", "regime"]
    assert found.failures().num_rows == found.telemetry().num_rows == 0


def test_a_run_of_several_points_comes_with_each(tmp_path: Path) -> None:
    twice = {"kind": "list", "points": [{"choice.risk_weight": 0.1}] * 2}
    folder = SweepFolder(tmp_path / "sweep")
    begin(experiment(design=twice, replicates=1), folder)
    report = work(folder, InProcess(), 1)
    assert report.progress.total == report.progress.simulated == 1
    found = experiments.load(folder.path)
    assert found.outcomes()["point"].to_pylist() == [0, 1]
    assert sorted(found.table("market", ["month"])["point"].to_pylist()) == [0, 0, 0, 1, 1, 1]


def test_the_call_from_python_runs_and_resumes(tmp_path: Path) -> None:
    file = tmp_path / "one.toml"
    file.write_text(
        'months = 2\n[settings]\n"enterprise.population" = 30\n[outcomes]\nx = "spend"\n'
    )
    found = experiments.run(file, tmp_path / "out", replicates=2)
    assert found.outcomes().num_rows == 2
    shards = found.folder.store.names("outcomes")
    more = experiments.run(file, tmp_path / "out", replicates=3)
    assert more.outcomes().slice(0, 2).equals(found.outcomes().slice(0, 2))
    assert set(shards) < set(more.folder.store.names("outcomes"))
