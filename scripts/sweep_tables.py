"""Tables of docs/sweeps.md: designs, reductions, columns, and the library."""

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from experiments.sweeps.designs import DESIGNS
from experiments.sweeps.experiment import library
from experiments.sweeps.outcomes import REDUCTIONS
from sim.scenario_files import parse

Row = tuple[str, ...]
Table = tuple[Row, Sequence[Row]]
GROWS: Final = {
    "lhs": "another hypercube", "sobol": "the sequence goes on", "halton": "the sequence goes on",
    "morris": "more trajectories", "saltelli": "the sequence goes on: as many again",
}  # fmt: skip
DESIGN_COLUMNS: Final = (
    ("`run_id`", "text", "16 digits: parameters, seed and model; the same as of `nomoat run`"),
    ("`point`", "integer", "number of the point of the design"),
    ("`draw`", "integer", "number of the combination of uncertainties"),
    ("`arm`", "integer", "number of the combination of levers; 0 is the first"),
    ("`replicate`", "integer", "number of the replicate, from 0"),
    ("`seed`", "integer", "root seed of the run: one for all points of a replicate"),
    ("a column per factor", "its own", "the value, named by the path or the name of the options"),
)


def experiments() -> Table:
    """The experiments that come with the program."""
    trees = {name: parse(path) for name, path in library().items()}
    rows = [
        (f"`{name}`", tree["question"], tree.get("design", {}).get("kind", "grid"))
        for name, tree in trees.items()
    ]
    return ("name", "question", "design"), rows


def designs() -> Table:
    """Kinds of design."""
    rows = []
    for name, kind in DESIGNS.items():
        words = (kind.draw.__doc__ or "").strip().rstrip(".")
        levers = "crossed" if kind.crossed else "part of it"
        fields = ", ".join(f"`{one}`" for one in kind.fields)
        rows.append((f"`{name}`", words, fields, levers, GROWS.get(name, "")))
    return ("kind", "points", "fields", "levers", "`extend --points`"), rows


def reductions() -> Table:
    """Ways in which months become one number."""
    rows = [(f"`{name}`", one.meaning) for name, one in REDUCTIONS.items()]
    return ("reduce", "outcome"), [("`at`", "value at one month, the last if none is named"), *rows]


def design_columns() -> Table:
    """Columns of design.parquet."""
    return ("column", "type", "meaning"), DESIGN_COLUMNS


def outcome_columns() -> Table:
    """Columns of the outcome shards."""
    rows = [
        ("`run_id`", "text", "the run"),
        ("a column per outcome", "number or text", "as declared; null where a run has no value"),
        ("`regime`", "text", "label of the world, see [results](results.md#regimes)"),
    ]
    return ("column", "type", "meaning"), rows


def columns(schema: pa.Schema) -> Table:
    """Columns of a table as its schema describes them."""
    words = {"string": "text", "double": "number", "int64": "integer", "int32": "integer"}
    rows = []
    for field in schema:
        meaning = (field.metadata or {}).get(b"description", b"the run").decode()
        rows.append((f"`{field.name}`", words[str(field.type)], meaning))
    return ("column", "type", "meaning"), rows
