"""Scenarios from presets, files and overrides; their identity and their text.

Values are merged in this order: defaults of the classes and data files, the files a scenario
extends, the file itself, the overrides. Everything wrong ends in a `ScenarioError`.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import tomli_w
from pydantic import ValidationError

from agents.common.parameter import ENTRY_NAME, Entry, Parameters, entries
from sim.catalogue import (
    ParameterInfo,
    Place,
    catalogue,
    default_class,
    defaults,
    dotted,
    entry_at,
    plain,
    shown,
)
from sim.naming import plain_name
from sim.refusals import (
    OVERRIDE,
    Origins,
    ScenarioError,
    bad_entry_name,
    not_a_section,
    not_a_value,
    refused,
    unknown_parameter,
)
from sim.scenario_files import BARE, Layer, layers, presets
from sim.toml_lines import TooMuchError
from sim.written import MalformedError, spot, tree_of

if TYPE_CHECKING:
    from sim.scenario import Scenario

__all__ = [
    "ParameterInfo",
    "ScenarioError",
    "assignment",
    "canonical",
    "catalogue",
    "load",
    "presets",
    "run_id",
    "to_toml",
]

NO_VALUE = "none"
"""How a file or the command line writes the absent value of an optional parameter."""

LONGEST_NAME = 64
"""Characters of a name made of a file's."""

_LABELS = frozenset({"name", "summary"})
_NOT_IDENTITY = _LABELS | {"seed"}


@overload
def load(
    source: str | Path | None = None,
    overrides: Mapping[str, object] | None = None,
    *,
    scenario_class: None = None,
) -> "Scenario": ...


@overload
def load[P: Parameters](
    source: str | Path | None = None,
    overrides: Mapping[str, object] | None = None,
    *,
    scenario_class: type[P],
) -> P: ...


def load(
    source: str | Path | None = None,
    overrides: Mapping[str, object] | None = None,
    *,
    scenario_class: type[Parameters] | None = None,
) -> Parameters:
    """A validated scenario.

    source: a preset's name, or the path of a .toml file (whatever ends in .toml or has a
    separator); None for the defaults. A file may say `extends = "baseline"`; it then inherits
    all but name and summary, and its name is its stem where it gives none.
    overrides: values by dotted path; text is read as a TOML value, except for text parameters.
    Raises ScenarioError.
    """
    root = scenario_class or default_class()
    files, bare = ([], False) if source is None else layers(source)
    tree = _without_entries(root) if bare else defaults(root)
    origins: Origins = {(): files[-1].label if files else OVERRIDE}
    merge = _Merge(root, origins)
    for layer in files:
        merge.into(tree, _labelled(layer, files[-1], root), layer.label)
    for path, value in (overrides or {}).items():
        merge.into(tree, _branch(root, path, value), OVERRIDE)
    _sort_new_entries(root, tree)
    try:
        return root.model_validate(tree)
    except ValidationError as error:
        raise refused(root, error, origins) from None


def _without_entries(root: type[Parameters]) -> dict[str, Any]:
    tree = defaults(root)
    for name, entry in entries(root).items():
        if entry.shape.kind == "table":
            tree[name] = {}
    return tree


def _labelled(layer: Layer, last: Layer, root: type[Parameters]) -> dict[str, Any]:
    """A layer's values: name and summary count only in the file that was asked for."""
    if layer is not last:
        return {key: value for key, value in layer.tree.items() if key not in _LABELS}
    if "name" in layer.tree or "name" not in entries(root):
        return layer.tree
    return {"name": plain_name(layer.stem, LONGEST_NAME, "scenario"), **layer.tree}


class _Merge:
    """Merging of layers into a tree along the classes of the sections."""

    def __init__(self, root: type[Parameters], origins: Origins) -> None:
        self.root = root
        self.origins = origins

    def into(self, tree: dict[str, Any], layer: Mapping[str, Any], label: str) -> None:
        """Merge one layer field by field, noting where each value came from."""
        self._section(self.root, tree, layer, (), label)

    def _section(
        self,
        section: type[Parameters],
        tree: dict[str, Any],
        layer: Mapping[str, Any],
        place: Place,
        label: str,
    ) -> None:
        known = entries(section)
        for key, value in layer.items():
            here = (*place, key)
            entry = known.get(key)
            if entry is None:
                raise unknown_parameter(self.root, section, here, value, spot(label, *here))
            if entry.shape.section is None or _is_absent(entry, value):
                if isinstance(value, Mapping):
                    raise not_a_value(entry, here, value, spot(label, *here))
                tree[key] = None if _is_absent(entry, value) else _python_value(value)
                self._note(here, label)
            elif entry.shape.kind == "list":
                tree[key] = self._list(entry, value, here, label)
            else:
                tree[key] = self._nested(entry, tree.get(key) or {}, value, here, label)

    def _nested(
        self, entry: Entry, tree: dict[str, Any], value: object, place: Place, label: str
    ) -> dict[str, Any]:
        """A section, or the table of sections, with one layer's values merged in."""
        assert entry.shape.section is not None
        if not isinstance(value, Mapping):
            raise not_a_section(entry, place, value, spot(label, *place))
        if entry.shape.kind == "section":
            self._section(entry.shape.section, tree, value, place, label)
            return tree
        for name, fields in value.items():
            here = (*place, name)
            if not ENTRY_NAME.fullmatch(str(name)):
                raise bad_entry_name(here, spot(label, *here))
            if not isinstance(fields, Mapping):
                raise not_a_section(entry, here, fields, spot(label, *here))
            self._note(here, label)
            self._section(entry.shape.section, tree.setdefault(name, {}), fields, here, label)
        return tree

    def _list(self, entry: Entry, value: object, place: Place, label: str) -> list[dict[str, Any]]:
        assert entry.shape.section is not None
        if not isinstance(value, (list, tuple)):
            raise not_a_section(entry, place, value, spot(label, *place))
        items: list[dict[str, Any]] = []
        for number, fields in enumerate(value):
            here = (*place, number)
            if not isinstance(fields, Mapping):
                raise not_a_section(entry, here, fields, spot(label, *here))
            self._note(here, label)
            items.append({})
            self._section(entry.shape.section, items[-1], fields, here, label)
        return items

    def _note(self, place: Place, label: str) -> None:
        """Note where a value came from, the latest last."""
        self.origins.pop(place, None)
        self.origins[place] = label


