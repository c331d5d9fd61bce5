"""Stored results on the page: which to look at, and the month of a run."""

from collections.abc import Callable
from dataclasses import replace

import reacton.ipyvuetify as v
import solara

from app.browser.choice import Choice
from app.browser.frame import Frame
from app.browser.settings import Settings
from app.browser.stored import stored_runs, stored_sweeps


@solara.component
def Bar(
    frame: Frame, on_month: Callable[[int], None], leave: Callable[[], None], back: str = ""
) -> None:
    """A slider over the months of a stored run."""
    with solara.Row(gap="12px", style={"align-items": "center", "flex-wrap": "wrap"}):
        v.Html(tag="span", class_="nomoat-mono", attributes={"role": "status"},
               children=[f"{frame.title} · seed {frame.seed} · stored"])  # fmt: skip
        solara.Button(back or "Back to simulating", icon_name="mdi-close", on_click=leave)
    solara.SliderInt(
        f"month: {frame.date}", value=frame.month, min=0, max=frame.months - 1,
        on_value=on_month,
    )  # fmt: skip


@solara.component
def Stored(settings: Settings, change: Callable[[Settings], None]) -> None:
    """Lists of the stored runs and sweeps."""
    runs = solara.use_memo(stored_runs, [])
    sweeps = solara.use_memo(stored_sweeps, [])
    names = {run.path.name: run_id for run_id, run in runs.items()}
    if names:
        Choice(
            "replay a stored run", ["none", *names], value="none",
            on_value=lambda name: change(replace(settings, run=names.get(name, ""))),
        )  # fmt: skip
    if sweeps:
        Choice(
            "look at a stored sweep", ["none", *sweeps], value="none",
            on_value=lambda name: change(replace(settings, sweep="" if name == "none" else name)),
        )  # fmt: skip
