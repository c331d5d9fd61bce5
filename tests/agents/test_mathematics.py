"""Error bounds of the float32 functions, their ends, and that loops over them are vector code."""

import numba
import numpy as np
import pytest
from scipy import special

from agents.common.compiled import cpu_level
from agents.common.mathematics import ERROR_BOUND, fast_exp, fast_log, gumbel, sigmoid


def over_buffer(function):
    """Compile a loop over a buffer; not cached, so that its machine code can be looked at."""

    @numba.njit(nogil=True, error_model="numpy")
    def loop(values, out):
        for row in range(out.size):
            out[row] = function(values[row])

    return loop


LOOPS = {f.__name__: over_buffer(f) for f in (fast_exp, fast_log, sigmoid, gumbel)}


def apply(name, values):
    out = np.empty(values.size, dtype=np.float32)
    LOOPS[name](values, out)
    return out


def relative_error(found, exact):
    assert not np.any((exact == 0) & (found != 0))
    present = exact != 0
    return np.max(np.abs(found[present] / exact[present] - 1.0))


def all_floats(low, high, step=1):
    """Every `step`-th float32 from low to high, both positive."""
    first, last = np.array([low, high], dtype=np.float32).view(np.uint32)
    return np.arange(first, last + 1, step, dtype=np.uint32).view(np.float32)


def both_signs(values):
    return np.concatenate([values, -values])


def test_exp_over_its_whole_range():
    x = both_signs(all_floats(1e-12, 87.0, step=97))
    assert relative_error(apply("fast_exp", x), np.exp(x.astype(float))) < ERROR_BOUND


def test_log_over_all_normal_numbers():
    x = np.concatenate([all_floats(2.0**-126, 3.4e38, step=499), all_floats(0.5, 2.0, step=7)])
    assert relative_error(apply("fast_log", x), np.log(x.astype(float))) < ERROR_BOUND


def test_sigmoid_over_its_whole_range():
    x = both_signs(all_floats(1e-12, 87.0, step=97))
    assert relative_error(apply("sigmoid", x), special.expit(x.astype(float))) < ERROR_BOUND


def test_gumbel_over_words_of_every_size():
    ends = np.arange(2**20, dtype=np.uint32)
    w = np.concatenate([ends, np.uint32(2**32 - 1) - ends, np.arange(0, 2**32, 4_099, np.uint32)])
    exact = -np.log(-np.log1p(-((w >> 1) + 0.5) * 2.0**-31))
    error = np.abs(apply("gumbel", w) - exact) / (1 + np.abs(exact))
    assert error.max() < ERROR_BOUND


def test_gumbel_has_the_moments_of_its_law():
    g = apply("gumbel", np.arange(0, 2**32, 4_099, np.uint32)).astype(float)
    assert g.mean() == pytest.approx(np.euler_gamma, abs=1e-4)
    assert g.var() == pytest.approx(np.pi**2 / 6, abs=1e-3)


def test_gumbel_falls_as_the_word_rises_and_keeps_within_its_ends():
    g = apply("gumbel", np.arange(0, 2**32, 65_537, np.uint32))
    assert np.all(np.diff(g) <= 0)
    ends = apply("gumbel", np.array([0, 2**32 - 1], np.uint32))
    np.testing.assert_allclose(ends, [22.1807098, -3.0992227], rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("fast_exp", [0, -87.1, -1e30, -np.inf, np.nan], [1, 0, 0, 0, np.nan]),
        ("fast_exp", [88.1, 1e30, np.inf], [np.exp(88.0)] * 3),
        ("fast_log", [1, 0, 1e-39, np.inf], [0, -np.inf, -np.inf, np.inf]),
        ("fast_log", [-1e-39, -1, -np.inf, np.nan], [np.nan] * 4),
        ("sigmoid", [0, 90, np.inf, -88, -np.inf, np.nan], [0.5, 1, 1, 0, 0, np.nan]),
    ],
)
def test_ends(name, values, expected):
    found = apply(name, np.array(values, dtype=np.float32))
    np.testing.assert_allclose(found, expected, rtol=ERROR_BOUND)


def test_exp_meets_its_lower_end():
    below, at = np.nextafter(np.float32(-87), np.float32(-88)), np.float32(-87)
    found = apply("fast_exp", np.array([below, at], dtype=np.float32))
    assert found[0] == 0
    assert found[1] == pytest.approx(np.exp(-87.0), rel=ERROR_BOUND, abs=0)


def test_exp_and_log_are_monotonic_around_the_joints():
    x = all_floats(0.3, 0.4)
    assert np.all(np.diff(apply("fast_exp", x)) >= 0)
    assert np.all(np.diff(apply("fast_log", all_floats(0.70, 0.72))) >= 0)


@pytest.mark.skipif(cpu_level() != "x86-64-v3", reason="other levels have other vector registers")
@pytest.mark.parametrize("name", list(LOOPS))
def test_a_loop_over_a_buffer_is_vector_code_without_fused_sums(name):
    dtype = np.uint32 if name == "gumbel" else np.float32
    apply(name, np.zeros(1, dtype=dtype))
    code = next(iter(LOOPS[name].inspect_asm().values()))
    assert "ymm" in code
    assert "vmulps" in code
    assert "vfmadd" not in code


@pytest.mark.parametrize("name", list(LOOPS))
def test_place_in_the_buffer_does_not_matter(name):
    values = np.linspace(0.1, 80, 1_000).astype(np.uint32 if name == "gumbel" else np.float32)
    whole = apply(name, values)
    np.testing.assert_array_equal(apply(name, values[3:10]), whole[3:10])
