"""`nomoat calibrate`: settings at which the model comes nearest to the facts."""

from pathlib import Path
from typing import Annotated

import typer

from app.shell import guarded, refuse_missing

Scenario = Annotated[str, typer.Argument(help="Preset or TOML file that the search begins from.")]
Trials = Annotated[
    int, typer.Option(min=1, max=1_000_000, help="Settings tried in all, earlier ones counted.")
]
Seeds = Annotated[int, typer.Option(min=1, max=100, help="Replicates of each trial.")]
Enterprises = Annotated[int, typer.Option(help="Simulated enterprises in each run.")]
Over = Annotated[
    str | None,
    typer.Option(
        metavar="PATHS", help="Parameters to search, with commas; patterns such as choice.*."
    ),
]
Space = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="TOML list of parameters with own bounds."),
]
Held = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Hold a parameter at another value."),
]
Jobs = Annotated[int | None, typer.Option(min=1, help="Processes; the usable cores if omitted.")]
RootSeed = Annotated[
    int, typer.Option(min=0, max=2**63 - 1, help="Root seed of proposals and replicates.")
]
Rotate = Annotated[
    bool, typer.Option("--rotate-seeds", help="Give every trial replicates of its own.")
]
Explore = Annotated[
    float, typer.Option(min=0, max=1, help="Share of trials drawn evenly over the space.")
]
Confirm = Annotated[
    int, typer.Option(min=0, max=1000, help="Fresh seeds on which the best are measured again.")
]
Out = Annotated[Path | None, typer.Option(help="Folder of the trials [outputs/calibration-HASH].")]
Report = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Run nothing: say what the trials in DIR identify."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@guarded
def calibrate(
    scenario: Scenario = "baseline",
    trials: Trials = 200,
    seeds: Seeds = 3,
    enterprises: Enterprises = 1000,
    over: Over = None,
    space: Space = None,
    set_: Held = None,
    jobs: Jobs = None,
    seed: RootSeed = 1,
    rotate_seeds: Rotate = False,
    explore: Explore = 0.25,
    confirm: Confirm = 10,
    out: Out = None,
    report: Report = None,
    json: Json = False,
) -> int:
    """Search for settings that reproduce the observed facts.

    The first trial is the scenario as it is. Every trial is kept as it ends: the same command
    goes on where it was stopped, and more --trials extend it. One process gives the same trials
    each time; with several, proposals depend on which trial ends first. The best setting becomes
    best.toml in the folder, for nomoat run and nomoat validate.
    Example: nomoat calibrate --over choice.theta,host.markup --trials 50
    """
    refuse_missing("optuna", "nomoat calibrate")
    if report is not None:
        from app.identifying import report_on

        return report_on(report, as_json=json)
    from app.calibrating import Request, execute

    return execute(
        Request(
            scenario, list(set_ or ()), trials, seeds, enterprises, over, space, jobs, seed,
            rotate_seeds, explore, confirm, out, json,
        )
    )  # fmt: skip
