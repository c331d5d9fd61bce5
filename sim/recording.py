"""Recording: the output tables of section by section, gathered month by month."""

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from agents.common.events import Details, Event
from agents.common.offers import offering_name
from agents.common.vocabulary import ACCESSES, BANDS, TIERS, WORKLOADS, Access
from agents.enterprise.evaluation import TERMS
from agents.enterprise.ledger import ALTERNATIVE_TERM, DECISION, TERM, Sums
from sim.accounts import vendor_sums
from sim.metrics import SPEND_PARTS, home, market_row, ratio
from sim.panel import panel_rows
from sim.schemas import SCHEMAS, table

if TYPE_CHECKING:
    from sim.market import Market

MILLION = 1e6
Rows = list[dict[str, Any]]


class Recorder:
    """Collects rows of all tables; `tables()` turns them into Arrow."""

    def __init__(self, market: "Market") -> None:
        self._market = market
        self.rows: dict[str, Rows] = {name: [] for name in SCHEMAS}
        self.events: list[Event] = []
        self.closed_maxima: list[float] = []
        self.series = tuple(n for n in SCHEMAS["market"].names if n not in {"month", "date"})

    def record(self) -> None:
        """Record the month that has just been simulated."""
        market = self._market
        sums = market.sums
        assert sums is not None
        self.rows["market"].append(market_row(market, sums))
        self.rows["vendor"] += vendor_rows(market, sums)
        self.rows["host"] += host_rows(market)
        self.rows["operator"] += operator_rows(market)
        self.rows["offering"] += offering_rows(market, sums)
        self.rows["decision"] += decision_rows(market, sums)
        self.rows["segment"] += segment_rows(market, sums)
        self.rows["panel"] += panel_rows(market)

    def latest(self, name: str) -> Any:
        """This month's value of a market series; None before the first month."""
        rows = self.rows["market"]
        return rows[-1].get(name) if rows else None

    def annotate(self, details: Details) -> None:
        """Add to the event recorded last the numbers that whoever acted went by."""
        self.events[-1] = self.events[-1]._replace(details=details)

    def tables(self) -> dict[str, pa.Table]:
        """All tables of the months so far."""
        rows = {**self.rows, "event": [event_row(event) for event in self.events]}
        return {name: from_rows(name, rows[name]) for name in SCHEMAS}


def event_row(event: Event) -> dict[str, Any]:
    """An event as a row; its details as one JSON object."""
    details = json.dumps(shortened(event.details)) if event.details else None
    return {**event._asdict(), "details": details}


def shortened(value: Any) -> Any:
    """Numbers to six significant digits, so that their text is one on all processors."""
    if isinstance(value, Mapping):
        return {key: shortened(inner) for key, inner in value.items()}
    if isinstance(value, str):
        return value
    return float(f"{value:.6g}") if math.isfinite(value) else None


def from_rows(name: str, rows: Rows) -> pa.Table:
    """A table from row dictionaries; absent keys are null."""
    names = {key for row in rows for key in row}
    return table(name, {key: [row.get(key) for row in rows] for key in sorted(names)})


def vendor_rows(market: "Market", sums: Sums) -> Rows:
    """One row per vendor that has entered."""
    tokens = vendor_sums(market, sums.row("tokens")[0])
    world = vendor_sums(market, sums.row("tokens").sum(axis=0))
    spend = vendor_sums(market, home(sums, SPEND_PARTS))
    total = float(spend.sum())
    rows = []
    for vendor in market.vendors:
        i, a = vendor.index, vendor.account
        row = {
            "month": market.month, "vendor": vendor.name, "archetype": vendor.archetype,
            "region": vendor.region, "alive": vendor.alive,
            "strategy": vendor.observed_strategy(market.month), "licence": vendor.licence,
            "tokens": tokens[i], "spend": spend[i], "spend_share": ratio(spend[i], total),
            "tokens_world": world[i], "packaging": vendor.packaging,
            "reputation": vendor.reputation, "cash": vendor.cash * MILLION,
            "receivables": vendor.receivables * MILLION,
        }  # fmt: skip
        if vendor.alive:
            row |= {name: value * MILLION for name, value in _account(a).items()}
            row["gross_margin"] = ratio(a.api - a.serving, a.api)
        for tier, name in enumerate(TIERS):
            model = vendor.current(tier, market.month)
            row[f"strategy_{name}"] = vendor.strategy.in_tier(tier)
            row[f"q_{name}"] = model.q if model else None
            row[f"price_{name}"] = model.list_price if model and vendor.alive else None
        rows.append(row)
    return rows


def _account(a: Any) -> dict[str, float]:
    return {
        "revenue_api": a.api, "revenue_services": a.services, "revenue_licence": a.licence,
        "revenue_royalty": a.royalty + a.platform, "revenue_complement": a.complement,
        "cost_serving": a.serving, "cost_packaging": a.packaging, "cost_training": a.training,
        "cost_staff": a.staff, "cost_subsidy": a.subsidy, "funding": a.funding,
        "profit": a.profit,
    }  # fmt: skip


