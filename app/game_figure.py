"""The picture of a game: where imitation leads, regrets of profiles, and what strategies pay."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from app import labels, palette
from app.estimates import short
from app.game_views import Played, best_responses, strategy_names, tier_document
from experiments.game.equilibria import Floats
from experiments.game.flows import population_ends, scaled, velocity

DPI: Final = 150
PROFILES: Final = 12
COLOURS: Final = {"open": palette.OPEN, "closed": palette.CLOSED, "dual": palette.DUAL}
CORNERS: Final = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])
GRID: Final = 18
SAME: Final = 0.02


def game_figure(played: Played) -> Figure:
    """Three panels: the simplex of one population, regrets, and payoffs by strategy or tier."""
    figure = Figure(figsize=(16.0, 6.2), dpi=DPI, facecolor=palette.PAPER)
    FigureCanvasAgg(figure)
    game = played.game
    ids = ", ".join(player.id for player in game.players)
    headline = "No combination of pure strategies is stable"
    if played.pure:
        more = f" and {len(played.pure) - 1} more" if len(played.pure) > 1 else ""
        headline = f"Stable: {game.words(played.pure[0])}{more}"
    labels.title(figure, 0.03, 0.94, headline, fontsize=15, weight="bold", color=palette.INK)
    note = (
        f"game of {ids}, payoff {played.payoff}, {played.run_counts} runs of each of "
        f"{len(played.payoffs.mean)} profiles"
    )
    labels.title(figure, 0.03, 0.895, note, fontsize=10, color=palette.MUTED)
    left = figure.add_axes((0.03, 0.07, 0.28, 0.7))
    middle = figure.add_axes((0.46, 0.1, 0.19, 0.68))
    right = figure.add_axes((0.77, 0.1, 0.2, 0.68))
    flow_panel(left, played)
    regret_panel(middle, played)
    tier_panel(right, played) if game.tiers else payoff_panel(right, played)
    return figure


def head(axes: Axes, title: str, words: str, indent: float = 0.0) -> None:
    """A panel's title and the line under it."""
    for height, text, size, weight, colour in (
        (1.09, title, 11.5, "bold", palette.INK), (1.04, words, 8.5, "normal", palette.MUTED),
    ):  # fmt: skip
        axes.text(
            indent, height, labels.literal(text, 90), transform=axes.transAxes, fontsize=size,
            weight=weight, color=colour, parse_math=False,
        )  # fmt: skip


def flow_panel(axes: Axes, played: Played) -> None:
    """The one population's flow and basins, where all players have the same strategies."""
    options = [list(player.options) for player in played.game.players]
    head(axes, "Where imitation leads", "one population that plays all roles (replicator)")
    axes.set_axis_off()
    same = all(one == options[0] for one in options)
    if not same or len(options[0]) not in (2, 3):
        axes.text(0.02, 0.85, basin_words(played), transform=axes.transAxes, fontsize=9,
                  va="top", color=palette.INK, parse_math=False)  # fmt: skip
        return
    names = options[0]
    game = scaled(played.payoffs.game)
    corners = CORNERS[: len(names)]
    points = lattice(len(names))
    ends = population_ends(game, points)
    rests: list[Floats] = []
    colours = [colour_of(end, rests, names) for end in ends]
    flat = points @ corners
    axes.scatter(
        flat[:, 0], flat[:, 1], s=42 if len(names) == 3 else 30, c=colours, alpha=0.28, linewidth=0
    )
    step = velocity(game, points) @ corners
    size = np.hypot(*step.T)
    unit = step / np.maximum(size, 1e-12)[:, None] * (size / max(size.max(), 1e-12))[:, None] ** 0.4
    axes.quiver(*flat.T, *unit.T, color=palette.MUTED, scale=26, width=0.0032, pivot="mid")
    axes.plot(*np.concatenate([corners, corners[:1]]).T, color=palette.INK, linewidth=1.0)
    for rest in rests:
        axes.plot(*(rest @ corners), "o", color=palette.INK, markersize=8, zorder=5)
    for name, corner in zip(names, corners, strict=True):
        below = corner[1] == 0.0
        axes.annotate(
            labels.literal(name), corner, xytext=(0, -14 if below else 8),
            textcoords="offset points", ha="center", fontsize=11, weight="bold",
            color=COLOURS.get(name, palette.INK), parse_math=False,
        )  # fmt: skip
    axes.set_aspect("equal")
    axes.set_xlim(-0.1, 1.1)
    axes.set_ylim(-0.12, 1.0)


