"""Builders of documented Arrow columns: every field carries its description and its unit."""

import pyarrow as pa

SHARE = "share"
LOGIT = "logit"
MONTHS = "months"
PRICE = "$/Mtok"
MONEY = "$/month"
STOCK = "$"
TOKENS = "Mtok/month"
FIRMS = "firms"
SLOTS = "slots"
COUNT = "count"
VALUE_SHARE = "share of V"
NAME = "name"
TRUTH = "true or false"


def column(name: str, kind: pa.DataType, unit: str, description: str) -> pa.Field:
    """Return a nullable field whose metadata holds its unit and its meaning in one line."""
    return pa.field(name, kind, metadata={"description": description, "unit": unit})


def number(name: str, unit: str, description: str) -> pa.Field:
    """Return a float64 column."""
    return column(name, pa.float64(), unit, description)


def integer(name: str, unit: str, description: str) -> pa.Field:
    """Return an int32 column, for months and counts of whole things."""
    return column(name, pa.int32(), unit, description)


def text(name: str, description: str) -> pa.Field:
    """Return a plain utf8 column."""
    return column(name, pa.string(), NAME, description)


def flag(name: str, description: str) -> pa.Field:
    """Return a boolean column."""
    return column(name, pa.bool_(), TRUTH, description)


def calendar() -> tuple[pa.Field, pa.Field]:
    """Return the two columns that every table starts with."""
    return (
        integer("month", "month", "months since 2023-01, which is month 0"),
        text("date", "calendar month, YYYY-MM"),
    )
