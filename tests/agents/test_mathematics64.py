"""Double-precision exponential and logarithm against extended precision, and at their ends."""

import numpy as np

from agents.common.compiled import kernel
from agents.common.mathematics64 import ERROR_BOUND, EXP_HIGHEST, EXP_LOWEST, exp64, log64


@kernel
def exps(x: np.ndarray, out: np.ndarray) -> None:
    for i in range(x.size):
        out[i] = exp64(x[i])


@kernel
def logs(x: np.ndarray, out: np.ndarray) -> None:
    for i in range(x.size):
        out[i] = log64(x[i])


def test_the_exponential_is_exact_to_its_bound() -> None:
    x = np.concatenate([np.linspace(EXP_LOWEST, EXP_HIGHEST, 100_001), np.linspace(-1, 1, 20_001)])
    found = np.empty_like(x)
    exps(x, found)
    exact = np.exp(x.astype(np.longdouble))
    assert float(np.max(np.abs(found - exact) / exact)) < ERROR_BOUND


def test_the_logarithm_is_exact_to_its_bound() -> None:
    x = np.concatenate([np.exp(np.linspace(-700, 700, 100_001)), np.linspace(0.5, 2, 20_001)])
    found = np.empty_like(x)
    logs(x, found)
    exact = np.log(x.astype(np.longdouble))
    assert float(np.max(np.abs(found - exact) / (1 + np.abs(exact)))) < ERROR_BOUND


def test_the_exponential_has_no_tails() -> None:
    x = np.array([-np.inf, -1e300, np.nextafter(EXP_LOWEST, -np.inf), 0.0, 1e300])
    found = np.empty_like(x)
    exps(x, found)
    assert found[:4].tolist() == [0.0, 0.0, 0.0, 1.0]
    assert 8e307 < found[4] < np.inf
