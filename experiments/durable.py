"""The few operations on the file system that a stored result depends on.

They are methods of one object so that a test can make any of them fail. What is not finished has a
random name: process numbers repeat where every container begins to count anew.
"""

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MARK: Final = ".partial-"
"""In the name of every file and folder that is not finished."""
LONGEST: Final = 120
"""Bytes of a name that are kept in that of its partial file; file systems take 255."""
OLD_SECONDS: Final = 24 * 3600.0
"""Nobody takes so long to write one file: what is older was left by a process that is gone."""


class StoreError(Exception):
    """The file system does not take the result; the text says why in one sentence."""

    @classmethod
    def of(cls, error: OSError, path: Path, kept: str = "") -> "StoreError":
        """Return the error in words a reader can act on.

        kept: what is there in spite of it, such as "finished runs are kept".
        """
        reason = error.strerror or str(error)
        sentence = f"cannot write {path}: {reason[:1].lower()}{reason[1:]}"
        return cls(f"{sentence}; {kept}" if kept else sentence)


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

    def put(self, path: Path, data: bytes) -> None:
        """Write a file in one step, over an earlier one or a link; raises OSError."""
        partial = partial_of(path)
        try:
            self.write(partial, data)
            self.rename(partial, path)
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)

    def replace(self, path: Path, data: bytes) -> None:
        """Write a file in one step, over an earlier one; StoreError if that fails."""
        try:
            self.put(path, data)
        except OSError as error:
            raise StoreError.of(error, path, "what was there before is unchanged") from error
        remove_old_partials(path)

    @contextmanager
    def building(self, path: Path) -> Iterator[Path]:
        """A new folder to fill, which gets its name at the end, or is gone if anything fails.

        A link at `path` leads to where it is made. Raises OSError, also where a folder with
        something in it is there by then.
        """
        target = path.resolve()
        partial = partial_of(target)
        try:
            self.make(partial)
            yield partial
            self.sync(partial)
            self.rename(partial, target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        remove_old_partials(target)

    def begin(self, path: Path, files: Mapping[str, bytes]) -> bool:
        """Make a folder that begins with some files, all or none; the last says what it is.

        A folder that `may_begin` allows is filled. Returns false if another process made a folder
        here meanwhile; raises StoreError.
        """
        try:
            if path.is_dir():
                for name, data in files.items():
                    self.put(path / name, data)
                return True
            with self.building(path) as partial:
                for name, data in files.items():
                    self.write(partial / name, data)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return False
            raise StoreError.of(error, path, "nothing of it was made") from error
        return True


def may_begin(path: Path, files: Mapping[str, bytes]) -> bool:
    """Whether a folder of these files may be made here: nothing is there, or an empty folder, or
    one whose maker was killed before the last file was in place."""
    if not path.exists():
        return True
    if not path.is_dir():
        return False
    return all(
        is_partial(entry.name) or _has(entry, files.get(entry.name)) for entry in path.iterdir()
    )


def _has(path: Path, content: bytes | None) -> bool:
    """Whether a regular file has this content."""
    facts = path.lstat()
    alike = content is not None and stat.S_ISREG(facts.st_mode) and facts.st_size == len(content)
    return alike and path.read_bytes() == content


def partial_of(path: Path) -> Path:
    """A name beside `path` that nobody else has, for what is not finished."""
    return path.with_name(f"{_start(path)}{secrets.token_hex(8)}")


def is_partial(name: str) -> bool:
    """Whether something is called like what is not finished."""
    return name.startswith(".") and MARK in name


def _start(path: Path) -> str:
    return f".{path.name.encode()[:LONGEST].decode(errors='ignore')}{MARK}"


def remove_old_partials(path: Path, *, all_beside: bool = False) -> None:
    """Remove what processes that are long gone left of `path`, which was just written.

    all_beside: also of everything else in its directory. The time is the one that the file system
    gave to `path`, so that the clock of no machine matters. What cannot be removed stays.
    """
    with suppress(OSError):
        now, start = path.lstat().st_mtime, _start(path)
        for entry in os.scandir(path.parent):
            ours = entry.name.startswith(start) or (all_beside and is_partial(entry.name))
            if ours and now - entry.stat(follow_symlinks=False).st_mtime > OLD_SECONDS:
                remove(Path(entry.path))


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, as far as that is possible; follows no link."""
    with suppress(OSError):
        if stat.S_ISDIR(path.lstat().st_mode):
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
