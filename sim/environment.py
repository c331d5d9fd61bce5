"""What nobody in the market decides: hardware, public algorithms, GPU rent, demand."""

import math
from itertools import pairwise
from typing import Final

from agents.enterprise.parameters import UsageParameters
from agents.vendor import capability
from sim.counterfactual import recorded_step, reference
from sim.data_files import DataError, csv_rows, data_text
from sim.scenario import Scenario

GPU_RENT: Final = "gpu_rent.csv"
RENT: Final = "dollars_per_gpu_hour"
SMALLEST_RENT: Final = 0.001


def rent_record() -> list[tuple[int, float]]:
    """Recorded rent of a GPU hour: (month, $)."""
    return rents_in(data_text(GPU_RENT))


def rents_in(text: str) -> list[tuple[int, float]]:
    """The same of a text in the format of gpu_rent.csv; DataError for a row that cannot be."""
    found: list[tuple[int, float]] = []
    for row in csv_rows(GPU_RENT, text, ("month", RENT), "month"):
        month = row.month("month")
        if found and month <= found[-1][0]:
            row.refuse("months must follow one another, the earliest first")
        found.append((month, row.number(RENT, SMALLEST_RENT)))
    if not found:
        raise DataError(f"{GPU_RENT} has no rows")
    return found


def recorded_rent(month: int, record: list[tuple[int, float]]) -> float:
    """Rent by linear interpolation of the record; constant outside."""
    for (m0, p0), (m1, p1) in pairwise(record):
        if m0 <= month <= m1:
            return p0 + (p1 - p0) * (month - m0) / (m1 - m0)
    return record[0][1] if month < record[0][0] else record[-1][1]


def demand_growth(month: float, rules: UsageParameters) -> float:
    """Tokens wanted per firm against 2023-01: growth that dies out."""
    years = month / 12
    return math.exp(rules.growth * rules.saturation * (1 - math.exp(-years / rules.saturation)))


class Environment:
    """State of the surroundings in one month.

    `public` is ln A_public against 2023-01; `efficiency` what a dollar of serving buys against
    2023-01; `gpu_rent` in $ an hour; `demand` tokens wanted per firm against 2023-01.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        """Its parameters may change during a run."""
        self.recorded = reference(scenario)
        self._record = rent_record()
        self.month = -1
        self.public = 0.0
        self.recorded_public = 0.0
        """The same in the record: apart from `public` only in a counterfactual."""
        self.gpu_rent = 0.0
        self.efficiency = 1.0
        self.demand = 1.0
        self.rent_factor = 1.0
        """Product of all GPU price events so far."""

    def advance(self, month: int, publishing: float) -> None:
        """Move to this month; `publishing` is the share of vendors that publish weights."""
        rules = self.scenario.capability
        if month > 0:
            degree = capability.publication_degree(publishing, rules)
            self.public += capability.algorithm_step(degree, rules)
            self.recorded_public += recorded_step(month, self.recorded)
        self.month = month
        self.gpu_rent = self._rent(month)
        self.efficiency = self._efficiency(month)
        self.demand = demand_growth(month, self.scenario.usage)

    @property
    def served_per_dollar(self) -> float:
        """What a dollar of serving buys against 2023-01: less where GPUs are dearer than recorded.

        The record's own fall of GPU prices is part of `efficiency`.
        """
        return self.efficiency / (self.scenario.environment.gpu_price_scale * self.rent_factor)

    def _rent(self, month: int) -> float:
        rules = self.scenario.environment
        last = self._record[-1][0]
        rent = recorded_rent(month, self._record)
        if month > last:
            fall = math.exp(-rules.gpu_price_decline * (month - last) / 12)
            rent = max(rent * fall, rules.gpu_price_floor)
        return rent * rules.gpu_price_scale * self.rent_factor

    def _efficiency(self, month: int) -> float:
        """Serving efficiency: exponential at first, smoothly limited."""
        rules = self.scenario.pricing
        free = float(rules.efficiency_growth ** (month / 12))
        return 1.0 / (1.0 / free + 1.0 / rules.efficiency_limit)
