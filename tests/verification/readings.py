"""The engine's utilities beside plain ones, and what rounding may do to what follows from them.

Plain utilities are Python floats (`benchmarks/peers/objects.py`).
"""

from typing import NamedTuple

import numpy as np
from extremes import inside
from nested import nested_logit

from agents.common.vocabulary import NONE
from benchmarks.peers import exact
from benchmarks.peers.engine import Engine
from benchmarks.peers.noise import Addressed
from benchmarks.peers.task import Task

Floats = np.ndarray
ROUNDING = 2e-6
"""Error of a utility against |u| + theta. A sum of fifteen terms in float32 is off by a few 6e-8 of
its largest term, which can be several times as large: strong tastes against high costs, or staff
of which a platform saves nine tenths."""


class Reading(NamedTuple):
    """What is compared: plain values, and those of the engine in the same places."""

    plain: exact.Table
    """Against an outside option of 0."""
    engine: exact.Table
    """Against `none`."""
    inclusive: Floats
    """(slots, vendors) the engine's values of nests, against `none`."""
    none: Floats
    """(slots,)"""

    @property
    def considered(self) -> np.ndarray:
        """(slots, entries + 1)"""
        return self.plain.utility > exact.NEVER / 2


def plainly(task: Task) -> exact.Table:
    """Plain utilities of what slots look at."""
    plain = exact.plain_utilities(task)
    own = task.slots["vendor"][task.slot]
    hidden = inside(task)[:, None] & (plain.vendor != own[:, None])
    return plain._replace(utility=np.where(hidden, exact.NEVER, plain.utility))


def read(task: Task) -> Reading:
    """All that is read of the engine's utilities: of whole lists."""
    plain, values = plainly(task), Engine(task).values()
    engine = exact.engine_utilities(values, plain)
    return Reading(plain, engine, values.inclusive, values.none)


def plain_probabilities(reading: Reading, scale: float) -> Floats:
    """(slots, entries + 2) of every entry and last of the outside option, slot by slot."""
    slots, width = reading.plain.utility.shape
    found = np.zeros((slots, width + 1))
    for i, some in enumerate(reading.considered):
        utility, vendor = reading.plain.utility[i, some], reading.plain.vendor[i, some]
        found[i, np.append(some, True)] = nested_logit(utility, vendor, scale)
    return found


def engine_probabilities(reading: Reading, scale: float) -> Floats:
    """The same from the engine's utilities and values of nests."""
    return exact.probabilities(reading.engine, scale, reading.inclusive, reading.none)


def size_of(task: Task, reading: Reading) -> Floats:
    """(slots, entries + 1) what rounding errors are in proportion to: |u| + theta."""
    utility = np.where(reading.considered, reading.plain.utility, 0.0)
    return np.abs(utility) + task.firms["theta"][task.firm].astype(float)[:, None]


def tolerance(task: Task, reading: Reading, probability: Floats) -> Floats:
    """(slots, 1) error that rounding of utilities can cause in a probability.

    By the nested logit's derivatives an error d of u_j moves all probabilities together by at
    most 2 p_j d / lambda; entries whose price makes them hopeless have no p_j, so however large
    their utility, they move nothing.
    """
    moved = (probability[:, :-1] * size_of(task, reading)).sum(axis=1, keepdims=True)
    return np.asarray(1e-7 + 2.0 / task.rules.dissimilarity * ROUNDING * moved)


def regrets(task: Task, reading: Reading, rows: np.ndarray) -> Floats:
    """(slots, 2) by how much better nests and entries of nests were than what was chosen."""
    noise, plain, scale = Addressed(task), reading.plain, task.rules.dissimilarity
    luck, outside = noise.vendors(task.firm), noise.outside(task.slot_id)
    value = exact.within_nests(plain, scale, luck.shape[1])[1] + luck
    score = np.where(reading.considered, plain.utility / scale, exact.NEVER)
    score += noise.offerings(task.slot_id, plain.row)
    taken = (plain.row == rows[:, None]) & reading.considered
    bought = rows != NONE
    assert (taken.sum(axis=1) == bought).all()
    every, entry = np.arange(rows.size), taken.argmax(axis=1)
    nest = plain.vendor[every, entry]
    got = np.where(bought, value[every, nest], outside)
    rivals = np.where(plain.vendor == nest[:, None], score, exact.NEVER)
    inner = np.where(bought, rivals.max(axis=1) - score[every, entry], 0.0)
    return np.column_stack([np.maximum(value.max(axis=1), outside) - got, scale * inner])


def nearly_best(task: Task, reading: Reading, rows: np.ndarray) -> bool:
    """Whether nothing else was better by more than rounding of utilities and noise can say.

    Noise goes up to 22 and is rounded by 2e-7 of its size.
    """
    size = size_of(task, reading) * (reading.plain.utility > -50.0)
    allowed = 2.0 * ROUNDING * (size.max(axis=1, keepdims=True) + 25.0)
    return bool((regrets(task, reading, rows) <= allowed).all())
