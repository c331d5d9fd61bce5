"""What `nomoat claims list`, `show` and `new` print."""

from pathlib import Path
from typing import Any, Final

from app.reporting.words import decided, worlds_called
from app.shell import OK, InputError
from app.terminal import add, console, plain_table, print_json, short_warnings
from experiments.claims.claim import QUESTIONS, library
from experiments.claims.judging import LINEAR
from experiments.claims.ledger import latest, stored
from experiments.escape import for_terminal
from experiments.reference import MADE, read
from sim.version import model_version

DASH: Final = "–"
SWITCHES: Final = 4
"""Mechanisms printed: those that move a claim most."""
VERDICT_STYLES: Final = {
    "holds broadly": "green", "fails broadly": "red",
    "holds under stated conditions": "cyan", "not identified": "",
}  # fmt: skip
TEMPLATE: Final = """\
# A claim of your own: `nomoat claims run {name}` judges it, `nomoat claims show {id}` tells all.
id = "{id}"
statement = "Without Meta, open models would hardly matter."
who = "a colleague"
when = "2024-06"
# Q1 capability, Q2 business, Q3 cost, Q4 kind of openness
question = "Q2"
caveats = ["Hardly matter is taken as losing a third of their tokens."]

# What is measured of each run: columns of the market table, as in an experiment (docs/sweeps.md),
# or sums over rows of other tables, such as
# {{ table = "vendor", where = {{ vendor = "Meta" }}, column = "profit" }}
[outcomes]
share = {{ column = "share_tokens_open", reduce = "mean", from = 60, to = 95 }}

# What it is compared with: events in the month of intervention (docs/events.md). Cases that come
# with the program, such as all-closed or no-crowd, need not be declared.
[cases.no-meta]
words = "Meta leaves the market"
events = [{{ kind = "vendor-exit", target = "meta" }}]

# All must hold, of means over replicates. Bounds: above, below, at_least, at_most, within.
[[conditions]]
words = "open models serve a third less of all tokens"
outcome = "share"
case = "no-meta"
less = "base"
relative = true
below = -0.333
"""


def list_claims(*, as_json: bool) -> int:
    """Print the claims by question."""
    claims = list(library().values())
    if as_json:
        print_json([
            {"id": c.id, "statement": c.statement, "who": c.who, "when": c.when,
             "question": c.question, "caveats": list(c.caveats)}
            for c in claims
        ])  # fmt: skip
        return OK
    out = console()
    for question, words in QUESTIONS.items():
        out.print(f"{question}  {words}", style="bold")
        table = plain_table("claim", "statement", "who")
        for claim in claims:
            if claim.question == question:
                add(table, claim.id, claim.statement, claim.who)
        out.print(table)
        out.print()
    return OK


def show_claims(claim: str | None, folder: Path | None, *, reference: bool, as_json: bool) -> int:
    """Print the ledger or one claim of it."""
    short_warnings()
    document, place = ledger_of(folder, reference=reference)
    if claim is not None:
        known = {entry["id"].lower(): entry for entry in document["claims"]}
        if claim.lower() not in known:
            raise InputError(f"there is no claim {claim} in {place}; it has {', '.join(known)}")
        entry = known[claim.lower()]
        if as_json:
            print_json(entry)
        else:
            print_claim(entry, document)
        return OK
    if as_json:
        print_json({"folder": place, **document})
    else:
        print_ledger(document, place)
    return OK


def ledger_of(folder: Path | None, *, reference: bool) -> tuple[dict[str, Any], str]:
    """A ledger and where it comes from."""
    if reference:
        if folder is not None:
            raise InputError("--reference is a ledger of its own; leave out --folder")
        return read("ledger.json"), said_of(read(MADE))
    path = folder or latest()
    return stored(path), str(path)


def said_of(made: dict[str, Any]) -> str:
    """Where the reference comes from, in words."""
    same = made["model_version"] == model_version()
    return f"the results that come with the program, made {made['date']} on {made['machine']}" + (
        "" if same else " with another version of the model"
    )


def print_ledger(document: dict[str, Any], place: str) -> None:
    """Print every claim in a line or two."""
    out = console()
    size = document["size"]
    called = worlds_called(document)
    both = f"{document['calibrated']} plausible and {document['raw']} raw worlds"
    out.print(
        f"{len(document['claims'])} claims over "
        f"{both if document['calibrated'] else f'{document["raw"]} {called}'} as they are, "
        f"compared with others in {size['worlds']} of each at most; {size['replicates']} "
        f"replicates of {size['enterprises']:,} enterprises"
    )
    if not size["early"]:
        out.print(
            "interventions in 2025-01 only, nothing reported beside; a larger budget does both"
        )
    if not size["switched"]:
        out.print("mechanisms and the form of quality were not switched; --switched 8 does")
    if document["failed_runs"]:
        out.print(f"{document['failed_runs']:,} runs failed; their worlds do not count")
    for question, words in QUESTIONS.items():
        mine = [entry for entry in document["claims"] if entry["question"] == question]
        if not mine:
            continue
        out.print()
        out.print(f"{question}  {words}", style="bold")
        beside = ["raw ranges"] if document["calibrated"] else []
        table = plain_table("claim", "", "verdict", called, *beside)
        for entry in mine:
            style = VERDICT_STYLES.get(entry["verdict"], "")
            shares = [share(entry[name]) for name in ("share", "raw")][: 1 + len(beside)]
            add(table, entry["id"], entry["statement"], entry["verdict"], *shares, style=style)
        out.print(table)
    out.print()
    out.print(f"from    {place}")
    out.print("next    nomoat claims show C05")


