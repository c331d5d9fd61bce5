"""How the project compiles: one place that sets numba up, and the decorators all kernels use.

Import this module, never numba: numba reads its settings when it is imported, and they decide
which bytes come out. Three are set here, unless the user's environment already has them.

- `NUMBA_CPU_NAME` and `NUMBA_CPU_FEATURES`: code for x86-64-v3 (AVX2, FMA, BMI) where the
  processor has it, else `generic`. Given a name alone, numba still adds every feature of the
  host, so that two machines of one level would differ; the features are therefore set to none
  beyond the level's own.
- `NUMBA_DISABLE_INTEL_SVML`: a vector library that happens to be installed must not change
  results.
- `NUMBA_CACHE_DIR`: a private directory named by the code, because numba's own check sees only
  the file of the kernel and would serve old machine code after a change in another file.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from llvmlite import binding

from agents.common.caches import private_directory, user_cache

_LEVEL_3 = "x86-64-v3"
# The levels are those of the psABI; a processor without one of these is not of level 3.
_LEVEL_3_FEATURES = (
    *("avx", "avx2", "bmi", "bmi2", "cx16", "f16c", "fma", "lzcnt", "movbe", "popcnt", "sahf"),
    *("sse3", "sse4.1", "sse4.2", "ssse3"),
)
_CACHE = "numba"
_COMPILED_PACKAGES = ("agents", "sim")
_KEPT_DAYS = 14.0
_NEEDED_BYTES = 64 * 2**20


def code_hash() -> str:
    """Give 16 hex digits that change with any byte of the code that holds kernels.

    Comments count, unlike in the model's version: a new hash costs one compilation, a stale one
    costs wrong results.
    """
    root = Path(__file__).resolve().parents[2]
    digest = hashlib.blake2b(digest_size=8)
    for package in _COMPILED_PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def cpu_level() -> str:
    """Give the instruction set that results were computed with.

    `x86-64-v3` or `generic`; another name, or features after a plus sign, where the user's
    environment has set them; `host` where numba had compiled before this project was imported.
    """
    return _LEVEL


def _host_level() -> str:
    try:
        features = binding.get_host_cpu_features()
    except RuntimeError:
        return "generic"
    has_all = all(features.get(name, False) for name in _LEVEL_3_FEATURES)
    return _LEVEL_3 if has_all else "generic"


def _set_processor() -> str:
    name = os.environ.setdefault("NUMBA_CPU_NAME", _host_level())
    features = os.environ.setdefault("NUMBA_CPU_FEATURES", "")
    os.environ.setdefault("NUMBA_DISABLE_INTEL_SVML", "1")
    return f"{name}+{features}" if features else name


def _set_cache(level: str) -> bool:
    """Point numba to its cache; False where there is none to write to."""
    if _is_set_by_user(given := os.environ.get("NUMBA_CACHE_DIR", "")):
        if _takes_files(Path(given)):
            return True
        # numba would end with an error that names a kernel.
        message = f"no file can be written to NUMBA_CACHE_DIR {given}: it is not used"
        warnings.warn(message, RuntimeWarning, stacklevel=2)
    os.environ.pop("NUMBA_CACHE_DIR", None)
    name = hashlib.blake2b(f"{code_hash()} {level}".encode(), digest_size=8).hexdigest()
    directory = private_directory(_CACHE, f"{name}-{sys.implementation.cache_tag}")
    if directory is None or shutil.disk_usage(directory).free < _NEEDED_BYTES:
        message = "no private cache directory with space to write to: code is compiled anew"
        warnings.warn(message, RuntimeWarning, stacklevel=2)
        return False
    os.utime(directory)
    _remove_unused(directory.parent)
    os.environ["NUMBA_CACHE_DIR"] = str(directory)
    return True


def _is_set_by_user(directory: str) -> bool:
    """Tell a user's choice from what a parent process set, whose code may have been older."""
    with contextlib.suppress(RuntimeError):
        return bool(directory) and Path(directory).parent != user_cache() / _CACHE
    return bool(directory)


