"""`nomoat scenarios`: the presets, one line each."""

from typing import Annotated

import typer

from app.shell import guarded


@guarded
def scenarios(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """List the scenarios that come with the program."""
    from app.catalogues import list_scenarios

    return list_scenarios(as_json=json)
