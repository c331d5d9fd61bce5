"""The chapter that holds the model against observed facts."""

import csv
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from app import palette
from app.reporting.drawing import (
    FAILS,
    HOLDS,
    Figure,
    dot,
    line,
    picture,
    rect,
    text,
)
from app.reporting.inputs import Source, worlds_of
from app.reporting.markup import Markup, table, tag
from app.reporting.section import Section, cited, from_words, missing
from app.reporting.words import count
from app.validating import number

TITLE: Final = "The model beside the facts"
LEFT, WIDE, STEP = 430.0, 260.0, 22.0
REACH: Final = 0.75
"""Bands that the picture reaches beyond a band, on either side."""


def evidence(source: Source | None) -> Section:
    """The chapter of validation."""
    if source is None:
        words = "The model was not held against the facts for this report. This command does it:"
        return missing("evidence", TITLE, "validation", words)
    worlds = worlds_of(source.document)
    name = next(iter(worlds))
    first = worlds[name]
    seeds = len(first["findings"][0]["values"])
    keys = sum(finding["key"] for finding in first["findings"])
    words = (
        f"The world {name} was run with {count(seeds, 'seed')} and its medians compared with facts "
        f"it was not given: {first['in_band']} of {first['checks']} lie in the band of the "
        f"observation, of the key facts {first['key_in_band']} of {keys}."
    )
    others = [
        f"{other}, a world that the facts must refute, meets {one['key_in_band']} of {keys} key "
        "facts."
        for other, one in worlds.items()
        if other != name
    ]
    figure = strips(first["findings"], name)
    note = tag("span", "Grey: the band of the observation. Dot: the median over seeds.")
    body = [
        from_words(source), tag("p", " ".join([words, *others]), cited(source)),
        figure.html(note), facts(worlds, name),
    ]  # fmt: skip
    return Section("evidence", TITLE, body, (figure,))


def facts(worlds: Mapping[str, Any], name: str) -> Markup:
    """The table of facts: observed, band, the scenario, worlds that must be refuted."""
    others = [other for other in worlds if other != name]
    headings = ["fact", "observed", "band", name, "over seeds", "", *others]
    rows: list[list[Any]] = []
    for place, finding in enumerate(worlds[name]["findings"]):
        cells: list[Any] = [
            labelled(finding), number(finding["observed"]),
            f"{number(finding['low'])} to {number(finding['high'])}", number(finding["median"]),
            spread(finding["values"]), "in" if finding["in_band"] else "OUT",
        ]  # fmt: skip
        for other in others:
            found = worlds[other]["findings"][place]
            cells.append(number(found["median"]) + ("" if found["in_band"] else " *"))
        rows.append(cells)
    caption = "Observed facts and simulated medians; a star marks a value out of band"
    return table(headings, rows, caption, ".rrrr." + "r" * len(others))


def labelled(finding: Mapping[str, Any]) -> Markup:
    """A fact, and under it where it was observed."""
    words = finding["label"] + (" (key)" if finding["key"] else "")
    return tag("span", words, tag("small", named(finding["source"])))


def named(source: str) -> str:
    """A source with the title and publisher of each row of the table of facts it names."""
    words = re.sub(r"F\d{3}", lambda found: titles().get(found[0], found[0]), source)
    return words.replace("releases.csv", "the program's table of releases (releases.csv)")


@cache
def titles() -> dict[str, str]:
    """Title and publisher of every recorded fact by id."""
    text = resources.files("sim.data").joinpath("facts.csv").read_text("utf-8")
    return {
        row["id"]: f"{row['source_title']} ({row['source_publisher']}; {row['id']})"
        for row in csv.DictReader(text.splitlines())
    }


def spread(values: list[float | None]) -> str:
    """Smallest and largest value over seeds, and how many have one where not all do."""
    known = [value for value in values if value is not None]
    if not known:
        return number(None)
    some = "" if len(known) == len(values) else f" ({len(known)} of {len(values)} seeds)"
    return f"{number(min(known))} to {number(max(known))}{some}"


def strips(findings: list[Mapping[str, Any]], name: str) -> Figure:
    """Every fact as a band with the simulated median on it."""
    height = STEP * len(findings) + 12
    low, high = LEFT + WIDE * REACH / (1 + 2 * REACH), LEFT + WIDE * (1 + REACH) / (1 + 2 * REACH)
    shapes: list[Markup] = []
    rows: list[tuple[str | float | None, ...]] = []
    for place, finding in enumerate(findings):
        y = 6 + STEP * (place + 0.5)
        shapes += [
            text(0, y + 4, finding["label"], font_weight="600" if finding["key"] else None),
            line(LEFT, y, LEFT + WIDE, y),
            rect(low, y - 7, high - low, 14, palette.FAINT, rx=2),
        ]
        rows.append((
            finding["id"], finding["observed"], finding["low"], finding["high"],
            finding["median"], str(finding["in_band"]).lower(),
        ))  # fmt: skip
        if finding["median"] is None:
            continue
        share = (finding["median"] - finding["low"]) / (finding["high"] - finding["low"])
        share = min(max(share, -REACH), 1 + REACH)
        hue = HOLDS if finding["in_band"] else FAILS
        x = low + share * (high - low)
        shapes.append(dot(x, y, 4.5, hue, hollow=not finding["in_band"]))
    inside = sum(finding["in_band"] for finding in findings)
    alt = f"{name}: {inside} of {len(findings)} medians lie in the bands of the observed facts"
    svg = picture(LEFT + WIDE + 10, height, alt, shapes)
    columns = ("fact", "observed", "low", "high", "median", "in_band")
    return Figure("facts", "Simulated medians in the bands of observed facts", alt, svg, columns,
                  rows, wide=True)  # fmt: skip
