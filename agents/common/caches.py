"""Directories of the user's cache that nobody else can write to.

Compiled code is read back as machine code, so a directory another user could write to would let
that user run code here. A directory is offered only if it belongs to this user and is closed to
all others.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

_APPLICATION = "nomoat"


def user_cache() -> Path:
    """Give the application's directory in the user's cache; it need not exist.

    Follows the XDG base directory specification: `$XDG_CACHE_HOME` if absolute, else `~/.cache`.
    Raises RuntimeError where the user has no home directory.
    """
    declared = Path(os.environ.get("XDG_CACHE_HOME", ""))
    base = declared if declared.is_absolute() else Path.home() / ".cache"
    return base / _APPLICATION


def private_directory(*parts: str) -> Path | None:
    """Make `parts` below the application's cache, each with mode 0700, and give the last one.

    None where that is impossible: no home, not writable, or open to other users.
    """
    try:
        directory = user_cache()
        directory.parent.mkdir(parents=True, exist_ok=True)
        for part in ("", *parts):
            directory = directory / part
            directory.mkdir(mode=0o700, exist_ok=True)
            if not _is_private(directory):
                return None
        with tempfile.TemporaryFile(dir=directory):
            return directory
    except (OSError, RuntimeError):
        return None


def _is_private(directory: Path) -> bool:
    if not hasattr(os, "getuid"):
        return True
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        return False
    if stat.S_IMODE(status.st_mode) != 0o700:
        directory.chmod(0o700)
    return True
