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
from app.estimates import share
from app.sweep_outcomes import Rows, rows_of, short_names
from experiments.sweeps.contrasts import Arm, arm_words, arms_of, value_words
from experiments.sweeps.outcomes import Outcome
from experiments.sweeps.reading import Sweep

Floats = NDArray[np.float64]
PANELS: Final = 6
ROWS: Final = 36
"""Arms, or points of a grid, that are drawn below each other."""
COLUMNS: Final = 2
DPI: Final = 150
NARROW: Final = 0.07
"""Left margin, as a share of the width, of panels without names."""


def outcome_figure(sweep: Sweep, table: pa.Table) -> Figure | None:
    """A panel for each of the first outcomes that are numbers; None if there is nothing to show.

    Arms, or the points of a small grid, below each other. Draws of uncertainties alone: the outcome
    against the one that goes with it most closely.
    """
    outcomes = [Outcome(*fields) for fields in sweep.facts["identity"]["outcomes"]]
    numeric = [o for o in outcomes if has_numbers(table, o.name)]
    shown = numeric[:PANELS]
    if not shown:
        return None
    rows = rows_of(sweep, table)
    names = list(rows.labels.items())
    below = bool(rows.factors) and not (rows.points and len(names) > ROWS)
    drawn = names[:ROWS]
    high = math.ceil(len(shown) / COLUMNS)
    inches = (12.0, 1.0 + high * max(2.6, 1.1 + 0.34 * len(drawn) * below))
    figure = blank(sweep, inches, margins(rows, drawn, shown) if below else (NARROW, 0.0))
    head = 0.75 / inches[1]
    words = scope(sweep, table, [len(names) if below else 0, len(numeric)])
    labels.title(figure, 0.02, 1 - 1.0 * head, words, fontsize=10, color=palette.MUTED)
    grid = figure.subplots(high, COLUMNS, squeeze=False).flat
    for place, axes in enumerate(grid):
        if place >= len(shown):
            axes.set_axis_off()
            continue
        frame(axes, shown[place])
        if below:
            strips(axes, rows, shown[place], drawn, named=place % COLUMNS == 0)
        else:
            scatter(axes, table, shown[place].name, sweep.uncertainties)
    return figure


def scope(sweep: Sweep, table: pa.Table, there: Sequence[int]) -> str:
    """What is drawn. there: rows (0 where nothing is drawn below each other) and outcomes."""
    rows, outcomes = there
    notes = [f"{table.num_rows:,} of {sweep.design.num_rows:,} runs, a dot each"]
    if rows:
        notes.append("large dots: means, with 95% intervals over replicates where they are told")
    if rows > ROWS:
        notes.append(f"the first {ROWS} of {rows:,} arms")
    if outcomes > PANELS:
        notes.append(f"the first {PANELS} of {outcomes} outcomes")
    return "; ".join(notes)


def margins(
    rows: Rows, drawn: Sequence[tuple[int, dict[str, object]]], shown: Sequence[Outcome]
) -> tuple[float, float]:
    """Room left of panels for the names of rows, and right of them for what they do without."""
    names = [*(arm_words(values) for _, values in drawn), " · ".join(short_names(rows.factors))]
    beside = [
        without(arm, outcome)
        for outcome in shown
        for arm in arms_of(rows.outcomes, outcome.name, rows.design).values()
    ]
    return label_margin(names), 0.005 * max(map(len, beside))


def blank(sweep: Sweep, inches: tuple[float, float], margin: tuple[float, float]) -> Figure:
    """A figure with the question of the sweep on top.

    margin: left and right of the panels, shares of the width.
    """
    figure = Figure(figsize=inches, dpi=DPI, facecolor=palette.PAPER)
    FigureCanvasAgg(figure)
    head, (left, right) = 0.75 / inches[1], margin
    figure.subplots_adjust(
        left=left, right=0.975 - right, top=1 - head - 0.55 / inches[1], bottom=0.5 / inches[1],
        wspace=0.12 + 2.6 * right if left > NARROW else 0.22, hspace=0.62,
    )  # fmt: skip
    labels.title(
        figure, 0.02, 1 - 0.55 * head, str(sweep.facts["question"] or sweep.facts["experiment"]),
        fontsize=14, weight="bold", color=palette.INK,
    )  # fmt: skip
    return figure


