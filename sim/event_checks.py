"""What makes a scheduled event possible, read from the record of its kind."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from agents.common.vocabulary import month_index, month_name
from sim.catalogue import nearest, shown
from sim.event_kinds import EVENT_KINDS, EventKind, Size, Target
from sim.interventions import changed
from sim.parameters import EventParameters

if TYPE_CHECKING:
    from sim.scenario import Scenario


def check_events(scenario: "Scenario") -> None:
    """Raise ValueError, one sentence, for the first event that cannot be.

    Its kind's target, size and value must be given as declared, nothing else, and it must come
    while the run lasts and be able to change something.
    """
    for number, event in enumerate(scenario.events):
        where, kind = f"events[{number}]", EVENT_KINDS[event.kind]
        _check_date(event.month, scenario.months, where)
        _check_target(event, kind, scenario, where)
        if kind.is_change:
            _check_change(event, scenario, where)
        else:
            _check_value(event, kind, where)
            _check_size(event, kind, where)
        if event.target and kind.target in {Target.VENDOR, Target.ANY_VENDOR}:
            _check_presence(event, kind, scenario, where)


def events_within(events: Sequence[EventParameters], months: int) -> dict[str, Any]:
    """Settings that leave out what comes after the first `months` of a run; none if nothing does.

    For runs that the program itself makes shorter than the scenario.
    """
    kept = [event for event in events if month_index(event.month) < months]
    return {} if len(kept) == len(events) else {"events": [event.model_dump() for event in kept]}


def _check_date(month: str, months: int, where: str) -> None:
    first, last = month_name(0), month_name(months - 1)
    place = month_index(month)
    if place < 0:
        raise ValueError(
            f"{where}.month is {month}, before the run's first month; take one from {first} to "
            f"{last}"
        )
    if place >= months:
        raise ValueError(
            f"{where}.month is {month}, after the run's last month {last} (months = {months}); "
            f"take one from {first} to {last}, leave the event out, or set months to {place + 1} "
            "or more"
        )


def _check_target(
    event: EventParameters, kind: EventKind, scenario: "Scenario", where: str
) -> None:
    if kind.target is Target.NOTHING:
        if event.target is not None:
            raise ValueError(_unused(where, "target", kind, event.target))
        return
    if kind.target is Target.PARAMETER or (kind.target is Target.ANY_VENDOR and not event.target):
        return
    region = kind.target is Target.REGION
    known: Collection[str] = scenario.regions if region else scenario.vendors
    if event.target not in known:
        what = "a region's id" if region else "a vendor's id"
        what += " or left out" if kind.target is Target.ANY_VENDOR else ""
        raise ValueError(
            f"{where}.target must be {what} for {kind.word}: {', '.join(known)}"
            f"{_but(event.target, known)}"
        )


def _check_change(event: EventParameters, scenario: "Scenario", where: str) -> None:
    """An event that sets a parameter has a number or a word that the parameter can take."""
    if not event.target:
        raise ValueError(
            f"{where}.target must be given for {event.kind}: a parameter, such as "
            "crowd.effectiveness"
        )
    if (event.magnitude is None) == (event.value is None):
        given = "neither" if event.value is None else "both"
        raise ValueError(
            f"{where} must have magnitude, a number, or value, a word, for {event.kind}, "
            f"not {given}"
        )
    try:
        changed(scenario, event.target, event.magnitude, event.value)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _check_value(event: EventParameters, kind: EventKind, where: str) -> None:
    if not kind.values and event.value is not None:
        raise ValueError(_unused(where, "value", kind, event.value))
    if kind.values and event.value not in kind.values:
        raise ValueError(
            f"{where}.value must be one of {', '.join(kind.values)} for {kind.word}"
            f"{_but(event.value, kind.values)}"
        )


def _check_size(event: EventParameters, kind: EventKind, where: str) -> None:
    size = kind.size
    if size is not None and size.only_with and event.value not in size.only_with:
        size = None
    if size is None:
        if event.magnitude is not None:
            raise ValueError(_unused(where, "magnitude", kind, event.magnitude, event.value))
        return
    if event.magnitude is None:
        if size.usual is None:
            raise ValueError(f"{where}.magnitude must be given for {kind.word}: {_range(size)}")
        return
    fits = size.low <= event.magnitude <= size.high
    if not fits or (size.whole and not event.magnitude.is_integer()):
        raise ValueError(
            f"{where}.magnitude must be {_range(size)} for {kind.word}, not {event.magnitude:.12g}"
        )


def _check_presence(
    event: EventParameters, kind: EventKind, scenario: "Scenario", where: str
) -> None:
    """Refuse what can never have an effect: entry of who is there, or harm to who never comes."""
    assert event.target is not None
    vendor = scenario.vendors[event.target]
    if kind.brings_in:
        if vendor.present and month_index(vendor.enters) <= month_index(event.month):
            raise ValueError(
                f"{where}.target {event.target} is in the market since {vendor.enters}, so that it "
                f"cannot enter in {event.month}; set vendors.{event.target}.present to false, or "
                "take an earlier month"
            )
        return
    entries = (EVENT_KINDS[e.kind].brings_in and e.target == event.target for e in scenario.events)
    if not vendor.present and not any(entries):
        raise ValueError(
            f"{where}.target {event.target} is never in this market; set "
            f"vendors.{event.target}.present to true, or let it enter by an event of kind "
            "vendor-entry"
        )


def _range(size: Size) -> str:
    return f"{size.span} ({size.words})"


def _unused(
    where: str, field: str, kind: EventKind, given: object, value: str | None = None
) -> str:
    of = f"{kind.word} {value}" if value else kind.word
    return f"{where}.{field} is not used by {of}; leave it out, not {shown(given)}"


def _but(given: str | None, known: Collection[str]) -> str:
    """What was given instead, with the nearest known word."""
    return f", not {shown(given)}{nearest(given, known)}" if given is not None else ""
