"""Every mechanism moves what theory says, the way theory says: pairs of worlds with equal luck.

A row passes if all its seeds move the demanded way, or if their mean does by a one-sided paired t
test at 5%. A mechanism that does nothing gives differences of exactly zero and fails; one that
only shakes the dice passes four seeds 1 time in 14. Rows of one or two seeds are free of sampling
noise or nearly so: what they measure follows from the change itself.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from pairs import (
    Direction,
    Measure,
    Overrides,
    age_in_use,
    chosen,
    differences,
    happened,
    mean,
    minus,
    over,
    price_paid,
    total,
    typical,
    unseen,
    used,
)
from scipy import stats

RECORD: Overrides = {
    "enterprise.population": 400, "months": 24, "output.demand_sample": 16,
}  # fmt: skip
"""Two years with recorded releases: what firms choose."""
FREE: Overrides = {
    "enterprise.population": 100, "months": 24, "output.demand_sample": 24,
    "history.until": "2023-03", "capability.noise": 0.0, "review.mode": "fixed",
    "finance.entry_hazard": 0.0,
}  # fmt: skip
"""Two years in which vendors build and price: what supply does; few firms, no luck of releases."""
CASH: Overrides = {f"vendors.{v}.cash": 1e6 for v in ("openai", "google", "anthropic", "meta")}
"""Money that never binds."""
SENSITIVITY = {
    "technology": 0.35, "finance": 0.65, "health": 0.70, "government": 0.70, "industry": 0.45,
    "retail-and-services": 0.35,
}  # fmt: skip
PLATFORMS = ("house-cloud", "largest", "east", "specialist")
CLOSED_LEADERS = ("openai", "google", "anthropic")
OPENING = ("google", "meta", "mistral", "xai", "baichuan", "alibaba", "deepseek")
ALWAYS = (1,)
"""The one seed of rows without sampling noise."""

own, api, hosted = used(access="selfhost"), used(access="api"), used(access="hosted")
opened, closed = used(open=True), used(open=False)
large_own, mid_own = (used((band,), access="selfhost") for band in ("large", "mid"))


def sensitivity(factor: float) -> Overrides:
    """Sensitivity of data in all sectors, times a factor."""
    return {
        f"sectors.{key}.sensitivity_mean": min(factor * mean, 0.95)
        for key, mean in SENSITIVITY.items()
    }


def fee(value: float) -> Overrides:
    """The fee of all platforms."""
    return {f"platforms.{key}.fee": value for key in PLATFORMS}


def licence(name: str) -> Overrides:
    """The licence of all vendors that publish weights."""
    return {f"vendors.{key}.licence": name for key in OPENING}


def event(month: str, kind: str, target: str | None = None, **parts: Any) -> Overrides:
    """One scheduled event."""
    aimed = {} if target is None else {"target": target}
    return {"events": [{"month": month, "kind": kind, **aimed, **parts}]}


def vendors(column: str, **kind: Any) -> Measure:
    """Sum of a vendor column."""
    return total("vendor", column, **kind)


RISKY = {"choice.risk_weight": 0.5}


def leaders(month: str, kind: str, magnitude: float) -> Overrides:
    """One event for each closed leader."""
    return {
        "events": [
            {"month": month, "kind": kind, "target": key, "magnitude": magnitude}
            for key in CLOSED_LEADERS
        ]
    }


FIRMS = [
    ("sensitive data go to own machines", {}, sensitivity(0.1), own, -1),
    ("cheap GPUs make own machines", {}, {"environment.gpu_price_scale": 0.2}, own, 1),
    ("cheap GPUs move large firms first", {}, {"environment.gpu_price_scale": 0.2},
     minus(large_own, mid_own), 1),
    ("risk keeps firms off services", {}, RISKY,
     api, -1),
    ("risk makes own machines", {}, RISKY, own, 1),
    ("packaging sells closed models", {"finance.packaging_power": 0.001}, {}, closed, 1),
    ("without packaging closed models lose", {}, {"finance.packaging_equal": True}, closed, -1),
    ("dear hosts are used less", {}, {"host.markup": 3.0}, hosted, -1),
    ("awareness opens", {"enterprise.open_awareness": 0.1}, {},
     opened, 1),
    ("control leaves the vendor's service", {},
     {"choice.control_taste": 0.2}, api, -1),
    ("information opens", {},
     {"perception.openness_information": 0.9}, opened, 1),
    ("dear switching is rare", {}, {"choice.switching": 9.0},
     mean("switch_rate_year", 18), -1),
    ("tenders switch", {}, {"choice.retender": 0.9},
     mean("switch_rate_year", 18), 1),
    ("Bass p speeds adoption", {"adoption.innovation": 0.005}, {}, mean("adoption_large"), 1),
    ("Bass q speeds adoption", {"adoption.imitation": 0.0}, {},
     mean("adoption_large"), 1),
    ("unlike firms adopt later", {"adoption.frailty": 0.5}, {"adoption.frailty": 8.0},
     mean("adoption_large"), 1),
    ("routing costs keep one vendor", {"choice.additional_vendor": 0.0},
     {}, mean("vendors_per_adopter"), -1),
    ("elastic users buy where it is cheap", {"usage.elasticity": 0.0}, {"usage.elasticity": 1.6},
     price_paid, -1),
    ("tokens grow", {}, {"usage.growth": 1.2}, mean("tokens"), 1),
    ("gain makes tuned models", {"usage.tuned_gain": 0.0}, {},
     used(tuned=True), 1),
    ("staff makes own machines dear", {}, {"usage.staff_needed": 3.0}, own, -1),
    ("slow learners see less", {}, {"perception.half_life": 8.0},
     unseen, 1),
    ("a crowd makes tools", {"crowd.effectiveness": 0.0}, {}, mean("crowd_packaging"), 1),
    ("a crowd makes quality", {"crowd.effectiveness": 0.0}, {}, mean("crowd_quality"), 1),
    ("a strong crowd opens", {"crowd.effectiveness": 0.0},
     {"crowd.effectiveness": 3.0, "crowd.packaging": 0.3}, opened, 1),
    ("dear platforms sell less", fee(0.0), fee(0.8),
     over(total("host", "tokens", kind="platform"), total("offering", "tokens")), -1),
    ("breaches restrict", {}, {"incident.rate": 8.0},
     mean("restricted_share"), 1),
]  # fmt: skip
"""What firms do, in the record: name, first world, second world, measure, sign."""

BREACHES = leaders("2023-12", "breach", 3.0)
RULE = event("2023-06", "residency-rule", "europe", magnitude=0.8)
LATER = {"enterprise.capital_cost": 1.0, "pricing.payment": "postpaid", "pricing.credit_days": 365}
OPENS = event("2023-06", "strategy-switch", "openai", value="open")

EVENTS = [
    ("breaches hurt services", RISKY, RISKY | BREACHES, api, -1),
    ("breaches help own machines", RISKY, RISKY | BREACHES, over(own, api), 1),
    ("breaches delay adoption", {}, BREACHES, mean("adoption_large", 18), -1),
    ("a residency rule makes own machines", {}, RULE,
     typical("segment", "selfhost_share", region="europe", band="large"), 1),
    ("a residency rule helps those at home", {}, RULE, chosen(vendor="Mistral"), 1),
    ("price cuts take from hosts", {}, leaders("2023-08", "price-cut", 0.1), hosted, -1),
    ("dear GPUs empty own machines", {}, event("2023-06", "gpu-price-change", magnitude=5.0), own,
     -1),
    ("no credit is a dear service", LATER, LATER | {"pricing.payment": "prepaid",
     "pricing.prepaid_days": 0.0}, api, -1),
    ("opening opens", {}, OPENS, opened, 1),
]  # fmt: skip
"""What events do to firms, in the record."""

CERTAIN = [
    ("a price cut cuts the price", {}, event("2023-08", "price-cut", "openai", magnitude=0.3),
     vendors("price_large", first=7, month=7, vendor="OpenAI"), -1),
    ("credit is owed", {}, event("2023-06", "payment-terms", value="postpaid", magnitude=60.0),
     vendors("receivables"), 1),
    ("opening raises the open frontier", {}, OPENS, mean("q_open"), 1),
    ("a leak raises the open frontier that month", {},
     event("2023-09", "weights-leak", "openai"),
     total("market", "q_open", 8, month=8), 1),
    ("an exit ends a service", {}, event("2023-08", "vendor-exit", "openai"),
     chosen(vendor="OpenAI", access="api"), -1),
]  # fmt: skip
"""What events do by themselves, in the record."""

SUPPLY = [
    ("imitation shrinks the gap", {"capability.imitation": 0.0}, {},
     mean("gap_logits"), -1),
    ("followers' money shrinks the gap", {}, {"capability.catch_up": 1.0},
     mean("gap_logits"), -1),
    ("leads raise the frontier", {}, {"capability.lead_gain": 0.15},
     mean("q_closed"), 1),
    ("secrecy slows the open", {}, {"capability.publication": 0.0}, mean("q_open"), -1),
    ("secrecy slows the closed", {}, {"capability.publication": 0.0}, mean("q_closed"), -1),
    ("money raises the frontier", {}, {"capability.budget_growth": 2.9}, mean("q_closed"), 1),
    ("returns to compute raise the frontier", {}, {"capability.kappa": 0.28}, mean("q_closed"), 1),
    ("distilling raises small models", {}, {"capability.distillation": 0.9},
     typical("vendor", "q_small"), 1),
    ("served tokens teach", {"capability.flywheel": 0.0}, {},
     mean("q_closed"), 1),
    ("a leap raises the frontier", {}, event("2023-05", "algorithmic-leap", magnitude=1.0),
     mean("q_closed"), 1),
    ("a private leap raises the frontier", {},
     event("2023-05", "algorithmic-leap", "openai", magnitude=1.0), mean("q_closed"), 1),
    ("export control lowers the region's quality", {},
     event("2023-05", "export-control", "china", magnitude=3.0),
     typical("vendor", "q_large", region="china"), -1),
    ("a subsidy lowers the flagship's price", {}, {"pricing.subsidy": 0.8},
     mean("price_flagship"), -1),
    ("a subsidy lowers small prices", {}, {"pricing.subsidy_small": 1.0},
     typical("vendor", "price_small", vendor="Google"), -1),
    ("weight on share lowers prices", {"pricing.share_weight": 0.0}, {},
     mean("price_flagship"), -1),
    ("a research licence ends hosting", licence("permissive"), licence("research"), hosted, -1),
    ("a research licence charges own machines", licence("permissive"), licence("research"),
     vendors("revenue_licence"), 1),
    ("a restricted licence pays royalties", licence("restricted"),
     licence("restricted") | {"finance.royalty": 0.2}, vendors("revenue_royalty"), 1),
    ("short lives withdraw", {}, {"release.api_life": 8}, happened("withdrawal"), 1),
    ("short lives renew", {}, {"release.api_life": 8},
     age_in_use, -1),
    ("entry adds vendors", {}, {"finance.entry_hazard": 1.0}, happened("entry", "Entrant"), 1),
    ("openness is valued", {"review.mode": "review", "review.openness_value": 0.0},
     {"review.mode": "review", "review.openness_value": 50.0}, mean("strategy_open"), 1),
    ("hosts enter and compete", {"host.entry_speed": 0.0}, {},
     typical("host", "price", kind="host"), -1),
    ("dear hosting has few hosts", {}, {"host.fixed_cost": 200_000.0}, mean("hosts"), -1),
]  # fmt: skip
"""What supply does, free of the record."""

LONG = {"months": 36}
COMPLEMENT = {"months": 30, "history.until": "2023-12", "finance.complement_sensitivity": 0.0}
LATE = [
    ("without investors vendors leave", LONG, LONG | {"finance.funding": 0.0},
     happened("exit"), 1),
    ("complements grow with use", COMPLEMENT,
     COMPLEMENT | {"finance.complement_sensitivity": 0.5}, vendors("revenue_complement"), 1),
    ("a ceiling shrinks the gap in quality", LONG | CASH, LONG | CASH | {"capability.ceiling": 1.0},
     mean("gap_logits", 24), -1),
]  # fmt: skip
"""What takes longer, free of the record."""


def rows() -> Iterator[Direction]:
    """All directions."""
    for base, table, seeds in (
        (RECORD, FIRMS, (1, 2, 3, 4)), (RECORD, EVENTS, (1, 2, 3, 4)), (RECORD, CERTAIN, ALWAYS),
        (FREE, SUPPLY, (1, 2)), (FREE, LATE, (1, 2)),
    ):  # fmt: skip
        for name, before, after, measure, sign in table:
            yield Direction(name, {**base, **before}, {**base, **after}, measure, sign, seeds)


@pytest.mark.parametrize("direction", list(rows()), ids=lambda d: d.name)
def test_direction(direction: Direction) -> None:
    moved = differences(direction)
    assert demanded(moved), moved


def demanded(moved: list[float]) -> bool:
    """Whether differences speak for a move up: all do, or their mean at 5%."""
    if all(difference > 0 for difference in moved):
        return True
    return len(moved) > 2 and bool(
        stats.ttest_1samp(moved, 0.0, alternative="greater").pvalue < 0.05
    )


def test_chance_and_nothing_are_refused() -> None:
    assert demanded([0.2, 0.15, 0.3, -0.01])
    assert not demanded([0.2, -0.1, 0.3, 0.01])
    assert not demanded([-0.2, -0.1])
    assert not demanded([0.0, 0.0, 0.0, 0.0])
    assert not demanded([0.2, 0.0])
