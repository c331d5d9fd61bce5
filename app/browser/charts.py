"""Charts as ECharts options: plain dictionaries made from a frame and a theme, nothing else.

Every chart has its legend in a row of its own above the plot, which scrolls where it is long, so
that names never lie on lines. Colours are those of all other plots of the project.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from agents.common.vocabulary import month_name
from app import palette
from app.browser.frame import Frame

Option = dict[str, Any]
Line = Sequence[float | None]
VENDORS: Final = 7
"""Vendors with a colour of their own; the rest are one band."""


@dataclass(frozen=True)
class Theme:
    """Colours that depend on light and dark."""

    ink: str
    muted: str
    faint: str
    paper: str


LIGHT: Final = Theme(palette.INK, palette.MUTED, palette.FAINT, palette.PAPER)
DARK: Final = Theme("#E8ECF2", "#A3ADBB", "#3A4352", "#1E1E1E")


def titled(theme: Theme, title: str, unit: str) -> Option:
    """The frame that all charts share."""
    return {
        "animation": False,
        "backgroundColor": "transparent",
        "textStyle": {"color": theme.ink, "fontSize": 13},
        "title": {
            "text": title, "subtext": unit, "left": 8, "top": 4, "itemGap": 8,
            "textStyle": {"color": theme.ink, "fontSize": 15, "fontWeight": 600},
            "subtextStyle": {"color": theme.muted, "fontSize": 12},
        },
        "legend": {
            "type": "scroll", "top": 46, "left": 8, "right": 8, "icon": "roundRect",
            "itemWidth": 12, "itemHeight": 12, "textStyle": {"color": theme.ink, "fontSize": 12},
            "pageTextStyle": {"color": theme.muted}, "pageIconColor": theme.ink,
            "pageIconInactiveColor": theme.faint,
        },
        "grid": {"left": 52, "right": 20, "top": 78, "bottom": 28},
        "toolbox": {
            "right": 10, "top": 6, "iconStyle": {"borderColor": theme.muted},
            "feature": {"saveAsImage": {"name": "nomoat", "title": "save as PNG",
                                        "pixelRatio": 2, "backgroundColor": theme.paper}},
        },
        "tooltip": {
            "trigger": "axis", "confine": True, "backgroundColor": theme.paper,
            "borderColor": theme.faint, "textStyle": {"color": theme.ink, "fontSize": 12},
        },
    }  # fmt: skip


def months_axis(theme: Theme, dates: Sequence[str]) -> Option:
    """Months along the bottom, years named."""
    return {
        "type": "category", "data": list(dates), "boundaryGap": False,
        "axisLine": {"lineStyle": {"color": theme.faint}}, "axisTick": {"show": False},
        "axisLabel": {"color": theme.muted, "hideOverlap": True},
    }  # fmt: skip


def value_axis(theme: Theme, **more: Any) -> Option:
    """Values upwards with faint lines."""
    return {
        "type": "value", "axisLabel": {"color": theme.muted},
        "splitLine": {"lineStyle": {"color": theme.faint}}, **more,
    }  # fmt: skip


def share_axis(theme: Theme) -> Option:
    """Shares from 0 to 100%."""
    label = {"color": theme.muted, "formatter": "{value}%"}
    return value_axis(theme, min=0, max=100, axisLabel=label)


def rounded(values: Line, digits: int = 4) -> list[float | None]:
    """Numbers short enough to send; None for what is not finite."""
    return [None if v is None or not math.isfinite(v) else float(f"{v:.{digits}g}") for v in values]


def percent(values: Line) -> list[float | None]:
    """Shares as percentages."""
    return rounded([None if v is None else 100 * v for v in values])


def area(name: str, values: Line, colour: str) -> Option:
    """One band of a stack."""
    return {
        "name": name, "type": "line", "stack": "all", "data": list(values), "symbol": "none",
        "lineStyle": {"width": 0}, "areaStyle": {"color": colour, "opacity": 0.92},
        "itemStyle": {"color": colour}, "emphasis": {"focus": "series"},
    }  # fmt: skip


def line(name: str, values: Line, colour: str, dashed: bool = False) -> Option:
    """One line."""
    return {
        "name": name, "type": "line", "data": list(values),
        # One month alone is a dot: a line of it would not be seen.
        "symbol": "circle" if len(values) == 1 else "none", "symbolSize": 7,
        "connectNulls": False, "itemStyle": {"color": colour},
        "lineStyle": {"color": colour, "width": 2.2, "type": "dashed" if dashed else "solid"},
    }  # fmt: skip


def shaded(theme: Theme, frame: Frame) -> Option:
    """A mark over the months whose releases and list prices are input."""
    end = month_name(min(frame.until, frame.month))
    return {
        "silent": True, "itemStyle": {"color": theme.muted, "opacity": 0.09},
        "label": {"show": True, "position": "insideTopRight", "color": theme.muted,
                  "fontSize": 11, "formatter": "input"},
        "data": [[{"xAxis": frame.dates[0]}, {"xAxis": end}]],
    }  # fmt: skip


def over_time(
    theme: Theme, frame: Frame, title: str, unit: str, series: list[Option], axis: Option
) -> Option:
    """A chart over months."""
    return titled(theme, title, unit) | {
        "xAxis": months_axis(theme, frame.dates), "yAxis": axis, "series": series,
    }  # fmt: skip


def access_chart(frame: Frame, theme: Theme) -> Option:
    """How tokens reach enterprises, and how many are of open models."""
    names = {"api": "vendor's API", "hosted": "hosted", "selfhost": "own machines"}
    series = [
        area(label, percent(frame.series(f"share_tokens_{key}")), palette.ACCESS[key])
        for key, label in names.items()
    ]
    opened = percent(frame.series("share_tokens_open"))
    series.append(line("open weights", opened, theme.ink, dashed=True))
    return over_time(
        theme, frame, "How enterprises reach models", "share of tokens", series, share_axis(theme)
    )


def strategy_chart(frame: Frame, theme: Theme) -> Option:
    """Tokens by the strategy of the model's vendor."""
    colours = {"open": palette.OPEN, "closed": palette.CLOSED, "dual": palette.DUAL}
    series = [
        area(f"{key} vendors", percent(frame.series(f"share_tokens_vendor_{key}")), colour)
        for key, colour in colours.items()
    ]
    return over_time(
        theme, frame, "Whose models they use", "share of tokens by vendor's strategy", series,
        share_axis(theme),
    )  # fmt: skip


