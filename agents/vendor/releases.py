"""How models come about after the historical window: timing, quality, cost, licence."""

import math
from typing import NamedTuple

from agents.common.licence import LICENCES
from agents.common.offers import Model
from agents.common.randomness import Streams, normal_at, uniform_at
from agents.common.vocabulary import TIERS
from agents.vendor import capability
from agents.vendor.business_parameters import PricingParameters
from agents.vendor.parameters import CapabilityParameters, ReleaseParameters
from agents.vendor.pricing import serving_cost_closed, serving_cost_open
from agents.vendor.vendor import Vendor

SUPERSEDING_PRICE = 1.5
"""A successor may cost this much more than what it replaces."""
RESTRICTED_USERS = 700e6
"""Users above which a restricted licence binds, as Llama's (F160)."""
SURPRISE = 0.1
"""Most that a model is first overrated by, logits."""
OPEN_PARAMETERS = (8.0, 40.0, 120.0)
"""Parameters (billions) of an open model by tier when the window ends."""


def first_plan(vendor: Vendor, month: int, streams: Streams, rules: ReleaseParameters) -> None:
    """Draw the first release of every tier at a random phase of the cadence."""
    for tier in range(3):
        last = max((m.released for m in vendor.models if m.tier == tier), default=None)
        u = uniform_at(streams.key("vendor.phase"), 0, vendor.address, tier)
        start = float(last) if last is not None else month - u * vendor.facts.cadence
        vendor.plan.month[tier] = start
        schedule_next(vendor, tier, streams, rules, not_before=month)


def schedule_next(
    vendor: Vendor, tier: int, streams: Streams, rules: ReleaseParameters, not_before: int
) -> None:
    """Set the month of a tier's next release: cadence with an addressed random delay."""
    generation = vendor.plan.generation[tier] + 1
    vendor.plan.generation[tier] = generation
    cadence = vendor.facts.cadence * (1.0 if tier == 2 else rules.small_every)
    key = streams.key("vendor.delay")
    u = uniform_at(key, generation, vendor.address, tier)
    due = vendor.plan.month[tier] + cadence * (1 + rules.delay * (2 * u - 1))
    vendor.plan.month[tier] = max(due, float(not_before))


def large_compute(vendor: Vendor, month: int, public: float, rules: CapabilityParameters) -> float:
    """Effective compute of a large model released now (ln)."""
    money = vendor.budget + capability.hardware(month, rules)
    return money + public + vendor.lead + vendor.offset


class Built(NamedTuple):
    """What a vendor's own means give a release: quality but for luck and others, and compute."""

    q: float
    """Logits."""
    data: float
    """From tokens served so far."""
    crowd: float
    """From users of its open models."""
    compute: float

    def quality(self, luck: float, frontier: float, phi: float) -> float:
        """Quality of the release: luck in logits; phi is taken of the way to the frontier."""
        q = self.q + (self.data + luck) + self.crowd
        return q + phi * max(0.0, frontier - q) if math.isfinite(frontier) else q


def built(
    vendor: Vendor, tier: int, month: int, public: float, opened: bool, rules: CapabilityParameters
) -> Built:
    """What a vendor's own means give a release now; public: ln A_public."""
    full = large_compute(vendor, month, public, rules)
    large = capability.quality(full, rules)
    compute = full + capability.tier_compute(tier, rules)
    q = capability.quality(compute, rules)
    q += rules.distillation * (large - q)
    crowd = vendor.crowd_quality if opened else 0.0
    return Built(q, capability.flywheel(vendor.served, rules), crowd, compute)


def built_quality(
    vendor: Vendor, tier: int, month: int, public: float, frontier: float, opened: bool,
    luck: float, rules: CapabilityParameters,
) -> tuple[float, float]:  # fmt: skip
    """Quality (logits) and effective compute of a release now.

    public: ln A_public; frontier: best closed quality `imitation_lag` months ago; luck: a normal.
    """
    own, phi = built(vendor, tier, month, public, opened, rules), capability.imitation_share
    return own.quality(rules.noise * luck, frontier, phi(month, rules)), own.compute


