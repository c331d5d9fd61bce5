"""Memory this machine offers and a run needs, and the time since the process began."""

import os
import re
import resource
import sys
import time
from pathlib import Path

BYTES_PER_SLOT = 48
SLOTS_PER_FIRM = 6
BYTES_PER_FIRM = 200
BYTES_BASE = 400_000_000
UNLIMITED = 1 << 60
CGROUP = Path("/sys/fs/cgroup")
MEMINFO = Path("/proc/meminfo")


def needed_memory(enterprises: int) -> int:
    """Return the bytes that a run with so many simulated firms is expected to need."""
    return BYTES_BASE + enterprises * (SLOTS_PER_FIRM * BYTES_PER_SLOT + BYTES_PER_FIRM)


def largest_population(memory: int) -> int:
    """Return how many simulated firms fit into `memory` bytes, to two digits; 0 if none."""
    firms = max(0, memory - BYTES_BASE) // (SLOTS_PER_FIRM * BYTES_PER_SLOT + BYTES_PER_FIRM)
    digits = max(0, len(str(firms)) - 2)
    return int(firms // 10**digits * 10**digits)


def available_memory() -> int:
    """Return the bytes that can still be used without swapping; huge if the system keeps quiet."""
    match = re.search(r"^MemAvailable:\s+(\d+) kB", read(MEMINFO), re.MULTILINE)
    free = int(match[1]) * 1024 if match else UNLIMITED
    limit, used = read(CGROUP / "memory.max"), read(CGROUP / "memory.current")
    if limit.isdigit() and used.isdigit():
        free = min(free, max(0, int(limit) - int(used)))
    return free


def read(path: Path) -> str:
    """Return a small system file without the last line end, empty if there is none."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def peak_memory() -> int:
    """Return the largest resident size of this process so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


IMPORTED = time.monotonic()


def process_seconds() -> float:
    """Return the seconds since the operating system started this process.

    Where the system does not tell, since this module was imported.
    """
    ticks = process_start(os.getpid())
    if ticks is None or not hasattr(time, "CLOCK_BOOTTIME"):
        return time.monotonic() - IMPORTED
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")


def process_start(pid: int) -> int | None:
    """Return when a process was started, in clock ticks since boot; None if it cannot be told."""
    fields = process_fields(pid)
    return int(fields[19]) if len(fields) >= 20 else None


def process_fields(pid: int) -> list[str]:
    """Return what the system tells of a process after its name, the state first."""
    return read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()


def process_started(pid: int, ticks: int | None) -> bool:
    """Return whether the process `pid` lives and is the one that was started then.

    One that ended lives no more, even if nobody asked yet how it ended.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    if process_fields(pid)[:1] in (["Z"], ["X"]):
        return False
    return ticks is None or process_start(pid) == ticks


def process_space() -> str:
    """Return a name of where this process's number means this process; empty if it is unknown.

    Two containers may share a host name and number their processes alike: the boot of the machine
    with the numbering that a process is in tells them apart.
    """
    try:
        numbering = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
    boot = read(Path("/proc/sys/kernel/random/boot_id"))
    return f"{boot} {numbering}" if boot else ""


def resident_memory(pid: int) -> int:
    """Return the bytes of memory a process occupies now; 0 if it cannot be told."""
    fields = read(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if len(fields) > 1 else 0
