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
