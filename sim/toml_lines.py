"""The text of a TOML file before it is read: what is too much for it, and where its values stand.

A file is looked through once, by a pattern that cannot be led back and forth, so that text made to
hang the reader is refused as fast as any other.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sim.catalogue import Place

DEEPEST: Final = 32
"""Arrays and tables inside each other, and parts of a dotted key."""
MOST_DIGITS: Final = 100
"""Characters of a number, or of a name without quotes."""

MOST_KEYS: Final = 50_000

_PART = r"""(?:[A-Za-z0-9_+:-]++|"(?:\\.|[^"\\\n])*+"?|'[^'\n]*+'?)"""
_TOKEN = re.compile(
    r"(?P<comment>\#[^\n]*+)"
    r'|(?P<text>"""(?:\\.|"(?!"")|[^"\\])*+(?:"""|\\?\Z)'
    r"|'''(?:'(?!'')|[^'])*+(?:'''|\Z))"
    rf"|(?P<word>{_PART}(?:[ \t]*+\.[ \t]*+{_PART})*+)"
    r"|(?P<mark>[][{}=,\n])",
    re.DOTALL,
)
_PARTS = re.compile(_PART, re.DOTALL)


class TooMuchError(ValueError):
    """Text that goes beyond what a person writes; its message says what and where."""


def tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Kind (comment, text, word or mark), text and line of everything that has a meaning."""
    line, last = 1, 0
    for found in _TOKEN.finditer(text):
        line += text.count("\n", last, found.start())
        last = found.start()
        yield found.lastgroup or "", found[0], line


def refuse_excess(text: str) -> None:
    """Raise TooMuchError for text nested too deep, with too many keys or digits of a number."""
    depth = keys = 0
    for kind, token, line in tokens(text):
        if kind == "word":
            parts = _PARTS.findall(token)
            if len(parts) > DEEPEST:
                raise TooMuchError(
                    f"the key in line {line} is nested too deep: it has {len(parts):,} parts and "
                    f"may have {DEEPEST}"
                )
            _refuse_long(parts, line)
        elif kind == "mark" and token in "[]{}":
            depth += 1 if token in "[{" else -1
            if depth > DEEPEST:
                raise TooMuchError(
                    f"arrays or tables are nested too deep in line {line}: up to {DEEPEST} inside "
                    "each other are read"
                )
        elif token == "=":
            keys += 1
            if keys > MOST_KEYS:
                raise TooMuchError(f"it has more than {MOST_KEYS:,} keys, from line {line} on")


def _refuse_long(parts: list[str], line: int) -> None:
    for part in parts:
        if len(part) > MOST_DIGITS and part[0] not in "\"'":
            what = "a number" if part.lstrip("+-")[:1].isdigit() else "a name"
            raise TooMuchError(
                f"{what} in line {line} has {len(part):,} characters and may have {MOST_DIGITS}"
            )


@dataclass
class _Open:
    """An array or inline table that is being read: its place, and the element under way."""

    place: Place
    array: bool
    number: int = 0


@dataclass
class _Reader:
    """Follows the statements of a valid text and notes on which line each place begins."""

    lines: dict[Place, int] = field(default_factory=dict)
    header: Place = ()
    key: Place = ()
    value: bool = False
    """Whether a value is expected, not a key."""
    inside: list[_Open] = field(default_factory=list)
    tables: dict[Place, int] = field(default_factory=lambda: defaultdict(int))
    """How many tables the arrays of tables have so far."""

    def statement(self, parts: tuple[str, ...], brackets: int, line: int) -> None:
        """The header of a table, or of one more table of an array."""
        place = self._resolved(parts)
        if brackets == 2:
            self.tables[place] += 1
            self.lines.setdefault(place, line)
            place = (*place, self.tables[place] - 1)
        self.header = place
        self.lines.setdefault(place, line)

    def _resolved(self, parts: tuple[str, ...]) -> Place:
        """The place that a header names: inside the latest table of every array on the way."""
        place: Place = ()
        for part in parts:
            if place in self.tables:
                place = (*place, self.tables[place] - 1)
            place = (*place, part)
        return place

    def word(self, token: str, line: int) -> None:
        """A key, or a value that is one word."""
        if self.value:
            self._element(line)
            return
        outer = self.inside[-1].place if self.inside else self.header
        self.key = (*outer, *parts_of(token))
        self.lines.setdefault(self.key, line)

    def mark(self, token: str, line: int) -> None:
        """A sign between values."""
        if token == "=":
            self.value = True
        elif token in "[{":
            place = self._element(line)
            self.inside.append(_Open(place, token == "["))
            self.value = token == "["
        elif token in "]}":
            if self.inside:
                self.inside.pop()
            self.value = bool(self.inside)
        elif token == "," and self.inside:
            self.inside[-1].number += 1
            self.value = self.inside[-1].array
        elif token == "\n" and not self.inside:
            self.value = False
        elif token == "text":
            self._element(line)

    def _element(self, line: int) -> Place:
        """The place of a value that begins."""
        if not self.inside or not self.inside[-1].array:
            return self.key
        place = (*self.inside[-1].place, self.inside[-1].number)
        self.lines.setdefault(place, line)
        return place


def lines_of(text: str) -> dict[Place, int]:
    """The line on which every table, array element and value of a valid file begins."""
    reader, brackets = _Reader(), 0
    fresh = True
    for kind, token, line in tokens(text):
        if kind == "comment":
            continue
        if fresh and token == "[":
            brackets += 1
        elif brackets:
            if kind == "word":
                reader.statement(parts_of(token), brackets, line)
            brackets = 0 if token == "\n" else brackets
            fresh = token == "\n"
        elif kind == "word":
            reader.word(token, line)
            fresh = False
        else:
            reader.mark(token if kind == "mark" else "text", line)
            fresh = token == "\n" and not reader.inside
    return reader.lines


def parts_of(key: str) -> tuple[str, ...]:
    """The names in a dotted key, without their quotes."""
    return tuple(_unquoted(part) for part in _PARTS.findall(key))


def _unquoted(part: str) -> str:
    if part[0] not in "\"'":
        return part
    if "\\" in part and part[0] == '"':
        return str(tomllib.loads(f"name = {part}")["name"])
    return part[1:-1]
