"""Runs shared by the tests of this directory; nobody may change them."""

import pytest

from sim.loading import load
from sim.market import Market


@pytest.fixture(scope="session")
def month20() -> Market:
    """The baseline after month 20, 600 firms."""
    market = Market(load("baseline", {"enterprise.population": 600}))
    for _ in range(21):
        market.step()
    return market
