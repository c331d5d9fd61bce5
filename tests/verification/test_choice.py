"""The compiled choice is the nested logit of model.md section 7, written out slowly here."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from nested import ERROR_RATE, addresses, chi_square, draw_choices, nested_logit

from agents.common.logit import logit_shares
from agents.common.offers import book_rows
from agents.common.vocabulary import NONE, Access
from agents.enterprise.calling import class_of
from agents.enterprise.columns import Firms, Slots
from agents.enterprise.demand import utilities_of
from agents.enterprise.utilities import scratch_for
from sim.enterprise_step import choice_rules, lists_of, nests_of, platforms_of, world_of
from sim.market import Market

DRAWS = 40_000
SELECTED: dict[str, Callable[["Place"], bool]] = {
    "api": lambda at: at.holds(Access.API),
    "hosted": lambda at: at.holds(Access.HOSTED),
    "own machines": lambda at: at.holds(Access.SELFHOST),
    "nothing yet": lambda at: at.firms.adopted_since[at.firm] == NONE,
    "restricted": lambda at: at.firms.restricted[at.firm] == 1,
    "bound by residency": lambda at: at.firms.residency[at.firm] == 1,
    "data to tune on": lambda at: at.slots.data[at.slot] > 200,
    "paused": lambda at: at.slots.offering[at.slot] == NONE < at.slots.vendor[at.slot],
    "platform": lambda at: at.slots.channel[at.slot] == 1 and at.holds(Access.API),
    "china": lambda at: at.firms.region[at.firm] == 2,
}
"""Slots to compare, by what is special about them."""


def holds(market: Market, slot: int, access: Access) -> bool:
    held = int(market.columns.slots.offering[slot])
    return held != NONE and held % 3 == access


class Place(NamedTuple):
    """One slot and its firm."""

    market: Market
    firm: int
    slot: int

    @property
    def firms(self) -> Firms:
        return self.market.columns.firms

    @property
    def slots(self) -> Slots:
        return self.market.columns.slots

    def holds(self, access: Access) -> bool:
        return holds(self.market, self.slot, access)


class Task(NamedTuple):
    """One slot and its firm, with what surrounds them."""

    market: Market
    firm: int
    slot: int
    inside: bool
    """Looks at its vendor's own list only."""

    @property
    def held_row(self) -> np.ndarray:
        """Row of what the slot holds; empty if it holds nothing."""
        held = self.market.columns.slots.offering[self.slot]
        return np.flatnonzero(self.market.book.offering == held)


def find_slot(market: Market, special: Callable[[Place], bool]) -> tuple[int, int]:
    """First slot that has a choice of at least six entries and is special."""
    first = market.columns.firms.first_slot
    lists = lists_of(market, market.book)
    for firm in range(len(market.columns)):
        code = class_of(market.columns.firm_rows, firm)
        for slot in range(first[firm], first[firm + 1]):
            long = lists.start[code + 1] - lists.start[code] >= 6
            if long and special(Place(market, firm, slot)):
                return firm, slot
    raise AssertionError("no slot of this kind in the market")


# --- slow reference, in float64, from the text of the specification


def tuned_gain(market: Market, data: float) -> float:
    usage = market.parameters.usage
    return float(usage.tuned_gain * (1 - math.exp(-data / usage.tuning_data)))


def success(market: Market, slot: int, row: int) -> float:
    book, slots, choice = market.book, market.columns.slots, market.parameters.choice
    q = float(book.q_perceived[row])
    if book.tuned[row]:
        q += tuned_gain(market, float(slots.data[slot])) + float(book.crowd_gain[row])
    margin = choice.item_slope * (q - float(slots.difficulty[slot]))
    return 1 / (1 + math.exp(-margin))


