"""The few numbers that stand for a run."""

import pytest
import synthetic

from experiments.summary import shown_months, summarise
from sim.schemas import table


@pytest.mark.parametrize(
    ("months", "shown"),
    [
        (96, [23, 47, 95]),
        (60, [23, 47, 59]),
        (48, [23, 47]),
        (12, [11]),
        (1, [0]),
        (120, [23, 47, 95, 119]),
    ],
)
def test_december_of_each_year_and_the_last_month(months: int, shown: list[int]) -> None:
    assert shown_months(months) == shown


def test_values_are_those_of_the_market_table() -> None:
    tables = synthetic.tables()
    summary = summarise(tables, "coexistence", history_until=23)
    rows = {row.name: row for row in summary.rows}
    assert summary.dates == ["2024-12", "2026-12", "2030-12"]
    assert rows["adoption"].values == [
        tables["market"]["adoption"][m].as_py() for m in (23, 47, 95)
    ]
    assert rows["leader"].values[0] == "OpenAI"
    assert rows["price_flagship"].given == [True, False, False]
    assert rows["adoption"].given == [False, False, False]
    assert summary.as_json()["regime"] == "coexistence"


def test_margins_pool_the_largest_closed_vendors() -> None:
    sales = {"a": 100.0, "b": 50.0, "c": 50.0, "d": 1.0, "open": 500.0, "idle": 0.0}
    vendor = table(
        "vendor",
        {
            "month": [0] * 6,
            "vendor": list(sales),
            "strategy": ["closed"] * 4 + ["open", "closed"],
            "revenue_api": list(sales.values()),
            "gross_margin": [0.5, 0.1, 0.1, -9.0, 0.9, None],
        },
    )
    tables = {"market": table("market", {"month": [0]}), "vendor": vendor}
    row = summarise(tables, "collapse").rows[-1]
    assert row.name == "margin_leaders"
    assert row.values == [pytest.approx(0.3)]


def test_a_world_without_numbers_is_shown_as_nulls() -> None:
    tables = {name: table(name, {}) for name in ("market", "vendor")}
    tables["market"] = table("market", {"month": [0]})
    assert all(row.values == [None] for row in summarise(tables, "collapse").rows)
