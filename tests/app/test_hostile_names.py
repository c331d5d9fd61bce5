"""One hostile name through everything that shows names."""

import json
from pathlib import Path

import pytest
import synthetic

from app.figure import as_png, summary_figure
from app.report import document, print_run
from app.shell import say
from app.stored import list_runs, show_run
from app.terminal import print_json
from experiments.folder import RunFolder, folder_name
from sim.schemas import table

HOSTILE = "[bold]x[/bold]<script>$\\frac$ :smile: \x1b[31m\n\u202e=1+1"
FORMULA = "$\\frac$"
"""Short enough for a label in the figure, and no valid formula."""


def hostile_result() -> synthetic.FakeResult:
    result = synthetic.FakeResult(name=HOSTILE, months=24)
    for name, column, words in (("market", "leader", HOSTILE), ("vendor", "vendor", FORMULA)):
        columns = result.tables[name].to_pydict()
        result.tables[name] = table(name, columns | {column: [words] * len(columns["month"])})
    return result


def test_a_hostile_name_is_shown_as_it_is_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "300")
    result = hostile_result()
    folder = RunFolder(Path("outputs") / folder_name(HOSTILE, result.run_id))
    scenario = result.scenario.model_dump(mode="json")
    facts = {**vars(result), "scenario": scenario}
    del facts["tables"], facts["name"]
    folder.write(result, facts)
    assert folder.path.name == "bold-x-bold-script-frac-smile-31m-1-1-0123456789abcdef"
    assert folder.manifest()["scenario"]["name"] == HOSTILE

    print_run(folder, folder.manifest(), result.tables)
    list_runs(as_json=False)
    show_run(result.run_id, as_json=False)
    say(HOSTILE)
    printed = capsys.readouterr()
    for text in (printed.out, printed.err):
        assert "[bold]x[/bold]<script>$\\frac$ :smile: \\x1b[31m\\n\\u202e=1+1" in text
        assert "x<script>" not in text
        assert "\N{SMILING FACE WITH OPEN MOUTH AND SMILING EYES}" not in text
        assert "\x1b[31m" not in text
        assert "\u202e" not in text

    print_json(document(folder, folder.manifest(), result.tables))
    assert json.loads(capsys.readouterr().out)["scenario"] == HOSTILE
    figure = summary_figure(result.tables, HOSTILE, 23)
    assert as_png(figure).startswith(b"\x89PNG")
    assert "[bold]x[/bold]<script>$\\frac$ :smile:" in figure.texts[1].get_text()
