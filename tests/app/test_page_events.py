"""Events added on the page: in the running market, the address, and the exported scenario."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.browser.added_events import event_line, event_words, fields_of
from app.browser.live import Live
from app.browser.settings import Settings, changed_words, from_query
from sim.loading import load, to_toml
from sim.market import Market
from sim.refusals import ScenarioError

SMALL = Settings(changes={"enterprise.population": "40", "months": "8"})
SHUT = "2023-02,strategy-switch,meta,,closed"
TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=1000), min_size=1, max_size=20)
NAME = TEXT.filter(lambda text: "," not in text)


def built(settings: Settings = SMALL) -> tuple[Live, list[str]]:
    """A market of the settings, and the events added to it, as they come."""
    lines: list[str] = []
    live = Live(lambda _: None, lines.append)
    live.build(settings.load(), settings.load_other(), events=settings.events)
    return live, lines


def run(live: Live) -> Live:
    """To the end, month by month."""
    while live.view.status != "finished":
        assert live.view.status != "failed"
        live.step()
    return live


def same(live: Live, market: Market) -> bool:
    """Whether a market has, after as many months, the tables of a live one."""
    assert live.market is not None
    for _ in range(live.market.month + 1):
        market.step()
    ours, theirs = live.market.tables(), market.tables()
    return ours.keys() == theirs.keys() and all(ours[name].equals(theirs[name]) for name in ours)


ADDED: dict[str, tuple[str, str | None, float | None, str | None]] = {
    "a strategy": ("strategy-switch", "meta", None, "closed"),
    "a parameter from now on": ("set-parameter", "choice.risk_weight", 2.0, None),
    "dearer hardware": ("gpu-price-change", None, 2.0, None),
    "a breach": ("breach", "openai", None, None),
}


@pytest.mark.parametrize("name", ADDED)
def test_the_exported_scenario_gives_the_tables_of_the_live_market(
    name: str, tmp_path: Path
) -> None:
    kind, target, magnitude, value = ADDED[name]
    live, _ = built()
    live.step()
    live.inject(kind, target, magnitude, value)
    live.step()
    live.inject("price-cut", "google", 0.25, None)
    run(live)
    assert live.scenario is not None
    (tmp_path / "exported.toml").write_text(to_toml(live.scenario))
    exported = load(tmp_path / "exported.toml")
    first, second = exported.events
    assert (first.month, first.kind, first.target, first.value) == ("2023-02", kind, target, value)
    assert magnitude is None or first.magnitude == magnitude
    assert (second.month, second.kind, second.magnitude) == ("2023-03", "price-cut", 0.25)
    assert exported == live.scenario
    assert same(live, Market(exported))


def test_the_address_carries_added_events_and_a_reset_keeps_them() -> None:
    live, lines = built()
    live.step()
    live.inject("strategy-switch", "meta", None, "closed")
    run(live)
    assert lines == [SHUT]
    settings = replace(SMALL, events=tuple(lines))
    again = from_query(settings.query(), Settings())
    assert again == settings
    assert again.load() == live.scenario
    reset, _ = built(again)
    assert reset.view.injected == live.view.injected == (event_words(SHUT),)
    assert live.market is not None
    assert same(run(reset), Market(again.load()))
    assert live.market.tables()["market"].equals(reset.market.tables()["market"])  # type: ignore[union-attr]


def test_an_event_comes_after_those_of_the_scenario_and_in_both_markets() -> None:
    own = '[{month = "2023-03", kind = "price-cut", target = "openai", magnitude = 0.5}]'
    settings = replace(SMALL, changes={**SMALL.changes, "events": own}, versus="all-open")
    live, lines = built(settings)
    live.step()
    live.inject("breach", "openai", 1.0, None)
    live.step()
    assert live.scenario is not None
    assert [event.kind for event in live.scenario.events] == ["price-cut", "breach"]
    for frame in (live.view.frame, live.view.other):
        assert frame is not None
        rows = frame.rows("event")
        assert [r["target"] for r in rows if r["cause"] == "scenario"] == ["openai"]
    assert replace(settings, events=tuple(lines)).load() == live.scenario


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("2023-02,price-cut,nobody,0.5", "must be a vendor's id for price-cut: openai"),
        ("2023-02,price-cutt,openai,0.5", "did you mean 'price-cut'"),
        ("2023-02,price-cut,openai,abc", "must be a number, not 'abc'"),
        ("2023-02,price-cut,openai,nan", "must be a number, not 'nan'"),
        ("2023-02,price-cut,openai,１", "must be a number"),
        (f"2023-02,price-cut,openai,{'9' * 400}", "must be a finite number"),
        ("2023-13,price-cut,openai,0.5", "2023-13"),
        ("2023-02,strategy-switch,meta,,ajar", "open, closed, dual"),
        ("nonsense", "must be given"),
    ],
)
def test_nonsense_in_an_address_is_refused_in_a_sentence(line: str, words: str) -> None:
    settings = from_query(replace(SMALL, events=(line,)).query(), Settings())
    assert settings.events == (line,)
    with pytest.raises(ScenarioError, match="added event") as refusal:
        settings.load()
    assert words in str(refusal.value)


def test_a_refused_event_changes_nothing_and_the_market_goes_on() -> None:
    live, lines = built()
    live.step()
    before = live.scenario
    live.inject("price-cut", "openai", -1.0, None)
    assert "magnitude" in live.view.refused
    assert (live.scenario, lines, live.view.injected) == (before, [], ())
    live.inject("price-cut", "openai", 0.5, None)
    assert live.view.refused == ""
    run(live)
    live.inject("price-cut", "openai", 0.5, None)
    assert "at its end" in live.view.refused
    assert len(lines) == 1


def test_more_events_than_an_address_holds_are_refused() -> None:
    with pytest.raises(ScenarioError, match="201 events are more than the 200"):
        replace(SMALL, events=(SHUT,) * 201).load()
    many = replace(SMALL, events=(SHUT,) * 200)
    assert from_query(many.query(), Settings()) == many


@given(
    NAME, NAME, st.none() | NAME, st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | TEXT,
)  # fmt: skip
def test_a_line_gives_the_event_it_was_made_from(
    month: str, kind: str, target: str | None, magnitude: float | None, value: str | None
) -> None:
    line = event_line(month, kind, target, magnitude, value)
    parts = {
        "month": month, "kind": kind, "target": target, "magnitude": magnitude,
        "value": None if value is None else value.rstrip(",") or None,
    }  # fmt: skip
    assert fields_of(line) == {name: part for name, part in parts.items() if part is not None}


STARTS: dict[str, Settings] = {
    "a file": Settings("mine.toml", {"choice.theta": "6"}),
    "a preset": Settings("baseline", {"choice.theta": "6"}),
    "a sweep": Settings(sweep="some"),
    "a run": Settings(run="0123456789abcdef"),
}
ASKED: dict[str, Callable[[Settings], Settings]] = {
    "back to simulating": lambda start: replace(start, sweep="", run=""),
    "a change put back": lambda start: replace(start, changes={}),
    "another preset": lambda _: Settings("price-war"),
    "an event": lambda start: replace(start, events=(SHUT,)),
}


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("asked", ASKED)
def test_an_address_says_all_whatever_the_page_was_started_with(start: str, asked: str) -> None:
    settings = ASKED[asked](STARTS[start])
    assert from_query(settings.query(), STARTS[start]) == settings


def test_words_of_an_address_may_come_in_any_order() -> None:
    one = from_query("scenario=price-war&set=months=9&event=" + SHUT, Settings())
    other = from_query("event=" + SHUT + "&set=months=9&scenario=price-war", Settings())
    assert one == other == Settings("price-war", {"months": "9"}, events=(SHUT,))
    assert from_query("seed=１２", Settings()).seed is None


def test_a_market_that_begins_anew_says_why_and_what_was_lost() -> None:
    live, _ = built()
    assert live.view.begun == ""
    live.step()
    live.step()
    changed = SMALL.changed("choice.theta", "6")
    words = changed_words(SMALL, changed)
    live.build(changed.load(), because=f"The market began anew with {words} changed")
    assert live.view.begun == (
        "The market began anew with choice.theta changed; it had come to 2023-02."
    )
    again = replace(changed, seed=7, events=(SHUT,))
    assert changed_words(changed, again) == "the seed, the events"
    live.build(again.load(), because="The market was reset")
    assert live.view.begun == "The market was reset; it had come to 2023-02."
    assert changed_words(again, replace(again, pace=3, tab=2)) == ""
