"""What `nomoat ensemble show` and `forecast` print."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from agents.common.vocabulary import month_index, month_name
from app.ensemble_figure import forecast_figure, pinned_figure
from app.figure import as_png
from app.shell import OK, say
from app.terminal import add, console, plain_table, print_json, short_warnings
from experiments.durable import StoreError
from experiments.ensemble.folder import EnsembleError, EnsembleFolder
from experiments.ensemble.outlook import LEVELS, Fan, Outlook, outlook
from experiments.evidence.forecast import MONTHS
from experiments.folder import OUTPUTS

DASH: Final = "–"
ROUNDING: Final = 1e-9
"""What adding weights may make of all."""
SHOWN: Final = 20
"""Parameters printed."""
SOUND: Final = 0.5
"""Share of members that must meet the facts again on other luck, or replicates are too few."""
QUANTITIES: Final = {
    "adoption_large": "large firms using models",
    "open_usage_share": "open share of uses",
    "share_tokens_open": "open share of tokens",
    "share_tokens_api": "tokens by API",
    "share_tokens_hosted": "tokens by hosts",
    "share_tokens_selfhost": "tokens on own machines",
    "share_tokens_vendor_open": "tokens of open vendors",
    "share_tokens_vendor_closed": "tokens of closed vendors",
    "share_tokens_vendor_dual": "tokens of dual vendors",
    "gap_logits": "gap, logits",
    "gap_months": "gap, months",
    "price_gpt4_level": "$/Mtok, GPT-4 level",
    "price_gpt4o_level": "$/Mtok, GPT-4o level",
    "price_flagship": "$/Mtok, flagships",
    "leader_share_spend": "leader's spend share",
}
"""Columns of the market table that are printed, and what they are called."""


def found(folder: Path | None) -> EnsembleFolder:
    """The ensemble named, or the latest finished one in the outputs."""
    if folder is not None:
        return EnsembleFolder(folder)
    finished = [
        path.parent
        for path in sorted(OUTPUTS.glob("*/summary.json"), key=lambda p: p.stat().st_mtime)
        if EnsembleFolder(path.parent).exists()
    ]
    if not finished:
        raise EnsembleError(
            f"there is no finished ensemble in {OUTPUTS}/; make one with `nomoat ensemble build`"
        )
    return EnsembleFolder(finished[-1])


def show_ensemble(path: Path | None, *, as_json: bool) -> int:
    """Print what survives, facts and parameters, and draw what the facts pin down."""
    short_warnings()
    folder = found(path)
    summary = folder.summary()
    if as_json:
        print_json({"folder": str(folder.path), **summary})
        return OK
    print_survival(folder, summary)
    console().print()
    print_facts(summary)
    if summary["parameters"]:
        console().print()
        print_parameters(summary)
        if picture := drawn(folder, "pinned", as_png(pinned_figure(summary))):
            console().print()
            console().print(f"figure  {picture}")
    return OK


def drawn(folder: EnsembleFolder, name: str, image: bytes) -> Path | None:
    """Write a picture; None, after saying so, where the folder may not be written."""
    picture = folder.figure_path(name)
    try:
        folder.put(picture, image)
    except StoreError as error:
        say(f"the figure was not written: {error}")
        return None
    return picture


def print_survival(folder: EnsembleFolder, summary: dict[str, Any]) -> None:
    """Print the share that survives, wave by wave."""
    out, size = console(), summary["size"]
    out.print(
        f"{summary['kept']:,} of {summary['draws']:,} worlds are consistent with the key facts "
        f"({size['enterprises']:,} enterprises, {size['replicates']} replicates)"
    )
    out.print(f"share of the prior that survives: {interval(summary['survives'])}")
    out.print(f"worth {summary['effective']:.0f} worlds of equal weight")
    out.print()
    table = plain_table(
        "wave", "worlds", "from", "kept", "void", "share there", "of the prior",
        right=(1, 2, 3, 4),
    )  # fmt: skip
    for column in table.columns:
        column.no_wrap = True
    for wave in summary["waves"]:
        add(
            table, wave["wave"], wave["draws"], percent(wave["volume"]["share"]), wave["kept"],
            wave["failed"], interval(wave["of_region"]), interval(wave["of_prior"]),
        )  # fmt: skip
    out.print(table)
    out.print("from: share of the prior a wave was drawn from; void: worlds without a value")
    if len(summary["waves"]) > 1 and summary["kept"]:
        out.print(
            f"{percent(summary['outside_surrogate'])} of what survives lies where the last wave's "
            "surrogate would not have looked; weights make up for it"
        )
    if summary["members_lost"]:
        lost = f"{summary['members_lost']} members are left out: a run of theirs to 2030-12 failed"
        out.print(f"{lost}, see `nomoat sweep status {folder.worlds_path}`", style="yellow")
    if summary["met_again"] is not None:
        out.print(
            f"{percent(summary['met_again'])} of the members meet the facts of the record again "
            "on other luck"
            + (
                ": luck decides too much, take more --replicates"
                if summary["met_again"] < SOUND
                else ""
            ),
            style="yellow" if summary["met_again"] < SOUND else None,
        )
    if not summary["kept"]:
        out.print(hopeless(summary), style="yellow")
    out.print(f"files   {folder.path}/  (draws.parquet, summary.json, wave-*/, worlds/)")
    out.print(f"next    nomoat ensemble forecast {folder.path}")


def hopeless(summary: dict[str, Any]) -> str:
    """Why nothing survives, as far as the first wave knows."""
    worst = min(summary["facts"], key=lambda fact: fact["passes"])
    twice = [one["share"] for one in summary["relaxed"] if one["times"] == 2.0]
    return (
        f"no world survives; the strictest fact is {worst['id']}, which {percent(worst['passes'])} "
        "pass"
        + "".join(f"; with discrepancies twice as large {percent(one)} would" for one in twice)
    )


def print_facts(summary: dict[str, Any]) -> None:
    """Print what each fact rules out of the prior."""
    out = console()
    table = plain_table(
        "fact", "passed by", "alone rules out", "median", "5% to 95% of worlds", right=(1, 2, 3)
    )
    for fact in summary["facts"]:
        spread = f"{short(fact['low'])} to {short(fact['high'])}"
        if unknown := fact.get("unknown"):
            spread += f", {percent(unknown)} have none"
        add(
            table, fact["label"], percent(fact["passes"]), percent(fact["alone"]),
            short(fact["median"]), spread,
        )  # fmt: skip
    out.print(table)
    relaxed = ", ".join(
        f"{percent(one['share'])} at {one['times']:g} times" for one in summary["relaxed"]
    )
    out.print(f"of the first wave would survive by discrepancy: {relaxed} those in use")


def print_parameters(summary: dict[str, Any]) -> None:
    """Print the parameters that the facts move most."""
    out = console()
    rows = summary["parameters"]
    pinned = [row for row in rows if row["pinned"]]
    narrowed = sum(row["verdict"] != "not" for row in rows)
    out.print(
        f"{len(pinned)} of {len(rows)} parameters are pinned: the facts move them by more than "
        f"chance would (5% for one false alarm among all); {narrowed} are narrowed (sd up to 0.9)"
    )
    table = plain_table(
        "parameter", "distance", "sd", "", "5%", "50%", "95%", "range", right=(1, 2, 4, 5, 6)
    )
    for row in rows[: max(SHOWN, len(pinned))]:
        low, middle, high = (f"{value:.3g}" for value in row["interval"])
        add(
            table, row["path"], f"{row['ks']:.2f}{'*' if row['pinned'] else ' '}",
            f"{row['sd']:.2f}", row["verdict"], low, middle, high,
            f"{row['low']:g} to {row['high']:g}",
        )  # fmt: skip
    out.print(table)
    out.print(
        "distance: Kolmogorov-Smirnov, from the prior; sd: as a share of the prior's; * pinned"
    )


def show_forecast(path: Path | None, *, as_json: bool) -> int:
    """Print and draw the fans over the ensemble and over the raw ranges."""
    short_warnings()
    folder = found(path)
    ensemble, raw = outlook(folder.path)
    image = as_png(forecast_figure(ensemble, raw, folder.summary()))
    picture = drawn(folder, "forecast", image)
    if as_json:
        print_json(document(folder, ensemble, raw))
        return OK
    out = console()
    out.print(
        f"ensemble: {ensemble.worlds} worlds the facts allow (worth {ensemble.effective:.0f}); "
        f"raw ranges: {raw.worlds} worlds, facts or no facts"
    )
    out.print("medians, and from 5% to 95% of worlds and luck")
    out.print()
    table = plain_table("", "", *MONTHS)
    for column in table.columns[2:]:
        column.no_wrap = True
    for name, label in QUANTITIES.items():
        add(table, label, "ensemble", *(cell(ensemble.fans[name], month) for month in MONTHS))
        add(table, "", "raw ranges", *(cell(raw.fans[name], month) for month in MONTHS))
    out.print(table)
    out.print()
    if picture is not None:
        out.print(f"figure  {picture}")
    return OK


def cell(fan: Fan, month: str) -> str:
    """Median and range of a month."""
    place = month_index(month)
    low, _, middle, _, high = fan.quantiles[:, place].tolist()
    return f"{short(middle)} ({short(low)} to {short(high)}{unknown_words(fan, place)})"


def unknown_words(fan: Fan, place: int) -> str:
    """What share of the weight has no value in a month; empty if none, or if it is not stored."""
    known = fan.known[place]
    return f", {percent(1.0 - known)} have none" if known < 1.0 - ROUNDING else ""


def document(folder: EnsembleFolder, ensemble: Outlook, raw: Outlook) -> dict[str, Any]:
    """The JSON form: quantiles by column and month, and the share of the weight with a value."""
    return {
        "folder": str(folder.path),
        "levels": list(LEVELS),
        "months": [month_name(m) for m in range(next(iter(ensemble.fans.values())).known.size)],
        "survives": folder.summary()["survives"],
        **{
            name: {
                "worlds": one.worlds,
                "effective": one.effective,
                "quantiles": {column: rows(fan) for column, fan in one.fans.items()},
                "known": {column: known_in(fan) for column, fan in one.fans.items()},
            }
            for name, one in (("ensemble", ensemble), ("prior", raw))
        },
    }


def known_in(fan: Fan) -> list[float | None]:
    """Share of the weight with a value, by month; null where it is not stored."""
    return [float(share) if np.isfinite(share) else None for share in fan.known]


def rows(fan: Fan) -> list[list[float | None]]:
    """Quantiles of each month; null where most runs have no value."""
    return [[v if np.isfinite(v) else None for v in row] for row in fan.quantiles.T.tolist()]


def interval(share: dict[str, float]) -> str:
    """A share with its interval."""
    low, high = percent(share["low"]), percent(share["high"])
    return f"{percent(share['share'])} ({low} to {high})"


def percent(share: float) -> str:
    """A share in percent with the digits its size needs."""
    value = 100.0 * share
    return f"{value:.2g}%" if 0 < value < 10 else f"{value:.0f}%"


def short(value: float | None) -> str:
    """A value with the digits its size needs."""
    if value is None or not np.isfinite(value):
        return DASH
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2g}"
