"""Enterprises is a set as a Mesa AgentSet is, and its row views behave as agents."""

import copy
import operator
import pickle
from typing import Any

import pytest
from enterprise_twins import (
    SIZES,
    SPENDS,
    Pair,
    Store,
    example,
    ids,
)

from agents.enterprise.enterprises import Enterprises


@pytest.fixture
def pair() -> Pair:
    return example()


def test_contains_add_discard_remove(pair: Pair) -> None:
    for agents in (pair.firms, pair.plain):
        everyone = agents.to_list()
        part = agents.select(lambda a: a.size == 7)
        assert everyone[1] in part
        assert everyone[0] not in part
        part.add(everyone[0])
        part.add(everyone[1])
        part.discard(everyone[2])
        part.discard(everyone[3])
        assert ids(part) == [2, 8, 1]
        assert everyone[0] in part
        assert everyone[2] not in part
        part.remove(everyone[8 - 1])
        with pytest.raises(KeyError):
            part.remove(everyone[8 - 1])
        assert part.pop() == everyone[1]
        assert ids(part) == [1]
        part.clear()
        assert len(part) == 0
        assert len(agents) == 10


def test_strangers_are_no_members(pair: Pair) -> None:
    stranger = Pair(size=[40]).firms[0]
    assert stranger not in pair.firms
    assert 3 not in pair.firms
    pair.firms.discard(stranger)
    for foreign in (stranger, 3):
        with pytest.raises(ValueError, match="not an enterprise of this store"):
            pair.firms.add(foreign)
    with pytest.raises(ValueError, match="not an enterprise of this store"):
        pair.firms | {stranger}
    assert len(pair.firms & {stranger}) == 0


OPERATORS = [operator.and_, operator.or_, operator.sub, operator.xor]
INPLACE = [operator.iand, operator.ior, operator.isub, operator.ixor]


def halves(agents: Any) -> tuple[Any, Any]:
    return agents.select(lambda a: a.size > 7).sort("spend", ascending=True), agents.select(
        lambda a: a.is_open
    )


@pytest.mark.parametrize("act", OPERATORS + INPLACE)
@pytest.mark.parametrize("other_as", [lambda b: b, set, list])
def test_set_operators(pair: Pair, act: Any, other_as: Any) -> None:
    results = []
    for agents in (pair.firms, pair.plain):
        a, b = halves(agents)
        result = act(a, other_as(b))
        assert isinstance(result, type(a))
        assert (result is a) == (act in INPLACE)
        results.append(ids(result))
    # A Python set brings its members in an order of its own.
    settle = sorted if other_as is set else list
    assert settle(results[0]) == settle(results[1])


@pytest.mark.filterwarnings("ignore:No Agents specified")
@pytest.mark.parametrize("act", INPLACE)
def test_in_place_with_itself(pair: Pair, act: Any) -> None:
    for agents in (pair.firms, pair.plain):
        act(agents, agents)
    assert ids(pair.firms) == ids(pair.plain)


COMPARISONS = [operator.eq, operator.ne, operator.le, operator.lt, operator.ge, operator.gt]


@pytest.mark.parametrize("compare", [*COMPARISONS, lambda a, b: a.isdisjoint(b)])
@pytest.mark.parametrize("other_as", [lambda b: b, set])
def test_comparisons(pair: Pair, compare: Any, other_as: Any) -> None:
    def answers(agents: Any) -> list[bool]:
        small, big = agents.select(lambda a: a.size == 7), agents.select(lambda a: a.size < 50)
        rest = agents.select(lambda a: a.size > 50)
        others = [small, big, rest, big.shuffle()]
        return [compare(a, other_as(b)) for a in (small, big, rest) for b in others]

    assert answers(pair.firms) == answers(pair.plain)
    assert len(set(answers(pair.firms))) == 2


def test_sets_of_different_stores_differ(pair: Pair) -> None:
    other = Pair(size=SIZES).firms
    assert pair.firms != other
    assert pair.firms.isdisjoint(other)
    assert ids(pair.firms - other) == ids(pair.firms)


def test_items_and_slices(pair: Pair) -> None:
    ordered, plain = pair.firms.sort("spend"), pair.plain.sort("spend").to_list()
    assert ordered[0].unique_id == plain[0].unique_id
    assert ordered[-1].unique_id == plain[-1].unique_id
    assert ids(ordered[2:5]) == ids(plain[2:5])
    assert isinstance(ordered[2:5], list)
    with pytest.raises(IndexError):
        ordered[10]


def test_copy_and_pickle(pair: Pair) -> None:
    part = pair.firms.select("is_open")
    twin = copy.copy(part)
    twin.discard(twin[0])
    assert len(twin) == len(part) - 1
    restored = pickle.loads(pickle.dumps(Enterprises(pair.store)))  # noqa: S301
    assert restored.get("spend").tolist() == SPENDS
    assert copy.copy(part[0]) == part[0]
    assert copy.deepcopy(part[0]).spend == part[0].spend


def test_rows_given_to_the_constructor(pair: Pair) -> None:
    assert ids(Enterprises(pair.store, [4, 1, 4, 0])) == [5, 2, 1]
    assert len(Enterprises(pair.store, [])) == 0
    for wrong in ([10], [-1, 3], [0.5], [[1]], [True]):
        with pytest.raises(ValueError, match="rows"):
            Enterprises(pair.store, wrong)
    with pytest.raises(ValueError, match="read-only"):
        pair.firms.rows[0] = 3


def test_columns_may_not_hide_behind_the_view() -> None:
    with pytest.raises(ValueError, match="'model' is hidden"):
        Enterprises(Store(model=[1]))


def test_view_reads_and_writes_the_columns(pair: Pair) -> None:
    firm = pair.firms[2]
    firm.spend += 1
    assert pair.store.columns["spend"][2] == 4.25
    assert firm.model is pair.store.model
    assert type(firm.size) is int
    assert type(firm.region) is str
    assert "region" in dir(firm)
    with pytest.raises(AttributeError, match="no column 'spned'; nearest: 'spend'"):
        _ = firm.spned
    with pytest.raises(AttributeError, match="nearest: 'region'"):
        firm.regoin = "us"
    with pytest.raises(AttributeError):
        firm.unique_id = 3
    with pytest.raises(TypeError, match="size"):
        firm.size = 2.5


def test_views_are_hashable_by_store_and_row(pair: Pair) -> None:
    twin = pair.firms.sort("spend").select(lambda a: a.unique_id == 3)[0]
    assert twin == pair.firms[2]
    assert {twin, pair.firms[2]} == {pair.firms[2]}
    assert twin != pair.firms[3]
    assert twin != Pair(size=SIZES).firms[2]
    assert twin != 3
    assert repr(twin) == "Firm(unique_id=3)"
    assert repr(pair.firms.select(at_most=3)) == "<Firms: 3 of 10>"
