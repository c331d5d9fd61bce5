"""What an input does besides its answer: where it writes, which programs it starts, how long."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

CPU_SECONDS: Final = 10.0
WALL_SECONDS: Final = 120.0
WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
ENTRIES: Final = {
    "os.rename": 2, "os.link": 2, "os.symlink": 2, "os.remove": 1, "os.rmdir": 1, "os.mkdir": 1,
    "os.truncate": 1, "os.chmod": 1, "os.chown": 1, "os.utime": 1, "shutil.rmtree": 1,
}  # fmt: skip
"""Changes of a folder's entries, and how many of their arguments are paths."""
PROGRAMS: Final = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"})
NETWORK: Final = frozenset({"socket.connect", "socket.bind"})


class TooSlowError(BaseException):
    """An input took more processor time than any may; of BaseException, so that nobody keeps it."""


class Watch:
    """Notes writes outside some folders, programs and connections while it is on.

    The hook of the interpreter cannot be removed, so there is one for the life of a process.
    """

    def __init__(self, allowed: list[Path]) -> None:
        self.allowed = [os.path.realpath(path) for path in allowed]
        self.seen: list[str] = []
        self._on = False
        sys.addaudithook(self._hear)

    @contextmanager
    def on(self) -> Iterator[None]:
        """Watch what happens inside, and end it if it takes too long."""
        self.seen.clear()
        for kind in (signal.SIGVTALRM, signal.SIGALRM):
            signal.signal(kind, _too_slow)
        signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
        signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)
        self._on = True
        try:
            yield
        finally:
            self._on = False
            for timer in (signal.ITIMER_VIRTUAL, signal.ITIMER_REAL):
                signal.setitimer(timer, 0.0)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on:
            return
        if event in PROGRAMS or event in NETWORK:
            self.seen.append(f"{event} {arguments[:2]!r}")
        elif event == "open":
            path, _, flags = arguments
            if isinstance(path, str | bytes | os.PathLike) and flags & WRITING:
                self._note(event, os.path.realpath(os.fspath(path)))
        elif event in ENTRIES:
            for path in arguments[: ENTRIES[event]]:
                if isinstance(path, str | bytes | os.PathLike):
                    # A link itself is changed, not what it leads to.
                    place = Path.cwd() / os.fsdecode(path)
                    self._note(event, f"{place.parent.resolve()}/{place.name}")

    def _note(self, event: str, path: str | bytes) -> None:
        place = os.fsdecode(path)
        if not any(place == one or place.startswith(f"{one}/") for one in self.allowed):
            self.seen.append(f"{event} {place}")


def _too_slow(*_: object) -> None:
    raise TooSlowError
