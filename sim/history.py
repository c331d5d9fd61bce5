"""The recorded releases and list prices of 2023-2024, and how a counterfactual changes them.

Inside the window (until `history.until`) models appear as they did, with their quality, licence
and first-party list price as inputs. A vendor whose strategy the scenario changes keeps the date
and the effort of each release and sets its access by the new strategy.
"""

import csv
import math
from functools import cache
from importlib import resources
from typing import NamedTuple

from agents.common.licence import LICENCES
from agents.common.offers import Model
from agents.common.vocabulary import TIERS, month_index
from agents.vendor.business_parameters import PricingParameters
from agents.vendor.pricing import serving_cost_closed, serving_cost_open
from agents.vendor.releases import RESTRICTED_USERS
from agents.vendor.vendor import Vendor

OPEN_PARAMETERS = (8.0, 40.0, 200.0)
"""Billions of parameters by tier of a model whose size is not public, once its weights are."""


def threshold_of(licence: str) -> float:
    """Users above which later weights under this licence need a fee."""
    return RESTRICTED_USERS if LICENCES[licence].threshold else math.inf


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


def _rows(file: str) -> list[dict[str, str]]:
    text = (resources.files("sim.data") / file).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _number(text: str) -> float | None:
    return float(text) if text else None


@cache
def releases() -> tuple[Release, ...]:
    """All recorded releases that could be bought, by month."""
    found = []
    for row in _rows("releases.csv"):
        if not row["on_sale"]:
            continue
        priced = bool(row["price_in"])
        threshold = _number(row["threshold_musers"])
        found.append(
            Release(
                row["vendor"], row["model"], month_index(row["on_sale"]),
                TIERS.index(row["tier"]), row["open_weights"] == "1", row["licence"],
                threshold * 1e6 if threshold else math.inf,
                _number(row["total_params_b"]), _number(row["active_params_b"]), float(row["q"]),
                blended(float(row["price_in"]), float(row["price_out"])) if priced else None,
                row["price_kind"],
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda r: (r.on_sale, r.vendor, r.model)))


@cache
def releases_of(month: int) -> tuple[Release, ...]:
    """Recorded releases that go on sale in a month; month 0 has all that were on sale before."""
    return tuple(release for release in releases() if max(release.on_sale, 0) == month)


@cache
def price_changes() -> tuple[PriceChange, ...]:
    """All recorded changes of list prices."""
    return tuple(
        PriceChange(
            row["vendor"], row["model"], month_index(row["month"]),
            blended(float(row["price_in"]), float(row["price_out"])),
        )
        for row in _rows("price_changes.csv")
    )  # fmt: skip


def release_opens(release: Release, vendor: Vendor, forced: bool) -> bool:
    """Whether the weights come out; `forced` lets the vendor's strategy now decide."""
    return vendor.strategy.opens(release.tier) if forced else release.open


def scripted_model(
    release: Release, vendor: Vendor, opened: bool, q: float, compute: float,
    rules: PricingParameters,
) -> Model:  # fmt: skip
    """The model of a recorded release, with or without open weights.

    q: its quality in this world; compute: ln effective compute that gives it.
    """
    tier = release.tier
    licence = release.licence if opened == release.open else (
        vendor.licence if opened else "proprietary"
    )  # fmt: skip
    total = release.total_params or OPEN_PARAMETERS[tier]
    active = release.active_params or OPEN_PARAMETERS[tier]
    own_price = release.price if release.price_kind == "list" else None
    known = release.active_params is not None
    if opened or known:
        cost = serving_cost_open(active, total, rules)
    else:
        cost = serving_cost_closed(tier, rules)
    generation = len(vendor.models) + 1
    return Model(
        name=release.model,
        vendor=vendor.index,
        vendor_id=f"{vendor.key}/record",
        tier=tier,
        generation=generation,
        q=q,
        released=release.on_sale,
        licence=LICENCES[licence].code,
        serving_cost=cost,
        total_params=total,
        active_params=active,
        effective_compute=compute,
        scripted=True,
        api=own_price is not None or not opened,
        list_price=own_price,
        users_threshold=release.threshold if licence == "restricted" else math.inf,
    )
