"""The ledger: every claim with its picture, and behind it all that was found."""

from collections.abc import Mapping
from typing import Any, Final

from app.reporting.claim_charts import claim_chart, overview
from app.reporting.drawing import Figure
from app.reporting.inputs import Source
from app.reporting.markup import Markup, table, tag
from app.reporting.section import Section, from_words, missing
from app.reporting.words import (
    DASH,
    VERDICTS,
    count,
    decided,
    interval,
    parameter,
    percent,
    short,
    so_many,
    used,
    worlds_called,
)
from experiments.claims.claim import QUESTIONS

Entry = Mapping[str, Any]
TITLE: Final = "The claims, one by one"
MOST_SWITCHED: Final = 6
"""Mechanisms shown."""


def ledger_section(ledger: Source | None) -> Section:
    """The chapter of claims."""
    if ledger is None:
        words = "No claims were judged. This command judges them:"
        return missing("ledger", TITLE, "ledger", words)
    document = ledger.document
    called = worlds_called(document)
    whole = overview(document, called)
    charts: list[Figure] = [whole]
    body = [from_words(ledger), *introduction(document, called), whole.html()]
    for question, words in QUESTIONS.items():
        mine = [entry for entry in document["claims"] if entry["question"] == question]
        if mine:
            body += [tag("h3", f"{question}. {words}"), columns(called)]
        for entry in mine:
            chart = claim_chart(entry, called)
            charts.append(chart)
            body.append(claim(entry, chart, called))
    return Section("ledger", TITLE, body, tuple(charts))


def columns(called: str) -> Markup:
    """What stands in the folded lines."""
    names = ("", "claim", "verdict", f"of {called}")
    return tag("div", [tag("span", name) for name in names], class_="columns", aria_hidden="true")


def introduction(document: Entry, called: str) -> list[Markup]:
    """How to read the chapter, and what was run."""
    size = document["size"]
    run = (
        f"Each claim was tried in up to {so_many(used(document), called)}, with "
        f"{size['replicates']} runs of {size['enterprises']:,} simulated enterprises per world "
        f"and case, seed {size['seed']}. A dot is the share of worlds in which the claim holds, "
        "the bar its 95% interval."
    )
    rule = (
        "A claim holds broadly if even the lower end of the interval is 75% or more, and fails "
        "broadly if even the upper end is 25% or less. If it is neither but holds in a region of "
        "settings that was found on one half of the worlds and confirmed on the other, it holds "
        "under stated conditions. Otherwise, or if an assumption that no fact settles turns the "
        "answer round, it is not identified: the model cannot tell."
    )
    found = [tag("p", run), tag("p", rule)]
    if document["failed_runs"]:
        words = f"{count(document['failed_runs'], 'run')} failed; worlds without them do not count."
        found.append(tag("p", words, class_="missing"))
    if not size.get("switched"):
        words = (
            "No mechanism was switched off, nor the form of quality; a larger ledger does that and "
            "may leave fewer claims decided."
        )
        found.append(tag("p", words, class_="missing"))
    if called != "plausible worlds":
        words = (
            "These worlds were drawn from the sourced ranges without asking whether they meet the "
            "facts of 2023 and 2024; verdicts over worlds that do may differ."
        )
        found.append(tag("p", words, class_="missing"))
    return found


def claim(entry: Entry, chart: Figure, called: str) -> Markup:
    """One claim: a line that is always seen, the rest folded."""
    kind, sign = VERDICTS[entry["verdict"]]
    head = tag(
        "summary",
        tag("span", entry["id"], class_="id"),
        tag("span", entry["statement"], class_="statement"),
        tag("span", f"{sign} {entry['verdict']}", class_=f"badge {kind}"),
        tag("span", percent(entry["share"][0]) if entry["share"] else DASH, class_="share"),
    )
    who = f"Said by {entry['who']}, {entry['when']}." if entry["who"] else ""
    inner = [
        tag("p", who, class_="quiet") if who else Markup(""),
        tag("p", tag("strong", f"{entry['verdict'].capitalize()}: "), f"{entry['reason']}."),
        chart.html(titled=False),
        measured(entry, called),
        *boxed(entry),
        *driven(entry),
        *switched(entry),
        *reported(entry),
        *(listed("Compared", list(entry["cases"].values())) if len(entry["cases"]) > 1 else []),
        *listed("Mind", entry["caveats"]),
    ]
    return tag("details", head, tag("div", inner, class_="inside"), id=f"claim-{entry['id']}")


