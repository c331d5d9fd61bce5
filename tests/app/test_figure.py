"""The summary figure: complete, literal, and drawn for worlds without numbers too."""

import io
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
import synthetic
from matplotlib.figure import Figure

from app import palette
from app.figure import as_png, summary_figure
from app.labels import spread
from sim.schemas import table

ROOT = Path(__file__).resolve().parents[2]


def words_of(figure: Figure) -> list[str]:
    texts = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        texts += [text.get_text() for text in axes.texts] + [axes.get_title(loc="left")]
    return texts


def test_four_panels_say_what_they_show() -> None:
    figure = summary_figure(synthetic.tables(), "baseline", 23)
    words = "\n".join(words_of(figure))
    assert len(figure.axes) == 4
    for expected in ("2030-12, 55% of firms", "37% of tokens", "Scenario baseline", "input"):
        assert expected in words
    for expected in ("self-hosted 15%", "open weights 37%", "closed", "flagship $6", "OpenAI 30%"):
        assert expected in words
    assert "months behind" in words
    assert "other 11%" in words


def test_nothing_is_called_input_without_history() -> None:
    assert "input" not in words_of(summary_figure(synthetic.tables(), "baseline"))


def test_equal_tables_give_equal_pictures() -> None:
    first, second = (as_png(summary_figure(synthetic.tables(30), "baseline", 23)) for _ in range(2))
    assert first == second
    picture = matplotlib.image.imread(io.BytesIO(first), format="png")
    assert picture.shape[:2] == (1230, 1800)
    assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) > 100


@pytest.mark.parametrize("months", [1, 2, 5, 14])
@pytest.mark.parametrize("empty", [False, True])
def test_short_and_empty_worlds_are_drawn(months: int, empty: bool) -> None:
    tables = synthetic.tables(months)
    if empty:
        tables["market"] = table("market", {"month": list(range(months))})
        tables["vendor"] = table("vendor", {})
    assert as_png(summary_figure(tables, "x", 23)).startswith(b"\x89PNG")


def test_labels_lie_inside_the_picture_and_apart() -> None:
    figure = summary_figure(synthetic.tables(), "baseline", 23)
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts if text.get_text() != "input"]
        assert all(box.x0 >= 0 and box.x1 <= width for box in boxes)
        assert all(box.y0 >= 0 and box.y1 <= height for box in boxes)
        ends = sorted((box.y0, box.y1) for box in boxes if box.x0 > axes.bbox.x1)
        assert all(low[1] <= high[0] + 3 for low, high in pairwise(ends))


def test_spread_keeps_order_and_distance() -> None:
    places = spread([10, 10.5, 40, 9], 12)
    assert sorted(range(4), key=lambda i: places[i]) == [3, 0, 1, 2]
    assert np.diff(sorted(places)).min() >= 12 - 1e-9
    assert places[2] == 40
    assert spread([], 12) == []


def luminance(colour: str) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (byte / 255 for byte in bytes.fromhex(colour[1:]))
    ]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


@pytest.mark.parametrize(
    "colour",
    [
        palette.INK,
        palette.MUTED,
        palette.OPEN,
        palette.CLOSED,
        *palette.LEVELS.values(),
        *map(palette.dark, (*palette.ACCESS.values(), *palette.SERIES, palette.OTHER)),
    ],
)
def test_text_has_contrast_enough_on_paper(colour: str) -> None:
    assert (1.0 + 0.05) / (luminance(colour) + 0.05) >= 4.5


@pytest.mark.parametrize("home", ["/dev/null", "/proc/nowhere"])
def test_without_a_home_matplotlib_says_nothing(home: str) -> None:
    code = "from app.terminal import short_warnings; short_warnings(); import app.figure"
    environment = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home}
    environment.pop("MPLCONFIGDIR", None)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, env=environment,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
