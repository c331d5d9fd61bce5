"""Events: scheduled by the scenario, or random by hazard. One act per kind of `sim.event_kinds`."""

import copy
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from agents.common.events import Event
from agents.common.licence import LICENCES
from agents.common.randomness import exponential_at, name_id, uniform_at
from agents.common.vocabulary import Access, month_index
from agents.vendor.strategies import strategy_named
from sim.accounts import vendor_sums
from sim.event_kinds import EVENT_KINDS, Target
from sim.parameters import EventParameters
from sim.supply import change_price, launch

if TYPE_CHECKING:
    from agents.vendor.vendor import Vendor
    from sim.market import Market


HOSTS = "hosts"
"""Name of third-party hosts as victims of a breach."""


def scheduled(market: "Market") -> None:
    """Carry out the scenario's events of this month, in the order they are listed.

    What is aimed at a vendor that has not entered yet is recorded and has no effect.
    """
    for event in market.parameters.events:
        if month_index(event.month) != market.month:
            continue
        absent = _is_absent(market, event)
        if not absent:
            KINDS[event.kind](market, event)
        cause = "scenario, without effect: not in the market" if absent else "scenario"
        size = recorded_size(event)
        market.happen(Event(market.month, event.kind, event.target or "", size, cause))


def _is_absent(market: "Market", event: EventParameters) -> bool:
    """Whether an event is aimed at a vendor that is not in the market."""
    kind = EVENT_KINDS[event.kind]
    if kind.target not in {Target.VENDOR, Target.ANY_VENDOR} or kind.brings_in:
        return False
    vendor = market.vendor_by_key.get(event.target or "")
    return bool(event.target) and (vendor is None or not vendor.alive)


def recorded_size(event: EventParameters) -> float | None:
    """What the event gives, or what is usual for its kind; None where nothing is counted."""
    size = EVENT_KINDS[event.kind].size
    return size.usual if event.magnitude is None and size is not None else event.magnitude


def _size(event: EventParameters) -> float:
    """The size of an event of a kind that has one."""
    found = recorded_size(event)
    assert found is not None
    return found


def random_breaches(market: "Market") -> None:
    """A renewal process of salient breaches; the victim is drawn in proportion to usage."""
    rules = market.parameters.incident
    keep = 0.5 ** (1 / rules.half_life)
    market.incident_stock *= keep
    for vendor in market.vendors:
        vendor.reputation *= keep
    market.breach_clock += rules.rate / 12
    while market.breach_clock >= market.breach_due:
        victim = _victim(market)
        market.breach_clock -= market.breach_due
        market.breaches += 1
        market.breach_due = exponential_at(market.keys.breach, 0, market.breaches, 0)
        breach(market, victim, 1.0)
        name = victim.name if victim else HOSTS
        market.happen(Event(market.month, "breach", name, 1.0, "hazard"))


def _victim(market: "Market") -> "Vendor | None":
    """The vendor whose service is hit, by tokens served last month; None for the hosts.

    A race of exponentials, one per name: a vendor more or less, or another order of the roster,
    leaves everybody else's luck as it was.
    """
    if market.sums is None:
        return None
    key, breaches, book = market.keys.breach, market.breaches, market.book
    tokens = market.sums.row("tokens").sum(axis=0)
    service = vendor_sums(market, tokens * (book.access == Access.API)).tolist()
    victim, first = None, math.inf
    amount = float(tokens[book.access == Access.HOSTED].sum())
    if amount > 0:
        first = exponential_at(key, 1, breaches, name_id(HOSTS)) / amount
    for vendor in market.vendors:
        if service[vendor.index] > 0:
            arrival = exponential_at(key, 1, breaches, vendor.address) / service[vendor.index]
            if arrival < first:
                victim, first = vendor, arrival
    return victim


def breach(market: "Market", victim: "Vendor | None", size: float) -> None:
    """Record a breach: memory of all, reputation of the victim, reviews by its users."""
    market.incident_stock += size
    if victim is not None:
        victim.reputation += size
        for model in victim.models:
            if model.api and model.withdrawn is None:
                market.forces[model.index] = 2


def _breach(market: "Market", event: EventParameters) -> None:
    breach(market, market.vendor_by_key.get(event.target or ""), _size(event))


