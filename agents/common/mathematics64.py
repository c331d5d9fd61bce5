"""Exponential and logarithm in float64 that turn a loop over a contiguous buffer into vector code.

As in `mathematics.py`: exponent and mantissa by bits, a polynomial between, no branch and no call,
so that vector and scalar code give the same bytes. Errors are below `ERROR_BOUND`.

Polynomials: K. C. Ng's for the exponential and the logarithm, as published with fdlibm (Sun
Microsystems 1993); the approximations are minimax on the reduced interval.
"""

from __future__ import annotations

import numpy as np

from agents.common.compiled import inline_kernel

ERROR_BOUND = 5e-16
"""Relative error of `exp64`; error of `log64` relative to 1 + the size of the value."""
EXP_LOWEST = -708.0
"""Below this `exp64` gives 0: the result would leave the normal numbers."""
EXP_HIGHEST = 709.0
"""Above this `exp64` stays at its value here, 8.2e307."""

_LOG2_E = 1.4426950408889634
# ln 2 in two parts: the product of the first with any exponent is exact.
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
# Adding 1.5 * 2**52 rounds to an integer and leaves it in the low bits of the mantissa.
_ROUNDER = 6755399441055744.0
_ROUNDER_BITS = np.int64(0x4338000000000000)
_BIAS = np.int64(1023)
_MANTISSA = np.int64(52)
_ROOT_HALF_BITS = np.int64(0x3FE6A09E667F3BCD)

_P1 = 1.66666666666666019037e-01
_P2 = -2.77777777770155933842e-03
_P3 = 6.61375632143793436117e-05
_P4 = -1.65339022054652515390e-06
_P5 = 4.13813679705723846039e-08

_L1 = 6.666666666666735130e-01
_L2 = 3.999999999940941908e-01
_L3 = 2.857142874366239149e-01
_L4 = 2.222219843214978396e-01
_L5 = 1.818357216161805012e-01
_L6 = 1.531383769920937332e-01
_L7 = 1.479819860511658591e-01


@inline_kernel
def exp64(x: float) -> float:
    """Give e**x: 0 below -708, also for -inf; constant above 709."""
    bounded = min(max(x, EXP_LOWEST), EXP_HIGHEST)
    rounded = bounded * _LOG2_E + _ROUNDER
    exponent = np.int64(np.float64(rounded).view(np.int64) - _ROUNDER_BITS)
    whole = rounded - _ROUNDER
    high = bounded - whole * _LN2_HIGH
    low = whole * _LN2_LOW
    r = high - low
    t = r * r
    c = r - t * (_P1 + t * (_P2 + t * (_P3 + t * (_P4 + t * _P5))))
    fraction = 1.0 - ((low - r * c / (2.0 - c)) - high)
    scale = np.int64((exponent + _BIAS) << _MANTISSA).view(np.float64)
    return 0.0 if x < EXP_LOWEST else fraction * scale


@inline_kernel
def log64(x: float) -> float:
    """Give the natural logarithm of a positive, finite, normal number."""
    bits = np.float64(x).view(np.int64)
    exponent = np.int64(np.int64(bits - _ROOT_HALF_BITS) >> _MANTISSA)
    f = np.int64(bits - np.int64(exponent << _MANTISSA)).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    p = z * (_L1 + z * (_L2 + z * (_L3 + z * (_L4 + z * (_L5 + z * (_L6 + z * _L7))))))
    half = 0.5 * f * f
    k = np.float64(exponent)
    return k * _LN2_HIGH - ((half - (s * (half + p) + k * _LN2_LOW)) - f)
