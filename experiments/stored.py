"""Reading what a stored folder holds, whoever it comes from.

A folder may be a stranger's. What stands for a file in it may be a link to somewhere else, a pipe
that never ends, or a file that takes a thousand times its size once it is read. Whatever reads or
changes a stored folder goes through this module: only regular files and real directories count, no
link inside the folder is followed, and what a file says of its size is looked at before it is read.
Links that lead to the folder itself are the user's own business.
"""

import errno
import json
import os
import stat
import tomllib
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from io import BufferedReader
from pathlib import Path
from typing import Annotated, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from experiments.machine import available_memory
from sim.catalogue import shown
from sim.loading import ScenarioError, load
from sim.scenario import Scenario
from sim.scenario_files import BARE

MOST_JSON: Final = 64_000_000
"""Bytes of a document. That of the largest sweep has a few million."""
MOST_TOML: Final = 1_000_000
MOST_FILE: Final = 4_000_000_000
"""Bytes of a table that is read as a whole."""
CELL_BYTES: Final = 8
UNASKED: Final = 64_000_000
"""Bytes that are read without asking how much memory is free."""
KINDS: Final = (
    (stat.S_ISLNK, "a link, which is not followed inside a stored folder"),
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)
EXPECTED: Final = {
    "string_type": "text", "int_type": "a whole number", "float_type": "a number",
    "bool_type": "true or false", "dict_type": "a table of values", "list_type": "a list",
    "tuple_type": "a list", "int_from_float": "a whole number",
    "finite_number": "a finite number", "none_required": "null",
}  # fmt: skip


Count = Annotated[int, Field(ge=0, le=10**12)]
"""A number of things in a document."""
Seed = Annotated[int, Field(ge=0, lt=2**63)]


class FolderError(Exception):
    """The folder is not one that this command may use; the text says why in one sentence."""


class UnusualFileError(OSError):
    """What stands for a file is none that may be read; `strerror` says what it is."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(errno.EINVAL, reason, str(path))


class DocumentError(Exception):
    """A document is not as this program writes it; the text is one sentence."""


def regular(path: Path, most: int = MOST_FILE) -> os.stat_result:
    """The facts of a regular file of at most `most` bytes.

    Raises OSError where there is none: FileNotFoundError, or UnusualFileError that says what is
    there instead.
    """
    facts = path.lstat()
    if not stat.S_ISREG(facts.st_mode):
        what = next((words for test, words in KINDS if test(facts.st_mode)), "a device")
        raise UnusualFileError(path, f"it is {what}")
    if facts.st_size > most:
        raise UnusualFileError(path, f"it has {facts.st_size:,} bytes, more than {most:,}")
    return facts


def is_file(path: Path) -> bool:
    """Whether a regular file is there, and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def opened(path: Path, most: int = MOST_FILE) -> BufferedReader:
    """A regular file for reading; raises as `regular` does. Never waits for a pipe."""
    regular(path, most)
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    return os.fdopen(handle, "rb")


def read_bytes(path: Path, most: int = MOST_FILE) -> bytes:
    """The content of a regular file; raises as `regular` does."""
    with opened(path, most) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise UnusualFileError(path, f"it has more than {most:,} bytes")
    return content


def read_text(path: Path, most: int = MOST_JSON) -> str:
    """A regular file of UTF-8; raises OSError, also where the text is not UTF-8."""
    try:
        return read_bytes(path, most).decode()
    except UnicodeDecodeError as error:
        raise UnusualFileError(path, f"it is not UTF-8 text (byte {error.start})") from None


def own_directory(path: Path) -> bool:
    """Whether a directory is there, as part of a stored folder.

    Raises FolderError for a link or a file: whatever is written or moved there would be elsewhere.
    """
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    if stat.S_ISLNK(mode):
        raise FolderError(f"{path} is a link, and links inside a stored folder are not followed")
    if not stat.S_ISDIR(mode):
        raise FolderError(f"{path} stands in the place of a directory; move it away")
    return True


def is_directory(path: Path) -> bool:
    """Whether a directory is there, and no link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def refuse_links(path: Path, patterns: Sequence[str]) -> None:
    """Raise FolderError if what a folder keeps under one of the names is a link."""
    for entry in entries(path):
        if entry.is_symlink() and any(fnmatchcase(entry.name, one) for one in patterns):
            raise FolderError(
                f"{entry} is a link, and links inside a stored folder are not followed"
            )


def entries(path: Path) -> list[Path]:
    """What is in a directory, by name; nothing where there is none."""
    try:
        return sorted(path.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


# Documents.


def read_json(path: Path, most: int = MOST_JSON) -> Any:
    """A document of JSON; raises OSError or, for anything that is not JSON, DocumentError."""
    content = read_bytes(path, most)
    try:
        found = json.loads(content, parse_constant=_refuse_constant)
        if b"\\u" in content:
            # Half of a surrogate pair is text that no terminal and no file takes.
            json.dumps(found, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise DocumentError(
            f"{path} is damaged: {error.msg}, line {error.lineno} column {error.colno}"
        ) from None
    except RecursionError:
        raise DocumentError(f"{path} is damaged: it is nested too deep") from None
    except UnicodeError:
        raise DocumentError(f"{path} is damaged: it is not UTF-8 text") from None
    except ValueError as error:
        raise DocumentError(f"{path} is damaged: {error}") from None
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")


def document(path: Path, shape: TypeAdapter[Any]) -> dict[str, Any]:
    """A document of a certain shape, as it stands in the file.

    Raises OSError, or DocumentError that names the file, the field, what is there and what belongs
    there.
    """
    found = read_json(path)
    refuse_other_shape(found, shape, str(path))
    whole: dict[str, Any] = found
    return whole


def refuse_other_shape(found: Any, shape: TypeAdapter[Any], label: str) -> None:
    """Raise DocumentError, naming the place, for a value that is not of the shape."""
    try:
        shape.validate_python(found, strict=True)
    except ValidationError as error:
        raise DocumentError(f"{label}: {_finding(error.errors(include_url=False)[0])}") from None
    except RecursionError:
        raise DocumentError(f"{label}: it is nested too deep") from None


def _finding(finding: ErrorDetails) -> str:
    place = ".".join(str(part) for part in finding["loc"])
    if finding["type"] == "missing":
        return f"{place} is missing"
    reason = finding["msg"].removeprefix("Value error, ")
    expected = EXPECTED.get(finding["type"])
    wanted = f"{expected} belongs there" if expected else reason[:1].lower() + reason[1:]
    return f"{place + ' ' if place else 'it '}is {shown(finding['input'])[:80]}; {wanted}"


def scenario(path: Path) -> Scenario:
    """A scenario that a stored folder holds in full; raises ScenarioError, also for one that is
    not a file of its own: such a one extends nothing outside."""
    try:
        tree = tomllib.loads(read_text(path, MOST_TOML))
    except OSError as error:
        raise ScenarioError(f"{path} cannot be read: {reason_of(error)}") from None
    except (ValueError, RecursionError):
        tree = {}  # `load` says where the text is at fault.
    if tree.get("extends", BARE) != BARE:
        raise ScenarioError(
            f"{path}: the scenario of a stored folder is there in full and extends nothing"
        )
    return load(path)


def reason_of(error: Exception) -> str:
    """What went wrong, in one line that stands inside a sentence."""
    reason = (getattr(error, "strerror", None) or str(error)).partition("\n")[0]
    return f"{reason[:1].lower()}{reason[1:]}"


# Tables.


def read_table(path: Path, columns: Sequence[str] | None = None, *, rows: int = -1) -> pa.Table:
    """A stored Parquet file, or some of its columns.

    rows: how many it must have, if that is known. Raises OSError, or ArrowInvalid for a file that
    is damaged, has other rows or columns than asked for, or takes more memory than is free.
    """
    regular(path)
    with pq.ParquetFile(path) as file:
        return decoded(file, columns, rows=rows)


def decoded(
    file: pq.ParquetFile, columns: Sequence[str] | None = None, *, rows: int = -1
) -> pa.Table:
    """The content of a Parquet file, once what its footer declares was looked at.

    Raises ArrowInvalid; see `read_table`.
    """
    facts, names = file.metadata, file.schema_arrow.names
    if len(set(names)) != len(names):
        raise pa.ArrowInvalid("two columns have one name")
    if lacking := sorted(set(columns or ()) - set(names)):
        raise pa.ArrowInvalid(f"there is no column {', '.join(lacking)}")
    if rows >= 0 and facts.num_rows != rows:
        raise pa.ArrowInvalid(f"it has {facts.num_rows:,} rows, not {rows:,}")
    wanted = len(names if columns is None else columns)
    declared = sum(facts.row_group(i).total_byte_size for i in range(facts.num_row_groups))
    needed = facts.num_rows * wanted * CELL_BYTES + max(0, declared if columns is None else 0)
    if needed > UNASKED and needed > (free := available_memory()):
        raise pa.ArrowInvalid(
            f"it takes {needed / 1e9:,.1f} GB of memory and {free / 1e9:,.1f} GB are free"
        )
    try:
        return file.read(None if columns is None else list(columns))
    except (pa.ArrowException, OSError):
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise pa.ArrowInvalid(str(error)) from error


def same_types(found: pa.Schema, expected: Iterable[pa.Field]) -> bool:
    """Whether columns that both have are of the same types."""
    types = {field.name: field.type for field in found}
    return all(types.get(field.name, field.type) == field.type for field in expected)
