"""A chunk as a function call, for engines whose workers take calls: Dask and MPI."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from experiments.durable import StoreError
from experiments.encoding import NewerSchemaError
from experiments.sweeps.events import Chunk, Event, Failed, Finished, Refused
from experiments.sweeps.folder import SweepError, SweepFolder
from experiments.sweeps.work import Bench, work_on


@dataclass(frozen=True)
class Outcome:
    """How a chunk ended, by rows of the design; all of it is on disk."""

    finished: tuple[tuple[int, float], ...] = ()
    """Row and seconds."""
    failed: tuple[tuple[int, str], ...] = ()
    """Row and message."""
    refused: Refused | None = None


def do_chunk(path: str, rows: Sequence[int], version: str) -> Outcome:
    """Do rows of the sweep in a folder that was begun with a version of the model.

    Limits of a run are not kept: the process is the engine's.
    """
    folder = SweepFolder(Path(path))
    finished: list[tuple[int, float]] = []
    failed: list[tuple[int, str]] = []

    def tell(event: Event) -> None:
        folder.touch_lease()
        if isinstance(event, Finished):
            finished.append((event.row, event.seconds))
        elif isinstance(event, Failed):
            failed.append((event.row, event.message))

    try:
        with folder.lease():
            bench = bench_of(path, version, folder.manifest()["design_sha256"])
            work_on(bench, Chunk(tuple(rows)), tell, lambda: False)
    except (SweepError, StoreError, NewerSchemaError) as error:
        return Outcome(refused=Refused(str(error), isinstance(error, StoreError)))
    return Outcome(tuple(finished), tuple(failed))


@lru_cache(maxsize=2)
def bench_of(path: str, version: str, design: str) -> Bench:  # noqa: ARG001
    """The bench of a sweep, kept by a process from chunk to chunk while the design is the same."""
    return Bench(SweepFolder(Path(path)))


def close_quietly(*things: object) -> None:
    """Close what may be gone already."""
    for thing in things:
        with suppress(Exception):
            thing.close()  # type: ignore[attr-defined]
