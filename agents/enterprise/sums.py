"""How one slot's and one firm's month enter the ledger (columns: see `ledger.py`)."""

import numpy as np

from agents.common.compiled import inline_kernel
from agents.common.offers import OfferBook
from agents.common.vocabulary import NONE
from agents.enterprise.columns import Firms, Slots
from agents.enterprise.evaluation import Platforms, Rules
from agents.enterprise.ledger import (
    HISTOGRAM_BINS,
    HISTOGRAM_LOWEST,
    HISTOGRAM_PER_OCTAVE,
    Ledger,
)

Payments = tuple[float, float, float, float, float, float, float, float, float]
YEAR = 12


@inline_kernel
def decision_cell(
    book: OfferBook, firms: Firms, slots: Slots, firm: int, slot: int, row: int
) -> int:  # fmt: skip
    """Cell of the decision table a slot falls in: band, own base, tier, access, open, tuned."""
    cell = np.int64(firms.band[firm]) * 4 + firms.own_quartile[firm]
    cell = (cell * 3 + slots.tier[slot]) * 3 + book.access[row]
    return (cell * 2 + book.open[row]) * 2 + book.tuned[row]


@inline_kernel
def add_slot(
    ledger: Ledger, rules: Rules, book: OfferBook, platforms: Platforms, firms: Firms,
    slots: Slots, firm: int, slot: int, row: int, place: int, platform: int, tokens: float,
    at_stake: float, success: float, payments: Payments, liking: float,
) -> tuple[float, float]:  # fmt: skip
    """Count one slot's month; returns its tokens and what it spent (without staff, one-offs)."""
    bill, fee, tuning, rent, licence, services, staff, one_off, money = payments
    weight = firms.weight[firm]
    spend = bill + fee + tuning + rent + licence + services
    full = spend + staff + one_off + money
    exposure = _exposure(rules, book, firms, firm, row, place)
    packaging = np.float64(book.packaging[row])
    if platform != NONE:
        packaging = max(packaging, np.float64(platforms.packaging[platform]))
    fit = at_stake * (packaging + firms.control[firm] * book.control[row])
    risk = at_stake * rules.risk_weight * firms.sensitivity[firm] * exposure
    surplus = at_stake * success - full - risk + fit
    target = ledger.row[place, row]
    target[0] += weight
    target[1] += weight * tokens
    target[2] += weight * bill
    target[3] += weight * fee
    target[4] += weight * tuning
    target[5] += weight * rent
    target[6] += weight * licence
    target[7] += weight * services
    target[8] += weight * staff
    target[9] += weight * one_off
    target[10] += weight * money
    target[11] += weight * tokens * success
    target[12] += weight * at_stake
    target[13] += weight * surplus
    target[14] += weight * fit
    target[15] += weight * at_stake * liking
    segment = ledger.segment[firms.group[firm]]
    segment[2] += weight
    segment[3] += weight * book.open[row]
    segment[4] += weight * (1.0 if book.access[row] == 2 else 0.0)
    segment[6] += weight * tokens
    segment[7] += weight * spend
    segment[8] += weight * surplus
    segment[9] += weight * full
    ledger.peer_slots[firms.group[firm], slots.vendor[slot]] += weight
    if platform != NONE:
        ledger.platform[place, platform, 0] += weight * tokens
        ledger.platform[place, platform, 1] += weight * (bill + rent + fee)
        ledger.platform[place, platform, 2] += weight * fee
        ledger.platform[place, platform, 3] += weight * fee * (book.access[row] == 0)
    if place == 0:
        cell = ledger.decision[decision_cell(book, firms, slots, firm, slot, row)]
        cell[0] += weight
        cell[1] += weight * tokens
        cell[2] += weight * at_stake
        cell[3] += weight * (spend + one_off + money)
        cell[4] += weight * staff
        cell[5] += weight * tokens * success
    return tokens, spend


@inline_kernel
def _exposure(
    rules: Rules, book: OfferBook, firms: Firms, firm: int, row: int, place: int
) -> float:
    """Exposure of data to what is held, as in the choice."""
    if book.access[row] == 2:
        return rules.exposure_selfhost + rules.exposure_unskilled * (1.0 - firms.skill[firm])
    base = rules.exposure_hosted
    if book.access[row] == 0:
        base = rules.exposure_foreign if book.abroad[row] != place else 1.0
    return base * book.risk[row]


@inline_kernel
def _bits(value: np.uint64) -> int:
    """Number of bits set."""
    count = 0
    while value != np.uint64(0):
        value &= value - np.uint64(1)
        count += 1
    return count


