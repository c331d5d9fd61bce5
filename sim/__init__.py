"""The market the actors meet in. The Python interface: `from sim import run, Scenario, Market`.

Names are imported when they are first used, so that `import sim` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.loading import load
    from sim.market import Market
    from sim.running import Result, run
    from sim.scenario import Scenario

__all__ = ["Market", "Result", "Scenario", "load", "run"]

_HOMES = {
    "Market": "sim.market", "Result": "sim.running", "run": "sim.running",
    "Scenario": "sim.scenario", "load": "sim.loading",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'sim' has no attribute '{name}'")
