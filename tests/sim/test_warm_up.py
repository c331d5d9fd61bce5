"""Compilation is over before the first month: `seconds` of a run are those of simulating."""

import subprocess
import sys

PROGRAM = """
import sys
from numba.core.registry import CPUDispatcher
from sim import Market, load
from sim.enterprise_step import warm_up

def compiled():
    ours = [m for name, m in sys.modules.items() if name.partition(".")[0] in ("agents", "sim")]
    kernels = {id(k): k for m in ours for k in vars(m).values() if isinstance(k, CPUDispatcher)}
    return {k.py_func.__qualname__: len(k.overloads) for k in kernels.values() if k.overloads}

market = Market(load("baseline", {"enterprise.population": 60, "months": 40}))
warm_up(market)
before = compiled()
for _ in range(40):
    market.step()
assert "month_block" in before, before
print({name: count for name, count in compiled().items() if before.get(name) != count})
"""


def test_no_kernel_is_compiled_while_months_pass() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "{}", done.stdout + done.stderr
