"""Which points of the space a sweep runs: grids, samples, screening and sensitivity designs."""

import hashlib
import importlib.util
import itertools
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from scipy.stats import qmc

from experiments.sweeps.factors import (
    ExperimentError,
    Factor,
    Floats,
    Value,
    info_of_path,
    typed_value,
)
from experiments.sweeps.tables import MOST_POINTS, no_factor, read_rows
from sim.catalogue import shown
from sim.written import spot

Points = list[dict[str, Value]]
Columns = dict[str, list[Value]]
"""Values of every factor, point by point."""
CELLS: Final = {"number": pa.float64(), "integer": pa.float64(), "switch": pa.bool_()}
"""Cells of a CSV file by the type of a parameter; words for all others."""
RESERVED: Final = ("run_id", "point", "draw", "arm", "replicate", "seed")
"""Columns of the design beside the factors."""


@dataclass(frozen=True)
class Space:
    """What a design is made for."""

    factors: Sequence[Factor]
    design: Mapping[str, Any]
    seed: int
    folder: Path | None
    label: str

    @property
    def kind(self) -> str:
        """Name of the design."""
        kind = self.design.get("kind", "grid")
        if not isinstance(kind, str):
            raise ExperimentError(
                f"{spot(self.label, 'design', 'kind')}: design.kind must be one of "
                f"{', '.join(DESIGNS)}, in quotes, not {shown(kind)}"
            )
        return kind

    def of_role(self, role: str) -> list[Factor]:
        """Factors of one role."""
        return [factor for factor in self.factors if factor.role == role]

    def size(self, name: str, low: int, default: int | None = None) -> int:
        """A whole number of the design, such as its points."""
        value = self.design.get(name, default)
        if value is None:
            raise ExperimentError(f"{self.label}: a {self.kind} design needs {name} = ...")
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= MOST_POINTS:
            raise ExperimentError(
                f"{spot(self.label, 'design', name)}: design.{name} must be a whole number from "
                f"{low}, not {shown(value)}"
            )
        return value

    def rng(self, block: int) -> np.random.Generator:
        """A generator for drawing points, addressed by seed, kind and block."""
        address = f"design\0{self.seed}\0{self.kind}\0{block}".encode()
        return np.random.default_rng(
            int.from_bytes(hashlib.blake2b(address, digest_size=16).digest(), "little")
        )


Draw = Callable[[Space, list[Factor], Sequence[int]], Columns]


@dataclass(frozen=True)
class Design:
    """A kind of design: how it draws, its fields, and what may be added to it later.

    size: field that says how large it is; None if the factors alone say so.
    crossed: whether levers are crossed with it instead of being drawn with the uncertainties.
    """

    draw: Draw
    fields: tuple[str, ...] = ()
    size: str | None = None
    default: int | None = None
    crossed: bool = False


def grid(space: Space, factors: list[Factor], _: Sequence[int]) -> Columns:
    """All combinations; ranges at their levels."""
    levels = space.size("levels", 1, 0) if "levels" in space.design else None
    return product(factors, [factor.grid(levels) for factor in factors])


def factorial(space: Space, factors: list[Factor], _: Sequence[int]) -> Columns:
    """All combinations; ranges at both ends only, unless `levels` says otherwise."""
    levels = space.size("levels", 2, 2)
    return product(factors, [factor.grid(levels) for factor in factors])


def one_at_a_time(space: Space, factors: list[Factor], _: Sequence[int]) -> Columns:
    """The base, and from it each factor alone moved to each of its levels."""
    levels = space.size("levels", 2, 2)
    base = {factor.name: factor.reference for factor in factors}
    points = [base]
    for factor in factors:
        others = [value for value in factor.grid(levels) if value != factor.reference]
        points += [{**base, factor.name: value} for value in others]
    return columns_of(factors, points)


