"""Where a result comes from: the manifest of a run, with code, versions and machine."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

from experiments.machine import peak_memory, process_seconds
from sim.schemas import SCHEMA_VERSION
from sim.version import model_version, provenance

PACKAGES = (
    "nomoat",
    "mesa",
    "numpy",
    "scipy",
    "numba",
    "llvmlite",
    "pyarrow",
    "pydantic",
    "typer",
    "rich",
    "matplotlib",
    "networkx",
)


class Dumps(Protocol):
    """A tree of parameters that can be written down."""

    def model_dump(self, *, mode: str) -> dict[str, Any]: ...


class RunResult(Protocol):
    """What `sim.run` returns, as far as the manifest needs it."""

    @property
    def scenario(self) -> Dumps: ...
    @property
    def seed(self) -> int: ...
    @property
    def run_id(self) -> str: ...
    @property
    def tables(self) -> Mapping[str, Any]: ...
    @property
    def regime(self) -> str: ...
    @property
    def enterprises(self) -> int: ...
    @property
    def slots(self) -> int: ...
    @property
    def months(self) -> int: ...
    @property
    def seconds(self) -> float: ...


def manifest_of(result: RunResult) -> dict[str, Any]:
    """Return the manifest of a finished run; the folder adds tables and writing time.

    `seconds` is month 0 to last, `startup_seconds` what the process spent besides.
    """
    origin = provenance()
    return {
        "run_id": result.run_id,
        "scenario": result.scenario.model_dump(mode="json"),
        "seed": result.seed,
        "regime": result.regime,
        "enterprises": result.enterprises,
        "slots": result.slots,
        "months": result.months,
        "seconds": round(result.seconds, 4),
        "startup_seconds": round(max(0.0, process_seconds() - result.seconds), 4),
        "peak_memory_bytes": peak_memory(),
        "commit": origin["commit"],
        "dirty_diff": origin["dirty"],
        "versions": {"python": origin["python"], **{name: found(name) for name in PACKAGES}},
        "platform": origin["platform"],
        "cpu_level": origin["cpu_level"],
        "model_version": model_version(),
        "schema_version": SCHEMA_VERSION,
    }


def found(package: str) -> str:
    """Return the installed version of a package, or `missing`."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
