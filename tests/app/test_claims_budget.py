"""How much of a ledger fits into a budget, and what the commands refuse."""

from dataclasses import replace
from typing import Any

import pytest

from app import claiming
from app.claiming import FEWEST, SPARE, Request, chosen, size_of, sized
from app.shell import InputError
from experiments.claims.claim import ClaimError, library
from experiments.claims.ledger import Size, parts_of, runs_of
from experiments.claims.worlds import from_ranges
from sim.loading import load

SECONDS = 0.5
"""Of a run, in place of timing one."""
REQUEST = Request((), 10.0, None, True, None, 5, 500, 1, 2, None, False, True)


@pytest.fixture
def fit(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The size that a budget of minutes comes to, for all claims and 256 worlds."""
    monkeypatch.setattr(claiming, "timed", lambda *_: SECONDS)
    claims, worlds = list(library().values()), from_ranges(load("baseline"), 256)

    def size(minutes: float) -> Size:
        found = sized(minutes, claims, worlds, REQUEST)
        runs = sum(runs_of(part, worlds, found) for part in parts_of(claims, found))
        assert runs * SECONDS <= 2 * 60 * minutes
        return found

    return size


def test_a_budget_is_not_exceeded_and_buys_worlds_first(fit: Any) -> None:
    ten, hour, day = fit(10), fit(60), fit(24 * 60)
    assert ten.worlds >= FEWEST
    assert ten.wide > ten.worlds
    assert (ten.switched, ten.early, ten.reported) == (0, 0, False)
    assert (hour.switched > 0, hour.early > 0, hour.reported) == (True, True, True)
    assert (day.worlds, day.wide) == (256, 256)
    with pytest.raises(InputError, match="take --budget"):
        fit(0.5)


def test_claims_that_compare_may_have_all_of_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "timed", lambda *_: SECONDS)
    claims, worlds = [library()["C23"]], from_ranges(load("baseline"), 256)
    found = sized(10, claims, worlds, REQUEST)
    runs = sum(runs_of(part, worlds, found) for part in parts_of(claims, found))
    assert 0.95 * SPARE <= runs * SECONDS / (2 * 60 * 10) <= SPARE


def test_claims_are_chosen_by_id_in_any_case() -> None:
    assert [claim.id for claim in chosen(["c05", "C24"])] == ["C05", "C24"]
    assert len(chosen([])) == 31
    with pytest.raises(ClaimError, match="nomoat claims list"):
        chosen(["C99"])


def test_the_worlds_with_something_switched_may_be_chosen() -> None:
    assert (size_of(REQUEST, 48).switched, size_of(REQUEST, 48).linear) == (8, 16)
    assert size_of(REQUEST, 8).switched == 3
    none = size_of(replace(REQUEST, switched=0), 48)
    assert (none.switched, none.linear) == (0, 0)
    assert size_of(replace(REQUEST, switched=99), 48).switched == 48
