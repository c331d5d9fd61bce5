"""What a sweep varies: parameters by path, and named alternatives of several settings at once."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from sim.catalogue import ParameterInfo, entry_at, info_at, plain, shown
from sim.loading import NO_VALUE
from sim.refusals import ScenarioError, unknown_parameter
from sim.scenario import Scenario
from sim.written import is_number, spot

Role = Literal["uncertainty", "lever"]
Value = float | int | bool | str | None
Floats = NDArray[np.float64]
NUMBERS: Final = ("number", "integer")
FIELDS: Final = ("low", "high", "log", "levels", "values", "options")
LEVELS: Final = 3
"""Levels that a grid takes of a range unless the file says otherwise."""


class ExperimentError(ScenarioError):
    """An experiment that cannot be run as written; the text is one sentence with the fix."""


@dataclass(frozen=True)
class Factor:
    """One thing that differs between runs: a range of numbers, or a list of values.

    name: dotted path of a parameter, or a name of its own where `options` says what it stands for.
    low, high: bounds of a range, inclusive; `log` draws it evenly in its logarithm.
    values: the values of a list, in their order; None for a range.
    options: for each value, settings by path, or the name of a scenario that replaces the base.
    reference: the value of the base scenario (of options: the first), where contrasts begin.
    """

    name: str
    role: Role
    reference: Value
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    integer: bool = False
    levels: int = LEVELS
    values: tuple[Value, ...] | None = None
    options: Mapping[str, Mapping[str, Any] | str] | None = None

    def along(self, positions: Floats) -> list[Value]:
        """Values at positions from 0 to 1: along a range, or in equal parts of a list."""
        if self.values is not None:
            last = len(self.values) - 1
            places = np.minimum((positions * len(self.values)).astype(np.int64), last)
            return [self.values[place] for place in places.tolist()]
        if self.integer:
            span = self.high - self.low + 1.0
            numbers = np.minimum(self.low + np.floor(positions * span), self.high)
            return [int(number) for number in numbers.tolist()]
        if self.log:
            # Not numpy's: its logarithms may differ in the last bit between processors.
            start, span = math.log(self.low), math.log(self.high) - math.log(self.low)
            inside = [math.exp(start + position * span) for position in positions.tolist()]
            return [min(max(number, self.low), self.high) for number in inside]
        within = self.low + positions * (self.high - self.low)
        evenly: list[Value] = within.clip(self.low, self.high).tolist()
        return evenly

    def grid(self, levels: int | None = None) -> tuple[Value, ...]:
        """The values a grid takes: all of a list, evenly spaced ones of a range, ends included."""
        if self.values is not None:
            return self.values
        count = levels or self.levels
        if count == 1:
            return (self.reference,)
        inner = replace(self, integer=False).along(np.arange(1, count - 1) / (count - 1))
        even = [self.low, *(float(value or 0.0) for value in inner), self.high]
        return tuple(dict.fromkeys(round(v) if self.integer else v for v in even))

    def described(self) -> dict[str, Any]:
        """What the factor is, for the manifest and the identity of a sweep."""
        facts: dict[str, Any] = {"name": self.name, "role": self.role, "reference": self.reference}
        if self.options is not None:
            return facts | {"options": {k: plain(v) for k, v in self.options.items()}}
        if self.values is not None:
            return facts | {"values": list(self.values)}
        return facts | {
            "low": self.low, "high": self.high, "log": self.log, "integer": self.integer,
            "levels": self.levels,
        }  # fmt: skip

    @classmethod
    def from_described(cls, facts: Mapping[str, Any]) -> "Factor":
        """The factor that `described` told of."""
        names = tuple(facts["options"]) if "options" in facts else facts.get("values")
        plain = {name: value for name, value in facts.items() if name not in ("values", "options")}
        return cls(
            **plain, values=None if names is None else tuple(names), options=facts.get("options")
        )


def factors_of(tree: Mapping[str, Any], role: Role, scenario: Scenario, label: str) -> list[Factor]:
    """The factors of one section of an experiment file, in its order."""
    section = "uncertainties" if role == "uncertainty" else "levers"
    return [
        factor_of(path, spec, role, scenario, f"{place_of(label, section, path)}: {path}")
        for path, spec in flattened(tree, f"{label}: {section}").items()
    ]


def place_of(label: str, section: str, path: str) -> str:
    """The label with the line of a path, whether its key is quoted whole or in parts."""
    whole = spot(label, section, path)
    parts = spot(label, section, *path.split("."))
    return whole if whole != spot(label, section) else parts


def flattened(tree: Mapping[str, Any], label: str) -> dict[str, Any]:
    """Entries by dotted path, whether keys were quoted whole or written as nested tables."""
    found: dict[str, Any] = {}

    def descend(part: Mapping[str, Any], prefix: str) -> None:
        for key, value in part.items():
            path = f"{prefix}{key}"
            if is_section(value) and info_at(Scenario, tuple(path.split("."))) is None:
                descend(value, f"{path}.")
            elif path in found:
                raise ExperimentError(f"{label}: {path} is given twice; keep one")
            else:
                found[path] = value

    descend(tree, "")
    return found


def is_section(value: Any) -> bool:
    """Whether an entry holds others, instead of saying what a parameter takes."""
    if not isinstance(value, Mapping) or not value or "options" in value:
        return False
    return not set(value) <= set(FIELDS) or any(isinstance(v, Mapping) for v in value.values())


def factor_of(path: str, spec: Any, role: Role, scenario: Scenario, where: str) -> Factor:
    """The factor that one entry declares.

    spec: `[a, b, c]` for a list of values; `{low, high}` for a range, with `log` and `levels`;
    `{}` for the parameter's plausible range or all its words; `{options = {...}}` for settings.
    """
    if isinstance(spec, list):
        spec = {"values": spec}
    if not isinstance(spec, Mapping):
        raise ExperimentError(
            f"{where} must be a list of values, or {{low = .., high = ..}}, not {shown(spec)}"
        )
    if unknown := sorted(set(spec) - set(FIELDS)):
        raise ExperimentError(f"{where} has {shown(unknown[0])}; fields are {', '.join(FIELDS)}")
    if "options" in spec:
        return with_options(path, spec, role, where)
    info = info_of_path(path, where)
    reference = value_at(scenario, path)
    if "values" in spec:
        if extra := sorted(set(spec) - {"values"}):
            raise ExperimentError(f"{where} has both values and {extra[0]}; keep one")
        return listed(path, spec["values"], role, info, reference, where)
    if info.type in ("choice", "switch") and not spec:
        words = [True, False] if info.type == "switch" else list(info.choices or ())
        return listed(path, words, role, info, reference, where)
    return ranged(path, spec, role, info, reference, where)


def with_options(path: str, spec: Mapping[str, Any], role: Role, where: str) -> Factor:
    """A factor whose values stand for whole sets of settings."""
    if set(spec) != {"options"} or not isinstance(spec["options"], Mapping):
        raise ExperimentError(f"{where} has options, so nothing else: a table by name")
    if info_at(Scenario, tuple(path.split("."))) is not None:
        raise ExperimentError(f"{where} is a parameter; give options a name of their own")
    options: dict[str, Mapping[str, Any] | str] = {}
    for name, settings in spec["options"].items():
        if isinstance(settings, str):
            options[name] = settings
        elif isinstance(settings, Mapping):
            options[name] = settings_of(settings, f"{where}.{name}")
            if fixed := [path for path in ("months", "seed") if path in options[name]]:
                raise ExperimentError(f"{where}.{name}: {fixed[0]} is set for the whole sweep")
        else:
            raise ExperimentError(
                f"{where}.{name} must be settings by path or a scenario's name, "
                f"not {shown(settings)}"
            )
    if len(options) < 2:
        raise ExperimentError(f"{where} needs two options or more")
    return Factor(path, role, next(iter(options)), values=tuple(options), options=options)


def settings_of(tree: Mapping[str, Any], label: str) -> dict[str, Any]:
    """Overrides by dotted path; a whole list, such as `events`, is one of them."""
    found: dict[str, Any] = {}

    def descend(part: Mapping[str, Any], prefix: str) -> None:
        for key, value in part.items():
            if isinstance(value, Mapping) and not value:
                raise ExperimentError(f"{label}: {prefix}{key} is a table in which nothing stands")
            if isinstance(value, Mapping):
                descend(value, f"{prefix}{key}.")
            elif f"{prefix}{key}" in found:
                raise ExperimentError(f"{label}: {prefix}{key} is given twice; keep one")
            else:
                found[f"{prefix}{key}"] = typed_setting(f"{prefix}{key}", value, label)

    descend(tree, "")
    return found


def typed_setting(path: str, value: Any, label: str) -> Any:
    """A setting of a file as it is; ExperimentError for text where the parameter takes none.

    On the command line all values are text and are read by the type of the parameter; in a file
    they have types of their own.
    """
    if not isinstance(value, str):
        return value
    found = entry_at(Scenario, tuple(path.split(".")))
    if found is None:
        return value
    shape = found[0].shape
    if shape.kind != "text" and not (shape.optional and value == NO_VALUE):
        info = info_at(Scenario, tuple(path.split(".")))
        raise ExperimentError(
            f"{label}: {info or repr(path)} does not take text in quotes: {shown(value)}"
        )
    return value


def info_of_path(path: str, where: str) -> ParameterInfo:
    """The declaration of a parameter that holds one value.

    Raises ScenarioError with the nearest names for a path that is none.
    """
    place = tuple(path.split("."))
    info = info_at(Scenario, place)
    if info is None:
        raise unknown_parameter(Scenario, Scenario, place, None, where.partition(":")[0])
    if info.type.startswith("array") or "[" in path:
        raise ExperimentError(f"{where} is a list; sweep it by options that set it whole")
    if path in ("seed", "months", "name", "summary"):
        raise ExperimentError(f"{where} is set for the whole sweep, by `{path}` of the experiment")
    return info


def listed(
    path: str, values: Any, role: Role, info: ParameterInfo, reference: Value, where: str
) -> Factor:
    """A factor with a list of values, each checked against the declaration."""
    if not isinstance(values, Sequence) or isinstance(values, str) or not values:
        raise ExperimentError(f"{where} needs a list of values, not {shown(values)}")
    typed = tuple(typed_value(value, info, where) for value in values)
    if len(set(map(repr, typed))) < len(typed):
        raise ExperimentError(f"{where} repeats a value; give each once")
    return Factor(path, role, reference, values=typed)


def ranged(
    path: str, spec: Mapping[str, Any], role: Role, info: ParameterInfo, reference: Value,
    where: str,
) -> Factor:  # fmt: skip
    """A factor with a range, the plausible one unless bounds are given."""
    if info.type not in NUMBERS:
        raise ExperimentError(f"{where} takes words, not a range; give a list of values")
    low, high = bounds_of(spec, info, where)
    log, levels = spec.get("log", False), spec.get("levels", LEVELS)
    if not isinstance(log, bool):
        raise ExperimentError(f"{where}: log must be true or false, not {shown(log)}")
    if log and (low <= 0 or info.type == "integer"):
        raise ExperimentError(f"{where}: a log scale needs a number with low above 0")
    if not isinstance(levels, int) or isinstance(levels, bool) or not 1 <= levels <= 10_000:
        raise ExperimentError(f"{where}: levels must be a whole number from 1, not {shown(levels)}")
    if levels == 1 and reference is None:
        raise ExperimentError(f"{where}: one level is the base's value, and the base has none")
    return Factor(
        path, role, reference, float(low), float(high), log, info.type == "integer", levels
    )


def bounds_of(spec: Mapping[str, Any], info: ParameterInfo, where: str) -> tuple[float, float]:
    """Low and high of a range, checked against the declaration."""
    given = [name for name in ("low", "high") if name in spec]
    if len(given) == 1:
        raise ExperimentError(f"{where} needs both low and high, or neither for its own range")
    if given:
        low, high = (typed_value(spec[name], info, f"{where}.{name}") for name in given)
    elif info.plausible is not None:
        low, high = info.plausible
    else:
        raise ExperimentError(f"{where} has no plausible range of its own; give low and high")
    if low is None or high is None:
        raise ExperimentError(f"{where}: the bounds of a range are numbers; {info}")
    assert isinstance(low, (int, float))
    assert isinstance(high, (int, float))
    if not low < high:
        raise ExperimentError(f"{where}: low {low:g} must lie below high {high:g}")
    return low, high


def typed_value(value: Any, info: ParameterInfo, where: str) -> Value:
    """A value as the parameter takes it: a float for numbers, a word among the choices."""
    if info.optional and (value is None or value == "none"):
        return None
    fits = {
        "number": is_number(value),
        "integer": is_number(value) and isinstance(value, int),
        "switch": isinstance(value, bool),
    }.get(info.type, isinstance(value, str))
    if fits and info.type in NUMBERS:
        fits = info.low is not None and info.high is not None and info.low <= value <= info.high
    if fits and info.choices is not None:
        fits = value in info.choices
    if not fits:
        raise ExperimentError(f"{where}: {info} does not take {shown(value)}")
    return float(value) if info.type == "number" else value


def is_file(path: Path) -> bool:
    """Whether a path is a file; one that the system does not take is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def value_at(scenario: Scenario, path: str) -> Value:
    """The value at a dotted path of a scenario; None where there is none."""
    tree: Any = scenario
    for part in path.split("."):
        tree = tree.get(part) if isinstance(tree, Mapping) else getattr(tree, part, None)
    return tree if isinstance(tree, (float, int, bool, str)) else None
