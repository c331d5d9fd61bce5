"""`nomoat sweep` on clusters, as far as it goes without one."""

import json
from collections.abc import Callable
from pathlib import Path

import needs
import pytest
import sweeping
import tomli_w
from typer.testing import CliRunner, Result

from app.main import app

Nomoat = Callable[..., Result]


@pytest.fixture
def nomoat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nomoat:
    """The command line in a directory with `tiny.toml`, on a machine without a cluster."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "300")
    Path("tiny.toml").write_text(tomli_w.dumps(dict(sweeping.TINY)))

    def call(*words: str) -> Result:
        return CliRunner().invoke(app, ["sweep", *words])

    return call


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--engine", "dusk"), 2, "--engine is one of local, slurm, dask, mpi, not 'dusk'"),
        (("--partition", "x"), 2, "--partition need --engine slurm"),
        (("--chunk", "3", "--engine", "dask"), 2, "--chunk need --engine slurm"),
        (("--scheduler", "tcp://x:1"), 2, "--scheduler need --engine dask"),
        (("--detach",), 2, "--detach and --print need --engine slurm"),
        (("--engine", "slurm", "--partition", "a;b"), 2, "partition takes letters"),
        (("--engine", "slurm", "--profile", "no.toml"), 2, "no.toml cannot be read"),
        (("--engine", "slurm", "--chunk", "3"), 3, "is not on this machine"),
        (
            ("--engine", "slurm", "--detach", "--precision", "hhi=50"), 2,
            "--precision waits for results",
        ),
        (("--engine", "dask", "--scheduler", "tcp://10.0.0.1:1"), 2, "anybody who reaches it"),
        (("--engine", "dask", "--scheduler", "nowhere"), 2, "--scheduler takes tls://HOST:PORT"),
        (("--engine", "dask", "--scheduler", "tls://["), 2, "--scheduler takes tls://HOST:PORT"),
        (("--engine", "dask", "--scheduler", "tcp://localhost:99999"), 2, "--scheduler takes tls"),
        (("--engine", "mpi"), 3, "--engine mpi needs"),
    ],
)  # fmt: skip
def test_bad_requests_are_one_sentence(
    nomoat: Nomoat, words: tuple[str, ...], code: int, sentence: str
) -> None:
    if "dask" in words:
        needs.packages("dask")
    done = nomoat("run", "tiny.toml", *words)
    assert done.exit_code == code, done.output
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert not done.stdout


def test_the_doctor_says_that_there_is_no_cluster(nomoat: Nomoat) -> None:  # noqa: ARG001
    done = CliRunner().invoke(app, ["doctor", "--engine", "slurm"])
    assert done.exit_code == 3
    assert "missing: sbatch, squeue, scontrol, scancel" in done.stdout
    assert "run it on a login node" in done.stdout


def test_a_submission_can_be_seen_anywhere(nomoat: Nomoat) -> None:
    done = nomoat("run", "tiny.toml", "--engine", "slurm", "--print", "--json", "--cpus", "2")
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert (facts["runs"], facts["jobs"]) == (12, 1)
    assert facts["runs_of_job"] == int(60 * 20 * 2 / facts["run_seconds"])
    assert facts["commands"][0][-2:] == [facts["script_path"], "0"]
    assert f"{Path('outputs/tiny').resolve()} 0001" in facts["script"]
    assert not Path("outputs").exists()


def test_a_sweep_without_a_cluster_has_none_in_its_status(nomoat: Nomoat) -> None:
    sweeping.swept(Path("sweep"), levers={}, replicates=1)
    assert json.loads(nomoat("status", "sweep", "--json").stdout)["cluster"] is None
    done = nomoat("cancel", "sweep")
    assert (done.exit_code, done.stdout) == (
        0, "jobs cancelled: 0; what is finished is kept in sweep\n",
    )  # fmt: skip
    assert nomoat("cancel", "nowhere").exit_code == 2
