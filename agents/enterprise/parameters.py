"""Parameters of enterprises: who they are, how they choose, when they adopt, how they use."""

from agents.common.parameter import Parameters, parameter

EXPLORED = "range found in an exploratory model"
EXPERT = "expert judgement, uncertain"


class SectorParameters(Parameters):
    """One sector of the economy."""

    name: str = parameter(..., unit="text", description="Name shown in tables", source="label")
    share: float = parameter(
        ..., unit="share of firms", low=0, high=1, description="Share of enterprises", source=EXPERT
    )
    sensitivity_mean: float = parameter(
        ..., unit="0 to 1", low=0.01, high=0.99, source=EXPERT,
        description="Mean of the Beta distribution of data sensitivity",
    )  # fmt: skip
    sensitivity_strength: float = parameter(
        6.0, unit="a + b of the Beta", low=0.5, high=100, source=EXPERT,
        description="Concentration of the Beta distribution of data sensitivity",
    )  # fmt: skip
    residency: float = parameter(
        ..., unit="share of firms", low=0, high=1, source=EXPLORED,
        description="Share of firms bound by a data residency rule where the region has one",
    )  # fmt: skip
    intensity: float = parameter(
        ..., unit="x", low=0.01, high=100, description="Token intensity against the average firm",
        source=EXPERT,
    )  # fmt: skip
    builder: float = parameter(
        ..., unit="share of micro firms", low=0, high=0.5, source=EXPERT,
        description="Share of micro firms that are AI builders (start-ups on models)",
    )  # fmt: skip


class BandParameters(Parameters):
    """One size band of enterprises."""

    firms: float = parameter(
        ..., unit="firms at home", low=1, high=1e9, description="Real population of the band",
        source="business statistics of the United States, rounded",
    )  # fmt: skip
    smallest: int = parameter(
        ..., unit="staff", low=1, high=10_000_000, description="Smallest firm of the band",
        source="band definition",
    )  # fmt: skip
    largest: int = parameter(
        ..., unit="staff", low=1, high=10_000_000, description="Largest firm of the band",
        source="band definition",
    )  # fmt: skip
    slots: int = parameter(
        ..., unit="slots per workload tier", low=1, high=3, description="Uses per workload tier",
        source="model design",
    )  # fmt: skip
    intensity_spread: float = parameter(
        ..., unit="sd of ln", low=0, high=4, description="Spread of token intensity between firms",
        source="F180: spend per employee, median to top 1%",
    )  # fmt: skip
    adopters_at_start: float = parameter(
        ..., unit="share of firms", low=0, high=1, source="F170 and expert judgement",
        description="Share using a model in month 0",
    )  # fmt: skip
    adoption_scale: float = parameter(
        ..., unit="x", low=0.001, high=10, description="Speed of adoption against large firms",
        source=EXPLORED,
    )  # fmt: skip


class RegionParameters(Parameters):
    """One region of the world."""

    share: float = parameter(
        ..., unit="share of firms", low=0, high=1, description="Share of enterprises",
        source=EXPERT,
    )  # fmt: skip
    home: bool = parameter(
        ..., unit="yes or no", source="model design",
        description="Counts in the statistics of the home market",
    )  # fmt: skip
    residency: bool = parameter(
        ..., unit="yes or no", source="data protection law",
        description="Residency rules hide foreign services from the firms they bind",
    )  # fmt: skip
    foreign_apis: bool = parameter(
        ..., unit="yes or no", source="availability lists of the large vendors",
        description="Services run by vendors of other blocs can be bought",
    )  # fmt: skip


