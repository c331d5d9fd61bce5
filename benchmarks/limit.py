"""Part `limit`: what this machine can do at most in the loops that the engine is made of."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import bare_kernel
from agents.common.mathematics import fast_exp
from agents.common.mathematics64 import exp64
from agents.common.randomness import draw
from benchmarks.lines import Line, best_seconds

SIZE, LOOPS = 4096, 200
"""Numbers in a buffer, which fits the nearest caches, and passes over it."""
COPIED = 128 * 2**20
"""Bytes, far more than the caches hold."""


@bare_kernel
def exponentials(x: NDArray[np.float32], out: NDArray[np.float32], loops: int) -> None:
    """The project's exponential over a buffer, many times."""
    for _ in range(loops):
        for i in range(x.size):
            out[i] = fast_exp(x[i])


@bare_kernel
def exponentials64(x: NDArray[np.float64], out: NDArray[np.float64], loops: int) -> None:
    """The project's exponential in float64 over a buffer, many times."""
    for _ in range(loops):
        for i in range(x.size):
            out[i] = exp64(x[i])


@bare_kernel
def draws(key: np.uint64, out: NDArray[np.uint32], loops: int) -> None:
    """A word at each address, many times."""
    for month in range(loops):
        for i in range(out.size):
            out[i] = draw(key, month, i, 0, 0)


def each(job: Any, repeats: int) -> float:
    """Nanoseconds a number of a job over all loops."""
    return 1e9 * best_seconds(job, repeats) / (SIZE * LOOPS)


def repeated(x: Any, out: Any) -> None:
    """numpy's exponential over a buffer, many times."""
    for _ in range(LOOPS):
        np.exp(x, out=out)


def measure(*, quick: bool) -> list[Line]:
    """Exponentials, copying, random draws."""
    part, repeats = "limit", 5 if quick else 20
    x64 = np.linspace(-20.0, 5.0, SIZE)
    x32 = x64.astype(np.float32)
    out64, out32, words = np.empty_like(x64), np.empty_like(x32), np.empty(SIZE, np.uint32)
    source = np.ones(COPIED // 8)
    target = np.empty_like(source)
    copying = best_seconds(lambda: np.copyto(target, source), repeats)
    jobs = {
        "fast_exp, float32": lambda: exponentials(x32, out32, LOOPS),
        "exp64, float64": lambda: exponentials64(x64, out64, LOOPS),
        "np.exp, float32": lambda: repeated(x32, out32),
        "np.exp, float64": lambda: repeated(x64, out64),
        "Philox, a word at an address": lambda: draws(np.uint64(1), words, LOOPS),
    }
    lines = [Line(part, name, each(job, repeats), "ns") for name, job in jobs.items()]
    speed = 2 * COPIED / copying / 1e9
    return [*lines, Line(part, "memory copy", speed, "GB/s", note="read plus written")]
