"""The page's parts that need no browser: settings in an address, charts, the guard, assets."""

import asyncio
import json
from pathlib import Path
from typing import Any

import needs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

needs.packages("ui")

import experiments
from app.browser import assets, charts, firm_charts, mesa_page, serve, stored, sweep_charts
from app.browser.field import refused
from app.browser.frame import USES, Frame, frame_of
from app.browser.guard import COOKIE, Guard
from app.browser.live import Live, View
from app.browser.settings import Settings, from_query
from experiments.sweeps.folder import SweepError
from sim.loading import load
from sim.market import Market
from sim.refusals import ScenarioError

pytestmark = pytest.mark.extra("ui")
TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=1000), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def frame() -> Frame:
    market = Market(load("baseline", {"enterprise.population": 80, "months": 6}))
    for _ in range(4):
        market.step()
    return frame_of(market, 1)


@given(
    st.sampled_from(["baseline", "price-war"]),
    st.dictionaries(st.sampled_from(["choice.theta", "host.markup"]), TEXT, max_size=2),
    st.none() | st.integers(0, 2**60), st.integers(1, 24), st.none() | st.integers(1, 400),
)  # fmt: skip
def test_an_address_gives_the_settings_it_was_made_from(
    scenario: str, changes: dict[str, str], seed: int | None, pace: int, stop: int | None
) -> None:
    settings = Settings(scenario, changes, seed, pace, stop, 3, "all-open", "0123456789abcdef")
    assert from_query(settings.query(), Settings()) == settings


@given(st.text(max_size=200))
def test_no_address_is_an_error_or_a_path(query: str) -> None:
    found = from_query(query, Settings())
    assert "/" not in found.scenario
    assert 1 <= found.pace <= 24
    assert not found.run or len(found.run) == 16


@given(st.text(max_size=40) | st.integers(-5, 2**70).map(str))
def test_a_number_is_taken_as_it_is_or_refused(text: str) -> None:
    if not refused(text, (1, 24)):
        assert str(int(text)) == text.lstrip("0")
        assert 1 <= int(text) <= 24
    if not refused(text, None):
        assert int(text) >= 0
    assert refused("7", (1, 24)) == refused("0", None) == ""


def test_an_address_cannot_name_a_file() -> None:
    found = from_query("scenario=/etc/passwd&versus=../x&run=../../etc", Settings())
    assert found == Settings()


@pytest.mark.parametrize("theme", [charts.LIGHT, charts.DARK])
def test_every_chart_is_json_without_nan(frame: Frame, theme: charts.Theme) -> None:
    options = [chart(frame, theme) for chart in charts.MARKET]
    options += [
        firm_charts.map_chart(frame, theme), firm_charts.map_chart(frame, theme, "health", "large"),
        firm_charts.segment_chart(frame, theme), charts.event_chart(frame, theme),
        charts.compared_chart(frame, frame, theme, *charts.COMPARED[0]),
    ]  # fmt: skip
    for option in options:
        assert json.loads(json.dumps(option, allow_nan=False))["series"]


def test_the_map_shows_what_firms_use(frame: Frame) -> None:
    points = frame.points
    assert points is not None
    assert len(points.firm) == points.total == 80
    shown = sum(len(s["data"]) for s in firm_charts.map_chart(frame, charts.LIGHT)["series"])
    assert shown == int((points.volume > 0).sum())
    adopters = (points.use > 0).sum()
    assert 0 < adopters < 80
    assert set(np.unique(points.use)) <= set(range(len(USES)))


def test_an_earlier_month_is_what_it_was(frame: Frame) -> None:
    earlier = frame.at(1)
    assert earlier.series("adoption") == frame.series("adoption")[:2]
    assert {row["month"] for row in earlier.rows("vendor")} == {1}
    assert earlier.points is None


def live() -> tuple[Live, list[View]]:
    views: list[View] = []
    found = Live(views.append)
    found.build(load("baseline", {"enterprise.population": 40, "months": 6}))
    return found, views


def test_a_market_steps_pauses_and_ends() -> None:
    market, views = live()
    assert (views[-1].status, views[-1].frame.month) == ("ready", -1)  # type: ignore[union-attr]
    market.set_pace(2, 4)
    market.step()
    assert market.view.frame is not None
    assert market.view.frame.month == 1
    market.step()
    assert (market.view.status, market.view.frame.month) == ("paused", 3)
    market.step()
    assert market.view.status == "finished"
    market.step()
    assert market.view.frame.month == 5


