"""A small tree of parameters with every kind of field, to test loading without the real one."""

from typing import Literal

from pydantic import model_validator

from agents.common.parameter import Parameters, parameter

WHERE = "assumption"


class ToyEnterprise(Parameters):
    """Firms."""

    population: int = parameter(
        2000, unit="firms", low=200, high=100_000_000, description="Firms simulated", source=WHERE
    )
    shares: tuple[float, ...] = parameter(
        (0.5, 0.5), unit="share", low=0, high=1, description="Shares by tier", source=WHERE
    )
    wage: float | None = parameter(
        None, unit="$/month", low=0, high=1e6, description="Wage of operators", source=WHERE
    )
    loyal: bool = parameter(False, unit="-", description="Never switches", source=WHERE)
    shortest: int = parameter(6, unit="months", low=1, high=60, description="From", source=WHERE)
    longest: int = parameter(12, unit="months", low=1, high=60, description="To", source=WHERE)

    @model_validator(mode="after")
    def _ordered(self) -> "ToyEnterprise":
        if self.shortest > self.longest:
            raise ValueError("enterprise.shortest must not exceed enterprise.longest")
        return self


class ToyVendor(Parameters):
    """One vendor."""

    name: str = parameter(..., unit="text", description="Name shown", source=WHERE)
    strategy: Literal["open", "closed", "dual"] = parameter(
        ..., unit="-", description="Strategy", source=WHERE
    )
    cash: float = parameter(
        1, unit="M$", low=-10, high=1e5, plausible=(0, 10), description="Cash", source=WHERE
    )


class ToyEvent(Parameters):
    """One event."""

    month: int = parameter(..., unit="months", low=0, high=400, description="When", source=WHERE)
    kind: str = parameter(
        ..., unit="-", choices=("breach", "price-cut"), description="What", source=WHERE
    )


def roster() -> dict[str, ToyVendor]:
    """Default vendors; not in alphabetical order."""
    return {
        "openai": ToyVendor(name="OpenAI", strategy="closed"),
        "meta": ToyVendor(name="Meta", strategy="open", cash=5),
    }


class ToyScenario(Parameters):
    """Root of the toy tree."""

    name: str = parameter("toy", unit="text", description="Name", source=WHERE)
    summary: str = parameter("", unit="text", description="One line", source=WHERE)
    seed: int = parameter(1, unit="-", low=0, high=2**63 - 1, description="Seed", source=WHERE)
    months: int = parameter(96, unit="months", low=1, high=420, description="Span", source=WHERE)
    enterprise: ToyEnterprise = ToyEnterprise()
    vendors: dict[str, ToyVendor] = parameter(
        factory=roster, unit="table", description="Vendors by id", source=WHERE
    )
    events: list[ToyEvent] = parameter(
        factory=list, unit="list", description="Scheduled events", source=WHERE
    )

    @model_validator(mode="after")
    def _distinct(self) -> "ToyScenario":
        names = [vendor.name for vendor in self.vendors.values()]
        for key, vendor in self.vendors.items():
            if names.count(vendor.name) > 1:
                raise ValueError(f"vendors.{key}.name '{vendor.name}' is used twice")
        return self