def measured(entry: Entry, called: str) -> Markup:
    """What must be so, in how many worlds each part is, and how large the effect is."""
    effect, halves = entry["effect"], entry["halves"]
    rows = [
        tag(
            "li",
            one["words"] or entry["id"],
            f": in {percent(one['share'])} of worlds{size_of(one)}",
        )
        for one in entry["conditions"]
    ]
    size = (
        f"Measured for “{effect['words']}”: median {short(effect['middle'])}, 90% of worlds from "
        f"{short(effect['low'])} to {short(effect['high'])} ({so_many(entry['worlds'], called)}"
        + (f", {entry['missing']:,} more without a value)." if entry["missing"] else ").")
    )
    luck = (
        f"By luck: {percent(halves[0])} with one half of the runs, {percent(halves[1])} with the "
        "other."
    )
    told = " ".join(part for part in (decided(entry), size, luck) if part)
    return tag("div", tag("h4", "What was measured"), tag("ul", rows), tag("p", told))


def size_of(condition: Entry) -> str:
    """How large the value of a condition is over worlds; empty where a ledger does not have it."""
    if "middle" not in condition:
        return ""
    low, high = short(condition["low"]), short(condition["high"])
    return (
        f"; {short(condition['middle'])} ({low} to {high}, {count(condition['worlds'], 'world')})"
    )


def reported(entry: Entry) -> list[Markup]:
    """What is said beside a claim and decides nothing."""
    if not entry["reported"]:
        return []
    rows: list[list[Any]] = [
        [one["words"], short(one["middle"]), f"{short(one['low'])} to {short(one['high'])}",
         percent(one["share"])]
        for one in entry["reported"]
    ]  # fmt: skip
    headings = ["measured", "median", "90% of worlds", "so in"]
    grid = table(headings, rows, f"Reported beside {entry['id']}", ".rrr")
    return [tag("h4", "Reported beside, deciding nothing"), grid]


def boxed(entry: Entry) -> list[Markup]:
    """The region of settings in which a claim holds."""
    box = entry["box"]
    if box is None:
        return []
    rows: list[list[Any]] = [
        [tag("code", path), parameter(path), short(low), short(high)]
        for path, (low, high) in box["limits"].items()
    ]
    proven = entry["verdict"] == "holds under stated conditions"
    words = (
        f"It holds in {percent(box['density'])} of the {count(box['worlds'], 'world')} of this "
        f"region that it was tested on ({percent(box['overall'])} of all tested worlds); they are "
        f"{percent(box['coverage'])} of all in which it holds. "
    )
    words += "" if proven else "That is not enough to state it as a condition."
    caption = f"Where {entry['id']} holds"
    grid = table(["setting", "meaning", "from", "to"], rows, caption, "..rr")
    return [tag("h4", "Conditions"), grid, tag("p", words)]


def driven(entry: Entry) -> list[Markup]:
    """The settings that a claim hangs on."""
    if not entry["drivers"]:
        return []
    rows: list[list[Any]] = [
        [
            tag("code", one["path"]), parameter(one["path"]), percent(one["low"]),
            percent(one["high"]), "yes" if one["pinned"] else "no",
        ]
        for one in entry["drivers"]
    ]  # fmt: skip
    headings = ["setting", "meaning", "holds, lower half", "holds, upper half", "settled by facts"]
    caption = f"What {entry['id']} hangs on"
    return [tag("h4", "What it hangs on"), table(headings, rows, caption, "..rr.")]


def switched(entry: Entry) -> list[Markup]:
    """What becomes of the share where a mechanism is switched off, the largest changes first."""
    if not entry.get("switched"):
        return []
    rows: list[list[Any]] = [
        [f"if {one['words']}", interval(one["share"]), percent(one["before"][0]), one["worlds"]]
        for one in entry["switched"][:MOST_SWITCHED]
    ]
    words = "Mechanisms switched one by one, in some of the worlds."
    caption = f"{entry['id']} with mechanisms switched"
    headings = ["", "holds in", "as they are", "worlds"]
    return [tag("h4", "Mechanisms"), tag("p", words), table(headings, rows, caption, ".rrr")]


def listed(title: str, items: list[str]) -> list[Markup]:
    """A short list under its title; nothing where it is empty."""
    if not items:
        return []
    return [tag("h4", title), tag("ul", [tag("li", item) for item in items])]
