"""What `nomoat run` does, step by step."""

import importlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import tomli_w

import sim
from agents.common.compiled import cpu_level
from agents.common.vocabulary import month_index, month_name
from app.shell import OK, DifferentResultError, MachineError, say, uncollected
from app.terminal import add, console, plain_table, print_json, short_warnings
from experiments.difference import ACROSS_PROCESSORS
from experiments.folder import MANIFEST, OUTPUTS, FolderError, RunFolder, folder_name
from experiments.machine import (
    available_memory,
    largest_population,
    needed_memory,
)
from experiments.provenance import manifest_of
from sim.loading import NO_VALUE, ScenarioError, assignment, load, run_id
from sim.scenario import Scenario
from sim.scenario_files import BARE
from sim.version import model_version, usable_cores

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.table import Table

OnMonth = Callable[[int, int], None]


@dataclass(frozen=True)
class Request:
    """One call of `nomoat run`."""

    scenario: str
    overrides: list[str]
    out: Path | None
    threads: int | None
    json: bool
    quiet: bool
    figure: bool
    profile: bool = False

    @property
    def silent(self) -> bool:
        """Whether nothing but the result or errors may be printed."""
        return self.json or self.quiet


def execute(request: Request) -> int:
    """Simulate, store and report; return the exit code."""
    short_warnings()
    scenario = scenario_of(request)
    refuse_impossible(scenario.enterprise.population)
    identity = run_id(scenario, scenario.seed, model_version())
    folder = RunFolder(request.out or OUTPUTS / folder_name(scenario.name, identity))
    folder.refuse_foreign()
    folder.refuse_other(identity)
    with uncollected():
        importlib.import_module("sim.running")
    with progress(scenario, silent=request.silent) as on_month:
        threads = request.threads or usable_cores()
        result = sim.run(scenario, on_month=on_month, threads=threads)
    identical = store(folder, result)
    if request.figure:
        draw(folder, result)
    report(request, folder, result, identical)
    return OK


def scenario_of(request: Request) -> Scenario:
    """The scenario to run: of a preset, a file or a stored run."""
    overrides: dict[str, object] = dict(map(assignment, request.overrides))
    place = Path(request.scenario)
    if place.name == MANIFEST:
        return again(RunFolder(place.parent), overrides)
    if os.sep in request.scenario and RunFolder(place).exists():
        return again(RunFolder(place), overrides)
    return load(request.scenario, overrides)


def again(folder: RunFolder, overrides: dict[str, object]) -> Scenario:
    """The scenario of a stored run with its seed, from its manifest.

    Raises FolderError if the manifest is none or is not the one that the run was stored with.
    """
    facts = folder.manifest()
    with TemporaryDirectory() as directory:
        written = Path(directory) / MANIFEST
        written.write_text(tomli_w.dumps({"extends": BARE, **in_toml(facts["scenario"])}))
        try:
            scenario = load(written, {"seed": facts["seed"]})
        except ScenarioError as error:
            # The line is one of the file just written, which nobody sees.
            sentence = re.sub(rf"^{re.escape(MANIFEST)}, line \d+", MANIFEST, str(error))
            raise ScenarioError(sentence) from None
        version = facts.get("model_version")
        same = (
            version != model_version()
            or run_id(scenario, scenario.seed, version) == (facts["run_id"])
        )
        if not same:
            raise FolderError(f"{folder.manifest_path} was changed after the run was stored")
        return load(written, {"seed": facts["seed"], **overrides})


def in_toml(value: Any) -> Any:
    """A value of a manifest as a scenario file has it, which has a word for no value."""
    if isinstance(value, dict):
        return {key: in_toml(item) for key, item in value.items()}
    if isinstance(value, list):
        return [in_toml(item) for item in value]
    return NO_VALUE if value is None else value


def refuse_impossible(enterprises: int) -> None:
    """Raise MachineError if a run of this size cannot fit into the memory that is free."""
    needed, free = needed_memory(enterprises), available_memory()
    if needed <= free:
        return
    most = largest_population(free)
    hint = f"; up to {most:,} would fit" if most else ""
    raise MachineError(
        f"{enterprises:,} enterprises need about {needed / 1e9:.1f} GB of memory and "
        f"{free / 1e9:.1f} GB are free{hint}"
    )


def store(folder: RunFolder, result: Any) -> bool:
    """Write the result, or compare it with the same run stored earlier.

    Returns whether it was stored before. Raises DifferentResultError if the earlier one differs.
    """
    if not folder.exists():
        folder.write(result, manifest_of(result))
        return False
    level = folder.manifest().get("cpu_level")
    tolerance = 0.0 if level == cpu_level() else ACROSS_PROCESSORS
    differences = folder.compare(result.tables, tolerance)
    if differences:
        raise DifferentResultError(
            f"this run differs from the earlier one in {folder.path}, which was kept: "
            + "; ".join(map(str, differences))
        )
    return True


def draw(folder: RunFolder, result: Any) -> None:
    """Add the summary figure to a stored run that has none."""
    from app.figure import as_png, summary_figure

    if not folder.figure_path.exists():
        until = month_index(result.scenario.history.until)
        folder.add_figure(as_png(summary_figure(result.tables, result.scenario.name, until)))


def report(request: Request, folder: RunFolder, result: Any, identical: bool) -> None:
    """Print what came out and where it is, in the form asked for."""
    # Imported here: what comes after the months need not be waited for before them.
    from app.report import document, print_run

    facts = folder.manifest() | {"seconds": round(result.seconds, 4)}
    if request.json:
        profile = {"profile": result.steps} if request.profile else {}
        print_json(document(folder, facts, result.tables) | {"identical": identical} | profile)
    elif not request.quiet:
        print_run(folder, facts, result.tables)
        verdict = "identical to the earlier run" if identical else "stored"
        console().print(f"        {verdict}; simulated in {result.seconds:.1f} s")
        if request.profile:
            console().print()
            console().print(profile_table(result))


def profile_table(result: Any) -> "Table":
    """Where a month goes, by step: milliseconds a month on average, and share of all."""
    table = plain_table("a month", "ms", "share", right=(1, 2))
    total = sum(result.steps.values())
    for step, seconds in result.steps.items():
        add(table, step, f"{1e3 * seconds / result.months:.3f}", f"{seconds / total:.0%}")
    add(table, "all", f"{1e3 * total / result.months:.3f}", "100%")
    each = result.steps["enterprises"] / result.months / max(result.slots, 1)
    add(table, "enterprises, for each slot", f"{1e9 * each:.0f} ns", "")
    return table


@contextmanager
def progress(scenario: Scenario, *, silent: bool) -> Iterator[OnMonth | None]:
    """Show progress by month on stderr: a bar on a terminal, one plain line elsewhere."""
    if silent:
        yield None
        return
    enterprises = scenario.enterprise.population
    if not sys.stderr.isatty():
        say(f"{scenario.name}: {scenario.months} months, {enterprises:,} enterprises")
        yield None
        return
    with bar() as shown:
        task = shown.add_task("preparing (the first time, compiling)", total=scenario.months)

        def on_month(month: int, months: int) -> None:
            shown.update(task, completed=month, total=months, description=month_name(month - 1))

        yield on_month


def bar() -> "Progress":
    """Return a progress bar with the calendar month and the time left."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f} months", markup=False),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console(stderr=True),
        transient=True,
    )