@inline_kernel
def add_firm(
    ledger: Ledger, book: OfferBook, row_of: np.ndarray, month: int, firms: Firms, slots: Slots,
    firm: int, place: int, in_use: bool,
) -> None:  # fmt: skip
    """Count one firm's month and set its portfolio."""
    weight = firms.weight[firm]
    group = firms.group[firm]
    segment = ledger.segment[group]
    segment[0] += weight
    segment[1] += weight * in_use
    segment[5] += weight * firms.restricted[firm]
    ledger.peer_firms[group, 0] += weight
    ledger.peer_firms[group, 1] += weight * in_use
    vendors, earlier, models, used, open_used, tiers = _portfolio(
        book, row_of, month, firms, slots, firm
    )
    firms.portfolio[firm] = vendors
    if place != 0:
        return
    survey = ledger.survey[firms.band[firm]]
    survey[0] += weight
    survey[2] += weight * firms.restricted[firm]
    survey[3] += weight * firms.ever_restricted[firm]
    if earlier != np.uint64(0) and in_use:
        survey[11] += weight
        survey[12] += weight * (vendors & earlier == np.uint64(0))
    _add_slots_survey(survey, book, row_of, month, firms, slots, firm, weight)
    if not in_use:
        return
    survey[1] += weight
    survey[4] += weight * used
    survey[5] += weight * open_used
    survey[6] += weight * (open_used > 0)
    survey[13] += weight * _bits(vendors)
    survey[14] += weight * (_bits(vendors) >= 3)
    survey[15] += weight * (models >= 5)
    survey[19] += weight * firms.tokens[firm] * (tiers >= 2)
    survey[20] += weight * firms.tokens[firm]
    tokens = np.float64(firms.tokens[firm])
    if tokens > 0.0:
        position = (np.log2(tokens) - HISTOGRAM_LOWEST) * HISTOGRAM_PER_OCTAVE
        bin_ = min(max(int(position), 0), HISTOGRAM_BINS - 1)
        ledger.histogram[bin_, 0] += weight
        ledger.histogram[bin_, 1] += weight * tokens


@inline_kernel
def _portfolio(
    book: OfferBook, row_of: np.ndarray, month: int, firms: Firms, slots: Slots, firm: int
) -> tuple[np.uint64, np.uint64, int, int, int, int]:
    """Vendors in use now and a year ago, distinct models, slots, open slots, model tiers."""
    first, last = firms.first_slot[firm], firms.first_slot[firm + 1]
    vendors = earlier = tiers = np.uint64(0)
    models = used = open_used = 0
    for slot in range(first, last):
        held = slots.offering[slot]
        if held == NONE:
            continue
        row = row_of[held]
        used += 1
        open_used += book.open[row]
        vendors |= np.uint64(1) << np.uint64(slots.vendor[slot])
        tiers |= np.uint64(1) << np.uint64(book.tier[row])
        repeated = False
        for other in range(first, slot):
            if slots.offering[other] != NONE and slots.offering[other] // 6 == held // 6:
                repeated = True
        models += not repeated
        if slots.in_use_since[slot] <= month - YEAR:
            past = slots.vendor[slot]
            if slots.vendor_since[slot] > month - YEAR and slots.earlier_vendor[slot] != NONE:
                past = slots.earlier_vendor[slot]
            earlier |= np.uint64(1) << np.uint64(past)
    return vendors, earlier, models, used, open_used, _bits(tiers)


@inline_kernel
def _add_slots_survey(
    survey: np.ndarray, book: OfferBook, row_of: np.ndarray, month: int, firms: Firms,
    slots: Slots, firm: int, weight: float,
) -> None:  # fmt: skip
    """Yearly switching and upgrading, the path of builders, and who gets the larger spend."""
    closed_tokens = open_tokens = 0.0
    for slot in range(firms.first_slot[firm], firms.first_slot[firm + 1]):
        if firms.builder[firm] == 1 and slots.path[slot] >= 1:
            survey[16] += weight
            if slots.path[slot] == 2:
                survey[17] += weight
                survey[18] += weight * slots.path_months[slot]
        held = slots.offering[slot]
        if held == NONE:
            continue
        wanted = np.float64(slots.tokens[slot]) * _unit_cost(book, firms, firm, row_of[held])
        if book.open[row_of[held]] == 1:
            open_tokens += wanted
        else:
            closed_tokens += wanted
        if slots.in_use_since[slot] <= month - YEAR:
            switched = slots.vendor_since[slot] > month - YEAR
            upgraded = not switched and slots.model_since[slot] > month - YEAR
            survey[8] += weight
            survey[9] += weight * switched
            survey[10] += weight * upgraded
    survey[7] += weight * (closed_tokens > open_tokens)


@inline_kernel
def _unit_cost(book: OfferBook, firms: Firms, firm: int, row: int) -> float:
    """Money per Mtok of what is held, at planned capacity for own machines."""
    if book.access[row] == 2:
        rent = book.replica_rent[row] / book.replica_capacity[row]
        return rent * (1.0 - np.float64(firms.own_base[firm]))
    return book.price[row] * book.demand[row]
