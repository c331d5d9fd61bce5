"""Controls of the page: scenario, seed, pace, parameters, and the buttons that move time."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple

import reacton.ipyvuetify as v
import solara

from agents.common.vocabulary import month_name
from app.browser import replay
from app.browser.choice import Choice
from app.browser.field import Field, Number
from app.browser.live import Failure, Live, View
from app.browser.settings import PACES, Settings
from sim.catalogue import ParameterInfo, catalogue, shown
from sim.event_kinds import EVENT_KINDS
from sim.scenario_files import presets

Change = Callable[[Settings], None]
SHOWN: Final = 24
"""Parameters listed at once; a search finds the others."""
SLIDERS: Final = (
    "choice.risk_weight", "choice.theta", "choice.control_taste", "environment.gpu_price_scale",
    "capability.imitation", "pricing.share_weight", "host.markup", "crowd.effectiveness",
)  # fmt: skip
"""Parameters on show before anything is searched for."""
GROUPS: Final = "the usual ones"


@solara.component
def Bar(live: Live, view: View, reset: Callable[[], None]) -> None:
    """Play, pause, step, run to end, reset; where time stands and what goes on."""
    frame, playing = view.frame, view.status == "playing"
    ended = view.status in ("finished", "failed")
    with solara.Row(gap="8px", style={"align-items": "center", "flex-wrap": "wrap"}):
        if playing:
            solara.Button(
                "Pause", icon_name="mdi-pause", classes=["nomoat-go"], on_click=live.pause
            )
        else:
            solara.Button(
                "Play",
                icon_name="mdi-play",
                classes=["nomoat-go"],
                on_click=live.play,
                disabled=ended,
            )
        solara.Button(
            "Step", icon_name="mdi-skip-next", on_click=live.step, disabled=playing or ended
        )
        solara.Button(
            "To the end", icon_name="mdi-fast-forward", on_click=live.run_to_end,
            disabled=playing or ended,
        )  # fmt: skip
        solara.Button("Reset", icon_name="mdi-restart", on_click=reset)
        if frame is not None:
            v.Html(tag="span", class_="nomoat-mono", attributes={"role": "status"},
                   children=[status_words(view)])  # fmt: skip
    if frame is not None:
        done = 100 * (frame.month + 1) / frame.months
        v.ProgressLinear(value=done, height=4, attributes={"aria-label": "months simulated"})


def status_words(view: View) -> str:
    """Where the market stands, in words."""
    frame = view.frame
    assert frame is not None
    words = {
        "ready": "ready", "playing": "running", "paused": "paused",
        "finished": "at its end", "failed": "stopped by an error",
    }[view.status]  # fmt: skip
    date = "before 2023-01" if frame.month < 0 else frame.date
    count = len(view.injected)
    added = f" · {count} event{'s' if count > 1 else ''} added" if count else ""
    last = month_name(frame.months - 1)
    return f"{frame.title} · seed {frame.seed} · {date} of {last} · {words}{added}"


@solara.component
def Alert(failure: Failure) -> None:
    """What went wrong; the traceback folds out."""
    with v.Alert(type="error", text=True, dense=True):
        v.Html(tag="div", children=[failure.sentence])
        with solara.Details("details for programmers"):
            v.Html(
                tag="pre", style_="white-space:pre-wrap;font-size:12px", children=[failure.trace]
            )


@solara.component
def Panel(settings: Settings, change: Change, live: Live, view: View) -> None:
    """What the market starts from."""
    known = solara.use_memo(presets, [])
    names = list(known)

    def choose(name: str) -> None:
        change(replace(settings, scenario=name, changes={}, events=()))

    with solara.Column(gap="2px"):
        Choice("scenario", names, value=settings.scenario, on_value=choose)
        v.Html(tag="p", class_="nomoat-note", children=[known.get(settings.scenario, "")])
        last = str(view.frame.months) if view.frame else "the last"
        Number("seed (1 if empty)", settings.seed, lambda n: change(replace(settings, seed=n)))
        Number("months a frame (1 if empty)", settings.pace,
               lambda n: change(replace(settings, pace=n or 1)), limits=PACES)  # fmt: skip
        Number(f"pause month ({last} if empty)", settings.stop,
               lambda n: change(replace(settings, stop=n)))  # fmt: skip
        replay.Stored(settings, change)
        Parameters(settings, change)
        Events(live, view)
        if count := len(settings.events):
            solara.Button(
                f"Take {count} event{'s' if count > 1 else ''} out", text=True, small=True,
                icon_name="mdi-undo", on_click=lambda: change(replace(settings, events=())),
            )  # fmt: skip


@solara.component
def Parameters(settings: Settings, change: Change) -> None:
    """Parameters from their declarations; those changed are marked and can be put back."""
    search, set_search = solara.use_state("")
    group, set_group = solara.use_state("")
    everything = solara.use_memo(lambda: [i for i in catalogue() if adjustable(i)], [])
    groups = list(dict.fromkeys(group_of(info) for info in everything))
    found = chosen(everything, search, group, settings)
    v.Html(tag="h2", children=["Parameters"])
    Field("search all parameters", search, set_search, each=True)
    Choice("group", [GROUPS, *groups], value=group or GROUPS,
                  on_value=lambda name: set_group("" if name == GROUPS else name))  # fmt: skip
    if count := len(settings.changes):
        solara.Button(
            f"Put {count} change{'s' if count > 1 else ''} back", text=True, small=True,
            icon_name="mdi-undo", on_click=lambda: change(replace(settings, changes={})),
        )  # fmt: skip
    for info in found[:SHOWN]:
        Parameter(info, settings, change).key(info.path)
    if len(found) > SHOWN:
        more = f"and {len(found) - SHOWN} more: search for them"
        v.Html(tag="p", class_="nomoat-note", children=[more])


def chosen(
    everything: list[ParameterInfo], search: str, group: str, settings: Settings
) -> list[ParameterInfo]:
    """Parameters to list: those found, those of a group, else the usual ones and those changed."""
    if search.strip():
        words = search.lower().split()
        return [i for i in everything if all(word in text_of(i) for word in words)]
    if group:
        return [i for i in everything if group_of(i) == group]
    return [i for i in everything if i.path in SLIDERS or i.path in settings.changes]


def group_of(info: ParameterInfo) -> str:
    """The part of the market a parameter belongs to: the first word of its path."""
    head, _, rest = info.path.partition(".")
    return head if rest else "general"


def adjustable(info: ParameterInfo) -> bool:
    """Whether the page can change a parameter: one value, and not set elsewhere on the page."""
    one = not info.type.startswith("array") and "[]" not in info.path and not info.required
    return one and info.path not in ("seed", "name", "summary") and info.type != "text"


def text_of(info: ParameterInfo) -> str:
    """What a search looks at."""
    return f"{info.path} {info.description}".lower()


@solara.component
def Parameter(info: ParameterInfo, settings: Settings, change: Change) -> None:
    """One parameter: its value, unit, range, source, and the way back."""
    text = settings.changes.get(info.path, "")
    changed = info.path in settings.changes

    def apply(value: str) -> None:
        change(settings.changed(info.path, value or None))

    with v.Html(tag="details"):
        v.Html(tag="summary", children=[f"{'● ' if changed else ''}{info.path}"])
        v.Html(tag="p", class_="nomoat-note", children=[explained(info)])
    if info.choices or info.type == "switch":
        values = list(info.choices or ("true", "false"))
        current = text or shown(info.default).strip("'")
        Choice(info.facts, values, value=current, on_value=apply)
    else:
        Field(info.facts, text, apply)
    if changed:
        solara.Button(
            f"Put {info.path} back", text=True, x_small=True, icon_name="mdi-undo",
            on_click=lambda: change(settings.changed(info.path, None)),
        )  # fmt: skip


def explained(info: ParameterInfo) -> str:
    """What a parameter means, what is plausible, and where that comes from."""
    low, high = info.plausible or (None, None)
    usual = "" if low is None else f" Plausible: {low:g} to {high:g}."
    return f"{info.description}.{usual} Source: {info.source}."


class Happening(NamedTuple):
    """What a button lets happen: an event but for its month, and its target's name for people."""

    kind: str
    target: str | None = None
    magnitude: float | None = None
    value: str | None = None
    name: str | None = None

    @property
    def label(self) -> str:
        """Words for the button, by the declaration of the kind."""
        return EVENT_KINDS[self.kind].says(self.name, self.magnitude, self.value)


HAPPENINGS: Final = (
    Happening("breach", "openai", name="OpenAI"),
    Happening("residency-rule", "europe", 0.3, name="Europe"),
    Happening("price-cut", "openai", 0.5, name="OpenAI"),
    Happening("algorithmic-leap", magnitude=1.0),
    Happening("strategy-switch", "meta", value="closed", name="Meta"),
    Happening("strategy-switch", "openai", value="open", name="OpenAI"),
    Happening("gpu-price-change", magnitude=2.0),
)
"""Events that can be added by a button; what they need is checked as in a scenario file."""


@solara.component
def Events(live: Live, view: View) -> None:
    """Buttons that let something happen next month."""
    v.Html(tag="h2", children=["Let it happen next month"])
    for happening in HAPPENINGS:

        def add(event: tuple[Any, ...] = happening[:4]) -> None:
            live.inject(*event)

        solara.Button(happening.label, outlined=True, small=True, on_click=add,
                      disabled=view.status == "finished")  # fmt: skip
    for words in view.injected:
        v.Html(tag="p", class_="nomoat-note", children=[f"added {words}"])
