"""The words of the market and their codes in columns.

Tables show the words; columns and the compiled kernel use the small integer codes.
"""

import re
from enum import IntEnum
from typing import Final

import numpy as np


class Tier(IntEnum):
    """Size class of a model (product tier) and, by position, the workload tier it suits."""

    SMALL = 0
    MEDIUM = 1
    LARGE = 2


class Workload(IntEnum):
    """How demanding a slot's work is."""

    ROUTINE = 0
    STANDARD = 1
    FRONTIER = 2


class Access(IntEnum):
    """How an enterprise reaches a model."""

    API = 0
    HOSTED = 1
    SELFHOST = 2


class Band(IntEnum):
    """Size band of an enterprise by staff: 1-19, 20-999, 1000 and more."""

    MICRO = 0
    MID = 1
    LARGE = 2


TIERS: Final = tuple(t.name.lower() for t in Tier)
WORKLOADS: Final = tuple(w.name.lower() for w in Workload)
ACCESSES: Final = tuple(a.name.lower() for a in Access)
BANDS: Final = tuple(b.name.lower() for b in Band)
STRATEGIES: Final = ("open", "closed", "dual")

VARIANTS: Final = 2 * len(Access)
"""Offerings per model: three kinds of access, each plain or tuned."""

NONE: Final = -1
"""Code of "no offering", "no vendor", "never" in integer columns."""

ELO_PER_LOGIT: Final = 400 / float(np.log(10))
"""Arena points per logit: 173.7."""

HOURS_A_MONTH: Final = 730.0
SECONDS_A_MONTH: Final = HOURS_A_MONTH * 3600


_DATE: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)
"""Digits of other scripts are no dates, though `int` reads them."""


def month_index(date: str) -> int:
    """Months since 2023-01 of a date written YYYY-MM; negative before.

    Raises ValueError for any other text.
    """
    found = _DATE.fullmatch(date)
    if found is None:
        raise ValueError(f"a month is written YYYY-MM, such as 2024-12, not {date!r}")
    return (int(found[1]) - 2023) * 12 + int(found[2]) - 1


def month_name(month: int) -> str:
    """Date YYYY-MM of a month counted from 2023-01."""
    return f"{2023 + month // 12}-{month % 12 + 1:02d}"
