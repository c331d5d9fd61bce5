"""The chapter on the game over strategies: what vendors choose when they answer each other."""

from collections.abc import Mapping
from typing import Any, Final

from app.reporting.inputs import Source
from app.reporting.markup import Child, Markup, table, tag
from app.reporting.section import Section, cited, from_words, missing
from app.reporting.words import short

TITLE: Final = "The game between vendors"
MOST_ROWS: Final = 40


def game_section(game: Source | None) -> Section:
    """The chapter of the game; without one it says which command plays it."""
    if game is None:
        words = "No game over open, closed and dual strategies was played. This command plays one:"
        return missing("game", TITLE, "game", words)
    body = [from_words(game), *game_body(game.document, game)]
    return Section("game", TITLE, body)


def game_body(document: Mapping[str, Any], game: Source) -> list[Markup]:
    """What a game's document says: its plain values, then a table per list of records.

    The one place that knows the document; a richer view of it belongs here.
    """
    plain: list[list[Child]] = [
        [words_of(key), shown(value)]
        for key, value in document.items()
        if not isinstance(value, list | Mapping)
    ]
    found = [tag("p", "As stored by the game.", cited(game))]
    if plain:
        found.append(table(["", ""], plain, "What was played"))
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            columns = list(value[0])
            rows: list[list[Child]] = [
                [shown(row.get(column)) for column in columns] for row in value[:MOST_ROWS]
            ]
            headings = [words_of(column) for column in columns]
            found.append(table(headings, rows, words_of(key)))
    return found


def words_of(key: str) -> str:
    """A name of a field as words."""
    return key.replace("_", " ")


def shown(value: Any) -> str:
    """A value of any kind in a cell."""
    if isinstance(value, float):
        return short(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {shown(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(shown, value))
    return str(value)