class EnterpriseParameters(Parameters):
    """The population of enterprises."""

    population: int = parameter(
        2000, unit="firms", low=30, high=100_000_000, source="model design",
        description="Simulated enterprises, a weighted sample of the real population",
    )  # fmt: skip
    size_exponent: float = parameter(
        1.06, unit="-", low=0.5, high=3, plausible=(0.9, 1.2), source="F181",
        description="Tail exponent of firm size (Zipf) within a band",
    )  # fmt: skip
    token_intensity: float = parameter(
        0.55, unit="Mtok per employee and month", low=0, high=100, plausible=(0.2, 1.2),
        source=EXPLORED, description="Tokens a mature average firm wants, at the demand of 2023",
    )  # fmt: skip
    builder_intensity: float = parameter(
        40.0, unit="x", low=1, high=1000, plausible=(10, 100), source=EXPERT,
        description="Token intensity of AI builders against other firms of their size",
    )  # fmt: skip
    own_base: float = parameter(
        0.8, unit="share", low=0, high=1, plausible=(0.5, 0.9), source=EXPERT,
        description="Largest discount on GPU rent for firms that own hardware",
    )  # fmt: skip
    open_awareness: float = parameter(
        0.75, unit="share of firms", low=0, high=1, plausible=(0.4, 0.95), source=EXPLORED,
        description="Share of firms that consider open models at all",
    )  # fmt: skip
    capital_cost: float = parameter(
        0.12, unit="per year", low=0, high=1, plausible=(0.06, 0.25), source=EXPERT,
        description="Median cost of capital of enterprises (micro firms pay more)",
    )  # fmt: skip
    review_shortest: int = parameter(
        6, unit="months", low=1, high=60, source=EXPLORED,
        description="Shortest interval between reviews of a slot",
    )  # fmt: skip
    review_longest: int = parameter(
        12, unit="months", low=1, high=60, source=EXPLORED,
        description="Longest interval between reviews of a slot",
    )  # fmt: skip
    value_routine: float = parameter(
        2.4, unit="$/Mtok", low=0, high=1e4, plausible=(1.2, 4.8), source=EXPLORED,
        description="Median value of routine work",
    )  # fmt: skip
    value_standard: float = parameter(
        15.0, unit="$/Mtok", low=0, high=1e4, plausible=(7.5, 30), source=EXPLORED,
        description="Median value of standard work",
    )  # fmt: skip
    value_frontier: float = parameter(
        60.0, unit="$/Mtok", low=0, high=1e5, plausible=(30, 120), source=EXPLORED,
        description="Median value of frontier work",
    )  # fmt: skip
    value_spread: float = parameter(
        1.0, unit="sd of ln", low=0, high=3, source=EXPLORED,
        description="Spread of value per token between slots",
    )  # fmt: skip
    difficulty_routine: float = parameter(
        -1.25, unit="logits", low=-5, high=5, plausible=(-1.75, -0.75), source=EXPLORED,
        description="Mean difficulty of routine work: quality at which half the value is reached",
    )  # fmt: skip
    difficulty_standard: float = parameter(
        -0.15, unit="logits", low=-5, high=5, plausible=(-0.65, 0.35), source=EXPLORED,
        description="Mean difficulty of standard work",
    )  # fmt: skip
    difficulty_frontier: float = parameter(
        0.95, unit="logits", low=-5, high=5, plausible=(0.45, 1.45), source=EXPLORED,
        description="Mean difficulty of frontier work",
    )  # fmt: skip
    difficulty_spread: float = parameter(
        0.5, unit="logits", low=0, high=3, source=EXPLORED,
        description="Spread of difficulty between slots",
    )  # fmt: skip
    frontier_renewal: float = parameter(
        0.2, unit="per year", low=0, high=4, plausible=(0, 0.4), source=EXPERT,
        description="Rate at which a frontier slot turns to new work at the edge",
    )  # fmt: skip


