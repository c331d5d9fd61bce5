"""The tree of all parameters of one run."""

from collections.abc import Callable

from pydantic import model_validator

from agents.common.parameter import Parameters, parameter
from agents.common.vocabulary import TIERS, month_index, month_name
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
from sim.data_files import data_table
from sim.event_checks import check_events
from sim.parameters import (
    EnvironmentParameters,
    EventParameters,
    HistoryParameters,
    IncidentParameters,
    OutputParameters,
)
from sim.record import PRICE_CHANGES, RELEASES, record_end


def _entries[P: Parameters](
    kind: type[P], file: str, section: str | None = None
) -> Callable[[], dict[str, P]]:
    def build() -> dict[str, P]:
        return {key: kind(**entry) for key, entry in data_table(file, section).items()}

    return build


def check_month(text: str, where: str) -> None:
    """Refuse what is not a date YYYY-MM from 2022-01 to 2059-12."""
    try:
        well_formed = -12 <= month_index(text) < 444
    except ValueError:
        well_formed = False
    if not well_formed:
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
        self._check_history()
        self._check_roster()
        self._check_tables()
        for number, event in enumerate(self.events):
            check_month(event.month, f"events[{number}].month")
        check_events(self)
        if self.enterprise.review_shortest > self.enterprise.review_longest:
            raise ValueError(
                "enterprise.review_shortest must not exceed enterprise.review_longest "
                f"({self.enterprise.review_shortest} > {self.enterprise.review_longest})"
            )
        return self

    def _check_history(self) -> None:
        """Refuse a record longer than there is: nobody would release anything after its end."""
        check_month(self.history.until, "history.until")
        if month_index(self.history.until) > record_end():
            end = month_name(record_end())
            raise ValueError(
                f"history.until is {self.history.until}, but the record ends in {end}, the last "
                f"month with a row in {RELEASES} or {PRICE_CHANGES}; take {end} or an earlier month"
            )

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
        if not sum(region.share for region in self.regions.values() if region.home):
            raise ValueError("regions: at least one with a share above 0 must be home")
        if sum(platform.share for platform in self.platforms.values()) > 1.0 + 1e-9:
            raise ValueError("platforms: the shares must not exceed 1 together")
        for key, platform in self.platforms.items():
            if platform.owner and platform.owner not in self.vendors:
                raise ValueError(f"platforms.{key}.owner '{platform.owner}' is no vendor's id")
        for key, operator in self.operators.items():
            if operator.region not in self.regions:
                raise ValueError(f"operators.{key}.region '{operator.region}' is no region's id")
