"""The report in Chromium: light, dark, narrow and printed, with nothing asked for and no error."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browsing
import pytest
from browsing import Tab
from stored_results import HOSTILE, entry, game, ledger, store, validation
from typer.testing import CliRunner

from app.main import app
from experiments.ensemble.folder import EnsembleFolder

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, built: EnsembleFolder) -> Path:
    """A report with every part, one claim of it hostile."""
    browsing.needs_browser()
    folder = tmp_path_factory.mktemp("report")
    claims = [*ledger()["claims"], entry("evil", statement=HOSTILE)]
    places = store(folder, ledger=ledger(*claims), validation=validation(), game=game())
    out = folder / "report.html"
    call = ["report", *map(str, places.values()), str(built.path), "-o", str(out)]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser without network."""
    browsing.needs_browser()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=browsing.CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


def opened(chromium: Any, report: Path, scheme: str, width: int = 1200) -> Tab:
    """The report in a tab."""
    context = chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    context.set_offline(True)
    tab = Tab(context.new_page())
    tab.watch()
    tab.page.goto(report.as_uri())
    return tab


def colour(tab: Tab, selector: str, name: str) -> str:
    """A computed colour."""
    script = "([s, n]) => getComputedStyle(document.querySelector(s))[n]"
    return str(tab.page.evaluate(script, [selector, name]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report_opens_without_error(chromium: Any, report: Path, scheme: str) -> None:
    tab = opened(chromium, report, scheme)
    assert tab.page.locator("details").count() == 6
    tab.page.locator("summary").first.click()
    tab.page.get_by_text("What was measured").first.wait_for(state="visible")
    assert tab.page.evaluate("window.hurt") is None
    assert tab.requests == [report.as_uri()]
    assert tab.errors == []
    # The policy lets the style sheet in: without it the page would have no width.
    assert tab.page.locator("main").bounding_box()["width"] == 1020
    paper = {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 26, 33)"}
    ink = {"light": "rgb(34, 42, 53)", "dark": "rgb(232, 236, 242)"}
    assert colour(tab, "main", "backgroundColor") == paper[scheme]
    assert colour(tab, "svg text.f222A35", "fill") == ink[scheme]
    tab.page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_report_is_accessible(chromium: Any, report: Path, scheme: str) -> None:
    from axe_playwright_python import sync_playwright as axe

    context = chromium.new_context(
        color_scheme=scheme, viewport={"width": 1200, "height": 900}, bypass_csp=True
    )
    page = context.new_page()
    page.goto(report.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    found = axe.Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:120]) for v in found] == []
    context.close()


def test_report_fits_a_narrow_screen(chromium: Any, report: Path) -> None:
    tab = opened(chromium, report, "light", width=390)
    assert tab.page.evaluate("document.documentElement.scrollWidth") == 390
    tab.page.context.close()


def test_print_shows_what_is_folded(chromium: Any, report: Path) -> None:
    tab = opened(chromium, report, "dark", width=690)
    tab.page.emulate_media(media="print")
    assert tab.page.get_by_text("What was measured").first.bounding_box()["height"] > 0
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 690
    assert colour(tab, "body", "color") == "rgb(34, 42, 53)"
    assert tab.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    tab.page.context.close()


def test_what_validate_keeps_is_what_it_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small = ["--seeds", "2", "--no-forecast", "--set", "enterprise.population=100", "--jobs", "1"]
    call = ["validate", *small, "--json", "--out", "validation.json"]
    done = CliRunner().invoke(app, call)
    kept = json.loads(Path("validation.json").read_text("utf-8"))
    assert kept["worlds"] == json.loads(done.stdout)
    assert (kept["seeds"], kept["overrides"]) == (2, ["enterprise.population=100"])
    assert CliRunner().invoke(app, ["report", "validation.json"]).exit_code == 0
    world = kept["worlds"]["baseline"]
    text = Path("report.html").read_text("utf-8")
    assert f"{world['in_band']} of {world['checks']} lie in the band" in text
    assert "with enterprise.population=100" in text
    lost = CliRunner().invoke(app, [*call[:-1], "nowhere/validation.json"])
    assert "there is no folder nowhere" in lost.stderr
