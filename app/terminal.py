"""Consoles that print foreign text as it is: no markup, no emoji, no guessed highlighting."""

import json
import logging
import sys
import traceback
import warnings
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, TextIO

from experiments.escape import for_terminal, lines_for_terminal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

# rich is imported by what uses it: a run need not wait for it before the first month.


def console(*, stderr: bool = False) -> "Console":
    """Return a console that takes every text literally and shows what is no plain character."""
    from app.clean_console import CleanConsole

    return CleanConsole(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=True)


def plain_table(*headings: str, right: tuple[int, ...] = ()) -> "Table":
    """Return a table without frame; the columns numbered in `right` are aligned right."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for position, heading in enumerate(headings):
        table.add_column(
            Text(for_terminal(heading)), justify="right" if position in right else "left"
        )
    return table


def add(table: "Table", *cells: object, style: str | None = None) -> None:
    """Add a row of literal cells."""
    from rich.text import Text

    table.add_row(*(Text(for_terminal(cell)) for cell in cells), style=style)


def print_json(document: Any) -> None:
    """Print one JSON document on stdout, of printable ASCII."""
    text = json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)
    print(text.replace("\x7f", "\\u007f"))  # The one control character that JSON leaves as it is.


def print_traceback() -> None:
    """Print the exception that is being handled, with its places, on stderr."""
    print(lines_for_terminal(traceback.format_exc()), end="", file=sys.stderr, flush=True)


def forgive_encodings() -> None:
    """Let stdout and stderr show what their encoding lacks as escapes instead of failing.

    The terminal may not take UTF-8, and names of files that are no UTF-8 have no encoding at all.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def short_warnings() -> None:
    """Show warnings of Python as one line each, without file and source.

    What matplotlib logs of caches that it cannot write is not shown: figures are drawn without.
    """

    def show(
        message: Warning | str,
        category: type[Warning],  # noqa: ARG001
        filename: str,  # noqa: ARG001
        lineno: int,  # noqa: ARG001
        file: TextIO | None = None,
        line: str | None = None,  # noqa: ARG001
    ) -> None:
        print(f"nomoat: note: {for_terminal(message)}", file=file or sys.stderr)

    warnings.showwarning = show
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
