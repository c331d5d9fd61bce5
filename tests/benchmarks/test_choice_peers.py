"""The peers of the benchmarks follow the same rules as the engine: same noise, same choices."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agents.common.vocabulary import NONE
from benchmarks import choice
from benchmarks.peers import exact
from benchmarks.peers.arrays import Blocks
from benchmarks.peers.engine import Engine
from benchmarks.peers.mesa_objects import MesaMarket
from benchmarks.peers.noise import Addressed, NumpyNoise, PythonNoise
from benchmarks.peers.task import Task, advanced, task_of

PEERS = {
    "objects": MesaMarket,
    "arrays32": lambda task, noise: Blocks(task, noise, size=16),
    "products32": lambda task, noise: Blocks(task, noise, products=True),
    "arrays64": lambda task, noise: Blocks(task, noise, kind=np.float64),
    "products64": lambda task, noise: Blocks(task, noise, products=True, kind=np.float64),
}


@pytest.fixture(scope="module")
def whole() -> Task:
    """Slots of a market of 200 firms whose review is due."""
    return task_of(advanced(200))


def those(task: Task, keep: np.ndarray) -> Task:
    return replace(task, firm=task.firm[keep], slot=task.slot[keep])


def without_platform(task: Task) -> Task:
    return those(task, task.firms["platform"][task.firm] == NONE)


def choices(make: Any, task: Task) -> list[int]:
    return make(task, Addressed(task)).choose().tolist()


def test_the_task_is_worth_comparing(whole: Task) -> None:
    assert whole.slot.size >= 50
    assert set(np.diff(whole.firm).tolist()) >= {0}
    assert 0 < without_platform(whole).slot.size < whole.slot.size
    listed = [
        set(whole.lists.row[whole.lists.start[c] : whole.lists.start[c + 1]].tolist())
        for c in range(whole.lists.start.size - 1)
    ]
    off_list = [
        row != NONE and row not in listed[code]
        for row, code in zip(whole.held_row.tolist(), whole.code.tolist(), strict=True)
    ]
    assert 0 < sum(off_list) < whole.slot.size
    assert whole.only(100).length.max() <= 100


@pytest.mark.parametrize("name", PEERS)
def test_peers_choose_as_the_engine(whole: Task, name: str) -> None:
    task = without_platform(whole)
    assert choices(PEERS[name], task) == Engine(task).choose().tolist()


def test_objects_choose_as_the_engine_where_there_are_platforms(whole: Task) -> None:
    assert choices(MesaMarket, whole) == Engine(whole).choose().tolist()


@pytest.mark.parametrize("name", list(PEERS)[1:])
def test_peers_choose_alike_where_there_are_platforms(whole: Task, name: str) -> None:
    assert choices(PEERS[name], whole) == choices(MesaMarket, whole)


@pytest.mark.extra("bench")
def test_agentpy_chooses_as_plain_objects(whole: Task) -> None:
    from benchmarks.peers.agentpy_objects import AgentPyPeer

    assert choices(AgentPyPeer, whole) == choices(MesaMarket, whole)


@pytest.mark.extra("bench")
def test_polars_chooses_as_plain_objects(whole: Task) -> None:
    from benchmarks.peers.frames import Frames

    assert choices(Frames, whole) == choices(MesaMarket, whole)


@pytest.mark.parametrize("name", ["switching", "risk_weight", "additional_vendor", "slope"])
def test_another_rule_is_noticed(whole: Task, name: str) -> None:
    other = replace(whole, rules=whole.rules._replace(**{name: getattr(whole.rules, name) * 3}))
    share = choice.agreement(MesaMarket(other, Addressed(other)).choose(), Engine(whole).choose())
    found = choice.Measured(1.0, share, 0.0, "")
    assert share < choice.AGREEMENT
    assert len(choice.complaints("peer", found)) == 1


def test_probabilities_of_the_engine_are_those_of_the_rules(whole: Task) -> None:
    task = without_platform(whole)
    error, _, right = choice.probability_error(task)
    np.testing.assert_allclose(right.sum(axis=1), 1.0, rtol=1e-12)
    assert error < 1e-5


def test_own_noise_gives_the_expected_shares(whole: Task) -> None:
    """Fails by chance once in 10^8 times for another seed: the bound is six deviations."""
    plain = exact.plain_utilities(whole)
    right = exact.probabilities(plain, whole.rules.dissimilarity)
    expected = exact.shares_by_vendor(plain, right, whole)
    vendors = whole.vendor_keys.size
    for peer in (
        MesaMarket(whole, PythonNoise(1)),
        Blocks(whole, NumpyNoise(1, vendors)),
    ):
        assert choice.worst_share(whole, peer.choose(), expected) < choice.DEVIATIONS
    nobody = np.full(whole.slot.size, NONE)
    assert choice.worst_share(whole, nobody, expected) > choice.DEVIATIONS


def test_the_linear_form_of_quality_is_refused() -> None:
    market = advanced(200, 1)
    market.intervene("choice.quality_form", 0.0, "linear")
    with pytest.raises(ValueError, match="sigmoid"):
        task_of(market)
