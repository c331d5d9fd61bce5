"""A stored run as people and scripts read it: the summary table and its JSON form."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from rich.table import Table

from agents.common.vocabulary import month_index
from app.terminal import add, console, plain_table
from experiments.escape import for_terminal
from experiments.folder import Manifest, RunFolder
from experiments.summary import Summary, Value, summarise

NOTHING = "–"
UNITS = {
    "share": "",
    "name": "",
    "points": "",
    "logits": "logits",
    "months": "months",
    "$/Mtok": "$ per Mtok",
}


def summary_of(facts: Manifest, tables: Mapping[str, pa.Table]) -> Summary:
    """Return the summary of a run from its manifest and tables."""
    until = month_index(facts["scenario"]["history"]["until"])
    return summarise(tables, facts["regime"], until)


def document(folder: RunFolder, facts: Manifest, tables: Mapping[str, pa.Table]) -> dict[str, Any]:
    """Return the JSON form of a run: what it was, where it is, what came out."""
    same = ("run_id", "seed", "seconds", "enterprises", "slots", "months", "regime")
    return {
        "scenario": facts["scenario"]["name"],
        "folder": str(folder.path),
        **{key: facts[key] for key in same},
        "summary": summary_of(facts, tables).as_json(),
    }


def print_run(folder: RunFolder, facts: Manifest, tables: Mapping[str, pa.Table]) -> None:
    """Print heading, summary table and the place of the files."""
    out = console()
    out.print(heading(facts), style="bold")
    out.print(input_note(facts), style="dim")
    out.print()
    summary = summary_of(facts, tables)
    out.print(summary_table(summary))
    out.print(f"regime  {summary.regime}", style="bold")
    out.print()
    out.print(f"files   {for_terminal(folder.path)}/  ({listing(folder)})")


def heading(facts: Manifest) -> str:
    """Return one line that says which run this is."""
    return for_terminal(
        f"{facts['scenario']['name']}  {facts['enterprises']:,} enterprises, "
        f"{facts['months']} months, seed {facts['seed']}, run {facts['run_id']}"
    )


def input_note(facts: Manifest) -> str:
    """Return the line that explains which numbers are input."""
    until = facts["scenario"]["history"]["until"]
    return for_terminal(f"* input: releases and list prices are scripted until {until}")


def summary_table(summary: Summary) -> Table:
    """Return the summary as a table with a column per date; a star marks input."""
    dates = [f"{date}  " for date in summary.dates]
    table = plain_table("", *dates, "", right=tuple(range(1, 1 + len(dates))))
    for row in summary.rows:
        marks = ["*" if given else " " for given in row.given]
        cells = [shown(value, row.unit) for value in row.values]
        add(table, row.label, *map(" ".join, zip(cells, marks, strict=True)), UNITS[row.unit])
    return table


def shown(value: Value, unit: str) -> str:
    """Return a value in the precision that its unit deserves."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return value
    return FORMATS[unit](value)


def percent(share: float) -> str:
    """Return a share in percent, with a decimal below ten."""
    digits = 1 if abs(share) < 0.0995 else 0
    return f"{100 * share:.{digits}f}%"


def dollars(price: float) -> str:
    """Return a price with three significant digits."""
    return f"{price:,.0f}" if price >= 100 else f"{price:#.3g}"


FORMATS = {
    "share": percent,
    "points": "{:,.0f}".format,
    "logits": "{:.2f}".format,
    "months": "{:.1f}".format,
    "$/Mtok": dollars,
}


def listing(folder: RunFolder) -> str:
    """Return the files of a run in a few words."""
    pictures = ", summary.png" if folder.figure_path.exists() else ""
    return f"{len(folder.names())} Parquet tables, manifest.json{pictures}"
