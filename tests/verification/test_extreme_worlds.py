"""Worlds at the ends of what may be set run without an exception, a NaN or a broken identity."""

import extreme_worlds
import pytest

from sim.catalogue import catalogue

WORLDS = 500


@pytest.mark.parametrize("seed", range(12))
def test_a_year_of_an_extreme_world(seed: int) -> None:
    assert extreme_worlds.faults(extreme_worlds.overrides(seed, most=12)) == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(WORLDS))
def test_extreme_worlds(seed: int) -> None:
    assert extreme_worlds.faults(extreme_worlds.overrides(seed)) == []


def test_extreme_worlds_are_extreme() -> None:
    """Together they put nearly every number of every table at both of its ends."""
    ends = {(i.path, end) for i in extreme_worlds.tried() for end in (i.low, i.high) if end}
    worlds = [extreme_worlds.overrides(seed) for seed in range(WORLDS)]
    met = {pair for world in worlds for pair in world.items() if pair[0] != "events"}
    assert len(ends & met) > 0.9 * len(ends)
    tables = {i.path.partition(".")[0] for i in catalogue() if i.path.count(".") == 2}
    assert tables <= {path.partition(".")[0] for path, _ in met}
    kinds = {event["kind"] for world in worlds for event in world.get("events", ())}
    assert kinds == {kind for kind, *_ in extreme_worlds.EVENTS}
