"""Enterprises answers about values as a Mesa AgentSet holding the same values does."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from enterprise_twins import (
    OPEN,
    REGIONS,
    SIZES,
    SPENDS,
    Firms,
    Pair,
    Plain,
    Store,
    example,
    ids,
    rows_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from mesa.agentset import AbstractAgentSet, GroupBy

from agents.enterprise.enterprises import Enterprise, Enterprises


@pytest.fixture
def pair() -> Pair:
    return example()


def test_is_a_mesa_agent_set(pair: Pair) -> None:
    assert isinstance(pair.firms, AbstractAgentSet)
    missing = AbstractAgentSet.__abstractmethods__ - set(dir(pair.firms))
    assert not missing
    assert ids(pair.firms) == ids(pair.plain)
    assert len(pair.firms) == len(pair.plain)


# --- select

FILTERS: list[Callable[[Any], bool] | None] = [
    None,
    lambda a: a.size > 40,
    lambda a: a.is_open,
    lambda a: a.size < 0,
]
LIMITS: list[int | float] = [
    float("inf"), 0, 1, 3, 50, -1, 0.0, 0.3, 0.59, 1.0, 2.5, -0.4,
]  # fmt: skip


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("passes", FILTERS)
@pytest.mark.parametrize("inplace", [True, False])
def test_select_by_function(pair: Pair, passes: Any, limit: float, inplace: bool) -> None:
    expected = pair.plain.select(passes, at_most=limit, inplace=inplace)
    found = pair.firms.select(passes, at_most=limit, inplace=inplace)
    assert ids(found) == ids(expected)
    assert ids(pair.firms) == ids(pair.plain)
    assert (found is pair.firms) == inplace


def test_select_stops_asking_at_the_limit(pair: Pair) -> None:
    asked: list[int] = []
    pair.firms.select(lambda a: not asked.append(a.unique_id), at_most=2)  # type: ignore[func-returns-value]
    assert asked == [1, 2]


@pytest.mark.parametrize("limit", [float("inf"), 2, 0.3])
def test_select_by_column_and_array(pair: Pair, limit: float) -> None:
    expected = ids(pair.plain.select(lambda a: a.is_open, at_most=limit))
    assert ids(pair.firms.select("is_open", at_most=limit)) == expected
    assert ids(pair.firms.select(np.array(OPEN), at_most=limit)) == expected


def test_boolean_array_follows_the_order_of_the_set(pair: Pair) -> None:
    backwards = pair.firms.sort("unique_id")
    mask = np.arange(len(backwards)) < 2
    assert ids(backwards.select(mask)) == [10, 9]
    assert ids(backwards.select("is_open")) == [8, 7, 5, 4, 1]


def test_select_by_agent_type(pair: Pair) -> None:
    assert ids(pair.firms.select(agent_type=Enterprise)) == ids(pair.plain)
    assert len(pair.firms.select(agent_type=Plain)) == 0


def test_select_refuses_other_filters(pair: Pair) -> None:
    with pytest.raises(TypeError, match="boolean"):
        pair.firms.select("size")
    with pytest.raises(TypeError, match="boolean"):
        pair.firms.select(np.arange(10))
    with pytest.raises(ValueError, match="10 enterprises"):
        pair.firms.select(np.array([True]))
    with pytest.raises(AttributeError, match="is_open"):
        pair.firms.select("isopen")


# --- get and set


@pytest.mark.parametrize("name", ["size", "spend", "is_open", "region", "unique_id"])
def test_get_one(pair: Pair, name: str) -> None:
    assert pair.firms.get(name).tolist() == pair.plain.get(name)
    assert pair.firms.sort("spend").get(name).tolist() == pair.plain.sort("spend").get(name)


@pytest.mark.parametrize("names", [["size"], ["spend", "size"], ["region", "unique_id"], []])
def test_get_several_gives_one_row_per_agent(pair: Pair, names: list[str]) -> None:
    assert rows_of(pair.firms.get(names)) == pair.plain.get(names)


def test_get_several_keeps_each_type_and_unpacks(pair: Pair) -> None:
    table = pair.firms.get(["size", "spend", "region"])
    assert [size + spend for size, spend, _ in table] == [a.size + a.spend for a in pair.plain]
    assert table["size"].dtype.kind == "i"
    assert table["spend"].dtype.kind == "f"


def test_get_missing(pair: Pair) -> None:
    for agents in (pair.firms, pair.plain):
        with pytest.raises(AttributeError, match="sise"):
            agents.get("sise")
        with pytest.raises(AttributeError):
            agents.get(["size", "sise"])
        with pytest.raises(ValueError, match="Unknown handle_missing option: ignore"):
            agents.get("size", handle_missing="ignore")


@pytest.mark.parametrize("default", [None, 0, 1.5, "none", (1, 2), [3]])
def test_get_missing_with_default(pair: Pair, default: Any) -> None:
    ask = {"handle_missing": "default", "default_value": default}
    assert pair.firms.get("sise", **ask).tolist() == pair.plain.get("sise", **ask)
    names = ["size", "sise"]
    assert rows_of(pair.firms.get(names, **ask)) == pair.plain.get(names, **ask)


def test_ids_are_numbers(pair: Pair) -> None:
    assert pair.firms.get("unique_id").dtype == pair.store.identity.dtype


def test_get_is_a_read_only_snapshot(pair: Pair) -> None:
    before = pair.firms.get("spend")
    pair.firms.set("spend", 0.0)
    assert before.tolist() == SPENDS
    with pytest.raises(ValueError, match="read-only"):
        before[0] = 1.0


def test_attributes_computed_by_the_view(pair: Pair) -> None:
    expected = [a.spend / a.size for a in pair.plain]
    assert pair.firms.get("intensity").tolist() == expected
    assert pair.firms.agg("intensity", max) == max(expected)
    by_intensity = ids(pair.plain.sort(lambda a: a.spend / a.size))
    assert ids(pair.firms.sort("intensity")) == by_intensity


def test_set_scalar_on_a_selection(pair: Pair) -> None:
    for agents in (pair.firms, pair.plain):
        part = agents.select(lambda a: a.is_open)
        assert part.set("spend", 4) is part
    assert pair.firms.get("spend").tolist() == pair.plain.get("spend")
    assert pair.firms.get("spend").tolist().count(4.0) == 5


def test_set_array_in_the_order_of_the_set(pair: Pair) -> None:
    pair.firms.sort("unique_id").set("spend", np.arange(10.0))
    assert pair.firms.get("spend").tolist() == list(range(9, -1, -1))


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("sise", 1, AttributeError),
        ("unique_id", 1, AttributeError),
        ("size", 1.5, TypeError),
        ("size", "ten", TypeError),
        ("is_open", 1, TypeError),
        ("spend", [1.0, 2.0], ValueError),
        ("spend", [1.0], ValueError),
        ("spend", np.ones((10, 10)), ValueError),
        ("region", "antarctica", ValueError),
    ],
)
def test_set_refuses_and_writes_nothing(pair: Pair, name: str, value: Any, error: Any) -> None:
    with pytest.raises(error):
        pair.firms.set(name, value)
    assert pair.firms.get("size").tolist() == SIZES
    assert pair.firms.get("spend").tolist() == SPENDS
    assert pair.firms.get("region").tolist() == REGIONS


def test_set_refuses_numbers_too_large_for_the_column() -> None:
    store = Store(level=np.zeros(3, dtype=np.uint8))
    firms = Enterprises(store)
    firms.set("level", [0, 255, 7])
    for value in (256, -1):
        with pytest.raises(ValueError, match="do not fit"):
            firms.set("level", value)
    assert firms.get("level").tolist() == [0, 255, 7]


# --- agg


@pytest.mark.parametrize("name", ["size", "spend", "is_open"])
@pytest.mark.parametrize("func", [sum, min, max, len, np.mean, np.std, sorted])
def test_agg_one(pair: Pair, name: str, func: Any) -> None:
    assert pair.firms.agg(name, func) == pytest.approx(pair.plain.agg(name, func))


def test_agg_several_and_text(pair: Pair) -> None:
    assert pair.firms.agg("size", [min, max, sum]) == pair.plain.agg("size", [min, max, sum])
    assert pair.firms.agg("size", (min, len)) == [1, 10]
    assert pair.firms.agg("region", [min, max]) == ["cn", "us"]


def test_agg_of_nobody(pair: Pair) -> None:
    nobody = pair.firms.select(at_most=0)
    assert nobody.agg("spend", sum) == 0
    with pytest.raises(ValueError, match=r"empty|zero-size"):
        nobody.agg("spend", min)


def test_sum_of_single_precision_is_taken_in_double() -> None:
    store = Store(spend=np.array([2**24, 1], dtype=np.float32))
    assert Enterprises(store).agg("spend", sum) == 2**24 + 1


# --- groupby

KEYS: list[Any] = ["size", "spend", "is_open", "region", lambda a: a.size % 3]


@pytest.mark.parametrize("by", KEYS)
@pytest.mark.parametrize("result_type", ["agentset", "list"])
def test_groupby(pair: Pair, by: Any, result_type: Any) -> None:
    found = pair.firms.groupby(by, result_type=result_type)
    expected = pair.plain.groupby(by, result_type=result_type)
    assert isinstance(found, GroupBy)
    assert [(k, ids(v)) for k, v in found] == [(k, ids(v)) for k, v in expected]
    assert list(found.groups) == list(expected.groups)
    assert len(found) == len(expected)
    assert found.count() == expected.count()
    assert found.agg("spend", sum) == pytest.approx(expected.agg("spend", sum))
    assert found.map(len) == expected.map(len)
    kinds = {"agentset": Firms, "list": list}
    assert all(type(group) is kinds[result_type] for _, group in found)


def test_groupby_map_and_do(pair: Pair) -> None:
    found, expected = pair.firms.groupby("region"), pair.plain.groupby("region")
    assert found.map("agg", "spend", max) == expected.map("agg", "spend", max)
    assert found.do("do", "grow", 2, plus=1) is found
    expected.do("do", "grow", 2, plus=1)
    assert pair.firms.get("spend").tolist() == pair.plain.get("spend")
    found.do(lambda group: group.set("spend", float(len(group))))
    assert sorted(pair.firms.get("spend")) == [2] * 2 + [4] * 8
    assert found.agg("spend", [min, max])["cn"] == [2, 2]


def test_groupby_nobody_wide_numbers_and_missing(pair: Pair) -> None:
    assert len(pair.firms.select(at_most=0).groupby("size")) == 0
    nan = float("nan")
    lowest, highest = -(2**63), 2**63 - 1
    wide = Pair(key=[highest, lowest, 5, lowest], value=[nan, 1.0, nan, -0.0])
    assert wide.firms.groupby("key").count() == {highest: 1, lowest: 2, 5: 1}
    alike_in_16_bits = Pair(key=[0, 2**16, 0, 2**16])
    assert alike_in_16_bits.firms.groupby("key").count() == {0: 2, 2**16: 2}
    counts = list(wide.firms.groupby("value").count().values())
    assert counts == [2, 1, 1]


# --- random values

ROWS = st.lists(
    st.tuples(
        st.integers(-3, 3) | st.integers(-(2**62), 2**62),
        st.floats(-1e6, 1e6, allow_subnormal=False),
        st.booleans(),
    ),
    min_size=1,
    max_size=30,
)


def paired(rows: list[tuple[int, float, bool]]) -> Pair:
    size, spend, is_open = (list(values) for values in zip(*rows, strict=True))
    return Pair(size=size, spend=spend, is_open=is_open)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(ROWS, st.integers(-2, 40) | st.floats(0, 1), st.integers(-3, 3))
def test_random_select(rows: Any, limit: float, threshold: int) -> None:
    pair = paired(rows)
    expected = pair.plain.select(lambda a: a.size > threshold, at_most=limit)
    mask = pair.firms.get("size") > threshold
    assert ids(pair.firms.select(mask, at_most=limit)) == ids(expected)
    by_function = pair.firms.select(lambda a: a.size > threshold, at_most=limit)
    assert by_function == pair.firms.select(mask, at_most=limit)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(ROWS)
def test_random_agg(rows: Any) -> None:
    pair = paired(rows)
    functions = [sum, min, max, len, np.mean]
    for name in ("spend", "is_open"):
        expected = pair.plain.agg(name, functions)
        assert pair.firms.agg(name, functions) == pytest.approx(expected, rel=1e-12, abs=1e-8)
    assert pair.firms.agg("size", [min, max]) == pair.plain.agg("size", [min, max])


@settings(derandomize=True, deadline=None, max_examples=60)
@given(ROWS, st.sampled_from(["size", "spend", "is_open"]))
def test_random_groupby_and_sort(rows: Any, by: str) -> None:
    pair = paired(rows)
    found, expected = pair.firms.groupby(by), pair.plain.groupby(by)
    assert [(k, ids(v)) for k, v in found] == [(k, ids(v)) for k, v in expected]
    assert found.agg("spend", max) == expected.agg("spend", max)
    assert ids(pair.firms.sort(by)) == ids(pair.plain.sort(by))
