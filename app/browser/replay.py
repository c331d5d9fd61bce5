"""Stored runs on the page: which to replay, and the month to look at."""

from collections.abc import Callable

import solara

from app.browser.frame import Frame
from app.browser.stored import stored_runs


@solara.component
def Bar(frame: Frame, on_frame: Callable[[Frame], None], leave: Callable[[], None]) -> None:
    """A slider over the months of a stored run."""
    with solara.Row(gap="12px", style={"align-items": "center"}):
        solara.SliderInt(
            f"month: {frame.date}", value=frame.month, min=0, max=frame.months - 1,
            on_value=lambda month: on_frame(frame.at(month)),
        )  # fmt: skip
        solara.Button("Back to simulating", icon_name="mdi-close", on_click=leave)


@solara.component
def Choice(chosen: str, choose: Callable[[str], None]) -> None:
    """The list of stored runs."""
    known = solara.use_memo(stored_runs, [])
    names = {f"{run.path.name}": run_id for run_id, run in known.items()}
    labels = ["none", *names]
    current = next((label for label, run_id in names.items() if run_id == chosen), "none")
    solara.Select(
        "replay a stored run", labels, value=current,
        on_value=lambda label: choose(names.get(label, "")),
    )  # fmt: skip
