"""Models that exist, and the offer book: what can be bought this month, as columns.

An *offering* is (model, access, tuned). Its id is model x 6 + access + 3 x tuned and never
changes; its row in the book does, month by month. The book is sorted by vendor, so that a nest of
the choice is contiguous.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.licence import licence_of
from agents.common.randomness import name_id
from agents.common.vocabulary import ACCESSES, NONE, TIERS, VARIANTS, Access

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I8 = NDArray[np.int8]
I16 = NDArray[np.int16]
I32 = NDArray[np.int32]


class Model:
    """One released model. Quality in logits, money in $ per Mtok, months from 2023-01."""

    __slots__ = (
        "active_params", "api", "changed", "delisted", "effective_compute", "first_perceived",
        "generation", "index", "key", "licence", "list_price", "name", "on_sale", "open", "q",
        "released", "scripted", "serving_cost", "superseded", "tier", "total_params",
        "users_threshold", "vendor", "withdrawn",
    )  # fmt: skip

    def __init__(
        self, *, name: str, vendor: int, vendor_id: str, tier: int, generation: int, q: float,
        released: int, licence: int, serving_cost: float, total_params: float,
        active_params: float, effective_compute: float, scripted: bool, api: bool,
        list_price: float | None, users_threshold: float = np.inf,
    ) -> None:  # fmt: skip
        self.index = NONE
        self.name = name
        self.vendor = vendor
        self.tier = tier
        self.generation = generation
        self.key = name_id(f"{vendor_id}/{TIERS[tier]}/{generation}")
        self.q = q
        self.first_perceived = q
        self.released = released
        self.on_sale = released
        self.licence = licence
        self.open = licence_of(licence).open_weights
        self.serving_cost = serving_cost
        """$ per Mtok at serving efficiency 1 (2023-01)."""
        self.total_params = total_params
        self.active_params = active_params
        self.effective_compute = effective_compute
        self.scripted = scripted
        self.api = api
        """Sold by its vendor as a service."""
        self.list_price = list_price
        """Vendor's own list price; None if it has none."""
        self.users_threshold = users_threshold
        self.changed = True
        """Set with any attribute; whoever keeps columns of models takes it back."""
        self.superseded: int | None = None
        self.delisted = False
        """Its successor has a successor: new buyers no longer see it."""
        self.withdrawn: int | None = None

    def __setattr__(self, name: str, value: object) -> None:
        """Set an attribute, and `changed` with it."""
        object.__setattr__(self, name, value)
        if name != "changed":
            object.__setattr__(self, "changed", True)

    @property
    def line(self) -> tuple[int, int, bool]:
        """The product line a successor replaces: vendor, tier, openness."""
        return (self.vendor, self.tier, self.open)


class OfferBook(NamedTuple):
    """One row per offering that somebody may hold or buy this month."""

    offering: I32
    model: I32
    vendor: I16
    tier: I8
    access: I8
    tuned: I8
    open: I8
    listed: I8
    """On the list of new buyers; others are for those who hold them."""
    key: NDArray[np.uint32]
    """Address of the model for noise: hash of vendor, tier, generation."""
    price: F64
    """$ per Mtok paid for tokens; 0 for self-host."""
    cost: F64
    """$ per Mtok of serving it, to whoever serves."""
    q: F32
    q_perceived: F32
    packaging: F32
    """Packaging of the seller, with the vendor's fading brand, share of value."""
    control: F32
    """Control the buyer gains, 0 to 1."""
    risk: F32
    """Recent-incident factor on exposure, at least 1."""
    tuning_price: F32
    """$ per Mtok of training tokens; 0 for plain offerings."""
    gain: F32
    """1 where own data raise quality (tuned), else 0."""
    crowd_gain: F32
    """Quality a tuned model has from others' tuning."""
    replica_rent: F64
    """$ a month of one self-hosted replica; 0 otherwise."""
    replica_capacity: F64
    """Mtok a month of one replica at planned utilisation."""
    fee_rate: F64
    """Licence fee of the vendor, share of GPU rent."""
    services_rate: F64
    """Support bought from the vendor, share of GPU rent."""
    demand: F32
    """Factor on tokens used, by price."""
    abroad: I8
    """1 if its vendor sits outside the home regions."""
    force: I8
    """What holders must do this month: 0 nothing, 1 look at the vendor's own list, 2 at all."""


