"""Why enterprises chose as they did: mean utility terms of choices and of what they passed over.

Everything comes from the `decision` table, whose cells hold weighted means of one month; here cells
are pooled over months and segments. Terms are shares of V, the value at stake in the work.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from agents.common.vocabulary import ACCESSES, BANDS, WORKLOADS, month_index, month_name
from sim.schema_tables import TERMS

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Terms = dict[str, float]

QUARTILES: Final = 4
WORDS: Final[dict[str, tuple[str, str | int | bool]]] = {
    **{band: ("band", band) for band in reversed(BANDS)},
    **{tier: ("tier", tier) for tier in WORKLOADS},
    **{f"own-hardware-q{n + 1}": ("own_base_quartile", n) for n in range(QUARTILES)},
    **{access: ("access", access) for access in ACCESSES},
    "open": ("open", True),
    "closed": ("open", False),
    "tuned": ("tuned", True),
    "untuned": ("tuned", False),
}
"""Words of a segment: the column of the decision table each selects, and the value."""
CHOICE_COLUMNS: Final = frozenset({"access", "open", "tuned"})
"""Columns that say what was chosen, not who chose."""
OUT_OF_REACH: Final = -1.0
"""An alternative whose terms sum to less is none: it loses more than all the work is worth."""


class QuestionError(Exception):
    """The month or segment asked for does not exist; the text says so in one sentence."""


@dataclass(frozen=True)
class Span:
    """Months from `first` to `last`, both included, counted from 2023-01."""

    first: int
    last: int

    @property
    def months(self) -> int:
        """How many months it has."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Segment:
    """Whose and which choices count: within a column any of the words, over columns all.

    places: sectors and regions, by column of the segment table; choices are not told by them.
    """

    words: tuple[str, ...] = ()
    places: tuple[tuple[str, str], ...] = ()

    @property
    def columns(self) -> dict[str, set[str | int | bool]]:
        """Values that each selected column may have."""
        found: dict[str, set[str | int | bool]] = {}
        for word in self.words:
            column, value = WORDS[word]
            found.setdefault(column, set()).add(value)
        return found

    @property
    def is_about_firms(self) -> bool:
        """Whether it says only who chose, not what."""
        return not CHOICE_COLUMNS & self.columns.keys()


