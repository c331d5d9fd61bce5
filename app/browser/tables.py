"""Tables of the page: vendors, events, one enterprise."""

from typing import Any, Final

import reacton.ipyvuetify as v
import solara
import solara.lab

from agents.common.vocabulary import BANDS, TIERS, month_name
from app import palette
from app.browser.charts import event_rows
from app.browser.frame import Frame
from app.browser.live import Live
from sim.weighing import Option, Weighed, weighed

DASH: Final = "–"
LATEST: Final = 40
BEST: Final = 3
"""Models named on a card."""
CARDS: Final = 6
"""Vendors with a card of their own."""
STRATEGY_COLOURS: Final = {"open": palette.OPEN, "closed": palette.CLOSED, "dual": palette.DUAL}
TERM_WORDS: Final = {
    "quality": "quality", "cost": "cost", "risk": "risk to data", "switch": "switching",
    "integration": "integration", "packaging": "packaging", "control": "control",
    "taste": "habit and peers",
}  # fmt: skip


def number(value: Any, digits: int = 3, scale: float = 1.0, unit: str = "") -> str:
    """A number for a cell."""
    if not isinstance(value, int | float):
        return DASH
    size = value / scale
    text = f"{size:,.0f}" if abs(size) >= 10.0 ** (digits - 1) else f"{size:,.{digits}g}"
    return text + unit


@solara.component
def Grid(headings: list[str], rows: list[list[Any]], label: str) -> None:
    """A plain table of texts or elements; a wide one scrolls by itself, with the keyboard, too."""
    head = [v.Html(tag="th", attributes={"scope": "col"}, children=[h]) for h in headings]
    body = [
        v.Html(tag="tr", children=[v.Html(tag="td", children=[cell]) for cell in row])
        for row in rows
    ]
    scrolls = {"tabindex": "0", "role": "region", "aria-label": label}
    with (
        v.Html(tag="div", class_="nomoat-wrap", attributes=scrolls),
        v.Html(tag="table", class_="nomoat-table"),
    ):
        v.Html(tag="thead", children=[v.Html(tag="tr", children=head)])
        v.Html(tag="tbody", children=body)


@solara.component
def Vendors(frame: Frame) -> None:
    """Every vendor: cards of the largest, and a table of all."""
    rows = sorted(frame.rows("vendor"), key=lambda row: -(row["spend_share"] or 0.0))
    last, models = last_decisions(frame), best_models(frame)
    with solara.Div(classes=["nomoat-cards"]):
        for row in rows[:CARDS]:
            Card(row, models.get(row["vendor"], []), last.get(row["vendor"])).key(row["vendor"])
    cells = []
    for row in rows:
        opened = row["strategy"] != "closed"
        cells.append([
            name_of(row),
            row["strategy"], (row["licence"] or DASH) if opened else DASH,
            tiers(row, "q"), tiers(row, "price"), percent(row["spend_share"]),
            number(row["cash"], 3, 1e6), percent(row["gross_margin"]),
            number(row["profit"], 2, 1e6),
        ])  # fmt: skip
    Grid(
        ["vendor", "strategy", "licence", "quality S / M / L", "$ per Mtok S / M / L",
         "of spend", "cash, m$", "margin", "profit, m$"],
        cells, "vendors this month",
    )  # fmt: skip


@solara.component
def Card(row: dict[str, Any], models: list[str], decision: str | None) -> None:
    """One vendor in a few words. models: its best on sale."""
    colour = STRATEGY_COLOURS.get(row["strategy"], palette.MUTED)
    with v.Html(tag="section", class_="nomoat-cell nomoat-card",
                style_=f"border-top-color:{colour}"):  # fmt: skip
        v.Html(tag="h3", children=[
            v.Html(tag="span", children=[name_of(row)]),
            v.Html(tag="small", children=[f"{percent(row['spend_share'])} of spend"]),
        ])  # fmt: skip
        words = [
            strategy_words(row),
            f"quality {tiers(row, 'q')}, $ per Mtok {tiers(row, 'price')}",
            f"cash {number(row['cash'], 3, 1e6)} m$, gross margin {percent(row['gross_margin'])}",
            f"best on sale: {', '.join(models) or DASH}",
        ]
        for line in words:
            v.Html(tag="p", class_="nomoat-note", children=[line])
        v.Html(tag="p", class_="nomoat-note", style_="margin-top:6px",
               children=[decision or "no change of strategy yet"])  # fmt: skip


def best_models(frame: Frame) -> dict[str, list[str]]:
    """The best models on sale of every vendor, best first."""
    if "offering" not in frame.tables:
        return {}
    found: dict[str, dict[str, float]] = {}
    for row in frame.rows("offering"):
        found.setdefault(row["vendor"], {})[row["model"]] = row["q"] or 0.0
    return {
        vendor: sorted(models, key=lambda name: -models[name])[:BEST]
        for vendor, models in found.items()
    }