def _takes_files(directory: Path) -> bool:
    """Tell whether numba can keep code in a directory, which it makes if need be."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return True
    except OSError:
        return False


def _remove_unused(caches: Path) -> None:
    oldest = time.time() - _KEPT_DAYS * 86_400
    # Another process may remove the same directories at this moment.
    with contextlib.suppress(OSError):
        for directory in caches.iterdir():
            if directory.lstat().st_mtime < oldest:
                shutil.rmtree(directory, ignore_errors=True)


def _level_of_earlier_numba(level: str) -> str:
    """Make numba read the settings again if it was imported before; it may be too late."""
    from numba.core import config, registry

    config.reload_config()  # type: ignore[no-untyped-call]
    if "_toplevel_target_context" not in vars(registry.cpu_target):
        return level
    message = "numba compiled before nomoat was imported: results are those of this processor only"
    warnings.warn(message, RuntimeWarning, stacklevel=2)
    return "host"


_WAS_IMPORTED = "numba" in sys.modules
_LEVEL = _set_processor()
_CACHED = _set_cache(_LEVEL)
if _WAS_IMPORTED:
    _LEVEL = _level_of_earlier_numba(_LEVEL)

import numba  # noqa: E402  (numba reads the settings above when it is imported)
from numba.core.cpu import CPUTargetOptions  # noqa: E402

# numba knows how to promise LLVM that arguments do not overlap, but offers no word for it.
CPUTargetOptions.noalias = CPUTargetOptions.Mapping("noalias")  # type: ignore[no-untyped-call]

_BARE: dict[str, Any] = {"nogil": True, "fastmath": False, "error_model": "numpy", "_nrt": False}
"""Settings of code without memory of its own; `_nrt` is numba's switch for reference counts."""


def kernel[F: Callable[..., Any]](function: F) -> F:
    """Compile `function` at its first call, without the interpreter lock, cached on disk.

    Sums are never reassociated (`fastmath` off) and a division by zero gives inf or nan as numpy
    does. Kernels take a block of rows and run on one thread; callers spread blocks over threads.
    """
    compile_it = numba.njit(cache=_CACHED, nogil=True, fastmath=False, error_model="numpy")
    return cast(F, compile_it(function))


def bare_kernel[F: Callable[..., Any]](function: F) -> F:
    """Compile a kernel that allocates nothing and counts no references.

    For kernels that hand tuples of many arrays to their helpers: with numba's reference counts
    every such call costs two atomic operations an array, many times the work itself. Arrays to
    work in are passed by the caller. The switch is numba's own, used in its library code.
    """
    compile_it = numba.njit(cache=_CACHED, **_BARE)
    return cast(F, compile_it(function))


def inline_kernel[F: Callable[..., Any]](function: F) -> F:
    """Compile a small helper that kernels call; it becomes part of the kernel's machine code.

    It is not cached by itself: the cached kernel holds it. Inlining is forced, because LLVM's own
    limit leaves longer helpers as calls, and a call stops the loop around it from being
    vectorised (Philox: 9 ns a call against 2 ns in a loop over a buffer).
    """
    compile_it = numba.njit(forceinline=True, **_BARE)
    return cast(F, compile_it(function))


def vector_kernel[F: Callable[..., Any]](function: F) -> F:
    """Compile an inline helper whose loops are to become vector code.

    It promises that no two arrays among its arguments overlap where one of them is written: LLVM
    then needs no checks at run time, of which it accepts only a few a loop. Loops of many steps
    are best nested, whole chunks of eight inside, which leaves no scalar rest; LLVM unrolls a
    short body of that form into scalar code, so short loops are better flat.
    """
    options: dict[str, Any] = {"forceinline": True, "noalias": True, **_BARE}
    return cast(F, numba.njit(**options)(function))
