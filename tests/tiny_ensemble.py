"""A tiny ensemble of the real model, for tests."""

from dataclasses import replace
from pathlib import Path

from experiments.ensemble.building import Plan, Size, build, plan_of
from experiments.ensemble.folder import EnsembleFolder
from experiments.sweeps.engines import InProcess
from experiments.sweeps.experiment import Experiment
from experiments.sweeps.folder import SweepFolder
from experiments.sweeps.runner import work
from sim.loading import load, to_toml
from sim.version import model_version

FIRMS, DRAWS, REPLICATES = 80, 3, 2
MEASURED = ("open-use-2024", "gap-2024-12")
"""Facts of which so small a market has values."""


def tiny() -> Plan:
    """Three worlds held against facts that may lie anywhere."""
    plan = plan_of(load("baseline"), Size(DRAWS, 1, REPLICATES, FIRMS, 1), 5)
    facts = [replace(f, discrepancy=100.0) for f in plan.facts if f.id in MEASURED]
    return replace(plan, facts=tuple(facts))


def in_process(_: Experiment, folder: SweepFolder) -> None:
    """Do a sweep in this process."""
    work(folder, InProcess(), 1)


def made(path: Path) -> EnsembleFolder:
    """Begin or resume the tiny ensemble."""
    plan, folder = tiny(), EnsembleFolder(path)
    folder.prepare(plan.identity(model_version()), to_toml(plan.scenario))
    build(plan, folder, in_process)
    return folder
