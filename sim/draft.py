"""The rows of the offer book, in compiled code: from columns of models and of vendors."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import bare_kernel, inline_kernel
from agents.common.licence import LICENCES
from agents.common.offers import OfferBook
from agents.common.vocabulary import HOURS_A_MONTH, SECONDS_A_MONTH, VARIANTS, Access, Tier
from sim.stock import FLOATS, INTEGERS, NEVER

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

CONTROL = (0.0, 0.5, 1.0)
"""Control a buyer has over an open model by access; a closed model gives none."""
LICENCE_CONTROL = (0.0, 0.5, 0.8, 1.0)
"""Factor on control by licence code."""
RIGHTS = sorted(LICENCES.values(), key=lambda licence: licence.code)
WEIGHTS = np.array([licence.open_weights for licence in RIGHTS])
HOSTING = np.array([licence.hosting for licence in RIGHTS])
REDISTRIBUTED = np.array([licence.tuned_redistribution for licence in RIGHTS])
CHARGED = np.array([licence.selfhost_fee for licence in RIGHTS])
THRESHOLD = np.array([licence.threshold for licence in RIGHTS])
"""Rights by licence code, as in `Licence`; `CHARGED` is its fee for own machines."""
DEMAND_BOUNDS = (0.5, 2.0)
"""How far price may move the use of an offering against its tier's median."""
_ACCESSES = len(Access)
_API, _HOSTED, _SELFHOST = int(Access.API), int(Access.HOSTED), int(Access.SELFHOST)
_SMALL, _LARGE, _TIERS = int(Tier.SMALL), int(Tier.LARGE), len(Tier)
_Q, _FIRST, _COST = FLOATS.index("q"), FLOATS.index("first_perceived"), FLOATS.index("serving_cost")
_PARAMETERS, _SIZE, _PRICE = (FLOATS.index(n) for n in ("total_params", "size", "list_price"))
_VENDOR, _TIER, _OPEN, _LICENCE, _ON_SALE = (
    INTEGERS.index(n) for n in ("vendor", "tier", "open", "licence", "on_sale")
)
_SUPERSEDED, _DELISTED, _WITHDRAWN, _SOLD, _KEY = (
    INTEGERS.index(n) for n in ("superseded", "delisted", "withdrawn", "api", "key")
)


class Sellers(NamedTuple):
    """Columns of vendors."""

    alive: Flags
    tuning: Flags
    """Lets buyers tune its services."""
    abroad: Flags
    packaging: Floats
    """(accesses, vendors) of whoever sells its models."""
    risk: Floats
    """(accesses, vendors) factor on exposure."""
    crowd: Floats
    """(vendors,) quality its tuned small models gain from others' tuning, if shared."""


class Terms(NamedTuple):
    """Numbers of the month that rows are made from."""

    month: int
    predecessor: int
    """Months for which what has a successor stays on the list."""
    efficiency: float
    premium: float
    gpus: float
    """Fewest GPUs of a replica."""
    bytes_per_parameter: float
    gpu_memory: float
    gpu_rent: float
    throughput: float
    throughput_exponent: float
    root_efficiency: float
    utilisation: float
    fee: float
    services: float
    tuning_closed: float
    tuning_open: float
    serving_exponent: float
    half_life: tuple[float, float]
    """Months in which the market learns half, of closed and of open models."""
    elasticity: float


class Places(NamedTuple):
    """Which offerings are in the book, in its order: one entry a row."""

    model: Ints
    variant: Ints
    listed: Flags


@inline_kernel
def _is_offered(codes: Ints, price: float, model: int, variant: int, sellers: Sellers) -> bool:
    """Whether it exists: a service, hosted weights, weights on own machines."""
    access, tuned = variant % _ACCESSES, variant >= _ACCESSES
    licence, vendor = codes[_LICENCE, model], codes[_VENDOR, model]
    if tuned and codes[_TIER, model] == _LARGE:
        return False
    if access == _API:
        if tuned and not (sellers.tuning[vendor] and codes[_OPEN, model] == 0):
            return False
        sold = codes[_SOLD, model] == 1 and sellers.alive[vendor]
        return sold and price == price and codes[_WITHDRAWN, model] == NEVER
    return WEIGHTS[licence] and (access == _SELFHOST or HOSTING[licence])


