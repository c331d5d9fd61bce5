"""What an offering is worth to a slot, in compiled code.

For slot s of firm i and offering j, in fractions of the value at stake V:

    u = theta_i (P - cost / V - risk - (switching + integration) / H + fit)

P is success by item response, cost what the buyer pays a month, risk exposed data, the one-off
terms are spread over the holding time H, and fit is packaging, control, peers and lasting taste.
Functions here are pure; `month.py` calls them for slots that are due, `demand.py` for a sample.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import inline_kernel
from agents.common.mathematics import fast_exp, sigmoid
from agents.common.offers import ClassLists
from agents.common.randomness import words

F32 = NDArray[np.float32]

TERMS = ("quality", "cost", "risk", "switch", "integration", "packaging", "control", "taste")
"""Terms of the utility a choice is explained by; peers count as taste."""


class Rules(NamedTuple):
    """Parameters of choice as numbers for compiled code; see `ChoiceParameters`."""

    slope: float
    linear: bool
    dissimilarity: float
    risk_weight: float
    exposure_foreign: float
    exposure_hosted: float
    exposure_selfhost: float
    exposure_unskilled: float
    switching: float
    switching_open: float
    switching_inside: float
    switching_access: float
    switching_tuned: float
    integration: float
    integration_known: float
    integration_selfhost: float
    integration_open: float
    additional_vendor: float
    holding: float
    peer_weight: float
    taste_spread: float
    retender: float
    tuned_gain: float
    tuning_data: float
    tuning_tokens: float
    staff_month: float
    """Cost of one firm's self-hosting staff at median skill, $ a month."""
    credit_days: float
    """Days that bills are paid after use; negative if before."""


class Platforms(NamedTuple):
    """Columns of platforms for compiled code."""

    fee: F32
    packaging: F32
    staff_saving: F32


class Buyer(NamedTuple):
    """What evaluating needs to know of a slot and its firm this month."""

    theta: float
    tokens: float
    """Mtok a month wanted when mature, at this month's demand."""
    value: float
    difficulty: float
    gain: float
    """Quality a model tuned on the slot's data would gain."""
    training: float
    """Mtok of training tokens a tuning job would use."""
    risk: float
    """Risk weight x sensitivity."""
    unskilled: float
    control: float
    own_base: float
    staff: float
    """Staff cost the slot would carry under self-hosting, $ a month."""
    capital_cost: float
    platform: int
    portfolio: np.uint64
    held_row: int
    held_vendor: int
    held_model_key: np.uint32
    held_variant: int
    held_open: int
    in_use: bool


class Parts(NamedTuple):
    """Parts of one evaluation, in fractions of V (all but the money of one-off terms)."""

    success: float
    cost: float
    risk: float
    switch: float
    integration: float
    packaging: float
    control: float
    channel: int


@inline_kernel
def success_rate(rules: Rules, margin: float) -> float:
    """Share of the value reached with quality `margin` logits above difficulty."""
    if rules.linear:
        return 0.5 + 0.25 * rules.slope * margin
    return float(sigmoid(np.float32(rules.slope * margin)))


@inline_kernel
def tuned_gain(rules: Rules, data: float) -> float:
    """Quality gained by tuning on a stock of `data` Mtok, logits."""
    return rules.tuned_gain * (1.0 - float(fast_exp(np.float32(-data / rules.tuning_data))))


@inline_kernel
def credit_factor(rules: Rules, capital_cost: float) -> float:
    """Present worth to the buyer of a bill of 1: below 1 if paid later, above if paid ahead."""
    return np.exp(-capital_cost * rules.credit_days / 365.0)


@inline_kernel
def replicas(tokens: float, capacity: float) -> float:
    """Self-hosted replicas that serve `tokens` Mtok a month: at least one."""
    return max(1.0, np.ceil(tokens / capacity))


@inline_kernel
def is_known(portfolio: np.uint64, vendor: int) -> bool:
    """Whether a vendor is in a firm's portfolio."""
    return (portfolio >> np.uint64(vendor)) & np.uint64(1) == np.uint64(1)


@inline_kernel
def switching_months(rules: Rules, buyer: Buyer, lists: ClassLists, k: int) -> float:
    """One-off cost of leaving what is held, or was held last, for entry `k`, months of value."""
    if buyer.held_vendor < 0 or lists.row[k] == buyer.held_row:
        return 0.0
    tuned = rules.switching_tuned if buyer.held_variant >= 3 else 1.0
    if lists.vendor[k] == buyer.held_vendor:
        if lists.key[k] == buyer.held_model_key:
            return rules.switching_access * tuned
        return rules.switching_inside * tuned
    both_open = buyer.held_open == 1 and lists.open[k] == 1
    return rules.switching * tuned * (rules.switching_open if both_open else 1.0)


