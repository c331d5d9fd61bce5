"""The list of all parameters of a tree: what `nomoat params`, sliders and designs read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

from agents.common.parameter import Entry, Parameters, entries

type Place = tuple[str | int, ...]
"""Where a value stands in the tree: names, and positions in lists."""

_UNITLESS = {"", "-", "text", "id"}


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """One row of the catalogue; the fields are those of its declaration.

    path: dotted, as `--set` takes it; `events[].month` is a field of every entry of a list.
    type: number, integer, switch, text, choice, or "array of" one of these.
    default: the value without any scenario; None with `required` where there is none.
    optional: "none" is a value it takes.
    """

    path: str
    type: str
    unit: str
    low: float | None
    high: float | None
    plausible: tuple[float, float] | None
    choices: tuple[str, ...] | None
    default: object
    required: bool
    optional: bool
    description: str
    source: str

    @property
    def facts(self) -> str:
        """Unit, range or choices, and default in a few words."""
        words = [] if self.unit in _UNITLESS else [self.unit]
        if self.low is not None and self.high is not None:
            words.append(f"{_brief(self.low)} to {_brief(self.high)}")
        if self.choices is not None:
            words.append("one of " + ", ".join(self.choices))
        elif self.type == "switch":
            words.append("true or false")
        words.append("no default" if self.required else f"default {_brief(self.default)}")
        return ", ".join(words)

    def __str__(self) -> str:
        return f"'{self.path}' ({self.facts})"


def dotted(place: Sequence[str | int]) -> str:
    """A place written as a path: `vendors.meta.strategy`, `events[0].month`."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in place]
    return "".join(parts).removeprefix(".")


def _brief(value: object) -> str:
    return f"{value:.12g}" if isinstance(value, float) else shown(value)


def shown(value: object, longest: int = 48) -> str:
    """A value in a few words of one line, spelt as in TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, (list, tuple)):
        items = ("..." if isinstance(item, (list, tuple)) else shown(item) for item in value[:8])
        return _shortened(f"[{', '.join(items)}]", longest)
    if isinstance(value, int) and value.bit_length() > 128:
        return f"a number of about {1 + int(value.bit_length() * 0.30103)} digits"
    if isinstance(value, (int, float, str)):
        return _shortened(repr(value), longest)
    return _shortened(str(value), longest)


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 4]}...{text[-1]}"


LONGEST_WORD: Final = 200
"""Characters that are compared with known words: the time taken grows with their square."""


def nearest(word: object, known: Iterable[str]) -> str:
    """A hint at the known word closest to one that is not known; empty where none is close."""
    text = word[:LONGEST_WORD] if isinstance(word, str) else ""
    close = get_close_matches(text, list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def plain(value: object) -> Any:
    """A value of the tree with its sections as dictionaries."""
    if isinstance(value, Parameters):
        return {name: plain(getattr(value, name)) for name in entries(type(value))}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def defaults(section: type[Parameters]) -> dict[str, Any]:
    """The tree of all defaults, entries read from data files included; required fields absent."""
    tree: dict[str, Any] = {}
    for name, entry in entries(section).items():
        if not entry.required:
            tree[name] = plain(entry.default())
        elif entry.shape.kind == "section" and entry.shape.section is not None:
            tree[name] = defaults(entry.shape.section)
    return tree


def catalogue(scenario_class: type[Parameters] | None = None) -> list[ParameterInfo]:
    """All parameters of a tree in order of declaration, one row each (default: Scenario's).

    Dictionaries of sections are expanded for their default entries, lists as `name[].field`.
    """
    return list(by_path(scenario_class or default_class()).values())


def default_class() -> type[Parameters]:
    """The class of scenario files, imported late because its tree is large."""
    from sim.scenario import Scenario

    return Scenario


@cache
def by_path(section: type[Parameters]) -> Mapping[str, ParameterInfo]:
    """The catalogue by dotted path."""
    return {row.path: row for row in _rows(section, defaults(section), "")}


def _rows(
    section: type[Parameters], known: Mapping[str, Any], prefix: str
) -> Iterator[ParameterInfo]:
    for name, entry in entries(section).items():
        inner, path = entry.shape.section, prefix + name
        if inner is None:
            default = known.get(name, entry.default())
            yield info_of(entry, path, default, required=entry.required and name not in known)
        elif entry.shape.kind == "section":
            yield from _rows(inner, known.get(name) or defaults(inner), f"{path}.")
        elif entry.shape.kind == "table":
            for key, value in (known.get(name) or {}).items():
                yield from _rows(inner, value, f"{path}.{key}.")
        else:
            yield from _rows(inner, defaults(inner), f"{path}[].")


def info_of(entry: Entry, path: str, default: object, *, required: bool) -> ParameterInfo:
    """The catalogue's row for a field at a path."""
    shape, declaration = entry.shape, entry.declaration
    kind: str = shape.item or shape.kind
    if kind == "text" and declaration.choices is not None:
        kind = "choice"
    return ParameterInfo(
        path=path,
        type=f"array of {kind}" if shape.kind == "array" else kind,
        unit=declaration.unit,
        low=declaration.low,
        high=declaration.high,
        plausible=declaration.plausible,
        choices=declaration.choices,
        default=default,
        required=required,
        optional=shape.optional,
        description=declaration.description,
        source=declaration.source,
    )


def entry_at(section: type[Parameters], place: Place) -> tuple[Entry, Place] | None:
    """The field at a place and the part of the place that names it; None where there is none.

    A place inside a value, such as an element of an array, gives the field that holds it. The
    place of one entry of a table or list gives that table or list.
    """
    entry = entries(section).get(str(place[0])) if place else None
    if entry is None:
        return None
    steps = 1 if entry.shape.kind == "section" else 2
    if entry.shape.section is None or len(place) <= steps:
        return entry, place[:1] if entry.shape.section is None else place
    found = entry_at(entry.shape.section, place[steps:])
    return None if found is None else (found[0], place[:steps] + found[1])


def info_at(section: type[Parameters], place: Place) -> ParameterInfo | None:
    """The catalogue's row for a place, also in new entries; None where no parameter stands."""
    found = entry_at(section, place)
    if found is None or found[0].shape.section is not None:
        return None
    entry, path = found[0], dotted(found[1])
    row = by_path(section).get(path)
    return row or info_of(entry, path, entry.default(), required=entry.required)
