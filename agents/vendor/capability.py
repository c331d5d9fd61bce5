"""What a vendor can build: effective compute, quality, leads, imitation, budgets.

Logs are natural, quality in logits, time in months from 2023-01; see the constants for units.
Effective compute is ln(b) + ln(hw) + ln(A): money, hardware per dollar, algorithms.
"""

import math
from typing import Final

from agents.vendor.parameters import CapabilityParameters, CrowdParameters

REFERENCE_MONTH: Final = 2
"""GPT-4 of 2023-03, quality 0 by definition, trained for 78 M$ (F141)."""
RUN_COST: Final = 78.0
"""M$ of the reference training run: budgets are logs of multiples of it."""


def hardware(month: float, rules: CapabilityParameters) -> float:
    """ln of compute per dollar against 2023-01."""
    return month / 12 * math.log(rules.hardware_growth)


def algorithm_step(publication: float, rules: CapabilityParameters) -> float:
    """Monthly growth of ln A_public when vendors publish to the degree `publication` in [0, 1].

    Part of public progress is other vendors' published work: without it everyone is slower.
    """
    share = rules.publication_share
    return math.log(rules.algorithm_growth) / 12 * (1 - share + share * publication)


def publication_degree(publishing: float, rules: CapabilityParameters) -> float:
    """How much of published progress there is, in [0, 1].

    publishing: share of vendors that publish weights. Papers appear anyway; open weights carry
    `weights_share` of the progress, in full when `weights_enough` of vendors publish some.
    """
    weights = min(publishing / max(rules.weights_enough, 1e-9), 1.0)
    return rules.publication * (1 - rules.weights_share + rules.weights_share * weights)


def reference_compute(rules: CapabilityParameters) -> float:
    """Effective compute of the reference model, with A_public growing at its full rate."""
    return hardware(REFERENCE_MONTH, rules) + REFERENCE_MONTH * algorithm_step(1.0, rules)


def quality(compute: float, rules: CapabilityParameters) -> float:
    """Quality from effective compute; with a ceiling, returns shrink smoothly toward it."""
    linear = rules.kappa * (compute - reference_compute(rules))
    if rules.ceiling is None or linear <= 0:
        return linear
    return rules.ceiling * (1 - math.exp(-linear / rules.ceiling))


def compute_for(q: float, rules: CapabilityParameters) -> float:
    """Effective compute that gives quality `q`: the inverse of `quality`."""
    linear = q
    if rules.ceiling is not None and q > 0:
        linear = -rules.ceiling * math.log(max(1 - q / rules.ceiling, 1e-6))
    return linear / max(rules.kappa, 1e-9) + reference_compute(rules)


def returns_to_compute(compute: float, rules: CapabilityParameters) -> float:
    """dq / dlnC relative to its value without a ceiling, in (0, 1]: vendors see it."""
    linear = rules.kappa * (compute - reference_compute(rules))
    if rules.ceiling is None or linear <= 0:
        return 1.0
    return math.exp(-linear / rules.ceiling)


def tier_compute(tier: int, rules: CapabilityParameters) -> float:
    """ln of a tier's training compute against a large model's."""
    return math.log((rules.small_compute, rules.medium_compute, 1.0)[tier])


def imitation_share(month: int, rules: CapabilityParameters) -> float:
    """Phi: share of the distance to the frontier that rivals' services teach."""
    ramp = 1.0 if rules.imitation_ramp <= 0 else min(1.0, max(month, 0) / rules.imitation_ramp)
    return rules.imitation * ramp


def flywheel(served: float, rules: CapabilityParameters) -> float:
    """Quality from tokens served so far (Mtok): decreasing returns to data."""
    return rules.flywheel * math.log1p(max(served, 0.0) / 1e6)


def crowd_strength(users: float, openness: float, cheap: float, rules: CrowdParameters) -> float:
    """How strongly users of an open family give back: decreasing returns, at most 3.

    users: slots in use of the family; openness: of its licence, 0 to 1; cheap: how many times
    cheaper compute is than in month 0, see `CrowdParameters.affordability`.
    """
    reach = users / (users + rules.half_users)
    affordable = min(cheap**rules.affordability, 3.0)
    return float(min(rules.effectiveness * openness * reach * affordable, 3.0))


def next_lead(
    lead: float, gain: float, budget_gap: float, publishes: bool, rules: CapabilityParameters
) -> float:
    """Private lead a month later: own research feeds it, leakage halves it.

    gain: the vendor's factor on the common rate; budget_gap: ln(b / b_max) <= 0.
    Publishing weights gives a lead away twice as fast.
    """
    half_life = rules.lead_half_life / (2.0 if publishes else 1.0)
    fed = rules.lead_gain * gain * math.exp(0.3 * min(budget_gap, 0.0))
    return float(lead * 0.5 ** (1 / half_life) + fed)


def next_budget(
    budget: float, largest: float, affordable: float, returns: float, rules: CapabilityParameters
) -> float:
    """ln b a month later: desired growth and catching up, capped by money.

    budget, largest: own and the leader's ln b; affordable: ln of what money allows (-inf if none);
    returns: see `returns_to_compute`. A vendor over its means cuts by at most a tenth a month.
    """
    desired = math.log(rules.budget_growth) * returns
    desired += rules.catch_up * max(0.0, largest - budget - rules.catch_up_floor)
    grown = budget + desired / 12
    return max(min(grown, affordable), budget - 0.1)


def affordable_budget(
    year_income: float, cash: float, cadence: float, rules: CapabilityParameters
) -> float:
    """ln of the largest run (in units of 78 M$) that income and cash allow; M$.

    A year of research costs `research` x 12 / cadence runs: that, not the single run, is what a
    vendor must be able to pay.
    """
    money = rules.income_share * max(year_income, 0.0) + 12 * max(cash, 0.0) / rules.cash_months
    run = money / (rules.research * 12 / cadence)
    return math.log(run / RUN_COST) if run > 0 else -math.inf
