"""The columns enterprises and their slots live in: one array per attribute.

A firm's slots are contiguous: slots of firm `f` are `first_slot[f]` to `first_slot[f + 1] - 1`,
ordered by workload tier. Nothing here is drawn; `population.py` fills the fixed columns and the
monthly kernel in `month.py` advances the state.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.vocabulary import NONE

F32 = NDArray[np.float32]
I8 = NDArray[np.int8]
I16 = NDArray[np.int16]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

NOT_DUE = np.int16(32767)
SLOTS_A_FIRM = 16
"""Address space of a firm's slots: slot id = firm id x 16 + position."""


class Firms(NamedTuple):
    """One row per enterprise. Shares and tastes are fractions of value at stake."""

    first_slot: I64
    """(firms + 1,) where each firm's slots start."""
    weight: NDArray[np.float64]
    """Real firms this one stands for: inverse inclusion probability."""
    region: I8
    sector: I8
    band: I8
    group: I16
    """Peer group: sector x band x region."""
    employees: F32
    intensity: F32
    """Tokens wanted per employee and month when mature, Mtok, at the demand of 2023."""
    builder: I8
    sensitivity: F32
    residency: I8
    own_base: F32
    """Discount on GPU rent for hardware the firm owns."""
    own_quartile: I8
    skill: F32
    aware: I8
    capital_cost: F32
    control: F32
    theta: F32
    interval: I8
    """Months between reviews of a slot."""
    frailty: F32
    """Readiness to adopt, mean near 1."""
    platform: I8
    adopted_since: I16
    restricted: I8
    ever_restricted: I8
    portfolio: NDArray[np.uint64]
    """Bit per vendor in use last month, and while firms choose per vendor that stays."""
    tokens: F32
    spend: F32
    next_due: I16
    """First month in which a slot's review may fall due: before it, only what happens to the firm
    or to its vendors makes it look. `NOT_DUE` for firms without a model."""
    frontier_slots: I8
    """Slots of frontier work: the last of a firm's slots."""


class Slots(NamedTuple):
    """One row per slot (a use of a model by a firm)."""

    tier: I8
    tokens: F32
    """Mtok a month wanted when mature, at the demand of 2023."""
    value: F32
    """$ per Mtok of work done perfectly."""
    difficulty: F32
    offering: I32
    """Model x 6 + variant held, or -1."""
    channel: I8
    """1 if bought through the firm's platform."""
    vendor: I16
    """Vendor of the offering held now or last, or -1."""
    earlier_vendor: I16
    taste: F32
    """The firm's lasting taste for the vendor."""
    in_use_since: I16
    vendor_since: I16
    model_since: I16
    held_since: I16
    next_review: I16
    data: F32
    """Stock of own data useful for tuning, Mtok."""
    path: I8
    """Way to a tuned open model: 0 none, 1 began on a closed service, 2 arrived."""
    path_months: I16


DECIDES_WHAT_IS_ALLOWED = ("region", "residency", "restricted", "aware")
"""Columns of firms that decide what they may hold. Who has one may write to it: all firms then look
at what they hold in the next month."""
FirmRows = Any
"""Structured array with the fields of `Firms` (first_slot and slot_count for its first column)."""
SlotRows = Any
"""Structured array with the fields of `Slots`."""


def firm_rows_of(firms: Firms) -> FirmRows:
    """Columns packed row by row, so that one firm lies in one or two cache lines."""
    fields: dict[str, Any] = dict(zip(Firms._fields[1:], firms[1:], strict=True))
    counts = np.diff(firms.first_slot).astype(np.int8)
    columns: dict[str, Any] = {"first_slot": firms.first_slot[:-1], "slot_count": counts, **fields}
    kinds = [(name, array.dtype) for name, array in columns.items()]
    rows = np.empty(len(counts), np.dtype(kinds, align=True))
    for name, array in columns.items():
        rows[name] = array
    return rows


class EnterpriseColumns:
    """All enterprises of one market: fixed columns, state, and the stock of their slots.

    `firms` and `slots` are columns for code in numpy; `firm_rows` and `slot_rows` the same memory
    row by row for compiled code.
    """

    def __init__(self, firm_rows: FirmRows) -> None:
        """Take over rows of firms; their slots want nothing and hold nothing yet."""
        last = firm_rows["first_slot"][-1:] + firm_rows["slot_count"][-1:]
        first_slot = np.concatenate([firm_rows["first_slot"], last]).astype(np.int64)
        self.firm_rows = firm_rows
        self.slot_rows: SlotRows = empty_slot_rows(int(first_slot[-1]))
        self.firms = Firms(first_slot, *(firm_rows[name] for name in Firms._fields[1:]))
        self.slots = self.slots_of(slice(None))
        self.model: object = None
        """The market these enterprises live in; set by it."""
        self.identity: I64 = np.arange(len(self), dtype=np.int64)

    def __len__(self) -> int:
        return len(self.firms.weight)

    def slots_of(self, block: slice) -> Slots:
        """Columns of neighbouring slots, writable."""
        return Slots(*(self.slot_rows[name][block] for name in Slots._fields))

    def column_names(self) -> tuple[str, ...]:
        """Names of the columns with one value per enterprise."""
        return tuple(name for name in Firms._fields if name != "first_slot")

    def column(self, name: str) -> NDArray[np.generic]:
        """The whole column of this name, writable; KeyError if there is none."""
        if name not in self.column_names():
            raise KeyError(name)
        if name in DECIDES_WHAT_IS_ALLOWED:
            self.firms.next_due[:] = 0
        array: NDArray[np.generic] = getattr(self.firms, name)
        return array

    @property
    def bytes(self) -> int:
        """Memory of all columns."""
        return int(self.firm_rows.nbytes + self.slot_rows.nbytes + self.firms.first_slot.nbytes)


SLOT_TYPES: dict[str, type[np.generic]] = {
    "tier": np.int8, "tokens": np.float32, "value": np.float32, "difficulty": np.float32,
    "offering": np.int32, "channel": np.int8, "vendor": np.int16, "earlier_vendor": np.int16,
    "taste": np.float32, "in_use_since": np.int16, "vendor_since": np.int16,
    "model_since": np.int16, "held_since": np.int16, "next_review": np.int16, "data": np.float32,
    "path": np.int8, "path_months": np.int16,
}  # fmt: skip
HOLDS_NOTHING = (
    "offering", "vendor", "earlier_vendor", "in_use_since", "vendor_since", "model_since",
    "held_since",
)  # fmt: skip
"""Columns that are -1 where a slot holds, and held, nothing."""


def empty_slot_rows(count: int) -> SlotRows:
    """Slots that want nothing and hold nothing yet."""
    rows = np.zeros(count, np.dtype(list(SLOT_TYPES.items()), align=True))
    for name in HOLDS_NOTHING:
        rows[name] = NONE
    return rows
