"""`nomoat game`: vendors choose how open they are."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.engines import Engine, Profile
from app.shell import guarded

app = typer.Typer(
    help="Let vendors choose how open to be; find equilibria.",
    epilog="Start with: nomoat game run --enterprises 500. Then: nomoat game show.",
    rich_markup_mode=None,
    no_args_is_help=True,
)

Scenario = Annotated[str | None, typer.Argument(help="Preset or TOML file [baseline].")]
Players = Annotated[
    str, typer.Option(metavar="ID,ID...", help="Vendors that choose; others keep what they do.")
]
Strategies = Annotated[str, typer.Option(metavar="NAME,NAME...", help="What they choose among.")]
Tiers = Annotated[
    str, typer.Option(metavar="ID", help="A vendor that chooses which single tier to open.")
]
Payoff = Annotated[
    str, typer.Option(help="profit (discounted), share (of spend, last year) or survival.")
]
Rate = Annotated[float, typer.Option(min=0.0, max=10.0, help="Discount rate a year.")]
Ensemble = Annotated[
    Path | None, typer.Option(help="Folder of an ensemble, whose worlds payoffs are averaged over.")
]
MostWorlds = Annotated[int, typer.Option("--worlds", min=1, help="Worlds of it at most.")]
Replicates = Annotated[
    int | None,
    typer.Option(
        min=1, max=1000, help="Runs of a profile and world in the first round [8; 2 of a world]."
    ),
]
Rounds = Annotated[
    int, typer.Option(min=1, max=6, help="Later ones play what is in doubt, twice as often each.")
]
Months = Annotated[int, typer.Option(min=1, help="Months of each run.")]
Enterprises = Annotated[int, typer.Option(help="Simulated enterprises in each run.")]
Held = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Override a parameter; may be repeated."),
]
Seed = Annotated[int, typer.Option(min=0, max=2**62, help="Root seed.")]
Jobs = Annotated[int | None, typer.Option(min=1, help="Processes [cores usable by this process].")]
Out = Annotated[Path | None, typer.Option(help="Folder of the game [outputs/game-HASH].")]
Folder = Annotated[Path | None, typer.Argument(help="Folder of a game [the latest in outputs/].")]
OtherPayoff = Annotated[
    str | None, typer.Option("--payoff", help="Another payoff, from the same runs.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print errors only.")]


@app.command()
@guarded
def run(
    scenario: Scenario = None,
    players: Players = "openai,meta,mistral",
    strategies: Strategies = "open,closed,dual",
    tiers: Tiers = "",
    payoff: Payoff = "profit",
    rate: Rate = 0.15,
    ensemble: Ensemble = None,
    worlds: MostWorlds = 32,
    replicates: Replicates = None,
    rounds: Rounds = 3,
    months: Months = 96,
    enterprises: Enterprises = 2000,
    set_: Held = None,
    seed: Seed = 1,
    jobs: Jobs = None,
    out: Out = None,
    json: Json = False,
    quiet: Quiet = False,
    engine: Engine = "local",
    profile: Profile = None,
) -> int:
    """Play every combination of strategies, then again those where an equilibrium may lie.

    Every run is kept as it ends: the same command goes on where it was stopped.
    """
    from app.clusters import Place
    from app.gaming import Request, execute

    return execute(
        Request(
            scenario, players, strategies, tiers, payoff, rate, ensemble, worlds, replicates,
            rounds, months, enterprises, list(set_ or ()), seed, jobs, out, json, quiet,
            Place(engine, profile),
        )
    )  # fmt: skip


@app.command()
@guarded
def show(folder: Folder = None, payoff: OtherPayoff = None, json: Json = False) -> int:
    """Print equilibria, regrets, best responses and where imitation leads; draw game.png."""
    from app.gaming import show_game

    return show_game(folder, payoff, as_json=json)
