"""Write what follows from the code in docs/: results, parameters, events, tables of the ODD.

`uv run scripts/refresh_docs.py` writes them; `--check` changes nothing and exits 1, naming the
pages, if one is stale.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Final

import pyarrow as pa

from agents.common.parameter import entries
from experiments.sweeps.logs import FAILURE_SCHEMA, TELEMETRY_SCHEMA
from sim.catalogue import ParameterInfo, catalogue, shown
from sim.event_kinds import EVENT_KINDS, EventKind, Target
from sim.scenario import Scenario
from sim.schemas import SCHEMAS

sys.path.insert(0, str(Path(__file__).resolve().parent))
import answers_page
import odd_tables as odd
import sweep_tables as sweeps
from event_words import RECORDED

DOCS = Path(__file__).resolve().parents[1] / "docs"
NOTE = "<!-- written by scripts/refresh_docs.py; do not edit -->"

ROWS: Final = {
    "market": "One row a month: the market as a whole.",
    "vendor": "One row per month and vendor that has entered.",
    "host": "One row per month and model served by hosts, and one per month and platform.",
    "operator": "One row per month and application operator.",
    "offering": "One row per month and offering: a model through one access, plain or tuned. Also "
    "those that only firms keep that hold them: there `listed` is false.",
    "decision": "One row per month and cell of home slots in use; empty cells are left out.",
    "segment": "One row per month, region (also those abroad), sector and size band with firms.",
    "event": "One row per event: see [events](events.md).",
    "panel": "One row per month and firm of a fixed sample; empty unless `output.panel` is set.",
}
"""What a row of each table is."""

RESULTS: Final = """\
# Guide to an output folder

`nomoat run` writes `outputs/<scenario>-<run id>/`:

- `manifest.json`: the scenario in full, seed, versions, machine, seconds, memory, and the rows and
  sha256 of every table;
- one Parquet file per table below;
- `summary.png`: usage by access, quality of the best models, prices, vendors' shares.

`nomoat run outputs/baseline-<run id>/manifest.json`, or the path of the folder, does a stored run
again: the scenario and the seed are those of the manifest, and the result is compared with the
stored one. `--set` and the other options change it as they change a scenario file.

Any Parquet reader opens the tables:

```python
import pandas as pd

market = pd.read_parquet("outputs/baseline-<run id>/market.parquet")
```

## CSV

`nomoat export` writes tables of a stored run as CSV, each to a file of its own, and never over a
file that is there. Without names it writes all of them, into a folder beside that of the run:

```sh
uv run nomoat export baseline
uv run nomoat export outputs/baseline-<run id> market vendor --out figures/data
uv run nomoat export baseline offering --out - > offering.csv
uv run nomoat export outputs/open-vs-closed --json
```

Of a sweep it writes `outcomes`, the design with the outcomes of every finished run, and by name the
tables that are kept of every run, with the design in front of each row. The files are UTF-8, with
commas and a heading. What is unknown is an empty cell. `date` is the first day of the month,
2024-12-01, which spreadsheets take for a date. Text that one would take for a formula has a `'` in
front. `--json` says which files were written, with rows, columns and bytes.

## Conventions

- Month 0 is 2023-01. Money is in US dollars of 2023, tokens in millions (Mtok), counted three
  input to one output. Rates are per month unless a name says otherwise.
- Quality is in logits on the Arena scale: 0 is GPT-4 of 2023-03, one logit is 173.7 Elo points.
- The market is that of North America and Europe ("home") unless a column says otherwise.
- `month` counts, `date` is the same as YYYY-MM; every table has both. Tables of earlier releases
  are read with the date of their months; other columns that they lack are null.
- Tokens and spend are those of firms. What application operators buy is in `operator`, and in the
  sales of hosts and vendors ("world"), nowhere else.
- "Spend" is all that firms pay to sellers, whoever they are: vendors, hosts, platforms, and lessors
  of the GPUs on which they run open models. Every share of spend is a share of this sum, by the
  vendor of the model: `vendor.spend_share`, `leader_share_spend`, `top3_share_spend`, `hhi_spend`.
  (Up to schema version 2 the last three left out rent and support, so they were higher.)
