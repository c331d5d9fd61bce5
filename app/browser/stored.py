"""Stored runs and sweeps, chosen by name from what lies in the outputs folder, never by a path.

Imports nothing of Solara, which reads its settings when it is imported.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.browser.frame import Frame, stored_frame
from app.browser.settings import RUN_ID
from experiments.escape import for_terminal
from experiments.folder import OUTPUTS, FolderError, RunFolder, find_runs, run_id_of
from experiments.sweeps.folder import SweepError, SweepFolder
from experiments.sweeps.reading import Sweep
from experiments.sweeps.work import Bench
from sim.market import Market

BANDS: Final = (5.0, 25.0, 50.0, 75.0, 95.0)
"""Percentiles of a fan."""
NAMED: Final = 8
"""Sweeps named where one is not found."""


def stored_runs() -> dict[str, RunFolder]:
    """Runs in the outputs folder by id, latest first; links are not followed.

    Only those whose id an address can carry; sweeps and what is damaged have none.
    """
    found = {run_id_of(run): run for run in find_runs(OUTPUTS)}
    return {run_id: run for run_id, run in found.items() if RUN_ID.fullmatch(run_id)}


def load_run(run_id: str) -> Frame:
    """The last month of a stored run; raises FolderError if there is none of that id."""
    known = stored_runs()
    if run_id not in known:
        raise FolderError(f"no run {run_id} in {OUTPUTS}/; `nomoat show` lists them")
    return stored_frame(known[run_id])


def stored_sweeps() -> dict[str, SweepFolder]:
    """Sweeps in the outputs folder by name, nothing else that lies there; links are not followed.

    A run has a manifest of the same name: what is in it tells them apart.
    """
    if not OUTPUTS.is_dir():
        return {}
    paths = sorted(path for path in OUTPUTS.iterdir() if path.is_dir() and not path.is_symlink())
    folders = (SweepFolder(path) for path in paths if not path.name.startswith("."))
    return {folder.path.name: folder for folder in folders if is_sweep(folder)}


def is_sweep(folder: SweepFolder) -> bool:
    """Whether a sweep that can be read is stored there."""
    try:
        folder.manifest()
    except SweepError:
        return False
    return True


@dataclass(frozen=True)
class StoredSweep:
    """A sweep as the page shows it: the finished runs, and the months kept of them."""

    name: str
    question: str
    levers: tuple[str, ...]
    uncertainties: tuple[str, ...]
    outcomes: tuple[str, ...]
    runs: pa.Table
    """A row a finished run: run_id, arm, replicate, the factors, the outcomes."""
    series: Mapping[str, NDArray[np.float64]]
    """Kept columns of the market table, (runs, months), in the order of `runs`."""

    @property
    def factors(self) -> tuple[str, ...]:
        """What differs between runs: levers first."""
        return self.levers + self.uncertainties

    def fan(self, column: str, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Percentiles `BANDS` of a kept column over the chosen runs, (percentiles, months)."""
        values = self.series[column][chosen]
        known = np.isfinite(values).any(axis=0)
        found = np.full((len(BANDS), values.shape[1]), np.nan)
        found[:, known] = np.nanpercentile(values[:, known], BANDS, axis=0)
        return found


def load_sweep(name: str) -> StoredSweep:
    """The finished runs of a stored sweep; raises SweepError if there is none of that name."""
    sweep = Sweep(_sweep_folder(name))
    runs = sweep.outcomes()
    columns = list(sweep.facts["identity"]["market"])
    return StoredSweep(
        name, sweep.facts["question"], tuple(sweep.levers),
        tuple(sweep.uncertainties), tuple(sweep.outcome_names), runs,
        _series(sweep, runs, columns) if columns and runs.num_rows else {},
    )  # fmt: skip


def _series(sweep: Sweep, runs: pa.Table, columns: list[str]) -> dict[str, NDArray[np.float64]]:
    """Kept columns as (runs, months); NaN where a number is missing."""
    table = sweep.table("market", ["month", *columns])
    table = table.sort_by([("replicate", "ascending"), ("point", "ascending"),
                           ("month", "ascending")])  # fmt: skip
    numbers = [name for name in columns if not pa.types.is_string(table[name].type)]
    return {
        name: table[name].to_numpy().astype(float).reshape(runs.num_rows, -1) for name in numbers
    }


def open_run(name: str, run_id: str) -> Frame:
    """A run of a sweep, simulated again to its end; raises SweepError if it cannot be."""
    bench = Bench(_sweep_folder(name))
    rows = bench.design["run_id"].to_pylist()
    if run_id not in rows:
        raise SweepError(f"no run {run_id} in the sweep {for_terminal(name)}")
    row = bench.row(rows.index(run_id))
    market = Market(bench.scenario(row), rng=row["seed"])
    for _ in range(market.parameters.months):
        market.step()
    return Frame(
        0, f"{market.parameters.name}, run {run_id}", market.seed, market.month,
        market.parameters.months, market.until, market.tables(), None,
    )  # fmt: skip


def _sweep_folder(name: str) -> SweepFolder:
    known = stored_sweeps()
    if name not in known:
        names = ", ".join(list(known)[:NAMED]) or "none"
        raise SweepError(
            f"no sweep {for_terminal(name)} in {OUTPUTS}/; sweeps there: {for_terminal(names)}"
        )
    return known[name]


def matching(sweep: StoredSweep, wanted: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Which runs have the wanted factors: a value, or a (low, high) of numbers, by name."""
    found = np.ones(sweep.runs.num_rows, bool)
    for name, value in wanted.items():
        values = sweep.runs[name].to_pylist()
        if isinstance(value, tuple):
            low, high = value
            found &= np.array([low <= number <= high for number in values], bool)
        else:
            found &= np.array([shown == value for shown in values], bool)
    return found
