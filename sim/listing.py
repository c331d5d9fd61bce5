"""What is on sale to an unrestricted home firm, and at what price, in compiled code."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import bare_kernel, inline_kernel
from agents.common.offers import BookRows
from agents.common.vocabulary import Access

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
LEVELS = {"gpt35": -0.55, "gpt4": -0.13, "gpt4o": 0.48}
"""Quality levels whose cheapest price is followed."""
LIKE_QUALITY = 0.25
"""Logits within which two models compete on price."""
_LEVELS = np.array(list(LEVELS.values()), np.float32)
_LIKE = np.float32(LIKE_QUALITY)
_API, _HOSTED, _SELFHOST = int(Access.API), int(Access.HOSTED), int(Access.SELFHOST)


class Listing(NamedTuple):
    """What is found; nan stands for a statistic without a denominator."""

    best: NDArray[np.int64]
    """(closed, open) row of the best quality on sale; -1 for none."""
    at_level: Floats
    """(levels,) lowest price of a service at each quality level, $ per Mtok."""
    in_class: Floats
    """(rows,) price of open models against the median closed price of like quality."""
    models: Flags
    """(models,) on the list."""


class Room(NamedTuple):
    """Working memory: closed services by price, and prices of those of like quality."""

    price: Floats
    quality: NDArray[np.float32]
    near: Floats


@inline_kernel
def _on_sale(book: BookRows, row: int, reachable: Flags) -> bool:
    plain = book[row].listed == 1 and book[row].tuned == 0
    return plain and (book[row].access != _API or reachable[book[row].vendor])


@inline_kernel
def _sort_closed(book: BookRows, reachable: Flags, room: Room) -> int:
    """Fill the room with the closed services that have a price; returns how many."""
    count = 0
    for row in range(book.size):
        service = _on_sale(book, row, reachable) and book[row].access != _SELFHOST
        if not service or book[row].open == 1 or book[row].price <= 0.0:
            continue
        at = count
        while at > 0 and room.price[at - 1] > book[row].price:
            room.price[at], room.quality[at] = room.price[at - 1], room.quality[at - 1]
            at -= 1
        room.price[at], room.quality[at] = book[row].price, book[row].q
        count += 1
    return count


@inline_kernel
def _against_closed(price: float, quality: np.float32, closed: int, room: Room) -> float:
    """Price over the median of closed ones of like quality; nan if there is none."""
    count = 0
    for k in range(closed):
        if abs(room.quality[k] - quality) <= _LIKE:
            room.near[count] = room.price[k]
            count += 1
    if count == 0:
        return np.nan
    return price / ((room.near[(count - 1) // 2] + room.near[count // 2]) / 2)


@bare_kernel
def _look(book: BookRows, reachable: Flags, room: Room, found: Listing) -> int:
    closed, compared = _sort_closed(book, reachable, room), 0
    for row in range(book.size):
        if book[row].listed == 1:
            found.models[book[row].model] = True
        if not _on_sale(book, row, reachable):
            continue
        opened, quality, price = book[row].open, book[row].q, book[row].price
        if found.best[opened] < 0 or quality > book[found.best[opened]].q:
            found.best[opened] = row
        if book[row].access == _SELFHOST:
            continue
        for level in range(_LEVELS.size):
            if quality >= _LEVELS[level] and not price >= found.at_level[level]:
                found.at_level[level] = price
        if opened == 1 and book[row].access == _HOSTED:
            against = _against_closed(price, quality, closed, room)
            if against == against:
                found.in_class[compared] = against
                compared += 1
    return compared


def look(book: BookRows, reachable: Flags, models: int) -> Listing:
    """Read the book. reachable: (vendors,) whose service home firms can buy."""
    found = Listing(
        np.full(2, -1, np.int64), np.full(len(_LEVELS), np.nan), np.empty(book.size),
        np.zeros(models, bool),
    )  # fmt: skip
    room = Room(np.empty(book.size), np.empty(book.size, np.float32), np.empty(book.size))
    compared = _look(book, reachable, room, found)
    return found._replace(in_class=found.in_class[:compared])


@bare_kernel
def _best_of(
    book: BookRows, reachable: Flags, opened: int, least: np.float32
) -> tuple[np.float32, float]:
    """Best quality of services, and lowest price at `least` or better; nan for none."""
    best, lowest = np.float32(np.nan), np.nan
    for row in range(book.size):
        service = _on_sale(book, row, reachable) and book[row].access != _SELFHOST
        if not service or book[row].open != opened:
            continue
        if not book[row].q <= best:
            best = book[row].q
        if book[row].q >= least and not book[row].price >= lowest:
            lowest = book[row].price
    return best, lowest


def price_ratio_at_best(book: BookRows, reachable: Flags) -> float | None:
    """Cheapest open over cheapest closed service at the best quality both reach."""
    lowest = np.float32(-np.inf)
    best = [_best_of(book, reachable, opened, lowest)[0] for opened in (0, 1)]
    if not np.isfinite(best).all():
        return None
    both = np.float32(min(best))
    closed, open_ = (_best_of(book, reachable, opened, both)[1] for opened in (0, 1))
    return open_ / closed if closed > 0 else None
