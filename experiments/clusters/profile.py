"""What a site wants: options of Slurm and Dask, from the command line or a file of the user's."""

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Self

MINUTES: Final = 20.0
"""What a job aims at."""
ARRAY_LIMIT: Final = 1000
SUBMISSIONS: Final = 3
WORD: Final = re.compile(r"[A-Za-z0-9_.,:=@+/-]+")
"""What an option may consist of: nothing that a shell or Slurm reads as anything but text."""
OPTION: Final = re.compile(r"--[a-z][a-z0-9-]*(=[A-Za-z0-9_.,:=@+/*\[\]-]+)?")
TIME: Final = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")
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
                    f"{name} takes letters, digits and _.,:=@+/- only, not {value!r}"
                )
        for option in self.options:
            if not isinstance(option, str) or not OPTION.fullmatch(option):
                raise ProfileError(f"options are written like --constraint=avx2, not {option!r}")
        for name in ("cpus", "chunk", "array_limit", "max_in_flight", "submissions"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise ProfileError(f"{name} must be a whole number from 1, not {value!r}")
        if not isinstance(self.minutes, (int, float)) or not 0 < self.minutes < float("inf"):
            raise ProfileError(f"minutes must be a number above 0, not {self.minutes!r}")
        if self.time is not None:
            seconds_of(self.time)
        if not all(isinstance(line, str) and "\n" not in line for line in self.setup):
            raise ProfileError("setup is a list of shell lines")


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
            raise ProfileError("scheduler is an address, such as tls://node1:8786")
        if not isinstance(self.insecure, bool):
            raise ProfileError("insecure is true or false")
        if not isinstance(self.jobqueue, Mapping):
            raise ProfileError("jobqueue is a table")


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


def default_path() -> Path:
    """Where a profile is looked for: `nomoat/cluster.toml` in the user's configuration."""
    declared = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    base = declared if declared.is_absolute() else Path.home() / ".config"
    return base / "nomoat" / "cluster.toml"


def read(path: Path | None) -> Profile:
    """The profile in a file; the default one need not exist.

    Raises ProfileError if it cannot be read, has unknown fields, or others may write it: its
    setup lines run in the user's name.
    """
    wanted = path or default_path()
    if path is None and not wanted.exists():
        return Profile()
    try:
        status = wanted.stat()
        tree = tomllib.loads(wanted.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProfileError(f"the profile {wanted} cannot be read: {error}") from error
    if status.st_mode & OTHERS_MAY_WRITE or status.st_uid not in (os.getuid(), 0):
        raise ProfileError(
            f"others may write {wanted}, and its setup lines run in your name: chmod go-w {wanted}"
        )
    if strange := sorted(set(tree) - {"slurm", "dask"}):
        raise ProfileError(f"{wanted} has {', '.join(strange)}; known are slurm and dask")
    return Profile(
        _table(SlurmSettings, tree.get("slurm", {}), f"{wanted} [slurm]"),
        _table(DaskSettings, tree.get("dask", {}), f"{wanted} [dask]"),
    )


def _table[S: (SlurmSettings, DaskSettings)](kind: type[S], tree: Any, place: str) -> S:
    """One table of a profile."""
    if not isinstance(tree, dict):
        raise ProfileError(f"{place} is not a table")
    known = {one.name for one in fields(kind)}
    if strange := sorted(set(tree) - known):
        raise ProfileError(f"{place} has {', '.join(strange)}; known are {', '.join(known)}")
    lists = {name: tuple(tree[name]) for name in tree if isinstance(tree[name], list)}
    try:
        return kind(**{**tree, **lists})
    except ProfileError as error:
        raise ProfileError(f"{place}: {error}") from error


def seconds_of(time: str) -> int:
    """Seconds of a time limit as Slurm writes it: minutes, m:s, h:m:s, d-h, d-h:m, d-h:m:s."""
    found = TIME.fullmatch(time)
    if found is None:
        raise ProfileError(f"time is written like 30, 02:00:00 or 1-12:00:00, not {time!r}")
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
