"""Designs: their counts, their bounds, what stays when points are added, tables of points."""

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments.sweeps import designs, tables
from experiments.sweeps.designs import DESIGNS, Space, design_points, first_size
from experiments.sweeps.factors import ExperimentError, Factor, factors_of
from sim.loading import load

BASE = load("baseline")
THETA, RISK, STRATEGY, SIZE = (
    "choice.theta", "choice.risk_weight", "vendors.meta.strategy", "enterprise.population",
)  # fmt: skip
SAMPLES = ("lhs", "sobol", "halton", "morris", "saltelli")
ADDED_TO = ("sobol", "halton", "saltelli", "lhs", "morris")
UNCERTAIN = {
    THETA: {"low": 3.0, "high": 9.0, "log": True},
    RISK: {"low": 0.1, "high": 0.7},
    SIZE: {"low": 50, "high": 60},
}
LEVERS = {
    STRATEGY: ["open", "closed", "dual"],
    "world": {"options": {"now": {}, "opened": "all-open"}},
}


def space(
    design: dict[str, Any], uncertain: dict[str, Any] = UNCERTAIN,
    levers: dict[str, Any] | None = None, folder: Path | None = None, seed: int = 1,
) -> Space:  # fmt: skip
    """The space of an experiment."""
    factors = factors_of(uncertain, "uncertainty", BASE, "e")
    return Space(
        [*factors, *factors_of(levers or {}, "lever", BASE, "e")], design, seed, folder, "e"
    )


def points(*arguments: Any, sizes: list[int] | None = None, **options: Any) -> list[dict[str, Any]]:
    """Rows of the points of a space."""
    made = space(*arguments, **options)
    rows: list[dict[str, Any]] = design_points(
        made, first_size(made) if sizes is None else sizes
    ).to_pylist()
    return rows


