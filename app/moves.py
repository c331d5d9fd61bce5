"""Vendors' moves in words, with the numbers they went by."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from app.reasons import openness, signed
from app.report import dollars, percent
from experiments.moves import Move, Mover


def number(row: Mapping[str, Any], key: str) -> float | None:
    """A number of a row that came from a file; None for anything else."""
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def phrase(row: Mapping[str, Any], key: str, text: str, form: Callable[[float], str]) -> str:
    """`text` with the number in place of {}; empty if there is none."""
    value = number(row, key)
    return "" if value is None else text.format(form(value))


def because(parts: Iterable[str]) -> str:
    """The known parts after a colon."""
    known = [part for part in parts if part]
    return f": {', '.join(known)}" if known else ""


def millions(amount: float) -> str:
    """M$ as M$ or bn $ in three digits."""
    size, unit = (1e3, "bn $") if abs(amount) >= 999.5 else (1.0, "M$")
    value = amount / size
    return f"{value:,.0f} {unit}" if abs(value) >= 100 else f"{value:#.3g} {unit}"


def of_vendor(move: Move) -> str:
    """A model's name without its vendor's in front."""
    return move.target.removeprefix(f"{move.vendor} ") or move.target


SOURCES: Final = {"input": " (as recorded)", "scenario": " (by scenario)", "leak": " (leaked)"}
"""What is said of events that nobody in the market decided on."""


def price_move(move: Move) -> str:
    """`cut ... from 15.0 to 9.80 $/Mtok: cost 2.10, Nash price 11.2, target 8.40`."""
    model, old, new = of_vendor(move), number(move.details, "old"), move.magnitude
    if new is None:
        return f"changed the price of {model}"
    reasons = because([
        phrase(move.details, "cost", "cost {}", dollars),
        phrase(move.details, "nash", "Nash price {}", dollars),
        phrase(move.details, "target", "target {}", dollars),
    ])  # fmt: skip
    tail = SOURCES.get(move.cause, "") + reasons
    if not old:
        return f"set the price of {model} at {dollars(new)} $/Mtok{tail}"
    verb = "cut" if new < old else "raised"
    change = f"{dollars(old)} to {dollars(new)} $/Mtok ({relative(new / old - 1)})"
    return f"{verb} {model} from {change}{tail}"


def relative(change: float) -> str:
    """A change in percent, with a decimal below ten."""
    return f"{change:+.{1 if abs(change) < 0.0995 else 0}%}"


def release_move(move: Move) -> str:
    """What a new model is, and what its quality came from."""
    model, details = move.model, move.details
    name, source = of_vendor(move), SOURCES.get(move.cause, "")
    kind = [model["tier"], openness(model["open"])] if model else []
    quality = [
        phrase({"q": move.magnitude}, "q", "quality {}", "{:.2f}".format),
        phrase(model, "gain", "{} on its best before", signed),
        phrase(model, "price", "API at {} $/Mtok", dollars),
    ]
    reasons = because([
        phrase(details, "compute", "effective compute {} x GPT-4's", multiple),
        phrase(details, "budget", "large runs of {}", millions),
        phrase(details, "lead", "private lead {}", signed),
        phrase(details, "imitation", "imitation {}", signed),
        phrase(details, "luck", "luck {}", signed),
    ])  # fmt: skip
    news = [word for word in kind if word not in name.split()]
    facts = ", ".join(part for part in (*news, *quality) if part)
    return f"released {name}{f' ({facts})' if facts else ''}{source}{reasons}"


def multiple(logarithm: float) -> str:
    """A factor given as its natural logarithm, in two digits."""
    factor = math.exp(min(logarithm, 300.0))
    return f"{float(f'{factor:.2g}'):,.0f}" if factor >= 10 else f"{factor:.2g}"


def strategy_move(move: Move) -> str:
    """The switch, what each strategy was projected to bring, and what was needed."""
    new, _, source = move.cause.partition(": ")
    old = move.details.get("old")
    start = f"switched from {old} to {new}" if isinstance(old, str) else f"switched to {new}"
    if source == "scenario":
        return f"{start}{SOURCES['scenario']}"
    needed = phrase(move.details, "needed", "; to leave, {} had to be seen", millions)
    return start + because([projections(move.details)]) + needed


def projections(details: Mapping[str, Any]) -> str:
    """Cash that each strategy was projected to bring, with the value of openness in brackets."""
    cash, seen = details.get("cash"), details.get("seen")
    if not isinstance(cash, dict) or not isinstance(seen, dict):
        return ""
    found = []
    for name in cash:
        with_value = "" if seen.get(name) == cash[name] else phrase(seen, name, " ({})", millions)
        found.append(phrase(cash, name, f"{name} {{}}", millions) + with_value)
    return f"projected cash (with the value it sees in openness) {', '.join(found)}"


def funding_move(move: Move) -> str:
    """What was raised, and how short of money the vendor was."""
    details = move.details
    cash, burn = number(details, "cash"), number(details, "burn")
    lasting = f"{cash / burn:.0f} months of cash left" if cash and burn and burn > 0 else ""
    return f"raised {millions(move.magnitude or 0.0)}" + because([
        phrase(details, "cash", "cash {}", millions),
        phrase(details, "burn", "burn {} a month", millions), lasting,
        phrase(details, "growth", "income {} times that of half a year ago", "{:.2f}".format),
    ])  # fmt: skip


def exit_move(move: Move) -> str:
    """Why a vendor left."""
    return f"left the market ({move.cause})" + because([
        phrase({"cash": move.magnitude}, "cash", "cash {}", millions),
        phrase(move.details, "burn", "burn {} a month", millions),
    ])  # fmt: skip


def entry_move(move: Move) -> str:
    """What an entrant came with."""
    return f"entered the market with {millions(move.magnitude or 0.0)}"


def withdrawal_move(move: Move) -> str:
    """Which service ended, and why."""
    return f"took {of_vendor(move)} off the market ({move.cause})"


def breach_move(move: Move) -> str:
    """Whose service was broken into."""
    if move.vendor:
        return f"was hit by a breach ({move.cause})"
    return f"a breach hit {move.target or 'services at large'} ({move.cause})"


MOVES: Final[dict[str, Callable[[Move], str]]] = {
    "strategy": strategy_move,
    "exit": exit_move,
    "entry": entry_move,
    "funding": funding_move,
    "breach": breach_move,
    "release": release_move,
    "price": price_move,
    "withdrawal": withdrawal_move,
}
"""How each kind of recorded event is told; the order in which a vendor's moves are listed."""


def move_words(move: Move) -> str:
    """One move in words, without the vendor's name in front."""
    if move.kind in MOVES:
        return MOVES[move.kind](move)
    size = phrase({"size": move.magnitude}, "size", ", {}", "{:g}".format)
    whom = f" {move.target}" if move.target and not move.vendor else ""
    return f"{move.kind}{whom} ({move.cause}{size})"


def in_order(moves: Iterable[Move]) -> list[Move]:
    """Moves by kind, the weightiest kinds first."""
    order = list(MOVES)
    rank = {kind: place for place, kind in enumerate(order)}
    return sorted(moves, key=lambda move: rank.get(move.kind, -1))


def state_words(mover: Mover) -> str:
    """How the vendor stands at the end of the month."""
    state = mover.state
    strategy = state.get("strategy")
    parts = [
        strategy if isinstance(strategy, str) else "",
        phrase(state, "spend_share", "{} of spend", percent),
        phrase(state, "gross_margin", "gross margin {}", percent),
        phrase(state, "cash", "cash {}", in_millions),
        phrase(state, "profit", "profit {} a month", in_millions),
    ]
    return ", ".join(part for part in parts if part)


def in_millions(amount: float) -> str:
    """$ as M$ or bn $."""
    return millions(amount / 1e6)
