"""Peer: polars, a long frame of slots by offerings with expressions, group-bys and joins."""

from typing import Any

import numpy as np
import polars as pl
from polars import col

from agents.common.vocabulary import NONE
from benchmarks.peers.columns import fits
from benchmarks.peers.noise import ArrayNoise, NumpyNoise
from benchmarks.peers.task import Ints, Task

HELD = col("row") == col("held_row")
OWN = col("access") == 2
INCUMBENT = col("vendor") == col("held_vendor")


class Frames:
    """The choice of a task in polars. Frames of what is known beforehand are made once."""

    def __init__(self, task: Task, noise: ArrayNoise | None = None) -> None:
        self.task = task
        vendors = task.vendor_keys.size
        self.noise = noise or NumpyNoise(1, vendors, np.float64)
        self.firms = np.unique(task.firm)
        self.slot_id = task.slot_id
        self.book = self._book()
        self.lists, self.usable = self._lists()
        self.slots = self._slots()
        number = np.tile(np.arange(vendors), self.firms.size)
        self.vendors = pl.DataFrame({
            "firm": np.repeat(self.firms, vendors), "vendor": number,
            "bit": np.uint64(1) << number.astype(np.uint64),
            "fit": fits(task, self.firms).ravel(),
        })  # fmt: skip

    def _book(self) -> pl.DataFrame:
        book, names = self.task.book, self.task.book.dtype.names
        frame = pl.DataFrame({name: book[name] for name in names}).with_row_index("row")
        kinds = {name: pl.Float64 for name, kind in frame.schema.items() if kind.is_float()}
        whole = ("vendor", "access", "tuned", "open", "abroad")
        return frame.cast({**kinds, "row": pl.Int64, **dict.fromkeys(whole, pl.Int64)})

    def _lists(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """What each class may newly take, and what it may go on using."""
        lists = self.task.lists
        code = np.repeat(np.arange(lists.start.size - 1), np.diff(lists.start))
        listed = pl.DataFrame({"code": code, "row": lists.row.astype(np.int64)})
        codes, rows = np.nonzero(lists.usable)
        return listed, pl.DataFrame({"code": codes, "row": rows})

    def _slots(self) -> pl.DataFrame:
        """A row a slot, with its firm's and its platform's columns."""
        t = self.task
        f, s = t.firms[t.firm], t.slots[t.slot]
        platforms = {name: np.append(c, 0.0) for name, c in t.platforms._asdict().items()}
        frame = {
            "slot": np.arange(t.slot.size), "firm": t.firm, "code": t.code,
            "away": (t.world.home[f["region"]] != 1).astype(np.int64),
            "portfolio": f["portfolio"], "selfhosted": t.selfhosted[t.firm],
            "held": s["offering"].astype(np.int64), "held_vendor": s["vendor"].astype(np.int64),
            "held_row": t.held_row, "tokens": s["tokens"] * np.float64(t.world.demand),
            "has_platform": f["platform"] != NONE,
        }  # fmt: skip
        for name in ("value", "difficulty", "data"):
            frame[name] = s[name].astype(np.float64)
        for name in ("theta", "sensitivity", "skill", "own_base", "capital_cost"):
            frame[name] = f[name].astype(np.float64)
        frame["liking"] = f["control"].astype(np.float64)
        frame |= {f"p_{name}": c[f["platform"]] for name, c in platforms.items()}
        return pl.DataFrame(frame)

    def choose(self) -> Ints:
        """Rows chosen, -1 for the outside option."""
        luck = np.asarray(self.noise.vendors(self.firms), np.float64).ravel()
        vendors = self.vendors.lazy().with_columns(pl.Series("luck", luck))
        outside = pl.Series("outside", self.noise.outside(self.slot_id))
        slots = self._buyers(self.slots.lazy().with_columns(outside))
        looked = self._utilities(self._pairs(slots).join(vendors, on=["firm", "vendor"]))
        within = self._nests(looked).collect()
        slot, row = within["slot"].to_numpy(), within["row"].to_numpy()
        noise = np.asarray(self.noise.offerings(self.slot_id[slot], row), np.float64)
        scale = self.task.rules.dissimilarity
        noisy = within.lazy().with_columns(noisy=col("u") / scale + pl.Series("noise", noise))
        chosen = noisy.group_by("slot").agg(col("row").get(col("noisy").arg_max()))
        every = self.slots.lazy().select("slot").join(chosen, on="slot", how="left").sort("slot")
        rows: Any = every.with_columns(col("row").fill_null(NONE)).collect()["row"].to_numpy()
        return np.asarray(rows, np.int64)

    def _buyers(self, slots: pl.LazyFrame) -> pl.LazyFrame:
        """Slots with what does not depend on the offering."""
        r = self.task.rules
        held = self.book.lazy().select(
            held_row="row", held_key="key", held_access="access", held_open="open"
        )
        tuned = (col("held") != NONE) & (col("held") % 6 >= 3)
        own = (col("held_access") == 2).fill_null(value=False).cast(pl.Int64)
        sharing = pl.max_horizontal(col("selfhosted") + 1 - own, 1)
        training = pl.min_horizontal("data", pl.lit(r.tuning_tokens))
        trains = col("data") > 0.1 * r.tuning_data
        return slots.join(held, on="held_row", how="left").with_columns(
            stake=col("value") * col("tokens"),
            own_gain=r.tuned_gain * (1 - (-col("data") / r.tuning_data).exp()),
            training=pl.when(trains).then(training).otherwise(0.0),
            staff=r.staff_month * (1.6 - 1.2 * col("skill")) / sharing,
            credit=(-col("capital_cost") * (r.credit_days / 365.0)).exp(),
            lost=pl.when(tuned).then(r.switching_tuned).otherwise(1.0),
        )  # fmt: skip

    def _pairs(self, slots: pl.LazyFrame) -> pl.LazyFrame:
        """A row a slot and offering it may take or keep."""
        listed = slots.join(self.lists.lazy(), on="code")
        kept = slots.with_columns(row="held_row").join(
            self.usable.lazy(), on=["code", "row"], how="semi"
        )
        kept = kept.join(self.lists.lazy(), on=["code", "row"], how="anti")
        both = pl.concat([listed, kept.select(listed.collect_schema().names())])
        pairs = both.join(self.book.lazy(), on="row")
        return pairs.filter((col("training") > 0) | (col("tuning_price") == 0) | HELD)

    def _utilities(self, pairs: pl.LazyFrame) -> pl.LazyFrame:
        """Utility `u` through the better channel."""
        r = self.task.rules
        quality = col("q_perceived") + col("gain") * (col("own_gain") + col("crowd_gain"))
        api = pl.when(col("abroad") != col("away")).then(r.exposure_foreign).otherwise(1.0)
        selfhost = r.exposure_selfhost * col("risk") + r.exposure_unskilled * (1 - col("skill"))
        services = pl.when(col("access") == 1).then(r.exposure_hosted).otherwise(api) * col("risk")
        exposure = pl.when(OWN).then(selfhost).otherwise(services)
        machines = pl.max_horizontal((col("tokens") / col("replica_capacity")).ceil(), 1.0)
        rent = machines * col("replica_rent") * (1 - col("own_base")) / col("stake")
        job = col("tuning_price") * col("training") / (col("stake") * r.holding)
        switch, months, charge = self._one_offs()
        pairs = pairs.with_columns(
            success=1 / (1 + (-r.slope * (quality - col("difficulty"))).exp()),
            exposure=exposure,
            paid=pl.when(OWN).then(rent).otherwise(col("price") * col("credit") / col("value")),
            once=(switch + months) / r.holding,
            charge=charge / r.holding,
            labour=pl.when(OWN).then(col("staff") / col("stake")).otherwise(0.0),
            shares=pl.when(OWN).then(1 + col("fee_rate") + col("services_rate")).otherwise(1.0),
            job=pl.when(HELD).then(0.0).otherwise(job),
        )
        direct = col("packaging") - col("paid") * col("shares") - col("labour") - col("charge")
        platform = (
            pl.max_horizontal("packaging", "p_packaging")
            - col("paid") * (col("shares") + col("p_fee"))
            - col("labour") * (1 - col("p_staff_saving"))
        )
        better = pl.max_horizontal(direct, platform)
        channel = pl.when(col("has_platform")).then(better).otherwise(direct)
        risk = r.risk_weight * col("sensitivity") * col("exposure")
        worth = col("success") - risk + col("liking") * col("control") + col("fit")
        return pairs.with_columns(u=col("theta") * (worth + channel - col("once") - col("job")))

    def _one_offs(self) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
        """Months of switching, of integrating, and of one vendor more."""
        r = self.task.rules
        same = (col("key") == col("held_key")).fill_null(value=False)
        both = ((col("held_open") == 1) & (col("open") == 1)).fill_null(value=False)
        inside = pl.when(same).then(r.switching_access).otherwise(r.switching_inside)
        across = pl.when(both).then(r.switching * r.switching_open).otherwise(r.switching)
        switch = pl.when(INCUMBENT).then(inside).otherwise(across) * col("lost")
        stays = (col("held_vendor") < 0) | HELD
        connected = (col("access") == col("held") % 3) | (same & ~OWN)
        connected &= (col("held") != NONE) & INCUMBENT
        known = (col("portfolio") & col("bit")) != 0
        months = r.integration * pl.when(known).then(r.integration_known).otherwise(1.0)
        months *= pl.when(OWN).then(r.integration_selfhost).otherwise(1.0)
        months += pl.when(col("open") == 1).then(r.integration_open).otherwise(0.0)
        more = ~known & (col("portfolio") != 0) & ~connected
        return (
            pl.when(stays).then(0.0).otherwise(switch),
            pl.when(connected).then(0.0).otherwise(months),
            pl.when(more).then(r.additional_vendor).otherwise(0.0),
        )

    def _nests(self, looked: pl.LazyFrame) -> pl.LazyFrame:
        """The entries of the nest that each slot draws; none where it buys nothing."""
        scale, u = self.task.rules.dissimilarity, col("u")
        inclusive = u.max() + scale * ((u - u.max()) / scale).exp().sum().log()
        nests = looked.group_by("slot", "vendor").agg(
            value=inclusive + col("luck").first(), outside=col("outside").first()
        )
        best = nests.group_by("slot").agg(
            col("vendor").get(col("value").arg_max()), col("value").max(), col("outside").first()
        )
        bought = best.filter(col("value") > col("outside")).select("slot", "vendor")
        return looked.select("slot", "vendor", "row", "u").join(bought, on=["slot", "vendor"])