def _residency_rule(market: "Market", event: EventParameters) -> None:
    """Bind firms of a region: `magnitude` is the share newly bound."""
    regions = list(market.parameters.regions)
    region = regions.index(event.target or regions[0])
    firms = market.columns.firms
    for firm in range(len(market.columns)):
        if firms.region[firm] == region:
            u = uniform_at(market.keys.residency, market.month, firm, 0)
            if u < _size(event):
                firms.residency[firm] = 1
                firms.next_due[firm] = market.month


def _export_control(market: "Market", event: EventParameters) -> None:
    """Make compute `magnitude` times dearer for vendors of a region, lastingly."""
    for vendor in market.vendors:
        if vendor.region == event.target:
            vendor.offset -= math.log(_size(event))


def _licence_change(market: "Market", event: EventParameters) -> None:
    """Put a vendor's later weights under the licence named in `value`."""
    vendor = market.vendor_by_key[event.target or ""]
    vendor.licence = LICENCES[event.value or "permissive"].name


def _algorithmic_leap(market: "Market", event: EventParameters) -> None:
    """Raise a vendor's private lead by `magnitude` (ln), or public progress without a target."""
    if event.target:
        market.vendor_by_key[event.target].lead += _size(event)
    else:
        market.environment.public += _size(event)


def _weights_leak(market: "Market", event: EventParameters) -> None:
    """The weights of a vendor's best model become public under a research licence."""
    vendor = market.vendor_by_key[event.target or ""]
    if not vendor.models:
        return
    leaked = copy.copy(max(vendor.models, key=lambda m: (m.q, m.index)))
    leaked.name, leaked.key = f"{leaked.name} (leaked)", name_id(f"{leaked.name} (leaked)")
    leaked.open, leaked.licence = True, LICENCES["research"].code
    leaked.api, leaked.list_price = False, None
    leaked.released = leaked.on_sale = market.month
    leaked.superseded = leaked.withdrawn = None
    leaked.delisted = False
    launch(market, vendor, leaked, "leak")


def _price_cut(market: "Market", event: EventParameters) -> None:
    """Multiply a vendor's list prices by `magnitude`."""
    vendor = market.vendor_by_key[event.target or ""]
    for model in vendor.models:
        if model.list_price is not None and model.superseded is None:
            change_price(market, model, model.list_price * _size(event), "scenario")


def _gpu_price_change(market: "Market", event: EventParameters) -> None:
    """Multiply GPU rent by `magnitude` from now on."""
    market.environment.rent_factor *= _size(event)
    market.environment.gpu_rent *= _size(event)


def _vendor_entry(market: "Market", event: EventParameters) -> None:
    """A vendor of the roster that is not present yet enters."""
    market.enter(event.target or "")


def _vendor_exit(market: "Market", event: EventParameters) -> None:
    """A vendor leaves; its open weights remain."""
    market.leave(market.vendor_by_key[event.target or ""], "scenario")


def _payment_terms(market: "Market", event: EventParameters) -> None:
    """Change everyone's terms to those named in `value`; `magnitude` is the days of credit."""
    market.intervene("pricing.payment", None, event.value or "prepaid")
    if event.magnitude is not None:
        market.intervene("pricing.credit_days", event.magnitude, None)


def _strategy_switch(market: "Market", event: EventParameters) -> None:
    """Force a vendor onto the strategy named in `value`."""
    vendor = market.vendor_by_key[event.target or ""]
    strategy = strategy_named(event.value or "open", vendor.facts.open_tiers)
    market.switch_strategy(vendor, strategy, "scenario")
    market.forced.add(vendor.key)


def _set_parameter(market: "Market", event: EventParameters) -> None:
    """Change the parameter named in `target` from this month on."""
    market.intervene(event.target or "", event.magnitude, event.value)


KINDS: Final[dict[str, Callable[["Market", EventParameters], None]]] = {
    "breach": _breach,
    "residency-rule": _residency_rule,
    "export-control": _export_control,
    "licence-change": _licence_change,
    "algorithmic-leap": _algorithmic_leap,
    "weights-leak": _weights_leak,
    "price-cut": _price_cut,
    "gpu-price-change": _gpu_price_change,
    "vendor-entry": _vendor_entry,
    "vendor-exit": _vendor_exit,
    "payment-terms": _payment_terms,
    "strategy-switch": _strategy_switch,
    "set-parameter": _set_parameter,
}
"""The act of each kind, in the order of `EVENT_KINDS`."""
