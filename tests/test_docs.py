"""The pages and the README say what the code does today."""

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from agents.common.compiled import cpu_level

ROOT = Path(__file__).resolve().parents[1]
TEXTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
REFRESH: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "refresh_docs.py"))
stale: Callable[[Path], list[str]] = REFRESH["stale"]


def readme_blocks(language: str) -> list[str]:
    """The README's code blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)


def test_generated_pages_are_current() -> None:
    assert stale(ROOT / "docs") == [], "run: uv run scripts/refresh_docs.py"


def test_a_stale_or_missing_page_is_noticed(tmp_path: Path) -> None:
    for name, page in REFRESH["PAGES"].items():
        (tmp_path / name).write_text(page(), "utf-8")
    assert stale(tmp_path) == []
    page = tmp_path / "results.md"
    page.write_text(page.read_text("utf-8").replace("`adoption`", "`adoptoin`"), "utf-8")
    (tmp_path / "events.md").unlink()
    assert stale(tmp_path) == ["results.md", "events.md"]


def test_every_event_kind_is_explained_with_its_range() -> None:
    page = REFRESH["events"]()
    for kind in REFRESH["EVENT_KINDS"].values():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{kind.word}` |"))
        assert kind.meaning in row
        assert kind.size is None or kind.is_change or kind.size.span in row


def test_a_stale_table_of_the_odd_is_noticed(tmp_path: Path) -> None:
    for name, page in REFRESH["PAGES"].items():
        (tmp_path / name).write_text(page(), "utf-8")
    page = tmp_path / "odd.md"
    for old, new in (("`run_enterprises`", "`enterprises`"), ("| `theta` |", "| `beta` |")):
        text = page.read_text("utf-8")
        assert old in text
        page.write_text(text.replace(old, new, 1), "utf-8")
        assert stale(tmp_path) == ["odd.md"]
        page.write_text(text, "utf-8")
    assert stale(tmp_path) == []


def test_odd_without_a_table_is_refused(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "odd.md").read_text("utf-8")
    (tmp_path / "odd.md").write_text(page.replace("<!-- table: schedule -->", ""), "utf-8")
    odd_page = REFRESH["odd_page"]
    before = odd_page.__globals__["DOCS"]
    odd_page.__globals__["DOCS"] = tmp_path
    try:
        with pytest.raises(ValueError, match="schedule"):
            odd_page()
    finally:
        odd_page.__globals__["DOCS"] = before


@pytest.mark.parametrize("name", REFRESH["ODD_TABLES"])
def test_every_row_of_an_odd_table_is_explained(name: str) -> None:
    headings, rows = REFRESH["ODD_TABLES"][name]()
    assert rows
    for heading in set(headings) & {"meaning", "what happens", "what it is about"}:
        unexplained = [row for row in rows if not row[headings.index(heading)]]
        assert unexplained == []


def test_odd_names_parameters_that_exist() -> None:
    from sim.catalogue import catalogue

    known = {info.path for info in catalogue()}
    known |= {re.sub(r"^(\w+)\.[^.]+\.", r"\1.<id>.", path) for path in known}
    sections = {path.partition(".")[0] for path in known}
    named = re.findall(r"`([a-z]+\.[a-z_<>.]+)[` ]", (ROOT / "docs/odd.md").read_text("utf-8"))
    assert len(named) > 100
    unknown = {name for name in named if name.partition(".")[0] in sections} - known
    assert unknown == set()


def test_every_recorded_kind_is_explained() -> None:
    from sim import load, run

    result = run(load("baseline", {"enterprise.population": 100, "months": 40}))
    kinds = set(result.tables["event"]["kind"].to_pylist())
    assert {"release", "price", "entry"} <= kinds
    assert kinds <= {row[0] for row in REFRESH["RECORDED"]}


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.name)
def test_links_lead_somewhere(text: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", text.read_text("utf-8"))
    missing = [link for link in links if "://" not in link and not (text.parent / link).exists()]
    assert missing == []


def test_the_readme_names_commands_and_options_that_exist() -> None:
    from typer.main import get_command

    from app.main import app

    commands: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]
    readme = (ROOT / "README.md").read_text("utf-8")
    assert set(re.findall(r"`nomoat (\w+)", readme)) == set(commands)
    for line in re.findall(r"uv run nomoat (.+)", "\n".join(readme_blocks("sh"))):
        words = line.split()
        command = commands[words[0]]
        if inner := getattr(command, "commands", None):
            command = inner[words[1]]
        options = {word for option in command.params for word in option.opts}
        assert set(re.findall(r"--[a-z]+", line)) <= options


def test_the_scenario_of_the_readme_is_valid(tmp_path: Path) -> None:
    from sim import load

    file = tmp_path / "my-world.toml"
    file.write_text(readme_blocks("toml")[0])
    assert [event.kind for event in load(file).events] == ["strategy-switch"]


@pytest.mark.system
@pytest.mark.skipif(cpu_level() != "x86-64-v3", reason="shown as on a processor of that level")
def test_the_readme_shows_what_its_command_prints(tmp_path: Path) -> None:
    """All but the seconds; if it fails: bash scripts/refresh_readme.sh."""
    done = subprocess.run(
        [Path(sys.executable).with_name("nomoat"), "run"], cwd=tmp_path, text=True,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}, capture_output=True, check=True,
    )  # fmt: skip
    shown = next(block for block in readme_blocks("console") if "uv run nomoat run\n" in block)
    printed = [line.rstrip() for line in done.stdout.splitlines()]
    assert shown.splitlines()[1:-1] == printed[:-1]
    assert "simulated in" in shown.splitlines()[-1]


@pytest.mark.system
@pytest.mark.skipif(cpu_level() != "x86-64-v3", reason="shown as on a processor of that level")
def test_pages_show_what_commands_print() -> None:
    """If it fails: uv run scripts/refresh_excerpts.py."""
    excerpts = runpy.run_path(str(ROOT / "scripts" / "refresh_excerpts.py"))
    for name, page in excerpts["pages"]().items():
        assert (ROOT / "docs" / name).read_text("utf-8") == page, name


def test_the_sweep_of_the_documentation_is_valid(tmp_path: Path) -> None:
    from experiments.sweeps.experiment import read
    from experiments.sweeps.plan import plan

    page = (ROOT / "docs" / "sweeps.md").read_text("utf-8")
    file = tmp_path / "my-sweep.toml"
    file.write_text(re.findall(r"```toml\n(.*?)```", page, re.S)[0])
    experiment = read(file)
    assert plan(experiment, "version").num_rows == 64 * 6 * 5


@pytest.mark.system
def test_the_python_examples_of_the_readme_run(tmp_path: Path) -> None:
    for number, block in enumerate(readme_blocks("python")):
        imported = re.findall(r"^import (\w+)", block, re.MULTILINE)
        if any(find_spec(name) is None for name in imported):
            continue  # readers that the README says how to install; .ci/run has them
        example = tmp_path / f"example{number}.py"
        example.write_text(block)
        done = subprocess.run(
            [sys.executable, example], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout
