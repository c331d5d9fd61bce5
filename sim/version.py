"""What produced a result: the version of the model, which is identity, and provenance.

The version covers what can change results: the code of `agents` and `sim` as syntax trees without
docstrings, their data files, and the libraries that compute. The commit is provenance only, so
that an edit of a comment or of the README does not orphan a sweep.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import os
import platform
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import agents
from agents.common.caches import private_directory

_COMPUTING_LIBRARIES = ("numpy", "scipy", "numba", "llvmlite")
_NAMED_LIBRARIES = ("numpy", "scipy", "numba", "llvmlite", "mesa", "pyarrow")
_DATA_SUFFIXES = (".csv", ".toml")
_GIT_SECONDS = 2.0
_KEPT_TREES = 5_000
_CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")

type Provenance = dict[str, str | int | None]


@functools.cache
def model_version() -> str:
    """Give 16 hex digits that identify what the model computes.

    Equal versions on equal CPU levels give the same bytes.
    """
    digest = hashlib.blake2b(hash_tree(_model_roots()).encode(), digest_size=8)
    for name in _COMPUTING_LIBRARIES:
        digest.update(f"\0{name}=={version(name)}".encode())
    return digest.hexdigest()


def hash_tree(roots: Sequence[Path]) -> str:
    """Give 16 hex digits over the code and data files below `roots`, by name and content.

    Code counts as its syntax tree without strings that stand alone, so neither comments nor
    docstrings nor layout matter. Raises SyntaxError for a file that is not Python.
    """
    files = [(path.relative_to(root.parent), path) for root in roots for path in _files(root)]
    contents = {name.as_posix(): path.read_bytes() for name, path in files}
    trees = _tree_hashes({c for name, c in contents.items() if name.endswith(".py")})
    digest = hashlib.blake2b(digest_size=8)
    for name in sorted(contents):
        known = trees.get(contents[name]) if name.endswith(".py") else None
        digest.update(f"{name}\0{known or _data_hash(contents[name])}\n".encode())
    return digest.hexdigest()


def provenance() -> Provenance:
    """Give where a result came from, for the manifest: nothing here takes part in identity.

    `commit` and `dirty` (a hash of the uncommitted changes) are None outside a git checkout of
    this project; `dirty` is None, too, where there are no changes.
    """
    # Imported here because it imports numba, which asking for a version need not wait for.
    from agents.common.compiled import cpu_level

    commit, dirty = _git_state()
    libraries = {name: _version_or_none(name) for name in _NAMED_LIBRARIES}
    return {
        "commit": commit,
        "dirty": dirty,
        "python": platform.python_version(),
        **libraries,
        "platform": platform.platform(),
        "cpu_level": cpu_level(),
        "cores": usable_cores(),
    }


def usable_cores() -> int:
    """Give the number of cores this process may use, at least 1.

    The smallest of the processor affinity, the quota of the control group, and a Slurm task's
    share.
    """
    limits = [_affinity()]
    quota = _quota()
    if quota is not None:
        limits.append(quota)
    share = os.environ.get("SLURM_CPUS_PER_TASK", "")
    if re.fullmatch("[0-9]{1,6}", share):
        limits.append(int(share))
    return max(1, min(limits))


def _model_roots() -> tuple[Path, Path]:
    return Path(agents.__file__).resolve().parent, Path(__file__).resolve().parent


def _files(root: Path) -> Iterator[Path]:
    wanted = (".py", *_DATA_SUFFIXES)
    return (path for path in root.rglob("*") if path.suffix in wanted and path.is_file())


def _data_hash(content: bytes) -> str:
    # A checkout on Windows may end its lines otherwise; the data are the same.
    return hashlib.blake2b(content.replace(b"\r\n", b"\n"), digest_size=16).hexdigest()


def _tree_hashes(sources: set[bytes]) -> dict[bytes, str]:
    """Hash the syntax tree of each source, reading known ones from the user's cache.

    Parsing everything takes most of a second, so the cache maps a file's content to its tree.
    """
    store = private_directory("versions")
    file = store / f"{sys.implementation.cache_tag}-{_encoding_version()}.json" if store else None
    known = _read_known(file) if file else {}
    keys = {source: hashlib.blake2b(source, digest_size=16).hexdigest() for source in sources}
    fresh = {key: _tree_hash(source) for source, key in keys.items() if key not in known}
    if fresh and file:
        kept = known if len(known) < _KEPT_TREES else {}
        _write_known(file, {**kept, **fresh})
    known |= fresh
    return {source: known[key] for source, key in keys.items()}


@functools.cache
def _encoding_version() -> str:
    """Name the rules by which trees are hashed: this file's content."""
    return hashlib.blake2b(Path(__file__).read_bytes(), digest_size=4).hexdigest()


def _read_known(file: Path) -> dict[str, str]:
    try:
        known = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(known, dict) or not all(isinstance(v, str) for v in known.values()):
        return {}
    return known


def _write_known(file: Path, known: dict[str, str]) -> None:
    """Replace the cache at once; without space it stays as it is."""
    partial = file.with_suffix(f".{secrets.token_hex(8)}")
    try:
        partial.write_text(json.dumps(known))
        partial.replace(file)
    except OSError:
        partial.unlink(missing_ok=True)


def _tree_hash(source: bytes) -> str:
    parts: list[str] = []
    _append_tree(ast.parse(source), parts)
    return hashlib.blake2b("".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()


def _append_tree(node: object, parts: list[str]) -> None:
    """Append a text that tells two trees apart, leaving out absent and empty fields.

    `ast.dump` would do, but its form differs between releases of Python.
    """
    if isinstance(node, ast.AST):
        parts.append(f"{type(node).__name__}(")
        for name, value in ast.iter_fields(node):
            if value is not None and value != []:
                parts.append(f"{name}=")
                _append_tree(value, parts)
        parts.append(")")
    elif isinstance(node, list):
        parts.append("[")
        for entry in node:
            if not _is_lone_string(entry):
                _append_tree(entry, parts)
        parts.append("]")
    else:
        parts.append(f"{node!r};")


def _is_lone_string(node: object) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _version_or_none(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _git_state() -> tuple[str | None, str | None]:
    """Give the commit and the hash of uncommitted changes of the checkout this file is from."""
    here = Path(__file__).resolve()
    # An installed copy may lie inside another project's checkout, which does not track it.
    if _git(here.parent, "ls-files", "--error-unmatch", here.name) is None:
        return None, None
    commit = _git(here.parent, "rev-parse", "HEAD")
    changes = _git(here.parent, "diff", "--no-ext-diff", "--no-textconv", "--no-color", "HEAD")
    dirty = hashlib.blake2b(changes, digest_size=8).hexdigest() if changes else None
    named = re.fullmatch(rb"[0-9a-f]{40,64}", commit.strip()) if commit else None
    return (named[0].decode() if named else None), dirty


def _git(directory: Path, *arguments: str) -> bytes | None:
    """Run git without the variables by which a calling hook would point it elsewhere."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *arguments],
            capture_output=True,
            check=True,
            env=environment,
            timeout=_GIT_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota() -> int | None:
    """Give the whole cores that the control group (version 2) allows, None without a limit."""
    try:
        limit, period = _CPU_QUOTA.read_text().split()
        return max(1, int(limit) // int(period))
    except (OSError, ValueError):
        return None
