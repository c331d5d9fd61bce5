"""What `nomoat claims run` does: which claims, over which worlds, how many, and the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from app.clusters import Place
from app.ensemble_views import found as found_ensemble
from app.shell import OK, InputError, refuse_missing, say
from app.terminal import print_json, short_warnings
from app.working import HERE, kept, refuse_budget, worker
from experiments.claims.claim import (
    Claim,
    ClaimError,
    library,
    read,
    switches,
)
from experiments.claims.ledger import (
    Size,
    begun,
    default_path,
    identity,
    parts_of,
    prepare,
    run,
    runs_of,
)
from experiments.claims.refusals import refuse_drawn, refuse_impossible, refuse_same
from experiments.claims.sweep import Runs
from experiments.claims.worlds import Worlds, from_ensemble, from_ranges
from experiments.ensemble import base, summary
from experiments.ensemble.sizing import TIMED, changed, timed
from sim.catalogue import shown
from sim.loading import load, to_toml
from sim.version import usable_cores
from sim.written import nearest

WORLDS: Final = 28
WIDE: Final = 256
"""Worlds of each kind, by default, for claims that look at worlds as they are."""
WIDE_PART: Final = 0.2
"""Of a budget, what such claims may take for more worlds."""
FEWEST: Final = 3
"""Worlds of each kind in the smallest ledger; its intervals say how little that is."""
ENOUGH: Final = 16
"""Worlds of each kind that come before mechanisms, early interventions and what is only reported
in a budget."""
NOTHING, BESIDE, MECHANISMS = 0, 1, 2
"""What is run besides: nothing; early interventions and what is only reported; mechanisms, too."""
SWITCHED: Final = 6
"""Of so many worlds one is run with every mechanism switched."""
THIRD: Final = 3
"""Of so many worlds one is run with the other form of quality, and with interventions early."""
FEWEST_EARLY: Final = 8
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
    wide: int | None = None


def execute(request: Request) -> int:
    """Run, judge, report; Ctrl-C keeps all finished runs."""
    short_warnings()
    refuse_missing("ema_workbench", "nomoat claims run")
    if request.budget is not None and (request.worlds or request.wide or request.budget <= 0):
        raise InputError(
            "--budget is minutes above 0 and chooses --worlds and --wide; give one or the other"
        )
    if (request.wide or 1 << 16) < (count := request.worlds or WORLDS):
        raise InputError(
            f"--wide {request.wide} is less than {count} worlds; give more, or --worlds"
        )
    refuse_budget(request.place, request.budget, "--worlds")
    work = worker(request.place, request.jobs, silent=request.json or request.quiet)
    claims = chosen(request.ids)
    refuse_impossible(claims, source_of(request))
    size = size_of(request, request.worlds or WORLDS, request.wide or WIDE)
    worlds = worlds_of(request, 1 << 12, 0) if request.budget else worlds_of(request, *reach(size))
    path = request.out or default_path({"budget": request.budget, **identity(claims, worlds, size)})
    if request.budget is not None:
        size = stored_size(path) or sized(request.budget, claims, worlds, request)
        worlds = worlds_of(request, *reach(size))
    cases = [case for claim in claims for case in claim.cases]
    refuse_drawn([*cases, *switches().values()], worlds.paths)
    prepare(path, identity(claims, worlds, size), to_toml(worlds.scenario))
    runs = Runs(path, worlds, size.enterprises, size.replicates, size.seed, work)
    if not (request.json or request.quiet):
        say(plan_words(claims, worlds, size))
    with kept(path):
        document = run(claims, runs, size)
    report(request, path, document)
    return OK


def size_of(request: Request, worlds: int, wide: int = 0, *, extras: int = MECHANISMS) -> Size:
    """How much is run with so many worlds. extras: what is run besides, see `MECHANISMS`."""
    switched, linear = 0, 0
    if extras >= MECHANISMS and request.switched != 0:
        switched = min(request.switched or max(worlds // SWITCHED, 3), worlds)
        linear = max(switched, worlds // THIRD)
    early = min(max(worlds // THIRD, FEWEST_EARLY), worlds) if extras >= BESIDE else 0
    return Size(
        worlds, max(worlds, wide), switched, linear, early, request.replicates,
        request.enterprises, request.seed, extras >= BESIDE,
    )  # fmt: skip


def chosen(ids: Sequence[str]) -> list[Claim]:
    """The claims named, by id or file; all that come with the program if none is."""
    known = library()
    if not ids:
        return list(known.values())
    found: list[Claim] = []
    for name in ids:
        claim = known.get(name) or known.get(name.upper())
        if claim is None:
            if not name.endswith(".toml"):
                raise ClaimError(
                    f"there is no claim {shown(name)}; {nearest(name.upper(), known)} "
                    "(nomoat claims list names all, a file is named with its .toml)"
                )
            claim = read(Path(name))
        if claim not in found:
            found.append(claim)
    refuse_same(found)
    return found


def source_of(request: Request) -> str | Path:
    """The scenario that worlds are made of: the baseline, or that of the ensemble."""
    return "baseline" if request.raw_only else base(found_ensemble(request.ensemble).path)


def reach(size: Size) -> tuple[int, int]:
    """Worlds of each kind in which cases are compared, and in which claims are looked at."""
    return size.worlds, size.wide


def worlds_of(request: Request, most: int, wide: int) -> Worlds:
    """The worlds to judge over."""
    if request.raw_only:
        return from_ranges(load("baseline"), min(most, 1024), min(wide, 1024))
    folder = found_ensemble(request.ensemble)
    if not summary(folder.path)["kept"]:
        raise InputError(f"no world of {folder.path} meets the facts; judge over --raw-only")
    return from_ensemble(folder.path, most, wide)


def stored_size(path: Path) -> Size | None:
    """The size that a budget came to when a ledger was begun; None if it was not.

    Raises LedgerError where the folder holds something else under that name.
    """
    found = begun(path)
    if found is None:
        return None
    return Size(**{one.name: found["size"][one.name] for one in fields(Size)})


def sized(minutes: float, claims: Sequence[Claim], worlds: Worlds, request: Request) -> Size:
    """As many worlds as fit into a budget; InputError, with what would do, if too few do."""
    if not (request.json or request.quiet):
        say("timing some runs to see what fits into the budget")
    jobs = request.jobs or usable_cores()
    step = max(len(worlds.settings) // TIMED, 1)
    tried = changed(worlds.scenario, worlds.settings[::step][:TIMED])
    seconds = {
        months: timed(tried, request.enterprises, months)
        for months in {claim.months for claim in claims}
    }

    def cost(tried: Size) -> float:
        parts = parts_of(claims, tried)
        return sum(runs_of(part, worlds, tried) * seconds[part.months] for part in parts)

    affordable = SPARE * 60.0 * minutes * jobs
    most = max(worlds.kinds.count(kind) for kind in set(worlds.kinds))
    for extras, least in ((MECHANISMS, ENOUGH), (BESIDE, ENOUGH), (NOTHING, FEWEST)):
        count = max(min(least, most), FEWEST)
        if cost(size_of(request, count, extras=extras)) > affordable:
            continue
        wide, limit = count, (1.0 - WIDE_PART) * affordable
        while count < most and cost(size_of(request, count + 1, extras=extras)) <= limit:
            count += 1
        while wide < most and cost(size_of(request, count, wide + 1, extras=extras)) <= affordable:
            wide += 1
        # What further worlds as they are leave over.
        while count < most and cost(size_of(request, count + 1, wide, extras=extras)) <= affordable:
            count += 1
        return size_of(request, count, wide, extras=extras)
    enough = cost(size_of(request, FEWEST, extras=NOTHING)) / (SPARE * 60.0 * jobs)
    raise InputError(
        f"{minutes:g} minutes are too few for {len(claims)} claims here; take --budget "
        f"{enough + 0.5:.0f}, or fewer claims, --replicates or --enterprises"
    )


def plan_words(claims: Sequence[Claim], worlds: Worlds, size: Size) -> str:
    """What is going to be run."""
    parts = parts_of(claims, size)
    count = sum(runs_of(part, worlds, size) for part in parts)
    kinds = len(set(worlds.kinds))
    most = max(worlds.kinds.count(kind) for kind in set(worlds.kinds))
    wider = f", up to {most} as they are" if most > size.worlds else ""
    return (
        f"{len(claims)} claims over {size.worlds} worlds of {kinds} kind{'s' if kinds > 1 else ''}"
        f"{wider}, {size.replicates} replicates: {count:,} runs"
    )


def report(request: Request, path: Path, document: dict[str, Any]) -> None:
    """Print the ledger."""
    if request.json:
        print_json({"folder": str(path), **document})
    elif not request.quiet:
        from app.claims_views import print_ledger

        print_ledger(document, str(path))
