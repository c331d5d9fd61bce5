"""Take the pictures of the page for the README: `uv run --all-groups --all-extras` this file.

Needs chromium and `nomoat assets`. Runs a small sweep in a temporary folder.
"""

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from benchmarks.browser import CHROMIUM, served  # noqa: E402

IMAGES = ROOT / "docs" / "images"
SIZE = {"width": 1280, "height": 720}
SWEEP = """
question = "How much does it matter whether Meta's models are open?"
scenario = "baseline"
months = 96
replicates = 4
market = ["share_tokens_open", "gap_logits", "hhi_spend"]
[settings]
"enterprise.population" = 300
[levers]
"vendors.meta.strategy" = ["open", "closed", "dual"]
[uncertainties]
"choice.risk_weight" = { low = 0.03, high = 0.35 }
[outcomes]
open_share = { column = "share_tokens_open", reduce = "mean", last = 12 }
concentration = { column = "hhi_spend", reduce = "mean", last = 12 }
welfare = { column = "welfare", reduce = "sum", last = 12 }
[design]
kind = "lhs"
points = 12
"""


def save(page: Any, name: str) -> None:
    """Store what a tab shows, in few colours."""
    page.wait_for_timeout(1500)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(128, dither=Image.Dither.NONE).save(IMAGES / name, optimize=True)


def market(browser: Any, address: str) -> None:
    """The first tab at the end of a run."""
    page = browser.new_context(viewport=SIZE).new_page()
    page.goto(address)
    page.goto(f"{address.partition('?')[0]}?pace=12&tab=0")
    page.get_by_role("button", name="To the end", exact=True).click()
    page.get_by_text("at its end").wait_for(timeout=120_000)
    save(page, "page-market.png")


def sweep(browser: Any, address: str) -> None:
    """A stored sweep."""
    page = browser.new_context(viewport=SIZE).new_page()
    page.goto(address)
    page.goto(f"{address.partition('?')[0]}?sweep=meta-open-or-not")
    page.get_by_text("runs chosen").wait_for(timeout=60_000)
    save(page, "page-sweep.png")


def firm(browser: Any, address: str) -> None:
    """The map, and why a firm chose, in the dark."""
    size = {"width": 1280, "height": 980}
    page = browser.new_context(viewport=size, color_scheme="dark").new_page()
    page.goto(address)
    page.goto(f"{address.partition('?')[0]}?pace=24&tab=1")
    page.get_by_text("ready").wait_for(timeout=60_000)
    page.get_by_role("button", name="Step", exact=True).click()
    page.get_by_text("2024-12 of").wait_for(timeout=60_000)
    page.wait_for_timeout(1000)
    page.get_by_label("firm (or click a dot)").fill("16")
    page.keyboard.press("Enter")
    page.get_by_text("what counts").first.wait_for(timeout=90_000)
    save(page, "page-firm.png")


def main() -> None:
    """Take all pictures, or those named."""
    wanted = sys.argv[1:] or ["market", "sweep", "firm"]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        if "sweep" in wanted:
            (Path(folder) / "meta-open-or-not.toml").write_text(SWEEP)
            program = [sys.executable, "-c", "from app.main import main; main()"]
            command = [*program, "sweep", "run", "meta-open-or-not.toml"]
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            subprocess.run(command, cwd=folder, check=True, env=environment)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with served(2000, folder) as (_, address, _):
            for take in (market, sweep, firm):
                if take.__name__ in wanted:
                    take(browser, address)
        browser.close()


if __name__ == "__main__":
    main()
