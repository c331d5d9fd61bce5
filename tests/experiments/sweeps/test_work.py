"""A worker's chunk: what is written when, and what a run that goes wrong leaves behind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sweeping

from experiments.sweeps import folder as folders
from experiments.sweeps import plan, runner, work
from experiments.sweeps.events import Chunk, Event, Failed, Finished, Started, Written
from experiments.sweeps.folder import SweepError, SweepFolder
from experiments.sweeps.work import Bench, work_on
from sim import run
from sim.loading import load
from sim.market import Market
from sim.running import Result

SMALL: dict[str, Any] = {"levers": {}, "replicates": 1}
"""Three runs, the second of them of `sweeping.UNLUCKY` theta."""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """The bench of a small sweep that nobody has worked on."""
    folder = SweepFolder(tmp_path / "sweep")
    runner.begin(sweeping.declared(**SMALL), folder)
    return Bench(folder)


def told(bench: Bench, stopping: Callable[[], bool] = lambda: False) -> list[Event]:
    """The events of all runs as one chunk."""
    events: list[Event] = []
    work_on(bench, Chunk((0, 1, 2)), events.append, stopping)
    return events


def spoilt(trouble: Callable[[], object]) -> Callable[..., Result]:
    """A `run` with trouble in runs of the unlucky theta."""

    def spoiling(scenario: Any, **options: Any) -> Result:
        if scenario.choice.theta == sweeping.UNLUCKY:
            trouble()
        return run(scenario, **options)

    return spoiling


def raising(error: Exception) -> Callable[[], object]:
    """Something that raises."""

    def trouble() -> None:
        raise error

    return trouble


def test_what_is_kept_is_what_the_run_gives(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "FLUSH_SECONDS", 3600.0)  # kernels may have to be compiled first
    assert [type(event) for event in told(bench)] == [Started, Finished] * 3 + [Written]
    path = bench.folder.path
    outcomes = sweeping.rows(path, "outcomes")
    assert [row["run_id"] for row in outcomes] == sweeping.designed(path)
    for row, kept in zip(bench.design.to_pylist(), outcomes, strict=True):
        world = {"months": 3, "enterprise.population": 50, "choice.theta": row["choice.theta"]}
        market = run(load("baseline", world), seed=row["seed"]).tables["market"].to_pylist()
        assert kept["leader"] == market[-1]["leader"]
        assert kept["hhi"] == pytest.approx(sum(m["hhi_spend"] for m in market) / 3)
    telemetry = sweeping.rows(path, "telemetry")
    assert [row["run_id"] for row in telemetry] == sweeping.designed(path)
    assert all(row["total_seconds"] >= row["seconds"] > 0 for row in telemetry)
    assert all(row["peak_memory_mb"] > 50 for row in telemetry)


@pytest.mark.parametrize(("limit", "value"), [("FLUSH_RUNS", 2), ("FLUSH_SECONDS", 0.0)])
def test_finished_runs_are_written_in_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, limit: str, value: float
) -> None:
    monkeypatch.setattr(work, limit, value)
    written = [event.rows for event in told(bench) if isinstance(event, Written)]
    assert written == ([(0, 1), (2,)] if limit == "FLUSH_RUNS" else [(0,), (1,), (2,), ()])
    assert len(bench.folder.store.finished()) == 3


def test_failures_are_written_in_time_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "FLUSH_RUNS", 2)
    monkeypatch.setattr(work, "run", spoilt(raising(ArithmeticError())))
    written = [event for event in told(bench) if isinstance(event, Written)]
    assert written == [Written((0,), (1,)), Written((2,))]


def test_a_run_whose_money_does_not_add_up_has_no_result(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Market.step

    def losing(market: Market) -> None:
        step(market)
        if market.parameters.choice.theta == sweeping.UNLUCKY:
            market.vendors[0].cash -= 1.0

    monkeypatch.setattr(Market, "step", losing)
    events = told(bench)
    assert [event.row for event in events if isinstance(event, Failed)] == [1]
    (failure,) = sweeping.rows(bench.folder.path, "failures")
    assert failure["error"] == "IdentityError"
    assert failure["message"].startswith("month 2: ")
    assert len(bench.folder.store.finished()) == 2


def test_stopping_writes_what_is_done(bench: Bench) -> None:
    asked = iter([False, False, True])
    events = told(bench, lambda: next(asked))
    assert events[-1] == Written((0, 1))
    assert len(bench.folder.store.finished()) == 2


def test_an_error_is_a_row_with_its_cause_and_its_seed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "run", spoilt(raising(ArithmeticError("no\nsum " + "x" * 9000))))
    events = told(bench)
    assert [event.row for event in events if isinstance(event, Failed)] == [1]
    assert [event.row for event in events if isinstance(event, Finished)] == [0, 2]
    assert events[-1] == Written((0, 2), (1,))
    (failure,) = sweeping.rows(bench.folder.path, "failures")
    row = bench.row(1)
    for name in ("run_id", "point", "replicate", "seed"):
        assert failure[name] == row[name]
    assert failure["error"] == "ArithmeticError"
    assert failure["message"].startswith("no\nsum xxx")
    assert len(failure["message"]) == 2000
    assert "in spoiling" in failure["traceback"] or len(failure["traceback"]) == 8000
    assert failure["host"]
    assert len(bench.folder.store.finished()) == 2
    assert bench.folder.store.failed().tolist() == [int(row["run_id"], 16)]


def test_a_point_that_only_its_run_shows_to_be_impossible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "CHECKED", 2)
    shortest = {"enterprise.review_shortest": [1, 30, 2]}
    report = sweeping.swept(tmp_path / "sweep", **{**SMALL, "uncertainties": shortest})
    assert (report.progress.finished, report.progress.failed) == (2, 1)
    (failure,) = sweeping.rows(tmp_path / "sweep", "failures")
    assert failure["error"] == "ExperimentError"
    assert "enterprise.review_shortest must not exceed" in failure["message"]


@pytest.mark.parametrize("error", [MemoryError(), RecursionError("deep"), KeyError("x")])
def test_any_error_of_a_run_is_a_row(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(work, "run", spoilt(raising(error)))
    told(bench)
    (failure,) = sweeping.rows(bench.folder.path, "failures")
    assert (failure["error"], failure["message"]) == (type(error).__name__, str(error))
    assert "raise error" in failure["traceback"]


@pytest.mark.parametrize("method", ["outcomes_of", "kept"])
def test_a_run_whose_results_cannot_be_taken_leaves_no_part_of_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    original = getattr(Bench, method)

    def taking(self: Bench, result: Result) -> Any:
        if result.scenario.choice.theta == sweeping.UNLUCKY:
            raise ValueError("these results have no such month")
        return original(self, result)

    monkeypatch.setattr(Bench, method, taking)
    events = told(bench)
    assert events[-1] == Written((0, 2), (1,))
    unlucky = sweeping.designed(bench.folder.path)[1]
    for table in ("outcomes", "market", "event", "telemetry"):
        assert unlucky not in {row["run_id"] for row in sweeping.rows(bench.folder.path, table)}
    assert [row["run_id"] for row in sweeping.rows(bench.folder.path, "failures")] == [unlucky]


def test_a_world_that_was_changed_is_no_failure_of_a_run(bench: Bench) -> None:
    path = bench.folder.world_path(0)
    path.write_text(path.read_text().replace("population = 50", "population = 51"))
    with pytest.raises(SweepError, match=r"run \w{16} of the design comes out as \w{16}; the froz"):
        told(bench)
    assert bench.folder.store.finished().size == 0
    assert not bench.folder.store.names("failures")


def test_another_model_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "model_version", lambda: "feedfeedfeedfeed")
    with pytest.raises(SweepError, match=r"begun with model .* and this is feedfeedfeedfeed"):
        Bench(bench.folder)


def test_a_clock_that_jumps_changes_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(["2040-01-01T00:00:00+00:00", "1970-01-01T00:00:00+00:00"] * 100)
    monkeypatch.setattr(work, "now", lambda: next(times))
    monkeypatch.setattr(runner, "now", lambda: next(times))
    sweeping.swept(tmp_path / "sweep")
    stamps = {row["finished_at"][:4] for row in sweeping.rows(tmp_path / "sweep", "telemetry")}
    assert stamps == {"2040", "1970"}
    assert sweeping.compacted(tmp_path / "sweep") == sweeping.uninterrupted()
