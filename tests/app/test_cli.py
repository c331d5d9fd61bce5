"""The command line in process, with an invented simulation behind it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import synthetic
from typer.testing import CliRunner

import sim
from app import running
from app.main import app
from app.shell import BAD_INPUT, ENVIRONMENT, FAILED, INTERRUPTED, OK
from experiments.durable import Disk
from sim.loading import run_id
from sim.version import model_version

Nomoat = Callable[..., Any]


class Result(synthetic.FakeResult):
    """An invented result of a real scenario."""

    def __init__(self, scenario: Any) -> None:
        self.given = scenario
        super().__init__(months=scenario.months, seed=scenario.seed)
        self.run_id = run_id(scenario, scenario.seed, model_version())
        self.steps = {"prices": 0.03, "enterprises": 0.06, "recording": 0.01}

    @property
    def scenario(self) -> Any:
        return self.given


def invented_run(scenario: Any, on_month: Any = None, threads: int = 0) -> Result:
    """Stand in for `sim.run`."""
    assert threads >= 1
    for month in range(scenario.months):
        if on_month:
            on_month(month, scenario.months)
    return Result(scenario)


@pytest.fixture
def nomoat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nomoat:
    """Call the command line in an empty directory that holds one scenario, `world.toml`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sim, "run", invented_run, raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    Path("world.toml").write_text('name = "world"\nmonths = 30\n')
    return lambda *arguments: CliRunner().invoke(app, [str(a) for a in arguments])


def folders() -> list[Path]:
    return sorted(Path("outputs").iterdir()) if Path("outputs").exists() else []


def test_a_run_is_stored_and_summarised(nomoat: Nomoat) -> None:
    done = nomoat("run", "world.toml")
    assert done.exit_code == OK, done.output
    (folder,) = folders()
    assert folder.name.startswith("world-")
    assert {"manifest.json", "market.parquet", "summary.png"} <= {f.name for f in folder.iterdir()}
    assert "2024-12" in done.stdout
    assert "2025-06" in done.stdout
    assert "firms that use a model" in done.stdout
    assert "regime  coexistence" in done.stdout
    assert str(folder) in done.stdout
    assert "30 months" in done.stderr
    assert "\x1b" not in done.output


def test_the_manifest_says_all_that_was_agreed(nomoat: Nomoat) -> None:
    nomoat("run", "world.toml", "--no-figure", "--quiet")
    facts = json.loads((folders()[0] / "manifest.json").read_text())
    assert set(facts) == set(
        """run_id scenario seed commit dirty_diff versions platform cpu_level model_version seconds
        startup_seconds write_seconds peak_memory_bytes enterprises slots months regime tables
        schema_version""".split()  # noqa: SIM905
    )
    assert facts["scenario"]["name"] == "world"
    assert facts["scenario"]["enterprise"]["population"] == 2000
    assert facts["versions"]["mesa"].startswith("3.")


def test_a_second_run_is_identical_and_a_changed_byte_is_an_error(nomoat: Nomoat) -> None:
    nomoat("run", "world.toml")
    again = nomoat("run", "world.toml")
    assert again.exit_code == OK
    assert "identical to the earlier run" in again.stdout
    table = folders()[0] / "market.parquet"
    table.write_bytes(table.read_bytes()[:-9] + b"x" + table.read_bytes()[-8:])
    before = table.read_bytes()
    third = nomoat("run", "world.toml")
    assert third.exit_code == FAILED
    assert "differs from the earlier" in third.stderr
    assert table.read_bytes() == before
    assert len(folders()) == 1


def test_other_results_are_an_error(nomoat: Nomoat, monkeypatch: pytest.MonkeyPatch) -> None:
    nomoat("run", "world.toml")

    def other(scenario: Any, **_: Any) -> Result:
        result = Result(scenario)
        result.tables["vendor"] = result.tables["vendor"].slice(0, 5)
        return result

    monkeypatch.setattr(sim, "run", other, raising=False)
    done = nomoat("run", "world.toml")
    assert done.exit_code == FAILED
    assert "vendor: other numbers of rows" in done.stderr


def test_json_is_one_document_and_silent(nomoat: Nomoat) -> None:
    done = nomoat("run", "world.toml", "--json", "--seed", 7)
    document = json.loads(done.stdout)
    assert done.stderr == ""
    assert document["seed"] == 7
    assert document["identical"] is False
    assert document["summary"]["dates"] == ["2024-12", "2025-06"]
    assert Path(document["folder"]).is_dir()
    assert json.loads(nomoat("run", "world.toml", "--json", "--seed", 7).stdout)["identical"]


def test_quiet_prints_nothing(nomoat: Nomoat) -> None:
    done = nomoat("run", "world.toml", "--quiet", "--no-figure")
    assert (done.exit_code, done.output) == (OK, "")
    assert not (folders()[0] / "summary.png").exists()


