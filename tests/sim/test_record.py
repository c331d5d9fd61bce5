"""The files of the record: every row is checked and none is dropped without a word."""

import math

import pytest

from agents.common.vocabulary import month_index
from sim.data_files import DataError, data_text
from sim.environment import rent_record, rents_in
from sim.record import (
    is_scripted,
    price_changes,
    price_changes_in,
    record_end,
    releases,
    releases_in,
)

HEADER = data_text("releases.csv").splitlines()[0]
CELLS = {
    "vendor": "meta", "model": "Llama 9", "released": "2024-01", "on_sale": "2024-01",
    "tier": "large", "open_weights": "1", "licence": "permissive", "q": "0.1",
}  # fmt: skip


def release_text(**changes: str) -> str:
    """A file with one release, some of its cells changed."""
    cells = CELLS | changes
    return "\n".join([HEADER, ",".join(cells.get(name, "") for name in HEADER.split(","))])


def change_text(**changes: str) -> str:
    cells = {
        "vendor": "mistral", "model": "Mistral Nemo 12B", "month": "2024-09", "price_in": "0.15",
        "price_out": "0.15",
    } | changes  # fmt: skip
    return "\n".join([",".join(cells), ",".join(cells.values())])


def test_the_record_is_as_its_files_say() -> None:
    assert len(releases()) == 92
    assert len(price_changes()) == 20
    assert record_end() == month_index("2024-12")
    assert len(rent_record()) == 4
    assert releases_in(release_text())[0].model == "Llama 9"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"vendor": "alpina"}, "releases.csv, line 2, 'Llama 9': vendor must be one of openai"),
        ({"vendor": "opnai"}, "did you mean 'openai'"),
        ({"q": ""}, "q must be given, as the model is on sale"),
        ({"q": "good"}, "q must be a number, not 'good'"),
        ({"q": "nan"}, "q must be a number"),
        ({"q": "１"}, "q must be a number"),
        ({"q": "1_0"}, "q must be a number"),
        ({"on_sale": "2024-1"}, "on_sale must be a month"),
        ({"on_sale": "2023-12"}, "lies before released"),
        ({"on_sale": "2924-01"}, "must lie within 2020-01 to 2059-12"),
        ({"released": "soon", "on_sale": ""}, "released must be a month"),
        ({"tier": "huge"}, "tier must be one of small, medium, large"),
        ({"licence": "permisive"}, "did you mean 'permissive'"),
        ({"licence": "proprietary"}, "does not go with open_weights 1"),
        ({"open_weights": "yes"}, "open_weights must be one of 0, 1"),
        ({"threshold_musers": "many"}, "threshold_musers must be a number"),
        ({"total_params_b": "70"}, "both given or both empty"),
        ({"total_params_b": "0", "active_params_b": "0"}, "must be at least"),
        ({"price_in": "1", "price_out": "2"}, "all given or all empty"),
        ({"price_in": "-1", "price_out": "2", "price_kind": "list"}, "at least 0"),
        ({"price_in": "1", "price_out": "2", "price_kind": "lst"}, "did you mean 'list'"),
        ({"model": ""}, "model must not be empty"),
    ],
)
def test_a_release_that_cannot_be_is_refused_by_line_and_name(
    changes: dict[str, str], sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence) as refusal:
        releases_in(release_text(**changes))
    assert "releases.csv, line 2" in str(refusal.value)


def test_a_model_that_is_not_on_sale_needs_no_quality() -> None:
    assert releases_in(release_text(on_sale="", q="")) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (release_text() + "\n" + release_text().splitlines()[1], "line 3.*line 2 has the same"),
        (release_text() + ",more", "line 2.*cells where the header has"),
        (release_text().replace("on_sale", "onsale"), "line 1: there is no column on_sale"),
        (release_text().replace("price_source", "q"), "line 1: a column is there twice"),
        (release_text() + '\n"open', "no valid CSV"),
        ("", "line 1: there is no column vendor"),
    ],
)
def test_a_file_that_is_no_table_of_releases_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        releases_in(text)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"vendor": "alpina"}, "price_changes.csv, line 2, 'Mistral Nemo 12B': vendor must be"),
        ({"model": "Mistral Nemo 13B"}, "did you mean 'Mistral Nemo 12B'"),
        ({"month": "2024-19"}, "month must be a month"),
        ({"month": "2023-01"}, "before the model was on sale"),
        ({"price_in": "free"}, "price_in must be a number"),
        ({"price_out": "-1"}, "price_out must be at least 0"),
    ],
)
def test_a_price_change_that_cannot_be_is_refused(changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        list(price_changes_in(change_text(**changes), releases()))


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("2023-01,dear", "gpu_rent.csv, line 2, '2023-01': dollars_per_gpu_hour must be a number"),
        ("2023-01,0", "must be at least"),
        ("2023-05,2\n2023-01,3", "line 3.*months must follow one another"),
        ("", "has no rows"),
    ],
)
def test_a_rent_that_cannot_be_is_refused(rows: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        rents_in(f"month,dollars_per_gpu_hour\n{rows}")


def test_who_lives_by_the_record() -> None:
    last = record_end()
    assert is_scripted("meta", 0, last)
    assert is_scripted("meta", 0, 2), "its first release is still to come"
    assert not is_scripted("alpina", 0, last)
    assert is_scripted("mistral", 12, last)
    assert not is_scripted("mistral", 23, last), "its last release was in 2024-11"
    assert not math.isnan(releases()[0].q)
