"""What each vendor has on sale now: its current models by tier, and how open it looks."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agents.common.offers import Model
from agents.common.vocabulary import Tier
from sim.stock import NEVER

if TYPE_CHECKING:
    from sim.market import Market


class Standing(NamedTuple):
    """Of all vendors in one month; `current` is what `Vendor.current` finds for one."""

    strategies: list[str]
    """`open`, `closed` or `dual` by the models on sale, else by intention."""
    current: dict[tuple[int, int], Model]
    """Best model on sale by vendor and tier."""
    flagships: dict[int, float]
    """List price of the latest large closed model by vendor."""


def standing_of(market: "Market") -> Standing:
    """Read the standing of all vendors from the columns of models."""
    stock, count = market.stock, len(market.vendors)
    stock.update(market.models)
    on_sale = (stock.code("withdrawn") == NEVER) & (stock.code("on_sale") <= market.month)
    live = on_sale & (stock.code("superseded") == NEVER)
    vendor, opened = stock.code("vendor"), stock.code("open") == 1
    open_ = np.bincount(vendor[live & opened], minlength=count)
    closed = np.bincount(vendor[live & ~opened], minlength=count)
    strategies = [
        _seen(bool(o), bool(c)) or v.strategy.name
        for o, c, v in zip(open_.tolist(), closed.tolist(), market.vendors, strict=True)
    ]
    current: dict[tuple[int, int], Model] = {}
    for index in np.flatnonzero(live).tolist():
        model = market.models[index]
        place = (model.vendor, model.tier)
        if place not in current or model.q >= current[place].q:
            current[place] = model
    priced = ~np.isnan(stock.number("list_price"))
    large = np.flatnonzero(on_sale & ~opened & (stock.code("tier") == Tier.LARGE) & priced)
    prices = stock.number("list_price")[large].tolist()
    return Standing(strategies, current, dict(zip(vendor[large].tolist(), prices, strict=True)))


def _seen(opened: bool, closed: bool) -> str | None:
    if opened and closed:
        return "dual"
    if opened:
        return "open"
    return "closed" if closed else None
