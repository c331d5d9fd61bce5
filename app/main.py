"""Entry point of the command `nomoat`. Imports nothing heavy: each command does so itself."""

import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from app.commands import (
    analyze,
    assets,
    calibrate,
    claims,
    diff,
    doctor,
    ensemble,
    explain,
    export,
    game,
    params,
    report,
    run,
    scenarios,
    show,
    sweep,
    ui,
    validate,
)
from app.shell import FAILED
from app.terminal import forgive_encodings, print_traceback, short_warnings
from experiments.escape import lines_for_terminal

app = typer.Typer(
    name="nomoat",
    epilog="Start with: nomoat run. Settings: nomoat params. Worlds: nomoat scenarios.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
)
app.command("run")(run.run)
app.command("params")(params.params)
app.command("scenarios")(scenarios.scenarios)
app.command("show")(show.show)
app.command("explain")(explain.explain)
app.command("export")(export.export)
app.command("diff")(diff.diff)
app.command("validate")(validate.validate)
app.command("calibrate")(calibrate.calibrate)
app.add_typer(ensemble.app, name="ensemble")
app.add_typer(claims.app, name="claims")
app.add_typer(sweep.app, name="sweep")
app.command("report")(report.report)
app.command("analyze")(analyze.analyze)
app.add_typer(game.app, name="game")
app.command("ui")(ui.ui)
app.command("assets")(assets.assets)
app.command("doctor")(doctor.doctor)


def show_version(asked: bool) -> None:
    """Print the version and stop, if asked to."""
    if asked:
        from importlib.metadata import version

        typer.echo(f"nomoat {version('nomoat')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Simulate the market for open and closed large language models, month by month."""


def main() -> None:
    """Run the command line; nothing that it prints gives the terminal orders."""
    forgive_encodings()
    short_warnings()
    try:
        code = app(standalone_mode=False)
    except TyperException as error:
        error.message = lines_for_terminal(error.message)
        error.show()  # type: ignore[attr-defined]  # What the parser raises has it.
        code = error.exit_code
    except Exception:
        print_traceback()
        code = FAILED
    sys.exit(code)
