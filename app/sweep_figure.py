"""The picture of a sweep: every run as a dot, every arm's mean with its interval."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats

from app import labels, palette
from experiments.sweeps.contrasts import arm_labels, arm_means
from experiments.sweeps.outcomes import Outcome
from experiments.sweeps.reading import Sweep

Floats = NDArray[np.float64]
PANELS: Final = 6
ARMS: Final = 12
COLUMNS: Final = 2
DPI: Final = 150


def outcome_figure(sweep: Sweep, table: pa.Table) -> Figure | None:
    """A panel for each of the first outcomes that are numbers; None if there is nothing to show.

    With levers: arms below each other. Without: the outcome against the uncertainty that goes with
    it most closely.
    """
    outcomes = [Outcome(*fields) for fields in sweep.facts["identity"]["outcomes"]]
    shown = [o for o in outcomes if has_numbers(table, o.name)][:PANELS]
    if not shown:
        return None
    arms = list(arm_labels(sweep.design, sweep.levers).items())[:ARMS]
    rows = math.ceil(len(shown) / COLUMNS)
    inches = (12.0, 1.0 + rows * max(2.6, 1.1 + 0.34 * len(arms)))
    figure = Figure(figsize=inches, dpi=DPI, facecolor=palette.PAPER)
    FigureCanvasAgg(figure)
    margin = label_margin([arm_words(values) for _, values in arms]) if sweep.levers else 0.07
    head = 0.75 / inches[1]
    figure.subplots_adjust(
        left=margin, right=0.975, top=1 - head - 0.55 / inches[1], bottom=0.5 / inches[1],
        wspace=0.12 if sweep.levers else 0.22, hspace=0.62,
    )  # fmt: skip
    labels.title(
        figure, 0.02, 1 - 0.55 * head, str(sweep.facts["question"] or sweep.facts["experiment"]),
        fontsize=14, weight="bold", color=palette.INK,
    )  # fmt: skip
    count = f"{table.num_rows:,} runs, a dot each; means with 95% intervals over replicates"
    labels.title(figure, 0.02, 1 - 1.0 * head, count, fontsize=10, color=palette.MUTED)
    grid = figure.subplots(rows, COLUMNS, squeeze=False).flat
    for place, axes in enumerate(grid):
        if place >= len(shown):
            axes.set_axis_off()
            continue
        frame(axes, shown[place])
        if sweep.levers:
            strips(axes, table, shown[place].name, arms, named=place % COLUMNS == 0)
        else:
            scatter(axes, table, shown[place].name, sweep.uncertainties)
    return figure


def has_numbers(table: pa.Table, name: str) -> bool:
    """Whether an outcome is a number in some run."""
    column = table[name]
    return bool(pa.types.is_floating(column.type)) and column.null_count < len(column)


def arm_words(levers: dict[str, object]) -> str:
    """A name for an arm: the values of its levers."""
    words = (f"{v:.4g}" if isinstance(v, float) else str(v) for v in levers.values())
    return " · ".join(words)


def label_margin(words: Sequence[str]) -> float:
    """Room for the names of arms, as a share of the figure's width."""
    longest = max(min(len(one), labels.LONGEST) for one in words)
    return min(0.04 + 0.0062 * longest, 0.24)


def frame(axes: Axes, outcome: Outcome) -> None:
    """Give a panel its title and a quiet frame."""
    axes.set_title(
        labels.literal(outcome.name, 60), loc="left", fontsize=11, weight="bold",
        color=palette.INK, pad=17, parse_math=False,
    )  # fmt: skip
    axes.text(
        0, 1.02, labels.literal(outcome.words, 70), transform=axes.transAxes, fontsize=8.5,
        color=palette.MUTED, va="bottom", parse_math=False,
    )  # fmt: skip
    axes.tick_params(colors=palette.MUTED, labelsize=8.5, length=3, color=palette.FAINT)
    axes.grid(axis="x", color=palette.FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(palette.FAINT)


def numbers(table: pa.Table, name: str) -> Floats:
    """A column as numbers; nan where there is none."""
    found: Floats = table[name].cast(pa.float64()).to_numpy()
    return found


def strips(
    axes: Axes, table: pa.Table, name: str, arms: Sequence[tuple[int, dict[str, object]]], *,
    named: bool,
) -> None:  # fmt: skip
    """Arms below each other: a dot per run, the mean and its interval on top."""
    values, of = numbers(table, name), table["arm"].to_numpy()
    means = arm_means(table, name)
    for place, (arm, _) in enumerate(arms):
        found = values[(of == arm) & np.isfinite(values)]
        colour = palette.SERIES[place % len(palette.SERIES)]
        # Golden-ratio steps fill the height evenly without chance.
        height = place + 0.5 * ((np.arange(len(found)) * 0.618034) % 1.0 - 0.5)
        axes.scatter(found, height, s=14, color=colour, alpha=0.7, linewidth=0, zorder=2)
        if (mean := means.get(arm)) is None:
            continue
        half = mean.half_width or 0.0
        ink = palette.dark(colour)
        axes.plot([mean.mean - half, mean.mean + half], [place, place], color=ink, linewidth=2.2)
        axes.plot([mean.mean], [place], "o", color=ink, markersize=5.5, zorder=4)
    axes.set_ylim(len(arms) - 0.4, -0.6)
    axes.set_yticks(range(len(arms)))
    words = [labels.literal(arm_words(values)) if named else "" for _, values in arms]
    axes.set_yticklabels(words, color=palette.INK, parse_math=False)
    axes.tick_params(axis="y", length=0)


def scatter(axes: Axes, table: pa.Table, name: str, uncertainties: Sequence[str]) -> None:
    """The outcome against the uncertainty with the closest rank correlation."""
    values = numbers(table, name)
    closest = max(uncertainties, key=lambda u: closeness(table, u, values), default=None)
    axes.grid(axis="both", color=palette.FAINT, linewidth=0.6)
    if closest is None or not is_number(table, closest):
        axes.hist(values[np.isfinite(values)], bins=24, color=palette.SERIES[0])
        axes.set_ylabel("runs", fontsize=9, color=palette.MUTED)
        return
    axes.scatter(numbers(table, closest), values, s=11, color=palette.SERIES[0], alpha=0.6, lw=0)
    axes.set_xlabel(labels.literal(closest, 60), fontsize=9, color=palette.MUTED, parse_math=False)


def is_number(table: pa.Table, name: str) -> bool:
    """Whether a factor is a range of numbers."""
    kind = table.schema.field(name).type
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def closeness(table: pa.Table, name: str, values: Floats) -> float:
    """Absolute rank correlation of a factor with an outcome; 0 where it cannot be told."""
    if not is_number(table, name):
        return 0.0
    one = numbers(table, name)
    known = np.isfinite(one) & np.isfinite(values)
    if known.sum() < 3 or np.ptp(one[known]) == 0 or np.ptp(values[known]) == 0:
        return 0.0
    return abs(float(stats.spearmanr(one[known], values[known]).statistic))
