"""Parameters of vendors: what they are, what they can build, when they release it."""

from agents.common.licence import LICENCE_NAMES
from agents.common.parameter import Parameters, parameter
from agents.common.vocabulary import STRATEGIES

EXPLORED = "range found in an exploratory model"
EXPERT = "expert judgement, uncertain"


class VendorParameters(Parameters):
    """One vendor of the roster. Money in millions of dollars."""

    name: str = parameter(..., unit="text", description="Name shown in tables", source="label")
    archetype: str = parameter(
        ..., unit="-", choices=("frontier", "platform", "follower", "challenger", "start-up"),
        description="Kind of vendor", source="reading of the market",
    )  # fmt: skip
    region: str = parameter(
        ..., unit="region id", description="Home region of the vendor", source="public record"
    )
    present: bool = parameter(
        True, unit="yes or no", description="Takes part in this scenario", source="model design"
    )
    enters: str = parameter(
        "2023-01", unit="YYYY-MM", description="Month of entry", source="public record"
    )
    strategy: str = parameter(
        ..., unit="-", choices=STRATEGIES, source="claims of 2023-2024 and licences of its models",
        description="Strategy at the start; dual opens the tiers listed in open_tiers",
    )  # fmt: skip
    open_tiers: tuple[str, ...] = parameter(
        ("small",), unit="tiers", source="licences of its models",
        description="Tiers whose weights a dual vendor publishes",
    )  # fmt: skip
    licence: str = parameter(
        "permissive", unit="-", choices=LICENCE_NAMES[1:], source="licences of its models",
        description="Licence of the weights it publishes",
    )  # fmt: skip
    sells_api: bool = parameter(
        True, unit="yes or no", source="public record",
        description="Sells its models as a service of its own",
    )  # fmt: skip
    sells_abroad: bool = parameter(
        True, unit="yes or no", source="public record",
        description="Its service can be bought by firms outside its bloc",
    )  # fmt: skip
    budget: float = parameter(
        ..., unit="ln of 78 M$", low=-15, high=10, source="F141-F143 and expert judgement",
        description="Cost of one large training run in 2023-01 against GPT-4's, in logs",
    )  # fmt: skip
    lead: float = parameter(
        0.0, unit="ln", low=-5, high=5, source=EXPERT,
        description="Private algorithmic lead in 2023-01",
    )  # fmt: skip
    lead_rate: float = parameter(
        1.0, unit="x", low=0, high=20, source=EXPERT,
        description="Speed of building a private lead against the average vendor",
    )  # fmt: skip
    cash: float = parameter(
        ..., unit="M$", low=0, high=1e7, description="Cash in 2023-01", source=EXPERT
    )
    staff: float = parameter(
        ..., unit="M$ per month", low=0, high=1e5, description="Staff cost in 2023", source=EXPERT
    )
    complement: float = parameter(
        0.0, unit="M$ per month", low=0, high=1e5, source=EXPLORED,
        description="Income of other business that grows with the use of its models",
    )  # fmt: skip
    packaging: float = parameter(
        0.0, unit="share of value", low=0, high=2, source=EXPERT,
        description="Packaging stock in 2023-01: product, tools, support, trust",
    )  # fmt: skip
    brand: float = parameter(
        0.0, unit="share of value", low=0, high=1, source=EXPERT,
        description="Brand in 2023-01, fading",
    )  # fmt: skip
    cadence: float = parameter(
        8.0, unit="months", low=1, high=60, plausible=(5, 12), source=EXPLORED,
        description="Mean time between large models",
    )  # fmt: skip
    funding: float = parameter(
        1.0, unit="x", low=0, high=20, source=EXPERT,
        description="Access to outside money against the average vendor",
    )  # fmt: skip
    tuning: bool = parameter(
        True, unit="yes or no", source="public record", description="Sells tuning of closed models"
    )


