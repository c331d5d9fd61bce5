"""A vendor: a Mesa agent with a strategy, models on sale, money and a history."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import mesa

from agents.common.licence import LICENCES
from agents.common.offers import Model
from agents.common.randomness import name_id
from agents.vendor.parameters import VendorParameters
from agents.vendor.strategies import Strategy, strategy_named

MONTHS_A_YEAR = 12


@dataclass(slots=True)
class Account:
    """A vendor's money in one month, M$ of 2023. Receipts and costs are accruals."""

    api: float = 0.0
    services: float = 0.0
    licence: float = 0.0
    royalty: float = 0.0
    platform: float = 0.0
    """What is left of the fees of a platform of its own."""
    complement: float = 0.0
    serving: float = 0.0
    packaging: float = 0.0
    training: float = 0.0
    staff: float = 0.0
    subsidy: float = 0.0
    bad_debt: float = 0.0
    funding: float = 0.0
    receivables_change: float = 0.0
    home_share: float = 1.0
    """Home's part of revenue; 1 if there is none."""

    @property
    def revenue(self) -> float:
        """Sales of all kinds, without complement and funding."""
        return self.api + self.services + self.licence + self.royalty + self.platform

    @property
    def profit(self) -> float:
        """Sales less all costs."""
        costs = self.serving + self.packaging + self.training + self.staff + self.bad_debt
        return self.revenue - costs

    @property
    def cash_flow(self) -> float:
        """What the month adds to cash."""
        return self.profit + self.complement + self.funding - self.receivables_change


@dataclass(slots=True)
class Plan:
    """Next release of each tier: month and number of the generation."""

    month: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    generation: list[int] = field(default_factory=lambda: [0, 0, 0])


class Vendor(mesa.Agent):  # type: ignore[misc]
    """One vendor of models.

    Attributes worth knowing: `strategy` (an object), `licence` (name), `models` (all releases,
    oldest first), `budget` (ln of one large run in 78 M$), `lead` (private, ln), `cash` (M$),
    `packaging` (share of value), `served` (Mtok so far), `reputation` (recent incidents of its
    own, decaying), `account` (this month's money), `alive`.
    """

    def __init__(self, model: Any, key: str, index: int, facts: VendorParameters) -> None:
        super().__init__(model)
        self.key = key
        self.index = index
        self.facts = facts
        self.name = facts.name
        self.address = name_id(key)
        self.archetype = facts.archetype
        self.region = facts.region
        self.strategy: Strategy = strategy_named(facts.strategy, facts.open_tiers)
        self.licence = facts.licence
        self.models: list[Model] = []
        self.budget = facts.budget
        self.lead = facts.lead
        self.offset = 0.0
        """Lasting efficiency against others at equal money (ln): data, talent, cost of compute."""
        self.cash = facts.cash
        self.staff = facts.staff
        self.packaging = facts.packaging
        self.crowd_packaging = 0.0
        self.crowd_quality = 0.0
        self.users = 0.0
        self.served = 0.0
        self.receivables = 0.0
        self.reputation = 0.0
        self.family_tokens = 0.0
        self.baseline_tokens: float | None = None
        self.income: deque[float] = deque(maxlen=MONTHS_A_YEAR)
        self.account = Account()
        self.plan = Plan()
        self.alive = True
        self.last_decision = ""

    @property
    def is_startup(self) -> bool:
        """No complement base and under a billion dollars at the start."""
        return self.facts.complement == 0 and self.facts.cash < 1000

    @property
    def year_income(self) -> float:
        """Income of the last twelve months, M$; scaled up in the first year."""
        return sum(self.income) * MONTHS_A_YEAR / len(self.income) if self.income else 0.0

    @property
    def licence_code(self) -> int:
        """Column code of the licence it publishes under."""
        return LICENCES[self.licence].code

    def current(self, tier: int, month: int) -> Model | None:
        """Best model of a tier that new buyers can get from anybody."""
        best: Model | None = None
        for item in self.models:
            live = item.superseded is None and item.withdrawn is None and item.on_sale <= month
            if item.tier == tier and live and (best is None or item.q >= best.q):
                best = item
        return best