def values(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """Some columns of rows."""
    return [tuple(row[name] for name in names) for row in rows]


def sample(kind: str, count: int = 8, **fields: Any) -> dict[str, Any]:
    """A sampled design of a size."""
    size = DESIGNS[kind].size
    assert size is not None
    return {"kind": kind, size: count, **fields}


def test_a_grid_is_all_combinations_at_the_levels_of_each() -> None:
    rows = points({"kind": "grid"}, {THETA: {"low": 3.0, "high": 9.0}, RISK: [0.2, 0.4]}, LEVERS)
    expected = itertools.product([3.0, 6.0, 9.0], [0.2, 0.4], LEVERS[STRATEGY], ["now", "opened"])
    assert values(rows, THETA, RISK, STRATEGY, "world") == list(expected)
    assert len(points({"kind": "grid", "levels": 4})) == 4**3
    assert len(points({"kind": "grid"}, {}, {})) == 1


def test_a_factorial_has_the_ends_of_ranges() -> None:
    rows = points({"kind": "factorial"}, levers=LEVERS)
    assert len(rows) == 2**3 * 3 * 2
    assert {row[THETA] for row in rows} == {3.0, 9.0}
    assert len(points({"kind": "factorial", "levels": 3})) == 3**3


def test_one_at_a_time_moves_each_factor_alone_from_the_base() -> None:
    rows = points({"kind": "one-at-a-time"}, levers=LEVERS)
    base = rows[0]
    assert (base[THETA], base[STRATEGY], base["world"]) == (
        BASE.choice.theta, BASE.vendors["meta"].strategy, "now",
    )  # fmt: skip
    names = [*UNCERTAIN, *LEVERS]
    moved = [[name for name in names if row[name] != base[name]] for row in rows[1:]]
    assert moved == [[THETA]] * 2 + [[RISK]] * 2 + [[SIZE]] * 2 + [[STRATEGY]] * 2 + [["world"]]


def test_draws_and_arms_number_combinations_in_order_of_appearance() -> None:
    rows = points({"kind": "grid"}, {THETA: [3.0, 4.0]}, LEVERS)
    assert [row["draw"] for row in rows] == [0] * 6 + [1] * 6
    assert [row["arm"] for row in rows] == list(range(6)) * 2


@pytest.mark.parametrize("kind", SAMPLES)
def test_samples_stay_within_bounds_and_cross_all_levers(kind: str) -> None:
    rows = points(sample(kind), levers=LEVERS)
    assert all(3.0 <= row[THETA] <= 9.0 and 0.1 <= row[RISK] <= 0.7 for row in rows)
    assert all(row[SIZE] in range(50, 61) for row in rows)
    arms = list(itertools.product(LEVERS[STRATEGY], ["now", "opened"]))
    assert values(rows, STRATEGY, "world") == arms * (len(rows) // 6)
    # All arms of a draw see the same draw.
    for start in range(0, len(rows), 6):
        assert len(set(values(rows[start : start + 6], THETA, RISK, SIZE, "draw"))) == 1


@pytest.mark.parametrize("kind", SAMPLES)
def test_levers_can_be_sampled_too(kind: str) -> None:
    rows = points(sample(kind, 16, levers="sampled"), levers=LEVERS)
    assert set(values(rows, STRATEGY, "world")) == set(
        itertools.product(LEVERS[STRATEGY], ["now", "opened"])
    )
    assert len(rows) == {"morris": 16 * 6, "saltelli": 16 * 7}.get(kind, 16)


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_seed_gives_its_points_and_another_others(kind: str) -> None:
    rows = points(sample(kind))
    assert points(sample(kind)) == rows
    assert values(points(sample(kind), seed=2), THETA, RISK) != values(rows, THETA, RISK)


@pytest.mark.parametrize("kind", ADDED_TO)
def test_adding_points_keeps_the_earlier_ones(kind: str) -> None:
    before = points(sample(kind), levers=LEVERS)
    after = points(sample(kind), levers=LEVERS, sizes=[8, 8])
    assert len(after) == 2 * len(before)
    assert after[: len(before)] == before
    assert after[len(before) :] != before


@pytest.mark.parametrize("kind", ["sobol", "halton", "saltelli"])
def test_a_sequence_added_to_is_that_of_the_whole(kind: str) -> None:
    assert points(sample(kind, 16)) == points(sample(kind), sizes=[4, 4, 8])


def test_a_latin_hypercube_has_one_point_in_each_stratum() -> None:
    count = 40
    rows = points({"kind": "lhs", "points": count})
    places = {
        RISK: [(row[RISK] - 0.1) / 0.6 for row in rows],
        THETA: [math.log(row[THETA] / 3.0) / math.log(3.0) for row in rows],
    }
    for at in places.values():
        assert sorted(int(place * count) for place in at) == list(range(count))
    sizes = points({"kind": "lhs", "points": 44}, {SIZE: {"low": 50, "high": 60}})
    assert sorted(row[SIZE] for row in sizes) == [size for size in range(50, 61) for _ in range(4)]


def test_morris_moves_one_factor_at_a_time() -> None:
    rows = points({"kind": "morris", "trajectories": 20})
    names = list(UNCERTAIN)
    assert len(rows) == 20 * 4
    for start in range(0, len(rows), 4):
        steps = itertools.pairwise(values(rows[start : start + 4], *names))
        moved = [
            [name for name, one, two in zip(names, *step, strict=True) if one != two]
            for step in steps
        ]
        assert sorted(moved) == sorted([name] for name in names)


@pytest.mark.parametrize(("pairs", "each"), [(False, 5), (True, 8)])
def test_saltelli_swaps_one_column_between_two_samples(pairs: bool, each: int) -> None:
    rows = points({"kind": "saltelli", "points": 4, "second_order": pairs})
    names = list(UNCERTAIN)
    assert len(rows) == 4 * each
    for start in range(0, len(rows), each):
        first, *mixed, last = values(rows[start : start + each], *names)
        for place, row in enumerate(mixed[:3]):
            assert row == tuple(
                last[i] if i == place else first[i] for i in range(3)
            )  # fmt: skip


def test_morris_and_saltelli_name_the_package_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(designs.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"a morris design needs SALib; install it with"):
        points(sample("morris"))


def test_designs_too_large_are_refused_before_they_are_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    huge = {name: {"levels": 10_000} for name in (THETA, RISK)}
    with pytest.raises(ExperimentError, match="a design of 100000000 points is too large"):
        points({"kind": "grid"}, huge)
    monkeypatch.setattr(designs, "MOST_POINTS", 40)
    assert len(points({"kind": "lhs", "points": 40})) == 40
    with pytest.raises(ExperimentError, match="a design of 42 points is too large"):
        points({"kind": "lhs", "points": 7}, levers=LEVERS)


def test_a_grid_beyond_all_numbers_is_refused() -> None:
    factors = [Factor(f"x{i}", "lever", 0.0, 0.0, 1.0) for i in range(80)]
    with pytest.raises(ExperimentError, match="too large"):
        designs.product(factors, [range(10_000)] * 80)  # type: ignore[list-item]


# Lists and tables of points.


def test_a_list_keeps_the_base_for_what_a_point_leaves_out() -> None:
    written = [{THETA: 4, "world": "opened"}, {}, {STRATEGY: "dual", SIZE: 55}]
    rows = points({"kind": "list", "points": written}, levers=LEVERS)
    base = (BASE.choice.theta, BASE.vendors["meta"].strategy, "now", BASE.enterprise.population)
    assert values(rows, THETA, STRATEGY, "world", SIZE) == [
        (4.0, base[1], "opened", base[3]), base, (base[0], "dual", "now", 55),
    ]  # fmt: skip


OPTIONS = {"1": {}, "true": {"choice.theta": 4.0}, "2020-01-01": {}, "nan": {}, "": {}, "a,b": {}}
TABLED = {
    THETA: {"low": 3.0, "high": 9.0}, SIZE: {"low": 50, "high": 60},
    "capability.ceiling": {"low": 10.0, "high": 30.0}, "vendors.meta.tuning": {},
}  # fmt: skip
rows_of_points = st.lists(
    st.fixed_dictionaries({
        THETA: st.floats(3.0, 9.0),
        SIZE: st.integers(50, 60),
        "vendors.meta.tuning": st.booleans(),
        "world": st.sampled_from(sorted(OPTIONS)),
        STRATEGY: st.sampled_from(["open", "closed", "dual"]),
    }),
    min_size=1,
    max_size=6,
)  # fmt: skip
LISTED = {"world": {"options": OPTIONS}, STRATEGY: {}}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@settings(
    derandomize=True, deadline=None, max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(rows=rows_of_points)
def test_a_table_gives_its_rows(tmp_path: Path, suffix: str, rows: list[dict[str, Any]]) -> None:
    table, path = pa.Table.from_pylist(rows), tmp_path / f"points.{suffix}"
    pq.write_table(table, path) if suffix == "parquet" else pa.csv.write_csv(table, path)
    found = points({"kind": "table", "file": path.name}, TABLED, LISTED, tmp_path)
    assert [{name: row[name] for name in rows[0]} for row in found] == rows


def test_the_design_of_a_sweep_can_be_given_back_as_a_table(tmp_path: Path) -> None:
    levers = {"capability.ceiling": ["none", 20.0]}
    table = design_points(made := space({"kind": "grid"}, {THETA: [3.0]}, levers), [])
    pq.write_table(table.drop_columns(["draw", "arm"]), tmp_path / "p.parquet")
    again = space({"kind": "table", "file": "p.parquet"}, {THETA: [3.0]}, levers, tmp_path)
    assert design_points(again, []) == table
    assert [f.name for f in made.factors] == [THETA, "capability.ceiling"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("p.txt", b"x", r"p\.txt must end in \.csv or \.parquet"),
        ("p.csv", b"", r"p\.csv cannot be read"),
        ("p.csv", b"choice.theta\n", r"p\.csv has no rows"),
        ("p.csv", b"choice.theta\n\xff\n", "row 1, column 1: .* is not a number"),
        ("p.csv", b"choice.thta\n3.0\n", r"p\.csv: 'choice.thta' is no factor; did you mean"),
        ("p.csv", b"choice.theta;x\n3,5;1\n", r"p\.csv has semicolons between its columns; save"),
        ("p.csv", b"\xef\xbb\xbfchoice.theta;enterprise.population\r\n3,5;50\r\n", "semicolons"),
        ("p.csv", b"choice.theta\tx\n3,5\t1\n", r"p\.csv has tabs between its columns; save it"),
        ("p.csv", "choice.theta\n3\n".encode("utf-16"), r"p\.csv has a NUL byte; save it as CSV"),
        ("p.csv", b"choice.theta\nNaN\n", "does not take nan"),
        ("p.csv", b"choice.theta\ninf\n", "does not take inf"),
        ("p.csv", b"choice.theta\nN/A\n", "row 1, column 1: 'N/A' is not a number"),
        ("p.csv", b'choice.theta\n3.5\n"3,5"\n', "row 2, column 1: '3,5' is not a number"),
        ("p.csv", b"choice.theta\n0x4\n", "row 1, column 1: '0x4' is not a number"),
        ("p.csv", b"choice.theta\ntrue\n", "row 1, column 1: 'true' is not a number"),
        ("p.csv", b"enterprise.population\n50.5\n", "row 1: enterprise.population.* take 50.5"),
        ("p.csv", b"choice.theta\n3.0\nmany\n", "row 2, column 1: 'many' is not a number"),
        ("p.csv", b"choice.theta,choice.theta\n3.0,4.0\n", r"p\.csv gives 'choice.theta' twice"),
        ("p.csv", b"choice.theta\n3.0,4.0\n", r"p\.csv cannot be read"),
        ("p.parquet", b"PAR1 but not really", r"p\.parquet cannot be read"),
    ],
)
def test_a_bad_table_is_refused(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ExperimentError, match=words) as caught:
        points({"kind": "table", "file": name}, TABLED, {}, tmp_path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("value", [55.0, "55", True, None, [55]])
def test_a_list_of_the_file_is_taken_as_it_is_typed(value: Any) -> None:
    with pytest.raises(ExperimentError, match=r"points\[0\]: enterprise.population: .* not take"):
        points({"kind": "list", "points": [{SIZE: value}]}, TABLED)


def test_a_table_with_a_byte_order_mark_and_gaps_is_read(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbfenterprise.population,capability.ceiling\r\n50.0,\r\n60,12.5\r\n"
    (tmp_path / "p.csv").write_bytes(content)
    found = points({"kind": "table", "file": "p.csv"}, TABLED, {}, tmp_path)
    assert values(found, SIZE, "capability.ceiling") == [(50, None), (60, 12.5)]


def test_a_parquet_file_is_looked_at_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_POINTS", 1000)
    pq.write_table(pa.table({THETA: np.full(1001, 3.0)}), tmp_path / "p.parquet")
    monkeypatch.setattr(pq.ParquetFile, "read", None)
    with pytest.raises(ExperimentError, match="holds 1,001 rows"):
        points({"kind": "table", "file": "p.parquet"}, TABLED, {}, tmp_path)
    pq.write_table(pa.table({THETA: [3.0], "bomb": ["x"]}), tmp_path / "p.parquet")
    with pytest.raises(ExperimentError, match="'bomb' is no factor"):
        points({"kind": "table", "file": "p.parquet"}, TABLED, {}, tmp_path)


def test_positions_of_a_sample_use_the_whole_range() -> None:
    found = np.array([row[RISK] for row in points(sample("sobol", 64))])
    assert found.min() < 0.12
    assert found.max() > 0.68
