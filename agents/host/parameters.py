"""Parameters of hosts, platforms and application operators."""

from agents.common.parameter import Parameters, parameter

EXPERT = "expert judgement, uncertain"


class HostParameters(Parameters):
    """Third parties that serve open weights; alike within a model."""

    markup: float = parameter(
        0.9, unit="x serving cost", low=0, high=10, plausible=(0.3, 2.5),
        source="range found in an exploratory model",
        description="Markup of a single host over serving cost",
    )  # fmt: skip
    competition: float = parameter(
        0.5, unit="-", low=0, high=3, source="range found in an exploratory model",
        description="Eta: exponent by which more hosts lower the markup",
    )  # fmt: skip
    price_spread: float = parameter(
        0.1, unit="sd of ln", low=0, high=1, plausible=(0, 0.3),
        source="hosted prices of one model at several hosts, 2023-24",
        description="Spread of hosts' quotes for one model; buyers take the lowest",
    )  # fmt: skip
    fixed_cost: float = parameter(
        60_000.0, unit="$ per month", low=1, high=1e8, source=EXPERT,
        description="Fixed cost of hosting one model",
    )  # fmt: skip
    entry_speed: float = parameter(
        0.25, unit="per month", low=0, high=1, source=EXPERT,
        description="Part of the way to the free-entry number of hosts gone in a month",
    )  # fmt: skip
    most: float = parameter(
        40.0, unit="hosts", low=1, high=1000, source=EXPERT, description="Most hosts of one model"
    )
    threshold_fee: float = parameter(
        0.2, unit="share of bill", low=0, high=5, source=EXPERT,
        description="Licence fee of users above the threshold of a restricted licence",
    )  # fmt: skip
    packaging: float = parameter(
        0.06, unit="share of value", low=0, high=2, source=EXPERT,
        description="Packaging of hosts in 2023-01",
    )  # fmt: skip
    packaging_share: float = parameter(
        0.15, unit="share of revenue", low=0, high=1, source=EXPERT,
        description="Part of revenue hosts and platforms spend on packaging",
    )  # fmt: skip


class PlatformParameters(Parameters):
    """One platform (cloud) that sells others' models under one contract."""

    name: str = parameter(..., unit="text", description="Name shown in tables", source="label")
    share: float = parameter(
        ..., unit="share of firms", low=0, high=1,
        source="public cloud market shares, scaled to firms that buy models there",
        description="Share of firms that buy models under its contract",
    )  # fmt: skip
    fee: float = parameter(
        0.2, unit="share of price", low=0, high=1, plausible=(0.1, 0.3), source=EXPERT,
        description="Fee on top of the price of the model",
    )  # fmt: skip
    packaging: float = parameter(
        0.10, unit="share of value", low=0, high=2, source=EXPERT,
        description="Packaging of the platform in 2023-01",
    )  # fmt: skip
    staff_saving: float = parameter(
        0.6, unit="share", low=0, high=1, source=EXPERT,
        description="Part of self-hosting staff the platform saves",
    )  # fmt: skip
    owner: str | None = parameter(
        None, unit="vendor id", source="public record",
        description="Vendor that owns the platform, if one does",
    )  # fmt: skip


class OperatorParameters(Parameters):
    """One operator of consumer applications on others' models."""

    name: str = parameter(..., unit="text", description="Name shown in tables", source="label")
    region: str = parameter(
        ..., unit="region id", description="Home region", source="public record"
    )
    users: float = parameter(
        ..., unit="million users", low=0, high=10_000, source="public record, rounded",
        description="Monthly users in 2023-01",
    )  # fmt: skip
    growth: float = parameter(
        0.5, unit="per year", low=-1, high=10, source=EXPERT,
        description="First growth of users; dies out over three years",
    )  # fmt: skip
    tokens: float = parameter(
        0.005, unit="Mtok per user and day", low=0, high=10, source="article: 5 ktok a day",
        description="Tokens of a user a day",
    )  # fmt: skip
    active: float = parameter(
        0.05, unit="share", low=0, high=1, source=EXPERT,
        description="Share of users that use the model on a day",
    )  # fmt: skip
    revenue: float = parameter(
        0.5, unit="$ per user and month", low=0, high=1000, source=EXPERT,
        description="Revenue per user",
    )  # fmt: skip
    behind: float = parameter(
        0.8, unit="logits", low=0, high=10, source=EXPERT,
        description="How far behind the best model on sale its products can live",
    )  # fmt: skip
