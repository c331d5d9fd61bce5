"""The map of regimes: where in the space of two settings the market ends in what."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app import palette
from app.reporting.drawing import Figure, filled, line, picture, rect, stroked, text
from app.reporting.markup import Markup, Value, tag
from app.reporting.words import percent, short, unit_of
from experiments.regimes import Mapped

REGIMES: Final = {
    "open-led": ("circle", palette.OPEN, "open models serve most tokens"),
    "dual-led": ("diamond", palette.DUAL, "vendors that are both open and closed serve most"),
    "coexistence": ("square", palette.LEVELS["gpt4"], "no side leads"),
    "closed-led": ("triangle", palette.CLOSED, "closed models serve nearly all tokens"),
    "monopoly": ("cross", palette.INK, "one vendor takes nearly all spending"),
    "collapse": ("bar", palette.MUTED, "hardly anybody spends on models any more"),
}
"""Sign, colour and meaning of each label a run ends in, in the order of legends."""
LEFT, TOP, SIDE = 76.0, 12.0, 330.0
CELLS: Final = 4
"""Cells of the background along each side."""
CROWDED: Final = 3
"""Worlds from which a cell has a colour."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """One setting along a side: places from 0 to 1 of the worlds, and ticks with their names."""

    path: str
    places: Floats
    ticks: tuple[tuple[float, str], ...]


def axis_of(worlds: Mapped, path: str) -> Axis:
    """A setting of the map, on the scale that it was drawn on."""
    column = worlds.settings[path]
    if column.dtype.kind not in "fiu":
        names = sorted({str(one) for one in column.tolist()})
        step = 1.0 / len(names)
        order = {name: (place + 0.5) * step for place, name in enumerate(names)}
        # Worlds with the same word are spread evenly about it, or they would cover each other.
        shift = (np.arange(len(column)) * 0.618034 % 1.0 - 0.5) * 0.7 * step
        places = np.array([order[str(one)] for one in column.tolist()]) + shift
        return Axis(path, places, tuple((at, name) for name, at in order.items()))
    log = path in worlds.logs and float(column.min()) > 0
    scaled = np.log(column.astype(float)) if log else column.astype(float)
    low, high = float(scaled.min()), float(scaled.max())
    ticks = []
    for share in (0.0, 0.5, 1.0):
        value = low + share * (high - low)
        ticks.append((0.03 + 0.94 * share, short(math.exp(value) if log else value)))
    return Axis(path, 0.03 + 0.94 * (scaled - low) / (high - low), tuple(ticks))


def regime_map(worlds: Mapped, paths: tuple[str, str], name: str = "regimes") -> Figure:
    """Worlds as signs over two settings, on cells coloured by the label most of them have."""
    across, up = (axis_of(worlds, path) for path in paths)
    shapes = [*cells(worlds.labels, across.places, up.places), *sides(across, up)]
    rows = []
    for place, label in enumerate(worlds.labels):
        x, y = at(float(across.places[place]), float(up.places[place]))
        member = bool(worlds.weights[place] > 0)
        shapes.append(sign(label, x, y, hollow=not member))
        rows.append((
            worlds.names[place], label, float(worlds.agreement[place]),
            "member" if member else "any world",
            *(plain(worlds.settings[path][place]) for path in paths),
        ))  # fmt: skip
    shapes += legend(worlds.labels)
    alt = f"{len(worlds.labels)} worlds over {paths[0]} (across) and {paths[1]} (up): " + ", ".join(
        f"{worlds.labels.count(one)} {one}" for one in present(worlds.labels)
    )
    svg = picture(LEFT + SIDE + 320, TOP + SIDE + 52, alt, shapes)
    title = "What kind of market a world ends in"
    return Figure(name, title, alt, svg, ("world", "regime", "agreement", "kind", *paths), rows,
                  wide=True)  # fmt: skip


def plain(value: object) -> str | float:
    """A setting for CSV."""
    return float(value) if isinstance(value, int | float | np.number) else str(value)


def at(across: float, up: float) -> tuple[float, float]:
    """Where a world stands in the picture."""
    return LEFT + SIDE * across, TOP + SIDE * (1.0 - up)


def cells(labels: Sequence[str], across: Floats, up: Floats) -> list[Markup]:
    """Squares in the colour of the label that most of their worlds have, paler where fewer do."""
    size = SIDE / CELLS
    shapes = [rect(LEFT, TOP, SIDE, SIDE, palette.FAINT, fill_opacity=0.25)]
    column = np.minimum((across * CELLS).astype(int), CELLS - 1)
    row = np.minimum((up * CELLS).astype(int), CELLS - 1)
    for x in range(CELLS):
        for y in range(CELLS):
            inside = np.flatnonzero((column == x) & (row == y)).tolist()
            mine = [labels[place] for place in inside]
            if len(mine) < CROWDED:
                continue
            most = max(present(mine), key=mine.count)
            share = mine.count(most) / len(mine)
            place = (LEFT + x * size, TOP + SIDE - (y + 1) * size)
            shapes.append(rect(*place, size, size, colour(most), fill_opacity=0.33 * share))
    return shapes


def sides(across: Axis, up: Axis) -> list[Markup]:
    """Ticks and names of both settings."""
    bottom = TOP + SIDE
    shapes = [line(LEFT, bottom, LEFT + SIDE, bottom), line(LEFT, TOP, LEFT, bottom)]
    last = len(across.ticks) - 1
    for place, (share, words) in enumerate(across.ticks):
        numeric = share in (0.03, 0.97)
        anchor = "middle" if not numeric else ("start", "end")[place == last]
        x = LEFT + SIDE * share
        shapes.append(text(x, bottom + 16, words, palette.MUTED, text_anchor=anchor, font_size=11))
    for share, words in up.ticks:
        y = bottom - SIDE * share + 4
        shapes.append(text(LEFT - 7, y, words, palette.MUTED, text_anchor="end", font_size=11))
    middle = LEFT + SIDE / 2
    shapes.append(text(middle, bottom + 38, named(across.path), text_anchor="middle"))
    turned = f"rotate(-90 14 {TOP + SIDE / 2:g})"
    where = (14.0, TOP + SIDE / 2)
    shapes.append(text(*where, named(up.path), text_anchor="middle", transform=turned))
    return shapes


def named(path: str) -> str:
    """A setting as an axis names it."""
    unit = unit_of(path)
    return f"{path} ({unit})" if unit else path


def legend(labels: Sequence[str]) -> list[Markup]:
    """The signs that occur, with their number and meaning."""
    shapes = []
    x, y = LEFT + SIDE + 26, TOP + 14
    for label in present(labels):
        meaning = REGIMES[label][2] if label in REGIMES else ""
        share = labels.count(label) / len(labels)
        words = f"{label}: {labels.count(label)} of {len(labels)} ({percent(share)})"
        shapes += [sign(label, x, y - 4, hollow=False), text(x + 12, y, words, font_weight="600")]
        shapes.append(text(x + 12, y + 15, meaning, palette.MUTED, font_size=10.5))
        y += 40
    return shapes


def present(labels: Sequence[str]) -> list[str]:
    """The labels that occur, in the order of legends."""
    known = [label for label in REGIMES if label in labels]
    return known + sorted(set(labels) - set(REGIMES))


def colour(label: str) -> str:
    """The colour of a label."""
    return REGIMES[label][1] if label in REGIMES else palette.MUTED


def sign(label: str, x: float, y: float, *, hollow: bool) -> Markup:
    """The sign of a label: shape and colour, thin for worlds that are no members."""
    shape = REGIMES[label][0] if label in REGIMES else "bar"
    look: dict[str, Value] = {**stroked(colour(label)), "fill": "none", "stroke_width": 1.5}
    if not hollow:
        bold: dict[str, Value] = {**look, "stroke_width": 3}
        look = bold if shape in ("cross", "bar") else {**filled(colour(label))}
    if shape == "circle":
        return tag("circle", cx=round(x, 1), cy=round(y, 1), r=4.5, **look)
    outline = " ".join(f"{x + dx:.1f} {y + dy:.1f}" for dx, dy in CORNERS[shape])
    if shape in ("cross", "bar"):
        a, b, c, d = (f"{x + dx:.1f} {y + dy:.1f}" for dx, dy in CORNERS[shape])
        return tag("path", d=f"M{a}L{b}M{c}L{d}", **look)
    return tag("polygon", points=outline, **look)


CORNERS: Final[Mapping[str, tuple[tuple[float, float], ...]]] = {
    "diamond": ((0, -5.6), (5.6, 0), (0, 5.6), (-5.6, 0)),
    "square": ((-4.2, -4.2), (4.2, -4.2), (4.2, 4.2), (-4.2, 4.2)),
    "triangle": ((0, -5.4), (5, 3.8), (-5, 3.8)),
    "cross": ((-4, -4), (4, 4), (-4, 4), (4, -4)),
    "bar": ((-4.5, -2), (4.5, -2), (-4.5, 2), (4.5, 2)),
}
