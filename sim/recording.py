"""Recording: the output tables, gathered month by month as columns."""

import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from agents.common.events import Details, Event
from agents.common.offers import offering_name
from agents.common.vocabulary import ACCESSES, BANDS, TIERS, WORKLOADS, Access
from agents.enterprise.evaluation import TERMS
from agents.enterprise.ledger import ALTERNATIVE_TERM, DECISION, SEGMENT, TERM, Sums
from sim.enterprise_step import rows_of
from sim.metrics import market_row, ratio, reachable_at_home, spend_shares
from sim.panel import panel_rows
from sim.schemas import SCHEMAS, table
from sim.standing import Standing, standing_of
from sim.tally import MILLION, HomeUse, use_at_home

if TYPE_CHECKING:
    from sim.market import Market

Rows = list[dict[str, Any]]
Columns = dict[str, Sequence[Any] | NDArray[Any]]
"""One month of a table, without `month`; words may stand as codes, see `words`."""
MONEY = {
    "revenue_api": "api", "revenue_services": "services", "revenue_licence": "licence",
    "revenue_complement": "complement", "cost_serving": "serving", "cost_packaging": "packaging",
    "cost_training": "training", "cost_staff": "staff", "cost_subsidy": "subsidy",
    "funding": "funding", "profit": "profit",
}  # fmt: skip
"""Columns of the vendor table that are entries of an account."""


class Recorder:
    """Collects tables; `tables()` turns them into Arrow."""

    def __init__(self, market: "Market", wanted: Collection[str] = tuple(SCHEMAS)) -> None:
        """Begin to record; `market` and `event` are always recorded."""
        self._market = market
        self._wanted = {"market", "event", *wanted}
        self.rows: dict[str, Rows] = {"market": [], "panel": []}
        """Tables gathered as rows."""
        self.columns: dict[str, list[tuple[int, Columns]]] = {
            name: [] for name in COLUMNAR if name in self._wanted
        }
        """Tables gathered as columns: month and columns of each month."""
        self.events: list[Event] = []
        self.closed_maxima: list[float] = []
        self.series = tuple(n for n in SCHEMAS["market"].names if n not in {"month", "date"})

    def record(self) -> None:
        """Record the month that has just been simulated."""
        market = self._market
        sums = market.sums
        assert sums is not None
        standing = standing_of(market)
        rows = rows_of(market, market.book)
        use = use_at_home(sums.ledger.row, rows, len(market.vendors))
        self.rows["market"].append(market_row(market, sums, use, standing))
        if "panel" in self._wanted:
            self.rows["panel"] += panel_rows(market)
        for name, months in self.columns.items():
            months.append((market.month, COLUMNAR[name](market, sums, use, standing)))

    def latest(self, name: str) -> Any:
        """This month's value of a market series; None before the first month."""
        rows = self.rows["market"]
        return rows[-1].get(name) if rows else None

    def annotate(self, details: Details) -> None:
        """Add to the event recorded last the numbers that whoever acted went by."""
        self.events[-1] = self.events[-1]._replace(details=details)

    def tables(self) -> dict[str, pa.Table]:
        """The wanted tables of the months so far."""
        rows = {**self.rows, "event": [event_row(event) for event in self.events]}
        found = {name: from_rows(name, rows[name]) for name in rows if name in self._wanted}
        spelt = words(self._market)
        for name, months in self.columns.items():
            derive = {"decision": decision_columns, "segment": segment_columns}.get(name)
            found[name] = from_columns(name, months, spelt.get(name, {}), derive)
        return {name: found[name] for name in SCHEMAS if name in found}


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


def from_columns(
    name: str, months: list[tuple[int, Columns]], spelt: Mapping[str, Sequence[str]],
    derive: Callable[[Columns], Columns] | None = None,
) -> pa.Table:  # fmt: skip
    """A table from its months.

    spelt: the words of columns that hold codes; derive: what makes the table's columns from those
    that were gathered, all months at once.
    """
    if not months:
        return table(name, {})
    lengths = [len(next(iter(columns.values()))) for _, columns in months]
    joined: dict[str, Any] = {
        key: _joined([columns[key] for _, columns in months]) for key in months[0][1]
    }
    found = derive(joined) if derive else joined
    for key in found.keys() & spelt.keys():
        found[key] = pa.array(spelt[key], pa.string()).take(pa.array(found[key]))
    return table(name, {"month": np.repeat([month for month, _ in months], lengths), **found})


