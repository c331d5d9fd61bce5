"""Options of every command that does many runs: who does them."""

from pathlib import Path
from typing import Annotated

import typer

Engine = Annotated[
    str, typer.Option(help="Who does the runs: local (processes here), slurm, dask or mpi.")
]
Profile = Annotated[
    Path | None,
    typer.Option(help="Settings of the cluster [~/.config/nomoat/cluster.toml, if there is one]."),
]
