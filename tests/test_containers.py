"""The container definitions, read where nobody can build them."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCKER = (ROOT / "containers" / "Dockerfile").read_text()
APPTAINER = (ROOT / "containers" / "nomoat.def").read_text()
IGNORED = (ROOT / "containers" / "Dockerfile.dockerignore").read_text().split()
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BOTH = pytest.mark.parametrize("text", [DOCKER, APPTAINER], ids=["docker", "apptainer"])


def bases(text: str) -> list[str]:
    """Images that a definition starts from."""
    return re.findall(r"^From:? +(\S+)", text, re.MULTILINE | re.IGNORECASE)


@BOTH
def test_the_base_is_one_exact_version_of_python_on_one_release(text: str) -> None:
    (base,) = {*bases(text), *bases(DOCKER), *bases(APPTAINER)}
    found = re.fullmatch(r"python:(\d+)\.(\d+)\.\d+-slim-[a-z]+", base)
    assert found is not None
    oldest = re.fullmatch(r">=(\d+)\.(\d+)", PROJECT["requires-python"])
    assert oldest is not None
    assert (int(found[1]), int(found[2])) >= (int(oldest[1]), int(oldest[2]))


@BOTH
def test_what_is_installed_is_pinned_and_the_same(text: str) -> None:
    pinned = re.findall(r"pip install .*", text)
    assert len(pinned) == 1
    assert re.search(r" uv==\d+\.\d+\.\d+$", pinned[0])
    assert pinned[0] in DOCKER
    assert pinned[0] in APPTAINER
    sync = re.sub(r"\\\n\s*", "", text)
    (line,) = re.findall(r"uv sync .*", sync)
    assert line in re.sub(r"\\\n\s*", "", DOCKER)
    assert set(re.findall(r"--extra (\w+)", line)) <= set(PROJECT["optional-dependencies"])
    assert not re.search(r"curl|wget|ADD |:latest|--break-system-packages|sudo", text)


def test_nothing_runs_as_root() -> None:
    last = DOCKER.rpartition("FROM ")[2]
    user = re.search(r"^USER (\w+)$", last, re.MULTILINE)
    assert user is not None
    assert user[1] != "root"
    assert last.index("USER") < last.index("ENTRYPOINT")
    assert f"useradd --create-home --uid 1000 {user[1]}" in last


def test_only_what_is_needed_goes_in() -> None:
    assert {".git", ".venv", "outputs"} <= set(IGNORED)
    copied = re.findall(r"^    (\S+) /source/(\S+)$", APPTAINER, re.MULTILINE)
    assert all(name == target and (ROOT / name).exists() for name, target in copied)
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]
    wheel = packages["build"]["targets"]["wheel"]["packages"]
    assert {*wheel, "pyproject.toml", PROJECT["readme"]} <= {name for name, _ in copied}


@BOTH
def test_the_command_is_what_starts(text: str) -> None:
    assert re.search(r'ENTRYPOINT \["nomoat"\]|exec nomoat "\$@"', text)
    assert "PATH=/opt/nomoat/bin:$PATH" in text
