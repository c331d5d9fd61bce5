"""The picture of an analysis: factors by weight, and how the answer settles with the sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from app import labels, palette
from app.estimates import share
from experiments.analysis.analyzing import PARTS, Analysis, OutcomeFinding
from experiments.analysis.sobol import Sobol
from experiments.analysis.values import Interval
from experiments.sweeps.contrasts import arm_words

DPI: Final = 150
OUTCOMES: Final = 5
FACTORS: Final = 10
LINES: Final = 5


@dataclass(frozen=True)
class Shown:
    """What a row of the picture shows: values by factor, others beside them, and earlier ones."""

    names: Sequence[str]
    main: Sequence[Interval]
    beside: Sequence[Interval]
    words: tuple[str, str]
    """What the values are, and those beside; the second empty if there are none."""
    steps: Sequence[Sequence[Interval]]
    """At the shares of the sample in `PARTS`; empty where there is none."""

    @property
    def order(self) -> list[int]:
        """Places of the largest values."""
        found = sorted(range(len(self.main)), key=lambda place: -self.main[place].value)
        return found[:FACTORS]


def shown_of(found: OutcomeFinding) -> Shown | None:
    """The design's own method in the first arm, or the scores; None if there is neither."""
    steps = found.arms[0].steps if found.arms else []
    if steps and (last := steps[-1]) is not None:
        if isinstance(last, Sobol):
            words = ("total Sobol index", "alone")
            earlier = [one.total if isinstance(one, Sobol) else [] for one in steps]
            return Shown(last.names, last.total, last.first, words, earlier)
        words = ("mean size of the effect, mu*", "its spread, sigma")
        effects = [[] if one is None or isinstance(one, Sobol) else one.mu_star for one in steps]
        return Shown(last.names, last.mu_star, last.sigma, words, effects)
    if found.scores and (scores := found.scores[-1]) is not None:
        earlier = [[] if one is None else one.score for one in found.scores]
        return Shown(scores.names, scores.score, [], ("score", ""), earlier)
    return None


def analysis_figure(found: Analysis) -> Figure | None:
    """A row per outcome; None if no outcome has anything to show."""
    pairs = [(one, shown) for one in found.outcomes if (shown := shown_of(one)) is not None]
    pairs = pairs[:OUTCOMES]
    if not pairs:
        return None
    heights = [1.5 + 0.27 * len(shown.order) for _, shown in pairs]
    inches = (12.0, 0.9 + sum(heights))
    figure = Figure(figsize=inches, dpi=DPI, facecolor=palette.PAPER)
    FigureCanvasAgg(figure)
    head = 0.9 / inches[1]
    labels.title(
        figure, 0.02, 1 - 0.5 * head, found.question or found.experiment, fontsize=14,
        weight="bold", color=palette.INK,
    )  # fmt: skip
    note = (
        f"{found.kind} design, {found.points:,} points x {found.replicates:,} replicates; "
        "bars: intervals of 95%"
    )
    if len(pairs) < len(found.outcomes):
        note += f"; {len(pairs)} of {len(found.outcomes)} outcomes"
    labels.title(figure, 0.02, 1 - 0.85 * head, note, fontsize=10, color=palette.MUTED)
    top = 1 - head
    for (one, shown), height in zip(pairs, heights, strict=True):
        share = height / inches[1]
        inner, bottom = share - 1.15 / inches[1], top - share + 0.5 / inches[1]
        left = figure.add_axes((0.25, bottom, 0.4, inner))
        right = figure.add_axes((0.72, bottom, 0.13, inner))
        panel(left, one, shown)
        convergence(right, shown)
        top -= share
    return figure


def panel(axes: Axes, found: OutcomeFinding, shown: Shown) -> None:
    """Factors below each other with their values and intervals."""
    order = shown.order
    axes.set_title(
        labels.literal(f"{found.name}: {found.words}", 80), loc="left", fontsize=11, weight="bold",
        color=palette.INK, pad=25, parse_math=False, x=-0.5,
    )  # fmt: skip
    luck = "one replicate: luck is part of it"
    if found.luck is not None:
        luck = f"luck makes {found.luck.share.value:.0%} of the variance of runs"
    if found.missing > 0:
        luck += f"; {share(found.missing)} of points left out"
    if len(found.arms) > 1:
        luck += f"; {arm_words(found.arms[0].levers)}, the first of {len(found.arms)} arms"
    axes.text(
        -0.5, 1.04, labels.literal(luck, 100), transform=axes.transAxes, fontsize=8.5,
        color=palette.MUTED, va="bottom", parse_math=False,
    )  # fmt: skip
    marks = (
        (shown.main, palette.CLOSED, "o", 0.0),
        (shown.beside, palette.LEVELS["gpt4"], "D", 0.22),
    )
    for values, colour, mark, shift in marks:
        for row, place in enumerate(order if values else []):
            one = values[place]
            if one.low is not None and one.high is not None:
                axes.plot([one.low, one.high], [row + shift] * 2, color=colour, lw=1.8, alpha=0.55)
            axes.plot([one.value], [row + shift], mark, color=colour, markersize=4.5)
    axes.axvline(0, color=palette.MUTED, linewidth=0.7)
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.set_yticks(range(len(order)))
    names = [labels.literal(shown.names[place], 38) for place in order]
    axes.set_yticklabels(names, color=palette.INK, parse_math=False)
    main, beside = shown.words
    caption = f"● {main}" + (f"   ◆ {beside}" if beside else "")
    axes.set_xlabel(caption, fontsize=8.5, color=palette.MUTED)
    quiet(axes, "x")
    axes.tick_params(axis="y", length=0)


def convergence(axes: Axes, shown: Shown) -> None:
    """Values of the first factors at parts of the sample."""
    axes.set_title("as the sample grows", loc="left", fontsize=9, color=palette.MUTED, pad=5)
    lines = []
    places = [i for i, step in enumerate(shown.steps) if step]
    for rank, place in enumerate(shown.order[:LINES]):
        colour = palette.dark(palette.SERIES[rank])
        line = [shown.steps[i][place].value for i in places]
        axes.plot([PARTS[i] for i in places], line, "o-", color=colour, markersize=3, lw=1.3)
        lines.append((shown.names[place], line, colour))
    axes.set_xlim(PARTS[0] * 0.8, 1.03)
    axes.set_xticks(PARTS, [f"{part:.0%}" for part in PARTS])
    quiet(axes, "y")
    named = [labels.Label(last_part(name), np.array(line), colour) for name, line, colour in lines]
    labels.place_labels(axes, named)


def last_part(name: str) -> str:
    """The end of a parameter's path."""
    return name.rpartition(".")[2]


def quiet(axes: Axes, grid: str) -> None:
    """A quiet frame."""
    axes.tick_params(colors=palette.MUTED, labelsize=8, length=3, color=palette.FAINT)
    axes.grid(axis="x" if grid == "x" else "y", color=palette.FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(palette.FAINT)
