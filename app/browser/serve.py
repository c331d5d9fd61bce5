"""Starting and stopping the page's server: on this machine only, nothing sent elsewhere."""

import os
import secrets
import socket
import threading
import time
import warnings
import webbrowser
from pathlib import Path
from typing import Final

import uvicorn

from app.browser.assets import assets_folder, missing
from app.browser.guard import TOKEN, Guard
from app.browser.settings import START, Settings
from app.browser.stored import stored_runs, stored_sweeps
from app.shell import OK, MachineError, say
from sim.loading import assignment

HOST: Final = "127.0.0.1"
READY_SECONDS: Final = 60


def environment() -> dict[str, str]:
    """What Solara must find in the environment before it is imported."""
    found = {
        "SOLARA_APP": str(Path(__file__).with_name("page.py")),
        "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "False",
        "SOLARA_THEME_SHOW_BANNER": "False",
        "SOLARA_KERNEL_CULL_TIMEOUT": os.environ.get("SOLARA_KERNEL_CULL_TIMEOUT", "30s"),
        "SOLARA_MODE": "production",
        "MPLBACKEND": "agg",
    }
    folder = assets_folder()
    if folder is not None and not missing(folder):
        found["SOLARA_ASSETS_PROXY_CACHE_DIR"] = str(folder)
        found["SOLARA_ASSETS_CDN"] = ""
    return found


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """The page's server in threads of this process."""

    def __init__(self, port: int) -> None:
        """Prepare; `environment` must be in place."""
        import solara.server.settings
        import solara.server.starlette as starlette

        solara.server.settings.main.mode = "production"
        self.port, self._token = port, secrets.token_urlsafe(24)
        guarded = Guard(starlette.app, HOST, port, self._token)
        config = uvicorn.Config(
            guarded, host=HOST, port=port, log_level="warning", access_log=False, lifespan="off",
            ws_max_size=64 * 2**20,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    @property
    def address(self) -> str:
        """Where the page is, with the token that lets a browser in."""
        return f"http://{HOST}:{self.port}/?{TOKEN}={self._token}"

    def start(self) -> None:
        """Serve until `stop`; returns when pages are answered.

        Raises MachineError if nothing can listen on the port.
        """
        self._thread.start()
        limit = time.monotonic() + READY_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > limit:
                raise MachineError(f"nothing can be served on port {self.port}; try another --port")
            time.sleep(0.01)

    def stop(self) -> None:
        """Answer no more."""
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(timeout=5.0)


def asked(name: str, settings: list[str]) -> Settings:
    """What to show first: a scenario with changes, or a stored run or sweep.

    Raises ScenarioError or FolderError, one sentence, where there is neither.
    """
    known = stored_runs()
    for run_id, run in known.items():
        if name in (run_id, run.path.name, str(run.path)):
            return Settings(run=run_id)
    for folder in stored_sweeps().values():
        if name in (folder.path.name, str(folder.path)):
            return Settings(sweep=folder.path.name)
    start = Settings(name, dict(map(assignment, settings)))
    start.load()
    return start


def execute(scenario: str, settings: list[str], port: int | None, *, open_browser: bool) -> int:
    """Serve the page until the process is interrupted."""
    start = asked(scenario, settings)
    os.environ.update(environment())
    os.environ[START] = start.query()
    if "SOLARA_ASSETS_PROXY_CACHE_DIR" not in os.environ:
        say("note: without `nomoat assets` the browser needs a network to draw the page")
    warnings.filterwarnings("ignore", message="Cookies with samesite=none")
    server = Server(port or free_port())
    server.start()
    print(f"nomoat is at {server.address}\nCtrl-C stops it", flush=True)
    if open_browser:
        webbrowser.open(server.address)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print()
    finally:
        server.stop()
    return OK
