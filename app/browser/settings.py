"""What the page is asked to show, as it stands in its address."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from app.browser.added_events import with_events
from sim.loading import load
from sim.scenario import Scenario

START: Final = "NOMOAT_UI_START"
"""Variable of the environment with the settings that the page starts with, as a query."""
LARGEST: Final = 2**63 - 1
SWEEP_NAME: Final = re.compile(r"[^./\\\x00-\x1f][^/\\\x00-\x1f]{0,199}")
RUN_ID: Final = re.compile(r"[0-9a-f]{16}")
DIGITS: Final = re.compile(r"[0-9]{1,19}")
PACES: Final = (1, 24)
"""Fewest and most months a frame."""
MOST_FIRMS: Final = 50_000
"""Enterprises up to which an address is simulated without being asked again."""
MOST_WORDS: Final = 1000
"""Words of an address that are read: every parameter and every event fit."""


@dataclass(frozen=True)
class Settings:
    """A scenario, what is changed in it, and how fast it is shown."""

    scenario: str = "baseline"
    changes: Mapping[str, str] = field(default_factory=dict)
    """Parameters by path, as text."""
    seed: int | None = None
    pace: int = 1
    """Months a frame."""
    stop: int | None = None
    """Month to pause at, counted from 1; the end if omitted."""
    tab: int = 0
    versus: str = ""
    """Preset to compare with, under the same changes."""
    run: str = ""
    """Id of a stored run to replay instead of simulating, or of a run of the sweep."""
    sweep: str = ""
    """Name of a stored sweep to look at instead."""
    events: tuple[str, ...] = ()
    """Events added to those of the scenario, each a line as in `added_events`."""

    def load_other(self) -> Scenario | None:
        """The scenario to compare with; None if there is none."""
        return replace(self, scenario=self.versus).load() if self.versus else None

    def load(self) -> Scenario:
        """The scenario; raises ScenarioError, one sentence, where it cannot be."""
        overrides: dict[str, object] = dict(self.changes)
        if self.seed is not None:
            overrides["seed"] = self.seed
        return with_events(load(self.scenario, overrides), self.events)

    @property
    def world(self) -> tuple[Any, ...]:
        """What the market depends on: settings that differ in it need another market."""
        changes = tuple(sorted(self.changes.items()))
        return self.scenario, changes, self.events, self.seed, self.versus

    def changed(self, path: str, value: str | None) -> "Settings":
        """With one parameter at another value, or back at the scenario's own."""
        rest = {key: kept for key, kept in self.changes.items() if key != path}
        return replace(self, changes=rest if value is None else {**rest, path: value})

    def query(self) -> str:
        """The settings as the query of an address."""
        words = [("scenario", self.scenario)]
        words += [("set", f"{path}={value}") for path, value in self.changes.items()]
        words += [("event", line) for line in self.events]
        if self.seed is not None:
            words.append(("seed", str(self.seed)))
        if self.pace != 1:
            words.append(("pace", str(self.pace)))
        if self.stop is not None:
            words.append(("stop", str(self.stop)))
        if self.versus:
            words.append(("versus", self.versus))
        if self.sweep:
            words.append(("sweep", self.sweep))
        if self.run:
            words.append(("run", self.run))
        if self.tab:
            words.append(("tab", str(self.tab)))
        return urlencode(words, safe=",")


def changed_words(before: Settings, after: Settings) -> str:
    """What of a market's settings differs, by name; empty if nothing does."""
    names = ["the scenario"] if before.scenario != after.scenario else []
    paths = sorted({*before.changes, *after.changes})
    names += [path for path in paths if before.changes.get(path) != after.changes.get(path)]
    for name, words in (("seed", "the seed"), ("events", "the events"),
                        ("versus", "the scenario compared with")):  # fmt: skip
        if getattr(before, name) != getattr(after, name):
            names.append(words)
    return ", ".join(names)


def from_query(query: str | None, start: Settings) -> Settings:
    """The settings of an address: all of them where it names a scenario, as `Settings.query` does.

    Without a scenario, what it leaves out is as at the start; what it misspells is left out.
    """
    words = parse_qsl((query or "").removeprefix("?"))[:MOST_WORDS]
    known = [value for name, value in words if name == "scenario" and may_name(value, start)]
    found = Settings(known[-1]) if known else start
    changes, events = dict(found.changes), list(found.events)
    for name, value in words:
        if name == "event":
            events.append(value)
        elif name == "versus" and is_preset(value):
            found = replace(found, versus=value)
        elif name == "run" and RUN_ID.fullmatch(value):
            found = replace(found, run=value)
        elif name == "sweep" and SWEEP_NAME.fullmatch(value):
            found = replace(found, sweep=value)
        elif name == "set" and "=" in value:
            path, _, text = value.partition("=")
            changes[path] = text
        elif name in ("seed", "pace", "stop", "tab") and DIGITS.fullmatch(value):
            number: Any = {name: min(int(value), LARGEST)}
            found = replace(found, **number)
    pace = min(max(found.pace, PACES[0]), PACES[1])
    return replace(found, changes=changes, events=tuple(events), pace=pace)


def starting_point() -> Settings:
    """What the page shows where its address says nothing: what `nomoat ui` was asked for."""
    words = dict(parse_qsl(os.environ.get(START, "")))
    start = Settings(scenario=words.get("scenario", "baseline"))
    return from_query(os.environ.get(START, ""), start)


def may_name(name: str, start: Settings) -> bool:
    """Whether an address may name a scenario: a preset, or the one the page was started with."""
    return name == start.scenario or is_preset(name)


def is_preset(name: str) -> bool:
    """Whether an address may name it: a preset, never a path."""
    from sim.scenario_files import preset_names

    return name in preset_names()