@inline_kernel
def _is_shown(codes: Ints, model: int, variant: int, terms: Terms) -> bool:
    """Whether new buyers see it; tuning is offered on current models only."""
    recent = terms.month - codes[_SUPERSEDED, model] < terms.predecessor
    listed = codes[_ON_SALE, model] <= terms.month and recent and codes[_DELISTED, model] == 0
    if variant < _ACCESSES:
        return listed
    return listed and codes[_TIER, model] != _LARGE and codes[_SUPERSEDED, model] == NEVER


@bare_kernel
def place_rows(
    numbers: Floats, codes: Ints, models: int, held: Floats, sellers: Sellers, terms: Terms,
    places: Places,
) -> int:  # fmt: skip
    """Fill the places by vendor, closed before open, model and variant; returns how many.

    numbers, codes: columns of `Stock`; held: weighted slots by offering, as far as known.
    """
    count = 0
    for group in range(2 * sellers.alive.size):
        for model in range(models):
            if 2 * codes[_VENDOR, model] + codes[_OPEN, model] != group:
                continue
            for variant in range(VARIANTS):
                if not _is_offered(codes, numbers[_PRICE, model], model, variant, sellers):
                    continue
                offering, shown = (
                    model * VARIANTS + variant,
                    _is_shown(codes, model, variant, terms),
                )
                if shown or (offering < held.size and held[offering] > 0.0):
                    places.model[count], places.variant[count] = model, variant
                    places.listed[count] = shown
                    count += 1
    return count


@inline_kernel
def believed(q: float, first: float, age: int, half_life: float) -> float:
    """Quality the market believes: closes on the truth from its first impression."""
    left = math.exp(-math.log(2.0) * age / (1.0 if half_life <= 0.0 else half_life))
    return q + (0.0 if half_life <= 0.0 else (first - q) * left)


@bare_kernel
def fill_believed(
    numbers: Floats, codes: Ints, models: int, month: int, half_life: tuple[float, float],
    out: Floats,
) -> None:  # fmt: skip
    """Write what the market believes of each model."""
    for model in range(models):
        age = max(month - codes[_ON_SALE, model], 0)
        known = half_life[codes[_OPEN, model]]
        out[model] = believed(numbers[_Q, model], numbers[_FIRST, model], age, known)


@inline_kernel
def _fill_replica(
    numbers: Floats, codes: Ints, model: int, row: int, sellers: Sellers, terms: Terms,
    book: OfferBook,
) -> None:  # fmt: skip
    """Rent ($ a month) and capacity (Mtok a month) of one self-hosted replica, and fees."""
    memory = numbers[_PARAMETERS, model] * terms.bytes_per_parameter / terms.gpu_memory
    gpus = max(terms.gpus, memory)
    book.replica_rent[row] = gpus * terms.gpu_rent * HOURS_A_MONTH
    slower = math.exp(-terms.throughput_exponent * numbers[_SIZE, model])
    tokens = terms.throughput * slower * terms.root_efficiency
    book.replica_capacity[row] = tokens * SECONDS_A_MONTH / 1e6 * terms.utilisation
    alive = sellers.alive[codes[_VENDOR, model]]
    book.fee_rate[row] = terms.fee if alive and CHARGED[codes[_LICENCE, model]] else 0.0
    book.services_rate[row] = terms.services if alive else 0.0


@inline_kernel
def _fill_tuned(
    numbers: Floats, codes: Ints, model: int, row: int, access: int, sellers: Sellers,
    terms: Terms, book: OfferBook,
) -> None:  # fmt: skip
    """Price of training tokens, by tier for a vendor's service, else by size; others' tuning."""
    if access == _API:
        price = terms.tuning_closed * (1 + codes[_TIER, model])
    else:
        price = terms.tuning_open * math.exp(terms.serving_exponent * numbers[_SIZE, model])
    book.tuning_price[row], book.gain[row] = price, 1.0
    shared = codes[_OPEN, model] == 1 and codes[_TIER, model] == _SMALL
    if shared and REDISTRIBUTED[codes[_LICENCE, model]]:
        book.crowd_gain[row] = sellers.crowd[codes[_VENDOR, model]]


