"""What was given to a cluster: rounds of chunks, as files of the sweep that its jobs read.

`cluster/<number>/plan.json` in the sweep's folder says which rows of the design each chunk has. A
directory is made by whoever submits first, so that two processes never submit the same round.
"""

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypedDict

import numpy as np
from pydantic import Field, TypeAdapter

from experiments.durable import StoreError
from experiments.stored import (
    Count,
    DocumentError,
    document,
    entries,
    is_directory,
    opened,
    own_directory,
    regular,
)
from experiments.sweeps.folder import CLUSTER, SweepFolder
from experiments.sweeps.manifest import MOST_RUNS

OPEN, OVER, CANCELLED = "open", "over", "cancelled"
TAIL_LINES: Final = 12
TAIL_BYTES: Final = 4000
JOB_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,99}")
NUMBER: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
"""Name of a round's directory."""
UNFINISHED_SECONDS: Final = 5.0
"""How long a round that another process just makes may have no plan."""


Pair = Annotated[list[Count], Field(min_length=2, max_length=2)]


class Plan(TypedDict):
    """A round as its file has it."""

    model_version: str
    retry: bool
    state: Literal["open", "over", "cancelled"]
    lost: list[Count]
    arrays: list[Annotated[list[str | Count], Field(min_length=3, max_length=3)]]
    failures: list[Count]
    chunks: list[list[Pair]]


SHAPE: Final = TypeAdapter(Plan)


@dataclass(frozen=True)
class Task:
    """A chunk as it is given to a cluster."""

    rows: tuple[int, ...]
    failures: int = 0
    """Earlier submissions in which none of its runs was finished."""


@dataclass(frozen=True)
class Array:
    """Chunks submitted by one command: `count` of a round's, from `first`."""

    name: str
    first: int
    count: int


@dataclass
class Round:
    """Chunks submitted together.

    path: its directory. retry: whether runs that failed earlier are done, too. state: whether jobs
    of it may be under way. lost: chunks that are not submitted again.
    """

    path: Path
    tasks: list[Task]
    arrays: list[Array]
    model_version: str
    retry: bool = False
    state: str = OPEN
    lost: list[int] = field(default_factory=list)

    @property
    def number(self) -> int:
        """Its place among the rounds of the sweep."""
        return int(self.path.name)

    @property
    def plan_path(self) -> Path:
        """What jobs read."""
        return self.path / "plan.json"

    @property
    def script_path(self) -> Path:
        """The job as it is submitted."""
        return self.path / "job.sh"

    @property
    def script(self) -> str:
        """The script's path as Slurm knows it: it tells the jobs of this round from all others."""
        return str(self.script_path.resolve())

    @property
    def refusal_path(self) -> Path:
        """What a job says if no job can do its work."""
        return self.path / "refused.txt"

    @property
    def logs(self) -> Path:
        """A file for each chunk, of what its jobs print."""
        return self.path / "logs"

    def log_path(self, chunk: int) -> Path:
        """What a chunk's jobs print: named by the array and the place in it."""
        first = max(one.first for one in self.arrays if one.first <= chunk)
        return self.logs / f"{first}-{chunk - first}.log"

    @property
    def submitted(self) -> int:
        """Chunks that are in an array."""
        return sum(array.count for array in self.arrays)

    def tail(self, chunk: int) -> str:
        """The end of a chunk's log; empty if there is none."""
        return tail_of(self.log_path(chunk))

    def sweep_logs(self) -> None:
        """Remove logs in which nothing stands: those of jobs that went well."""
        if self.logs.is_symlink():
            return
        for log in self.logs.glob("*.log"):
            with suppress(OSError):
                if regular(log).st_size == 0:
                    log.unlink()

    def document(self) -> dict[str, Any]:
        """The round for its file."""
        return {
            "model_version": self.model_version, "retry": self.retry, "state": self.state,
            "lost": self.lost,
            "arrays": [[one.name, one.first, one.count] for one in self.arrays],
            "failures": [task.failures for task in self.tasks],
            "chunks": [ranges(task.rows) for task in self.tasks],
        }  # fmt: skip

    @classmethod
    def at(cls, path: Path) -> "Round":
        """The round in a directory; raises OSError or DocumentError where there is none."""
        tree = document(path / "plan.json", SHAPE)
        label = path / "plan.json"
        if len(tree["chunks"]) != len(tree["failures"]):
            raise DocumentError(f"{label}: chunks and failures are not of one length")
        pairs = [pair for chunk in tree["chunks"] for pair in chunk]
        if not all(first < end <= MOST_RUNS for first, end in pairs):
            raise DocumentError(f"{label}: chunks are no ranges of rows")
        if sum(end - first for first, end in pairs) > MOST_RUNS:
            raise DocumentError(f"{label}: chunks have more rows than a sweep may have")
        if any([*map(type, one)] != [str, int, int] for one in tree["arrays"]):
            raise DocumentError(f"{label}: an array is not a name and two numbers")
        tasks = [
            Task(tuple(rows_of(one)), failures)
            for one, failures in zip(tree["chunks"], tree["failures"], strict=True)
        ]
        arrays = [Array(*one) for one in tree["arrays"]]
        found = cls(
            path, tasks, arrays, tree["model_version"], tree["retry"], tree["state"], tree["lost"]
        )
        if not found.sound():
            raise DocumentError(f"{label}: arrays and lost chunks do not fit the chunks")
        return found

    def sound(self) -> bool:
        """Whether the parts fit together: named arrays of all chunks in order, known lost ones."""
        firsts = list(accumulate((one.count for one in self.arrays), initial=0))
        return (
            [one.first for one in self.arrays] == firsts[:-1]
            and firsts[-1] == len(self.tasks)
            and all(JOB_NAME.fullmatch(one.name) for one in self.arrays)
            and all(one < len(self.tasks) for one in self.lost)
        )

    def save(self, folder: SweepFolder) -> None:
        """Put the round's file in place; raises StoreError if that fails."""
        page = json.dumps(self.document(), separators=(",", ":"))
        folder.disk.replace(self.plan_path, page.encode())


