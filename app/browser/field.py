"""Fields to type into. What is typed stays in the browser until it is confirmed.

A page that plays is drawn again many times a second. A field whose text the server holds would be
set back each time, under the hands of whoever types; so the browser holds it here.
"""

from collections.abc import Callable
from typing import Final

import solara

LONGEST: Final = 200
"""Characters of a text that are read; a browser may send more."""


@solara.component_vue("field.vue")
def _Field(
    label: str, value: str, error: str, each: bool, event_confirm: Callable[[str], None]
) -> None:
    pass


@solara.component
def Field(
    label: str, value: str, on_value: Callable[[str], None], *, error: str = "", each: bool = False
) -> None:
    """A line of text.

    on_value: called with the text, stripped, once Enter is pressed or the field is left. error:
    what is wrong with it, shown below. each: call while somebody types, too.
    """

    def confirmed(text: object) -> None:
        if isinstance(text, str):
            on_value(text[:LONGEST].strip())

    _Field(label=label, value=value, error=error, each=each, event_confirm=confirmed)


@solara.component
def Number(
    label: str,
    value: int | None,
    on_value: Callable[[int | None], None],
    *,
    limits: tuple[int, int] | None = None,
) -> None:
    """A whole number that may be left empty; anything else is refused below the field.

    limits: the least and the greatest that is taken.
    """
    wrong, set_wrong = solara.use_state("")

    def changed(text: str) -> None:
        refusal = refused(text, limits) if text else ""
        set_wrong(refusal)
        if not refusal:
            on_value(int(text) if text else None)

    Field(label, "" if value is None else str(value), changed, error=wrong)


def refused(text: str, limits: tuple[int, int] | None) -> str:
    """Why a text is no whole number that is taken; empty if it is one."""
    if not (text.isascii() and text.isdigit()):
        return f"{text} is not a whole number"
    if limits is not None and not limits[0] <= int(text) <= limits[1]:
        return f"take {limits[0]} to {limits[1]}"
    return ""
