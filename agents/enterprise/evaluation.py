"""What an offering is worth to a slot, in compiled code.

For slot s of firm i and offering j, in fractions of the value at stake V:

    u = theta_i (P - cost / V - risk - (switching + integration) / H + fit)

P is success by item response, cost what the buyer pays a month, risk exposed data, the one-off
terms are spread over the holding time H, and fit is packaging, control, peers and lasting taste.
Functions here are pure and take one row of the book: they define the terms. `utilities.py` does the
same for whole lists at once.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import inline_kernel, kernel
from agents.common.mathematics import fast_exp, sigmoid
from agents.common.offers import BookRows
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
    credit: float
    """Present worth of a bill of 1."""
    platform: int
    place: int
    """0 at home, 1 elsewhere."""
    portfolio: np.uint64
    held_row: int
    held_vendor: int
    held_model_key: int | np.uint32
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
def switching_months(rules: Rules, buyer: Buyer, book: BookRows, row: int) -> float:
    """One-off cost of leaving what is held, or was held last, for a row, months of value."""
    if buyer.held_vendor < 0 or row == buyer.held_row:
        return 0.0
    tuned = rules.switching_tuned if buyer.held_variant >= 3 else 1.0
    if book[row].vendor == buyer.held_vendor:
        if book[row].key == buyer.held_model_key:
            return rules.switching_access * tuned
        return rules.switching_inside * tuned
    both_open = buyer.held_open == 1 and book[row].open == 1
    return rules.switching * tuned * (rules.switching_open if both_open else 1.0)


@inline_kernel
def known_integration(rules: Rules, known: bool) -> float:
    """Months of integrating a service of a vendor, before what its openness adds."""
    return rules.integration * (rules.integration_known if known else 1.0)


@inline_kernel
def vendor_charge(rules: Rules, portfolio: np.uint64, known: bool) -> float:
    """Months an additional vendor costs: routing, procurement, cross-system traffic."""
    return rules.additional_vendor if not known and portfolio != np.uint64(0) else 0.0


@inline_kernel
def needs_no_integration(buyer: Buyer, vendor: int, key: np.uint32, access: int) -> bool:
    """Whether the slot moves on the connection it has: same vendor and access, or same model."""
    if not buyer.in_use or vendor != buyer.held_vendor:
        return False
    return access == buyer.held_variant % 3 or (key == buyer.held_model_key and access != 2)


@inline_kernel
def integration_months(
    rules: Rules, buyer: Buyer, book: BookRows, row: int, platform: bool
) -> float:
    """One-off cost of integrating a row, months of value."""
    access, vendor = book[row].access, book[row].vendor
    if needs_no_integration(buyer, vendor, book[row].key, access):
        return 0.0
    known = is_known(buyer.portfolio, vendor)
    months = known_integration(rules, known)
    if access == 2:
        months *= rules.integration_selfhost
    if book[row].open == 1:
        months += rules.integration_open
    return months if platform else months + vendor_charge(rules, buyer.portfolio, known)


@inline_kernel
def running_cost(
    buyer: Buyer, book: BookRows, platforms: Platforms, row: int, platform: bool
) -> float:
    """Cost of a row as a fraction of the value at stake, every month."""
    fee = platforms.fee[buyer.platform] if platform else 0.0
    at_stake = buyer.value * buyer.tokens
    if book[row].access == 2:
        rent = replicas(buyer.tokens, book[row].replica_capacity) * book[row].replica_rent
        saving = 1.0 - platforms.staff_saving[buyer.platform] if platform else 1.0
        shares = 1.0 + fee + book[row].fee_rate + book[row].services_rate
        return (rent * (1.0 - buyer.own_base) * shares + buyer.staff * saving) / at_stake
    return book[row].price * (1.0 + fee) * buyer.credit / buyer.value


@inline_kernel
def exposure_of(rules: Rules, book: BookRows, row: int, place: int, unskilled: float) -> float:
    """Exposure of a buyer's data to a row; place 0 is home, 1 elsewhere."""
    if book[row].access == 2:
        return rules.exposure_selfhost * book[row].risk + rules.exposure_unskilled * unskilled
    if book[row].access == 1:
        return rules.exposure_hosted * book[row].risk
    return (rules.exposure_foreign if book[row].abroad != place else 1.0) * book[row].risk


@inline_kernel
def channel_parts(
    rules: Rules, buyer: Buyer, book: BookRows, platforms: Platforms, row: int, platform: bool
) -> Parts:
    """Parts of the utility of a row through one channel; success and risk left at zero."""
    cost = running_cost(buyer, book, platforms, row, platform)
    training = book[row].tuning_price * buyer.training
    if training > 0.0 and row != buyer.held_row:
        cost += training / (buyer.value * buyer.tokens * rules.holding)
    packaging = book[row].packaging
    if platform:
        packaging = max(packaging, platforms.packaging[buyer.platform])
    return Parts(
        0.0,
        cost,
        0.0,
        switching_months(rules, buyer, book, row),
        integration_months(rules, buyer, book, row, platform),
        packaging,
        buyer.control * book[row].control,
        1 if platform else 0,
    )


@inline_kernel
def channel_value(rules: Rules, parts: Parts) -> float:
    """What speaks for a channel, fraction of V."""
    return parts.packaging - parts.cost - (parts.switch + parts.integration) / rules.holding


@inline_kernel
def parts_of(rules: Rules, buyer: Buyer, book: BookRows, platforms: Platforms, row: int) -> Parts:
    """All parts of the utility of a row of the book through the better channel."""
    best = channel_parts(rules, buyer, book, platforms, row, False)
    if buyer.platform >= 0:
        other = channel_parts(rules, buyer, book, platforms, row, True)
        if channel_value(rules, other) > channel_value(rules, best):
            best = other
    quality = book[row].q_perceived + book[row].gain * (buyer.gain + book[row].crowd_gain)
    return Parts(
        success_rate(rules, quality - buyer.difficulty),
        best.cost,
        buyer.risk * exposure_of(rules, book, row, buyer.place, buyer.unskilled),
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


@kernel
def taste_at(key: np.uint64, firm: int, vendor_key: int, spread: float) -> float:
    """`taste` for callers that are not compiled."""
    return taste(key, firm, vendor_key, spread)
