"""Operators of consumer applications that live on others' models."""

import math
from dataclasses import dataclass

from agents.host.parameters import OperatorParameters

DAYS_A_MONTH = 365.0 / 12
GROWTH_FADES = 3.0
"""Years over which growth of users dies out."""


@dataclass(slots=True)
class Operator:
    """One operator and its month: users (millions), tokens (Mtok), bill and revenue ($)."""

    key: str
    facts: OperatorParameters
    users: float = 0.0
    tokens: float = 0.0
    bill: float = 0.0
    revenue: float = 0.0
    licence: float = 0.0
    """Part of the bill that is a licence fee to the model's vendor."""
    row: int = -1
    """Row of the offer book it buys this month; -1 if nothing serves it."""

    def advance(self, month: int) -> None:
        """Users and the tokens they need this month."""
        years = month / 12
        gained = self.facts.growth * GROWTH_FADES * (1 - math.exp(-years / GROWTH_FADES))
        self.users = self.facts.users * math.exp(gained)
        per_month = self.facts.tokens * self.facts.active * DAYS_A_MONTH
        self.tokens = self.users * 1e6 * per_month