def segment_of(
    texts: Iterable[str], places: Mapping[str, tuple[str, str]] = MappingProxyType({})
) -> Segment:
    """The segment that words joined by commas name; QuestionError for a word it does not know.

    places: words of the run's sectors and regions, see `segments.place_words`.
    """
    words = dict.fromkeys(word.strip().lower() for text in texts for word in text.split(","))
    known = [*WORDS, *places]
    for word in words:
        if word not in known:
            close = get_close_matches(word, known, n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise QuestionError(f"'{word}' is no segment; {hint}segments are {', '.join(known)}")
    of_choices = tuple(word for word in words if word in WORDS)
    return Segment(of_choices, tuple(places[word] for word in words if word not in WORDS))


def month_of(text: str | None, months: int) -> int:
    """Month 0 to `months` - 1 written YYYY-MM or as a number; the last one without a text.

    Raises QuestionError for anything else.
    """
    if text is None:
        return months - 1
    if re.fullmatch("[0-9]{1,4}", text):
        month = int(text)
    elif re.fullmatch("[0-9]{4}-(0[1-9]|1[0-2])", text):
        month = month_index(text)
    else:
        month = -1
    if not 0 <= month < months:
        raise QuestionError(
            f"'{text}' is no month of this run; give {month_name(0)} to {month_name(months - 1)} "
            f"or a number 0 to {months - 1}"
        )
    return month


def window_to(month: int, length: int) -> Span:
    """The `length` months that end in `month`, fewer at the start of a run."""
    return Span(max(month - length + 1, 0), month)


@dataclass(frozen=True)
class Cells:
    """Cells of the decision table: terms are (cells, 8), weights (cells,)."""

    slots: Floats
    decided: Floats
    compared: Floats
    chosen: Floats
    alternative: Floats
    labels: Mapping[str, NDArray[Any]]
    """The columns that a cell is told by, such as `band`."""

    def where(self, mask: Mask) -> "Cells":
        """The cells of a mask."""
        labels = {name: values[mask] for name, values in self.labels.items()}
        return Cells(
            self.slots[mask], self.decided[mask], self.compared[mask], self.chosen[mask],
            self.alternative[mask], labels,
        )  # fmt: skip

    def within(self, segment: Segment) -> "Cells":
        """The cells of a segment."""
        mask = np.ones(len(self.slots), bool)
        for column, values in segment.columns.items():
            mask &= np.isin(self.labels[column], list(values))
        return self.where(mask)

    @property
    def reachable(self) -> Floats:
        """Comparisons with an alternative that was in reach at all, by cell."""
        return np.where(self.alternative.sum(axis=1) < OUT_OF_REACH, 0.0, self.compared)


def cells_of(decision: pa.Table, span: Span) -> Cells:
    """The decision table in some months."""
    month = decision["month"].to_numpy()
    table = decision.filter(pa.array((month >= span.first) & (month <= span.last)))
    labels = {
        column: np.array(table[column].to_pylist())
        for column in dict.fromkeys(column for column, _ in WORDS.values())
    }
    return Cells(
        filled(table, ["slots"])[:, 0], filled(table, ["decided"])[:, 0],
        filled(table, ["compared"])[:, 0], filled(table, [f"term_{key}" for key in TERMS]),
        filled(table, [f"alternative_term_{key}" for key in TERMS]), labels,
    )  # fmt: skip


def filled(table: pa.Table, columns: Sequence[str]) -> Floats:
    """Columns side by side; nothing counts as 0, because its weight is 0."""
    shape = (table.num_rows, len(columns))
    values = [table[column].cast(pa.float64()).to_numpy() for column in columns]
    return np.nan_to_num(np.array(values).T.reshape(shape))


def mean(weight: Floats, terms: Floats) -> Terms | None:
    """Weighted means of the terms; None without weight."""
    total = float(weight.sum())
    if total <= 0:
        return None
    return dict(zip(TERMS, (weight @ terms / total).tolist(), strict=True))


@dataclass(frozen=True)
class Option:
    """What was chosen in one way, and what was passed over for it.

    Counts are of real slots, by weight, over the whole window; `slots` is a monthly mean.
    """

    access: str
    open: bool
    slots: float
    """In use, whenever they were decided on."""
    decided: float
    share: float
    """Of all decisions of the segment."""
    simulated: float
    """About how many choices of simulated slots stand behind the means."""
    compared: float
    """Decisions with an alternative of the other openness in reach."""
    out_of_reach: float
    """Decisions whose alternative of the other openness was not in reach."""
    terms: Terms | None
    """Mean over all decisions."""
    at_comparison: Terms | None
    """The same in the cells, and with the weights, of the comparisons."""
    alternative: Terms | None
    """Mean of the best alternative of the other openness."""

    @property
    def difference(self) -> Terms | None:
        """The choice less its best alternative."""
        if self.at_comparison is None or self.alternative is None:
            return None
        return {key: self.at_comparison[key] - self.alternative[key] for key in TERMS}


def options_of(cells: Cells, span: Span, slot_weight: Mapping[str, float]) -> list[Option]:
    """Every way of choosing that occurs, by access and openness.

    slot_weight: real slots that a simulated one stands for, by band.
    """
    total = float(cells.decided.sum())
    found = []
    for access in ACCESSES:
        for is_open in (False, True):
            same = (cells.labels["access"] == access) & (cells.labels["open"] == is_open)
            part = cells.where(same)
            if part.decided.sum() > 0 or part.slots.sum() > 0:
                found.append(option_of(part, access, is_open, total, span, slot_weight))
    return found


def option_of(
    cells: Cells, access: str, is_open: bool, total: float, span: Span,
    slot_weight: Mapping[str, float],
) -> Option:  # fmt: skip
    """Pool the cells of one way of choosing; total: decisions of the whole segment."""
    decided = float(cells.decided.sum())
    reachable = cells.reachable
    compared = float(reachable.sum())
    return Option(
        access=access,
        open=is_open,
        slots=float(cells.slots.sum()) / span.months,
        decided=decided,
        share=decided / total if total > 0 else 0.0,
        simulated=simulated(cells, cells.decided, slot_weight),
        compared=compared,
        out_of_reach=float(cells.compared.sum()) - compared,
        terms=mean(cells.decided, cells.chosen),
        at_comparison=mean(reachable, cells.chosen),
        alternative=mean(reachable, cells.alternative),
    )


def simulated(cells: Cells, slots: Floats, slot_weight: Mapping[str, float]) -> float:
    """About how many simulated slots stand for real ones, given by cell."""
    weight = np.array([slot_weight.get(band, 0.0) for band in cells.labels["band"].tolist()])
    return float(np.divide(slots, weight, out=np.zeros(len(weight)), where=weight > 0).sum())


@dataclass(frozen=True)
class Contrast:
    """What the best open offer had over the best closed one, for one segment."""

    segment: str
    decided: float
    share_open: float | None
    compared: float
    simulated: float
    """About how many comparisons of simulated slots stand behind the means."""
    terms: Terms | None
    """Open less closed, mean over the comparisons, whichever was chosen."""


def contrast_of(cells: Cells, name: str, slot_weight: Mapping[str, float]) -> Contrast:
    """Pool all comparisons of open with closed offers."""
    decided = float(cells.decided.sum())
    is_open = cells.labels["open"].astype(bool)
    sign = np.where(is_open, 1.0, -1.0)[:, None]
    reachable = cells.reachable
    return Contrast(
        segment=name,
        decided=decided,
        share_open=float(cells.decided[is_open].sum()) / decided if decided > 0 else None,
        compared=float(reachable.sum()),
        simulated=simulated(cells, reachable, slot_weight),
        terms=mean(reachable, sign * (cells.chosen - cells.alternative)),
    )


def contrasts_of(
    cells: Cells, segment: Segment, slot_weight: Mapping[str, float]
) -> list[Contrast]:
    """Open against closed in every part of the segment that a word about firms names.

    Empty if the segment is about what was chosen: then the comparison would be half of one.
    """
    if not segment.is_about_firms:
        return []
    parts = [contrast_of(cells, "all", slot_weight)]
    for word, (column, value) in WORDS.items():
        taken = segment.columns.get(column)
        splits = taken is None or (len(taken) > 1 and value in taken)
        if column not in CHOICE_COLUMNS and splits:
            parts.append(contrast_of(cells.within(Segment((word,))), word, slot_weight))
    return parts


@dataclass(frozen=True)
class Choices:
    """Why enterprises of a segment chose as they did over some months."""

    span: Span
    segment: Segment
    decided: float
    options: list[Option]
    contrasts: list[Contrast]


def explain_choices(
    decision: pa.Table, span: Span, segment: Segment, slot_weight: Mapping[str, float]
) -> Choices:
    """Pool the decision table over months and a segment; slot_weight: see `options_of`."""
    cells = cells_of(decision, span).within(segment)
    return Choices(
        span, segment, float(cells.decided.sum()), options_of(cells, span, slot_weight),
        contrasts_of(cells, segment, slot_weight),
    )  # fmt: skip


def slot_weights(segment: pa.Table, month: int, sampled: int) -> dict[str, float]:
    """Real slots that a simulated one stands for on average, by band.

    segment: the run's segment table; sampled: simulated firms, a third of them in each band. Firms
    of a band differ in weight, so that counts made with it are right to some tens of percent.
    """
    rows = segment.filter(pa.array(segment["month"].to_numpy() == month)).to_pylist()
    firms = {band: sum(r["enterprises"] or 0 for r in rows if r["band"] == band) for band in BANDS}
    return {band: len(BANDS) * firms[band] / max(sampled, 1) for band in BANDS}


SETTING: Final = (
    "adoption", "share_tokens_open", "gap_logits", "price_flagship", "price_gpt4_level",
    "leader", "leader_share_spend",
)  # fmt: skip
"""Columns of the market table that say what world the month is in."""


@dataclass(frozen=True)
class Setting:
    """The market in a month and, if the run reaches back, a year before."""

    now: dict[str, Any]
    year_before: dict[str, Any] | None


def setting_of(market: pa.Table, month: int) -> Setting:
    """The market around a month, from the market table."""

    def at(row: int) -> dict[str, Any]:
        return {column: market[column][row].as_py() for column in SETTING}

    return Setting(at(month), at(month - 12) if month >= 12 else None)
