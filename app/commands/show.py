"""`nomoat show`: the stored runs, or one of them again."""

from typing import Annotated

import typer

from app.shell import guarded


@guarded
def show(
    run: Annotated[
        str, typer.Argument(help="Folder, run id or unique prefix; without it, all runs.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """Print a stored run again, or list the stored runs."""
    from app.stored import list_runs, show_run

    return show_run(run, as_json=json) if run else list_runs(as_json=json)
