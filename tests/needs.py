"""What a test needs beyond the default groups: packages of an extra or group, or programs.

A test whose need is missing is skipped by the name of what brings it, and fails where
`NOMOAT_REQUIRE` (names with commas) lists that name: then it must be there.
"""

import os
from importlib.util import find_spec
from typing import Final

import pytest

PACKAGES: Final = {
    "ui": ("solara", "altair"),
    "dask": ("distributed",),
    "jobqueue": ("dask_jobqueue",),
    "mpi": ("mpi4py",),
    "bench": ("agentpy", "polars"),
    "readers": ("duckdb", "polars"),
    "browser": ("playwright", "axe_playwright_python"),
}
"""Packages by the extra or group that brings them."""


def required(name: str) -> bool:
    """Whether the absence of something fails."""
    return name in os.environ.get("NOMOAT_REQUIRE", "").split(",")


def absent(name: str) -> list[str]:
    """Packages of an extra or group that are not installed."""
    return [package for package in PACKAGES[name] if find_spec(package) is None]


def missing(name: str, what: str) -> None:
    """Skip for what is missing, the whole file while it is read; fail where `name` is required."""
    if required(name):
        pytest.fail(f"NOMOAT_REQUIRE has {name}, and {what} is missing", pytrace=False)
    pytest.skip(f"needs {name}: {what} is missing", allow_module_level=True)


def packages(name: str) -> None:
    """Skip or fail where a package of an extra or group is missing.

    At the head of a file, before it imports them; a test has `@pytest.mark.extra(name)` instead.
    """
    if found := absent(name):
        missing(name, ", ".join(found))
