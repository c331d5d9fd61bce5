"""The four panels of the summary figure, each drawn from the tables of one run."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from app import palette
from app.labels import Label, last, place_labels, write

LABELLED_VENDORS = 6
THINNEST_END = 0.005
THINNEST_INSIDE = 0.045
LEVELS = (
    ("price_flagship", "flagship", "flagship"),
    ("price_gpt4o_level", "gpt4o", "GPT-4o level"),
    ("price_gpt4_level", "gpt4", "GPT-4 level"),
    ("price_gpt35_level", "gpt35", "GPT-3.5 level"),
)

Tables = Mapping[str, pa.Table]


def values(table: pa.Table, name: str) -> np.ndarray:
    """Return a numeric column with NaN for null."""
    return np.asarray(table[name].to_numpy(), dtype=np.float64)


def access_panel(axes: Axes, tables: Tables) -> None:
    """Shares of tokens by access, stacked, with the share of open weights as a line."""
    market = tables["market"]
    month = values(market, "month")
    names = {"api": "vendor's API", "hosted": "hosted", "selfhost": "self-hosted"}
    bands = [np.nan_to_num(values(market, f"share_tokens_{key}")) for key in names]
    colours = [palette.ACCESS[key] for key in names]
    ends = stack(axes, month, bands, colours, list(names.values()))
    share = values(market, "share_tokens_open")
    axes.plot(month, share, color=palette.PAPER, linewidth=4)
    axes.plot(month, share, color=palette.INK, linewidth=1.8, linestyle=(0, (4, 1.5)))
    percent_axis(axes)
    place_labels(axes, [*ends, Label(f"open weights {ending(share)}", share, palette.INK)])


def vendor_panel(axes: Axes, tables: Tables) -> None:
    """Shares of home spend by vendor of the model: the largest by name, the rest together."""
    market, vendor = tables["market"], tables["vendor"]
    month = values(market, "month")
    shares = vendor_shares(vendor, len(month))
    ranked = sorted(shares, key=lambda name: -float(shares[name].sum()))
    top, rest = ranked[:LABELLED_VENDORS], ranked[LABELLED_VENDORS:]
    other = np.sum([shares[name] for name in rest], axis=0) if rest else np.zeros(len(month))
    bands = [*(shares[name] for name in top), other]
    colours = [*palette.SERIES[: len(top)], palette.OTHER]
    ends = stack(axes, month, bands, colours, [*top, "other"])
    percent_axis(axes)
    place_labels(axes, ends)


def vendor_shares(vendor: pa.Table, months: int) -> dict[str, np.ndarray]:
    """Return each vendor's share of spend by month, zero where it has no row."""
    shares: dict[str, np.ndarray] = {}
    rows = zip(
        vendor["month"].to_pylist(),
        vendor["vendor"].to_pylist(),
        vendor["spend_share"].to_pylist(),
        strict=True,
    )
    for month, name, share in rows:
        shares.setdefault(name, np.zeros(months))[month] = share or 0.0
    return shares


def stack(
    axes: Axes,
    month: np.ndarray,
    bands: Sequence[np.ndarray],
    colours: Sequence[str],
    names: Sequence[str],
) -> list[Label]:
    """Draw stacked bands with white seams; return a label for each that ends thick enough.

    A band that was thick and ends thin is named inside, where it is thickest.
    """
    labels = []
    lower = np.zeros(len(month))
    for band, colour, name in zip(bands, colours, names, strict=True):
        upper = lower + band
        axes.fill_between(month, lower, upper, color=colour, edgecolor=palette.PAPER, lw=0.7)
        middle = (lower + upper) / 2
        if band[-1] >= THINNEST_END:
            labels.append(Label(f"{name} {band[-1]:.0%}", middle, palette.dark(colour)))
        elif band.max() >= THINNEST_INSIDE:
            place = int(np.argmax(band))
            side = "left" if place < len(month) / 2 else "right"
            write(axes, month[place], middle[place], f" {name} ", ha=side, va="center")
        lower = upper
    return labels


def ending(share: np.ndarray) -> str:
    """Return the last share in percent, nothing if there is none."""
    return f"{share[-1]:.0%}" if np.isfinite(share[-1]) else ""


def quality_panel(axes: Axes, tables: Tables) -> None:
    """Best true quality on sale, open and closed, the gap shaded and given in months."""
    market = tables["market"]
    month = values(market, "month")
    closed, opened = values(market, "q_closed"), values(market, "q_open")
    behind = np.nan_to_num(closed - opened) > 0
    axes.fill_between(
        month, opened, closed, where=behind, step="post", color=palette.CLOSED, alpha=0.13, lw=0
    )
    axes.step(month, closed, where="post", color=palette.CLOSED, linewidth=2)
    axes.step(month, opened, where="post", color=palette.OPEN, linewidth=2)
    annotate_gap(axes, month, closed, opened, values(market, "gap_months"))
    frontiers = [Label("closed", closed, palette.CLOSED), Label("open", opened, palette.OPEN)]
    place_labels(axes, frontiers)
    axes.yaxis.set_major_formatter(FuncFormatter(quality_label))


def quality_label(quality: float, _: int | None) -> str:
    """Return a quality with its sign; zero is GPT-4 of 2023-03."""
    return f"{quality:+.1f}".replace("-", "\u2212") if quality else "GPT-4"


def annotate_gap(
    axes: Axes, month: np.ndarray, closed: np.ndarray, opened: np.ndarray, gap: np.ndarray
) -> None:
    """Write how many months open models are behind, at two dates."""
    for place in (23, len(month) - 13):
        if not 0 <= place < len(month) or not np.isfinite(gap[place]):
            continue
        middle = (closed[place] + opened[place]) / 2
        words = f"{gap[place]:.0f} months behind" if gap[place] else "open leads"
        axes.annotate(
            words,
            (month[place], middle),
            xytext=(26, -26),
            textcoords="offset points",
            color=palette.MUTED,
            fontsize=8.5,
            arrowprops={"arrowstyle": "-", "color": palette.MUTED, "linewidth": 0.7},
        )


def price_panel(axes: Axes, tables: Tables) -> None:
    """Price of a flagship and the cheapest price at three fixed qualities, log scale."""
    market = tables["market"]
    month = values(market, "month")
    axes.set_yscale("log")
    labels = []
    for column, key, name in LEVELS:
        price = values(market, column)
        price = np.where(price > 0, price, np.nan)
        style = (0, (4, 1.5)) if key == "flagship" else "-"
        axes.step(
            month,
            price,
            where="post",
            color=palette.LEVELS[key],
            linewidth=1.8,
            linestyle=style,
        )
        words = f"{name} ${last(price):.2g}" if np.isfinite(price).any() else name
        labels.append(Label(words, price, palette.LEVELS[key]))
    money_axis(axes)
    place_labels(axes, labels[::-1])


def percent_axis(axes: Axes) -> None:
    """Give the vertical axis 0 to 100%."""
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_locator(FixedLocator([0, 0.25, 0.5, 0.75, 1]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.0f}%"))


def money_axis(axes: Axes) -> None:
    """Give the logarithmic axis plain dollar amounts, one a power of ten."""
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda price, _: f"${price:g}"))