def strategy_words(row: dict[str, Any]) -> str:
    """A vendor's strategy, tier by tier where they differ."""
    each = [str(row[f"strategy_{tier}"]) for tier in TIERS]
    if set(each) == {row["strategy"]}:
        return each[0]
    detail = ", ".join(f"{tier} {way}" for tier, way in zip(TIERS, each, strict=True))
    return f"{row['strategy']}: {detail}"


def name_of(row: dict[str, Any]) -> str:
    """A vendor's name, and whether it is gone."""
    return str(row["vendor"]) if row["alive"] else f"{row['vendor']} (gone)"


def tiers(row: dict[str, Any], name: str) -> str:
    """A number of the small, the medium and the large model."""
    return " / ".join(number(row[f"{name}_{tier}"], 2) for tier in TIERS)


def percent(share: float | None) -> str:
    """A share for a cell."""
    return DASH if share is None else number(100 * share, 3, unit="%")


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
    """One enterprise: what it is, what it uses, and what speaks for and against that."""
    task = solara.lab.use_task(lambda: look_at(live, firm), dependencies=[frame.number, firm])
    if not task.finished:
        v.Html(tag="p", children=["weighing its options (the first time takes up to a minute)"])
        v.ProgressLinear(indeterminate=True, attributes={"aria-label": "weighing"})
        return
    found = task.value
    if found is None:
        solara.Info(f"There is no firm {firm}.")
        return
    head, uses = found
    with v.Html(tag="section", class_="nomoat-cell nomoat-card"):
        v.Html(tag="h3", children=[head])
        v.Html(tag="p", class_="nomoat-note", children=[
            "Numbers are percent of the value at stake in a use, by the terms of the firm's own "
            "choice this month; luck comes on top, and firms look at the market now and then only."
        ])  # fmt: skip
        for place, use in enumerate(uses):
            Use(use, place + 1).key(f"{firm}-{place}")


def look_at(live: Live, firm: int) -> tuple[str, list[Weighed]] | None:
    """What a firm is in a sentence, and its uses weighed; None if there is no such firm."""
    with live.lock:
        market = live.market
        if market is None or not 0 <= firm < len(market.columns):
            return None
        row = market.columns.firm_rows[firm]
        sectors, regions = list(market.parameters.sectors), list(market.parameters.regions)
        head = (
            f"Firm {firm}: {sectors[row['sector']]}, {BANDS[row['band']]}, "
            f"{regions[row['region']]}, {row['employees']:,.0f} staff, "
            f"sensitivity of data {row['sensitivity']:.2f}"
        )
        return head, weighed(market, firm)


@solara.component
def Use(use: Weighed, place: int) -> None:
    """One use of a firm: what it holds against the best it does not, term by term."""
    v.Html(tag="p", style_="margin:10px 0 2px", children=[why(use)])
    options = [o for o in (use.held, *use.alternatives) if o is not None]
    rows = [[TERM_WORDS[term], *(signed(o.terms[term]) for o in options)] for term in TERM_WORDS]
    rows.append(["all", *(signed(o.worth) for o in options)])
    heads = [f"{o.model}, {'open' if o.open else 'closed'}, {way(o)}" for o in options]
    if options:
        first = ["what counts", *heads]
        if use.held is not None:
            first[1] = f"uses {first[1]}"
        Grid(first, rows, f"options for {use.workload} work, use {place}")


def way(option: Option) -> str:
    """How a model is used: `api`, `hosted, tuned`. A firm may weigh both kinds of one model."""
    return f"{option.access}, tuned" if option.tuned else option.access


def why(use: Weighed) -> str:
    """Why a firm uses this and not something else, in a sentence or two."""
    amount = f"{number(use.tokens)} Mtok a month of {use.workload} work"
    if use.held is None:
        return f"{amount}: uses nothing; {use.options:,} offerings are open to it."
    since = month_name(max(use.since, 0))
    begin = f"{amount}: {use.held.model} ({way(use.held)}) since {since}."
    if not use.alternatives or use.lead is None:
        return f"{begin} Nothing else is open to it."
    other = use.alternatives[0]
    gains = {t: use.held.terms[t] - other.terms[t] for t in TERM_WORDS}
    best = max(gains, key=lambda term: gains[term])
    if use.lead >= 0:
        return (
            f"{begin} It is worth {signed(use.lead)} more than the next best, {other.model} "
            f"({way(other)}), most by {TERM_WORDS[best]} ({signed(gains[best])})."
        )
    worst = min(gains, key=lambda term: gains[term])
    return (
        f"{begin} {other.model} ({way(other)}) would be worth {signed(-use.lead)} more now, most "
        f"by {TERM_WORDS[worst]}: the firm has not looked since, or luck decided."
    )


def signed(share: float) -> str:
    """A fraction of the value at stake, as percent with its sign."""
    return f"{100 * share:+.1f}%"
