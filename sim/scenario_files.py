"""Scenario files as they lie on disk: presets, paths, `extends`, and reading TOML with care."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any

from agents.common.parameter import ENTRY_NAME
from sim.catalogue import shown
from sim.refusals import ScenarioError

LARGEST_FILE = 1_000_000
"""Bytes allowed in a scenario file."""

BARE = "none"
"""`extends = "none"`: start without the default entries of the dictionary sections."""

_DEEPEST_KEY = 100


@dataclass(frozen=True, slots=True)
class Layer:
    """One file's part of a scenario: its label in messages, its stem, and its values."""

    label: str
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
    label, path = "", _locate(source, None, "")
    while True:
        key = path.resolve()
        if key in found:
            circle = " -> ".join([*(layer.label for layer in found.values()), path.name])
            raise ScenarioError(f"{label}: 'extends' runs in a circle: {circle}")
        tree = parse(path)
        label = path.name
        found[key] = Layer(label, path.stem, tree)
        parent = tree.pop("extends", None)
        if parent is None or parent == BARE:
            return list(found.values())[::-1], parent == BARE
        if not isinstance(parent, str):
            raise ScenarioError(
                f"{label}: 'extends' must be a preset or a path in quotes, not {shown(parent)}"
            )
        path = _locate(parent, path.parent, f"{label}: extends: ")


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
    text = _read_text(path)
    for number, line in enumerate(text.splitlines(), 1):
        key = line.partition("=")[0]
        if key.count(".") > _DEEPEST_KEY and "," not in key:
            raise ScenarioError(f"{path.name}: the key in line {number} is nested too deep")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path.name}: {_syntax_error(text, str(error))}") from None
    except RecursionError:
        raise ScenarioError(f"{path.name}: arrays or tables are nested too deep") from None
    except ValueError as error:
        raise ScenarioError(f"{path.name}: a value cannot be read: {error}") from None


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ScenarioError(f"{path.name}: cannot be read: {error.strerror}") from None
    if len(content) > LARGEST_FILE:
        raise ScenarioError(
            f"{path.name}: the file is larger than {LARGEST_FILE // 1_000_000} MB; "
            "a scenario holds only the values it changes"
        )
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise ScenarioError(
            f"{path.name}: has a NUL byte in line {line}; save it as plain text in UTF-8"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ScenarioError(
            f"{path.name}: is not UTF-8 text (byte 0x{content[error.start]:02x} in line {line}); "
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
