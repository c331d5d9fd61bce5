"""The one place that makes foreign text safe to show: terminals and file names.

Names of scenarios, vendors and models come from files that strangers may have written.
"""

import re
import unicodedata

DASHES = re.compile(r"-+")
LONGEST_NAME = 60


def for_terminal(text: object) -> str:
    """Return `text` on one line with control and direction characters shown as escapes."""
    return "".join(visible(character) for character in str(text))


def lines_for_terminal(text: str) -> str:
    """Return `text` with its line ends and tabs, and all else as `for_terminal` shows it.

    For text of several lines that this program composed, or shows as lines: what a foreign text
    breaks into lines should go through `for_terminal` before.
    """
    if text.isprintable():
        return text
    return "".join(one if one in "\n\t" else visible(one) for one in text)


def visible(character: str) -> str:
    """Return the character itself if it prints, else its escape: `\\x1b`."""
    if unicodedata.category(character)[0] == "C" or character in "\u2028\u2029":
        return character.encode("unicode_escape").decode("ascii")
    return character


def for_path(text: str) -> str:
    """Return `text` as a plain file name: no separators, spaces, leading dots or odd letters.

    Names of other scripts stay apart, see `sim.naming`.
    """
    # Imported here: the command line cleans what it prints before it needs the market.
    from sim.naming import plain_name

    return DASHES.sub("-", plain_name(text, LONGEST_NAME, "unnamed"))


FORMULA = ("=", "+", "-", "@", "\t", "\r")


def for_csv(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
