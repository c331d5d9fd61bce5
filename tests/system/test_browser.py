"""The page in Chromium, offline: tabs, controls, comparing, replay, downloads, errors, sessions."""

import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import browsing
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from browsing import Tab

pytestmark = pytest.mark.system
SMALL = ("--set", "enterprise.population=120", "--set", "months=30")
Open = Callable[..., Tab]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the server, with one stored run."""
    browsing.needs_browser()
    directory = tmp_path_factory.mktemp("ui")
    command = [sys.executable, "-c", "from app.main import main; main()", "run", "price-war",
               "--enterprises", "100", "--months", "20", "--quiet", "--no-figure"]  # fmt: skip
    subprocess.run(command, cwd=directory, check=True, env={**_environment()})
    return directory


def _environment() -> dict[str, str]:
    import os

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

    def open_(query: str = "", width: int = 1280, height: int = 720) -> Tab:
        context = browser.new_context(
            viewport={"width": width, "height": height}, accept_downloads=True
        )
        contexts.append(context)
        found = Tab(context.new_page())
        found.watch()
        found.page.goto(address)
        if query:
            found.page.goto(f"{address.partition('?')[0]}?{query}")
        found.wait_for("ready")
        return found

    yield open_
    for context in contexts:
        context.close()


def settings_in(tab: Tab) -> str:
    """The query of the tab's address."""
    return urlsplit(tab.page.url).query


def test_every_tab_draws_and_nothing_leaves_this_machine(tab: Open) -> None:
    page = tab()
    page.button("To the end").click()
    page.wait_for("at its end")
    page.drawn()
    for name, words in (
        ("Map", "Enterprises by what they use"), ("Vendors", "of spend"),
        ("Segments", ""), ("Events", "cause"), ("Compare", "Choose a scenario"),
        ("Export", "market.csv"), ("Market", ""),
    ):  # fmt: skip
        page.tab(name)
        if name in ("Map", "Segments", "Market"):
            page.drawn()
        else:
            page.page.get_by_text(words).first.wait_for()
    assert page.errors == []
    assert {urlsplit(url).hostname for url in page.requests} == {"127.0.0.1"}


def test_step_pause_and_reset_are_exact(tab: Open) -> None:
    page = tab("set=enterprise.population%3D120&set=months%3D30&pace=3")
    page.button("Step").click()
    page.wait_for("2023-03")
    page.button("Step").click()
    page.wait_for("2023-06")
    page.button("Play").click()
    page.wait_for("running")
    page.button("Pause").click()
    page.wait_for("paused")
    stands = page.status()
    page.page.wait_for_timeout(1500)
    assert page.status() == stands
    page.button("Reset").click()
    page.wait_for("before 2023-01")
    assert page.errors == []


def test_a_changed_parameter_begins_anew_and_is_in_the_address(tab: Open) -> None:
    page = tab()
    page.button("Step").click()
    page.wait_for("2023-01 of")
    page.page.get_by_label("search all parameters").fill("risk weight")
    field = page.page.get_by_label("share of value, 0 to 5", exact=False).first
    page.enter(field, "0.4")
    page.wait_for("before 2023-01")
    page.page.wait_for_url("**choice.risk_weight%3D0.4**")
    again = tab(settings_in(page))
    assert "choice.risk_weight%3D0.4" in settings_in(again)
    assert again.page.get_by_text("● choice.risk_weight").count() == 1


def test_an_impossible_value_is_said_and_the_last_view_stays(tab: Open) -> None:
    page = tab()
    page.button("Step").click()
    page.wait_for("2023-01 of")
    page.drawn()
    page.page.get_by_label("search all parameters").fill("risk weight")
    field = page.page.get_by_label("share of value, 0 to 5", exact=False).first
    page.enter(field, "99")
    page.page.get_by_text("choice.risk_weight").first.wait_for()
    page.page.get_by_text("0 to 5", exact=False).first.wait_for()
    assert "2023-01 of" in page.status()
    page.drawn()
    page.enter(field, "")
    page.wait_for("before 2023-01")
    assert page.errors == []


def test_an_event_is_added_and_happens(tab: Open) -> None:
    page = tab()
    page.button("Meta closes").click()
    page.wait_for("1 event added")
    page.button("Step").click()
    page.wait_for("2023-01 of")
    page.tab("Events")
    page.page.get_by_text("strategy-switch").first.wait_for()
    assert page.errors == []


def test_two_markets_run_in_step(tab: Open) -> None:
    page = tab("set=enterprise.population%3D120&set=months%3D30&versus=all-open&tab=5")
    page.button("To the end").click()
    page.wait_for("at its end")
    page.drawn()
    assert page.errors == []


def test_a_stored_run_is_replayed(tab: Open, place: Path) -> None:
    run = next((place / "outputs").iterdir()).name.rpartition("-")[2]
    page = tab()
    page.page.goto(page.page.url.partition("?")[0] + f"?run={run}")
    page.page.get_by_text("month: 2024-08").wait_for()
    page.drawn()
    slider = page.page.get_by_role("slider")
    slider.focus()
    slider.press("Home")
    page.page.get_by_text("month: 2023-01").wait_for()
    assert page.errors == []
    page.page.goto(page.page.url.partition("?")[0] + "?run=0123456789abcdef")
    page.page.get_by_text("no run 0123456789abcdef").wait_for()


def test_downloads_are_what_is_on_show(tab: Open, tmp_path: Path) -> None:
    page = tab()
    page.button("Step").click()
    page.wait_for("2023-01 of")
    page.tab("Export")
    for name in ("market.csv", "market.parquet", "scenario.toml"):
        with page.page.expect_download() as download:
            page.button(name).click()
        download.value.save_as(tmp_path / name)
    assert pyarrow.csv.read_csv(tmp_path / "market.csv").num_rows == 1
    assert pq.read_table(tmp_path / "market.parquet").num_rows == 1
    scenario = tomllib.loads((tmp_path / "scenario.toml").read_text())
    assert scenario["enterprise"]["population"] == 120


def test_two_sessions_do_not_see_each_other(tab: Open) -> None:
    one, other = tab(), tab()
    one.button("Step").click()
    one.wait_for("2023-01 of")
    assert "before 2023-01" in other.status()
    other.button("Step").click()
    other.button("Step").click()
    other.wait_for("2023-02 of")
    assert "2023-01 of" in one.status()


def test_a_tablet_can_use_it(tab: Open) -> None:
    page = tab(width=820, height=1180)
    page.button("Step").click()
    page.wait_for("2023-01 of")
    page.drawn()
    overflow = page.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0


def test_strangers_are_refused(address: str, browser: Any) -> None:
    plain = address.partition("?")[0]
    context = browser.new_context()
    assert context.request.get(plain).status == 403
    assert context.request.get(f"{plain}?token=guess").status == 403
    assert context.request.get(address, headers={"Host": "evil.example"}).status == 403
    assert context.request.get(address, headers={"Origin": "http://evil.example"}).status == 403
    assert context.request.get(address).status == 200
    context.close()
