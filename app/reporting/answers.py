"""The four questions, answered in plain words from the verdicts of the ledger and the forecast."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from agents.common.vocabulary import month_index
from app.reporting.fan_charts import brief
from app.reporting.game_section import in_a_sentence
from app.reporting.inputs import Source
from app.reporting.markup import Markup, tag
from app.reporting.section import Section, cited, missing
from app.reporting.words import VERDICTS, percent, sentence, short, tally, worlds_called
from experiments.claims.claim import QUESTIONS
from experiments.ensemble.outlook import Outlook

Entry = Mapping[str, Any]
TITLE: Final = "The four questions"
GROUPS: Final = (
    ("holds broadly", "What holds"),
    ("fails broadly", "What fails"),
    ("holds under stated conditions", "What depends"),
    ("not identified", "What the model cannot tell"),
)
CONTEXT: Final = {
    "Q1": (("gap_logits", "the best open model trails the best closed one by {} logits, the "
            "model's scale of quality (below 0 it leads)"),
           ("gap_months", "and by {} months in time")),
    "Q2": (("share_tokens_vendor_open", "vendors that only open their models serve {} of tokens"),
           ("leader_share_spend", "and the leader takes {} of spending")),
    "Q3": (("price_gpt4_level", "quality of the level of GPT-4 costs {} $ per million tokens"),
           ("share_tokens_selfhost", "and {} of tokens are served on own machines")),
    "Q4": (("open_usage_share", "open models have {} of uses"),
           ("share_tokens_open", "and {} of tokens")),
}  # fmt: skip
"""What the forecast adds to each question: columns of the market table and words about them."""
DIRECT: Final = {
    "C01b": {
        "holds": "Yes, in this model they stay behind in every month from 2028 to 2030.",
        "fails": "No, in this model they do not stay behind in every month from 2028 to 2030.",
        "depends": "It depends on conditions, which are below.",
        "unknown": "The facts do not settle whether they stay behind in every month to 2030.",
    },
}
"""Answers by claims that ask a question itself, for each class of verdict."""
SIZES: Final = {
    "Q2": (
        ("C19", "moved", "Meta serves {} tokens if it opens its models than if it closes them"),
        ("C29", "moved", "Mistral sells {} of its closed models if its small ones are open"),
        ("C04", "moved", "enterprises gain {} surplus where there are open models"),
    ),
    "Q3": (
        ("C02", "share", "for {} of demand the cheapest adequate offer is a closed model in "
         "January 2027, for the rest an open one"),
        ("C09", "ratio", "a success on a hosted open model costs {} times what it does on a "
         "closed one, in 2025 and 2026"),
        ("C10", "ratio", "a success on a tuned open model costs {} times what it does on a tuned "
         "closed one"),
    ),
    "Q4": (
        ("C26", "points", "a fifth vendor that opens changes the open share of tokens by {} "
         "points"),
        ("C20", "logits", "restricted instead of permissive licences of Meta's move the best open "
         "model of 2030 by {} logits"),
        ("C21", "moved", "with GPUs at a third of the price users give {} quality back"),
    ),
}  # fmt: skip
"""Claims whose size answers a question in numbers: kind of number and words around it."""
BUSINESS: Final = "Q2"
"""The question that games answer, too."""
MANIFOLD: Final = 2.0
"""Relative change from which it is told in times."""
LAST: Final = "2030-12"


def answers(
    ledger: Source | None,
    ensemble: Source | None,
    outlook: Outlook | None,
    games: Sequence[Source] = (),
) -> Section:
    """The chapter of answers; without a ledger it says which command makes one."""
    if ledger is None:
        words = "No claims were judged, so the questions are not answered here. Judge them with"
        return missing("answers", TITLE, "ledger", words)
    called = worlds_called(ledger.document)
    body = []
    for question, words in QUESTIONS.items():
        mine = [entry for entry in ledger.document["claims"] if entry["question"] == question]
        inner = [tag("h3", f"{question}. {words}"), *answer(mine, called, ledger)]
        if ensemble is not None and outlook is not None:
            inner.append(context(question, outlook, ensemble))
        if question == BUSINESS:
            inner += settled(games)
        body.append(tag("section", inner, class_="answer"))
    return Section("answers", TITLE, body)


def settled(games: Sequence[Source]) -> list[Markup]:
    """Where vendors settle that answer each other's choices."""
    points = [one for one in map(in_a_sentence, games) if one is not None]
    if not points:
        return []
    link = tag("a", "games between vendors", href="#game")
    return [tag("p", "Claims compare one choice with another while all else stays. In the ", link,
                " vendors answer each other:"), tag("ul", points)]  # fmt: skip


