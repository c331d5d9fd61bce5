"""What an engine adds: seconds of 200 short runs by local processes, Slurm, Dask, on loopback."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from unittest.mock import patch

from benchmarks.lines import Line
from benchmarks.sweeps import FIRMS, MONTHS, POINTS, short_sweep
from experiments.clusters.profile import DaskSettings, SlurmSettings
from experiments.clusters.slurm import Slurm
from experiments.sweeps.engines import Engine, LocalProcesses
from experiments.sweeps.folder import SweepFolder
from experiments.sweeps.runner import begin, work

# The Slurm that the tests start.
sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "system"))
from slurm_site import missing_programs, site

PART: Final = "clusters"
JOBS: Final = 2
MEMORY_MB: Final = 500


def seconds_of(engine: Engine, replicates: int, jobs: int = JOBS, size: int | None = None) -> float:
    """Wall seconds of a sweep of short runs, all of them finished."""
    with tempfile.TemporaryDirectory() as place:
        folder = SweepFolder(Path(place) / "sweep")
        begin(short_sweep(replicates), folder)
        began = time.perf_counter()
        report = work(folder, engine, jobs, size=size)
        assert report.progress.finished == POINTS * replicates
        return time.perf_counter() - began


@contextmanager
def slurm() -> Iterator[None]:
    """A Slurm that commands of this process speak to."""
    with (
        tempfile.TemporaryDirectory() as place,
        site(Path(place)) as found,
        patch.dict(os.environ, found.environment),
    ):
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        yield


def slurm_lines(replicates: int) -> list[Line]:
    """Arrays of few and of more jobs."""
    runs = POINTS * replicates
    found = []
    with slurm():
        for count in (JOBS, 4 * JOBS):
            size = runs // count
            engine = Slurm(SlurmSettings(chunk=size, time="10"), MEMORY_MB)
            seconds = seconds_of(engine, replicates, size=size)
            note = "one node of 4 CPUs declared, on loopback"
            found.append(Line(PART, f"Slurm, {count} jobs of {size}", seconds, "s", note=note))
    return found


def dask_lines(replicates: int) -> list[Line]:
    """Workers that are started for the sweep, and the same again."""
    from experiments.clusters.dask_engine import connected

    began = time.perf_counter()
    with connected(DaskSettings(), JOBS) as engine:
        start = time.perf_counter() - began
        first = seconds_of(engine, replicates)
        second = seconds_of(engine, replicates)
    return [
        Line(PART, f"Dask, {JOBS} workers started for it", start + first, "s"),
        Line(PART, f"Dask, {JOBS} workers that have worked before", second, "s"),
    ]


def measure(*, quick: bool) -> list[Line]:
    """The part's lines; engines that are not installed are left out."""
    replicates = 4 if quick else 20
    local = LocalProcesses(JOBS, 600.0, 8000.0)
    seconds_of(local, 1)  # the fork server has the model afterwards
    note = f"{POINTS * replicates} runs of {FIRMS} firms, {MONTHS} months"
    lines = [Line(PART, f"local, {JOBS} processes", seconds_of(local, replicates), "s", note=note)]
    if not missing_programs():
        lines += slurm_lines(replicates)
    if find_spec("distributed") is not None:
        lines += dask_lines(replicates)
    return lines
