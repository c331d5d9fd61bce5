"""What `nomoat explain` does: why enterprises chose, and vendors moved, in a month of a run."""

import math
import textwrap
from collections.abc import Callable
from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import Any, Final

import pyarrow as pa
from rich.table import Table

from agents.common.vocabulary import month_name
from app.moves import in_order, move_words, state_words
from app.reasons import (
    ACCESS_WORDS,
    TERM_WORDS,
    count,
    openness,
    option_name,
    plain,
    setting_sentence,
    signed,
    total,
    what_decided,
    what_held,
)
from app.report import NOTHING, heading, percent
from app.segment_words import UNKNOWN, figures_words
from app.shell import OK
from app.terminal import add, console, plain_table, print_json
from experiments.escape import for_terminal
from experiments.explanation import (
    Choices,
    Contrast,
    Option,
    Segment,
    Setting,
    Terms,
    explain_choices,
    month_of,
    segment_of,
    setting_of,
    slot_weights,
    window_to,
)
from experiments.folder import (
    OUTPUTS,
    FolderError,
    Manifest,
    RunFolder,
    find_run,
    find_runs,
    run_id_of,
)
from experiments.moves import Moves, moves_in
from experiments.segments import Figures, figures_of, place_words
from sim.schema_tables import TERMS

TABLES: Final = ("decision", "event", "vendor", "offering", "segment", "market")
LABEL: Final = 13
"""Columns that names of terms take."""
WIDE: Final = 120
"""Columns of a terminal from which the alternatives' means are shown as well."""
NUMBER: Final = len("-0.00") + 2
"""Columns of one number and the space after it."""
LEGEND: Final = (
    "Mean terms of utility in shares of the value at stake; diff: the choice less the best "
    "alternative of the other openness. The terms leave out the luck of the draw."
)
LEGEND_WIDE: Final = (
    "Terms of utility in shares of the value at stake. mean: of what was chosen; other: of the "
    "best alternative of the other openness; diff: choice less alternative, where both were "
    "looked at. The terms leave out the luck of the draw."
)
REVISIONS: Final = (
    "A revision goes part of the way to its target, which is cost plus the part of the Nash "
    "markup that the vendor takes."
)


@dataclass(frozen=True)
class Request:
    """One call of `nomoat explain`; an empty run means the latest."""

    run: str
    month: str | None
    window: int
    segments: list[str]
    json: bool


@dataclass(frozen=True)
class Place:
    """What firms of some sectors, regions and bands did, by the segment table."""

    names: list[str]
    now: Figures | None
    year_before: Figures | None


@dataclass(frozen=True)
class Explanation:
    """Everything that is told about one month of a run."""

    folder: RunFolder
    facts: Manifest
    month: int
    setting: Setting
    place: Place | None
    """Of the sectors and regions asked for, if any."""
    choices: Choices
    moves: Moves


def execute(request: Request) -> int:
    """Explain and print."""
    folder = find_run(request.run, OUTPUTS) if request.run else latest_run()
    facts = folder.manifest()
    tables = {name: folder.read(name) for name in TABLES}
    segment = segment_of(request.segments, place_words(tables["segment"]))
    if tables["decision"].num_rows and tables["decision"]["decided"].null_count:
        raise FolderError(
            f"{folder.path} is of an earlier release that did not record how many slots decided; "
            "repeat the run"
        )
    month = month_of(request.month, tables["market"].num_rows)
    weights = slot_weights(tables["segment"], month, facts["enterprises"])
    found = Explanation(
        folder, facts, month, setting_of(tables["market"], month),
        place_of(tables["segment"], facts, month, segment) if segment.places else None,
        explain_choices(tables["decision"], window_to(month, request.window), segment, weights),
        moves_in(month, tables, facts),
    )  # fmt: skip
    if request.json:
        print_json(document(found))
    else:
        print_explanation(found)
    return OK


def place_of(segments: pa.Table, facts: Manifest, month: int, segment: Segment) -> Place:
    """Figures of the sectors, regions and bands of a segment; of home regions if none is named."""
    values = {name: set(map(str, v)) for name, v in segment.columns.items() if name == "band"}
    for column, value in segment.places:
        values.setdefault(column, set()).add(value)
    names = [value for found in values.values() for value in sorted(found)]
    regions = facts["scenario"].get("regions", {})
    home = {name for name, region in regions.items() if region["home"]}
    if home and "region" not in values:
        values["region"] = home
    before = figures_of(segments, month - 12, values) if month >= 12 else None
    return Place(names, figures_of(segments, month, values), before)


def latest_run() -> RunFolder:
    """The run stored last; FolderError if there is none.

    Sweeps lie beside runs and have a manifest, too, but no id of a run in it.
    """
    latest = next(filter(run_id_of, find_runs(OUTPUTS)), None)
    if latest is None:
        raise FolderError(f"no runs in {OUTPUTS}/; `nomoat run` makes one")
    return latest


