"""Small worlds of ordinary or extreme numbers, made without a market, for tests of the choice.

A recipe says what is special; everything else is drawn from its seed. Books keep to what an offer
book promises: services have prices and no machines, own machines the reverse, closed models are
sold by their vendor only.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.common.offers import (
    ClassLists,
    Exposures,
    OfferBook,
    RegionRule,
    Sellers,
    book_rows,
    class_lists,
    row_index,
)
from agents.common.randomness import stream_key
from agents.common.vocabulary import NONE, VARIANTS
from agents.enterprise.choice import Keys
from agents.enterprise.columns import EnterpriseColumns
from agents.enterprise.evaluation import Platforms, Rules, taste_at
from agents.enterprise.world import World
from benchmarks.peers.task import Task
from sim.enterprise_step import choice_rules, padded_keys
from sim.loading import load
from sim.market import Market

MONTH, DEMAND = 20, 1.75
MOST_SLOTS = 3
"""A firm has one to so many slots."""
GONE, PAUSED, EMPTY, HOLDS = "gone", "paused", "empty", "holds"
Powers = tuple[float, float]
"""Lowest and highest power of ten."""
Rng = np.random.Generator


@dataclass(frozen=True)
class Recipe:
    """What a world is made from."""

    seed: int = 0
    offerings: int = 40
    vendors: int = 5
    firms: int = 6
    prices: Powers = (-1.0, 1.0)
    """$ per Mtok of tokens, and of training tokens."""
    rents: Powers = (2.0, 4.0)
    """$ a month of a replica."""
    volumes: Powers = (1.0, 4.0)
    """Mtok a month of a slot."""
    values: Powers = (0.5, 1.5)
    """$ per Mtok of work done."""
    decisiveness: Powers = (0.0, 1.0)
    """theta"""
    dissimilarity: float = 0.3
    equal: bool = False
    """All offerings are services alike in everything."""
    listed: float = 0.7
    """Share of rows new buyers may see."""
    forbidden: bool = False
    """Every firm is restricted to own machines, and there are none."""
    idle: float = 0.0
    """Share of slots that want nothing."""
    holds: tuple[str, ...] = (HOLDS, HOLDS, HOLDS, EMPTY, GONE, PAUSED)
    """What slots may hold: one of these each."""
    platforms: bool = True
    saving: float = 0.9
    """Largest share of staff that a platform saves."""
    spread: float = 0.06
    """Of tastes."""
    linear: bool = False
    """Form of quality; the plain rules know the other one only."""
    retender: float = 1.0
    """1 if reviews compare the whole list, 0 if only that of the vendor at hand."""


@lru_cache(maxsize=1)
def pattern() -> Market:
    """A market whose columns have the types that compiled code knows."""
    return Market(load("baseline", {"enterprise.population": 30}))


@lru_cache(maxsize=1)
def _baseline_rules() -> Rules:
    return choice_rules(load("baseline"))


def _powers(rng: Rng, powers: Powers, count: int) -> NDArray[np.float64]:
    return np.asarray(10.0 ** rng.uniform(*powers, count))


def _rows(recipe: Recipe, rng: Rng) -> NDArray[np.int64]:
    """(rows, 4) vendor, model, variant and openness; sorted by vendor, models in some variants."""
    models = recipe.offerings
    vendor = np.sort(rng.integers(recipe.vendors, size=models))
    is_open = rng.random(models) < 0.5
    sold = rng.random((models, VARIANTS)) < 0.4
    sold[~is_open] &= np.arange(VARIANTS) % 3 == 0
    sold[:, 0] = True
    if recipe.equal or recipe.forbidden:
        sold[:, 1:] = False
    model, variant = np.nonzero(sold)
    kept = np.sort(rng.choice(model.size, recipe.offerings, replace=False))
    return np.column_stack([vendor[model], model, variant, is_open[model]])[kept]


def book_of(recipe: Recipe, rng: Rng, region: NDArray[np.int8]) -> OfferBook:
    """An offer book; region: of every vendor, 0 is home."""
    vendor, model, variant, is_open = _rows(recipe, rng).T
    count, access, tuned = vendor.size, variant % 3, variant >= 3
    own, one = access == 2, np.ones(vendor.size)
    columns: dict[str, Any] = {
        "offering": model * VARIANTS + variant, "model": model, "vendor": vendor,
        "tier": model % 3, "access": access, "tuned": tuned, "open": is_open,
        "listed": rng.random(count) < recipe.listed,
        "key": rng.integers(2**32, size=model.max(initial=0) + 1)[model],
        "price": np.where(own, 0.0, _powers(rng, recipe.prices, count)), "cost": 0.1 * one,
        "q": rng.normal(size=count), "q_perceived": rng.normal(size=count),
        "packaging": rng.uniform(0, 0.7, count), "control": is_open * rng.uniform(0, 1, count),
        "risk": 1.0 + rng.exponential(size=count),
        "tuning_price": np.where(tuned, _powers(rng, recipe.prices, count), 0.0),
        "gain": tuned, "crowd_gain": tuned * rng.uniform(0, 0.3, count),
        "replica_rent": np.where(own, _powers(rng, recipe.rents, count), 0.0),
        "replica_capacity": np.where(own, _powers(rng, (2.0, 5.0), count), 1.0),
        "fee_rate": own * rng.choice([0.0, 0.2], count),
        "services_rate": own * rng.choice([0.0, 0.35], count), "demand": one,
        "abroad": region[vendor], "force": 0 * one,
    }  # fmt: skip
    if recipe.equal:
        for name in ("price", "q", "q_perceived", "packaging", "risk"):
            columns[name] = one * 0.5
        columns |= {"abroad": 0 * one, "open": 0 * one, "control": 0 * one}
    kinds = pattern().book._asdict()
    return OfferBook(**{name: column.astype(kinds[name].dtype) for name, column in columns.items()})


def lists_for(recipe: Recipe, rng: Rng, book: OfferBook, rules: Rules, region: Any) -> ClassLists:
    """What the classes of a home region and of one that admits no foreign service may buy."""
    exporter = rng.integers(2, size=recipe.vendors).astype(np.int8)
    exposures = Exposures(
        rules.exposure_foreign, rules.exposure_hosted, rules.exposure_selfhost,
        rules.exposure_unskilled,
    )  # fmt: skip
    regions = RegionRule(True, True), RegionRule(False, False)
    return class_lists(book, regions, Sellers(region, exporter), exposures)


def _columns(recipe: Recipe, rng: Rng) -> EnterpriseColumns:
    """Firms and their slots, which hold nothing yet."""
    count = recipe.firms
    slots = rng.integers(1, MOST_SLOTS + 1, count)
    rows = np.repeat(pattern().columns.firm_rows[:1], count)
    rows["first_slot"], rows["slot_count"] = np.cumsum(slots) - slots, slots
    for name, share in (("region", 0.3), ("residency", 0.2), ("restricted", 0.2), ("aware", 0.7)):
        rows[name] = rng.random(count) < share
    if recipe.equal or recipe.forbidden:
        rows["region"] = rows["residency"] = 0
        rows["restricted"] = recipe.forbidden
    for name in ("sensitivity", "skill", "own_base", "capital_cost"):
        rows[name] = rng.uniform(0, 0.9, count)
    rows["control"] = rng.exponential(0.05, count)
    rows["theta"] = _powers(rng, recipe.decisiveness, count)
    rows["platform"] = rng.integers(NONE, 2, count) if recipe.platforms else NONE
    rows["weight"], rows["interval"], rows["group"] = 1.0, 6, rng.integers(2, size=count)
    rows["band"], rows["frontier_slots"], rows["adopted_since"] = rng.integers(3, size=count), 0, 0
    rows["next_due"], rows["builder"] = 0, rng.integers(2, size=count)
    return EnterpriseColumns(rows)


def _hold(recipe: Recipe, rng: Rng, book: OfferBook, slots: Any) -> None:
    """Fill in what slots hold, or held last."""
    count, rows = slots.size, book.offering.size
    kind = rng.choice(recipe.holds, count)
    gone = (book.model.max(initial=0) + 1) * VARIANTS + rng.integers(VARIANTS, size=count)
    vendor = rng.integers(recipe.vendors, size=count)
    if rows:
        row = rng.integers(rows, size=count)
        slots["offering"] = np.where(kind == HOLDS, book.offering[row], NONE)
        slots["vendor"] = np.where(kind == HOLDS, book.vendor[row], NONE)
    past = (kind == GONE) | (kind == PAUSED)
    slots["offering"][kind == GONE] = gone[kind == GONE]
    slots["vendor"][past] = vendor[past]
    for name in ("in_use_since", "vendor_since", "model_since", "held_since"):
        slots[name] = np.where(slots["offering"] != NONE, 3, NONE)


def _fill_slots(recipe: Recipe, rng: Rng, book: OfferBook, columns: EnterpriseColumns) -> None:
    slots = columns.slot_rows
    count = slots.size
    wants = rng.random(count) >= recipe.idle
    slots["tier"] = rng.integers(2, size=count)
    slots["tokens"] = np.where(wants, _powers(rng, recipe.volumes, count), 0.0)
    slots["value"] = _powers(rng, recipe.values, count)
    slots["difficulty"] = rng.normal(size=count)
    slots["data"] = np.where(rng.random(count) < 0.5, _powers(rng, (0.0, 4.0), count), 0.0)
    slots["next_review"] = np.where(rng.random(count) < 0.8, 0, MONTH + 3)
    _hold(recipe, rng, book, slots)


def _world(recipe: Recipe, rng: Rng, book: OfferBook) -> World:
    vendors = recipe.vendors
    peers = rng.dirichlet(np.ones(vendors), 2)
    if recipe.equal:
        peers[:] = 1.0 / vendors
    return World(
        month=MONTH, demand=DEMAND, row_of=row_index(book, int(book.model.max(initial=0)) + 2),
        vendor_keys=padded_keys(rng.integers(2**32, size=vendors).tolist()),
        peers=peers.astype(np.float32),
        peer_adoption=np.zeros(2, np.float32), innovation=0.0, imitation=0.0,
        adoption_scale=np.ones(3, np.float32), restriction_hazard=np.zeros(2),
        restriction_end=0.0, renewal=0.0, frontier_quality=0.0, ramp=np.ones(121, np.float32),
        data_keep=0.97, home=np.array([1, 0], np.int8), explained=1, stirred=np.uint64(0),
    )  # fmt: skip


def everywhere(task: Task) -> Task:
    """The task of all slots."""
    owner = np.repeat(np.arange(task.firms.size), task.firms["slot_count"])
    return replace(task, firm=owner, slot=np.arange(task.slots.size))


def usable(task: Task) -> NDArray[np.bool_]:
    """(slots of the task,) which hold something that they may go on using."""
    row = task.held_row
    known, found = row != NONE, np.zeros(row.size, bool)
    found[known] = task.lists.usable[task.code[known], row[known]] == 1
    return found


def inside(task: Task) -> NDArray[np.bool_]:
    """(slots of the task,) which look at the offerings of their vendor only."""
    return usable(task) & (task.rules.retender == 0.0)


def looking(task: Task) -> NDArray[np.bool_]:
    """(slots,) which look at the market: a review is due, or what is held is gone or forbidden."""
    lost = (task.slots["offering"] != NONE) & ~usable(everywhere(task))
    return np.asarray((task.slots["next_review"] <= MONTH) | lost)


def _like(task: Task) -> None:
    """Fill in firms' tastes for the vendors of their slots, as when these were taken."""
    slots, key, spread = task.slots, task.keys.taste, task.rules.taste_spread
    for slot, firm in enumerate(everywhere(task).firm.tolist()):
        vendor = slots["vendor"][slot]
        if vendor != NONE:
            address = int(task.world.vendor_keys[vendor])
            slots["taste"][slot] = taste_at(key, firm, address, spread)