def print_claim(entry: dict[str, Any], ledger: dict[str, Any]) -> None:
    """Print everything about one claim of a ledger."""
    out = console()
    out.print(for_terminal(f"{entry['id']}  {entry['statement']}"), style="bold")
    who = f"{entry['who']}, {entry['when']}; {entry['question']} {entry['asked']}"
    out.print(for_terminal(who))
    out.print()
    style = VERDICT_STYLES.get(entry["verdict"], "")
    out.print(for_terminal(f"{entry['verdict']}: {entry['reason']}"), style=style)
    out.print()
    table = plain_table("over", "holds in", "of worlds")
    rows = [
        (worlds_called(ledger), entry["share"], counted(entry["worlds"], entry["missing"])),
        ("raw ranges", entry["raw"], counted(entry["raw_worlds"], entry.get("raw_missing", 0))),
        ("quality that never saturates", entry["linear"], switched_worlds(entry)),
        ("intervention in 2023, no record", entry["early"], f"at most {ledger['size']['early']:,}"),
    ]
    if not ledger["calibrated"]:
        del rows[1]  # They are the same worlds.
    for words, found, worlds in rows:
        if found is not None:
            add(table, words, share(found), str(worlds))
    out.print(table)
    first, second = entry["halves"]
    out.print(f"by half of the replicates: {percent(first)} and {percent(second)}")
    out.print()
    effect = entry["effect"]
    out.print(f"size over worlds: {sizes(effect)}; measured for: {effect['words']}")
    if len(entry["conditions"]) > 1:
        for condition in entry["conditions"]:
            size = f": {sizes(condition)}" if "middle" in condition else ""
            out.print(f"  {percent(condition['share'])} of worlds: {condition['words']}{size}")
        out.print(decided(entry))
    for one in entry["reported"]:
        passed = "" if one["share"] is None else f"; so in {percent(one['share'])} of worlds"
        out.print(f"beside  {one['words']}: {sizes(one)}{passed}")
    print_box(entry)
    for driver in entry["drivers"]:
        pinned = "" if driver["pinned"] else ", pinned by no fact"
        out.print(
            f"driver  {driver['path']}: {percent(driver['low'])} in its lower half, "
            f"{percent(driver['high'])} in its upper half{pinned}"
        )
    print_switched(entry)
    for name, words in entry["cases"].items():
        out.print(for_terminal(f"case    {name}: {words}"))
    for caveat in entry["caveats"]:
        out.print(for_terminal(f"caveat  {caveat}"))


def switched_worlds(entry: dict[str, Any]) -> str:
    """In how many worlds quality was let go on, empty where a ledger does not say."""
    return next((f"{one['worlds']:,}" for one in entry["switched"] if one["name"] == LINEAR), "")


def counted(worlds: int, missing: int) -> str:
    """A number of worlds, and how many more have no value."""
    return f"{worlds:,}" + (f", {missing:,} more without a value" if missing else "")


def sizes(found: dict[str, Any]) -> str:
    """Median and range over worlds, and how many these are where a ledger has it."""
    over = f", {found['worlds']:,} worlds" if "worlds" in found else ""
    low, high = short(found["low"]), short(found["high"])
    return f"{short(found['middle'])} ({low} to {high}{over})"


def print_switched(entry: dict[str, Any]) -> None:
    """Print the mechanisms that the claim hangs on most."""
    if not entry["switched"]:
        return
    out = console()
    out.print()
    out.print("mechanisms switched one by one, in some of the worlds:")
    table = plain_table("if", "holds in", "as they are", "worlds")
    for one in entry["switched"][:SWITCHES]:
        before = percent(one["before"][0])
        add(table, one["words"], share(one["share"]), before, str(one["worlds"]))
    out.print(table)
    out.print()


def print_box(entry: dict[str, Any]) -> None:
    """Print the box of conditions, if one was found."""
    box = entry["box"]
    if box is None:
        return
    out = console()
    limits = ", ".join(
        f"{path} {short(low)} to {short(high)}" for path, (low, high) in box["limits"].items()
    )
    out.print(
        f"box     {limits}: holds in {percent(box['density'])} of its {box['worlds']} worlds "
        f"({percent(box['overall'])} of all tested), "
        f"which are {percent(box['coverage'])} of all in which it holds"
    )


def write_template(path: Path) -> int:
    """Write a template for a user's own claim."""
    if path.suffix != ".toml":
        raise InputError(f"{path}: a claim is a TOML file; name it such as my-claim.toml")
    name = "".join(c if c.isalnum() or c == "-" else "-" for c in path.stem)[:32]
    if not name[:1].isalpha():
        name = f"claim-{name}"[:32]
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE.format(id=name, name=path.name))
    except FileExistsError:
        raise InputError(f"{path} is there already; name another file") from None
    console().print(f"written {path}; next: nomoat claims run {path}")
    return OK


def share(found: list[float | None] | None) -> str:
    """A share of worlds with its interval."""
    if found is None or found[0] is None:
        return DASH
    return f"{percent(found[0])} ({percent(found[1])} to {percent(found[2])})"


def percent(value: float | None) -> str:
    """A share in percent."""
    return DASH if value is None else f"{100 * value:.0f}%"


def short(value: float | None) -> str:
    """A number in few digits."""
    return DASH if value is None else f"{value:.3g}"