def risk(market: Market, firm: int, row: int) -> float:
    book, firms, choice = market.book, market.columns.firms, market.parameters.choice
    regions = list(market.parameters.regions.values())
    seat = market.parameters.regions[market.vendors[book.vendor[row]].region]
    access = book.access[row]
    if access == Access.SELFHOST:
        unskilled = 1 - float(firms.skill[firm])
        exposure = choice.exposure_selfhost * float(book.risk[row])
        exposure += choice.operations_risk * unskilled
    elif access == Access.HOSTED:
        exposure = choice.exposure_hosted * float(book.risk[row])
    else:
        foreign = seat.home != regions[firms.region[firm]].home
        exposure = (choice.exposure_foreign if foreign else 1.0) * float(book.risk[row])
    return choice.risk_weight * float(firms.sensitivity[firm]) * exposure


def switching(market: Market, slot: int, row: int) -> float:
    book, slots, c = market.book, market.columns.slots, market.parameters.choice
    held, last = int(slots.offering[slot]), int(slots.vendor[slot])
    if last == NONE or held == book.offering[row]:
        return 0.0
    if held == NONE:
        return c.switching_inside if last == book.vendor[row] else c.switching
    lost = c.switching_tuned if held % 6 >= 3 else 1.0
    old = market.models[held // 6]
    if book.model[row] == old.index:
        return c.switching_access * lost
    if book.vendor[row] == old.vendor:
        return c.switching_inside * lost
    return c.switching * lost * (c.switching_open if old.open and book.open[row] else 1.0)


def integration(market: Market, firm: int, slot: int, row: int, platform: bool) -> float:
    book, slots, c = market.book, market.columns.slots, market.parameters.choice
    held, access = int(slots.offering[slot]), int(book.access[row])
    if held != NONE and market.models[held // 6].vendor == book.vendor[row]:
        same_model = held // 6 == book.model[row] and access != Access.SELFHOST
        if held % 3 == access or same_model:
            return 0.0
    portfolio = int(market.columns.firms.portfolio[firm])
    known = portfolio >> int(book.vendor[row]) & 1
    months = c.integration * (c.integration_known if known else 1.0)
    months *= c.integration_selfhost if access == Access.SELFHOST else 1.0
    months += c.integration_open if book.open[row] else 0.0
    extra = portfolio != 0 and not known and not platform
    return months + (c.additional_vendor if extra else 0.0)


def training_tokens(market: Market, slot: int) -> float:
    usage, data = market.parameters.usage, float(market.columns.slots.data[slot])
    return min(data, usage.tuning_tokens) if data > 0.1 * usage.tuning_data else 0.0


def selfhosted_slots(market: Market, firm: int) -> int:
    first, last = market.columns.firms.first_slot[firm : firm + 2]
    return sum(holds(market, slot, Access.SELFHOST) for slot in range(first, last))


def staff(market: Market, firm: int, slot: int) -> float:
    """$ a month of operations staff the slot would carry, shared over the firm's slots."""
    usage, skill = market.parameters.usage, float(market.columns.firms.skill[firm])
    sharing = selfhosted_slots(market, firm) + (not holds(market, slot, Access.SELFHOST))
    return usage.staff_cost * usage.staff_needed / 12 * (1.6 - 1.2 * skill) / sharing


def cost(market: Market, firm: int, slot: int, row: int, platform: bool) -> float:
    """Share of the value at stake, a month."""
    book, firms, slots = market.book, market.columns.firms, market.columns.slots
    tokens = float(slots.tokens[slot]) * market.environment.demand
    at_stake = tokens * float(slots.value[slot])
    facts = market.platforms[firms.platform[firm]].facts if platform else None
    fee = facts.fee if facts else 0.0
    if book.access[row] == Access.SELFHOST:
        machines = max(1.0, math.ceil(tokens / book.replica_capacity[row]))
        rent = machines * book.replica_rent[row] * (1 - float(firms.own_base[firm]))
        rent *= 1 + fee + book.fee_rate[row] + book.services_rate[row]
        saved = facts.staff_saving if facts else 0.0
        paid = rent + staff(market, firm, slot) * (1 - saved)
    else:
        prices = market.parameters.pricing
        credit = prices.payment == "postpaid"
        days = prices.credit_days if credit else -prices.prepaid_days
        credit_factor = math.exp(-float(firms.capital_cost[firm]) * days / 365)
        paid = book.price[row] * tokens * (1 + fee) * credit_factor
    if book.offering[row] != slots.offering[slot]:
        job = float(book.tuning_price[row]) * training_tokens(market, slot)
        paid += job / market.parameters.choice.holding
    return float(paid / at_stake)


def channel(market: Market, firm: int, slot: int, row: int, platform: bool) -> float:
    """Packaging less what is paid, in the open market or through the firm's platform."""
    packaging = float(market.book.packaging[row])
    if platform:
        seller = platforms_of(market).packaging[market.columns.firms.platform[firm]]
        packaging = max(packaging, float(seller))
    once = switching(market, slot, row) + integration(market, firm, slot, row, platform)
    spread = once / market.parameters.choice.holding
    return packaging - cost(market, firm, slot, row, platform) - spread


def utility(task: Task, row: int, tastes: np.ndarray, peers: np.ndarray) -> float:
    market, firm, slot, _ = task
    firms, vendor = market.columns.firms, market.book.vendor[row]
    direct = channel(market, firm, slot, row, False)
    sold = channel(market, firm, slot, row, True) if firms.platform[firm] != NONE else direct
    fit = float(firms.control[firm]) * float(market.book.control[row])
    fit += float(tastes[vendor]) + market.parameters.choice.peer_weight * float(peers[vendor])
    worth = success(market, slot, row) - risk(market, firm, row) + fit + max(direct, sold)
    return float(firms.theta[firm]) * worth


def is_considered(task: Task, row: int) -> bool:
    book, slots = task.market.book, task.market.columns.slots
    if task.inside and book.vendor[row] != slots.vendor[task.slot]:
        return False
    if book.offering[row] == slots.offering[task.slot]:
        return True
    trainable = training_tokens(task.market, task.slot) > 0 or book.tuning_price[row] == 0
    return bool(book.listed[row] == 1 and trainable)


# --- the compiled side


class Drawn(NamedTuple):
    """What the compiled code made of a task."""

    rows: np.ndarray
    """Rows of the book that are considered."""
    utility: np.ndarray
    counts: np.ndarray
    """Draws of each of these rows and, last, of the outside option."""
    tastes: np.ndarray
    peers: np.ndarray


def compiled(task: Task) -> Drawn:
    market, columns = task.market, task.market.columns
    nests, world = nests_of(market, lists_of(market, market.book)), world_of(market)
    scratch = scratch_for(nests, len(market.vendors))
    chosen, looked = np.empty(DRAWS, np.int64), np.empty(2, np.int64)
    shift = np.empty(1)
    months, ids = addresses(DRAWS)
    draw_choices(
        choice_rules(market.parameters), world, book_rows(market.book), nests,
        platforms_of(market), columns.firm_rows, columns.slot_rows, market.keys.firm, scratch,
        task.firm, task.slot, task.inside, months, ids, chosen, looked, shift,
    )  # fmt: skip
    code = class_of(columns.firm_rows, task.firm)
    first, last = nests.start[looked[0]], nests.start[looked[1]]
    origin = nests.start[nests.first_nest[code]]
    utility = scratch.utility[first - origin : last - origin].astype(float)
    held = world.row_of[columns.slots.offering[task.slot]]
    rows = np.where(nests.row[first:last] == NONE, held, nests.row[first:last])
    rows, utility = rows[utility > -1e29], utility[utility > -1e29] + shift[0]
    position = {int(row): i for i, row in enumerate(rows)} | {NONE: len(rows)}
    counts = np.bincount([position[c] for c in chosen.tolist()], minlength=len(rows) + 1)
    peers = world.peers[columns.firms.group[task.firm]]
    return Drawn(rows, utility, counts, scratch.taste.astype(float), peers)


@pytest.mark.parametrize("inside", [False, True], ids=["whole list", "own vendor"])
@pytest.mark.parametrize("kind", SELECTED)
def test_draws_follow_the_nested_logit(month20: Market, kind: str, inside: bool) -> None:
    firm, slot = find_slot(month20, SELECTED[kind])
    task = Task(month20, firm, slot, inside)
    found = compiled(task)
    lists, code = lists_of(month20, month20.book), class_of(month20.columns.firm_rows, firm)
    allowed = np.flatnonzero(lists.usable[code])
    if not month20.columns.firms.aware[firm]:
        listed = lists.row[lists.start[code] : lists.start[code + 1]]
        held = task.held_row[lists.usable[code, task.held_row] == 1]
        allowed = np.union1d(listed, held)
    assert sorted(found.rows) == [row for row in allowed.tolist() if is_considered(task, row)]
    exact = np.array([utility(task, row, found.tastes, found.peers) for row in found.rows])
    np.testing.assert_allclose(found.utility, exact, rtol=2e-5, atol=2e-5)
    nests = month20.book.vendor[found.rows]
    probability = nested_logit(exact, nests, month20.parameters.choice.dissimilarity)
    assert chi_square(found.counts, probability) > ERROR_RATE


def test_a_platform_spares_nothing_to_those_connected_already(month20: Market) -> None:
    """A slot that is tendered pays no charge for the vendor it is with, whoever else is in use."""
    firm, slot = find_slot(month20, SELECTED["platform"])
    firms, vendor = month20.columns.firms, int(month20.columns.slots.vendor[slot])
    before = firms.portfolio[firm]
    firms.portfolio[firm] = np.uint64(2 if vendor == 0 else 1)
    try:
        task = Task(month20, firm, slot, False)
        found = compiled(task)
        exact = [utility(task, row, found.tastes, found.peers) for row in found.rows]
    finally:
        firms.portfolio[firm] = before
    assert (month20.book.vendor[found.rows] == vendor).sum() > 1
    np.testing.assert_allclose(found.utility, exact, rtol=2e-5, atol=2e-5)


def test_the_comparison_sees_a_wrong_scale(month20: Market) -> None:
    """The same draws against a nested logit of another dissimilarity are refused."""
    firm, slot = find_slot(month20, SELECTED["own machines"])
    found = compiled(Task(month20, firm, slot, False))
    nests = month20.book.vendor[found.rows]
    wrong = month20.parameters.choice.dissimilarity * 1.3
    assert chi_square(found.counts, nested_logit(found.utility, nests, wrong)) < ERROR_RATE


# --- duplicates


def open_share(market: Market, copies: int, dissimilarity: float) -> float:
    """Open share of entry demand with every open row listed `copies` times in its nest."""
    demand, book = market.entry_demand(market.book), market.book
    utility = utilities_of(demand, np.arange(book.offering.size)).T
    paid = utility - demand.price_weight[:, None] * book.price
    again = np.repeat(np.arange(book.offering.size), np.where(book.open == 1, copies, 1))
    weight = np.ones(len(paid))
    shares = logit_shares(paid[:, again], weight, book.vendor[again], dissimilarity)
    return float(shares[book.open[again] == 1].sum() / shares.sum())


def test_doubling_open_rows_hardly_moves_the_open_share(month20: Market) -> None:
    once, twice = (open_share(month20, copies, 0.1) for copies in (1, 2))
    assert 0.02 < once < 0.98
    assert abs(twice - once) < 0.02


def test_under_a_plain_logit_it_would(month20: Market) -> None:
    once, twice = (open_share(month20, copies, 1.0) for copies in (1, 2))
    assert twice - once > 0.05
