"""docs/answers.md: what the model answers, from the reference results."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from agents.common.vocabulary import month_index
from app.claims_views import percent, share
from app.ensemble_views import QUANTITIES
from app.ensemble_views import interval as of_prior
from app.game_views import KINDS, brief
from app.reporting.regime_charts import REGIMES, present
from app.reporting.regime_section import hanging
from app.reporting.words import decided, deciding, parameter, sentence, short, tally, worlds_called
from experiments.claims.claim import QUESTIONS
from experiments.claims.verdicts import share_of
from experiments.evidence.forecast import MONTHS
from experiments.reference import GAMES, MADE, SURVIVAL, read
from experiments.regimes import Mapped, strengths

Entry = Mapping[str, Any]
TOLD: Final = 3
"""Mechanisms and drivers of a claim that are told."""
MILLION: Final = 1e6
RENT_COUNTS: Final = 3
"""Schema version from which on every share of spend counts rent and support."""
PLAYED: Final = {
    "C16": " Where start-ups answer each other: [below](#three-start-ups-choose).",
    "C17": " By size, where another vendor answers: [below](#which-size-of-model-to-open).",
}
"""Claims that a game is about as well."""
MOVED: Final = 0.2
"""Change of the share of worlds from which a mechanism is told."""
INTRO: Final = """\
# What the model answers

