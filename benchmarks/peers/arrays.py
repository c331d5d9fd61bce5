"""Peer: numpy, slots by offerings, a block at a time that fits the cache.

Slots are grouped by list and platform, so that a block is a matrix; buffers are kept and written
in place. With `products`, all that is something of the slot times something of the offering is one
matrix product; otherwise it is added term by term.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from agents.common.vocabulary import NONE
from benchmarks.peers.columns import Array, Buyers, Offered, buyers, fits, offered
from benchmarks.peers.noise import ArrayNoise, NumpyNoise
from benchmarks.peers.task import Ints, Task

NEVER = -1e30


class Group(NamedTuple):
    """Slots with one list and one platform (or none)."""

    places: Ints
    """In the task."""
    offered: Offered
    begin: Ints
    """(vendors,) first entry of each vendor."""
    counts: Ints
    nests: Array
    """(entries, vendors) 1 where an entry is a vendor's."""
    platform: int
    factors: Array
    """Offerings' side of the matrix product of utilities."""
    spared: Array
    """The same of what a platform changes."""


class Incumbents(NamedTuple):
    """Pairs of a slot and an entry of its incumbent vendor."""

    pairs: tuple[Ints, Ints]
    gained: Array
    """What one-off terms of other vendors take from their utility too much."""
    uncharged: Array
    """What a platform cannot spare, because it is not charged."""
    held: tuple[Ints, Ints]
    """The pairs of what is held."""


