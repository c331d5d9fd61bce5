"""CSV as spreadsheets read it: no formulas, whole dates, empty cells for null."""

import csv
import io

import pyarrow as pa
import pytest

from experiments.escape import FORMULA
from experiments.spreadsheet import as_csv
from sim.schemas import table


def rows(made: pa.Table) -> list[dict[str, str]]:
    """What a reader of CSV finds."""
    return list(csv.DictReader(io.StringIO(as_csv(made).decode("utf-8"))))


@pytest.mark.parametrize("start", FORMULA)
def test_no_cell_and_no_heading_is_a_formula(start: str) -> None:
    text = f"{start}1+1"
    (row,) = rows(pa.table({text: [text], "x": [-1.5]}))
    assert row == {f"'{text}": f"'{text}", "x": "-1.5"}


def test_dates_are_whole_and_null_is_empty() -> None:
    made = table("event", {"month": [0, 23], "kind": ["entry", None], "magnitude": [0.5, None]})
    first, last = rows(made)
    assert (first["month"], first["date"], first["kind"]) == ("0", "2023-01-01", "entry")
    assert (last["date"], last["kind"], last["magnitude"]) == ("2024-12-01", "", "")


def test_foreign_text_stays_one_cell_in_utf8() -> None:
    text = 'Mistral "é",\n北京'
    (row,) = rows(table("event", {"month": [0], "target": [text]}))
    assert row["target"] == text


def test_a_column_without_any_value_and_a_table_without_rows_have_headings() -> None:
    assert rows(pa.table({"a": pa.nulls(1), "b": [True]})) == [{"a": "", "b": "true"}]
    heading = as_csv(table("panel", {})).decode().splitlines()
    assert len(heading) == 1
    assert heading[0].startswith('"month","date",')