@inline_kernel
def list_price(
    numbers: Floats, model: int, access: int, closed_tuned: bool, hosted: float, premium: float
) -> float:
    """What is asked: the vendor's list price for a service, else the price of hosts."""
    if access != _API:
        return hosted
    listed = numbers[_PRICE, model]
    return listed * premium if closed_tuned else listed


@bare_kernel
def fill_rows(
    numbers: Floats, codes: Ints, places: Places, quotes: Floats, sellers: Sellers, terms: Terms,
    book: OfferBook,
) -> None:  # fmt: skip
    """Write all columns but those that depend on this month's list prices.

    quotes: (models,) price of hosts over their cost. The book holds zeros, and ones for capacity.
    """
    for row in range(places.model.size):
        model, variant = places.model[row], places.variant[row]
        access, tuned = variant % _ACCESSES, variant >= _ACCESSES
        vendor, opened = codes[_VENDOR, model], codes[_OPEN, model]
        book.offering[row], book.model[row] = model * VARIANTS + variant, model
        book.vendor[row], book.tier[row] = vendor, codes[_TIER, model]
        book.access[row], book.tuned[row], book.open[row] = access, tuned, opened
        book.listed[row], book.key[row] = places.listed[row], codes[_KEY, model]
        q, age = numbers[_Q, model], max(terms.month - codes[_ON_SALE, model], 0)
        known = believed(q, numbers[_FIRST, model], age, terms.half_life[opened])
        book.q[row], book.q_perceived[row] = q, known
        book.packaging[row] = sellers.packaging[access, vendor]
        book.risk[row], book.abroad[row] = sellers.risk[access, vendor], sellers.abroad[vendor]
        book.control[row] = CONTROL[access] * LICENCE_CONTROL[codes[_LICENCE, model]]
        book.demand[row] = 1.0
        if access == _SELFHOST:
            _fill_replica(numbers, codes, model, row, sellers, terms, book)
        else:
            book.cost[row] = numbers[_COST, model] / terms.efficiency
        hosted = book.cost[row] * quotes[model] if access == _HOSTED else 0.0
        closed_tuned = tuned and opened == 0
        price = list_price(numbers, model, access, closed_tuned, hosted, terms.premium)
        book.price[row] = price
        if tuned:
            _fill_tuned(numbers, codes, model, row, access, sellers, terms, book)


@inline_kernel
def _median(values: Floats) -> float:
    """Median of some numbers, which are put in order (Shell's sort)."""
    gap = values.size // 2
    while gap > 0:
        for i in range(gap, values.size):
            value, at = values[i], i
            while at >= gap and values[at - gap] > value:
                values[at] = values[at - gap]
                at -= gap
            values[at] = value
        gap //= 2
    return (values[(values.size - 1) // 2] + values[values.size // 2]) / 2


@inline_kernel
def _unit_price(book: OfferBook, row: int, price: Floats) -> float:
    """$ per Mtok at the margin; of own machines at planned capacity."""
    if book.access[row] == _SELFHOST:
        return max(book.replica_rent[row] / book.replica_capacity[row], 1e-9)
    return max(price[row], 1e-9)


@bare_kernel
def fill_priced(
    numbers: Floats, book: OfferBook, forces: NDArray[np.int8], terms: Terms, room: Floats,
    price: Floats, demand: NDArray[np.float32], force: NDArray[np.int8],
) -> None:  # fmt: skip
    """Write list prices of now, what they do to use, and what holders must do.

    forces: (models,). Cheap against the tier's median is used more.
    """
    for row in range(price.size):
        model, access = book.model[row], book.access[row]
        closed_tuned = book.tuned[row] == 1 and book.open[row] == 0
        price[row] = list_price(
            numbers, model, access, closed_tuned, book.price[row], terms.premium
        )  # fmt: skip
        force[row] = forces[model] if access == _API else min(forces[model], 1)
    for tier in range(_TIERS):
        count = 0
        for row in range(price.size):
            if book.tier[row] == tier:
                room[count] = _unit_price(book, row, price)
                count += 1
        if count == 0:
            continue
        middle = _median(room[:count])
        for row in range(price.size):
            if book.tier[row] == tier:
                relative = _unit_price(book, row, price) / middle
                factor = math.exp(-terms.elasticity * math.log(relative))
                demand[row] = min(max(factor, DEMAND_BOUNDS[0]), DEMAND_BOUNDS[1])
