"""What `nomoat calibrate --report` does: say which parameters the facts identify."""

from pathlib import Path
from typing import Any

from rich.table import Table

from app.shell import OK
from app.terminal import add, console, plain_table, print_json, short_warnings
from experiments.evidence.calibration_folder import CalibrationFolder
from experiments.evidence.checks import Check, all_checks
from experiments.evidence.identification import (
    ENOUGH_TRIALS,
    NOT_IDENTIFIED,
    Identification,
    as_csv,
    identify,
)
from experiments.evidence.loss import CalibrationError
from experiments.evidence.space import Axis
from experiments.evidence.trials import Trials

LITTLE_EXPLAINED = 0.5
"""Share of variance below which the emulator knows little of a fact."""


def report_on(directory: Path, *, as_json: bool) -> int:
    """Read the stored trials, print what they identify and write it beside them."""
    short_warnings()
    folder = CalibrationFolder(directory)
    identity = folder.identity()
    if not folder.journal_path.exists():
        raise CalibrationError(f"{directory} holds no trials yet")
    axes = [Axis(**fields) for fields in identity["space"]]
    records = Trials(folder.journal_path, write=False).records()
    found = identify(axes, stored_checks(identity), records)
    folder.put(folder.identification_path, as_csv(found))
    if as_json:
        print_json(document(found))
    else:
        print_identification(found, folder)
    return OK


def stored_checks(identity: dict[str, Any]) -> list[Check]:
    """The facts as they were when the calibration began; labels are today's where they exist."""
    labels = {check.id: (check.label, check.source) for check in all_checks()}
    checks = []
    for fields in identity["checks"]:
        label, source = labels.get(fields["id"], (fields["id"], ""))
        checks.append(Check(**fields, label=label, source=source))
    return checks


def print_identification(found: Identification, folder: CalibrationFolder) -> None:
    """Print parameters by what is left of their range, ties between them, and the basis."""
    out = console()
    out.print(f"{found.trials} trials stand behind this")
    if not found.enough:
        out.print(f"fewer than {ENOUGH_TRIALS}: take it as a first look only", style="yellow")
    out.print()
    out.print(table_of(found))
    out.print()
    out.print(
        "sd: given the facts, as a share of that of the bounds; well, partly or not identified"
    )
    out.print()
    print_pairs(found)
    weak = [name for name, share in found.explained.items() if share < LITTLE_EXPLAINED]
    if weak:
        out.print(f"facts hardly explained by the parameters: {', '.join(weak)}", style="yellow")
    if found.left_out:
        out.print(f"facts left out for want of values: {', '.join(found.left_out)}", style="yellow")
    out.print(f"files   {folder.identification_path}")


def table_of(found: Identification) -> Table:
    """One row a parameter, the best identified first."""
    table = plain_table("parameter", "sd", "", "5%", "95%", "low", "high", right=(1, 3, 4, 5, 6))
    for column in table.columns:
        column.no_wrap = True
    for one in found.findings:
        style = "yellow" if one.ratio > NOT_IDENTIFIED else None
        low, _, high = one.interval
        numbers = (low, high, one.axis.low, one.axis.high)
        cells = [f"{one.ratio:.2f}", one.verdict, *(f"{number:.3g}" for number in numbers)]
        add(table, one.axis.path, *cells, style=style)
    return table


def print_pairs(found: Identification) -> None:
    """Print the parameters that the facts know only together."""
    if not found.pairs:
        console().print("no two parameters are strongly tied")
        return
    table = plain_table("tied together", "correlation", "sd", right=(1, 2))
    for pair in found.pairs:
        ratio = "–" if pair.ratio is None else f"{pair.ratio:.2f}"
        add(table, pair.combination, f"{pair.correlation:.2f}", ratio)
    console().print(table)


def document(found: Identification) -> dict[str, Any]:
    """The JSON form."""
    return {
        "trials": found.trials,
        "enough": found.enough,
        "parameters": [
            {
                "path": one.axis.path, "low": one.axis.low, "high": one.axis.high,
                "log": one.axis.log, "prior_sd": one.prior_sd, "sd": one.sd, "ratio": one.ratio,
                "interval": list(one.interval), "identified": one.verdict,
            }
            for one in found.findings
        ],
        "pairs": [
            {
                "first": pair.first, "second": pair.second, "correlation": pair.correlation,
                "combination": pair.combination, "ratio": pair.ratio,
            }
            for pair in found.pairs
        ],
        "explained": dict(found.explained),
        "left_out": list(found.left_out),
    }  # fmt: skip
