"""The ledger: every claim with its verdict, as one JSON document of a folder of runs."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from experiments.claims.claim import BASE, QUESTIONS, Claim, switches
from experiments.claims.judging import LINEAR, Effect, Finding, found
from experiments.claims.shape import ASKED as ASKED_SHAPE
from experiments.claims.shape import SHAPE
from experiments.claims.sweep import AS_IS, EARLY, WIDE, Part, Runs, Table
from experiments.claims.verdicts import PLAUSIBLE, SOURCED, verdicts
from experiments.claims.worlds import CALIBRATED, RAW, Worlds, described
from experiments.durable import Disk, may_begin
from experiments.folder import OUTPUTS
from experiments.stored import (
    DocumentError,
    document,
    is_file,
    reason_of,
    refuse_links,
)
from sim.loading import canonical
from sim.version import model_version

LEDGER: Final = "ledger.json"
ASKED: Final = "claims.json"
MOST_DRIVERS: Final = 5
NESTED: Final = ("runs-*",)
"""Sweeps in the folder of a ledger."""


class LedgerError(Exception):
    """What was asked of a ledger cannot be done; the text is one sentence."""


@dataclass(frozen=True)
class Size:
    """How much is run.

    worlds: of each kind, in which cases are compared. wide: of each kind, for claims that look at
    worlds as they are; no fewer. switched: of the main kind, those run again with every mechanism
    switched; 0 for none. linear: the same of the form of quality, which verdicts hang on. early:
    of the main kind, those in which interventions come at the start, too; 0 for none. reported:
    whether what is only reported is run. replicates: runs of each world and case.
    """

    worlds: int
    wide: int
    switched: int
    linear: int
    early: int
    replicates: int
    enterprises: int
    seed: int
    reported: bool = True


def identity(claims: Sequence[Claim], worlds: Worlds, size: Size) -> dict[str, Any]:
    """What makes a ledger another one."""
    text = json.dumps([described(worlds), list(canonical(worlds.scenario))], sort_keys=True)
    return {
        "claims": {claim.id: digest(repr(claim)) for claim in claims},
        "switches": digest(repr(switches())),
        "size": asdict(size),
        "worlds": digest(text),
        "model_version": model_version(),
    }


def digest(text: str) -> str:
    """Twelve hexadecimal digits of a text."""
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def default_path(asked: Mapping[str, Any]) -> Path:
    """The folder of a ledger that nobody named."""
    return OUTPUTS / f"claims-{digest(json.dumps(asked, sort_keys=True))[:8]}"


def prepare(path: Path, asked: Mapping[str, Any], base: str) -> None:
    """Make the folder of a ledger, or see that the one there is the same.

    Raises LedgerError if it is another, StoreError if nothing can be written.
    """
    if not is_file(path / ASKED):
        files = {"base.toml": base.encode(), ASKED: json.dumps(asked, indent=1).encode()}
        if not may_begin(path, files):
            raise LedgerError(f"{path} exists and is no ledger; name another --out")
        if Disk().begin(path, files):
            return
    refuse_links(path, NESTED)
    if begun(path) != json.loads(json.dumps(asked)):
        raise LedgerError(
            f"{path} holds a ledger of other claims, worlds or code; name another --out"
        )


def begun(path: Path) -> dict[str, Any] | None:
    """What was asked of the ledger in a folder; None where none was begun."""
    try:
        return document(path / ASKED, ASKED_SHAPE)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise LedgerError(f"{path / ASKED} cannot be read: {reason_of(error)}") from None
    except DocumentError as error:
        raise LedgerError(f"{error}; name another --out") from None


def parts_of(claims: Sequence[Claim], size: Size) -> list[Part]:
    """What has to be run for some claims: for each length a part as it is, further worlds for those
    that look at worlds as they are, a part with interventions at the start, one for every switch.
    """
    found = []
    for months in sorted({claim.months for claim in claims}):
        mine = tuple(claim for claim in claims if claim.months == months)
        found.append(Part(mine, months, reported=size.reported))
        looking = tuple(claim for claim in mine if claim.looks)
        if looking and size.wide > size.worlds:
            found.append(Part(looking, months, wide=True))
        if size.early and any(claim.paired for claim in mine):
            found.append(Part(mine, months, early=True))
        parts = [Part(mine, months, switch) for switch in switches().values()]
        found += [part for part in parts if span_of(part, size).stop]
    return found


def span_of(part: Part, size: Size) -> slice:
    """Which worlds of each of its kinds a part runs."""
    if part.switch:
        return slice(0, size.linear if part.name == LINEAR else size.switched)
    if part.wide:
        return slice(size.worlds, size.wide)
    return slice(0, size.early if part.early else size.worlds)


def runs_of(part: Part, worlds: Worlds, size: Size) -> int:
    """Runs of a part."""
    kinds, span = worlds.kinds_used(main_only=part.main_only), span_of(part, size)
    each = sum(len(range(int(worlds.of(kind).sum()))[span]) for kind in kinds)
    return each * len(part.options([])) * size.replicates


def run(claims: Sequence[Claim], runs: Runs, size: Size) -> dict[str, Any]:
    """Run what is missing for the claims, judge them, and store and return the ledger.

    Raises StoreError or SweepError where nothing can be done, and what the engine raises.
    """
    findings: dict[str, Finding] = {}
    failed = 0
    for _, found_parts in groupby(parts_of(claims, size), key=lambda part: part.months):
        parts = list(found_parts)
        spans = [span_of(part, size) for part in parts]
        runs.do(parts, spans)
        tables = runs.tables(parts, spans)
        words = {part.name: part.switch.words for part in parts if part.switch}
        others = {name: (words[name], tables[name]) for name in words}
        for claim in parts[0].claims:
            mine = looked_at(tables) if claim.looks else tables[AS_IS]
            findings[claim.id] = found(claim, runs.worlds, mine, others, tables.get(EARLY))
        failed += sum(table.failed() for table in tables.values())
    document = document_of(claims, findings, runs.worlds, size, failed)
    text = json.dumps(document, indent=1, allow_nan=False)
    Disk().replace(runs.path / LEDGER, text.encode())
    return document


def looked_at(tables: Mapping[str, Table]) -> Table:
    """Worlds as they are, all that were run."""
    base = tables[AS_IS].only(BASE)
    return base.with_more(tables[WIDE]) if WIDE in tables else base


def document_of(
    claims: Sequence[Claim], findings: Mapping[str, Finding], worlds: Worlds, size: Size,
    failed: int,
) -> dict[str, Any]:  # fmt: skip
    """The ledger as JSON."""
    called = PLAUSIBLE if worlds.of(CALIBRATED).any() else SOURCED
    given = verdicts({name: one.judged for name, one in findings.items()}, called)
    return {
        "size": asdict(size),
        "calibrated": int(worlds.of(CALIBRATED).sum()),
        "raw": int(worlds.of(RAW).sum()),
        "ensemble": worlds.source or None,
        "failed_runs": failed,
        "model_version": model_version(),
        "claims": [entry(claim, findings[claim.id], given[claim.id]) for claim in claims],
    }


def entry(claim: Claim, finding: Finding, given: tuple[str, str]) -> dict[str, Any]:
    """One claim in the ledger."""
    judged, effect = finding.judged, finding.effect
    box = judged.box
    return {
        "id": claim.id, "statement": claim.statement, "who": claim.who, "when": claim.when,
        "question": claim.question, "asked": QUESTIONS[claim.question], "paired": claim.paired,
        "verdict": given[0], "reason": given[1],
        "share": interval(judged.share), "raw": interval(judged.raw),
        "linear": interval(judged.linear[0]) if judged.linear else None,
        "early": interval(judged.early),
        "switched": [
            {"name": one.name, "words": one.words, "share": interval(one.share),
             "before": interval(one.before), "worlds": one.worlds}
            for one in finding.switched
        ],
        "halves": [number(one) for one in finding.halves],
        "worlds": finding.worlds, "raw_worlds": finding.raw_worlds, "missing": finding.missing,
        "raw_missing": finding.raw_missing,
        "effect": sized(effect),
        "any": claim.any,
        "conditions": [
            {**sized(size), "words": condition.words, "share": number(share)}
            for condition, share, size in zip(
                claim.conditions, finding.each, finding.sizes, strict=True
            )
        ],
        "reported": [
            {**sized(size), "share": number(share)} for size, share in finding.reported
        ],
        "box": None if box is None else {
            "limits": {path: list(pair) for path, pair in box.limits.items()},
            "density": box.density, "coverage": box.coverage, "worlds": box.worlds,
            "p_value": box.p_value, "overall": box.overall,
        },
        "drivers": [
            {"path": one.path, "effect": number(one.effect), "low": number(one.low),
             "high": number(one.high), "pinned": one.pinned}
            for one in judged.drivers[:MOST_DRIVERS]
        ],
        "cases": {case.name: case.words for case in claim.cases},
        "caveats": list(claim.caveats),
    }  # fmt: skip


def sized(effect: Effect) -> dict[str, Any]:
    """A size for JSON."""
    return {
        "words": effect.words, "low": number(effect.low), "middle": number(effect.middle),
        "high": number(effect.high), "worlds": effect.worlds,
    }  # fmt: skip


def interval(share: Any) -> list[float | None] | None:
    """Share, low, high for JSON."""
    return None if share is None else [number(x) for x in (share.share, share.low, share.high)]


def number(value: float) -> float | None:
    """A number for JSON, none where there is none."""
    return float(value) if math.isfinite(value) else None


def stored(path: Path) -> dict[str, Any]:
    """The ledger in a folder; LedgerError while there is none."""
    try:
        return document(path / LEDGER, SHAPE)
    except (FileNotFoundError, NotADirectoryError):
        raise LedgerError(f"no ledger in {path}; nomoat claims run makes one") from None
    except OSError as error:
        raise LedgerError(f"{path / LEDGER} cannot be read: {reason_of(error)}") from None
    except DocumentError as error:
        raise LedgerError(f"{error}; nomoat claims run writes it anew") from None


def latest(outputs: Path = OUTPUTS) -> Path:
    """The folder of the ledger that was finished last; LedgerError where there is none."""
    places = [place for place in outputs.glob(f"claims-*/{LEDGER}") if place.is_file()]
    if not places:
        raise LedgerError(f"no ledger in {outputs}/; nomoat claims run makes one")
    return max(places, key=lambda place: place.stat().st_mtime_ns).parent
