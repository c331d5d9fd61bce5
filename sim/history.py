"""How a world carries out the record of releases, and how a counterfactual changes it.

Inside the window (until `history.until`) models appear as they did, with their quality, licence
and first-party list price as inputs. A vendor whose strategy the scenario changes keeps the date
and the effort of each release and sets its access by the new strategy.
"""

import math

from agents.common.licence import LICENCES
from agents.common.offers import Model
from agents.vendor.business_parameters import PricingParameters
from agents.vendor.pricing import serving_cost_closed, serving_cost_open
from agents.vendor.releases import RESTRICTED_USERS
from agents.vendor.vendor import Vendor
from sim.record import Release

OPEN_PARAMETERS = (8.0, 40.0, 200.0)
"""Billions of parameters by tier of a model whose size is not public, once its weights are."""


def threshold_of(licence: str) -> float:
    """Users above which later weights under this licence need a fee."""
    return RESTRICTED_USERS if LICENCES[licence].threshold else math.inf


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
