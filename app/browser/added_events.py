"""Events added on the page: a line of text each in an address, part of the scenario when it runs.

A line is `month,kind,target,magnitude,value`; what an event does not have stays empty, and what is
empty at the end is left out: `2023-02,strategy-switch,meta,,closed`.
"""

import re
from collections.abc import Sequence
from typing import Final

from pydantic import ValidationError

from sim.refusals import ScenarioError, refused
from sim.scenario import Scenario

FIELDS: Final = ("month", "kind", "target", "magnitude", "value")
MOST_EVENTS: Final = 200
"""Events that can be added: more would not fit into an address."""
LABEL: Final = "added event"
NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?")


def event_line(
    month: str, kind: str, target: str | None, magnitude: float | None, value: str | None
) -> str:
    """The line that stands for an event."""
    size = None if magnitude is None else repr(float(magnitude))
    return ",".join(part or "" for part in (month, kind, target, size, value)).rstrip(",")


def fields_of(line: str) -> dict[str, object]:
    """The fields that a line gives; a magnitude that is no number stays text, to be refused."""
    parts = zip(FIELDS, line.split(",", len(FIELDS) - 1), strict=False)
    found: dict[str, object] = {name: text for name, text in parts if text}
    size = str(found.get("magnitude", ""))
    return {**found, "magnitude": float(size)} if NUMBER.fullmatch(size) else found


def event_words(line: str) -> str:
    """An event in words: `2023-02: strategy-switch meta closed`."""
    found = fields_of(line)
    size = found.get("magnitude")
    number = f"{size:g}" if isinstance(size, float) else size
    rest = (found.get("kind"), found.get("target"), found.get("value"), number)
    return f"{found.get('month')}: " + " ".join(str(part) for part in rest if part is not None)


def with_events(scenario: Scenario, lines: Sequence[str]) -> Scenario:
    """The scenario with events after its own.

    Raises ScenarioError, one sentence, for events that it cannot have.
    """
    if not lines:
        return scenario
    if len(lines) > MOST_EVENTS:
        raise ScenarioError(f"{LABEL}: {len(lines)} events are more than the {MOST_EVENTS} allowed")
    tree = scenario.model_dump()
    tree["events"] = [*tree["events"], *map(fields_of, lines)]
    try:
        return type(scenario).model_validate(tree)
    except ValidationError as error:
        raise refused(type(scenario), error, {(): LABEL}) from None
