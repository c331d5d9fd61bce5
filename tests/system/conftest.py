"""A server of the page and Chromium, for the tests that look at it; nothing starts for others."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browsing
import pytest
from browsing import Open, Tab

SMALL = ("--set", "enterprise.population=120", "--set", "months=30")
SWEEP = """
question = "Does it matter whether Meta's models are open?"
scenario = "baseline"
months = 14
replicates = 2
market = ["share_tokens_open", "gap_logits"]
[settings]
"enterprise.population" = 40
[levers]
"vendors.meta.strategy" = ["open", "closed"]
[uncertainties]
"choice.risk_weight" = { low = 0.03, high = 0.35 }
[outcomes]
open_share = { column = "share_tokens_open", reduce = "mean", last = 2 }
[design]
kind = "lhs"
points = 3
"""
HOSTILE = """
name = "<img src=x onerror=window.hurt=1>"
[enterprise]
population = 60
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the server, with a stored run and a sweep."""
    browsing.needs_browser()
    directory = tmp_path_factory.mktemp("ui")
    command = [sys.executable, "-c", "from app.main import main; main()", "run", "price-war",
               "--enterprises", "100", "--months", "20", "--quiet", "--no-figure"]  # fmt: skip
    subprocess.run(command, cwd=directory, check=True, env={**_environment()})
    (directory / "small.toml").write_text(SWEEP)
    (directory / "hostile.toml").write_text(HOSTILE)
    command = [*command[:3], "sweep", "run", "small.toml", "--quiet", "--jobs", "1"]
    subprocess.run(command, cwd=directory, check=True, env={**_environment()})
    return directory


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(browsing.ROOT)}


@pytest.fixture(scope="module")
def assets() -> None:
    """The browser files on this machine."""
    browsing.needs_browser()
    from app.browser.assets import assets_folder, build, missing

    folder = assets_folder()
    assert folder is not None
    if missing(folder):
        build(folder)


@pytest.fixture(scope="module")
def address(place: Path, assets: None) -> Iterator[str]:  # noqa: ARG001
    """Where a server of ours is, with its token."""
    with browsing.served(place, *SMALL) as found:
        yield found


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[Any]:  # noqa: ARG001
    """Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=browsing.CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def tab(browser: Any, address: str) -> Iterator[Open]:
    """Open the page, in a session of its own unless another tab is given."""
    contexts = []

    def open_(
        query: str = "", width: int = 1280, height: int = 720, theme: str = "light",
        wait: str = "ready",
    ) -> Tab:  # fmt: skip
        context = browser.new_context(
            viewport={"width": width, "height": height}, accept_downloads=True, color_scheme=theme
        )
        contexts.append(context)
        found = Tab(context.new_page())
        found.watch()
        found.page.goto(address)
        if query:
            found.page.goto(f"{address.partition('?')[0]}?{query}")
        if wait:
            found.wait_for(wait)
        return found

    yield open_
    for context in contexts:
        context.close()
