"""A stored sweep on the page: choose runs by their parameters, see the fan, open any run."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import reacton.ipyvuetify as v
import solara
import solara.lab

from app.browser.chart import Chart
from app.browser.charts import Theme
from app.browser.choice import Choice
from app.browser.stored import StoredSweep, matching
from app.browser.sweep_charts import brief, fan_chart, outcome_chart, short, spread
from app.browser.tables import Grid, number

FEW: Final = 12
"""Distinct values up to which a factor is chosen from a list; beyond it is a range."""
LISTED: Final = 15
ALL: Final = "all"
Wanted = Mapping[str, Any]


@solara.component
def SweepPage(
    sweep: StoredSweep, theme: Theme, open_: Callable[[str], None], leave: Callable[[], None]
) -> None:
    """Everything about one sweep. open_: called with the id of a run to look at."""
    wanted, set_wanted = solara.use_state({})
    with solara.Row(gap="12px", style={"align-items": "center", "flex-wrap": "wrap"}):
        v.Html(tag="h2", style_="font-size:17px;margin:0", children=[f"Sweep {sweep.name}"])
        solara.Button("Back to simulating", icon_name="mdi-close", on_click=leave)
    v.Html(tag="p", class_="nomoat-note", children=[sweep.question])
    if not sweep.runs.num_rows:
        solara.Info("No run of it is finished yet.")
        return
    Filters(sweep, wanted, set_wanted)
    chosen = matching(sweep, wanted)
    v.Html(tag="p", class_="nomoat-note", attributes={"role": "status"},
           children=[f"{int(chosen.sum()):,} of {sweep.runs.num_rows:,} runs chosen"])  # fmt: skip
    if not chosen.any():
        solara.Info("No run has these parameters.")
        return

    def clicked(event: Any) -> None:
        data = (event or {}).get("data")
        if isinstance(data, dict) and data.get("name"):
            open_(str(data["name"]))

    with solara.Div(classes=["nomoat-grid"]):
        for column in sweep.series:
            Chart(fan_chart(sweep, theme, column, chosen)).key(column)
        for outcome in sweep.outcomes:
            if isinstance(first(sweep, outcome), int | float):
                Chart(outcome_chart(sweep, theme, outcome, chosen), on_click=clicked).key(outcome)
    if not sweep.series:
        solara.Info("This sweep keeps no months: its file has no `market = [...]`.")
    Runs(sweep, sweep.runs.filter(chosen).slice(0, LISTED).to_pylist(), open_)


def first(sweep: StoredSweep, name: str) -> Any:
    """The first value of a column that is there."""
    return next((value for value in sweep.runs[name].to_pylist() if value is not None), None)


@solara.component
def Filters(sweep: StoredSweep, wanted: Wanted, set_wanted: Callable[[Wanted], None]) -> None:
    """A list or a range for every factor."""

    def want(name: str, value: Any) -> None:
        rest = {key: kept for key, kept in wanted.items() if key != name}
        set_wanted(rest if value is None else {**rest, name: value})

    with solara.Div(classes=["nomoat-cards"]):
        for name in sweep.factors:
            Filter(name, spread(sweep.runs[name].to_pylist()), wanted.get(name), want).key(name)


@solara.component
def Filter(name: str, values: list[Any], wanted: Any, want: Callable[[str, Any], None]) -> None:
    """How runs are chosen by one factor."""
    if len(values) > FEW and all(isinstance(value, int | float) for value in values):
        low, high = float(values[0]), float(values[-1])
        solara.SliderRangeFloat(
            f"{short(name)} ({name})", value=wanted or (low, high), min=low, max=high,
            step=(high - low) / 100, thumb_label=False,
            on_value=lambda pair: want(name, tuple(pair)),
        )  # fmt: skip
        return
    labels = {brief(value): value for value in values}
    current = next((label for label, value in labels.items() if value == wanted), ALL)
    Choice(
        name, [ALL, *labels], value=ALL if wanted is None else current,
        on_value=lambda label: want(name, None if label == ALL else labels[label]),
    )  # fmt: skip


@solara.component
def Runs(sweep: StoredSweep, rows: list[dict[str, Any]], open_: Callable[[str], None]) -> None:
    """The first of the chosen runs, each with a button that opens it."""
    names = [*sweep.factors, *sweep.outcomes]
    head = ["run", *(short(name) for name in names)]
    body: list[list[Any]] = []
    for row in rows:
        run_id = row["run_id"]

        def open_this(*_: Any, run_id: str = run_id) -> None:
            open_(run_id)

        button = solara.Button(f"Open {run_id[:6]}", text=True, small=True, on_click=open_this)
        cells = [cell(row[name]) for name in names]
        body.append([button, *cells])
    Grid(head, body, "the first of the chosen runs")


def cell(value: Any) -> str:
    """A value for a cell."""
    return number(value) if isinstance(value, int | float) else str(value)
