"""How one slot's and one firm's month enter the ledger (columns: see `ledger.py`)."""

from typing import NamedTuple

import numpy as np

from agents.common.compiled import inline_kernel
from agents.common.mathematics import fast_log
from agents.common.offers import BookRows
from agents.common.vocabulary import NONE
from agents.enterprise.columns import FirmRows, SlotRows
from agents.enterprise.evaluation import Platforms, Rules, exposure_of
from agents.enterprise.ledger import (
    HISTOGRAM_BINS,
    HISTOGRAM_LOWEST,
    HISTOGRAM_PER_OCTAVE,
    Ledger,
)

YEAR = 12
LOG2_E = 1.4426950408889634


class Use(NamedTuple):
    """One slot's month. Money in $, tokens in Mtok."""

    row: int
    platform: int
    """Bought through this platform; -1 if directly."""
    tokens: float
    at_stake: float
    success: float
    bill: float
    fee: float
    tuning: float
    rent: float
    staff: float
    change: float
    """One-off terms, paid in the month of change."""
    money: float
    """Cost (or gain) of paying ahead (or late)."""


class Totals(NamedTuple):
    """A firm's month so far."""

    slots: int
    open_slots: int
    selfhosted: int
    tokens: float
    spend: float
    paid: float
    surplus: float
    vendors: np.uint64
    """Bit per vendor in use."""
    earlier: np.uint64
    """Bit per vendor in use a year ago."""
    tiers: np.uint64
    closed_spend: float
    """What closed models cost at planned use, in use or not; open ones likewise."""
    open_spend: float
    year_old: int
    """Slots in use for a year, and those of them that switched vendor or upgraded in it."""
    switched: int
    upgraded: int


NOTHING = np.uint64(0)


@inline_kernel
def no_totals() -> Totals:
    """The totals of a firm before its first slot."""
    return Totals(0, 0, 0, 0.0, 0.0, 0.0, 0.0, NOTHING, NOTHING, NOTHING, 0.0, 0.0, 0, 0, 0)


@inline_kernel
def bit(position: int) -> np.uint64:
    """The number with one bit set."""
    return np.uint64(1) << np.uint64(position)


@inline_kernel
def decision_cell(
    book: BookRows, firms: FirmRows, slots: SlotRows, firm: int, slot: int, row: int
) -> int:  # fmt: skip
    """Cell of the decision table a slot falls in: band, own base, tier, access, open, tuned."""
    cell = np.int64(firms[firm].band) * 4 + firms[firm].own_quartile
    cell = (cell * 3 + slots[slot].tier) * 3 + book[row].access
    return (cell * 2 + book[row].open) * 2 + book[row].tuned


class Account(NamedTuple):
    """What one slot's month costs and is worth, $."""

    licence: float
    services: float
    spend: float
    """Paid for API, hosting, tuning, licences and rent."""
    full: float
    """With staff, one-off terms and the cost of money."""
    fit: float
    """Worth of packaging and control."""
    surplus: float


@inline_kernel
def _account(
    rules: Rules, book: BookRows, platforms: Platforms, firms: FirmRows, firm: int, place: int,
    use: Use,
) -> Account:  # fmt: skip
    """Add up what a slot pays and what it gains."""
    row = use.row
    licence = use.rent * book[row].fee_rate
    services = use.rent * book[row].services_rate
    spend = use.bill + use.fee + use.tuning + use.rent + licence + services
    full = spend + use.staff + use.change + use.money
    packaging = np.float64(book[row].packaging)
    if use.platform != NONE:
        packaging = max(packaging, np.float64(platforms.packaging[use.platform]))
    exposure = exposure_of(rules, book, row, place, 1.0 - firms[firm].skill)
    fit = use.at_stake * (packaging + firms[firm].control * book[row].control)
    risk = use.at_stake * rules.risk_weight * firms[firm].sensitivity * exposure
    surplus = use.at_stake * use.success - full - risk + fit
    return Account(licence, services, spend, full, fit, surplus)


