"""`nomoat sweep`: many runs from one file."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.engines import Engine, Profile
from app.shell import guarded

app = typer.Typer(
    help="Run experiments: many runs from one file.",
    epilog="Start with: nomoat sweep list. Then: nomoat sweep run open-vs-closed --dry-run.",
    rich_markup_mode=None,
    no_args_is_help=True,
)

Experiment = Annotated[
    str, typer.Argument(help="Name in the library (nomoat sweep list) or path of a TOML file.")
]
Folder = Annotated[Path, typer.Argument(help="Folder of a sweep, such as outputs/open-vs-closed.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Override a parameter; may be repeated."),
]
Months = Annotated[int | None, typer.Option(help="Months of each run.")]
Enterprises = Annotated[int | None, typer.Option("--enterprises", help="Simulated enterprises.")]
Replicates = Annotated[int | None, typer.Option(help="Runs of each point, with other luck.")]
Seed = Annotated[int | None, typer.Option(help="Root seed of the sweep.")]
Jobs = Annotated[int | None, typer.Option(min=1, help="Processes [cores usable by this process].")]
Out = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the results [outputs/NAME, with a suffix if anything is changed]."
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done, how long and how large.")
]
Precision = Annotated[
    str | None,
    typer.Option(
        metavar="OUTCOME=WIDTH",
        help="Add replicates until 95% intervals of differences between levers are +-WIDTH.",
    ),
]
MostReplicates = Annotated[
    int, typer.Option(min=2, help="Most replicates that --precision may come to.")
]
Retry = Annotated[bool, typer.Option("--retry-failed", help="Try failed runs again.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print errors only.")]

Print = Annotated[
    bool, typer.Option("--print", help="Slurm: show the script and the commands, submit nothing.")
]
Detach = Annotated[
    bool, typer.Option("--detach", help="Slurm: submit and come back; see `nomoat sweep status`.")
]
Partition = Annotated[str | None, typer.Option(help="Slurm: partition.")]
Account = Annotated[str | None, typer.Option(help="Slurm: account.")]
Qos = Annotated[str | None, typer.Option(help="Slurm: quality of service.")]
Time = Annotated[
    str | None, typer.Option(help="Slurm: time limit of a job [twice --minutes, and ten].")
]
Mem = Annotated[str | None, typer.Option(help="Slurm: memory of a job [what the runs need].")]
Cpus = Annotated[int | None, typer.Option(min=1, help="Slurm: cores of a job, a process each [1].")]
Minutes = Annotated[float | None, typer.Option(help="Slurm: how long a job should last [20].")]
Chunk = Annotated[
    int | None, typer.Option(min=1, help="Slurm: runs of a job, instead of --minutes.")
]
ArrayLimit = Annotated[
    int | None,
    typer.Option(min=1, help="Slurm: most jobs of one sbatch [1000, or the site's MaxArraySize]."),
]
MaxInFlight = Annotated[
    int | None, typer.Option(min=1, help="Slurm: most jobs of an array that run at once.")
]
Setup = Annotated[
    list[str] | None,
    typer.Option(metavar="LINE", help="Slurm: shell line before the job; may be repeated."),
]
Scheduler = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Dask: scheduler [workers on this machine].")
]
Insecure = Annotated[
    bool, typer.Option("--insecure", help="Dask: speak to another machine without TLS.")
]


@app.command("list")
@guarded
def list_(json: Json = False) -> int:
    """List the experiments that come with the program."""
    from app.sweep_views import list_library

    return list_library(as_json=json)


@app.command()
@guarded
def run(
    experiment: Experiment,
    settings: Set = None,
    months: Months = None,
    enterprises: Enterprises = None,
    replicates: Replicates = None,
    seed: Seed = None,
    jobs: Jobs = None,
    out: Out = None,
    dry_run: DryRun = False,
    precision: Precision = None,
    max_replicates: MostReplicates = 200,
    retry_failed: Retry = False,
    json: Json = False,
    quiet: Quiet = False,
    engine: Engine = "local",
    profile: Profile = None,
    print_: Print = False,
    detach: Detach = False,
    partition: Partition = None,
    account: Account = None,
    qos: Qos = None,
    time: Time = None,
    mem: Mem = None,
    cpus: Cpus = None,
    minutes: Minutes = None,
    chunk: Chunk = None,
    array_limit: ArrayLimit = None,
    max_in_flight: MaxInFlight = None,
    setup: Setup = None,
    scheduler: Scheduler = None,
    insecure: Insecure = False,
) -> int:
    """Run an experiment; an interrupted one goes on where it was.

    Every finished run is kept, whatever happens: give the same command again.
    Examples: nomoat sweep run open-vs-closed --dry-run;
    nomoat sweep run my.toml --enterprises 200 --precision open_share=0.01;
    nomoat sweep run my.toml --engine slurm --partition short --print
    """
    from app.clusters import Place
    from app.sweeping import Request, execute

    slurm = {
        "partition": partition, "account": account, "qos": qos, "time": time, "mem": mem,
        "cpus": cpus, "minutes": minutes, "chunk": chunk, "array_limit": array_limit,
        "max_in_flight": max_in_flight, "setup": tuple(setup or ()),
    }  # fmt: skip
    dask = {"scheduler": scheduler, "insecure": insecure}
    return execute(
        Request(
            experiment, list(settings or ()), months, enterprises, replicates, seed, jobs, out,
            dry_run, precision, max_replicates, retry_failed, json, quiet,
            Place(engine, profile, print_, detach, slurm, dask),
        )
    )  # fmt: skip


@app.command()
@guarded
def cancel(folder: Folder, json: Json = False) -> int:
    """End the sweep's jobs on the cluster; what is finished stays.

    `nomoat sweep run` with the same experiment goes on.
    """
    from app.clusters import cancel_jobs

    return cancel_jobs(folder, as_json=json)


@app.command()
@guarded
def status(folder: Folder, json: Json = False) -> int:
    """Say what is finished, what failed and what is left.

    Exit code 0, or 1 if runs failed.
    """
    from app.sweep_views import show_status

    return show_status(folder, as_json=json)


@app.command()
@guarded
def extend(
    folder: Folder,
    replicates: Annotated[int | None, typer.Option(min=1, help="Replicates in all.")] = None,
    points: Annotated[
        int | None,
        typer.Option(min=1, help="Points (of morris: trajectories) to add to a sampled design."),
    ] = None,
    jobs: Jobs = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Add replicates or points to a sweep and run them; what is there stays.

    Example: nomoat sweep extend outputs/open-vs-closed --replicates 20
    """
    from app.sweeping import extend as extend_sweep

    return extend_sweep(folder, replicates, points, jobs, as_json=json, quiet=quiet)