def test_two_markets_go_in_step_with_one_seed() -> None:
    views: list[View] = []
    market = Live(views.append)
    small = {"enterprise.population": 40, "months": 4}
    market.build(load("baseline", small), load("all-open", small))
    market.step()
    frame, other = market.view.frame, market.view.other
    assert frame is not None
    assert other is not None
    assert (frame.month, frame.seed) == (other.month, other.seed) == (0, 1)


def test_a_failing_month_keeps_the_last_view(monkeypatch: pytest.MonkeyPatch) -> None:
    market, _ = live()
    market.step()
    monkeypatch.setattr(market.market, "step", lambda: 1 / 0)
    market.step()
    assert market.view.status == "failed"
    assert market.view.failure is not None
    assert "ZeroDivisionError" in market.view.failure.sentence
    assert market.view.frame is not None
    assert market.view.frame.month == 0
    monkeypatch.undo()
    failed = market.view
    market.step()
    market.run_to_end()
    assert market.view is failed
    market.build(load("baseline", {"enterprise.population": 40, "months": 6}))
    assert market.view.failure is None


def test_an_event_happens_next_month_and_an_impossible_one_is_said() -> None:
    market, _ = live()
    market.inject("price-cut", "openai", 0.5, None)
    market.step()
    assert market.view.frame is not None
    events = market.view.frame.tables["event"].to_pylist()
    assert [e for e in events if e["kind"] == "price-cut" and e["cause"].startswith("scenario")]
    market.inject("price-cut", "nobody", 0.5, None)
    assert "must be a vendor's id for price-cut: openai" in market.view.refused
    assert market.view.status == "paused"
    assert market.view.failure is None


def answer(path: str, headers: dict[str, str], query: str = "", kind: str = "http") -> Any:
    """What a guarded application answers: a status, or what it was let through to."""
    said: list[Any] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
        said.append("let in")

    async def send(message: Any) -> None:
        said.append(message.get("status", message["type"]))

    scope = {
        "type": kind, "path": path, "query_string": query.encode(),
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
    }  # fmt: skip
    asyncio.run(Guard(inner, "127.0.0.1", 8765, "secret")(scope, None, send))  # type: ignore[arg-type]
    return said[0]


HOST = {"host": "127.0.0.1:8765"}
OURS = f"{COOKIE}-8765"
IN = {**HOST, "cookie": f"{OURS}=secret"}


@pytest.mark.parametrize(
    ("headers", "query", "kind", "said"),
    [
        (IN, "", "http", "let in"),
        (IN, "", "websocket", "let in"),
        ({**IN, "origin": "http://127.0.0.1:8765"}, "", "websocket", "let in"),
        (HOST, "token=secret&scenario=baseline", "http", 303),
        (HOST, "token=guess", "http", 403),
        (HOST, "", "http", 403),
        ({**HOST, "cookie": f"{OURS}=guess"}, "", "http", 403),
        ({**HOST, "cookie": f"{COOKIE}-8766=secret"}, "", "http", 403),
        ({**IN, "host": "evil.example"}, "", "http", 403),
        ({**IN, "origin": "http://evil.example"}, "", "http", 403),
        ({**IN, "origin": "http://evil.example"}, "", "websocket", "websocket.close"),
        ({"cookie": f"{OURS}=secret"}, "", "http", 403),
    ],
)
def test_only_the_printed_address_is_let_in(
    headers: dict[str, str], query: str, kind: str, said: Any
) -> None:
    assert answer("/", headers, query, kind) == said


def test_assets_are_taken_whole_and_only_as_they_were_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib
    import io
    import shutil
    import tarfile

    def archive(place: Path) -> Path:
        path = place / "some-1.0.tgz"
        with tarfile.open(path, "w:gz") as tar:
            for name in ("package/dist/a.js", "package/dist/b.txt", "package/../evil.js"):
                tar.addfile(tarfile.TarInfo(name), io.BytesIO(b""))
        return path

    monkeypatch.setattr(assets.shutil, "which", lambda _: "/usr/bin/npm")
    sample = archive(tmp_path)
    digest = hashlib.sha256(sample.read_bytes()).hexdigest()
    sample = sample.rename(tmp_path / "sample")
    monkeypatch.setattr(
        assets, "fetch", lambda _, place: Path(shutil.copy(sample, place / "some-1.0.tgz"))
    )
    package = assets.Package("some", "1.0", ("dist/*.js",), digest)
    monkeypatch.setattr(assets, "PACKAGES", (package,))
    assets.build(tmp_path)
    files = [path for path in (tmp_path / "some@1.0").rglob("*") if path.is_file()]
    assert [path.name for path in files] == ["a.js"]
    assert not list(tmp_path.rglob("evil.js"))
    assert assets.missing(tmp_path) == []
    wrong = assets.Package("some", "2.0", ("dist/a.js",), "0" * 64)
    monkeypatch.setattr(assets, "PACKAGES", (wrong,))
    with pytest.raises(assets.AssetsError, match="is not the archive that was looked at"):
        assets.build(tmp_path)
    assert assets.missing(tmp_path) == ["some@2.0"]


