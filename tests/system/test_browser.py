"""The page in Chromium, offline: tabs, controls, comparing, replay, downloads, errors, sessions."""

import os
import time
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import browsing
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from browsing import Open, Tab

from app.browser.assets import assets_folder

pytestmark = pytest.mark.system
QUERY = "set=enterprise.population%3D120&set=months%3D30"


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
    asked = {urlsplit(url).path.partition("/_solara/cdn/")[2] for url in page.requests}
    folder = assets_folder()
    assert folder is not None
    missing = [path for path in asked - {""} if not (folder / path).exists()]
    assert missing == []


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
    field = page.parameter("risk weight", "share of value, 0 to 5", others=2)
    page.enter(field, "0.4")
    page.wait_for("before 2023-01")
    page.page.wait_for_url("**choice.risk_weight%3D0.4**")
    again = tab(settings_in(page))
    assert "choice.risk_weight%3D0.4" in settings_in(again)
    assert again.page.get_by_text("● choice.risk_weight").count() == 1


def test_what_is_typed_while_it_plays_stays(tab: Open) -> None:
    page = tab("set=enterprise.population%3D120&set=months%3D180")
    field = page.parameter("risk weight", "share of value, 0 to 5", others=2)
    page.button("Play").click()
    page.wait_for("running")
    field.click()
    field.press_sequentially("0.41", delay=500)
    assert "running" in page.status()
    assert field.input_value() == "0.41"
    field.press("Enter")
    page.wait_for("before 2023-01")
    page.page.wait_for_url("**choice.risk_weight%3D0.41**")
    pace = page.page.get_by_label("months a frame", exact=False)
    page.enter(pace, "99")
    page.page.get_by_text("take 1 to 24").wait_for()
    page.enter(pace, "3")
    page.page.wait_for_url("**pace=3**")
    assert page.errors == []