def tail_of(path: Path) -> str:
    """The last lines of a log; empty if there is none."""
    with suppress(OSError), opened(path) as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - TAIL_BYTES))
        text = file.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-TAIL_LINES:])
    return ""


def ranges(rows: Sequence[int]) -> list[list[int]]:
    """Rows as pairs of a first one and the one after the last, in their order."""
    found = np.asarray(rows, np.int64)
    breaks = np.flatnonzero(np.diff(found) != 1) + 1
    return [[int(part[0]), int(part[-1]) + 1] for part in np.split(found, breaks) if len(part)]


def rows_of(pairs: Sequence[Sequence[int]]) -> Iterator[int]:
    """The rows of ranges."""
    for first, end in pairs:
        yield from range(first, end)


def home(folder: SweepFolder) -> Path:
    """Where the rounds of a sweep are."""
    return folder.path / CLUSTER


def label(folder: SweepFolder, identity: str, version: str) -> str:
    """A name for a sweep's jobs, of letters and digits, that no other folder's have.

    identity, version: of the experiment and the model.
    """
    address = f"{folder.path.resolve()}\0{identity}\0{version}"
    return f"nomoat-{hashlib.sha256(os.fsencode(address)).hexdigest()[:12]}"


def directories(folder: SweepFolder) -> list[Path]:
    """The directories of all rounds, in order; a link is none."""
    if not is_directory(home(folder)):
        return []
    found = [path for path in entries(home(folder)) if NUMBER.fullmatch(path.name)]
    return sorted((path for path in found if is_directory(path)), key=lambda path: int(path.name))


def rounds(folder: SweepFolder) -> list[Round]:
    """All rounds of a sweep in order."""
    found = []
    for path in directories(folder):
        with suppress(OSError, DocumentError):
            found.append(Round.at(path))
    return found


def unsettled(folder: SweepFolder) -> list[Round]:
    """Rounds that are not over; waits for one that another process just makes."""
    limit = time.monotonic() + UNFINISHED_SECONDS
    while time.monotonic() < limit and any(
        time.time() - path.stat().st_mtime < UNFINISHED_SECONDS
        for path in directories(folder)
        if not (path / "plan.json").exists()
    ):
        time.sleep(0.2)
    return [one for one in rounds(folder) if one.state != OVER]


def open_rounds(folder: SweepFolder) -> list[Round]:
    """Rounds whose jobs may be under way, and that nobody cancelled."""
    return [one for one in unsettled(folder) if one.state == OPEN]


def next_number(folder: SweepFolder) -> int:
    """The number of a new round."""
    taken = [int(path.name) for path in entries(home(folder)) if NUMBER.fullmatch(path.name)]
    return 1 + max(taken, default=0)


def planned(
    folder: SweepFolder, name: str, tasks: Sequence[Task], version: str, limit: int, *, retry: bool
) -> Round:
    """A round of chunks that is on no disk yet, in arrays of at most `limit`."""
    number = next_number(folder)
    arrays = [
        Array(f"{name}-{number}-{first}", first, min(limit, len(tasks) - first))
        for first in range(0, len(tasks), limit)
    ]
    return Round(home(folder) / f"{number:04}", list(tasks), arrays, version, retry)


def make(one: Round, folder: SweepFolder, script: str) -> bool:
    """Write a planned round; false if another process made one of this number meanwhile.

    Raises StoreError if it cannot be written, FolderError if it would be written elsewhere.
    """
    own_directory(home(folder))
    try:
        home(folder).mkdir(exist_ok=True)
        one.path.mkdir()
    except FileExistsError:
        return False
    except OSError as error:
        raise StoreError.of(error, one.path, "nothing was submitted") from error
    try:
        one.logs.mkdir()
    except OSError as error:
        raise StoreError.of(error, one.path, "nothing was submitted") from error
    folder.disk.replace(one.script_path, os.fsencode(script))
    one.save(folder)
    return True