def test_short_options_and_settings_reach_the_scenario(nomoat: Nomoat) -> None:
    options = ["--enterprises", 500, "--months", 12, "--set", "history.until=2023-06"]
    done = nomoat("run", "world.toml", "--out", "here", "--quiet", *options)
    assert done.exit_code == OK
    facts = json.loads(Path("here/manifest.json").read_text())
    assert facts["scenario"]["enterprise"]["population"] == 500
    assert facts["scenario"]["history"]["until"] == "2023-06"
    assert facts["months"] == 12
    assert folders() == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["nope"],
        ["nope.toml"],
        ["world.toml", "--set", "enterprise.populaton=5"],
        ["world.toml", "--set", "enterprise.population=few"],
        ["world.toml", "--set", "months"],
        ["world.toml", "--months", "-3"],
        ["world.toml", "--enterprises", "many"],
        ["world.toml", "--threads", "0"],
        ["world.toml", "--sed", "3"],
        ["world.toml", "--out", "world.toml"],
        ["world.toml", "--out", "mine"],
    ],
)
def test_bad_input_is_refused_and_nothing_written(nomoat: Nomoat, arguments: list[str]) -> None:
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("work")
    done = nomoat("run", *arguments)
    assert done.exit_code == BAD_INPUT
    assert "Traceback" not in done.output
    assert done.stdout == ""
    assert sorted(path.name for path in Path().iterdir()) == ["mine", "world.toml"]
    assert [path.name for path in Path("mine").iterdir()] == ["thesis.txt"]


def test_another_run_is_refused_before_simulating(
    nomoat: Nomoat, monkeypatch: pytest.MonkeyPatch
) -> None:
    nomoat("run", "world.toml", "--out", "here")
    monkeypatch.setattr(sim, "run", None, raising=False)
    done = nomoat("run", "world.toml", "--out", "here", "--seed", 9)
    assert done.exit_code == BAD_INPUT
    assert "holds the run" in done.stderr