def test_an_impossible_value_is_said_and_the_last_view_stays(tab: Open) -> None:
    page = tab()
    page.button("Step").click()
    page.wait_for("2023-01 of")
    page.drawn()
    field = page.parameter("risk weight", "share of value, 0 to 5", others=2)
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
    page.button("Meta becomes closed").click()
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
    run = next((place / "outputs").glob("price-war-*")).name.rpartition("-")[2]
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
    for name in ("market.csv", "market.parquet", "scenario.toml", "summary.png"):
        with page.page.expect_download() as download:
            page.button(name).click()
        download.value.save_as(tmp_path / name)
    assert pyarrow.csv.read_csv(tmp_path / "market.csv").num_rows == 1
    assert pq.read_table(tmp_path / "market.parquet").num_rows == 1
    assert (tmp_path / "summary.png").read_bytes().startswith(b"\x89PNG")
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


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (820, 1180)])
def test_every_tab_fits_a_desk_and_a_tablet(tab: Open, width: int, height: int) -> None:
    page = tab(width=width, height=height)
    page.button("Step").click()
    page.wait_for("2023-01 of")
    for name in ("Market", "Map", "Vendors", "Segments", "Events", "Compare", "Export"):
        page.tab(name)
        page.settled()
        overflow = page.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, name
    assert page.errors == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(tab: Open, theme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()

    def look(name: str) -> None:
        page.settled()
        for found in axe.run(page.page).response["violations"]:
            if found["impact"] in ("serious", "critical"):
                serious.append((name, found["id"], found["nodes"][0]["html"][:200]))

    serious: list[tuple[str, str, str]] = []
    page = tab(f"{QUERY}&set=choice.theta%3D6&versus=all-open", theme=theme)
    look("start")
    page.button("To the end").click()
    page.wait_for("at its end")
    every = ("Market", "Map", "Vendors", "Segments", "Events", "Compare", "Export")
    for name in every if theme == "light" else every[:3]:
        page.tab(name)
        if name == "Map":
            page.enter(page.page.get_by_label("firm (or click a dot)"), "1")
            page.page.get_by_text("what counts").first.wait_for()
        look(name)
    page.page.goto(page.page.url.partition("?")[0] + "?sweep=small")
    page.page.get_by_text("runs chosen").wait_for()
    look("sweep")
    assert serious == []


def test_the_keyboard_is_enough(tab: Open) -> None:
    page = tab()
    page.button("Step").focus()
    page.page.keyboard.press("Enter")
    page.wait_for("2023-01 of")
    page.page.get_by_role("tab", name="Vendors").focus()
    page.page.keyboard.press("Enter")
    page.page.get_by_text("of spend").first.wait_for()
    versus = page.page.get_by_label("scenario", exact=True)
    versus.focus()
    page.page.keyboard.type("price-war")
    page.wait_for("price-war")
    page.page.locator("summary", has_text="choice.theta").focus()
    page.page.keyboard.press("Enter")
    page.page.locator("details[open]", has_text="Source:").wait_for()
    assert page.errors == []


def test_it_tells_why_a_firm_chose(tab: Open) -> None:
    page = tab(f"{QUERY}&tab=1&pace=24")
    page.button("Step").click()
    page.wait_for("2024-12")
    page.settled()
    canvas = page.page.locator(".solara-echarts canvas").first
    box = canvas.bounding_box()
    for place in range(400):  # over the area of the chart, until a dot is hit
        x = box["width"] * (0.35 + 0.35 * (place * 0.618 % 1))
        y = box["height"] * (0.3 + 0.5 * (place * 0.414 % 1))
        canvas.click(position={"x": x, "y": y})
        if page.page.get_by_text("percent of the value at stake").count():
            break
    page.page.get_by_text("percent of the value at stake").wait_for()
    users = page.page.get_by_text("Mtok a month of")
    users.first.wait_for()
    page.enter(page.page.get_by_label("firm (or click a dot)"), "99999")
    page.page.get_by_text("There is no firm 99999").wait_for()
    assert page.errors == []


def test_a_sweep_is_searched_and_a_run_of_it_opened(tab: Open) -> None:
    page = tab()
    page.choose("look at a stored sweep", "small")
    page.page.get_by_text("12 of 12 runs chosen").wait_for()
    page.drawn()
    page.choose("vendors.meta.strategy", "closed")
    page.page.get_by_text("6 of 12 runs chosen").wait_for()
    page.page.get_by_role("button", name="Open").first.click()
    page.page.get_by_text("month: 2024-02").wait_for()
    page.drawn()
    again = tab(settings_in(page), wait="")
    again.page.get_by_text("month: 2024-02").wait_for()
    page.button("Back to the sweep").click()
    page.page.get_by_text("runs chosen").wait_for()
    page.button("Back to simulating").click()
    page.wait_for("before 2023-01")
    again.page.goto(page.page.url.partition("?")[0] + "?sweep=..%2F..%2Fetc&run=0123456789abcdef")
    again.page.get_by_text("no run 0123456789abcdef").wait_for()
    assert page.errors == []


def test_a_link_to_a_huge_market_asks_first(tab: Open) -> None:
    page = tab(f"{QUERY}&set=enterprise.population%3D60000", wait="")
    page.page.get_by_text("This address asks for 60,000 enterprises").wait_for()
    assert page.page.locator("[role=status]").count() == 0
    page.button("Simulate 60,000 enterprises").click()
    page.wait_for("ready")


def test_names_are_shown_and_not_run(place: Path, assets: None, browser: Any) -> None:  # noqa: ARG001
    with browsing.served(place, "hostile.toml") as address:
        context = browser.new_context()
        page = Tab(context.new_page())
        page.watch()
        page.page.goto(address)
        page.wait_for("<img src=x onerror=window.hurt=1>")
        page.button("Step").click()
        page.wait_for("2023-01 of")
        page.tab("Export")
        page.settled()
        assert page.page.evaluate("window.hurt") is None
        assert page.errors == []
        context.close()


@pytest.mark.parametrize("seconds", [15, pytest.param(60, marks=pytest.mark.soak)])
def test_play_ends_exactly_where_it_is_paused(tab: Open, seconds: int) -> None:
    page = tab("set=enterprise.population%3D120&set=months%3D420")
    page.button("Play").click()
    page.wait_for("running")
    page.page.wait_for_timeout(1000 * seconds)
    page.button("Pause").click()
    page.wait_for("paused")
    stands = page.status()
    page.page.wait_for_timeout(2000)
    assert page.status() == stands
    page.button("Step").click()
    page.page.wait_for_function(
        "s => document.querySelector('[role=status]').innerText !== s", arg=stands
    )
    assert months_of(page.status()) == months_of(stands) + 1
    assert months_of(stands) > seconds // 2
    assert page.errors == []


def months_of(status: str) -> int:
    """Months since 2023-01 in what a page says."""
    year, month = status.split(" · ")[2].split(" of ")[0].split("-")
    return 12 * (int(year) - 2023) + int(month)


def test_a_closed_tab_stops_its_market(place: Path, assets: None, browser: Any) -> None:  # noqa: ARG001
    pids: list[int] = []
    arguments = ("--set", "enterprise.population=20000", "--set", "months=420")
    quick = {"SOLARA_KERNEL_CULL_TIMEOUT": "2s"}
    with browsing.served(place, *arguments, pids=pids, **quick) as address:
        context = browser.new_context()
        page = Tab(context.new_page())
        page.page.goto(address)
        page.wait_for("ready")
        page.button("Play").click()
        page.wait_for("2023-06 of")
        context.close()
        limit = time.monotonic() + 40
        while busy(pids[0]) > 0.05:
            assert time.monotonic() < limit


def busy(pid: int) -> float:
    """Share of a second that a process computed in."""

    def used() -> int:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = used()
    time.sleep(1.0)
    return (used() - before) / os.sysconf("SC_CLK_TCK")


def test_strangers_are_refused(address: str, browser: Any) -> None:
    plain = address.partition("?")[0]
    context = browser.new_context()
    assert context.request.get(plain).status == 403
    assert context.request.get(f"{plain}?token=guess").status == 403
    assert context.request.get(address, headers={"Host": "evil.example"}).status == 403
    assert context.request.get(address, headers={"Origin": "http://evil.example"}).status == 403
    assert context.request.get(address).status == 200
    context.close()


def test_mesas_own_page_steps_plays_and_resets(assets: None, browser: Any, tmp_path: Path) -> None:  # noqa: ARG001
    with browsing.mesa_page(tmp_path) as address:
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        page = Tab(context.new_page())
        page.watch()
        page.page.goto(address)
        page.button("Step").wait_for(timeout=60_000)
        page.button("Step").click()
        page.drawn()
        page.page.get_by_text("Time: 1.0").wait_for()
        page.button("▶").click()
        page.page.wait_for_timeout(2000)
        page.button("❚❚").click()
        page.page.wait_for_timeout(1000)
        slider = page.page.get_by_role("slider").nth(2)
        assert slider.get_attribute("aria-valuenow") == "500"
        slider.focus()
        slider.press("ArrowRight")
        page.button("Reset").click()
        page.page.get_by_text("Time: 0.0").wait_for()
        assert slider.get_attribute("aria-valuenow") == "600"
        page.button("Step").click()
        page.drawn()
        assert page.errors == []
        assert {urlsplit(url).hostname for url in page.requests} == {"127.0.0.1"}
        context.close()