class ChoiceParameters(Parameters):
    """How a slot weighs offerings. Weights are shares of the value at stake."""

    mode: str = parameter(
        "sampled", unit="-", choices=("sampled",), source="model design",
        description="How whole runs choose; expected probabilities serve single months",
    )  # fmt: skip
    quality_form: str = parameter(
        "sigmoid", unit="-", choices=("sigmoid", "linear"), source="model design",
        description="How quality beyond need counts: it saturates, or it never does",
    )  # fmt: skip
    theta: float = parameter(
        7.0, unit="per share of value", low=0.01, high=100, plausible=(4, 16), source=EXPLORED,
        description="Median decisiveness: utils per share of value at stake",
    )  # fmt: skip
    theta_spread: float = parameter(
        0.35, unit="sd of ln", low=0, high=2, source=EXPLORED,
        description="Spread of decisiveness between firms",
    )  # fmt: skip
    dissimilarity: float = parameter(
        0.3, unit="-", low=0.05, high=1, plausible=(0.1, 1.0), source="model design",
        description="Lambda of the nested logit; a nest is a vendor's models, 1 is plain logit",
    )  # fmt: skip
    item_slope: float = parameter(
        2.2, unit="per logit", low=0, high=10, plausible=(1.2, 3.5), source=EXPLORED,
        description="Slope of success in quality minus difficulty",
    )  # fmt: skip
    risk_weight: float = parameter(
        0.12, unit="share of value", low=0, high=5, plausible=(0.05, 0.40), source=EXPLORED,
        description="Cost of exposing fully sensitive data to a vendor's own service",
    )  # fmt: skip
    exposure_foreign: float = parameter(
        1.6, unit="x", low=0, high=10, source=EXPERT,
        description="Exposure of a foreign service against a home one",
    )  # fmt: skip
    exposure_hosted: float = parameter(
        0.6, unit="x", low=0, high=10, source=EXPERT,
        description="Exposure of a hosted open model against a vendor's own service",
    )  # fmt: skip
    exposure_selfhost: float = parameter(
        0.15, unit="x", low=0, high=10, source=EXPERT,
        description="Exposure of a model on own machines run with full skill",
    )  # fmt: skip
    operations_risk: float = parameter(
        0.48, unit="x", low=0, high=10, plausible=(0.1, 0.6), source=EXPLORED,
        description="Added exposure of own machines run with no skill",
    )  # fmt: skip
    switching: float = parameter(
        1.6, unit="months of value", low=0, high=60, plausible=(1.3, 7.0), source=EXPLORED,
        description="One-off cost of moving a slot to another vendor",
    )  # fmt: skip
    switching_open: float = parameter(
        0.6, unit="x", low=0, high=2, source=EXPERT,
        description="Switching cost between two open models against other moves",
    )  # fmt: skip
    switching_inside: float = parameter(
        0.1, unit="months of value", low=0, high=60, source=EXPERT,
        description="One-off cost of moving to another model of the same vendor",
    )  # fmt: skip
    switching_access: float = parameter(
        0.02, unit="months of value", low=0, high=60, source=EXPERT,
        description="One-off cost of moving between sellers of the same model",
    )  # fmt: skip
    switching_tuned: float = parameter(
        1.5, unit="x", low=1, high=10, source=EXPERT,
        description="Factor on the cost of leaving a tuned model",
    )  # fmt: skip
    integration: float = parameter(
        0.9, unit="months of value", low=0, high=60, plausible=(0.27, 2.25), source=EXPLORED,
        description="One-off cost of integrating a vendor new to the slot",
    )  # fmt: skip
    integration_known: float = parameter(
        0.5, unit="x", low=0, high=1, source=EXPERT,
        description="Integration cost for a vendor already in the firm's portfolio",
    )  # fmt: skip
    integration_selfhost: float = parameter(
        1.4, unit="x", low=0, high=10, source=EXPERT,
        description="Integration cost of self-hosting against a service",
    )  # fmt: skip
    integration_open: float = parameter(
        0.1, unit="months of value", low=0, high=60, source=EXPERT,
        description="Added integration cost of an open model",
    )  # fmt: skip
    additional_vendor: float = parameter(
        2.0, unit="months of value", low=0, high=60, plausible=(0, 3.6), source=EXPLORED,
        description="Routing, procurement and cross-system cost of one more vendor",
    )  # fmt: skip
    holding: float = parameter(
        9.0, unit="months", low=1, high=120, plausible=(6, 12), source=EXPERT,
        description="Expected holding time over which one-off costs are spread",
    )  # fmt: skip
    control_taste: float = parameter(
        0.05, unit="share of value", low=0, high=1, plausible=(0, 0.15), source=EXPLORED,
        description="Mean taste for control over the model",
    )  # fmt: skip
    peer_weight: float = parameter(
        0.01, unit="share of value", low=0, high=1, plausible=(0, 0.15), source=EXPLORED,
        description="Pull of a vendor's share among a firm's peers",
    )  # fmt: skip
    taste_spread: float = parameter(
        0.06, unit="share of value", low=0, high=1, plausible=(0.03, 0.15), source=EXPLORED,
        description="Spread of firms' persistent tastes for vendors",
    )  # fmt: skip
    retender: float = parameter(
        0.68, unit="probability", low=0, high=1, plausible=(0.15, 0.7), source=EXPLORED,
        description="Probability that a review compares the whole list, not only the vendor's own",
    )  # fmt: skip
    large_price_change: float = parameter(
        0.5, unit="share", low=0.05, high=10, source=EXPERT,
        description="Relative price rise that makes every holder review",
    )  # fmt: skip


class AdoptionParameters(Parameters):
    """When firms that use no model wake up to look at the market (Bass)."""

    innovation: float = parameter(
        0.03, unit="per month", low=0, high=1, plausible=(0.005, 0.03), source=EXPLORED,
        description="Bass p: spontaneous wake-ups of large firms",
    )  # fmt: skip
    imitation: float = parameter(
        0.22, unit="per month", low=0, high=2, plausible=(0.1, 0.3), source=EXPLORED,
        description="Bass q: wake-ups per share of adopters among peers",
    )  # fmt: skip
    frailty: float = parameter(
        1.2, unit="Gamma shape", low=0, high=100, plausible=(0.7, 4), source=EXPLORED,
        description="Shape of the differences in readiness between firms; 0 makes all alike",
    )  # fmt: skip
    early_awareness: float = parameter(
        1.5, unit="x", low=1, high=10, source=EXPERT,
        description="Readiness of firms that consider open models against others",
    )  # fmt: skip


