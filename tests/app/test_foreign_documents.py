"""Documents of strangers with any value in any field: a sentence, or a page, and no failure."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from stored_results import (
    ASKED_GAME,
    asked_ensemble,
    entry,
    forecast,
    game,
    ledger,
    regimes,
    store,
    summary,
    validation,
)

from app import ensemble_views
from app.claims_views import show_claims
from app.reporting.inputs import recognised
from app.reporting.page import TITLE, page
from app.reporting.writing import Sources, sections_of
from app.shell import BAD_INPUT, EXIT_CODES, InputError

ODD: tuple[Any, ...] = (
    None, True, "", "x\x1b[2J", -1, 1.5, 1e308, 10**400, [], [1, "a", None], {}, {"a": {"b": []}},
)  # fmt: skip
LEFT_OUT = object()
Document = dict[str, Any]


def places(found: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document; of a list the first and the last value."""
    if path:
        yield path
    inner = found.items() if isinstance(found, dict) else ()
    if isinstance(found, list) and found:
        inner = {0: found[0], len(found) - 1: found[-1]}.items()
    for name, value in inner:
        yield from places(value, (*path, name))


def changed(found: Document, each: int) -> Iterator[tuple[str, Document]]:
    """The document with an odd value in each of its places, or without one of its fields.

    each: of all such documents, one in so many is taken.
    """
    every = [(path, odd) for path in places(found) for odd in (*ODD, LEFT_OUT)]
    for path, odd in every[::each]:
        other = copy.deepcopy(found)
        *outer, last = path
        inside: Any = other
        for name in outer:
            inside = inside[name]
        if odd is LEFT_OUT:
            del inside[last]
        else:
            inside[last] = odd
        yield f"{'.'.join(map(str, path))} = {str(odd)[:20]}", other


def reported(place: Path) -> None:
    """The whole report of one result."""
    sources = Sources((recognised(place),))
    page(TITLE, "today", sources, sections_of(sources))


def no_failure(use: Callable[[], None], what: str) -> bool:
    """Whether a use ended well; fails where it ends in anything but a known sentence."""
    try:
        use()
    except Exception as error:
        names = [kind.__name__ for kind in type(error).__mro__]
        if str(error).strip() and BAD_INPUT in map(EXIT_CODES.get, names):
            return False
        raise AssertionError(f"{what}: {error!r}") from error
    return True


NAMES = {"summary": "summary.json", "asked_ensemble": "ensemble.json"}
SMALL: dict[str, Document] = {
    "ledger": ledger(entry("C01b", "Q2", "holds under stated conditions")),
    "validation": validation(), "game": game(), "summary_alone": summary(),
    "asked_game": ASKED_GAME,
}  # fmt: skip


@pytest.mark.parametrize("kind", SMALL)
def test_a_report_of_any_document(kind: str, tmp_path: Path) -> None:
    place = store(tmp_path, **{kind: SMALL[kind]})[kind]
    file = place if place.is_file() else next(place.iterdir())
    assert no_failure(lambda: reported(place), "as it is")
    ends = set()
    for what, document in changed(SMALL[kind], 2):
        file.write_text(json.dumps(document), "utf-8")
        ends.add(no_failure(lambda: reported(place), what))
    assert ends == {True, False}


@pytest.mark.parametrize(
    ("kind", "document", "each"), [("forecast", forecast(), 401), ("regimes", regimes(), 11)]
)
def test_a_report_of_anything_beside_a_summary(
    kind: str, document: Document, each: int, tmp_path: Path
) -> None:
    found = store(tmp_path, summary_alone=summary(), **{kind: document})
    assert no_failure(lambda: reported(found["summary_alone"]), "as it is")
    for what, other in changed(document, each):
        found[kind].write_text(json.dumps(other), "utf-8")
        no_failure(lambda: reported(found["summary_alone"]), what)
    found[kind].write_text("{", "utf-8")
    with pytest.raises(InputError, match=r"damaged: .*line 1 column 2"):
        reported(found["summary_alone"])


def test_a_ledger_of_any_document_is_shown(tmp_path: Path) -> None:
    place = store(tmp_path, ledger=SMALL["ledger"])["ledger"]

    def use() -> None:
        show_claims(None, place, reference=False, as_json=False)
        show_claims("c01b", place, reference=False, as_json=False)

    assert no_failure(use, "as it is")
    for what, document in changed(SMALL["ledger"], 3):
        (place / "ledger.json").write_text(json.dumps(document), "utf-8")
        no_failure(use, what)


@pytest.mark.parametrize("kind", ["summary", "asked_ensemble"])
def test_an_ensemble_of_any_document_is_shown(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ensemble_views, "as_png", lambda _: b"")
    documents = {"summary": summary(), "asked_ensemble": asked_ensemble()}
    place = store(tmp_path, **documents)[kind]
    (file,) = place.glob(NAMES[kind])

    def use() -> None:
        ensemble_views.show_ensemble(place, as_json=False)

    assert no_failure(use, "as it is")
    for what, document in changed(documents[kind], 9):
        file.write_text(json.dumps(document), "utf-8")
        no_failure(use, what)


def test_a_claim_says_over_which_worlds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(calibrated: int) -> str:
        one = {**entry("C13", "Q2"), "reason": "r"}
        place = store(tmp_path, ledger=ledger(one, calibrated=calibrated))["ledger"]
        show_claims(None, place, reference=False, as_json=False)
        show_claims("c13", place, reference=False, as_json=False)
        return " ".join(capsys.readouterr().out.split())

    assert "150 plausible and 512 raw worlds" in said(150)
    assert "plausible worlds 50% (45% to 55%) 97" in said(150)
    raw = said(0)
    assert "plausible" not in raw
    assert "raw ranges" not in raw
    assert "over 512 worlds of the sourced ranges" in raw
    assert "2023, no record 29% (21% to 38%) at most 33" in raw
    assert "fewer" not in raw
