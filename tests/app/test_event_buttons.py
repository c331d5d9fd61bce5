"""The page's event buttons: their words and values follow the declarations of the kinds."""

import needs
import pytest

needs.packages("ui")

from app.browser.added_events import event_line, with_events
from app.browser.controls import HAPPENINGS
from sim.loading import load

pytestmark = pytest.mark.extra("ui")


def test_every_button_says_what_it_does_and_is_possible() -> None:
    labels = [happening.label for happening in HAPPENINGS]
    assert len(set(labels)) == len(labels)
    assert "Meta becomes closed" in labels
    assert "List prices of OpenAI times 0.5" in labels
    lines = [
        event_line("2023-02", kind, target, magnitude, value)
        for kind, target, magnitude, value, _ in HAPPENINGS
    ]
    assert len(with_events(load("baseline"), lines).events) == len(HAPPENINGS)


def test_names_on_buttons_are_those_of_the_market() -> None:
    scenario = load("baseline")
    for happening in HAPPENINGS:
        if happening.target in scenario.vendors:
            assert happening.name == scenario.vendors[happening.target].name
        elif happening.target is not None:
            assert happening.target in scenario.regions
