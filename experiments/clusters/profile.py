"""What a site wants: options of Slurm and Dask, from the command line or a file of the user's."""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Self

from sim.catalogue import shown
from sim.written import Fields, is_number, read_toml

MINUTES: Final = 20.0
"""What a job aims at."""
MOST_MINUTES: Final = 525_600
"""A year."""
MOST: Final = {
    "cpus": 10_000, "chunk": 10_000_000, "array_limit": 10_000_000, "max_in_flight": 10_000_000,
    "submissions": 1000,
}  # fmt: skip
"""Whole numbers, from 1."""
ARRAY_LIMIT: Final = 1000
SUBMISSIONS: Final = 3
WORD: Final = re.compile(r"[A-Za-z0-9_.,:=@+/-]{1,200}")
"""What a name may consist of: nothing that a shell or Slurm reads as anything but text."""
OPTION: Final = re.compile(
    r"--[a-z][a-z0-9-]*(=[A-Za-z0-9_.,:=@+/*\[\]-]+( [A-Za-z0-9_.,:=@+/*\[\]-]+)*)?"
)
"""The same for an option, with single blanks inside its value: it is one word of the command."""
GIVEN: Final = {
    "array": "chunks of the sweep are numbered by it; array_limit and max_in_flight set its size",
    "job-name": "jobs are found again by their names", "output": "logs are read where they are put",
    "error": "logs are read where they are put", "open-mode": "logs go on after a job is requeued",
    "parsable": "the number of a job is read from what sbatch says",
    "requeue": "jobs that a node loses are to start again",
    "no-requeue": "jobs that a node loses are to start again",
    "signal": "jobs are told in time to keep what is finished", "wrap": "the job is a script",
    "time": "jobs are told before their limit; set it by time",
    "ntasks": "a job is one task; cpus sets how many processes it has",
    "cpus-per-task": "a process is started on each; set it by cpus",
    "export": "jobs get the environment of sbatch; change it in setup",
    "export-file": "jobs get the environment of sbatch; change it in setup",
    "wait": "sbatch is to answer at once", "test-only": "nothing would be submitted",
    "help": "nothing would be submitted", "usage": "nothing would be submitted",
    "version": "nothing would be submitted",
}  # fmt: skip
"""Options of `sbatch` that the program gives itself or cannot work with, and why."""
OWN_FIELDS: Final = ("partition", "account", "qos")
"""Settings that an option may stand for where they are not set."""
MEMORY: Final = re.compile(r"[0-9]{1,12}[KMGTkmgt]?")
NO_MEMORY: Final = "none"
"""`mem` where the site is not to be asked for memory at all."""
TIME: Final = re.compile(r"(?:([0-9]{1,9})-)?([0-9]{1,9})(?::([0-9]{1,9}))?(?::([0-9]{1,9}))?")
QUEUES: Final = {
    "slurm": "SLURMCluster", "pbs": "PBSCluster", "lsf": "LSFCluster", "sge": "SGECluster",
}  # fmt: skip
"""Kinds of queue that Dask's workers can be jobs of, and what dask-jobqueue calls them."""
OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


class ProfileError(Exception):
    """A setting of the cluster is wrong; the text is one sentence."""


