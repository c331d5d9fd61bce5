"""Choices in words: which terms decided, and in what market."""

import math
from collections.abc import Callable, Iterable
from typing import Final

from app.report import dollars, percent
from experiments.explanation import Contrast, Option, Setting, Terms

MATTERS: Final = 0.02
"""Differences below this share of the value at stake are not named."""
FEW: Final = 30
"""Simulated choices below which a mean is uncertain: it is said to be, or not named."""
RARE: Final = 0.25
"""Share of decisions with a comparison below which the comparison says little of the rest."""
MOST_FOR, MOST_AGAINST = 3, 2
"""Most terms that a sentence names on either side."""
ACCESS_WORDS: Final = {"api": "API", "hosted": "hosted", "selfhost": "self-host"}
TERM_WORDS: Final = {"switch": "switching"}


def openness(is_open: bool) -> str:
    """The word for weights that are open or not."""
    return "open" if is_open else "closed"


def option_name(option: Option) -> str:
    """What an option is called: `open, hosted`."""
    return f"{openness(option.open)}, {ACCESS_WORDS[option.access]}"


def plain(value: float) -> str:
    """A term with two decimals; never a negative zero."""
    text = f"{value:.2f}"
    return "0.00" if float(text) == 0 else text


def signed(value: float) -> str:
    """A difference with two decimals and its sign."""
    text = plain(value)
    return text if float(text) <= 0 else f"+{text}"


def count(number: float) -> str:
    """A number of slots in three digits and a unit."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if number >= 0.9995 * size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.0f}"


def total(terms: Terms) -> float:
    """The sum of terms."""
    return math.fsum(terms.values())


def listed(parts: Iterable[str]) -> str:
    """Parts as an enumeration: a, b and c."""
    *head, last = list(parts) or [""]
    return f"{', '.join(head)} and {last}" if head else last


def named(terms: Terms, sign: int, most: int) -> list[str]:
    """The largest terms of one sign that matter, each with its number."""
    found = sorted(
        (key for key in terms if sign * terms[key] >= MATTERS), key=lambda key: -sign * terms[key]
    )
    return [f"{TERM_WORDS.get(key, key)} ({signed(terms[key])})" for key in found[:most]]


def what_decided(option: Option) -> str:
    """A sentence or two on why this option was chosen over one of the other openness."""
    other = openness(not option.open)
    if option.decided <= 0:
        return "in use, but nobody decided for it in these months."
    if option.difference is None:
        return f"nobody had a {other} offer in reach to compare it with."
    share = option.compared / option.decided
    rare = f"{percent(1 - share)} compared it with no {other} offer; where they did, "
    few = " Few simulated choices stand behind this." if option.simulated < FEW else ""
    start = rare if share < RARE else ""
    return start + verdict(option.difference, f"the best {other} offer") + few


def verdict(difference: Terms, rival: str) -> str:
    """What the differences of a choice to its rival say of it."""
    in_sum = signed(total(difference))
    for_it = named(difference, 1, MOST_FOR)
    against = named(difference, -1, MOST_AGAINST)
    spoke_for = f"{listed(for_it)} spoke for it" if for_it else "no term spoke for it"
    spoke_against = f", {listed(against)} against" if against else ""
    if total(difference) <= -MATTERS:
        balance = f"by the terms {rival} was better (in sum {in_sum}): {spoke_for}{spoke_against}"
        return f"{balance}; what the terms leave out decided."
    if total(difference) < MATTERS:
        return f"a close call with {rival} (in sum {in_sum}): {spoke_for}{spoke_against}."
    first, *rest = for_it or ["no single term"]
    then = f", then {listed(rest)}" if rest else ""
    but = f"; {listed(against)} spoke against" if against else ""
    return f"{first} decided{then}{but}; in sum {in_sum} over {rival}."


def what_held(contrasts: list[Contrast]) -> str:
    """A sentence on what spoke for and against open offers, and where they stood best."""
    everyone, *parts = contrasts
    if everyone.terms is None:
        return "No open offer was compared with a closed one."
    for_open = listed(named(everyone.terms, 1, MOST_FOR)) or "nothing"
    against = listed(named(everyone.terms, -1, MOST_FOR)) or "nothing"
    known = [part for part in parts if part.simulated >= FEW]
    sums = {part.segment: total(part.terms) for part in known if part.terms is not None}
    text = f"{for_open} spoke for open offers, {against} against"
    if len(sums) > 1:
        best, worst = max(sums, key=sums.__getitem__), min(sums, key=sums.__getitem__)
        text += f"; they stood best in {best} ({signed(sums[best])}), worst in {worst} "
        text += f"({signed(sums[worst])})"
    return f"{text[0].upper()}{text[1:]}."


def setting_sentence(setting: Setting) -> str:
    """The market of the month and, in brackets, a year before."""
    before = setting.year_before or {}

    def shown(key: str, text: str, form: Callable[[float], str]) -> str:
        now, earlier = setting.now[key], before.get(key)
        if now is None:
            return ""
        return text.format(form(now) + ("" if earlier is None else f" ({form(earlier)})"))

    parts = [
        shown("adoption", "{} of firms use a model", percent),
        shown("share_tokens_open", "open-weight models have {} of tokens", percent),
        shown("gap_logits", "they lie {} logits behind closed ones", plain),
        shown("price_flagship", "a flagship costs {} $/Mtok", dollars),
    ]
    start = "a year before in brackets, " if before else ""
    return start + "; ".join(part for part in parts if part)
