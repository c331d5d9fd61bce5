"""Stored runs on the page: chosen by id from what lies in the outputs folder, never by a path."""

from collections.abc import Callable

import solara

from app.browser.frame import Frame, stored_frame
from experiments.folder import OUTPUTS, FolderError, RunFolder, find_runs, run_id_of


def stored_runs() -> dict[str, RunFolder]:
    """Runs in the outputs folder by id, latest first; links are not followed."""
    return {run_id: run for run in find_runs(OUTPUTS) if (run_id := run_id_of(run))}


def load_run(run_id: str) -> Frame:
    """The last month of a stored run; raises FolderError if there is none of that id."""
    known = stored_runs()
    if run_id not in known:
        raise FolderError(f"no run {run_id} in {OUTPUTS}/; `nomoat show` lists them")
    return stored_frame(known[run_id])


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
