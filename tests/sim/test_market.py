"""The market as a Mesa model: same bytes, addressed luck, events, batch runs, collected data."""

import warnings
from typing import Any

import mesa
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from agents.enterprise.columns import EnterpriseColumns
from agents.vendor.vendor import Vendor
from sim.loading import load
from sim.market import Market
from sim.refusals import ScenarioError
from sim.running import run
from sim.scenario import Scenario

Tables = dict[str, pa.Table]
SMALL = {"enterprise.population": 300, "months": 30}
EVENT_MONTH = 24
"""2025-01, the first month after the record."""
EVENTS: dict[str, dict[str, Any]] = {
    "price-cut": {"target": "openai", "magnitude": 0.3},
    "breach": {"target": "openai", "magnitude": 2.0},
    "residency-rule": {"target": "europe", "magnitude": 0.5},
    "gpu-price-change": {"magnitude": 3.0},
    "strategy-switch": {"target": "openai", "value": "open"},
    "payment-terms": {"value": "postpaid", "magnitude": 60.0},
}


def scenario(**overrides: Any) -> Scenario:
    return load("baseline", SMALL | overrides)


def equal(a: Tables, b: Tables) -> bool:
    return a.keys() == b.keys() and all(a[name].equals(b[name]) for name in a)


def part(tables: Tables, first: int, last: int) -> Tables:
    """The rows of months `first` to `last`."""
    return {
        name: table.filter(
            pc.and_(pc.greater_equal(table["month"], first), pc.less_equal(table["month"], last))
        )
        for name, table in tables.items()
    }


@pytest.fixture(scope="module")
def baseline() -> Tables:
    return run(scenario()).tables


# --- same bytes


def test_same_scenario_and_seed_give_the_same_tables(baseline: Tables) -> None:
    again = run(scenario()).tables
    assert equal(again, baseline)
    assert all(again[name].schema.equals(baseline[name].schema) for name in baseline)


def test_another_seed_gives_another_world(baseline: Tables) -> None:
    other = run(scenario(), seed=2).tables
    assert not other["market"].equals(baseline["market"])
    assert not part(other, 0, 0)["market"].equals(part(baseline, 0, 0)["market"])


def test_any_number_of_threads_gives_the_same_tables() -> None:
    """3,000 firms are three blocks, the last of them short."""
    world = load("baseline", {"enterprise.population": 3000, "months": 14})
    assert equal(run(world, threads=1).tables, run(world, threads=2).tables)


def test_a_longer_run_begins_with_the_shorter_one(baseline: Tables) -> None:
    short = run(load("baseline", SMALL | {"months": 14})).tables
    assert equal(short, part(baseline, 0, 13))


# --- events


@pytest.mark.parametrize("kind", EVENTS)
def test_an_event_changes_nothing_before_it_happens(kind: str, baseline: Tables) -> None:
    found = run(scenario(events=[{"month": "2025-01", "kind": kind, **EVENTS[kind]}])).tables
    assert equal(part(found, 0, EVENT_MONTH - 1), part(baseline, 0, EVENT_MONTH - 1))
    assert not part(found, EVENT_MONTH, 29)["market"].equals(
        part(baseline, EVENT_MONTH, 29)["market"]
    )
    events = part(found, EVENT_MONTH, EVENT_MONTH)["event"]
    assert kind in events.filter(pc.equal(events["cause"], "scenario"))["kind"].to_pylist()


def test_an_event_for_an_absent_vendor_is_recorded_and_harmless(baseline: Tables) -> None:
    """DeepSeek enters later than 2023-03."""
    cut = {"month": "2023-03", "kind": "price-cut", "target": "deepseek", "magnitude": 0.5}
    found = run(scenario(events=[cut])).tables
    assert found["market"].equals(baseline["market"])
    early = part(found, 2, 2)["event"].to_pylist()
    assert [e["cause"] for e in early if e["kind"] == "price-cut"] == [
        "scenario, without effect: not in the market"
    ]


