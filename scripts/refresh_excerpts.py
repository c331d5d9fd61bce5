"""Put what commands print today into the pages of docs/ that show it.

`uv run scripts/refresh_excerpts.py` runs each command of `EXCERPTS` after a `nomoat run` at the
defaults, in a terminal of 100 columns, and replaces the block of the page that begins with it.
A test holds the pages against it.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
CUT: Final = "..."


@dataclass(frozen=True)
class Excerpt:
    """A block of a page. first, until: the line it begins with, and that it ends before."""

    page: str
    command: str
    first: str = ""
    until: str | None = None

    def block(self, directory: Path) -> str:
        """The block as it should be."""
        lines = printed(self.command, directory)
        start = next(i for i, line in enumerate(lines) if line.startswith(self.first))
        stops = (i for i, line in enumerate(lines) if self.until and line.startswith(self.until))
        end = next(stops, len(lines))
        body = "\n".join(lines[start:end]).rstrip()
        above = [CUT] if start else []
        below = [CUT] if end < len(lines) else []
        return "\n".join([f"$ uv run nomoat {self.command}", *above, body, *below, ""])

    def pattern(self) -> re.Pattern[str]:
        """The block as it stands in its page."""
        head = re.escape(f"$ uv run nomoat {self.command}\n")
        return re.compile(rf"(?<=```console\n){head}.*?(?=```)", re.S)


EXCERPTS: Final = (
    Excerpt("explaining.md", "explain --month 2026-03", until="Open less closed"),
    Excerpt("explaining.md", "explain --month 2025-12", first="What vendors did"),
    Excerpt("calibration.md", "validate --threshold 0.85"),
)


def printed(command: str, directory: Path) -> list[str]:
    """The lines that a command prints."""
    done = subprocess.run(
        [Path(sys.executable).with_name("nomoat"), *command.split()], cwd=directory, check=True,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    return [line.rstrip() for line in done.stdout.splitlines()]


def pages(docs: Path = DOCS) -> dict[str, str]:
    """The pages with their blocks as they should be, by name; ValueError where one is missing."""
    found: dict[str, str] = {}
    with TemporaryDirectory() as directory:
        printed("run --quiet --no-figure", Path(directory))
        for excerpt in EXCERPTS:
            text = found.get(excerpt.page) or (docs / excerpt.page).read_text("utf-8")
            block = excerpt.block(Path(directory))
            text, places = excerpt.pattern().subn(lambda _, new=block: new, text)
            if places != 1:
                raise ValueError(f"{excerpt.page} has {places} blocks of {excerpt.command}")
            found[excerpt.page] = text
    return found


def main() -> None:
    """Write the pages."""
    for name, text in pages().items():
        (DOCS / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
