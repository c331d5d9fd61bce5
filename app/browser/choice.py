"""A list to choose one word from: the browser's own, which every keyboard and reader knows."""

from collections.abc import Callable, Sequence

import solara


@solara.component_vue("choice.vue")
def _Choice(
    label: str, values: list[str], value: str, disabled: bool, event_choose: Callable[[str], None]
) -> None:
    pass


@solara.component
def Choice(label: str, values: Sequence[str], value: str, on_value: Callable[[str], None]) -> None:
    """Choose one of the values; on_value: called with it."""
    known = list(values)

    def chosen(name: str) -> None:
        # What a browser sends is looked up, not trusted.
        if name in known and name != value:
            on_value(name)

    _Choice(label=label, values=known, value=value, disabled=len(known) < 2, event_choose=chosen)
