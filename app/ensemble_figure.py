"""Pictures of an ensemble: the fan of the future, and what the facts pin down."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from agents.common.vocabulary import month_index, month_name
from app import labels, palette
from app.figure import frame
from experiments.ensemble.outlook import Fan, Outlook
from experiments.evidence.loss import LAST_MONTH

DPI: Final = 150
MOST_PARAMETERS: Final = 24
Line = tuple[str, str, str]
"""Column, name, colour."""
PANELS: Final[tuple[tuple[str, str, tuple[Line, ...]], ...]] = (
    (
        "How much of use is open", "share of tokens with open weights",
        (("share_tokens_open", "open", palette.OPEN),),
    ),
    (
        "How enterprises reach models", "share of tokens by access",
        (
            ("share_tokens_api", "API", palette.dark(palette.ACCESS["api"])),
            ("share_tokens_hosted", "hosted", palette.dark(palette.ACCESS["hosted"])),
            ("share_tokens_selfhost", "own machines", palette.dark(palette.ACCESS["selfhost"])),
        ),
    ),
    (
        "Whose models are used", "share of tokens by the vendor's strategy",
        (
            ("share_tokens_vendor_open", "open", palette.OPEN),
            ("share_tokens_vendor_closed", "closed", palette.CLOSED),
            ("share_tokens_vendor_dual", "dual", palette.DUAL),
        ),
    ),
    (
        "How far the best open model trails", "gap to the best closed one, logits",
        (("gap_logits", "gap", palette.INK),),
    ),
    (
        "What a fixed quality costs", "$ per million tokens, cheapest on sale, log scale",
        (
            ("price_gpt4_level", "GPT-4", palette.LEVELS["gpt4"]),
            ("price_gpt4o_level", "GPT-4o", palette.LEVELS["gpt4o"]),
        ),
    ),
    (
        "How concentrated the market is", "leader's share of spend",
        (("leader_share_spend", "leader", palette.CLOSED),),
    ),
)  # fmt: skip


def forecast_figure(ensemble: Outlook, raw: Outlook, summary: Mapping[str, Any]) -> Figure:
    """Fans over the ensemble, with the raw ranges as dashed outlines."""
    figure = Figure(figsize=(15.0, 8.6), dpi=DPI, facecolor=palette.PAPER)
    FigureCanvasAgg(figure)
    grid = figure.subplots(2, 3)
    figure.subplots_adjust(left=0.045, right=0.92, top=0.83, bottom=0.07, wspace=0.42, hspace=0.42)
    last = month_name(ensemble.fans["gap_logits"].known.size - 1)
    headline = f"What plausible worlds say, to {last}"
    labels.title(figure, 0.045, 0.955, headline, fontsize=15, weight="bold", color=palette.INK)
    words = (
        f"{ensemble.worlds} worlds that meet the facts of 2023-24 "
        f"({100 * summary['survives']['share']:.2g}% of the raw ranges); dashed: any worlds"
    )
    labels.title(figure, 0.045, 0.92, words, fontsize=10.5, color=palette.MUTED)
    notes = {
        0.045: "Line: median. Dark: half of worlds and luck, pale: 90%. Dashed: 90% of raw ranges.",
        0.5: "Left of the dotted line releases and list prices are input.",
    }
    for place, note in notes.items():
        labels.title(figure, place, 0.012, note, fontsize=8.5, color=palette.MUTED)
    for axes, (name, unit, lines) in zip(grid.flat, PANELS, strict=True):
        panel(axes, name, unit, lines, ensemble, raw)
    return figure


def panel(
    axes: Axes, name: str, unit: str, lines: Sequence[Line], ensemble: Outlook, raw: Outlook
) -> None:
    """One panel: a fan per line, named at its end."""
    months = np.arange(ensemble.fans[lines[0][0]].known.size)
    frame(axes, months, name, unit)
    if "log scale" in unit:
        axes.set_yscale("log")
    for column, _, colour in lines:
        low, quarter, middle, most, high = ensemble.fans[column].quantiles
        axes.fill_between(months, low, high, color=colour, alpha=0.12, linewidth=0)
        axes.fill_between(months, quarter, most, color=colour, alpha=0.25, linewidth=0)
        axes.plot(months, middle, color=colour, linewidth=1.8)
        outline(axes, months, raw.fans[column], colour)
    if "share" in unit:
        axes.set_ylim(0, 1)
    end = month_index(LAST_MONTH)
    axes.axvline(end, color=palette.MUTED, linewidth=0.7, linestyle=(0, (2, 2)))
    named = [
        labels.Label(words, ensemble.fans[column].quantiles[2], colour)
        for column, words, colour in lines
    ]
    labels.place_labels(axes, named)


def outline(axes: Axes, months: np.ndarray, fan: Fan, colour: str) -> None:
    """The outer quantiles of the raw ranges as dashed lines."""
    for edge in (fan.quantiles[0], fan.quantiles[-1]):
        axes.plot(months, edge, color=colour, linewidth=0.8, linestyle=(0, (4, 3)), alpha=0.7)


def pinned_figure(summary: Mapping[str, Any]) -> Figure:
    """The parameters that the facts move most: their range, and what the facts leave of it."""
    rows = summary["parameters"][:MOST_PARAMETERS]
    inches = 1.7 + 0.3 * len(rows)
    figure = Figure(figsize=(10.5, inches), dpi=DPI, facecolor=palette.PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.33, 0.55 / inches, 0.42, 1 - 1.6 / inches))
    count = sum(row["pinned"] for row in summary["parameters"])
    total = len(summary["parameters"])
    headline = f"The facts move {count} of {total} uncertain parameters beyond chance"
    labels.title(
        figure, 0.03, 1 - 0.4 / inches, headline, fontsize=14, weight="bold", color=palette.INK
    )
    words = (
        "bar: 90% of what survives (dark: moved beyond chance), dot: median; grey: range drawn from"
    )
    labels.title(figure, 0.03, 1 - 0.68 / inches, words, fontsize=9.5, color=palette.MUTED)
    for place, row in enumerate(rows):
        low, middle, high = positions(row)
        colour = palette.SERIES[0] if row["pinned"] else palette.SERIES[4]
        axes.plot([0, 1], [place, place], color=palette.FAINT, linewidth=7, solid_capstyle="butt")
        axes.plot([low, high], [place, place], color=colour, linewidth=7, solid_capstyle="butt")
        axes.plot([middle], [place], "o", color=palette.INK, markersize=4)
        left = f"{row['interval'][0]:.3g} to {row['interval'][2]:.3g}"
        ends = f"{left}  of {row['low']:g} to {row['high']:g}"
        axes.text(
            1.03, place, ends, va="center", fontsize=8.5, color=palette.MUTED, parse_math=False
        )
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, 1)
    axes.set_yticks(range(len(rows)))
    axes.set_yticklabels(
        [labels.literal(row["path"], 40) for row in rows], color=palette.INK, fontsize=9,
        parse_math=False,
    )  # fmt: skip
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


def positions(row: Mapping[str, Any]) -> tuple[float, float, float]:
    """Where the interval of a parameter lies in its range, on the scale it was drawn on."""
    scale = np.log if row["log"] else np.asarray
    low, high = (float(scale(row[end])) for end in ("low", "high"))
    low_at, middle, high_at = ((float(scale(v)) - low) / (high - low) for v in row["interval"])
    return low_at, middle, high_at
