"""`nomoat report` on stored documents: what it says, what it refuses, and that it is safe."""

import csv
import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from stored_results import ASKED_GAME, HOSTILE, entry, game, ledger, store, validation
from tiny_ensemble import REPLICATES
from typer.testing import CliRunner

from app import palette
from app.main import app
from app.reporting.drawing import COLOURS, lightened, luminance
from app.reporting.inputs import MAKERS
from app.reporting.markup import VOID
from app.reporting.regime_charts import axis_of, regime_map
from app.reporting.simplex import simplex
from app.shell import BAD_INPUT, OK
from experiments.ensemble.folder import EnsembleFolder
from experiments.regimes import Mapped
from experiments.sweeps.reading import load

Nomoat = Callable[..., Any]
EVERYTHING: dict[str, Any] = {"ledger": ledger(), "validation": validation(), "game": game()}
CHAPTERS = ("answers", "ledger", "future", "regimes", "game", "worlds", "evidence", "method",
            "provenance")  # fmt: skip


class Reader(HTMLParser):
    """Reads a page; fails where elements are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "title"):
            self.words.append(data)

    @property
    def text(self) -> str:
        """All text that is seen."""
        return re.sub(r"\s+", " ", "".join(self.words))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of all elements of a name."""
        return [attributes for name, attributes in self.elements if name == tag]