def listed(space: Space, factors: list[Factor], _: Sequence[int]) -> Columns:
    """The points written in the file; a factor that one leaves out keeps its base value."""
    rows = space.design.get("points")
    if not isinstance(rows, list) or not rows or not all(isinstance(r, Mapping) for r in rows):
        raise ExperimentError(f"{space.label}: a list design needs points = [{{...}}, ...]")
    return columns_of(
        factors,
        [
            checked(row, factors, f"{spot(space.label, 'design', 'points', i)}: design.points[{i}]")
            for i, row in enumerate(rows)
        ],
    )


def table(space: Space, factors: list[Factor], _: Sequence[int]) -> Columns:
    """The rows of a CSV or Parquet file, whose columns are factors."""
    name = space.design.get("file")
    if not isinstance(name, str) or not name:
        raise ExperimentError(
            f'{spot(space.label, "design")}: a table design needs file = "points.csv"'
        )
    path = Path(name) if space.folder is None else space.folder / name
    found = read_rows(path, {f.name: cell_type(f) for f in factors}, space.label)
    label = f"{space.label}: {path.name}"
    if not found:
        raise ExperimentError(f"{label} has no rows")
    whole = {factor.name for factor in factors if is_whole(factor)}
    points = []
    for number, row in enumerate(found):
        typed = {name: as_whole(one) if name in whole else one for name, one in row.items()}
        points.append(checked(typed, factors, f"{label} row {number + 1}"))
    return columns_of(factors, points)


def is_whole(factor: Factor) -> bool:
    """Whether a factor is a parameter that takes whole numbers."""
    return factor.options is None and info_of_path(factor.name, "").type == "integer"


def as_whole(value: Any) -> Any:
    """A number of a table as a whole number if it is one.

    Programs that write tables keep 50 as `50.0` where a column has gaps.
    """
    return int(value) if isinstance(value, float) and value.is_integer() else value


def latin(space: Space, factors: list[Factor], sizes: Sequence[int]) -> Columns:
    """A Latin hypercube; what is added later is a hypercube of its own."""
    blocks = [
        qmc.LatinHypercube(len(factors), rng=space.rng(block)).random(size)
        for block, size in enumerate(sizes)
    ]
    return from_unit(factors, np.concatenate(blocks))


def sobol(space: Space, factors: list[Factor], sizes: Sequence[int]) -> Columns:
    """A scrambled Sobol sequence; what is added later continues it."""
    sampler = qmc.Sobol(len(factors), rng=space.rng(0))
    total = sum(sizes)
    # Drawn to the next power of two: the sequence is balanced there and scipy does not warn.
    return from_unit(factors, sampler.random_base2(max(total - 1, 0).bit_length())[:total])


def halton(space: Space, factors: list[Factor], sizes: Sequence[int]) -> Columns:
    """A scrambled Halton sequence; what is added later continues it."""
    return from_unit(factors, qmc.Halton(len(factors), rng=space.rng(0)).random(sum(sizes)))


def morris(space: Space, factors: list[Factor], sizes: Sequence[int]) -> Columns:
    """Trajectories that move one factor at a time, for elementary effects."""
    return from_unit(factors, trajectories(space, factors, sizes))


def trajectories(space: Space, factors: list[Factor], sizes: Sequence[int]) -> Floats:
    """Positions of a Morris design in the unit cube (points, factors)."""
    needs_salib(space)
    from SALib.sample import morris as sampling

    levels = space.size("levels", 2, 4)
    blocks = [
        sampling.sample(problem(factors), size, levels, seed=space.rng(block))
        for block, size in enumerate(sizes)
    ]
    return np.concatenate(blocks)


