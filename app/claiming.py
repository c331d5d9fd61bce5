"""What `nomoat claims run` does: which claims, over which worlds, how many, and the ledger."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from app.clusters import Place
from app.ensemble_views import found as found_ensemble
from app.shell import INTERRUPTED, OK, InputError, refuse_missing, say
from app.terminal import print_json, short_warnings
from app.working import HERE, StoppedError, refuse_budget, worker
from experiments.claims.claim import Claim, ClaimError, library, read
from experiments.claims.ledger import (
    ASKED,
    Size,
    default_path,
    identity,
    parts_of,
    prepare,
    run,
    runs_of,
)
from experiments.claims.sweep import Runs
from experiments.claims.worlds import Worlds, from_ensemble, from_ranges
from experiments.ensemble import summary
from experiments.ensemble.sizing import TIMED, changed, timed
from sim.loading import load, to_toml
from sim.version import usable_cores

WORLDS: Final = 36
FEWEST: Final = 5
"""Worlds of each kind below which no share says anything."""
ENOUGH: Final = 16
"""Worlds of each kind that come before mechanisms, early interventions and what is only reported
in a budget."""
SWITCHED: Final = 6
"""Of so many worlds one is run with every mechanism switched."""
SPARE: Final = 0.85
"""Of a budget, that is planned for."""


@dataclass(frozen=True)
class Request:
    """One call of `nomoat claims run`."""

    ids: tuple[str, ...]
    budget: float | None
    ensemble: Path | None
    raw_only: bool
    worlds: int | None
    replicates: int
    enterprises: int
    seed: int
    jobs: int | None
    out: Path | None
    json: bool
    quiet: bool
    place: Place = HERE
    switched: int | None = None


def execute(request: Request) -> int:
    """Run, judge, report; 130 if interrupted with all runs kept."""
    short_warnings()
    refuse_missing("ema_workbench", "nomoat claims run", "analysis")
    if request.budget is not None and (request.worlds or request.budget <= 0):
        raise InputError("--budget is minutes above 0 and chooses --worlds; give one or the other")
    refuse_budget(request.place, request.budget, "--worlds")
    work = worker(request.place, request.jobs, silent=request.json or request.quiet)
    claims = chosen(request.ids)
    size = Size(
        request.worlds or WORLDS, switched_of(request), request.replicates,
        request.enterprises, request.seed,
    )  # fmt: skip
    most = 1 << 12 if request.budget else size.worlds
    worlds = worlds_of(request, most)
    path = request.out or default_path({"budget": request.budget, **identity(claims, worlds, size)})
    if request.budget is not None:
        size = stored_size(path) or sized(request.budget, claims, worlds, size, request)
        worlds = worlds_of(request, size.worlds)
    prepare(path, identity(claims, worlds, size), to_toml(worlds.scenario))
    runs = Runs(path, worlds, size.enterprises, size.replicates, size.seed, work)
    if not (request.json or request.quiet):
        say(plan_words(claims, worlds, size))
    try:
        document = run(claims, runs, size)
    except StoppedError:
        say(f"stopped; all finished runs are kept in {path}, the same command goes on")
        return INTERRUPTED
    report(request, path, document)
    return OK


def switched_of(request: Request, worlds: int | None = None) -> int:
    """Worlds in which mechanisms are switched one by one: ten times the cases, so a sixth."""
    if request.switched is not None:
        return request.switched
    return max((worlds or request.worlds or WORLDS) // SWITCHED, 3)


def chosen(ids: Sequence[str]) -> list[Claim]:
    """The claims named, by id or file; all that come with the program if none is."""
    known = library()
    if not ids:
        return list(known.values())
    found: dict[str, Claim] = {}
    for name in ids:
        claim = known.get(name) or known.get(name.upper())
        if claim is None:
            if not name.endswith(".toml"):
                raise ClaimError(f"there is no claim {name}; nomoat claims list names them")
            claim = read(Path(name))
        found[claim.id] = claim
    return list(found.values())


def worlds_of(request: Request, most: int) -> Worlds:
    """The worlds to judge over."""
    if request.raw_only:
        return from_ranges(load("baseline"), min(most, 1024))
    folder = found_ensemble(request.ensemble)
    if not summary(folder.path)["kept"]:
        raise InputError(f"no world of {folder.path} meets the facts; judge over --raw-only")
    return from_ensemble(folder.path, most)


def stored_size(path: Path) -> Size | None:
    """The size that a budget came to when a ledger was begun; None if it was not."""
    try:
        return Size(**json.loads((path / ASKED).read_text("utf-8"))["size"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def sized(
    minutes: float, claims: Sequence[Claim], worlds: Worlds, size: Size, request: Request
) -> Size:
    """As many worlds as fit into a budget; InputError, with what would do, if too few do."""
    if not (request.json or request.quiet):
        say("timing some runs to see what fits into the budget")
    jobs = request.jobs or usable_cores()
    step = max(len(worlds.settings) // TIMED, 1)
    tried = changed(worlds.scenario, worlds.settings[::step][:TIMED])
    seconds = {
        months: timed(tried, size.enterprises, months)
        for months in {claim.months for claim in claims}
    }

    def cost(tried: Size) -> float:
        parts = parts_of(claims, tried)
        return sum(runs_of(part, worlds, tried) * seconds[part.months] for part in parts)

    affordable = SPARE * 60.0 * minutes * jobs
    most = max(worlds.kinds.count(kind) for kind in set(worlds.kinds))
    # Mechanisms and early interventions come once there are worlds enough.
    for switches, early, least in ((True, True, ENOUGH), (False, True, ENOUGH), (False, False, 0)):
        count = max(min(least, most), FEWEST)
        if cost(resized(size, request, count, switches, early)) > affordable:
            continue
        while (
            count < most and cost(resized(size, request, count + 1, switches, early)) <= affordable
        ):
            count += 1
        return resized(size, request, count, switches, early)
    enough = cost(resized(size, request, FEWEST, False, False)) / (SPARE * 60.0 * jobs)
    raise InputError(
        f"{minutes:g} minutes are too few for {len(claims)} claims here; take --budget "
        f"{enough + 0.5:.0f}, or fewer claims, --replicates or --enterprises"
    )


def resized(size: Size, request: Request, worlds: int, switches: bool, early: bool) -> Size:
    """A size with so many worlds, with or without mechanisms and early interventions."""
    switched = switched_of(request, worlds) if switches else 0
    return replace(size, worlds=worlds, switched=switched, early=early)


def plan_words(claims: Sequence[Claim], worlds: Worlds, size: Size) -> str:
    """What is going to be run."""
    parts = parts_of(claims, size)
    count = sum(runs_of(part, worlds, size) for part in parts)
    kinds = len(set(worlds.kinds))
    return (
        f"{len(claims)} claims over {size.worlds} worlds of {kinds} "
        f"kind{'s' if kinds > 1 else ''}, {size.replicates} replicates: {count:,} runs"
    )


def report(request: Request, path: Path, document: dict[str, Any]) -> None:
    """Print the ledger."""
    if request.json:
        print_json({"folder": str(path), **document})
    elif not request.quiet:
        from app.claims_views import print_ledger

        print_ledger(document, str(path))
