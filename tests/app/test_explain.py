"""`nomoat explain`: what it prints, refuses and hands to scripts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import explained
import pytest
from typer.testing import CliRunner

from app.main import app
from app.moves import millions, move_words, multiple
from app.reasons import count, signed, verdict
from app.shell import BAD_INPUT, OK
from experiments.folder import RunFolder
from experiments.moves import Move
from sim.schemas import table

Explain = Callable[..., Any]
HOSTILE = "[bold]x[/bold] \x1b[31m\u202e"


@pytest.fixture
def explain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Explain:
    """Call the command in a directory that holds one run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    explained.store(Path("outputs") / "baseline-0123456789abcdef")
    return lambda *arguments: CliRunner().invoke(app, ["explain", *map(str, arguments)])


def words(text: str) -> str:
    """Text without its line breaks."""
    return " ".join(text.split())


def test_choices_and_moves_are_told_with_their_numbers(explain: Explain) -> None:
    done = explain("0123", "--month", "2024-09")
    assert done.exit_code == OK, done.output
    text = words(done.stdout)
    assert "Why firms chose as they did, 2023-10 to 2024-09: all firms" in text
    assert (
        "closed, API: packaging (+0.40) decided; quality (-0.10) spoke against; in sum +0.30 "
        in text
    )
    assert "open, hosted: cost (+0.30) decided, then quality (+0.10); in sum +0.40 over" in text
    assert "open, self-host: nobody had a closed offer in reach to compare it with." in text
    assert "Left out of other and diff: 0.3% of comparisons" in text
    assert (
        "cut large closed 2 from 15.0 to 9.80 $/Mtok (-35%): cost 2.10, Nash price 11.2, " in text
    )
    assert "released large closed 2 (quality 1.50, +0.60 on its best before, API at 9.80 " in text
    assert "effective compute 150 x GPT-4's, large runs of 300 M$, private lead +0.20" in text
    assert "raised Llama 9 from 1.00 to 2.00 $/Mtok (+100%) (by scenario)" in text
    assert "switched from open to closed: projected cash (with the value it sees in " in text
    assert "open 18.8 M$ (42.8 M$), closed 92.0 M$; to leave, 53.5 M$ had to be seen" in text
    assert "switched to open (by scenario)" in text
    assert "raised 552 M$: cash 386 M$, burn 23.0 M$ a month, 17 months of cash left" in text
    assert "left the market (no cash): cash -12.0 M$, burn 30.0 M$ a month" in text
    assert "entered the market with 900 M$" in text
    assert "a breach hit hosts (hazard)" in text
    assert "gpu-price-change (scenario, 2)" in text


def test_the_last_month_of_the_latest_run_is_explained_by_default(explain: Explain) -> None:
    other = explained.store(Path("outputs") / "later")
    text = explain().stdout
    assert "2024-12: a year before in brackets" in text
    assert "2024-01 to 2024-12: all firms" in text
    assert "nothing that was recorded" in text
    assert json.loads(explain("--json").stdout)["folder"] == str(other.path)


@pytest.mark.parametrize("manifest", ['{"identity": {}}', '{"tables": {}}', "{", "[]"])
def test_what_lies_beside_runs_is_no_latest_run(explain: Explain, manifest: str) -> None:
    (Path("outputs") / "a-sweep").mkdir()
    (Path("outputs") / "a-sweep" / "manifest.json").write_text(manifest)
    done = explain("--json")
    assert done.exit_code == OK, done.output
    assert json.loads(done.stdout)["run"] == "0123456789abcdef"


def test_every_row_says_what_stands_behind_it(explain: Explain) -> None:
    rows: dict[str, list[str]] = {}
    for line in explain("--month", 20).stdout.splitlines():
        rows.setdefault(line[:13].strip(), line[13:].split())
    assert rows["decisions"] == ["4", "k", "500", "10"]
    assert rows["share"] == ["89%", "11%", "0.2%"]
    assert rows["compared"] == ["75%", "100%", "0.0%"]
    assert rows["simulated"] == ["~68", "~11", "~0"]
    assert rows["slots in use"] == ["667", "83", "2"]
    assert rows["best other"] == ["1.00", "0.40", "–"]


