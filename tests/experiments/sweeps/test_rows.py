"""Outcomes from rows of tables, against plain loops; Shapley values against their axioms."""

import math
from itertools import permutations
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from experiments.sweeps.decomposition import Shapley, shapley
from experiments.sweeps.outcomes import Outcome, outcome_of, source_of
from experiments.sweeps.rows import Rows
from sim import run
from sim.loading import load

MONTHS = 5
NUMBER = st.none() | st.floats(-1e6, 1e6)
ROW = st.fixed_dictionaries({
    "month": st.integers(0, MONTHS - 1), "vendor": st.sampled_from(["A", "B", "C"]),
    "alive": st.booleans(), "profit": NUMBER, "spend": NUMBER, "tokens": st.floats(0, 10),
})  # fmt: skip


def table_of(rows: list[dict[str, Any]]) -> pa.Table:
    """A vendor table with the columns that matter here."""
    fields = {"month": pa.int64(), "vendor": pa.string(), "alive": pa.bool_(),
              "profit": pa.float64(), "spend": pa.float64(), "tokens": pa.float64()}  # fmt: skip
    return pa.table({n: pa.array([r[n] for r in rows], k) for n, k in fields.items()})


@given(st.lists(ROW, max_size=30), st.sets(st.sampled_from(["A", "B"]), min_size=1))
def test_sums_by_month_are_those_of_a_loop(rows: list[dict[str, Any]], names: set[str]) -> None:
    where = (("vendor", tuple(sorted(names))), ("alive", (True,)))
    source = Rows("vendor", ("profit", "spend"), ("tokens",), "", where)
    assert Rows.from_text(source.text) == source
    values = source.by_month(table_of(rows), MONTHS)
    for month in range(MONTHS):
        mine = [r for r in rows if r["month"] == month and r["vendor"] in names and r["alive"]]
        known = [r[c] for r in mine for c in ("profit", "spend") if r[c] is not None]
        bottom = sum(r["tokens"] for r in mine)
        if not known or bottom == 0.0:
            assert math.isnan(values[month])
        else:
            assert math.isclose(values[month], sum(known) / bottom, rel_tol=1e-9, abs_tol=1e-9)


@given(st.lists(ROW, min_size=1, max_size=30))
def test_a_weight_counts_in_both_sums(rows: list[dict[str, Any]]) -> None:
    source = Rows("vendor", ("profit",), ("spend",), "tokens")
    values = source.by_month(table_of(rows), MONTHS)
    for month in range(MONTHS):
        mine = [r for r in rows if r["month"] == month]
        top = sum(r["profit"] * r["tokens"] for r in mine if r["profit"] is not None)
        bottom = sum(r["spend"] * r["tokens"] for r in mine if r["spend"] is not None)
        if math.isfinite(values[month]):
            assert math.isclose(values[month], top / bottom, rel_tol=1e-9, abs_tol=1e-9)


def test_outcomes_of_a_real_run_come_from_its_tables() -> None:
    result = run(load("baseline", {"enterprise.population": 60, "months": 20}))
    specs = {
        "profit": {"table": "vendor", "where": {"vendor": ["Meta", "OpenAI"]}, "column": "profit",
                   "reduce": "sum"},
        "cost": {"column": ["spend_full"], "per": "tokens"},
        "control": {"shapley": "control", "reduce": "mean"},
    }  # fmt: skip
    outcomes = {name: outcome_of(name, spec, 20, name) for name, spec in specs.items()}
    again = {name: Outcome(*one.described()) for name, one in outcomes.items()}
    assert again == outcomes
    found = {name: one.measure(result.tables) for name, one in outcomes.items()}
    rows = [r for r in result.tables["vendor"].to_pylist() if r["vendor"] in ("Meta", "OpenAI")]
    assert math.isclose(float(found["profit"] or 0), sum(r["profit"] for r in rows))
    last = result.tables["market"].to_pylist()[-1]
    assert math.isclose(float(found["cost"] or 0), last["spend_full"] / last["tokens"])
    assert 0.0 <= float(found["control"] or 0) <= 1.0
    assert isinstance(source_of(outcomes["control"].rows), Shapley)


def test_shapley_values_are_means_over_orders_and_add_up() -> None:
    gaps = np.random.default_rng(3).normal(size=(20, 4))
    gaps[:, 3] = 0.0
    values = shapley(gaps)

    def chance(members: tuple[int, ...]) -> Any:
        return 1 / (1 + np.exp(-gaps[:, list(members)].sum(axis=1)))

    plain = np.zeros_like(gaps)
    for order in permutations(range(4)):
        for place, term in enumerate(order):
            plain[:, term] += (chance(order[: place + 1]) - chance(order[:place])) / 24
    assert np.allclose(values, plain)
    assert np.allclose(values.sum(axis=1), chance((0, 1, 2, 3)) - 0.5)
    assert np.allclose(values[:, 3], 0.0)