def saltelli(space: Space, factors: list[Factor], sizes: Sequence[int]) -> Columns:
    """Saltelli's design for Sobol indices: points x (factors + 2) runs, twice that for pairs."""
    needs_salib(space)
    from SALib.sample import sobol as sampling

    total, pairs = sum(sizes), space.design.get("second_order", False)
    if total & (total - 1):
        raise ExperimentError(f"{space.label}: a saltelli design needs a power of 2 as points")
    if not isinstance(pairs, bool):
        raise ExperimentError(f"{space.label}: design.second_order must be true or false")
    found = sampling.sample(
        problem(factors), total, calc_second_order=pairs, seed=space.rng(0), skip_values=0
    )
    return from_unit(factors, found)


DESIGNS: Final[dict[str, Design]] = {
    "grid": Design(grid, ("levels",)),
    "factorial": Design(factorial, ("levels",)),
    "one-at-a-time": Design(one_at_a_time, ("levels",)),
    "list": Design(listed, ("points",)),
    "table": Design(table, ("file",)),
    "lhs": Design(latin, ("points",), "points", crossed=True),
    "sobol": Design(sobol, ("points",), "points", crossed=True),
    "halton": Design(halton, ("points",), "points", crossed=True),
    "morris": Design(morris, ("trajectories", "levels"), "trajectories", 10, crossed=True),
    "saltelli": Design(saltelli, ("points", "second_order"), "points", crossed=True),
}


