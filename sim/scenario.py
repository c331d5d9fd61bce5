"""The tree of all parameters of one run."""

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from pydantic import model_validator

from agents.common.licence import LICENCE_NAMES
from agents.common.parameter import Parameters, parameter
from agents.common.vocabulary import STRATEGIES, TIERS, month_index
from agents.enterprise.parameters import (
    AdoptionParameters,
    BandParameters,
    ChoiceParameters,
    EnterpriseParameters,
    PerceptionParameters,
    RegionParameters,
    RestrictionParameters,
    SectorParameters,
    UsageParameters,
)
from agents.host.parameters import HostParameters, OperatorParameters, PlatformParameters
from agents.vendor.business_parameters import FinanceParameters, PricingParameters, ReviewParameters
from agents.vendor.parameters import (
    CapabilityParameters,
    CrowdParameters,
    ReleaseParameters,
    VendorParameters,
)
from sim.interventions import changed
from sim.parameters import (
    EnvironmentParameters,
    EventParameters,
    HistoryParameters,
    IncidentParameters,
    OutputParameters,
)

EVENT_TARGETS = {
    "price-cut": "vendor", "vendor-exit": "vendor", "vendor-entry": "vendor",
    "strategy-switch": "vendor", "licence-change": "vendor", "weights-leak": "vendor",
    "residency-rule": "region", "export-control": "region",
}  # fmt: skip
"""What the target of an event kind must name."""
OPTIONAL_VENDOR = ("breach", "algorithmic-leap")
EVENT_VALUES = {
    "strategy-switch": STRATEGIES,
    "licence-change": LICENCE_NAMES[1:],
    "payment-terms": ("prepaid", "postpaid"),
}
"""Words an event kind needs in `value`."""
LARGEST_LEAP = 20.0
MOST_CREDIT_DAYS = 365
POSITIVE = ("price-cut", "gpu-price-change", "export-control")


def data_table(file: str, section: str | None = None) -> Mapping[str, Mapping[str, Any]]:
    """Entries of a starting-data file in `sim/data`, by id; not to be changed."""
    tree = data_file(file)
    found: Mapping[str, Mapping[str, Any]] = tree[section] if section else tree
    return found


@cache
def data_file(file: str) -> dict[str, Any]:
    """A starting-data file, read once."""
    return tomllib.loads((resources.files("sim.data") / file).read_text(encoding="utf-8"))


def _entries[P: Parameters](
    kind: type[P], file: str, section: str | None = None
) -> Callable[[], dict[str, P]]:
    def build() -> dict[str, P]:
        return {key: kind(**entry) for key, entry in data_table(file, section).items()}

    return build


def check_month(text: str, where: str) -> None:
    """Refuse what is not a date YYYY-MM from 2022-01 to 2059-12."""
    try:
        month = month_index(text)
        well_formed = len(text) == 7 and 1 <= int(text[5:]) <= 12
    except ValueError:
        month, well_formed = 0, False
    if not well_formed or not -12 <= month < 444:
        raise ValueError(f"{where} must be a month written YYYY-MM, such as 2024-12, not '{text}'")


