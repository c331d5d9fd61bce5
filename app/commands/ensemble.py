"""`nomoat ensemble`: worlds that the facts allow, and what they say of the future."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.engines import Engine, Profile
from app.shell import guarded

app = typer.Typer(
    help="Keep the worlds that the facts allow; forecast over them.",
    epilog="Start with: nomoat ensemble build --budget 30. Then: nomoat ensemble forecast.",
    rich_markup_mode=None,
    no_args_is_help=True,
)

Scenario = Annotated[str, typer.Argument(help="Preset or TOML file that the worlds vary.")]
Folder = Annotated[
    Path | None, typer.Argument(help="Folder of an ensemble [the latest in outputs/].")
]
Budget = Annotated[
    float | None,
    typer.Option(metavar="MINUTES", help="As large as fits into so much time, instead of --draws."),
]
Draws = Annotated[int | None, typer.Option(min=32, max=1 << 16, help="Worlds of each wave [512].")]
Waves = Annotated[int, typer.Option(min=1, max=20, help="Waves, each narrower than the last.")]
Replicates = Annotated[int, typer.Option(min=2, max=1000, help="Runs of each world, other luck.")]
Enterprises = Annotated[int, typer.Option(help="Simulated enterprises in each run.")]
Members = Annotated[
    int | None,
    typer.Option(
        min=1, help="Members, and worlds of the prior, that are run to 2030-12 at most [150]."
    ),
]
Held = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Hold a parameter at a value in all worlds."),
]
Seed = Annotated[int, typer.Option(min=0, max=2**62, help="Root seed of worlds and luck.")]
Jobs = Annotated[int | None, typer.Option(min=1, help="Processes [cores usable by this process].")]
Out = Annotated[Path | None, typer.Option(help="Folder of the ensemble [outputs/ensemble-HASH].")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print errors only.")]


@app.command()
@guarded
def build(
    scenario: Scenario = "baseline",
    budget: Budget = None,
    draws: Draws = None,
    waves: Waves = 3,
    replicates: Replicates = 10,
    enterprises: Enterprises = 2000,
    members: Members = None,
    set_: Held = None,
    seed: Seed = 1,
    jobs: Jobs = None,
    out: Out = None,
    json: Json = False,
    quiet: Quiet = False,
    engine: Engine = "local",
    profile: Profile = None,
) -> int:
    """Draw worlds over all uncertain parameters and keep those consistent with the key facts.

    Every run is kept as it ends: the same command goes on where it was stopped.
    """
    from app.clusters import Place
    from app.ensembling import Request, execute

    return execute(
        Request(
            scenario, list(set_ or ()), budget, draws, waves, replicates, enterprises, members,
            seed, jobs, out, json, quiet, Place(engine, profile),
        )
    )  # fmt: skip


@app.command()
@guarded
def show(folder: Folder = None, json: Json = False) -> int:
    """Say how much of the space survives, what each fact rules out and which parameters are pinned.

    Draws pinned.png in the folder.
    """
    from app.ensemble_views import show_ensemble

    return show_ensemble(folder, as_json=json)


@app.command()
@guarded
def forecast(folder: Folder = None, json: Json = False) -> int:
    """Print the future to 2030-12 over the ensemble, beside that over the raw ranges.

    Draws forecast.png in the folder.
    """
    from app.ensemble_views import show_forecast

    return show_forecast(folder, as_json=json)
