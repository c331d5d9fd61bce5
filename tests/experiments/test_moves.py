"""Events of a month, by the vendor they belong to, with what is known of their models."""

import explained
import pyarrow.compute as pc
import pytest

from experiments.moves import details_of, moves_in


def test_every_event_is_told_once_and_with_its_vendor() -> None:
    moves = moves_in(explained.MOVED, explained.tables(), explained.facts())
    by_vendor = {mover.name: [move.kind for move in mover.moves] for mover in moves.movers}
    assert by_vendor == {
        "OpenAI": ["release", "price", "withdrawal", "price-cut"],
        "Meta": ["release", "price", "price", "strategy"],
        "xAI": ["entry", "strategy"],
        "Mistral": ["funding"],
        "Baidu": ["exit"],
    }
    assert [move.target for move in moves.others] == ["hosts", ""]
    told = sum(len(mover.moves) for mover in moves.movers) + len(moves.others)
    assert told == len(explained.EVENTS)


def test_the_largest_vendor_comes_first_with_its_state() -> None:
    moves = moves_in(explained.MOVED, explained.tables(), explained.facts())
    shares = [mover.state["spend_share"] for mover in moves.movers]
    assert shares == sorted(shares, reverse=True)
    assert moves.movers[0].state["strategy"] == "closed"


def test_a_model_is_known_by_what_was_on_sale() -> None:
    moves = moves_in(explained.MOVED, explained.tables(), explained.facts())
    release = moves.movers[0].moves[0]
    assert release.model == {
        "tier": "large", "open": False, "price": 9.8, "gain": pytest.approx(0.6),
    }  # fmt: skip
    assert release.details["luck"] == -0.03
    gone = moves.movers[0].moves[2]
    assert (gone.vendor, gone.model) == ("OpenAI", {})


def test_a_model_that_nobody_was_offered_lately_has_its_vendor() -> None:
    tables = explained.tables()
    offered = tables["offering"]
    month = offered.schema.get_field_index("month")
    earlier = pc.min_element_wise(offered["month"], explained.MOVED - 2).cast(offered["month"].type)
    tables["offering"] = offered.set_column(month, offered.schema.field("month"), earlier)
    movers = moves_in(explained.MOVED, tables, explained.facts()).movers
    openai = next(mover for mover in movers if mover.name == "OpenAI")
    assert "withdrawal" in [move.kind for move in openai.moves]


def test_a_month_without_events_is_empty() -> None:
    moves = moves_in(3, explained.tables(), explained.facts())
    assert (moves.movers, moves.others) == ([], [])


@pytest.mark.parametrize("text", [None, "", "[1]", "{", "3", "null"])
def test_details_that_are_no_object_are_none(text: str | None) -> None:
    assert details_of(text) == {}
