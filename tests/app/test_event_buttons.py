"""The page's event buttons: their words and values follow the declarations of the kinds."""

import pytest

pytest.importorskip("solara")

from app.browser.controls import HAPPENINGS
from app.browser.live import add_event
from sim.loading import load
from sim.market import Market
from sim.parameters import EventParameters


def test_every_button_says_what_it_does_and_is_possible() -> None:
    labels = [happening.label for happening in HAPPENINGS]
    assert len(set(labels)) == len(labels)
    assert "Meta becomes closed" in labels
    assert "List prices of OpenAI times 0.5" in labels
    market = Market(load("baseline", {"enterprise.population": 40, "months": 6}))
    for kind, target, magnitude, value, _ in HAPPENINGS:
        event = EventParameters(
            month="2023-02", kind=kind, target=target, magnitude=magnitude, value=value
        )
        add_event(market, event)
    assert len(market.parameters.events) == len(HAPPENINGS)


def test_names_on_buttons_are_those_of_the_market() -> None:
    scenario = load("baseline")
    for happening in HAPPENINGS:
        if happening.target in scenario.vendors:
            assert happening.name == scenario.vendors[happening.target].name
        elif happening.target is not None:
            assert happening.target in scenario.regions
