"""HTML and SVG built from elements: every text is escaped where it enters, by construction."""

from html import escape
from typing import Final, Self

from experiments.escape import for_terminal

VOID: Final = frozenset({"meta", "br", "hr", "col"})


class Markup(str):
    """Text that is markup already; only this module and style sheets make it."""

    __slots__ = ()

    @classmethod
    def joined(cls, parts: "list[Markup]") -> Self:
        """Several pieces one after another."""
        return cls("".join(parts))


type Child = str | Markup | list[Markup] | None
type Value = str | int | float | bool | None


def safe(text: str) -> Markup:
    """Foreign text: control and direction characters shown, markup taken literally."""
    return Markup(escape(for_terminal(text), quote=True))


def tag(name: str, /, *children: Child, **attributes: Value) -> Markup:
    """An element. Children that are no markup are escaped; so is every attribute's value.

    An attribute's underscores become hyphens, a last one is dropped (`class_`); False and None
    leave it out, True gives its name alone. Elements are closed, so that SVG is XML, too.
    """
    words = "".join(attribute(key, value) for key, value in attributes.items())
    if name in VOID:
        return Markup(f"<{name}{words}>")
    inner = "".join(content(child) for child in children)
    return Markup(f"<{name}{words}>{inner}</{name}>")


def content(child: Child) -> Markup:
    """A child as markup."""
    if child is None:
        return Markup("")
    if isinstance(child, Markup):
        return child
    return Markup.joined(child) if isinstance(child, list) else safe(child)


def attribute(key: str, value: Value) -> Markup:
    """An attribute with the space before it."""
    if value is None or value is False:
        return Markup("")
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return Markup(f' {name}=""')
    text = f"{value:.5g}" if isinstance(value, float) else str(value)
    return Markup(f' {name}="{safe(text)}"')


def table(headings: list[str], rows: list[list[Child]], caption: str, numeric: str = "") -> Markup:
    """A table with a caption. numeric: an `r` for each column that is aligned right."""
    right = [numeric[place : place + 1] == "r" for place in range(len(headings))]
    head = [
        tag("th", words, scope="col", class_="num" if right[place] else None)
        if words
        else tag("td")
        for place, words in enumerate(headings)
    ]
    body = []
    for row in rows:
        cells = [tag("th", row[0], scope="row")]
        cells += [
            tag("td", cell, class_="num" if right[place] else None)
            for place, cell in enumerate(row[1:], start=1)
        ]
        body.append(tag("tr", cells))
    inner = tag("table", tag("caption", caption), tag("thead", tag("tr", head)), tag("tbody", body))
    return tag("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption)
