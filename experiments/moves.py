"""What vendors did in a month and the numbers they went by, from a run's tables."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from agents.common.vocabulary import Access
from experiments.folder import Manifest

Row = dict[str, Any]

OF_MODELS: Final = frozenset({"release", "price", "withdrawal"})
"""Kinds of events whose target is a model; that of others is a vendor, by name or id."""
API: Final = Access.API.name.lower()


@dataclass(frozen=True)
class Move:
    """One event of a month.

    Prices are in $/Mtok, quality in logits, money in M$.
    """

    vendor: str
    """Name of the vendor that moved or was hit; empty if nobody's."""
    kind: str
    target: str
    magnitude: float | None
    cause: str
    details: Row
    """Numbers the mover went by, as recorded; empty if there are none."""
    model: Row
    """Of a model on sale: `tier`, `open`, `price` of the vendor's service, `gain` over the best of
    its tier and openness that the vendor had the month before."""


@dataclass(frozen=True)
class Mover:
    """A vendor that moved, its row of the vendor table, and its moves in their order."""

    name: str
    state: Row
    moves: list[Move]


@dataclass(frozen=True)
class Moves:
    """All events of a month: those of vendors, the largest first, and those of nobody."""

    movers: list[Mover]
    others: list[Move]


def moves_in(month: int, tables: Mapping[str, pa.Table], facts: Manifest) -> Moves:
    """Group the events of a month by vendor.

    tables: event, vendor and offering; facts: the manifest, for names of vendors by id.
    """
    vendors = {row["vendor"]: row for row in rows_of(tables["vendor"], month)}
    roster = facts["scenario"].get("vendors", {})
    names = {key: entry["name"] for key, entry in roster.items()} | {name: name for name in vendors}
    before, now = (rows_of(tables["offering"], at) for at in (month - 1, month))
    owner = owners(tables["offering"])
    models = models_of(before, now)
    found: dict[str, list[Move]] = {}
    for row in rows_of(tables["event"], month):
        of_model = row["kind"] in OF_MODELS
        vendor = (owner if of_model else names).get(row["target"] or "", "")
        found.setdefault(vendor, []).append(move_of(row, vendor, models if of_model else {}))
    others = found.pop("", [])
    movers = [Mover(name, vendors.get(name, {}), moves) for name, moves in found.items()]
    movers.sort(key=lambda mover: (-(mover.state.get("spend_share") or 0.0), mover.name))
    return Moves(movers, others)


def rows_of(table: pa.Table, month: int) -> list[Row]:
    """The rows of one month."""
    rows: list[Row] = table.filter(pc.equal(table["month"], month)).to_pylist()
    return rows


def owners(offerings: pa.Table) -> dict[str, str]:
    """Vendor by model, of all months: a model may leave the market long after its last offer."""
    pairs = offerings.select(["model", "vendor"]).group_by(["model", "vendor"]).aggregate([])
    return {row["model"]: row["vendor"] for row in pairs.to_pylist()}


def models_of(before: Iterable[Row], now: Iterable[Row]) -> dict[str, Row]:
    """What the offering table says of each model on sale now, given the month before."""
    best: dict[tuple[Any, ...], float] = {}
    for row in before:
        best[line_of(row)] = max(row["q"], best.get(line_of(row), row["q"]))
    models: dict[str, Row] = {}
    for row in now:
        known = models.setdefault(row["model"], {"price": None})
        earlier = best.get(line_of(row))
        known |= {key: row[key] for key in ("tier", "open")}
        known["gain"] = None if earlier is None else row["q"] - earlier
        if row["access"] == API and not row["tuned"]:
            known["price"] = row["price"]
    return models


def line_of(row: Row) -> tuple[Any, ...]:
    """What a model succeeds another in."""
    return row["vendor"], row["tier"], row["open"]


def move_of(row: Row, vendor: str, models: Mapping[str, Row]) -> Move:
    """An event of the table, with its vendor and what is known of its model."""
    target = row["target"] or ""
    return Move(
        vendor, row["kind"] or "", target, row["magnitude"], row["cause"] or "",
        details_of(row["details"]), models.get(target, {}),
    )  # fmt: skip


def details_of(text: str | None) -> Row:
    """The JSON object of an event; empty if there is none or it is not one."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