- `price_gpt35_level` and its kin are the lowest price of an `offering` that is `listed`, not tuned
  and at least that good. A model that its vendor or time takes off the list stays in `offering`
  while somebody holds it, and hosts go on serving it at their price; nobody new may choose it. So
  such a price can rise, even double, from one month to the next.
- "Open" counts use of models with open weights through whatever access.
- Firms are a weighted sample; counts of firms and slots are of real ones.
- "(survey)" marks a statistic made as enterprise surveys make it: the mean of the weighted shares
  of the bands mid (20 to 999 staff) and large (1,000 and more).
- A statistic without a denominator is null, never zero.
- Releases and list prices until `history.until` (2024-12) are input, not results.

`nomoat explain` reads the reasons of choices and moves out of these tables:
[explaining](explaining.md).

## Regimes

The regime of a run is judged by the means of its last 12 months; the first match counts. The
bounds are parameters (`output.*`).

| regime | when |
|---|---|
| collapse | spend below 10% of its peak, or no vendor alive |
| monopoly | `leader_share_spend` at least 0.70 |
| dual-led | `share_tokens_vendor_dual` at least 0.50 |
| open-led | `share_tokens_open` at least 0.60 |
| closed-led | `share_tokens_open` at most 0.10 |
| coexistence | none of these |
"""

PARAMETERS: Final = """\
# Parameters

Every number of the model that can be changed. Each works on the command line
(`--set choice.risk_weight=0.2`), in a scenario file, and in Python. `nomoat params PATTERN` shows
the same in the terminal. A value outside its range is refused.

"Plausible" is the range over which the value is uncertain; experiments draw from it. Sources
F001 and up are rows of `sim/data/facts.csv`. Where a parameter belongs to one entry of a table,
`<id>` stands for the entry, and the default is that of all entries or "by entry".
"""

EVENTS: Final = """\
# Events

A scenario file schedules events; each happens once, in its month:

```toml
[[events]]
month = "2026-03"
kind = "price-cut"
target = "openai"
magnitude = 0.5
```

An event must say what its kind needs, as the table has it, and nothing that its kind does not use;
"none" is what is not used. It must come while the run lasts: from 2023-01 to the last month that
`months` leaves. `nomoat run --months` does not drop later events, it refuses them.

An event aimed at a vendor that is not in the market in its month is recorded and has no effect; one
that could never have any, as of a vendor that never comes, is refused. Nobody in the market
foresees an event.

## Kinds a scenario can schedule
"""


def main() -> int:
    """Write or check the pages; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if stale")
    if parser.parse_args().check:
        names = stale(DOCS)
        for name in names:
            print(f"docs/{name} is stale: uv run scripts/refresh_docs.py", file=sys.stderr)
        return 1 if names else 0
    DOCS.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), "utf-8")
    return 0


def stale(folder: Path) -> list[str]:
    """Names of the pages that are missing from `folder` or not what the code says today."""
    present = {name: folder / name for name in PAGES}
    return [
        name
        for name, path in present.items()
        if not path.is_file() or path.read_text("utf-8") != PAGES[name]()
    ]


def results() -> str:
    """The guide to an output folder with every table and column."""
    parts = [NOTE, RESULTS]
    for name, schema in SCHEMAS.items():
        parts += [f"## `{name}`\n", f"{ROWS[name]}\n", columns(schema)]
    return "\n".join(parts)


def columns(schema: pa.Schema) -> str:
    """The columns of one table."""
    rows = (
        (
            f"`{field.name}`",
            KIND_WORDS[str(field.type)],
            field.metadata[b"unit"].decode(),
            field.metadata[b"description"].decode(),
        )
        for field in schema
    )
    return table(("column", "type", "unit", "meaning"), rows)


KIND_WORDS: Final = {"int32": "integer", "double": "number", "string": "text", "bool": "flag"}


def parameters() -> str:
    """All parameters, one table a section."""
    parts = [NOTE, PARAMETERS]
    for name, group in groupby(catalogue(), key=section_of):
        found = list(group)
        rows = condensed(name, found) if is_table(name) else map(parameter_row, found)
        parts += [f"## {name or 'run'}\n", f"{meaning(name)}\n", table(HEADINGS, rows)]
    return "\n".join(parts)