class Scenario(Parameters):
    """One world: every parameter of a run, with defaults for the market of 2023.

    Built by `sim.loading.load` from a preset or a file, and by hand in Python. Frozen: a changed
    world is a new scenario.
    """

    name: str = parameter("baseline", unit="text", description="Name", source="scenario")
    summary: str = parameter(
        "The market as it was and may become", unit="text",
        description="What it is, one line", source="scenario",
    )  # fmt: skip
    seed: int = parameter(
        1, unit="-", low=0, high=2**63 - 1, description="Root seed", source="scenario"
    )
    months: int = parameter(
        96, unit="months", low=1, high=420, description="Months from 2023-01", source="scenario"
    )
    history: HistoryParameters = HistoryParameters()
    environment: EnvironmentParameters = EnvironmentParameters()
    enterprise: EnterpriseParameters = EnterpriseParameters()
    choice: ChoiceParameters = ChoiceParameters()
    adoption: AdoptionParameters = AdoptionParameters()
    perception: PerceptionParameters = PerceptionParameters()
    restriction: RestrictionParameters = RestrictionParameters()
    usage: UsageParameters = UsageParameters()
    capability: CapabilityParameters = CapabilityParameters()
    crowd: CrowdParameters = CrowdParameters()
    release: ReleaseParameters = ReleaseParameters()
    pricing: PricingParameters = PricingParameters()
    finance: FinanceParameters = FinanceParameters()
    review: ReviewParameters = ReviewParameters()
    host: HostParameters = HostParameters()
    incident: IncidentParameters = IncidentParameters()
    output: OutputParameters = OutputParameters()
    vendors: dict[str, VendorParameters] = parameter(
        factory=_entries(VendorParameters, "vendors.toml"), unit="roster",
        description="Vendors by id", source="sim/data/vendors.toml",
    )  # fmt: skip
    sectors: dict[str, SectorParameters] = parameter(
        factory=_entries(SectorParameters, "enterprises.toml", "sectors"), unit="table",
        description="Sectors by id", source="sim/data/enterprises.toml",
    )  # fmt: skip
    bands: dict[str, BandParameters] = parameter(
        factory=_entries(BandParameters, "enterprises.toml", "bands"), unit="table",
        description="Size bands: micro, mid, large", source="sim/data/enterprises.toml",
    )  # fmt: skip
    regions: dict[str, RegionParameters] = parameter(
        factory=_entries(RegionParameters, "enterprises.toml", "regions"), unit="table",
        description="Regions by id", source="sim/data/enterprises.toml",
    )  # fmt: skip
    platforms: dict[str, PlatformParameters] = parameter(
        factory=_entries(PlatformParameters, "hosts.toml", "platforms"), unit="table",
        description="Platforms by id", source="sim/data/hosts.toml",
    )  # fmt: skip
    operators: dict[str, OperatorParameters] = parameter(
        factory=_entries(OperatorParameters, "hosts.toml", "operators"), unit="table",
        description="Application operators by id", source="sim/data/hosts.toml",
    )  # fmt: skip
    events: list[EventParameters] = parameter(
        factory=list, unit="list", description="Scheduled events", source="scenario"
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Scenario":
        check_month(self.history.until, "history.until")
        self._check_roster()
        self._check_tables()
        for number, event in enumerate(self.events):
            check_month(event.month, f"events[{number}].month")
            self._check_event(event, f"events[{number}]")
        if self.enterprise.review_shortest > self.enterprise.review_longest:
            raise ValueError(
                "enterprise.review_shortest must not exceed enterprise.review_longest "
                f"({self.enterprise.review_shortest} > {self.enterprise.review_longest})"
            )
        return self

    def _check_event(self, event: EventParameters, where: str) -> None:
        """Refuse an event without the target or value its kind needs."""
        targets = {"vendor": list(self.vendors), "region": list(self.regions)}
        needed = EVENT_TARGETS.get(event.kind)
        if needed and event.target not in targets[needed]:
            known = ", ".join(targets[needed])
            raise ValueError(f"{where}.target must be a {needed}'s id for {event.kind}: {known}")
        if event.kind in OPTIONAL_VENDOR and event.target and event.target not in self.vendors:
            known = ", ".join(self.vendors)
            raise ValueError(f"{where}.target must be a vendor's id or left out: {known}")
        if event.kind == "set-parameter":
            try:
                changed(self, event.target or "", event.magnitude, event.value)
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from None
        values = EVENT_VALUES.get(event.kind)
        if values and event.value not in values:
            raise ValueError(f"{where}.value must be one of {', '.join(values)} for {event.kind}")
        if event.kind == "payment-terms" and not 0 <= event.magnitude <= MOST_CREDIT_DAYS:
            raise ValueError(f"{where}.magnitude must be 0 to {MOST_CREDIT_DAYS} days of credit")
        if event.kind == "algorithmic-leap" and abs(event.magnitude) > LARGEST_LEAP:
            raise ValueError(f"{where}.magnitude must be within {LARGEST_LEAP} (ln) either way")
        if event.kind in POSITIVE and event.magnitude <= 0:
            raise ValueError(f"{where}.magnitude must be above 0 for {event.kind}: it multiplies")

    def _check_roster(self) -> None:
        if len(self.vendors) + self.finance.entry_slots > 64:
            raise ValueError("vendors and finance.entry_slots together must not exceed 64")
        names: dict[str, str] = {}
        for key, vendor in self.vendors.items():
            check_month(vendor.enters, f"vendors.{key}.enters")
            if vendor.name in names:
                raise ValueError(
                    f"vendors.{key}.name repeats '{vendor.name}' of vendors.{names[vendor.name]}; "
                    "give each vendor a name of its own"
                )
            names[vendor.name] = key
            if vendor.region not in self.regions:
                known = ", ".join(self.regions)
                raise ValueError(f"vendors.{key}.region must be one of {known}")
            if unknown := set(vendor.open_tiers) - set(TIERS):
                raise ValueError(
                    f"vendors.{key}.open_tiers has '{sorted(unknown)[0]}'; tiers are "
                    + ", ".join(TIERS)
                )

    def _check_tables(self) -> None:
        if set(self.bands) != {"micro", "mid", "large"}:
            raise ValueError("bands must be exactly micro, mid and large")
        for label in ("sectors", "regions"):
            total = sum(row.share for row in getattr(self, label).values())
            if not 0.99 <= total <= 1.01:
                raise ValueError(f"{label}: the shares must add up to 1, not {total:.3f}")
        if not any(region.home for region in self.regions.values()):
            raise ValueError("regions: at least one must be home")
        if sum(platform.share for platform in self.platforms.values()) > 1.0 + 1e-9:
            raise ValueError("platforms: the shares must not exceed 1 together")
        for key, platform in self.platforms.items():
            if platform.owner and platform.owner not in self.vendors:
                raise ValueError(f"platforms.{key}.owner '{platform.owner}' is no vendor's id")
        for key, operator in self.operators.items():
            if operator.region not in self.regions:
                raise ValueError(f"operators.{key}.region '{operator.region}' is no region's id")
