"""The simplex of a game: where one population that plays all roles comes to by imitation."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from app import palette
from app.game_figure import COLOURS, CORNERS, GRID, colour_of, lattice
from app.reporting.drawing import Figure, area, dot, line, path, picture, text
from app.reporting.markup import Markup
from experiments.game.equilibria import Floats
from experiments.game.flows import population_ends, scaled, velocity

SIDE, LEFT, TOP = 330.0, 60.0, 26.0
ARROW: Final = 13.0
"""Length of the fastest arrow."""


def simplex(document: Mapping[str, Any]) -> Figure | None:
    """The picture; None unless all players choose among the same three strategies."""
    options = [list(own) for own in document["best_responses"].values()]
    names = options[0]
    if len(names) != 3 or any(own != names for own in options) or not set(names) <= set(COLOURS):
        return None
    game = scaled(payoffs_of(document, options))
    points = lattice(3)
    rests: list[Floats] = []
    colours = [colour_of(end, rests, names) for end in population_ends(game, points)]
    step = velocity(game, points) @ CORNERS
    shapes = []
    for point, colour, move in zip(points @ CORNERS, colours, step, strict=True):
        shapes.append(around(point, colour))
        shapes.append(arrow(point, move, float(np.hypot(*step.T).max())))
    shapes.append(path([place(c) for c in (*CORNERS, CORNERS[0])], palette.INK, stroke_width=1.2))
    shapes += [dot(*place(rest @ CORNERS), 6, palette.INK) for rest in rests]
    shapes += corners(names)
    ends = "; ".join(mixture(rest, names) for rest in rests) or "no rest point"
    title = "Where imitation leads"
    alt = f"{title} one population that plays all roles: to {ends}"
    numbers: list[tuple[str | float | None, ...]] = [
        (*map(float, point), *map(float, move), colour)
        for point, colour, move in zip(points, colours, velocity(game, points), strict=True)
    ]
    columns = (*names, *(f"speed_{name}" for name in names), "basin")
    svg = picture(SIDE + 2 * LEFT, TOP + SIDE * 0.87 + 34, alt, shapes)
    return Figure("simplex", title, alt, svg, columns, numbers)


def payoffs_of(document: Mapping[str, Any], options: list[list[str]]) -> Floats:
    """Payoffs with an axis per player, then whose payoff it is."""
    players = document["players"]
    found = np.zeros((*map(len, options), len(players)))
    for one in document["profiles"]:
        where = tuple(
            own.index(one["strategies"][player])
            for own, player in zip(options, players, strict=True)
        )
        found[where] = [one["payoff"][player] for player in players]
    return found


def place(point: Floats) -> tuple[float, float]:
    """Where a point of the triangle stands in the picture."""
    return LEFT + SIDE * float(point[0]), TOP + SIDE * (0.87 - float(point[1]))


def around(point: Floats, colour: str) -> Markup:
    """The patch of a start, in the colour of where it ends."""
    x, y = place(point)
    wide, high = SIDE / GRID / 2, SIDE * 0.87 / GRID / 2
    return area(
        [(x - wide, y - high), (x + wide, y - high), (x + wide, y + high), (x - wide, y + high)],
        colour, fill_opacity=0.3,
    )  # fmt: skip


def arrow(point: Floats, move: Floats, most: float) -> Markup:
    """The flow at a point: direction, and length by speed, with a bead at its end."""
    speed = float(np.hypot(*move))
    x, y = place(point)
    if speed <= 0.0 or most <= 0.0:
        return dot(x, y, 1.0, palette.MUTED)
    half = ARROW / 2 * (speed / most) ** 0.4
    dx, dy = half * float(move[0]) / speed, -half * float(move[1]) / speed
    shaft = line(x - dx, y - dy, x + dx, y + dy, palette.MUTED)
    return Markup.joined([shaft, dot(x + dx, y + dy, 1.6, palette.MUTED)])


def corners(names: list[str]) -> list[Markup]:
    """Names at the corners."""
    found = []
    for name, corner in zip(names, CORNERS, strict=True):
        x, y = place(corner)
        below = 20 if corner[1] == 0.0 else -10
        style = {"text_anchor": "middle", "font_weight": "600"}
        found.append(text(x, y + below, name, COLOURS[name], **style))
    return found


def mixture(rest: Floats, names: list[str]) -> str:
    """A rest point in words."""
    parts = [
        f"{share:.0%} {name}" for share, name in zip(rest, names, strict=True) if share > 0.005
    ]
    return " / ".join(parts)
