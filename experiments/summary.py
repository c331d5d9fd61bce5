"""A run in a few numbers: the rows and columns that the terminal, JSON and reports show."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from agents.common.vocabulary import month_index, month_name

SHOWN = ("2024-12", "2026-12", "2030-12")
LEADERS = 3

Value = float | str | None


@dataclass(frozen=True)
class Row:
    """One line of the summary: a value per month shown, and which of them are input."""

    name: str
    label: str
    unit: str
    values: list[Value]
    given: list[bool]


@dataclass(frozen=True)
class Summary:
    """What a run says, at the end of a few years."""

    dates: list[str]
    months: list[int]
    rows: list[Row]
    regime: str

    def as_json(self) -> dict[str, Any]:
        """Return plain lists and dictionaries."""
        return asdict(self)


@dataclass(frozen=True)
class Line:
    """A summary row taken from the market table as it is."""

    name: str
    label: str
    unit: str
    scripted: bool = False


LINES = (
    Line("adoption", "firms that use a model", "share"),
    Line("adoption_large", "  large firms", "share"),
    Line("share_tokens_api", "tokens by access: api", "share"),
    Line("share_tokens_hosted", "  hosted", "share"),
    Line("share_tokens_selfhost", "  self-hosted", "share"),
    Line("share_tokens_open", "tokens of open-weight models", "share"),
    Line("share_tokens_vendor_open", "tokens by vendor's strategy: open", "share"),
    Line("share_tokens_vendor_closed", "  closed", "share"),
    Line("share_tokens_vendor_dual", "  dual", "share"),
    Line("gap_logits", "open models behind closed", "logits", scripted=True),
    Line("gap_months", "  the same in time", "months", scripted=True),
    Line("price_flagship", "price of a flagship", "$/Mtok", scripted=True),
    Line("price_gpt35_level", "  at GPT-3.5 level", "$/Mtok"),
    Line("price_gpt4_level", "  at GPT-4 level", "$/Mtok"),
    Line("price_gpt4o_level", "  at GPT-4o level", "$/Mtok"),
    Line("hhi_spend", "concentration of spend (HHI)", "points"),
    Line("leader", "leading vendor", "name"),
    Line("leader_share_spend", "  its share of spend", "share"),
)


def summarise(
    tables: Mapping[str, pa.Table], regime: str, history_until: int | None = None
) -> Summary:
    """Return the summary at the Decembers of 2024, 2026 and 2030 and at the last month.

    Values scripted up to month `history_until` are marked as given.
    """
    market = tables["market"]
    months = shown_months(market.num_rows)
    rows = [row_of(line, market, months, history_until) for line in LINES]
    margins: list[Value] = [leaders_margin(tables.get("vendor"), month) for month in months]
    none_given = [False] * len(months)
    rows.append(Row("margin_leaders", "gross margin, closed leaders", "share", margins, none_given))
    return Summary([month_name(month) for month in months], months, rows, regime)


def row_of(line: Line, market: pa.Table, months: list[int], until: int | None) -> Row:
    """Return one column of the market table at the months shown."""
    values = [market[line.name][month].as_py() for month in months]
    given = [line.scripted and until is not None and month <= until for month in months]
    return Row(line.name, line.label, line.unit, values, given)


def shown_months(months: int) -> list[int]:
    """Return the months of `SHOWN` that a run of so many months reaches, and its last."""
    reached = {month_index(date) for date in SHOWN if month_index(date) < months}
    return sorted(reached | {months - 1})


def leaders_margin(vendors: pa.Table | None, month: int) -> float | None:
    """Return the gross margin of the closed vendors with the largest API revenue, pooled."""
    if vendors is None:
        return None
    rows = [
        (row["revenue_api"], row["gross_margin"])
        for row in vendors.filter(pc.equal(vendors["month"], month)).to_pylist()
        if row["strategy"] == "closed" and row["revenue_api"] and row["gross_margin"] is not None
    ]
    if not rows:
        return None
    revenue, margin = np.array(sorted(rows, reverse=True)[:LEADERS]).T
    return float(np.average(margin, weights=revenue))
