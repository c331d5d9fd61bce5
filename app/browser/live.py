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
from app.browser.frame import Frame, frame_of
from sim.enterprise_step import warm_up
from sim.market import Market
from sim.parameters import EventParameters
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


class Live:
    """One market under one page."""

    def __init__(self, publish: Callable[[View], None]) -> None:
        """publish: called with every new view, from whichever thread made it."""
        self._publish = publish
        self._lock = threading.RLock()
        self._market: Market | None = None
        self._other: Market | None = None
        self._thread: threading.Thread | None = None
        self._wanted = threading.Event()
        self._drawn = threading.Event()
        self._closed = False
        self._number = 0
        self._pace = 1
        self._stop: int | None = None
        self.view = View(None, "ready")

    def build(self, scenario: Scenario, other: Scenario | None = None) -> None:
        """Begin anew with a scenario, and another beside it under the first one's seed.

        A failure leaves the last view on show.
        """
        self.pause()
        with self._guarded(), self._lock:
            market = Market(scenario)
            warm_up(market)
            self._other = None if other is None else Market(other, rng=market.seed)
            self._market = market
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
        if self._market is None or self._wanted.is_set():
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

    def inject(self, kind: str, target: str | None, magnitude: float, value: str | None) -> None:
        """Let an event of a scenario's kinds happen before the next month."""
        with self._guarded(), self._lock:
            market = self._market
            if market is None:
                return
            date = month_name(market.month + 1)
            event = EventParameters(
                month=date, kind=kind, target=target, magnitude=magnitude, value=value
            )
            for one in (market, self._other):
                if one is not None:
                    add_event(one, event)
            words = f"{date}: {kind}" + (f" {target}" if target else "")
            self.view = replace(self.view, injected=(*self.view.injected, words))
            self._publish(self.view)

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
            if market is None:
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
            injected = () if self._market.month < 0 else self.view.injected
            frame = frame_of(self._market, self._number)
            other = None if self._other is None else frame_of(self._other, self._number)
            self.view = View(frame, status, other, failure, injected)
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


def add_event(market: Market, event: EventParameters) -> None:
    """Schedule an event in a market that runs; pydantic's errors for an impossible one."""
    tree = market.parameters.model_dump()
    tree["events"] = [*tree["events"], event.model_dump()]
    market.parameters = type(market.parameters).model_validate(tree)
    market.environment.scenario = market.parameters
