"""`nomoat claims`: what people say of open and closed models, put to the test."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.engines import Engine, Profile
from app.shell import guarded

app = typer.Typer(
    help="Judge the claims of the debate over plausible worlds.",
    epilog="Start with: nomoat claims list. Then: nomoat claims run --budget 10.",
    rich_markup_mode=None,
    no_args_is_help=True,
)

Ids = Annotated[list[str] | None, typer.Argument(help="Ids such as C05, or files [all claims].")]
Budget = Annotated[
    float | None,
    typer.Option(metavar="MINUTES", help="As many worlds as fit into so much time."),
]
Ensemble = Annotated[
    Path | None, typer.Option(help="Folder of an ensemble [the latest in outputs/].")
]
RawOnly = Annotated[
    bool, typer.Option("--raw-only", help="Judge over the sourced ranges, facts or no facts.")
]
Worlds = Annotated[
    int | None, typer.Option(min=8, max=1 << 16, help="Worlds of each kind to compare in [32].")
]
Wide = Annotated[
    int | None,
    typer.Option(
        min=8, max=1 << 16, help="The same of claims that look at worlds as they are [256]."
    ),
]
Switched = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Worlds run again with every mechanism switched [a sixth]; 0: none, nor other form.",
    ),
]
Replicates = Annotated[int, typer.Option(min=2, max=1000, help="Runs of each world and case.")]
Enterprises = Annotated[int, typer.Option(help="Simulated enterprises in each run.")]
Seed = Annotated[int, typer.Option(min=0, max=2**62, help="Root seed of the runs.")]
Jobs = Annotated[int | None, typer.Option(min=1, help="Processes [cores usable by this process].")]
Out = Annotated[Path | None, typer.Option(help="Folder of the ledger [outputs/claims-HASH].")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print errors only.")]


@app.command("list")
@guarded
def list_(json: Json = False) -> int:
    """List the claims that come with the program, by question."""
    from app.claims_views import list_claims

    return list_claims(as_json=json)


@app.command()
@guarded
def run(
    ids: Ids = None,
    budget: Budget = None,
    ensemble: Ensemble = None,
    raw_only: RawOnly = False,
    worlds: Worlds = None,
    wide: Wide = None,
    switched: Switched = None,
    replicates: Replicates = 5,
    enterprises: Enterprises = 500,
    seed: Seed = 1,
    jobs: Jobs = None,
    out: Out = None,
    json: Json = False,
    quiet: Quiet = False,
    engine: Engine = "local",
    profile: Profile = None,
) -> int:
    """Run what claims need over plausible worlds, and judge them.

    Every run is kept as it ends: the same command goes on where it was stopped.
    Examples: nomoat claims run --budget 10; nomoat claims run C05 C24 my-claim.toml
    """
    from app.claiming import Request, execute
    from app.clusters import Place

    return execute(
        Request(
            tuple(ids or ()), budget, ensemble, raw_only, worlds, replicates, enterprises, seed,
            jobs, out, json, quiet, Place(engine, profile), switched, wide,
        )
    )  # fmt: skip


@app.command()
@guarded
def show(
    claim: Annotated[str | None, typer.Argument(help="Id of one claim [all].")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Folder of a ledger [the latest in outputs/].")
    ] = None,
    reference: Annotated[
        bool, typer.Option("--reference", help="The results that come with the program.")
    ] = False,
    json: Json = False,
) -> int:
    """Print the ledger, or everything about one claim.

    Example: nomoat claims show C23 --reference
    """
    from app.claims_views import show_claims

    return show_claims(claim, folder, reference=reference, as_json=json)


@app.command()
@guarded
def new(
    path: Annotated[Path, typer.Argument(help="File to write, such as my-claim.toml.")],
) -> int:
    """Write a template for a claim of your own; `nomoat claims run FILE` judges it."""
    from app.claims_views import write_template

    return write_template(path)
