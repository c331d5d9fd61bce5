"""Parameters of the market around the actors: horizon, history, environment, events, outputs."""

from agents.common.parameter import Parameters, parameter
from sim.event_kinds import EVENT_KINDS, LARGEST_NUMBER

EXPERT = "expert judgement, uncertain"


class HistoryParameters(Parameters):
    """The window in which releases and first-party prices are inputs."""

    until: str = parameter(
        "2024-12", unit="YYYY-MM", source="model design",
        description="Last month whose releases and list prices are taken from the record",
    )  # fmt: skip


class EnvironmentParameters(Parameters):
    """Hardware prices."""

    gpu_price_decline: float = parameter(
        0.20, unit="per year", low=-2, high=2, plausible=(0, 0.4), source="F124, F125 trend",
        description="Yearly fall (ln) of GPU rent after the record ends",
    )  # fmt: skip
    gpu_price_floor: float = parameter(
        0.6, unit="$ per GPU hour", low=0.001, high=100, source=EXPERT,
        description="Rent below which a GPU hour does not fall",
    )  # fmt: skip
    gpu_price_scale: float = parameter(
        1.0, unit="x", low=0.01, high=100, source="scenario",
        description="Scale on GPU rent and on serving cost in all months",
    )  # fmt: skip
    gpu_memory: float = parameter(
        80.0, unit="GB", low=1, high=10_000, source="H100", description="Memory of one GPU"
    )
    gpu_smallest: float = parameter(
        0.25, unit="GPU", low=0.01, high=8, source="article: a small model at 0.6 $ an hour",
        description="Smallest part of a GPU (or cheaper card) a replica needs",
    )  # fmt: skip
    bytes_per_parameter: float = parameter(
        1.2, unit="bytes", low=0.1, high=8, source="8-bit weights and overhead",
        description="Memory per parameter of a served model",
    )  # fmt: skip
    throughput: float = parameter(
        900.0, unit="tok/s", low=1, high=1e6, source="F130, F132",
        description="Throughput of one replica of an open 70 B model in 2023-01",
    )  # fmt: skip
    throughput_exponent: float = parameter(
        0.5, unit="-", low=0, high=2, source="F130 against F132",
        description="Exponent by which throughput of a replica falls in active parameters",
    )  # fmt: skip


class IncidentParameters(Parameters):
    """Salient breaches of services."""

    rate: float = parameter(
        2.0, unit="per year", low=0, high=100, plausible=(0, 6), source="F161, F163",
        description="Salient breaches a year of vendors' services and hosts",
    )  # fmt: skip
    half_life: float = parameter(
        5.0, unit="months", low=0.1, high=120, plausible=(4, 6), source=EXPERT,
        description="Half-life of the memory of an incident",
    )  # fmt: skip
    vendor_weight: float = parameter(
        0.5, unit="x", low=0, high=10, source=EXPERT,
        description="Added risk of the vendor hit, per recent incident of its own",
    )  # fmt: skip
    market_weight: float = parameter(
        0.15, unit="x", low=0, high=10, source=EXPERT,
        description="Added risk of all services, per recent incident of anyone",
    )  # fmt: skip


class EventParameters(Parameters):
    """One scheduled event; what its kind needs and what it does not use: `sim.event_kinds`."""

    month: str = parameter(..., unit="YYYY-MM", description="Month it happens", source="scenario")
    kind: str = parameter(
        ..., unit="-", source="scenario", description="Kind of event",
        choices=tuple(EVENT_KINDS),
    )  # fmt: skip
    target: str | None = parameter(
        None, unit="id", source="scenario",
        description="Vendor, region or parameter the event is about; see docs/events.md",
    )  # fmt: skip
    magnitude: float | None = parameter(
        None, unit="of its kind", low=-LARGEST_NUMBER, high=LARGEST_NUMBER, source="scenario",
        description="Size of the event in the unit and range of its kind; see docs/events.md",
    )  # fmt: skip
    value: str | None = parameter(
        None, unit="text", source="scenario",
        description="Licence, strategy, payment terms or word the event sets; see docs/events.md",
    )  # fmt: skip


class OutputParameters(Parameters):
    """What a run records and how it is labelled."""

    demand_sample: int = parameter(
        256, unit="slots", low=16, high=65_536, source="model design",
        description="Slots in the demand sample used for pricing and reviews",
    )  # fmt: skip
    panel: int = parameter(
        0, unit="firms", low=0, high=100_000, source="model design",
        description="Firms recorded every month in the panel table",
    )  # fmt: skip
    monopoly: float = parameter(
        0.70, unit="share", low=0.3, high=1, source="model design",
        description="Leader's spend share that makes a monopoly",
    )  # fmt: skip
    dual_led: float = parameter(
        0.50, unit="share", low=0, high=1, source="model design",
        description="Dual vendors' token share that makes a dual-led market",
    )  # fmt: skip
    open_led: float = parameter(
        0.60, unit="share", low=0, high=1, source="model design",
        description="Open token share that makes an open-led market",
    )  # fmt: skip
    closed_led: float = parameter(
        0.10, unit="share", low=0, high=1, source="model design",
        description="Open token share below which a market is closed-led",
    )  # fmt: skip
