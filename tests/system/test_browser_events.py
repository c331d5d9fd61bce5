"""Events in the page in Chromium: in the address, after Reset, in the exported scenario."""

import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browsing import Open

pytestmark = pytest.mark.system


def test_an_added_event_is_exported_and_survives_reset(tab: Open, tmp_path: Path) -> None:
    page = tab()
    page.button("Step").click()
    page.wait_for("2023-01 of")
    page.button("Meta becomes closed").click()
    page.wait_for("1 event added")
    page.page.wait_for_url("**event=2023-02,strategy-switch,meta,**")
    assert "2023-01 of" in page.status()
    page.button("Step").click()
    page.wait_for("2023-02 of")
    page.tab("Export")
    with page.page.expect_download() as download:
        page.button("scenario.toml").click()
    download.value.save_as(tmp_path / "scenario.toml")
    (event,) = tomllib.loads((tmp_path / "scenario.toml").read_text())["events"]
    assert (event["month"], event["target"], event["value"]) == ("2023-02", "meta", "closed")
    page.button("Reset").click()
    page.wait_for("before 2023-01")
    page.page.get_by_text("The market was reset; it had come to 2023-02.").wait_for()
    assert "1 event added" in page.status()
    again = tab(urlsplit(page.page.url).query)
    assert "1 event added" in again.status()
    page.button("Take 1 event out").click()
    page.page.get_by_text("with the events changed").wait_for()
    assert "event" not in page.status().partition("ready")[2]
    assert page.errors == []
