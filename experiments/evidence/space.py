"""The space a calibration searches: parameters by path, with bounds and a reason for each."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Any

from experiments.evidence.loss import CalibrationError
from sim.catalogue import ParameterInfo, catalogue, info_at, plain, shown
from sim.scenario import Scenario
from sim.written import LONGEST_NAME, Fields, Label, is_number, read_toml, spot

DEFAULT_SPACE = "space.toml"
FIELDS = ("path", "low", "high", "log", "why")
NUMBERS = ("number", "integer")
POPULATION = "enterprise.population"
NOT_CALIBRATED = frozenset({"seed", "months", POPULATION})
"""Numbers that say how a world is run, not what it is like."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One parameter of the space: its bounds, whether it is searched on a log scale, and why."""

    path: str
    low: float
    high: float
    log: bool = False
    integer: bool = False
    why: str = ""

    def position(self, value: float) -> float:
        """Where a value lies between the bounds on the scale of the search: 0 to 1."""
        low, high = self.on_scale(self.low), self.on_scale(self.high)
        return (self.on_scale(value) - low) / (high - low)

    def value(self, position: float) -> float:
        """The value at a position; not rounded for whole numbers."""
        low, high = self.on_scale(self.low), self.on_scale(self.high)
        place = low + position * (high - low)
        return math.exp(place) if self.log else place

    def on_scale(self, value: float) -> float:
        """A value on the scale of the search."""
        return math.log(value) if self.log else value


def build_space(over: str | None, file: Path | None, scenario: Scenario) -> tuple[Axis, ...]:
    """The axes asked for, in the order of their declaration.

    over: paths or patterns (`choice.*`) with commas between; without it, all of the file.
    file: own bounds; without it, the list that comes with the program.
    Bounds that the file does not give are the plausible range of the catalogue.
    Raises CalibrationError, and ScenarioError where the file cannot be read.
    """
    place = file or Path(str(resources.files("experiments.evidence") / DEFAULT_SPACE))
    declared, file_label = read_entries(place)
    wanted = declared if over is None else chosen(over, declared)
    label = file_label if over is None else "--over"
    lines = {path: spot(label, "parameter", number) for number, path in enumerate(declared)}
    return tuple(axis_of(path, wanted[path], scenario, lines.get(path, label)) for path in wanted)


def read_entries(file: Path) -> tuple[dict[str, dict[str, Any]], Label]:
    """The [[parameter]] tables of a file by path, and what refusals call the file."""
    tree, label, _ = read_toml(file, CalibrationError)
    found = tree.get("parameter")
    if set(tree) != {"parameter"} or not isinstance(found, list) or not found:
        raise CalibrationError(f"{file.name}: a space is a list of [[parameter]] tables")
    entries: dict[str, dict[str, Any]] = {}
    for number, entry in enumerate(found):
        fields = Fields.of(entry, CalibrationError, label, ("parameter", number), FIELDS)
        path = fields.text("path")
        refuse_malformed(fields, path)
        if path in entries:
            raise fields.wrong("path", f"{shown(path)} is given twice; keep one")
        entries[path] = entry
    return entries, label


def refuse_malformed(fields: Fields, path: str) -> None:
    """Raise CalibrationError unless an entry has fields of the right types."""
    if ("low" in fields.tree) != ("high" in fields.tree):
        raise fields.wrong("path", f"{shown(path)} needs both low and high, or neither")
    for name in ("low", "high"):
        if name in fields.tree:
            fields.number(name)
    fields.flag("log")
    fields.text("why", "")


def chosen(over: str, declared: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Entries for the paths and patterns of `--over`, bounds from the file where it has them."""
    rows = {row.path: row for row in catalogue() if searchable(row)}
    found: dict[str, dict[str, Any]] = {}
    for pattern in filter(None, map(str.strip, over.split(","))):
        if not any(sign in pattern for sign in "*?["):
            found.setdefault(pattern, declared.get(pattern, {"path": pattern}))
            continue
        fitting = [p for p in {**declared, **with_range(rows)} if fnmatchcase(p, pattern)]
        if not fitting:
            raise CalibrationError(
                f"--over: no parameter with a plausible range fits {shown(pattern)}; "
                "`nomoat params` lists all"
            )
        found |= {p: declared.get(p, {"path": p}) for p in fitting if p not in found}
    if not found:
        raise CalibrationError("--over names no parameter")
    return found


def with_range(rows: Mapping[str, ParameterInfo]) -> dict[str, ParameterInfo]:
    """The rows of the catalogue that have a plausible range."""
    return {path: row for path, row in rows.items() if row.plausible is not None}


def searchable(row: ParameterInfo) -> bool:
    """Whether a parameter is one number that says what a world is like."""
    return row.type in NUMBERS and row.path not in NOT_CALIBRATED and "[]" not in row.path


def axis_of(path: str, entry: Mapping[str, Any], scenario: Scenario, label: str) -> Axis:
    """The axis of one entry, checked against the declaration of its parameter."""
    row = info_at(Scenario, tuple(path.split(".")))
    if row is None or not searchable(row) or value_at(scenario, path) is None:
        raise CalibrationError(f"{label}: {shown(path)} {not_a_number(path, row)}")
    bounds = (entry["low"], entry["high"]) if "low" in entry else row.plausible
    if bounds is None:
        raise CalibrationError(
            f"{label}: {path} has no plausible range; give low and high in a file for --space"
        )
    low, high = bounds
    if not low < high:
        raise CalibrationError(f"{label}: {path}: low {low:g} must lie below high {high:g}")
    if row.low is None or row.high is None or low < row.low or high > row.high:
        raise CalibrationError(f"{label}: {row} does not take all of {low:g} to {high:g}")
    log, integer = entry.get("log", False), row.type == "integer"
    if log and low <= 0:
        raise CalibrationError(f"{label}: {path}: a log scale needs low above 0, not {low:g}")
    if integer and not (float(low).is_integer() and float(high).is_integer()):
        raise CalibrationError(f"{label}: {path} is a whole number and so are its bounds")
    return Axis(path, float(low), float(high), log, integer, entry.get("why", ""))


def not_a_number(path: str, row: ParameterInfo | None) -> str:
    """Why a path is no axis, with the nearest that are."""
    if row is not None:
        return "is not a number that a calibration may change"
    close = get_close_matches(
        path[:LONGEST_NAME], [r.path for r in catalogue() if searchable(r)], n=1
    )
    return "is no parameter" + (f"; did you mean {close[0]}?" if close else "")


def value_at(scenario: Scenario, path: str) -> float | None:
    """The number at a dotted path of a scenario; None where there is none."""
    tree: Any = plain(scenario)
    for part in path.split("."):
        tree = tree.get(part) if isinstance(tree, dict) else None
    return float(tree) if is_number(tree) else None


def starting_point(
    axes: Iterable[Axis], scenario: Scenario
) -> tuple[dict[str, float], dict[str, float]]:
    """The scenario's present values moved into the bounds, and those that had to be moved."""
    inside, moved = {}, {}
    for axis in axes:
        value = value_at(scenario, axis.path)
        assert value is not None
        inside[axis.path] = min(max(value, axis.low), axis.high)
        if inside[axis.path] != value:
            moved[axis.path] = value
    return inside, moved


def typed(axes: Sequence[Axis], values: Mapping[str, float]) -> dict[str, float | int]:
    """Values as a scenario takes them: whole numbers for axes of integers."""
    whole = {axis.path for axis in axes if axis.integer}
    return {path: round(value) if path in whole else value for path, value in values.items()}
