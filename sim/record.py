"""The recorded releases and list prices of 2023-2024: every row of their files, checked."""

import math
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from agents.common.licence import LICENCE_NAMES, LICENCES
from agents.common.vocabulary import TIERS, month_index
from sim.data_files import Row, csv_rows, data_table, data_text

RELEASES: Final = "releases.csv"
PRICE_CHANGES: Final = "price_changes.csv"
VENDORS: Final = "vendors.toml"
RELEASE_COLUMNS: Final = (
    "vendor", "model", "released", "on_sale", "tier", "open_weights", "licence",
    "threshold_musers", "total_params_b", "active_params_b", "q", "price_in", "price_out",
    "price_kind",
)  # fmt: skip
CHANGE_COLUMNS: Final = ("vendor", "model", "month", "price_in", "price_out")
PRICE_KINDS: Final = ("list", "hosted")
SMALLEST: Final = 1e-6
"""Least of what must be above zero: parameters, users."""


class Release(NamedTuple):
    """One recorded release. Prices in $ per Mtok, blended 3 input to 1 output."""

    vendor: str
    model: str
    on_sale: int
    tier: int
    open: bool
    licence: str
    threshold: float
    """Users above which a restricted licence binds; inf if none."""
    total_params: float | None
    active_params: float | None
    q: float
    price: float | None
    price_kind: str
    """`list` (the vendor's own), `hosted` (a host's: evidence only) or empty."""


class PriceChange(NamedTuple):
    """One recorded change of a list price."""

    vendor: str
    model: str
    month: int
    price: float


def blended(price_in: float, price_out: float) -> float:
    """$ per Mtok at three input tokens to one output token."""
    return (3 * price_in + price_out) / 4


@cache
def releases() -> tuple[Release, ...]:
    """All recorded releases that could be bought, by month.

    Raises DataError for a row that is not as `sim/data/README.md` says.
    """
    found = releases_in(data_text(RELEASES))
    return tuple(sorted(found, key=lambda r: (r.on_sale, r.vendor, r.model)))


def releases_in(text: str) -> list[Release]:
    """The releases of a text in the format of releases.csv that could be bought, row by row."""
    found: list[Release] = []
    lines: dict[tuple[str, str], int] = {}
    for row in csv_rows(RELEASES, text, RELEASE_COLUMNS, "model"):
        name = (_vendor(row), row.text("model"))
        if name in lines:
            row.refuse(f"line {lines[name]} has the same model of {name[0]}")
        lines[name] = row.line
        found += _release(row)
    return found


def _vendor(row: Row) -> str:
    """A vendor of the roster that comes with the program, whatever roster a scenario has."""
    return row.word("vendor", tuple(data_table(VENDORS)))


def _release(row: Row) -> Iterator[Release]:
    """The release of a row; none if it could not be bought. Its other cells are checked even so."""
    released, tier = row.month("released"), TIERS.index(row.word("tier", TIERS))
    opened, licence = (
        row.word("open_weights", ("0", "1")) == "1",
        row.word("licence", LICENCE_NAMES),
    )
    if LICENCES[licence].open_weights != opened:
        row.refuse(f"licence {licence} does not go with open_weights {int(opened)}")
    threshold = row.optional("threshold_musers", SMALLEST)
    total, active = (row.optional(f"{name}_params_b", SMALLEST) for name in ("total", "active"))
    if (total is None) != (active is None):
        row.refuse("total_params_b and active_params_b are both given or both empty")
    price, kind = _price(row)
    if not row.cells["on_sale"]:
        row.optional("q")
        return
    on_sale = row.month("on_sale")
    if on_sale < released:
        row.refuse(f"on_sale {row.cells['on_sale']} lies before released {row.cells['released']}")
    if not row.cells["q"]:
        row.refuse("q must be given, as the model is on sale; empty on_sale for one that is not")
    yield Release(
        row.cells["vendor"], row.cells["model"], on_sale, tier, opened, licence,
        threshold * 1e6 if threshold else math.inf, total, active, row.number("q"), price, kind,
    )  # fmt: skip


def _price(row: Row) -> tuple[float | None, str]:
    """Blended price and its kind: all three cells are given or none."""
    given = [name for name in ("price_in", "price_out", "price_kind") if row.cells[name]]
    if not given:
        return None, ""
    if len(given) < 3:
        row.refuse("price_in, price_out and price_kind are all given or all empty")
    price = blended(row.number("price_in", 0.0), row.number("price_out", 0.0))
    return price, row.word("price_kind", PRICE_KINDS)


@cache
def releases_of(month: int) -> tuple[Release, ...]:
    """Recorded releases that go on sale in a month; month 0 has all that were on sale before."""
    return tuple(release for release in releases() if max(release.on_sale, 0) == month)


@cache
def price_changes() -> tuple[PriceChange, ...]:
    """All recorded changes of list prices. Raises DataError as `releases` does."""
    return tuple(price_changes_in(data_text(PRICE_CHANGES), releases()))


def price_changes_in(text: str, of: tuple[Release, ...]) -> Iterator[PriceChange]:
    """The changes of a text in the format of price_changes.csv, row by row.

    of: the releases whose prices can change, each from its month on.
    """
    on_sale = {(release.vendor, release.model): release.on_sale for release in of}
    for row in csv_rows(PRICE_CHANGES, text, CHANGE_COLUMNS, "model"):
        vendor, model = _vendor(row), row.cells["model"]
        row.word("model", [name for owner, name in on_sale if owner == vendor])
        month = row.month("month")
        if month < on_sale[vendor, model]:
            row.refuse(f"month {row.cells['month']} lies before the model was on sale")
        price = blended(row.number("price_in", 0.0), row.number("price_out", 0.0))
        yield PriceChange(vendor, model, month, price)


@cache
def record_end() -> int:
    """Last month of the record: that of the last release or change of a list price."""
    return max(*(r.on_sale for r in releases()), *(c.month for c in price_changes()))


def is_scripted(vendor: str, entered: int, until: int) -> bool:
    """Whether a vendor's releases are input until the record ends.

    vendor: its id; entered: month it entered; until: last month that is taken from the record. One
    that enters when the record has it is scripted even while its first release is still to come;
    one that enters later only if a release is left for it.
    """
    months = [release.on_sale for release in releases() if release.vendor == vendor]
    if not months:
        return False
    recorded = month_index(data_table(VENDORS)[vendor].get("enters", "2023-01"))
    return entered <= max(recorded, 0) or any(entered <= month <= until for month in months)
