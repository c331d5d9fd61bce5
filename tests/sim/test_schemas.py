"""The output tables: the agreed names, documented columns, and nulls for what is unknown."""

import math

import numpy as np
import pyarrow as pa
import pytest

from sim.schemas import SCHEMAS, table

AGREED = {
    "market": """month date adoption adoption_large restricted_share ever_restricted_share tokens
        spend spend_full share_tokens_api share_tokens_hosted share_tokens_selfhost
        share_tokens_open share_spend_open open_usage_share any_open_share main_closed_share
        share_tokens_vendor_open share_tokens_vendor_closed share_tokens_vendor_dual q_closed
        q_open gap_logits gap_elo gap_compute gap_months gap_months_censored price_flagship
        price_gpt35_level price_gpt4_level price_gpt4o_level price_ratio_open_closed
        price_ratio_best hhi_spend leader leader_share_spend top3_share_spend switch_rate_year
        switch_firm_year upgrade_rate_year vendors_per_adopter multihoming3_large models5_share
        tuned_share_tokens top1pct_share_tokens share_cheapest_closed path_share path_months
        value_solved_q0 crowd_quality crowd_packaging platform_revenue hosts models_live
        strategy_open strategy_closed strategy_dual consumer_surplus surplus_taste vendor_profit
        host_profit operator_income complement_income welfare""",
    "vendor": """month date vendor archetype region alive strategy strategy_small strategy_medium
        strategy_large licence q_small q_medium q_large price_small price_medium price_large
        tokens spend spend_share tokens_world revenue_api revenue_services revenue_licence
        revenue_royalty revenue_complement cost_serving cost_packaging cost_training cost_staff
        cost_subsidy funding receivables cash profit gross_margin packaging reputation""",
    "host": "month date kind name model number price tokens revenue cost",
    "operator": "month date operator users tokens bill revenue",
    "offering": """month date offering model vendor tier access tuned open listed price q
        q_perceived slots tokens spend""",
    "decision": """month date band own_base_quartile tier access open tuned slots tokens value
        cost_money cost_staff successes decided compared term_quality term_cost term_risk
        term_switch term_integration term_packaging term_control term_taste alternative_term_quality
        alternative_term_cost alternative_term_risk alternative_term_switch
        alternative_term_integration alternative_term_packaging alternative_term_control
        alternative_term_taste""",
    "segment": """month date region sector band enterprises simulated adoption slots
        open_usage_share selfhost_share restricted_share tokens spend consumer_surplus""",
    "event": "month date kind target magnitude cause details",
}


@pytest.mark.parametrize("name", AGREED)
def test_tables_have_the_agreed_columns(name: str) -> None:
    assert set(AGREED[name].split()) <= set(SCHEMAS[name].names)
    assert len(set(SCHEMAS[name].names)) == len(SCHEMAS[name].names)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_column_is_documented_nullable_and_of_a_plain_type(name: str) -> None:
    assert SCHEMAS[name].names[:2] == ["month", "date"]
    assert SCHEMAS[name].field("month").type == pa.int32()
    assert SCHEMAS[name].field("date").type == pa.string()
    for field in SCHEMAS[name]:
        assert field.nullable
        assert field.type in (pa.int32(), pa.float64(), pa.string(), pa.bool_())
        assert len(field.metadata[b"description"]) > 3
        assert field.metadata[b"unit"]


def test_table_orders_columns_and_fills_what_is_missing() -> None:
    made = table("event", {"cause": ["input"], "month": [3]})
    assert made.schema.equals(SCHEMAS["event"], check_metadata=True)
    row = dict.fromkeys(SCHEMAS["event"].names) | {"month": 3, "date": "2023-04", "cause": "input"}
    assert made.to_pylist() == [row]


@pytest.mark.parametrize("unknown", [math.nan, math.inf, -math.inf, None])
def test_numbers_that_are_not_finite_become_null(unknown: float | None) -> None:
    made = table("market", {"month": [0, 1], "adoption": [unknown, 0.5], "hosts": [1, unknown]})
    assert made["adoption"].to_pylist() == [None, 0.5]
    assert made["hosts"].to_pylist() == [1, None]


def test_numpy_columns_become_the_declared_types() -> None:
    made = table(
        "vendor",
        {
            "month": np.arange(2, dtype=np.int64),
            "vendor": np.array(["a", "b"]),
            "alive": np.array([True, False]),
            "cash": np.array([1, 2], dtype=np.float32),
        },
    )
    assert made.schema.types == SCHEMAS["vendor"].types
    assert made["alive"].to_pylist() == [True, False]
    assert made["vendor"].to_pylist() == ["a", "b"]


def test_whole_numbers_with_gaps_keep_their_type() -> None:
    made = table("market", {"month": [0, 1], "models_live": [math.nan, 7.0]})
    assert made["models_live"].to_pylist() == [None, 7]


def test_unknown_names_and_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="market has no column adoptoin"):
        table("market", {"month": [0], "adoptoin": [1.0]})
    with pytest.raises(ValueError, match="differ in length"):
        table("market", {"month": [0, 1], "adoption": [1.0]})
    with pytest.raises(KeyError):
        table("markets", {"month": [0]})


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_table_says_the_date_of_its_months(name: str) -> None:
    made = table(name, {"month": [0, 95, None, 12]})
    assert made["date"].to_pylist() == ["2023-01", "2030-12", None, "2024-01"]
    assert table(name, {})["date"].to_pylist() == []
    assert table(name, {"month": [-1]})["date"].to_pylist() == ["2022-12"]


def test_fractions_in_a_column_of_whole_numbers_are_refused() -> None:
    with pytest.raises(pa.ArrowInvalid):
        table("market", {"month": [0.5]})
