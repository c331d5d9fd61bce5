"""Boxes of conditions: where in the space of parameters a claim holds (PRIM), tested elsewhere.

A box is found on one half of the worlds and tested on the other, so that what is reported was not
chosen for fitting. PRIM is Friedman and Fisher's patient rule induction, of the EMA workbench.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Holds = NDArray[np.bool_]
DENSE: Final = 0.75
"""Share of worlds in a box in which the claim must hold."""
COVERED: Final = 0.3
"""Share of all worlds in which the claim holds that a box must have."""
FEWEST: Final = 30
"""Worlds of the testing half that a box must have."""
MOST_SIDES: Final = 3
"""Parameters that a box may restrict: what a person can keep in mind."""
WANTED: Final = 0.85
"""Density that is looked for in the half that a box is found on, beyond what is tested."""


@dataclass(frozen=True)
class Box:
    """A region of parameters, and what the half of worlds that it was not found on say of it.

    limits: low and high by path, of restricted parameters only. worlds: of the testing half in it.
    density: share of these in which the claim holds. coverage: share of all worlds of that half in
    which it holds that lie in it. p_value: chance of such a density if the true one were `DENSE`.
    overall: share of all worlds of that half in which it holds, to see how much the box adds.
    """

    limits: Mapping[str, tuple[float, float]]
    worlds: int
    density: float
    coverage: float
    p_value: float
    overall: float

    @property
    def candidate(self) -> bool:
        """Whether it is large enough to count; its density is judged with those of all claims."""
        return self.coverage >= COVERED and self.worlds >= FEWEST


def find_box(paths: Sequence[str], values: Floats, holds: Holds, seed: int) -> Box | None:
    """The box of a claim; None where too few worlds hold or fail, or none is found.

    values: (worlds, parameters). holds: in which worlds the claim does.
    """
    order = np.random.default_rng(seed).permutation(len(holds))
    finding, testing = order[: len(order) // 2], order[len(order) // 2 :]
    few = min(int(holds[finding].sum()), int((~holds[finding]).sum()))
    if few < 5 or not holds[testing].any():
        return None
    limits = found_limits(paths, values[finding], holds[finding])
    if not limits:
        return None
    inside = in_box(paths, values[testing], limits)
    count, hits = int(inside.sum()), int(holds[testing][inside].sum())
    # P(as many or more hold | the true density is DENSE): small where the density is above it.
    p_value = float(stats.binom.sf(hits - 1, count, DENSE)) if count else 1.0
    return Box(
        limits,
        count,
        hits / count if count else 0.0,
        hits / int(holds[testing].sum()),
        p_value,
        float(holds[testing].mean()),
    )


def in_box(
    paths: Sequence[str], values: Floats, limits: Mapping[str, tuple[float, float]]
) -> Holds:
    """Which worlds lie in a box."""
    inside = np.ones(len(values), bool)
    for path, (low, high) in limits.items():
        column = values[:, list(paths).index(path)]
        inside &= (column >= low) & (column <= high)
    return inside


def found_limits(
    paths: Sequence[str], values: Floats, holds: Holds
) -> dict[str, tuple[float, float]]:
    """Limits of the box that PRIM peels: dense enough, few sides, then as much covered as can be.

    A limit at the end of the values is no limit.
    """
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ema_workbench.analysis.prim import Prim

        frame = pd.DataFrame(values, columns=list(paths))
        box: Any = Prim(frame, holds, peel_alpha=0.05).find_box()
    if box is None:
        return {}
    path = box.peeling_trajectory
    eligible = path[(path.res_dim >= 1) & (path.res_dim <= MOST_SIDES) & (path.n >= FEWEST / 2)]
    if eligible.empty:
        return {}
    dense = eligible[eligible.density >= WANTED]
    if dense.empty:
        best = int(eligible.sort_values(["density", "coverage"]).id.iloc[-1])
    else:
        best = int(dense.sort_values(["coverage", "density"]).id.iloc[-1])
    limits = box.box_lims[best]
    found = {}
    for place, name in enumerate(paths):
        low, high = float(limits[name].iloc[0]), float(limits[name].iloc[1])
        ends = values[:, place].min(), values[:, place].max()
        if low > ends[0] or high < ends[1]:
            found[name] = (low, high)
    return found
