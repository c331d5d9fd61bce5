"""Best responses of vendors to the prices that rivals ask now, all vendors of a month in one call.

A vendor's rows are a nest of their own, so that one offering stands for all rivals. Rows that it
prices come first, then one offering that stands for its other rows, then the rivals.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import bare_kernel, inline_kernel
from agents.common.logit import LOWEST, Nests, value_nests
from agents.common.offers import BookRows
from agents.common.vocabulary import Access
from agents.enterprise.demand import Demand, entry_of
from agents.enterprise.entries import FORBIDDEN
from agents.vendor.pricing import BLOCK, UNOWNED, Board, Game, board_for, settle_prices

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NASH_STEPS = 25
"""Steps of the pricing iteration from current prices (25 come within 1-3% of the solution)."""
NASH_TOLERANCE = 1e-3
_API = int(Access.API)


class Family(NamedTuple):
    """Rows of one vendor that are on the list, and where types find them."""

    rows: Ints
    """(rows,) first those it prices, then the others."""
    place: Ints
    """(classes, rows) entry in the list of a class; -1 if it is not there."""


class Room(NamedTuple):
    """Working memory for the largest vendor."""

    family: Family
    others: Floats
    """(blocks, rows, BLOCK) utility of the rows that are not priced."""
    rivals: Floats
    """(blocks, vendors, BLOCK) value of each rival's nest."""
    alike: Ints
    """Zeros: all in one nest."""
    utility: Floats
    """(blocks, offerings, BLOCK) of the game."""
    price_weight: Floats
    """(blocks, BLOCK)"""
    ones: Floats
    cost: Floats
    owner: Ints
    codes: Ints
    prices: Floats
    board: Board


