"""Reading the starting data in `sim/data`: TOML as it stands, CSV with every cell checked."""

import csv
import io
import math
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, NoReturn

from agents.common.vocabulary import month_index, month_name
from sim.catalogue import nearest, shown

_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
FIRST_MONTH: Final = month_index("2020-01")
LAST_MONTH: Final = month_index("2059-12")
"""Dates a row may have; later ones no run can reach."""


class DataError(Exception):
    """A file of starting data that cannot be used; the text is one sentence with file and line."""


def data_table(file: str, section: str | None = None) -> Mapping[str, Mapping[str, Any]]:
    """Entries of a starting-data file in `sim/data`, by id; not to be changed."""
    tree = data_file(file)
    found: Mapping[str, Mapping[str, Any]] = tree[section] if section else tree
    return found


@cache
def data_file(file: str) -> dict[str, Any]:
    """A starting-data file, read once."""
    return tomllib.loads(data_text(file))


def data_text(file: str) -> str:
    """The text of a starting-data file."""
    return (resources.files("sim.data") / file).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a CSV file: its cells by column, and where it stands.

    Every reading of a cell raises DataError, one sentence, where the cell is not what it must be.
    """

    file: str
    line: int
    cells: Mapping[str, str]
    label: str
    """Column whose cell names the row in sentences."""

    def refuse(self, reason: str) -> NoReturn:
        """Raise DataError with the file, the line and the name of the row."""
        name = shown(self.cells[self.label])
        raise DataError(f"{self.file}, line {self.line}, {name}: {reason}")

    def text(self, column: str) -> str:
        """A cell that must not be empty."""
        found = self.cells[column]
        if not found.strip():
            self.refuse(f"{column} must not be empty")
        return found

    def word(self, column: str, known: Collection[str]) -> str:
        """A cell that is one of the known words."""
        found = self.cells[column]
        if found not in known:
            words = ", ".join(word or "(empty)" for word in known)
            hint = nearest(found, known)
            self.refuse(f"{column} must be one of {words}, not {shown(found)}{hint}")
        return found

    def month(self, column: str) -> int:
        """A cell that is a date YYYY-MM, as months since 2023-01."""
        given = self.cells[column]
        try:
            found = month_index(given)
        except ValueError:
            self.refuse(
                f"{column} must be a month written YYYY-MM, such as 2024-12, not {shown(given)}"
            )
        if not FIRST_MONTH <= found <= LAST_MONTH:
            ends = f"{month_name(FIRST_MONTH)} to {month_name(LAST_MONTH)}"
            self.refuse(f"{column} must lie within {ends}, not {given}")
        return found

    def number(self, column: str, low: float = -math.inf) -> float:
        """A cell that is a finite number, not below `low`."""
        found = self.cells[column]
        number = float(found) if _NUMBER.fullmatch(found) else math.nan
        if not math.isfinite(number):
            self.refuse(f"{column} must be a number, not {shown(found)}")
        if number < low:
            self.refuse(f"{column} must be at least {low:g}, not {found}")
        return number

    def optional(self, column: str, low: float = -math.inf) -> float | None:
        """The same, or None where the cell is empty."""
        return self.number(column, low) if self.cells[column] else None


def csv_rows(file: str, text: str, columns: Collection[str], label: str) -> Iterator[Row]:
    """The rows of a CSV file with at least these columns.

    file: its name in sentences. label: column that names a row. Raises DataError where the header
    lacks a column or has one twice, or a row has more or fewer cells than the header.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if missing := [name for name in columns if name not in header]:
            raise DataError(f"{file}, line 1: there is no column {missing[0]}")
        if len(set(header)) < len(header):
            raise DataError(f"{file}, line 1: a column is there twice")
        for cells in reader:
            if len(cells) != len(header):
                name = f", {shown(cells[0])}" if cells else ""
                raise DataError(
                    f"{file}, line {reader.line_num}{name}: {len(cells)} cells where the header "
                    f"has {len(header)}"
                )
            yield Row(file, reader.line_num, dict(zip(header, cells, strict=True)), label)
    except csv.Error as error:
        raise DataError(f"{file}, line {reader.line_num}: no valid CSV, {error}") from None
