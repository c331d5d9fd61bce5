"""What is said at an end before the end: what is kept, what goes on, what was cancelled."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app import checks, cluster_checks, sweeping
from app.clusters import Staff, going_on
from app.working import StoppedError, kept
from experiments.clusters import slurm_client
from experiments.clusters.profile import SlurmSettings
from experiments.clusters.rounds import Round
from experiments.clusters.slurm import Slurm
from experiments.clusters.slurm_client import ClusterError, Element
from experiments.sweeps.engines import InProcess
from experiments.sweeps.folder import SweepFolder

FOLDER = SweepFolder(Path("outputs/x"))


def slurm(*, busy: bool) -> Slurm:
    """An engine with or without jobs under way."""
    engine = Slurm(SlurmSettings(), 500)
    engine._open = [Round(Path("0001"), [], [], "v")] if busy else []
    return engine


def test_only_jobs_that_may_go_on_are_said_to_go_on() -> None:
    assert going_on(FOLDER, InProcess()) == going_on(FOLDER, slurm(busy=False)) == ""
    assert going_on(FOLDER, slurm(busy=True)) == (
        "; jobs that Slurm has go on, too, until nomoat sweep cancel outputs/x"
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (StoppedError(), "stopped; all finished runs are kept in x, the same command goes on"),
        (
            StoppedError("; jobs go on"),
            "stopped; all finished runs are kept in x, the same command goes on; jobs go on",
        ),
        (
            KeyboardInterrupt(),
            "stopped; runs that were written are kept in x, the same command goes on",
        ),
        (KeyboardInterrupt("stopped at once"), "stopped at once"),
    ],
)
def test_a_command_made_of_sweeps_says_what_is_kept(error: BaseException, words: str) -> None:
    with pytest.raises(KeyboardInterrupt) as caught, kept(Path("x")):
        raise error
    assert str(caught.value) == words


@pytest.mark.parametrize("busy", [True, False])
def test_a_second_ctrl_c_says_what_is_kept(monkeypatch: pytest.MonkeyPatch, busy: bool) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sweeping, "work", interrupted)
    experiment: Any = SimpleNamespace(name="x")
    with pytest.raises(KeyboardInterrupt) as caught:
        sweeping.run_to_end(experiment, FOLDER, Staff(slurm(busy=busy), 1), silent=True)
    assert "runs that were written are kept in outputs/x" in str(caught.value)
    assert ("sweep cancel" in str(caught.value)) == busy


@pytest.mark.parametrize("trouble", [KeyboardInterrupt(), ClusterError("squeue failed"), None])
def test_the_doctor_leaves_no_job_behind(
    monkeypatch: pytest.MonkeyPatch, trouble: BaseException | None
) -> None:
    ended: list[str] = []

    def queue(scripts: list[str]) -> list[Element]:
        if trouble is not None:
            raise trouble
        return [Element("7", 0, scripts[0], "PENDING", "Priority")]

    monkeypatch.setattr(slurm_client, "queue", queue)
    monkeypatch.setattr(slurm_client, "cancel_ids", ended.extend)
    if trouble is None:
        element = cluster_checks.waited("/x/job.sh", "7", -1.0)
        assert element is not None
        assert element.state == "PENDING"
    else:
        with pytest.raises(type(trouble)):
            cluster_checks.waited("/x/job.sh", "7", 60.0)
    assert ended == ["7"]


def test_the_doctor_shows_where_a_check_broke(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> checks.Check:
        raise ZeroDivisionError("by zero")

    assert checks.outcome(broken).fix == "NOMOAT_DEBUG=1 shows where"
    monkeypatch.setitem(os.environ, "NOMOAT_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        checks.outcome(broken)
