"""Figures drawn as SVG by hand: shapes that carry their colour for light, and a class for dark."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app import palette
from app.reporting.markup import Child, Markup, Value, tag
from experiments.escape import for_csv

FONT: Final = "system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
MARGIN: Final = 14
"""Around a picture that is a file of its own."""
LIGHT_ENOUGH: Final = 0.34
"""Relative luminance from which a colour reads well on the dark page."""
DARK: Final = {
    palette.INK: "#E8ECF2", palette.MUTED: "#A9B3C1", palette.FAINT: "#3A4352",
    palette.PAPER: "#151A21", palette.INPUT_SHADE: "#222933",
    **{palette.dark(colour): colour for colour in palette.ACCESS.values()},
}  # fmt: skip
"""What the neutral colours, and those darkened for text on white, become on the dark page."""
HOLDS: Final = palette.OPEN
FAILS: Final = palette.CLOSED
DEPENDS: Final = "#0072B2"
VERDICT: Final = {"holds": HOLDS, "fails": FAILS, "depends": DEPENDS, "unknown": palette.MUTED}
"""Colour of each class of verdict."""
ACCESS: Final = tuple(palette.dark(colour) for colour in palette.ACCESS.values())
COLOURS: Final = tuple(dict.fromkeys((
    *DARK, HOLDS, FAILS, DEPENDS, palette.DUAL, palette.OTHER, *palette.LEVELS.values(), *ACCESS,
    *palette.SERIES, *map(palette.dark, palette.SERIES),
)))  # fmt: skip
"""All colours that a figure may use."""


@dataclass(frozen=True)
class Figure:
    """A picture with its numbers.

    name: of its files. alt: what it shows, for who cannot see it. columns, rows: what is drawn.
    wide: scrolls on a narrow screen instead of shrinking until nothing can be read.
    """

    name: str
    title: str
    alt: str
    svg: Markup
    columns: tuple[str, ...]
    rows: Sequence[Sequence[str | float | None]]
    wide: bool = False

    def html(self, note: Child = None, *, titled: bool = True) -> Markup:
        """The picture with its caption on the page. note: where the numbers are from."""
        words = [tag("strong", self.title), Markup(" ")] if titled else []
        caption = tag("figcaption", words, note) if titled or note else None
        if not self.wide:
            return tag("figure", self.svg, caption)
        drawing = tag("div", self.svg, class_="scroll", tabindex="0", role="region",
                      aria_label=self.title)  # fmt: skip
        return tag("figure", drawing, caption, class_="wide")

    def file(self) -> str:
        """The picture as a file of its own, on white with a margin."""
        size = self.svg.split('viewBox="', 1)[1].split('"', 1)[0].split()[2:]
        width, height = (float(side) + 2 * MARGIN for side in size)
        whole = tag(
            "svg", tag("rect", width=width, height=height, fill=palette.PAPER),
            tag("g", self.svg, transform=f"translate({MARGIN} {MARGIN})"),
            xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width:g} {height:g}",
            width=width, height=height,
        )  # fmt: skip
        return f"{whole}\n"

    def csv(self) -> str:
        """Its numbers as CSV that no spreadsheet takes for formulas."""
        sink = io.StringIO()
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(self.columns)
        for row in self.rows:
            writer.writerow([for_csv(v) if isinstance(v, str) else v for v in row])
        return sink.getvalue()


def picture(width: float, height: float, alt: str, shapes: list[Markup]) -> Markup:
    """An SVG element with its alternative text."""
    return tag(
        "svg", tag("title", alt), shapes, viewBox=f"0 0 {width:g} {height:g}", role="img",
        width=width, height=height, font_family=FONT, font_size=12,
    )  # fmt: skip


def filled(colour: str) -> dict[str, str]:
    """Attributes that fill a shape."""
    assert colour in COLOURS
    return {"fill": colour, "class_": f"f{colour[1:]}"}


def stroked(colour: str) -> dict[str, str]:
    """Attributes that draw an outline."""
    assert colour in COLOURS
    return {"stroke": colour, "class_": f"s{colour[1:]}"}


def text(
    x: float, y: float, words: str, colour: str = palette.INK, **style: Value
) -> Markup:  # fmt: skip
    """Words at a place, their baseline at y."""
    return tag("text", words, x=round(x, 1), y=round(y, 1), **filled(colour), **style)


def line(
    x1: float, y1: float, x2: float, y2: float, colour: str = palette.FAINT, **style: Value
) -> Markup:  # fmt: skip
    """A straight line."""
    places = {"x1": round(x1, 1), "y1": round(y1, 1), "x2": round(x2, 1), "y2": round(y2, 1)}
    return tag("line", **places, **stroked(colour), **style)


def rect(x: float, y: float, width: float, height: float, colour: str, **style: Value) -> Markup:
    """A filled box."""
    return tag(
        "rect", x=round(x, 1), y=round(y, 1), width=round(max(width, 0.0), 1), height=height,
        **filled(colour), **style,
    )  # fmt: skip


def dot(x: float, y: float, radius: float, colour: str, *, hollow: bool = False) -> Markup:
    """A dot, or a ring."""
    place = {"cx": round(x, 1), "cy": round(y, 1), "r": radius}
    if hollow:
        return tag("circle", **place, **stroked(colour), fill="none", stroke_width=1.8)
    return tag("circle", **place, **filled(colour))


def path(points: Sequence[tuple[float, float]], colour: str, **style: Value) -> Markup:
    """A line through points."""
    return tag("path", d=steps(points), fill="none", **stroked(colour), **style)


def area(points: Sequence[tuple[float, float]], colour: str, **style: Value) -> Markup:
    """A filled outline."""
    return tag("path", d=f"{steps(points)}Z", **filled(colour), **style)


def steps(points: Sequence[tuple[float, float]]) -> str:
    """Points as the data of a path."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def dark_rules() -> str:
    """Style rules that give every colour of the figures its value on the dark page."""
    return "".join(
        f".f{colour[1:]}{{fill:{lightened(colour)}}}.s{colour[1:]}{{stroke:{lightened(colour)}}}"
        for colour in COLOURS
    )


def lightened(colour: str) -> str:
    """A colour mixed with white until it reads well on the dark page."""
    if colour in DARK:
        return DARK[colour]
    rgb = [channel / 255 for channel in bytes.fromhex(colour[1:])]
    while luminance(rgb) < LIGHT_ENOUGH:
        rgb = [channel + 0.08 * (1 - channel) for channel in rgb]
    return "#" + "".join(f"{round(255 * channel):02X}" for channel in rgb)


def luminance(rgb: Sequence[float]) -> float:
    """Relative luminance of a colour, 0 to 1 (WCAG 2)."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
