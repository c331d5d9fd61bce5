"""Declarations of parameters and the strictness of the classes that hold them."""

import math
from typing import Any, Literal

import pytest
from pydantic import ValidationError

from agents.common.parameter import Declaration, Parameters, entries, parameter, shape_of


def declare(default: Any = ..., **changes: Any) -> Any:
    facts: dict[str, Any] = {"unit": "$", "description": "Price", "source": "assumption"}
    return parameter(default, **(facts | changes))


class Offer(Parameters):
    """An offer."""

    price: float = declare(1, low=0, high=10)
    buyers: int = declare(3, low=0, high=100)
    word: str = declare("a", choices=("a", "b"))
    label: str = declare("x")
    note: str = declare("")
    tuned: bool = declare(False)
    weights: tuple[float, ...] = declare((1, 2), low=0, high=5)
    fee: float | None = declare(None, low=0, high=1)
    owner: str | None = declare(None)


class Shop(Parameters):
    """A shop."""

    best: Offer = Offer()
    offers: dict[str, Offer] = declare(factory=lambda: {"first": Offer()})
    queue: list[Offer] = declare(factory=list)


def test_values_of_the_right_kind_are_kept_and_numbers_become_floats() -> None:
    offer = Offer(price=2, weights=[1, 0.5], fee=1, owner="meta")
    assert type(offer.price) is float
    assert offer.weights == (1.0, 0.5)
    assert all(type(weight) is float for weight in offer.weights)
    assert (offer.fee, offer.owner) == (1.0, "meta")
    assert type(Offer().price) is float, "a default is normalised too"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", True),
        ("price", "2"),
        ("price", None),
        ("price", math.nan),
        ("price", math.inf),
        ("price", -0.1),
        ("price", 10.1),
        ("price", 10**400),
        ("buyers", False),
        ("buyers", 1.0),
        ("buyers", "1"),
        ("buyers", -1),
        ("buyers", 10**400),
        ("word", "c"),
        ("word", 1),
        ("label", ""),
        ("label", "  "),
        ("label", "two\nlines"),
        ("label", "\x1b[31m"),
        ("label", "x" * 501),
        ("label", "\ud800"),
        ("tuned", 1),
        ("tuned", "true"),
        ("weights", (1, 6)),
        ("weights", (1, "2")),
        ("weights", (1, True)),
        ("weights", (math.nan,)),
        ("weights", 3),
        ("fee", 2),
        ("fee", True),
        ("owner", "none"),
        ("unknown", 1),
    ],
)
def test_wrong_values_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Offer(**{field: value})


def test_bounds_are_inclusive_and_empty_text_needs_an_empty_default() -> None:
    assert Offer(price=0).price == 0
    assert Offer(price=10).price == 10
    assert Offer(note="").note == ""


def test_sections_are_immutable_and_nest() -> None:
    shop = Shop(offers={"second": {"price": 3}}, queue=[{"price": 4}])  # type: ignore
    assert shop.offers["second"].price == 3
    assert shop.queue[0].price == 4
    with pytest.raises(ValidationError):
        shop.best = Offer()


@pytest.mark.parametrize("name", ["", "a.b", "a b", "-a", "ä", "a\nb", "x" * 65])
def test_entries_of_tables_need_names_that_fit_a_dotted_path(name: str) -> None:
    with pytest.raises(ValidationError, match="cannot name an entry"):
        Shop(offers={name: Offer()})


def test_a_factory_gives_each_instance_its_own_default() -> None:
    assert Shop().offers is not Shop().offers
    assert entries(Shop)["offers"].default() == {"first": Offer()}


@pytest.mark.parametrize(
    "changes",
    [
        {"default": 11, "low": 0, "high": 10},
        {"default": (1, 11), "low": 0, "high": 10},
        {"default": math.nan, "low": 0, "high": 10},
        {"default": "c", "choices": ("a", "b")},
        {"low": 2, "high": 1},
        {"low": 0, "high": math.inf},
        {"low": 0, "high": 1, "plausible": (0.5, 1.5)},
        {"low": 0, "high": 1, "plausible": (-0.5, 0.5)},
        {"low": 0, "high": 1, "plausible": (0.7, 0.3)},
        {"default": 1, "factory": int},
        {"description": " "},
        {"source": ""},
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        declare(**changes)


def test_a_number_without_both_bounds_is_refused_when_the_class_is_made() -> None:
    with pytest.raises(TypeError, match=r"Loose\.price .*low and high"):

        class Loose(Parameters):
            price: float = declare(1, low=0)


def test_a_field_without_a_declaration_is_refused_when_the_class_is_made() -> None:
    with pytest.raises(TypeError, match=r"Bare\.price must be declared"):

        class Bare(Parameters):
            price: float = 1.0


@pytest.mark.parametrize(
    "annotation", [bytes, complex, dict[str, float], dict[int, Offer], list[int], int | str, Any]
)
def test_other_types_are_no_parameters(annotation: object) -> None:
    with pytest.raises(TypeError, match="cannot be of type"):
        shape_of(annotation)


def test_shapes_tell_kind_choices_and_sections() -> None:
    assert shape_of(tuple[int, ...]).item == "integer"
    assert shape_of(float | None).optional
    assert shape_of(Literal["a", "b"]).choices == ("a", "b")
    assert shape_of(dict[str, Offer]).section is Offer
    assert shape_of(list[Offer]).kind == "list"


def test_the_declaration_is_found_again_and_reaches_the_json_schema() -> None:
    entry = entries(Offer)["price"]
    assert entry.declaration == Declaration("$", 0, 10, "Price", "assumption")
    schema = Offer.model_json_schema()["properties"]
    assert schema["price"]["maximum"] == 10
    assert schema["price"]["unit"] == "$"
    assert schema["word"]["enum"] == ["a", "b"]
