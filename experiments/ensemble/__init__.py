"""Plausible worlds: draws over all uncertain parameters that are consistent with the facts.

An ensemble is a folder that `nomoat ensemble build` makes. What other experiments need of it:

    from experiments.ensemble import members, prior, settings

    worlds = members("outputs/ensemble-...")      # an Arrow table, a row per world
    for row, changes in zip(worlds.to_pylist(), settings(worlds)):
        load("baseline", changes)                 # the scenario of that world
        row["weight"]                             # weights add up to 1
        row["run_ids"]                            # its runs to 2030-12 in the sweep `worlds/`

`members` are the worlds consistent with the facts, weighted; `prior` are the even draws over the
ranges that they were taken from, facts or no facts, each with the same weight. Both have the
columns

- `world`: name, wave and number in it; `wave`: the wave it was drawn in, from 1;
- `kept`: whether it is consistent with all facts; `weight`;
- `run_ids`: its runs to 2030-12 in the order of replicates; empty where it was not run so far;
- `implausibility`: the largest over the facts, infinite where one has no value; `misfit`: the sum
  of squares over them; `worst_fact`: the fact with the largest;
- `fact.ID`: the mean over replicates of each fact, its logarithm where the fact is a ratio;
- a column per uncertain parameter, named by its path.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from experiments.sweeps.reading import Sweep

HEAD = ("world", "wave", "kept", "weight", "run_ids", "implausibility", "misfit", "worst_fact")
"""Columns before those of facts and parameters."""
FACT = "fact."
"""Beginning of the columns of facts."""


def members(folder: "str | Path") -> "pa.Table":
    """The worlds consistent with the facts and their weights, which add up to 1.

    Raises EnsembleError if there is no finished ensemble; without survivors the table is empty.
    """
    import pyarrow.compute as pc

    draws = _draws(folder)
    return draws.filter(pc.greater(draws["weight"], 0.0))


def prior(folder: "str | Path") -> "pa.Table":
    """The even draws over the ranges of the parameters: the first wave, in its order.

    Any number of the first rows covers the ranges evenly (a Sobol sequence); so do those with
    `run_ids`, which are the first. Weights are equal.
    Raises EnsembleError if there is no finished ensemble.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    draws = _draws(folder)
    first = draws.filter(pc.equal(draws["wave"], 1))
    weight = pa.array(np.full(first.num_rows, 1.0 / max(first.num_rows, 1)))
    # Members were run wherever they stand; beyond the first worlds they would be too many here.
    most = summary(folder)["size"]["most"]
    ids = [found if row < most else [] for row, found in enumerate(first["run_ids"].to_pylist())]
    weighted = first.set_column(HEAD.index("weight"), "weight", weight)
    typed = pa.array(ids, pa.list_(pa.string()))
    return weighted.set_column(HEAD.index("run_ids"), "run_ids", typed)


def parameters(table: "pa.Table") -> list[str]:
    """Paths of the uncertain parameters: the columns of a table of worlds that hold settings."""
    return [name for name in table.column_names if name not in HEAD and not name.startswith(FACT)]


def settings(table: "pa.Table") -> list[dict[str, float]]:
    """The settings of each world of a table by path, as `sim.loading.load` takes them."""
    found: list[dict[str, float]] = table.select(parameters(table)).to_pylist()
    return found


def effective_size(table: "pa.Table") -> float:
    """How many worlds of equal weight a table is worth: (sum w)^2 / sum w^2; 0 if it is empty."""
    weight = table["weight"].to_numpy()
    return float(weight.sum() ** 2 / (weight**2).sum()) if len(weight) else 0.0


def sweep(folder: "str | Path") -> "Sweep":
    """The sweep of the runs to 2030-12 that `run_ids` name: members and worlds of the prior."""
    from experiments.ensemble.folder import EnsembleFolder
    from experiments.sweeps.reading import load

    place = EnsembleFolder(Path(folder))
    place.summary()
    return load(place.worlds_path)


def base(folder: "str | Path") -> "Path":
    """The scenario file that all worlds are changes of; `load(base(folder), settings)` is one."""
    from experiments.ensemble.folder import EnsembleFolder

    return EnsembleFolder(Path(folder)).base_path


def summary(folder: "str | Path") -> "Mapping[str, Any]":
    """What survives, what facts rule out and what they pin down, as `ensemble show --json`."""
    from experiments.ensemble.folder import EnsembleFolder

    return EnsembleFolder(Path(folder)).summary()


def _draws(folder: "str | Path") -> "pa.Table":
    from experiments.ensemble.folder import EnsembleFolder

    return EnsembleFolder(Path(folder)).draws()