def design_of(space: Space) -> Design:
    """The kind of design asked for, its fields checked."""
    if space.kind not in DESIGNS:
        close = get_close_matches(space.kind, DESIGNS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"kinds are {', '.join(DESIGNS)}"
        raise ExperimentError(f"{space.label}: no design {shown(space.kind)}; {hint}")
    kind = DESIGNS[space.kind]
    allowed = ("kind", *kind.fields, *(("levers",) if kind.crossed else ()))
    if unknown := [name for name in space.design if name not in allowed]:
        raise ExperimentError(
            f"{space.label}: a {space.kind} design has no {shown(unknown[0])}; "
            f"it has {', '.join(allowed)}"
        )
    return kind


def first_size(space: Space) -> list[int]:
    """Sizes of a design before anything is added to it; empty where the factors say it all."""
    kind = design_of(space)
    if kind.size is None:
        return []
    return [space.size(kind.size, 1, kind.default)]


def design_points(space: Space, sizes: Sequence[int]) -> pa.Table:
    """A row per point: `draw`, `arm`, then the factors.

    draw: number of the combination of uncertainties, arm: that of levers; both in order of first
    appearance. sizes: those of `first_size`, and one more for each time points were added.
    """
    kind = design_of(space)
    refuse_reserved(space)
    drawn, crossed = list(space.factors), []
    how = space.design.get("levers", "crossed")
    if how not in ("crossed", "sampled"):
        raise ExperimentError(f'{space.label}: design.levers is "crossed" or "sampled"')
    if kind.crossed and how == "crossed":
        drawn, crossed = space.of_role("uncertainty"), space.of_role("lever")
    if kind.crossed and not drawn:
        raise ExperimentError(f"{space.label}: a {space.kind} design needs uncertainties")
    columns = kind.draw(space, drawn, sizes)
    arms = product(crossed, [factor.grid() for factor in crossed])
    return arrow(space, crossing(columns, arms, len(next(iter(arms.values()), [None]))))


def crossing(columns: Columns, arms: Columns, count: int) -> Columns:
    """Every point with every arm, the arms of a point side by side."""
    if count == 1:
        points = len(next(iter(columns.values()), [None]))
        return columns | {name: values * points for name, values in arms.items()}
    points = len(next(iter(columns.values())))
    refuse_too_many([points, count])
    long = {name: [v for v in values for _ in range(count)] for name, values in columns.items()}
    return long | {name: values * points for name, values in arms.items()}


def arrow(space: Space, columns: Columns) -> pa.Table:
    """The points as a table, with draws and arms numbered."""
    count = len(next(iter(columns.values()), [None]))
    typed = {f.name: pa.array(columns[f.name], arrow_type(f)) for f in space.factors}
    numbers = {
        name: numbered([columns[f.name] for f in space.of_role(role)], count)
        for name, role in (("draw", "uncertainty"), ("arm", "lever"))
    }
    return pa.table({**numbers, **typed})


def numbered(columns: list[list[Value]], count: int) -> pa.Array:
    """Number of each row's combination of values, in order of first appearance."""
    if not columns:
        return pa.array(np.zeros(count, np.int32))
    seen: dict[tuple[Value, ...], int] = {}
    rows = zip(*columns, strict=True)
    return pa.array([seen.setdefault(row, len(seen)) for row in rows], pa.int32())


def arrow_type(factor: Factor) -> pa.DataType:
    """Arrow type of a factor's column."""
    if factor.values is None:
        return pa.int64() if factor.integer else pa.float64()
    kinds = {type(value) for value in factor.values if value is not None}
    plain = {bool: pa.bool_(), int: pa.int64(), float: pa.float64()}
    return plain.get(next(iter(kinds)), pa.string()) if len(kinds) == 1 else pa.string()


def product(factors: Sequence[Factor], values: Sequence[Sequence[Value]]) -> Columns:
    """All combinations, the last factor fastest."""
    refuse_too_many([len(v) for v in values])
    rows: Iterator[tuple[Value, ...]] = itertools.product(*values)
    turned = zip(*rows, strict=True)
    return {f.name: list(column) for f, column in zip(factors, turned, strict=True)}


def refuse_too_many(counts: Sequence[int]) -> None:
    """Raise ExperimentError if the combinations of so many values are too many points."""
    size = math.prod(counts)
    if size > MOST_POINTS:
        raise ExperimentError(f"a design of {shown(size)} points is too large; take fewer levels")


def columns_of(factors: Sequence[Factor], points: Points) -> Columns:
    """Points by column; what a point leaves out has the base's value."""
    return {f.name: [point.get(f.name, f.reference) for point in points] for f in factors}


def from_unit(factors: Sequence[Factor], unit: Floats) -> Columns:
    """Columns of a sample of the unit cube."""
    return {f.name: f.along(unit[:, i]) for i, f in enumerate(factors)}


def checked(row: Mapping[str, Any], factors: Sequence[Factor], where: str) -> dict[str, Value]:
    """One point as written, each value checked against its parameter."""
    known = {factor.name: factor for factor in factors}
    point: dict[str, Value] = {}
    for name, value in row.items():
        if name not in known:
            raise no_factor(name, known, where)
        factor = known[name]
        if factor.options is None:
            info = info_of_path(name, where)
            point[name] = typed_value(value, info, f"{where}: {name}")
        elif isinstance(value, str) and value in factor.options:
            point[name] = value
        else:
            words = ", ".join(factor.options)
            raise ExperimentError(f"{where}: {name} is one of {words}, not {shown(value)}")
    return point


def cell_type(factor: Factor) -> pa.DataType:
    """What a factor's cells are in a CSV file, which does not say it itself."""
    kind = "text" if factor.options is not None else info_of_path(factor.name, "").type
    return CELLS.get(kind, pa.string())


def refuse_reserved(space: Space) -> None:
    """Raise ExperimentError for a factor whose name a column of the design has."""
    for factor in space.factors:
        if factor.name in RESERVED:
            raise ExperimentError(f"{space.label}: {factor.name} is taken; name the options else")


def problem(factors: Sequence[Factor]) -> dict[str, Any]:
    """The unit cube in SALib's words."""
    names = [factor.name for factor in factors]
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def needs_salib(space: Space) -> None:
    """Raise ImportError, one sentence, where the package is not installed."""
    if importlib.util.find_spec("SALib") is None:
        raise ImportError(
            f"a {space.kind} design needs SALib; install it with `uv sync --extra analysis` in a "
            "clone, or as nomoat[analysis]"
        )
    # It would look for a display through a plotting library otherwise.
    os.environ.setdefault("MPLBACKEND", "agg")
