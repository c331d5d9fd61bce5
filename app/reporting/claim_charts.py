"""Pictures of claims: the share of worlds in which each holds, with its interval."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app import palette
from app.reporting.drawing import (
    VERDICT,
    Figure,
    dot,
    line,
    picture,
    rect,
    text,
)
from app.reporting.markup import Markup
from app.reporting.words import VERDICTS, interval, percent
from experiments.claims.claim import QUESTIONS

Entry = Mapping[str, Any]
Interval = Sequence[float | None] | None
MARKS: Final = (0.25, 0.5, 0.75)
"""Shares that verdicts are about."""
COLUMNS: Final = ("claim", "verdict", "worlds", "share", "low", "high")
LONGEST: Final = 66


def claim_chart(entry: Entry, called: str) -> Figure:
    """One claim: shares of worlds by where the worlds come from and what was assumed."""
    rows = shares_of(entry, called)
    left, wide, step, top = 158.0, 240.0, 22.0, 20.0
    height = top + step * len(rows) + 8
    shapes = scale(left, wide, top - 4, height - 6, named=True)
    colour = VERDICT[VERDICTS[entry["verdict"]][0]]
    for place, (words, found) in enumerate(rows):
        y = top + step * (place + 0.5)
        shapes.append(text(0, y + 4, words, palette.INK if place == 0 else palette.MUTED))
        shapes += mark(found, left, wide, y, colour if place == 0 else palette.MUTED, place > 0)
        middle = found[0] if found is not None else None
        shapes.append(text(left + wide + 12, y + 4, percent(middle)))
    alt = f"{entry['id']}: " + "; ".join(f"{words} {interval(found)}" for words, found in rows)
    numbers = [(entry["id"], entry["verdict"], words, *values(found)) for words, found in rows]
    return Figure(
        f"claim-{entry['id']}", f"Share of worlds in which {entry['id']} holds", alt,
        picture(left + wide + 100, height, alt, shapes), COLUMNS, numbers,
    )  # fmt: skip


def shares_of(entry: Entry, called: str) -> list[tuple[str, Interval]]:
    """The shares that the ledger has of a claim, and over which worlds."""
    rows: list[tuple[str, Interval]] = [(called, entry["share"])]
    if called == "plausible worlds":
        rows.append(("raw ranges, no facts", entry["raw"]))
    else:
        rows = [("raw ranges, no facts", entry["share"])]
    if entry.get("linear") is not None:
        rows.append(("quality never saturates", entry["linear"]))
    if entry.get("early") is not None:
        rows.append(("change made in 2023", entry["early"]))
    return rows


def values(found: Interval) -> tuple[float | None, ...]:
    """Share, low and high; nothing where there are none."""
    return tuple(found) if found is not None else (None, None, None)


def overview(ledger: Entry, called: str) -> Figure:
    """All claims in one picture, by question."""
    left, wide, step = 470.0, 250.0, 23.0
    shapes: list[Markup] = []
    numbers: list[tuple[str | float | None, ...]] = []
    y = 22.0
    for question, words in QUESTIONS.items():
        mine = [entry for entry in ledger["claims"] if entry["question"] == question]
        if not mine:
            continue
        shapes.append(text(0, y + 15, f"{question}  {words}", font_weight="600"))
        y += step
        shapes += scale(left, wide, y, y + step * len(mine), named=not numbers)
        for entry in mine:
            shapes += overview_row(entry, left, wide, y + step / 2)
            numbers.append((entry["id"], entry["verdict"], called, *values(entry["share"])))
            y += step
        y += 8
    alt = f"Share of {called} in which each claim holds, with 95% intervals: " + "; ".join(
        f"{entry['id']} {interval(entry['share'])}, {entry['verdict']}"
        for entry in ledger["claims"]
    )
    svg = picture(left + wide + 212, y, alt, shapes)
    title = f"In how many {called} each claim holds"
    return Figure("claims", title, alt, svg, COLUMNS, numbers, wide=True)


def overview_row(entry: Entry, left: float, wide: float, y: float) -> list[Markup]:
    """A claim in the picture of all."""
    kind, sign = VERDICTS[entry["verdict"]]
    colour = VERDICT[kind]
    words = entry["statement"]
    words = words if len(words) <= LONGEST else f"{words[: LONGEST - 1].rstrip()}…"
    return [
        text(0, y + 4, entry["id"], palette.MUTED),
        text(38, y + 4, words),
        *mark(entry["share"], left, wide, y, colour, hollow=kind == "unknown"),
        text(left + wide + 14, y + 4, f"{sign} {entry['verdict']}", colour),
    ]


def mark(
    found: Interval, left: float, wide: float, y: float, colour: str, hollow: bool
) -> list[Markup]:
    """A share as a dot on its interval."""
    if found is None or found[0] is None:
        return []
    share, low, high = (left + wide * (value or 0.0) for value in found)
    return [
        rect(low, y - 3, high - low, 6, colour, fill_opacity=0.32, rx=3),
        dot(share, y, 5, palette.PAPER) if hollow else Markup(""),
        dot(share, y, 4.5, colour, hollow=hollow),
    ]


def scale(left: float, wide: float, top: float, bottom: float, *, named: bool) -> list[Markup]:
    """The scale of shares, with the bounds of verdicts."""
    shapes = []
    for share in (0.0, *MARKS, 1.0):
        x = left + wide * share
        dashes = "3 3" if share in MARKS else None
        shapes.append(line(x, top, x, bottom, stroke_dasharray=dashes))
        if named:
            shapes.append(
                text(x, top - 5, percent(share), palette.MUTED, text_anchor="middle", font_size=10)
            )
    return shapes
