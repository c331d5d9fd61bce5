"""Outcomes: each reduction against the same in plain Python, over months that have a value."""

import math
import statistics

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.sweeps.factors import ExperimentError
from experiments.sweeps.outcomes import (
    REDUCTIONS,
    WITH_THRESHOLD,
    Outcome,
    outcome_of,
    outcome_schema,
    tables_needed,
)

COLUMN = "hhi_spend"


def slope(months: list[int], values: list[float]) -> float | None:
    """Least squares by the standard library, per year."""
    if len(values) < 2:
        return None
    return 12 * statistics.linear_regression(months, values).slope


def plainly(reduce: str, pairs: list[tuple[int, float]], limit: float) -> float | None:
    """What a reduction is, written out; pairs of month and value, none missing."""
    if not pairs:
        return None
    months, values = [month for month, _ in pairs], [value for _, value in pairs]
    above = [month for month, value in pairs if value > limit]
    below = [month for month, value in pairs if value < limit]
    return {
        "mean": lambda: math.fsum(values) / len(values),
        "min": lambda: min(values),
        "max": lambda: max(values),
        "sum": lambda: math.fsum(values),
        "change": lambda: values[-1] - values[0],
        "slope": lambda: slope(months, values),
        "first-above": lambda: float(above[0]) if above else None,
        "first-below": lambda: float(below[0]) if below else None,
        "discounted": lambda: math.fsum(
            value / (1 + limit) ** (month / 12) for month, value in pairs
        ),
        "share-above": lambda: len(above) / len(values),
        "share-below": lambda: len(below) / len(values),
    }[reduce]()


numbers = st.none() | st.floats(-1e6, 1e6).map(lambda x: round(x, 3)) | st.just(math.nan)
series = st.lists(numbers, min_size=1, max_size=24)


@settings(derandomize=True, deadline=None, max_examples=400)
@given(
    values=series,
    reduce=st.sampled_from(sorted(REDUCTIONS)),
    window=st.tuples(st.integers(0, 23), st.integers(0, 23)),
    limit=st.floats(-1e6, 1e6),
)
def test_a_reduction_is_what_it_says(
    values: list[float | None], reduce: str, window: tuple[int, int], limit: float
) -> None:
    first, last = sorted(number % len(values) for number in window)
    limit = abs(limit) if reduce == "discounted" else limit
    table = pa.table({COLUMN: pa.array(values, pa.float64())})
    known = [
        (month, value)
        for month, value in enumerate(values)
        if first <= month <= last and value is not None and math.isfinite(value)
    ]
    found = Outcome("x", COLUMN, reduce, first, last, limit).of(table)
    expected = plainly(reduce, known, limit)
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-3))


@pytest.mark.parametrize(
    ("reduce", "expected"),
    [("first-above", 2), ("first-below", 0), ("share-above", 1 / 3), ("share-below", 1 / 3)],
)
def test_a_value_at_the_threshold_is_neither_above_nor_below(reduce: str, expected: float) -> None:
    table = pa.table({COLUMN: [1.0, 2.0, 3.0]})
    assert Outcome("x", COLUMN, reduce, 0, 2, 2.0).of(table) == expected
    assert Outcome("x", COLUMN, reduce, 1, 1, 2.0).of(table) == (0 if "share" in reduce else None)


@pytest.mark.parametrize("value", [None, math.nan])
def test_a_month_without_a_value_has_no_outcome(value: float | None) -> None:
    table = pa.table({COLUMN: pa.array([1.0, value], pa.float64())})
    assert Outcome("x", COLUMN, "at", 0, 0).of(table) == 1.0
    assert Outcome("x", COLUMN, "at", 1, 1).of(table) is None


