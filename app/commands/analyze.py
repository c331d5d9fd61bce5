"""`nomoat analyze`: which factors of a stored sweep matter, and how much is luck."""

from pathlib import Path
from typing import Annotated

import typer

from app.shell import guarded

Folder = Annotated[Path, typer.Argument(help="Folder of a sweep, such as outputs/screening.")]
Outcome = Annotated[
    str | None, typer.Option(metavar="NAME", help="One outcome, or regime [all of them].")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@guarded
def analyze(folder: Folder, outcome: Outcome = None, json: Json = False) -> int:
    """Say which factors of a stored sweep decide its outcomes, and how much of them is luck.

    Sobol indices of a saltelli design, elementary effects of a morris design, scores of factors in
    any design. Draws analysis.png in the folder.
    """
    from app.analyzing import execute

    return execute(folder, outcome, as_json=json)
