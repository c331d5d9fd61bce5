"""The kinds of scheduled events, each declared once: target, size, value, and words for people.

The loader's checks, the generated page of events, the page's buttons and what happens in a run
all read these records; `sim.happenings` has one act for each.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from agents.common.licence import LICENCE_NAMES
from agents.common.parameter import Declaration, entries
from agents.common.vocabulary import STRATEGIES
from agents.vendor.business_parameters import PricingParameters


class Target(StrEnum):
    """What the target of an event names."""

    NOTHING = "nothing"
    VENDOR = "vendor"
    """A vendor's id."""
    ANY_VENDOR = "vendor or nothing"
    """A vendor's id, or none where the event is everybody's."""
    REGION = "region"
    """A region's id."""
    PARAMETER = "parameter"
    """The path of a parameter that can change during a run."""


@dataclass(frozen=True, slots=True)
class Size:
    """What `magnitude` counts in a kind of event, and how much of it can be.

    words: what is counted, with its unit. low, high: inclusive. usual: the size of an event that
    gives none; None where it must be given. whole: no fractions. only_with: the values it goes
    with, all if empty.
    """

    words: str
    low: float
    high: float
    usual: float | None = None
    whole: bool = False
    only_with: tuple[str, ...] = ()

    @property
    def span(self) -> str:
        """The range in words."""
        return f"{'a whole number, ' if self.whole else ''}{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class EventKind:
    """One kind of scheduled event.

    size: None where `magnitude` is not used. values: the words that `value` must be one of; empty
    where it is not used. meaning: what happens. told: a sentence on one event of the kind, with
    {target}, {size} and {value}; `everyone` stands for an absent target. brings_in: whether it
    brings in its vendor, who need not be in the market.
    """

    word: str
    target: Target
    size: Size | None
    values: tuple[str, ...]
    meaning: str
    told: str
    brings_in: bool = False

    @property
    def is_change(self) -> bool:
        """Whether it sets a parameter: to a number in `magnitude` or to a word in `value`."""
        return self.target is Target.PARAMETER

    def says(self, target: str | None, size: float | None, value: str | None) -> str:
        """One event of the kind in a few words. target: its name for people."""
        number = size if size is not None else self.size.usual if self.size else None
        shown = "" if number is None else f"{number:g}"
        return self.told.format(
            target=target or "everyone", size=shown, value=value or "", either=value or shown
        )


def _declared(name: str) -> Declaration:
    return entries(PricingParameters)[name].declaration


def _credit_days() -> Size:
    rule = _declared("credit_days")
    assert rule.low is not None
    assert rule.high is not None
    return Size("days of credit", rule.low, rule.high, whole=True, only_with=("postpaid",))


_FACTOR: Final = (0.01, 100.0)
"""Bounds of a factor on a price: a hundredth to a hundredfold."""
LARGEST_NUMBER: Final = 1e9
"""Bound of any magnitude: no parameter that can change during a run takes a larger one."""

EVENT_KINDS: Final[dict[str, EventKind]] = {
    kind.word: kind
    for kind in (
        EventKind(
            "breach", Target.ANY_VENDOR, Size("ordinary breaches", 0.0, 100.0, usual=1.0), (),
            "a service is broken into: all remember it, users of the vendor hit look around",
            "Breach at {target}",
        ),
        EventKind(
            "residency-rule", Target.REGION, Size("share of firms newly bound", 0.0, 1.0), (),
            "firms of a region must keep data at home",
            "Residency rule in {target} for {size} of firms",
        ),
        EventKind(
            "export-control", Target.REGION, Size("factor on the cost of compute", *_FACTOR), (),
            "compute gets dearer for the vendors of a region",
            "Compute times {size} in cost in {target}",
        ),
        EventKind(
            "licence-change", Target.VENDOR, None, LICENCE_NAMES[1:],
            "the vendor's later weights come under the licence in `value`",
            "Later weights of {target} are {value}",
        ),
        EventKind(
            "algorithmic-leap", Target.ANY_VENDOR,
            Size("gain in ln of effective compute", -20.0, 20.0), (),
            "a vendor's private lead grows; without a target, what everyone knows",
            "Leap of {size} (ln) for {target}",
        ),
        EventKind(
            "weights-leak", Target.VENDOR, None, (),
            "weights of the vendor's best model get out (research licence)",
            "Weights of {target} leak",
        ),
        EventKind(
            "price-cut", Target.VENDOR, Size("factor on list prices", 0.001, 1.0), (),
            "the vendor multiplies its list prices; a rise is no event, vendors make their own",
            "List prices of {target} times {size}",
        ),
        EventKind(
            "gpu-price-change", Target.NOTHING, Size("factor on GPU rent", *_FACTOR), (),
            "GPU rent and serving cost are multiplied for good",
            "GPU rent times {size}",
        ),
        EventKind(
            "vendor-entry", Target.VENDOR, None, (),
            "a vendor of the roster that is not present enters",
            "{target} enters", brings_in=True,
        ),
        EventKind(
            "vendor-exit", Target.VENDOR, None, (),
            "the vendor leaves; its open weights remain",
            "{target} leaves",
        ),
        EventKind(
            "payment-terms", Target.NOTHING, _credit_days(), _declared("payment").choices or (),
            "all vendors change to the terms in `value`",
            "All services are {value}",
        ),
        EventKind(
            "strategy-switch", Target.VENDOR, None, STRATEGIES,
            "the vendor is put on the strategy in `value` and kept on it",
            "{target} becomes {value}",
        ),
        EventKind(
            "set-parameter", Target.PARAMETER,
            Size("new value of a number", -LARGEST_NUMBER, LARGEST_NUMBER), (),
            "a parameter changes for good; those drawn before month 0 cannot",
            "{target} becomes {either}",
        ),
    )
}  # fmt: skip
"""All kinds by their word."""
