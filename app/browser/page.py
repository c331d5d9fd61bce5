"""Our page: a market that runs, its controls, and what it looks like now."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import reacton.ipyvuetify as v
import solara
import solara.lab

from app.browser import charts, controls, export, firm_charts, replay, tables
from app.browser.appearance import STYLE, Brand, Look
from app.browser.chart import Chart
from app.browser.charts import Theme
from app.browser.choice import Choice
from app.browser.field import Number
from app.browser.frame import BANDS, Frame
from app.browser.live import Live, View
from app.browser.session import use_session
from app.browser.settings import Settings, from_query, starting_point
from app.browser.stored import StoredSweep, load_run, load_sweep, open_run
from app.browser.sweeps import SweepPage
from experiments.durable import StoreError
from experiments.folder import FolderError
from experiments.sweeps.folder import SweepError
from sim.refusals import ScenarioError
from sim.scenario_files import preset_names

TABS: Final = ("Market", "Map", "Vendors", "Segments", "Events", "Compare", "Export")
Change = Callable[[Settings], None]


@solara.component
def Page() -> None:
    """The whole page."""
    router = solara.use_router()
    settings, set_settings = solara.use_state_or_update(from_query(router.search, starting_point()))
    dark, set_dark = solara.use_state(False)

    def change(new: Settings) -> None:
        set_settings(new)
        router.push(f"/?{new.query()}")

    solara.Style(STYLE)
    solara.Title("nomoat")
    look = Look(dark, set_dark)
    if settings.sweep or settings.run:
        Stored(settings, change, look)
    else:
        Simulated(settings, change, look)


@solara.component
def Simulated(settings: Settings, change: Change, look: Look) -> None:
    """A market of this session, with its controls."""
    session = use_session(settings, change)
    live, view = session.live, session.view
    with solara.Div(classes=["nomoat-page"]):
        with v.Html(tag="section", class_="nomoat-side", attributes={"aria-label": "settings"}):
            Brand(look)
            controls.Panel(settings, change, live, view)
        with solara.Div(classes=["nomoat-main"]), solara.Column(gap="8px"):
            controls.Bar(live, view, session.reset)
            for wrong in filter(None, (session.refusal, view.refused)):
                solara.Error(wrong)
            if session.asked:
                Question(session.asked, session.agree)
            if view.failure is not None:
                controls.Alert(view.failure)
            if view.begun and view.frame is not None and view.frame.month < 0:
                solara.Info(view.begun)
            if view.frame is not None:
                Tabs(live, view, settings, change, look.theme)


@solara.component
def Question(firms: int, agree: Callable[[], None]) -> None:
    """A large market is simulated when somebody says so: an address alone must not."""
    with solara.Warning(f"This address asks for {firms:,} enterprises; each month will take long."):
        solara.Button(f"Simulate {firms:,} enterprises", on_click=agree)


@solara.component
def Stored(settings: Settings, change: Change, look: Look) -> None:
    """A stored run or sweep: nothing is simulated but a run of a sweep that is opened."""
    month, set_month = solara.use_state(-1)

    def read() -> Frame | StoredSweep | str:
        try:
            if settings.sweep and settings.run:
                return open_run(settings.sweep, settings.run)
            return load_sweep(settings.sweep) if settings.sweep else load_run(settings.run)
        except (FolderError, SweepError, StoreError, ScenarioError) as error:
            return str(error)

    task = solara.lab.use_task(read, dependencies=[settings.sweep, settings.run], raise_error=False)
    solara.use_effect(lambda: set_month(-1), [settings.sweep, settings.run])

    def leave() -> None:
        both = settings.run and settings.sweep
        change(replace(settings, run="") if both else replace(settings, run="", sweep=""))

    with solara.Div(classes=["nomoat-main"]), solara.Column(gap="8px"):
        Brand(look)
        found = f"this could not be read: {task.exception}" if task.error else task.value
        if task.pending or found is None:
            v.Html(tag="p", children=["reading what is stored"])
            v.ProgressLinear(indeterminate=True, attributes={"aria-label": "reading"})
        elif isinstance(found, str):
            solara.Error(found)
            solara.Button("Back", icon_name="mdi-close", on_click=leave)
        elif isinstance(found, StoredSweep):
            SweepPage(found, look.theme, lambda run: change(replace(settings, run=run)), leave)
        else:
            frame = found if month < 0 else found.at(min(month, found.months - 1))
            replay.Bar(frame, set_month, leave, "Back to the sweep" if settings.sweep else "")
            Tabs(None, View(frame, "paused"), settings, change, look.theme)


@solara.component
def Tabs(live: Live | None, view: View, settings: Settings, change: Change, theme: Theme) -> None:
    """The named tabs; only the one in front is drawn. live: None for a stored run."""
    frame = view.frame
    assert frame is not None
    with solara.lab.Tabs(
        value=settings.tab, on_value=lambda index: change(replace(settings, tab=index))
    ):
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
                Chart(chart(frame, theme)).key(chart.__name__)
    elif name == "Map":
        MapTab(frame, theme, live)
    elif name == "Vendors":
        tables.Vendors(frame)
    elif name == "Segments":
        Chart(firm_charts.segment_chart(frame, theme), height=460)
    elif name == "Events":
        Chart(charts.event_chart(frame, theme), height=330)
        tables.Events(frame)
    else:
        export.Panel(frame, None if live is None else live.scenario)


@solara.component
def MapTab(frame: Frame, theme: Theme, live: Live | None) -> None:
    """Enterprises as dots, with filters, and why one of them uses what it uses."""
    sector, set_sector = solara.use_state("all sectors")
    band, set_band = solara.use_state("all sizes")
    firm, set_firm = solara.use_state(-1)
    if frame.points is None or live is None:
        solara.Info("Enterprises are not stored; simulate the scenario to see them.")
        return

    def clicked(event: Any) -> None:
        data = (event or {}).get("data")
        if isinstance(data, list) and len(data) == 3:
            set_firm(int(data[2]))

    with solara.Row(gap="12px"):
        names = ["all sectors", *frame.points.sectors]
        Choice("sector", names, value=sector, on_value=set_sector)
        Choice("size", ["all sizes", *BANDS], value=band, on_value=set_band)
        Number("firm (or click a dot)", None if firm < 0 else firm,
               lambda number: set_firm(-1 if number is None else number))  # fmt: skip
    option = firm_charts.map_chart(
        frame, theme, None if sector == "all sectors" else sector,
        None if band == "all sizes" else band,
    )  # fmt: skip
    Chart(option, height=420, on_click=clicked)
    if firm < 0:
        v.Html(tag="p", children=["Click a dot to see why that firm uses what it uses."])
    else:
        tables.Firm(live, frame, firm)


@solara.component
def CompareTab(view: View, theme: Theme, settings: Settings, change: Change) -> None:
    """Two markets in step with the same luck, and what differs."""
    names = ["nothing", *(name for name in preset_names() if name != settings.scenario)]

    def choose(name: str) -> None:
        change(replace(settings, versus="" if name == "nothing" else name))

    if settings.run:
        solara.Info("A stored run stands alone; simulate two scenarios to compare them.")
        return
    with solara.Row(gap="12px"):
        Choice("compare with", names, value=settings.versus or "nothing", on_value=choose)
    frame, other = view.frame, view.other
    if frame is None or other is None:
        solara.Info("Choose a scenario: both then run in step, with the same seed and changes.")
    elif frame.month < 0:
        solara.Info(f"Press Play: {frame.title} and {other.title} run in step.")
    else:
        with solara.Div(classes=["nomoat-grid"]):
            for column, title, unit, share in charts.COMPARED:
                option = charts.compared_chart(frame, other, theme, column, title, unit, share)
                Chart(option).key(column)
