"""The chapter on one run, where somebody names one."""

from typing import Any, Final

from app.report import UNITS, shown, summary_of
from app.reporting.inputs import Source
from app.reporting.markup import table, tag
from app.reporting.section import Section, cited, from_words
from experiments.folder import RunFolder

TITLE: Final = "One run"


def run_section(run: Source) -> Section:
    """The summary of a stored run; FolderError if its tables cannot be read."""
    facts, folder = run.document, RunFolder(run.place)
    tables = {name: folder.read(name) for name in folder.names()}
    summary = summary_of(facts, tables)
    words = (
        f"{facts['scenario']['name']}: {facts['enterprises']:,} enterprises, {facts['months']} "
        f"months, seed {facts['seed']}, run {facts['run_id']}. It ends as {summary.regime}. One "
        "run is one possible course, not a forecast; values with a star are input."
    )
    rows: list[list[Any]] = []
    for row in summary.rows:
        cells = [
            shown(value, row.unit) + ("*" if given else "")
            for value, given in zip(row.values, row.given, strict=True)
        ]
        rows.append([row.label.strip(), *cells, UNITS[row.unit]])
    headings = ["", *summary.dates, ""]
    numeric = "." + "r" * len(summary.dates)
    caption = f"Run {facts['run_id']}"
    body = [from_words(run), tag("p", words, cited(run)), table(headings, rows, caption, numeric)]
    return Section("run", TITLE, body)