@dataclass(frozen=True)
class SlurmSettings:
    """How jobs are submitted to Slurm; None leaves a choice to the site or to what is measured."""

    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    time: str | None = None
    mem: str | None = None
    """Memory of a job; "none" asks for none."""
    cpus: int = 1
    """Cores of a job, each with a process."""
    minutes: float = MINUTES
    """What a job should last; sets how many runs it gets."""
    chunk: int | None = None
    """Runs of a job, instead of `minutes`."""
    array_limit: int | None = None
    """Most jobs of one `sbatch`; never more than the site's `MaxArraySize`."""
    max_in_flight: int | None = None
    """Most jobs of an array that run at once."""
    submissions: int = SUBMISSIONS
    """Times that a chunk none of whose runs end well is submitted."""
    options: tuple[str, ...] = ()
    """More options of `sbatch`, such as `--constraint=avx2`."""
    setup: tuple[str, ...] = ()
    """Shell lines before the job; as they are."""

    def __post_init__(self) -> None:
        """Raise ProfileError for values that no site can mean."""
        for name in ("partition", "account", "qos", "time", "mem"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, str) and WORD.fullmatch(value)):
                raise ProfileError(
                    f"{name} takes letters, digits and _.,:=@+/- only, in quotes, "
                    f"not {shown(value)}"
                )
        for name, most in MOST.items():
            value = getattr(self, name)
            if value is not None and (type(value) is not int or not 1 <= value <= most):
                raise ProfileError(
                    f"{name} must be a whole number from 1 to {most:,}, not {shown(value)}"
                )
        if not is_number(self.minutes) or not 0 < self.minutes <= MOST_MINUTES:
            raise ProfileError(
                f"minutes must be a number above 0, up to {MOST_MINUTES:,}, "
                f"not {shown(self.minutes)}"
            )
        if self.time is not None:
            seconds_of(self.time)
        self._check_options()
        self._check_memory()
        self._check_setup()

    def _check_options(self) -> None:
        if not isinstance(self.options, tuple):
            raise ProfileError(
                f"options must be one option in quotes or a list of them, not {shown(self.options)}"
            )
        for option in self.options:
            if not isinstance(option, str) or not OPTION.fullmatch(option):
                raise ProfileError(
                    "options are written like --constraint=avx2, with letters, digits, single "
                    f"blanks and _.,:=@+/*[]- in what they say, not {shown(option)}"
                )
            self._refuse_given(option)

    def _refuse_given(self, option: str) -> None:
        """Raise ProfileError for an option that would override what the program gives `sbatch`.

        Slurm takes the beginning of a name for the name, and the last of two equal options.
        """
        name = option.removeprefix("--").partition("=")[0]
        for known, why in GIVEN.items():
            if known.startswith(name):
                short = "" if known == name else f", for which Slurm may take --{name}"
                raise ProfileError(f"options cannot have --{known}{short}: {why}")
        for known in OWN_FIELDS:
            if known.startswith(name) and (value := getattr(self, known)) is not None:
                raise ProfileError(
                    f"options have {shown(option)} and {known} = {shown(value)}; keep one"
                )

    def _check_memory(self) -> None:
        if self.mem is None:
            return
        if self.mem != NO_MEMORY and not MEMORY.fullmatch(self.mem):
            raise ProfileError(
                f'mem is written like 4G or 500M, or "none" to ask for none, not {shown(self.mem)}'
            )
        if self.mem != NO_MEMORY and self.memory_options:
            raise ProfileError(
                f"mem = {shown(self.mem)} and {self.memory_options[0]} both set memory; keep one"
            )

    def _check_setup(self) -> None:
        lines = self.setup
        if not isinstance(lines, tuple) or not all(isinstance(line, str) for line in lines):
            raise ProfileError(
                f"setup must be a shell line in quotes or a list of them, not {shown(lines)}"
            )
        for line in lines:
            if any(not sign.isprintable() and sign != "\t" for sign in line):
                raise ProfileError(
                    "setup is one shell line or a list of shell lines, each without line breaks, "
                    f"not {shown(line)}"
                )

    @property
    def memory_options(self) -> list[str]:
        """Options that set memory, by which Slurm takes no `--mem` beside them."""
        found = [option for option in self.options if option.startswith("--mem")]
        # Slurm takes beginnings of names; --mem-bind says where memory lies, not how much.
        return [option for option in found if not option.startswith("--mem-b")]


@dataclass(frozen=True)
class DaskSettings:
    """Where Dask works: at a scheduler, on this machine, or in jobs of a cluster."""

    scheduler: str | None = None
    insecure: bool = False
    """Whether a scheduler on another machine may be spoken to without TLS."""
    jobqueue: Mapping[str, Any] = field(default_factory=dict)
    """`kind` (slurm, pbs, lsf, sge), `jobs`, and what dask-jobqueue takes for it."""

    def __post_init__(self) -> None:
        """Raise ProfileError for fields of the wrong kind."""
        if self.scheduler is not None and not isinstance(self.scheduler, str):
            raise ProfileError(
                f"scheduler is an address, such as tls://node1:8786, not {shown(self.scheduler)}"
            )
        if not isinstance(self.insecure, bool):
            raise ProfileError(f"insecure is true or false, not {shown(self.insecure)}")
        if not isinstance(self.jobqueue, Mapping):
            raise ProfileError(f"jobqueue is a table, not {shown(self.jobqueue)}")
        if self.jobqueue:
            refuse_queue(self.jobqueue)


