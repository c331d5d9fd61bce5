"""`nomoat params`: every setting with its unit, range, default and meaning."""

from typing import Annotated

import typer

from app.shell import guarded


@guarded
def params(
    pattern: Annotated[
        str, typer.Argument(help="Show settings whose path or description contains this.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """List the settings that can be changed.

    Each works with --set and in scenario files.
    """
    from app.catalogues import list_parameters

    return list_parameters(pattern, as_json=json)
