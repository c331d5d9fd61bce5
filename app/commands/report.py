"""`nomoat report`: stored results as one page for people outside the field."""

from pathlib import Path
from typing import Annotated

import typer

from app.shell import guarded


@guarded
def report(
    places: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FOLDER]...",
            help="Folders of claims, an ensemble, a sweep, a game or a run, and the file of "
            "validate --out [the latest in outputs/].",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write.")] = Path("report.html"),
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the figures as SVG and CSV, too.")
    ] = None,
    reference: Annotated[
        bool, typer.Option("--reference", help="Report the results that come with the program.")
    ] = False,
    title: Annotated[str | None, typer.Option(help="Title of the report.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
) -> int:
    """Write stored results as one page that anybody can read.

    It loads nothing, opens anywhere, prints well. Example: nomoat report -o report.html
    """
    from app.reporting.writing import Request, execute

    return execute(Request(tuple(places or ()), out, figures, title, quiet, reference))
