"""The results that come with the program: whole, of these claims, and shown by the commands."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.main import app
from app.reporting.inputs import look
from experiments.claims.claim import library
from experiments.ensemble.outlook import stored_outlook
from experiments.ensemble.runs import COLUMNS, MONTHS
from experiments.reference import FILES, MADE, REPORTED, place, read

MOST_BYTES = 400_000


def nomoat(*arguments: str) -> Result:
    """The command line."""
    return CliRunner().invoke(app, list(arguments))


def test_every_file_is_there_and_small() -> None:
    for name in (*FILES, MADE):
        assert 100 < place(name).stat().st_size < MOST_BYTES, name
    kinds = [source.kind for name in REPORTED if (source := look(place(name)))]
    assert kinds == ["ledger", "ensemble", "game", "game", "game", "validation"]


def test_it_is_of_the_claims_that_come_with_the_program() -> None:
    ledger = read("ledger.json")
    claims = library()
    assert {one["id"]: one["statement"] for one in ledger["claims"]} == {
        name: claim.statement for name, claim in claims.items()
    }
    for one in ledger["claims"]:
        words = [condition.words for condition in claims[one["id"]].conditions]
        assert [condition["words"] for condition in one["conditions"]] == words, one["id"]
    made = read(MADE)
    assert made["model_version"] == ledger["model_version"]
    assert all(command.startswith("nomoat ") for command in made["commands"])


def test_its_forecast_has_every_month() -> None:
    kept, raw = stored_outlook(read("forecast.json"))
    for one in (kept, raw):
        assert set(one.fans) == set(COLUMNS)
        assert all(fan.quantiles.shape[1] == MONTHS for fan in one.fans.values())
    assert kept.worlds > 0


def test_claims_show_prints_it() -> None:
    shown = nomoat("claims", "show", "--reference")
    assert shown.exit_code == 0, shown.output
    assert "the results that come with the program, made 20" in shown.stdout
    one = nomoat("claims", "show", "C05", "--reference", "--json")
    assert json.loads(one.stdout)["id"] == "C05"
    refused = nomoat("claims", "show", "--reference", "--folder", "outputs/x")
    assert refused.exit_code == 2
    assert "leave out --folder" in refused.stderr


@pytest.mark.parametrize(
    ("claim", "failing"),
    [
        ("C22", "“and platforms take more than a fifth of spend”, met in 0% of worlds"),
        ("C24", "“and less than 80%”, met in 39% of worlds"),
        ("C19", "“and its profit, income elsewhere included, is higher”, met in 15% of worlds"),
    ],
)
def test_the_condition_that_fails_is_named_with_its_share(claim: str, failing: str) -> None:
    shown = nomoat("claims", "show", claim, "--reference")
    page = Path(__file__).parents[2].joinpath("docs/answers.md").read_text("utf-8")
    (line,) = (line for line in page.splitlines() if line.startswith(f"- {claim}: "))
    for text in (shown.output, line):
        assert f"It fails most often on {failing}" in text


def test_report_makes_a_page_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = nomoat("report", "--reference")
    assert made.exit_code == 0, made.output
    page = Path("report.html").read_text("utf-8")
    shown = (
        "Fans over", "In numbers", "The game between vendors", "Meta",
        "What the kind of market hangs on",
    )  # fmt: skip
    for words in shown:
        assert words in page
    assert "experiments/reference/ledger.json" in page
    assert str(place(MADE).parent) not in page
    assert nomoat("report", "outputs", "--reference", "-o", "other.html").exit_code == 2