def build(
    vendor: Vendor, tier: int, opened: bool, month: int, public: float, frontier: float,
    streams: Streams, rules: CapabilityParameters, prices: PricingParameters,
) -> tuple[Model, Built]:  # fmt: skip
    """The model a vendor releases this month in a tier, open or closed, and its own part in it."""
    generation = vendor.plan.generation[tier]
    key = streams.key("vendor.luck")
    luck = normal_at(key, generation, vendor.address, tier * 2 + int(opened))
    own = built(vendor, tier, month, public, opened, rules)
    q = own.quality(rules.noise * luck, frontier, capability.imitation_share(month, rules))
    growth = _physical_growth(vendor, month, rules)
    licence = LICENCES[vendor.licence] if opened else LICENCES["proprietary"]
    parameters = OPEN_PARAMETERS[tier] * growth
    cost = serving_cost_open(parameters, parameters, prices) if opened else (
        serving_cost_closed(tier, prices) * growth
    )  # fmt: skip
    kind = "open" if opened else "closed"
    model = Model(
        name=f"{vendor.name} {TIERS[tier]} {kind} {generation}",
        vendor=vendor.index,
        vendor_id=f"{vendor.key}/{kind}",
        tier=tier,
        generation=generation,
        q=q,
        released=month,
        licence=licence.code,
        serving_cost=cost,
        total_params=parameters,
        active_params=parameters,
        effective_compute=own.compute,
        scripted=False,
        api=vendor.facts.sells_api or not opened,
        list_price=None,
        users_threshold=RESTRICTED_USERS if licence.threshold else math.inf,
    )
    return model, own


def _physical_growth(vendor: Vendor, month: int, rules: CapabilityParameters) -> float:
    """How much larger models are than in 2023, from physical compute b x hw."""
    physical = vendor.budget - vendor.facts.budget + capability.hardware(month, rules)
    return float(max(math.exp(rules.follower_scale * physical), 0.3))


def put_on_sale(vendor: Vendor, model: Model, month: int, rules: ReleaseParameters) -> list[Model]:
    """Add a model to its vendor's list; returns the models it supersedes from now on.

    It replaces older ones of its tier that it matches at a like price, and those that are old.
    Open and closed models of a tier replace each other unless the vendor sells both. What they
    had replaced leaves the list: new buyers see a predecessor, not all of them.
    """
    apart = vendor.strategy.opens(model.tier) and vendor.strategy.keeps_closed(model.tier)
    apart = apart or model.scripted
    line = [
        m for m in vendor.models if m.tier == model.tier and (m.open == model.open or not apart)
    ]
    earlier = [old for old in line if old.superseded is not None and not old.delisted]
    gone = []
    for old in line:
        if old.superseded is not None or old.on_sale > month:
            continue
        better = model.q >= old.q and not _dearer(model, old)
        if better or month - old.released >= rules.current_life:
            old.superseded = month
            gone.append(old)
    if gone:
        for old in earlier:
            old.delisted = old.superseded != month
    vendor.models.append(model)
    return gone


def _dearer(model: Model, old: Model) -> bool:
    """Whether a model costs clearly more than an older one of its line."""
    if model.list_price is None or old.list_price is None:
        return model.serving_cost > SUPERSEDING_PRICE * old.serving_cost and not model.open
    return model.list_price > SUPERSEDING_PRICE * old.list_price


def first_perception(vendor: Vendor, model: Model, discount: float) -> float:
    """Quality the market first believes: the predecessor's, or for a new line the truth less."""
    before = [m for m in vendor.models if m.line == model.line and m is not model]
    return min(before[-1].q, model.q + SURPRISE) if before else model.q - discount