def test_text_is_taken_at_a_month() -> None:
    outcome = outcome_of("first", {"column": "leader", "at": "2023-01"}, 2, "e.toml")
    assert outcome.of(pa.table({"leader": ["openai", "meta"]})) == "openai"
    assert outcome.kind == pa.string()


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (COLUMN, "hhi_spend at 2024-12"),
        ({"column": COLUMN, "at": 0}, "hhi_spend at 2023-01"),
        ({"column": COLUMN, "at": "2023-03"}, "hhi_spend at 2023-03"),
        ({"column": COLUMN, "reduce": "mean"}, "mean of hhi_spend, 2023-01 to 2024-12"),
        ({"column": COLUMN, "reduce": "max", "last": 12}, "max of hhi_spend, 2024-01 to 2024-12"),
        (
            {"column": COLUMN, "reduce": "slope", "from": "2023-06", "to": 6},
            "slope of hhi_spend, 2023-06 to 2023-07",
        ),
        (
            {"column": COLUMN, "reduce": "first-above", "threshold": 0.5},
            "first-above 0.5 of hhi_spend, 2023-01 to 2024-12",
        ),
    ],
)
def test_an_outcome_in_words(spec: object, words: str) -> None:
    outcome = outcome_of("x", spec, 24, "e.toml")
    assert outcome.words == words
    fields = outcome_schema([outcome])
    assert fields.names == ["run_id", "x", "regime"]
    assert fields.field("x").metadata == {b"description": words.encode()}


def test_thresholds_are_for_reductions() -> None:
    assert set(WITH_THRESHOLD) < set(REDUCTIONS)


def test_a_fact_is_an_outcome() -> None:
    found = outcome_of("gap", {"fact": "gap-2023"}, 12, "e.toml")
    assert (found.column, found.reduce, found.first, found.last) == ("gap-2023", "fact", 11, 11)
    assert found.words == "gap closed less open, 2023-12"
    assert found.kind == pa.float64()
    market = pa.table({"gap_logits": [0.1] * 11 + [0.7]})
    assert found.measure({"market": market}) == 0.7
    assert found.measure({"market": market.slice(0, 11)}) is None
    hosted = outcome_of("mixtral", {"fact": "hosted-mixtral"}, 24, "e.toml")
    assert tables_needed(["event"], [found, hosted]) == ("event", "market", "host")


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"fact": "gap-2032"}, "there is no fact 'gap-2032'; did you mean gap-2023"),
        ({"fact": "gap-2023", "last": 3}, "give no other field beside it"),
        ({"fact": "gap-2024-12"}, "the month of gap-2024-12, 2024-12, lies outside the 12 months"),
    ],
)
def test_a_fact_that_cannot_be_an_outcome_is_refused(spec: object, reason: str) -> None:
    with pytest.raises(ExperimentError, match=reason):
        outcome_of("x", spec, 12, "e.toml")


def vendors(rows: list[tuple[int, str, float | None, bool]]) -> pa.Table:
    """A vendor table with profit and life."""
    months, names, profits, alive = zip(*rows, strict=True)
    return pa.table({
        "month": list(months), "vendor": list(names), "profit": pa.array(profits, pa.float64()),
        "alive": list(alive),
    })  # fmt: skip


def test_an_outcome_of_a_vendor_counts_months_without_it_as_nothing() -> None:
    table = vendors([(0, "A", 5.0, True), (12, "A", 11.0, True), (12, "B", 7.0, True)])
    tables = {"vendor": table}
    profit = {"vendor": "A", "column": "profit", "reduce": "discounted", "threshold": 0.1}
    found = outcome_of("profit", profit, 13, "e.toml")
    assert found.measure(tables) == pytest.approx(5.0 + 11.0 / 1.1)
    assert found.words == "discounted 0.1 of profit of vendor (vendor A), 2023-01 to 2024-01"
    assert Outcome(*found.described()) == found
    for name, month, alive in (("A", 12, 1.0), ("B", 0, 0.0), ("C", 12, 0.0)):
        spec = {"vendor": name, "column": "alive", "at": month}
        assert outcome_of("alive", spec, 13, "e.toml").measure(tables) == alive


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"vendor": "A", "column": "q_large"}, "goes with a column alive, tokens"),
        ({"vendor": 3, "column": "profit"}, "a vendor's name goes with"),
        (
            {"vendor": "A", "column": "profit", "reduce": "discounted", "threshold": -0.1},
            "a yearly rate from 0, not -0.1",
        ),
    ],
)
def test_an_impossible_outcome_of_a_vendor_is_refused(spec: dict[str, object], words: str) -> None:
    with pytest.raises(ExperimentError, match=words):
        outcome_of("x", spec, 13, "e.toml")


def test_a_month_as_long_as_a_book_is_not_quoted_in_full() -> None:
    with pytest.raises(ExperimentError, match="is a month written YYYY-MM") as caught:
        outcome_of("late", {"column": "hhi_spend", "at": "x" * 5000}, 96, "mine.toml")
    assert len(str(caught.value)) < 300
