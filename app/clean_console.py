"""A console that no text can give orders: what it is given is shown, never obeyed."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from experiments.escape import lines_for_terminal


class CleanConsole(Console):
    """Shows control and direction characters of every text as escapes; its own styles work.

    Cleaned is what is printed (so that columns are as wide as what they show) and, whatever it came
    from, what is rendered: texts, cells, progress bars.
    """

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as `Console` does."""
        clean = (lines_for_terminal(one) if isinstance(one, str) else one for one in objects)
        super().print(*clean, **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render as `Console` does; orders that rich itself gives the terminal stay."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(lines_for_terminal(segment.text), segment.style)
