"""Step 5 of the month: enterprises perceive, wake up, choose and use, in compiled blocks."""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agents.common.logit import inclusive_value, shares_against
from agents.common.offers import (
    BookRows,
    ClassLists,
    Exposures,
    OfferBook,
    RegionRule,
    Sellers,
    book_rows,
    class_lists,
    row_index,
)
from agents.common.randomness import normal_at
from agents.common.vocabulary import NONE, Band
from agents.enterprise.choice import Keys
from agents.enterprise.demand import utilities_of, vendor_values
from agents.enterprise.evaluation import Platforms, Rules, taste_at
from agents.enterprise.expected import expect_block, quadrature
from agents.enterprise.ledger import ROW, Ledger, Sums, add_into, empty_ledger
from agents.enterprise.month import month_block
from agents.enterprise.nests import NestLists, nest_lists, repriced_nests, whole_chunks
from agents.enterprise.utilities import scratch_for
from agents.enterprise.world import World
from agents.vendor.pricing import payment_days
from sim.book import platform_columns, priced
from sim.listing import look, price_ratio_at_best
from sim.responses import best_responses
from sim.scenario import Scenario
from sim.standing import standing_of
from sim.tally import Bought, Operating, Shares, add_up, cheapest_row, use_at_home

if TYPE_CHECKING:
    from sim.market import Market

BLOCK = 8192
"""Firms in a block: fixed, so that sums have the same bytes on any number of threads."""


EXPLAINED_FIRMS = 20_000
"""About so many firms have the terms of their decisions recorded: every one up to twice as many,
beyond that a systematic sample."""


def choice_rules(scenario: Scenario) -> Rules:
    """The parameters of choice as numbers for compiled code."""
    c, u = scenario.choice, scenario.usage
    return Rules(
        slope=c.item_slope,
        linear=c.quality_form == "linear",
        dissimilarity=c.dissimilarity,
        risk_weight=c.risk_weight,
        exposure_foreign=c.exposure_foreign,
        exposure_hosted=c.exposure_hosted,
        exposure_selfhost=c.exposure_selfhost,
        exposure_unskilled=c.operations_risk,
        switching=c.switching,
        switching_open=c.switching_open,
        switching_inside=c.switching_inside,
        switching_access=c.switching_access,
        switching_tuned=c.switching_tuned,
        integration=c.integration,
        integration_known=c.integration_known,
        integration_selfhost=c.integration_selfhost,
        integration_open=c.integration_open,
        additional_vendor=c.additional_vendor,
        holding=c.holding,
        peer_weight=c.peer_weight,
        taste_spread=c.taste_spread,
        retender=c.retender,
        tuned_gain=u.tuned_gain,
        tuning_data=u.tuning_data,
        tuning_tokens=u.tuning_tokens,
        staff_month=u.staff_cost * u.staff_needed / 12,
        credit_days=payment_days(scenario.pricing),
    )


def choice_keys(market: "Market") -> Keys:
    """Keys of the enterprises' random streams."""
    key = market.streams.key
    return Keys(
        nest=key("choice.nest"),
        offering=key("choice.offering"),
        taste=key("firm.taste"),
        firm=key("firm.month"),
        renewal=key("slot.renewal"),
    )


def lists_of(market: "Market", book: OfferBook) -> ClassLists:
    """Allowed rows of every consideration class for a book; kept for the book asked about last."""
    if market.lists_cache is not None and market.lists_cache[0] is book:
        return market.lists_cache[1]
    c = market.parameters.choice
    regions = tuple(RegionRule(r.home, r.foreign_apis) for r in market.parameters.regions.values())
    names = list(market.parameters.regions)
    vendor_region = np.array([names.index(v.region) for v in market.vendors], np.int8)
    exposures = Exposures(
        c.exposure_foreign, c.exposure_hosted, c.exposure_selfhost, c.operations_risk
    )
    exporter = np.array([v.facts.sells_abroad for v in market.vendors], np.int8)
    lists = class_lists(book, regions, Sellers(vendor_region, exporter), exposures)
    market.lists_cache = (book, lists)
    return lists


def nests_of(market: "Market", lists: ClassLists) -> NestLists:
    """The lists as compiled code reads them; kept for lists that differ in prices only."""
    if market.nests_cache is not None:
        earlier, nests = market.nests_cache
        if earlier is lists:
            return nests
        if earlier.row is lists.row:
            market.nests_cache = (lists, repriced_nests(nests, lists))
            return market.nests_cache[1]
    nests = nest_lists(lists, market.book.vendor, len(market.vendors))
    market.nests_cache = (lists, nests)
    return nests


