"""What the manifest of a sweep must look like before anything in it is used."""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, NotRequired, TypedDict

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, TypeAdapter

from experiments.stored import DocumentError, Seed, refuse_other_shape
from experiments.sweeps.factors import ExperimentError, Factor
from experiments.sweeps.outcomes import Outcome, outcome_schema
from sim.catalogue import shown
from sim.schemas import SCHEMAS

MOST_RUNS: Final = 100_000_000
"""Runs of a sweep."""
MARKET: Final = "market"
HEAD: Final = {
    "run_id": pa.string(), "point": pa.int32(), "draw": pa.int32(), "arm": pa.int32(),
    "replicate": pa.int32(), "seed": pa.int64(),
}  # fmt: skip
"""Columns of a design before the factors."""
Some = Annotated[int, Field(ge=1, le=MOST_RUNS)]
Value = bool | int | float | str | None
Fields = Annotated[list[Any], Field(min_length=6, max_length=7)]


class Described(TypedDict):
    """A factor."""

    name: str
    role: Literal["lever", "uncertainty"]
    reference: Value
    low: NotRequired[float]
    high: NotRequired[float]
    log: NotRequired[bool]
    integer: NotRequired[bool]
    levels: NotRequired[Some]
    values: NotRequired[list[Value]]
    options: NotRequired[dict[str, dict[str, Any] | str]]


class Identity(TypedDict):
    """What makes a sweep another one."""

    scenario: list[str]
    months: Some
    seed: Seed
    factors: list[Described]
    options: dict[str, list[str]]
    design: dict[str, Any]
    table: str
    outcomes: list[Fields]
    keep: list[str]
    market: list[str]


class Facts(TypedDict):
    """The manifest."""

    experiment: str
    question: str
    hash: str
    model_version: str
    replicates: Some
    sizes: list[Some]
    points: Some
    levers: list[str]
    uncertainties: list[str]
    paths: list[str]
    options: list[str]
    worlds: Annotated[list[list[str]], Field(min_length=1)]
    limits: dict[str, float]
    identity: Identity
    design_sha256: str


SHAPE: Final = TypeAdapter(Facts)


def refuse_malformed(found: Any, label: str) -> None:
    """Raise DocumentError, naming the field, for what is not the manifest of a sweep.

    label: the file, for the sentence.
    """
    refuse_other_shape(found, SHAPE, label)
    identity = found["identity"]
    for place, facts in enumerate(identity["factors"]):
        try:
            Factor.from_described(facts)
        except (TypeError, ValueError, LookupError):
            raise DocumentError(f"{label}: identity.factors.{place} is no factor") from None
    _refuse_other_names(found, label)
    unknown = sorted(set(identity["keep"]) - set(SCHEMAS))
    if unknown:
        raise DocumentError(f"{label}: identity.keep names {unknown[0]!r}, and no table has it")
    columns = set(SCHEMAS[MARKET].names)
    if unknown := sorted(set(identity["market"]) - columns):
        raise DocumentError(f"{label}: identity.market names {unknown[0]!r}, and no column has it")
    for place, fields in enumerate(identity["outcomes"]):
        _refuse_outcome(fields, f"{label}: identity.outcomes.{place}")
    if hash_of(identity) != found["hash"]:
        raise DocumentError(
            f"{label}: hash is {shown(found['hash'])}, and that of identity is "
            f"{hash_of(identity)}; one of them was changed after the sweep began"
        )


def hash_of(identity: Mapping[str, Any]) -> str:
    """Eight hexadecimal digits of what makes a sweep another one."""
    text = json.dumps(identity, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def _refuse_other_names(found: Mapping[str, Any], label: str) -> None:
    """Raise DocumentError where lists of factors are not those of the identity."""
    factors = found["identity"]["factors"]
    expected = {
        "levers": [one["name"] for one in factors if one["role"] == "lever"],
        "uncertainties": [one["name"] for one in factors if one["role"] == "uncertainty"],
        "paths": [one["name"] for one in factors if "options" not in one],
        "options": [one["name"] for one in factors if "options" in one],
    }
    for name, names in expected.items():
        if found[name] != names:
            raise DocumentError(f"{label}: {name} are not those of identity.factors")
    if any(len(world) != len(expected["options"]) for world in found["worlds"]):
        raise DocumentError(f"{label}: worlds do not choose an option for each of options")


def _refuse_outcome(fields: list[Any], label: str) -> None:
    kinds: tuple[type | tuple[type, ...], ...] = (str, str, str, int, int, (int, float), str)
    if not all(
        isinstance(field, kind) and not isinstance(field, bool)
        for field, kind in zip(fields, kinds, strict=False)
    ):
        raise DocumentError(f"{label} is no outcome")
    try:
        outcome_schema([Outcome(*fields)])
    except (ExperimentError, ValueError, TypeError, LookupError, RecursionError, OverflowError):
        raise DocumentError(f"{label} is no outcome of this release") from None


def tables_of(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Tables that a sweep keeps of each run beside the outcomes."""
    identity = facts["identity"]
    return tuple(sorted({*identity["keep"], *([MARKET] if identity["market"] else [])}))


def runs_of(facts: Mapping[str, Any]) -> int:
    """Rows of the design."""
    return int(facts["points"] * facts["replicates"])


def refuse_other_design(design: pa.Table, facts: Mapping[str, Any]) -> None:
    """Raise DocumentError, a part of a sentence, for a design that the manifest cannot have."""
    names = [*HEAD, *(factor["name"] for factor in facts["identity"]["factors"])]
    if design.column_names != names:
        raise DocumentError(f"has the columns {', '.join(design.column_names)[:200]}")
    for name, kind in HEAD.items():
        if design.schema.field(name).type != kind or design[name].null_count:
            raise DocumentError(f"has no {kind} in every row of {name}")
    for name in ("point", "replicate"):
        low, high = pc.min_max(design[name]).as_py().values()
        if low < 0 or high >= facts[f"{name}s"]:
            raise DocumentError(f"has {name}s outside 0 to {facts[f'{name}s'] - 1:,}")
