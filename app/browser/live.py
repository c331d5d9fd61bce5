"""A market that runs behind a page: one lock, one thread, and frames that never change.

A session of the browser owns one `Live`. Whatever steps, builds or looks at the market holds the
lock; the page gets frames only. While it plays, the next months wait until the last frame is drawn,
and the machine idles at least half the time, so that a page stays usable on a slow machine.
"""

import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, Literal

from agents.common.vocabulary import month_name
from app.browser.added_events import event_line, event_words, with_events
from app.browser.frame import Frame, frame_of
from sim.enterprise_step import warm_up
from sim.market import Market
from sim.refusals import ScenarioError
from sim.scenario import Scenario

Status = Literal["ready", "playing", "paused", "finished", "failed"]
DRAWN_SECONDS: Final = 5.0
"""How long the next months wait for a page that does not say it has drawn."""
FRAME_SECONDS: Final = 0.05


@dataclass(frozen=True)
class Failure:
    """Why the market stopped: one sentence, and where for programmers."""

    sentence: str
    trace: str


@dataclass(frozen=True)
class View:
    """What the page shows of a market."""

    frame: Frame | None
    status: Status
    other: Frame | None = None
    """The market beside it, month by month with the same luck."""
    failure: Failure | None = None
    injected: tuple[str, ...] = ()
    """Events added to the scenario, in words."""
    refused: str = ""
    """Why the last event could not be added."""
    begun: str = ""
    """Why this market began anew, where another had come some way."""


