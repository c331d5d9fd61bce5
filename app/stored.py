"""What `nomoat show` and `nomoat diff` do with stored runs."""

from typing import Any

import pyarrow as pa

from app.report import document, print_run
from app.shell import FAILED, OK
from app.terminal import add, console, plain_table, print_json
from experiments.difference import ACROSS_PROCESSORS, Difference
from experiments.escape import for_terminal
from experiments.folder import OUTPUTS, FolderError, Manifest, RunFolder, find_run, find_runs

LISTED = ("run_id", "seed", "enterprises", "months", "regime", "seconds")
IDENTITY = ("seed", "model_version", "cpu_level", "platform", "commit", "dirty_diff")


def list_runs(*, as_json: bool) -> int:
    """Print the stored runs, latest first."""
    runs = [(run, run_facts(run)) for run in find_runs(OUTPUTS)]
    if as_json:
        print_json([{"folder": str(run.path), **facts} for run, facts in runs])
        return OK
    if not runs:
        console().print(f"no runs in {OUTPUTS}/; `nomoat run` makes one")
        return OK
    table = plain_table("run", "scenario", "seed", "firms", "months", "regime", "seconds")
    for _, facts in runs:
        add(table, *facts.values())
    console().print(table)
    return OK


def run_facts(run: RunFolder) -> dict[str, Any]:
    """Return what the list shows about a run; a damaged manifest leaves dashes."""
    try:
        facts = run.manifest()
    except FolderError:
        return {"run_id": run.path.name, "scenario": "damaged manifest"}
    listed = {key: facts.get(key, "-") for key in LISTED}
    return {"run_id": listed.pop("run_id"), "scenario": facts["scenario"]["name"], **listed}


def show_run(reference: str, *, as_json: bool) -> int:
    """Print the summary of one stored run again, from its tables."""
    folder = find_run(reference, OUTPUTS)
    facts = folder.manifest()
    tables = {name: folder.read(name) for name in ("market", "vendor")}
    if as_json:
        print_json(document(folder, facts, tables))
    else:
        print_run(folder, facts, tables)
    return OK


def diff_runs(first: str, second: str, *, as_json: bool) -> int:
    """Compare two stored runs; FAILED if any table differs."""
    left, right = (find_run(reference, OUTPUTS) for reference in (first, second))
    facts = left.manifest(), right.manifest()
    parameters = differing(*(flat(one["scenario"]) for one in facts))
    versions = differing(*(code_and_machine(one) for one in facts))
    same_level = facts[0].get("cpu_level") == facts[1].get("cpu_level")
    tolerance = 0.0 if same_level else ACROSS_PROCESSORS
    tables: dict[str, pa.Table] = {name: right.read(name) for name in right.names()}
    differences = left.compare(tables, tolerance)
    if as_json:
        print_json(as_document(parameters, versions, tolerance, tables, differences))
    else:
        print_differences("parameter", parameters)
        print_differences("version", versions)
        print_tables(tables, differences, tolerance)
    return FAILED if differences else OK


def code_and_machine(facts: Manifest) -> dict[str, Any]:
    """Return the versions of a run with what else is not a parameter."""
    return {**{key: facts.get(key) for key in IDENTITY}, **facts.get("versions", {})}


def flat(tree: Any, path: str = "") -> dict[str, Any]:
    """Return the leaves of nested dictionaries and lists by dotted path."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    leaves: dict[str, Any] = {}
    for key, value in items:
        place = f"{path}.{key}" if path else str(key)
        nested = isinstance(value, dict | list) and value
        leaves |= flat(value, place) if nested else {place: value}
    return leaves


def differing(left: dict[str, Any], right: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the entries that differ, None where one side has none."""
    keys = sorted(left.keys() | right.keys())
    pairs = {key: (left.get(key), right.get(key)) for key in keys}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def as_document(
    parameters: dict[str, tuple[Any, Any]],
    versions: dict[str, tuple[Any, Any]],
    tolerance: float,
    tables: dict[str, pa.Table],
    differences: list[Difference],
) -> dict[str, Any]:
    """Return the comparison as one JSON document."""
    found = {one.table: vars(one) for one in differences}
    return {
        "identical": not differences,
        "tolerance": tolerance,
        "parameters": parameters,
        "versions": versions,
        "tables": {name: found.get(name) for name in sorted({*tables, *found})},
    }


def print_differences(what: str, pairs: dict[str, tuple[Any, Any]]) -> None:
    """Print what differs, a line each, or that nothing does."""
    out = console()
    if not pairs:
        out.print(f"same {what}s")
        return
    table = plain_table(what, "first", "second")
    for key, (left, right) in pairs.items():
        add(table, key, left, right)
    out.print(table)


def print_tables(
    tables: dict[str, pa.Table], differences: list[Difference], tolerance: float
) -> None:
    """Print per table that it is identical, or its first difference."""
    out = console()
    found = {one.table: one for one in differences}
    if tolerance:
        out.print(f"computed on two CPU levels: compared to {tolerance:g} relative")
    for name in sorted({*tables, *found}):
        out.print(for_terminal(found.get(name, f"{name}: identical")))