def quality_chart(frame: Frame, theme: Theme) -> Option:
    """The best closed and the best open model on sale."""
    closed, opened = (rounded(frame.series(f"q_{kind}")) for kind in ("closed", "open"))
    series = [
        line("best closed", closed, palette.CLOSED), line("best open", opened, palette.OPEN),
    ]  # fmt: skip
    if frame.month >= 1:
        series[0]["markArea"] = shaded(theme, frame)
    return over_time(
        theme, frame, "Best model on sale", gap_words(frame), series, value_axis(theme, scale=True)
    )


def gap_words(frame: Frame) -> str:
    """The gap of this month in words."""
    unit = "logits above GPT-4 of 2023"
    if frame.month < 0:
        return unit
    months, logits = frame.series("gap_months")[-1], frame.series("gap_logits")[-1]
    if logits is None:
        return unit
    if logits <= 0:
        return f"{unit}; open leads"
    behind = "" if months is None else f", {months:.0f} months"
    return f"{unit}; open {logits:.2f}{behind} behind"


def price_chart(frame: Frame, theme: Theme) -> Option:
    """What a constant quality costs."""
    names = {
        "flagship": "flagship", "gpt4o_level": "GPT-4o level", "gpt4_level": "GPT-4 level",
        "gpt35_level": "GPT-3.5 level",
    }  # fmt: skip
    series = [
        line(label, rounded(frame.series(f"price_{key}")), ink_on(theme, palette.LEVELS[short]))
        for (key, label), short in zip(
            names.items(), ("flagship", "gpt4o", "gpt4", "gpt35"), strict=True
        )
    ]
    return over_time(
        theme, frame, "What a fixed quality costs", "$ per million tokens, log scale", series,
        value_axis(theme, type="log"),
    )  # fmt: skip


def ink_on(theme: Theme, colour: str) -> str:
    """The colour, or the theme's ink where it would vanish."""
    return theme.ink if colour == palette.INK else colour


def vendor_chart(frame: Frame, theme: Theme) -> Option:
    """Shares of spend by vendor of the model."""
    shares = vendor_shares(frame)
    ranked = sorted(shares, key=lambda name: -sum(shares[name]))
    top, rest = ranked[:VENDORS], ranked[VENDORS:]
    series = [area(name, percent(shares[name]), palette.SERIES[i]) for i, name in enumerate(top)]
    if rest:
        other = np.sum([shares[name] for name in rest], axis=0).tolist()
        series.append(area("other", percent(other), palette.OTHER))
    return over_time(
        theme, frame, "Who gets the money", "share of spend by vendor of the model", series,
        share_axis(theme),
    )  # fmt: skip


