"""One name, one base: columns of different tables that say the same thing are equal every month."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from numpy.typing import NDArray

from sim.listing import LEVELS
from sim.loading import load
from sim.market import Market
from sim.metrics import reachable_at_home

Tables = dict[str, pa.Table]
Floats = NDArray[np.float64]
HOME = ("north-america", "europe")


@pytest.fixture(scope="module")
def tables(month20: Market) -> Tables:
    return month20.tables()


def numbers(table: pa.Table, name: str) -> Floats:
    """A column as floats, nan for null."""
    return np.asarray(table[name].cast(pa.float64()).to_numpy(), np.float64)


def by_month(table: pa.Table, name: str) -> list[Floats]:
    """The values of a column, month by month."""
    month, values = table["month"].to_numpy(), numbers(table, name)
    return [values[month == m] for m in range(int(month.max()) + 1)]


def sums(table: pa.Table, names: Iterable[str]) -> Floats:
    """Columns added up by month; null counts as nothing."""
    return np.sum([[np.nansum(part) for part in by_month(table, name)] for name in names], axis=0)


def at_home(segment: pa.Table) -> pa.Table:
    """Rows of the home regions."""
    return segment.filter(pc.is_in(segment["region"], pa.array(HOME)))


def test_concentration_is_that_of_the_vendor_table(tables: Tables) -> None:
    market, shares = tables["market"], by_month(tables["vendor"], "spend_share")
    ordered = [np.sort(part)[::-1] for part in shares]
    np.testing.assert_array_equal(
        numbers(market, "leader_share_spend"), [part[0] for part in ordered]
    )
    top3 = [part[:3].sum() for part in ordered]
    np.testing.assert_allclose(numbers(market, "top3_share_spend"), top3, rtol=1e-12)
    hhi = [10_000 * (part**2).sum() for part in ordered]
    np.testing.assert_allclose(numbers(market, "hhi_spend"), hhi, rtol=1e-12)
    for month, leader in enumerate(market["leader"].to_pylist()):
        rows = tables["vendor"].filter(pc.equal(tables["vendor"]["month"], month))
        assert rows["vendor"][int(np.argmax(shares[month]))].as_py() == leader


@pytest.mark.parametrize("name", ["tokens", "spend"])
def test_tokens_and_spend_of_home_firms_are_the_same_in_every_table(
    tables: Tables, name: str
) -> None:
    wanted = numbers(tables["market"], name)
    for table in (tables["vendor"], tables["offering"], at_home(tables["segment"])):
        np.testing.assert_allclose(sums(table, [name]), wanted, rtol=1e-9)


def test_cost_and_surplus_and_adoption_have_one_base(tables: Tables) -> None:
    market, segment = tables["market"], at_home(tables["segment"])
    costs = sums(tables["decision"], ["cost_money", "cost_staff"])
    np.testing.assert_allclose(costs, numbers(market, "spend_full"), rtol=1e-9)
    surplus = sums(segment, ["consumer_surplus"])
    np.testing.assert_allclose(surplus, numbers(market, "consumer_surplus"), rtol=1e-6)
    firms, using = by_month(segment, "enterprises"), by_month(segment, "adoption")
    adoption = [np.nansum(a * b) / a.sum() for a, b in zip(firms, using, strict=True)]
    np.testing.assert_allclose(numbers(market, "adoption"), adoption, rtol=1e-9)
    profit = sums(tables["vendor"], ["profit"])
    np.testing.assert_allclose(numbers(market, "vendor_profit"), profit, rtol=1e-9)


def test_segments_say_how_many_firms_were_simulated(tables: Tables) -> None:
    assert (sums(tables["segment"], ["simulated"]) == 600).all()
    rows = tables["segment"].to_pylist()
    assert all(row["simulated"] >= 1 and row["slots"] >= 0 for row in rows)


@pytest.mark.parametrize("name", LEVELS)
def test_the_price_at_a_level_is_that_of_the_cheapest_listed_row(tables: Tables, name: str) -> None:
    """A hosted row that costs less is of a model that nobody new may choose."""
    offering = tables["offering"]
    month, price, q = (numbers(offering, column) for column in ("month", "price", "q"))
    good = (q.astype(np.float32) >= np.float32(LEVELS[name])) & np.isfinite(price)
    plain = ~offering["tuned"].to_numpy()
    listed = offering["listed"].to_numpy()
    if name == "gpt35":
        assert (good & plain & ~listed).any(), "no row was left, so the flag was not tested"
    for m, at_level in enumerate(numbers(tables["market"], f"price_{name}_level")):
        rows = good & plain & listed & (month == m)
        assert at_level == (price[rows].min() if rows.any() else pytest.approx(np.nan, nan_ok=True))


def test_models_live_are_those_with_a_listed_row_or_listed_abroad(tables: Tables) -> None:
    offering, market = tables["offering"], tables["market"]
    live = numbers(market, "models_live")
    pairs = zip(
        offering["month"].to_pylist(), offering["model"].to_pylist(),
        offering["listed"].to_pylist(), strict=True,
    )  # fmt: skip
    seen: list[set[str]] = [set() for _ in live]
    for month, model, listed in pairs:
        if listed:
            seen[month].add(model)
    assert all(len(models) <= count for models, count in zip(seen, live, strict=True))


def test_no_service_comes_from_abroad_where_no_home_region_lets_it_in() -> None:
    scenario = load("baseline", {
        "enterprise.population": 60, "months": 2,
        "regions.north-america.foreign_apis": False, "regions.europe.foreign_apis": False,
    })  # fmt: skip
    market = Market(scenario)
    market.step()
    seats = [vendor.region for vendor in market.vendors]
    assert "china" in seats
    assert reachable_at_home(market).tolist() == [seat in HOME for seat in seats]