BookRows = Any
"""Structured array with the fields of `OfferBook`."""


def book_rows(book: OfferBook) -> BookRows:
    """The book row by row for compiled code."""
    columns: dict[str, Any] = book._asdict()
    kinds = [(name, column.dtype) for name, column in columns.items()]
    rows = np.empty(book.offering.size, np.dtype(kinds, align=True))
    for name, column in columns.items():
        rows[name] = column
    return rows


def row_index(book: OfferBook, models: int) -> I32:
    """Row of every offering id in the book, -1 where it is gone."""
    rows = np.full(max(models * VARIANTS, 1), NONE, np.int32)
    rows[book.offering] = np.arange(len(book.offering), dtype=np.int32)
    return rows


def offering_name(model: str, access: int, tuned: bool) -> str:
    """Name of an offering in tables."""
    return f"{model} / {ACCESSES[access]}{' tuned' if tuned else ''}"


class ClassLists(NamedTuple):
    """Per consideration class, the rows a new buyer may take, with their columns.

    A class is (region, bound by residency, restricted, open-aware). Columns are copied in the
    order of the lists, so that evaluating one is a walk over contiguous memory; entries of one
    vendor are together, closed before open: a *run* is a vendor's closed or open entries.
    """

    start: NDArray[np.int64]
    row: I32
    vendor: I16
    key: NDArray[np.uint32]
    variant: I8
    open: I8
    opened: F32
    """`open` as a number."""
    selfhost: F32
    """1 for own machines, else 0."""
    q: F32
    """Perceived quality, with what others' tuning adds to a tuned model."""
    gain: F32
    price: F32
    exposure: F32
    exposure_skill: F32
    """Exposure added by lack of skill."""
    packaging: F32
    control: F32
    tuning_price: F32
    rent: F32
    """$ a month of one replica; 0 for services."""
    fees: F32
    """Licence fee and services, share of rent."""
    per_capacity: F32
    """Months of a replica per Mtok; 0 for services."""
    first_run: NDArray[np.int64]
    """(classes + 1,) where the runs of each class start."""
    run: NDArray[np.int64]
    """(runs + 1,) where the entries of each run start."""
    usable: I8
    """(classes, rows of the book) 1 if a firm of the class may go on using what it holds; whether
    it would consider open models does not matter then."""


class Exposures(NamedTuple):
    """Exposure of data by access, against a home vendor's own service."""

    foreign: float
    hosted: float
    selfhost: float
    unskilled: float


class RegionRule(NamedTuple):
    """What a region lets its firms buy."""

    home: bool
    foreign_apis: bool


class Sellers(NamedTuple):
    """Where vendors are and whom they serve, one entry per vendor."""

    region: I8
    exporter: I8
    """Its service can be bought outside its bloc."""


def class_lists(
    book: OfferBook, regions: tuple[RegionRule, ...], sellers: Sellers, exposures: Exposures
) -> ClassLists:
    """The allowed rows of every consideration class."""
    foreign = _foreign(book, regions, sellers)
    usable = _usable(book, regions, sellers, foreign)
    unaware_too = (book.open == 0) | (book.access == Access.API)
    open_to = np.repeat(usable, 2, axis=0)
    open_to[::2] &= unaware_too
    code, rows = np.nonzero(open_to & (book.listed == 1))
    starts = np.searchsorted(code, np.arange(len(regions) * 8 + 1))
    exposure = _exposure(book, foreign, exposures)[code >> 3, rows]
    return _gather(
        book, rows, starts, exposure, np.repeat(usable, 2, axis=0).astype(np.int8), exposures
    )