@inline_kernel
def integration_months(
    rules: Rules, buyer: Buyer, lists: ClassLists, k: int, platform: bool
) -> float:
    """One-off cost of integrating entry `k`, months of value."""
    access = lists.variant[k] % 3
    if buyer.in_use and lists.vendor[k] == buyer.held_vendor:
        same_model = lists.key[k] == buyer.held_model_key
        if access == buyer.held_variant % 3 or (same_model and access != 2):
            return 0.0
    months = rules.integration
    known = is_known(buyer.portfolio, lists.vendor[k])
    if known:
        months *= rules.integration_known
    if access == 2:
        months *= rules.integration_selfhost
    if lists.open[k] == 1:
        months += rules.integration_open
    if not known and buyer.portfolio != np.uint64(0) and not platform:
        months += rules.additional_vendor
    return months


@inline_kernel
def running_cost(
    rules: Rules, buyer: Buyer, lists: ClassLists, platforms: Platforms, k: int, platform: bool
) -> float:
    """Cost of entry `k` as a fraction of the value at stake, every month."""
    fee = 1.0 + platforms.fee[buyer.platform] if platform else 1.0
    at_stake = buyer.value * buyer.tokens
    if lists.variant[k] % 3 == 2:
        rent = replicas(buyer.tokens, lists.replica_capacity[k]) * lists.replica_rent[k]
        saving = 1.0 - platforms.staff_saving[buyer.platform] if platform else 1.0
        staff = buyer.staff * saving
        return (rent * (1.0 - buyer.own_base) * (fee + lists.fees[k]) + staff) / at_stake
    credit = credit_factor(rules, buyer.capital_cost)
    return lists.price[k] * fee * credit / buyer.value


@inline_kernel
def channel_parts(
    rules: Rules, buyer: Buyer, lists: ClassLists, platforms: Platforms, k: int, platform: bool
) -> Parts:
    """Parts of the utility of entry `k` through one channel; success and risk left at zero."""
    at_stake = buyer.value * buyer.tokens
    cost = running_cost(rules, buyer, lists, platforms, k, platform)
    training = lists.tuning_price[k] * buyer.training
    if training > 0.0 and lists.row[k] != buyer.held_row:
        cost += training / (at_stake * rules.holding)
    packaging = lists.packaging[k]
    if platform:
        packaging = max(packaging, platforms.packaging[buyer.platform])
    return Parts(
        0.0,
        cost,
        0.0,
        switching_months(rules, buyer, lists, k),
        integration_months(rules, buyer, lists, k, platform),
        packaging,
        buyer.control * lists.control[k],
        1 if platform else 0,
    )


@inline_kernel
def channel_value(rules: Rules, parts: Parts) -> float:
    """What speaks for a channel, fraction of V."""
    return parts.packaging - parts.cost - (parts.switch + parts.integration) / rules.holding


@inline_kernel
def parts_of(rules: Rules, buyer: Buyer, lists: ClassLists, platforms: Platforms, k: int) -> Parts:
    """All parts of the utility of entry `k` through the better channel."""
    best = channel_parts(rules, buyer, lists, platforms, k, False)
    if buyer.platform >= 0 and lists.resold[k] == 1:
        other = channel_parts(rules, buyer, lists, platforms, k, True)
        if channel_value(rules, other) > channel_value(rules, best):
            best = other
    margin = lists.q[k] + lists.gain[k] * (buyer.gain + lists.crowd_gain[k]) - buyer.difficulty
    exposure = lists.exposure[k] + lists.exposure_skill[k] * buyer.unskilled
    return Parts(
        success_rate(rules, margin),
        best.cost,
        buyer.risk * exposure,
        best.switch,
        best.integration,
        best.packaging,
        best.control,
        best.channel,
    )


@inline_kernel
def worth(rules: Rules, parts: Parts) -> float:
    """Utility before taste and decisiveness, fraction of V."""
    return parts.success - parts.risk + parts.control + channel_value(rules, parts)


@inline_kernel
def taste(key: np.uint64, firm: int, vendor_key: int, spread: float) -> float:
    """A firm's lasting taste for a vendor: sum of four uniforms, close to normal.

    Bounded at 3.46 standard deviations; an address of its own, so nothing is stored.
    """
    w0, w1, w2, w3 = words(key, 0, firm, vendor_key, 0)
    total = np.float64(w0) + np.float64(w1) + np.float64(w2) + np.float64(w3)
    return spread * (total * 2.0**-32 - 2.0) * 1.7320508075688772
