"""Part `start-up`: from typing `nomoat run` to month 0, and `nomoat --help`."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import help_speed
from benchmarks.lines import Line

BOUND_SECONDS, OWN_SECONDS = 2.0, 0.4
IMPORTS = """
import mesa, numba, pyarrow
from experiments.machine import process_seconds
print(process_seconds())
"""


def imports() -> float:
    """Seconds from exec until mesa, numba and pyarrow are imported, and nothing else."""
    command = [sys.executable, "-c", IMPORTS]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def startup(folder: Path) -> float:
    """`startup_seconds` of a run of the default size, stored in a folder."""
    command = [Path(sys.executable).with_name("nomoat"), "run", "--no-figure", "--quiet"]
    subprocess.run([*command, "--out", folder], check=True, stdout=subprocess.DEVNULL)
    return float(json.loads((folder / "manifest.json").read_text())["startup_seconds"])


def measure(*, quick: bool) -> list[Line]:
    """The first call, which may have to compile, does not count; bests of the others do."""
    part, repeats = "start-up", 1 if quick else 5
    with tempfile.TemporaryDirectory() as place:
        startup(Path(place) / "first")
        alone, whole = [], []
        for number in range(repeats):
            alone.append(imports())
            whole.append(startup(Path(place) / str(number)))
    helps = [help_speed.seconds() for _ in range(help_speed.REPEATS)]
    return [
        Line(part, "nomoat run, exec to month 0", min(whole), "s", BOUND_SECONDS),
        Line(part, "mesa, numba and pyarrow alone", min(alone), "s"),
        Line(part, "our own part", min(whole) - min(alone), "s", OWN_SECONDS),
        Line(part, "nomoat --help", min(helps), "s", help_speed.BOUND_SECONDS),
    ]
