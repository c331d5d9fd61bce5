"""What all firms see in a month: last month's shares and peers, this month's demand and hazards."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class World(NamedTuple):
    """What all firms see this month."""

    month: int
    demand: float
    """Tokens wanted per firm against 2023-01."""
    row_of: NDArray[np.int32]
    """Row of an offering id; -1 if it is gone."""
    vendor_keys: NDArray[np.uint32]
    """Addresses of vendors; zeros after the last, up to whole chunks."""
    peers: NDArray[np.float32]
    """(groups, vendors) share of a vendor among the peers' slots, last month."""
    peer_adoption: NDArray[np.float32]
    """(groups,) share of adopters among peers, last month."""
    innovation: float
    imitation: float
    adoption_scale: NDArray[np.float32]
    """By band."""
    restriction_hazard: NDArray[np.float64]
    """(2,) base and incident part per month for a fully sensitive firm."""
    restriction_end: float
    renewal: float
    """Chance that a frontier slot turns to new work this month."""
    frontier_quality: float
    ramp: NDArray[np.float32]
    """Share of tokens used by months since adoption."""
    data_keep: float
    home: NDArray[np.int8]
    """By region."""
    explained: int
    """Every so-many-th firm has the terms of its decisions recorded."""
    stirred: np.uint64
    """Bit per vendor of whose offerings one calls its holders this month, or may be held no more
    by somebody."""