def host_rows(market: "Market") -> Rows:
    """Hosts of every open model served, then platforms."""
    rows: Rows = []
    prices = {
        int(market.book.model[i]): float(market.book.price[i])
        for i in np.flatnonzero((market.book.access == Access.HOSTED) & (market.book.tuned == 0))
    }
    for index, hosting in market.hostings.items():
        if index in prices:
            rows.append({
                "month": market.month, "kind": "host", "name": "hosts",
                "model": market.models[index].name, "number": hosting.number,
                "price": prices[index], "tokens": hosting.tokens, "revenue": hosting.revenue,
                "cost": hosting.cost,
            })  # fmt: skip
    for platform in market.platforms:
        rows.append({
            "month": market.month, "kind": "platform", "name": platform.facts.name,
            "number": 1.0, "price": ratio(platform.gross, platform.tokens),
            "tokens": platform.tokens, "revenue": platform.fee, "cost": platform.cost,
        })  # fmt: skip
    return rows


def operator_rows(market: "Market") -> Rows:
    """One row per application operator."""
    return [
        {
            "month": market.month, "operator": o.facts.name, "users": o.users * MILLION,
            "tokens": o.tokens, "bill": o.bill, "revenue": o.revenue,
        }
        for o in market.operators
    ]  # fmt: skip


def offering_rows(market: "Market", sums: Sums) -> Rows:
    """One row per row of the offer book."""
    book = market.book
    slots, tokens = sums.row("slots")[0], sums.row("tokens")[0]
    spend = home(sums, SPEND_PARTS)
    rows: Rows = []
    for i in range(book.offering.size):
        model = market.models[int(book.model[i])]
        access, tuned = int(book.access[i]), bool(book.tuned[i])
        rows.append({
            "month": market.month, "offering": offering_name(model.name, access, tuned),
            "model": model.name, "vendor": market.vendors[model.vendor].name,
            "tier": TIERS[model.tier], "access": ACCESSES[access], "tuned": tuned,
            "open": model.open,
            "price": None if access == Access.SELFHOST else float(book.price[i]),
            "q": model.q, "q_perceived": float(book.q_perceived[i]), "slots": slots[i],
            "tokens": tokens[i], "spend": spend[i],
        })  # fmt: skip
    return rows


def decision_rows(market: "Market", sums: Sums) -> Rows:
    """One row per cell of firms and access in which anything happened."""
    ledger = sums.ledger.decision
    rows: Rows = []
    for cell in np.flatnonzero((ledger[:, 0] > 0) | (ledger[:, TERM - 2] > 0)):
        values = ledger[cell]
        row = cell_names(int(cell)) | {"month": market.month}
        row |= {name: values[i] for i, name in enumerate(DECISION)}
        for i, term in enumerate(TERMS):
            row[f"term_{term}"] = ratio2(values[TERM + i], values[TERM - 2])
            alternative = ratio2(values[ALTERNATIVE_TERM + i], values[TERM - 1])
            row[f"alternative_term_{term}"] = alternative
        rows.append(row)
    return rows


def ratio2(top: float, weight: float) -> float | None:
    """Mean of a sum over weight; None without weight."""
    return float(top / weight) if weight > 0 else None


def cell_names(cell: int) -> dict[str, Any]:
    """What a decision cell's code stands for; inverse of `sums.decision_cell`."""
    cell, tuned = divmod(cell, 2)
    cell, opened = divmod(cell, 2)
    cell, access = divmod(cell, 3)
    cell, tier = divmod(cell, 3)
    band, quartile = divmod(cell, 4)
    return {
        "band": BANDS[band], "own_base_quartile": quartile, "tier": WORKLOADS[tier],
        "access": ACCESSES[access], "open": bool(opened), "tuned": bool(tuned),
    }  # fmt: skip


def segment_rows(market: "Market", sums: Sums) -> Rows:
    """One row per (region, sector, band) with firms."""
    regions = list(market.parameters.regions)
    sectors = list(market.parameters.sectors)
    rows: Rows = []
    for group in np.flatnonzero(sums.segment("enterprises") > 0):
        rest, region = divmod(int(group), len(regions))
        sector, band = divmod(rest, 3)
        get = {n: float(sums.segment(n)[group]) for n in (
            "enterprises", "adopters", "slots", "open_slots", "selfhost_slots", "restricted",
            "tokens", "spend", "surplus",
        )}  # fmt: skip
        rows.append({
            "month": market.month, "region": regions[region], "sector": sectors[sector],
            "band": BANDS[band], "enterprises": get["enterprises"],
            "adoption": ratio(get["adopters"], get["enterprises"]),
            "open_usage_share": ratio(get["open_slots"], get["slots"]),
            "selfhost_share": ratio(get["selfhost_slots"], get["slots"]),
            "restricted_share": ratio(get["restricted"], get["enterprises"]),
            "tokens": get["tokens"], "spend": get["spend"], "consumer_surplus": get["surplus"],
        })  # fmt: skip
    return rows
