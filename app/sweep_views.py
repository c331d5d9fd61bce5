"""What the commands about stored sweeps print."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from rich.table import Table

from app import clusters
from app.shell import FAILED, OK, say
from app.sweeping import bought, interval
from app.terminal import add, console, plain_table, print_json, short_warnings
from experiments.durable import StoreError
from experiments.escape import for_terminal
from experiments.sweeps.compaction import compact
from experiments.sweeps.comparison import SweepDifference, compare, repeat
from experiments.sweeps.contrasts import arm_labels, arm_means, contrasts
from experiments.sweeps.experiment import library
from experiments.sweeps.folder import SweepFolder
from experiments.sweeps.outcomes import REGIME, Outcome
from experiments.sweeps.queue import missing_rows
from experiments.sweeps.reading import Sweep, load
from sim.scenario_files import parse
from sim.version import model_version

DASH: Final = "–"
SHOWN_ARMS: Final = 24
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
    seconds = spent["total_seconds"].to_numpy() if spent.num_rows else np.zeros(0)
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
    out, done = console(), outcomes.num_rows
    out.print(for_terminal(f"{sweep.facts['experiment']}  {sweep.facts['question']}"))
    out.print(
        f"{done:,} of {sweep.design.num_rows:,} runs, replicates: {sweep.facts['replicates']}"
    )
    out.print()
    if not done:
        return OK
    print_arms(sweep, document)
    out.print()
    print_outcomes(sweep, document)
    if figure := draw(sweep, outcomes):
        out.print()
        out.print(f"figure  {figure}")
    return OK


def outcome_document(sweep: Sweep, outcomes: pa.Table) -> dict[str, Any]:
    """Means and contrasts of every outcome, the regimes of every arm."""
    names = [n for n in sweep.outcome_names if pa.types.is_floating(outcomes.schema.field(n).type)]
    found: dict[str, Any] = {}
    for name in names if outcomes.num_rows else []:
        found[name] = {
            "words": words_of(sweep, name),
            "means": {
                arm: {"mean": e.mean, "half_width": e.half_width, "replicates": e.replicates}
                for arm, e in arm_means(outcomes, name).items()
            },
            "contrasts": [
                {
                    "arm": c.arm, "reference": c.reference, "difference": c.difference.mean,
                    "half_width": c.difference.half_width, "variance_reduction": c.gain,
                }
                for c in contrasts(outcomes, name)
            ],
        }  # fmt: skip
    regimes: dict[int, Counter[str]] = {}
    for row in outcomes.select(["arm", REGIME]).to_pylist():
        regimes.setdefault(row["arm"], Counter())[row[REGIME]] += 1
    return {
        "experiment": sweep.facts["experiment"], "runs": outcomes.num_rows,
        "arms": arm_labels(sweep.design, sweep.levers), "outcomes": found,
        "regimes": {arm: dict(counts.most_common()) for arm, counts in sorted(regimes.items())},
    }  # fmt: skip


def words_of(sweep: Sweep, name: str) -> str:
    """What an outcome is."""
    fields = next(f for f in sweep.facts["identity"]["outcomes"] if f[0] == name)
    return Outcome(*fields).words


def print_arms(sweep: Sweep, document: dict[str, Any]) -> None:
    """Print the levers of every arm and the regimes it came to."""
    if not sweep.levers:
        counts = document["regimes"].get(0, {})
        console().print(f"regimes  {regime_words(counts)}")
        return
    table = plain_table("arm", *short_names(sweep.levers), "regimes", right=(0,))
    for arm, levers in list(document["arms"].items())[:SHOWN_ARMS]:
        add(table, arm, *levers.values(), regime_words(document["regimes"].get(arm, {})))
    console().print(table)
    hidden = len(document["arms"]) - SHOWN_ARMS
    if hidden > 0:
        console().print(f"and {hidden} more; --json has all")


def short_names(paths: Sequence[str]) -> list[str]:
    """The last parts of paths, as many as tell them apart."""
    parts = [path.split(".") for path in paths]
    for count in range(1, max(map(len, parts)) + 1):
        names = [".".join(one[-count:]) for one in parts]
        if len(set(names)) == len(names):
            return names
    return list(paths)


def regime_words(counts: dict[str, int]) -> str:
    """The commonest regimes with their shares."""
    total = max(sum(counts.values()), 1)
    return ", ".join(f"{name} {n / total:.0%}" for name, n in list(counts.items())[:2]) or DASH


def print_outcomes(sweep: Sweep, document: dict[str, Any]) -> None:
    """Print every outcome by arm with its difference to the first."""
    paired = len(document["arms"]) > 1 and sweep.facts["replicates"] > 1
    for name, found in document["outcomes"].items():
        differing = ("less arm 0", "unpaired") if paired else ()
        table = plain_table("arm", name, *differing, right=(0, 1, 2, 3)[: 2 + len(differing)])
        add_rows(table, found, paired=paired)
        console().print(found["words"])
        console().print(table)
        console().print()
    if paired:
        console().print(
            "±: 95% over replicates, with the design's points as they are; unpaired: replicates\n"
            "that independent luck would need for the same interval, as a multiple"
        )


def add_rows(table: Table, found: dict[str, Any], *, paired: bool) -> None:
    """A row per arm: mean, paired difference, and what pairing saved."""
    differences = {c["arm"]: c for c in found["contrasts"]}
    for arm, mean in list(found["means"].items())[:SHOWN_ARMS]:
        cells = [interval(mean["mean"], mean["half_width"])]
        if (one := differences.get(arm)) and paired:
            cells += [interval(one["difference"], one["half_width"])]
            cells += [bought(one["variance_reduction"])]
        add(table, arm, *cells)


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
