"""One chart on the page."""

from collections.abc import Callable
from typing import Any

import reacton.ipyvuetify as v
import solara

from app.browser.charts import Option


@solara.component
def Chart(option: Option, height: int = 278, on_click: Callable[[Any], None] | None = None) -> None:
    """A chart in a frame of its own, named for those who cannot see it."""
    title = option["title"]
    label = f"{title['text']}, {title['subtext']}"
    with v.Html(tag="figure", class_="nomoat-cell",
                attributes={"role": "img", "aria-label": label}):  # fmt: skip
        solara.FigureEcharts(
            option, on_click=on_click, responsive=True,
            attributes={"style": f"height:{height}px;width:100%"},
        )  # fmt: skip
