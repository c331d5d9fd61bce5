"""Foreign text in terminals and file names."""

import pytest

from experiments.escape import for_path, for_terminal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain 价格 é", "plain 价格 é"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("\u202eright to left", "\\u202eright to left"),
        ("\x9b31m", "\\x9b31m"),
        ("\ud800", "\\ud800"),
        ("a\u2028b", "a\\u2028b"),
    ],
)
def test_terminals_get_one_line_without_controls(text: str, shown: str) -> None:
    assert for_terminal(text) == shown


@pytest.mark.parametrize("text", ["..", ".", "/", "", "-", " ", "\x00"])
def test_no_text_becomes_a_special_file_name(text: str) -> None:
    assert for_path(text) == "unnamed"


@pytest.mark.parametrize(
    ("text", "name"),
    [("my world", "my-world"), ("a--b", "a-b"), ("_a", "_a"), ("half – a", "half-a")],
)
def test_plain_names_are_kept(text: str, name: str) -> None:
    assert for_path(text) == name


def test_names_of_other_scripts_get_folders_of_their_own() -> None:
    names = ["mon étude", "mon tude", "模型", "模板", "модель", "x" * 70, "x" * 71]
    found = [for_path(name) for name in names]
    assert len(set(found)) == len(names)
    assert all(name.isascii() and len(name) <= 60 for name in found)
