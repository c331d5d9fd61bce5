"""The loops that carry the model's cost are vector code."""

import re
from typing import Any, NamedTuple

import numpy as np
import pytest

from agents.common.compiled import bare_kernel, cpu_level, inline_kernel, vector_kernel
from agents.enterprise.nests import LANES, whole_chunks

CHUNK = np.uint64(LANES)


class Room(NamedTuple):
    """Twelve arrays: more than LLVM checks for overlap at run time."""

    out: np.ndarray
    a: np.ndarray
    b: np.ndarray
    c: np.ndarray
    d: np.ndarray
    e: np.ndarray
    f: np.ndarray
    g: np.ndarray
    h: np.ndarray
    i: np.ndarray
    j: np.ndarray
    k: np.ndarray


def add_up(room: Any, n: int) -> None:
    for chunk in range(np.uint64(n) // CHUNK):
        for lane in range(CHUNK):
            at = chunk * CHUNK + lane
            total = room.a[at] * room.b[at] + room.c[at] * room.d[at] + room.e[at] * room.f[at]
            total += np.ceil(room.g[at]) * room.h[at] + room.i[at] * room.j[at]
            room.out[at] = max(total, np.float32(0)) * room.k[at]


def vectors(compile_it: Any) -> int:
    """Multiplications of eight numbers in the machine code of a kernel around the loop."""
    inner = compile_it(add_up)

    @bare_kernel
    def outer(room: Any, n: int) -> None:
        inner(room, n)

    outer(Room(*np.ones((12, 64), np.float32)), 64)
    code = next(iter(outer.inspect_asm().values()))
    return len(re.findall(r"vmulps.*ymm", code))


@pytest.mark.skipif(cpu_level() != "x86-64-v3", reason="another processor has other vectors")
def test_a_vector_kernel_needs_no_checks_for_overlap() -> None:
    assert vectors(vector_kernel) >= 5


@pytest.mark.parametrize(("count", "padded"), [(1, 8), (8, 8), (9, 16), (0, 0)])
def test_whole_chunks(count: int, padded: int) -> None:
    assert whole_chunks(count) == padded


@pytest.mark.skipif(cpu_level() != "x86-64-v3", reason="another processor has other vectors")
def test_without_the_promise_there_are_none() -> None:
    assert vectors(inline_kernel) == 0
