"""Strategies of vendors: which tiers' weights they publish.

A strategy is an object, so that a new one is a new class and a row in `STRATEGIES`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import ClassVar, Final

from agents.common.vocabulary import TIERS


class Strategy(ABC):
    """How open a vendor is, tier by tier."""

    name: ClassVar[str]

    @abstractmethod
    def opens(self, tier: int) -> bool:
        """Whether the weights of the next model of this tier are published."""

    def keeps_closed(self, tier: int) -> bool:
        """Whether a closed product is sold in this tier as well."""
        return not self.opens(tier)

    @property
    def label(self) -> str:
        """Name that tells strategies of one kind apart."""
        return self.name

    @property
    def open_tiers(self) -> tuple[str, ...]:
        """Names of the tiers it opens."""
        return tuple(name for tier, name in enumerate(TIERS) if self.opens(tier))

    def in_tier(self, tier: int) -> str:
        """What it amounts to in one tier: `open`, `closed` or `dual`."""
        if not self.opens(tier):
            return "closed"
        return "dual" if self.keeps_closed(tier) else "open"


class Open(Strategy):
    """Publishes the weights of every model."""

    name = "open"

    def opens(self, tier: int) -> bool:
        """Always."""
        return tier >= 0


class Closed(Strategy):
    """Publishes nothing; sells its models as a service."""

    name = "closed"

    def opens(self, tier: int) -> bool:
        """Never."""
        return tier < 0


class Dual(Strategy):
    """Publishes some tiers and sells closed models beside them.

    Below the top a dual vendor keeps a closed product in the tiers it opens, as Google does with
    Flash beside Gemma.
    """

    name = "dual"

    def __init__(self, open_tiers: Iterable[str]) -> None:
        """Take the names of the tiers to open; all of them makes it open in fact."""
        self._open = frozenset(TIERS.index(tier) for tier in open_tiers)

    @property
    def label(self) -> str:
        """`dual` with the tiers it opens."""
        return f"dual ({', '.join(self.open_tiers)})"

    def opens(self, tier: int) -> bool:
        """In the tiers it was built with."""
        return tier in self._open

    def keeps_closed(self, tier: int) -> bool:
        """Everywhere; the published model is a second product."""
        return tier >= 0


STRATEGIES: Final[dict[str, Callable[[tuple[str, ...]], Strategy]]] = {
    "open": lambda _: Open(),
    "closed": lambda _: Closed(),
    "dual": Dual,
}


def alternatives(current: Strategy) -> list[Strategy]:
    """The strategy a vendor has, then all others it may compare it with.

    Dual ones open the small tier, or the small and medium ones: the larger a model, the dearer it
    is for others to serve, so the order of opening is that of size.
    """
    every = [Open(), Closed(), Dual(TIERS[:1]), Dual(TIERS[:2])]
    return [current, *(other for other in every if other.label != current.label)]


def strategy_named(name: str, open_tiers: tuple[str, ...] = ("small",)) -> Strategy:
    """The strategy of this name; `open_tiers` matters for `dual` only."""
    return STRATEGIES[name](open_tiers)
