"""Fans are weighted quantiles over worlds and replicates."""

import numpy as np
import pyarrow as pa
import pytest

from app.ensemble_views import cell, known_in, rows
from experiments.ensemble.folder import EnsembleError
from experiments.ensemble.outlook import (
    LEVELS,
    MOST_UNKNOWN,
    Outlook,
    fan,
    fans,
    stored_outlook,
)
from experiments.ensemble.runs import MONTHS

MIDDLE = LEVELS.index(0.5)


def worlds(**weights: float) -> pa.Table:
    """Worlds with two runs each, named after them."""
    ids = [[f"{name}0", f"{name}1"] for name in weights]
    return pa.table({"run_ids": ids, "weight": list(weights.values())})


def runs(**values: float) -> dict[str, np.ndarray]:
    """Two equal runs of every world, one column that never changes."""
    return {f"{n}{r}": np.full((MONTHS, 1), v) for n, v in values.items() for r in range(2)}


def test_a_heavy_world_decides_the_median() -> None:
    found = fans(worlds(a=0.1, b=0.8, c=0.1), runs(a=1.0, b=5.0, c=9.0), ["gap"])
    assert (found.worlds, found.effective) == (3, pytest.approx(1 / 0.66))
    low, *_, high = found.fans["gap"].quantiles[:, -1]
    assert found.fans["gap"].quantiles[MIDDLE, -1] == pytest.approx(5.0)
    assert low < 5.0 < high
    even = fans(worlds(a=0.9, b=0.05, c=0.05), runs(a=1.0, b=5.0, c=9.0), ["gap"])
    assert even.fans["gap"].quantiles[MIDDLE, 0] == pytest.approx(1.0)


def test_worlds_that_were_not_run_are_left_out() -> None:
    table = worlds(a=0.5, b=0.5)
    without = table.set_column(0, "run_ids", pa.array([["a0", "a1"], []]))
    found = fans(without, runs(a=1.0), ["gap"])
    assert (found.worlds, found.effective) == (1, 1.0)
    with pytest.raises(EnsembleError, match="no run to 2030-12"):
        fans(table.set_column(0, "run_ids", pa.array([[], []], pa.list_(pa.string()))), {}, ["gap"])


def test_a_stored_forecast_keeps_how_much_is_known() -> None:
    values = np.ones((4, MONTHS))
    values[0, 1] = np.nan
    found = Outlook(4, 4.0, {"gap": fan("gap", values, np.ones(4))})
    one = {
        "worlds": 4, "effective": 4.0, "quantiles": {"gap": rows(found.fans["gap"])},
        "known": {"gap": known_in(found.fans["gap"])},
    }  # fmt: skip
    again, _ = stored_outlook({"ensemble": one, "prior": one})
    assert again.fans["gap"].known.tolist() == found.fans["gap"].known.tolist()
    older, _ = stored_outlook({kind: {**one, "known": {}} for kind in ("ensemble", "prior")})
    assert np.isnan(older.fans["gap"].known).all()
    assert cell(older.fans["gap"], "2023-02") == "1 (1 to 1)"


def test_a_month_that_most_runs_do_not_know_has_no_quantiles() -> None:
    values = np.ones((4, MONTHS))
    values[:2, 0] = np.nan
    values[0, 1] = np.nan
    found = fan("gap", values, np.ones(4))
    assert found.known[:3].tolist() == [0.5, 0.75, 1.0]
    assert MOST_UNKNOWN == 0.5
    assert cell(found, "2023-02") == "1 (1 to 1, 25% have none)"
    assert cell(found, "2023-03") == "1 (1 to 1)"
    assert cell(found, "2023-01") == "– (– to –, 50% have none)"
    assert np.isnan(found.quantiles[:, 0]).all()
    assert (found.quantiles[:, 1:] == 1.0).all()
