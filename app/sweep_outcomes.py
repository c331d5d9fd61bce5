"""What `nomoat sweep show` says of the outcomes of a sweep, as a document and in print.

Rows are the arms, or the points of a small grid that has no levers. Whatever has no value is
counted beside the mean that does without it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from rich.table import Table

from app.estimates import bought, contrast_document, estimate_document, interval, lacks, share
from app.terminal import add, console, plain_table
from experiments.analysis.values import declared
from experiments.sweeps.contrasts import (
    FEWEST,
    Arm,
    arm_labels,
    arm_words,
    arms_of,
    contrasts,
    value_words,
)
from experiments.sweeps.outcomes import REGIME, Outcome
from experiments.sweeps.reading import Sweep
from experiments.sweeps.store import keys_of

DASH: Final = "–"
MOST_ROWS: Final = 100
"""Arms, or points of a grid, that are printed."""
WRITTEN_OUT: Final = ("grid", "factorial", "one-at-a-time", "list", "table")
"""Designs whose points are few values of each factor, not draws."""
NEVER: Final = "; runs without a value never get there: means are over those that do"
Document = dict[str, Any]


@dataclass(frozen=True)
class Rows:
    """What a sweep is shown by: its arms or, of a small grid without levers, its points.

    factors: those that tell rows apart. outcomes, design: the sweep's, `arm` the number of the row.
    points: whether rows are points, which nothing is compared between.
    """

    factors: list[str]
    outcomes: pa.Table
    design: pa.Table
    points: bool

    @property
    def labels(self) -> dict[int, dict[str, Any]]:
        """Values of the factors of every row."""
        return arm_labels(self.design, self.factors)


def rows_of(sweep: Sweep, outcomes: pa.Table) -> Rows:
    """How a sweep is shown."""
    kind = sweep.facts["identity"]["design"].get("kind", "grid")
    grid = kind in WRITTEN_OUT and 1 < sweep.facts["points"] <= MOST_ROWS
    if sweep.levers or not sweep.uncertainties or not grid:
        return Rows(sweep.levers, outcomes, sweep.design, points=False)
    return Rows(sweep.uncertainties, by_point(outcomes), by_point(sweep.design), points=True)


def by_point(table: pa.Table) -> pa.Table:
    """A table of runs with the points in place of the arms."""
    return table.set_column(table.column_names.index("arm"), "arm", table["draw"])


def outcome_document(sweep: Sweep, outcomes: pa.Table) -> Document:
    """Means and contrasts of every outcome, and the labels of every row, each with its counts."""
    rows = rows_of(sweep, outcomes)
    numbers = [
        n for n in sweep.outcome_names if pa.types.is_floating(outcomes.schema.field(n).type)
    ]
    words = [n for n in sweep.outcome_names if pa.types.is_string(outcomes.schema.field(n).type)]
    return {
        "experiment": sweep.facts["experiment"], "runs": outcomes.num_rows,
        "asked": sweep.design.num_rows, "failed": failed_rows(sweep),
        "replicates": sweep.facts["replicates"], "rows": "points" if rows.points else "arms",
        "arms": rows.labels,
        "outcomes": {
            name: number_document(declared(sweep, name), rows, sweep.design)
            for name in numbers if outcomes.num_rows
        },
        "labels": {
            name: {"words": declared(sweep, name).words, **counted(rows, name)} for name in words
        },
        "regimes": counted(rows, REGIME)["counts"],
    }  # fmt: skip


def failed_rows(sweep: Sweep) -> int:
    """Rows of the design whose run failed and was not done since."""
    keys, store = keys_of(sweep.design["run_id"]), sweep.folder.store
    return int((np.isin(keys, store.failed()) & ~np.isin(keys, store.finished())).sum())


def number_document(outcome: Outcome, rows: Rows, design: pa.Table) -> Document:
    """Everything about an outcome that is a number; `all`, over all points of a grid."""
    arms = arms_of(rows.outcomes, outcome.name, rows.design)
    labels = rows.labels
    found = [] if rows.points else contrasts(rows.outcomes, outcome.name, design=rows.design)
    return {
        "words": outcome.words, "awaited": outcome.awaited,
        "means": {number: arm_document(arm, labels[number]) for number, arm in arms.items()},
        "contrasts": [contrast_document(one, labels) for one in found],
        "all": arm_document(over_all(rows, outcome.name, design), {}) if rows.points else None,
    }  # fmt: skip


def over_all(rows: Rows, outcome: str, design: pa.Table) -> Arm:
    """All runs of a sweep without levers, whatever their point."""
    table = rows.outcomes
    one = pa.array(np.zeros(table.num_rows, np.int64))
    whole = table.set_column(table.column_names.index("arm"), "arm", one)
    return arms_of(whole, outcome, design)[0]


def arm_document(arm: Arm, levers: Mapping[str, Any]) -> Document:
    """A mean with what it rests on."""
    return {
        "levers": dict(levers), **estimate_document(arm.mean), "asked": arm.asked,
        "without": len(arm.without), "share_without": arm.lacking if arm.finished else None,
        "unfinished": len(arm.unfinished),
    }  # fmt: skip


def counted(rows: Rows, name: str) -> Document:
    """How many runs of every row came to which word, the commonest first, and to none."""
    counts: dict[int, Counter[str]] = {arm: Counter() for arm in rows.labels}
    without = dict.fromkeys(counts, 0)
    for row in rows.outcomes.select(["arm", name]).to_pylist():
        if row[name] is None:
            without[row["arm"]] += 1
        else:
            counts[row["arm"]][row[name]] += 1
    return {"counts": {arm: dict(one.most_common()) for arm, one in counts.items()},
            "without": without}  # fmt: skip


def print_outcomes(sweep: Sweep, document: Document) -> None:
    """Print the rows with the regimes they came to, then every outcome."""
    out = console()
    print_words(document, "regimes", document["regimes"])
    for name, found in document["labels"].items():
        out.print()
        out.print(found["words"])
        print_words(document, name, found["counts"], found["without"])
    for name, found in document["outcomes"].items():
        out.print()
        out.print(found["words"] + (NEVER * found["awaited"]))
        print_number(name, found, len(document["arms"]))
    print_legend(sweep, document)


def row_table(found: Mapping[int, Any], *headings: str) -> Table:
    """A table whose first columns are the factors of rows.

    found: by number of the row, values of its factors.
    """
    factors = short_names(list(next(iter(found.values()), {})))
    right = tuple(range(len(factors), len(factors) + len(headings)))
    return plain_table(*factors, *headings, right=right)


def cells(levers: Mapping[str, Any]) -> list[str]:
    """The values of a row's factors."""
    return [value_words(value) for value in levers.values()]