class CapabilityParameters(Parameters):
    """What compute, ideas and rivals' work make of a model."""

    kappa: float = parameter(
        0.26, unit="logits per e-fold", low=0, high=2, plausible=(0.17, 0.28), source=EXPLORED,
        description="Quality gained per e-fold of effective training compute",
    )  # fmt: skip
    hardware_growth: float = parameter(
        1.35, unit="x per year", low=0.5, high=5, plausible=(1.3, 1.43), source="F140",
        description="Growth of compute per dollar",
    )  # fmt: skip
    algorithm_growth: float = parameter(
        3.0, unit="x per year", low=1, high=20, plausible=(2, 5), source="F139",
        description="Growth of public algorithmic efficiency",
    )  # fmt: skip
    publication: float = parameter(
        1.0, unit="0 to 1", low=0, high=1, source=EXPERT,
        description="How freely vendors publish; 0 is a world without publication",
    )  # fmt: skip
    publication_share: float = parameter(
        0.5, unit="share", low=0, high=1, plausible=(0.2, 0.8), source=EXPERT,
        description="Share of public progress that is vendors' published work",
    )  # fmt: skip
    weights_share: float = parameter(
        0.3, unit="share", low=0, high=1, plausible=(0.0, 0.6), source=EXPERT,
        description="Share of published progress that is carried by open weights",
    )  # fmt: skip
    weights_enough: float = parameter(
        0.5, unit="share of vendors", low=0.01, high=1, source=EXPERT,
        description="Share of vendors publishing weights at which that progress is complete",
    )  # fmt: skip
    budget_growth: float = parameter(
        2.4, unit="x per year", low=1, high=10, plausible=(2.0, 2.9), source="F138",
        description="Desired growth of training budgets",
    )  # fmt: skip
    catch_up: float = parameter(
        0.05, unit="per year", low=0, high=5, plausible=(0, 0.8), source=EXPLORED,
        description="Extra budget growth of followers per e-fold behind the leader",
    )  # fmt: skip
    catch_up_floor: float = parameter(
        1.0, unit="ln", low=0, high=10, source=EXPERT,
        description="Distance to the leader's budget that followers accept",
    )  # fmt: skip
    income_share: float = parameter(
        0.5, unit="share of a year's income", low=0, high=5, source=EXPERT,
        description="Research and training a vendor pays out of income",
    )  # fmt: skip
    cash_months: float = parameter(
        24.0, unit="months", low=1, high=240, source=EXPERT,
        description="Months over which cash may be spent on research and training",
    )  # fmt: skip
    research: float = parameter(
        2.5, unit="x", low=1, high=20, plausible=(2, 4), source="F142 and cost reports",
        description="All research and training against the cost of the final large run",
    )  # fmt: skip
    ceiling: float | None = parameter(
        None, unit="logits", low=0.1, high=100, source="scenario",
        description="Quality toward which returns to compute shrink; none for no ceiling",
    )  # fmt: skip
    medium_compute: float = parameter(
        0.35, unit="share", low=0.001, high=1, source=EXPLORED,
        description="Compute of a medium model against a large one",
    )  # fmt: skip
    small_compute: float = parameter(
        0.12, unit="share", low=0.001, high=1, source=EXPLORED,
        description="Compute of a small model against a large one",
    )  # fmt: skip
    distillation: float = parameter(
        0.5, unit="share", low=0, high=1, plausible=(0.2, 0.8), source=EXPERT,
        description="Share of the loss by size regained by training on the own large model",
    )  # fmt: skip
    imitation: float = parameter(
        0.75, unit="share", low=0, high=1, plausible=(0.1, 0.9), source=EXPLORED,
        description="Share of the distance to the frontier that rivals' services teach",
    )  # fmt: skip
    imitation_ramp: float = parameter(
        30.0, unit="months", low=0, high=120, plausible=(6, 30), source=EXPLORED,
        description="Time from 2023-01 until imitation is in full use",
    )  # fmt: skip
    imitation_lag: int = parameter(
        4, unit="months", low=0, high=60, source=EXPERT,
        description="Age of the frontier that imitators learn from",
    )  # fmt: skip
    lead_gain: float = parameter(
        0.015, unit="ln per month", low=0, high=1, plausible=(0, 0.15), source=EXPLORED,
        description="Private lead a vendor at the largest budget builds a month",
    )  # fmt: skip
    lead_half_life: float = parameter(
        6.0, unit="months", low=0.1, high=240, plausible=(4, 9), source=EXPLORED,
        description="Half-life of a private lead before it leaks",
    )  # fmt: skip
    flywheel: float = parameter(
        0.02, unit="logits per e-fold", low=0, high=1, plausible=(0, 0.05), source=EXPLORED,
        description="Quality a vendor gains from the tokens it has served",
    )  # fmt: skip
    noise: float = parameter(
        0.05, unit="logits", low=0, high=1, source=EXPLORED,
        description="Luck of a release",
    )  # fmt: skip
    follower_scale: float = parameter(
        0.3, unit="-", low=0, high=1, source="scaling of parameters with compute",
        description="Exponent of serving cost in training compute for later models",
    )  # fmt: skip