def settled(task: Task) -> Task:
    """The task of the slots that look, once firms know the vendors of the slots that stay.

    Slots that want nothing are left out of it, as in a month of the simulation.
    """
    _like(task)
    firms, slots, looks = task.firms, task.slots, looking(task)
    stays = ~looks | inside(everywhere(task))
    bits = np.uint64(1) << np.maximum(slots["vendor"], 0).astype(np.uint64)
    known = np.where((slots["offering"] != NONE) & stays, bits, np.uint64(0))
    firms["portfolio"] = np.bitwise_or.reduceat(known, firms["first_slot"])
    slot = np.flatnonzero(looks & (slots["tokens"] > 0))
    return replace(task, firm=everywhere(task).firm[slot], slot=slot)


def keys_of(seed: int) -> Keys:
    """Keys of the random streams of a seed."""
    return Keys(*(stream_key(seed, name) for name in Keys._fields))


def world_from(recipe: Recipe) -> Task:
    """The slots that look at the market in the world of a recipe."""
    rng = np.random.default_rng(recipe.seed)
    rules = _baseline_rules()._replace(
        retender=recipe.retender, dissimilarity=recipe.dissimilarity, taste_spread=recipe.spread,
        linear=recipe.linear,
    )  # fmt: skip
    region = rng.integers(1 if recipe.equal else 2, size=recipe.vendors).astype(np.int8)
    book = book_of(recipe, rng, region)
    columns = _columns(recipe, rng)
    _fill_slots(recipe, rng, book, columns)
    fee, packaging = rng.uniform(0, 1, 2), rng.uniform(0, 0.7, 2)
    saving = rng.uniform(0, recipe.saving, 2)
    nobody = np.zeros(0, np.int64)
    task = Task(
        rules, _world(recipe, rng, book), book_rows(book),
        lists_for(recipe, rng, book, rules, region),
        Platforms(*(column.astype(np.float32) for column in (fee, packaging, saving))),
        keys_of(recipe.seed), columns.firm_rows, columns.slot_rows, nobody, nobody,
    )  # fmt: skip
    return settled(task)