def print_words(
    document: Document, name: str, counts: Mapping[int, Mapping[str, int]],
    without: Mapping[int, int] | None = None,
) -> None:  # fmt: skip
    """Print how many runs of every row came to which word: all words there are."""
    factors = short_names(list(next(iter(document["arms"].values()), {})))
    table = plain_table(*factors, "runs", name, right=(len(factors),))
    for arm, levers in list(document["arms"].items())[:MOST_ROWS]:
        none = without[arm] if without else 0
        total = sum(counts[arm].values()) + none
        words = [*shares(counts[arm], total), *([f"none {share(none / total)}"] if none else [])]
        add(table, *cells(levers), f"{total:,}", ", ".join(words) or DASH)
    console().print(table)
    say_hidden(len(document["arms"]))


def shares(counts: Mapping[str, int], total: int) -> list[str]:
    """All words with their shares of the runs."""
    return [f"{word} {share(number / total)}" for word, number in counts.items()]


def say_hidden(rows: int) -> None:
    """Say how many rows are not printed."""
    if rows > MOST_ROWS:
        console().print(f"and {rows - MOST_ROWS:,} more; --json has all")


def short_names(paths: Sequence[str]) -> list[str]:
    """The last parts of paths, as many as tell them apart."""
    parts = [path.split(".") for path in paths]
    for count in range(1, max(map(len, parts), default=0) + 1):
        names = [".".join(one[-count:]) for one in parts]
        if len(set(names)) == len(names):
            return names
    return list(paths)


