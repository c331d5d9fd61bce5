"""The calendar of due reviews only spares work: a run without it is the same."""

import numpy as np

from sim.loading import load
from sim.market import Market

EVENTS = [
    {"kind": "residency-rule", "month": "2023-09", "target": "europe", "magnitude": 0.5},
    {"kind": "breach", "month": "2024-03", "target": "openai", "magnitude": 1.0},
]


def world() -> Market:
    return Market(load("baseline", {"enterprise.population": 600, "months": 36, "events": EVENTS}))


def differences(one: Market, other: Market) -> list[str]:
    firms, slots = one.columns.firms, one.columns.slots
    found = [
        n for n in slots._fields if (getattr(slots, n) != getattr(other.columns.slots, n)).any()
    ]
    names = [name for name in firms._fields if name != "next_due"]
    return found + [
        n for n in names if (getattr(firms, n) != getattr(other.columns.firms, n)).any()
    ]


def test_looking_into_every_firm_changes_nothing() -> None:
    resting, busy = world(), world()
    for _ in range(36):
        busy.columns.firms.next_due[:] = 0
        resting.step()
        busy.step()
        assert differences(resting, busy) == []
    assert (resting.columns.firms.next_due > resting.month).mean() > 0.5


def test_a_firm_that_misses_its_review_is_noticed() -> None:
    resting, late = world(), world()
    for _ in range(24):
        resting.step()
        late.step()
        late.columns.firms.next_due[:] = np.int16(1000)
    assert differences(resting, late) != []


def test_who_takes_a_column_of_what_is_allowed_makes_all_firms_look() -> None:
    market = world()
    for _ in range(12):
        market.step()
    market.columns.column("spend")
    assert (market.columns.firms.next_due > 0).any()
    market.columns.column("residency")
    assert (market.columns.firms.next_due == 0).all()
