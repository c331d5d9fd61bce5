"""Numbers and results in plain words."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from experiments.claims.verdicts import BROADLY, PLAUSIBLE, SOURCED
from sim.catalogue import catalogue

DASH: Final = "–"
Entry = Mapping[str, Any]
VERDICTS: Final = {
    "holds broadly": ("holds", "✓"),
    "fails broadly": ("fails", "✕"),
    "holds under stated conditions": ("depends", "◐"),
    "not identified": ("unknown", "?"),
}
"""Class and sign of each verdict, told apart without colour."""
UNITS: Final = {"-": "", "text": "", "id": "", "x": "factor"}
"""Units of the catalogue that read otherwise in prose."""


ROUNDING: Final = 1e-9
"""What arithmetic may make of none or all."""
FEW, MOST = 1.0 - BROADLY, BROADLY
"""Shares below and above which a claim would fail and hold broadly, were they known exactly."""


def percent(value: float | None) -> str:
    """A share in percent; what is not quite all or none says so."""
    if value is None or not math.isfinite(value):
        return DASH
    whole = f"{100 * value:.0f}%"
    if value > ROUNDING and whole == "0%":
        return "<1%"
    if value < 1 - ROUNDING and whole == "100%":
        return ">99%"
    return whole


def short(value: float | None, digits: int = 3) -> str:
    """A number in a few digits, without exponents where they can be helped."""
    if value is None or not math.isfinite(value):
        return DASH
    if value != 0 and not 1e-4 <= abs(value) < 1e9:
        words = f"{value:.2g}"
    else:
        words = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.{digits}g}"
    return words.replace("-", "−")


def interval(share: Sequence[float | None] | None) -> str:
    """A share of worlds with its interval of 95%."""
    if share is None or share[0] is None:
        return DASH
    return f"{percent(share[0])} ({percent(share[1])} to {percent(share[2])})"


def count(number: int, one: str, many: str = "") -> str:
    """A number of things."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def parameter(path: str) -> str:
    """What a parameter is, in the words of its declaration; its path where it is unknown."""
    for info in catalogue():
        if info.path == path:
            words = info.description.rstrip(".")
            return words[:1].lower() + words[1:] if words[1:2].islower() else words
    return path


def unit_of(path: str) -> str:
    """The unit of a parameter, empty where it has none."""
    found = next((info.unit for info in catalogue() if info.path == path), "")
    return UNITS.get(found, found)


def worlds_called(ledger: Entry) -> str:
    """What the worlds of a ledger are: plausible only where facts were asked."""
    return PLAUSIBLE if ledger["calibrated"] else SOURCED


def so_many(number: int, called: str) -> str:
    """A number of worlds."""
    return count(number, called.replace("worlds", "world"), called)


def sentence(entry: Entry, called: str) -> str:
    """What the ledger says of a claim, in one or two sentences that stand alone."""
    found = held(entry, called)
    if entry["verdict"] == "holds under stated conditions":
        box = entry["box"]
        return (
            f"It holds in {percent(box['density'])} of the {count(box['worlds'], 'world')} where "
            f"{conditions(box)} (of all tested worlds: {percent(box['overall'])}), and over all in "
            f"{found}."
        )
    if entry["verdict"] != "not identified":
        only = (
            "only " if entry["verdict"] == "fails broadly" and (entry["share"][0] or 0) > 0 else ""
        )
        return f"It holds in {only}{found}."
    if entry["reason"].startswith("it holds in"):
        return f"It holds in {found}: {undecided(entry['share'])}."
    return f"It holds in {found}, but {entry['reason']}."


def deciding(entry: Entry) -> Entry | None:
    """The condition that a claim hangs on: where all must be met the one met in the fewest worlds,
    where one is enough the one met in the most; None of a claim with one condition."""
    known: list[Entry] = [one for one in entry["conditions"] if one["share"] is not None]
    if len(entry["conditions"]) < 2 or not known:
        return None
    choose = max if entry.get("any") else min
    return choose(known, key=lambda one: float(one["share"]))


