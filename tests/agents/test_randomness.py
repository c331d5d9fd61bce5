"""The generator's known answers, and that draws at different addresses have nothing in common.

The statistical tests have fixed keys, so they pass or fail for good; for a fresh key each would
fail by chance once in a million (`CHANCE`).
"""

import numba
import numpy as np
import pytest
from scipy import special, stats

from agents.common.compiled import cpu_level
from agents.common.randomness import (
    Streams,
    betas,
    draw,
    exponential_at,
    gammas,
    name_id,
    normal_at,
    normal_quantile,
    normals,
    philox,
    stream_key,
    uniform,
    uniform_at,
    uniforms,
    wide_uniform,
    words,
)

CHANCE = 1e-6
FULL = 2**32 - 1
KEY = stream_key(20_240_101, "test")


def reference(key, counter):
    """Philox4x32-10 in Python's own integers, written from the paper."""
    k0, k1 = key & FULL, key >> 32
    c0, c1, c2, c3 = counter
    for _ in range(10):
        first, second = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = second >> 32 ^ c1 ^ k0, second & FULL, first >> 32 ^ c3 ^ k1, first & FULL
        k0, k1 = (k0 + 0x9E3779B9) & FULL, (k1 + 0xBB67AE85) & FULL
    return c0, c1, c2, c3


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ([0] * 4, [0] * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ([FULL] * 4, [FULL] * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_known_answers_of_random123(counter, key, answer):
    together = np.uint64(key[0] | key[1] << 32)
    found = philox(together, *(np.uint32(word) for word in counter))
    assert " ".join(f"{word:08x}" for word in found) == answer
    assert " ".join(f"{word:08x}" for word in reference(int(together), counter)) == answer


@pytest.mark.parametrize("id", [0, 5, 2**32 + 5, 2**40 - 1, 2**56 - 1])
@pytest.mark.parametrize(("month", "item"), [(0, 0), (119, 3), (2**16 - 1, 2**32 - 1)])
def test_the_address_fills_the_counter_as_documented(month, id, item):
    for lane in range(8):
        counter = (month, id & FULL, item, id >> 32 << 8 | lane // 4)
        expected = reference(int(KEY), counter)
        assert draw(KEY, month, id, item, lane) == expected[lane % 4]
        assert words(KEY, month, id, item, lane // 4) == expected


def test_a_month_before_the_first_is_an_address_of_its_own():
    assert words(KEY, -1, 0, 0, 0) == words(KEY, FULL, 0, 0, 0)
    assert words(KEY, -1, 0, 0, 0) != words(KEY, 1, 0, 0, 0)


@pytest.mark.skipif(cpu_level() != "x86-64-v3", reason="other levels have other vector registers")
def test_a_loop_of_draws_is_vector_code():
    @numba.njit(nogil=True, error_model="numpy")
    def fill(key, items, out):
        for row in range(out.size):
            out[row] = draw(key, 3, 5, items[row], 1)

    out = np.empty(100, dtype=np.uint32)
    fill(KEY, np.arange(100, dtype=np.uint32), out)
    assert out[99] == draw(KEY, 3, 5, 99, 1)
    code = next(iter(fill.inspect_asm().values()))
    assert any("vpmuludq" in line and "ymm" in line for line in code.splitlines())


def test_uniforms_never_reach_the_ends():
    assert uniform(np.uint32(0)) == 2.0**-33
    assert uniform(np.uint32(FULL)) == 1.0 - 2.0**-33
    assert wide_uniform(np.uint32(0), np.uint32(0)) == 2.0**-53
    assert wide_uniform(np.uint32(FULL), np.uint32(FULL)) == 1.0 - 2.0**-53


def test_wide_uniforms_use_both_words():
    step = 2.0**-52
    base = wide_uniform(np.uint32(0), np.uint32(0))
    assert wide_uniform(np.uint32(0), np.uint32(1 << 12)) - base == step
    assert wide_uniform(np.uint32(1), np.uint32(0)) - base == 2.0**-32


def test_keys_depend_on_seed_and_name():
    names = [(seed, name) for seed in (-1, 0, 1, 11, 2**80) for name in ("", "1", "a", "ab")]
    assert len({int(stream_key(*name)) for name in names}) == len(names)
    assert stream_key(1, "a") == Streams(1).key("a")
    assert isinstance(Streams(1).key("a"), np.uint64)


def test_ids_of_names_are_stable():
    assert [name_id(name) for name in ("", "alpha", "beta")] == [634351890, 3029414926, 1329277874]


def test_draws_are_stable():
    key = stream_key(7, "taste")
    drawn = [uniform_at(key, 3, 2**33 + 1, 9), uniform_at(key, 4, 1, 9)]
    assert drawn == [0.8551397774658073, 0.6516140239341625]


def test_order_and_company_do_not_matter():
    ids = np.arange(1_000, dtype=np.int64) * 1_000_003
    order = np.argsort(uniforms(KEY, 0, ids, 99))
    for function in (uniforms, normals):
        drawn = function(KEY, 5, ids, 1)
        np.testing.assert_array_equal(function(KEY, 5, ids[order], 1), drawn[order])
        np.testing.assert_array_equal(function(KEY, 5, ids[::3].copy(), 1), drawn[::3])


def test_scalar_and_array_draws_agree():
    ids = np.array([3, 2**39], dtype=np.int64)
    assert [uniform_at(KEY, 2, int(id), 4) for id in ids] == uniforms(KEY, 2, ids, 4).tolist()
    assert [normal_at(KEY, 2, int(id), 4) for id in ids] == normals(KEY, 2, ids, 4).tolist()
    assert exponential_at(KEY, 2, 3, 4) == pytest.approx(-np.log(uniform_at(KEY, 2, 3, 4)))


def _line(direction):
    """Draw along one coordinate of the address: 2**16 uniforms."""
    n = 2**16
    if direction == "id":
        return uniforms(KEY, 0, np.arange(n, dtype=np.int64), 0)
    if direction == "high id":
        return uniforms(KEY, 0, np.arange(n, dtype=np.int64) << 32, 0)
    if direction == "month":
        return np.array([uniform_at(KEY, month, 0, 0) for month in range(n)])
    if direction == "item":
        return np.array([uniform_at(KEY, 0, 0, item) for item in range(n)])
    lanes = [draw(KEY, id, 1, 2, lane) for id in range(n // 8) for lane in range(8)]
    return np.array([uniform(word) for word in lanes])


@pytest.mark.parametrize("direction", ["id", "high id", "month", "item", "lane"])
def test_neighbouring_addresses_are_independent(direction):
    line = _line(direction)
    here, there = line[:-1], line[1:]
    counts, _, _ = np.histogram2d(here[::2], there[::2], bins=16, range=[[0, 1], [0, 1]])
    assert stats.chisquare(counts.ravel()).pvalue > CHANCE
    for lag in (1, 2, 4, 64):
        product = (line[:-lag] - 0.5) * (line[lag:] - 0.5) * 12
        assert abs(product.mean()) * np.sqrt(product.size) < stats.norm.isf(CHANCE / 2)


@pytest.mark.parametrize("other", [stream_key(20_240_102, "test"), stream_key(20_240_101, "tes")])
def test_streams_are_independent(other):
    ids = np.arange(2**16, dtype=np.int64)
    counts, _, _ = np.histogram2d(
        uniforms(KEY, 0, ids, 0), uniforms(other, 0, ids, 0), bins=16, range=[[0, 1], [0, 1]]
    )
    assert stats.chisquare(counts.ravel()).pvalue > CHANCE


def test_normal_quantiles_agree_with_scipy():
    middle = np.linspace(0, 1, 20_001)[1:-1]
    tails = 10.0 ** -np.linspace(1, 300, 3_000)
    p = np.concatenate([middle, tails, 1 - 10.0 ** -np.linspace(1, 15, 300)])
    found = np.array([normal_quantile(value) for value in p])
    np.testing.assert_allclose(found, special.ndtri(p), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    ("drawn", "law"),
    [
        (lambda ids: uniforms(KEY, 0, ids, 1), stats.uniform()),
        (lambda ids: normals(KEY, 0, ids, 2), stats.norm()),
        (lambda ids: gammas(KEY, 0, ids, 3, 0.7), stats.gamma(0.7)),
        (lambda ids: betas(KEY, 0, ids, 4, 2.0, 5.0), stats.beta(2.0, 5.0)),
        (
            lambda ids: np.array([exponential_at(KEY, 0, int(id), 5) for id in ids]),
            stats.expon(),
        ),
    ],
)
def test_laws(drawn, law):
    sample = drawn(np.arange(20_000, dtype=np.int64))
    assert stats.kstest(sample, law.cdf).pvalue > CHANCE


def test_parameters_of_a_law_may_differ_by_id():
    ids = np.arange(3, dtype=np.int64)
    shape = np.array([0.5, 1.0, 8.0])
    together = gammas(KEY, 0, ids, 3, shape)
    assert together[2] == gammas(KEY, 0, ids, 3, 8.0)[2]
    assert betas(KEY, 0, ids, 3, shape, 2.0)[0] == betas(KEY, 0, ids, 3, 0.5, 2.0)[0]
