"""Charts of a stored sweep: the fan of a series over months, and outcomes by the levers."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agents.common.vocabulary import month_name
from app import palette
from app.browser.charts import Option, Theme, line, months_axis, rounded, titled, value_axis
from app.browser.stored import StoredSweep
from sim.schemas import SCHEMAS

BLUE: Final = "#4D9BC9"
WORDS: Final = 58
"""Characters of an explanation under a title."""
LONGEST: Final = 34
"""Characters of an arm's name on the axis."""


def fan_chart(sweep: StoredSweep, theme: Theme, column: str, chosen: NDArray[np.bool_]) -> Option:
    """Where a series of the chosen runs lies by month: median, half and nine tenths of them."""
    percentiles = sweep.fan(column, chosen)
    dates = [month_name(month) for month in range(percentiles.shape[1])]
    low, lower, middle, upper, high = percentiles
    series = [
        *band("90% of runs", low, high, 0.22), *band("half of runs", lower, upper, 0.42),
        line("median", rounded(middle.tolist()), theme.ink),
    ]  # fmt: skip
    option = titled(theme, column.replace("_", " "), meaning(column))
    option["legend"]["data"] = ["90% of runs", "half of runs", "median"]
    return option | {
        "xAxis": months_axis(theme, dates), "yAxis": value_axis(theme, scale=True),
        "series": series,
    }  # fmt: skip


def meaning(column: str) -> str:
    """What a column of the market table says, short enough for a chart."""
    field = SCHEMAS["market"].field(column)
    words = (field.metadata or {}).get(b"description", b"").decode()
    return words if len(words) <= WORDS else words[: WORDS - 1] + "…"


def band(
    name: str, low: NDArray[np.float64], high: NDArray[np.float64], opacity: float
) -> list[Option]:
    """An area between two lines: an unseen base and what lies on it."""
    common: Option = {
        "type": "line", "stack": name, "stackStrategy": "all", "symbol": "none",
        "lineStyle": {"width": 0}, "tooltip": {"show": False}, "silent": True,
    }  # fmt: skip
    base = common | {"name": f"{name}, from", "data": rounded(low.tolist())}
    area = common | {
        "name": name,
        "data": rounded((high - low).tolist()),
        "itemStyle": {"color": BLUE},
        "areaStyle": {"color": BLUE, "opacity": opacity},
    }
    return [base, area]


def outcome_chart(
    sweep: StoredSweep, theme: Theme, outcome: str, chosen: NDArray[np.bool_]
) -> Option:
    """An outcome of every chosen run, by arm; a dot is a run."""
    rows = sweep.runs.filter(chosen).to_pylist()
    arms = list(dict.fromkeys(arm_name(sweep, row) for row in rows))
    data = [
        {"value": [row[outcome], arms.index(arm_name(sweep, row))], "name": row["run_id"]}
        for row in rows
        if isinstance(row[outcome], int | float)
    ]
    option = titled(theme, outcome.replace("_", " "), f"{len(data):,} runs, a dot each; click one")
    option["legend"] = {"show": False}
    option["tooltip"] = {"show": False}
    return option | {
        "grid": {"left": 12, "right": 24, "top": 56, "bottom": 30, "containLabel": True},
        "xAxis": value_axis(theme, scale=True),
        "yAxis": {
            "type": "category", "data": arms, "inverse": True,
            "axisLabel": {"color": theme.ink, "fontSize": 11}, "axisTick": {"show": False},
            "axisLine": {"lineStyle": {"color": theme.faint}},
            "splitLine": {"show": True, "lineStyle": {"color": theme.faint}},
        },
        "series": [{
            "type": "scatter", "data": data, "symbolSize": 9,
            "itemStyle": {"color": palette.CLOSED if not sweep.levers else BLUE, "opacity": 0.65},
        }],
    }  # fmt: skip


def arm_name(sweep: StoredSweep, row: dict[str, Any]) -> str:
    """What was decided in a run, short enough for an axis."""
    words = ", ".join(f"{short(name)} {brief(row[name])}" for name in sweep.levers)
    words = words or "all runs"
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def short(name: str) -> str:
    """The last words of a parameter's path."""
    parts = name.split(".")
    return parts[1] if len(parts) == 3 else parts[-1].replace("_", " ")


def brief(value: Any) -> str:
    """A value of a factor in few characters."""
    if value is None:
        return "none"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def spread(values: Sequence[Any]) -> list[Any]:
    """Distinct values in order, numbers by size."""
    found = list(dict.fromkeys(values))
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in found)
    return sorted(found) if numeric else found