@app.command()
@guarded
def show(folder: Folder, json: Json = False) -> int:
    """Print the outcomes by levers, with intervals, and draw outcomes.png."""
    from app.sweep_views import show_outcomes

    return show_outcomes(folder, as_json=json)


@app.command()
@guarded
def rerun(
    folder: Folder,
    run_id: Annotated[str, typer.Argument(help="Run id or a unique beginning of one.")],
    json: Json = False,
) -> int:
    """Do one run again and compare its bytes with those stored.

    Exit code 0 if they are equal, 1 if not.
    """
    from app.sweep_views import rerun as rerun_one

    return rerun_one(folder, run_id, as_json=json)


@app.command()
@guarded
def diff(
    folder1: Folder,
    folder2: Annotated[Path, typer.Argument(help="The sweep to compare it with.")],
    json: Json = False,
) -> int:
    """Say how two sweeps differ, and why: questions, code, versions, outcomes.

    Exit code 0 if every outcome is equal, 1 if not.
    """
    from app.sweep_views import diff_sweeps

    return diff_sweeps(folder1, folder2, as_json=json)


@app.command()
@guarded
def compact(folder: Folder, json: Json = False) -> int:
    """Put the results into few files, in the order of the design."""
    from app.sweep_views import compact_sweep

    return compact_sweep(folder, as_json=json)


@app.command()
@guarded
def check(folder: Folder, json: Json = False) -> int:
    """Hold every file against its checksum; nothing is changed.

    Exit code 0 if all are whole, 1 if not: `nomoat sweep run` sets damaged ones aside and does
    their runs again.
    """
    from app.sweep_views import check_sweep

    return check_sweep(folder, as_json=json)
