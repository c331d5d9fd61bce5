"""A page of ours in a real browser, with everything it asks for written down."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import needs

CHROMIUM = "/usr/bin/chromium"
ROOT = Path(__file__).resolve().parents[2]
QUIET = ("Initialize failed: invalid dom",)
"""Said by ECharts when a tab is left before its chart has begun to draw."""


def needs_browser() -> None:
    """Skip where there is no browser, unless one is required."""
    for name in ("browser", "ui"):
        needs.packages(name)
    if not Path(CHROMIUM).exists():
        needs.missing("browser", CHROMIUM)


@dataclass
class Tab:
    """A tab of the browser and what happened in it."""

    page: Any
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Write down requests, answers that failed, and errors of the page."""
        page = self.page
        page.on("request", lambda r: self.requests.append(r.url))
        page.on("response", lambda r: r.status >= 400 and self.errors.append(f"{r.status} {r.url}"))
        page.on("pageerror", lambda e: self._note(str(e)))
        page.on("console", self._console)

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self._note(message.text)

    def _note(self, error: str) -> None:
        if not error.startswith(QUIET):
            self.errors.append(error)

    def button(self, name: str) -> Any:
        """A button by its words."""
        return self.page.get_by_role("button", name=name, exact=True)

    def enter(self, field: Any, text: str) -> None:
        """Type into a field and confirm."""
        field.fill(text)
        field.press("Enter")

    def parameter(self, words: str, label: str, others: int) -> Any:
        """The field of a parameter that is searched for and found before others."""
        self.page.get_by_label("search all parameters").fill(words)
        self.page.wait_for_function(
            "n => document.querySelectorAll('.nomoat-side details > summary').length === n",
            arg=1 + others, timeout=60_000,
        )  # fmt: skip
        return self.page.get_by_label(label, exact=False).first

    def choose(self, label: str, name: str) -> None:
        """Choose from a list."""
        self.page.get_by_label(label, exact=True).select_option(name)

    def settled(self) -> None:
        """Wait until the page has answered everything: no bar that says it is busy."""
        self.page.wait_for_timeout(900)
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('.v-progress-linear--absolute')]"
            ".every(bar => getComputedStyle(bar).visibility === 'hidden')",
            timeout=60_000,
        )  # fmt: skip

    def tab(self, name: str) -> None:
        """Bring a tab of the page to the front."""
        self.page.get_by_role("tab", name=name).click()

    def wait_for(self, words: str, seconds: float = 60.0) -> None:
        """Wait until the status says something."""
        self.page.wait_for_function(
            "w => document.querySelector('[role=status]')?.innerText.includes(w)",
            arg=words, timeout=1000 * seconds,
        )  # fmt: skip

    def status(self) -> str:
        """What the page says of where the market stands."""
        return str(self.page.locator("[role=status]").inner_text())

    def drawn(self) -> None:
        """Wait for a chart with something in it."""
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('.solara-echarts canvas')]"
            ".some(c => c.getBoundingClientRect().width > 300)",
            timeout=60_000,
        )  # fmt: skip


Open = Callable[..., Tab]
"""Opens the page: a query, the window's size, the theme, the words to wait for."""


@contextmanager
def served(
    directory: Path, *arguments: str, pids: list[int] | None = None, **variables: str
) -> Iterator[str]:
    """`nomoat ui` as a process of its own; gives the address it prints.

    pids: gets the number of the process. variables: for its environment.
    """
    command = [
        sys.executable, "-c", "from app.main import main; main()", "ui", "--no-open", *arguments,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **variables}
    process = subprocess.Popen(
        command, cwd=directory, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if pids is not None:
        pids.append(process.pid)
    try:
        yield address_of(process)
    finally:
        process.terminate()
        process.wait(timeout=10)


def address_of(process: "subprocess.Popen[str]") -> str:
    """The address in what a server prints."""
    assert process.stdout is not None
    said = []
    limit = time.monotonic() + 120
    while time.monotonic() < limit:
        line = process.stdout.readline()
        if not line:
            break
        said.append(line)
        if found := re.search(r"http://127\.0\.0\.1:\d+/\S*", line):
            return found[0]
    raise AssertionError("".join(said))


@contextmanager
def mesa_page(directory: Path) -> Iterator[str]:
    """Mesa's own page, started as Mesa's users do; gives its address."""
    from app.browser.serve import environment, free_port

    port = free_port()
    command = [
        sys.executable, "-m", "solara", "run", str(ROOT / "app/browser/mesa_page.py"),
        "--host", "127.0.0.1", "--port", str(port), "--no-open", "--no-check-version",
        "--production",
    ]  # fmt: skip
    variables = {name: text for name, text in environment().items() if name != "SOLARA_APP"}
    process = subprocess.Popen(
        command, cwd=directory, env={**os.environ, **variables, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        limit = time.monotonic() + 120
        while not answers(port):
            assert process.poll() is None
            assert time.monotonic() < limit
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(timeout=10)


def answers(port: int) -> bool:
    """Whether a server is ready."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
