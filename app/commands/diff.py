"""`nomoat diff`: what two stored runs have in common and where they part."""

from typing import Annotated

import typer

from app.shell import guarded


@guarded
def diff(
    run1: Annotated[str, typer.Argument(help="Folder, run id or unique prefix.")],
    run2: Annotated[str, typer.Argument(help="The run to compare it with.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """Compare two stored runs.

    Shows settings and versions that differ, and the first difference of each table.
    Exit code 0 if all tables are identical, 1 if not.
    """
    from app.stored import diff_runs

    return diff_runs(run1, run2, as_json=json)
