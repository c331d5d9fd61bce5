"""The chapter on kinds of markets: how often each comes out, and what that hangs on."""

import math
from typing import Any, Final

import numpy as np

from app.reporting.inputs import Source, beside
from app.reporting.markup import Markup, table, tag
from app.reporting.regime_charts import REGIMES, present, regime_map
from app.reporting.section import Section, cited, from_words, missing
from app.reporting.words import count, interval, parameter, percent
from app.shell import say
from experiments.claims.verdicts import share_of
from experiments.ensemble.folder import EnsembleError
from experiments.regimes import FEWEST, SHAPE, Mapped, Strength, of_ensemble, of_sweep, strengths
from experiments.sweeps.folder import SweepError
from experiments.sweeps.reading import load

TITLE: Final = "What kind of market it becomes"
STORED: Final = "regimes.json"
"""Beside a summary without runs: its worlds with the kinds of market they end in."""
SHOWN: Final = 6
CLEAR: Final = 0.05
"""Chance from which a setting counts as one that the kind of market hangs on."""


def regimes(sweep: Source | None, ensemble: Source | None) -> Section:
    """The chapter, from a sweep if one is given, else from the worlds of an ensemble."""
    source = sweep or ensemble
    worlds = worlds_of(source) if source is not None else None
    if source is None or worlds is None or not worlds.labels:
        words = "No runs to 2030 are at hand to say what kind of market they end in. Make some:"
        return missing("regimes", TITLE, "ensemble", words)
    plausible = source.kind == "ensemble"
    body = [
        from_words(source),
        tag("p", scope(worlds, plausible=plausible), cited(source)),
        frequencies(worlds, plausible=plausible),
    ]
    found = strengths(worlds)
    if len(found) < 2:
        words = (
            f"A map needs {FEWEST} worlds, two settings that differ between them and more than one "
            "kind of market; here it would show nothing."
        )
        return Section("regimes", TITLE, [*body, tag("p", words, class_="missing")])
    figure = regime_map(worlds, (found[0].path, found[1].path))
    thin = ", thin those that the facts rule out or that were not asked." if plausible else "."
    note = f"Signs: worlds{thin}"
    note += " Squares: what most worlds there end in, where there are three or more."
    body += [tag("p", hanging(found)), figure.html(tag("span", note)), strongest(found)]
    return Section("regimes", TITLE, body, (figure,))


def worlds_of(source: Source) -> Mapped | None:
    """The worlds of a source with their labels; None where it has no runs.

    Raises InputError where they are stored beside a summary and damaged.
    """
    if source.place.is_file():
        found = beside(source, STORED, SHAPE)
        return Mapped.from_json(found) if found is not None else None
    try:
        if source.kind == "sweep":
            return of_sweep(load(source.place))
        logs = [one["path"] for one in source.space() if one["log"]]
        return of_ensemble(source.place, logs)
    except (EnsembleError, SweepError) as error:
        say(f"no kinds of markets in this report: {error}")
        return None


def scope(worlds: Mapped, *, plausible: bool) -> str:
    """What was run."""
    members = int((worlds.weights > 0).sum())
    which = (
        f"{count(members, 'world')} that meet the facts and {len(worlds.labels) - members:,} others"
        if plausible
        else count(len(worlds.labels), "world")
    )
    return (
        f"Every run ends in one kind of market, judged by its last twelve months. This is over "
        f"{which} ({count(worlds.runs, 'run')}); a world counts as what most of its runs end in, "
        f"which {percent(float(worlds.agreement.mean()))} of them do on average."
        + left_out(worlds.left_out)
    )


def left_out(worlds: int) -> str:
    """What is said of worlds without a finished run."""
    verb = "is" if worlds == 1 else "are"
    words = f" {count(worlds, 'world')} without a finished run {verb} left out."
    return words if worlds else ""


def frequencies(worlds: Mapped, *, plausible: bool) -> Markup:
    """How many worlds end in each kind of market."""
    labels = np.array(worlds.labels)
    even = np.ones(len(labels))
    rows: list[list[Any]] = []
    for label in present(worlds.labels):
        share = share_of(labels == label, worlds.weights if plausible else even)
        cell = interval((share.share, share.low, share.high))
        if math.isnan(share.share):
            cell = interval(None)
        meaning = REGIMES[label][2] if label in REGIMES else ""
        rows.append([label, meaning, cell, f"{worlds.labels.count(label):,}"])
    whose = "of plausible worlds" if plausible else "of worlds"
    headings = ["kind of market", "meaning", f"share {whose}, 95% interval", "worlds, all"]
    return table(headings, rows, "How often each kind of market comes out", "..rr")


def hanging(found: list[Strength]) -> str:
    """What the kind of market hangs on, and how sure that is."""
    first, second = found[:2]
    pair = " and ".join(
        f"{one.path} ({parameter(one.path)}; {percent(one.share)})" for one in (first, second)
    )
    clear = [one for one in found if one.chance <= CLEAR]
    words = (
        f"Of {count(len(found), 'setting')}, {pair} explain most of the differences between "
        "worlds, so the map is drawn over these two. "
    )
    if not clear:
        return words + (
            "With so many settings and so few worlds chance alone would often give as much: the "
            "map shows no proven pattern."
        )
    if len(clear) == 1:
        return words + f"Only {clear[0].path} explains more than chance would."
    return words + f"{count(len(clear), 'setting')} explain more than chance would."


def strongest(found: list[Strength]) -> Markup:
    """The settings that explain most."""
    rows: list[list[Any]] = [
        [tag("code", one.path), parameter(one.path), percent(one.share), f"{one.chance:.3f}"]
        for one in found[:SHOWN]
    ]
    caption = "What the kind of market hangs on"
    headings = ["setting", "meaning", "differences explained", "chance of as much by luck"]
    return table(headings, rows, caption, "..rr")
