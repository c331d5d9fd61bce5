"""The page in Chromium: how soon it is ready, how long a frame takes, what the server holds.

Needs the packages of the extra `ui`, of the group `browser`, chromium and `nomoat assets`; without
them this part says so and measures nothing.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.lines import Line
from experiments.machine import resident_memory

PART: Final = "browser"
CHROMIUM: Final = "/usr/bin/chromium"
FRAME_MS, READY_SECONDS, SERVER_MB = 250.0, 5.0, 300.0
QUIET_MS: Final = 350
"""After so long without a stroke on any canvas a frame counts as drawn."""
WATCH: Final = """
() => {
  window.stroke = 0;
  for (const name of ['fill', 'stroke', 'fillRect', 'fillText', 'clearRect', 'drawImage']) {
    const plain = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...given) {
      window.stroke = performance.now();
      return plain.apply(this, given);
    };
  }
}
"""
STEP: Final = """
quiet => new Promise(done => {
  const begun = performance.now();
  const button = [...document.querySelectorAll('button')].find(b => b.innerText.trim() === 'Step');
  button.click();
  const look = () => {
    const now = performance.now();
    if (window.stroke > begun && now - window.stroke > quiet) done(window.stroke - begun);
    else if (now - begun > 60000) done(-1);
    else setTimeout(look, 10);
  };
  look();
})
"""


def measure(*, quick: bool = False) -> list[Line]:
    """Lines of this part; none where there is no browser."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("browser: playwright is not installed, not measured", file=sys.stderr)
        return []
    if not Path(CHROMIUM).exists():
        print(f"browser: {CHROMIUM} is not there, not measured", file=sys.stderr)
        return []
    lines = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with served(5000) as (process, address, ready):
            lines.append(Line(PART, "ready after", ready, "s", READY_SECONDS))
            page = opened(browser, address)
            lines += frames(page, "5,000 firms", FRAME_MS, 3 if quick else 9)
            opened(browser, address)
            held = resident_memory(process.pid) / 1e6
            own = private_memory(process.pid) / 1e6
            words = f"{own:.0f} its own, the rest files of libraries"
            lines.append(Line(PART, "server, two tabs", held, "MB", SERVER_MB, note=words))
        if not quick:
            with served(100_000) as (_, address, _):
                lines += frames(opened(browser, address), "100,000 firms", None, 5)
        browser.close()
    return lines


def private_memory(pid: int) -> int:
    """Bytes that nobody shares with a process; by /proc."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * sum(int(kb) for kb in re.findall(r"^Private_\w+:\s+(\d+) kB", text, re.MULTILINE))


@contextmanager
def served(
    firms: int, folder: str | None = None
) -> "Iterator[tuple[subprocess.Popen[str], str, float]]":
    """A server of our page: its process, its address, and the seconds until it printed that.

    folder: where it runs, so that it finds stored results there.
    """
    command = [
        sys.executable, "-c", "from app.main import main; main()", "ui", "--no-open",
        "--set", f"enterprise.population={firms}",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(Path.cwd())}
    with tempfile.TemporaryDirectory() as place:
        began = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder or place, env=environment, text=True, stdout=subprocess.PIPE
        )
        try:
            yield process, address_of(process), time.monotonic() - began
        finally:
            process.terminate()
            process.wait(timeout=10)


def address_of(process: "subprocess.Popen[str]") -> str:
    """The address that a server prints."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+/\S*", line):
            return found[0]
    raise RuntimeError("nomoat ui ended without an address")


def opened(browser: Any, address: str) -> Any:
    """A tab that shows the map, some months in."""
    page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    page.goto(address)
    page.goto(f"{address.partition('?')[0]}?tab=1&pace=18")
    page.wait_for_function(
        "document.querySelector('[role=status]')?.innerText.includes('ready')", timeout=120_000
    )
    page.evaluate(WATCH)
    assert page.evaluate(STEP, QUIET_MS) > 0
    pace = page.get_by_label("months a frame", exact=False)
    pace.fill("1")
    page.wait_for_timeout(500)
    pace.press("Enter")
    page.wait_for_timeout(1000)
    return page


def frames(page: Any, name: str, bound: float | None, count: int) -> list[Line]:
    """Milliseconds from the click on Step, the month included, to the last stroke of the map."""
    found = [page.evaluate(STEP, QUIET_MS) for _ in range(count)]
    spread = f"{min(found):.0f} to {max(found):.0f} of {count}"
    middle = statistics.median(found)
    return [Line(PART, f"frame, {name}", middle, "ms", bound, note=spread)]
