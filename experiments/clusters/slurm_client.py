"""Slurm's commands: one submission, one question about all jobs, one cancellation at a time."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from experiments.clusters.profile import NO_MEMORY, SlurmSettings, seconds_of
from experiments.clusters.rounds import Array, Round

PATIENCE_SECONDS: Final = 60.0
"""For one command."""
MOST_BYTES: Final = 256_000_000
"""Of what a command prints."""
WORDS_SHOWN: Final = 600
"""Letters of what a command says, in a sentence."""
COMMANDS: Final = ("sbatch", "squeue", "scontrol", "scancel")
ELSEWHERE: Final = "submit on a login node of the cluster"
MODULE: Final = "experiments.clusters.job"
SMALLEST_NOTICE: Final = 60
FIELDS: Final = "%F|%K|%U|%T|%r|%o"
LINE: Final = re.compile(r"(\d{1,12})\|([^|]*)\|(\d{1,12})\|([A-Z_]+)\|([^|]*)\|(.*)")
ARGUMENT: Final = re.compile(r" \d+\Z")
"""The first chunk of an array, behind the script that was submitted."""
NUMBER: Final = re.compile(r"(\d{1,12})(;\S*)?")
BATCH: Final = 500
"""Jobs that one command names."""


class ClusterError(Exception):
    """The cluster does not do what it was asked; the text is one sentence."""


class SilentError(ClusterError):
    """A command of the cluster did not answer."""


class UnclearError(ClusterError):
    """Nobody knows whether the cluster took a submission."""


@dataclass(frozen=True)
class Element:
    """One job of an array, as the queue shows it."""

    job: str
    index: int
    script: str
    """What was submitted: as Slurm remembers it, not as a file says that somebody may have given
    us."""
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
    """What a command prints, bytes that are no UTF-8 as in names of files.

    Raises ClusterError with what it says if it fails, SilentError if it does not answer.
    """
    # In a process group of its own: a Ctrl-C in the terminal is ours to act on, not the command's.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                words, stdout=output, stderr=errors, stdin=subprocess.DEVNULL, process_group=0,
                env={**os.environ, "LC_ALL": "C"},
            )  # fmt: skip
        except FileNotFoundError as error:
            raise ClusterError(f"{words[0]} is not on this machine: {ELSEWHERE}") from error
        except OSError as error:
            raise ClusterError(f"{words[0]} cannot be run: {error.strerror}") from error
        try:
            wait_for(process, words[0], output)
        finally:
            with suppress(OSError):
                process.kill()
            process.wait()
        if process.returncode:
            said = " ".join((read(errors) or read(output)).split())[-WORDS_SHOWN:]
            code = process.returncode
            raise ClusterError(f"{words[0]} failed: {said or f'exit code {code}'}")
        return read(output)


def wait_for(process: "subprocess.Popen[bytes]", name: str, output: IO[bytes]) -> None:
    """Wait for the end of a command; raises SilentError if it takes or says too much."""
    began = time.monotonic()
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(min(1.0, PATIENCE_SECONDS))
            return
        if time.monotonic() - began >= PATIENCE_SECONDS:
            raise SilentError(f"{name} did not answer within {PATIENCE_SECONDS:g} seconds")
        if os.fstat(output.fileno()).st_size > MOST_BYTES:
            raise SilentError(f"{name} printed more than {MOST_BYTES / 1e6:,.0f} MB, and no end")


def read(output: IO[bytes]) -> str:
    """What stands in a file of output."""
    output.seek(0)
    return os.fsdecode(output.read(MOST_BYTES))


def missing() -> list[str]:
    """Commands of Slurm that are not on this machine."""
    return [name for name in COMMANDS if shutil.which(name) is None]


def largest_array() -> int:
    """Most jobs of one array here."""
    found = re.search(
        r"^MaxArraySize\s*=\s*(\d{1,9})\s*$", call("scontrol", "show", "config"), re.M
    )
    if found is None:
        raise ClusterError("scontrol show config names no MaxArraySize: is this a Slurm?")
    most = int(found[1])
    if most < 1:
        raise ClusterError("this Slurm takes no job arrays (MaxArraySize is 0)")
    return most


def queue(scripts: Collection[str]) -> list[Element]:
    """Jobs of this user that were submitted as one of these scripts, and wait or run.

    One question, however many. What tells whose a job is comes from Slurm alone: a name can be
    chosen by whoever gives a folder away. Raises ClusterError for an answer that cannot be read,
    since jobs that are not seen would be submitted again.
    """
    if not scripts:
        return []
    wanted, user = set(scripts), str(os.getuid())
    found = []
    for line in call("squeue", "--noheader", "--me", "--array", f"--format={FIELDS}").split("\n"):
        if not line.strip():
            continue
        fields = LINE.fullmatch(line.strip())
        if fields is None:
            raise ClusterError(f"squeue printed a line that is no job: {line[:WORDS_SHOWN]!r}")
        job, index, owner, state, reason, submitted = fields.groups()
        path = ARGUMENT.sub("", submitted)
        if owner == user and path in wanted:
            found.append(Element(job, int(index) if index.isdecimal() else 0, path, state, reason))
    return found


def cancel(elements: Sequence[Element]) -> None:
    """End all jobs of the arrays that these belong to."""
    cancel_ids(sorted({one.job for one in elements}))


def cancel_elements(elements: Sequence[Element]) -> None:
    """End single jobs of arrays."""
    cancel_ids([f"{one.job}_{one.index}" for one in elements])


def cancel_ids(ids: Sequence[str]) -> None:
    """End jobs by what the queue calls them."""
    for first in range(0, len(ids), BATCH):
        call("scancel", *ids[first : first + BATCH])


def submit(words: Sequence[str]) -> str:
    """Submit; the job's id.

    Raises ClusterError if the jobs are not taken, UnclearError if they may or may not be.
    """
    try:
        said = call(*words)
    except ClusterError as error:
        if isinstance(error, SilentError) or "timed out" in str(error).lower():
            raise UnclearError(f"{error}; its jobs may have been taken or not") from error
        raise
    # Sites put words of their own before the answer.
    answer = NUMBER.fullmatch(said.strip().rpartition("\n")[2].strip())
    if answer is None:
        shown = said.strip()[:WORDS_SHOWN]
        raise UnclearError(
            f"{words[0]} answered {shown!r} instead of a job's number; its jobs may have been "
            "taken or not"
        )
    return answer[1]


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