def room_for(demand: Demand, rows: int, vendors: int) -> Room:
    """Working memory for vendors with at most so many rows."""
    types, classes, most = len(demand.class_), len(demand.lists.start) - 1, rows + 2
    blocks = -(-types // BLOCK)
    return Room(
        Family(np.empty(rows, np.int64), np.empty((classes, rows), np.int64)),
        np.zeros((blocks, rows, BLOCK)), np.zeros((blocks, max(vendors, 1), BLOCK)),
        np.zeros(max(rows, vendors), np.int64), np.zeros((blocks, most, BLOCK)),
        np.zeros((blocks, BLOCK)), np.ones((blocks, BLOCK)), np.zeros(most),
        np.zeros(most, np.int64), np.zeros(most, np.int64), np.zeros(most),
        board_for(max(most, vendors), 1, 2, 2),
    )  # fmt: skip


@inline_kernel
def _find_family(book: BookRows, vendor: int, demand: Demand, family: Family) -> tuple[int, int]:
    """Fill the family; returns how many rows it prices, and how many it has."""
    count = sold = 0
    for priced in (True, False):
        for row in range(book.size):
            mine = book[row].vendor == vendor and book[row].listed == 1
            if mine and (book[row].access == _API and book[row].tuned == 0) == priced:
                family.rows[count] = row
                count += 1
        sold = count if priced else sold
    start = demand.lists.start
    for code in range(start.size - 1):
        for j in range(count):
            found = entry_of(demand.lists, start[code], start[code + 1], family.rows[j])
            family.place[code, j] = found - start[code] if found >= 0 else -1
    return sold, count


@inline_kernel
def _buys(demand: Demand, i: int, place: Ints, sold: int) -> bool:
    """Whether a type may buy any of the first rows."""
    utility, begin = demand.utility, demand.start[i]
    best = FORBIDDEN
    for j in range(sold):
        if place[j] >= 0:
            best = max(best, utility[begin + place[j]])
    return best > FORBIDDEN / 2


@inline_kernel
def _seat(
    demand: Demand, book: BookRows, values: Floats, vendor: int, sold: int, count: int, room: Room
) -> int:
    """Take in the types that matter, block by block; returns how many."""
    seated = 0
    for i in range(demand.class_.size):
        place, begin = room.family.place[demand.class_[i]], demand.start[i]
        if not _buys(demand, i, place, sold):
            continue
        block, at = seated // BLOCK, seated % BLOCK
        weight = demand.price_weight[i]
        room.price_weight[block, at] = weight
        for j in range(count):
            known = place[j] >= 0
            utility = demand.utility[begin + place[j]] if known else FORBIDDEN
            if j < sold:
                room.utility[block, j, at] = utility
            else:
                paid = utility - weight * book[room.family.rows[j]].price
                room.others[block, j - sold, at] = paid
        for rival in range(values.shape[0]):
            if rival != vendor:
                room.rivals[block, rival - (rival > vendor), at] = values[rival, i]
        seated += 1
    return seated


@inline_kernel
def _stand_in(utility: Floats, scale: float, room: Room, out: Floats) -> None:
    """Write the value of all these offerings as one of them: `logit.inclusive_value`."""
    offerings, nests = utility.shape[0], room.board.nests
    if offerings == 0:
        out[:] = LOWEST
        return
    one = Nests(
        nests.joint[:offerings], nests.within[:offerings], nests.top[:1], nests.total[:1],
        nests.value[:1], nests.peak, nests.denominator,
    )  # fmt: skip
    value_nests(utility, BLOCK, room.alike[:offerings], scale, one)
    for i in range(BLOCK):
        out[i] = one.value[0, i]


@inline_kernel
def _game(book: BookRows, sold: int, seated: int, scale: float, room: Room) -> Game:
    """The game of one owner against the two offerings whose price is given."""
    for j in range(sold):
        row = room.family.rows[j]
        room.cost[j], room.prices[j] = book[row].cost, book[row].price
        room.owner[j] = room.codes[j] = 0
    for j in range(sold, sold + 2):
        room.cost[j] = room.prices[j] = 0.0
        room.owner[j], room.codes[j] = UNOWNED, j - sold
    blocks, codes = -(-seated // BLOCK), room.codes[: sold + 2]
    weight = room.price_weight[:blocks]
    return Game(
        seated, room.utility[:blocks], weight, room.ones[:blocks], weight,
        room.cost[: sold + 2], room.owner[: sold + 2], codes, codes, scale,
    )  # fmt: skip


@inline_kernel
def _respond(others: int, rivals: int, sold: int, game: Game, room: Room) -> None:
    """Solve the game in `room.prices`."""
    for block in range(game.utility.shape[0]):
        utility = room.utility[block]
        _stand_in(room.others[block, :others], game.scale, room, utility[sold])
        _stand_in(room.rivals[block, :rivals], 1.0, room, utility[sold + 1])
    board, most = room.board, sold + 2
    nests = board.nests
    near = Board(
        board.paid[:most], board.by_owner, board.by_pair, board.pull, board.sums[:most],
        board.moved[:most],
        Nests(nests.joint[:most], nests.within[:most], nests.top, nests.total, nests.value,
              nests.peak, nests.denominator),
    )  # fmt: skip
    settle_prices(game, near, room.prices[:most], NASH_STEPS, NASH_TOLERANCE)


@bare_kernel
def _respond_all(
    demand: Demand, book: BookRows, values: Floats, vendors: Ints, scale: float, room: Room,
    price: Floats,
) -> None:  # fmt: skip
    for vendor in vendors:
        sold, count = _find_family(book, vendor, demand, room.family)
        seated = _seat(demand, book, values, vendor, sold, count, room)
        if seated == 0:
            continue
        game = _game(book, sold, seated, scale, room)
        _respond(count - sold, values.shape[0] - 1, sold, game, room)
        for j in range(sold):
            price[room.family.rows[j]] = room.prices[j]


def best_responses(
    demand: Demand, book: BookRows, values: Floats, vendors: Ints, scale: float
) -> Floats:
    """Prices by row: of these vendors' own services the most profitable, else those of the book.

    values: see `demand.vendor_values`; scale: dissimilarity. A vendor sees rivals' current prices
    and prices what it has on the list untuned; its other rows have a price that is given. Types
    that may buy none of what it prices do not matter to it.
    """
    price: Floats = book["price"].copy()
    most = int(np.bincount(book["vendor"][book["listed"] == 1], minlength=1).max())
    room = room_for(demand, most, len(values))
    _respond_all(demand, book, values, vendors, scale, room, price)
    return price