def vendor_shares(frame: Frame) -> dict[str, list[float]]:
    """Share of spend of every vendor by month, 0 where it has no row."""
    table = frame.tables.get("vendor")
    shares: dict[str, list[float]] = {}
    if table is None:
        return shares
    columns = (table[name].to_pylist() for name in ("month", "vendor", "spend_share"))
    for month, name, share in zip(*columns, strict=True):
        if month <= frame.month:
            shares.setdefault(name, [0.0] * (frame.month + 1))[month] = share or 0.0
    return shares


def money_chart(frame: Frame, theme: Theme) -> Option:
    """Adoption of enterprises."""
    series = [
        line("all firms", percent(frame.series("adoption")), theme.ink),
        line("firms of 1,000 and more", percent(frame.series("adoption_large")), "#4D9BC9"),
    ]
    return over_time(
        theme, frame, "Who uses models at all", "share of firms", series, share_axis(theme)
    )


MARKET: Final = (
    access_chart, strategy_chart, quality_chart, price_chart, vendor_chart, money_chart,
)  # fmt: skip
"""Charts of the first tab."""


KINDS: Final[Mapping[str, str]] = {
    "release": "#4D9BC9", "price": "#F0B94D", "strategy": "#8E6FC1", "breach": "#C25100",
    "entry": "#4DB894", "exit": "#9AA3AF",
}  # fmt: skip


def event_chart(frame: Frame, theme: Theme) -> Option:
    """What happened, on a time line by kind."""
    rows = event_rows(frame)
    kinds = list(dict.fromkeys([*KINDS, *(row["kind"] for row in rows)]))
    kinds = [kind for kind in kinds if any(row["kind"] == kind for row in rows)]
    data = [
        {
            "value": [month_name(max(row["month"], 0)), row["kind"]],
            "name": f"{row['target'] or ''}",
            "itemStyle": {"color": KINDS.get(row["kind"], theme.muted), "opacity": 0.75},
        }
        for row in rows
    ]
    option = titled(theme, "What happened", f"{len(rows):,} events, by month and kind")
    option["legend"] = {"show": False}
    option["tooltip"] |= {"trigger": "item", "formatter": "{b}"}
    axis = {"type": "category", "data": kinds, "axisLabel": {"color": theme.ink},
            "axisTick": {"show": False}, "axisLine": {"show": False}, "inverse": True,
            "splitLine": {"show": True, "lineStyle": {"color": theme.faint}}}  # fmt: skip
    return option | {
        "grid": {"left": 130, "right": 24, "top": 60, "bottom": 34},
        "xAxis": months_axis(theme, frame.dates) | {"boundaryGap": True},
        "yAxis": axis,
        "series": [{"type": "scatter", "data": data, "symbolSize": 9}],
    }  # fmt: skip


def event_rows(frame: Frame) -> list[dict[str, Any]]:
    """Events up to this month."""
    table = frame.tables.get("event")
    rows: list[dict[str, Any]] = [] if table is None else table.to_pylist()
    return [row for row in rows if row["month"] <= frame.month]


COMPARED: Final = (
    ("share_tokens_open", "Open-weight models", "share of tokens", True),
    ("gap_logits", "Open models behind closed", "logits", False),
    ("price_gpt4_level", "Price at GPT-4 level", "$ per million tokens", False),
    ("hhi_spend", "Concentration of spend", "Herfindahl index", False),
    ("adoption", "Firms that use models", "share", True),
    ("consumer_surplus", "Surplus of enterprises", "$ a month", False),
)
"""Series that two markets are compared by: column, title, unit, whether a share."""


def compared_chart(
    frame: Frame, other: Frame, theme: Theme, column: str, title: str, unit: str, share: bool
) -> Option:  # fmt: skip
    """One series of two markets and, on an axis of its own, their difference."""
    scaled = percent if share else rounded
    one, two = scaled(frame.series(column)), scaled(other.series(column))
    gap = [None if a is None or b is None else b - a for a, b in zip(one, two, strict=False)]
    series = [
        line(frame.title, one, theme.ink), line(other.title, two, "#4D9BC9"),
        line("difference", rounded(gap), theme.muted, dashed=True) | {"yAxisIndex": 1},
    ]  # fmt: skip
    words = f"{unit}, %" if share else unit
    option = over_time(theme, frame, title, words, series, value_axis(theme, scale=True))
    right = value_axis(theme, scale=True) | {"splitLine": {"show": False}}
    right["axisLabel"] = {"color": theme.muted, "fontStyle": "italic"}
    option["yAxis"] = [option["yAxis"], right]
    option["grid"] |= {"right": 60}
    return option