def read(path: Path = Path("report.html")) -> Reader:
    """A page, read to its end."""
    reader = Reader()
    reader.feed(path.read_text("utf-8"))
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture
def nomoat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nomoat:
    """Call `nomoat report` in an empty directory."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["report", *map(str, arguments)])


def made(nomoat: Nomoat, *arguments: Any, **documents: Any) -> Reader:
    """Store documents in the outputs, make the report and read it."""
    store(Path("outputs"), **documents)
    done = nomoat(*arguments)
    assert done.exit_code == OK, done.stderr
    return read()


def test_page_is_whole_and_loads_nothing(nomoat: Nomoat) -> None:
    page = made(nomoat, **EVERYTHING)
    text = Path("report.html").read_text("utf-8")
    policy = next(m["content"] for m in page.all("meta") if "http-equiv" in m)
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.search(r"https?:|//[a-z]|url\(|@import", text)
    assert not {"script", "link", "img", "iframe", "object"} & {name for name, _ in page.elements}
    assert not [a for _, a in page.elements if any(k == "style" or k[:2] == "on" for k in a)]
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    for link in page.all("a"):
        assert (link["href"] or "").removeprefix("#") in ids


def test_page_is_accessible(nomoat: Nomoat) -> None:
    page = made(nomoat, **EVERYTHING)
    assert page.all("html")[0]["lang"] == "en"
    levels = [int(name[1]) for name, _ in page.elements if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    pictures = page.all("svg")
    assert len(pictures) == 8  # all claims, each claim, the game, the facts
    assert all(picture["role"] == "img" for picture in pictures)
    assert len(page.all("title")) == 1 + len(pictures)
    assert all("scope" in head for head in page.all("th"))


def test_questions_are_answered_with_the_numbers_of_the_ledger(nomoat: Nomoat) -> None:
    text = made(nomoat, ledger=ledger()).text
    assert "It holds in only 3% of 97 plausible worlds (95% interval 3% to 3%; 3 more" in text
    assert "It holds in 92% of 97 plausible worlds (95% interval 83% to 100%" in text
    assert "It holds in 88% of the 43 worlds where median decisiveness" in text
    assert "(choice.theta) is between 1.23 and 4.56 (of all tested worlds: 57%)" in text
    assert "54% of 97 plausible worlds (95% interval 49% to 60%; 3 more have no value): in" in text
    assert "but it turns round if quality never saturates." in text
    assert "2 claims were put to the test on this question: 1 fails broadly; on 1" in text
    assert "Of the 2 claims on which the model cannot tell, 1 holds in too few" in text
    assert "Measured for “the measured thing”: median 0.0456, 90% of worlds from −0.0123" in text
    assert "2 runs failed" in text
    assert "Meta serves 5% more (1% less to 8% more) tokens if it opens" in text
    assert "Reported beside, deciding nothing" in text
    assert "if firms do not learn from peers22% (12% to 38%)51%25" in text
    assert re.search(r"if firms do not learn from peers ?22% \(12% to 38%\)", text)


def test_worlds_without_facts_are_not_called_plausible(nomoat: Nomoat) -> None:
    text = made(nomoat, ledger=ledger(calibrated=0)).text
    assert "of 97 worlds of the sourced ranges" in text
    assert "of 97 plausible worlds" not in text
    assert "without asking whether they meet the facts" in text


@pytest.mark.parametrize(
    ("share", "low", "high", "words"),
    [
        (0.0, 0.0, 0.3, "none of 97 plausible worlds (95% interval 0% to 30%"),
        (1.0, 0.7, 1.0 - 1e-12, "all of 97 plausible worlds (95% interval 70% to 100%"),
        (0.999, 0.991, 0.9999, ">99% of 97 plausible worlds (95% interval 99% to >99%"),
        (None, None, None, "none of the plausible worlds, for want of a value"),
    ],
)
def test_all_and_none_are_said_only_where_they_are(
    nomoat: Nomoat, share: float | None, low: float | None, high: float | None, words: str
) -> None:
    one = {**entry(), "share": [share, low, high]}
    assert words in made(nomoat, ledger=ledger(one)).text


def test_facts_are_those_of_the_document(nomoat: Nomoat) -> None:
    text = made(nomoat, validation=validation()).text
    assert "run with 3 seeds" in text
    assert "1 of 2 lie in the band of the observation, of the key facts 1 of 1" in text
    assert "price-only, a world that the facts must refute, meets 0 of 1 key facts" in text
    for number in ("0.12", "0.09 to 0.14", "9.87", "OUT", "a survey"):
        assert number in text


def test_game_is_that_of_the_document(nomoat: Nomoat) -> None:
    text = made(nomoat, game=game()).text
    assert "All 4 combinations of choices were simulated, 8 runs of each in 3 worlds" in text
    assert "openai open, Meta closed: nobody would gain by leaving, in 78% of resampled" in text
    assert "openai open, Meta 25% open / 75% closed (gain by leaving 0 to 1 m)" in text
    for number in ("stable in 4%", "−9.87 bn", "−77 m to 199 m", "86%", "in 22% of"):
        assert number in text
    assert "openai open, Meta open 123 m;" in Path("report.html").read_text("utf-8")


def test_several_games_stand_side_by_side(nomoat: Nomoat) -> None:
    tiers = [
        {"tier": tier, "serving_cost": cost, "gain": gain, "low": gain - 1.0, "high": gain + 1.0}
        for tier, cost, gain in (("small", 0.05, 7.0e6), ("large", 2.0, -4.0e6))
    ]
    second = {**game(), "players": ["openai", "meta"], "payoff": "survival",
              "tiers": {"vendor": "meta", "falls_with_cost": 0.91, "tiers": tiers}}  # fmt: skip
    for name, document in (("one", game()), ("two", second)):
        Path(f"{name}.json").write_text(json.dumps(document), "utf-8")
    store(Path(), ledger=ledger())
    assert nomoat("claims-x", "one.json", "two.json", "--figures", "figures").exit_code == OK
    page = read()
    for words in ("openai, Meta: for profit", "openai, Meta (tier by tier): for survival",
                  "large2−4 m", "falls from tier to tier in 91%", "[G2]",
                  "openai and Meta for profit: nobody would leave “openai open, Meta closed”",
                  "gains by opening one size only: small 7 m (7 m to 7 m), large"):  # fmt: skip
        assert words in page.text
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert {"from-game", "from-game-2"} <= set(ids)
    assert len(ids) == len(set(ids))
    levels = [int(name[1]) for name, _ in page.elements if re.fullmatch("h[1-6]", name)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert {p.name for p in Path("figures").glob("game*.csv")} == {"game.csv", "game-2.csv"}


def test_a_game_without_runs_says_so(nomoat: Nomoat) -> None:
    text = made(nomoat, asked_game=ASKED_GAME).text
    assert "The game in outputs/game-x has no finished run" in text


def test_what_validate_prints_is_taken_too(nomoat: Nomoat) -> None:
    Path("facts.json").write_text(json.dumps(validation()["worlds"]), "utf-8")
    assert nomoat("facts.json").exit_code == OK
    assert "1 of 2 lie in the band" in read().text


@pytest.mark.parametrize("kind", EVERYTHING)
def test_every_part_may_be_missing(nomoat: Nomoat, kind: str) -> None:
    page = made(nomoat, **{k: v for k, v in EVERYTHING.items() if k != kind})
    for chapter in CHAPTERS:
        assert [s for s in page.all("section") if s.get("id") == chapter]
    assert MAKERS[kind] in page.text
    assert MAKERS["ensemble"] in page.text


@pytest.mark.parametrize("kind", EVERYTHING)
def test_every_part_may_stand_alone(nomoat: Nomoat, kind: str) -> None:
    page = made(nomoat, **{kind: EVERYTHING[kind]})
    assert f"from-{kind}" in [a.get("id") for a in page.all("span")]


def test_provenance_names_what_was_quoted(nomoat: Nomoat) -> None:
    text = made(nomoat, **EVERYTHING).text
    for words in ("outputs/claims-x", "outputs/validation.json", "outputs/game-result.json",
                  "abcdef0123456789", "0123456789ab", "100 worlds of each kind",
                  "500 enterprises a run", "200 enterprises a run", "1 to 3"):  # fmt: skip
        assert words in text


def test_hostile_text_is_text(nomoat: Nomoat) -> None:
    hostile = {**entry(statement=HOSTILE), "who": HOSTILE, "reason": HOSTILE, "caveats": [HOSTILE]}
    hostile["drivers"][0]["path"] = HOSTILE
    hostile["box"]["limits"] = {HOSTILE: [0.0, 1.0]}
    page = made(
        nomoat, "--title", HOSTILE, "--figures", "figures",
        ledger=ledger(hostile), validation=validation(HOSTILE), game=game(HOSTILE),
    )  # fmt: skip
    assert "script" not in {name for name, _ in page.elements}
    assert page.text.count("<script>window.hurt=1</script>") >= 8
    raw = Path("report.html").read_text("utf-8")
    assert "\x1b" not in raw
    assert "\u202e" not in raw
    for picture in Path("figures").glob("*.svg"):
        ElementTree.parse(picture)


def test_a_hostile_name_of_a_claim_stays_in_its_folder(nomoat: Nomoat) -> None:
    made(nomoat, "--figures", "figures", ledger=ledger(entry("../../../x")))
    assert {place.parent for place in Path().rglob("*.svg")} == {Path("figures")}


def test_figures_are_written_with_their_numbers(nomoat: Nomoat) -> None:
    made(nomoat, "--figures", "figures", **EVERYTHING)
    for picture in Path("figures").glob("*.svg"):
        root = ElementTree.parse(picture).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert picture.with_suffix(".csv").exists()
    with Path("figures/claims.csv").open(newline="") as file:
        rows = {row["claim"]: row for row in csv.DictReader(file)}
    for stored in ledger()["claims"]:
        row = rows[stored["id"]]
        assert [float(row[name]) for name in ("share", "low", "high")] == stored["share"]
        assert row["verdict"] == stored["verdict"]


def test_formulas_are_no_formulas_in_csv(nomoat: Nomoat) -> None:
    made(nomoat, "--figures", "figures", ledger=ledger({**entry(), "verdict": "not identified"}),
         validation=validation())  # fmt: skip
    document = validation()
    document["worlds"]["baseline"]["findings"][0]["id"] = "=1+1"
    made(nomoat, "--figures", "figures", validation=document)
    assert "'=1+1" in Path("figures/facts.csv").read_text("utf-8")


def test_colours_read_well_on_the_dark_page() -> None:
    for colour in set(COLOURS) - {palette.FAINT, palette.PAPER, palette.INPUT_SHADE}:
        light = luminance([channel / 255 for channel in bytes.fromhex(lightened(colour)[1:])])
        assert light > 0.25, colour


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "nothing to report in outputs/; make it with nomoat claims run"),
        (("nowhere",), "there is no nowhere"),
        (("empty",), "empty holds no result of nomoat"),
        (("begun",), "begun is not finished"),
        (("claims-x", "claims-x"), "are both claims judged"),
        (("claims-x", "-o", "empty"), "empty is a folder; name a file"),
        (("claims-x", "-o", "mine.html"), "mine.html exists and is no report"),
    ],
)
def test_bad_input_is_one_sentence(nomoat: Nomoat, arguments: Any, reason: str) -> None:
    store(Path(), ledger=ledger())
    Path("empty").mkdir()
    Path("begun").mkdir()
    Path("begun/claims.json").write_text("{}")
    Path("mine.html").write_text("<p>mine</p>")
    done = nomoat(*arguments)
    assert done.exit_code == BAD_INPUT
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
    assert not Path("report.html").exists()
    assert Path("mine.html").read_text() == "<p>mine</p>"


def test_a_report_is_written_over(nomoat: Nomoat) -> None:
    made(nomoat, ledger=ledger())
    assert "Other" in made(nomoat, "--title", "Other", ledger=ledger()).text[:20]


def test_ensemble_is_drawn(nomoat: Nomoat, built: EnsembleFolder) -> None:
    done = nomoat(built.path, "--figures", "figures")
    assert done.exit_code == OK, done.stderr
    page = read()
    summary = built.summary()
    assert (
        f"{summary['kept']:,} of {summary['draws']:,} worlds drawn over 97 uncertain" in page.text
    )
    assert "Fans over" in page.text
    with Path("figures/fan-how-much-of-use-is-open.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 96
    last = next(r for r in rows if r["month"] == "2030-12" and r["worlds"] == "plausible")
    shown = f"{100 * float(last['q50']):.0f}% ({100 * float(last['q05']):.0f}% to"
    assert shown in page.text


def test_a_sweep_too_small_for_a_map_says_so(nomoat: Nomoat, built: EnsembleFolder) -> None:
    done = nomoat(built.worlds_path)
    assert done.exit_code == OK, done.stderr
    text = read().text
    runs = load(built.worlds_path).outcomes().num_rows
    assert f"This is over {runs // REPLICATES} worlds ({runs} runs)" in text
    assert "A map needs 8 worlds" in text
    assert f"{runs // REPLICATES} points, {REPLICATES} replicates" in text


def test_a_run_is_quoted_with_its_id(nomoat: Nomoat) -> None:
    call = ["run", "--months", "3", "--enterprises", "100", "--quiet", "--no-figure"]
    assert CliRunner().invoke(app, call).exit_code == OK
    place = next(Path("outputs").iterdir())
    assert nomoat().exit_code == BAD_INPUT  # one run is never taken unasked
    assert nomoat(place).exit_code == OK
    facts = json.loads((place / "manifest.json").read_text("utf-8"))
    assert f"seed 1, run {facts['run_id']}. It ends as {facts['regime']}" in read().text


def test_map_of_numbers_and_words() -> None:
    labels = ["open-led"] * 5 + ["dual-led"] * 4 + ["<b>unheard</b>"]
    worlds = Mapped(
        [str(place) for place in range(10)], labels, np.ones(10), np.full(10, 0.1),
        {"choice.theta": np.geomspace(1.0, 8.0, 10), "word": np.array(list("ababababab"))},
        frozenset({"choice.theta"}), 10,
    )  # fmt: skip
    figure = regime_map(worlds, ("choice.theta", "word"))
    ElementTree.fromstring(figure.file())
    assert "<b>" not in figure.svg
    assert "5 open-led, 4 dual-led, 1 &lt;b&gt;unheard" in figure.svg
    assert [row[1] for row in figure.rows] == labels
    assert [row[4] for row in figure.rows] == worlds.settings["choice.theta"].tolist()
    middle = axis_of(worlds, "choice.theta").ticks[1]
    assert middle == (0.5, "2.83")  # of 1 to 8 on a log scale


def test_an_ensemble_without_survivors_is_reported(
    nomoat: Nomoat, built: EnsembleFolder, tmp_path: Path
) -> None:
    place = tmp_path / "empty-ensemble"
    shutil.copytree(built.path, place)
    draws = pq.read_table(place / "draws.parquet")
    column = draws.column_names.index("weight")
    pq.write_table(
        draws.set_column(column, "weight", pa.array([0.0] * draws.num_rows)),
        place / "draws.parquet",
    )
    nothing = {"share": 0.0, "low": 0.0, "high": 0.56}
    summary = {**built.summary(), "kept": 0, "survives": nothing, "parameters": []}
    (place / "summary.json").write_text(json.dumps(summary), "utf-8")
    done = nomoat(place)
    assert done.exit_code == OK, done.stderr
    text = read().text
    assert f"0 of {summary['draws']} worlds drawn over 97 uncertain settings" in text
    assert "no runs of theirs to 2030: none survives" in text
    assert "nan" not in text


def coordination() -> dict[str, Any]:
    """A game of two in which doing the same pays, and open together pays most."""
    names = ["open", "closed", "dual"]
    worth = {"open": 2.0, "closed": 1.0, "dual": 1.0}
    document = game()
    document["profiles"] = [
        {**document["profiles"][0], "strategies": {"openai": one, "meta": other},
         "payoff": dict.fromkeys(("openai", "meta"), worth[one] if one == other else 0.0)}
        for one in names for other in names
    ]  # fmt: skip
    answer = document["best_responses"]["openai"]["open"]
    document["best_responses"] = {p: dict.fromkeys(names, answer) for p in ("openai", "meta")}
    document["pure"] = [{"openai": "open", "meta": "open"}]
    return document


def test_simplex_shows_where_imitation_ends(nomoat: Nomoat) -> None:
    made(nomoat, "--figures", "figures", game=coordination())
    raw = Path("report.html").read_text("utf-8")
    ends = re.search(r"one population that plays all roles: to ([^<\"]*)", raw)
    assert ends is not None
    assert set(ends[1].split("; ")) >= {"100% open", "100% closed", "100% dual"}
    with Path("figures/simplex.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(row["basin"] == palette.OPEN for row in rows) > len(rows) / 3
    near = max(rows, key=lambda row: float(row["open"]))
    assert near["basin"] == palette.OPEN
    assert float(near["speed_open"]) > 0
    assert simplex(game()) is None  # two strategies have no triangle
