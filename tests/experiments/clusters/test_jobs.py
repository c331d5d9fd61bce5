"""What is submitted and what a job does, with a real shell and real workers but no cluster."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sweeping

from experiments.clusters import job, rounds, slurm_client
from experiments.clusters.futures import Calls
from experiments.clusters.mpi_engine import ExecutorPool
from experiments.clusters.profile import ProfileError, SlurmSettings
from experiments.clusters.rounds import Round, Task
from experiments.clusters.slurm import Slurm, cancel, summary
from experiments.clusters.slurm_client import ClusterError, Element
from experiments.sweeps import runner
from experiments.sweeps.folder import SweepError, SweepFolder

SMALL: dict[str, Any] = {"levers": {}, "replicates": 1}
HOSTILE = 'it\'s $(touch injected) `id`; 100% "of" & all'


def begun(path: Path, **changes: Any) -> SweepFolder:
    """A small sweep that has begun."""
    folder = SweepFolder(path)
    runner.begin(sweeping.declared(**{**SMALL, **changes}), folder)
    return folder


def given(folder: SweepFolder, *chunks: tuple[int, ...], retry: bool = False) -> Round:
    """A round of chunks, as its jobs find it."""
    version = folder.manifest()["model_version"]
    one = rounds.planned(folder, "n", [Task(rows) for rows in chunks], version, 100, retry=retry)
    assert rounds.make(one, folder, "")
    return one


def do(folder: SweepFolder, one: Round, first: int = 0) -> int:
    """Do a chunk as a job does."""
    return job.main([str(folder.path), one.path.name, str(first)])


def test_a_script_takes_any_path_as_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = SweepFolder(tmp_path / HOSTILE)
    monkeypatch.setattr(slurm_client.sys, "executable", "/bin/echo")
    engine = Slurm(SlurmSettings(setup=("export GREETING=hello",)), 500)
    one, (words,) = engine.planned(folder, "i", "v", [Task((0,))], 10)
    script = tmp_path / "job.sh"
    script.write_text(slurm_client.script(folder.path, one, engine.settings))
    done = subprocess.run(
        ["bash", script, "7"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout == f"-P -m experiments.clusters.job {folder.path} 0001 7\n"
    assert not (tmp_path / "injected").exists()
    assert script.read_text().splitlines()[1] == "export GREETING=hello"
    (log,) = [word for word in words if word.startswith("--output=")]
    assert log == f"--output={folder.path}/cluster/0001/logs/0-%a.log".replace("100%", "100%%")


def test_a_submission_says_what_was_asked_for(tmp_path: Path) -> None:
    settings = SlurmSettings(
        partition="short", account="a1", qos="low", time="90", cpus=4, max_in_flight=7,
        options=("--constraint=avx2", "--comment=two words"),
    )  # fmt: skip
    engine = Slurm(settings, 900, run_seconds=100.0)
    tasks = [Task((row,)) for row in range(5)]
    _, lines = engine.planned(SweepFolder(tmp_path / "s"), "i", "v", tasks, 3)
    assert [line[3] for line in lines] == ["--array=0-2%7", "--array=0-1%7"]
    assert [line[-1] for line in lines] == ["0", "3"]
    wanted = {
        "--partition=short", "--account=a1", "--qos=low", "--time=90", "--cpus-per-task=4",
        "--mem=900M", "--constraint=avx2", "--signal=B:USR2@260", "--requeue",
        "--comment=two words",
    }  # fmt: skip
    assert all(wanted <= set(line) for line in lines)
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("time", "seconds", "notice"), [(None, None, 60), ("1", 500.0, 30), ("60", 20.0, 100)]
)
def test_jobs_are_told_before_the_end(time: str | None, seconds: float | None, notice: int) -> None:
    assert slurm_client.notice_before_end(SlurmSettings(time=time), seconds) == notice


def test_a_backslash_in_a_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="no backslash"):
        Slurm(SlurmSettings(), 1).planned(SweepFolder(tmp_path / "a\\b"), "i", "v", [], 1)


def test_without_slurm_it_says_where_to_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert slurm_client.missing() == list(slurm_client.COMMANDS)
    folder = begun(tmp_path / "sweep")
    with pytest.raises(ClusterError, match="scontrol is not on this machine: submit on a login"):
        runner.work(folder, Slurm(SlurmSettings(chunk=1), 500), 1, size=1)
    assert cancel(folder) == 0


def test_the_queue_in_words() -> None:
    elements = [
        Element("1", 0, "n", "RUNNING", "None"), Element("1", 1, "n", "PENDING", "Priority"),
        Element("1", 2, "n", "PENDING", "PartitionTimeLimit"),
    ]  # fmt: skip
    assert summary(elements) == "1 jobs run, 2 wait (PartitionTimeLimit)"
    assert [one.stuck for one in elements] == [False, False, False]
    assert Element("1", 0, "n", "PENDING", "launch failed requeued held").stuck
    assert Element("1", 0, "n", "REQUEUE_HOLD", "x").stuck


@pytest.mark.system
def test_a_job_does_its_chunk_and_a_second_time_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = begun(tmp_path / "sweep")
    one = given(folder, (0,), (1, 2))
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "1")
    assert do(folder, one) == job.DONE
    assert len(sweeping.rows(folder.path, "outcomes")) == 2
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    assert do(folder, one) == job.DONE
    assert len(sweeping.rows(folder.path, "telemetry")) == 2
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "0")
    assert do(folder, one) == job.DONE
    assert capsys.readouterr() == ("", "")
    assert not list(folder.leases.iterdir())
    sweeping.swept(tmp_path / "other", **SMALL)
    assert sweeping.compacted(folder.path) == sweeping.compacted(tmp_path / "other")


def test_a_job_refuses_another_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = begun(tmp_path / "sweep")
    one = given(folder, (0,))
    facts = json.loads(folder.manifest_path.read_text())
    folder.manifest_path.write_text(json.dumps({**facts, "model_version": "other"}))
    assert do(folder, one) == job.REFUSED
    assert "was begun with model other" in one.refusal_path.read_text()
    assert "was begun with model other" in capsys.readouterr().err


def test_calls_of_an_executor_give_the_bytes_of_one_process(tmp_path: Path) -> None:
    folder = begun(tmp_path / "sweep", levers=sweeping.TINY["levers"], replicates=2)
    with ThreadPoolExecutor(1) as executor:
        report = runner.work(folder, Calls(ExecutorPool(executor, 1)), 1, size=5)
    assert report.progress.finished == report.progress.simulated == sweeping.RUNS
    assert sweeping.compacted(folder.path) == sweeping.uninterrupted()


def test_what_a_call_refuses_is_refused(tmp_path: Path) -> None:
    folder = begun(tmp_path / "sweep")
    world = folder.world_path(0)
    world.write_text(world.read_text().replace("population = 50", "population = 51"))
    with (
        ThreadPoolExecutor(1) as executor,
        pytest.raises(SweepError, match="the frozen worlds were changed"),
    ):
        runner.work(folder, Calls(ExecutorPool(executor, 1)), 1, size=5)