def repriced(lists: ClassLists, book: OfferBook) -> ClassLists:
    """The same lists with the prices of a book of the same rows."""
    return lists._replace(price=book.price.astype(np.float32)[lists.row])


def _foreign(
    book: OfferBook, regions: tuple[RegionRule, ...], sellers: Sellers
) -> NDArray[np.bool_]:
    """(regions, rows) whether a row's vendor sits in the other bloc."""
    home = np.array([r.home for r in regions])
    return np.asarray(home[sellers.region][book.vendor] != home[:, None])


def _usable(
    book: OfferBook, regions: tuple[RegionRule, ...], sellers: Sellers,
    foreign: NDArray[np.bool_],
) -> NDArray[np.bool_]:  # fmt: skip
    """(region x residency x restricted, rows) what a firm may use if openness is no obstacle."""
    count = len(regions)
    service = book.access != Access.SELFHOST
    imports = np.array([r.foreign_apis for r in regions])
    reaches = (sellers.exporter[book.vendor] != 0) & imports[:, None]
    reached = ~(foreign & ~reaches & (book.access == Access.API))
    abroad = sellers.region[book.vendor] != np.arange(count)[:, None]
    allowed = np.repeat(reached[:, None, None], 2, axis=1).repeat(2, axis=2)
    allowed[:, 1] &= ~(service & abroad)[:, None]
    allowed[:, :, 1] &= ~service
    return np.asarray(allowed.reshape(count * 4, book.offering.size))


def _exposure(book: OfferBook, foreign: NDArray[np.bool_], exposures: Exposures) -> F64:
    """(regions, rows) exposure of data, with the factor of recent incidents."""
    by_access = np.array([1.0, exposures.hosted, exposures.selfhost])[book.access]
    api = book.access == Access.API
    return np.asarray(np.where(api & foreign, exposures.foreign, by_access) * book.risk)


def _gather(
    book: OfferBook, rows: NDArray[np.int64], starts: NDArray[np.int64], exposure: F64,
    usable: I8, exposures: Exposures,
) -> ClassLists:  # fmt: skip
    selfhost = book.access == Access.SELFHOST
    first_run, run = _runs((book.vendor * 2 + book.open)[rows], starts)
    capacity = np.where(selfhost, book.replica_capacity, 1.0)
    return ClassLists(
        start=starts.astype(np.int64),
        row=rows.astype(np.int32),
        vendor=book.vendor[rows],
        key=book.key[rows],
        variant=(book.access + 3 * book.tuned).astype(np.int8)[rows],
        open=book.open[rows],
        opened=book.open.astype(np.float32)[rows],
        selfhost=selfhost.astype(np.float32)[rows],
        q=(book.q_perceived + book.gain * book.crowd_gain)[rows],
        gain=book.gain[rows],
        price=book.price.astype(np.float32)[rows],
        exposure=exposure.astype(np.float32),
        exposure_skill=np.where(selfhost, exposures.unskilled, 0.0).astype(np.float32)[rows],
        packaging=book.packaging[rows],
        control=book.control[rows],
        tuning_price=book.tuning_price[rows],
        rent=book.replica_rent.astype(np.float32)[rows],
        fees=(book.fee_rate + book.services_rate).astype(np.float32)[rows],
        per_capacity=np.where(selfhost, 1.0 / capacity, 0.0).astype(np.float32)[rows],
        first_run=first_run,
        run=run,
        usable=usable,
    )


def _runs(
    kind: NDArray[np.int16], starts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First run of every class, and where each run starts: a run is of one kind and class."""
    changes = np.flatnonzero(np.diff(kind)) + 1
    run = np.union1d(changes, starts[:-1])
    run = run[run < kind.size]
    return np.searchsorted(run, starts), np.append(run, kind.size).astype(np.int64)
