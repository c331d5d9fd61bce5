"""The chapter on the game over strategies: what vendors choose when they answer each other."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from app.game_views import Played
from app.game_views import document as result
from app.reporting.drawing import DEPENDS, HOLDS, Figure, dot, line, picture, rect, text
from app.reporting.inputs import Source, is_game
from app.reporting.markup import Child, Markup, table, tag
from app.reporting.section import Section, cited, from_words, missing
from app.reporting.simplex import simplex
from app.reporting.words import count, percent, short
from experiments.game.playing import GameFolder, stored_game, stored_payoffs
from experiments.game.setting import GameError
from experiments.sweeps.folder import SweepError
from sim.refusals import ScenarioError

Document = Mapping[str, Any]
TITLE: Final = "The game between vendors"
STABLE: Final = "What is stable"
MOST: Final = 12
"""Profiles and ends shown."""
FLOW: Final = (
    "One population that plays all roles equally often. Corners: everybody makes that choice. "
    "Lines with beads lead to where choices move; colours say where they end, dots are ends."
)
LIKELY: Final = 0.5
MOST_TOLD: Final = 3
"""Stable combinations of a game that the answers name."""
AIMS: Final = {"profit": "profit", "share": "a share of spending", "survival": "survival"}
PAYOFFS: Final = {
    "profit": "profit of all months, discounted, in dollars",
    "share": "share of spending in the last year",
    "survival": "being in business at the end",
}


def game_section(games: Sequence[Source]) -> Section:
    """The chapter of the games; without a result it says which command makes one."""
    if not games:
        words = "No game over open, closed and dual strategies was played. This command plays one:"
        return missing("game", TITLE, "game", words)
    body: list[Markup] = []
    figures: list[Figure] = []
    for game in games:
        part, drawn = part_of(game, alone=len(games) == 1)
        body += part
        figures += drawn
    return Section("game", TITLE, body, tuple(figures))


def part_of(game: Source, *, alone: bool) -> tuple[list[Markup], list[Figure]]:
    """What one game came to, and its figures. alone: whether it needs no heading of its own."""
    found = result_of(game)
    if found is None:
        words = f"The game in {game.place} has no finished run; the command that began it goes on."
        return [from_words(game), tag("p", words, class_="missing")], []
    document = with_names(found)
    figures = [
        replace(figure, name=f"{figure.name}-{game.number}") if game.number > 1 else figure
        for figure in (regrets(document), simplex(document))
        if figure is not None
    ]
    note = "Dot: the most that anybody would gain by leaving. Bar: its 95% interval."
    body = [
        *([] if alone else [tag("h3", heading(document))]), from_words(game),
        tag("p", played(document), cited(game)), tag("h3" if alone else "h4", STABLE),
        *stable(document),
        figures[0].html(tag("span", note)), strategies(document), imitation(document),
        *(figure.html(tag("span", FLOW)) for figure in figures[1:]),
        *([tiers(document["tiers"])] if document.get("tiers") else []),
    ]  # fmt: skip
    return body, figures


def in_a_sentence(game: Source) -> Markup | None:
    """What came of a game, for the answers; None where it has no finished run."""
    found = result_of(game)
    if found is None:
        return None
    document = with_names(found)
    shares = {named(one["strategies"]): one["equilibrium"] for one in document["profiles"]}
    ends = [f"“{named(one)}” (in {percent(shares[named(one)])} of resampled runs)"
            for one in document["pure"][:MOST_TOLD]]  # fmt: skip
    rest = len(document["pure"]) - len(ends)
    words = [
        f"{listed(document['players'])} for {AIMS.get(document['payoff'], document['payoff'])}: "
        + (f"nobody would leave {'; or '.join(ends)}" + f", and {rest} more" * bool(rest)
           if ends else "no combination of fixed choices is stable")
    ]  # fmt: skip
    if found_by_tier := document.get("tiers"):
        gains = ", ".join(
            f"{one['tier']} {brief(one['gain'])} ({brief(one['low'])} to {brief(one['high'])})"
            for one in found_by_tier["tiers"]
        )
        words.append(f"what {found_by_tier['vendor']} gains by opening one size only: {gains}")
    return tag("li", "; ".join(words), ".", cited(game))


def listed(names: Sequence[str]) -> str:
    """Names as a list in a sentence."""
    return ", ".join(names[:-1]) + f" and {names[-1]}"


def heading(document: Document) -> str:
    """Who plays for what, in a few words."""
    by_tier = (document.get("tiers") or {}).get("vendor")
    players = [f"{one} (tier by tier)" if one == by_tier else one for one in document["players"]]
    return f"{', '.join(players)}: for {AIMS.get(document['payoff'], document['payoff'])}"


def result_of(game: Source) -> Document | None:
    """What came of a game: the document of `nomoat game show --json`, or the same from a folder.

    None where a folder has no finished run.
    """
    if is_game(game.document):
        return game.document
    folder = GameFolder(game.place)
    try:
        asked = stored_game(folder)
        found, rounds = stored_payoffs(asked, folder, asked.payoff)
    except (GameError, SweepError, ScenarioError, TypeError, KeyError):
        return None
    return result(Played.of(asked, found, asked.payoff, rounds))


def with_names(document: Document) -> Document:
    """A game with vendors called by their names instead of their ids."""
    names: Mapping[str, str] = document.get("names", {})

    def keyed(by_player: Mapping[str, Any]) -> dict[str, Any]:
        return {names.get(player, player): value for player, value in by_player.items()}

    def mixing(one: Mapping[str, Any]) -> dict[str, Any]:
        return {**one, "mixture": one["mixture"] and keyed(one["mixture"])}

    tiers = document.get("tiers")
    return {
        **document,
        "players": [names.get(one, one) for one in document["players"]],
        "profiles": [
            {**one, "strategies": keyed(one["strategies"]), "payoff": keyed(one["payoff"])}
            for one in document["profiles"]
        ],
        "pure": [keyed(one) for one in document["pure"]],
        "mixed": [mixing(one) for one in document["mixed"] or []],
        "basins": [mixing(one) for one in document["basins"]],
        "best_responses": keyed(document["best_responses"]),
        "tiers": tiers and {**tiers, "vendor": names.get(tiers["vendor"], tiers["vendor"])},
    }


def played(document: Document) -> str:
    """Who plays for what, and what was run."""
    profiles = document["profiles"]
    least, most = (pick(one["runs"] for one in profiles) for pick in (min, max))
    runs = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    worlds = f" in {document['worlds']:,} worlds" if document["worlds"] > 1 else " in one world"
    by_tier = document.get("tiers")
    alone = f" {by_tier['vendor']} may open one size of its models alone." if by_tier else ""
    return (
        f"{listed(document['players'])} choose how open they are, for good; all others keep "
        f"what they do.{alone} Each is paid by "
        f"{PAYOFFS.get(document['payoff'], document['payoff'])}. All "
        f"{count(len(profiles), 'combination')} of choices were simulated, {runs} runs of "
        f"each{worlds}, {document['enterprises']:,} enterprises a run."
    )


def stable(document: Document) -> list[Markup]:
    """The combinations that nobody would leave."""
    shares = {named(one["strategies"]): one["equilibrium"] for one in document["profiles"]}
    points = [
        tag("li", f"{named(one)}: nobody would gain by leaving, in {percent(shares[named(one)])} "
            "of resampled runs")
        for one in document["pure"][:MOST]
    ]  # fmt: skip
    found: list[Markup] = []
    if not points:
        found.append(tag("p", "No combination of fixed choices is stable: somebody would leave."))
    found += [tag("ul", points)] if points else []
    mixes = [
        tag("li", f"{mixed(one['mixture'])} (gain by leaving {brief(one['regret_low'])} to "
            f"{brief(one['regret_high'])})")
        for one in document["mixed"] or []
    ]  # fmt: skip
    if mixes:
        words = (
            "Stable with mixed choices as well:" if points else "Stable only with mixed choices:"
        )
        found += [tag("p", words), tag("ul", mixes)]
    return found


def named(chosen: Mapping[str, str]) -> str:
    """A combination in words."""
    return ", ".join(f"{player} {strategy}" for player, strategy in chosen.items())


def mixed(mixture: Mapping[str, Mapping[str, float]] | None) -> str:
    """A mixture in words; what is hardly played is left out."""
    if mixture is None:
        return "no rest point"
    parts = []
    for player, own in mixture.items():
        used = {name: share for name, share in own.items() if share > 0.005}
        mixes = " / ".join(f"{percent(share)} {name}" for name, share in used.items())
        parts.append(f"{player} {next(iter(used)) if len(used) == 1 else mixes}")
    return ", ".join(parts)


def regrets(document: Document) -> Figure:
    """The combinations that anybody has least reason to leave, with intervals."""
    rows = sorted(document["profiles"], key=lambda one: one["regret"])[:MOST]
    left, wide, step = 330.0, 300.0, 24.0
    most = max(one["regret_high"] for one in rows) or 1.0
    bottom = 26 + step * len(rows)
    shapes: list[Markup] = []
    for share in (0.0, 0.5, 1.0):
        x = left + wide * share
        shapes += [
            line(x, 20, x, bottom),
            text(x, 13, brief(share * most), text_anchor="middle", font_size=11),
        ]
    for place, one in enumerate(rows):
        y = 26 + step * (place + 0.5)
        low, middle, high = (
            left + wide * one[name] / most for name in ("regret_low", "regret", "regret_high")
        )
        hue = HOLDS if one["equilibrium"] > LIKELY else DEPENDS
        shapes += [
            text(0, y + 4, named(one["strategies"])),
            rect(low, y - 3, high - low, 6, hue, fill_opacity=0.32, rx=3),
            dot(middle, y, 4.5, hue),
            text(left + wide + 16, y + 4, f"stable in {percent(one['equilibrium'])}"),
        ]
    title = "What anybody would gain by leaving"
    alt = f"{title}: " + "; ".join(
        f"{named(one['strategies'])} {brief(one['regret'])}" for one in rows
    )
    numbers = [
        (named(one["strategies"]), one["regret"], one["regret_low"], one["regret_high"],
         one["equilibrium"])
        for one in document["profiles"]
    ]  # fmt: skip
    svg = picture(left + wide + 130, bottom + 6, alt, shapes)
    columns = ("profile", "regret", "low", "high", "equilibrium")
    return Figure("game", title, alt, svg, columns, numbers, wide=True)


def strategies(document: Document) -> Markup:
    """What each choice pays a vendor, over all choices of the others."""
    rows: list[list[Child]] = []
    for player, own in document["best_responses"].items():
        for place, (name, one) in enumerate(own.items()):
            gain = f"{brief(one['gain_low'])} to {brief(one['gain_high'])}" if place else ""
            rows.append(
                [player, name, percent(one["best_answer"]), brief(one["mean_payoff"]), gain]
            )
    headings = ["vendor", "choice", "best answer to", "mean payoff", "against its first, 95%"]
    return table(headings, rows, "Choices over all combinations of the others", "..rrr")


def imitation(document: Document) -> Markup:
    """Where vendors come to that imitate what pays."""
    rows: list[list[Child]] = [
        [mixed(one["mixture"]), percent(one["share"])] for one in document["basins"][:MOST]
    ]
    caption = "Where imitation of what pays leads from random starts (replicator dynamics)"
    return table(["end", "of starts"], rows, caption, ".r")


def tiers(found: Document) -> Markup:
    """What opening a single tier pays, beside what serving it costs."""
    rows: list[list[Child]] = [
        [
            one["tier"], brief(one["serving_cost"]), brief(one["gain"]),
            f"{brief(one['low'])} to {brief(one['high'])}",
        ]
        for one in found["tiers"]
    ]  # fmt: skip
    caption = (
        f"{found['vendor']}: what opening one tier pays against closed; the gain falls from tier "
        f"to tier in {percent(found['falls_with_cost'])} of resampled runs"
    )
    headings = ["tier opened", "serving, $ per million tokens", "gain", "95%"]
    return table(headings, rows, caption, ".rrr")


def brief(number: float) -> str:
    """A number in few digits, in millions or billions where it is large."""
    for size, unit in ((1e9, "bn"), (1e6, "m")):
        if abs(number) >= size:
            return f"{short(number / size)} {unit}"
    return short(number)
