"""What the commands about stored sweeps print."""

from collections import Counter
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from app import clusters
from app.clusters import known_seconds
from app.shell import FAILED, OK, say
from app.sweep_outcomes import outcome_document, print_outcomes
from app.terminal import add, console, plain_table, print_json, short_warnings
from experiments.durable import StoreError
from experiments.escape import for_terminal
from experiments.sweeps.compaction import compact
from experiments.sweeps.comparison import SweepDifference, compare, repeat
from experiments.sweeps.experiment import library
from experiments.sweeps.folder import SweepFolder
from experiments.sweeps.queue import missing_rows
from experiments.sweeps.reading import Sweep, load
from sim.scenario_files import parse
from sim.version import model_version

DASH: Final = "–"
SHOWN_FAILURES: Final = 5
SHOWN_WRITERS: Final = 5


def list_library(*, as_json: bool) -> int:
    """Print the experiments that come with the program."""
    trees = {name: parse(path) for name, path in library().items()}
    rows = [
        {
            "name": name, "question": tree.get("question", ""),
            "design": tree.get("design", {}).get("kind", "grid"),
            "replicates": tree.get("replicates", 1),
        }
        for name, tree in trees.items()
    ]  # fmt: skip
    if as_json:
        print_json(rows)
        return OK
    table = plain_table("experiment", "question", "design")
    for row in rows:
        add(table, row["name"], row["question"], row["design"])
    console().print(table)
    console().print()
    console().print("see one before it runs: nomoat sweep run NAME --dry-run")
    return OK


def show_status(path: Path, *, as_json: bool) -> int:
    """Print what is finished, what failed and what is left; FAILED if anything failed."""
    sweep = load(path)
    facts = status_of(sweep)
    if as_json:
        print_json(facts)
    else:
        print_status(sweep, facts)
    return FAILED if facts["failed"] else OK


def status_of(sweep: Sweep) -> dict[str, Any]:
    """Counts of a sweep's runs, and who is at work."""
    store = sweep.folder.store
    rows, keys, finished, failed = missing_rows(sweep.design, store, retry_failed=False)
    spent = sweep.telemetry()
    seconds = known_seconds([spent] if spent.num_rows else [])
    # Before files are counted: leases of processes that are gone are removed.
    writers = sweep.folder.writers()
    files = [path for path in sweep.folder.path.rglob("*") if path.is_file()]
    return {
        "folder": str(sweep.folder.path), "experiment": sweep.facts["experiment"],
        "runs": len(np.unique(keys)), "finished": finished, "failed": failed, "left": len(rows),
        "points": sweep.facts["points"], "replicates": sweep.facts["replicates"],
        "writers": writers, "model_version": sweep.facts["model_version"],
        "model_is_current": sweep.facts["model_version"] == model_version(),
        "mean_seconds": round(float(seconds.mean()), 4) if len(seconds) else None,
        "shards": len(store.names("outcomes")), "bytes": sum(f.stat().st_size for f in files),
        "failures": dict(Counter(sweep.failures()["error"].to_pylist())) if failed else {},
        "cluster": clusters.status(sweep.folder),
    }  # fmt: skip


def print_status(sweep: Sweep, facts: dict[str, Any]) -> None:
    """Print the status for people."""
    out = console()
    out.print(for_terminal(f"{facts['experiment']}  {sweep.facts['question']}"))
    out.print(
        f"runs    {facts['finished']:,} of {facts['runs']:,} finished, {facts['failed']:,} failed, "
        f"{facts['left']:,} left  ({facts['points']:,} points x {facts['replicates']:,} replicates)"
    )
    if facts["mean_seconds"] is not None:
        out.print(f"time    {facts['mean_seconds']:.3g} s a run")
    out.print(f"disk    {facts['bytes'] / 1e6:,.1f} MB, {facts['shards']:,} shards of outcomes")
    for writer in facts["writers"][:SHOWN_WRITERS]:
        out.print(f"at work {writer}")
    if len(facts["writers"]) > SHOWN_WRITERS:
        out.print(f"at work {len(facts['writers']) - SHOWN_WRITERS:,} more")
    if facts["cluster"] is not None:
        clusters.print_status(facts["cluster"])
    if not facts["model_is_current"]:
        out.print(
            f"note    begun with model {facts['model_version']}; this is {model_version()}: "
            "it can be read, not continued",
            style="yellow",
        )
    if facts["failed"]:
        print_failures(sweep)


def print_failures(sweep: Sweep) -> None:
    """Print the latest failures."""
    rows = sweep.failures().to_pylist()
    rows.sort(key=lambda row: row["failed_at"], reverse=True)
    table = plain_table("failed run", "seed", "error", "message")
    for row in rows[:SHOWN_FAILURES]:
        add(table, row["run_id"], row["seed"], row["error"], row["message"][:80])
    console().print()
    console().print(table)


