"""Why a firm uses what it uses: its options now, weighed by the terms of its own choice."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agents.common.vocabulary import ACCESSES, NONE, WORKLOADS
from agents.enterprise.evaluation import TERMS
from agents.enterprise.weighing import weigh
from sim.enterprise_step import (
    choice_rules,
    lists_of,
    nests_of,
    platforms_of,
    rows_of,
    world_of,
)

if TYPE_CHECKING:
    from sim.market import Market


@dataclass(frozen=True)
class Option:
    """One offering as a slot sees it."""

    model: str
    vendor: str
    open: bool
    access: str
    tuned: bool
    """On the firm's own data: another offering than the plain one of the same model and access."""
    terms: dict[str, float]
    """Fractions of the value at stake, by `evaluation.TERMS`; what speaks against is negative."""

    @property
    def worth(self) -> float:
        """Sum of the terms."""
        return sum(self.terms.values())


@dataclass(frozen=True)
class Weighed:
    """One use of a firm, with what it holds and the best of what it does not."""

    workload: str
    tokens: float
    """Mtok a month wanted when mature."""
    since: int
    """Month since which the offering is held; -1 if none is."""
    decisiveness: float
    """How many times its value a firm's luck with an offering is smaller than."""
    options: int
    """Offerings the firm may use."""
    held: Option | None
    alternatives: tuple[Option, ...]
    """Best first, one a model and way of access."""

    @property
    def lead(self) -> float | None:
        """Worth of what is held less that of the best alternative, fraction of the value."""
        if self.held is None or not self.alternatives:
            return None
        return self.held.worth - self.alternatives[0].worth


def weighed(market: "Market", firm: int, alternatives: int = 3) -> list[Weighed]:
    """The uses of a firm, weighed as the firm would this month.

    firm: position among the enterprises. Prices, rules and peers are those at the end of the
    month; what decided when an offering was taken may have changed since.
    """
    columns, book = market.columns, market.book
    world, nests = world_of(market), nests_of(market, lists_of(market, book))
    rules, rows = choice_rules(market.parameters), rows_of(market, book)
    platforms = platforms_of(market)
    row = columns.firm_rows[firm]
    found = []
    for slot in range(row["first_slot"], row["first_slot"] + row["slot_count"]):
        terms = np.empty((book.offering.size, len(TERMS)))
        weigh(
            rules, world, rows, nests, platforms, columns.firm_rows, columns.slot_rows,
            market.keys.firm, firm, slot, terms,
        )  # fmt: skip
        found.append(_weighed(market, columns.slot_rows[slot], float(row["theta"]), terms,
                              alternatives))  # fmt: skip
    return found


def _weighed(
    market: "Market", slot: np.void, theta: float, terms: np.ndarray, alternatives: int
) -> Weighed:
    book, held = market.book, int(slot["offering"])
    worth = terms.sum(axis=1)
    allowed = np.flatnonzero(np.isfinite(worth))
    ranked = allowed[np.argsort(-worth[allowed], kind="stable")].tolist()
    mine = next((r for r in ranked if book.offering[r] == held), None) if held != NONE else None
    others: list[Option] = []
    for candidate in ranked:
        option = _option(market, candidate, terms[candidate])
        same = [o for o in others if (o.model, o.access) == (option.model, option.access)]
        if candidate != mine and not same and len(others) < alternatives:
            others.append(option)
    return Weighed(
        WORKLOADS[slot["tier"]], float(slot["tokens"]) * market.environment.demand,
        int(slot["held_since"]), theta, len(ranked),
        None if mine is None else _option(market, mine, terms[mine]), tuple(others),
    )  # fmt: skip


def _option(market: "Market", row: int, terms: np.ndarray) -> Option:
    book = market.book
    model = market.models[book.model[row]]
    return Option(
        model.name, market.vendors[book.vendor[row]].name, bool(book.open[row]),
        ACCESSES[book.access[row]], bool(book.tuned[row]),
        dict(zip(TERMS, terms.tolist(), strict=True)),
    )  # fmt: skip
