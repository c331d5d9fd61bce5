"""Imported once by the server that worker processes are forked from: they find the model ready.

Workers share the machine, so none of them may use threads of its own.
"""

import os

for _library in ("OMP", "OPENBLAS", "MKL", "NUMBA", "NUMEXPR"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import experiments.sweeps.engines  # noqa: E402
import experiments.sweeps.work  # noqa: E402, F401
from sim.enterprise_step import warm_up  # noqa: E402
from sim.market import Market  # noqa: E402
from sim.scenario import Scenario  # noqa: E402

warm_up(Market(Scenario()))