def _joined(parts: list[Any]) -> Any:
    """A column of all months from those of each."""
    if isinstance(parts[0], list):
        return [value for part in parts for value in part]
    return np.concatenate(parts)


def words(market: "Market") -> dict[str, dict[str, Sequence[str]]]:
    """The words behind the codes, by table and column."""
    models = [model.name for model in market.models]
    p = market.parameters
    groups = list(product(p.sectors, BANDS, p.regions))
    kinds = [(access, tuned) for tuned in (False, True) for access in range(len(ACCESSES))]
    return {
        "offering": {
            "offering": [offering_name(model, *kind) for model in models for kind in kinds],
            "model": models, "vendor": [vendor.name for vendor in market.vendors],
            "tier": TIERS, "access": ACCESSES,
        },
        "decision": {"band": BANDS, "tier": WORKLOADS, "access": ACCESSES},
        "segment": {
            "region": [region for _, _, region in groups],
            "sector": [sector for sector, _, _ in groups],
            "band": [band for _, band, _ in groups],
        },
    }  # fmt: skip


def vendor_columns(market: "Market", use: HomeUse, standing: Standing) -> Columns:
    """One row per vendor that has entered; money of those alive."""
    vendors = market.vendors
    tokens, spend = use.vendor.tolist()
    accounts = [vendor.account if vendor.alive else None for vendor in vendors]
    columns: Columns = {
        "strategy": standing.strategies,
        "tokens": tokens,
        "spend": spend,
        "spend_share": spend_shares(use),
        "tokens_world": use.world.tolist(),
        "cash": [vendor.cash * MILLION for vendor in vendors],
        "receivables": [vendor.receivables * MILLION for vendor in vendors],
        "vendor": [vendor.name for vendor in vendors],
        "revenue_royalty": [a and (a.royalty + a.platform) * MILLION for a in accounts],
        "gross_margin": [a and ratio(a.api - a.serving, a.api) for a in accounts],
    }
    for name in ("archetype", "region", "alive", "licence", "packaging", "reputation"):
        columns[name] = [getattr(vendor, name) for vendor in vendors]
    for name, entry in MONEY.items():
        columns[name] = [a and getattr(a, entry) * MILLION for a in accounts]
    for tier, name in enumerate(TIERS):
        current = [standing.current.get((vendor.index, tier)) for vendor in vendors]
        sold = zip(current, vendors, strict=True)
        columns[f"strategy_{name}"] = [vendor.strategy.in_tier(tier) for vendor in vendors]
        columns[f"q_{name}"] = [model and model.q for model in current]
        columns[f"price_{name}"] = [m.list_price if m and v.alive else None for m, v in sold]
    return columns


def host_columns(market: "Market") -> Columns:
    """Hosts of every open model served, then platforms."""
    book = market.book
    plain = np.flatnonzero((book.access == Access.HOSTED) & (book.tuned == 0))
    prices = dict(zip(book.model[plain].tolist(), book.price[plain].tolist(), strict=True))
    served = {index: h for index, h in market.hostings.items() if index in prices}
    hosts, platforms = served.values(), market.platforms
    return {
        "kind": ["host"] * len(served) + ["platform"] * len(platforms),
        "name": ["hosts"] * len(served) + [p.facts.name for p in platforms],
        "model": [market.models[i].name for i in served] + [None] * len(platforms),
        "number": [h.number for h in hosts] + [1.0] * len(platforms),
        "price": [prices[i] for i in served] + [ratio(p.gross, p.tokens) for p in platforms],
        "tokens": [h.tokens for h in hosts] + [p.tokens for p in platforms],
        "revenue": [h.revenue for h in hosts] + [p.fee for p in platforms],
        "cost": [h.cost for h in hosts] + [p.cost for p in platforms],
    }


def operator_columns(market: "Market") -> Columns:
    """One row per application operator."""
    operators = market.operators
    return {
        "operator": [o.facts.name for o in operators],
        "users": [o.users * MILLION for o in operators],
        **{name: [getattr(o, name) for o in operators] for name in ("tokens", "bill", "revenue")},
    }


