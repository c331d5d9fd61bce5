"""The fan of the future: medians and ranges of plausible worlds, month by month."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.ticker import MaxNLocator

from agents.common.vocabulary import month_index, month_name
from app import palette
from app.ensemble_figure import PANELS, Line
from app.ensemble_views import QUANTITIES, rows, unknown_words
from app.labels import spread
from app.reporting.drawing import Figure, area, line, path, picture, rect, text
from app.reporting.markup import Markup
from app.reporting.words import percent, short
from experiments.ensemble.outlook import LEVELS, Fan, Outlook
from experiments.escape import for_path
from experiments.evidence.forecast import MONTHS
from experiments.evidence.loss import LAST_MONTH

WIDTH, HEIGHT = 440.0, 262.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 108.0, 14.0, 28.0
QUANTILES: Final = tuple(f"q{round(100 * level):02d}" for level in LEVELS)
COLUMNS: Final = ("month", "quantity", "worlds", *QUANTILES)
NAMES: Final = {
    "share_tokens_open": "open", "share_tokens_api": "vendor's API",
    "share_tokens_hosted": "hosted", "share_tokens_selfhost": "own machines",
}  # fmt: skip
CLEAR: Final = 2
"""Fans in a panel up to which the raw ranges can be told apart."""
Points = list[tuple[float, float]]


def fan_figures(ensemble: Outlook, raw: Outlook) -> list[tuple[Figure, str]]:
    """A figure per panel of the forecast, with the unit of its numbers."""
    return [(panel(title, unit, lines, ensemble, raw), unit) for title, unit, lines in PANELS]


class Frame:
    """Places of months and values in a panel."""

    def __init__(self, low: float, high: float, months: int, *, log: bool) -> None:
        self.log, self.months = log, months
        self.low, self.high = (math.log10(low), math.log10(high)) if log else (low, high)

    def x(self, month: float) -> float:
        """Across."""
        return LEFT + (WIDTH - LEFT - RIGHT) * month / (self.months - 1)

    def y(self, value: float) -> float:
        """Down."""
        place = math.log10(value) if self.log else value
        share = (place - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(max(share, 0.0), 1.0)

    def ticks(self) -> list[float]:
        """Values that are named."""
        if self.log:
            return [10.0**n for n in range(math.ceil(self.low), math.floor(self.high) + 1)]
        found = MaxNLocator(4).tick_values(self.low, self.high)
        return [float(v) for v in found if self.low - 1e-9 <= v <= self.high + 1e-9]


def panel(
    title: str, unit: str, lines: Sequence[Line], ensemble: Outlook, raw: Outlook
) -> Figure:  # fmt: skip
    """One panel: a fan per line, named at its end, the raw ranges dashed."""
    fans = [(ensemble.fans[column], raw.fans[column]) for column, _, _ in lines]
    frame = framed(fans, unit)
    shapes = grid(frame, unit)
    for (fan, other), (_, _, colour) in zip(fans, lines, strict=True):
        shapes += drawn(frame, fan, other, colour, pale=len(lines) > CLEAR)
    shapes += ends(frame, fans, lines)
    alt = f"{title}, {unit}. " + "; ".join(
        words_of(fan, NAMES.get(column, name), unit)
        for (fan, _), (column, name, _) in zip(fans, lines, strict=True)
    )
    numbers = [
        row
        for (fan, other), (column, _, _) in zip(fans, lines, strict=True)
        for kind, one in (("plausible", fan), ("raw ranges", other))
        for row in table(column, kind, one)
    ]
    svg = picture(WIDTH, HEIGHT, alt, shapes)
    return Figure(f"fan-{for_path(title.lower())}", title, alt, svg, COLUMNS, numbers)


def framed(fans: Sequence[tuple[Fan, Fan]], unit: str) -> Frame:
    """The frame that holds some fans."""
    months = fans[0][0].known.size
    if "share" in unit:
        return Frame(0.0, 1.0, months, log=False)
    every = np.concatenate([one.quantiles.ravel() for pair in fans for one in pair])
    known = every[np.isfinite(every)]
    if logarithmic := "log scale" in unit:
        known = known[known > 0]
    if not known.size:
        return Frame(0.0, 1.0, months, log=False)
    if logarithmic:
        return Frame(float(known.min()) * 0.8, float(known.max()) * 1.25, months, log=True)
    margin = 0.05 * float(np.ptp(known)) or 1.0
    low, high = float(known.min()) - margin, float(known.max()) + margin
    return Frame(min(low, 0.0), max(high, 0.0), months, log=False)


def grid(frame: Frame, unit: str) -> list[Markup]:
    """Scale, years, and the months whose releases are input."""
    end = frame.x(month_index(LAST_MONTH))
    shapes = [rect(LEFT, TOP, end - LEFT, HEIGHT - TOP - BOTTOM, palette.INPUT_SHADE)]
    for value in frame.ticks():
        y = frame.y(value)
        words = percent(value) if "share" in unit else short(value)
        shapes += [
            line(LEFT, y, WIDTH - RIGHT, y),
            text(LEFT - 6, y + 4, words, palette.MUTED, text_anchor="end", font_size=11),
        ]
    for month in range(0, frame.months, 24):
        x = frame.x(month)
        shapes.append(
            text(x, HEIGHT - 9, month_name(month)[:4], palette.MUTED, text_anchor="middle",
                 font_size=11)
        )  # fmt: skip
    shapes.append(text(end - 4, TOP + 12, "input", palette.MUTED, text_anchor="end", font_size=10))
    return shapes


def drawn(frame: Frame, fan: Fan, raw: Fan, colour: str, *, pale: bool) -> list[Markup]:
    """A fan: 90% pale, half darker, the median a line; the raw ranges' 90% dashed.

    pale: of several that lie over each other, so without the raw ranges.
    """
    low, quarter, middle, most, high = (points(frame, row) for row in fan.quantiles)
    shapes = []
    for lower, upper, opacity in (
        (low, high, 0.07 if pale else 0.14),
        (quarter, most, 0.2 if pale else 0.26),
    ):
        if lower:
            shapes.append(area([*lower, *reversed(upper)], colour, fill_opacity=opacity))
    for edge in () if pale else (raw.quantiles[0], raw.quantiles[-1]):
        if found := points(frame, edge):
            shapes.append(
                path(found, colour, stroke_width=1, stroke_dasharray="4 3", stroke_opacity=0.75)
            )
    if middle:
        shapes.append(path(middle, colour, stroke_width=2.2))
    return shapes


def points(frame: Frame, values: np.ndarray) -> Points:
    """Where values of months lie; months without a value are left out."""
    return [
        (frame.x(month), frame.y(value))
        for month, value in enumerate(values.tolist())
        if math.isfinite(value) and (value > 0 or not frame.log)
    ]


def ends(
    frame: Frame, fans: Sequence[tuple[Fan, Fan]], lines: Sequence[Line]
) -> list[Markup]:  # fmt: skip
    """The name of each line at its end."""
    named = []
    for (fan, _), (column, name, colour) in zip(fans, lines, strict=True):
        if found := points(frame, fan.quantiles[2]):
            named.append((found[-1][1], NAMES.get(column, name), colour))
    places = spread([y for y, _, _ in named], 14.0)
    return [
        text(WIDTH - RIGHT + 7, y + 4, name, colour, font_weight="600")
        for y, (_, name, colour) in zip(places, named, strict=True)
    ]


def words_of(fan: Fan, name: str, unit: str) -> str:
    """The last month in words."""
    low, _, middle, _, high = fan.quantiles[:, -1].tolist()
    shown = percent if "share" in unit else brief
    last = month_name(fan.known.size - 1)
    return (
        f"{name} in {last}: median {shown(middle)}, 90% between {shown(low)} and {shown(high)}"
        f"{unknown_words(fan, fan.known.size - 1)}"
    )


def table(column: str, kind: str, fan: Fan) -> list[tuple[str | float | None, ...]]:
    """The quantiles of a fan by month."""
    return [(month_name(m), column, kind, *row) for m, row in enumerate(rows(fan))]


def outlook_rows(ensemble: Outlook, raw: Outlook) -> list[Mapping[str, Any]]:
    """The forecast in a few months: medians and ranges in words, ensemble beside raw ranges."""
    found: list[Mapping[str, Any]] = []
    for column, words in QUANTITIES.items():
        shown = percent if column.startswith(("share", "adoption", "leader", "open")) else brief
        cells = []
        for one in (ensemble, raw):
            for month in MONTHS if one is ensemble else MONTHS[-1:]:
                cells.append(cell(one.fans[column], month, shown))
        found.append({"words": words, "cells": cells})
    return found


def cell(fan: Fan, month: str, shown: Any) -> str:
    """Median and 90% range of a month."""
    place = month_index(month)
    low, _, middle, _, high = fan.quantiles[:, place].tolist()
    return f"{shown(middle)} ({shown(low)} to {shown(high)}{unknown_words(fan, place)})"


def brief(value: float) -> str:
    """A number that is uncertain in its second digit."""
    return short(value, 2)
