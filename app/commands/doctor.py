"""`nomoat doctor`: is this machine and installation fit to run?"""

from pathlib import Path
from typing import Annotated

import typer

from app.shell import guarded

Engine = Annotated[
    str, typer.Option(help="local, or slurm: also checks the cluster, with one tiny job.")
]
Profile = Annotated[
    Path | None,
    typer.Option(help="Settings of the cluster [~/.config/nomoat/cluster.toml, if there is one]."),
]
Partition = Annotated[str | None, typer.Option(help="Slurm: partition.")]
Account = Annotated[str | None, typer.Option(help="Slurm: account.")]
Qos = Annotated[str | None, typer.Option(help="Slurm: quality of service.")]
Setup = Annotated[
    list[str] | None,
    typer.Option(metavar="LINE", help="Slurm: shell line before the job; may be repeated."),
]


@guarded
def doctor(
    engine: Engine = "local",
    profile: Profile = None,
    partition: Partition = None,
    account: Account = None,
    qos: Qos = None,
    setup: Setup = None,
) -> int:
    """Check the installation and the machine.

    Names the fix for whatever is wrong. Example: nomoat doctor --engine slurm --partition short
    """
    from app.checks import CHECKS, report
    from app.clusters import Place, profile_of

    slurm = {"partition": partition, "account": account, "qos": qos, "setup": tuple(setup or ())}
    settings = profile_of(Place(engine, profile, show=engine == "slurm", slurm=slurm)).slurm
    if engine != "slurm":
        return report(CHECKS)
    from app.cluster_checks import slurm_checks

    return report((*CHECKS, *slurm_checks(settings, profile)))
