"""The frame of every command: errors become one sentence and an exit code.

Only the standard library and typer are imported here, so that help answers at once.
"""

import functools
import gc
import importlib.util
import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

OK, FAILED, BAD_INPUT, ENVIRONMENT, INTERRUPTED = 0, 1, 2, 3, 130
PACKAGES = ("agents", "sim", "experiments", "app")
ROOT = Path(__file__).resolve().parents[1]

EXIT_CODES = {
    "ScenarioError": BAD_INPUT,
    "DataError": BAD_INPUT,
    "FolderError": BAD_INPUT,
    "InputError": BAD_INPUT,
    "CalibrationError": BAD_INPUT,
    "EnsembleError": BAD_INPUT,
    "LedgerError": BAD_INPUT,
    "GameError": BAD_INPUT,
    "QuestionError": BAD_INPUT,
    "ExperimentError": BAD_INPUT,
    "SweepError": BAD_INPUT,
    "NewerSchemaError": BAD_INPUT,
    "ProfileError": BAD_INPUT,
    "StoreError": ENVIRONMENT,
    "ClusterError": ENVIRONMENT,
    "MachineError": ENVIRONMENT,
    "AssetsError": ENVIRONMENT,
    "ImportError": ENVIRONMENT,
    "OSError": ENVIRONMENT,
    "DifferentResultError": FAILED,
}
"""Errors by the name of their class or a base of it; the classes are too heavy to import here."""


EXTRAS = {
    "solara": "ui", "reacton": "ui", "altair": "ui",
    "optuna": "analysis", "SALib": "analysis", "ema_workbench": "analysis", "sklearn": "analysis",
    "distributed": "dask", "dask_jobqueue": "jobqueue", "mpi4py": "mpi",
}  # fmt: skip
"""Packages that only some commands need, and the extra that brings each."""


class InputError(Exception):
    """What was asked for cannot be done as written; the text is one sentence."""


class MachineError(Exception):
    """The machine or the installation is not able to do it; the text is one sentence."""


class DifferentResultError(Exception):
    """A repeated run gave other results than the stored one."""


def guarded[**P](command: Callable[P, int | None]) -> Callable[P, None]:
    """Turn a command's result and errors into an exit code, with one sentence on stderr."""

    @functools.wraps(command)
    def run(*arguments: P.args, **options: P.kwargs) -> None:
        try:
            refuse_shadows()
            code = command(*arguments, **options) or OK
        except (typer.Exit, typer.BadParameter, SystemExit):
            raise
        except BaseException as error:
            if os.environ.get("NOMOAT_DEBUG") == "1":
                raise
            code = explain(error)
        raise typer.Exit(code)

    return run


def explain(error: BaseException) -> int:
    """Print one sentence about the error and return the exit code it means.

    A KeyboardInterrupt may bring a sentence of its own: what was kept, and what goes on.
    """
    if isinstance(error, KeyboardInterrupt):
        say(str(error) or "interrupted; nothing unfinished was kept")
        return INTERRUPTED
    if isinstance(error, BrokenPipeError) and nobody_reads():
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
        error = MachineError(f"this command {needs(error.name)}")
    if isinstance(error, MemoryError):
        say("the memory of this machine ran out (MemoryError); fewer enterprises or jobs need less")
        return ENVIRONMENT
    for kind in type(error).__mro__:
        if kind.__name__ in EXIT_CODES:
            say(str(error) or kind.__name__)
            return EXIT_CODES[kind.__name__]
    say(f"internal error, {type(error).__name__}: {error} (NOMOAT_DEBUG=1 shows where)")
    return FAILED


def nobody_reads() -> bool:
    """Whether stdout is a pipe whose reader went away; a pipe to a worker may break, too."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(event & select.POLLERR for _, event in poll.poll(0))
    except (OSError, ValueError):
        return False


def say(sentence: str) -> None:
    """Print one line on stderr, safe against control characters in foreign text."""
    from experiments.escape import for_terminal

    print(f"nomoat: {for_terminal(sentence)}", file=sys.stderr, flush=True)


@contextmanager
def uncollected() -> Iterator[None]:
    """Import without Python's garbage collector, and let it leave alone what is there afterwards.

    What is imported stays; looking through it again and again takes a tenth of the start.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


def refuse_missing(package: str, command: str) -> None:
    """Raise MachineError if a package of `EXTRAS` that a command needs is not installed."""
    if importlib.util.find_spec(package) is None:
        raise MachineError(f"{command} {needs(package)}")


def needs(package: str) -> str:
    """What brings a package of an extra, as the end of a sentence."""
    extra = EXTRAS[package]
    return (
        f"needs {package}; install it with `uv sync --extra {extra}` in a clone, "
        f"or as nomoat[{extra}]"
    )


def refuse_shadows() -> None:
    """Raise MachineError if a foreign package hides one of ours."""
    for name, place in shadows().items():
        raise MachineError(
            f"the package {name} is taken from {place} instead of {ROOT / name}; "
            "leave that directory or remove it from PYTHONPATH"
        )


def shadows() -> dict[str, str]:
    """Return our packages that Python would import from elsewhere, and from where."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        spec: Any = importlib.util.find_spec(name)
        place = Path(spec.origin).resolve() if spec and spec.origin else None
        if place != ROOT / name / "__init__.py":
            found[name] = str(place.parent if place else "nowhere")
    return found
