"""The one reader of what a person writes: any bytes in, a tree or the caller's sentence out."""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.naming import plain_name
from sim.toml_lines import MOST_KEYS, lines_of
from sim.written import Fields, Label, parsed, read_toml, spot


class OddError(Exception):
    """The caller's own error."""


def refusal(path: Path) -> str:
    """The sentence a file is refused with; empty where it is read."""
    try:
        read_toml(path, OddError)
    except OddError as error:
        return str(error)
    return ""


def written(folder: Path, content: bytes | str) -> Path:
    """A file with some content."""
    path = folder / "mine.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\xef\xbb\xbfa = 1\r\nb = 2\r\n", 2),
        (b"a = 1\nb = 2", 2),
        (b"a = 1\r\n\r\nb = 2", 3),
    ],
)
def test_a_byte_order_mark_and_ends_of_lines_make_no_difference(
    tmp_path: Path, content: bytes, line: int
) -> None:
    tree, label, text = read_toml(written(tmp_path, content), OddError)
    assert tree == {"a": 1, "b": 2}
    assert spot(label, "b") == f"mine.toml, line {line}"
    assert text.startswith("a = 1")


REFUSED: list[tuple[str, bytes | str, str]] = [
    ("syntax", "a = \n", "mine.toml: not valid TOML in line 1, column 5"),
    ("twice", "a = 1\na = 2\n", "'a' is given twice (line 2"),
    ("NUL", b"a = 1\n\0", "NUL byte in line 2"),
    ("UTF-16", "a = 1".encode("utf-16"), "NUL byte in line 1"),
    ("Latin-1", b"a = '\xe9'", "byte 0xe9 in line 1"),
    ("large", "#" * 1_000_001, "larger than 1 MB"),
    ("digits", "b = 1\na = " + "9" * 5000, "a number in line 2 has 5,000 characters"),
    ("digits of a bound", "a = " + "9" * 400, "a number in line 1 has 400 characters"),
    ("hexadecimal", "a = 0x" + "f" * 400, "a number in line 1 has 402 characters"),
    ("decimals", "a = 0." + "3" * 400, "a number in line 1 has 400 characters"),
    ("negative", "a = [-" + "9" * 400 + "]", "a number in line 1"),
    ("bare name", "a" * 400 + " = 1", "a name in line 1 has 400 characters"),
    ("quoted name", '"' + "a" * 600 + '" = 1', "has more characters than 500"),
    ("arrays", "a = " + "[" * 2000 + "]" * 2000, "nested too deep in line 1"),
    ("arrays of tables", "a = " + "[{a = " * 500 + "1" + "}]" * 500, "nested too deep in line 1"),
    ("dotted key", "\na" + ".a" * 50_000 + " = 1", "the key in line 2 is nested too deep"),
    ("dotted header", "[a" + ".a" * 50_000 + "]", "the key in line 1 is nested too deep"),
    ("dotted in a table", "x = {a" + ".a" * 50_000 + " = 1}", "50,001 parts and may have 32"),
    ("dotted with a comma", "'a,'" + ".a" * 50_000 + " = 1", "the key in line 1"),
    ("dotted and quoted", '"a"' + " . 'b'" * 50_000 + " = 1", "the key in line 1"),
    ("together", "a.b.c.d = {" * 9 + "a = 1" + "}" * 9, "nested too deep"),
    ("keys", "".join(f"a{n} = 1\n" for n in range(MOST_KEYS + 1)), "50,000 keys, from line 50001"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_what_is_too_much_or_no_toml_is_refused(
    tmp_path: Path, content: bytes | str, said: str
) -> None:
    sentence = refusal(written(tmp_path, content))
    assert said in sentence
    assert sentence.startswith("mine.toml: ")
    assert len(sentence) < 250


@pytest.mark.parametrize(
    "text",
    [
        "# " + "[" * 100 + "9" * 500,
        "a = '" + "[" * 100 + "9" * 500 + "'",
        'a = """\n' + "[.\n" * 100 + '\\""" ' + "a." * 100 + '"""""',
        "a = '''" + "[{.'" * 100 + "'''",
        "a = [" + "[1], " * 1000 + "]",
    ],
)
def test_comments_texts_and_long_arrays_are_no_nesting(text: str) -> None:
    assert parsed(text, "x", OddError)[0] == tomllib.loads(text)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, said in (
        ("pipe", "not a regular file"), (".", "a directory"), ("gone", "No such file"),
        ("a\0b", "null"), ("x" * 300, "too long"),
    ):  # fmt: skip
        sentence = refusal(tmp_path / name)
        assert "cannot be read: " in sentence
        assert said in sentence


TEXT = '''a = 1
b.c = [
  2,
  { d = 3, "e f" = [4,
    5] },
]

[t.u] # comment
v = """
text
"""
w = 6

[[rows]]
x = 7
[[rows]]
x = 8
[rows.y]
z = { k = 9 }
'''
PLACES = [
    (("a",), 1), (("b", "c"), 2), (("b", "c", 0), 3), (("b", "c", 1), 4), (("b", "c", 1, "d"), 4),
    (("b", "c", 1, "e f", 1), 5), (("t", "u"), 8), (("t", "u", "w"), 12), (("rows", 0, "x"), 15),
    (("rows", 1), 16), (("rows", 1, "x"), 17), (("rows", 1, "y", "z", "k"), 19),
]  # fmt: skip


def test_the_line_of_every_value_is_known() -> None:
    found = lines_of(TEXT)
    assert {place: found.get(place) for place, _ in PLACES} == dict(PLACES)
    label = Label.of("mine.toml", TEXT)
    assert spot(label, "rows", 1, "gone") == "mine.toml, line 16"
    assert spot(label, "gone") == spot("mine.toml", "a") == "mine.toml"


def places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Places of all values that are no tables or arrays."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        if isinstance(inner, (dict, list)):
            yield from places(inner, (*place, key))
        else:
            yield (*place, key)


leaves = st.integers(-5, 5) | st.floats() | st.booleans() | st.text(max_size=5)
trees = st.dictionaries(
    st.text(max_size=4),
    st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
        ),
        max_leaves=6,
    ),
    max_size=4,
)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(tree=trees)
def test_a_tree_is_read_as_it_was_written_and_its_lines_are_known(tree: dict[str, Any]) -> None:
    text = tomli_w.dumps(tree, multiline_strings=True)
    assert repr(parsed(text, "x", OddError)[0]) == repr(tomllib.loads(text))
    assert set(places(tomllib.loads(text))) <= set(lines_of(text))


