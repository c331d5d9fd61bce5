"""The one reader of files that a person writes: TOML under limits, and values by name and type.

Whatever is in a file, it ends in a tree of values or in one sentence, raised as the caller's own
error. Types are never changed: a number in quotes is text, and `true` is no number.
"""

import math
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from agents.common.parameter import ENTRY_NAME
from sim.catalogue import Place, dotted, shown
from sim.toml_lines import DEEPEST, TooMuchError, lines_of, refuse_excess

LARGEST_FILE: Final = 1_000_000
"""Bytes of a file."""
LONGEST_NAME: Final = 500
"""Characters of a name in quotes."""
LONGEST_LINE: Final = 500
"""Characters of a text of one line."""

type Refuse = Callable[[str], Exception]
"""The class of the caller's error, made of one sentence."""


class MalformedError(ValueError):
    """Text that is no TOML; its message says where and what to do."""


class Label(str):
    """What refusals call a file; finds the lines of its values in its text, when it is asked."""

    text: str = ""

    @classmethod
    def of(cls, name: str, text: str) -> "Label":
        """The label of a text, which must be valid TOML."""
        made = cls(name)
        made.text = text
        return made

    @cached_property
    def lines(self) -> Mapping[Place, int]:
        """The line of every value."""
        return lines_of(self.text)


def spot(label: str, *place: str | int) -> str:
    """The label with the line of a value, or of what holds it, if that is known."""
    lines = label.lines if isinstance(label, Label) else {}
    for length in range(len(place), 0, -1):
        if line := lines.get(place[:length]):
            return f"{label}, line {line}"
    return str(label)


def read_toml(path: Path, refuse: Refuse, name: str = "") -> tuple[dict[str, Any], Label, str]:
    """The values of a file, its label and its text.

    name: what refusals call it, the name of the file if empty. Raises the caller's error naming
    the file, and the line where the text is at fault.
    """
    text = read_text(path, refuse, name or path.name)
    return (*parsed(text, name or path.name, refuse), text)


def parsed(text: str, name: str, refuse: Refuse) -> tuple[dict[str, Any], Label]:
    """The values of a text and its label; the caller's error where it is no TOML or too much."""
    try:
        tree = tree_of(text)
    except (MalformedError, TooMuchError) as error:
        raise refuse(f"{name}: {error}") from None
    return tree, Label.of(name, text)


def tree_of(text: str) -> dict[str, Any]:
    """The values of a text; MalformedError where it is no TOML, TooMuchError beyond the limits."""
    refuse_excess(text)
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MalformedError(_syntax_error(text, str(error))) from None
    except RecursionError:
        raise TooMuchError("arrays or tables are nested too deep") from None
    except ValueError as error:
        raise MalformedError(f"a value cannot be read: {error}") from None
    _refuse_large(tree)
    return tree


def _refuse_large(tree: dict[str, Any]) -> None:
    """Raise TooMuchError for values that are nested too deep by keys and tables together, or long
    names."""
    left: list[tuple[dict[str, Any] | list[Any], int]] = [(tree, 1)]
    while left:
        value, depth = left.pop()
        if depth > DEEPEST:
            raise TooMuchError(
                f"arrays or tables are nested too deep: up to {DEEPEST} inside each other are read"
            )
        for name in value if isinstance(value, dict) else ():
            if len(name) > LONGEST_NAME:
                raise TooMuchError(f"{shown(name)} has more characters than {LONGEST_NAME}")
        inner = value.values() if isinstance(value, dict) else value
        left += [(item, depth + 1) for item in inner if isinstance(item, (dict, list))]


def read_text(path: Path, refuse: Refuse, name: str) -> str:
    """The text of a file in UTF-8, with or without a byte order mark."""
    try:
        if path.exists() and not path.is_file():
            what = "a directory" if path.is_dir() else "not a regular file"
            raise refuse(f"{name}: cannot be read: it is {what}")
        with path.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise refuse(f"{name}: cannot be read: {reason}") from None
    if len(content) > LARGEST_FILE:
        raise refuse(
            f"{name}: the file is larger than {LARGEST_FILE // 1_000_000} MB; "
            "it holds only the values it changes"
        )
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise refuse(f"{name}: has a NUL byte in line {line}; save it as plain text in UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise refuse(
            f"{name}: is not UTF-8 text (byte 0x{content[error.start]:02x} in line {line}); "
            "save it in UTF-8"
        ) from None


