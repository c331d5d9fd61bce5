"""Scenario files as they lie on disk: presets, paths, `extends`, and reading TOML with care."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any

from sim.catalogue import shown
from sim.refusals import ScenarioError
from sim.written import Label, read_toml, spot

BARE = "none"
"""`extends = "none"`: start without the default entries of the dictionary sections."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One file's part of a scenario: its label in messages, its stem, and its values."""

    label: Label
    stem: str
    tree: dict[str, Any]


def preset_folder() -> Path:
    """Where the presets lie."""
    return Path(str(resources.files("sim").joinpath("scenarios")))


def preset_names() -> list[str]:
    """Names of the presets, the baseline first."""
    names = sorted(path.stem for path in preset_folder().glob("*.toml"))
    return sorted(names, key=lambda name: name != "baseline")


def presets() -> dict[str, str]:
    """Each preset's name and its summary of one line."""
    folder = preset_folder()
    trees = {name: parse(folder / f"{name}.toml") for name in preset_names()}
    return {name: str(tree.get("summary", "")) for name, tree in trees.items()}


def layers(source: str | Path) -> tuple[list[Layer], bool]:
    """The file a source names and those it extends, the outermost parent first.

    Also whether that parent starts without default entries (`extends = "none"`).
    Raises ScenarioError where a file is missing, unreadable or extended in a circle.
    """
    found: dict[Path, Layer] = {}
    label, path = Label(""), _locate(source, None, "")
    while True:
        key = path.resolve()
        if key in found:
            circle = " -> ".join([*(layer.label for layer in found.values()), path.name])
            raise ScenarioError(f"{label}: 'extends' runs in a circle: {circle}")
        tree, label, _ = read_toml(path, ScenarioError)
        found[key] = Layer(label, path.stem, tree)
        parent = tree.pop("extends", None)
        if parent is None or parent == BARE:
            return list(found.values())[::-1], parent == BARE
        if not isinstance(parent, str):
            raise ScenarioError(
                f"{spot(label, 'extends')}: 'extends' must be a preset or a path in quotes, "
                f"not {shown(parent)}"
            )
        path = _locate(parent, path.parent, f"{spot(label, 'extends')}: extends: ")


def _locate(source: str | Path, folder: Path | None, prefix: str) -> Path:
    """The path a source stands for: a file, relative to the folder, or a preset."""
    if isinstance(source, Path) or source.endswith(".toml") or re.search(r"[/\\]", source):
        path = (folder or Path()) / source
        _check_is_file(path, prefix)
        return path
    names = preset_names()
    if source in names:
        return preset_folder() / f"{source}.toml"
    close = get_close_matches(source, names, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    known = f"presets are {', '.join(names) or 'none'}"
    raise ScenarioError(
        f"{prefix}no preset {shown(source)}; {hint}({known}; a file is named with its '.toml')"
    )


def _check_is_file(path: Path, prefix: str) -> None:
    label = f"{prefix}{shown(str(path), longest=200)}"
    try:
        if path.is_dir():
            raise ScenarioError(f"{label} is a directory; name a .toml file{_nearby(path, '')}")
        if path.is_file():
            return
        exists = path.exists()
    except OSError as error:
        raise ScenarioError(f"{label} cannot be read: {error.strerror}") from None
    if exists:
        raise ScenarioError(f"{label} is not a regular file; name a .toml file")
    if not path.parent.is_dir():
        raise ScenarioError(
            f"{label} does not exist, nor does its folder {shown(str(path.parent), longest=200)}; "
            "name a .toml file or a preset"
        )
    raise ScenarioError(f"{label} does not exist{_nearby(path.parent, path.name)}")


def _nearby(folder: Path, name: str) -> str:
    """A hint naming the scenario files of a folder, the closest one alone where one is close."""
    try:
        files = sorted(path.name for path in folder.glob("*.toml") if path.name != name)
    except OSError:
        files = []
    close = get_close_matches(name, files, n=1)
    if close:
        return f"; did you mean {shown(close[0])}?"
    if not files:
        return f"; no .toml file is there, presets are {', '.join(preset_names()) or 'none'}"
    return f"; .toml files there: {', '.join(shown(file) for file in files[:8])}"


def parse(path: Path) -> dict[str, Any]:
    """The values of one scenario file.

    Raises ScenarioError naming the file, and line and column where the text is at fault.
    """
    return read_toml(path, ScenarioError)[0]
