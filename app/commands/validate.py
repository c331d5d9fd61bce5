"""`nomoat validate`: the model beside the facts of 2023-2024."""

from pathlib import Path
from typing import Annotated

import typer

from app.shell import guarded


@guarded
def validate(
    scenario: Annotated[
        str, typer.Argument(help="Preset or path of a TOML file to measure.")
    ] = "baseline",
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Seeds 1 to this number.")] = 20,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Processes; the usable cores if omitted.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Change a parameter.")
    ] = None,
    refuted: Annotated[
        bool, typer.Option(help="Measure the worlds that the facts must refute as well.")
    ] = True,
    forecast: Annotated[
        bool, typer.Option(help="Run to 2030 as well and print later years with their range.")
    ] = True,
    threshold: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="Exit with 1 if a smaller share of checks, or of key facts, is in band.",
        ),
    ] = 0.0,
    out: Annotated[
        Path | None, typer.Option(help="File to keep the document in, for nomoat report.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """Compare many runs with observed facts that they were not given.

    Recorded releases and list prices are inputs and not counted; capability is checked in runs
    that know the record only to 2023-03. Example: nomoat validate --seeds 5 --threshold 0.85
    """
    from app.validating import Request, execute

    return execute(
        Request(scenario, seeds, jobs, list(set_ or ()), refuted, forecast, threshold, out, json)
    )