Results of one real run of everything, to read before you run anything. `nomoat claims show
--reference` prints them, `nomoat claims show C05 --reference` everything about one claim, and
`nomoat report --reference` makes the page for people outside the field. How claims are judged:
[claims](claims.md). Shares of worlds are not chances of the real world.
"""


def page() -> str:
    """The whole page."""
    ledger, made = read("ledger.json"), read(MADE)
    parts = [INTRO, provenance(ledger, made)]
    for question, words in QUESTIONS.items():
        mine = [entry for entry in ledger["claims"] if entry["question"] == question]
        parts.append(answered(question, words, mine, ledger))
    parts += [
        worlds(read("summary.json")),
        years(read("forecast.json")),
        markets(Mapped.from_json(read("regimes.json"))),
        *games([read(name) for name in GAMES], read(SURVIVAL)),
    ]
    return "\n".join(parts)


def provenance(ledger: Entry, made: Entry) -> str:
    """How the results were made."""
    size = ledger["size"]
    commands = "\n".join(made["commands"])
    early = "" if size["early"] else "Interventions in 2023 were not tried. "
    switched = (
        f"{size['switched']} of them with every mechanism switched and {size['linear']} with the "
        "other form of quality"
        if size["switched"]
        else "mechanisms and the form of quality not switched"
    )
    failed = f"{ledger['failed_runs']:,} runs failed; their worlds do not count."
    return (
        f"Made {made['date']} on {made['machine']}, model version `{made['model_version']}`, by\n\n"
        f"```sh\n{commands}\n```\n\n"
        f"{ledger['calibrated']} plausible worlds and {ledger['raw']} raw ones as they are; "
        f"cases compared in {size['worlds']} of each, {switched}; {size['replicates']} replicates "
        f"of {size['enterprises']:,} enterprises, seed {size['seed']}. {early}"
        f"{failed if ledger['failed_runs'] else 'No run failed.'} With so few worlds many "
        f"intervals are too wide for a verdict; more worlds narrow them.\n{old_bases(made)}"
    )


def old_bases(made: Entry) -> str:
    """Which of the results rest on columns that have another base today; empty if none does."""
    if made.get("schema_version", 2) >= RENT_COUNTS:
        return ""
    return (
        "\nThis version left rent of GPUs and support out of the leader's share of spend, so that "
        "its forecast is higher, and the label monopoly more frequent, than of today's tables; it "
        "counted platforms' fees of all regions against home spend (C22), and surplus by size of "
        "firm over all regions (C04). See the conventions of [results](results.md#conventions).\n"
    )


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = [list(headings), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def answered(question: str, words: str, entries: list[Entry], ledger: Entry) -> str:
    """A question: its claims in a table, then a sentence on each."""
    rows = [
        (one["id"], one["statement"], one["verdict"], share(one["share"]), share(one["raw"]))
        for one in entries
    ]
    headings = ("claim", "", "verdict", "plausible worlds", "raw ranges")
    told = "\n".join(
        f"- {one['id']}: {spoken(one, worlds_called(ledger))}{PLAYED.get(one['id'], '')}"
        for one in entries
    )
    return f"## {question}: {words}\n\n{tally(entries)}\n\n{table(headings, rows)}\n{told}\n"


def spoken(entry: Entry, called: str) -> str:
    """A claim in sentences: share, size, mechanisms, drivers."""
    effect, hangs_on = entry["effect"], deciding(entry)
    own = [one["share"] for one in entry["conditions"] if one["words"] == effect["words"]]
    met = f", met in {percent(own[0])} of worlds" if hangs_on and own else ""
    parts = [sentence(entry, called)]
    # What is measured first need not be what fails: that one is named with its share.
    if hangs_on and hangs_on["words"] != effect["words"]:
        parts.append(decided(entry))
    parts.append(
        f"Measured for “{effect['words']}”{met}: {amount(effect['middle'])} "
        f"({amount(effect['low'])} to {amount(effect['high'])} over worlds)."
    )
    moved = [
        f"{percent(one['share'][0])} of {one['worlds']} worlds, not {percent(one['before'][0])}, "
        f"if {one['words']}"
        for one in entry["switched"]
        if None not in (one["share"][0], one["before"][0])
        and abs(one["share"][0] - one["before"][0]) >= MOVED
    ]
    if moved:
        parts.append(f"With something switched it holds in {'; '.join(moved[:TOLD])}.")
    if entry["drivers"]:
        drivers = ", ".join(
            f"{parameter(one['path'])} (`{one['path']}`)" for one in entry["drivers"][:TOLD]
        )
        parts.append(f"It hangs on {drivers}.")
    return " ".join(parts)


def amount(value: float | None) -> str:
    """A number in few digits, in millions or billions where it is large."""
    return short(value) if value is None or abs(value) < MILLION else brief(value)


def worlds(summary: Entry) -> str:
    """How much of the space survives."""
    pinned = [row["path"] for row in summary["parameters"] if row["pinned"]]
    size = summary["size"]
    again = summary["met_again"]
    return (
        "## Which worlds are plausible\n\n"
        f"{summary['kept']:,} of {summary['draws']:,} worlds drawn over "
        f"{len(summary['parameters'])} uncertain parameters are consistent with the key facts of "
        f"2023 and 2024: {of_prior(summary['survives'])} of the prior, worth "
        f"{summary['effective']:.0f} worlds of equal weight ({size['replicates']} replicates of "
        f"{size['enterprises']:,} enterprises). "
        + (f"Pinned beyond chance: {', '.join(f'`{one}`' for one in pinned)}. " if pinned
           else "No parameter is pinned by itself beyond chance. ")
        + ("" if again is None else f"On other luck {percent(again)} of the members meet the facts "
           "again.")
        + "\n"
    )  # fmt: skip


def years(forecast: Entry) -> str:
    """The forecast in a few months."""
    rows = []
    for column, label in QUANTITIES.items():
        cells = [label]
        for kind, months in (("ensemble", MONTHS), ("prior", MONTHS[-1:])):
            for month in months:
                low, _, middle, _, high = forecast[kind]["quantiles"][column][month_index(month)]
                cells.append(f"{short(middle)} ({short(low)} to {short(high)})")
        rows.append(cells)
    headings = ("", *MONTHS, f"{MONTHS[-1]}, raw ranges")
    return (
        "## The years to 2030\n\nMedians, in brackets from 5% to 95% of worlds and luck, over "
        f"{forecast['ensemble']['worlds']} worlds that the facts allow and "
        f"{forecast['prior']['worlds']} of the raw ranges.\n\n{table(headings, rows)}\n"
        "![Fans to 2030 over the worlds that the facts allow](images/answers-forecast.png)\n"
    )


def markets(found: Mapped) -> str:
    """What kind of market worlds end in, and what that hangs on."""
    labels = np.array(found.labels)
    rows = []
    for label in present(found.labels):
        one = share_of(labels == label, found.weights)
        counted = f"{found.labels.count(label)} of {len(labels)}"
        rows.append((label, REGIMES[label][2], share([one.share, one.low, one.high]), counted))
    headings = ("kind of market", "", "share of plausible worlds", "all worlds run to 2030")
    return (
        "## What kind of market it becomes\n\nJudged by the last twelve months of every run, over "
        f"{len(labels)} worlds, {int((found.weights > 0).sum())} of them plausible.\n\n"
        f"{table(headings, rows)}\n{hanging(strengths(found))}\n\n"
        "![The kind of market by the two settings it hangs on](images/answers-markets.svg)\n"
    )


def games(found: Sequence[Entry], survival: Entry) -> list[str]:
    """The games: where nobody would change, and what each choice pays."""
    roles, startups, tiers = found
    picture = "![Equilibria, regrets and where imitation leads](images/answers-game.png)\n"
    return [
        f"## Three roles choose\n\n{played(roles)}\n{picture}",
        f"## Three start-ups choose\n\n{played(startups)}\n{played(survival)}",
        f"## Which size of model to open\n\n{played(tiers)}\n{by_tier(tiers)}",
    ]


def played(game: Entry) -> str:
    """Where nobody would change, and what each choice pays."""
    names = game["names"]
    pure = [", ".join(f"{names[who]} {what}" for who, what in one.items()) for one in game["pure"]]
    stable = {named(one["strategies"]): one["equilibrium"] for one in game["profiles"]}
    shares = [percent(stable[named(one)]) for one in game["pure"]]
    told = "; ".join(f"{who} ({part} of resamples)" for who, part in zip(pure, shares, strict=True))
    rows = [
        (names[player] if place == 0 else "", name, percent(one["best_answer"]),
         brief(one["mean_payoff"]),
         "" if place == 0 else f"{brief(one['gain_low'], 2)} to {brief(one['gain_high'], 2)}")
        for player, own in game["best_responses"].items()
        for place, (name, one) in enumerate(own.items())
    ]  # fmt: skip
    headings = ("vendor", "choice", "best answer to", "mean payoff", "against its first, 95%")
    return (
        f"{', '.join(names[one] for one in game['players'])} choose; payoff: "
        f"{KINDS[game['payoff']]}; {game['worlds']} worlds, {game['enterprises']:,} enterprises, "
        f"{game['months']} months. "
        + (f"Nobody would change alone at: {told}." if pure else "There is no pure equilibrium.")
        + f"\n\n{table(headings, rows)}"
    )  # fmt: skip


def named(strategies: Mapping[str, str]) -> tuple[str, ...]:
    """A profile as a key."""
    return tuple(strategies.values())


def by_tier(game: Entry) -> str:
    """What opening one size pays, beside what serving it costs."""
    found = game["tiers"]
    rows = [
        (one["tier"], f"{one['serving_cost']:g}", brief(one["gain"]),
         f"{brief(one['low'], 2)} to {brief(one['high'], 2)}")
        for one in found["tiers"]
    ]  # fmt: skip
    headings = ("size opened", "serving, $/Mtok", "gain over closed, $", "95%")
    vendor = game["names"][found["vendor"]]
    return (
        f"What {vendor} gains by opening one size of its models, over what the other does. It "
        f"falls from size to size in {percent(found['falls_with_cost'])} of resamples.\n\n"
        f"{table(headings, rows)}"
    )