def test_a_residency_rule_moves_firms_off_foreign_services_at_once() -> None:
    rule = {"month": "2023-06", "kind": "residency-rule", "target": "europe", "magnitude": 1.0}
    market = Market(scenario(events=[rule]))
    for _ in range(6):
        market.step()
    slots, firms = market.columns.slots, market.columns.firms
    europe = list(market.parameters.regions).index("europe")
    owner = np.repeat(np.arange(len(market.columns)), np.diff(firms.first_slot))
    used = (slots.offering >= 0) & (firms.region[owner] == europe) & (slots.offering % 3 != 2)
    seats = {market.vendors[v].region for v in slots.vendor[used].tolist()}
    assert seats <= {"europe"}


# --- minimally different worlds


def differing_firms(a: EnterpriseColumns, b: EnterpriseColumns) -> set[int]:
    """Firms with a slot that differs in any state."""
    owner = np.repeat(np.arange(len(a)), np.diff(a.firms.first_slot))
    found: set[int] = set()
    for x, y in zip(a.slots, b.slots, strict=True):
        found |= set(owner[x != y].tolist())
    return found


@pytest.mark.parametrize("rank", [0, 5, 11])
def test_one_firms_taste_changes_only_its_own_first_choice(rank: int) -> None:
    """A firm of the other world has another theta: what it decides first concerns nobody else."""
    reference = Market(scenario())
    for _ in range(6):
        reference.step()
    adopters = np.flatnonzero(reference.columns.firms.adopted_since >= 1)
    firm = int(adopters[rank])
    one, other = Market(scenario()), Market(scenario())
    other.columns.firms.theta[firm] = -other.columns.firms.theta[firm]
    for month in range(7):
        one.step()
        other.step()
        differing = differing_firms(one.columns, other.columns)
        if differing:
            assert differing == {firm}
            assert month >= 1
            return
    raise AssertionError("a firm that dislikes what others like chose as before")


# --- Mesa


def test_batch_run_takes_scalar_parameters() -> None:
    found = mesa.batch_run(
        Market,
        {"enterprise.population": [200, 300], "months": 6},
        rng=[1],
        number_processes=1,
        display_progress=False,
    )
    assert [row["enterprise.population"] for row in found] == [200, 300]
    assert all(row["Step"] == 6 for row in found)
    for row in found:
        same = load("baseline", {"enterprise.population": row["enterprise.population"]})
        market = Market(same, rng=1)
        for _ in range(6):
            market.step()
        assert row["adoption"] == market.recorder.latest("adoption")


def test_no_seed_means_the_declared_seed() -> None:
    declared = Market(scenario(seed=7))
    assert declared.seed == 7
    assert Market(scenario(seed=7), rng=3).seed == 3
    employees = declared.columns.firms.employees
    assert np.array_equal(employees, Market(scenario(), rng=7).columns.firms.employees)


@pytest.mark.parametrize("rng", [0, np.int64(5), np.uint8(5), 2**63 - 1])
def test_any_whole_number_is_a_seed(rng: Any) -> None:
    market = Market(scenario(), rng=rng)
    assert market.seed == rng
    assert type(market.seed) is int


@pytest.mark.parametrize(
    "rng",
    [1.7, 1.0, True, np.True_, np.float64(1), "1", -1, 2**63, np.uint64(2**63), [1], float("nan"),
     np.random.default_rng(1), np.random.SeedSequence(1), 10**400],
)  # fmt: skip
def test_what_is_no_seed_is_refused(rng: Any) -> None:
    with pytest.raises(ScenarioError, match="rng, the root seed, is a whole number from 0 to 9"):
        Market(scenario(), rng=rng)
    with pytest.raises(ScenarioError, match="or None for the scenario's own seed, not "):
        run(scenario(), seed=rng)


ONE_MONTH = {"enterprise.population": 50, "months": 1}


