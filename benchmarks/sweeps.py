"""What a sweep adds to its runs: overhead, processes, planning, memory, beside mesa.batch_run.

`python -m benchmarks.sweeps parent RUNS` prints what a parent of so many runs holds in memory.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import mesa
import pyarrow as pa

from benchmarks.lines import Line
from benchmarks.runs import resident
from experiments.sweeps.engines import Engine, LocalProcesses, Tell, Work
from experiments.sweeps.events import Finished, Written
from experiments.sweeps.experiment import Experiment, built
from experiments.sweeps.folder import SweepFolder
from experiments.sweeps.outcomes import outcome_schema
from experiments.sweeps.plan import Worlds, replicate_seed
from experiments.sweeps.runner import begin, work
from sim import Market, run

OVERHEAD_MS, SPEEDUP, PLANNING_SECONDS = 3.0, 1.85, 5.0
FIRMS, MONTHS = 50, 6
PART: Final = "sweeps"
MANY: Final = 100_000
POINTS: Final = 10


def short_sweep(replicates: int) -> Experiment:
    """A sweep of short runs with the tables kept by default."""
    tree = {
        "name": "short", "months": MONTHS, "replicates": replicates,
        "settings": {"enterprise.population": FIRMS},
        "uncertainties": {"choice.risk_weight": {"levels": POINTS}},
        "outcomes": {
            "open": "share_tokens_open", "hhi": {"column": "hhi_spend", "reduce": "mean"},
            "spend": {"column": "spend", "reduce": "sum"}, "leader": "leader",
        },
        "design": {"kind": "grid"},
    }  # fmt: skip
    return built(tree, "short", "short", None, "")


def seconds_of(replicates: int, jobs: int) -> float:
    """Wall seconds of a whole sweep."""
    experiment = short_sweep(replicates)
    with tempfile.TemporaryDirectory() as place:
        folder = SweepFolder(Path(place) / "sweep")
        begin(experiment, folder)
        engine = LocalProcesses(jobs, 600.0, 8000.0)
        began = time.perf_counter()
        report = work(folder, engine, jobs)
        assert report.progress.finished == POINTS * replicates
        return time.perf_counter() - began


def steady(replicates: int, jobs: int, repeats: int) -> float:
    """Milliseconds a run in steady state: what three times the runs take more than once."""
    long = min(seconds_of(3 * replicates, jobs) for _ in range(repeats))
    short = min(seconds_of(replicates, jobs) for _ in range(repeats))
    return 1e3 * (long - short) / (2 * POINTS * replicates)


def bare(replicates: int) -> float:
    """Milliseconds a run without a sweep: ready scenarios in a loop, nothing stored."""
    experiment = short_sweep(1)
    worlds = Worlds(experiment)
    values = experiment.factors[0].grid()
    scenarios = [worlds.scenario({"choice.risk_weight": value}) for value in values]
    run(scenarios[0], seed=1, tables=())
    began = time.perf_counter()
    for replicate in range(replicates):
        for scenario in scenarios:
            run(scenario, seed=replicate_seed(1, replicate), tables=())
    return 1e3 * (time.perf_counter() - began) / (replicates * len(scenarios))


def batch(replicates: int) -> float:
    """Milliseconds a run of `mesa.batch_run` on the same model and points, one process."""
    experiment = short_sweep(1)
    values = list(experiment.factors[0].grid())
    parameters: dict[str, Any] = {
        "enterprise.population": FIRMS, "months": MONTHS, "choice.risk_weight": values,
    }  # fmt: skip

    def go(count: int) -> float:
        seeds = [replicate_seed(1, replicate) for replicate in range(count)]
        began = time.perf_counter()
        rows = mesa.batch_run(
            Market, parameters, rng=seeds, max_steps=MONTHS, number_processes=1,
            data_collection_period=-1, display_progress=False,
        )  # fmt: skip
        assert len(rows) == count * len(values)
        return time.perf_counter() - began

    return 1e3 * (go(3 * replicates) - go(replicates)) / (2 * replicates * len(values))


class Pretend:
    """An engine that says every run is done: what is left is the parent's own work."""

    def run(self, folder: SweepFolder, work: Work, tell: Tell) -> None:  # noqa: ARG002
        """Take every chunk and tell of its runs."""
        while (chunk := work.take()) is not None:
            for row in chunk.rows:
                tell(Finished(row, 0.01))
            tell(Written(chunk.rows))


