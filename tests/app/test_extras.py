"""Without extras all but a few commands work, and those name what they need."""

import json
import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from app.shell import EXTRAS

ROOT = Path(__file__).resolve().parents[2]
WITHOUT = """
import json, sys
from importlib.abc import MetaPathFinder
from pathlib import Path

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in PACKAGES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])
        return None

PACKAGES, CALLS = json.loads(sys.argv[1])
sys.meta_path.insert(0, Absent())
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in PACKAGES else find(name)
from typer.testing import CliRunner
from app.main import app
for call in CALLS:
    done = CliRunner().invoke(app, call)
    print(json.dumps([call, done.exit_code, done.output[-600:]]))
"""
READING = [
    ["claims", "list"],
    ["claims", "show", "C05", "--reference"],
    ["report", "--reference", "--out", "report.html"],
    ["ensemble", "show"],
    ["game", "show"],
    ["sweep", "list"],
    ["sweep", "run", "q4-kind", "--dry-run"],
    ["scenarios"],
    ["params", "choice.theta"],
    ["calibrate", "--help"],
]
"""Commands that need no extra, whatever they find."""
NEEDING = {
    "ui": "ui",
    "calibrate": "analysis",
    "calibrate --report nowhere": "analysis",
    "claims run": "analysis",
    "sweep run screening --dry-run": "analysis",
    "sweep run q4-kind --engine dask": "dask",
}
"""Commands by the extra that they name where it is missing."""


def without(packages: list[str], calls: list[list[str]], place: Path) -> list[Any]:
    """Call, exit code and output of commands in a process that cannot import packages."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, json.dumps([packages, calls])], cwd=place, check=False,
        capture_output=True, text=True, env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.system
def test_all_but_a_few_commands_need_no_extra(tmp_path: Path) -> None:
    calls = [*READING, *(call.split() for call in NEEDING)]
    for call, code, output in without(list(EXTRAS), calls, tmp_path):
        extra = NEEDING.get(" ".join(call))
        assert "No module named" not in output, call
        assert "internal error" not in output, call
        named = re.findall(r"uv sync --extra (\w+)", output)
        assert named == ([extra] if extra else []), (call, output)
        assert code == (3 if extra else 0) or call[1:] == ["show"], (call, output)


def test_every_extra_that_commands_name_brings_its_package() -> None:
    declared = [Requirement(text) for text in requires("nomoat") or ()]
    names = {"sklearn": "scikit-learn", "reacton": "ipyvuetify"}
    for package, extra in EXTRAS.items():
        brought = {
            one.name.lower().replace("_", "-")
            for one in declared
            if one.marker and one.marker.evaluate({"extra": extra})
        }
        assert names.get(package, package).lower().replace("_", "-") in brought


COMMAND = re.compile(r"^(?:\$ )?uv run (?P<flags>(?:--(?:extra|group) \w+ )*)(?P<rest>.*)$", re.M)
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))


def needed(command: str) -> str | None:
    """The extra that a documented command needs and the default groups do not bring."""
    if re.match(r"nomoat ui\b|solara\b", command):
        return "ui"
    if "--engine dask" in command:
        return "dask"
    return "mpi" if "--engine mpi" in command else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_documented_commands_name_the_extra_that_they_need(page: Path) -> None:
    for found in COMMAND.finditer(page.read_text("utf-8")):
        extra = needed(found["rest"])
        named = re.findall(r"--extra (\w+)", found["flags"])
        # Workers as jobs of a queue bring Dask with them.
        assert extra is None or extra in [*named, *("dask" for one in named if one == "jobqueue")]
