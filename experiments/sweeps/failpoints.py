"""Places where a test may kill the process: what a power cut at the worst moment would do.

`NOMOAT_FAILPOINT=<place>:<n>:<file>` in the environment kills the first process that reaches the
place for the n-th time; the file remembers that it happened. Without it a place costs one look at a
constant.
"""

import os
import signal
from pathlib import Path
from typing import Final

PLACES: Final = (
    "design-written",
    "manifest-written",
    "chunk-handed-out",
    "run-started",
    "run-finished",
    "table-synced",
    "tables-renamed",
    "outcomes-synced",
    "outcomes-renamed",
    "chunk-done",
    "compact-renamed",
    "compact-deleting",
)

_armed, _, _rest = os.environ.get("NOMOAT_FAILPOINT", "").partition(":")
_count, _, _memory = _rest.partition(":")
_left = int(_count or 1)


def reach(place: str) -> None:
    """Die here if the environment says so."""
    global _left
    if _armed == place:
        _left -= 1
        if _left == 0 and _first():
            os.kill(os.getpid(), signal.SIGKILL)


def _first() -> bool:
    """Whether no process died here before."""
    try:
        Path(_memory).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