@pytest.mark.parametrize(
    "repeated",
    [{"iterations": 3}, {"rng": [None, None]}, {"parameters": {**ONE_MONTH, "rng": [1, 2]}}],
)
def test_a_batch_of_equal_runs_is_said(repeated: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"parameters": ONE_MONTH, "display_progress": False, **repeated}
    with pytest.warns(RuntimeWarning, match=r"same as the one before; rng=\[1, 2, 3\]"):
        found = mesa.batch_run(Market, **asked)
    assert len({row["adoption"] for row in found}) == 1


@pytest.mark.parametrize(
    "different",
    [{"rng": [1, 2]}, {}, {"parameters": {**ONE_MONTH, "seed": [1, 2]}},
     {"parameters": {**ONE_MONTH, "choice.theta": [3.0, 5.0]}}],
)  # fmt: skip
def test_a_batch_of_different_runs_needs_no_word(different: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"parameters": ONE_MONTH, "display_progress": False, **different}
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = mesa.batch_run(Market, **asked)
    if "rng" in different or "seed" in asked["parameters"]:
        assert len({row["spend"] for row in found}) == 2


def test_a_reset_keeps_loaded_parameters() -> None:
    loaded = scenario(**{"choice.theta": 5.0})
    model = Market.of(loaded)()
    model.step()
    again = type(model)(**{})
    assert isinstance(again, Market)
    assert again.parameters == loaded
    assert again.month == -1
    assert type(model)(**{"choice.theta": 6.0}).parameters.choice.theta == 6.0
    assert type(model)(rng=5).seed == 5
    assert Market.preset is None


def test_a_foreign_scenario_object_is_ignored() -> None:
    assert Market(scenario(), scenario=object()).parameters == scenario()


@pytest.fixture(scope="module")
def stepped() -> Market:
    market = Market(scenario())
    for _ in range(14):
        market.step()
    return market


def test_collected_series_are_the_market_table(stepped: Market) -> None:
    frame = stepped.datacollector.get_model_vars_dataframe()
    table = stepped.tables()["market"].to_pandas()
    assert len(frame) == 14
    assert set(frame.columns) == set(table.columns) - {"month", "date"}
    for name in frame.columns:
        values, expected = frame[name].tolist(), table[name].tolist()
        for value, other in zip(values, expected, strict=True):
            missing = value is None or value != value
            assert missing == (other is None or other != other), name
            assert missing or value == other, name


def test_the_first_step_is_month_0(stepped: Market) -> None:
    assert stepped.tables()["market"]["month"].to_pylist() == list(range(14))
    assert stepped.tables()["market"]["date"][0].as_py() == "2023-01"


def test_it_stops_running_at_the_horizon() -> None:
    market = Market(scenario(months=2))
    market.step()
    assert market.running
    market.step()
    assert not market.running


def test_agents_are_the_vendors_only(stepped: Market) -> None:
    assert list(stepped.agents) == stepped.vendors
    assert all(isinstance(agent, Vendor) for agent in stepped.agents)
    assert len(stepped.enterprises) == 300


def test_the_enterprises_agree_with_their_columns(stepped: Market) -> None:
    firms, those = stepped.columns.firms, stepped.enterprises
    assert np.array_equal(those.get("spend"), firms.spend)
    large = those.select(lambda firm: firm.band == 2 and firm.adopted_since >= 0)
    mask = (firms.band == 2) & (firms.adopted_since >= 0)
    assert np.array_equal(large.rows, np.flatnonzero(mask))
    assert mask.any()
    assert those.agg("spend", np.sum) == firms.spend.sum()
    groups = those.groupby("sector").agg("tokens", max)
    for sector, largest in groups.items():
        assert largest == firms.tokens[firms.sector == sector].max()
    assert set(groups) == set(firms.sector.tolist())


def test_a_market_in_which_nothing_is_on_sale_goes_on() -> None:
    leaves = {"month": "2023-02", "kind": "vendor-exit", "target": "openai"}
    small = {"enterprise.population": 40, "months": 8, "events": [leaves]}
    market = run(load("baseline", small)).tables["market"]
    assert market["models_live"].to_pylist()[1] == 0
    assert market.num_rows == 8
