"""Whatever a text says, the terminal is given no orders; whatever its encoding, nothing breaks."""

import io
import json
import os
import sys
from pathlib import Path

import pytest
import stored_results
import sweeping
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.text import Text
from typer.testing import CliRunner

from app import main as entry
from app.claims_views import print_claim
from app.clusters import print_status, say_lost
from app.figure import as_png
from app.game_figure import name_rows
from app.main import app, main
from app.shell import ENVIRONMENT, FAILED, INTERRUPTED, explain
from app.terminal import add, console, forgive_encodings, plain_table, print_json
from experiments.clusters import job
from experiments.clusters.slurm import Lost
from experiments.escape import lines_for_terminal
from experiments.sweeps import runner
from experiments.sweeps.folder import SweepFolder

OWNED = "\x1b]0;owned\x07"
ORDERS = (OWNED, "\x1b[2J", "\r\x9b31m", "\u202egnp.exe", "\x7f\x08", "caf\udce9", "\u2066\u200b")


def plain(text: str) -> bool:
    """Whether a text has nothing in it but characters that print, line ends and tabs."""
    return text.replace("\n", "").replace("\t", "").isprintable()


@pytest.mark.parametrize("order", ORDERS)
def test_a_console_shows_orders_and_obeys_none(
    order: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = console()
    out.print(f"one {order}\ntwo")
    out.print(Text(f"text {order}"))
    table = plain_table(f"head {order}")
    table.add_row(f"raw cell {order}")
    add(table, f"cell {order}")
    out.print(table)
    console(stderr=True).print(order, "and", order, end="")
    printed = capsys.readouterr()
    assert plain(printed.out), printed.out
    assert plain(printed.err)
    assert f"one {lines_for_terminal(order)}\ntwo\n" in printed.out


def test_styles_lines_and_tabs_of_our_own_stay(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    console().print(f"a\n\tb{OWNED}", style="yellow")
    assert (
        capsys.readouterr().out == "\x1b[33ma\x1b[0m\n\x1b[33m        b\\x1b]0;owned\\x07\x1b[0m\n"
    )
    monkeypatch.setenv("NO_COLOR", "1")
    console().print(OWNED, style="bold red")
    assert "\x1b[31m" not in capsys.readouterr().out


def test_an_experiment_and_a_claim_of_a_stranger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    runner.begin(sweeping.declared(levers={}, replicates=1), SweepFolder(Path("sweep")))
    manifest = Path("sweep/manifest.json")
    facts = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**facts, "question": f"{OWNED}\nnomoat: all is well"}))
    done = CliRunner().invoke(app, ["sweep", "status", "sweep"])
    assert plain(done.output)
    assert "\\x1b]0;owned\\x07\\nnomoat: all is well" in done.stdout
    texts = ("id", "statement", "who", "when", "question", "asked", "reason")
    claim = {**stored_results.entry(), **dict.fromkeys(texts, OWNED)}
    claim |= {"cases": {OWNED: OWNED}, "caveats": ["\x1b[2J\n"]}
    print_claim(claim, stored_results.ledger(claim))
    assert plain(capsys.readouterr().out)


def test_logs_of_jobs(capsys: pytest.CaptureFixture[str]) -> None:
    tail = "\x1b[2Jfirst\nsecond\u202e"
    facts = {"error": None, "words": OWNED, "rounds": 1, "lost": [{"log": OWNED, "tail": tail}]}
    print_status(facts)
    say_lost(Lost(1, 1, "x.log", tail))
    job.say(f"row 1 failed: {tail}")
    printed = capsys.readouterr()
    assert plain(printed.out)
    assert plain(printed.err)
    assert "nomoat:   \\x1b[2Jfirst\nnomoat:   second\\u202e\n" in printed.err


def called(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The exit code of the command line as a shell calls it."""
    monkeypatch.setattr(sys, "argv", ["nomoat", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(str(ended.value.code or 0))


@pytest.mark.parametrize(
    "words", [("run", "--\u202exyz"), ("\x1b[2J\u202e",), ("run", "a", "caf\udce9"), ("run", OWNED)]
)
def test_usage_errors(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, *words) == 2
    printed = capsys.readouterr()
    assert plain(printed.err)
    assert lines_for_terminal(words[-1]).lstrip("-") in printed.err
    assert not printed.out


def test_other_ends_of_the_command_line_are_as_before(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "--version") == 0
    assert called(monkeypatch, "scenarios", "--json") == 0
    assert called(monkeypatch) == 2
    assert "Commands:" in "".join(capsys.readouterr())


def test_a_traceback_gives_no_orders(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(**_: object) -> None:
        raise ValueError(OWNED)

    monkeypatch.setattr(entry, "app", broken)
    assert called(monkeypatch) == FAILED
    errors = capsys.readouterr().err
    assert plain(errors)
    assert "ValueError: \\x1b]0;owned\\x07" in errors
    assert "test_terminal.py" in errors


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_an_encoding_lacks_is_replaced(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(sink, encoding=encoding))
    forgive_encodings()
    console().print("– 价格 é \udce9")
    print("– 价格 é \udce9", flush=True)
    shown = sink.getvalue().decode(encoding)
    assert "\\udce9" in shown
    assert ("价格" in shown) == (encoding == "utf-8")


def test_json_has_no_control_character(capsys: pytest.CaptureFixture[str]) -> None:
    document = {"a\x7f": f"\\\x7f{OWNED}\u202e\udce9"}
    print_json(document)
    text = capsys.readouterr().out
    assert plain(text)
    assert text.isascii()
    assert json.loads(text) == document


@pytest.mark.parametrize("name", ["$\\frac$", OWNED, "caf\udce9"])
def test_names_in_a_figure_are_literal(name: str) -> None:
    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    name_rows(axes, [name])
    assert as_png(figure).startswith(b"\x89PNG")
    assert axes.get_yticklabels()[0].get_text() == lines_for_terminal(name)


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), INTERRUPTED, "interrupted; nothing unfinished was kept"),
        (KeyboardInterrupt(f"{OWNED} is kept"), INTERRUPTED, "\\x1b]0;owned\\x07 is kept"),
        (MemoryError(), ENVIRONMENT, "memory of this machine ran out"),
        (BrokenPipeError(32, "Broken pipe"), ENVIRONMENT, "Broken pipe"),
    ],
)
def test_an_end_before_the_end_is_said(
    error: BaseException, code: int, words: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with Path(os.devnull).open("w") as somebody:
        monkeypatch.setattr(sys, "stdout", somebody)
        assert explain(error) == code
    errors = capsys.readouterr().err
    assert words in errors
    assert plain(errors)


def test_where_nobody_reads_nothing_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert explain(BrokenPipeError()) == FAILED
    assert not capsys.readouterr().err