@pytest.mark.parametrize("width", [60, 80, 100, 140, 200])
def test_nothing_is_wider_than_the_terminal(
    explain: Explain, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    done = explain("--month", "2024-09")
    assert max(map(len, done.stdout.splitlines())) <= width
    assert ("mean  other   diff" in done.stdout) == (width >= 120)
    assert done.stdout.count("own hw q4") == 1
    assert done.stdout.count("self-host ") == 1


def test_segments_and_windows_narrow_the_choices(explain: Explain) -> None:
    large = json.loads(explain("--month", 20, "--segment", "large", "--json").stdout)["choices"]
    assert (large["decided"], large["segment"]) == (3510.0, ["large"])
    short = json.loads(explain("--month", 20, "--window", 1, "--json").stdout)["choices"]
    assert (short["decided"], short["first"], short["last"]) == (3510.0, "2024-09", "2024-09")
    nobody = explain("--segment", "tuned,own-hardware-q2")
    assert "nobody of this segment decided in these months" in nobody.stdout


def test_json_holds_every_move_with_its_numbers(explain: Explain) -> None:
    document = json.loads(explain("--month", "2024-09", "--json").stdout)
    assert document["month"] == "2024-09"
    assert len(document["moves"]) == len(explained.EVENTS)
    cut = next(move for move in document["moves"] if move["details"].get("nash"))
    assert cut["text"].startswith("OpenAI cut large closed 2 from 15.0 to 9.80 $/Mtok (-35%)")
    assert cut["details"]["target"] == 5.4
    (hosted,) = [o for o in document["choices"]["options"] if o["access"] == "hosted"]
    assert hosted["difference"]["cost"] == pytest.approx(0.3)
    assert document["market"]["year_before"]["adoption"] < document["market"]["now"]["adoption"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--month", "2025-01"], "give 2023-01 to 2024-12 or a number 0 to 23"),
        (["--month", "soon"], "'soon' is no month of this run"),
        (["--segment", "large,huge"], "'huge' is no segment; segments are large, mid, micro"),
        (["nowhere"], "no run nowhere under outputs"),
    ],
)
def test_bad_questions_are_refused_in_a_sentence(
    explain: Explain, arguments: list[str], sentence: str
) -> None:
    done = explain(*arguments)
    assert (done.exit_code, done.stdout) == (BAD_INPUT, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_a_run_it_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["explain"])
    assert done.exit_code == BAD_INPUT
    assert "no runs in outputs/; `nomoat run` makes one" in done.stderr


def stored_with(name: str, changed: dict[str, Any]) -> RunFolder:
    """Store the run with columns of one table replaced."""
    columns = explained.tables()[name].to_pydict() | changed
    return explained.store(Path("changed"), {name: table(name, columns)})


def test_a_run_that_did_not_count_decisions_is_refused(explain: Explain) -> None:
    stored_with("decision", {"decided": [None] * len(explained.CHOICES)})
    done = explain("changed")
    assert done.exit_code == BAD_INPUT
    assert "earlier release that did not record how many slots decided" in done.stderr


def test_hostile_names_are_shown_as_they_are(explain: Explain) -> None:
    events = len(explained.EVENTS)
    stored_with("event", {"target": [HOSTILE] * events, "cause": [HOSTILE] * events})
    done = explain("changed", "--month", "2024-09")
    assert done.exit_code == OK
    assert "[bold]x[/bold] \\x1b[31m\\u202e" in done.stdout
    assert not {"\x1b", "\u202e"} & set(done.stdout)


@pytest.mark.parametrize(
    "details", ["{}", '{"old": "x", "cost": null, "cash": 3, "seen": {}}', "[]"]
)
def test_moves_without_their_numbers_are_still_told(explain: Explain, details: str) -> None:
    stored_with(
        "event",
        {"details": [details] * len(explained.EVENTS), "magnitude": [None] * len(explained.EVENTS)},
    )
    done = explain("changed", "--month", "2024-09")
    assert done.exit_code == OK, done.output
    assert "changed the price of large closed 2" in done.stdout
    assert "switched " in done.stdout
    assert "None" not in done.stdout


# --- words


