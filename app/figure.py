"""The summary figure of a run: four panels that need no manual."""

import io
from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter

from agents.common.vocabulary import month_name
from app import labels, palette
from app.panels import Tables, access_panel, price_panel, quality_panel, values, vendor_panel

INCHES = (12.0, 8.2)
DPI = 150
PANELS: tuple[tuple[str, str, Callable[[Axes, Tables], None]], ...] = (
    ("How enterprises reach models", "share of tokens by access", access_panel),
    ("Best model on sale", "latent quality in logits above GPT-4 of 2023-03", quality_panel),
    (
        "What a fixed quality costs",
        "$ per million tokens, cheapest on sale, log scale",
        price_panel,
    ),
    ("Whose models the money goes to", "share of enterprises' spend by vendor", vendor_panel),
)


def summary_figure(tables: Tables, title: str, history_until: int | None = None) -> Figure:
    """Return the figure of one run.

    tables: at least `market` and `vendor`. title: the scenario's name, taken literally.
    history_until: last month whose releases and list prices are input, shaded; None for none.
    """
    figure = Figure(figsize=INCHES, dpi=DPI, facecolor=palette.PAPER)
    FigureCanvasAgg(figure)
    grid = figure.subplots(2, 2)
    figure.subplots_adjust(
        left=0.055, right=0.885, top=0.83, bottom=0.065, wspace=0.47, hspace=0.42
    )
    labels.title(
        figure, 0.055, 0.955, headline(tables), fontsize=15, weight="bold", color=palette.INK
    )
    labels.title(figure, 0.055, 0.92, subtitle(tables, title), fontsize=10.5, color=palette.MUTED)
    if history_until is not None:
        note = "Pale: releases and list prices are input, all else is simulated."
        labels.title(figure, 0.055, 0.012, note, fontsize=8.5, color=palette.MUTED)
    for axes, (name, unit, draw) in zip(grid.flat, PANELS, strict=True):
        frame(axes, values(tables["market"], "month"), name, unit)
        draw(axes, tables)
        shade_input(axes, history_until)
    return figure


def headline(tables: Tables) -> str:
    """Return one sentence that says what the run ended in."""
    market = tables["market"]
    date = month_name(market.num_rows - 1)
    adoption, share = (values(market, name)[-1] for name in ("adoption", "share_tokens_open"))
    if not np.isfinite(share):
        return f"By {date}, no firm uses language models"
    return f"By {date}, {adoption:.0%} of firms use models, {share:.0%} of tokens on open weights"


def subtitle(tables: Tables, title: str) -> str:
    """Return the line under the title: which scenario, and who leads at the end."""
    leader = tables["market"]["leader"][-1].as_py()
    share = values(tables["market"], "leader_share_spend")[-1]
    led = f" · {leader} leads with {share:.0%} of spend" if leader and np.isfinite(share) else ""
    return f"Scenario {title}{led} · enterprises of North America and Europe"


def frame(axes: Axes, month: np.ndarray, name: str, unit: str) -> None:
    """Give a panel its title, its dates and a quiet frame."""
    axes.set_title(name, loc="left", fontsize=11.5, weight="bold", color=palette.INK, pad=21)
    axes.text(
        0, 1.035, unit, transform=axes.transAxes, fontsize=9, color=palette.MUTED, parse_math=False
    )
    axes.set_xlim(0, max(1, len(month) - 1))
    years = np.arange(0, len(month) + 1, 12 if len(month) > 18 else 3)
    axes.xaxis.set_major_locator(FixedLocator([float(year) for year in years]))
    axes.xaxis.set_major_formatter(FuncFormatter(date_label))
    axes.tick_params(colors=palette.MUTED, labelsize=8.5, length=3, color=palette.FAINT)
    axes.grid(axis="y", color=palette.FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(palette.FAINT)


def date_label(month: float, _: int | None) -> str:
    """Return the year at its January, else the month as YYYY-MM."""
    date = month_name(int(month))
    return date[:4] if date.endswith("-01") else date


def shade_input(axes: Axes, until: int | None) -> None:
    """Mark the months whose releases and list prices are input: grey behind, pale on top."""
    if until is None or until < 1:
        return
    end = min(float(until), axes.get_xlim()[1])
    axes.axvspan(0, end, color=palette.INPUT_SHADE, linewidth=0, zorder=0.2)
    axes.axvspan(0, end, color=palette.PAPER, alpha=0.3, linewidth=0, zorder=3)
    axes.axvline(end, color=palette.MUTED, linewidth=0.7, linestyle=(0, (2, 2)), zorder=3)
    axes.annotate(
        "input",
        (end, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-3, -3),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=8,
        color=palette.MUTED,
        style="italic",
    )


def as_png(figure: Figure) -> bytes:
    """Return the figure as a PNG file without date or program name."""
    sink = io.BytesIO()
    figure.savefig(sink, format="png", metadata={"Software": None})
    return sink.getvalue()
