"""Slurm's commands: one submission, one question about all jobs, one cancellation at a time."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from experiments.clusters.profile import NO_MEMORY, SlurmSettings, seconds_of
from experiments.clusters.rounds import Array, Round

PATIENCE_SECONDS: Final = 60.0
"""For one command."""
COMMANDS: Final = ("sbatch", "squeue", "scontrol", "scancel")
ELSEWHERE: Final = "submit on a login node of the cluster"
MODULE: Final = "experiments.clusters.job"
SMALLEST_NOTICE: Final = 60
FIELDS: Final = "%F|%K|%j|%T|%r"


class ClusterError(Exception):
    """The cluster does not do what it was asked; the text is one sentence."""


@dataclass(frozen=True)
class Element:
    """One job of an array, as the queue shows it."""

    job: str
    index: int
    name: str
    state: str
    reason: str

    @property
    def running(self) -> bool:
        """Whether it has a node."""
        return self.state in ("RUNNING", "COMPLETING", "SUSPENDED", "STOPPED")

    @property
    def stuck(self) -> bool:
        """Whether Slurm put it aside and will not start it by itself."""
        return self.state in ("REQUEUE_HOLD", "SPECIAL_EXIT") or (
            self.state == "PENDING"
            and (self.reason == "JobHeldAdmin" or "requeued held" in self.reason)
        )


def call(*words: str) -> str:
    """What a command prints; raises ClusterError with what it says if it fails."""
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, errors="replace", check=False,
            stdin=subprocess.DEVNULL, timeout=PATIENCE_SECONDS, env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    except FileNotFoundError as error:
        raise ClusterError(f"{words[0]} is not on this machine: {ELSEWHERE}") from error
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"{words[0]} did not answer within {error.timeout:g} seconds") from error
    if done.returncode:
        said = " ".join(done.stderr.split())[-600:] or f"exit code {done.returncode}"
        raise ClusterError(f"{words[0]} failed: {said}")
    return done.stdout


def missing() -> list[str]:
    """Commands of Slurm that are not on this machine."""
    return [name for name in COMMANDS if shutil.which(name) is None]


def largest_array() -> int:
    """Most jobs of one array here."""
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", call("scontrol", "show", "config"), re.M)
    most = int(found[1]) if found else 0
    if most < 1:
        raise ClusterError("this Slurm takes no job arrays (MaxArraySize is 0)")
    return most


def queue(names: Sequence[str]) -> list[Element]:
    """All jobs with these names that wait or run: one question, however many."""
    if not names:
        return []
    words = ("squeue", "--noheader", "--me", "--array", f"--name={','.join(names)}")
    found = []
    for line in call(*words, f"--format={FIELDS}").splitlines():
        job, index, name, state, reason = line.strip().split("|", 4)
        found.append(Element(job, int(index) if index.isdigit() else 0, name, state, reason))
    return found


def cancel(names: Sequence[str]) -> None:
    """End all jobs with these names."""
    for name in names:
        call("scancel", f"--name={name}")


def cancel_elements(elements: Sequence[Element]) -> None:
    """End single jobs of arrays."""
    if elements:
        call("scancel", *(f"{one.job}_{one.index}" for one in elements))


def submit(words: Sequence[str]) -> str:
    """Submit an array; its job id."""
    return call(*words).strip().partition(";")[0]


def script(folder: Path, one: Round, settings: SlurmSettings) -> str:
    """The job of a round; the first chunk of its array is its argument."""
    words = ("-m", MODULE, str(folder.resolve()), one.path.name)
    return job_script(settings, *words, end=' "$1"')


def job_script(settings: SlurmSettings, *words: str, end: str = "") -> str:
    """The user's setup lines, and then the interpreter that is running now.

    It replaces the shell, so that signals of Slurm arrive.
    """
    line = f"exec {shlex.join((sys.executable, '-P', *words))}{end}"
    return "".join(f"{line}\n" for line in ("#!/bin/bash", *settings.setup, line))


def command(
    one: Round, array: Array, settings: SlurmSettings, memory_mb: int, notice: int
) -> list[str]:
    """The submission of an array.

    memory_mb: asked for if the settings do not say. notice: seconds before the time limit at which
    a job is told to end.
    """
    throttle = f"%{settings.max_in_flight}" if settings.max_in_flight else ""
    log = str(one.path.resolve()).replace("%", "%%") + f"/logs/{array.first}-%a.log"
    return [
        "sbatch", "--parsable", f"--job-name={array.name}",
        f"--array=0-{array.count - 1}{throttle}", f"--output={log}", f"--error={log}",
        "--requeue", "--open-mode=append", f"--signal=B:USR2@{notice}",
        *options(settings, memory_mb), f"--time={time_limit(settings)}", *settings.options,
        str(one.script_path.resolve()), str(array.first),
    ]  # fmt: skip


def options(settings: SlurmSettings, memory_mb: int) -> list[str]:
    """What a site is asked for besides time; no memory where an option or nobody is to ask."""
    unasked = settings.mem == NO_MEMORY or settings.memory_options
    chosen = {
        "cpus-per-task": settings.cpus,
        "mem": None if unasked else settings.mem or f"{memory_mb}M",
        "partition": settings.partition, "account": settings.account, "qos": settings.qos,
    }  # fmt: skip
    return ["--ntasks=1", *(f"--{name}={value}" for name, value in chosen.items() if value)]


def time_limit(settings: SlurmSettings) -> str:
    """What is asked for: what is said, or twice what a job should last and ten minutes."""
    return settings.time or str(int(2 * settings.minutes) + 10)


def notice_before_end(settings: SlurmSettings, run_seconds: float | None) -> int:
    """Seconds before the time limit at which a job is told: enough for the runs under way."""
    wanted = SMALLEST_NOTICE + 2 * (run_seconds or 0.0)
    return int(max(1, min(wanted, seconds_of(time_limit(settings)) / 2)))
