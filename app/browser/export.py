"""Downloads: what is on show as CSV or Parquet, and the scenario as a file."""

from typing import Final

import reacton.ipyvuetify as v
import solara

from app.browser.frame import Frame
from experiments.encoding import encode
from experiments.escape import for_path
from experiments.spreadsheet import as_csv
from sim.loading import to_toml
from sim.scenario import Scenario

TABLES: Final = ("market", "vendor", "segment", "event")


@solara.component
def Panel(frame: Frame, scenario: Scenario | None) -> None:
    """Buttons for every table of the months so far, for a picture and for the scenario.

    scenario: what the market runs, with the events added so far; None for a stored one.
    """
    stem = f"{for_path(frame.title)}-seed{frame.seed}-{frame.date}"
    v.Html(tag="p", children=["Each chart has a button of its own that saves it as PNG."])
    tables = frame.so_far()
    for name in TABLES:
        table = tables[name]
        with solara.Row(gap="12px", style={"align-items": "center"}):
            v.Html(tag="span", style_="min-width:90px;font-weight:600", children=[name])
            solara.FileDownload(
                lambda table=table: as_csv(table), f"{stem}-{name}.csv", label=f"{name}.csv"
            )
            solara.FileDownload(
                lambda table=table: encode(table), f"{stem}-{name}.parquet",
                label=f"{name}.parquet",
            )  # fmt: skip
    with solara.Row(gap="12px", style={"align-items": "center"}):
        v.Html(tag="span", style_="min-width:90px;font-weight:600", children=["picture"])
        solara.FileDownload(lambda: picture(frame), f"{stem}.png", label="summary.png")
    if scenario is not None:
        with solara.Row(gap="12px", style={"align-items": "center"}):
            v.Html(tag="span", style_="min-width:90px;font-weight:600", children=["scenario"])
            solara.FileDownload(
                lambda: to_toml(scenario).encode(), f"{stem}.toml", label="scenario.toml"
            )


def picture(frame: Frame) -> bytes:
    """The summary figure of the months so far as PNG."""
    from app.figure import as_png, summary_figure

    return as_png(summary_figure(frame.so_far(), frame.title, min(frame.until, frame.month)))
