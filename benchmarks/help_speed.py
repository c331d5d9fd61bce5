"""Time from typing `nomoat --help` to its end; the bound is 0.3 s. Run: python this file."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

REPEATS = 9
BOUND_SECONDS = 0.3


def seconds() -> float:
    """Return how long one call takes, in seconds."""
    command = Path(sys.executable).with_name("nomoat")
    began = time.perf_counter()
    subprocess.run([command, "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> int:
    """Print the median and the extremes; 1 if the median is over the bound."""
    times = sorted(seconds() for _ in range(REPEATS))
    median = statistics.median(times)
    print(f"nomoat --help: median {median:.3f} s, {times[0]:.3f} to {times[-1]:.3f}")
    return int(median > BOUND_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