def lattice(size: int) -> Floats:
    """Mixtures spread over the simplex, none on its edge."""
    if size == 2:
        first = np.linspace(0.02, 0.98, 2 * GRID)
        return np.stack([first, 1 - first], axis=1)
    found = [
        (i + 1 / 3, j + 1 / 3, GRID - i - j - 2 / 3) for i in range(GRID) for j in range(GRID - i)
    ]
    return np.array(found) / GRID


def colour_of(end: Floats | None, rests: list[Floats], names: list[str]) -> str:
    """The colour of a start by where it ends; new rest points are added to those known."""
    if end is None:
        return palette.OTHER
    if all(np.abs(end - rest).max() > SAME for rest in rests):
        rests.append(end)
    place = int(end.argmax())
    if end[place] > 1 - SAME:
        return COLOURS[names[place]]
    return palette.SERIES[next(i for i, r in enumerate(rests) if np.abs(end - r).max() <= SAME) % 8]


def basin_words(played: Played) -> str:
    """Basins in lines, where no simplex can be drawn."""
    lines = []
    for basin in played.basins[:8]:
        where = "no rest point" if basin.mixture is None else played.words(basin.mixture)
        lines.append(f"{basin.share:.0%}  {labels.literal(where, 60)}")
    return "share of starts, each player its own population:\n\n" + "\n".join(lines)


def regret_panel(axes: Axes, played: Played) -> None:
    """Profiles of least regret with intervals."""
    found = played.payoffs
    rows = np.argsort(found.regret, kind="stable")[:PROFILES]
    names = " · ".join(player.id for player in played.game.players)
    head(axes, "Who would leave", f"{names}: most that anybody gains by leaving", -0.62)
    for place, row in enumerate(rows.tolist()):
        low, high = found.regret_ends(row)
        colour = palette.OPEN if found.equilibrium[row] > 0.5 else palette.MUTED
        axes.plot([low, high], [place, place], color=colour, linewidth=2.2, alpha=0.5)
        axes.plot([found.regret[row]], [place], "o", color=colour, markersize=5)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    name_rows(axes, [" · ".join(strategy_names(played.game, row)) for row in rows.tolist()])


def payoff_panel(axes: Axes, played: Played) -> None:
    """Gain of each strategy over the player's first, over all profiles of the others."""
    rows = [
        (f"{player}: {name}", name, ends)
        for player, found in best_responses(played)
        for name, _, ends, _ in found[1:]
    ]
    first = next(iter(played.game.players[0].options))
    head(axes, f"What others than {first} pay", "over all profiles of the others; 95%", -0.5)
    for place, (_, name, (low, high)) in enumerate(rows):
        colour = COLOURS.get(name, palette.INK)
        axes.plot([low, high], [place, place], color=colour, linewidth=3)
    axes.axvline(0, color=palette.MUTED, linewidth=0.8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    name_rows(axes, [row[0] for row in rows])


def tier_panel(axes: Axes, played: Played) -> None:
    """Gain of opening each tier against what serving it costs."""
    facts = tier_document(played)
    words = f"gain over closed by {facts['vendor']}; across: serving cost, $/Mtok"
    head(axes, "What opening one tier pays", words, -0.2)
    for row in facts["tiers"]:
        cost = row["serving_cost"]
        axes.plot(
            [cost, cost], [row["low"], row["high"]], color=palette.DUAL, linewidth=3, alpha=0.5
        )
        axes.plot([cost], [row["gain"]], "o", color=palette.DUAL, markersize=6)
        axes.annotate(labels.literal(row["tier"]), (cost, row["gain"]), xytext=(7, 0), va="center",
                      textcoords="offset points", fontsize=9, color=palette.INK,
                      parse_math=False)  # fmt: skip
    axes.axhline(0, color=palette.MUTED, linewidth=0.8)
    axes.set_xscale("log")
    axes.margins(x=0.3)
    quiet(axes, both=True)


def name_rows(axes: Axes, names: list[str]) -> None:
    """Name rows below each other, literally, in a quiet frame."""
    words = [labels.literal(name, 60) for name in names]
    axes.set_yticks(range(len(words)), words, fontsize=8.5, color=palette.INK, parse_math=False)
    quiet(axes)


def quiet(axes: Axes, *, both: bool = False) -> None:
    """A quiet frame, large numbers in short form."""
    axes.tick_params(colors=palette.MUTED, labelsize=8.5, length=3, color=palette.FAINT)
    axes.grid(axis="both" if both else "x", color=palette.FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    axis = axes.yaxis if both else axes.xaxis
    axis.set_major_formatter(lambda value, _: short(value, 2) if value else "0")
    if not both:
        axes.locator_params(axis="x", nbins=5)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(palette.FAINT)
