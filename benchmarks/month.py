"""Part `month`: what a month costs, whole and by step, and a run of the default size."""

from benchmarks import month_speed
from benchmarks.lines import Line
from benchmarks.runs import Runs

NS, FIXED_MS, RUN_SECONDS = 50.0, month_speed.BOUND, 0.4
FULL = ((10_000, 96), (100_000, 96))
QUICK = ((10_000, 24), (30_000, 24))
LARGE_ENOUGH = 100_000
"""Firms from which on the cost a slot must be reached."""


def measure(runs: Runs, *, quick: bool) -> list[Line]:
    """Nanoseconds a slot and month, fixed cost by step, seconds of the default run."""
    part, lines = "month", []
    for firms, months in QUICK if quick else FULL:
        run = runs.get(firms, months, repeats=1 if quick else 2)
        target = NS if firms >= LARGE_ENOUGH else None
        what = f"{firms:,} firms x {months} months"
        lines += [
            Line(part, f"whole month, {what}", run.ns, "ns/slot", target),
            Line(part, f"peak memory, {what}", run.peak_bytes / 2**20, "MiB"),
        ]
    default = runs.get(month_speed.FIRMS, month_speed.MONTHS, repeats=1 if quick else 5)
    size = f"{default.firms:,} firms x {default.months} months"
    lines.append(Line(part, f"run of {size}", default.seconds, "s", RUN_SECONDS))
    best = month_speed.best_of(1 if quick else month_speed.REPEATS)
    steps = sorted(best.items(), key=lambda item: -item[1])
    for name, cost in steps:
        if name not in {"fixed", month_speed.PASS}:
            lines.append(Line(part, f"fixed cost: {name}", cost, "ms/month"))
    lines.append(Line(part, "fixed cost", best["fixed"], "ms/month", FIXED_MS))
    return lines