def answer(entries: Sequence[Entry], called: str, ledger: Source) -> list[Markup]:
    """One question: a sentence that counts, then every claim with what was found."""
    if not entries:
        return [tag("p", "No claim on this question was put to the test.", class_="lead")]
    found = [tag("p", directly(entries), tally(entries), cited(ledger), class_="lead")]
    found += in_numbers(entries, ledger)
    for verdict, title in GROUPS:
        mine = [entry for entry in entries if entry["verdict"] == verdict]
        if not mine:
            continue
        kind, sign = VERDICTS[verdict]
        points = [
            tag(
                "li", tag("q", entry["statement"]), " ", sentence(entry, called), " ",
                tag("a", entry["id"], href=f"#claim-{entry['id']}"),
                tag("span", f"Asked of each world: {asked(entry)}.", class_="quiet"),
            )
            for entry in mine
        ]  # fmt: skip
        found.append(tag("h4", tag("span", sign, class_=f"sign {kind}", aria_hidden="true"), title))
        found.append(tag("ul", points, class_=kind))
    return found


def asked(entry: Entry) -> str:
    """What must be so in a world for a claim to hold in it."""
    words = [one["words"] for one in entry["conditions"] if one["words"]]
    return ", ".join(words) or "see the claim"


def directly(entries: Sequence[Entry]) -> str:
    """The answer of the one claim that is the question itself, where there is one."""
    for entry in entries:
        if entry["id"] in DIRECT:
            return DIRECT[entry["id"]][VERDICTS[entry["verdict"]][0]] + " "
    return ""


def in_numbers(entries: Sequence[Entry], ledger: Source) -> list[Markup]:
    """How large what a question is about is, from the sizes of its claims."""
    known = {entry["id"]: entry for entry in entries}
    parts = [
        tag("li", words.format(amount(kind, known[name]["effect"])), " ",
            tag("a", name, href=f"#claim-{name}"))
        for name, kind, words in SIZES.get(entries[0]["question"], ())
        if name in known and known[name]["effect"]["middle"] is not None
    ]  # fmt: skip
    if not parts:
        return []
    called = worlds_called(ledger.document)
    head = tag("p", f"In numbers (medians; in brackets the range of 90% of {called}):")
    return [head, tag("ul", parts)]


def amount(kind: str, effect: Entry) -> str:
    """A size with its range. kind: share, ratio, logits, points (of a share) or moved (a change
    relative to another world)."""
    if kind == "moved":
        middle, low, high = (effect[name] for name in ("middle", "low", "high"))
        return f"{more(middle)} ({more(low)} to {more(high)})"
    times = 100.0 if kind == "points" else 1.0
    middle, low, high = (
        percent(effect[name]) if kind == "share" else short(times * effect[name])
        for name in ("middle", "low", "high")
    )
    return f"{middle} ({low} to {high})"


def more(change: float) -> str:
    """A relative change in words."""
    words = f"{short(change, 2)} times" if change >= MANIFOLD else percent(abs(change))
    return f"{words} {'more' if change >= 0 else 'less'}"


def context(question: str, outlook: Outlook, ensemble: Source) -> Markup:
    """What the worlds that meet the facts say of the last month, beside the claims."""
    parts = []
    for column, words in CONTEXT[question]:
        low, _, middle, _, high = outlook.fans[column].quantiles[:, month_index(LAST)].tolist()
        share = column.startswith(("share", "leader", "open"))
        shown = percent if share else brief
        parts.append(words.format(f"{shown(middle)} ({shown(low)} to {shown(high)})"))
    text = (
        f"For scale: in December 2030, over {outlook.worlds:,} worlds that meet the facts, "
        f"{', '.join(parts)} (medians; in brackets the range of 90% of worlds and luck)."
    )
    return tag("p", text, cited(ensemble), class_="quiet")
