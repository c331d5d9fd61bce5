"""The benchmarks' command: what it stores, when a target is met, when something is broken."""

import json
from pathlib import Path
from typing import Any

import pytest

import sim.market
from benchmarks import command, limit, lines, machine, runs, scaling
from benchmarks.lines import DisagreementError, Line

ROOT = Path(command.__file__).parents[1]


def run_of(firms: int, seconds: float, peak: int = 0) -> runs.Run:
    return runs.Run(firms, 6 * firms, 2, 1, seconds, seconds, 0.0, 0.0, 0.0, 0, peak, "")


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """One invented number in place of the part `limit`."""
    monkeypatch.setattr(limit, "measure", lambda *, quick: [Line("limit", "it", 2.0, "ns", 1.0)])  # noqa: ARG005


@pytest.mark.usefixtures("limits")
def test_what_is_stored_names_machine_and_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "new" / "found.json"
    assert command.main(["--quick", "--only", "limit", "--json", str(file)]) == 0
    stored: dict[str, Any] = json.loads(file.read_text())
    assert {"machine", "lines", "runs", "broken"} == set(stored)
    named = "cpu cores memory_bytes python numpy numba mesa model_version commit date cpu_level"
    assert set(named.split()) <= set(stored["machine"])
    assert stored["lines"][0]["met"] is False
    assert {"part", "name", "value", "unit", "target", "note"} <= set(stored["lines"][0])
    printed = capsys.readouterr().out
    assert "it" in printed
    assert "NO" in printed


def test_a_disagreement_ends_in_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(*, quick: bool) -> list[Line]:
        raise DisagreementError(f"differs, quick {quick}")

    monkeypatch.setattr(limit, "measure", measure)
    file = tmp_path / "found.json"
    assert command.main(["--only", "limit", "--json", str(file)]) == 1
    assert "broken: differs, quick False" in capsys.readouterr().err
    assert json.loads(file.read_text())["broken"] == ["differs, quick False"]


def test_the_file_is_named_by_date_and_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "OUTPUTS", tmp_path)
    facts = {"date": "2026-01-02T03:04:05+00:00", "commit": "0123456789abcdef"}
    assert command.store(None, {"machine": facts}).name == "2026-01-02-01234567.json"


@pytest.mark.parametrize(
    ("line", "met"),
    [
        (Line("", "", 1.0, ""), None),
        (Line("", "", 1.0, "", 1.0), True),
        (Line("", "", 1.1, "", 1.0), False),
        (Line("", "", 1.1, "", 1.0, at_least=True), True),
        (Line("", "", 0.9, "", 1.0, at_least=True), False),
        (Line("", "", 1.06, "", 1.0, within=0.05), False),
        (Line("", "", 0.96, "", 1.0, within=0.05), True),
    ],
)
def test_targets(line: Line, met: bool | None) -> None:
    assert line.met is met
    assert bool(line.bound) == (met is not None)


def test_numbers_are_shown_short() -> None:
    assert [lines.shown(x) for x in (0.0, 1234.56, 123_456.0, 2e-6)] == [
        "0", "1,235", "1.23e+05", "2.00e-06",
    ]  # fmt: skip


def test_slope_and_prediction_of_a_linear_program() -> None:
    made = [run_of(10**k, 10.0**k, 1000 + 500 * 10**k) for k in (3, 4, 5)]
    assert scaling.slope(made, [r.seconds for r in made]) == pytest.approx(1.0)
    assert scaling.slope(made, [r.seconds**1.1 for r in made]) == pytest.approx(1.1)
    assert scaling.predicted_bytes(made[0], made[-1], 10**7) == 1000 + 500 * 10**7


def test_a_run_tells_its_cost_and_leaves_the_market_as_it_was() -> None:
    before = sim.market.run_enterprises
    one, two = (runs.here(200, 2, threads) for threads in (1, 2))
    assert sim.market.run_enterprises is before
    assert one.hash == two.hash != runs.here(200, 1, 1).hash
    assert one.firms == 200
    assert 0 < one.pass_seconds < one.seconds
    assert one.peak_bytes >= one.base_bytes > 0
    assert one.ns == pytest.approx(1e9 * one.seconds / one.slots / 2)


def test_repeats_that_differ_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made = iter([run_of(10, 2.0), run_of(10, 1.0), run_of(20, 1.0)._replace(hash="other")])
    monkeypatch.setattr(runs, "child", lambda *_: next(made))
    found = runs.Runs()
    assert found.get(10, 2, repeats=2).seconds == 1.0
    assert found.get(10, 2).seconds == 1.0
    made = iter([run_of(20, 2.0), run_of(20, 1.0)._replace(hash="other")])
    with pytest.raises(DisagreementError, match="different results"):
        found.get(20, 2, repeats=2)
    assert len(found.documents()) == 1


def test_threads_that_differ_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        runs, "child", lambda f, m, t: run_of(f, 2.0 / t)._replace(months=m, hash=str(t))
    )
    with pytest.raises(DisagreementError, match="another result"):
        scaling.measure_threads(runs.Runs(), quick=True)


def test_facts_of_the_machine(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("processor : 0\nmodel name\t: Some CPU\n")
    assert machine.found(file, r"^model name\s*:\s*(.+)$") == "Some CPU"
    assert machine.found(tmp_path / "missing", "(a)") == ""
    assert machine.facts()["cores"] >= 1