SWEEP = """
question = "q"
scenario = "baseline"
months = 24
replicates = 2
market = ["share_tokens_open", "gap_logits", "leader"]
[settings]
"enterprise.population" = 40
[levers]
"vendors.meta.strategy" = ["open", "closed"]
[uncertainties]
"choice.risk_weight" = [0.03, 0.35]
[outcomes]
open_share = { column = "share_tokens_open", reduce = "mean", last = 2 }
[design]
kind = "grid"
"""


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("stored")
    (place / "some.toml").write_text(SWEEP)
    experiments.run(place / "some.toml", place / "outputs" / "some")
    return place


def test_a_fan_is_that_of_the_runs_chosen(sweeps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sweeps)
    sweep = stored.load_sweep("some")
    assert sweep.runs.num_rows == 8
    assert set(sweep.series) == {"share_tokens_open", "gap_logits"}
    chosen = stored.matching(sweep, {"vendors.meta.strategy": "open"})
    assert chosen.sum() == 4
    both = stored.matching(
        sweep, {"vendors.meta.strategy": "open", "choice.risk_weight": (0.0, 0.1)}
    )
    assert both.sum() == 2
    rows = np.flatnonzero(both)
    for row in rows:
        run_id = sweep.runs["run_id"][int(row)].as_py()
        opened = stored.open_run("some", run_id)
        kept = sweep.series["share_tokens_open"][row]
        found = opened.tables["market"]["share_tokens_open"].to_numpy()
        assert np.array_equal(found, kept, equal_nan=True)
        assert np.isfinite(kept).any()
    fan = sweep.fan("share_tokens_open", both)
    pair = sweep.series["share_tokens_open"][rows]
    assert np.allclose(fan[2], np.nanmedian(pair, axis=0), equal_nan=True)
    for theme in (charts.LIGHT, charts.DARK):
        option = sweep_charts.fan_chart(sweep, theme, "gap_logits", chosen)
        json.dumps(option, allow_nan=False)
        json.dumps(sweep_charts.outcome_chart(sweep, theme, "open_share", chosen), allow_nan=False)


BESIDE = {
    "a-run": json.dumps(
        {
            "run_id": "0123456789abcdef",
            "scenario": {"name": "mine", "history": {"until": "2024-12"}},
            "seed": 1,
            "regime": "x",
            "enterprises": 1,
            "months": 1,
            "seconds": 0.0,
            "tables": {},
        }
    ),
    "odd-run": '{"run_id": "../../etc", "tables": {}}',
    "broken": "{",
    "a-list": "[]",
}
"""What may lie beside a sweep, with its manifest."""


def test_sweeps_are_found_by_name_only(sweeps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sweeps)
    (sweeps / "outputs" / "linked").symlink_to(sweeps / "outputs" / "some")
    for name, manifest in BESIDE.items():
        (sweeps / "outputs" / name).mkdir()
        (sweeps / "outputs" / name / "manifest.json").write_text(manifest)
    assert set(stored.stored_sweeps()) == {"some"}
    assert set(stored.stored_runs()) == {"0123456789abcdef"}
    for name in ("linked", "..", "../outputs/some", "nothing"):
        with pytest.raises(SweepError, match=r"no sweep .* sweeps there: some"):
            stored.load_sweep(name)
    with pytest.raises(SweepError, match="no sweep a-run"):
        stored.load_sweep("a-run")
    with pytest.raises(SweepError, match="no run"):
        stored.open_run("some", "0123456789abcdef")
    assert from_query("sweep=..%2Fx&run=zz", Settings()) == Settings()
    assert from_query("sweep=some", Settings()).sweep == "some"


def test_the_page_starts_with_what_was_asked_for(
    sweeps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sweeps)
    assert serve.asked("some", []) == Settings(sweep="some")
    assert serve.asked("outputs/some", []) == Settings(sweep="some")
    assert serve.asked("price-war", ["months=9"]) == Settings("price-war", {"months": "9"})
    with pytest.raises(ScenarioError, match="nowhere"):
        serve.asked("nowhere", [])


def test_a_slider_has_its_default_on_a_step() -> None:
    for slider in mesa_page.model_params().values():
        if slider["type"] == "SliderFloat":
            steps = (slider["value"] - slider["min"]) / slider["step"]
            assert steps == pytest.approx(round(steps), abs=1e-6)
            assert slider["min"] <= slider["value"] <= slider["max"]
