"""Stored runs, chosen by id from what lies in the outputs folder, never by a path.

Imports nothing of Solara, which reads its settings when it is imported.
"""

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
