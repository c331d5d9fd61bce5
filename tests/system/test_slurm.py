"""Sweeps on a real Slurm, through faults: every time the bytes of an undisturbed local sweep."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import needs
import pytest
import sweeping
import tomli_w
from slurm_site import MAX_ARRAY, Site, needs_slurm, site, wait_for
from typer.testing import CliRunner, Result

from app.main import app
from experiments.clusters.profile import DaskSettings, SlurmSettings
from experiments.clusters.rounds import open_rounds, rounds
from experiments.clusters.slurm import SHORTEST_POLL, Slurm
from experiments.clusters.slurm_client import ClusterError
from experiments.sweeps import runner
from experiments.sweeps.folder import SweepError, SweepFolder
from experiments.sweeps.runner import Report

pytestmark = pytest.mark.system
PATIENCE = 120.0
MEMORY_MB = 500
TWO_JOBS = 6
"""Runs of a job, so that the tiny sweep is two; otherwise it is one."""


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A Slurm that commands of this process speak to."""
    needs_slurm()
    sweeping.uninterrupted()  # compiles the model before jobs need it
    with pytest.MonkeyPatch.context() as patch, site(tmp_path_factory.mktemp("slurm")) as found:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        for name, value in found.environment.items():
            patch.setenv(name, value)
        yield found


@pytest.fixture(autouse=True)
def empty(slurm: Site) -> Iterator[None]:
    """Leave no job to the next test."""
    yield
    slurm.cancel_all()
    slurm.node_up()
    slurm.wait_until_idle()


def settings(**changes: Any) -> SlurmSettings:
    """Settings for tiny jobs."""
    return SlurmSettings(**{"chunk": sweeping.RUNS, "time": "10", **changes})


def swept(path: Path, engine: Slurm, **changes: Any) -> Report:
    """Begin or resume the tiny sweep on Slurm."""
    folder = SweepFolder(path)
    runner.begin(sweeping.declared(**changes), folder)
    return runner.work(folder, engine, 1, size=engine.settings.chunk)


