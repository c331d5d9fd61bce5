"""`nomoat export`: tables of a stored run or sweep as CSV."""

from typing import Annotated

import typer

from app.shell import guarded


@guarded
def export(
    stored: Annotated[
        str,
        typer.Argument(metavar="RUN", help="Folder, run id or unique prefix; or a sweep's folder."),
    ],
    tables: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TABLE]...", help="Tables [all of a run; outcomes with the design of a sweep]."
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(help="Folder of the files, or - for stdout [RUN's folder with -csv]."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """Write tables as CSV, a file each.

    UTF-8, dates as YYYY-MM-01, nothing for what is unknown. No file is ever written over.
    Example: nomoat export baseline market vendor --out data
    """
    from app.exporting import Request, execute

    return execute(Request(stored, tuple(tables or ()), out, json))
