"""Exponentials, logarithms and Gumbel noise in float32 for loops over short buffers.

The library's `exp` is a call for every number and stops a loop from being vectorised. These
functions split exponent and mantissa by bits and evaluate a polynomial, without a branch or a
call, so that LLVM turns a loop over a contiguous buffer into vector code. They use no fused
multiply-add and no reassociation: vector and scalar code give the same bytes.

Polynomials: Cephes Mathematical Library, single precision, `expf` and `logf` (S. L. Moshier).
Relative errors are below `ERROR_BOUND`, which the tests check against float64.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import inline_kernel, kernel

ERROR_BOUND = 2e-7
"""Relative error of `fast_exp`, `fast_log` and `sigmoid`; `gumbel` see there."""
EXP_LOWEST = np.float32(-87.0)
"""Below this `fast_exp` and `sigmoid` give 0: the result would leave the normal float32."""
EXP_HIGHEST = np.float32(88.0)
"""Above this `fast_exp` stays at its value here, 1.65e38, instead of overflowing."""

_ZERO = np.float32(0.0)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
_INFINITE = np.float32(np.inf)
_UNDEFINED = np.float32(np.nan)
_SMALLEST_NORMAL = np.float32(2.0**-126)
_LOG2_E = np.float32(1.4426950408889634)
# ln 2 in two parts: the product of the first with any exponent is exact.
_LN2_HIGH = np.float32(0.693359375)
_LN2_LOW = np.float32(-2.12194440e-4)
# Adding 1.5 * 2**23 rounds to an integer and leaves it in the low bits of the mantissa.
_ROUNDER = np.float32(12582912.0)
_ROUNDER_BITS = np.int32(0x4B400000)
_BIAS = np.int32(127)
_MANTISSA = np.int32(23)
_ROOT_HALF_BITS = np.int32(0x3F3504F3)

_E0 = np.float32(1.9875691500e-4)
_E1 = np.float32(1.3981999507e-3)
_E2 = np.float32(8.3334519073e-3)
_E3 = np.float32(4.1665795894e-2)
_E4 = np.float32(1.6666665459e-1)
_E5 = np.float32(5.0000001201e-1)

_L0 = np.float32(7.0376836292e-2)
_L1 = np.float32(-1.1514610310e-1)
_L2 = np.float32(1.1676998740e-1)
_L3 = np.float32(-1.2420140846e-1)
_L4 = np.float32(1.4249322787e-1)
_L5 = np.float32(-1.6668057665e-1)
_L6 = np.float32(2.0000714765e-1)
_L7 = np.float32(-2.4999993993e-1)
_L8 = np.float32(3.3333331174e-1)

_WORD_STEP = np.float32(2.0**-31)
_WORD_TOP = np.int32(0x7FFFFFFF)
_ONE_BIT = np.uint32(1)


@inline_kernel
def fast_exp(x: np.float32) -> np.float32:
    """Give e**x: 0 below -87, constant above 88, nan for nan.

    Subtract the largest exponent of a row first, so that neither end is reached.
    """
    bounded = EXP_HIGHEST if x > EXP_HIGHEST else x
    rounded = np.float32(bounded * _LOG2_E) + _ROUNDER
    exponent = np.int32(np.float32(rounded).view(np.int32) - _ROUNDER_BITS)
    whole = rounded - _ROUNDER
    r = (bounded - whole * _LN2_HIGH) - whole * _LN2_LOW
    p = ((((_E0 * r + _E1) * r + _E2) * r + _E3) * r + _E4) * r + _E5
    fraction = (p * (r * r) + r) + _ONE
    scale = np.int32(np.int32(exponent + _BIAS) << _MANTISSA).view(np.float32)
    return _ZERO if x < EXP_LOWEST else fraction * scale


@inline_kernel
def _log1p_polynomial(f: np.float32) -> np.float32:
    """Give log(1 + f) - f for 1 + f between the roots of 1/2 and of 2."""
    z = f * f
    p = (((_L0 * f + _L1) * f + _L2) * f + _L3) * f + _L4
    p = (((p * f + _L5) * f + _L6) * f + _L7) * f + _L8
    return f * z * p - _HALF * z


@inline_kernel
def _split(x: np.float32) -> tuple[np.float32, np.float32]:
    """Give e and m with x = m * 2**e and m between the roots of 1/2 and of 2."""
    bits = np.float32(x).view(np.int32)
    exponent = np.int32(np.int32(bits - _ROOT_HALF_BITS) >> _MANTISSA)
    mantissa = np.int32(bits - np.int32(exponent << _MANTISSA)).view(np.float32)
    return np.float32(exponent), mantissa


@inline_kernel
def _log_parts(exponent: np.float32, f: np.float32) -> np.float32:
    """Give log(2**exponent * (1 + f)), small terms first."""
    small = _log1p_polynomial(f) + exponent * _LN2_LOW
    return (small + f) + exponent * _LN2_HIGH


@inline_kernel
def fast_log(x: np.float32) -> np.float32:
    """Give the natural logarithm: -inf from 0 to the smallest normal, nan below 0 and for nan."""
    exponent, mantissa = _split(x)
    value = _log_parts(exponent, mantissa - _ONE)
    value = -_INFINITE if x < _SMALLEST_NORMAL else value
    value = value if x < _INFINITE else x
    return _UNDEFINED if x < _ZERO else value


@inline_kernel
def sigmoid(x: np.float32) -> np.float32:
    """Give 1 / (1 + e**-x): 0 below -87, 1 above 87, nan for nan."""
    value = _ONE / (_ONE + fast_exp(-x))
    return _ZERO if x < EXP_LOWEST else value


@inline_kernel
def gumbel(word: np.uint32) -> np.float32:
    """Give standard Gumbel noise, -log(-log(1 - v)), from 32 random bits.

    v = (word // 2 + 1/2) / 2**31, so values lie between -3.10 and 22.18. Near both ends float32
    cannot hold v and 1 - v at once, so each comes from the bits; the absolute error is below
    `ERROR_BOUND` times 1 + the size of the value. Noise falls as `word` rises.
    """
    half = np.int32(word >> _ONE_BIT)
    v = (np.float32(half) + _HALF) * _WORD_STEP
    rest = (np.float32(np.int32(_WORD_TOP - half)) + _HALF) * _WORD_STEP
    exponent, mantissa = _split(rest)
    f = mantissa - _ONE if exponent < _ZERO else -v
    waiting = -_log_parts(exponent, f)
    return -_log_parts_of(waiting)


@inline_kernel
def _log_parts_of(x: np.float32) -> np.float32:
    """Give log of a positive normal number, without the cases `fast_log` has to look at."""
    exponent, mantissa = _split(x)
    return _log_parts(exponent, mantissa - _ONE)


@kernel
def exponentials(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give e**x in float64 for each element of a vector.

    numpy picks its own routines by processor, whose last bits differ; this one does not.
    """
    result = np.empty(x.size)
    for i in range(x.size):
        result[i] = math.exp(x[i])
    return result


@kernel
def logarithms(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the natural logarithm in float64 for each element of a vector; see `exponentials`."""
    result = np.empty(x.size)
    for i in range(x.size):
        result[i] = math.log(x[i])
    return result
