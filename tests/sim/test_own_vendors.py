"""A scenario's own vendor that enters while the record lasts sells as others do."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from sim.loading import load
from sim.running import run

ALPINA: dict[str, Any] = {
    "name": "Alpina", "archetype": "challenger", "region": "europe", "enters": "2023-06",
    "strategy": "closed", "budget": 0.0, "cash": 3000.0, "staff": 5.0,
}  # fmt: skip
SMALL = {"enterprise.population": 150, "months": 20}
ENTERS, SOON = 5, 12
"""Months: 2023-06, and what a release may take at most: the cadence of large models and delay."""


def tables(**changes: Any) -> dict[str, pa.Table]:
    return run(load("baseline", SMALL | changes)).tables


@pytest.fixture(scope="module")
def alone() -> dict[str, pa.Table]:
    return tables()


@pytest.fixture(scope="module")
def joined() -> dict[str, pa.Table]:
    return tables(**{"vendors.alpina": ALPINA})


def of_vendor(found: dict[str, pa.Table], name: str) -> pa.Table:
    return found["offering"].filter(pc.equal(found["offering"]["vendor"], name))


def happened(found: dict[str, pa.Table], kind: str, cause: str) -> list[tuple[int, str]]:
    rows = found["event"].to_pylist()
    return [(r["month"], r["target"]) for r in rows if (r["kind"], r["cause"]) == (kind, cause)]


def test_it_has_offers_with_a_price_and_users(joined: dict[str, pa.Table]) -> None:
    offers = of_vendor(joined, "Alpina")
    assert ENTERS <= min(offers["month"].to_pylist()) <= ENTERS + SOON
    assert min(offers["price"].to_pylist()) > 0
    assert sum(offers["tokens"].to_pylist()) > 0


def test_it_plans_and_revises_while_the_others_follow_the_record(
    joined: dict[str, pa.Table],
) -> None:
    planned, revised = happened(joined, "release", "plan"), happened(joined, "price", "revision")
    assert planned
    assert revised
    assert all(name.startswith("Alpina ") for _, name in planned + revised)


def test_recorded_releases_and_prices_are_as_without_it(
    alone: dict[str, pa.Table], joined: dict[str, pa.Table]
) -> None:
    for kind in ("release", "price"):
        assert happened(joined, kind, "input") == happened(alone, kind, "input")
        assert happened(alone, kind, "input")


def test_one_that_an_event_brings_in_sells_as_well() -> None:
    found = tables(
        **{
            "vendors.alpina": {**ALPINA, "present": False},
            "events": [{"month": "2023-06", "kind": "vendor-entry", "target": "alpina"}],
        }
    )
    assert ENTERS <= min(of_vendor(found, "Alpina")["month"].to_pylist()) <= ENTERS + SOON


@pytest.mark.system
def test_it_goes_on_when_the_record_ends() -> None:
    """Nothing is solved from its models: what it can build was never an input."""
    found = tables(**{"vendors.alpina": ALPINA, "history.until": "2023-12", "months": 30})
    own = [month for month, name in happened(found, "release", "plan") if "Alpina" in name]
    assert any(month <= 11 for month in own)
    assert any(month > 11 for month in own)


@pytest.mark.system
def test_a_recorded_vendor_that_enters_after_its_last_release_plans_its_own() -> None:
    found = tables(**{"vendors.mistral.enters": "2024-12", "months": 36})
    planned = [name for _, name in happened(found, "release", "plan") if "Mistral" in name]
    assert planned
    assert not [name for _, name in happened(found, "release", "input") if "istral" in name]
