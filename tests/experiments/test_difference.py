"""Where two tables part."""

import pytest

from experiments.difference import Difference, compare_tables
from sim.schemas import table


def market(adoption: list[float | None], leader: list[str]) -> object:
    months = list(range(len(adoption)))
    return table("market", {"month": months, "adoption": adoption, "leader": leader})


@pytest.mark.parametrize(
    ("adoption", "leader", "found"),
    [
        ([1.0, 2.0, None], ["a", "b", "c"], None),
        ([1.0, 2.0, None], ["a", "x", "c"], (1, "leader", None)),
        ([1.0, 4.0, None], ["a", "b", "c"], (1, "adoption", 0.5)),
        ([1.0, 4.0, None], ["x", "b", "c"], (0, "leader", None)),
        ([1.0, 2.0, 3.0], ["a", "b", "c"], (2, "adoption", None)),
        ([1.0, 1.0, None], ["a", "b", "c"], (1, "adoption", 0.5)),
    ],
)
def test_first_place_and_largest_distance(
    adoption: list[float | None], leader: list[str], found: tuple[int, str, float | None] | None
) -> None:
    base = market([1.0, 2.0, None], ["a", "b", "c"])
    difference = compare_tables("market", base, market(adoption, leader))
    if found is None:
        assert difference is None
    else:
        assert difference == Difference("market", "differs", *found)


def test_rows_and_columns() -> None:
    long, short = market([1.0, 2.0], ["a", "b"]), market([1.0], ["a"])
    difference = compare_tables("market", long, short)
    assert difference is not None
    assert (difference.month, difference.reason) == (1, "other numbers of rows")
    fewer = long.drop_columns(["leader"])  # type: ignore[attr-defined]
    difference = compare_tables("market", long, fewer)
    assert difference is not None
    assert difference.column == "leader"


def test_a_difference_reads_as_a_sentence() -> None:
    words = str(Difference("market", "differs", 7, "adoption", 0.25))
    assert words == "market: differs in month 7, column adoption, by up to 0.25 relative"


def test_the_tolerance_is_relative() -> None:
    left, right = market([1e9], ["a"]), market([1e9 + 100], ["a"])
    assert compare_tables("market", left, right, 1e-6) is None
    assert compare_tables("market", left, right, 1e-8) is not None
