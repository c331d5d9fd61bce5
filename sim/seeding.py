"""The root seed of a market that was asked for: a whole number, or the scenario's own."""

import inspect
import warnings
from collections.abc import Iterator
from types import FrameType
from typing import Final

import numpy as np

from sim.catalogue import shown
from sim.refusals import ScenarioError

LARGEST_SEED: Final = 2**63 - 1
BATCHES: Final = "mesa.batchrunner"


def root_seed(asked: object, declared: int) -> int:
    """The seed asked for, a whole number of Python or NumPy; the declared one for None.

    Raises ScenarioError for anything else: a run is named by its seed, and two that are asked for
    as 1.7 and as a generator would be given the name of another run, or none. Warns where Mesa's
    batch runner asks for the same run again.
    """
    if asked is None:
        if repeats():
            warnings.warn(
                "mesa.batch_run passes a seed neither to iterations nor from its parameters: this "
                "run is the same as the one before; rng=[1, 2, 3] gives three that differ",
                RuntimeWarning,
                stacklevel=3,
            )
        return declared
    whole = isinstance(asked, int | np.integer) and not isinstance(asked, bool)
    if whole and 0 <= int(asked) <= LARGEST_SEED:  # type: ignore[call-overload]
        return int(asked)  # type: ignore[call-overload,no-any-return]
    raise ScenarioError(
        f"rng, the root seed, is a whole number from 0 to {LARGEST_SEED}, or None for the "
        f"scenario's own seed, not {shown(asked)}"
    )


def repeats() -> bool:
    """Whether Mesa's batch runner makes this market, for another iteration without a seed.

    It tells a model the seed None and nothing else, so that only its own variables show it.
    """
    for frame in callers(inspect.currentframe()):
        if frame.f_globals.get("__name__") != BATCHES:
            continue
        known = frame.f_locals
        if known.get("iteration") or "rng" in (known.get("parameters") or ()):
            return True
    return False


def callers(frame: FrameType | None) -> Iterator[FrameType]:
    """Frames from the inside out."""
    while frame is not None:
        yield frame
        frame = frame.f_back