def rows_of(market: "Market", book: OfferBook) -> BookRows:
    """The book row by row; kept for the book asked about last."""
    if market.rows_cache is None or market.rows_cache[0] is not book:
        market.rows_cache = (book, book_rows(book))
    return market.rows_cache[1]


def ramp_table(scenario: Scenario) -> NDArray[np.float32]:
    """Share of tokens used by months since adoption, up to ten years."""
    u = scenario.usage
    months = range(121)
    if u.ramp <= 0:
        return np.ones(121, np.float32)
    share = [u.ramp_start + (1 - u.ramp_start) * (1 - math.exp(-m / u.ramp)) for m in months]
    return np.array(share, np.float32)


def peer_shares(market: "Market") -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Last month's vendor shares among peers' slots, shrunk toward the band's mean; adoption."""
    groups, vendors = market.group_count, len(market.vendors)
    shares = np.zeros((groups, vendors), np.float32)
    adoption = np.zeros(groups, np.float32)
    if market.sums is None:
        return shares, adoption
    slots, firms = market.sums.ledger.peer_slots, market.sums.ledger.peer_firms
    regions = len(market.parameters.regions)
    band = (np.arange(groups) // regions) % len(Band)
    for code in Band:
        rows = band == code
        mean = slots[rows].sum(axis=0) / max(slots[rows].sum(), 1e-9)
        adopters = firms[rows, 1].sum() / max(firms[rows, 0].sum(), 1e-9)
        prior = max(firms[rows, 0].sum() * 0.01, 1e-9)
        total = slots[rows].sum(axis=1)
        known = slots.shape[1]
        shrunk = (slots[rows] + prior * mean) / (total + prior)[:, None]
        shares[np.flatnonzero(rows), :known] = shrunk
        adoption[rows] = (firms[rows, 1] + prior * adopters) / (firms[rows, 0] + prior)
    return shares, adoption


def padded_keys(keys: list[int]) -> NDArray[np.uint32]:
    """Keys with zeros up to whole chunks."""
    padded = np.zeros(whole_chunks(len(keys)), np.uint32)
    padded[: len(keys)] = keys
    return padded


def stirred_vendors(market: "Market", row_of: NDArray[np.int32]) -> np.uint64:
    """Bit per vendor whose holders must look: an offering calls them, is gone, or is forbidden to
    a class that might hold it last month."""
    book, usable = market.book, lists_of(market, market.book).usable
    vendors = set(book.vendor[book.force > 0].tolist())
    if market.held_before is not None:
        offerings, owners, earlier = market.held_before
        rows = row_of[offerings]
        # Where nothing is on sale there is no row to look at.
        on_sale = rows != NONE
        lost = ~on_sale
        lost[on_sale] = (earlier[:, on_sale] > usable[:, rows[on_sale]]).any(axis=0)
        vendors |= set(owners[lost].tolist())
    return np.uint64(sum(1 << vendor for vendor in vendors))


def world_of(market: "Market") -> World:
    """What all firms see this month."""
    p = market.parameters
    shares, adoption = peer_shares(market)
    fade = math.exp(-market.month / p.restriction.learning)
    rows = row_index(market.book, len(market.models))
    return World(
        month=market.month,
        demand=market.environment.demand,
        row_of=rows,
        vendor_keys=padded_keys([v.address for v in market.vendors]),
        peers=shares,
        peer_adoption=adoption,
        innovation=p.adoption.innovation,
        imitation=p.adoption.imitation,
        adoption_scale=np.array([p.bands[b.name.lower()].adoption_scale for b in Band], np.float32),
        restriction_hazard=np.array(
            [p.restriction.base, p.restriction.gain * market.incident_stock * fade]
        ),
        restriction_end=1 - 0.5 ** (1 / p.restriction.half_life),
        renewal=p.enterprise.frontier_renewal / 12,
        frontier_quality=max(market.frontier_now(), -1.0),
        ramp=market.ramp,
        data_keep=p.usage.data_keep,
        home=np.array([r.home for r in p.regions.values()], np.int8),
        explained=max(len(market.columns) // EXPLAINED_FIRMS, 1),
        stirred=stirred_vendors(market, rows),
    )


def platforms_of(market: "Market") -> Platforms:
    """Columns of platforms for compiled code; kept while what they are made from stays."""
    finance = market.parameters.finance
    made_from = (finance, [platform.packaging for platform in market.platforms])
    kept = market.platforms_cache
    if kept is None or kept[0][0] is not finance or kept[0][1] != made_from[1]:
        kept = (made_from, Platforms(*platform_columns(market.platforms, finance)))
        market.platforms_cache = kept
    return kept[1]


def run_enterprises(market: "Market") -> Sums:
    """Advance all enterprises by one month; returns the month's sums."""
    world, nests = world_of(market), nests_of(market, lists_of(market, market.book))
    rules, platforms, keys = choice_rules(market.parameters), platforms_of(market), market.keys.firm
    columns, book = market.columns, rows_of(market, market.book)

    def block(begin: int) -> Ledger:
        ledger = empty_ledger(
            book.size, market.group_count, len(market.platforms), len(market.vendors)
        )
        month_block(
            begin, min(begin + BLOCK, len(columns)), columns.firm_rows, columns.slot_rows, world,
            rules, book, nests, platforms, keys, scratch_for(nests, len(market.vendors)), ledger,
        )  # fmt: skip
        return ledger

    market.held_before = (
        market.book.offering, market.book.vendor, lists_of(market, market.book).usable
    )  # fmt: skip
    return Sums(add_blocks(partial(block), range(0, len(columns), BLOCK), market.threads))


def expected_slots(market: "Market") -> NDArray[np.float64]:
    """Expected weighted slots in use by row of the book, if enterprises chose this month now.

    In closed form from the state at hand, which is left as it was; agrees with the mean over
    independent luck of what `run_enterprises` does to the counts.
    """
    world, nests = world_of(market), nests_of(market, lists_of(market, market.book))
    counts = np.zeros(market.book.offering.size)
    expect_block(
        market.columns.firm_rows, market.columns.slot_rows, world,
        choice_rules(market.parameters), book_rows(market.book), nests, platforms_of(market),
        market.keys.firm, scratch_for(nests, len(market.vendors)), quadrature(nests), counts,
    )  # fmt: skip
    return counts


_warm = False


def warm_up(market: "Market") -> None:
    """Compile what the months will call, or load it from the cache, without touching anything.

    Only before month 0: the compiled code is called with empty columns. Done once in a process.
    """
    global _warm
    if _warm:
        return
    assert market.month < 0
    world, nests = world_of(market), nests_of(market, lists_of(market, market.book))
    columns, vendors, keys = market.columns, len(market.vendors), market.keys.firm
    ledger = empty_ledger(0, market.group_count, len(market.platforms), vendors)
    month_block(
        0, 0, columns.firm_rows, columns.slot_rows, world, choice_rules(market.parameters),
        rows_of(market, market.book), nests, platforms_of(market), keys,
        scratch_for(nests, vendors), ledger,
    )  # fmt: skip
    _warm_up_pricing(market)
    _warm_up_sums(market)
    taste_at(keys.taste, 0, 0, 0.0)
    normal_at(keys.taste, 0, 0, 0)
    _warm = True


def _warm_up_pricing(market: "Market") -> None:
    rows, one, none = rows_of(market, market.book), np.ones(1), np.zeros(0, np.int64)
    priced(market.book, market.stock, market.surroundings())
    market.cheapest()
    demand = market.entry_demand(market.book)
    utilities_of(demand, none)
    vendor_values(demand, np.zeros(0), 1, 0.5)
    market.sample = None
    inclusive_value(np.zeros((1, 1)), 0.5)
    best_responses(demand, rows, np.zeros((1, 1)), none, 0.5)
    shares_against(np.zeros((1, 1)), one, one, none, np.zeros(0), 0.5)


def _warm_up_sums(market: "Market") -> None:
    standing_of(market)
    rows, none, nobody = rows_of(market, market.book), np.zeros(0), np.zeros(0, bool)
    ledger = np.zeros((2, 0, len(ROW)))
    add_up(ledger, rows, Bought(none, none, none), nobody, nobody, Shares(0.0, 0.0))
    use_at_home(ledger, rows, 0)
    look(rows, nobody, 0)
    price_ratio_at_best(rows, nobody)
    cheapest_row(rows, Operating(0.0, np.float32(0.0), 0.0), none, nobody, nobody)


def add_blocks(block: partial[Ledger], starts: range, threads: int) -> Ledger:
    """Run blocks on threads and add their ledgers in block order."""
    if threads <= 1 or len(starts) == 1:
        parts = map(block, starts)
        total = next(parts)
        for part in parts:
            add_into(total, part)
        return total
    with ThreadPoolExecutor(threads) as pool:
        results = pool.map(block, starts)
        total = next(results)
        for part in results:
            add_into(total, part)
    return total
