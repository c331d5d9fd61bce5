"""One declaration per parameter: unit, range, default, description, source, said once.

Validation, `--set`, the tables of documentation, sliders and the bounds of designs all read the
same `Declaration`. A class of parameters derives from `Parameters` and says each field with
`parameter(...)`; sections are nested classes, dictionaries or lists of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NoReturn,
    TypeAliasType,
    Union,
    get_args,
    get_origin,
)

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

LONGEST_TEXT = 500
"""Characters allowed in a text parameter."""

ENTRY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""Names allowed for the entries of a dictionary of sections: they become parts of dotted paths."""

Kind = Literal["number", "integer", "switch", "text", "array", "section", "table", "list"]

_SCALARS: Mapping[object, Kind] = {float: "number", int: "integer", bool: "switch", str: "text"}


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is known of one parameter besides its name, type and default.

    unit: as printed, e.g. "firms" or "$/Mtok" (empty where there is none).
    low, high: bounds of validity, inclusive; each element of an array must lie within.
    description, source: one line each; the source is a fact's id, a paper or "assumption".
    plausible: range of uncertainty that designs draw from, within low to high.
    choices: the words a text parameter may take.
    """

    unit: str
    low: float | None
    high: float | None
    description: str
    source: str
    plausible: tuple[float, float] | None = None
    choices: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not self.description.strip() or not self.source.strip():
            raise ValueError("a parameter needs a description and a source")
        bounds = (self.low, self.high, *(self.plausible or ()))
        if any(bound is not None and not math.isfinite(bound) for bound in bounds):
            raise ValueError("the bounds of a parameter must be finite")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low} lies above high {self.high}")
        if self.plausible is not None:
            self._check_plausible(*self.plausible)

    def _check_plausible(self, low: float, high: float) -> None:
        if low > high or not (self.contains(low) and self.contains(high)):
            raise ValueError(
                f"plausible {low} to {high} must be a range within {self.low} to {self.high}"
            )

    def __call__(self, schema: dict[str, Any]) -> None:
        """Add the declaration to a JSON schema (the hook pydantic calls)."""
        facts = {
            "unit": self.unit,
            "minimum": self.low,
            "maximum": self.high,
            "source": self.source,
            "enum": None if self.choices is None else list(self.choices),
        }
        schema.update({key: value for key, value in facts.items() if value is not None})

    def contains(self, value: float) -> bool:
        """Whether a number lies within the bounds of validity."""
        above = self.low is None or value >= self.low
        return above and (self.high is None or value <= self.high)

    def allows(self, value: object) -> bool:
        """Whether a value of the right type is within the bounds or among the choices."""
        if isinstance(value, (tuple, list)):
            return all(self.allows(item) for item in value)
        if isinstance(value, str):
            return self.choices is None or value in self.choices
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return self.contains(value)
        return True


def parameter(
    default: Any = ...,
    *,
    unit: str,
    low: float | None = None,
    high: float | None = None,
    description: str,
    source: str,
    plausible: tuple[float, float] | None = None,
    choices: tuple[str, ...] | None = None,
    factory: Callable[[], Any] | None = None,
) -> Any:
    """Declare one parameter of a `Parameters` class.

    A default of `...` makes it required; `factory` makes the default when it is called, as for
    sections read from data files. The other arguments are those of `Declaration`.
    Raises ValueError where the declaration contradicts itself: a plausible range or a default
    outside the bounds, a default that is none of the choices, a missing description or source.
    """
    words = None if choices is None else tuple(choices)
    declaration = Declaration(unit, low, high, description, source, plausible, words)
    if factory is not None:
        if default is not ...:
            raise ValueError("a parameter has a default or a factory, not both")
        return Field(
            default_factory=factory, description=description, json_schema_extra=declaration
        )
    if default is not ... and not declaration.allows(default):
        raise ValueError(f"default {default!r} is outside the bounds or choices declared with it")
    return Field(default, description=description, json_schema_extra=declaration)


@dataclass(frozen=True, slots=True)
class Shape:
    """The kind of value a field takes.

    item: kind of an array's elements. section: the class of a section, or of the entries of a
    table (dictionary) or list. optional: None is allowed. choices: the words of a Literal type.
    """

    kind: Kind
    item: Kind | None = None
    section: type[Parameters] | None = None
    optional: bool = False
    choices: tuple[str, ...] | None = None


def shape_of(annotation: object) -> Shape:
    """The shape of a type annotation; TypeError where a parameter cannot be of that type."""
    if isinstance(annotation, TypeAliasType):
        return shape_of(annotation.__value__)
    if annotation in _SCALARS:
        return Shape(_SCALARS[annotation])
    if isinstance(annotation, type) and issubclass(annotation, Parameters):
        return Shape("section", section=annotation)
    return _shape_of_generic(annotation)


def _shape_of_generic(annotation: object) -> Shape:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return shape_of(arguments[0])
    if origin is Literal and all(isinstance(word, str) for word in arguments):
        return Shape("text", choices=arguments)
    if origin in (Union, UnionType):
        rest = [argument for argument in arguments if argument is not NoneType]
        if len(rest) == 1:
            return replace(shape_of(rest[0]), optional=True)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        inner = shape_of(arguments[0])
        if inner.section is None and inner.item is None and not inner.optional:
            return Shape("array", item=inner.kind, choices=inner.choices)
    if origin in (dict, list) and (origin is list or arguments[0] is str):
        inner = shape_of(arguments[-1])
        if inner.kind == "section" and not inner.optional:
            return Shape("table" if origin is dict else "list", section=inner.section)
    raise TypeError(f"a parameter cannot be of type {annotation!r}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of a `Parameters` class: its name, shape, declaration and default."""

    name: str
    shape: Shape
    declaration: Declaration
    info: FieldInfo = field(repr=False)

    @property
    def required(self) -> bool:
        """Whether the field has no default."""
        return self.info.is_required()

    def default(self) -> Any:
        """A fresh default; None for a required field."""
        return None if self.required else self.info.get_default(call_default_factory=True)


