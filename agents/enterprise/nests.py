"""What each class of firms may buy, laid out for vector code: nests padded to whole chunks.

A nest holds one vendor's entries. After them it keeps at least one spare place, for what a slot
holds although new buyers no longer see it, and fills up to a multiple of `LANES`, so that loops
over a nest never end in a scalar rest. The last nest of a class has spare places only: for what is
held of a vendor that has nothing on the list.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.offers import ClassLists
from agents.common.vocabulary import NONE

F32 = NDArray[np.float32]
LANES = 8
"""Entries a vector instruction of the compiled code takes at once."""
NEVER = np.float32(-1e30)
"""Utility of what a slot does not consider."""


class NestLists(NamedTuple):
    """Entries of every class, nest by nest; columns as in `ClassLists`, zero in spare places."""

    first_nest: NDArray[np.int64]
    """(classes + 1,) where the nests of each class start."""
    start: NDArray[np.int64]
    """(nests + 1,) where the entries of each nest start."""
    vendor: NDArray[np.int16]
    """(nests,) -1 for the last nest of a class."""
    nest_of: NDArray[np.int32]
    """(classes, vendors) nest of a vendor; the last one of the class if it has none."""
    entry_of: NDArray[np.int32]
    """(classes, rows of the book) where a row is evaluated: its entry, a spare place if only those
    who hold it may use it, -1 if nobody of the class may."""
    row: NDArray[np.int32]
    """(entries,) -1 for spare places."""
    key: NDArray[np.uint32]
    variant: NDArray[np.int8]
    access: F32
    absent: F32
    """`NEVER` in spare places, else 0."""
    opened: F32
    selfhost: F32
    q: F32
    gain: F32
    price: F32
    exposure: F32
    exposure_skill: F32
    packaging: F32
    control: F32
    tuning_price: F32
    rent: F32
    fees: F32
    per_capacity: F32
    position: NDArray[np.int64]
    """Where the entries of `ClassLists` went."""


def whole_chunks(count: int) -> int:
    """The next multiple of `LANES`."""
    return -(-count // LANES) * LANES


COPIED = (
    "opened", "selfhost", "q", "gain", "price", "exposure", "exposure_skill", "packaging",
    "control", "tuning_price", "rent", "fees", "per_capacity",
)  # fmt: skip
"""Columns taken over from `ClassLists`."""


def nest_lists(lists: ClassLists, vendor_of: NDArray[np.int16], vendors: int) -> NestLists:
    """The lists of all classes, nest by nest; vendor_of: the vendor of each row of the book."""
    classes = lists.start.size - 1
    code = np.repeat(np.arange(classes), np.diff(lists.start))
    lasts = np.arange(classes) * (vendors + 1) + vendors
    nests, inverse, count = np.unique(
        np.concatenate([code * (vendors + 1) + lists.vendor, lasts]),
        return_inverse=True, return_counts=True,
    )  # fmt: skip
    count[inverse[code.size :]] = 0
    start = np.concatenate([[0], np.cumsum((count + LANES) // LANES * LANES)])
    of_entry = inverse[: code.size]
    rank = np.arange(code.size) - np.concatenate([[0], np.cumsum(count)])[of_entry]
    position = start[of_entry] + rank
    vendor = nests % (vendors + 1)
    last_nest = np.searchsorted(nests, lasts)
    nest_of = np.repeat(last_nest[:, None], vendors, axis=1)
    real = vendor < vendors
    nest_of[nests[real] // (vendors + 1), vendor[real]] = np.flatnonzero(real)
    spare = (start[:-1] + count)[nest_of[:, vendor_of]]
    entry_of = np.where(lists.usable == 1, spare, NONE)
    entry_of[code, lists.row] = position
    size = int(start[-1])

    def spread[T: np.generic](values: NDArray[T], blank: int | np.float32) -> NDArray[T]:
        found = np.full(size, blank, values.dtype)
        found[position] = values
        return found

    return NestLists(
        first_nest=np.searchsorted(nests, np.arange(classes + 1) * (vendors + 1)),
        start=start,
        vendor=np.where(real, vendor, NONE).astype(np.int16),
        nest_of=nest_of.astype(np.int32),
        entry_of=entry_of.astype(np.int32),
        row=spread(lists.row, NONE),
        key=spread(lists.key, 0),
        variant=spread(lists.variant, 0),
        access=spread((lists.variant % 3).astype(np.float32), 0),
        absent=spread(np.zeros(code.size, np.float32), NEVER),
        position=position,
        **{name: spread(getattr(lists, name), 0) for name in COPIED},
    )


def repriced_nests(nests: NestLists, lists: ClassLists) -> NestLists:
    """The same nests with the prices of lists of the same entries."""
    price = np.zeros_like(nests.price)
    price[nests.position] = lists.price
    return nests._replace(price=price)
