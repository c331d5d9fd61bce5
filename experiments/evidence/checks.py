"""The checks: observed facts with bands, and how each is read from a run's tables."""

import statistics
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import pyarrow as pa
import pyarrow.compute as pc

from agents.common.vocabulary import month_index

RECORD, FREE = "record", "free"
FREE_UNTIL = "2023-03"
"""Where the record ends in free runs."""
LEADERS = 3
"""Closed vendors pooled as the closed leaders, by revenue."""

Values = dict[str, float | None]
"""A value per check, None where a run has none."""


@dataclass(frozen=True, slots=True)
class Check:
    """One observed fact and the band a simulated value must lie in.

    Exactly one of `column`, `hosted`, `margin` and `paid_above` says what is measured: a column
    of the market table, the hosted price of a model, the gross margin of closed leaders, or the
    yearly fall of the price paid per token for models above a quality.
    """

    id: str
    label: str
    source: str
    run: str
    month: str
    observed: float
    low: float
    high: float
    key: bool = False
    structural: bool = False
    column: str | None = None
    hosted: str | None = None
    margin: bool = False
    paid_above: float | None = None

    def holds(self, value: float | None) -> bool:
        """Whether a simulated value lies in the band; a missing one does not."""
        return value is not None and self.low <= value <= self.high

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables of a run that it is measured in."""
        if self.column is not None:
            return ("market",)
        if self.hosted is not None:
            return ("host",)
        return ("vendor",) if self.paid_above is None else ("offering",)

    def measure(self, tables: Mapping[str, pa.Table]) -> float | None:
        """The value in a run's tables; None where the run has none."""
        month = month_index(self.month)
        if self.column is not None:
            return market_value(tables["market"], self.column, month)
        if self.hosted is not None:
            return hosted_price(tables["host"], self.hosted, month)
        if self.paid_above is not None:
            return price_fall(tables["offering"], self.paid_above, month)
        return closed_margin(tables["vendor"], month)


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check, in the order of the file."""
    text = (resources.files("experiments.evidence") / "checks.toml").read_text(encoding="utf-8")
    return tuple(Check(**entry) for entry in tomllib.loads(text)["check"])


def last_month(checks: tuple[Check, ...], run: str) -> int:
    """Months a run of this kind must have to answer its checks."""
    return 1 + max(month_index(check.month) for check in checks if check.run == run)


def market_value(market: pa.Table, column: str, month: int) -> float | None:
    """A market column in a month; None if null or beyond the run."""
    if month >= market.num_rows:
        return None
    value = market[column][month].as_py()
    return None if value is None else float(value)


def at_month(table: pa.Table, month: int) -> pa.Table:
    """Rows of one month."""
    return table.filter(pc.equal(table["month"], month))


def hosted_price(hosts: pa.Table, model: str, month: int) -> float | None:
    """Price third parties ask for a model, $ per Mtok."""
    rows = at_month(hosts, month)
    found = rows.filter(pc.equal(rows["model"], model))["price"].to_pylist()
    return float(found[0]) if found and found[0] is not None else None


def closed_margin(vendors: pa.Table, month: int) -> float | None:
    """Gross margin of the closed leaders over the year that ends in a month."""
    revenue: dict[str, float] = {}
    serving: dict[str, float] = {}
    for row in vendors.to_pylist():
        if month - 12 < row["month"] <= month and row["strategy"] == "closed":
            name = row["vendor"]
            revenue[name] = revenue.get(name, 0.0) + (row["revenue_api"] or 0.0)
            serving[name] = serving.get(name, 0.0) + (row["cost_serving"] or 0.0)
    leaders = sorted(revenue, key=lambda name: (-revenue[name], name))[:LEADERS]
    sold = sum(revenue[name] for name in leaders)
    return (sold - sum(serving[name] for name in leaders)) / sold if sold > 0 else None


def price_paid(offering: pa.Table, quality: float, month: int) -> float | None:
    """Mean price of service tokens used at or above a quality, $ per Mtok."""
    rows = at_month(offering, month)
    service = pc.and_(pc.greater_equal(rows["q"], quality), pc.is_valid(rows["price"]))
    used = rows.filter(service)
    tokens = sum(used["tokens"].to_pylist())
    paid = sum(
        price * amount
        for price, amount in zip(used["price"].to_pylist(), used["tokens"].to_pylist(), strict=True)
    )
    return paid / tokens if tokens > 0 else None


def price_fall(offering: pa.Table, quality: float, month: int) -> float | None:
    """How many times cheaper the tokens used at a quality are than a year before."""
    before, now = (price_paid(offering, quality, m) for m in (month - 12, month))
    return before / now if before and now else None


def median(values: list[float | None]) -> float | None:
    """Median of the known values; None if fewer than half are known."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if 2 * len(known) > len(values) else None
