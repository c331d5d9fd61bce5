"""`nomoat explain`: why enterprises chose as they did, and why vendors moved."""

from typing import Annotated

import typer

from app.shell import guarded


@guarded
def explain(
    run: Annotated[
        str, typer.Argument(help="Folder, run id or unique prefix; without it, the latest run.")
    ] = "",
    month: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM", help="Month, or its number from 0 [the last]."),
    ] = None,
    window: Annotated[
        int, typer.Option(min=1, help="Months of choices that are pooled, up to the month.")
    ] = 12,
    segment: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORDS",
            help="Whose choices: large, mid, micro; routine, standard, frontier; own-hardware-q1 "
            "to -q4; api, hosted, selfhost; open, closed; tuned, untuned; a sector or region. "
            "Join by commas.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """Say why firms chose and vendors moved.

    It is about one month of a stored run. Choices are explained by the mean terms of utility,
    beside the best alternative of the other openness; moves by the numbers vendors went by.
    Example: nomoat explain --month 2026-03 --segment large,frontier
    """
    from app.explaining import Request, execute

    return execute(Request(run, month, window, segment or [], json))
