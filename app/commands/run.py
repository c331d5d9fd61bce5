"""`nomoat run`: simulate a scenario, store it, say what came out."""

from pathlib import Path
from typing import Annotated

import typer

from app.shell import guarded


@guarded
def run(
    scenario: Annotated[
        str,
        typer.Argument(
            help="Preset (nomoat scenarios), path of a TOML file, or folder of a stored run."
        ),
    ] = "baseline",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Override a parameter; may be repeated."),
    ] = None,
    enterprises: Annotated[
        int | None, typer.Option("--enterprises", help="Number of simulated enterprises.")
    ] = None,
    months: Annotated[int | None, typer.Option(help="Months from 2023-01.")] = None,
    seed: Annotated[int | None, typer.Option(help="Root seed.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the result [outputs/SCENARIO-RUNID].")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads [cores usable by this process].")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
    no_figure: Annotated[
        bool, typer.Option("--no-figure", help="Do not draw summary.png.")
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Print where a month's time goes, by step.")
    ] = False,
) -> int:
    """Simulate a scenario and store the result.

    Writes tables, a manifest and a figure to a folder of its own.
    The same scenario and seed give the same bytes; a repeated run is compared with the earlier.
    A stored run is done again, with its scenario and seed, by the path of its folder or of its
    manifest: nomoat run outputs/baseline-0123456789abcdef/manifest.json
    """
    from app.running import Request, execute

    short = {"enterprise.population": enterprises, "months": months, "seed": seed}
    overrides = [*(settings or []), *(f"{k}={v}" for k, v in short.items() if v is not None)]
    return execute(Request(scenario, overrides, out, threads, json, quiet, not no_figure, profile))