def print_explanation(found: Explanation) -> None:
    """Print which run and month, why enterprises chose, and why vendors moved."""
    out = console()
    say(heading(found.facts), style="bold")
    say(f"{month_name(found.month)}: {setting_sentence(found.setting)}", deeper=0)
    out.print()
    if found.place:
        place, date = found.place, month_name(found.month)
        say(figures_words(place.names, date, place.now, place.year_before), deeper=0)
        say(UNKNOWN, deeper=0, style="dim")
        out.print()
    print_choices(found.choices)
    out.print()
    print_moves(found.moves, found.month)


def say(text: str, indent: int = 0, deeper: int = 2, style: str | None = None) -> None:
    """Print a paragraph wrapped to the terminal; lines after the first stand `deeper`."""
    out = console()
    starts = " " * indent, " " * (indent + deeper)
    for line in textwrap.wrap(
        for_terminal(text),
        out.width,
        break_on_hyphens=False,
        initial_indent=starts[0],
        subsequent_indent=starts[1],
    ):
        out.print(line, style=style)


def print_choices(choices: Choices) -> None:
    """Print the table of terms and a sentence for every option."""
    out = console()
    words = ", ".join(choices.segment.words) or "all firms of the home market"
    span = f"{month_name(choices.span.first)} to {month_name(choices.span.last)}"
    say(f"Why firms chose as they did, {span}: {words}", style="bold")
    if choices.decided <= 0:
        out.print("nobody of this segment decided in these months")
        return
    wide = out.width >= WIDE
    say(LEGEND_WIDE if wide else LEGEND, deeper=0, style="dim")
    out.print()
    options = [option for option in choices.options if option.decided > 0]
    for part in in_width(options, lambda o: option_width(o, wide=wide), out.width - LABEL):
        out.print(option_table(part, wide=wide))
        out.print()
    for option in choices.options:
        say(f"{option_name(option)}: {what_decided(option)}")
    print_unreached(choices.options)
    if choices.contrasts:
        out.print()
        print_contrasts(choices.contrasts)


def print_unreached(options: list[Option]) -> None:
    """Say how many comparisons were none, if any."""
    unreached = math.fsum(option.out_of_reach for option in options)
    if unreached > 0:
        share = percent(unreached / (unreached + math.fsum(o.compared for o in options)))
        say(
            f"Left out of other and diff: {share} of comparisons, whose alternative would have "
            "lost more than the whole value of the work.", deeper=0, style="dim",
        )  # fmt: skip


def in_width[T](items: list[T], width_of: Callable[[T], int], width: int) -> list[list[T]]:
    """Split columns over as many tables as the width demands."""
    tables: list[list[T]] = [[]]
    left = width
    for item in items:
        if width_of(item) > left and tables[-1]:
            tables.append([])
            left = width
        tables[-1].append(item)
        left -= width_of(item)
    return tables


def option_width(option: Option, *, wide: bool) -> int:
    """Columns that an option takes in the table."""
    counts = count(option.decided), count(option.slots), f"~{count(option.simulated)}"
    first = max(map(len, (ACCESS_WORDS[option.access], "closed", *counts)))
    return first + NUMBER + (2 * NUMBER if wide else NUMBER) - len("-0.00")


def option_table(options: list[Option], *, wide: bool) -> Table:
    """Terms by option: mean and difference, and between them the alternative if wide."""
    parts = ("mean", "other", "diff") if wide else ("mean", "diff")
    table = plain_table("", *spread(options, access_word, len(parts)))
    for column in table.columns[1:]:
        column.justify = "right"
    add(table, "", *spread(options, lambda o: openness(o.open), len(parts)), style="bold")
    add(table, "", *parts * len(options), style="dim")
    rows = {TERM_WORDS.get(key, key): itemgetter(key) for key in TERMS} | {"sum": total}
    for label, number in rows.items():
        cells = [cell for o in options for cell in means(o, number, wide=wide)]
        add(table, label, *cells, style="bold" if label == "sum" else None)
    below = COUNTS if wide else {"best other": best_other} | COUNTS
    for label, text in below.items():
        add(table, label, *spread(options, text, len(parts)), style="dim")
    return table


def spread(options: list[Option], text: Callable[[Option], str], columns: int) -> list[str]:
    """One text per option in the first of its columns."""
    return [cell for option in options for cell in (text(option), *[""] * (columns - 1))]


def access_word(option: Option) -> str:
    """How the model is reached."""
    return ACCESS_WORDS[option.access]


def best_other(option: Option) -> str:
    """Sum of the alternative's terms."""
    return NOTHING if option.alternative is None else plain(total(option.alternative))


