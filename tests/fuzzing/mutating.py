"""Mutations: of trees of values, of their text, of bytes; each says in words what it did."""

import copy
import datetime
import random
from collections.abc import Callable, Iterator
from typing import Any, Final

Place = tuple[Any, ...]
OWNED: Final = "\x1b]0;owned\x07\u202e"
"""Sets a terminal's title and turns its text round, where it reaches one."""
ODD: Final[tuple[Any, ...]] = (
    True, False, 0, 1, -1, 2, 1.5, -0.0, 0.5, 1e-9, 1e308, 1e300, float("nan"), float("inf"),
    -float("inf"), 10**18, 2**63, 10**400, "", " ", "0.5", "true", "false", "nan", "none", "lots",
    OWNED, "\x1b[2J", "../../outside", "/etc/hostname", "$(touch owned)", "; touch owned #",
    "x" * 5000, "\u6a21\u578b", "\uff12\uff10\uff12\uff14-\uff10\uff11", "2024-13", "2022-06",
    "2031-01", "2059-12", "openai", "Metta", "Meta", "europe", "open", "dual", "large", [], {},
    [[]], ["o"], [5], [None], [1, 2, 3], {"a": 1}, {"a": {"b": []}}, {"low": 0, "high": 1},
    datetime.date(2024, 1, 1), datetime.datetime(2024, 1, 1, 12), datetime.time(1, 2),
)  # fmt: skip
"""Values that stand where others are meant."""
NAMES: Final = ("", "x", "\u6a21\u578b", OWNED, "a.b", "n" * 200, "month", "kind", "../x", "'", '"')


def places(tree: Any, here: Place = ()) -> Iterator[Place]:
    """Every place in a tree of tables and lists, but its root."""
    items: Any = ()
    if isinstance(tree, dict):
        items = tree.items()
    elif isinstance(tree, list):
        items = enumerate(tree)
    for key, value in items:
        yield (*here, key)
        yield from places(value, (*here, key))


def at(tree: Any, place: Place) -> Any:
    """The value at a place."""
    for key in place:
        tree = tree[key]
    return tree


def odd(rng: random.Random, *, json: bool) -> Any:
    """A value that stands where another is meant; of those that JSON can write."""
    while True:
        value = copy.deepcopy(rng.choice(ODD))
        if not json or not isinstance(value, datetime.date | datetime.time):
            return value


def misspelt(rng: random.Random, name: str) -> str:
    """A name with a letter lost, doubled or exchanged, or quite another one."""
    if not name or rng.random() < 0.3:
        return rng.choice(NAMES)
    spot = rng.randrange(len(name))
    return name[:spot] + rng.choice(("", name[spot] * 2, "z")) + name[spot + 1 :]


def mutated(tree: Any, rng: random.Random, *, json: bool = False) -> tuple[Any, str]:
    """A copy of a tree with one to three changes, and what they are."""
    tree, said = copy.deepcopy(tree), []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        found = list(places(tree))
        if not found:
            break
        said.append(change(tree, rng.choice(found), rng, json=json))
    return tree, "; ".join(said)


def change(tree: Any, place: Place, rng: random.Random, *, json: bool) -> str:
    """Make one change at a place, in place; what it is."""
    into, key = at(tree, place[:-1]), place[-1]
    value, kind = into[key], rng.randrange(8)
    name = ".".join(map(str, place))
    if kind == 0:
        del into[key]
        return f"{name} left out"
    if kind == 1 and isinstance(into, dict):
        new = misspelt(rng, str(key))
        into[new] = into.pop(key)
        return f"{name} named {new!r}"
    if kind == 2 and isinstance(into, dict):
        new = misspelt(rng, str(key))
        into[new] = odd(rng, json=json)
        return f"{new!r} beside {name}: {short(into[new])}"
    if kind == 3:
        into[key] = [value] if rng.random() < 0.5 else {"a": value}
        return f"{name} wrapped: {short(into[key])}"
    if kind == 4:
        other = copy.deepcopy(at(tree, rng.choice(list(places(tree)))))
        into[key] = other
        return f"{name} = {short(other)} of elsewhere"
    if kind == 5 and isinstance(value, int | float) and not isinstance(value, bool):
        into[key] = rng.choice((-value, value * 1000, value / 1000, str(value), float(value)))
        return f"{name} = {short(into[key])}"
    into[key] = odd(rng, json=json)
    return f"{name} = {short(into[key])}"


def short(value: Any) -> str:
    """A value in at most 60 characters of ASCII."""
    try:
        text = ascii(value)
    except ValueError:  # an integer of more digits than Python writes
        text = "a very long integer"
    return text if len(text) <= 60 else f"{text[:57]}..."


TEXTS: Final[dict[str, Callable[[bytes, random.Random], bytes]]] = {
    "byte order mark": lambda text, _: b"\xef\xbb\xbf" + text,
    "CRLF": lambda text, _: text.replace(b"\n", b"\r\n"),
    "CR": lambda text, _: text.replace(b"\n", b"\r"),
    "UTF-16": lambda text, _: text.decode("utf-8", "replace").encode("utf-16"),
    "cut short": lambda text, rng: text[: rng.randrange(len(text) + 1)],
    "twice": lambda text, _: text + b"\n" + text,
    "empty": lambda _text, _: b"",
    "NUL": lambda text, rng: spliced(text, b"\0", rng),
    "0xff": lambda text, rng: spliced(text, b"\xff", rng),
    "escape": lambda text, rng: spliced(text, OWNED.encode(), rng),
    "quote": lambda text, rng: spliced(text, rng.choice((b'"', b"'", b"[", b"]", b"=", b",")), rng),
    "random bytes": lambda _text, rng: rng.randbytes(rng.randrange(200)),
    "a flipped byte": lambda text, rng: flipped(text, rng),
    "nested lists": lambda text, rng: b"x = " + b"[" * (n := rng.choice((50, 2000))) + b"]" * n
    + b"\n" + text,
    "nested tables": lambda text, rng: b"x = " + b"{a=" * (n := rng.choice((50, 2000))) + b"1"
    + b"}" * n + b"\n" + text,
    "dotted key": lambda text, rng: b".".join([b"a"] * rng.choice((90, 5000))) + b" = 1\n" + text,
    "long integer": lambda text, rng: b"x = " + b"9" * rng.choice((400, 5000)) + b"\n" + text,
    "many keys": lambda text, _: b"".join(b"k%d = 1\n" % n for n in range(3000)) + text,
    "a value of many digits": lambda text, rng: digits(text, rng),
}  # fmt: skip
"""Mutations of a text, whatever its language."""


def spliced(text: bytes, what: bytes, rng: random.Random) -> bytes:
    """A text with something put in at a random spot."""
    spot = rng.randrange(len(text) + 1)
    return text[:spot] + what + text[spot:]


def flipped(text: bytes, rng: random.Random) -> bytes:
    """A text with one byte changed."""
    if not text:
        return text
    spot = rng.randrange(len(text))
    return text[:spot] + bytes([text[spot] ^ (1 << rng.randrange(8))]) + text[spot + 1 :]


def digits(text: bytes, rng: random.Random) -> bytes:
    """A text with one of its digits repeated 400 times."""
    spots = [spot for spot, byte in enumerate(text) if 48 <= byte <= 57]
    if not spots:
        return text
    spot = rng.choice(spots)
    return text[:spot] + text[spot : spot + 1] * 400 + text[spot:]


def texted(text: bytes, rng: random.Random) -> tuple[bytes, str]:
    """A text after one mutation, and its name."""
    name = rng.choice(list(TEXTS))
    return TEXTS[name](text, rng), name
