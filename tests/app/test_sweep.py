"""`nomoat sweep` in process, with the real model in a tiny world and real worker processes."""

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import experiments
from app import sweeping
from app.main import app
from app.shell import BAD_INPUT, ENVIRONMENT, FAILED, INTERRUPTED, OK
from experiments.sweeps import precision
from experiments.sweeps.engines import Engine, InProcess, Tell, Work
from experiments.sweeps.experiment import library, read
from experiments.sweeps.folder import SweepFolder
from experiments.sweeps.plan import plan

Nomoat = Callable[..., Any]
TINY = """
question = "Do strategies matter?"
months = 4
replicates = 2

[settings]
"enterprise.population" = 40

[uncertainties]
"choice.risk_weight" = [0.05, 0.3]

[levers]
"vendors.meta.strategy" = ["open", "closed"]

[outcomes]
hhi = { column = "hhi_spend", reduce = "mean" }
adoption = "adoption"
leader = "leader"
"""


@pytest.fixture
def nomoat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nomoat:
    """Call the command line in an empty directory that holds one experiment, `tiny.toml`.

    Runs are done in this process; tests of the engine and of the system use others.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(sweeping, "LocalProcesses", lambda *_: InProcess())
    Path("tiny.toml").write_text(TINY)
    return lambda *arguments: CliRunner().invoke(app, ["sweep", *map(str, arguments)])


def test_a_plan_says_what_it_would_take(nomoat: Nomoat) -> None:
    done = nomoat("run", "tiny.toml", "--dry-run", "--json")
    assert done.exit_code == OK, done.output
    facts = json.loads(done.stdout)
    assert (facts["runs"], facts["left"], facts["points"], facts["arms"]) == (8, 8, 4, 2)
    assert facts["seconds_per_run"] > 0
    assert facts["bytes"] > 0
    assert not Path("outputs").exists()
    words = nomoat("run", "tiny.toml", "--dry-run").stdout
    assert "grid: 4 points (2 arms) x 2 replicates = 8 runs" in words
    assert "vendors.meta.strategy" in words


def test_run_resume_extend_show_and_compare(nomoat: Nomoat) -> None:
    assert nomoat("run", "tiny.toml", "--quiet").exit_code == OK
    again = nomoat("run", "tiny.toml")
    assert again.exit_code == OK
    assert "8 of 8 runs, nothing was left to do" in again.stdout

    more = nomoat("extend", "outputs/tiny", "--replicates", 3, "--json")
    assert json.loads(more.stdout)["simulated"] == 4
    status = json.loads(nomoat("status", "outputs/tiny", "--json").stdout)
    assert (status["runs"], status["finished"], status["failed"], status["left"]) == (12, 12, 0, 0)
    assert status["model_is_current"]

    shown = nomoat("show", "outputs/tiny")
    assert shown.exit_code == OK, shown.output
    assert "mean of hhi_spend, 2023-01 to 2023-04" in shown.stdout
    assert Path("outputs/tiny/outcomes.png").read_bytes().startswith(b"\x89PNG")
    document = json.loads(nomoat("show", "outputs/tiny", "--json").stdout)
    assert document["arms"]["1"] == {"vendors.meta.strategy": "closed"}
    assert set(document["outcomes"]) == {"hhi", "adoption"}
    (contrast,) = document["outcomes"]["hhi"]["contrasts"]
    # Four months are too few for a strategy to matter: equal replicates are no certainty.
    assert (contrast["half_width"], contrast["no_spread"]) == (None, True)
    assert contrast["pairs"] + sum(contrast["without"].values()) == contrast["pairs_asked"] == 6
    assert contrast["reference_levers"] == {"vendors.meta.strategy": "open"}
    assert "no spread in " in shown.stdout
    assert "arm 0" not in shown.stdout

    other = nomoat("run", "tiny.toml", "--replicates", 3, "--out", "second", "--quiet")
    assert other.exit_code == OK
    same = nomoat("diff", "outputs/tiny", "second")
    assert same.exit_code == OK, same.output
    assert "12 in both" in same.stdout


def test_compaction_check_and_repetition(nomoat: Nomoat) -> None:
    nomoat("run", "tiny.toml", "--quiet")
    assert nomoat("check", "outputs/tiny").exit_code == OK
    before = experiments.load("outputs/tiny").outcomes()
    facts = json.loads(nomoat("compact", "outputs/tiny", "--json").stdout)
    assert facts == {"runs": 8, "files_before": facts["files_before"], "files": 3}
    assert experiments.load("outputs/tiny").outcomes().equals(before)
    run_id = before["run_id"][5].as_py()
    done = nomoat("rerun", "outputs/tiny", run_id[:12])
    assert done.exit_code == OK, done.output
    assert "identical to what is stored" in done.stdout

    shard = next(Path("outputs/tiny/outcomes").iterdir())
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    damaged = nomoat("check", "outputs/tiny")
    assert damaged.exit_code == FAILED
    assert f"damaged: {shard}" in damaged.stdout
    assert shard.exists()
    repaired = nomoat("run", "tiny.toml", "--json")
    assert json.loads(repaired.stdout)["simulated"] == 8
    assert experiments.load("outputs/tiny").outcomes().equals(before)


def test_a_repetition_that_differs_is_a_failure(
    nomoat: Nomoat, monkeypatch: pytest.MonkeyPatch
) -> None:
    nomoat("run", "tiny.toml", "--quiet")
    run_id = experiments.load("outputs/tiny").design["run_id"][0].as_py()
    monkeypatch.setattr("experiments.sweeps.comparison.same_bytes", lambda *_: False)
    done = nomoat("rerun", "outputs/tiny", run_id, "--json")
    assert done.exit_code == FAILED
    assert json.loads(done.stdout)["differ"] == ["outcomes", "market"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "open-vs-clsed"), "did you mean open-vs-closed?"),
        (("run", "absent.toml"), "no experiment file"),
        (("run", "tiny.toml", "--set", "choice.risk_wieght=1"), "did you mean"),
        (("run", "tiny.toml", "--set", "choice.risk_weight=0.1"), "is set and varied; keep one"),
        (("run", "tiny.toml", "--precision", "leader=0.1"), "outcomes are hhi, adoption"),
        (("run", "tiny.toml", "--precision", "hhi=none"), "needs a number above 0"),
        (("run", "tiny.toml", "--replicates", "0"), "replicates must be a whole number from 1"),
        (("status", "nowhere"), "nowhere holds no sweep"),
        (("extend", "nowhere", "--replicates", "3"), "nowhere holds no sweep"),
        (("diff", "nowhere", "nowhere"), "nowhere holds no sweep"),
        (("compact", "nowhere"), "nowhere holds no sweep"),
        (("rerun", "nowhere", "ab"), "nowhere holds no sweep"),
    ],
)
def test_bad_requests_are_one_sentence(
    nomoat: Nomoat, arguments: tuple[str, ...], words: str
) -> None:
    done = nomoat(*arguments)
    assert done.exit_code == BAD_INPUT, done.output
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.output


def test_another_sweep_in_the_folder_is_refused_with_what_changed(nomoat: Nomoat) -> None:
    nomoat("run", "tiny.toml", "--quiet")
    before = sorted(Path("outputs/tiny").rglob("*"))
    Path("tiny.toml").write_text(TINY.replace("months = 4", "months = 5"))
    done = nomoat("run", "tiny.toml")
    assert done.exit_code == BAD_INPUT
    assert "months (4, now 5)" in done.stderr
    assert re.search(r"--out outputs/tiny-[0-9a-f]{8}", done.stderr)
    assert sorted(Path("outputs/tiny").rglob("*")) == before


def test_overrides_get_a_folder_of_their_own(nomoat: Nomoat) -> None:
    done = nomoat("run", "tiny.toml", "--months", 3, "--json")
    assert re.fullmatch(r"outputs/tiny-[0-9a-f]{8}", json.loads(done.stdout)["folder"])
    done = nomoat("run", "tiny.toml", "--replicates", 1, "--json")
    assert json.loads(done.stdout)["folder"] == "outputs/tiny"


def test_a_foreign_folder_is_refused(nomoat: Nomoat) -> None:
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("keep")
    done = nomoat("run", "tiny.toml", "--out", "mine")
    assert done.exit_code == BAD_INPUT
    assert "holds files that are no sweep" in done.stderr
    assert [path.name for path in Path("mine").iterdir()] == ["notes.txt"]


def test_points_of_a_grid_cannot_be_added(nomoat: Nomoat) -> None:
    nomoat("run", "tiny.toml", "--quiet")
    for arguments, words in (
        (("--points", 3), "are those of its file"),
        (("--replicates", 1), "has 2 replicates already"),
        ((), "say what to add"),
    ):
        done = nomoat("extend", "outputs/tiny", *arguments)
        assert done.exit_code == BAD_INPUT
        assert words in done.stderr


def test_points_are_added_to_a_sampled_design(nomoat: Nomoat) -> None:
    sampled = TINY.replace('"choice.risk_weight" = [0.05, 0.3]', '"choice.risk_weight" = {}')
    Path("tiny.toml").write_text(f'{sampled}\n[design]\nkind = "sobol"\npoints = 2\n')
    nomoat("run", "tiny.toml", "--quiet", "--replicates", 1)
    before = experiments.load("outputs/tiny").outcomes()
    done = nomoat("extend", "outputs/tiny", "--points", 2, "--json")
    assert json.loads(done.stdout)["simulated"] == 4
    after = experiments.load("outputs/tiny").outcomes()
    assert after.num_rows == 8
    assert after.slice(0, 4).equals(before)


class Stopped:
    """An engine that is asked to stop after its first run."""

    def run(self, folder: SweepFolder, work: Work, tell: Tell) -> None:
        """Do one chunk of one run."""
        work.stopping = True  # type: ignore[misc]
        InProcess().run(folder, work, tell)


def test_a_stopped_sweep_says_how_to_go_on(nomoat: Nomoat, monkeypatch: pytest.MonkeyPatch) -> None:
    engines: list[Engine] = [Stopped(), InProcess()]
    monkeypatch.setattr(sweeping, "LocalProcesses", lambda *_: engines.pop(0))
    done = nomoat("run", "tiny.toml")
    assert done.exit_code == INTERRUPTED
    assert "of 8 runs are kept in outputs/tiny, the same command goes on" in done.stderr
    assert nomoat("run", "tiny.toml", "--quiet").exit_code == OK
    assert experiments.load("outputs/tiny").outcomes().num_rows == 8


def test_failed_runs_are_rows_and_are_tried_again_only_if_asked(
    nomoat: Nomoat, monkeypatch: pytest.MonkeyPatch
) -> None:
    from experiments.sweeps import work

    real, asked = work.run, []

    def breaking(scenario: Any, **options: Any) -> Any:
        asked.append(scenario)
        if scenario.choice.risk_weight == 0.3:
            raise ZeroDivisionError("the market divides by nothing")
        return real(scenario, **options)

    monkeypatch.setattr(work, "run", breaking)
    done = nomoat("run", "tiny.toml")
    assert done.exit_code == FAILED
    assert "4 runs failed" in done.stderr
    assert "the market divides by nothing" in done.stderr
    status = nomoat("status", "outputs/tiny")
    assert status.exit_code == FAILED
    assert "4 of 8 finished, 4 failed" in status.stdout
    assert "ZeroDivisionError" in status.stdout
    failures = experiments.load("outputs/tiny").failures()
    assert failures["seed"].null_count == 0
    assert "breaking" in failures["traceback"][0].as_py()

    asked.clear()
    assert nomoat("run", "tiny.toml", "--quiet").exit_code == FAILED
    assert asked == []
    monkeypatch.setattr(work, "run", real)
    assert nomoat("run", "tiny.toml", "--quiet", "--retry-failed").exit_code == OK
    assert nomoat("status", "outputs/tiny").exit_code == OK


def test_replicates_are_added_until_the_answer_is_narrow(nomoat: Nomoat) -> None:
    lever = '"vendors.meta.strategy" = ["open", "closed"]'
    Path("tiny.toml").write_text(TINY.replace(lever, '"choice.theta" = [3.0, 12.0]'))
    wide = nomoat("run", "tiny.toml", "--precision", "adoption=0.5", "--json")
    assert wide.exit_code == OK, wide.output
    assert json.loads(wide.stdout)["replicates"] == precision.FEWEST
    narrow = nomoat("run", "tiny.toml", "--precision", "hhi=0.000001", "--max-replicates", 9)
    assert narrow.exit_code == OK, narrow.output
    assert "9 replicates" in narrow.stdout
    assert "raise --max-replicates above 9" in narrow.stdout
    assert "12 less 3: " in narrow.stdout
    assert "of 18 pairs" in narrow.stdout


def test_too_many_at_once_for_the_memory(nomoat: Nomoat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "available_memory", lambda: 1_000_000_000)
    done = nomoat("run", "tiny.toml", "--jobs", 8)
    assert done.exit_code == ENVIRONMENT
    assert "--jobs 2 would fit" in done.stderr


def test_the_library_is_listed_and_can_be_planned(nomoat: Nomoat) -> None:
    listed = json.loads(nomoat("list", "--json").stdout)
    assert {row["name"] for row in listed} == set(library())
    assert len(listed) >= 6
    for name in library():
        experiment = read(name)
        assert experiment.question.endswith("?")
        assert plan(experiment, "version").num_rows >= 25
    assert "open-vs-closed" in nomoat("list").stdout


def test_a_hostile_name_is_shown_literally(nomoat: Nomoat) -> None:
    hostile = "[bold]$x^2$ \\u202e <script>"
    Path("tiny.toml").write_text(TINY.replace('"Do strategies matter?"', f'"{hostile}"'))
    done = nomoat("run", "tiny.toml")
    assert done.exit_code == BAD_INPUT
    assert "one line of text" in done.stderr
    hostile = "[bold]$x^2$ <script>"
    Path("tiny.toml").write_text(TINY.replace('"Do strategies matter?"', f'"{hostile}"'))
    nomoat("run", "tiny.toml", "--quiet")
    assert hostile in nomoat("show", "outputs/tiny").stdout


def test_the_lease_of_a_process_that_is_gone_does_not_confuse_the_status(nomoat: Nomoat) -> None:
    assert nomoat("run", "tiny.toml", "--out", "s").exit_code == OK
    lease = Path("s/writers/gone.json")
    lease.write_text(json.dumps({"host": socket.gethostname(), "pid": 2**22 + 1, "start": 1}))
    done = nomoat("status", "s", "--json")
    assert done.exit_code == OK, done.output
    assert json.loads(done.stdout)["writers"] == []
    assert not lease.exists()
