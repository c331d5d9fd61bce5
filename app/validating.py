"""What `nomoat validate` does: run, measure, print the table of facts."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.shell import FAILED, OK, InputError
from app.terminal import add, console, plain_table, print_json, short_warnings
from app.working import refuse_decided
from experiments.durable import Disk
from experiments.evidence.forecast import MONTHS, QUANTITIES, Outlook, forecast
from experiments.evidence.validation import REFUTED, Finding, World, validate
from sim.loading import assignment, load
from sim.version import model_version, provenance, usable_cores

NOTHING = "–"
DECIDED = {"seed": "give --seeds", "months": "runs go as far as the facts need"}
"""Parameters that a validation gives a value of its own, and what to do instead."""
WIDE = 130
"""Columns of a terminal from which sources are printed as well."""
LABEL_WIDTH = 50


@dataclass(frozen=True)
class Request:
    """One call of `nomoat validate`."""

    scenario: str
    seeds: int
    jobs: int | None
    overrides: list[str]
    refuted: bool
    forecast: bool
    threshold: float
    out: Path | None
    json: bool


def execute(request: Request) -> int:
    """Measure and report; 1 if the scenario does not stand at the threshold."""
    short_warnings()
    if request.out is not None and not request.out.parent.is_dir():
        raise InputError(f"there is no folder {request.out.parent} to write {request.out.name} in")
    refuse_decided(request.overrides, DECIDED)
    overrides = dict(map(assignment, request.overrides))
    beside = REFUTED if request.refuted else ()
    names = (request.scenario, *(name for name in beside if name != request.scenario))
    for name in names:
        load(name, overrides)
    seeds, jobs = range(1, request.seeds + 1), request.jobs or usable_cores()
    with progress("worlds x seeds", hidden=request.json) as on_done:
        worlds = validate(names, overrides, seeds, jobs, on_done)
    ahead = None
    if request.forecast:
        with progress("forecasts", hidden=request.json) as on_done:
            ahead = forecast(request.scenario, overrides, seeds, jobs, on_done)
    if request.out is not None:
        text = json.dumps(kept(request, document(worlds, ahead)), indent=1, allow_nan=False)
        Disk().replace(request.out, text.encode())
    if request.json:
        print_json(document(worlds, ahead))
    else:
        print_worlds(worlds, request.seeds)
        if ahead is not None:
            print_forecast(ahead)
    return OK if worlds[0].stands(request.threshold) else FAILED


def kept(request: Request, worlds: dict[str, Any]) -> dict[str, Any]:
    """The document of a report: the worlds, and what they were measured with."""
    origin = provenance()
    return {
        "scenario": request.scenario, "overrides": request.overrides, "seeds": request.seeds,
        "model_version": model_version(), "commit": origin["commit"],
        "dirty_diff": origin["dirty"], "worlds": worlds,
    }  # fmt: skip


@contextmanager
def progress(label: str, *, hidden: bool) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr; gives the function that moves it."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=console(stderr=True), transient=True, disable=hidden) as shown:
        task = shown.add_task(label, total=None)

        def on_done(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total)

        yield on_done


def print_forecast(ahead: dict[str, list[Outlook]]) -> None:
    """What the scenario says of later years, with its range over seeds; compared with nothing."""
    out = console()
    out.print("\nForecast (median over seeds, smallest to largest; n of m: seeds with a value)")
    table = plain_table("", *MONTHS)
    for column in table.columns[1:]:
        column.no_wrap = True
    for name, label in QUANTITIES.items():
        add(table, label, *map(spread_of, ahead[name]))
    out.print(table)


def spread_of(seen: Outlook) -> str:
    """Median and range in one cell."""
    some = "" if seen.known == seen.seeds else f", {seen.known} of {seen.seeds}"
    return f"{short(seen.median)} ({short(seen.low)}…{short(seen.high)}{some})"


def short(value: float | None) -> str:
    """A value with the digits its size needs, for a narrow table."""
    if value is None:
        return NOTHING
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2g}"


def print_worlds(worlds: list[World], seeds: int) -> None:
    """Print key facts apart from the others, refuted worlds in columns beside the scenario."""
    out = console()
    for key, title in ((True, "Key facts"), (False, "Other facts")):
        out.print(f"{title} (medians over {seeds} seeds, range of the {worlds[0].name})")
        out.print(table_of(worlds, key=key, width=out.width))
        out.print()
    if any(one.known < len(one.values) for world in worlds for one in world.findings):
        out.print("(n of m): seeds with a value; a median needs more than half of them")
    for world in worlds:
        key_hits, key_facts = world.key_hits
        out.print(
            f"{world.name}: {world.hits} of {len(world.findings)} in band "
            f"({world.share:.0%}), key facts {key_hits} of {key_facts}"
        )


def table_of(worlds: list[World], *, key: bool, width: int) -> Table:
    """Rows of the facts that are key, or of the others; sources where there is room."""
    names = [world.name for world in worlds]
    headings = ["fact", "observed", "band", names[0], "range", "", *names[1:]]
    wide = width >= WIDE
    right = (1, 3, *range(6, len(headings)))
    table = plain_table(*headings, *(["source"] if wide else []), right=right)
    table.columns[0].min_width = min(LABEL_WIDTH, width // 3)
    for column in table.columns[1:]:
        column.no_wrap = True
    for place, finding in enumerate(worlds[0].findings):
        if finding.check.key == key:
            others = [cell(world.findings[place]) for world in worlds[1:]]
            cells = [*scenario_cells(finding), *others, *([finding.check.source] if wide else [])]
            add(table, *cells, style=None if finding.in_band else "yellow")
    return table


def scenario_cells(finding: Finding) -> list[str]:
    """Fact, observed value, band, and where the scenario lies."""
    check = finding.check
    return [
        check.label,
        number(check.observed),
        f"{number(check.low)}-{number(check.high)}",
        number(finding.median),
        spread(finding),
        "in" if finding.in_band else "OUT",
    ]


def cell(finding: Finding) -> str:
    """A value in a column of a refuted world; a star marks one out of band."""
    return number(finding.median) + some_of(finding) + ("" if finding.in_band else " *")


def spread(finding: Finding) -> str:
    """The range over seeds."""
    bounds = finding.range
    if bounds is None:
        return NOTHING
    return f"{number(bounds[0])}-{number(bounds[1])}{some_of(finding)}"


def some_of(finding: Finding) -> str:
    """How many seeds have a value; empty where all have one."""
    count = len(finding.values)
    return "" if finding.known == count else f" ({finding.known} of {count})"


def number(value: float | None) -> str:
    """A value with the digits its size needs."""
    if value is None:
        return NOTHING
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def document(worlds: list[World], ahead: dict[str, list[Outlook]] | None) -> dict[str, Any]:
    """The JSON form: per world its hits and per check the values over seeds.

    The first world has its forecast besides, by column and month.
    """
    found: dict[str, Any] = {
        world.name: {
            "in_band": world.hits,
            "checks": len(world.findings),
            "key_in_band": world.key_hits[0],
            "findings": [
                {
                    "id": finding.check.id, "label": finding.check.label,
                    "source": finding.check.source, "observed": finding.check.observed,
                    "low": finding.check.low, "high": finding.check.high,
                    "key": finding.check.key, "structural": finding.check.structural,
                    "median": finding.median, "in_band": finding.in_band,
                    "values": list(finding.values), "known": finding.known,
                }
                for finding in world.findings
            ],
        }
        for world in worlds
    }  # fmt: skip
    if ahead is not None:
        found[worlds[0].name]["forecast"] = {
            name: dict(zip(MONTHS, map(asdict, seen), strict=True)) for name, seen in ahead.items()
        }
    return found
