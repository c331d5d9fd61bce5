"""What a sweep will take: one of its runs, timed and weighed."""

import time
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from experiments.encoding import encode
from experiments.sweeps.experiment import Experiment
from experiments.sweeps.outcomes import REGIME, outcome_schema, tables_needed
from experiments.sweeps.plan import Worlds
from experiments.sweeps.work import stacked
from sim import run

LONG_SECONDS: Final = 5.0
"""A first run that took longer is not repeated to leave out what only a first run takes."""


@dataclass(frozen=True)
class Probe:
    """One run of a sweep. `size` is in bytes and an upper bound: larger shards compress better."""

    seconds: float
    size: int


def probe(experiment: Experiment, design: pa.Table) -> Probe:
    """Time and weigh the run in the middle of the design."""
    row = design.slice(design.num_rows // 2, 1).to_pylist()[0]
    scenario = Worlds(experiment).scenario(row)
    seconds = LONG_SECONDS
    needed = tables_needed(experiment.keep, experiment.outcomes)
    for _ in range(2):
        began = time.monotonic()
        result = run(scenario, seed=row["seed"], tables=needed)
        seconds = time.monotonic() - began
        if result.seconds > LONG_SECONDS:
            break
    tables = [result.tables[name] for name in experiment.keep]
    if experiment.market:
        tables.append(result.tables["market"].select(["month", *experiment.market]))
    values = {o.name: o.measure(result.tables) for o in experiment.outcomes}
    outcomes = pa.Table.from_pylist(
        [{"run_id": row["run_id"], **values, REGIME: result.regime}],
        outcome_schema(experiment.outcomes),
    )
    kept = [stacked([(row["run_id"], table)]) for table in tables]
    return Probe(seconds, sum(len(encode(table)) for table in (outcomes, *kept)))
