"""`nomoat assets`: what the browser UI needs without a network."""

from typing import Annotated

import typer

from app.shell import guarded


@guarded
def assets(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """Put the browser UI's scripts and fonts on this machine, once.

    Takes them from their packages with the npm client, 10 MB, into the user's cache. `nomoat ui`
    uses them when they are there; without them the browser needs a network.
    """
    from app.browser.building import build_assets

    return build_assets(as_json=json)