COUNTS: Final[dict[str, Callable[[Option], str]]] = {
    "decisions": lambda option: count(option.decided),
    "  share": lambda option: percent(option.share),
    "  compared": lambda option: percent(option.compared / option.decided),
    "  simulated": lambda option: f"~{count(option.simulated)}",
    "slots in use": lambda option: count(option.slots),
}
"""Rows below the terms: how much stands behind the means."""


def means(option: Option, number: Callable[[Terms], float], *, wide: bool) -> list[str]:
    """A number of the option's terms, of the alternative's if wide, and of the difference."""
    shown = [(option.terms, plain), (option.alternative, plain), (option.difference, signed)]
    if not wide:
        del shown[1]
    return [NOTHING if terms is None else form(number(terms)) for terms, form in shown]


def print_contrasts(contrasts: list[Contrast]) -> None:
    """Print what open offers had over closed ones, a column per segment."""
    out = console()
    out.print("Open less closed, best against best, whichever was chosen", style="bold")
    out.print()
    compared = contrasts if contrasts[0].terms is not None else []
    for part in in_width(compared, contrast_width, out.width - LABEL) if compared else []:
        out.print(contrast_table(part))
        out.print()
    say(what_held(contrasts), deeper=0)


def contrast_width(contrast: Contrast) -> int:
    """Columns that a segment takes in the table."""
    counts = count(contrast.decided), f"~{count(contrast.simulated)}"
    return max(map(len, (column_name(contrast), "-0.00", *counts))) + 2


def column_name(contrast: Contrast) -> str:
    """A segment's name, short enough for the head of a column."""
    return contrast.segment.replace("own-hardware-", "own hw ")


def contrast_table(contrasts: list[Contrast]) -> Table:
    """Terms by segment, their sum, and the share that chose open."""
    right = tuple(range(1, 1 + len(contrasts)))
    table = plain_table("", *map(column_name, contrasts), right=right)
    rows = {TERM_WORDS.get(key, key): itemgetter(key) for key in TERMS} | {"sum": total}
    for label, number in rows.items():
        cells = [NOTHING if c.terms is None else signed(number(c.terms)) for c in contrasts]
        add(table, label, *cells, style="bold" if label == "sum" else None)
    shares = [NOTHING if c.share_open is None else percent(c.share_open) for c in contrasts]
    add(table, "chose open", *shares)
    add(table, "decisions", *(count(c.decided) for c in contrasts), style="dim")
    add(table, "  compared", *(compared_share(c) for c in contrasts), style="dim")
    add(table, "  simulated", *(f"~{count(c.simulated)}" for c in contrasts), style="dim")
    return table


def compared_share(contrast: Contrast) -> str:
    """Share of decisions with a comparison."""
    return NOTHING if contrast.decided <= 0 else percent(contrast.compared / contrast.decided)


def print_moves(moves: Moves, month: int) -> None:
    """Print every vendor that moved with a line a move."""
    out = console()
    out.print(f"What vendors did in {month_name(month)}", style="bold")
    if not moves.movers and not moves.others:
        out.print("nothing that was recorded")
    for mover in moves.movers:
        say(f"{mover.name}: {state_words(mover)}", 0, 4, style="bold")
        for move in in_order(mover.moves):
            say(move_words(move), 2, 4)
    for move in moves.others:
        say(move_words(move), 0, 4)
    if any(move.cause == "revision" for mover in moves.movers for move in mover.moves):
        say(REVISIONS, deeper=0, style="dim")


def document(found: Explanation) -> dict[str, Any]:
    """The explanation as one JSON document."""
    return {
        "run": found.facts["run_id"],
        "scenario": found.facts["scenario"]["name"],
        "folder": str(found.folder.path),
        "month": month_name(found.month),
        "market": {"now": found.setting.now, "year_before": found.setting.year_before},
        "segment": asdict(found.place) | {"note": UNKNOWN} if found.place else None,
        "choices": choices_document(found.choices),
        "moves": moves_document(found.moves),
    }


def choices_document(choices: Choices) -> dict[str, Any]:
    """The JSON form of choices: weighted counts, and means in shares of the value at stake."""
    return {
        "segment": list(choices.segment.words),
        "first": month_name(choices.span.first),
        "last": month_name(choices.span.last),
        "decided": choices.decided,
        "options": [
            {**asdict(option), "difference": option.difference, "text": what_decided(option)}
            for option in choices.options
        ],
        "open_less_closed": [asdict(contrast) for contrast in choices.contrasts],
    }


def moves_document(moves: Moves) -> list[dict[str, Any]]:
    """The JSON form of moves: every event with its numbers and in words."""
    every = [*(move for mover in moves.movers for move in mover.moves), *moves.others]
    return [{**asdict(move), "text": f"{move.vendor} {move_words(move)}".strip()} for move in every]