def _is_absent(entry: Entry, value: object) -> bool:
    """Whether an optional parameter is given no value."""
    is_none = value is None or (isinstance(value, str) and value == NO_VALUE)
    return entry.shape.optional and is_none


def _python_value(value: object) -> object:
    """A value of numpy's as Python's own, others as they are."""
    convert = getattr(value, "tolist", None)
    return convert() if callable(convert) else value


def _branch(root: type[Parameters], path: str, value: object) -> dict[str, Any]:
    """A tree holding one override."""
    place = tuple(str(path).split("."))
    if isinstance(value, str):
        found = entry_at(root, place)
        value = _from_text(value, found[0] if found else None)
    for part in reversed(place):
        value = {part: value}
    assert isinstance(value, dict)
    return value


def _from_text(text: str, entry: Entry | None) -> object:
    """Text read as a TOML value; as it stands for text parameters and where it is no value.

    Raises ScenarioError for text beyond the limits of files.
    """
    is_text = entry is not None and entry.shape.kind == "text"
    if is_text and text[:1] not in ("'", '"'):
        return text
    try:
        tree = tree_of(f"value = {text}")
    except MalformedError:
        return text
    except TooMuchError as error:
        raise ScenarioError(f"{OVERRIDE}: {error}") from None
    value = tree["value"] if list(tree) == ["value"] else text
    return text if is_text and not isinstance(value, str) else value


def _sort_new_entries(root: type[Parameters], tree: dict[str, Any]) -> None:
    """Put entries in an order that does not depend on how the scenario was written.

    Entries of the data files keep their order; others follow by name.
    """
    known = defaults(root)
    for name, entry in entries(root).items():
        if entry.shape.kind == "table" and name in tree:
            order = list(known.get(name, {}))
            first = [key for key in order if key in tree[name]]
            rest = sorted(str(key) for key in tree[name] if key not in order)
            tree[name] = {key: tree[name][key] for key in first + rest}


def assignment(text: str) -> tuple[str, str]:
    """Path and value of `enterprise.population=5000` as the command line gives them.

    Raises ScenarioError where the text is no assignment.
    """
    path, sign, value = text.partition("=")
    if not sign or not path.strip() or not value.strip():
        raise ScenarioError(
            f"{OVERRIDE}: {shown(text)} is no setting; write name=value, "
            "such as enterprise.population=5000"
        )
    return path.strip(), value.strip()


def canonical(scenario: Parameters) -> tuple[str, ...]:
    """The lines `path=repr(value)` that identify a scenario, sorted.

    Name, summary and seed are left out. However a scenario was written, equal ones give equal
    lines: numbers of float fields are floats, and -0.0 is 0.0.
    """
    tree = {key: value for key, value in plain(scenario).items() if key not in _NOT_IDENTITY}
    return tuple(sorted(f"{dotted(place)}={value}" for place, value in _leaves(tree, ())))


def _leaves(value: object, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*place, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _leaves(item, (*place, number))
    else:
        yield place, spelling(value)


def spelling(value: object) -> str:
    """How a value stands in the lines of `canonical`."""
    if isinstance(value, tuple):
        return f"({', '.join(spelling(item) for item in value)})"
    return repr(float(value) + 0.0) if isinstance(value, float) else repr(value)


def run_id(scenario: Parameters, seed: int, model_version: str) -> str:
    """The 16 hexadecimal digits that name a run: of the scenario, the seed and the code."""
    lines = (*canonical(scenario), f"seed={seed}", f"model_version={model_version}")
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()


def to_toml(scenario: Parameters) -> str:
    """The scenario in full as a scenario file; `load` of it returns an equal scenario."""
    return tomli_w.dumps({"extends": BARE, **_written(plain(scenario))})


def _written(value: object) -> Any:
    if isinstance(value, dict):
        return {key: _written(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_written(item) for item in value]
    return NO_VALUE if value is None else value
