"""Whose jobs are counted and ended, and what commands of Slurm may print: with stand-ins."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sweeping

from app import clusters
from app.shell import ENVIRONMENT
from experiments.clusters import job, rounds, slurm, slurm_client
from experiments.clusters.profile import SlurmSettings
from experiments.clusters.rounds import CANCELLED, OVER, Round, Task, tail_of
from experiments.clusters.slurm import CancelledError, Slurm, cancel
from experiments.clusters.slurm_client import ClusterError, SilentError, UnclearError
from experiments.stored import DocumentError, FolderError
from experiments.sweeps import runner
from experiments.sweeps.folder import SweepFolder

STAND_IN = '#!/bin/sh\necho "$*" >> "$0.calls"\n{lines}\n'
USER = os.getuid()


@dataclass(frozen=True)
class StandIns:
    """Commands in a directory of their own, each a shell script."""

    home: Path

    def says(self, command: str, text: str, code: int = 0) -> None:
        """Let a command print something on stdout, or on stderr if it fails."""
        self.home.joinpath(f"{command}.out").write_text(text, errors="surrogateescape")
        self.does(command, f'cat "$0.out"{" >&2" if code else ""}; exit {code}')

    def does(self, command: str, lines: str) -> None:
        """Let a command do something."""
        path = self.home / command
        path.write_text(STAND_IN.format(lines=lines))
        path.chmod(0o755)

    def calls(self, command: str) -> list[str]:
        """How a command was called, a line each."""
        path = self.home / f"{command}.calls"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIns:
    """A Slurm with an empty queue that takes what it gets."""
    home = tmp_path / "bin"
    home.mkdir()
    monkeypatch.setenv("PATH", f"{home}:/usr/bin:/bin")
    monkeypatch.setattr(slurm, "SHORTEST_POLL", 0.0)
    found = StandIns(home)
    found.says("scontrol", "Configuration data\nMaxArraySize            = 1001\nMaxDBDMsgs = 4\n")
    found.says("squeue", "")
    found.says("scancel", "")
    found.says("sbatch", "7\n")
    return found


def line(one: Round, job: str = "7", user: int = USER, state: str = "RUNNING") -> str:
    """A job of a round in the queue."""
    return f"{job}|0|{user}|{state}|None|{one.script} 0\n"


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    """Where a sweep could be, for what does not look into it."""
    return bare(tmp_path / "sweep")


def bare(path: Path) -> SweepFolder:
    """An empty folder of a sweep."""
    path.mkdir()
    return SweepFolder(path)


@pytest.fixture
def begun(tmp_path: Path) -> SweepFolder:
    """A sweep of three runs that has begun."""
    found = SweepFolder(tmp_path / "begun")
    runner.begin(sweeping.declared(levers={}, replicates=1), found)
    return found


def submitted(folder: SweepFolder) -> Round:
    """A round of two chunks that were submitted."""
    name = rounds.label(folder, "i", "v")
    one = rounds.planned(folder, name, [Task((0,)), Task((1,))], "v", 10, retry=False)
    assert rounds.make(one, folder, "")
    return one


def test_jobs_are_told_apart_by_what_slurm_remembers(tmp_path: Path, site: StandIns) -> None:
    script = str(tmp_path / "it's|a 100% sweep/cluster/0001/job.sh")
    other = str(tmp_path / "other/cluster/0001/job.sh")
    site.says(
        "squeue",
        f"7|0|{USER}|RUNNING|None|{script} 0\n7|1-9%2|{USER}|PENDING|Priority|{script} 12\n"
        f"8|N/A|{USER}|PENDING|caf\udce9|{script}\n9|0|{USER + 1}|RUNNING|None|{script} 0\n"
        f"10|0|{USER}|RUNNING|None|{other} 0\n11|0|{USER}|RUNNING|None|{script} 0 1\n"
        f"12|0|{USER}|RUNNING|None|{script}2 0\n13|N/A|{USER}|RUNNING|None|(null)\n\n",
    )
    found = slurm_client.queue([script])
    assert [(one.job, one.index) for one in found] == [("7", 0), ("7", 0), ("8", 0)]
    assert "--me" in site.calls("squeue")[0].split()


def test_a_folder_that_names_jobs_of_another_ends_none(tmp_path: Path, site: StandIns) -> None:
    mine, strange = bare(tmp_path / "mine"), bare(tmp_path / "strange")
    one, copy = submitted(mine), submitted(strange)
    copy.plan_path.write_bytes(one.plan_path.read_bytes())  # Names the very jobs of `mine`.
    site.says("squeue", line(one) + line(one, "8") + line(one, "9", USER + 1))
    facts = clusters.status(strange)
    assert facts is not None
    assert (facts["running"], facts["words"]) == (0, "no jobs")
    assert cancel(strange) == 0
    assert not site.calls("scancel")
    site.does("scancel", 'echo "$*" >> "$0.calls"; : > "${0%/*}/squeue.out"')
    assert cancel(mine) == 2
    assert site.calls("scancel")[-1] == "7 8"
    assert all(array.name not in call for array in one.arrays for call in site.calls("squeue"))
    assert [one.state for one in rounds.rounds(mine)] == [CANCELLED]


def test_what_was_not_cancelled_can_be_cancelled_again(site: StandIns, folder: SweepFolder) -> None:
    one = submitted(folder)
    site.says("squeue", line(one))
    site.says("scancel", "slurm: no\n", code=1)
    for _ in range(2):
        with pytest.raises(ClusterError, match=r"1 jobs .* still in the queue.*failed: slurm: no"):
            cancel(folder, patience=0.0)
    facts = clusters.status(folder)
    assert facts is not None
    assert (facts["running"], facts["open_rounds"]) == (1, 0)


@pytest.mark.parametrize(
    "answer",
    ["<html>", "1|2\n", f"7|0|{USER}|RUNNING\n", "x|0|0|RUNNING|None|y\n", "1|0|0|\x1b[2J|None|y\n",
     "-7|0|0|RUNNING|None|y\n", "9" * 5000 + "|0|0|RUNNING|None|y\n"],
)  # fmt: skip
def test_a_queue_that_cannot_be_read_is_one_sentence(site: StandIns, answer: str) -> None:
    site.says("squeue", answer)
    with pytest.raises(ClusterError, match="squeue printed a line that is no job") as caught:
        slurm_client.queue(["/x"])
    assert len(str(caught.value)) < 800
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("config", "words"),
    [("", "names no MaxArraySize"), ("MaxArraySize = lots\n", "names no MaxArraySize"),
     (f"MaxArraySize = {'9' * 5000}\n", "names no MaxArraySize"),
     ("MaxArraySize = 0\n", "takes no job arrays")],
)  # fmt: skip
def test_an_odd_configuration_is_one_sentence(site: StandIns, config: str, words: str) -> None:
    assert slurm_client.largest_array() == 1001
    site.says("scontrol", config)
    with pytest.raises(ClusterError, match=words):
        slurm_client.largest_array()


@pytest.mark.parametrize("answer", ["123\n", "123;cluster\n", "Welcome\nto the site\n123\n"])
def test_the_answer_to_a_submission(site: StandIns, answer: str) -> None:
    site.says("sbatch", answer)
    assert slurm_client.submit(["sbatch"]) == "123"


@pytest.mark.parametrize("answer", ["", "Submitted batch job 123\n", "-1\n", "12x\n", "\x1b[2J\n"])
def test_no_answer_to_a_submission(site: StandIns, answer: str) -> None:
    site.says("sbatch", answer)
    with pytest.raises(UnclearError, match="instead of a job's number; its jobs may have been"):
        slurm_client.submit(["sbatch"])


def test_commands_that_say_nothing_or_too_much(
    site: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm_client, "PATIENCE_SECONDS", 0.05)
    site.does("squeue", "exec sleep 60")
    with pytest.raises(SilentError, match="did not answer within"):
        slurm_client.queue(["/x"])
    monkeypatch.setattr(slurm_client, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(slurm_client, "MOST_BYTES", 1000)
    site.does("squeue", "exec yes")
    with pytest.raises(SilentError):
        slurm_client.queue(["/x"])
    monkeypatch.setenv("PATH", str(site.home))
    (site.home / "squeue").chmod(0o644)
    with pytest.raises(ClusterError, match=r"squeue cannot be run: Permission denied"):
        slurm_client.queue(["/x"])


def test_a_ctrl_c_in_the_terminal_is_not_the_commands(site: StandIns) -> None:
    site.does("sbatch", "exec cut -d' ' -f5 /proc/self/stat")
    assert int(slurm_client.submit(["sbatch"])) != os.getpgrp()


def engine_of(folder: SweepFolder, **settings: Any) -> tuple[Slurm, runner.Report]:
    """Submit all of a sweep, a run a job, and come back."""
    engine = Slurm(SlurmSettings(chunk=1, array_limit=2, **settings), 500, detach=True)
    return engine, runner.work(folder, engine, 1, size=1)


def test_a_submission_that_fails_half_way_is_no_success(
    site: StandIns, begun: SweepFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = begun
    site.does(
        "sbatch", 'test -e "$0.once" && { echo "no more" >&2; exit 1; }; : > "$0.once"; echo 5'
    )
    engine, _ = engine_of(folder)
    assert engine.jobs == ["5"]
    assert engine.under_way
    assert [array.count for array in rounds.rounds(folder)[0].arrays] == [2]
    assert clusters.say_jobs(folder, engine, quiet=False) == ENVIRONMENT
    printed = capsys.readouterr()
    assert "submitted as 5" in printed.out
    assert "not everything is known to be submitted" in printed.err
    assert "sbatch failed: no more" in printed.err
    assert clusters.going_on(folder, engine).endswith(f"until nomoat sweep cancel {folder.path}")


@pytest.mark.parametrize(
    "answer", ["exit 0", "echo 'Socket timed out on send/recv operation' >&2; exit 1"]
)
def test_jobs_that_may_have_been_taken_are_looked_for(
    site: StandIns, begun: SweepFolder, answer: str
) -> None:
    folder = begun
    site.does("sbatch", answer)
    engine, _ = engine_of(folder)
    assert engine.jobs == []
    assert "may have been taken" in engine.held_back
    (one,) = rounds.open_rounds(folder)
    assert [array.count for array in one.arrays] == [2]
    site.says("squeue", line(one))
    facts = clusters.status(folder)
    assert facts is not None
    assert facts["running"] == 1


def test_a_controller_that_goes_away_leaves_jobs_that_are_named(
    site: StandIns, begun: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begun
    engine_of(folder)
    monkeypatch.setattr(slurm, "SILENT_SECONDS", 0.0)
    site.says("squeue", "slurm_load_jobs error\n", code=1)
    with pytest.raises(ClusterError, match=r"jobs that Slurm has go on.*sweep cancel"):
        engine_of(folder)
    (one,) = rounds.open_rounds(folder)
    site.says("squeue", line(one))
    one.state = CANCELLED
    monkeypatch.setattr(Slurm, "_gone", lambda *_: (one.save(folder), [])[1])
    with pytest.raises(CancelledError, match="were cancelled; what is finished is kept"):
        runner.work(folder, Slurm(SlurmSettings(chunk=1), 500), 1, size=1)


PLAN: dict[str, Any] = {
    "model_version": "v", "retry": False, "state": "open", "lost": [],
    "arrays": [["nomoat-0-1-0", 0, 2]], "failures": [0, 0], "chunks": [[[0, 1]], [[1, 2]]],
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [{"arrays": [["--user=root", 0, 2]]}, {"arrays": [["a,b", 0, 2]]}, {"arrays": [["a\nb", 0, 2]]},
     {"arrays": [["a", 0, 10**30]]}, {"arrays": [["a", 1, 2]]}, {"arrays": 5},
     {"chunks": [[[0, 10**12]], [[1, 2]]]}, {"chunks": [[[1, 0]], [[1, 2]]]},
     {"chunks": [["ab"], [[1, 2]]]}, {"chunks": [[[0.5, 1]], [[1, 2]]]}, {"chunks": None},
     {"failures": [True, 0]}, {"failures": [0]}, {"lost": [2]}, {"lost": ["x"]},
     {"state": "paused"}, {"state": []}],
)  # fmt: skip
def test_a_damaged_plan_is_none(
    site: StandIns, folder: SweepFolder, change: dict[str, Any]
) -> None:
    path = submitted(folder).plan_path
    path.write_text(json.dumps(PLAN))
    assert len(rounds.open_rounds(folder)) == 1
    path.write_text(json.dumps({**PLAN, **change}))
    with pytest.raises(DocumentError, match=r"plan\.json"):
        Round.at(path.parent)
    assert rounds.rounds(folder) == []
    assert cancel(folder) == 0
    assert not site.calls("scancel")


@pytest.mark.parametrize("text", ["", "5", "[" * 100_000, "\udcff", "{}", "null"])
def test_what_is_no_plan_at_all(folder: SweepFolder, text: str) -> None:
    submitted(folder).plan_path.write_text(text, errors="surrogateescape")
    assert rounds.rounds(folder) == []


def test_links_and_pipes_are_no_files_of_a_round(tmp_path: Path, folder: SweepFolder) -> None:
    one = submitted(folder)
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    (tmp_path / "empty.log").touch()
    one.log_path(0).symlink_to(secret)
    os.mkfifo(one.log_path(1))
    (one.logs / "linked.log").symlink_to(tmp_path / "empty.log")
    assert [tail_of(one.log_path(chunk)) for chunk in (0, 1)] == ["", ""]
    one.sweep_logs()
    assert (one.logs / "linked.log").is_symlink()
    home = rounds.home(folder)
    for name in ("0002", "0003x", "9" * 50):
        (home / name).symlink_to(one.path)
    assert [found.number for found in rounds.rounds(folder)] == [1]
    assert rounds.next_number(folder) == 3
    one.state = OVER
    home.rename(tmp_path / "elsewhere")
    home.symlink_to(tmp_path / "elsewhere")
    assert rounds.rounds(folder) == []
    with pytest.raises(FolderError, match="is a link"):
        submitted(folder)


def test_runs_that_the_design_lacks(site: StandIns, begun: SweepFolder) -> None:
    one = submitted(begun)
    one.path.joinpath("plan.json").write_text(
        json.dumps({**PLAN, "chunks": [[[0, 3]], [[99, 101]]]})
    )
    engine, _ = engine_of(begun)
    assert engine.jobs
    assert not site.calls("scancel")
    assert [found.state for found in rounds.rounds(begun)] == [OVER, "open"]
    assert [task.rows for task in rounds.rounds(begun)[1].tasks] == [(0, 1, 2)]
    facts = json.loads(one.plan_path.read_text())
    one.plan_path.write_text(json.dumps({**facts, "chunks": [[[0, 3]], [[99, 101]]]}))
    assert job.main([str(begun.path), "0001", "1"]) == job.REFUSED
    assert "names run 100 of a design of 3" in one.refusal_path.read_text()
    assert job.main([str(begun.path), "0001", "7"]) == job.DONE
    assert job.main([str(begun.path), "0009", "0"]) == job.ENDED_EARLY
