"""What options are worth to a firm, against the choices that firms make."""

import numpy as np

from agents.common.vocabulary import NONE
from sim.loading import load
from sim.market import Market
from sim.weighing import Weighed, weighed

DECISIVE = {
    "enterprise.population": 200, "months": 40, "choice.theta": 100.0, "choice.peer_weight": 0.0,
    "history.until": "2023-02",
}  # fmt: skip


def stepped(months: int, **changes: object) -> Market:
    """A market some months in."""
    market = Market(load("baseline", {**DECISIVE, **changes}))
    for _ in range(months):
        market.step()
    return market


def uses_of(market: Market) -> list[tuple[int, Weighed]]:
    """Every use of every firm with its slot."""
    found = []
    for firm, row in enumerate(market.columns.firm_rows):
        slots = range(row["first_slot"], row["first_slot"] + row["slot_count"])
        found += list(zip(slots, weighed(market, firm), strict=True))
    return found


def test_what_a_decisive_firm_has_just_begun_to_use_is_best() -> None:
    """At 100 decisions per value at stake, luck moves a choice by a few percent at most.

    What was taken this month costs no switching or integration any more, so it leads by them;
    a term that is left out or has the wrong sign puts others before it.
    """
    market = stepped(24)
    leads = [
        use.lead
        for slot, use in uses_of(market)
        if market.columns.slot_rows[slot]["in_use_since"] == market.month and use.lead is not None
    ]
    assert len(leads) >= 5
    assert min(leads) > -0.1


def test_terms_add_up_and_say_what_is_held() -> None:
    market = stepped(30)
    held = 0
    for slot, use in uses_of(market):
        row = market.columns.slot_rows[slot]
        assert (use.held is None) == (row["offering"] == NONE) or use.held is None
        if use.held is not None:
            held += 1
            assert use.held.model == market.models[int(row["offering"]) // 6].name
            assert use.held.tuned == (int(row["offering"]) % 6 >= 3)
            assert use.held.terms["switch"] == 0.0
        worths = [option.worth for option in use.alternatives]
        assert worths == sorted(worths, reverse=True)
        names = [(option.model, option.access) for option in use.alternatives]
        assert len(set(names)) == len(names)
        for option in use.alternatives:
            assert np.isclose(sum(option.terms.values()), option.worth)
            assert option.terms["cost"] <= 0.0
            assert option.terms["risk"] <= 0.0
    assert held > 100


def test_looking_changes_nothing() -> None:
    market = stepped(20)
    before = market.columns.firm_rows.tobytes(), market.columns.slot_rows.tobytes()
    for firm in range(50):
        weighed(market, firm)
    assert (market.columns.firm_rows.tobytes(), market.columns.slot_rows.tobytes()) == before
    market.step()
    other = stepped(21)
    assert market.columns.slot_rows.tobytes() == other.columns.slot_rows.tobytes()