def show_outcomes(path: Path, *, as_json: bool) -> int:
    """Print the outcomes of every arm and what levers change, and draw them."""
    short_warnings()
    sweep = load(path)
    outcomes = sweep.outcomes()
    document = outcome_document(sweep, outcomes)
    if as_json:
        print_json(document)
        return OK
    out = console()
    out.print(for_terminal(f"{sweep.facts['experiment']}  {sweep.facts['question']}"))
    out.print(f"{finished_words(document)}, replicates: {document['replicates']}")
    out.print()
    if not document["runs"]:
        return OK
    print_outcomes(sweep, document)
    if figure := draw(sweep, outcomes):
        out.print()
        out.print(f"figure  {figure}")
    return OK


def finished_words(document: dict[str, Any]) -> str:
    """How many runs are finished, and what became of the others."""
    done, asked = document["runs"], document["asked"]
    failed = f", {document['failed']:,} failed" if document["failed"] else ""
    left = asked - done - document["failed"]
    rest = f", {left:,} not done yet" if left > 0 else ""
    return f"{done:,} of {asked:,} runs{failed}{rest}"


def draw(sweep: Sweep, outcomes: pa.Table) -> Path | None:
    """Draw outcomes.png; a folder that cannot be written is no error."""
    from app.figure import as_png
    from app.sweep_figure import outcome_figure

    figure = outcome_figure(sweep, outcomes)
    if figure is None:
        return None
    try:
        sweep.folder.disk.replace(sweep.folder.figure_path, as_png(figure))
    except StoreError as error:
        say(f"no figure: {error}")
        return None
    return sweep.folder.figure_path


def rerun(path: Path, reference: str, *, as_json: bool) -> int:
    """Do one run again and say whether its bytes are those stored."""
    short_warnings()
    found = repeat(SweepFolder(path), reference)
    if as_json:
        print_json({
            "run_id": found.run_id, "point": found.row["point"], "seed": found.row["seed"],
            "outcomes": found.outcomes, "stored": found.stored, "differ": found.unequal,
        })  # fmt: skip
    else:
        out = console()
        out.print(f"run {found.run_id}, seed {found.row['seed']}")
        for name, value in found.outcomes.items():
            out.print(f"  {name}  {value if value is not None else DASH}")
        if not found.stored:
            out.print("not stored: nothing to compare with")
        elif found.unequal:
            out.print(f"differs from what is stored in {', '.join(found.unequal)}", style="yellow")
        else:
            out.print("identical to what is stored, to the byte")
    return FAILED if found.unequal else OK


def diff_sweeps(first: Path, second: Path, *, as_json: bool) -> int:
    """Say how two sweeps differ and why."""
    found = compare(load(first), load(second))
    if as_json:
        print_json({
            "identical": found.identical, "asked": found.asked, "code": found.code,
            "versions": found.versions, "shared_runs": found.shared,
            "only_first": found.only_first, "only_second": found.only_second,
            "outcomes": {o.name: {"differing": o.differing, "largest": o.largest}
                         for o in found.outcomes},
        })  # fmt: skip
    else:
        print_difference(found)
    return OK if found.identical else FAILED


def print_difference(found: SweepDifference) -> None:
    """Print the comparison of two sweeps."""
    out = console()
    out.print("asked      " + ("; ".join(found.asked[:6]) or "the same"))
    code = {**found.code, **found.versions}
    if not code:
        out.print("code       the same")
    for name, (one, other) in code.items():
        out.print(f"{name}  {one or DASH} / {other or DASH}")
    out.print(
        f"runs       {found.shared:,} in both, {found.only_first:,} in the first only, "
        f"{found.only_second:,} in the second only"
    )
    differing = [one for one in found.outcomes if one.differing]
    if not differing:
        out.print("outcomes   equal in every run that both have")
        return
    table = plain_table("outcome", "runs that differ", "largest difference", right=(1, 2))
    for one in differing:
        largest = DASH if one.largest is None else f"{one.largest:.4g}"
        add(table, one.name, f"{one.differing:,}", largest)
    out.print(table)


def compact_sweep(path: Path, *, as_json: bool) -> int:
    """Put the results into few files."""
    load(path)
    found = compact(SweepFolder(path))
    if as_json:
        print_json({"runs": found.runs, "files_before": found.files_before,
                    "files": found.files_after})  # fmt: skip
    else:
        console().print(
            f"{found.runs:,} runs in {found.files_after} files, {found.files_before} before"
        )
    return OK


def check_sweep(path: Path, *, as_json: bool) -> int:
    """Hold every file against its checksum, and change nothing."""
    sweep = load(path)
    _ = sweep.design
    damaged = sweep.folder.store.damaged()
    if as_json:
        print_json({"damaged": [str(one) for one in damaged]})
    elif damaged:
        for one in damaged:
            console().print(f"damaged: {one}", style="yellow")
        console().print("nomoat sweep run sets them aside and does their runs again")
    else:
        console().print("every file is as it was written")
    return FAILED if damaged else OK
