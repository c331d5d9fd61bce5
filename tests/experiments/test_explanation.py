"""Choices pooled over months and segments, and the questions that may be asked."""

import math
from typing import Any

import explained
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.common.vocabulary import ACCESSES, BANDS, WORKLOADS, month_name
from experiments.explanation import (
    OUT_OF_REACH,
    WORDS,
    Choices,
    Option,
    QuestionError,
    Segment,
    Span,
    explain_choices,
    month_of,
    segment_of,
    slot_weights,
    window_to,
)
from sim.schema_tables import TERMS

WEIGHTS = dict.fromkeys(BANDS, 100.0)
ALL = Span(0, 23)
derandomised = settings(derandomize=True, deadline=None, max_examples=25)


def asked(cells: list[dict[str, Any]], *words: str, span: Span = ALL) -> Choices:
    return explain_choices(explained.columns("decision", cells), span, segment_of(words), WEIGHTS)


def option(choices: Choices, access: str, *, opened: bool) -> Option:
    (found,) = [o for o in choices.options if (o.access, o.open) == (access, opened)]
    return found


# --- an example by hand


def test_means_are_weighted_by_decisions_and_differences_by_comparisons() -> None:
    closed = option(asked(explained.CHOICES), "api", opened=False)
    assert closed.decided == 4000
    assert closed.compared == 3000
    assert closed.share == pytest.approx(4000 / 4510)
    assert closed.slots == pytest.approx(8000 / 24)
    assert closed.simulated == pytest.approx(40)
    assert closed.terms == explained.terms(quality=pytest.approx(0.7), packaging=0.5)
    assert closed.alternative == explained.terms(quality=0.9, packaging=0.1)
    difference = explained.terms(quality=pytest.approx(-0.1), packaging=pytest.approx(0.4))
    assert closed.difference == difference


def test_an_alternative_that_nobody_could_take_is_not_compared() -> None:
    own = option(asked(explained.CHOICES), "selfhost", opened=True)
    assert own.terms is not None
    assert (own.compared, own.out_of_reach) == (0, 10)
    assert own.alternative is own.difference is None


def test_open_less_closed_has_one_sign_whatever_was_chosen() -> None:
    everyone, *parts = asked(explained.CHOICES).contrasts
    assert everyone.segment == "all"
    assert everyone.compared == 3500
    assert everyone.terms is not None
    assert everyone.terms["packaging"] == pytest.approx(-0.4 * 3000 / 3500)
    assert everyone.terms["cost"] == pytest.approx(0.3 * 500 / 3500)
    assert everyone.share_open == pytest.approx(510 / 4510)
    routine = next(part for part in parts if part.segment == "routine")
    assert routine.terms == explained.terms(quality=pytest.approx(0.1), cost=pytest.approx(0.3))


def test_segments_and_months_select() -> None:
    assert asked(explained.CHOICES, "mid").decided == 1000
    assert asked(explained.CHOICES, "large,frontier", "own-hardware-q4").decided == 3000
    assert asked(explained.CHOICES, "mid,large", "closed").decided == 4000
    assert asked(explained.CHOICES, span=Span(explained.MOVED, explained.MOVED)).decided == 3510
    nobody = asked(explained.CHOICES, "tuned")
    assert (nobody.decided, nobody.options) == (0, [])


def test_open_is_not_held_against_closed_among_those_who_chose_one_of_them() -> None:
    assert asked(explained.CHOICES, "hosted").contrasts == []
    names = [part.segment for part in asked(explained.CHOICES, "large,mid,frontier").contrasts]
    assert names == ["all", "large", "mid", *(f"own-hardware-q{n}" for n in (1, 2, 3, 4))]


# --- any decision table

term = st.floats(-2, 2, allow_nan=False)
one = st.fixed_dictionaries(dict.fromkeys(TERMS, term))


