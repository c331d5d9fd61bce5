"""Text in plots: always literal, next to what it names, never on top of another label."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.escape import for_terminal

SIZE = 9.0
LINE_POINTS = 11.5
LONGEST = 26
LONGEST_TITLE = 110


@dataclass(frozen=True)
class Label:
    """A name for the right end of a line."""

    words: str
    line: np.ndarray
    colour: str


def write(axes: Axes, x: float, y: float, words: str, **style: Any) -> None:
    """Write text at data coordinates; dollar signs and control characters stay literal."""
    axes.text(x, y, literal(words), fontsize=SIZE, parse_math=False, **style)


def title(figure: Figure, x: float, y: float, words: str, **style: Any) -> None:
    """Write text at figure coordinates, literally."""
    figure.text(x, y, literal(words, LONGEST_TITLE), parse_math=False, **style)


def place_labels(axes: Axes, labels: Sequence[Label]) -> None:
    """Name each line at its last value, right of the panel, moved apart where they collide."""
    shown = [label for label in labels if np.isfinite(label.line).any()]
    if not shown:
        return
    height = axes.get_window_extent().height * 72 / axes.figure.dpi
    wanted = [height_of(axes, last(label.line)) * height for label in shown]
    for label, place in zip(shown, spread(wanted, LINE_POINTS), strict=True):
        axes.annotate(
            literal(label.words),
            (1, place / height),
            xycoords="axes fraction",
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=label.colour,
            fontsize=SIZE,
            annotation_clip=False,
            parse_math=False,
        )


def literal(words: str, longest: int = LONGEST) -> str:
    """Return foreign text on one line, shortened, with control characters shown."""
    safe = for_terminal(words)
    return safe if len(safe) <= longest else f"{safe[: longest - 1]}…"


def last(line: np.ndarray) -> float:
    """Return the last finite value."""
    return float(line[np.isfinite(line)][-1])


def height_of(axes: Axes, value: float) -> float:
    """Return where a value lies on the vertical axis, 0 at the bottom and 1 at the top."""
    pixel = axes.transData.transform((axes.get_xlim()[0], value))
    return float(axes.transAxes.inverted().transform(pixel)[1])


def spread(wanted: Sequence[float], distance: float) -> list[float]:
    """Return places at least `distance` apart, close to those wanted, in the same order.

    Neighbours too close are pooled into a block centred on their mean (isotonic regression).
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    blocks: list[list[float]] = []
    for rank, i in enumerate(order):
        blocks.append([wanted[i] - rank * distance])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    base = [float(np.mean(block)) for block in blocks for _ in block]
    places = [0.0] * len(wanted)
    for rank, i in enumerate(order):
        places[i] = base[rank] + rank * distance
    return places