class Blocks:
    """The choice of a task in numpy."""

    def __init__(
        self, task: Task, noise: ArrayNoise | None = None, *, products: bool = False,
        kind: Any = np.float32, size: int = 128,
    ) -> None:  # fmt: skip
        self.task, self.products, self.kind, self.size = task, products, kind, size
        self.vendors = task.vendor_keys.size
        self.noise = noise or NumpyNoise(1, self.vendors, kind)
        self.chosen = np.empty(task.slot.size, np.int64)
        self.firms, self.firm_place = np.unique(task.firm, return_inverse=True)
        self.fit, self.selfhosted = fits(task, self.firms), task.selfhosted
        self.slot_id, self.code = task.slot_id, task.code
        self.groups = list(self._groups())
        self.order = np.concatenate([g.places for g in self.groups])
        width = max(g.offered.row.size for g in self.groups)
        self.room = np.empty((3, size * width), kind)

    def _groups(self) -> Iterator[Group]:
        t = self.task
        platform = t.firms["platform"][t.firm]
        away = t.world.home[t.firms["region"]] != 1
        for one, own in np.unique(np.stack([self.code, platform], axis=1), axis=0):
            places = np.flatnonzero((self.code == one) & (platform == own))
            rows = t.lists.row[t.lists.start[one] : t.lists.start[one + 1]].astype(np.int64)
            o = offered(t, rows, int(away[t.firm[places[0]]]), self.kind)
            nests = (o.vendor[:, None] == np.arange(self.vendors)).astype(self.kind)
            selfhosted = nests * o.selfhost[:, None]
            plain = (
                o.packaging, -o.exposure, -o.exposure_skill, o.control, -o.price, -o.tuning,
                -o.selfhost, o.open, np.ones_like(o.open),
            )  # fmt: skip
            gap = np.zeros_like(o.packaging)
            if own != NONE:
                gap = np.maximum(t.platforms.packaging[own] - o.packaging, 0).astype(self.kind)
            yield Group(
                places, o, np.searchsorted(o.vendor, np.arange(self.vendors)),
                np.bincount(o.vendor, minlength=self.vendors), nests, int(own),
                np.vstack([*plain, nests.T, selfhosted.T]),
                np.vstack([gap, -o.price, o.selfhost, nests.T]),
            )  # fmt: skip

    def choose(self) -> Ints:
        """Rows chosen, -1 for the outside option; the array is used again by the next call."""
        with np.errstate(divide="ignore", over="ignore"):
            luck = np.asarray(self.noise.vendors(self.firms), self.kind)[self.firm_place]
            fit = self.fit[self.firm_place[self.order]]
            all_of = buyers(self.task, self.order, fit, self.selfhosted, self.kind)
            extra = self._held_off_list(all_of)
            done = 0
            for group in self.groups:
                for at in range(0, group.places.size, self.size):
                    places = group.places[at : at + self.size]
                    part = slice(done, done + places.size)
                    self._block(group, places, all_of.some(part), extra[part], luck[places])
                    done += places.size
        return self.chosen

    def _block(self, g: Group, places: Ints, who: Buyers, extra: Array, luck: Array) -> None:
        shape = (places.size, g.offered.row.size)
        u, spare, rent = (buffer[: shape[0] * shape[1]].reshape(shape) for buffer in self.room)
        own = self._incumbents(g, who)
        self._success(g.offered, who, u)
        if self.products:
            np.matmul(self._weights(who), g.factors, out=spare)
            u += spare
        else:
            self._terms(g.offered, who, u, spare)
        self._machines(g.offered, who, u, spare, rent)
        u[own.pairs] += own.gained
        if g.platform != NONE:
            self._platform(g, who, u, spare, rent, own)
        u *= who.theta
        kept = u[own.held]
        u += (who.per_training <= 0) * (g.offered.tuning > 0) * self.kind(NEVER)
        u[own.held] = kept
        self._draw(g, places, who, u, spare, extra, luck)

    def _success(self, o: Offered, who: Buyers, u: Array) -> None:
        slope = self.kind(self.task.rules.slope)
        np.multiply(who.gain * -slope, o.gain, out=u)
        u -= slope * o.quality
        u += slope * who.difficulty
        np.exp(u, out=u)
        u += 1
        np.reciprocal(u, out=u)

    def _weights(self, who: Buyers) -> Array:
        """Slots' side of the matrix product of utilities."""
        r, one = self.task.rules, np.ones_like(who.theta)
        opened = who.eased - self.kind(r.integration_open / r.holding)
        more = self.kind(1 - r.integration_selfhost)
        return np.hstack([
            one, who.risk, who.risk * who.unskilled, who.control, who.per_price, who.per_training,
            who.staff, opened, -who.leaving, who.fit - who.service - who.charge,
            who.service * more,
        ])  # fmt: skip

    def _terms(self, o: Offered, who: Buyers, u: Array, spare: Array) -> None:
        """The same as the matrix product, added term by term."""
        r = self.task.rules
        u += o.packaging - who.leaving
        opened = who.eased - self.kind(r.integration_open / r.holding)
        terms = (
            (-who.risk, o.exposure), (-who.risk * who.unskilled, o.exposure_skill),
            (who.control, o.control), (-who.per_price, o.price), (-who.per_training, o.tuning),
            (-who.staff, o.selfhost), (opened, o.open),
        )  # fmt: skip
        for left, right in terms:
            np.multiply(left, right, out=spare)
            u += spare
        np.take(who.fit - who.service - who.charge, o.vendor, axis=1, out=spare, mode="clip")
        u += spare
        more = self.kind(1 - r.integration_selfhost)
        np.take(who.service * more, o.vendor, axis=1, out=spare, mode="clip")
        spare *= o.selfhost
        u += spare

    def _machines(self, o: Offered, who: Buyers, u: Array, spare: Array, rent: Array) -> None:
        np.multiply(who.tokens, o.capacity, out=rent)
        np.ceil(rent, out=rent)
        rent *= o.rent
        rent *= who.rented
        np.multiply(rent, o.fees, out=spare)
        u -= spare

    def _incumbents(self, g: Group, who: Buyers) -> Incumbents:
        """Entries of the slots' incumbent vendors, and what is put right there."""
        r, o = self.task.rules, g.offered
        count = np.where(who.vendor >= 0, g.counts[who.vendor], 0)
        slots = np.repeat(np.arange(count.size), count)
        before = np.cumsum(count) - count
        entries = np.arange(slots.size) + np.repeat(g.begin[who.vendor] - before, count)
        at = (slots, who.vendor[slots])
        charge, variant, opened = who.charge[at], o.variant[entries], o.open[entries]
        same, access = o.key[entries] == who.key[slots], variant % 3
        connected = (access == who.variant[slots] % 3) | (same & (access != 2))
        connected &= who.in_use[slots]
        more = self.kind(r.integration_selfhost - 1)
        months = who.service[at] * (1 + o.selfhost[entries] * more) + charge
        months += opened * self.kind(r.integration_open / r.holding)
        gained = months * connected + who.leaving[slots, 0] - who.eased[slots, 0] * opened
        held = o.row[entries] == who.row[slots]
        switch = np.where(same, r.switching_access, r.switching_inside) / r.holding
        gained -= np.where(held, 0, switch * who.tuned[slots])
        gained += held * who.per_training[slots, 0] * o.tuning[entries]
        return Incumbents(
            (slots, entries), gained.astype(self.kind), charge * connected,
            (slots[held], entries[held]),
        )  # fmt: skip

    def _platform(
        self, g: Group, who: Buyers, u: Array, spare: Array, rent: Array, own: Incumbents
    ) -> None:
        """Add what the platform's channel is better by, where it is."""
        fee, _, saving = (self.kind(column[g.platform]) for column in self.task.platforms)
        if self.products:
            one = np.ones_like(who.theta)
            left = np.hstack([one, who.per_price * fee, who.staff * saving, who.charge])
            np.matmul(left, g.spared, out=spare)
            rent *= fee
            spare -= rent
        else:
            rent += who.per_price * g.offered.price
            rent *= fee
            np.take(who.charge, g.offered.vendor, axis=1, out=spare, mode="clip")
            spare += g.spared[0]
            spare -= rent
            np.multiply(who.staff * saving, g.offered.selfhost, out=rent)
            spare += rent
        spare[own.pairs] -= own.uncharged
        np.maximum(spare, 0, out=spare)
        u += spare

    def _held_off_list(self, who: Buyers) -> Array:
        """(slots,) utility of what is held, usable and not on the list; else about -1e30."""
        t = self.task
        code, firm = self.code[self.order], t.firm[self.order]
        listed = np.zeros(t.lists.usable.shape, bool)
        listed[np.repeat(np.arange(len(listed)), np.diff(t.lists.start)), t.lists.row] = True
        at = (code, np.maximum(who.row, 0))
        which = np.flatnonzero((who.row != NONE) & (t.lists.usable[at] == 1) & ~listed[at])
        extra = np.full(firm.size, NEVER, self.kind)
        if which.size:
            away = (t.world.home[t.firms["region"][firm[which]]] != 1).astype(np.int8)
            o = offered(t, who.row[which], away, self.kind)
            own = t.firms["platform"][firm[which]]
            extra[which] = self._one_each(o, who.some(which), own)
        return extra

    def _one_each(self, o: Offered, w: Buyers, own: Array) -> Array:
        """Utilities of one offering a slot, which the slot holds."""
        t, at = self.task, (np.arange(o.row.size), o.vendor)
        w = w.flat()
        margin = self.kind(t.rules.slope) * (o.quality + o.gain * w.gain - w.difficulty)
        rent = np.ceil(w.tokens * o.capacity) * o.rent * w.rented
        price, staff = w.per_price * o.price, w.staff * o.selfhost
        worth = 1 / (1 + np.exp(-margin)) + w.control * o.control + w.fit[at] + o.packaging
        worth -= w.risk * (o.exposure + w.unskilled * o.exposure_skill)
        worth -= price + staff + rent * o.fees
        fee, packaging, saving = (np.append(column, 0)[own] for column in t.platforms)
        lift = np.maximum(packaging - o.packaging, 0) - fee * (price + rent) + saving * staff
        return np.asarray(w.theta * (worth + np.where(own != NONE, np.maximum(lift, 0), 0)))

    def _draw(
        self, g: Group, places: Ints, who: Buyers, u: Array, spare: Array, extra: Array,
        luck: Array,
    ) -> None:  # fmt: skip
        """The nest by its inclusive value and luck, then the entry within it."""
        scale, every = self.kind(self.task.rules.dissimilarity), np.arange(places.size)
        top = np.maximum(u.max(axis=1), extra)[:, None]
        np.subtract(u, top, out=spare)
        spare /= scale
        np.exp(spare, out=spare)
        total = spare @ g.nests
        total[every, who.vendor] += np.exp((extra - top[:, 0]) / scale)
        value = top + scale * np.log(total) + luck
        nest = value.argmax(axis=1)
        bought = value[every, nest] > self.noise.outside(self.slot_id[places])
        near = np.arange(g.counts.max() if g.counts.size else 0)
        entry = np.minimum(g.begin[nest][:, None] + near, g.offered.row.size - 1)
        noisy = np.where(near < g.counts[nest][:, None], u[every[:, None], entry], NEVER)
        noisy = np.hstack([noisy, np.where(who.vendor == nest, extra, NEVER)[:, None]])
        rows = np.hstack([g.offered.row[entry], who.row[:, None]])
        noise = self.noise.offerings(self.slot_id[places], rows)
        best = (noisy / scale + noise).argmax(axis=1)
        self.chosen[places] = np.where(bought, rows[every, best], NONE)
