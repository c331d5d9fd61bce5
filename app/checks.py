"""The checks of `nomoat doctor`: each says ok, warning or failed, and names the fix."""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agents.common.caches import private_directory, user_cache
from agents.common.compiled import cpu_level, inline_kernel
from app.shell import ENVIRONMENT, OK, shadows
from app.terminal import add, console, plain_table, short_warnings
from experiments.folder import OUTPUTS
from experiments.machine import available_memory, needed_memory
from experiments.provenance import PACKAGES, found
from sim.version import usable_cores

GOOD, WARNING, FAILED = "ok", "warning", "failed"
STYLES = {GOOD: None, WARNING: "yellow", FAILED: "bold red"}
OLDEST_PYTHON = (3, 12)
DEFAULT_POPULATION = 2_000
TIGHT_DISK, NO_DISK = 1_000_000_000, 50_000_000


@dataclass(frozen=True)
class Check:
    """What one check found; `fix` is empty when all is well."""

    status: str
    detail: str
    fix: str = ""


def python() -> Check:
    """The interpreter is new enough."""
    status = GOOD if sys.version_info >= OLDEST_PYTHON else FAILED
    detail = f"{platform.python_version()} at {sys.executable}"
    return Check(status, detail, "" if status == GOOD else "install Python 3.12 or later")


def packages() -> Check:
    """Everything the program imports is installed."""
    versions = {name: found(name) for name in PACKAGES}
    absent = [name for name, version in versions.items() if version == "missing"]
    if absent:
        return Check(FAILED, f"missing: {', '.join(absent)}", "run `uv sync`")
    return Check(GOOD, ", ".join(f"{name} {version}" for name, version in versions.items()))


def shadowing() -> Check:
    """No foreign package hides one of ours."""
    hidden = shadows()
    if not hidden:
        return Check(GOOD, "agents, sim, experiments, app are our own")
    words = ", ".join(f"{name} from {place}" for name, place in hidden.items())
    return Check(FAILED, words, "leave that directory or remove it from PYTHONPATH")


def cache() -> Check:
    """Compiled code can be kept between runs."""
    if private_directory("numba") is None:
        fix = "set XDG_CACHE_HOME to a directory that only you can write to"
        return Check(WARNING, "not writable: every run compiles anew", fix)
    return Check(GOOD, str(user_cache()))


def outputs() -> Check:
    """Results can be written, and none was left half-written."""
    place = existing(OUTPUTS)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        fix = "change to a writable directory or use --out"
        return Check(FAILED, f"{place}: {error.strerror}", fix)
    left = sorted(path.name for path in place.glob(".*.partial-*"))
    if left:
        return Check(WARNING, f"left by killed runs: {', '.join(left[:3])}", "delete them")
    return Check(GOOD, str(OUTPUTS.resolve()))


def disk() -> Check:
    """There is room for results."""
    free = shutil.disk_usage(existing(OUTPUTS)).free
    status = FAILED if free < NO_DISK else WARNING if free < TIGHT_DISK else GOOD
    return Check(status, f"{free / 1e9:.1f} GB free", "" if status == GOOD else "free some space")


def memory() -> Check:
    """The default run fits into memory."""
    free, needed = available_memory(), needed_memory(DEFAULT_POPULATION)
    status = GOOD if free >= needed else FAILED
    detail = f"{free / 1e9:.1f} GB free, the default run needs {needed / 1e9:.1f} GB"
    return Check(status, detail, "" if status == GOOD else "close other programs")


def processor() -> Check:
    """Cores, and the instruction set that results are computed with."""
    level = cpu_level()
    detail = f"{usable_cores()} usable cores, CPU level {level}"
    if level == "x86-64-v3":
        return Check(GOOD, detail)
    return Check(WARNING, detail, "results equal those of x86-64-v3 to 1e-6, not to the byte")


def compilation() -> Check:
    """The compiler works."""

    def plus_one(x: int) -> int:
        return x + 1

    status = GOOD if inline_kernel(plus_one)(41) == 42 else FAILED
    return Check(status, "numba compiles", "" if status == GOOD else "reinstall numba")


Checks = tuple[tuple[str, Callable[[], Check]], ...]
CHECKS: Checks = (
    ("python", python),
    ("packages", packages),
    ("shadowing", shadowing),
    ("cache", cache),
    ("outputs", outputs),
    ("disk", disk),
    ("memory", memory),
    ("processor", processor),
    ("compiler", compilation),
)


def existing(path: Path) -> Path:
    """Return the path or its nearest parent that exists."""
    absolute = path.absolute()
    return next(place for place in (absolute, *absolute.parents) if place.exists())


def outcome(check: Callable[[], Check]) -> Check:
    """Run one check; a check that breaks has failed."""
    try:
        return check()
    except Exception as error:
        if os.environ.get("NOMOAT_DEBUG") == "1":
            raise
        return Check(FAILED, f"{type(error).__name__}: {error}", "NOMOAT_DEBUG=1 shows where")


def report(checks: Checks) -> int:
    """Print a line per check; ENVIRONMENT if any failed."""
    short_warnings()
    table = plain_table("check", "state", "found", "fix")
    outcomes = [(name, outcome(check)) for name, check in checks]
    for name, found_ in outcomes:
        add(table, name, found_.status, found_.detail, found_.fix, style=STYLES[found_.status])
    console().print(table)
    return ENVIRONMENT if any(one.status == FAILED for _, one in outcomes) else OK
