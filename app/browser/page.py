"""Our page: a market that runs, its controls, and what it looks like now."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import reacton.ipyvuetify as v
import solara
import solara.lab

from app.browser import charts, controls, export, replay, tables
from app.browser.charts import DARK, LIGHT, Option, Theme
from app.browser.frame import BANDS, Frame
from app.browser.live import Live, View
from app.browser.settings import Settings, from_query, starting_point
from app.browser.stored import load_run
from experiments.folder import FolderError
from sim.refusals import ScenarioError
from sim.scenario_files import preset_names

TABS: Final = ("Market", "Map", "Vendors", "Segments", "Events", "Compare", "Export")


@solara.component
def Page() -> None:
    """The whole page."""
    router = solara.use_router()
    settings, set_settings = solara.use_state_or_update(from_query(router.search, starting_point()))
    view, set_view = solara.use_state(View(None, "ready"))
    refusal, set_refusal = solara.use_state("")
    stored: Frame | None
    stored, set_stored = solara.use_state(None)
    live = solara.use_memo(lambda: Live(set_view), [])
    solara.use_effect(lambda: live.close, [])
    changes = tuple(sorted(settings.changes.items()))
    key = (settings.scenario, changes, settings.seed, settings.versus, settings.run)

    def rebuild() -> None:
        set_stored(None)
        if settings.run:
            live.pause()
            try:
                set_stored(load_run(settings.run))
            except FolderError as error:
                set_refusal(str(error))
            return
        try:
            scenario, other = settings.load(), settings.load_other()
        except ScenarioError as error:
            set_refusal(str(error))
            return
        set_refusal("")
        live.build(scenario, other)

    def change(new: Settings) -> None:
        set_settings(new)
        router.push(f"/?{new.query()}")

    solara.use_effect(rebuild, [key])
    solara.use_effect(
        lambda: live.set_pace(settings.pace, settings.stop), [settings.pace, settings.stop]
    )
    solara.use_effect(live.drawn, [view.frame.number if view.frame else 0])
    solara.Style(STYLE)
    solara.Title("nomoat")
    with solara.AppBar():
        solara.AppBarTitle("nomoat")
        solara.lab.ThemeToggle()
    with solara.Div(classes=["nomoat-page"]):
        with solara.Div(classes=["nomoat-side"]):
            controls.Panel(settings, change, live, view)
        with solara.Column(classes=["nomoat-main"], gap="8px"):
            if stored is None:
                controls.Bar(live, view, settings)
            else:
                replay.Bar(stored, set_stored, lambda: change(replace(settings, run="")))
            if refusal:
                solara.Error(refusal)
            if view.failure is not None:
                controls.Alert(view.failure)
            shown = view if stored is None else View(stored, "paused")
            if shown.frame is not None:
                Tabs(live, shown, settings, change)


STYLE: Final = """
.nomoat-page { display: grid; grid-template-columns: 300px minmax(0, 1fr); }
.nomoat-side { border-right: 1px solid rgba(128,128,128,.28); }
.nomoat-main { padding: 12px 16px; min-width: 0; }
@media (max-width: 1000px) {
  .nomoat-page { grid-template-columns: minmax(0, 1fr); }
  .nomoat-side { order: 2; border-right: 0; }
}
.nomoat-grid {
  display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr));
}
.nomoat-cell {
  border: 1px solid rgba(128,128,128,.28); border-radius: 8px; padding: 4px; min-width: 0;
}
.nomoat-mono, .nomoat-table td { font-variant-numeric: tabular-nums; }
.nomoat-table td, .nomoat-table th { padding: 4px 10px !important; }
"""


@solara.component
def Tabs(live: Live, view: View, settings: Settings, change: Callable[[Settings], None]) -> None:
    """The named tabs; only the one in front is drawn."""
    theme = DARK if solara.lab.use_dark_effective() else LIGHT
    frame = view.frame
    assert frame is not None

    def choose(index: int) -> None:
        change(replace(settings, tab=index))

    with solara.lab.Tabs(value=settings.tab, on_value=choose):
        for name in TABS:
            solara.lab.Tab(name)
    name = TABS[min(settings.tab, len(TABS) - 1)]
    if name == "Compare":
        CompareTab(view, theme, settings, change)
        return
    if frame.month < 0:
        solara.Info("Nothing has happened yet: press Play, or Step for one month.")
        return
    if name == "Market":
        with solara.Div(classes=["nomoat-grid"]):
            for chart in charts.MARKET:
                Chart(chart(frame, theme))
    elif name == "Map":
        MapTab(frame, theme, live)
    elif name == "Vendors":
        tables.Vendors(frame)
    elif name == "Segments":
        Chart(charts.segment_chart(frame, theme), height=460)
    elif name == "Events":
        Chart(charts.event_chart(frame, theme), height=360)
        tables.Events(frame)
    else:
        export.Panel(frame, settings)


@solara.component
def Chart(option: Option, height: int = 330, on_click: Callable[[Any], None] | None = None) -> None:
    """One chart in a frame of its own."""
    with solara.Div(classes=["nomoat-cell"]):
        solara.FigureEcharts(
            option, on_click=on_click, responsive=True,
            attributes={"style": f"height:{height}px;width:100%"},
        )  # fmt: skip


@solara.component
def MapTab(frame: Frame, theme: Theme, live: Live) -> None:
    """Enterprises as dots, with filters, and why one of them uses what it uses."""
    sector, set_sector = solara.use_state("all sectors")
    band, set_band = solara.use_state("all sizes")
    firm, set_firm = solara.use_state(-1)
    sectors = list(frame.points.sectors) if frame.points else []

    def clicked(event: Any) -> None:
        data = (event or {}).get("data")
        if isinstance(data, list) and len(data) == 3:
            set_firm(int(data[2]))

    with solara.Row(gap="12px"):
        solara.Select("sector", ["all sectors", *sectors], value=sector, on_value=set_sector)
        solara.Select("size", ["all sizes", *BANDS], value=band, on_value=set_band)
    option = charts.map_chart(
        frame, theme, None if sector == "all sectors" else sector,
        None if band == "all sizes" else band,
    )  # fmt: skip
    Chart(option, height=480, on_click=clicked)
    if firm < 0:
        v.Html(tag="p", children=["Click a dot to see why that firm uses what it uses."])
    else:
        tables.Firm(live, frame, firm)


@solara.component
def CompareTab(
    view: View, theme: Theme, settings: Settings, change: Callable[[Settings], None]
) -> None:
    """Two markets in step with the same luck, and what differs."""
    names = ["nothing", *(name for name in preset_names() if name != settings.scenario)]

    def choose(name: str) -> None:
        change(replace(settings, versus="" if name == "nothing" else name))

    with solara.Row(gap="12px"):
        solara.Select("compare with", names, value=settings.versus or "nothing", on_value=choose)
    frame, other = view.frame, view.other
    if frame is None or other is None:
        solara.Info("Choose a scenario: both then run in step, with the same seed and changes.")
    elif frame.month < 0:
        solara.Info(f"Press Play: {frame.title} and {other.title} run in step.")
    else:
        with solara.Div(classes=["nomoat-grid"]):
            for column, title, unit, share in charts.COMPARED:
                Chart(charts.compared_chart(frame, other, theme, column, title, unit, share))
