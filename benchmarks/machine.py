"""Where and with what the numbers were measured."""

import datetime
import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sim.version import model_version, provenance

PEERS = ("agentpy", "polars")
CPUINFO, MEMINFO = Path("/proc/cpuinfo"), Path("/proc/meminfo")


def found(path: Path, pattern: str) -> str:
    """First group of a pattern in a file of the system; empty if there is none."""
    try:
        match = re.search(pattern, path.read_text(), re.MULTILINE)
    except OSError:
        return ""
    return match[1] if match else ""


def versions() -> dict[str, str | None]:
    """Versions of the peers' packages, None where they are missing."""
    result: dict[str, str | None] = {}
    for name in PEERS:
        try:
            result[name] = version(name)
        except PackageNotFoundError:
            result[name] = None
    return result


def facts() -> dict[str, Any]:
    """Processor, memory, load, versions, commit, time."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "cpu": found(CPUINFO, r"^model name\s*:\s*(.+)$") or platform.processor(),
        "memory_bytes": int(found(MEMINFO, r"^MemTotal:\s+(\d+) kB") or 0) * 1024,
        "load": os.getloadavg()[0],
        "model_version": model_version(),
        **provenance(),
        **versions(),
    }
