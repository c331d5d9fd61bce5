"""Addressed random numbers: every draw is a pure function of a key and an address.

Nothing is consumed in sequence, so a draw depends neither on what was drawn before nor on threads,
and the same enterprise meets the same luck in every scenario that shares a root seed.

The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as
1, 2, 3", SC11, 2011). The key is 64 bits of blake2b over the root seed and the name of a stream.
The four words of the counter hold the address:

====  =============================================================================
word  content
====  =============================================================================
c0    month, modulo 2**32 (16 bits are used; months before the first may be negative)
c1    low 32 bits of the id
c2    item, modulo 2**32 (what is drawn: an offer, a purpose, a slot of the id)
c3    next 24 bits of the id, then 8 bits of the block
====  =============================================================================

So ids go up to 2**56, and one address has 256 blocks of four words of 32 bits: lanes 0 to 1023,
of which lane `n` is word `n % 4` of block `n // 4`. Lanes of one block cost one evaluation.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from agents.common.compiled import inline_kernel, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    type Words = tuple[np.uint32, np.uint32, np.uint32, np.uint32]
    type Ids = NDArray[np.int64]
    type Floats = NDArray[np.float64]

_ROUND_0 = np.uint64(0xD2511F53)
_ROUND_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint32(0x9E3779B9)
_WEYL_1 = np.uint32(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_HALF_WORD = np.uint64(32)


def stream_key(root_seed: int, stream: str) -> np.uint64:
    """Give the key of a named stream: 64 bits of blake2b over the root seed and the name."""
    text = f"{root_seed:d}\0{stream}".encode()
    return np.uint64(int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little"))


def name_id(text: str) -> int:
    """Give the id of a name in 0 to 2**32 - 1; it does not depend on the order of a roster."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "little")


class Streams:
    """The keys of one root seed, by the name of the stream."""

    __slots__ = ("_keys", "root_seed")

    def __init__(self, root_seed: int) -> None:
        """Keep the root seed, any integer."""
        self.root_seed = root_seed
        self._keys: dict[str, np.uint64] = {}

    def key(self, name: str) -> np.uint64:
        """Give the key of the stream `name`."""
        if name not in self._keys:
            self._keys[name] = stream_key(self.root_seed, name)
        return self._keys[name]


@inline_kernel
def philox(key: np.uint64, c0: np.uint32, c1: np.uint32, c2: np.uint32, c3: np.uint32) -> Words:
    """Give the four words of Philox4x32-10 at a counter."""
    k0 = np.uint32(key & _LOW)
    k1 = np.uint32(key >> _HALF_WORD)
    for _ in range(10):
        first = _ROUND_0 * np.uint64(c0)
        second = _ROUND_1 * np.uint64(c2)
        c0 = np.uint32(np.uint32(second >> _HALF_WORD) ^ c1 ^ k0)
        c2 = np.uint32(np.uint32(first >> _HALF_WORD) ^ c3 ^ k1)
        c1 = np.uint32(second & _LOW)
        c3 = np.uint32(first & _LOW)
        k0 = np.uint32(k0 + _WEYL_0)
        k1 = np.uint32(k1 + _WEYL_1)
    return c0, c1, c2, c3


@inline_kernel
def words(key: np.uint64, month: int, id: int, item: int, block: int) -> Words:
    """Give the four words of one block of an address: lanes `4 * block` to `4 * block + 3`."""
    high = np.uint32(((np.int64(id) >> np.int64(32)) << np.int64(8)) | np.int64(block))
    return philox(key, np.uint32(month), np.uint32(id), np.uint32(item), high)


@inline_kernel
def draw(key: np.uint64, month: int, id: int, item: int, lane: int) -> np.uint32:
    """Give the 32 random bits of one lane of an address."""
    w0, w1, w2, w3 = words(key, month, id, item, lane >> 2)
    lower = w1 if lane & 1 else w0
    upper = w3 if lane & 1 else w2
    return upper if lane & 2 else lower


@inline_kernel
def uniform(word: np.uint32) -> float:
    """Map 32 random bits into the open interval (0, 1): never 0, never 1."""
    return (np.float64(word) + 0.5) * 2.0**-32


@inline_kernel
def wide_uniform(high: np.uint32, low: np.uint32) -> float:
    """Map two words into the open interval (0, 1) in steps of 2**-52: never 0, never 1.

    The centres of 2**52 cells are exact in 53 bits; with one bit more the last would round to 1.
    """
    cell = (np.uint64(high) << np.uint64(20)) | (np.uint64(low) >> np.uint64(12))
    return (np.float64(cell) + 0.5) * 2.0**-52


@kernel
def uniform_at(key: np.uint64, month: int, id: int, item: int) -> float:
    """Draw a uniform of (0, 1) at an address, from its lanes 0 and 1."""
    w0, w1, _, _ = words(key, month, id, item, 0)
    return wide_uniform(w0, w1)


