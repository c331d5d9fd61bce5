"""Figures of sectors and regions, pooled from the segment table."""

import pyarrow as pa
import pytest

from experiments.explanation import QuestionError, Segment, segment_of
from experiments.segments import figures_of, place_words
from sim.schemas import table

PLACES = {"health": ("sector", "health"), "europe": ("region", "europe")}


def segments(**changed: list[object]) -> pa.Table:
    """Two months of two regions, one of them with two bands."""
    columns: dict[str, list[object]] = {
        "month": [0, 0, 0, 1],
        "region": ["europe", "europe", "china", "europe"],
        "sector": ["health", "health", "health", "Finance"],
        "band": ["micro", "large", "large", "large"],
        "enterprises": [900.0, 100.0, 50.0, 10.0],
        "simulated": [3, 2, 1, 1],
        "adoption": [0.1, 0.6, 1.0, 0.0],
        "slots": [100.0, 300.0, 80.0, 0.0],
        "open_usage_share": [0.2, 0.6, 1.0, None],
        "selfhost_share": [0.0, 0.4, 1.0, None],
        "restricted_share": [0.0, 0.5, 0.0, 0.1],
        "tokens": [1.0, 2.0, 4.0, 0.0],
        "spend": [10.0, 20.0, 40.0, 0.0],
        "consumer_surplus": [5.0, -1.0, 2.0, 0.0],
    }
    return table("segment", columns | changed)


def test_shares_are_pooled_by_what_they_are_shares_of() -> None:
    found = figures_of(segments(), 0, {"sector": {"health"}, "region": {"europe"}})
    assert found is not None
    assert (found.firms, found.simulated, found.tokens, found.spend) == (1000.0, 5, 3.0, 30.0)
    assert found.adoption == pytest.approx(0.15)
    assert found.open_usage_share == pytest.approx(0.5)
    assert found.selfhost_share == pytest.approx(0.3)
    assert found.restricted_share == pytest.approx(0.05)
    assert found.consumer_surplus == 4.0


def test_one_row_is_as_it_is_and_none_is_none() -> None:
    found = figures_of(segments(), 0, {"band": {"large"}, "region": {"china"}})
    assert found is not None
    assert (found.adoption, found.open_usage_share, found.simulated) == (1.0, 1.0, 1)
    idle = figures_of(segments(), 1, {"sector": {"Finance"}})
    assert idle is not None
    assert idle.open_usage_share is None
    assert figures_of(segments(), 1, {"sector": {"health"}}) is None


def test_of_a_run_that_did_not_record_slots_and_simulated_firms_they_are_unknown() -> None:
    unknown: list[object] = [None] * 4
    found = figures_of(segments(slots=unknown, simulated=unknown), 0, {"region": {"europe"}})
    assert found is not None
    assert (found.simulated, found.open_usage_share, found.selfhost_share) == (None, None, None)
    assert found.adoption == pytest.approx(0.15)


def test_sectors_and_regions_are_words_of_a_segment() -> None:
    assert place_words(segments()) == PLACES | {
        "china": ("region", "china"), "finance": ("sector", "Finance"),
    }  # fmt: skip
    found = segment_of(["large,Health", "europe"], PLACES)
    assert found == Segment(("large",), (("sector", "health"), ("region", "europe")))
    assert found.columns == {"band": {"large"}}
    with pytest.raises(QuestionError, match="'helth' is no segment; did you mean health"):
        segment_of(["large,helth"], PLACES)
    with pytest.raises(QuestionError, match="did you mean frontier"):
        segment_of(["frontear"], PLACES)
    with pytest.raises(QuestionError, match="'health' is no segment; segments are large, mid"):
        segment_of(["health"])
