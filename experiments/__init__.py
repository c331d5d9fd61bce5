"""Many runs: their store, sweeps, and what the facts say about them."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.sweeps.reading import Sweep


def load(path: "str | Path") -> "Sweep":
    """Return the sweep stored in a folder, to be read lazily as Arrow tables.

    Raises `experiments.sweeps.folder.SweepError` if there is none.
    """
    from experiments.sweeps.reading import load as load_sweep

    return load_sweep(path)