@cache
def entries(section: type[Parameters]) -> Mapping[str, Entry]:
    """The fields of a class of parameters in the order of their declaration.

    Raises TypeError naming a field that lacks a declaration, or a number without both bounds.
    """
    return {name: _entry(section, name, info) for name, info in section.model_fields.items()}


def _entry(section: type[Parameters], name: str, info: FieldInfo) -> Entry:
    shape = shape_of(info.annotation)
    place = f"{section.__name__}.{name}"
    declaration = info.json_schema_extra
    if not isinstance(declaration, Declaration):
        if shape.section is None:
            raise TypeError(f"{place} must be declared with parameter(...)")
        description = info.description or (shape.section.__doc__ or name).partition("\n")[0]
        declaration = Declaration("", None, None, description, "see its parameters")
    if shape.choices is not None and declaration.choices is None:
        declaration = replace(declaration, choices=shape.choices)
    numeric = {"number", "integer"} & {shape.kind, shape.item}
    if numeric and None in (declaration.low, declaration.high):
        raise TypeError(f"{place} is a number and needs both low and high")
    return Entry(name, shape, declaration, info)


class Parameters(BaseModel):
    """Base of every section of the tree: immutable, closed to unknown names, strict in types.

    An int is taken where a float is declared; a bool is never a number, text never anything
    else; NaN and infinities are refused. Arrays may be given as lists. Text is one line of
    printable characters, empty only where the default is. Raises pydantic's ValidationError.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        validate_default=True,
        protected_namespaces=(),
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.__pydantic_complete__:
            entries(cls)

    @field_validator("*", mode="before")
    @classmethod
    def _arrays_from_lists(cls, value: Any, info: ValidationInfo) -> Any:
        is_array = entries(cls)[str(info.field_name)].shape.kind == "array"
        return tuple(value) if is_array and isinstance(value, list) else value

    @field_validator("*", mode="after")
    @classmethod
    def _within_declaration(cls, value: Any, info: ValidationInfo) -> Any:
        entry = entries(cls)[str(info.field_name)]
        if isinstance(value, dict):
            _check_entry_names(value)
        elif entry.shape.section is None and value is not None:
            for item in value if isinstance(value, tuple) else (value,):
                _check_item(entry, item)
        return value


def _check_entry_names(table: Mapping[str, object]) -> None:
    for name in table:
        if not ENTRY_NAME.fullmatch(name):
            _refuse(
                "bad_entry_name",
                f"{name[:40]!r} cannot name an entry: use up to 64 letters, digits, '-' and '_'",
            )


def _check_item(entry: Entry, item: float | str) -> None:
    declaration = entry.declaration
    if isinstance(item, str):
        _check_text(entry, item)
    if not declaration.allows(item):
        if isinstance(item, str):
            words = ", ".join(repr(word) for word in declaration.choices or ())
            _refuse("unknown_choice", f"must be one of {words}")
        bounds = f"{declaration.low:.12g} to {declaration.high:.12g} {declaration.unit}"
        _refuse("out_of_range", f"must lie within {bounds.rstrip()}")


def _check_text(entry: Entry, text: str) -> None:
    if not text.strip() and entry.info.default != text:
        _refuse("bad_text", "must not be empty")
    if len(text) > LONGEST_TEXT or not text.isprintable():
        _refuse("bad_text", f"must be one line of at most {LONGEST_TEXT} printable characters")
    if entry.shape.optional and text == "none":
        _refuse("bad_text", "'none' stands for no value; give None")


def _refuse(
    kind: Literal["bad_entry_name", "bad_text", "out_of_range", "unknown_choice"], reason: str
) -> NoReturn:
    raise PydanticCustomError(kind, "{reason}", {"reason": reason})