def whole(found: Document) -> bool:
    """Whether every run asked for has a value, so that all means and differences rest on all."""
    means = found["means"].values()
    pairs = all(one["pairs"] == one["pairs_asked"] for one in found["contrasts"])
    same = len({one["asked"] for one in means}) == 1
    return pairs and same and all(one["runs"] == one["asked"] for one in means)


def print_number(name: str, found: Document, rows: int) -> None:
    """Print the means of an outcome, and the differences to the first row."""
    out = console()
    complete = whole(found)
    compared = {one["arm"]: one for one in found["contrasts"]}
    first = next(iter(found["means"].values()))
    reference = arm_words(first["levers"])
    headings = [name, *([] if complete else ["runs", "replicates", never(found), "not finished"])]
    if compared and complete:
        headings += [f"less {reference}", "unpaired"]
    table = row_table({n: one["levers"] for n, one in found["means"].items()}, *headings)
    for number, one in list(found["means"].items())[:MOST_ROWS]:
        row = [interval(one)]
        if not complete:
            row += rests_on(one)
        elif number in compared:
            difference = compared[number]
            row += [interval(difference, "difference"), bought(difference["variance_reduction"])]
        add(table, *cells(one["levers"]), *row)
    out.print(table)
    say_hidden(rows)
    if complete:
        each = "each: " if rows > 1 else "over "
        out.print(
            f"{each}{first['runs']:,} runs in {first['replicates']} replicates, all with a value"
        )
    elif compared:
        print_pairs(name, found, reference)
    if (every := found["all"]) is not None:
        lost = f", {share(every['share_without'])} {never(found)}" if every["without"] else ""
        out.print(
            f"over all points {interval(every)}: {every['runs']:,} of {every['asked']:,} runs{lost}"
        )


def never(found: Document) -> str:
    """Heading of the share of finished runs without a value."""
    return "never" if found["awaited"] else "no value"


def rests_on(one: Mapping[str, Any]) -> list[str]:
    """Runs and replicates that a mean rests on, and the shares that it does without."""
    return [
        f"{one['runs']:,} of {one['asked']:,}", str(one["replicates"]),
        share(one["share_without"]), f"{one['unfinished']:,}",
    ]  # fmt: skip


def print_pairs(name: str, found: Document, reference: str) -> None:
    """Print differences with both means of the pairs of runs that they rest on."""
    table = row_table(
        {one["arm"]: one["levers"] for one in found["contrasts"]},
        name, reference, "difference", "pairs", "replicates", "lacking", "unpaired",
    )  # fmt: skip
    for one in found["contrasts"][:MOST_ROWS]:
        add(
            table, *cells(one["levers"]), interval({"mean": one["arm_mean"]}),
            interval({"mean": one["reference_mean"]}), interval(one, "difference"),
            f"{one['pairs']:,} of {one['pairs_asked']:,}", str(one["replicates"]),
            lacks(one, awaited=found["awaited"]), bought(one["variance_reduction"]),
        )  # fmt: skip
    console().print("in pairs of runs of which both have a value:")
    console().print(table)


def print_legend(sweep: Sweep, document: Document) -> None:
    """Say how to read intervals and what pairing saved."""
    out, replicates = console(), sweep.facts["replicates"]
    out.print()
    if replicates < FEWEST:
        out.print(f"{replicates} replicates: from {FEWEST} on intervals are told")
        return
    out.print("±: 95% over replicates, with the design's points as they are")
    if any(found["contrasts"] for found in document["outcomes"].values()):
        out.print(
            "unpaired: replicates that independent luck would need for the same interval, as a "
            "multiple"
        )
