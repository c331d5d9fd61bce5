"""Workers: results under their keys, errors in words, and a death that costs one job."""

import os
import signal
import time
from multiprocessing import active_children
from typing import Any

from experiments.workers import Done, Failed, Here, Pool, Workers


def work(job: str) -> str:
    """Do what the job says, in a process of its own."""
    if job == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if job == "wait":
        time.sleep(20)
    if job == "raise":
        raise ValueError("no such world")
    return f"{job} done"


def collect(pool: Pool[str, str], jobs: list[str]) -> dict[int, Done[str] | Failed]:
    """Answers to all jobs, by position."""
    answers, waiting = {}, list(enumerate(jobs))
    while len(answers) < len(jobs):
        while waiting and pool.free:
            pool.submit(*waiting.pop(0))
        key, answer = pool.next()
        answers[key] = answer
    return answers


def test_a_death_or_an_error_costs_its_own_job_only() -> None:
    with Workers(work, 2) as pool:
        answers: dict[int, Any] = collect(pool, ["a", "die", "raise", "b"])
    assert [answers[0], answers[3]] == [Done("a done"), Done("b done")]
    assert answers[2] == Failed("ValueError: no such world")
    assert "ended by signal 9" in answers[1].cause


def test_leaving_the_block_ends_jobs_under_way() -> None:
    with Workers(work, 1) as pool:
        pool.submit(0, "wait")
        assert not pool.free
        (process,) = active_children()
    assert process.exitcode == -signal.SIGKILL


def test_here_does_the_same_in_this_process() -> None:
    answers = collect(Here(work), ["a", "raise"])
    assert answers == {0: Done("a done"), 1: Failed("ValueError: no such world")}
