"""Charts of enterprises: the map of a sample, and the segments."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app import palette
from app.browser.charts import Option, Theme, titled, value_axis
from app.browser.frame import BANDS, USES, Frame

USE_COLOURS: Final = ("#9AA3AF", palette.CLOSED, "#4DB894", "#4D9BC9", "#8E6FC1")


def map_chart(
    frame: Frame, theme: Theme, sector: str | None = None, band: str | None = None
) -> Option:
    """Enterprises by volume and sensitivity of data, coloured by what they use."""
    points = frame.points
    base = titled(theme, "Enterprises", "nothing to show: no run is under way")
    if points is None:
        return base
    chosen = np.ones(len(points.firm), bool)
    if sector is not None:
        chosen &= points.sector == points.sectors.index(sector)
    if band is not None:
        chosen &= points.band == BANDS.index(band)
    chosen &= points.volume > 0
    shown = f"{int(chosen.sum()):,} of {points.total:,} simulated firms, each a dot"
    volume, sensitivity = (
        np.maximum(np.round(points.volume, 5), 1e-5),
        np.round(points.sensitivity, 3),
    )
    series = []
    for code, name in enumerate(USES):
        mine = chosen & (points.use == code)
        data = np.column_stack([volume[mine], sensitivity[mine], points.firm[mine]]).tolist()
        series.append({
            "name": name, "type": "scatter", "data": data, "large": True, "largeThreshold": 2000,
            "symbolSize": 4 if code else 3, "itemStyle": {"color": USE_COLOURS[code],
                                                           "opacity": 0.8 if code else 0.35},
        })  # fmt: skip
    option = titled(theme, "Enterprises by what they use", shown)
    option["tooltip"] = {"show": False}
    named = {"nameLocation": "middle", "nameTextStyle": {"color": theme.muted}}
    return option | {
        "grid": {"left": 64, "right": 44, "top": 84, "bottom": 52},
        "xAxis": value_axis(
            theme, type="log", name="Mtok a month wanted", nameGap=30, **decades(volume[chosen]),
            **named,
        ),
        "yAxis": value_axis(
            theme, min=0, max=1, name="sensitivity of data", nameGap=40, **named
        ),
        "series": series,
    }  # fmt: skip


def decades(values: NDArray[np.float64]) -> Option:
    """Whole powers of ten around positive values, as bounds of an axis."""
    if not values.size:
        return {}
    low, high = np.floor(np.log10(values.min())), np.ceil(np.log10(values.max()))
    return {"min": 10.0 ** float(low), "max": 10.0 ** float(max(high, low + 1))}


def segment_chart(frame: Frame, theme: Theme) -> Option:
    """Share of open models by sector and size, of home regions."""
    rows = frame.rows("segment") if frame.month >= 0 else []
    sectors = list(dict.fromkeys(row["sector"] for row in rows))
    weights: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        share, firms = row["open_usage_share"], row["enterprises"] * (row["adoption"] or 0.0)
        if share is not None and firms > 0:
            cell = weights.setdefault((row["sector"], row["band"]), [0.0, 0.0])
            cell[0] += share * firms
            cell[1] += firms
    data = [
        [BANDS.index(band), sectors.index(sector), round(100 * total / count, 1)]
        for (sector, band), (total, count) in weights.items()
    ]
    option = titled(theme, "Where open models are used", "share of uses with an open model, %")
    option["legend"] = {"show": False}
    axis = {"type": "category", "axisLabel": {"color": theme.ink}, "axisTick": {"show": False},
            "axisLine": {"show": False}, "splitArea": {"show": False}}  # fmt: skip
    return option | {
        "tooltip": {"confine": True, "backgroundColor": theme.paper,
                    "textStyle": {"color": theme.ink}},
        "grid": {"left": 150, "right": 24, "top": 64, "bottom": 84},
        "xAxis": axis | {"data": list(BANDS)}, "yAxis": axis | {"data": sectors},
        "visualMap": {
            "min": 0, "max": 100, "orient": "horizontal", "left": "center", "bottom": 8,
            "calculable": False, "textStyle": {"color": theme.muted},
            "inRange": {"color": ["#E08A4F", "#F3E6D6", "#A9D8C8", "#3FA383"]},
            "text": ["open", "closed"],
        },
        "series": [{
            "type": "heatmap", "data": data,
            "label": {"show": True, "color": "#16202B", "formatter": "{@[2]}"},
            "itemStyle": {"borderColor": theme.paper, "borderWidth": 3},
        }],
    }  # fmt: skip
