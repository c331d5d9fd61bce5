"""The years to 2030 over plausible worlds, and which worlds those are."""

from typing import Any, Final

from app.ensemble_views import percent as shares
from app.ensemble_views import short as plain
from app.reporting.fan_charts import fan_figures, outlook_rows
from app.reporting.inputs import Source, beside
from app.reporting.markup import Markup, table, tag
from app.reporting.section import Section, cited, from_words, missing
from app.reporting.words import count, parameter
from app.shell import say
from experiments.ensemble.folder import EnsembleError
from experiments.ensemble.outlook import AHEAD, Outlook, outlook, stored_outlook
from experiments.evidence.forecast import MONTHS
from experiments.sweeps.folder import SweepError

TITLE: Final = "The years to 2030"
PINNED_SHOWN: Final = 8
FORECAST: Final = "forecast.json"
"""Beside a summary without runs: what `nomoat ensemble forecast --json` printed."""


def outlooks(ensemble: Source | None) -> tuple[Outlook, Outlook] | None:
    """Fans over an ensemble and over the raw ranges; None where they are not at hand.

    From its runs, or from what `nomoat ensemble forecast --json` printed, beside its summary.
    Raises InputError where that is damaged.
    """
    if ensemble is None:
        return None
    if not ensemble.place.is_dir():
        found = beside(ensemble, FORECAST, AHEAD)
        return stored_outlook(found) if found is not None else None
    try:
        return outlook(ensemble.place)
    except (EnsembleError, SweepError) as error:
        if ensemble.document["kept"]:
            say(f"no years to 2030 in this report: {error}")
        return None


def future(ensemble: Source | None, fans: tuple[Outlook, Outlook] | None) -> Section:
    """The chapter of the forecast."""
    if ensemble is None:
        words = "There are no plausible worlds to look ahead with. This command makes them:"
        return missing("future", TITLE, "ensemble", words)
    if fans is None:
        words = (
            "The summary of these worlds is at hand, but no runs of theirs to 2030: none survives, "
            "or only the summary was given. This command makes them:"
        )
        return missing("future", TITLE, "ensemble", words)
    kept, raw = fans
    figures = fan_figures(kept, raw)
    intro = (
        f"Fans over {count(kept.worlds, 'world')} that meet the facts of 2023 and 2024 (worth "
        f"{kept.effective:.0f} of equal weight), each run several times with other luck. Line: "
        f"median. Dark: half of worlds and luck; pale: 90%. Dashed: 90% over {raw.worlds:,} worlds "
        "drawn from the raw ranges, facts or no facts (not where three fans overlap). On grey, "
        "releases and list prices are input. A fan shows what this model allows, not what will be."
    )
    panels = [figure.html(Markup.joined([tag("span", unit)])) for figure, unit in figures]
    body = [
        from_words(ensemble), tag("p", intro), tag("div", panels, class_="panels"),
        numbers(kept, raw),
    ]  # fmt: skip
    return Section("future", TITLE, body, tuple(figure for figure, _ in figures))


def numbers(kept: Outlook, raw: Outlook) -> Markup:
    """The fans in a few months."""
    rows: list[list[Any]] = [
        [row["words"].replace("$/Mtok", "$ per million tokens"), *row["cells"]]
        for row in outlook_rows(kept, raw)
    ]
    headings = ["", *MONTHS, f"{MONTHS[-1]}, raw ranges"]
    caption = "Medians, in brackets from 5% to 95% of worlds and luck"
    return table(headings, rows, caption, ".rrrr")


def plausible(ensemble: Source | None) -> Section:
    """The chapter on the worlds themselves: how many the facts leave, and what pins them."""
    title = "Which worlds are plausible"
    if ensemble is None:
        words = "No worlds were held against the facts. This command does it:"
        return missing("worlds", title, "ensemble", words)
    found, size = ensemble.document, ensemble.document["size"]
    survives = found["survives"]
    pinned = [row for row in found["parameters"] if row["pinned"]]
    words = (
        f"{found['kept']:,} of {count(found['draws'], 'world')} drawn over "
        f"{count(len(ensemble.space()), 'uncertain setting')} are consistent with the key facts "
        f"of 2023 and 2024: {shares(survives['share'])} of the space ({shares(survives['low'])} to "
        f"{shares(survives['high'])}), {size['replicates']} runs of {size['enterprises']:,} "
        f"enterprises each. By themselves the facts move "
        f"{count(len(pinned), 'setting') if pinned else 'no setting'} beyond chance; what they "
        "rule out are combinations, so every result is a range over what is left."
    )
    body = [from_words(ensemble), tag("p", words, cited(ensemble)), facts(found)]
    if pinned:
        body.append(moved(pinned[:PINNED_SHOWN]))
    if found.get("met_again") is not None:
        again = (
            f"On other luck {shares(found['met_again'])} of the members meet the facts of the "
            "record again."
        )
        body.append(tag("p", again))
    return Section("worlds", title, body)


def facts(found: dict[str, Any]) -> Markup:
    """What each fact rules out."""
    rows: list[list[Any]] = [
        [
            fact["label"], shares(fact["passes"]), shares(fact["alone"]), plain(fact["median"]),
            f"{plain(fact['low'])} to {plain(fact['high'])}",
        ]
        for fact in found["facts"]
    ]  # fmt: skip
    headings = ["fact", "passed by", "alone rules out", "median world", "90% of worlds"]
    return table(headings, rows, "What each fact rules out of worlds drawn evenly", ".rrrr")


def moved(pinned: list[dict[str, Any]]) -> Markup:
    """The settings that the facts move."""
    rows: list[list[Any]] = [
        [
            tag("code", row["path"]), parameter(row["path"]),
            f"{row['low']:g} to {row['high']:g}",
            f"{row['interval'][0]:.3g} to {row['interval'][2]:.3g}",
        ]
        for row in pinned
    ]  # fmt: skip
    headings = ["setting", "meaning", "range drawn from", "90% of what is left"]
    return table(headings, rows, "What the facts say of settings", "..rr")