def test_impossible_sizes_are_refused_in_one_sentence(
    nomoat: Nomoat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "available_memory", lambda: 500_000_000)
    done = nomoat("run", "world.toml", "--enterprises", 1_000_000)
    assert done.exit_code == ENVIRONMENT
    assert "1,000,000 enterprises need about 0.9 GB" in done.stderr
    assert "up to 200,000 would fit" in done.stderr
    assert done.stderr.count("\n") == 1
    assert folders() == []


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), INTERRUPTED, "interrupted"),
        (MemoryError(), ENVIRONMENT, "MemoryError"),
        (ZeroDivisionError("by zero"), FAILED, "internal error, ZeroDivisionError: by zero"),
    ],
)
def test_errors_in_the_model_are_one_sentence(
    nomoat: Nomoat,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    words: str,
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(sim, "run", broken, raising=False)
    done = nomoat("run", "world.toml")
    assert done.exit_code == code
    assert words in done.stderr
    assert "Traceback" not in done.output
    assert folders() == []
    monkeypatch.setenv("NOMOAT_DEBUG", "1")
    assert nomoat("run", "world.toml").exit_code != OK


def test_a_full_disk_is_one_sentence(nomoat: Nomoat, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Disk, "write", full)
    done = nomoat("run", "world.toml")
    assert done.exit_code == ENVIRONMENT
    assert "no space left on device; nothing was kept" in done.stderr
    assert folders() == []


def test_a_stored_run_is_done_again_from_its_manifest(nomoat: Nomoat) -> None:
    nomoat("run", "world.toml", "--out", "there/x", "--seed", 7, "--set", "choice.theta=3.5")
    first = json.loads(Path("there/x/manifest.json").read_text())
    done = nomoat("run", "there/x/manifest.json", "--quiet")
    assert (done.exit_code, done.output) == (OK, "")
    (made,) = folders()
    again = json.loads((made / "manifest.json").read_text())
    assert all(again[name] == first[name] for name in ("run_id", "seed", "scenario", "tables"))
    assert json.loads(nomoat("run", "there/x", "--out", "there/x", "--json").stdout)["identical"]
    nomoat("run", "there/x", "--out", "other", "--seed", 8, "--quiet")
    other = json.loads(Path("other/manifest.json").read_text())
    assert other["seed"] == 8
    assert other["scenario"]["choice"] == first["scenario"]["choice"]


def test_a_manifest_that_is_none_is_not_run(nomoat: Nomoat) -> None:
    nomoat("run", "world.toml", "--out", "x", "--quiet")
    path = Path("x/manifest.json")
    facts = json.loads(path.read_text())
    changed = {**facts, "scenario": {**facts["scenario"], "months": 29}}
    damaged = {**facts, "scenario": {**facts["scenario"], "months": "many"}}
    for text, words in (
        (json.dumps(changed), "was changed after the run was stored"),
        (json.dumps(damaged), "manifest.json: 'months'"),
        (json.dumps({**facts, "seed": "a"}), "seed is 'a'; a whole number belongs there"),
        ("{", "x/manifest.json is damaged"),
    ):
        path.write_text(text)
        done = nomoat("run", path)
        assert (done.exit_code, done.stdout) == (BAD_INPUT, "")
        assert words in done.stderr
    assert "holds no run" in nomoat("run", "y/manifest.json").stderr


def test_show_repeats_a_stored_run(nomoat: Nomoat) -> None:
    assert "no runs" in nomoat("show").stdout
    ran = nomoat("run", "world.toml")
    name = folders()[0].name
    for reference in (name, name[-16:], name[-16:-10], f"outputs/{name}"):
        shown = nomoat("show", reference)
        assert shown.exit_code == OK
        assert shown.stdout.strip() in ran.stdout
    assert name[-16:] in nomoat("show").stdout
    assert json.loads(nomoat("show", "--json").stdout)[0]["scenario"] == "world"
    assert json.loads(nomoat("show", name, "--json").stdout)["regime"] == "coexistence"
    assert nomoat("show", "zzz").exit_code == BAD_INPUT


def test_a_damaged_run_is_listed_and_refused_in_a_sentence(nomoat: Nomoat) -> None:
    nomoat("run", "world.toml")
    folder = folders()[0]
    (folder / "market.parquet").write_bytes(b"PAR1 nonsense")
    done = nomoat("show", folder.name)
    assert (done.exit_code, done.stdout) == (BAD_INPUT, "")
    assert "is damaged" in done.stderr
    (folder / "manifest.json").write_text("{}")
    assert "damaged manifest" in nomoat("show").stdout


def test_diff_names_settings_and_the_first_difference(nomoat: Nomoat) -> None:
    nomoat("run", "world.toml", "--out", "a")
    nomoat("run", "world.toml", "--out", "b")
    nomoat("run", "world.toml", "--out", "c", "--months", 20)
    same = nomoat("diff", "a", "b")
    assert same.exit_code == OK
    assert "market: identical" in same.stdout
    other = nomoat("diff", "a", "c")
    assert other.exit_code == FAILED
    assert "months" in other.stdout
    assert "market: other numbers of rows in month 20" in other.stdout
    document = json.loads(nomoat("diff", "a", "c", "--json").stdout)
    assert document["parameters"] == {"months": [30, 20]}
    assert document["tables"]["market"]["month"] == 20
    assert document["tables"]["event"] is None


def test_runs_of_two_cpu_levels_are_compared_with_a_tolerance(nomoat: Nomoat) -> None:
    nomoat("run", "world.toml", "--out", "a")
    nomoat("run", "world.toml", "--out", "b")
    manifest = Path("b/manifest.json")
    facts = json.loads(manifest.read_text()) | {"cpu_level": "another"}
    manifest.write_text(json.dumps(facts))
    done = nomoat("diff", "a", "b")
    assert done.exit_code == OK
    assert "compared to 1e-06 relative" in done.stdout
    assert "cpu_level" in done.stdout


def test_parameters_are_listed_and_filtered(nomoat: Nomoat) -> None:
    listed = nomoat("params", "POPULATION")
    assert "enterprise.population" in listed.stdout
    assert "history.until" not in listed.stdout
    everything = json.loads(nomoat("params", "--json").stdout)
    assert len(everything) > 50
    assert {"path", "unit", "low", "high", "default", "source"} <= everything[0].keys()
    assert nomoat("params", "no such thing").exit_code == BAD_INPUT


def test_presets_are_listed(nomoat: Nomoat) -> None:
    listed = nomoat("scenarios").stdout
    known = json.loads(nomoat("scenarios", "--json").stdout)
    assert all(name in listed for name in known)


def test_version_and_help(nomoat: Nomoat) -> None:
    assert nomoat("--version").stdout.startswith("nomoat ")
    helped = nomoat("--help").stdout
    assert all(name in helped for name in "run params scenarios show diff doctor".split())  # noqa: SIM905
    assert "..." not in helped.partition("Commands:")[2]


def test_profile_says_where_a_month_goes(nomoat: Nomoat, tmp_path: Path) -> None:
    asked = ("run", "world.toml", "--no-figure", "--profile")
    shown = nomoat(*asked, "--out", tmp_path / "a")
    assert shown.exit_code == OK, shown.stderr
    table = [line.split() for line in shown.stdout.splitlines()]
    assert ["prices", "1.000", "30%"] in table
    assert ["all", "3.333", "100%"] in table
    document = json.loads(nomoat(*asked, "--json", "--out", tmp_path / "b").stdout)
    assert document["profile"]["enterprises"] == 0.06