HEADINGS: Final = ("parameter", "range", "default", "plausible", "meaning", "source")


def section_of(info: ParameterInfo) -> str:
    """First part of a parameter's path; empty for those of the run itself."""
    head, dot, _ = info.path.partition(".")
    return head.removesuffix("[]") if dot else ""


def is_table(section: str) -> bool:
    """Whether a section holds entries by id."""
    return section in entries(Scenario) and entries(Scenario)[section].shape.kind == "table"


def meaning(section: str) -> str:
    """What a section is about, with the ids of its entries."""
    if not section:
        return "What a run is called, where it starts and how long it lasts."
    declaration = entries(Scenario)[section].declaration
    text = declaration.description.rstrip(".")
    if not is_table(section):
        return f"{text}."
    ids = ", ".join(f"`{key}`" for key in getattr(Scenario(), section))
    return f"{text}, from `{declaration.source}`. Entries: {ids}."


def parameter_row(info: ParameterInfo) -> tuple[str, ...]:
    """The cells of one parameter."""
    default = "required" if info.required else shown(info.default)
    return (f"`{info.path}`", span(info), default, plausible(info), info.description, info.source)


def span(info: ParameterInfo) -> str:
    """Range with unit, or the words allowed."""
    if info.choices:
        return ", ".join(info.choices)
    if info.type == "switch":
        return "true, false"
    unit = "" if info.unit in {"-", "text", "0 to 1"} else info.unit
    if info.low is None or info.high is None:
        return unit
    return f"{info.low:.12g} to {info.high:.12g} {unit}".rstrip()


def plausible(info: ParameterInfo) -> str:
    """The range of uncertainty."""
    return "{:g} to {:g}".format(*info.plausible) if info.plausible else ""


def condensed(section: str, found: list[ParameterInfo]) -> Iterable[tuple[str, ...]]:
    """One row per field of a table's entries."""
    fields: dict[str, list[ParameterInfo]] = {}
    for info in found:
        fields.setdefault(info.path.split(".", 2)[2], []).append(info)
    for field, same in fields.items():
        values = {shown(info.default) for info in same}
        default = values.pop() if len(values) == 1 else "by entry"
        _, limits, _, *rest = parameter_row(same[0])
        yield (f"`{section}.<id>.{field}`", limits, default, *rest)


def events() -> str:
    """The kinds of events, scheduled and recorded."""
    scheduled = table(
        ("kind", "target", "magnitude", "value", "what happens"),
        (
            (f"`{kind.word}`", TARGETS[kind.target], size(kind), words(kind), kind.meaning)
            for kind in EVENT_KINDS.values()
        ),
    )
    recorded = table(("kind", "target", "magnitude", "cause", "details"), RECORDED)
    heading = "## What the model records besides\n"
    scenario = (
        "Scheduled events are in the `event` table too, with the cause `scenario`. The column\n"
        "`details` holds the numbers that whoever acted went by: a JSON object, six digits each.\n"
    )
    return "\n".join([NOTE, EVENTS, scheduled, heading, scenario, recorded])


TARGETS: Final = {
    Target.NOTHING: "none",
    Target.VENDOR: "vendor id",
    Target.ANY_VENDOR: "vendor id, or none",
    Target.REGION: "region id",
    Target.PARAMETER: "parameter, such as crowd.effectiveness",
}
"""What the target of a kind of event names."""


def size(kind: EventKind) -> str:
    """What `magnitude` counts, and how much of it there can be."""
    if kind.size is None:
        return "none"
    if kind.is_change:
        return f"{kind.size.words}, in the parameter's range; none with a word"
    usual = "" if kind.size.usual is None else f"; {kind.size.usual:g} if not given"
    only = f"; only with {', '.join(kind.size.only_with)}" if kind.size.only_with else ""
    return f"{kind.size.words}, {kind.size.span}{usual}{only}"


def words(kind: EventKind) -> str:
    """What `value` may be."""
    if kind.is_change:
        return "word of a parameter that takes words, or true, false, none; none with a number"
    return ", ".join(kind.values) or "none"


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = [tuple(headings)]
    lines += [("---",) * len(lines[0]), *map(tuple, rows)]
    return "".join("| " + " | ".join(map(cell, line)) + " |\n" for line in lines)


