"""What `nomoat report` does: find stored results, write the page and its figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.reporting.answers import answers
from app.reporting.closing import method, provenance
from app.reporting.drawing import Figure
from app.reporting.evidence_section import evidence
from app.reporting.future_section import future, outlooks, plausible
from app.reporting.game_section import game_section
from app.reporting.inputs import KINDS, Sources, sources_of
from app.reporting.ledger_section import ledger_section
from app.reporting.page import GENERATOR, TITLE, page
from app.reporting.regime_section import regimes
from app.reporting.run_section import run_section
from app.reporting.section import Section
from app.shell import OK, InputError
from app.terminal import console, short_warnings
from experiments.durable import Disk, StoreError
from experiments.escape import for_path, for_terminal
from experiments.reference import REPORTED, place

START: Final = 1000
"""Characters at the start of a file in which a report says that it is one."""


@dataclass(frozen=True)
class Request:
    """One call of `nomoat report`."""

    places: tuple[Path, ...]
    out: Path
    figures: Path | None
    title: str | None
    quiet: bool
    reference: bool = False


def execute(request: Request) -> int:
    """Write the report and say what it is made of."""
    short_warnings()
    refuse_foreign(request.out)
    if request.reference and request.places:
        raise InputError("--reference reports what comes with the program; leave out the folders")
    sources = sources_of(
        [place(name) for name in REPORTED] if request.reference else request.places
    )
    sections = sections_of(sources)
    date = datetime.now(UTC).strftime("%-d %B %Y")
    put(request.out, page(request.title or TITLE, date, sources, sections))
    figures = [figure for section in sections for figure in section.figures]
    if request.figures is not None:
        write_figures(request.figures, figures)
    if not request.quiet:
        out = console()
        for source in sources:
            out.print(f"{KINDS[source.kind]}: {for_terminal(source.name)}")
        if request.figures is not None:
            where = for_terminal(request.figures)
            out.print(f"figures {where}/  ({len(figures)} as SVG and CSV)")
        out.print(f"report  {for_terminal(request.out)}")
    return OK


def sections_of(sources: Sources) -> list[Section]:
    """All chapters in their order; those without data say what makes it."""
    ledger, ensemble = sources.get("ledger"), sources.get("ensemble")
    fans = outlooks(ensemble)
    run = sources.get("run")
    return [
        answers(ledger, ensemble, fans[0] if fans else None, sources.every("game")),
        ledger_section(ledger),
        future(ensemble, fans),
        regimes(sources.get("sweep"), ensemble),
        game_section(sources.every("game")),
        *([run_section(run)] if run else []),
        plausible(ensemble),
        evidence(sources.get("validation")),
        method(sources),
        provenance(sources),
    ]


def refuse_foreign(path: Path) -> None:
    """Raise InputError rather than overwrite a file that is no report."""
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file such as -o report.html")
    if not path.exists():
        return
    with path.open("rb") as file:
        if f'content="{GENERATOR}"'.encode() not in file.read(START):
            raise InputError(f"{path} exists and is no report; name another -o")


def write_figures(folder: Path, figures: Sequence[Figure]) -> None:
    """Every figure as a picture and as numbers."""
    for figure in figures:
        name = for_path(figure.name)
        put(folder / f"{name}.svg", figure.file())
        put(folder / f"{name}.csv", figure.csv())


def put(path: Path, text: str) -> None:
    """Write a file, its folders made before; StoreError where that is impossible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError.of(error, path) from error
    Disk().replace(path, text.encode())