def _syntax_error(text: str, message: str) -> str:
    """tomllib's message with its line and column, and the name of what is given twice."""
    lines = text.replace("\r\n", "\n").split("\n")
    at = re.search(r"\(at line (\d+), column (\d+)\)$", message)
    line, column = (int(at[1]), int(at[2])) if at else (len(lines), len(lines[-1]) + 1)
    where = f"line {line}, column {column}"
    reason = re.sub(r" \(at [^)]*\)$", "", message)
    if table := re.search(r"Cannot declare \((.*)\) twice", reason):
        name = ".".join(_quoted_parts(table[1]))
        return f"table [{name}] is given twice ({where}); keep one"
    if re.search(r"overwrite|Duplicate|already|twice", reason):
        key = lines[line - 1].partition("=")[0].strip()
        return f"{shown(key)} is given twice ({where}); keep one"
    return f"not valid TOML in {where}: {reason}; text needs quotes, a setting is 'name = value'"


def _quoted_parts(text: str) -> Iterator[str]:
    for part in re.findall(r"'([^']*)'|\"([^\"]*)\"", text):
        name = part[0] or part[1]
        yield name if ENTRY_NAME.fullmatch(name) else shown(name)


def nearest(name: object, known: Iterable[str], most: int = 8) -> str:
    """A hint: the known word nearest to a name, else what is known."""
    words = list(known)
    close = get_close_matches(str(name)[:LONGEST_NAME], words, n=1, cutoff=0.5)
    more = ", ..." if len(words) > most else ""
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(words[:most])}{more}"


def is_number(value: object) -> bool:
    """Whether a value is a number, finite also as a float; truth values are none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


@dataclass(frozen=True)
class Fields:
    """A table as a person wrote it, its values taken by name and type.

    tree: the table. refuse: the caller's error. label: of the file. place: of the table in it.
    What it gives is of the type asked for, or the sentence that refuses it names file, line, field,
    value and the right form. A field that is absent has its default; without one it must be there.
    """

    tree: Mapping[str, Any]
    refuse: Refuse
    label: str
    place: Place = field(default=())

    @classmethod
    def of(
        cls, tree: object, refuse: Refuse, label: str, place: Place = (),
        known: Collection[str] | None = None,
    ) -> "Fields":  # fmt: skip
        """The fields of what should be a table; known: the names it may have, any if None."""
        if not isinstance(tree, Mapping):
            what = f"{dotted(place)} " if place else ""
            raise refuse(f"{spot(label, *place)}: {what}must be a table, not {shown(tree)}")
        fields = cls(tree, refuse, label, place)
        for name in tree:
            if known is not None and name not in known:
                raise fields.wrong(name, f"there is no field {shown(name)}; {nearest(name, known)}")
        return fields

    def where(self, name: str = "") -> str:
        """File, line and place of a field, for a sentence."""
        place = (*self.place, name) if name else self.place
        inner = f": {dotted(self.place)}" if self.place else ""
        return f"{spot(self.label, *place)}{inner}"

    def wrong(self, name: str, reason: str) -> Exception:
        """The caller's error about a field."""
        return self.refuse(f"{self.where(name)}: {reason}")

    def unfit(self, name: str, needed: str, hint: str = "") -> Exception:
        """The caller's error about a value that is absent, of the wrong type or out of range."""
        if name not in self.tree:
            return self.wrong(name, f"{name} is missing; it must be {needed}")
        return self.wrong(name, f"{name} must be {needed}, not {shown(self.tree[name])}{hint}")

    def text(self, name: str, default: str | None = None) -> str:
        """One line of printable text; not empty unless the default is."""
        value = self.tree.get(name, default)
        fits = isinstance(value, str) and len(value) <= LONGEST_LINE and value.isprintable()
        if not fits or (name in self.tree and not value.strip() and default != ""):
            raise self.unfit(name, "one line of text in quotes")
        return str(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """True or false."""
        value = self.tree.get(name, default)
        if not isinstance(value, bool):
            raise self.unfit(name, "true or false")
        return value

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number within bounds, inclusive."""
        value = self.tree.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.unfit(name, f"a whole number from {low} to {high:,}")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """A finite number."""
        value = self.tree.get(name, default)
        if not is_number(value):
            raise self.unfit(name, "a finite number")
        return float(value)

    def word(self, name: str, known: Iterable[str], default: str | None = None) -> str:
        """One of some words."""
        value, words = self.tree.get(name, default), list(known)
        if not isinstance(value, str) or (name in self.tree and value not in words):
            close = get_close_matches(str(value)[:LONGEST_NAME], words, n=1, cutoff=0.5)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise self.unfit(name, f"one of {', '.join(words)}", hint)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty where there is none."""
        value = self.tree.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.unfit(name, "a list of texts in quotes")
        return tuple(value)

    def table(self, name: str) -> Mapping[str, Any]:
        """A table, empty where there is none."""
        value = self.tree.get(name, {})
        if not isinstance(value, Mapping):
            raise self.unfit(name, f"a table, [{dotted((*self.place, name))}]")
        return value

    def tables(self, name: str) -> list[Any]:
        """A list whose elements are to be tables; empty where there is none."""
        value = self.tree.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
            raise self.unfit(name, f"a list of tables, [[{dotted((*self.place, name))}]]")
        return value