def cell(text: str) -> str:
    """Text that cannot break a table; angle brackets outside code are kept literal."""
    plain = text if text.startswith("`") else text.replace("<", "&lt;")
    return plain.replace("|", "\\|").replace("\n", " ")


def odd_page() -> str:
    """The ODD description as it stands, with its tables made anew."""
    return with_tables("odd.md", ODD_TABLES)


def sweeps_page() -> str:
    """The page on sweeps as it stands, with its tables made anew."""
    return with_tables("sweeps.md", SWEEP_TABLES)


def with_tables(name: str, tables: Mapping[str, Callable[[], odd.Table]]) -> str:
    """A page written by hand with its tables made anew.

    ValueError if its markers are not exactly one pair for each table.
    """
    page = (DOCS / name).read_text("utf-8")
    names = [found[1] for found in MARKED.finditer(page)]
    if sorted(names) != sorted(tables) or page.count(END) != len(names):
        raise ValueError(f"docs/{name} must mark each of {', '.join(tables)} once: {names}")
    return MARKED.sub(lambda found: marked(found[1], tables[found[1]]()), page)


END: Final = "<!-- end of table -->"
MARKED: Final = re.compile(rf"<!-- table: (\w+) -->\n.*?{END}", re.DOTALL)


def marked(name: str, content: odd.Table) -> str:
    """One table between its markers."""
    return f"<!-- table: {name} -->\n\n{table(*content)}\n{END}"


def sections() -> odd.Table:
    """Sections of parameters with the number of their entries or fields."""
    rows = []
    for name, group in groupby(catalogue(), key=section_of):
        label, text = name or "run", meaning(name).partition(", from `")[0].rstrip(".")
        found = list(group)
        number = len(list(condensed(name, found))) if is_table(name) else len(found)
        rows.append((f"[{label}](parameters.md#{label})", text, str(number)))
    return ("section", "what it is about", "parameters"), rows


def event_kinds() -> odd.Table:
    """Kinds of events and who can cause them."""
    recorded = {row[0]: row[3] for row in RECORDED}
    rows = [
        (f"`{kind}`", "yes" if kind in EVENT_KINDS else "no", recorded.get(kind, ""))
        for kind in dict.fromkeys((*EVENT_KINDS, *recorded))
    ]
    return ("kind", "a scenario can schedule it", "what else causes it"), rows


def outputs() -> odd.Table:
    """Output tables."""
    rows = [
        (f"[{name}](results.md#{name})", ROWS[name], str(len(schema)))
        for name, schema in SCHEMAS.items()
    ]
    return ("table", "a row is", "columns"), rows


ODD_TABLES: Final[dict[str, Callable[[], odd.Table]]] = {
    "patterns": odd.patterns, "roster": odd.roster, "licences": odd.licences,
    "firms": lambda: odd.columns("Firms"), "slots": lambda: odd.columns("Slots"),
    "bands": odd.bands, "regions": odd.regions, "schedule": odd.schedule, "outputs": outputs,
    "parameters": sections, "constants": odd.constants, "events": event_kinds,
}  # fmt: skip
"""Tables inside the ODD description; the prose around them is written by hand."""

SWEEP_TABLES: Final[dict[str, Callable[[], odd.Table]]] = {
    "library": sweeps.experiments, "designs": sweeps.designs, "reductions": sweeps.reductions,
    "design": sweeps.design_columns, "outcomes": sweeps.outcome_columns,
    "telemetry": lambda: sweeps.columns(TELEMETRY_SCHEMA),
    "failures": lambda: sweeps.columns(FAILURE_SCHEMA),
}  # fmt: skip
"""Tables inside the page on sweeps."""

PAGES: Final[dict[str, Callable[[], str]]] = {
    "results.md": results,
    "parameters.md": parameters,
    "events.md": events,
    "odd.md": odd_page,
    "sweeps.md": sweeps_page,
    "answers.md": lambda: f"{NOTE}\n\n{answers_page.page()}",
}


if __name__ == "__main__":
    sys.exit(main())
