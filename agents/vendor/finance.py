"""Vendors' money: accounts of a month, packaging, funding, complement income, exit, entry."""

import math

from agents.common.randomness import Streams, exponential_at, uniform_at
from agents.vendor.business_parameters import FinanceParameters, PricingParameters
from agents.vendor.capability import RUN_COST
from agents.vendor.parameters import CapabilityParameters
from agents.vendor.pricing import payment_days
from agents.vendor.vendor import Account, Vendor

DAYS_A_MONTH = 365.0 / 12
FOREVER = 1e6
"""Months after which nothing needs a date."""
LARGEST_USE = 20.0
"""Use of a family against its reference up to which complement income grows."""
FUNDING_RUNWAY = 18.0
"""Months of burn below which a vendor looks for money."""


def training_cost(vendor: Vendor, rules: CapabilityParameters) -> float:
    """M$ a month of research and training, the cost of large runs spread over the cadence."""
    return RUN_COST * math.exp(vendor.budget) * rules.research / vendor.facts.cadence


def complement_income(vendor: Vendor, rules: FinanceParameters) -> float:
    """M$ a month of other business that grows with use of the vendor's models.

    base x (1 - s + s E / E_ref): E is the family's tokens through any access, E_ref its tokens of
    2024-12; until then the base is earned.
    """
    return complement_at(vendor, vendor.family_tokens, rules)


def complement_at(vendor: Vendor, tokens: float, rules: FinanceParameters) -> float:
    """M$ a month of complement income if the family served `tokens` Mtok a month."""
    base, s = vendor.facts.complement, rules.complement_sensitivity
    if vendor.baseline_tokens is None or vendor.baseline_tokens <= 0:
        return base
    ratio = min(tokens / vendor.baseline_tokens, LARGEST_USE)
    return base * (1 - s + s * ratio)


def packaging_outlay(vendor: Vendor, revenue: float, rules: FinanceParameters) -> float:
    """M$ a month spent on product, tools, free tiers and support."""
    affordable = max(vendor.cash, 0.0) / 48
    base = rules.packaging_base if vendor.facts.sells_api else 0.1 * rules.packaging_base
    return rules.packaging_cost * revenue + min(base, affordable)


def next_packaging(stock: float, outlay: float, rules: FinanceParameters) -> float:
    """Packaging stock a month later: one function for vendors, hosts and platforms."""
    built = rules.packaging_power * math.sqrt(max(outlay, 0.0))
    return (1 - rules.packaging_decay) * stock + built


def packaging_value(stock: float, rules: FinanceParameters) -> float:
    """What a packaging stock is worth to a buyer, share of value: bounded, linear at first."""
    return rules.packaging_limit * (1 - math.exp(-stock / rules.packaging_limit))


def settle(vendor: Vendor, account: Account, prices: PricingParameters) -> None:
    """Close a month: receivables, bad debt, cash, income history."""
    days = payment_days(prices)
    if prices.payment == "postpaid":
        account.bad_debt = prices.bad_debt * account.api
    owed = account.api * days / DAYS_A_MONTH
    account.receivables_change = owed - vendor.receivables
    vendor.receivables = owed
    vendor.cash += account.cash_flow
    vendor.income.append(account.revenue + account.complement)
    vendor.account = account


def next_staff(vendor: Vendor, rules: FinanceParameters) -> float:
    """Staff cost a month later: drawn toward a share of income, never below the start."""
    wanted = max(vendor.facts.staff, rules.staff_growth * vendor.year_income / 12)
    return vendor.staff + (wanted - vendor.staff) / 12


def funding_round(
    vendor: Vendor, month: int, growth: float, streams: Streams, rules: FinanceParameters
) -> float:
    """M$ raised this month: likelier with growth, less with burn, only when money runs short.

    growth: the vendor's revenue against half a year ago.
    """
    burn = -(vendor.account.profit + vendor.account.complement)
    if burn <= 0 or vendor.cash > FUNDING_RUNWAY * burn:
        return 0.0
    readiness = rules.funding * vendor.facts.funding * min(max(growth, 0.25), 4.0)
    relative = max(vendor.account.revenue + vendor.account.complement, 1.0) / burn
    hazard = 3.0 * rules.funding_hazard * readiness * min(math.sqrt(relative) + 0.3, 1.5)
    u = uniform_at(streams.key("vendor.funding"), month, vendor.address, 0)
    return rules.round_months * burn if u < 1 - math.exp(-hazard) else 0.0


def is_insolvent(vendor: Vendor) -> bool:
    """Cash is gone and no round came: the vendor leaves."""
    return vendor.cash < 0


def entry_months(slots: int, hazard: float, first: int, streams: Streams) -> list[int]:
    """Months in which the entry slots open: a renewal process, one addressed draw each.

    Integrated hazard against one exponential per slot, so that a changed hazard shifts dates and
    never reshuffles who comes.
    """
    months, clock = [], float(first)
    for slot in range(slots):
        if hazard <= 0:
            break
        clock += exponential_at(streams.key("entry"), 0, slot, 0) / hazard
        if clock > FOREVER:
            break
        months.append(math.ceil(clock))
    return months
