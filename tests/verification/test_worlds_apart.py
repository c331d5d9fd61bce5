"""Worlds that differ in one thing differ only where that thing has effects, to the byte."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from agents.enterprise.columns import EnterpriseColumns
from sim.loading import canonical, load, to_toml
from sim.market import Market
from sim.running import run
from sim.scenario import Scenario

Tables = dict[str, pa.Table]
SMALL: Mapping[str, Any] = {"enterprise.population": 300, "output.demand_sample": 64}
MUTE: Mapping[str, Any] = {
    "choice.peer_weight": 0.0, "adoption.imitation": 0.0, "crowd.effectiveness": 1e-15,
    "capability.flywheel": 1e-15, "finance.packaging_power": 0.0, "incident.rate": 0.0,
    "host.entry_speed": 0.0, "usage.elasticity": 0.0,
}  # fmt: skip
"""Nothing that firms do reaches other firms while releases and prices are those of the record.

1e-15 instead of 0: a mechanism that is off takes its fruits, which depend on use, from the record.
"""


def part(tables: Tables, first: int, last: int) -> Tables:
    """The rows of months `first` to `last`."""
    return {
        name: table.filter(
            pc.and_(pc.greater_equal(table["month"], first), pc.less_equal(table["month"], last))
        )
        for name, table in tables.items()
    }


def unequal(a: Tables, b: Tables) -> list[str]:
    """Names of tables that differ in any byte."""
    assert a.keys() == b.keys()
    return [name for name in a if not a[name].equals(b[name])]


def scenario(months: int, **overrides: Any) -> Scenario:
    return load("baseline", {**SMALL, "months": months, **overrides})


def tables_of(months: int, **overrides: Any) -> Tables:
    return run(scenario(months, **overrides)).tables


# --- one firm is another


def differing(a: EnterpriseColumns, b: EnterpriseColumns) -> set[int]:
    """Firms that differ in any column of theirs or of their slots."""
    owner = np.repeat(np.arange(len(a)), np.diff(a.firms.first_slot))
    found: set[int] = set()
    for x, y in zip(a.slots, b.slots, strict=True):
        found |= set(owner[x != y].tolist())
    for name in a.column_names():
        found |= set(np.flatnonzero(a.column(name) != b.column(name)).tolist())
    return found


def busy_firms(market: Market) -> np.ndarray:
    """Firms that have used models for some months, largest first."""
    firms = market.columns.firms
    rows = np.flatnonzero((firms.adopted_since >= 0) & (firms.adopted_since <= market.month - 6))
    return rows[np.argsort(-firms.tokens[rows], kind="stable")]


@pytest.fixture(scope="module")
def muted() -> Market:
    """24 months of the muted world."""
    market = Market(scenario(24, **MUTE))
    for _ in range(24):
        market.step()
    return market


CHANGES = {"theta": 5.0, "sensitivity": 0.0, "skill": 0.0, "control": 6.0, "aware": 0.0}
"""Columns of a firm and what they are multiplied by."""


@pytest.mark.parametrize("column", CHANGES)
@pytest.mark.parametrize("rank", [0, 3])
def test_another_firm_changes_its_own_rows_only(muted: Market, column: str, rank: int) -> None:
    """Two years later nobody else holds, pays or knows anything else."""
    firm = int(busy_firms(muted)[rank])
    other = Market(scenario(24, **MUTE))
    values = other.columns.column(column)
    values[firm] = values.dtype.type(CHANGES[column]) * values[firm]
    for _ in range(24):
        other.step()
    assert differing(muted.columns, other.columns) <= {firm}


def test_the_changes_do_change_something(muted: Market) -> None:
    """What the firm is made of shows in its slots: the comparison above is not empty."""
    firms = busy_firms(muted)[:40]
    for column in CHANGES:
        other = Market(scenario(24, **MUTE))
        values = other.columns.column(column)
        values[firms] = values.dtype.type(CHANGES[column]) * values[firms]
        for _ in range(24):
            other.step()
        pairs = zip(muted.columns.slots, other.columns.slots, strict=True)
        assert not all(np.array_equal(x, y) for x, y in pairs), column
        assert differing(muted.columns, other.columns) <= set(firms.tolist())


@pytest.mark.parametrize("rank", [0, 1])
def test_nothing_changes_before_the_firm_chooses_otherwise(rank: int) -> None:
    """With all feedback on: first its own choice, then what the choice moves, never before."""
    one = Market(scenario(24))
    for _ in range(24):
        one.step()
    firm = int(busy_firms(one)[rank])
    one, other = Market(scenario(24)), Market(scenario(24))
    other.columns.firms.theta[firm] *= 0.2
    first = -1
    for month in range(24):
        one.step()
        other.step()
        slots = slice(*one.columns.firms.first_slot[firm : firm + 2])
        held = [market.columns.slots.offering[slots] for market in (one, other)]
        if not np.array_equal(*held):
            first = month
            break
    assert first >= 0
    assert differing(one.columns, other.columns) == {firm}
    before = [part(market.tables(), 0, first - 1) for market in (one, other)]
    assert unequal(*before) == []
    assert "market" in unequal(one.tables(), other.tables())


# --- something happens later


MONTH = 40
EVENTS: list[dict[str, Any]] = [
    {"kind": "export-control", "target": "china", "magnitude": 3.0},
    {"kind": "licence-change", "target": "meta", "value": "research"},
    {"kind": "algorithmic-leap", "magnitude": 1.0},
    {"kind": "weights-leak", "target": "openai"},
    {"kind": "price-cut", "target": "openai", "magnitude": 0.2},
    {"kind": "vendor-exit", "target": "mistral"},
    {"kind": "breach", "target": "google", "magnitude": 2.0},
    {"kind": "residency-rule", "target": "europe", "magnitude": 0.5},
    {"kind": "gpu-price-change", "magnitude": 3.0},
    {"kind": "payment-terms", "value": "postpaid", "magnitude": 60.0},
    {"kind": "strategy-switch", "target": "anthropic", "value": "open"},
]


@pytest.fixture(scope="module")
def uneventful() -> Tables:
    return tables_of(44)


@pytest.mark.parametrize(
    "events", [EVENTS[:1], EVENTS[2:3], EVENTS], ids=["control", "leap", "all kinds at once"]
)
def test_events_change_no_byte_before_their_month(
    events: list[dict[str, Any]], uneventful: Tables
) -> None:
    found = tables_of(44, events=[{"month": "2026-05", **event} for event in events])
    assert unequal(part(found, 0, MONTH - 1), part(uneventful, 0, MONTH - 1)) == []
    later = unequal(part(found, MONTH + 1, 43), part(uneventful, MONTH + 1, 43))
    assert {"market", "vendor", "offering"} <= set(later)


AFTER_THE_RECORD: dict[str, Any] = {
    "pricing.step": 0.9, "pricing.share_weight": 0.1,
    "release.delay": 0.9, "release.open_discount": 1.0, "capability.noise": 0.3,
    "capability.distillation": 0.9, "finance.entry_hazard": 1.0, "review.openness_value": 1000.0,
    "environment.gpu_price_decline": 1.0,
}  # fmt: skip
"""Rules of what vendors do by themselves, and of rents after their record."""


@pytest.fixture(scope="module")
def two_and_a_half_years() -> Tables:
    return tables_of(30)


@pytest.mark.parametrize("name", AFTER_THE_RECORD)
def test_rules_of_later_months_change_nothing_in_the_record(
    name: str, two_and_a_half_years: Tables
) -> None:
    """Until 2024-12 releases and list prices are input: these rules cannot matter before month 24.

    The rent's record ends in month 23 too.
    """
    found = tables_of(30, **{name: AFTER_THE_RECORD[name]})
    assert unequal(part(found, 0, 23), part(two_and_a_half_years, 0, 23)) == []
    assert "market" in unequal(found, two_and_a_half_years)


# --- the same roster in another order


KEYS = {
    "market": ["month"], "vendor": ["month", "vendor"], "operator": ["month", "operator"],
    "host": ["month", "kind", "name", "model"], "offering": ["month", "offering"],
    "decision": ["month", "band", "own_base_quartile", "tier", "access", "open", "tuned"],
    "segment": ["month", "region", "sector", "band"],
    "event": ["month", "kind", "target", "cause", "magnitude"],
}  # fmt: skip
"""What names a row."""


def reversed_roster(world: Scenario) -> Scenario:
    """The same world with its vendors listed the other way round."""
    tree = world.model_dump()
    return Scenario.model_validate(tree | {"vendors": dict(reversed(tree["vendors"].items()))})


def in_order(table: pa.Table, name: str) -> pd.DataFrame:
    """Rows by name, whatever order they were written in."""
    return table.to_pandas().sort_values(KEYS[name]).reset_index(drop=True)


def test_the_order_of_the_roster_moves_rows_only() -> None:
    """Luck goes by name: sums are added in another order, nothing else is different."""
    world = scenario(36, **{"incident.rate": 6.0})
    other = reversed_roster(world)
    assert list(other.vendors) != list(world.vendors)
    one, two = run(world).tables, run(other).tables
    assert one["event"].filter(pc.equal(one["event"]["kind"], "breach")).num_rows > 6
    for name in KEYS:
        pd.testing.assert_frame_equal(
            in_order(one[name], name), in_order(two[name], name), rtol=1e-9, atol=1e-9
        )


def test_the_order_of_a_file_makes_no_difference(tmp_path: Path) -> None:
    """Loading sorts vendors: a file that lists them the other way round is the same scenario."""
    file = tmp_path / "world.toml"
    file.write_text(to_toml(reversed_roster(scenario(36))), "utf-8")
    loaded = load(file)
    assert list(loaded.vendors) == list(scenario(36).vendors)
    assert canonical(loaded) == canonical(scenario(36))
