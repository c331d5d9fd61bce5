"""Doing the sweeps that ensembles, claims and games are made of, here or on a cluster."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app import clusters
from app.clusters import LOCAL, Place, Staff
from app.shell import InputError
from app.sweeping import local_staff, refuse_too_large, run_to_end
from experiments.clusters.slurm import Slurm
from experiments.clusters.slurm_client import ClusterError
from experiments.sweeps.experiment import Experiment
from experiments.sweeps.folder import SweepFolder
from sim.loading import assignment
from sim.version import usable_cores

Work = Callable[[Experiment, SweepFolder], None]
HERE: Final = Place()
OPTIONS: Final = {
    "enterprise.population": "give --enterprises",
    "seed": "give --seed",
}
"""What is given by an option of its own wherever many runs are made."""


def refuse_budget(place: Place, minutes: float | None, instead: str) -> None:
    """Raise InputError for a budget of time on a cluster, whose speed nobody knows."""
    if minutes is not None and place.engine != LOCAL:
        raise InputError(
            f"--budget is planned for this machine; with --engine {place.engine} give {instead}"
        )


def refuse_decided(overrides: Sequence[str], decided: Mapping[str, str]) -> None:
    """Raise InputError for a --set that would be overruled.

    decided: parameters that the command gives a value of its own, and what to do instead.
    """
    for text in overrides:
        path, _ = assignment(text)
        if path in decided:
            raise InputError(f"--set {path} would be overruled: {decided[path]}")


class StoppedError(Exception):
    """Ctrl-C: what was run is kept; the text says what goes on elsewhere, if anything does."""


@contextmanager
def kept(path: Path) -> Iterator[None]:
    """Say at a Ctrl-C what is kept in a folder, if nothing inside said more.

    Raises KeyboardInterrupt with that sentence.
    """
    try:
        yield
    except StoppedError as stop:
        raise KeyboardInterrupt(
            f"stopped; all finished runs are kept in {path}, the same command goes on{stop}"
        ) from stop
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(
            str(stop)
            or f"stopped; runs that were written are kept in {path}, the same command goes on"
        ) from stop


def worker(place: Place, jobs: int | None, *, silent: bool) -> Work:
    """A function that does what is missing of a sweep, under a progress bar.

    jobs: processes on this machine, all usable cores if None. Raises InputError, ProfileError or
    ClusterError for an engine that cannot be used; the function raises StoppedError, and
    ClusterError if a cluster gave runs up.
    """
    profile = clusters.profile_of(place)

    def work(experiment: Experiment, folder: SweepFolder) -> None:
        if place.engine == LOCAL:
            processes = jobs or usable_cores()
            refuse_too_large(experiment, processes)
            do(experiment, folder, local_staff(experiment, processes))
            return
        with clusters.staffed(
            place, profile, experiment, folder, jobs=jobs, retry_failed=False
        ) as staff:
            do(experiment, folder, staff)

    def do(experiment: Experiment, folder: SweepFolder, staff: Staff) -> None:
        if run_to_end(experiment, folder, staff, silent=silent).stopped:
            raise StoppedError(clusters.going_on(folder, staff.engine))
        if isinstance(staff.engine, Slurm) and staff.engine.lost:
            for one in staff.engine.lost[: clusters.SHOWN_LOST]:
                clusters.say_lost(one)
            raise ClusterError(
                f"{sum(one.runs for one in staff.engine.lost):,} runs of {folder.path} are left "
                "whose jobs ended without a result; the same command tries again"
            )

    return work
