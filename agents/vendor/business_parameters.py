"""Parameters of vendors' business: prices, money, and how they reconsider openness."""

from agents.common.parameter import Parameters, parameter

EXPLORED = "range found in an exploratory model"
EXPERT = "expert judgement, uncertain"


class PricingParameters(Parameters):
    """How list prices are set."""

    share_weight: float = parameter(
        0.65, unit="0 to 1", low=0, high=1, plausible=(0, 0.8), source=EXPLORED,
        description="Omega: weight of share over profit in the target price",
    )  # fmt: skip
    step: float = parameter(
        0.3, unit="share", low=0, high=1, plausible=(0.2, 1), source=EXPLORED,
        description="Part of the way to the target (in logs) that one revision goes",
    )  # fmt: skip
    largest_cut: float = parameter(
        0.25, unit="x", low=0.01, high=1, source=EXPERT, description="Largest cut in one revision"
    )
    largest_rise: float = parameter(
        3.0, unit="x", low=1, high=100, source=EXPERT, description="Largest rise in one revision"
    )
    price_war_quality_gap: float = parameter(
        0.3, unit="logits", low=0, high=10, source=EXPERT,
        description="A rival this near whose price falls by more than half sets off a response",
    )  # fmt: skip
    subsidy: float = parameter(
        0.0, unit="share of serving cost", low=0, high=1, source="scenario",
        description="Deepest price below serving cost that vendors pay out of cash",
    )  # fmt: skip
    subsidy_small: float = parameter(
        0.0, unit="share of serving cost", low=0, high=1, plausible=(0, 0.5),
        source="article: small tiers priced low",
        description="Deepest price below serving cost for small models",
    )  # fmt: skip
    serving_open: float = parameter(
        0.9, unit="$/Mtok", low=0.001, high=100, source="F068: hosted Llama 2 70B at 1 $",
        description="Cost of serving an open model of 70 B parameters in 2023-01",
    )  # fmt: skip
    serving_exponent: float = parameter(
        0.8, unit="-", low=0, high=2, source=EXPERT,
        description="Exponent of serving cost in active parameters",
    )  # fmt: skip
    serving_sparsity: float = parameter(
        0.35, unit="-", low=0, high=1, source="hosted prices of Mixtral and DeepSeek in 2024",
        description="Weight of total against active parameters in serving cost of sparse models",
    )  # fmt: skip
    serving_closed: float = parameter(
        7.0, unit="$/Mtok", low=0.01, high=100, plausible=(3, 10), source=EXPLORED,
        description="Cost of serving a large closed model in 2023-01",
    )  # fmt: skip
    serving_medium: float = parameter(
        0.35, unit="x", low=0.001, high=1, source=EXPLORED,
        description="Serving cost of a medium closed model against a large one",
    )  # fmt: skip
    serving_small: float = parameter(
        0.07, unit="x", low=0.001, high=1, source=EXPLORED,
        description="Serving cost of a small closed model against a large one",
    )  # fmt: skip
    efficiency_growth: float = parameter(
        1.6, unit="x per year", low=1, high=20, plausible=(1.3, 2.5),
        source="hosted price of 70 B models from 2023-11 to 2024-12",
        description="Growth of serving efficiency by hardware and software",
    )  # fmt: skip
    efficiency_limit: float = parameter(
        40.0, unit="x", low=1, high=1e4, source=EXPERT,
        description="Serving efficiency at which improvement ends",
    )  # fmt: skip
    tuned_premium: float = parameter(
        5.0, unit="x", low=1, high=20, plausible=(1, 6), source="F079",
        description="Price of tuned tokens on a closed service against plain ones",
    )  # fmt: skip
    tuning_closed: float = parameter(
        8.0, unit="$/Mtok", low=0, high=1000, source="article: GPT-3.5 tuning at 8 $",
        description="Price of tuning a closed small model",
    )  # fmt: skip
    tuning_open: float = parameter(
        4.0, unit="$/Mtok", low=0, high=1000, source="article: Llama 2 70B tuning at 4 $",
        description="Price of tuning an open model of 70 B parameters",
    )  # fmt: skip
    payment: str = parameter(
        "prepaid", unit="-", choices=("prepaid", "postpaid"), source="article: prepayment",
        description="Terms of payment for services",
    )  # fmt: skip
    credit_days: float = parameter(
        60.0, unit="days", low=0, high=365, source="article: up to 60 days of credit",
        description="Days of credit under postpaid terms",
    )  # fmt: skip
    prepaid_days: float = parameter(
        15.0, unit="days", low=0, high=365, source=EXPERT,
        description="Mean days that prepaid money is paid ahead of use",
    )  # fmt: skip
    bad_debt: float = parameter(
        0.02, unit="share", low=0, high=0.5, plausible=(0.01, 0.03), source=EXPERT,
        description="Share of postpaid bills never paid",
    )  # fmt: skip


