"""Starting and stopping the page's server: on this machine only, nothing sent elsewhere."""

import os
import socket
import threading
import webbrowser
from pathlib import Path
from typing import Any, Final

from app.browser.assets import assets_folder, missing

HOST: Final = "127.0.0.1"
READY_SECONDS: Final = 60


def environment() -> dict[str, str]:
    """What Solara must find in the environment before it is imported."""
    found = {
        "SOLARA_APP": str(Path(__file__).with_name("page.py")),
        "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "False",
        "SOLARA_THEME_SHOW_BANNER": "False",
        "SOLARA_KERNEL_CULL_TIMEOUT": "30s",
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
        import solara.server.starlette

        solara.server.settings.main.mode = "production"
        self.port = port
        self._server: Any = solara.server.starlette.ServerStarlette(host=HOST, port=port)

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.port}/"

    def start(self) -> None:
        """Serve until `stop`; returns when pages are answered."""
        self._server.serve_threaded()
        self._server.wait_until_serving(READY_SECONDS)

    def stop(self) -> None:
        """Answer no more."""
        self._server.stop_serving()


def serve(port: int | None, *, open_browser: bool, on_ready: Any) -> None:
    """Serve the page until the process is interrupted."""
    os.environ.update(environment())
    server = Server(port or free_port())
    server.start()
    on_ready(server.address)
    if open_browser:
        webbrowser.open(server.address)
    try:
        threading.Event().wait()
    finally:
        server.stop()