class Attended(threading.Thread):
    """A sweep that is waited for in another thread."""

    def __init__(self, path: Path, **changes: Any) -> None:
        super().__init__(daemon=True)
        self.path, self.engine = path, Slurm(settings(**changes), MEMORY_MB)
        self.report: Report | None = None
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Do the sweep."""
        try:
            self.report = swept(self.path, self.engine)
        except BaseException as error:
            self.error = error

    def leases(self) -> list[int]:
        """Processes of jobs that are at work."""
        found = []
        for lease in self.path.glob("writers/[!.]*.json"):
            with suppress(OSError, ValueError):
                pid = int(json.loads(lease.read_text())["pid"])
                found += [pid] if pid != os.getpid() else []
        return found

    def wait_for_jobs(self) -> list[int]:
        """Wait until jobs begin with their runs."""
        wait_for(lambda: self.leases() or not self.is_alive(), PATIENCE, "a job at work")
        return self.leases()

    def end(self) -> None:
        """Wait for the sweep and check it."""
        self.join(PATIENCE)
        assert not self.is_alive()
        assert self.error is None, self.error
        assert self.report is not None
        assert self.report.progress.finished == sweeping.RUNS
        assert not self.engine.lost
        check_whole(self.path)


def check_whole(path: Path) -> None:
    """Hold a finished sweep against the local one."""
    assert sweeping.compacted(path) == sweeping.uninterrupted()


@pytest.fixture
def nomoat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command line, in a directory with `tiny.toml`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "tiny.toml").write_text(tomli_w.dumps(dict(sweeping.TINY)))

    def call(*words: str) -> Result:
        return CliRunner().invoke(app, ["sweep", *words])

    return call


SUBMIT = ("run", "tiny.toml", "--engine", "slurm", "--chunk", str(TWO_JOBS), "--time", "10")


def test_more_chunks_than_an_array_takes(tmp_path: Path) -> None:
    path = tmp_path / "it's 100% $HOME;sweep"
    report = swept(
        path, engine := Slurm(settings(chunk=TWO_JOBS, array_limit=1, cpus=2), MEMORY_MB)
    )
    assert (report.progress.finished, report.progress.simulated) == (12, 12)
    assert len(engine.jobs) == 2
    (one,) = rounds(SweepFolder(path))
    assert [array.count for array in one.arrays] == [1, 1]
    assert not list(one.logs.iterdir())
    check_whole(path)


def test_detach_status_and_resume_from_another_process(nomoat: Callable[..., Result]) -> None:
    done = nomoat(*SUBMIT, "--detach")
    assert done.exit_code == 0, done.output
    assert "next    nomoat sweep status outputs/tiny" in done.stdout
    status = json.loads(nomoat("status", "outputs/tiny", "--json").stdout)
    assert status["left"] == sweeping.RUNS
    assert status["cluster"]["running"] + status["cluster"]["waiting"] == 2
    assert "jobs run" in nomoat("status", "outputs/tiny").stdout
    done = nomoat(*SUBMIT, "--json")
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert facts["finished"] == sweeping.RUNS
    assert facts["slurm"] == {"jobs": [], "lost": [], "held_back": None}
    assert json.loads(nomoat("status", "outputs/tiny", "--json").stdout)["cluster"]["rounds"] == 1
    sweeping.check_same_file("tiny.toml", Path("outputs/tiny"))


def test_cancel_ends_the_jobs_and_whoever_waits_for_them(
    tmp_path: Path, nomoat: Callable[..., Result]
) -> None:
    sweep = Attended(tmp_path / "sweep")
    sweep.wait_for_jobs()
    done = nomoat("cancel", str(sweep.path))
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("jobs cancelled: 1; what is finished is kept in")
    sweep.join(PATIENCE)
    assert isinstance(sweep.error, ClusterError)
    assert "were cancelled" in str(sweep.error)
    Attended(sweep.path).end()


def test_a_job_killed_with_signal_9(tmp_path: Path) -> None:
    sweep = Attended(tmp_path / "sweep")
    os.kill(sweep.wait_for_jobs()[0], signal.SIGKILL)
    sweep.end()
    assert len(rounds(SweepFolder(sweep.path))) == 2


def test_a_node_that_goes_down(tmp_path: Path, slurm: Site) -> None:
    sweep = Attended(tmp_path / "sweep")
    sweep.wait_for_jobs()
    assert slurm.steps()
    slurm.node_down()
    wait_for(lambda: any("PENDING" in line for line in slurm.jobs()), PATIENCE, "a requeued job")
    wait_for(lambda: not slurm.steps(), PATIENCE, "the end of the old job")
    # Several looks at the queue: a job that waits for its node is not submitted again. Once the
    # node is back Slurm may still kill or hold it for its old self, which is submitted again.
    time.sleep(5 * SHORTEST_POLL)
    assert sweep.is_alive()
    assert len(rounds(SweepFolder(sweep.path))) == 1
    slurm.node_up()
    sweep.end()


def test_a_controller_that_restarts(tmp_path: Path, slurm: Site) -> None:
    sweep = Attended(tmp_path / "sweep")
    sweep.wait_for_jobs()
    slurm.stop("slurmctld")
    slurm.start_controller()
    sweep.end()


def test_a_chunk_that_always_fails_is_given_up_and_shown(nomoat: Callable[..., Result]) -> None:
    broken = ("--setup", "echo 'the module is not there' >&2; exit 3")
    Path("config/nomoat").mkdir(parents=True)
    Path("config/nomoat/cluster.toml").write_text("[slurm]\nsubmissions = 2\n")
    done = nomoat(*SUBMIT, *broken)
    assert done.exit_code == 1, done.output
    assert "the module is not there" in done.stderr
    assert "12 runs are left whose jobs ended 2 times without a result" in done.stderr
    assert len(rounds(SweepFolder(Path("outputs/tiny")))) == 2
    status = nomoat("status", "outputs/tiny").stdout
    assert "given up: " in status
    assert "the module is not there" in status
    assert nomoat(*SUBMIT, "--chunk", "12").exit_code == 0
    sweeping.check_same_file("tiny.toml", Path("outputs/tiny"))


def test_what_no_job_can_do_is_refused_at_once(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path / "sweep")
    runner.begin(sweeping.declared(), folder)
    for world in folder.path.glob("worlds/*.toml"):
        world.write_text(world.read_text().replace("population = 50", "population = 51"))
    with pytest.raises(SweepError, match="the frozen worlds were changed"):
        swept(folder.path, Slurm(settings(), MEMORY_MB))
    assert len(rounds(folder)) == 1


def test_what_slurm_does_not_take_is_said(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"sbatch failed: .*invalid partition"):
        swept(tmp_path / "sweep", Slurm(settings(partition="nowhere"), MEMORY_MB))
    assert not open_rounds(SweepFolder(tmp_path / "sweep"))


def test_print_submits_nothing(nomoat: Callable[..., Result], slurm: Site) -> None:
    done = nomoat(*SUBMIT, "--print", "--setup", "module load python", "--partition", "main")
    assert done.exit_code == 0, done.output
    assert "\nmodule load python\nexec " in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("sbatch ")]
    assert "--partition=main" in line
    assert not Path("outputs").exists()
    assert not slurm.jobs()


def listening() -> set[str]:
    """Addresses at which Python processes of this machine listen, beyond loopback."""
    import psutil

    found = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # It may have ended meanwhile.
            if "dask" in " ".join(process.cmdline()):
                sockets = process.net_connections("inet")
                found |= {one.laddr.ip for one in sockets if one.status == psutil.CONN_LISTEN}
    return found - {"127.0.0.1"}


def test_workers_of_dask_as_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs.packages("jobqueue")
    from experiments.clusters.dask_engine import connected

    monkeypatch.chdir(tmp_path)
    queue = {
        "kind": "slurm", "jobs": 1, "interface": "lo", "walltime": "00:10:00", "memory": "1GB",
        "shared_temp_directory": str(tmp_path),
    }  # fmt: skip
    folder = SweepFolder(tmp_path / "sweep")
    runner.begin(sweeping.declared(), folder)
    with connected(DaskSettings(jobqueue=queue)) as engine:
        assert listening() == set()
        report = runner.work(folder, engine, engine.workers, size=6)
    assert report.progress.finished == sweeping.RUNS
    check_whole(folder.path)


def doctor(*words: str) -> Result:
    """`nomoat doctor` on this Slurm."""
    return CliRunner().invoke(app, ["doctor", "--engine", "slurm", *words])


def test_the_doctor_sends_a_job(nomoat: Callable[..., Result]) -> None:  # noqa: ARG001
    done = doctor()
    assert done.exit_code == 0, done.output
    assert f"arrays of up to {MAX_ARRAY} jobs" in done.stdout
    assert "CPU level" in done.stdout.partition("\njob ")[2]
    assert not list(Path().glob("*doctor*"))


def test_the_doctor_explains_a_job_that_fails(nomoat: Callable[..., Result]) -> None:  # noqa: ARG001
    done = doctor("--setup", "echo no such module >&2; exit 1")
    assert done.exit_code == 3
    assert "ended without an answer and said: no such module" in done.stdout
    assert "setup of the profile" in done.stdout
    done = doctor("--partition", "nowhere")
    assert done.exit_code == 3
    assert "invalid partition" in done.stdout


CLAIM = """
id = "small"
statement = "Open models are used."
question = "Q3"
months = 25
[outcomes]
share = { column = "share_tokens_open", last = 1, reduce = "mean" }
[[conditions]]
outcome = "share"
above = 0.05
"""


def test_claims_are_judged_by_runs_on_slurm(nomoat: Callable[..., Result]) -> None:  # noqa: ARG001
    Path("small.toml").write_text(CLAIM)
    Path("config/nomoat").mkdir(parents=True)
    Path("config/nomoat/cluster.toml").write_text('[slurm]\nchunk = 1000\ntime = "10"\n')
    size = ("--raw-only", "--worlds", "8", "--wide", "12", "--replicates", "2",
            "--enterprises", "40")  # fmt: skip
    call = ("claims", "run", "small.toml", *size, "--json", "--out")
    done = [
        CliRunner().invoke(app, [*call, *more])
        for more in (("there", "--engine", "slurm"), ("here",))
    ]
    assert [one.exit_code for one in done] == [0, 0], done[0].output
    there, here = (Path(name, "ledger.json").read_bytes() for name in ("there", "here"))
    assert there == here
    assert len(rounds(SweepFolder(Path("there/runs-25")))) == 1
    refused = CliRunner().invoke(app, ["claims", "run", "--engine", "slurm", "--budget", "9"])
    assert refused.exit_code == 2
    assert "with --engine slurm give --worlds" in refused.stderr


@pytest.mark.soak
@pytest.mark.parametrize("options", [(), ("--signal=B:URG@1",)])
def test_a_time_limit(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Jobs of a minute whose work takes two: told to end in time, or ended at the limit."""
    large = {"settings": {"enterprise": {"population": 4000}}, "months": 96, "replicates": 24}
    engine = Slurm(settings(chunk=72, time="1", options=options), MEMORY_MB)
    report = swept(tmp_path / "sweep", engine, **large)
    assert report.progress.finished == 144
    assert not engine.lost
    found = rounds(SweepFolder(tmp_path / "sweep"))
    assert len(found) > 1
    assert "was told to end" in found[0].tail(0)
    sweeping.swept(tmp_path / "local", sweeping.local(2), jobs=2, **large)
    assert sweeping.compacted(tmp_path / "sweep") == sweeping.compacted(tmp_path / "local")