FRAGMENTS = [
    b"a", b"b.c", b"=", b".", b"[", b"]", b"[[", b"]]", b"{", b"}", b'"', b"'", b'"""', b"'''",
    b"\\", b"\n", b"\r\n", b" ", b",", b"1", b"-", b"nan", b"true", b"1e999", b"\xff", b"\0", b"#",
    b"2024-01-01", b"\xef\xbb\xbf", "é".encode(), b"9" * 120, b"a." * 40, b"[" * 40,
]  # fmt: skip


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    content=st.binary(max_size=100)
    | st.lists(st.sampled_from(FRAGMENTS), max_size=25).map(b"".join)
)
def test_any_bytes_are_a_tree_or_the_callers_error(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = written(tmp_path_factory.getbasetemp(), content)
    if sentence := refusal(path):
        assert sentence.startswith("mine.toml: ")
    else:
        tree, label, _ = read_toml(path, OddError)
        assert set(places(tree)) <= set(label.lines)


def fields(text: str, place: tuple[str | int, ...] = ()) -> Fields:
    """The fields of a text's table."""
    tree, label = parsed(text, "mine.toml", OddError)
    part: Any = tree
    for key in place:
        part = part[key]
    return Fields.of(part, OddError, label, place)


ODD = ["1", "1.5", "true", '"x"', "nan", "inf", "1e999", "2024-01-01", "[1]", "{b = 1}", "10:00:00"]
TAKES: dict[str, tuple[Any, list[str], str]] = {
    "text": (lambda f: f.text("a"), ['"x"'], "one line of text in quotes"),
    "flag": (lambda f: f.flag("a"), ["true"], "true or false"),
    "whole": (lambda f: f.whole("a", 0, 9), ["1"], "a whole number from 0 to 9"),
    "number": (lambda f: f.number("a"), ["1", "1.5"], "a finite number"),
    "word": (lambda f: f.word("a", ["x", "y"]), ['"x"'], "one of x, y"),
    "texts": (lambda f: f.texts("a"), [], "a list of texts in quotes"),
    "table": (lambda f: f.table("a"), ["{b = 1}"], "a table, [a]"),
    "tables": (lambda f: f.tables("a"), [], "a list of tables, [[a]]"),
}


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("kind", TAKES)
def test_types_are_never_changed(kind: str, value: str) -> None:
    take, fitting, needed = TAKES[kind]
    text = f"\na = {value}\n"
    if value in fitting:
        assert take(fields(text)) == tomllib.loads(text)["a"]
        return
    with pytest.raises(OddError) as caught:
        take(fields(text))
    assert str(caught.value).startswith(f"mine.toml, line 2: a must be {needed}, not ")


@pytest.mark.parametrize("value", ['""', '" "', '"a\\nb"', '"\\u001b[2J"', '"' + "x" * 501 + '"'])
def test_text_is_one_line_that_prints(value: str) -> None:
    with pytest.raises(OddError, match="a must be one line of text"):
        fields(f"a = {value}").text("a")


def test_names_that_are_not_known_and_fields_that_are_missing_are_told() -> None:
    inner = fields("[rows]\nsize = 3\n", ("rows",))
    with pytest.raises(
        OddError, match=r"^mine.toml, line 2: rows: there is no field 'size'; known"
    ):
        Fields.of(inner.tree, OddError, inner.label, inner.place, ["colour"])
    with pytest.raises(OddError, match=r"no field 'size'; did you mean sizes\?"):
        Fields.of(inner.tree, OddError, inner.label, inner.place, ["sizes"])
    with pytest.raises(OddError, match=r"line 1: rows: name is missing; it must be one line"):
        inner.text("name")
    with pytest.raises(OddError, match=r"x\.toml: rows\[1\] must be a table, not 3"):
        Fields.of(3, OddError, "x.toml", ("rows", 1))
    assert inner.text("name", "none") == "none"
    assert (inner.texts("more"), inner.tables("more"), inner.table("more")) == ((), [], {})


def test_a_word_close_to_another_is_named() -> None:
    with pytest.raises(OddError, match=r"one of open, closed, not 'opne'; did you mean open\?"):
        fields('a = "opne"').word("a", ["open", "closed"])


@pytest.mark.parametrize(
    ("text", "plain"),
    [("my world", "my-world"), ("a--b", "a--b"), ("..", "none"), ("!?", "none"), ("", "none"),
     ("half – open", "half-open")],
)  # fmt: skip
def test_plain_names_of_letters_stay(text: str, plain: str) -> None:
    assert plain_name(text, 64, "none") == plain


def test_names_of_other_letters_stay_apart() -> None:
    names = ["mon étude", "mon tude", "mon etude", "mon êtude", "模型", "模板", "модель", "🙂", "Ⅳ"]
    found = [plain_name(name, 64, "none") for name in names]
    assert len(set(found)) == len(names)
    assert all(name.isascii() for name in found)
    assert found[0].startswith("mon-etude-")
    assert plain_name("mon e\u0301tude", 64, "none") == found[0]
    longs = [plain_name("x" * 70 + end, 64, "none") for end in "ab"]
    assert len(set(longs)) == 2
    assert {len(name) for name in longs} == {64}