@inline_kernel
def _centre_quantile(q: float) -> float:
    r = 0.180625 - q * q
    top = 2.5090809287301226727e3 * r + 3.3430575583588128105e4
    top = (top * r + 6.7265770927008700853e4) * r + 4.5921953931549871457e4
    top = (top * r + 1.3731693765509461125e4) * r + 1.9715909503065514427e3
    top = (top * r + 1.3314166789178437745e2) * r + 3.3871328727963666080e0
    low = 5.2264952788528545610e3 * r + 2.8729085735721942674e4
    low = (low * r + 3.9307895800092710610e4) * r + 2.1213794301586595867e4
    low = (low * r + 5.3941960214247511077e3) * r + 6.8718700749205790830e2
    low = (low * r + 4.2313330701600911252e1) * r + 1.0
    return q * top / low


@inline_kernel
def _near_quantile(r: float) -> float:
    r = r - 1.6
    top = 7.74545014278341407640e-4 * r + 2.27238449892691845833e-2
    top = (top * r + 2.41780725177450611770e-1) * r + 1.27045825245236838258e0
    top = (top * r + 3.64784832476320460504e0) * r + 5.76949722146069140550e0
    top = (top * r + 4.63033784615654529590e0) * r + 1.42343711074968357734e0
    low = 1.05075007164441684324e-9 * r + 5.47593808499534494600e-4
    low = (low * r + 1.51986665636164571966e-2) * r + 1.48103976427480074590e-1
    low = (low * r + 6.89767334985100004550e-1) * r + 1.67638483018380384940e0
    low = (low * r + 2.05319162663775882187e0) * r + 1.0
    return top / low


@inline_kernel
def _far_quantile(r: float) -> float:
    r = r - 5.0
    top = 2.01033439929228813265e-7 * r + 2.71155556874348757815e-5
    top = (top * r + 1.24266094738807843860e-3) * r + 2.65321895265761230930e-2
    top = (top * r + 2.96560571828504891230e-1) * r + 1.78482653991729133580e0
    top = (top * r + 5.46378491116411436990e0) * r + 6.65790464350110377720e0
    low = 2.04426310338993978564e-15 * r + 1.42151175831644588870e-7
    low = (low * r + 1.84631831751005468180e-5) * r + 7.86869131145613259100e-4
    low = (low * r + 1.48753612908506148525e-2) * r + 1.36929880922735805310e-1
    low = (low * r + 5.99832206555887937690e-1) * r + 1.0
    return top / low


@inline_kernel
def normal_quantile(p: float) -> float:
    """Give the quantile of the standard normal at `p` in (0, 1), to about 1e-15 relative.

    Algorithm AS 241, PPND16 (Wichura, "The percentage points of the normal distribution",
    Applied Statistics 37(3), 1988).
    """
    q = p - 0.5
    if abs(q) <= 0.425:
        return _centre_quantile(q)
    r = math.sqrt(-math.log(min(p, 1.0 - p)))
    size = _near_quantile(r) if r <= 5.0 else _far_quantile(r)
    return -size if q < 0.0 else size


@kernel
def normal_at(key: np.uint64, month: int, id: int, item: int) -> float:
    """Draw a standard normal at an address."""
    return normal_quantile(uniform_at(key, month, id, item))


@kernel
def exponential_at(key: np.uint64, month: int, id: int, item: int) -> float:
    """Draw an exponential of mean 1 at an address."""
    return -math.log(uniform_at(key, month, id, item))


@kernel
def uniforms(key: np.uint64, month: int, ids: Ids, item: int) -> Floats:
    """Draw a uniform of (0, 1) for each id."""
    drawn = np.empty(ids.size)
    for row in range(ids.size):
        drawn[row] = uniform_at(key, month, ids[row], item)
    return drawn


@kernel
def normals(key: np.uint64, month: int, ids: Ids, item: int) -> Floats:
    """Draw a standard normal for each id."""
    drawn = np.empty(ids.size)
    for row in range(ids.size):
        drawn[row] = normal_at(key, month, ids[row], item)
    return drawn


def gammas(key: np.uint64, month: int, ids: Ids, item: int, shape: Floats | float) -> Floats:
    """Draw a gamma of scale 1 for each id; `shape` > 0 is one number or one for each id."""
    drawn: NDArray[Any] = special.gammaincinv(shape, uniforms(key, month, ids, item))
    return drawn


def betas(
    key: np.uint64, month: int, ids: Ids, item: int, a: Floats | float, b: Floats | float
) -> Floats:
    """Draw a beta for each id; `a`, `b` > 0 are one number or one for each id."""
    drawn: NDArray[Any] = special.betaincinv(a, b, uniforms(key, month, ids, item))
    return drawn
