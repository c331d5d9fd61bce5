"""Plain names for what a person called by any name: letters that every file system takes."""

import hashlib
import re
import unicodedata
from typing import Final

ODD: Final = re.compile(r"[^A-Za-z0-9_.-]+")
PUNCTUATION: Final = ("P", "Z", "C")
"""Categories of characters that tell no names apart: signs, blanks and controls."""


def plain_name(text: str, longest: int, unnamed: str) -> str:
    """The text in letters, digits, `_`, `.` and `-`, without dots and dashes at its ends.

    Accents are left out. Where letters of the text are lost or it is cut, six digits of the text
    follow, so that different texts keep different names. unnamed: stands for what has no letter.
    """
    apart = unicodedata.normalize("NFKD", text)
    bare = "".join(one for one in apart if not unicodedata.combining(one))
    plain = ODD.sub("-", bare).strip("-.")
    if not _loses_letters(text) and len(plain) <= longest:
        return plain or unnamed
    same = unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")
    mark = hashlib.blake2b(same, digest_size=3).hexdigest()
    return f"{(plain or unnamed)[: longest - 7].rstrip('-.')}-{mark}"


def _loses_letters(text: str) -> bool:
    return any(
        not one.isascii() and unicodedata.category(one)[0] not in PUNCTUATION for one in text
    )