class CrowdParameters(Parameters):
    """What users of an open family give back."""

    effectiveness: float = parameter(
        1.0, unit="x", low=0, high=20, plausible=(0, 3), source="model design",
        description="Strength of both channels; 0 is a world without a crowd",
    )  # fmt: skip
    quality: float = parameter(
        0.03, unit="logits", low=0, high=3, plausible=(0, 0.2), source=EXPLORED,
        description="Largest quality a crowd adds to a family's next release",
    )  # fmt: skip
    packaging: float = parameter(
        0.10, unit="share of value", low=0, high=2, plausible=(0, 0.3), source=EXPLORED,
        description="Largest packaging a crowd adds to a family: tools and know-how",
    )  # fmt: skip
    tuning: float = parameter(
        0.10, unit="logits", low=0, high=2, plausible=(0, 0.3), source=EXPERT,
        description="Largest gain of tuned small models from others' cumulative cheap tuning",
    )  # fmt: skip
    half_users: float = parameter(
        100_000.0, unit="slots", low=1, high=1e9, source=EXPERT,
        description="Uses of a family at which a crowd is half as strong as it can be",
    )  # fmt: skip
    affordability: float = parameter(
        0.3, unit="-", low=0, high=2, plausible=(0, 1), source=EXPERT,
        description="Exponent of a crowd's strength in the cheapness of compute",
    )  # fmt: skip


class ReleaseParameters(Parameters):
    """When models appear, and for how long they are sold."""

    delay: float = parameter(
        0.25, unit="share of the cadence", low=0, high=1, source=EXPERT,
        description="Spread of delays of a release",
    )  # fmt: skip
    small_every: float = parameter(
        0.8, unit="x cadence", low=0.1, high=10, source=EXPERT,
        description="Time between small and medium models against large ones",
    )  # fmt: skip
    open_discount: float = parameter(
        0.3, unit="logits", low=0, high=3, plausible=(0.1, 0.6),
        source="Gemma against Gemini, Grok-1 against Grok-1.5",
        description="Quality by which a dual vendor's open model trails its closed one of the tier",
    )  # fmt: skip
    current_life: int = parameter(
        24, unit="months", low=1, high=240, source=EXPERT,
        description="Age at which any newer model of the line replaces an older one",
    )  # fmt: skip
    api_life: int = parameter(
        24, unit="months", low=1, high=240, source="deprecation pages of the large vendors",
        description="Months after which a service model is withdrawn",
    )  # fmt: skip
    predecessor: int = parameter(
        12, unit="months", low=0, high=120, source="deprecation pages of the large vendors",
        description="Months a superseded model is offered to new buyers",
    )  # fmt: skip
