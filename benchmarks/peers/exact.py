"""Choice probabilities in float64: those of the rules, and those the engine draws from."""

from typing import NamedTuple

import numpy as np

from benchmarks.peers.engine import Floats, Values
from benchmarks.peers.mesa_objects import MesaMarket
from benchmarks.peers.task import Ints, Task

NEVER = -1e30


class Table(NamedTuple):
    """What slots may take, one column an entry of the list and last what is held off it."""

    utility: Floats
    vendor: Ints
    row: Ints


def plain_utilities(task: Task) -> Table:
    """Utilities from the peer in plain Python floats."""
    market, lists = MesaMarket(task), task.lists
    width = int(np.diff(lists.start).max()) + 1
    shape, code = (task.slot.size, width), task.code.tolist()
    found = Table(np.full(shape, NEVER), np.zeros(shape, np.int64), np.full(shape, -1))
    place = {id(use): i for i, use in enumerate(market.uses)}
    market.agents.do("decide")
    for firm in market.firms:
        for use in firm.uses:
            i = place[id(use)]
            first, last = lists.start[code[i]], lists.start[code[i] + 1]
            column = {row: k for k, row in enumerate(lists.row[first:last].tolist())}
            for nest in firm.considered(use).values():
                for o in nest:
                    k = column.get(o.row, width - 1)
                    found.utility[i, k] = firm.utility(use, o)
                    found.vendor[i, k], found.row[i, k] = o.vendor, o.row
    return found


def engine_utilities(values: Values, like: Table) -> Table:
    """The engine's utilities in the same place."""
    return like._replace(utility=np.column_stack([values.utility, values.held]))


def within_nests(table: Table, scale: float, vendors: int) -> tuple[Floats, Floats]:
    """Probability of every entry within its nest, and the nests' inclusive values."""
    inclusive = np.full((len(table.utility), vendors), NEVER)
    within = np.zeros(table.utility.shape)
    for vendor in range(vendors):
        u = np.where(table.vendor == vendor, table.utility, NEVER)
        u[u < NEVER / 2] = -np.inf
        some = np.isfinite(u).any(axis=1)
        top = u[some].max(axis=1, keepdims=True)
        part = np.exp((u[some] - top) / scale)
        total = part.sum(axis=1, keepdims=True)
        within[some] += part / total
        inclusive[some, vendor] = (top + scale * np.log(total))[:, 0]
    return within, inclusive


def probabilities(
    table: Table, scale: float, inclusive: Floats | None = None, none: Floats | None = None
) -> Floats:
    """(slots, entries + 1): of every entry and last of the outside option.

    inclusive: (slots, vendors) values of the nests; worked out here if not given.
    none: (slots,) utility of the outside option; 0 if not given.
    """
    vendors = int(table.vendor.max(initial=0)) + 1
    within, exact = within_nests(table, scale, vendors)
    value = exact if inclusive is None else inclusive[:, :vendors]
    last = np.zeros((len(value), 1)) if none is None else none[:, None]
    top = np.maximum(value.max(axis=1, keepdims=True), last)
    weight = np.exp(value - top)
    outside = np.exp(last - top)
    total = weight.sum(axis=1, keepdims=True) + outside
    nest = np.take_along_axis(weight / total, table.vendor, axis=1)
    return np.column_stack([within * nest, outside / total])


def shares_by_vendor(table: Table, probability: Floats, task: Task) -> tuple[Floats, Floats]:
    """Expected number of choices of every vendor and last of none, and bounds of their deviations.

    Slots of one firm share their luck with vendors; the bound lets them be perfectly correlated.
    """
    vendors = int(table.vendor.max()) + 1
    each = [(probability[:, :-1] * (table.vendor == v)).sum(axis=1) for v in range(vendors)]
    by_slot = np.column_stack([*each, probability[:, -1]])
    deviation = np.sqrt(by_slot * (1.0 - by_slot))
    _, firm = np.unique(task.firm, return_inverse=True)
    by_firm = np.zeros((int(firm.max()) + 1, vendors + 1))
    np.add.at(by_firm, firm, deviation)
    return by_slot.sum(axis=0), np.sqrt((by_firm**2).sum(axis=0))
