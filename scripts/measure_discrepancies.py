"""Measure what the model leaves out: how far facts move when fixed assumptions are changed.

`uv run scripts/measure_discrepancies.py` runs the baseline under each change below on the same
seeds and prints shifts of the key facts in half-bands, and half of their root sum of squares, which
is what experiments/ensemble/discrepancies.toml holds. It takes a few minutes.
"""

from typing import Any, Final

import numpy as np

from experiments.ensemble.facts import key_facts
from experiments.evidence.validation import measure

SEEDS: Final = range(1, 13)
CHANGES: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "linear quality": ({"choice.quality_form": "linear"},),
    "decisiveness differs": ({"choice.theta_spread": 0.1}, {"choice.theta_spread": 0.7}),
    "tasks differ more": ({"enterprise.difficulty_spread": 1.0},),
    "more luck in training": ({"capability.noise": 0.1},),
    "imitation lags longer": ({"capability.imitation_lag": 8},),
    "restrictions last longer": ({"restriction.half_life": 12},),
    "reviews more often": ({"enterprise.review_shortest": 3, "enterprise.review_longest": 6},),
}
"""Assumptions that are not among the uncertain parameters; of two ways the larger shift counts."""


def main() -> None:
    """Print a row per change, a column per fact."""
    facts = key_facts()
    units = np.array([fact.unit for fact in facts])
    base = values({})
    shifts = []
    print(f"{'':28}", *(f"{fact.id:>15}" for fact in facts))
    for name, ways in CHANGES.items():
        found = np.array([np.nanmean((values(way) - base) / units, axis=0) for way in ways])
        larger = np.abs(found).argmax(axis=0)
        shifts.append(found[larger, np.arange(len(facts))])
        print(f"{name:28}", *(f"{shift:15.2f}" for shift in shifts[-1]))
    half = np.sqrt((np.array(shifts) ** 2).sum(axis=0)) / 2
    print(f"{'discrepancy':28}", *(f"{one:15.2f}" for one in half))


def values(overrides: dict[str, Any]) -> np.ndarray:
    """Values of the key facts (seeds, facts) on their scales."""
    facts = key_facts()
    found = [measure("baseline", overrides, seed) for seed in SEEDS]
    table = np.array([[one[fact.id] for fact in facts] for one in found], dtype=np.float64)
    return np.stack([fact.on_scale(table[:, i]) for i, fact in enumerate(facts)], axis=1)


if __name__ == "__main__":
    main()
