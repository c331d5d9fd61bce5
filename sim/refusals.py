"""What is wrong with a scenario, in one sentence that teaches the fix."""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher, get_close_matches
from typing import Any

from pydantic import ValidationError

from agents.common.parameter import Entry, Parameters, entries
from sim.catalogue import (
    ParameterInfo,
    Place,
    by_path,
    dotted,
    entry_at,
    info_at,
    info_of,
    nearest,
    shown,
)
from sim.written import spot

OVERRIDE = "override"
"""Label of values given on the command line or in Python, where a file's name would stand."""

_EXPECTED = {
    "number": "a number",
    "integer": "a whole number",
    "switch": "true or false",
    "text": "text in quotes",
    "choice": "one of its words in quotes",
}
_CLOSE = 0.6
_LONGEST_PATH = 200
"""Characters of a path that are compared with names: the time taken grows with their square."""


class ScenarioError(ValueError):
    """A scenario that cannot be used; its text is one sentence for the person who wrote it."""

    def __init__(self, sentence: str) -> None:
        line = " ".join(sentence.split())
        super().__init__("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line))


type Origins = dict[Place, str]
"""Which file gave the value at a place."""


def unknown_parameter(
    root: type[Parameters], section: type[Parameters], place: Place, value: object, label: str
) -> ScenarioError:
    """The refusal of a name that is no parameter, with the nearest that are."""
    while isinstance(value, Mapping) and value and len(place) < 8:
        key = next(iter(value))
        place, value = (*place, str(key)), value[key]
    path = shown(dotted(place), longest=120)
    return ScenarioError(f"{label}: no parameter {path}; {_suggestion(root, section, place)}")


def _suggestion(root: type[Parameters], section: type[Parameters], place: Place) -> str:
    depth = next((n for n in range(len(place), 0, -1) if entry_at(root, place[:n])), 0)
    nearest = _nearest(root, dotted(place))
    same_name = nearest is not None and nearest.path.rpartition(".")[2] == place[-1]
    if not same_name and len(place) == depth + 1 and (sibling := _sibling(root, section, place)):
        return f"did you mean {sibling}?"
    if nearest is not None:
        return f"did you mean {nearest}?"
    names = list(entries(section))
    more = ", ..." if len(names) > 12 else ""
    where = f"'{dotted(place[:depth])}'" if depth else "a scenario"
    return f"the names in {where} are {', '.join(names[:12])}{more}"


def _sibling(root: type[Parameters], section: type[Parameters], place: Place) -> str | None:
    """The field of the same section whose name is close to the last part of the place."""
    close = get_close_matches(str(place[-1]), list(entries(section)), n=1, cutoff=_CLOSE)
    if not close:
        return None
    near = (*place[:-1], close[0])
    return str(info_at(root, near) or f"'{dotted(near)}' (a section of parameters)")


def _nearest(root: type[Parameters], path: str) -> ParameterInfo | None:
    """The row of the catalogue closest to a path, by the whole path or by the last name."""
    path = path[-_LONGEST_PATH:]
    leaf = path.rpartition(".")[2]

    def closeness(row: ParameterInfo) -> float:
        whole = SequenceMatcher(None, row.path, path).ratio()
        last = SequenceMatcher(None, row.path.rpartition(".")[2], leaf).ratio()
        return max(whole, 0.8 * last + 0.2 * whole)

    best = max(by_path(root).values(), key=closeness, default=None)
    return best if best is not None and closeness(best) >= _CLOSE else None


def not_a_value(entry: Entry, place: Place, value: object, label: str) -> ScenarioError:
    """The refusal of a table where one value stands."""
    row = info_of(entry, dotted(place), entry.default(), required=entry.required)
    return ScenarioError(f"{label}: {row} takes one value, not {shown(value)}")


def not_a_section(entry: Entry, place: Place, value: object, label: str) -> ScenarioError:
    """The refusal of one value where a section, a table of sections or a list of them stands."""
    inner = next(iter(entries(entry.shape.section))) if entry.shape.section else "name"
    path = dotted(place)
    if entry.shape.kind == "list":
        fix = f"a list of sections, given whole as [[{path}]]"
    elif len(place) > 1 or entry.shape.kind == "section":
        fix = f"a section of parameters; set one of them, such as '{path}.{inner}'"
    else:
        fix = f"a table of sections; set a parameter of one, such as '{path}.NAME.{inner}'"
    return ScenarioError(f"{label}: '{path}' is {fix}, not {shown(value)}")


def bad_entry_name(place: Place, label: str) -> ScenarioError:
    """The refusal of a key that cannot be part of a dotted path."""
    return ScenarioError(
        f"{label}: {shown(str(place[-1]))} cannot name an entry of '{dotted(place[:-1])}'; "
        "use up to 64 letters, digits, '-' and '_'"
    )


def refused(root: type[Parameters], error: ValidationError, origins: Origins) -> ScenarioError:
    """The sentence for the first of pydantic's findings, and how many more there are."""
    findings = error.errors(include_url=False)
    first = findings[0]
    place: Place = tuple(part for part in first["loc"] if part != "[key]")
    if first["type"] in ("value_error", "assertion_error"):
        sentence = _contradiction(root, place, first, origins)
    else:
        sentence = _finding(root, place, first, origins)
    more = len(findings) - 1
    return ScenarioError(sentence + (f" (and {more} more to mend)" if more else ""))


def _contradiction(
    root: type[Parameters], place: Place, finding: Mapping[str, Any], origins: Origins
) -> str:
    """A rule across parameters that a validator states, with the facts of the one it names."""
    reason = re.sub(r"^(Value|Assertion) error,\s*", "", str(finding["msg"]))
    words = re.findall(r"[\w-]+(?:\.[\w-]+)*", reason)
    rows = [by_path(root)[word] for word in words if word in by_path(root)]
    places: list[Place] = [tuple(word.split(".")) for word in words]
    about = next((name for name in places if _given(name, origins)), place)
    where = f"'{dotted(place)}': " if place and not rows else ""
    facts = f"; {rows[0]}" if rows else ""
    return f"{_label(about, origins)}: {where}{reason}{facts}"


def _finding(
    root: type[Parameters], place: Place, finding: Mapping[str, Any], origins: Origins
) -> str:
    label, row = _label(place, origins), info_at(root, place)
    reason = (finding.get("ctx") or {}).get("reason")
    if row is None:
        message = reason or str(finding["msg"])[:1].lower() + str(finding["msg"])[1:]
        return f"{label}: '{dotted(place)}': {message}"
    if finding["type"] == "missing":
        return f"{label}: {row} must be given{_new_entry(root, place)}"
    given = finding["input"]
    if finding["type"] == "unknown_choice" or finding["type"] == "literal_error":
        return f"{label}: {row} must be one of its words, not {shown(given)}{_word(row, given)}"
    if finding["type"] == "out_of_range":
        return f"{label}: {row} is out of range: {shown(given)}"
    if given == "":
        return f"{label}: {row} must not be empty"
    return f"{label}: {row} {reason or 'must be ' + _expected(row, given)}, not {shown(given)}"


def _expected(row: ParameterInfo, given: object) -> str:
    if isinstance(given, float) and (given != given or abs(given) == float("inf")):
        return "a finite number"
    kind = row.type.removeprefix("array of ")
    if kind == row.type:
        return _EXPECTED[kind]
    return f"an array, each element {_EXPECTED[kind]}"


def _word(row: ParameterInfo, given: object) -> str:
    return nearest(given, row.choices or ())


def _new_entry(root: type[Parameters], place: Place) -> str:
    """A hint that a new entry of a table may be an old one misspelt."""
    if len(place) < 3:
        return ""
    prefix, name = dotted(place[:-2]), str(place[-2])
    starts = [path for path in by_path(root) if path.startswith(f"{prefix}.")]
    known = list(dict.fromkeys(path[len(prefix) + 1 :].split(".")[0] for path in starts))
    if not known or name in known or isinstance(place[-2], int):
        return ""
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean '{prefix}.{close[0]}'?" if close else f"known are {', '.join(known[:12])}"
    return f", as '{prefix}.{name}' is new; {hint}"


def _label(place: Place, origins: Origins) -> str:
    """The file, and the line, that gave the value at a place, inside it or around it; else the
    scenario's own."""
    for length in range(len(place), 0, -1):
        if inside := _given(place[:length], origins):
            return spot(inside[-1], *place)
    return spot(origins.get((), OVERRIDE), *place)


def _given(place: Place, origins: Origins) -> list[str]:
    """The labels of all that gave a value at a place or inside it, the last one last."""
    return [label for key, label in origins.items() if key[: len(place)] == place]
