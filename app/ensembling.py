"""What `nomoat ensemble build` does: size, plan, run with progress, report."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.clusters import Place
from app.shell import OK, InputError, say
from app.terminal import print_json, short_warnings
from app.working import HERE, OPTIONS, kept, refuse_budget, refuse_decided, worker
from experiments.ensemble.building import Size, build, plan_of
from experiments.ensemble.folder import EnsembleFolder, default_path
from experiments.ensemble.sizing import sized
from experiments.evidence.checks import all_checks
from experiments.evidence.loss import refuse_late
from experiments.evidence.space import POPULATION
from sim.loading import assignment, canonical, load, to_toml
from sim.scenario import Scenario
from sim.version import model_version, usable_cores

DRAWS, MEMBERS = 512, 150
"""Size unless something else is asked for."""
DECIDED = {**OPTIONS, "months": "runs go as far as facts and forecast need"}
"""Parameters that an ensemble gives a value of its own, and what to do instead."""


@dataclass(frozen=True)
class Request:
    """One call of `nomoat ensemble build`."""

    scenario: str
    overrides: list[str]
    budget: float | None
    draws: int | None
    waves: int
    replicates: int
    enterprises: int
    members: int | None
    seed: int
    jobs: int | None
    out: Path | None
    json: bool
    quiet: bool
    place: Place = HERE

    def asked(self, scenario: Scenario) -> dict[str, Any]:
        """What names the folder: everything but how the machine is used."""
        return {
            "scenario": list(canonical(scenario)), "budget": self.budget, "draws": self.draws,
            "waves": self.waves, "replicates": self.replicates, "members": self.members,
            "enterprises": self.enterprises, "seed": self.seed,
        }  # fmt: skip


def execute(request: Request) -> int:
    """Build what is missing and report; Ctrl-C keeps all finished runs."""
    short_warnings()
    refuse_late(all_checks())
    if request.budget is not None and (request.draws or request.members):
        raise InputError("--budget chooses --draws and --members; give one or the other")
    if request.budget is not None and request.budget <= 0:
        raise InputError("--budget is a number of minutes above 0")
    refuse_budget(request.place, request.budget, "--draws")
    refuse_decided(request.overrides, DECIDED)
    work = worker(request.place, request.jobs, silent=request.json or request.quiet)
    overrides = dict(map(assignment, request.overrides))
    scenario = load(request.scenario, overrides)
    load(request.scenario, {**overrides, POPULATION: request.enterprises})
    folder = EnsembleFolder(request.out or default_path(request.asked(scenario)))
    plan = plan_of(scenario, size_of(request, scenario, folder), request.seed, overrides)
    folder.prepare(plan.identity(model_version()), to_toml(scenario))
    with kept(folder.path), folder.alone():
        summary = build(plan, folder, work)
    report(request, folder, summary)
    return OK


def size_of(request: Request, scenario: Scenario, folder: EnsembleFolder) -> Size:
    """The size asked for; with a budget that of the folder if it was begun before."""
    size = Size(
        request.draws or DRAWS, request.waves, request.replicates, request.enterprises,
        request.members or MEMBERS,
    )  # fmt: skip
    if request.budget is None:
        return size
    if folder.exists():
        stored = folder.identity()["size"]
        return replace(size, draws=stored["draws"], most=stored["most"])
    if not request.quiet and not request.json:
        say("timing some runs to see what fits into the budget")
    return sized(scenario, size, request.budget, request.jobs or usable_cores())


def report(request: Request, folder: EnsembleFolder, summary: dict[str, Any]) -> None:
    """Print what survives."""
    if request.json:
        print_json({"folder": str(folder.path), **summary})
    elif not request.quiet:
        from app.ensemble_views import print_survival

        print_survival(folder, summary)
