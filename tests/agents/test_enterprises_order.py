"""Enterprises sorts, shuffles and is visited as a Mesa AgentSet is."""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from enterprise_twins import SIZES, Pair, Store, example, ids

from agents.enterprise import enterprises as module
from agents.enterprise.enterprises import EnterpriseLoopWarning, Enterprises


@pytest.fixture
def pair() -> Pair:
    return example()


# --- order


@pytest.mark.parametrize("key", ["size", "spend", "is_open", "region", lambda a: a.size % 5])
@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("inplace", [True, False])
def test_sort_is_stable_both_ways(pair: Pair, key: Any, ascending: bool, inplace: bool) -> None:
    found = pair.firms.sort(key, ascending=ascending, inplace=inplace)
    expected = pair.plain.sort(key, ascending=ascending, inplace=inplace)
    assert ids(found) == ids(expected)
    assert ids(pair.firms) == ids(pair.plain)
    assert (found is pair.firms) == inplace


@pytest.mark.parametrize("inplace", [True, False])
def test_shuffle_is_the_permutation_of_mesa(pair: Pair, inplace: bool) -> None:
    found, expected = pair.firms.shuffle(inplace), pair.plain.shuffle(inplace)
    assert sorted(ids(found)) == list(range(1, 11)) != ids(found)
    assert ids(found) == ids(expected)
    assert ids(pair.firms) == ids(pair.plain)
    assert ids(pair.firms.shuffle()) == ids(pair.plain.shuffle()) != ids(found)


def test_shuffles_use_the_generator_of_the_model() -> None:
    store = Store(size=list(range(20)))
    store.model.random.seed(3)
    first = ids(Enterprises(store).shuffle())
    store.model.random.seed(3)
    assert ids(Enterprises(store).select().shuffle()) == first


# --- do and map


def test_do_by_name_and_function(pair: Pair) -> None:
    for agents in (pair.firms, pair.plain):
        assert agents.do("grow", 3.0, plus=1.0) is agents
        agents.do(lambda a, plus: setattr(a, "spend", a.spend + plus * a.size), plus=2)
    assert pair.firms.get("spend").tolist() == pair.plain.get("spend")
    with pytest.raises(AttributeError, match="shrink"):
        pair.firms.do("shrink")


def test_map_by_name_and_function(pair: Pair) -> None:
    assert pair.firms.map("grow", 2.0, plus=1) == pair.plain.map("grow", 2.0, plus=1)
    assert pair.firms.map(lambda a, b: a.size + b, 3) == [size + 3 for size in SIZES]


@pytest.mark.parametrize("by_name", [True, False])
def test_shuffle_do(pair: Pair, by_name: bool) -> None:
    visits: dict[str, list[int]] = {"firms": [], "plain": []}
    for name, agents in (("firms", pair.firms), ("plain", pair.plain)):
        visit = visits[name].append
        assert agents.shuffle_do(lambda a, visit=visit: visit(a.unique_id)) is agents
        if by_name:
            agents.shuffle_do("grow", 2.0)
    assert visits["firms"] == visits["plain"] != list(range(1, 11))
    assert ids(pair.firms) == list(range(1, 11))
    assert pair.firms.get("spend").tolist() == pair.plain.get("spend")


def test_do_visits_the_members_it_started_with(pair: Pair) -> None:
    seen: list[int] = []

    def visit(firm: Any) -> None:
        seen.append(firm.unique_id)
        pair.firms.discard(firm)

    pair.firms.do(visit)
    assert seen == list(range(1, 11))
    assert len(pair.firms) == 0


LOOPS: list[Callable[[Enterprises], Any]] = [
    lambda firms: firms.do(id),
    lambda firms: firms.map("__hash__"),
    lambda firms: firms.shuffle_do(id),
    lambda firms: firms.select(id),
    lambda firms: firms.sort(id),
    lambda firms: firms.groupby(id),
]


@pytest.mark.parametrize("loop", LOOPS)
def test_long_loops_warn(pair: Pair, loop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.LOOP_WARNING_ROWS == 100_000
    monkeypatch.setattr(module, "LOOP_WARNING_ROWS", 9)
    with pytest.warns(EnterpriseLoopWarning, match="10 enterprises are visited one by one") as seen:
        loop(pair.firms)
    assert [warning.filename for warning in seen] == [__file__]
    monkeypatch.setattr(module, "LOOP_WARNING_ROWS", 10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loop(pair.firms)
