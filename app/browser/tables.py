"""Tables of the page: vendors, events, one enterprise."""

from typing import Any, Final

import reacton.ipyvuetify as v
import solara

from agents.common.vocabulary import ACCESSES, BANDS, month_name
from app.browser.charts import event_rows
from app.browser.frame import Frame
from app.browser.live import Live

DASH: Final = "–"
LATEST: Final = 40
TIERS: Final = ("small", "medium", "large")


def number(value: Any, digits: int = 3, scale: float = 1.0, unit: str = "") -> str:
    """A number for a cell."""
    if not isinstance(value, int | float):
        return DASH
    size = value / scale
    text = f"{size:,.0f}" if abs(size) >= 10.0 ** (digits - 1) else f"{size:,.{digits}g}"
    return text + unit


@solara.component
def Grid(headings: list[str], rows: list[list[str]], label: str) -> None:
    """A plain table."""
    head = [v.Html(tag="th", attributes={"scope": "col"}, children=[h]) for h in headings]
    body = [
        v.Html(tag="tr", children=[v.Html(tag="td", children=[cell]) for cell in row])
        for row in rows
    ]
    with v.SimpleTable(dense=True, class_="nomoat-table"):
        v.Html(tag="caption", style_="position:absolute;left:-9999px", children=[label])
        v.Html(tag="thead", children=[v.Html(tag="tr", children=head)])
        v.Html(tag="tbody", children=body)


@solara.component
def Vendors(frame: Frame) -> None:
    """Every vendor: strategy, licence, models, money, and its last decision with the reason."""
    rows = sorted(frame.rows("vendor"), key=lambda row: -(row["spend_share"] or 0.0))
    last = last_decisions(frame)
    cells = []
    for row in rows:
        quality = " / ".join(number(row[f"q_{tier}"], 2) for tier in TIERS)
        price = " / ".join(number(row[f"price_{tier}"], 2) for tier in TIERS)
        cells.append([
            row["vendor"] if row["alive"] else f"{row['vendor']} (gone)",
            row["strategy"], row["licence"] or DASH, quality, price,
            number(100 * (row["spend_share"] or 0.0), 3, unit="%"),
            number(row["cash"], 3, 1e6), number(100 * row["gross_margin"], 3, unit="%")
            if row["gross_margin"] is not None else DASH,
            last.get(row["vendor"], DASH),
        ])  # fmt: skip
    Grid(
        ["vendor", "strategy", "licence", "quality S / M / L", "$ per Mtok S / M / L",
         "share of spend", "cash, m$", "gross margin", "last decision"],
        cells, "vendors this month",
    )  # fmt: skip


def last_decisions(frame: Frame) -> dict[str, str]:
    """The latest strategy event of every vendor, in words."""
    return {
        row["target"]: f"{month_name(max(row['month'], 0))}: {row['cause']}"
        for row in event_rows(frame)
        if row["kind"] == "strategy"
    }


@solara.component
def Events(frame: Frame) -> None:
    """The latest events."""
    rows = event_rows(frame)[::-1][:LATEST]
    cells = [
        [month_name(max(row["month"], 0)), row["kind"], row["target"] or DASH,
         number(row["magnitude"]), row["cause"] or DASH]
        for row in rows
    ]  # fmt: skip
    Grid(["month", "kind", "who", "size", "cause"], cells, f"the latest {len(cells)} events")


@solara.component
def Firm(live: Live, frame: Frame, firm: int) -> None:
    """One enterprise: what it is, what it uses, and what speaks for that."""
    facts = solara.use_memo(lambda: firm_facts(live, firm), [frame.number, firm])
    if facts is None:
        return
    head, rows = facts
    with solara.Div(classes=["nomoat-cell"], style={"padding": "10px"}):
        v.Html(tag="h3", style_="margin:0;font-size:15px", children=[head])
        Grid(["use", "model", "access", "Mtok a month", "since"], rows, "uses of the firm")


def firm_facts(live: Live, firm: int) -> tuple[str, list[list[str]]] | None:
    """What a firm is in a sentence, and a row for every use."""
    with live.lock:
        market = live.market
        if market is None or firm >= len(market.columns):
            return None
        row = market.columns.firm_rows[firm]
        sectors, regions = list(market.parameters.sectors), list(market.parameters.regions)
        first, count = int(row["first_slot"]), int(row["slot_count"])
        head = (
            f"Firm {firm}: {sectors[row['sector']]}, {BANDS[row['band']]}, "
            f"{regions[row['region']]}, {row['employees']:,.0f} staff, "
            f"sensitivity {row['sensitivity']:.2f}"
        )
        rows = []
        for slot in market.columns.slot_rows[first : first + count]:
            held = int(slot["offering"])
            tier = TIERS_OF_WORK[slot["tier"]]
            if held < 0:
                rows.append([tier, "nothing", DASH, number(float(slot["tokens"])), DASH])
                continue
            model, access = market.models[held // 6], ACCESSES[held % 3]
            kind = "open" if model.open else "closed"
            rows.append([
                tier, f"{model.name} ({kind})", access, number(float(slot["tokens"])),
                month_name(int(slot["in_use_since"])),
            ])  # fmt: skip
    return head, rows


TIERS_OF_WORK: Final = ("routine", "standard", "frontier")
