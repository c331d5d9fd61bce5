"""Sums of one month over enterprises: where every token and dollar is counted once.

Each block of firms fills a ledger of its own; ledgers are added in block order, so that sums have
the same bytes on any number of threads. Money is in $ a month, tokens in Mtok, all weighted.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROW: Final = (
    "slots", "tokens", "successes", "value", "surplus", "surplus_fit", "surplus_taste", "bill",
    "money_cost", "rent", "licence", "services", "staff", "tuning", "integration", "platform_fee",
)  # fmt: skip
"""Columns per (place, offering row); place 0 is home, 1 elsewhere. Those that every slot adds to
come first."""
SEGMENT: Final = (
    "enterprises", "adopters", "slots", "open_slots", "selfhost_slots", "restricted", "tokens",
    "spend", "surplus", "paid",
)  # fmt: skip
"""Columns per (sector x band x region)."""
SURVEY: Final = (
    "firms", "adopters", "restricted", "ever_restricted", "slots", "open_slots", "any_open",
    "main_closed", "slots_year_ago", "slots_switched", "slots_upgraded", "firms_year_ago",
    "firms_left", "vendors", "three_vendors", "five_models", "path_began", "path_arrived",
    "path_months", "mixed_tokens", "tokens",
)  # fmt: skip
"""Columns per size band of home firms, for survey statistics."""
DECISION: Final = (
    "slots", "tokens", "value", "cost_money", "cost_staff", "successes", "decided", "compared",
)  # fmt: skip
"""Columns per decision cell: slots in use, then slots that chose this month and those of them
that had an alternative of the other openness; sums of eight terms of either follow."""
TERM: Final = len(DECISION)
ALTERNATIVE_TERM: Final = TERM + 8
PLATFORM: Final = ("tokens", "gross", "fee", "service_fee")
ACCESSES: Final = 3
QUARTILES: Final = 4
DECISION_CELLS: Final = 3 * QUARTILES * 3 * ACCESSES * 2 * 2
HISTOGRAM_BINS: Final = 512
HISTOGRAM_PER_OCTAVE: Final = 8
HISTOGRAM_LOWEST: Final = -24.0
"""log2 of the smallest tokens told apart, Mtok a month."""


class Ledger(NamedTuple):
    """Sums of one block or of all."""

    row: Floats
    """(2, rows, len(ROW))"""
    segment: Floats
    survey: Floats
    decision: Floats
    platform: Floats
    """(2, platforms, len(PLATFORM))"""
    histogram: Floats
    """(bins, 2): weight and tokens of home adopters by log2 of their tokens."""
    peer_slots: Floats
    """(groups, vendors) weighted slots in use."""
    peer_firms: Floats
    """(groups, 2): firms, adopters."""


def empty_ledger(rows: int, segments: int, platforms: int, vendors: int) -> Ledger:
    """A ledger of zeros."""
    return Ledger(
        row=np.zeros((2, rows, len(ROW))),
        segment=np.zeros((segments, len(SEGMENT))),
        survey=np.zeros((3, len(SURVEY))),
        decision=np.zeros((DECISION_CELLS, len(DECISION) + 16)),
        platform=np.zeros((2, max(platforms, 1), len(PLATFORM))),
        histogram=np.zeros((HISTOGRAM_BINS, 2)),
        peer_slots=np.zeros((segments, vendors)),
        peer_firms=np.zeros((segments, 2)),
    )


def add_into(total: Ledger, part: Ledger) -> None:
    """Add a block's ledger to the total, in place."""
    for into, what in zip(total, part, strict=True):
        into += what


class Sums:
    """Named access to a ledger: `sums.row("tokens")` is (2, rows)."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def row(self, name: str) -> Floats:
        """Column of the rows: (2, rows)."""
        return self.ledger.row[:, :, ROW.index(name)]

    def segment(self, name: str) -> Floats:
        """Column of the segments."""
        return self.ledger.segment[:, SEGMENT.index(name)]

    def survey(self, name: str) -> Floats:
        """Column of the bands."""
        return self.ledger.survey[:, SURVEY.index(name)]

    def platform(self, name: str) -> Floats:
        """Column of the platforms: (2, platforms)."""
        return self.ledger.platform[:, :, PLATFORM.index(name)]
