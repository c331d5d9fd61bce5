"""Commands killed at random moments, called again, and held against one that was left alone.

Compared is every file but those that say how and when the work was done: of sweeps `telemetry/` and
`failures/`, of a manifest the fields in `OF_THE_MACHINE`, of a calibration the seconds and numbers
of trials in its journal. Sweeps are compared after a compaction, because a kill decides which runs
lie in which shard.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import killing
import pytest
import sweeping
from killing import Command

KILLS = 20
CLAIM = """
id = "small"
statement = "Open models are used."
question = "Q3"
months = 25
[outcomes]
share = { column = "share_tokens_open", reduce = "mean", last = 6 }
[[conditions]]
outcome = "share"
above = 0.05
"""
OF_THE_MACHINE = (
    "seconds", "startup_seconds", "peak_memory_bytes", "write_seconds", "created", "commit",
    "dirty_diff",
)  # fmt: skip
"""Times, memory, and the state of the clone, which may change between two calls."""
FIRMS = ("--enterprises", "60")
QUIET = ("--jobs", "1", "--quiet", "--out", "out")
Files = dict[str, bytes]


@dataclass(frozen=True)
class Victim:
    """A command to be killed.

    words: its arguments. early: kills crowd at the beginning of its work, when it writes.
    begun: whether it has begun, by its directory. prepare: makes what it needs in a directory.
    """

    words: tuple[str, ...]
    begun: Callable[[Path], bool]
    prepare: Callable[[Path], None] = lambda _: None
    early: bool = False

    def in_directory(self, directory: Path) -> Command:
        """The command, ready to be called there."""
        directory.mkdir()
        self.prepare(directory)
        return Command(self.words, directory, partial(self.begun, directory))


def has_folder(directory: Path) -> bool:
    """Whether the folder that is written to is there."""
    return (directory / "out").exists()


def writes_a_run(directory: Path) -> bool:
    """Whether a folder is being written that gets its name at the end."""
    return any(directory.glob(".out*"))


def has_lease(directory: Path) -> bool:
    """Whether a process says that it writes to the sweep."""
    return any(directory.glob("out/writers/*.json"))


def put_claim(directory: Path) -> None:
    """A claim of the smallest length."""
    (directory / "small.toml").write_text(CLAIM)


def put_sweep(directory: Path) -> None:
    """A copy of a finished sweep in many shards."""
    many = directory.with_name("many")
    if not many.exists():
        sweeping.swept(many, jobs=8, replicates=4)
    shutil.copytree(many, directory / "out")


VICTIMS = {
    "run": Victim(
        ("run", *FIRMS, "--months", "12", "--quiet", "--out", "out"), writes_a_run, early=True
    ),
    "compact": Victim(("sweep", "compact", "out"), has_lease, put_sweep),
    "ensemble": Victim(
        ("ensemble", "build", "--draws", "32", "--waves", "2", "--replicates", "2", *FIRMS,
         "--members", "2", *QUIET), has_folder,
    ),
    "claims": Victim(
        ("claims", "run", "small.toml", "--raw-only", "--worlds", "8", "--wide", "8",
         "--switched", "0", "--replicates", "2", *FIRMS, *QUIET), has_folder, put_claim,
    ),
    "game": Victim(
        ("game", "run", "--players", "openai,meta", "--strategies", "open,closed",
         "--replicates", "2", "--rounds", "2", "--months", "12", *FIRMS, *QUIET), has_folder,
    ),
    "calibrate": Victim(
        ("calibrate", "--over", "choice.theta,host.markup", "--trials", "4", "--seeds", "1",
         "--confirm", "2", *FIRMS, "--jobs", "1", "--json", "--out", "out"), has_folder,
    ),
}  # fmt: skip


def contents(path: Path) -> Files:
    """All files of a result that only the command decides."""
    sweeps = [design.parent for design in path.rglob("design.parquet")]
    for sweep in sweeps:
        sweeping.compacted(sweep)
    return {
        str(file.relative_to(path)): stripped(file)
        for file in sorted(path.rglob("*"))
        if file.is_file() and file.parent.name not in ("telemetry", "failures")
    }


def stripped(file: Path) -> bytes:
    """The bytes of a file without what is of the machine and the hour."""
    if file.name == "journal.log":
        return trials(file)
    if file.name == "manifest.json":
        facts = json.loads(file.read_text())
        return json.dumps({k: v for k, v in facts.items() if k not in OF_THE_MACHINE}).encode()
    return file.read_bytes()


def trials(journal: Path) -> bytes:
    """The trials of a journal by their place in the search, and what fresh seeds measured."""
    from experiments.evidence.trials import Trials

    found = Trials(journal, write=False)
    records = [
        (one.index, one.parameters, one.seeds, one.medians, one.hits, one.key_hits, one.loss)
        for one in found.records()
    ]
    confirmed: dict[str, Any] = dict(sorted(found._study.user_attrs.items()))
    return json.dumps([records, confirmed]).encode()


@cache
def undisturbed(name: str, directory: Path) -> tuple[Files, float]:
    """What a command leaves that nobody disturbs, and the seconds its work takes."""
    command = VICTIMS[name].in_directory(directory / name)
    seconds = command.finish()
    assert killing.leftovers(command.directory) == []
    return contents(command.directory / "out"), seconds


@pytest.fixture(scope="module")
def oracles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where commands are called that nobody disturbs."""
    pytest.importorskip("optuna")
    return tmp_path_factory.mktemp("oracles")


def check_kill(name: str, number: int, directory: Path, oracles: Path) -> None:
    """Kill a command at its moment, call it again, and compare."""
    victim = VICTIMS[name]
    right, seconds = undisturbed(name, oracles)
    share = killing.moment(name, number)
    delay = seconds * (share**3 if victim.early else share)
    command = victim.in_directory(directory / "torn")
    alive = command.kill_after(delay)
    log = f"{name}, kill {number}: {delay:.4f} s of {seconds:.4f} s into its work, alive: {alive}"
    command.finish()
    assert killing.leftovers_for_good(command.directory) == [], log
    found = contents(command.directory / "out")
    differing = sorted(
        file for file in right.keys() | found.keys() if right.get(file) != found.get(file)
    )
    assert differing == [], log
    shutil.rmtree(command.directory)


@pytest.mark.system
@pytest.mark.parametrize("name", ["run", "compact", "game"])
def test_a_command_that_is_killed_goes_on_to_the_same_bytes(
    name: str, tmp_path: Path, oracles: Path
) -> None:
    check_kill(name, KILLS, tmp_path, oracles)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(KILLS))
@pytest.mark.parametrize("name", VICTIMS)
def test_twenty_kills_of_a_command(name: str, number: int, tmp_path: Path, oracles: Path) -> None:
    check_kill(name, number, tmp_path, oracles)