def pretended(runs: int, engine: Engine) -> tuple[SweepFolder, float]:
    """A sweep of so many runs, planned and handed out; seconds of planning."""
    folder = SweepFolder(Path(tempfile.mkdtemp()) / "sweep")
    experiment = short_sweep(runs // POINTS)
    began = time.perf_counter()
    begin(experiment, folder)
    seconds = time.perf_counter() - began
    work(folder, engine, 2)
    return folder, seconds


def fill(folder: SweepFolder) -> None:
    """Store results for all runs but the last thousand, a thousand to a shard."""
    experiment = short_sweep(1)
    schema = outcome_schema(experiment.outcomes)
    ids = folder.design()["run_id"].to_pylist()[:-1000]
    market = run(Worlds(experiment).scenario({"choice.risk_weight": 0.1}), tables=()).tables[
        "market"
    ]
    market = market.select(["month", *experiment.market])
    for start in range(0, len(ids), 1000):
        part = ids[start : start + 1000]
        rows = [
            {
                "run_id": one,
                "open": 0.5,
                "hhi": float(i),
                "spend": 1.0,
                "leader": "A",
                "regime": "x",
            }
            for i, one in enumerate(part)
        ]
        repeated = [one for one in part for _ in range(MONTHS)]
        table = pa.concat_tables([market] * len(part))
        table = table.add_column(0, "run_id", pa.array(repeated))
        folder.store.commit(pa.Table.from_pylist(rows, schema), {"market": table})


def resumed(folder: SweepFolder) -> float:
    """Seconds until a sweep that is nearly finished hands out its first chunk."""

    class First:
        at = 0.0

        def run(self, folder: SweepFolder, work: Work, tell: Tell) -> None:  # noqa: ARG002
            work.take()
            self.at = time.perf_counter()

    engine, experiment = First(), short_sweep(MANY // POINTS)
    began = time.perf_counter()
    begin(experiment, folder)
    work(folder, engine, 2)
    return engine.at - began


def parent_memory(runs: int) -> float:
    """MB that a parent of so many runs holds at the most, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.sweeps", "parent", str(runs)]
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=root, text=True)
    return float(json.loads(done.stdout)["peak_mb"])


def measure(*, quick: bool) -> list[Line]:
    """The part's lines."""
    replicates, repeats = (20, 1) if quick else (100, 2)
    alone = bare(replicates)
    one, two = (steady(replicates, jobs, repeats) for jobs in (1, 2))
    theirs = batch(max(replicates // 4, 2))
    folder, planning = pretended(MANY, Pretend())
    fill(folder)
    small, large = parent_memory(1000), parent_memory(MANY)
    fewest = POINTS * replicates
    note = f"{FIRMS} firms, {MONTHS} months, {fewest:,} to {3 * fewest:,} runs"
    return [
        Line(PART, "a run without a sweep", alone, "ms", note=note),
        Line(PART, "a run in a sweep, one process", one, "ms"),
        Line(PART, "overhead of a sweep", one - alone, "ms/run", OVERHEAD_MS),
        Line(PART, "two processes against one", one / two, "times", SPEEDUP, at_least=True),
        Line(PART, "mesa.batch_run", theirs, "ms", note="same model and points, one process"),
        Line(PART, "mesa.batch_run / a sweep", theirs / one, "times", 1.0, at_least=True),
        Line(PART, "planning 10^5 runs", planning, "s", PLANNING_SECONDS),
        Line(PART, "resuming 10^5 runs", resumed(folder), "s", PLANNING_SECONDS),
        Line(PART, "parent's memory, 10^3 runs", small, "MB"),
        Line(PART, "parent's memory, 10^5 runs", large, "MB"),
    ]


def main(arguments: list[str]) -> None:
    """Print the memory of a parent."""
    assert arguments[0] == "parent"
    pretended(int(arguments[1]), Pretend())
    print(json.dumps({"peak_mb": resident("VmHWM") / 1e6}))


if __name__ == "__main__":
    main(sys.argv[1:])