class PerceptionParameters(Parameters):
    """How fast the market learns what a new model is worth."""

    half_life: float = parameter(
        2.0, unit="months", low=0, high=60, plausible=(1, 8), source=EXPLORED,
        description="Half-life of the error in perceived quality after a release",
    )  # fmt: skip
    openness_information: float = parameter(
        0.0, unit="-", low=-0.99, high=0.99, plausible=(-0.6, 0.6), source=EXPERT,
        description="Open models are learned faster (positive) or slower (negative) than closed",
    )  # fmt: skip
    entrant_discount: float = parameter(
        0.25, unit="logits", low=0, high=3, plausible=(0.1, 0.4), source=EXPERT,
        description="First perceived quality of a vendor's first model, below the truth",
    )  # fmt: skip


class RestrictionParameters(Parameters):
    """Firms that forbid services run by others for a while."""

    base: float = parameter(
        0.016, unit="per month", low=0, high=1, plausible=(0.001, 0.02), source="F164",
        description="Hazard of restricting for a fully sensitive firm without incidents",
    )  # fmt: skip
    gain: float = parameter(
        0.05, unit="per month and incident", low=0, high=1, plausible=(0.01, 0.05),
        source=EXPLORED, description="Added hazard per recent incident, times sensitivity",
    )  # fmt: skip
    half_life: float = parameter(
        7.0, unit="months", low=0.5, high=120, source=EXPERT,
        description="Half-life of a restriction",
    )  # fmt: skip
    learning: float = parameter(
        15.0, unit="months", low=1, high=240, plausible=(12, 18), source=EXPERT,
        description="Time over which firms learn to live with incidents",
    )  # fmt: skip


class UsageParameters(Parameters):
    """How much is used, by whom it is tuned, what own machines cost."""

    growth: float = parameter(
        0.69, unit="ln per year", low=0, high=3, plausible=(0.3, 1.2), source=EXPLORED,
        description="First growth of tokens wanted per firm",
    )  # fmt: skip
    saturation: float = parameter(
        3.0, unit="years", low=0.1, high=50, source=EXPERT,
        description="Time over which the growth of tokens wanted dies out",
    )  # fmt: skip
    ramp: float = parameter(
        5.0, unit="months", low=0, high=60, source=EXPERT,
        description="Time over which a slot learns to use what it adopted",
    )  # fmt: skip
    ramp_start: float = parameter(
        0.15, unit="share", low=0, high=1, source=EXPERT,
        description="Share of the tokens wanted that is used in the first month",
    )  # fmt: skip
    elasticity: float = parameter(
        0.25, unit="-", low=0, high=2, plausible=(0.05, 0.6),
        source="estimates for API tokens within a year",
        description="Response of tokens to the price of the model held",
    )  # fmt: skip
    tuned_gain: float = parameter(
        0.25, unit="logits", low=0, high=2, plausible=(0, 0.5), source=EXPLORED,
        description="Quality a model gains when tuned on a full stock of own data",
    )  # fmt: skip
    tuning_data: float = parameter(
        200.0, unit="Mtok", low=1, high=1e6, plausible=(50, 1000), source=EXPLORED,
        description="Stock of own data at which 63% of the tuned gain is reached",
    )  # fmt: skip
    data_keep: float = parameter(
        0.97, unit="share per month", low=0, high=1, source=EXPERT,
        description="Share of the stock of own data still useful a month later",
    )  # fmt: skip
    tuning_tokens: float = parameter(
        50.0, unit="Mtok", low=0, high=1e5, source=EXPERT,
        description="Largest training set of one tuning job",
    )  # fmt: skip
    utilisation: float = parameter(
        0.3, unit="share", low=0.01, high=1, plausible=(0.05, 0.7), source="F135",
        description="Utilisation of self-hosted GPUs",
    )  # fmt: skip
    staff_cost: float = parameter(
        250_000.0, unit="$ per year", low=0, high=1e7, plausible=(150_000, 400_000), source="F136",
        description="Loaded cost of an engineer who runs a serving stack",
    )  # fmt: skip
    staff_needed: float = parameter(
        0.6, unit="full-time equivalents", low=0, high=20, plausible=(0.5, 3.0), source="F136",
        description="Engineers a firm with median skill needs to self-host",
    )  # fmt: skip
    services: float = parameter(
        0.35, unit="share of GPU rent", low=0, high=5, plausible=(0.1, 0.7), source=EXPLORED,
        description="Enterprise support bought from the vendor of a self-hosted open model",
    )  # fmt: skip
