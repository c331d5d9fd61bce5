"""Version pins: every package, exactly, without addresses; the block is rewritten in place."""

import re
import runpy
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "pyproject.toml").read_text("utf-8")
PROJECT: dict[str, Any] = tomllib.loads(TEXT)
REFRESH: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "refresh_pins.py"))


def name(requirement: str) -> str:
    """The package a requirement is about."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return found[0].lower()


def test_every_pin_is_one_exact_version() -> None:
    pins = PROJECT["tool"]["uv"]["constraint-dependencies"]
    assert len(pins) > 40
    for pin in pins + PROJECT["tool"]["uv"]["build-constraint-dependencies"]:
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; .+)?", pin)


def test_everything_required_is_pinned() -> None:
    tool = PROJECT["tool"]["uv"]
    groups = PROJECT["dependency-groups"].values()
    extras = PROJECT["project"].get("optional-dependencies", {}).values()
    wanted = [*chain(PROJECT["project"]["dependencies"], *groups, *extras)]
    assert {name(w) for w in wanted} <= {name(pin) for pin in tool["constraint-dependencies"]}
    built = {name(pin) for pin in tool["build-constraint-dependencies"]}
    assert {name(w) for w in PROJECT["build-system"]["requires"]} <= built


def test_only_the_block_is_rewritten() -> None:
    block = REFRESH["block"](["a==1"], ["b==2"])
    changed = REFRESH["replaced"](TEXT, block)
    tool = tomllib.loads(changed)["tool"]["uv"]
    assert tool["constraint-dependencies"] == ["a==1"]
    assert tool["build-constraint-dependencies"] == ["b==2"]
    assert REFRESH["without"](changed) == REFRESH["without"](TEXT)
    with pytest.raises(SystemExit, match="pins: begin"):
        REFRESH["replaced"]("[tool.uv]\n", block)


def test_a_package_with_several_versions_keeps_its_markers() -> None:
    listing = "b==2 ; python_version < '3.13'\nb==3 ; python_version >= '3.13'\nA==1 ; os_name\n"
    assert REFRESH["pins"](listing) == [
        "A==1",
        "b==2 ; python_version < '3.13'",
        "b==3 ; python_version >= '3.13'",
    ]


def test_differences_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    now = REFRESH["replaced"](TEXT, REFRESH["block"](["a==1"], []))
    assert REFRESH["report"](now, REFRESH["block"](["a==1"], [])) == 0
    assert REFRESH["report"](now, REFRESH["block"](["a==2"], [])) == 1
    assert capsys.readouterr().err.splitlines() == ['pinned "a==1",', 'used   "a==2",']
