"""`nomoat ui`: the market in a browser."""

from typing import Annotated

import typer

from app.shell import guarded, refuse_missing


@guarded
def ui(
    scenario: Annotated[
        str,
        typer.Argument(help="Preset, TOML file, stored run or sweep to start with."),
    ] = "baseline",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Override a parameter; may be repeated."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=1024,
            max=65535,
            help="Port on this machine [a free one]; links of the page need the same one again.",
        ),
    ] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
) -> int:
    """Watch the market move, change it, and ask it why.

    Serves one page to this machine only, at an address that is printed; Ctrl-C stops it.
    Example: nomoat ui price-war --set enterprise.population=5000
    """
    refuse_missing("solara", "nomoat ui")
    from app.browser.serve import execute

    return execute(scenario, list(settings or ()), port, open_browser=not no_open)