class FinanceParameters(Parameters):
    """Vendors' money outside prices and training."""

    packaging_cost: float = parameter(
        0.35, unit="share of API revenue", low=0, high=2, source="cost reports of closed vendors",
        description="Packaging, free tiers and support",
    )  # fmt: skip
    packaging_power: float = parameter(
        0.008, unit="share of value per sqrt M$", low=0, high=1, plausible=(0.002, 0.008),
        source="fitted so that closed leaders stand at 0.3-0.7 in 2023-24",
        description="Packaging built per square root of a month's outlay",
    )  # fmt: skip
    packaging_decay: float = parameter(
        0.02, unit="per month", low=0, high=1, source=EXPERT,
        description="Loss of packaging stock",
    )  # fmt: skip
    packaging_limit: float = parameter(
        0.8, unit="share of value", low=0.01, high=10, plausible=(0.5, 1.2), source=EXPERT,
        description="Value that packaging tends to as its stock grows without end",
    )  # fmt: skip
    packaging_base: float = parameter(
        3.0, unit="M$ per month", low=0, high=1e4, source=EXPERT,
        description="Packaging outlay of a vendor with full cash before it has revenue",
    )  # fmt: skip
    packaging_equal: bool = parameter(
        False, unit="yes or no", source="control world",
        description="Give every seller, host and open family the same packaging",
    )  # fmt: skip
    brand_fade: float = parameter(
        18.0, unit="months", low=1, high=600, source=EXPERT,
        description="Time over which brand fades",
    )  # fmt: skip
    staff_growth: float = parameter(
        0.25, unit="share of income growth", low=0, high=2, source=EXPERT,
        description="Growth of staff cost with income",
    )  # fmt: skip
    complement_sensitivity: float = parameter(
        0.2, unit="share", low=0, high=1, plausible=(0, 0.5), source=EXPERT,
        description="Share of complement income that moves with use of the family's models",
    )  # fmt: skip
    research_fee: float = parameter(
        0.3, unit="share of GPU rent", low=0, high=5, source=EXPERT,
        description="Contract fee for commercial self-hosting under a research licence",
    )  # fmt: skip
    royalty: float = parameter(
        0.0, unit="share of hosted revenue", low=0, high=1, source="licences of 2023-24",
        description="Royalty hosts pay to vendors of restricted weights",
    )  # fmt: skip
    resale: float = parameter(
        0.2, unit="share of fee", low=0, high=1, source=EXPERT,
        description="Share of a platform's fee on resold services that goes to the vendor",
    )  # fmt: skip
    funding: float = parameter(
        1.0, unit="x", low=0, high=20, plausible=(0, 2), source=EXPLORED,
        description="Readiness of investors",
    )  # fmt: skip
    funding_hazard: float = parameter(
        0.04, unit="per month", low=0, high=1, source=EXPERT,
        description="Chance of a round in an average month",
    )  # fmt: skip
    round_months: float = parameter(
        24.0, unit="months of burn", low=1, high=120, source=EXPERT, description="Size of a round"
    )
    entry_slots: int = parameter(
        8, unit="entrants", low=0, high=40, source=EXPERT,
        description="Vendors that may still enter, each with its own luck",
    )  # fmt: skip
    entry_hazard: float = parameter(
        0.04, unit="per month", low=0, high=1, plausible=(0, 0.10), source=EXPLORED,
        description="Chance that a new vendor enters in a month, after the historical window",
    )  # fmt: skip


class ReviewParameters(Parameters):
    """How vendors reconsider openness."""

    mode: str = parameter(
        "review", unit="-", choices=("fixed", "review"), source="model design",
        description="Keep strategies as they are, or review them",
    )  # fmt: skip
    interval: int = parameter(
        12, unit="months", low=1, high=240, source=EXPERT, description="Time between reviews"
    )
    switch_threshold: float = parameter(
        0.25, unit="relative", low=0, high=10, plausible=(0.05, 1), source=EXPLORED,
        description="How much better an alternative must be",
    )  # fmt: skip
    openness_value: float = parameter(
        1.0, unit="M$ per month", low=0, high=1000, plausible=(0, 10), source=EXPERT,
        description="Value vendors see in openness beyond cash: recruiting, standards, rivalry",
    )  # fmt: skip
    horizon: int = parameter(
        24, unit="months", low=1, high=240, source=EXPERT, description="Horizon of the projection"
    )
    discount: float = parameter(
        0.15, unit="per year", low=0, high=2, source=EXPERT, description="Discount rate"
    )
    growth: float = parameter(
        10.0, unit="x", low=1, high=100, plausible=(2, 20), source=EXPERT,
        description="Most growth of use over the horizon that vendors count on",
    )  # fmt: skip
