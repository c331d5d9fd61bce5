"""A function with a known answer in place of the market, through a real sweep and its store."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
import tomli_w

from experiments.sweeps import runner, work
from experiments.sweeps.engines import InProcess
from experiments.sweeps.experiment import built
from experiments.sweeps.factors import value_at
from experiments.sweeps.folder import SweepFolder
from experiments.sweeps.reading import Sweep, load
from sim.loading import run_id
from sim.version import model_version

UNIT = (
    "capability.imitation", "capability.publication", "capability.publication_share",
    "choice.taste_spread", "finance.royalty", "pricing.subsidy", "pricing.subsidy_small",
    "choice.retender",
)  # fmt: skip
"""Parameters that take any number from 0 to 1."""

Toy = Callable[[Any, int], tuple[float | None, str]]
"""Of a scenario and a seed: the outcome `y`, and the regime."""


def positions(scenario: Any, count: int) -> list[float]:
    """Values of the first parameters of `UNIT`."""
    return [float(value_at(scenario, path) or 0.0) for path in UNIT[:count]]


def in_place_of_the_market(toy: Toy) -> AbstractContextManager[None]:
    """Let sweeps in this process run the toy."""

    def made(scenario: Any, seed: int) -> tuple[dict[str, pa.Table], str]:
        value, regime = toy(scenario, seed)
        market = {"month": [0], "adoption": pa.array([value], pa.float64())}
        return {"market": pa.table(market)}, regime

    return running(made)


@contextmanager
def running(made: Callable[[Any, int], tuple[dict[str, pa.Table], str]]) -> Iterator[None]:
    """Let runs of sweeps in this process be what `made` gives: tables and a regime."""

    def run(scenario: Any, *, seed: int, **_: Any) -> Any:
        found, regime = made(scenario, seed)
        name = run_id(scenario, seed, model_version())
        return SimpleNamespace(tables=found, regime=regime, run_id=name, seconds=0.0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work, "run", run)
        yield


def swept(
    path: Path, toy: Toy, count: int, design: Mapping[str, Any], *, replicates: int = 1,
    seed: int = 1, levers: Mapping[str, Any] | None = None,
) -> Sweep:  # fmt: skip
    """A finished sweep of the toy over the first parameters of `UNIT`, from 0 to 1."""
    tree = {
        "months": 1, "replicates": replicates, "seed": seed, "market": [],
        "uncertainties": {name: {"low": 0.0, "high": 1.0} for name in UNIT[:count]},
        "levers": levers or {}, "outcomes": {"y": "adoption"}, "design": dict(design),
    }  # fmt: skip
    experiment = built(tree, "toy.toml", "toy", None, tomli_w.dumps(tree))
    folder = SweepFolder(path)
    runner.begin(experiment, folder)
    with in_place_of_the_market(toy):
        report = runner.work(folder, InProcess(), 1)
    assert not report.progress.failed, report.progress.latest_failure
    return load(path)
