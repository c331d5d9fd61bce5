"""The few operations on the file system that a stored result depends on.

They are methods of one object so that a test can make any of them fail.
"""

import os
from dataclasses import dataclass
from pathlib import Path


class StoreError(Exception):
    """The file system does not take the result; the text says why in one sentence."""

    @classmethod
    def of(cls, error: OSError, path: Path) -> "StoreError":
        """Return the error in words a reader can act on."""
        reason = error.strerror or str(error)
        return cls(f"cannot write {path}: {reason[:1].lower()}{reason[1:]}; nothing was kept")


@dataclass(frozen=True)
class Disk:
    """Durable writes: data reaches the device before its name is visible."""

    def make(self, directory: Path) -> None:
        """Create `directory`, which must not exist, and its parents."""
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory.mkdir()

    def write(self, path: Path, data: bytes) -> None:
        """Write a new file and wait until the device has it."""
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def sync(self, directory: Path) -> None:
        """Wait until the device has the entries of `directory`."""
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def rename(self, source: Path, target: Path) -> None:
        """Give `source` its final name in one step; an empty directory there is replaced."""
        source.rename(target)
        self.sync(target.parent)

    def replace(self, path: Path, data: bytes) -> None:
        """Write a file in one step, over an earlier one; StoreError if that fails."""
        partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
        try:
            partial.unlink(missing_ok=True)
            self.write(partial, data)
            self.rename(partial, path)
        except OSError as error:
            raise StoreError.of(error, path) from error
        finally:
            partial.unlink(missing_ok=True)