@st.composite
def decision_cells(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Cells of some months; compared at most as often as decided."""
    cells = []
    for _ in range(draw(st.integers(0, 12))):
        decided = draw(st.floats(0, 1e6))
        compared = decided * draw(st.sampled_from([0.0, 0.3, 1.0]))
        labels = {
            "month": draw(st.integers(0, 23)), "band": draw(st.sampled_from(BANDS)),
            "own_base_quartile": draw(st.integers(0, 3)), "tier": draw(st.sampled_from(WORKLOADS)),
            "access": draw(st.sampled_from(ACCESSES)), "open": draw(st.booleans()),
            "tuned": draw(st.booleans()), "slots": draw(st.floats(0, 1e6)),
        }  # fmt: skip
        cells.append(explained.cell(decided, compared, draw(one), draw(one), **labels))
    return cells


def weighted(rows: list[tuple[float, dict[str, float] | None]]) -> np.ndarray:
    """Sums of terms times their weights."""
    parts = [weight * np.array(list(terms.values())) for weight, terms in rows if weight and terms]
    return np.sum(parts, axis=0) if parts else np.zeros(len(TERMS))


@derandomised
@given(decision_cells())
def test_weighted_means_recombine_to_the_total(cells: list[dict[str, Any]]) -> None:
    choices = asked(cells)
    direct = weighted([(c["decided"], {k: c[f"term_{k}"] for k in TERMS}) for c in cells])
    total = weighted([(o.decided, o.terms) for o in choices.options])
    assert total == pytest.approx(direct, rel=1e-9, abs=1e-6)
    assert math.fsum(o.decided for o in choices.options) == pytest.approx(choices.decided)
    shares = math.fsum(o.share for o in choices.options)
    assert shares == pytest.approx(1.0 if choices.decided > 0 else 0.0)


@derandomised
@given(decision_cells(), st.sampled_from([BANDS, WORKLOADS]))
def test_parts_recombine_to_the_whole(cells: list[dict[str, Any]], words: tuple[str, ...]) -> None:
    everyone, *parts = asked(cells).contrasts
    named = [part for part in parts if part.segment in words]
    assert len(named) == 3
    assert math.fsum(p.compared for p in named) == pytest.approx(everyone.compared)
    whole = weighted([(everyone.compared, everyone.terms)])
    assert weighted([(p.compared, p.terms) for p in named]) == pytest.approx(whole, abs=1e-5)


@derandomised
@given(decision_cells())
def test_means_lie_between_the_cells_and_comparisons_within_decisions(
    cells: list[dict[str, Any]],
) -> None:
    for found in asked(cells).options:
        assert 0 <= found.compared + found.out_of_reach <= found.decided * (1 + 1e-9)
        if found.alternative is not None:
            assert math.fsum(found.alternative.values()) >= OUT_OF_REACH - 1e-9
        for terms in (found.terms, found.alternative, found.at_comparison):
            assert terms is None or all(abs(value) <= 2 + 1e-9 for value in terms.values())


# --- questions


@derandomised
@given(st.integers(1, 420), st.data())
def test_a_month_is_a_date_or_its_number(months: int, data: st.DataObject) -> None:
    month = data.draw(st.integers(0, months - 1))
    assert month_of(month_name(month), months) == month_of(str(month), months) == month
    assert month_of(None, months) == months - 1
    beyond = data.draw(st.integers(months, 999))
    for text in (month_name(beyond), str(beyond)):
        with pytest.raises(QuestionError, match=f"2023-01 to {month_name(months - 1)}"):
            month_of(text, months)


@derandomised
@given(st.text(st.characters(exclude_characters="0123456789"), max_size=8))
def test_text_without_digits_is_no_month(text: str) -> None:
    with pytest.raises(QuestionError, match="is no month of this run"):
        month_of(text, 96)


@pytest.mark.parametrize("text", ["2024-00", "2024-13", "-1", "24-01", "2024-1", "١٢", " 3", ""])
def test_months_that_look_like_some_are_refused(text: str) -> None:
    with pytest.raises(QuestionError):
        month_of(text, 96)


@derandomised
@given(st.lists(st.lists(st.sampled_from(list(WORDS)), min_size=1), min_size=1))
def test_words_may_be_joined_repeated_and_capital(groups: list[list[str]]) -> None:
    every = [word for group in groups for word in group]
    joined = segment_of([", ".join(group).upper() for group in groups])
    assert joined == segment_of(every) == Segment(tuple(dict.fromkeys(every)))
    selected = {(column, v) for column, values in joined.columns.items() for v in values}
    assert selected == {WORDS[word] for word in every}


@derandomised
@given(st.text(st.characters(exclude_characters=","), max_size=12))
def test_any_other_word_is_refused_with_those_there_are(word: str) -> None:
    known = word.strip().lower() in WORDS
    if known:
        assert segment_of([word]).words
        return
    with pytest.raises(QuestionError) as refused:
        segment_of(["large", word])
    assert all(name in str(refused.value) for name in WORDS)


def test_a_window_ends_in_its_month_and_begins_with_the_run() -> None:
    assert window_to(20, 12) == Span(9, 20)
    assert window_to(3, 12) == Span(0, 3)
    assert window_to(3, 12).months == 4


def test_a_simulated_slot_stands_for_a_third_of_the_sample_in_its_band() -> None:
    weights = slot_weights(explained.tables()["segment"], 5, sampled=3000)
    assert weights == {"micro": 6000.0, "mid": 600.0, "large": 30.0}
