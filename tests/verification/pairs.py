"""Pairs of worlds that share their luck, and what is measured in them."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.loading import load
from sim.market import Market

Overrides = Mapping[str, Any]
SEEDS = (1, 2, 3, 4)
YEAR = 12
SURVEYED = ("mid", "large")
"""Bands that count alike in shares of slots; most micro firms stand for too many real ones."""


class Outcome:
    """The tables of one run as frames, made when they are first asked for."""

    def __init__(self, market: Market) -> None:
        self._tables = market.tables()
        self._frames: dict[str, pd.DataFrame] = {}

    def rows(self, name: str, first: int = YEAR, **kind: Any) -> pd.DataFrame:
        """Rows of a table from a month on, of a kind such as `access="api"`."""
        if name not in self._frames:
            self._frames[name] = self._tables[name].to_pandas()
        frame = self._frames[name]
        return frame[(frame.month >= first) & are(frame, kind)]


def are(frame: pd.DataFrame, kind: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Which rows have all these values in these columns."""
    same = np.ones(len(frame), bool)
    for column, value in kind.items():
        same &= (frame[column] == value).to_numpy(bool)
    return same


Measure = Callable[[Outcome], float]


class Direction(NamedTuple):
    """What theory demands: from the first world to the second a measure moves by this sign."""

    name: str
    before: Overrides
    after: Overrides
    measure: Measure
    sign: int
    seeds: tuple[int, ...] = SEEDS


@lru_cache(maxsize=48)
def _outcome(overrides: str, seed: int) -> Outcome:
    market = Market(load("baseline", json.loads(overrides)), rng=seed)
    for _ in range(market.parameters.months):
        market.step()
    return Outcome(market)


def outcome(overrides: Overrides, seed: int) -> Outcome:
    """One run of the baseline with overrides; recent ones are kept."""
    return _outcome(json.dumps(dict(overrides), sort_keys=True), seed)


def differences(direction: Direction) -> list[float]:
    """By seed, how far the measure moves in the direction theory demands."""
    return [
        direction.sign
        * (
            direction.measure(outcome(direction.after, seed))
            - direction.measure(outcome(direction.before, seed))
        )
        for seed in direction.seeds
    ]


# --- measures


def mean(column: str, first: int = YEAR) -> Measure:
    """Mean of a market column from a month to the end; months without a value do not count."""
    return lambda run: float(run.rows("market", first)[column].astype(float).mean())


def used(bands: tuple[str, ...] = SURVEYED, **kind: Any) -> Measure:
    """Share of slots in use that are of a kind, such as `access="api"`; bands count alike."""

    def measure(run: Outcome) -> float:
        rows = run.rows("decision")
        of_kind = are(rows, kind)
        shares = [
            rows.slots[of_kind & (rows.band == band)].sum() / rows.slots[rows.band == band].sum()
            for band in bands
        ]
        return float(np.mean(shares))

    return measure


def chosen(**kind: Any) -> Measure:
    """Share of all home slots in use that hold offerings of a kind, such as `vendor="Meta"`."""

    def measure(run: Outcome) -> float:
        rows = run.rows("offering")
        return float(rows.slots[are(rows, kind)].sum() / rows.slots.sum())

    return measure


def unseen(run: Outcome) -> float:
    """Mean over home slots in use of true quality less perceived quality."""
    rows = run.rows("offering")
    return float(np.average(rows.q - rows.q_perceived, weights=rows.slots))


def price_paid(run: Outcome) -> float:
    """Mean price of home tokens used through services, $ per Mtok."""
    rows = run.rows("offering").dropna(subset="price")
    return float(np.average(rows.price, weights=rows.tokens))


def age_in_use(run: Outcome) -> float:
    """Months since release of closed services in use, mean over home slots."""
    released = run.rows("offering", 0).groupby("model").month.min()
    rows = run.rows("offering", open=False)
    return float(np.average(rows.month - rows.model.map(released), weights=rows.slots))


def total(table: str, column: str, first: int = YEAR, **kind: Any) -> Measure:
    """Sum of a column over rows of a kind."""
    return lambda run: float(run.rows(table, first, **kind)[column].astype(float).sum())


def typical(table: str, column: str, first: int = YEAR, **kind: Any) -> Measure:
    """Mean of a column over rows of a kind."""
    return lambda run: float(run.rows(table, first, **kind)[column].astype(float).mean())


def happened(kind: str, target: str = "") -> Measure:
    """Number of events of a kind whose target begins with a text."""
    return lambda run: float(run.rows("event", 0, kind=kind).target.str.startswith(target).sum())


def minus(first: Measure, second: Measure) -> Measure:
    """One measure less another."""
    return lambda run: first(run) - second(run)


def over(first: Measure, second: Measure) -> Measure:
    """One measure over another."""
    return lambda run: first(run) / second(run)