def decided(entry: Entry) -> str:
    """Which condition a claim hangs on, in how many worlds it is met and how large its value is;
    empty of a claim with one condition. Ledgers of earlier versions have no values of all."""
    one = deciding(entry)
    if one is None:
        return ""
    found = one if "middle" in one else entry["effect"]
    size = ""
    if found["words"] == one["words"] and found["middle"] is not None:
        size = f": {short(found['middle'])} ({short(found['low'])} to {short(found['high'])})"
    if entry.get("any"):
        return f"The condition met most often is “{one['words']}”, in {met(one)} of worlds{size}."
    if one["share"] > 1.0 - ROUNDING:
        return "All of its conditions are met in all worlds."
    return f"It fails most often on “{one['words']}”, met in {met(one)} of worlds{size}."


def met(condition: Entry) -> str:
    """In what share of worlds a condition is met."""
    return percent(condition["share"])


def held(entry: Entry, called: str) -> str:
    """In how many worlds a claim holds, with the interval and those that have no value."""
    share, low, high = entry["share"] or (None, None, None)
    if share is None:
        return f"none of the {called}, for want of a value"
    lost = f"; {entry['missing']:,} more have no value" if entry["missing"] else ""
    worlds = so_many(entry["worlds"], called)
    whole = {"0%": f"none of {worlds}", "100%": f"all of {worlds}"}
    part = whole.get(percent(share), f"{percent(share)} of {worlds}")
    return f"{part} (95% interval {percent(low)} to {percent(high)}{lost})"


def undecided(share: Sequence[float | None]) -> str:
    """Why an interval gives no verdict."""
    if share[0] is not None and not FEW < share[0] < MOST:
        return "too few worlds were run for a verdict"
    return "in too few for a yes, in too many for a no"


def conditions(box: Entry) -> str:
    """A box in words."""
    return " and ".join(
        f"{parameter(path)} ({path}) is between {short(low)} and {short(high)}"
        for path, (low, high) in box["limits"].items()
    )


def why_undecided(entries: Sequence[Entry]) -> str:
    """What keeps the model from a verdict, over all claims; empty where all have one."""
    reasons = [one["reason"] for one in entries if one["verdict"] == "not identified"]
    if not reasons:
        return ""
    turned = sum(reason.startswith("it turns round") for reason in reasons)
    between = sum(reason.startswith("it holds in") for reason in reasons)
    parts = [
        (between, "hold", "in too few of the worlds tried for a yes and too many for a no"),
        (turned, "turn", "round with an assumption that no fact settles"),
        (len(reasons) - turned - between, "hang", "on what was never measured"),
    ]
    listed = ", ".join(
        f"{number} {verb}{'s' if number == 1 else ''} {words}"
        for number, verb, words in parts
        if number
    )
    return f"Of the {count(len(reasons), 'claim')} on which the model cannot tell, {listed}."


def used(ledger: Entry) -> int:
    """How many worlds of the kind that verdicts are about were used at most."""
    return max((int(entry["worlds"] + entry["missing"]) for entry in ledger["claims"]), default=0)


def tally(entries: Sequence[Entry]) -> str:
    """How many claims of a question come out how."""
    forms = {
        "holds broadly": ("holds broadly", "hold broadly"),
        "fails broadly": ("fails broadly", "fail broadly"),
        "holds under stated conditions": (
            "holds under stated conditions", "hold under stated conditions",
        ),
    }  # fmt: skip
    parts = []
    for verdict, (one, many) in forms.items():
        number = sum(entry["verdict"] == verdict for entry in entries)
        if number:
            parts.append(f"{number} {one if number == 1 else many}")
    unknown = sum(entry["verdict"] == "not identified" for entry in entries)
    total = count(len(entries), "claim was", "claims were")
    if not parts:
        return f"The model cannot tell. {total} put to the test on this question; none is decided."
    rest = f"; on {unknown} the model cannot tell" if unknown else ""
    return f"{total} put to the test on this question: {', '.join(parts)}{rest}."
