"""Many runs: their store, sweeps, and what the facts say about them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.sweeps.reading import Sweep


def load(path: "str | Path") -> "Sweep":
    """Return the sweep stored in a folder, to be read lazily as Arrow tables.

    Raises `experiments.sweeps.folder.SweepError` if there is none.
    """
    from experiments.sweeps.reading import load as load_sweep

    return load_sweep(path)


def run(
    experiment: "str | Path", out: "str | Path", *, settings: "Mapping[str, object] | None" = None,
    replicates: int | None = None, seed: int | None = None, jobs: int = 1,
) -> "Sweep":  # fmt: skip
    """Run what is missing of an experiment and return its sweep, as `nomoat sweep run` does.

    experiment: name in the library or path of a TOML file. out: folder of the sweep.
    settings: parameters by path, on top of the file's. jobs: 1 works in this process, more in
    others: a script then needs `if __name__ == "__main__":`.
    Raises ExperimentError, ScenarioError or SweepError, one sentence each; failed runs are rows.
    A first Ctrl-C ends it after the runs under way, with all kept, and raises KeyboardInterrupt.
    """
    from experiments.sweeps.engines import Engine, InProcess, LocalProcesses
    from experiments.sweeps.experiment import Overrides, read
    from experiments.sweeps.folder import SweepFolder
    from experiments.sweeps.runner import begin, work

    overrides = Overrides(settings or {}, replicates=replicates, seed=seed)
    declared, folder = read(experiment, overrides), SweepFolder(Path(out))
    begin(declared, folder)
    limits = declared.limits
    engine: Engine = InProcess()
    if jobs > 1:
        engine = LocalProcesses(jobs, limits["seconds"], limits["memory_mb"])
    if work(folder, engine, jobs).stopped:
        raise KeyboardInterrupt(f"all finished runs are kept in {out}; the same call goes on")
    return load(out)
