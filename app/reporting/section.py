"""Parts of a report, and how each says where its numbers are from."""

from dataclasses import dataclass

from app.reporting.drawing import Figure
from app.reporting.inputs import MAKERS, Source
from app.reporting.markup import Markup, tag


@dataclass(frozen=True)
class Section:
    """A chapter. name: its anchor. body: what stands under its title. figures: all it shows."""

    name: str
    title: str
    body: list[Markup]
    figures: tuple[Figure, ...] = ()


def cited(source: Source) -> Markup:
    """A link to the row of the table of provenance."""
    link = tag("a", source.mark, href=f"#{source.anchor}", title=f"from {source.name}")
    return tag("sup", "[", link, "]", class_="from")


def from_words(source: Source) -> Markup:
    """A line that says where all numbers of a part are from."""
    return tag(
        "p", "Numbers: ", tag("code", source.name), cited(source), class_="quiet"
    )  # fmt: skip


def missing(name: str, title: str, kind: str, what: str) -> Section:
    """A chapter without data: what it would show, and the command that makes it."""
    words = tag("p", f"{what} ", tag("code", MAKERS[kind]), class_="missing")
    return Section(name, title, [words])


def paragraphs(*texts: str) -> list[Markup]:
    """Plain paragraphs."""
    return [tag("p", words) for words in texts]