def has_numbers(table: pa.Table, name: str) -> bool:
    """Whether an outcome is a number in some run."""
    column = table[name]
    return bool(pa.types.is_floating(column.type)) and column.null_count < len(column)


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
    axes: Axes, rows: Rows, outcome: Outcome, drawn: Sequence[tuple[int, dict[str, object]]], *,
    named: bool,
) -> None:  # fmt: skip
    """Rows below each other: a dot per run, the mean and its interval on top, and beside it what
    share of the runs has no value."""
    arms = arms_of(rows.outcomes, outcome.name, rows.design)
    for place, (number, _) in enumerate(drawn):
        colour = palette.SERIES[place % len(palette.SERIES)]
        strip(axes, arms[number], place, colour)
        axes.text(
            1.01, place, without(arms[number], outcome), transform=axes.get_yaxis_transform(),
            va="center", fontsize=7.5, color=palette.MUTED,
        )  # fmt: skip
    axes.set_ylim(len(drawn) - 0.4, -0.6)
    axes.set_yticks(range(len(drawn)))
    ticks = [labels.literal(arm_words(values)) if named else "" for _, values in drawn]
    axes.set_yticklabels(ticks, color=palette.INK, parse_math=False)
    axes.tick_params(axis="y", length=0)
    if named:
        factors = labels.literal(" · ".join(short_names(rows.factors)), 40)
        axes.text(
            -0.015, 1.02, factors, transform=axes.transAxes, ha="right", va="bottom",
            fontsize=8.5, color=palette.MUTED, parse_math=False,
        )  # fmt: skip


def strip(axes: Axes, arm: Arm, place: int, colour: str) -> None:
    """One row: runs as dots, their mean, and its interval where one is told."""
    found = np.array([arm.values[key] for key in sorted(arm.values)])
    # Golden-ratio steps fill the height evenly without chance.
    height = place + 0.5 * ((np.arange(len(found)) * 0.618034) % 1.0 - 0.5)
    axes.scatter(found, height, s=14, color=colour, alpha=0.7, linewidth=0, zorder=2)
    if not len(found):
        return
    mean, ink = arm.mean, palette.dark(colour)
    if mean.half_width is not None:
        ends = [mean.mean - mean.half_width, mean.mean + mean.half_width]
        axes.plot(ends, [place, place], color=ink, linewidth=2.2)
    # Hollow where no interval is told: a dot alone would look certain.
    fill = palette.PAPER if mean.half_width is None else ink
    axes.plot(
        [mean.mean], [place], "o", color=ink, markerfacecolor=fill, markersize=5.5, zorder=4
    )  # fmt: skip


def without(arm: Arm, outcome: Outcome) -> str:
    """What a row does without; empty where every run asked for has a value."""
    parts = []
    if arm.without:
        parts.append(f"{share(arm.lacking)} {'never' if outcome.awaited else 'no value'}")
    if arm.unfinished:
        parts.append(f"{len(arm.unfinished):,} not finished")
    return ", ".join(parts)


def scatter(axes: Axes, table: pa.Table, name: str, uncertainties: Sequence[str]) -> None:
    """The outcome against the uncertainty with the closest rank correlation.

    Of two uncertainties the other is told by colour, where it has few values.
    """
    values = numbers(table, name)
    lost = int((~np.isfinite(values)).sum())
    if lost:
        words = f"{share(lost / len(values))} of runs have no value"
        axes.text(
            1.0, 1.02, words, transform=axes.transAxes, ha="right", va="bottom", fontsize=8,
            color=palette.MUTED,
        )  # fmt: skip
    closest = max(uncertainties, key=lambda u: closeness(table, u, values), default=None)
    axes.grid(axis="both", color=palette.FAINT, linewidth=0.6)
    if closest is None or not is_number(table, closest):
        axes.hist(values[np.isfinite(values)], bins=24, color=palette.SERIES[0])
        axes.set_ylabel("runs", fontsize=9, color=palette.MUTED)
        return
    others = [u for u in uncertainties if u != closest]
    groups = coloured(table, others[0]) if len(others) == 1 else {"": np.ones(len(values), bool)}
    for place, (words, mine) in enumerate(groups.items()):
        at, colour = numbers(table, closest)[mine], palette.SERIES[place]
        axes.scatter(at, values[mine], s=11, color=colour, alpha=0.6, lw=0, label=words)
    axes.set_xlabel(labels.literal(closest, 60), fontsize=9, color=palette.MUTED, parse_math=False)
    if len(groups) > 1:
        title = labels.literal(short_names(others)[0], 40)
        axes.legend(title=title, fontsize=7.5, title_fontsize=7.5, frameon=False)


def coloured(table: pa.Table, name: str) -> dict[str, NDArray[np.bool_]]:
    """Runs by the value of a factor; all together where it has more values than colours."""
    column = table[name].to_pylist()
    known = sorted(set(column), key=lambda one: (isinstance(one, str), one))
    if not 1 < len(known) <= len(palette.SERIES):
        return {"": np.ones(len(column), bool)}
    return {value_words(one): np.array([value == one for value in column]) for one in known}


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