@inline_kernel
def _add_row(
    target: np.ndarray, owned: bool, weight: float, taste: np.float32, use: Use, account: Account
) -> None:
    """Count a slot in the row of what it holds (columns: `ledger.ROW`)."""
    weighted = weight * use.tokens
    target[0] += weight
    target[1] += weighted
    target[2] += weighted * use.success
    target[3] += weight * use.at_stake
    target[4] += weight * account.surplus
    target[5] += weight * account.fit
    target[6] += weight * use.at_stake * taste
    if owned:
        target[9] += weight * use.rent
        target[10] += weight * account.licence
        target[11] += weight * account.services
        target[12] += weight * use.staff
    else:
        target[7] += weight * use.bill
        target[8] += weight * use.money
    if use.change + use.tuning > 0.0:
        target[13] += weight * use.tuning
        target[14] += weight * use.change
    if use.platform != NONE:
        target[15] += weight * use.fee


@inline_kernel
def _add_sale(sold: np.ndarray, service: bool, weight: float, use: Use) -> None:
    """Count what is bought through a platform (columns: `ledger.PLATFORM`).

    service: a vendor's own, not a model on the buyer's or a host's machines.
    """
    sold[0] += weight * use.tokens
    sold[1] += weight * (use.bill + use.rent + use.fee)
    sold[2] += weight * use.fee
    sold[3] += weight * use.fee if service else 0.0


@inline_kernel
def _add_decision(cell: np.ndarray, weight: float, use: Use, account: Account) -> None:
    """Count a home slot in its cell of the decision table (columns: `ledger.DECISION`)."""
    weighted = weight * use.tokens
    cell[0] += weight
    cell[1] += weighted
    cell[2] += weight * use.at_stake
    cell[3] += weight * (account.spend + use.change + use.money)
    cell[4] += weight * use.staff
    cell[5] += weighted * use.success


@inline_kernel
def _totals_with(
    totals: Totals, book: BookRows, slots: SlotRows, slot: int, month: int, wanted: float,
    use: Use, account: Account,
) -> Totals:  # fmt: skip
    """The firm's totals with one slot more; wanted: what it costs at planned use."""
    row, a_year_ago = use.row, month - YEAR
    is_open, owned = book[row].open == 1, book[row].access == 2
    old = slots[slot].in_use_since <= a_year_ago
    moved = slots[slot].vendor_since > a_year_ago
    past = slots[slot].vendor
    if moved and slots[slot].earlier_vendor != NONE:
        past = slots[slot].earlier_vendor
    return Totals(
        totals.slots + 1, totals.open_slots + is_open, totals.selfhosted + owned,
        totals.tokens + use.tokens, totals.spend + account.spend, totals.paid + account.full,
        totals.surplus + account.surplus,
        totals.vendors | bit(slots[slot].vendor),
        totals.earlier | (bit(past) if old else NOTHING),
        totals.tiers | bit(book[row].tier),
        totals.closed_spend + (0.0 if is_open else wanted),
        totals.open_spend + (wanted if is_open else 0.0),
        totals.year_old + old, totals.switched + (old and moved),
        totals.upgraded + (old and not moved and slots[slot].model_since > a_year_ago),
    )  # fmt: skip


@inline_kernel
def add_slot(
    ledger: Ledger, rules: Rules, book: BookRows, platforms: Platforms, firms: FirmRows,
    slots: SlotRows, firm: int, slot: int, place: int, month: int, use: Use, totals: Totals,
) -> Totals:  # fmt: skip
    """Count one slot's month; returns the firm's totals with it."""
    weight, row = firms[firm].weight, use.row
    account = _account(rules, book, platforms, firms, firm, place, use)
    access, taste = book[row].access, slots[slot].taste
    _add_row(ledger.row[place, row], access == 2, weight, taste, use, account)
    if use.platform != NONE:
        _add_sale(ledger.platform[place, use.platform], access == 0, weight, use)
    if place == 0:
        cell = decision_cell(book, firms, slots, firm, slot, row)
        _add_decision(ledger.decision[cell], weight, use, account)
    ledger.peer_slots[firms[firm].group, slots[slot].vendor] += weight
    wanted = np.float64(slots[slot].tokens) * _unit_cost(book, firms, firm, row)
    return _totals_with(totals, book, slots, slot, month, wanted, use, account)


@inline_kernel
def _bits(value: np.uint64) -> int:
    """Number of bits set."""
    count = 0
    while value != np.uint64(0):
        value &= value - np.uint64(1)
        count += 1
    return count


