"""Platforms: one contract for hosted open models, resold services and own machines."""

from dataclasses import dataclass

from agents.host.parameters import PlatformParameters


@dataclass(slots=True)
class Platform:
    """One platform and its month: tokens (Mtok), gross sales, fees earned and costs ($)."""

    key: str
    facts: PlatformParameters
    packaging: float
    tokens: float = 0.0
    gross: float = 0.0
    fee: float = 0.0
    passed_on: float = 0.0
    """Part of the fee that goes to the vendors it resells."""
    cost: float = 0.0

    @property
    def net(self) -> float:
        """$ a month left of the fees; goes to the vendor that owns the platform, if one does."""
        return self.fee - self.passed_on - self.cost
