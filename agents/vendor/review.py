"""Strategy review: expected discounted cash under `open`, `closed` and `dual`, rivals fixed.

Opening a tier lets hosts serve the model and firms run it themselves: the service then earns a
host's margin, own machines pay for support, and use of the family feeds complement income.
Demand is what the shared sample of slots would choose afresh.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.logit import shares_against
from agents.common.vocabulary import Access
from agents.vendor.business_parameters import FinanceParameters, ReviewParameters
from agents.vendor.finance import complement_at
from agents.vendor.strategies import Strategy
from agents.vendor.vendor import Vendor

Floats = NDArray[np.float64]


class Offer(NamedTuple):
    """One offering of the reviewing vendor, as it would be under an alternative."""

    access: int
    price: float
    cost: float
    product: int
    """Which of the vendor's products it is."""
    services: float
    """$ per Mtok the vendor earns from own-machine users."""


class Buyers(NamedTuple):
    """What the market thinks of the vendor's products, and of all rivals."""

    plain: Floats
    """(products, types) utility without price."""
    price_weight: Floats
    rivals: Floats
    """(types,) utility of one offering that stands for all rivals."""


class Projection(NamedTuple):
    """What a strategy is expected to bring."""

    strategy: Strategy
    cash: float
    """M$ over the horizon, discounted, money only."""
    seen: float
    """Cash plus the value the vendor sees in openness."""


def expected_growth(year_growth: float | None, rules: ReviewParameters) -> float:
    """Growth of use over the horizon that vendors count on: that of last year goes on.

    year_growth: tokens now against a year ago; None if there was no use then. A young market is
    expected to grow by the most that anybody counts on.
    """
    if year_growth is None:
        return rules.growth
    return float(min(max(year_growth ** (rules.horizon / 12), 1.0), rules.growth))


def horizon_factor(growth: float, rules: ReviewParameters) -> float:
    """Discounted months of a stream that grows to `growth` times over the horizon."""
    months = [month + 0.5 for month in range(rules.horizon)]
    return math.fsum(
        growth ** (month / rules.horizon) * (1 + rules.discount) ** (-month / 12)
        for month in months
    )


def monthly_margin(
    offers: list[Offer], buyers: Buyers, dissimilarity: float, tokens: float
) -> tuple[float, float]:
    """M$ a month earned and family tokens (Mtok) with these offers against fixed rivals."""
    shares = shares_against(
        *buyers, np.array([offer.product for offer in offers]),
        np.array([offer.price for offer in offers]), dissimilarity,
    ).tolist()  # fmt: skip
    earned = 0.0
    for offer, share in zip(offers, shares, strict=True):
        margin = offer.price - offer.cost if offer.access == Access.API else offer.services
        earned += share * margin
    return earned * tokens / 1e6, sum(shares) * tokens


def project(
    vendor: Vendor, strategy: Strategy, earned: float, family: float, growth: float,
    finance: FinanceParameters, rules: ReviewParameters,
) -> Projection:  # fmt: skip
    """Discounted cash of a strategy, complement income included.

    earned: M$ a month now; family: Mtok a month of its models now; growth: over the horizon.
    """
    complement = complement_at(vendor, family, finance)
    cash = (earned + complement) * horizon_factor(growth, rules)
    openness = len(strategy.open_tiers) / 3
    return Projection(strategy, cash, cash + rules.openness_value * openness * rules.horizon)


def decide(current: Projection, others: list[Projection], threshold: float) -> Projection:
    """The best alternative if it beats the current strategy by the threshold, else the current."""
    best = max(others, key=lambda p: p.seen, default=current)
    return best if best.seen > hurdle(current, threshold) else current


def hurdle(current: Projection, threshold: float) -> float:
    """M$ that an alternative must be seen to bring before the vendor switches to it."""
    return current.seen + threshold * max(abs(current.seen), 1.0)
