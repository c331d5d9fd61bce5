"""The optional panel: a fixed sample of enterprises, every month."""

from typing import TYPE_CHECKING, Any

import numpy as np

from agents.common.vocabulary import BANDS, NONE, Access

if TYPE_CHECKING:
    from sim.market import Market


def panel_rows(market: "Market") -> list[dict[str, Any]]:
    """Rows of the firms followed: evenly spaced through the sample, the same every month."""
    wanted = market.parameters.output.panel
    if wanted <= 0:
        return []
    count = len(market.columns)
    chosen = np.unique(np.linspace(0, count - 1, min(wanted, count)).astype(int))
    return [firm_row(market, int(firm)) for firm in chosen]


def firm_row(market: "Market", firm: int) -> dict[str, Any]:
    """Everything about one firm this month, without weights."""
    firms, slots = market.columns.firms, market.columns.slots
    seats = np.arange(firms.first_slot[firm], firms.first_slot[firm + 1])
    used = seats[slots.offering[seats] != NONE]
    index = dict(zip(market.book.offering.tolist(), range(market.book.offering.size), strict=True))
    rows = [index[int(held)] for held in slots.offering[used]]
    book = market.book
    return {
        "month": market.month, "enterprise": firm, "weight": firms.weight[firm],
        "region": list(market.parameters.regions)[firms.region[firm]],
        "sector": list(market.parameters.sectors)[firms.sector[firm]],
        "band": BANDS[firms.band[firm]], "employees": float(firms.employees[firm]),
        "builder": bool(firms.builder[firm]), "open_aware": bool(firms.aware[firm]),
        "sensitivity": float(firms.sensitivity[firm]), "theta": float(firms.theta[firm]),
        "adopted_since": _known(firms.adopted_since[firm]),
        "restricted": bool(firms.restricted[firm]),
        "ever_restricted": bool(firms.ever_restricted[firm]),
        "main_vendor": _main_vendor(market, used),
        "vendors": len({int(book.vendor[r]) for r in rows}),
        "models": len({int(book.model[r]) for r in rows}), "slots": len(rows),
        "slots_open": sum(int(book.open[r]) for r in rows),
        "slots_selfhost": sum(int(book.access[r] == Access.SELFHOST) for r in rows),
        "slots_tuned": sum(int(book.tuned[r]) for r in rows),
        "tokens": float(firms.tokens[firm]), "spend": float(firms.spend[firm]),
        "data_stock": float(slots.data[seats].sum()),
    }  # fmt: skip


def _known(month: int) -> int | None:
    return None if month == NONE else int(month)


def _main_vendor(market: "Market", used: np.ndarray) -> str | None:
    """Vendor of the slots with the largest value at stake in use."""
    if used.size == 0:
        return None
    slots = market.columns.slots
    stake: dict[int, float] = {}
    for slot in used:
        vendor = int(slots.vendor[slot])
        stake[vendor] = stake.get(vendor, 0.0) + float(slots.tokens[slot] * slots.value[slot])
    return market.vendors[max(sorted(stake), key=lambda v: stake[v])].name
