"""What a job of a cluster finds: `python -m experiments.clusters.check FILE` writes it down."""

import json
import platform
import sys
from pathlib import Path

from agents.common.compiled import cpu_level
from experiments.durable import Disk
from sim.version import model_version, usable_cores


def main(path: Path) -> None:
    """Write the facts, in one step."""
    facts = {
        "host": platform.node(), "python": platform.python_version(), "cores": usable_cores(),
        "model_version": model_version(), "cpu_level": cpu_level(),
    }  # fmt: skip
    Disk().replace(path, json.dumps(facts).encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
