"""Columns that the peer in numpy works on: offerings of a list, and the slots that look at it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.vocabulary import NONE
from agents.enterprise.evaluation import taste_at
from benchmarks.peers.task import Ints, Task

Array = NDArray[Any]


class Offered(NamedTuple):
    """Columns of rows of the book."""

    quality: Array
    gain: Array
    packaging: Array
    control: Array
    exposure: Array
    exposure_skill: Array
    price: Array
    tuning: Array
    selfhost: Array
    open: Array
    capacity: Array
    """Months of a replica per Mtok; 0 for services."""
    rent: Array
    fees: Array
    vendor: Ints
    key: Ints
    variant: Ints
    row: Ints


def offered(task: Task, rows: Ints, abroad: Any, kind: Any) -> Offered:
    """Columns of rows of the book for buyers at home (0) or abroad (1), one or one a row."""
    b, r = task.book[rows], task.rules
    access = b["access"]
    own = access == 2
    factor = np.choose(access, [1.0, r.exposure_hosted, r.exposure_selfhost])
    factor = np.where((access == 0) & (b["abroad"] != abroad), r.exposure_foreign, factor)
    numbers = (
        b["q_perceived"] + b["gain"] * b["crowd_gain"], b["gain"], b["packaging"], b["control"],
        factor * b["risk"], np.where(own, r.exposure_unskilled, 0.0), b["price"],
        b["tuning_price"], own, b["open"],
        np.where(own, 1.0 / np.where(own, b["replica_capacity"], 1.0), 0.0), b["replica_rent"],
        1.0 + b["fee_rate"] + b["services_rate"],
    )  # fmt: skip
    codes = (b["vendor"], b["key"], access + 3 * b["tuned"], rows)
    return Offered(
        *(np.asarray(column, kind) for column in numbers),
        *(np.asarray(code, np.int64) for code in codes),
    )


class Buyers(NamedTuple):
    """Columns of slots, (slots, 1) each but for the last ones."""

    theta: Array
    tokens: Array
    difficulty: Array
    gain: Array
    risk: Array
    unskilled: Array
    control: Array
    per_price: Array
    per_training: Array
    staff: Array
    rented: Array
    leaving: Array
    """One-off of leaving the incumbent, over the holding time."""
    eased: Array
    """What of it is spared from open to open."""
    fit: Array
    """(slots, vendors) taste and peers."""
    service: Array
    """(slots, vendors) integrating a service, over the holding time."""
    charge: Array
    """(slots, vendors) having one vendor more, over the holding time."""
    vendor: Ints
    """(slots,) held now or last."""
    key: Ints
    variant: Ints
    row: Ints
    in_use: NDArray[np.bool_]
    tuned: Array
    """(slots,) factor on switching."""

    def some(self, which: Any) -> "Buyers":
        """Only these slots."""
        return Buyers(*(column[which] for column in self))

    def flat(self) -> "Buyers":
        """The same with (slots,) where there is one number a slot."""
        wide = "fit", "service", "charge"
        narrow = {name: c.reshape(-1) for name, c in self._asdict().items() if name not in wide}
        return self._replace(**narrow)


def buyers(task: Task, order: Ints, fit: Array, selfhosted: Ints, kind: Any) -> Buyers:
    """Columns of the slots at these places of the task."""
    r = task.rules
    f, s = task.firms[task.firm[order]], task.slots[task.slot[order]]
    tokens, value = s["tokens"] * np.float64(task.world.demand), s["value"].astype(np.float64)
    stake, data = tokens * value, s["data"].astype(np.float64)
    trains = data > 0.1 * r.tuning_data
    training = np.where(trains, np.minimum(data, r.tuning_tokens), 0.0)
    row, in_use = task.held_row[order], s["offering"] != NONE
    held, here = task.book[np.maximum(row, 0)], row != NONE
    variant = np.where(in_use, s["offering"] % 6, 0)
    skill = f["skill"].astype(np.float64)
    sharing = selfhosted[task.firm[order]] + ~(here & (held["access"] == 2))
    staff = r.staff_month * (1.6 - 1.2 * skill) / np.maximum(sharing, 1)
    tuned = np.where(variant >= 3, r.switching_tuned, 1.0)
    leaving = (s["vendor"] >= 0) * tuned * (r.switching / r.holding)
    eased = leaving * np.where(here & (held["open"] == 1), 1.0 - r.switching_open, 0.0)
    credit = np.exp(-f["capital_cost"].astype(np.float64) * r.credit_days / 365.0)
    columns = (
        f["theta"], tokens, s["difficulty"], r.tuned_gain * (1 - np.exp(-data / r.tuning_data)),
        r.risk_weight * f["sensitivity"], 1 - skill, f["control"], credit / value,
        training / (stake * r.holding), staff / stake, (1 - f["own_base"]) / stake, leaving, eased,
    )  # fmt: skip
    bit = np.uint64(1) << np.arange(fit.shape[1], dtype=np.uint64)
    known = (f["portfolio"][:, None] & bit) != 0
    service = r.integration / r.holding * np.where(known, r.integration_known, 1.0)
    more = (f["portfolio"][:, None] != 0) & ~known
    return Buyers(
        *(np.asarray(column, kind)[:, None] for column in columns), fit.astype(kind),
        service.astype(kind), (more * (r.additional_vendor / r.holding)).astype(kind),
        s["vendor"].astype(np.int64), np.where(here, held["key"], 0).astype(np.int64),
        variant.astype(np.int64), row, in_use, tuned.astype(kind),
    )  # fmt: skip


def fits(task: Task, firms: Ints) -> Array:
    """(firms, vendors) lasting taste and peers: made ready before the clock runs."""
    keys, spread = task.vendor_keys.tolist(), task.rules.taste_spread
    tastes = [[taste_at(task.keys.taste, f, key, spread) for key in keys] for f in firms.tolist()]
    peers = task.world.peers[task.firms["group"][firms]]
    return np.asarray(np.array(tastes) + task.rules.peer_weight * peers)