@inline_kernel
def add_segment(ledger: Ledger, firms: FirmRows, firm: int, totals: Totals) -> None:
    """Count one firm in its segment."""
    weight, group = firms[firm].weight, firms[firm].group
    in_use = totals.slots > 0
    segment, peers = ledger.segment[group], ledger.peer_firms[group]
    segment[0] += weight
    peers[0] += weight
    segment[5] += weight * firms[firm].restricted
    if in_use:
        segment[1] += weight
        peers[1] += weight
        segment[2] += weight * totals.slots
        segment[3] += weight * totals.open_slots
        segment[4] += weight * totals.selfhosted
        segment[6] += weight * totals.tokens
        segment[7] += weight * totals.spend
        segment[8] += weight * totals.surplus
        segment[9] += weight * totals.paid


@inline_kernel
def add_firm(
    ledger: Ledger, firms: FirmRows, slots: SlotRows, firm: int, place: int, totals: Totals
) -> None:
    """Count one firm's month and set its portfolio."""
    add_segment(ledger, firms, firm, totals)
    firms[firm].portfolio = totals.vendors
    if place == 0:
        _add_survey(ledger, firms, slots, firm, totals)


@inline_kernel
def _add_survey(
    ledger: Ledger, firms: FirmRows, slots: SlotRows, firm: int, totals: Totals
) -> None:
    """Count one home firm in the survey of its band (columns: `ledger.SURVEY`)."""
    survey, weight = ledger.survey[firms[firm].band], firms[firm].weight
    survey[0] += weight
    survey[2] += weight * firms[firm].restricted
    survey[3] += weight * firms[firm].ever_restricted
    if firms[firm].builder == 1:
        _add_path(survey, firms, slots, firm, weight)
    if totals.slots == 0:
        return
    survey[1] += weight
    survey[4] += weight * totals.slots
    survey[5] += weight * totals.open_slots
    survey[6] += weight * (totals.open_slots > 0)
    survey[7] += weight * (totals.closed_spend > totals.open_spend)
    survey[8] += weight * totals.year_old
    survey[9] += weight * totals.switched
    survey[10] += weight * totals.upgraded
    if totals.earlier != NOTHING:
        survey[11] += weight
        survey[12] += weight * (totals.vendors & totals.earlier == NOTHING)
    count = _bits(totals.vendors)
    survey[13] += weight * count
    survey[14] += weight * (count >= 3)
    survey[15] += weight * (totals.slots >= 5 and _models(firms, slots, firm) >= 5)
    survey[19] += weight * firms[firm].tokens * (_bits(totals.tiers) >= 2)
    survey[20] += weight * firms[firm].tokens
    if totals.tokens > 0.0:
        position = histogram_bin(totals.tokens)
        ledger.histogram[position, 0] += weight
        ledger.histogram[position, 1] += weight * totals.tokens


@inline_kernel
def histogram_bin(tokens: float) -> int:
    """Bin of a firm's tokens: eight to a doubling. The fast logarithm may err at an edge."""
    doublings = float(fast_log(np.float32(tokens))) * LOG2_E
    position = int((doublings - HISTOGRAM_LOWEST) * HISTOGRAM_PER_OCTAVE)
    return min(max(position, 0), HISTOGRAM_BINS - 1)


@inline_kernel
def _models(firms: FirmRows, slots: SlotRows, firm: int) -> int:
    """Distinct models in use."""
    first, last = firms[firm].first_slot, firms[firm].first_slot + firms[firm].slot_count
    models = 0
    for slot in range(first, last):
        if slots[slot].offering == NONE:
            continue
        repeated = False
        for other in range(first, slot):
            held = slots[other].offering
            if held != NONE and held // 6 == slots[slot].offering // 6:
                repeated = True
        models += not repeated
    return models


@inline_kernel
def _add_path(
    survey: np.ndarray, firms: FirmRows, slots: SlotRows, firm: int, weight: float
) -> None:
    """A builder's way from closed services to tuned open models."""
    for slot in range(firms[firm].first_slot, firms[firm].first_slot + firms[firm].slot_count):
        if slots[slot].path >= 1:
            survey[16] += weight
            if slots[slot].path == 2:
                survey[17] += weight
                survey[18] += weight * slots[slot].path_months


@inline_kernel
def _unit_cost(book: BookRows, firms: FirmRows, firm: int, row: int) -> float:
    """Money per Mtok of what is held, at planned capacity for own machines."""
    if book[row].access == 2:
        rent = book[row].replica_rent / book[row].replica_capacity
        return rent * (1.0 - np.float64(firms[firm].own_base))
    return book[row].price * book[row].demand