def offering_columns(market: "Market", sums: Sums, use: HomeUse) -> Columns:
    """One row per row of the offer book, also of those that nobody new may choose."""
    book = market.book
    within_reach = (book.access != Access.API) | reachable_at_home(market)[book.vendor]
    return {
        "offering": book.offering, "model": book.model,
        "vendor": book.vendor, "tier": book.tier, "access": book.access,
        "tuned": book.tuned == 1, "open": market.stock.code("open")[book.model] == 1,
        "listed": (book.listed == 1) & within_reach,
        "price": np.where(book.access == Access.SELFHOST, np.nan, book.price),
        "q": market.stock.number("q")[book.model], "q_perceived": book.q_perceived,
        "slots": sums.row("slots")[0].copy(), "tokens": use.tokens,
        "spend": use.spend,
    }  # fmt: skip


def decision_sums(sums: Sums) -> Columns:
    """The cells of firms and access in which anything happened, and their sums."""
    ledger = sums.ledger.decision
    cells = np.flatnonzero((ledger[:, 0] > 0) | (ledger[:, TERM - 2] > 0))
    return {"cell": cells, "sums": ledger[cells]}


def decision_columns(gathered: Columns) -> Columns:
    """One row per cell and month; see `decision_sums`."""
    values = np.asarray(gathered["sums"]).T
    columns: Columns = cell_codes(np.asarray(gathered["cell"]))
    columns |= dict(zip(DECISION, values, strict=False))
    for first, prefix, weight in (
        (TERM, "", TERM - 2),
        (ALTERNATIVE_TERM, "alternative_", TERM - 1),
    ):
        means = shares(values[first : first + len(TERMS)], values[weight])
        columns |= {f"{prefix}term_{term}": mean for term, mean in zip(TERMS, means, strict=True)}
    return columns


def shares(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> NDArray[np.float64]:
    """top / bottom; nan, which tables show as null, without a denominator."""
    known = bottom > 0
    return np.where(known, top / np.where(known, bottom, 1.0), np.nan)


def cell_codes(cells: NDArray[np.int64]) -> Columns:
    """What decision cells stand for, as codes; inverse of `sums.decision_cell`."""
    rest, tuned = np.divmod(cells, 2)
    rest, opened = np.divmod(rest, 2)
    rest, access = np.divmod(rest, 3)
    rest, tier = np.divmod(rest, 3)
    band, quartile = np.divmod(rest, 4)
    return {
        "band": band, "own_base_quartile": quartile, "tier": tier, "access": access,
        "open": opened == 1, "tuned": tuned == 1,
    }  # fmt: skip


def segment_sums(market: "Market", sums: Sums) -> Columns:
    """The groups (sector, band, region) with firms, how many were simulated, and their sums."""
    groups = np.flatnonzero(sums.segment("enterprises") > 0)
    simulated = np.bincount(market.columns.firms.group, minlength=market.group_count)[groups]
    return {"group": groups, "simulated": simulated, "sums": sums.ledger.segment[groups]}


def segment_columns(gathered: Columns) -> Columns:
    """One row per group and month; see `segment_sums`."""
    get = dict(zip(SEGMENT, np.asarray(gathered["sums"]).T, strict=True))
    return {
        "region": gathered["group"], "sector": gathered["group"], "band": gathered["group"],
        "enterprises": get["enterprises"], "simulated": gathered["simulated"],
        "adoption": shares(get["adopters"], get["enterprises"]), "slots": get["slots"],
        "open_usage_share": shares(get["open_slots"], get["slots"]),
        "selfhost_share": shares(get["selfhost_slots"], get["slots"]),
        "restricted_share": shares(get["restricted"], get["enterprises"]),
        "tokens": get["tokens"], "spend": get["spend"], "consumer_surplus": get["surplus"],
    }  # fmt: skip


COLUMNAR: Final[dict[str, Callable[["Market", Sums, HomeUse, Standing], Columns]]] = {
    "vendor": lambda market, sums, use, standing: vendor_columns(market, use, standing),  # noqa: ARG005
    "host": lambda market, sums, use, standing: host_columns(market),  # noqa: ARG005
    "operator": lambda market, sums, use, standing: operator_columns(market),  # noqa: ARG005
    "offering": lambda market, sums, use, standing: offering_columns(market, sums, use),  # noqa: ARG005
    "decision": lambda market, sums, use, standing: decision_sums(sums),  # noqa: ARG005
    "segment": lambda market, sums, use, standing: segment_sums(market, sums),  # noqa: ARG005
}
"""Tables gathered as columns, and what makes a month of each."""
