"""Worlds for verification: checked runs, random scenarios, and what no table may contain."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import strategies as st

from sim.catalogue import ParameterInfo, catalogue
from sim.event_kinds import EVENT_KINDS, EventKind, Target
from sim.identities import broken, purses
from sim.loading import load
from sim.market import Market

WINDOWS = ("2023-01", "2023-03", "2023-12", "2024-12")
"""Ends of the record to draw from: most worlds also see months in which vendors decide."""
UNTRIED = {
    "enterprise.population", "output.demand_sample", "output.panel", "enterprise.review_shortest",
    "enterprise.review_longest",
}  # fmt: skip
"""Parameters whose bounds are not tried: sizes, and a pair that must not contradict itself."""
REGIONS = ("north-america", "europe", "china")
VENDORS = ("openai", "google", "meta", "mistral", "deepseek")


def checked_run(market: Market, months: int) -> list[str]:
    """Step a market, checking all identities after every month; returns what was broken."""
    found: list[str] = []
    for _ in range(months):
        before = purses(market)
        market.step()
        found += broken(market, before)
    return found


def undefined_columns(tables: Mapping[str, pa.Table]) -> list[str]:
    """Columns of tables with a value that is neither a finite number nor null."""
    return [
        f"{name}.{column}"
        for name, table in tables.items()
        for column in table.column_names
        if pa.types.is_floating(table[column].type)
        and pc.all(pc.is_finite(table[column])).as_py() not in {True, None}
    ]


def uncertain() -> list[ParameterInfo]:
    """Parameters with an uncertainty range, in the order of the catalogue."""
    return [info for info in catalogue() if info.plausible is not None]


def bounded() -> list[ParameterInfo]:
    """Numbers of the market at large whose bounds of validity can be tried out."""
    return [
        info
        for info in catalogue()
        if info.type in {"number", "integer"}
        and info.path.count(".") == 1
        and "[" not in info.path
        and info.low is not None
        and info.path not in UNTRIED
    ]


def _plausible_values() -> st.SearchStrategy[dict[str, float]]:
    def value(info: ParameterInfo) -> st.SearchStrategy[tuple[str, float]]:
        assert info.plausible is not None
        return st.tuples(st.just(info.path), st.floats(*info.plausible))

    chosen = st.lists(st.sampled_from(uncertain()), max_size=12, unique_by=lambda i: i.path)
    return chosen.flatmap(lambda infos: st.tuples(*map(value, infos))).map(dict)


def _extreme_values() -> st.SearchStrategy[dict[str, float]]:
    def value(info: ParameterInfo) -> st.SearchStrategy[tuple[str, float]]:
        ends = [end for end in (info.low, info.high) if end is not None]
        kind = int if info.type == "integer" else float
        return st.tuples(st.just(info.path), st.sampled_from([kind(end) for end in ends]))

    chosen = st.lists(st.sampled_from(bounded()), max_size=3, unique_by=lambda i: i.path)
    return chosen.flatmap(lambda infos: st.tuples(*map(value, infos))).map(dict)


def _event() -> st.SearchStrategy[dict[str, Any]]:
    vendor, region = st.sampled_from(VENDORS), st.sampled_from(REGIONS)
    month = st.integers(6, 22).map(lambda m: f"{2023 + m // 12}-{m % 12 + 1:02d}")
    nobody = st.none()
    targets = {
        Target.NOTHING: nobody, Target.VENDOR: vendor, Target.REGION: region,
        Target.ANY_VENDOR: st.one_of(nobody, vendor),
    }  # fmt: skip

    def kind(declared: EventKind) -> st.SearchStrategy[dict[str, Any]]:
        size, values = declared.size, st.sampled_from(declared.values or (None,))
        if size is None:
            parts = {"value": values, "magnitude": nobody}
        elif size.whole:
            parts = {"value": st.sampled_from(size.only_with), "magnitude": st.integers(0, 90)}
        else:
            sizes = st.floats(max(size.low, 0.1), min(size.high, 3.0))
            parts = {"value": values, "magnitude": sizes}
        return st.fixed_dictionaries(
            {
                "kind": st.just(declared.word),
                "month": month,
                "target": targets[declared.target],
                **parts,
            }
        )

    tried = [k for k in EVENT_KINDS.values() if not (k.brings_in or k.is_change)]
    prepaid = {"kind": st.just("payment-terms"), "month": month, "value": st.just("prepaid")}
    return st.one_of(*map(kind, tried), st.fixed_dictionaries(prepaid))


def random_overrides() -> st.SearchStrategy[dict[str, Any]]:
    """Overrides of the baseline: plausible draws, a few bounds, a few events."""
    parts = st.tuples(
        _plausible_values(), _extreme_values(),
        st.fixed_dictionaries({
            "history.until": st.sampled_from(WINDOWS),
            "choice.quality_form": st.sampled_from(("sigmoid", "linear")),
            "seed": st.integers(0, 2**31),
            "events": st.lists(_event(), max_size=3),
        }),
    )  # fmt: skip
    return parts.map(lambda three: three[0] | three[1] | three[2])


def world(overrides: Mapping[str, Any], population: int, months: int) -> Market:
    """A small market of the baseline with overrides."""
    sized = {"enterprise.population": population, "months": months}
    return Market(load("baseline", {**overrides, **sized}))
