"""The market of a session of the browser, and when it begins anew: when its settings differ.

An event that is added to a running market becomes one of the settings without a new beginning.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import solara

from app.browser.live import Live, View
from app.browser.settings import MOST_FIRMS, Settings, changed_words, starting_point
from sim.refusals import ScenarioError

Change = Callable[[Settings], None]


@dataclass(frozen=True)
class Session:
    """A market under a page."""

    live: Live
    view: View
    refusal: str
    """Why the settings cannot be simulated; empty if they can."""
    asked: int
    """Enterprises that are simulated only if somebody agrees; 0 if nobody need be asked."""
    agree: Callable[[], None]
    reset: Callable[[], None]


@dataclass(frozen=True)
class Built:
    """The settings of the market that was built last."""

    settings: Settings | None = None
    current: bool = False
    """Whether it is the one asked for: not while an impossible or a large one is."""


def use_session(settings: Settings, change: Change) -> Session:
    """A hook: the market of these settings, built anew whenever they are of another.

    change: called with the settings that an added event leads to.
    """
    view, set_view = solara.use_state(View(None, "ready"))
    refusal, set_refusal = solara.use_state("")
    large, set_large = solara.use_state(solara.use_memo(starting_firms, []))
    asked, set_asked = solara.use_state(0)
    now, built = solara.use_ref((settings, change)), solara.use_ref(Built())
    now.current = settings, change

    def added(line: str) -> None:
        latest, put = now.current
        after = replace(latest, events=(*latest.events, line))
        if built.current.current:
            built.current = Built(after, current=True)
        now.current = after, put
        put(after)

    live = solara.use_memo(lambda: Live(set_view, added), [])
    solara.use_effect(lambda: live.close, [])

    def rebuild(because: str) -> None:
        built.current = replace(built.current, current=False)
        try:
            scenario, other = settings.load(), settings.load_other()
        except ScenarioError as error:
            set_refusal(str(error))
            return
        set_refusal("")
        firms = scenario.enterprise.population
        set_asked(firms if firms > large else 0)
        if firms <= large:
            live.build(scenario, other, events=settings.events, because=because)
            built.current = Built(settings, current=True)

    def follow() -> None:
        last = built.current
        if last.settings is None or not last.current or last.settings.world != settings.world:
            rebuild(anew_words(last.settings, settings))

    solara.use_effect(follow, [settings.world, large])
    solara.use_effect(
        lambda: live.set_pace(settings.pace, settings.stop), [settings.pace, settings.stop]
    )
    solara.use_effect(live.drawn, [view.frame.number if view.frame else 0])
    return Session(
        live, view, refusal, asked,
        lambda: set_large(asked), lambda: rebuild("The market was reset"),
    )  # fmt: skip


def anew_words(last: Settings | None, settings: Settings) -> str:
    """Why the market begins anew, as a clause; empty where nothing differs."""
    names = "" if last is None else changed_words(last, settings)
    return f"The market began anew with {names} changed" if names else ""


def starting_firms() -> int:
    """Enterprises that this page simulates without asking: what the server was started with."""
    try:
        return max(MOST_FIRMS, starting_point().load().enterprise.population)
    except ScenarioError:
        return MOST_FIRMS