@pytest.mark.parametrize(
    ("difference", "sentence"),
    [
        (
            {"quality": 0.3, "cost": -0.1},
            "quality (+0.30) decided; cost (-0.10) spoke against; in sum +0.20 over it.",
        ),
        (
            {"quality": 0.1, "cost": -0.1},
            "a close call with it (in sum 0.00): quality (+0.10) spoke for it, "
            "cost (-0.10) against.",
        ),
        (
            {"cost": -0.3},
            "by the terms it was better (in sum -0.30): no term spoke for it, "
            "cost (-0.30) against; what the terms leave out decided.",
        ),
        ({"quality": 0.015, "cost": 0.015}, "no single term decided; in sum +0.03 over it."),
    ],
)
def test_verdicts(difference: dict[str, float], sentence: str) -> None:
    assert verdict(difference, "it") == sentence


def test_numbers_are_short() -> None:
    assert [signed(x) for x in (0.004, -0.004, 0.126, -1.0)] == ["0.00", "0.00", "+0.13", "-1.00"]
    assert [count(x) for x in (7, 999.4, 1000, 16_400, 999_600, 7.32e6)] == [
        "7",
        "999",
        "1 k",
        "16.4 k",
        "1 M",
        "7.32 M",
    ]
    assert [millions(x) for x in (0, 23, 552.2, 4960, -249)] == [
        "0.00 M$",
        "23.0 M$",
        "552 M$",
        "4.96 bn $",
        "-249 M$",
    ]
    assert [multiple(x) for x in (0, 2.9, 12.58, 1e9)][:3] == ["1", "18", "290,000"]


def test_an_unknown_kind_is_told_plainly() -> None:
    move = Move("", "residency-rule", "europe", 0.5, "scenario", {}, {})
    assert move_words(move) == "residency-rule europe (scenario, 0.5)"


def with_places() -> RunFolder:
    """The run with sectors and regions, one of them abroad by nothing but its row."""
    places = [("health", "europe", 20), ("health", "china", 4), ("finance", "europe", 300)]
    rows = [
        {
            "month": month, "sector": sector, "region": region, "band": "large",
            "enterprises": 1000.0, "simulated": simulated, "adoption": month / 100,
            "slots": 50.0, "open_usage_share": 0.25, "selfhost_share": 0.0,
            "restricted_share": 0.5, "tokens": 2e3, "spend": 3e6, "consumer_surplus": 1.0,
        }
        for month in range(explained.MONTHS) for sector, region, simulated in places
    ]  # fmt: skip
    return explained.store(Path("placed"), {"segment": explained.columns("segment", rows)})


def test_sectors_and_regions_are_told_by_what_the_tables_hold_of_them(explain: Explain) -> None:
    with_places()
    done = explain("placed", "--month", "2024-09", "--segment", "large,health,europe")
    assert done.exit_code == OK, done.output
    text = words(done.stdout)
    assert (
        "2024-09: 1 k firms of large, health, europe, 20 simulated; a year before in brackets, "
        "20% (8.0%) use a model; 25% (25%) of their slots hold open models; 0.0% (0.0%) of their "
        "slots are self-hosted; 50% (50%) are restricted; they use 2 k (2 k) Mtok a month; they "
        "spend 3 M (3 M) $ a month. Few simulated firms stand behind this."
    ) in text
    assert "Terms of choice are recorded by size band, own hardware and workload tier only" in text
    assert "2023-10 to 2024-09: large" in text
    pooled = words(explain("placed", "--segment", "europe").stdout)
    assert "2 k firms of europe, 320 simulated" in pooled
    assert "Few simulated firms" not in pooled
    assert "Terms of choice are recorded" not in words(explain("placed").stdout)


def test_json_holds_figures_of_a_sector_and_says_what_the_terms_are_of(explain: Explain) -> None:
    with_places()
    document = json.loads(explain("placed", "--segment", "finance", "--json").stdout)
    assert document["segment"]["names"] == ["finance"]
    assert document["segment"]["now"]["simulated"] == 300
    assert document["segment"]["now"]["spend"] == 3e6
    assert "all sectors and regions" in document["segment"]["note"]
    assert document["choices"]["segment"] == []
    assert json.loads(explain("placed", "--json").stdout)["segment"] is None


def test_an_unknown_sector_is_refused_with_the_nearest(explain: Explain) -> None:
    with_places()
    done = explain("placed", "--segment", "helth")
    assert (done.exit_code, done.stdout) == (BAD_INPUT, "")
    assert "'helth' is no segment; did you mean health? segments are large" in done.stderr
    empty = words(explain("placed", "--segment", "health,micro").stdout)
    assert "no firm of micro, health was simulated" in empty
