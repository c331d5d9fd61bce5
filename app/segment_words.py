"""Figures of a segment in words, beside the terms of choice that know nothing of it."""

from collections.abc import Callable, Sequence
from typing import Final

from app.reasons import FEW, count
from app.report import percent
from experiments.segments import Figures

UNKNOWN: Final = (
    "Terms of choice are recorded by size band, own hardware and workload tier only: what follows "
    "is of all sectors and regions of the home market."
)
"""What to say of a sector or region where choices are explained."""


def figures_words(
    names: Sequence[str], date: str, now: Figures | None, before: Figures | None
) -> str:
    """What firms of a segment did in a month and, in brackets, a year before."""
    who = ", ".join(names)
    if now is None:
        return f"{date}: no firm of {who} was simulated."

    def shown(text: str, name: str, form: Callable[[float], str]) -> str:
        value, earlier = getattr(now, name), getattr(before, name, None)
        if value is None:
            return ""
        return text.format(form(value) + ("" if earlier is None else f" ({form(earlier)})"))

    parts = [
        shown("{} use a model", "adoption", percent),
        shown("{} of their slots hold open models", "open_usage_share", percent),
        shown("{} of their slots are self-hosted", "selfhost_share", percent),
        shown("{} are restricted", "restricted_share", percent),
        shown("they use {} Mtok a month", "tokens", count),
        shown("they spend {} $ a month", "spend", count),
    ]
    simulated = "" if now.simulated is None else f", {now.simulated:,} simulated"
    start = f"{date}: {count(now.firms)} firms of {who}{simulated}"
    year = "a year before in brackets, " if before else ""
    few = now.simulated is not None and now.simulated < FEW
    warning = " Few simulated firms stand behind this." if few else ""
    return f"{start}; {year}{'; '.join(part for part in parts if part)}.{warning}"
