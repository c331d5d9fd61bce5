"""What each vendor has on sale now: its current models by tier, and how open it looks."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import bare_kernel
from agents.common.offers import Model
from agents.common.vocabulary import NONE, Tier
from sim.stock import FLOATS, INTEGERS, NEVER

if TYPE_CHECKING:
    from sim.market import Market

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_Q, _PRICE = FLOATS.index("q"), FLOATS.index("list_price")
_VENDOR, _TIER, _OPEN, _ON_SALE, _SUPERSEDED, _WITHDRAWN = (
    INTEGERS.index(name)
    for name in ("vendor", "tier", "open", "on_sale", "superseded", "withdrawn")
)
_LARGE = int(Tier.LARGE)


class Standing(NamedTuple):
    """Of all vendors in one month; `current` is what `Vendor.current` finds for one."""

    strategies: list[str]
    """`open`, `closed` or `dual` by the models on sale, else by intention."""
    current: dict[tuple[int, int], Model]
    """Best model on sale by vendor and tier."""
    flagships: dict[int, float]
    """List price of the latest large closed model by vendor."""


@bare_kernel
def _stand(
    numbers: Floats, codes: Ints, models: int, month: int, seen: NDArray[np.bool_], current: Ints,
    flagship: Ints,
) -> None:  # fmt: skip
    """Fill by vendor: whether it has closed and open models on sale, its best by tier, flagship."""
    for model in range(models):
        on_sale = codes[_ON_SALE, model] <= month and codes[_WITHDRAWN, model] == NEVER
        if not on_sale:
            continue
        vendor, tier, opened = codes[_VENDOR, model], codes[_TIER, model], codes[_OPEN, model]
        if opened == 0 and tier == _LARGE and not np.isnan(numbers[_PRICE, model]):
            flagship[vendor] = model
        if codes[_SUPERSEDED, model] != NEVER:
            continue
        seen[vendor, opened] = True
        best = current[vendor, tier]
        if best < 0 or numbers[_Q, model] >= numbers[_Q, best]:
            current[vendor, tier] = model


def standing_of(market: "Market") -> Standing:
    """Read the standing of all vendors from the columns of models."""
    stock, count, models = market.stock, len(market.vendors), market.models
    stock.update(models)
    seen, current = np.zeros((count, 2), bool), np.full((count, len(Tier)), NONE, np.int64)
    flagship = np.full(count, NONE, np.int64)
    _stand(stock.numbers, stock.codes, len(stock), market.month, seen, current, flagship)
    strategies = [
        _seen(opened, closed) or vendor.strategy.name
        for (closed, opened), vendor in zip(seen.tolist(), market.vendors, strict=True)
    ]
    best = {
        (vendor, tier): models[index]
        for vendor, row in enumerate(current.tolist())
        for tier, index in enumerate(row)
        if index != NONE
    }
    prices = stock.number("list_price")
    flagships = {v: float(prices[m]) for v, m in enumerate(flagship.tolist()) if m != NONE}
    return Standing(strategies, best, flagships)


def _seen(opened: bool, closed: bool) -> str | None:
    if opened and closed:
        return "dual"
    if opened:
        return "open"
    return "closed" if closed else None