class Live:
    """One market under one page."""

    def __init__(
        self, publish: Callable[[View], None], added: Callable[[str], None] = lambda _: None
    ) -> None:
        """publish: called with every new view, from whichever thread made it.

        added: called with the line (`added_events`) of every event that `inject` added.
        """
        self._publish, self._added = publish, added
        self._lock = threading.RLock()
        self._market: Market | None = None
        self._other: Market | None = None
        self._scenarios: tuple[Scenario, ...] = ()
        """What the market, and the one beside it, began with, and every event added since."""
        self._reached = -1
        self._thread: threading.Thread | None = None
        self._wanted = threading.Event()
        self._drawn = threading.Event()
        self._closed = False
        self._number = 0
        self._pace = 1
        self._stop: int | None = None
        self.view = View(None, "ready")

    def build(
        self, scenario: Scenario, other: Scenario | None = None, *,
        events: tuple[str, ...] = (), because: str = "",
    ) -> None:  # fmt: skip
        """Begin anew with a scenario, and another beside it under the first one's seed.

        events: those of the scenario that were added, a line each. because: why it begins anew, a
        clause. A failure leaves the last view on show.
        """
        self.pause()
        with self._guarded(), self._lock:
            market = Market(scenario)
            warm_up(market)
            self._other = None if other is None else Market(other, rng=market.seed)
            if self._market is not None and self._market.month >= 0:
                self._reached = self._market.month
            self._market = market
            self._scenarios = (scenario,) if other is None else (scenario, other)
            known = because and self._reached >= 0
            begun = f"{because}; it had come to {month_name(self._reached)}." if known else ""
            injected = tuple(map(event_words, events))
            self.view = replace(self.view, injected=injected, refused="", begun=begun)
            self._show("ready", failure=None)

    def set_pace(self, months: int, stop: int | None) -> None:
        """Months a frame, and the month to pause after (counted from 1)."""
        self._pace, self._stop = max(1, months), stop

    def drawn(self) -> None:
        """The page says that it shows the last frame."""
        self._drawn.set()

    def step(self) -> None:
        """Simulate the months of one frame."""
        self.pause()
        self._advance(self._pace, "paused")

    def run_to_end(self) -> None:
        """Simulate what is left, frame by frame as fast as it goes."""
        self.play(fast=True)

    def play(self, *, fast: bool = False) -> None:
        """Go on by itself until `pause`, the month to stop at, or the end."""
        if self._market is None or self._wanted.is_set() or self.view.status == "failed":
            return
        self.pause()
        self._wanted.set()
        self._show("playing")
        self._thread = threading.Thread(target=self._loop, args=(fast,), daemon=True)
        self._thread.start()

    def pause(self) -> None:
        """Stop at once: no month begins after this returns."""
        self._wanted.clear()
        self._drawn.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=60.0)
        self._thread = None
        if self.view.status == "playing":
            self._show("paused")

    def close(self) -> None:
        """Stop for good: the tab is gone."""
        self._closed = True
        self.pause()

    def inject(
        self, kind: str, target: str | None, magnitude: float | None, value: str | None
    ) -> None:
        """Let an event of a scenario's kinds happen before the next month.

        It becomes one of the scenario's, here and where `added` hands it on. An event that the
        scenario refuses changes nothing; the view says why.
        """
        with self._guarded():
            line = self._inject(kind, target, magnitude, value)
            self._publish(self.view)
            if line:
                self._added(line)

    def _inject(
        self, kind: str, target: str | None, magnitude: float | None, value: str | None
    ) -> str:
        """Schedule an event and give its line; empty where it is refused."""
        with self._lock:
            if self._market is None:
                return ""
            line = event_line(month_name(self._market.month + 1), kind, target, magnitude, value)
            try:
                self._schedule(line)
            except ScenarioError as error:
                self.view = replace(self.view, refused=str(error))
                return ""
            injected = (*self.view.injected, event_words(line))
            self.view = replace(self.view, injected=injected, refused="")
            return line

    def _schedule(self, line: str) -> None:
        """Put an event into the scenarios and the markets; ScenarioError if one cannot have it."""
        market = self._market
        assert market is not None
        if market.month + 1 >= market.parameters.months:
            raise ScenarioError("the market is at its end: no month is left for an event")
        self._scenarios = tuple(with_events(scenario, [line]) for scenario in self._scenarios)
        for one, scenario in zip((market, self._other), self._scenarios, strict=False):
            assert one is not None
            # Not the whole scenario: what earlier events changed in a running market stays.
            one.parameters = one.parameters.model_copy(update={"events": scenario.events})
            one.environment.scenario = one.parameters

    @property
    def scenario(self) -> Scenario | None:
        """What the market on show runs, from its first month: a run of it gives the same tables."""
        return self._scenarios[0] if self._scenarios else None

    @property
    def market(self) -> Market | None:
        """The market itself, for reading under `lock`."""
        return self._market

    @property
    def lock(self) -> threading.RLock:
        """Held by whatever looks at the market."""
        return self._lock

    def _loop(self, fast: bool) -> None:
        while self._wanted.is_set() and not self._closed:
            began = time.monotonic()
            self._drawn.clear()
            if not self._advance(self._pace if not fast else max(self._pace, 4), "playing"):
                break
            self._drawn.wait(DRAWN_SECONDS)
            busy = time.monotonic() - began
            if not fast:
                time.sleep(max(FRAME_SECONDS, min(busy, 1.0)))
        self._wanted.clear()

    def _advance(self, months: int, status: Status) -> bool:
        """Simulate and show; false when there is nothing more to do."""
        with self._guarded(), self._lock:
            market = self._market
            if market is None or self.view.status == "failed":
                # A month that broke off cannot be gone on from; only a new market can.
                return False
            last = market.parameters.months - 1
            stop = last if self._stop is None else min(self._stop - 1, last)
            end = stop if market.month < stop else last
            for _ in range(min(months, end - market.month)):
                if status == "playing" and not self._wanted.is_set():
                    break
                market.step()
                if self._other is not None and self._other.month + 1 < last + 1:
                    self._other.step()
            if market.month >= last:
                self._show("finished")
            elif market.month == stop:
                self._show("paused")
            else:
                self._show(status)
                return True
        return False

    def _show(self, status: Status, **changes: Failure | None) -> None:
        assert self._market is not None
        with self._lock:
            self._number += 1
            failure = changes.get("failure")
            frame = frame_of(self._market, self._number)
            other = None if self._other is None else frame_of(self._other, self._number)
            self.view = replace(self.view, frame=frame, status=status, other=other, failure=failure)
        if not self._closed:
            self._publish(self.view)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn an error of the model into a failure on the page instead of the end of the page."""
        try:
            yield
        except Exception as error:
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """Keep the last frame on show and say what went wrong."""
        self._wanted.clear()
        trace = "".join(traceback.format_exception(error))[-6000:]
        sentence = f"{type(error).__name__}: {error}"
        self.view = replace(self.view, status="failed", failure=Failure(sentence, trace))
        if not self._closed:
            self._publish(self.view)