def refuse_queue(queue: Mapping[str, Any]) -> None:
    """Raise ProfileError for a queue of which dask-jobqueue could make nothing.

    What else it takes differs by kind and release, so other fields are its own to refuse.
    """
    kind, jobs, interface = (queue.get(name) for name in ("kind", "jobs", "interface"))
    if kind not in tuple(QUEUES):
        raise ProfileError(f"jobqueue.kind is one of {', '.join(QUEUES)}, not {shown(kind)}")
    if type(jobs) is not int or jobs < 1:
        raise ProfileError(f"jobqueue.jobs must be a whole number from 1, not {shown(jobs)}")
    if not (isinstance(interface, str) and interface):
        raise ProfileError(
            "jobqueue.interface must be the network that nodes share, such as ib0, "
            f"not {shown(interface)}"
        )


@dataclass(frozen=True)
class Profile:
    """Settings of one site."""

    slurm: SlurmSettings = field(default_factory=SlurmSettings)
    dask: DaskSettings = field(default_factory=DaskSettings)

    def changed(self, slurm: Mapping[str, Any], dask: Mapping[str, Any]) -> Self:
        """The profile with what the command line says; None there leaves a setting as it is."""
        return replace(
            self, slurm=replace(self.slurm, **said(slurm)), dask=replace(self.dask, **said(dask))
        )


def said(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that were given."""
    return {name: value for name, value in settings.items() if value not in (None, (), False)}


def default_path() -> Path | None:
    """Where a profile is looked for: `nomoat/cluster.toml` in the user's configuration.

    None for a user who has no home directory, as some accounts of jobs.
    """
    declared = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    try:
        base = declared if declared.is_absolute() else Path.home() / ".config"
    except RuntimeError:
        return None
    return base / "nomoat" / "cluster.toml"


def read(path: Path | None) -> Profile:
    """The profile in a file; the default one need not exist.

    Raises ProfileError if it cannot be read, has unknown fields, or others may write it: its
    setup lines run in the user's name.
    """
    wanted = path or default_path()
    if wanted is None:
        return Profile()
    try:
        status = wanted.stat()
    except (OSError, ValueError) as error:
        if path is None and isinstance(error, (FileNotFoundError, NotADirectoryError)):
            return Profile()
        reason = getattr(error, "strerror", None) or error
        raise ProfileError(f"the profile {wanted} cannot be read: {reason}") from error
    if status.st_mode & OTHERS_MAY_WRITE or status.st_uid not in (os.getuid(), 0):
        raise ProfileError(
            f"others may write {wanted}, and its setup lines run in your name: chmod go-w {wanted}"
        )
    tree, label, _ = read_toml(wanted, ProfileError, str(wanted))
    found = Fields.of(tree, ProfileError, label, known=("slurm", "dask"))
    return Profile(_table(SlurmSettings, found, "slurm"), _table(DaskSettings, found, "dask"))


def _table[S: (SlurmSettings, DaskSettings)](kind: type[S], profile: Fields, name: str) -> S:
    """One table of a profile."""
    known = [one.name for one in fields(kind)]
    tree = Fields.of(profile.table(name), ProfileError, profile.label, (name,), known)
    try:
        return kind(**dict(_arguments(tree.tree)))
    except ProfileError as error:
        # Every sentence about a setting begins with its name, which says on which line it stands.
        field_name = str(error).split()[0].partition(".")[0]
        raise tree.wrong(field_name, str(error)) from error


def _arguments(tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Values of a table as settings take them: lists, or one text where a list may stand."""
    for name, value in tree.items():
        if name in ("options", "setup") and isinstance(value, str):
            yield name, (value,)
        else:
            yield name, tuple(value) if isinstance(value, list) else value


def seconds_of(time: str) -> int:
    """Seconds of a time limit as Slurm writes it: minutes, m:s, h:m:s, d-h, d-h:m, d-h:m:s."""
    found = TIME.fullmatch(time)
    if found is None:
        raise ProfileError(f"time is written like 30, 02:00:00 or 1-12:00:00, not {shown(time)}")
    days, *parts = found.groups()
    numbers = [int(part) for part in parts if part is not None]
    if days is not None:
        hours, minutes, seconds = [*numbers, 0, 0][:3]
    elif len(numbers) == 3:
        hours, minutes, seconds = numbers
    else:
        hours, (minutes, seconds) = 0, [*numbers, 0][:2]
    total = 86_400 * int(days or 0) + 3600 * hours + 60 * minutes + seconds
    if total <= 0:
        raise ProfileError(f"time must be above 0, not {time!r}")
    return total
