"""An invented run that has something to explain: choices, and every kind of move."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import synthetic

from experiments.folder import RunFolder
from sim.schema_tables import TERMS
from sim.schemas import table

Row = dict[str, Any]
MONTHS = 24
MOVED = 20
"""The month of all moves: 2024-09."""


def terms(**known: float) -> dict[str, float]:
    """Eight terms, 0 unless given."""
    return dict.fromkeys(TERMS, 0.0) | known


def cell(decided: float, compared: float, chosen: Row, passed_over: Row, **labels: Any) -> Row:
    """A row of the decision table."""
    where = {
        "month": MOVED, "band": "large", "own_base_quartile": 3, "tier": "frontier",
        "access": "api", "open": False, "tuned": False, "slots": 2 * decided,
    } | labels  # fmt: skip
    return {
        **where, "decided": decided, "compared": compared,
        **{f"term_{key}": value if decided else None for key, value in chosen.items()},
        **{
            f"alternative_term_{key}": value if compared else None
            for key, value in passed_over.items()
        },
    }  # fmt: skip


CHOICES = [
    cell(3000.0, 3000.0, terms(quality=0.8, packaging=0.5), terms(quality=0.9, packaging=0.1)),
    cell(1000.0, 0.0, terms(quality=0.4, packaging=0.5), terms(), month=MOVED - 1, band="mid"),
    cell(
        500.0, 500.0, terms(quality=0.9, cost=-0.1), terms(quality=0.8, cost=-0.4),
        access="hosted", open=True, tier="routine",
    ),
    cell(
        10.0, 10.0, terms(quality=0.9), terms(quality=0.9, cost=-500.0), access="selfhost",
        open=True, own_base_quartile=0,
    ),
]  # fmt: skip
"""Closed services win by packaging, hosted open models by cost; one alternative is absurd."""

EVENTS: list[tuple[str, str, float | None, str, Row]] = [
    ("release", "OpenAI large closed 2", 1.5, "plan", {
        "compute": 5.0, "budget": 300.0, "lead": 0.2, "imitation": 0.05, "luck": -0.03,
    }),
    ("release", "Llama 9", 0.4, "input", {}),
    ("price", "OpenAI large closed 2", 9.8, "revision", {
        "old": 15.0, "cost": 2.1, "nash": 11.2, "target": 5.4,
    }),
    ("price", "Llama 9", 2.0, "scenario", {"old": 1.0}),
    ("price", "Llama 9", 2.0, "input", {}),
    ("withdrawal", "OpenAI large closed 1", 0.9, "age", {}),
    ("entry", "xAI", 900.0, "roster", {}),
    ("funding", "Mistral", 552.0, "hazard", {"cash": 386.0, "burn": 23.0, "growth": 0.96}),
    ("strategy", "Meta", None, "closed: review (open 20 M$, closed 90 M$)", {
        "old": "open", "needed": 53.5, "cash": {"open": 18.8, "closed": 92.0},
        "seen": {"open": 42.8, "closed": 92.0},
    }),
    ("strategy", "xAI", None, "open: scenario", {}),
    ("exit", "Baidu", -12.0, "no cash", {"cash": -12.0, "burn": 30.0}),
    ("breach", "hosts", 1.0, "hazard", {}),
    ("price-cut", "openai", 0.5, "scenario", {}),
    ("gpu-price-change", "", 2.0, "scenario", {}),
]  # fmt: skip
"""Events of the month `MOVED`: kind, target, magnitude, cause, details."""


def offering(month: int, model: str, vendor: str, q: float, price: float, opened: bool) -> Row:
    """A row of the offering table: a large model by its vendor's service."""
    return {
        "month": month, "model": model, "vendor": vendor, "tier": "large", "access": "api",
        "tuned": False, "open": opened, "price": price, "q": q,
    }  # fmt: skip


OFFERINGS = [
    offering(MOVED - 1, "OpenAI large closed 1", "OpenAI", 0.9, 20.0, False),
    offering(MOVED, "OpenAI large closed 2", "OpenAI", 1.5, 9.8, False),
    offering(MOVED, "Llama 9", "Meta", 0.4, 2.0, True),
]


def columns(name: str, rows: list[Row]) -> pa.Table:
    """A table from rows that may lack columns."""
    names = {key for row in rows for key in row}
    return table(name, {key: [row.get(key) for row in rows] for key in names})


def event_rows() -> list[Row]:
    """The events as the table holds them."""
    return [
        {
            "month": MOVED, "kind": kind, "target": target, "magnitude": magnitude,
            "cause": cause, "details": json.dumps(details) if details else None,
        }
        for kind, target, magnitude, cause, details in EVENTS
    ]  # fmt: skip


def tables() -> dict[str, pa.Table]:
    """All tables of the run."""
    firms = [
        {"month": month, "band": band, "enterprises": number}
        for month in range(MONTHS)
        for band, number in (("micro", 6e6), ("mid", 6e5), ("large", 3e4))
    ]
    return synthetic.tables(MONTHS) | {
        "decision": columns("decision", CHOICES),
        "event": columns("event", event_rows()),
        "offering": columns("offering", OFFERINGS),
        "segment": columns("segment", firms),
    }


def facts() -> Row:
    """The manifest of the run, as far as it is the scenario's."""
    result = synthetic.FakeResult(months=MONTHS, tables=tables())
    scenario = result.scenario.model_dump(mode="json")
    scenario["vendors"] = {"openai": {"name": "OpenAI"}, "meta": {"name": "Meta"}}
    return {**{key: value for key, value in vars(result).items() if key != "tables"},
            "scenario": scenario}  # fmt: skip


def store(folder: Path, changed: dict[str, pa.Table] | None = None) -> RunFolder:
    """Store the run, some of its tables changed."""
    run = RunFolder(folder)
    stored = tables() | (changed or {})
    run.write(synthetic.FakeResult(months=MONTHS, tables=stored), facts())
    return run
