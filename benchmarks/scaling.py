"""Parts `scaling` and `threads`: how time and memory grow, and what a second thread brings."""

import math

import numpy as np

from benchmarks.lines import DisagreementError, Line
from benchmarks.runs import Run, Runs

SLOPE, SLOPE_WITHIN = 1.0, 0.05
MILLION_SECONDS, HUGE_BYTES = 30.0, 6 * 2**30
SLOT_BYTES, FIRM_BYTES, THREADS_RATIO = 48.0, 200.0, 1.7
FULL = ((10_000, 96), (100_000, 96), (1_000_000, 96))
QUICK = ((10_000, 24), (30_000, 24), (100_000, 24))
HUGE, HUGE_MONTHS = 10_000_000, 6
"""Few months: enough for memory and for the time a month."""


def slope(runs: list[Run], seconds: list[float]) -> float:
    """Exponent of time in firms by least squares on logarithms."""
    firms = [math.log(run.firms) for run in runs]
    return float(np.polyfit(firms, [math.log(value) for value in seconds], 1)[0])


def repeats_of(firms: int, quick: bool) -> int:
    """How many runs of a size are made: long ones are steady."""
    return 1 if quick or firms >= 10**6 else 2


def predicted_bytes(small: Run, large: Run, firms: int) -> float:
    """Peak memory of so many firms by the line through two runs."""
    each = (large.peak_bytes - small.peak_bytes) / (large.firms - small.firms)
    return large.peak_bytes + each * (firms - large.firms)


def measure(runs: Runs, *, quick: bool, large: bool) -> list[Line]:
    """Slopes, bytes a slot and firm, peaks; 10^7 firms only if `large`."""
    part = "scaling"
    made = [runs.get(f, m, repeats=repeats_of(f, quick)) for f, m in (QUICK if quick else FULL)]
    lines = []
    for run in made:
        what = f"{run.firms:,} firms x {run.months} months"
        lines.append(Line(part, what, run.seconds, "s", note=f"{run.ns:.1f} ns/slot and month"))
        lines.append(Line(part, f"peak memory, {what}", run.peak_bytes / 2**20, "MiB"))
    whole = slope(made, [run.seconds for run in made])
    passes = slope(made, [run.pass_seconds for run in made])
    target = None if quick else SLOPE
    lines += [
        Line(part, "slope of time in firms", whole, "", target, within=SLOPE_WITHIN),
        Line(part, "slope of the pass over firms", passes, "", target, within=SLOPE_WITHIN),
        Line(part, "columns a slot", made[-1].slot_bytes, "bytes", SLOT_BYTES),
        Line(part, "columns a firm", made[-1].firm_bytes, "bytes", FIRM_BYTES),
        Line(part, "peak memory predicted for 10^7 firms",
             predicted_bytes(made[0], made[-1], HUGE) / 2**30, "GiB",
             None if quick else HUGE_BYTES / 2**30),
    ]  # fmt: skip
    if not quick:
        two = runs.get(*FULL[-1], threads=2)
        lines.append(Line(part, "10^6 firms on 2 threads", two.seconds, "s", MILLION_SECONDS))
    if large:
        huge = runs.get(HUGE, HUGE_MONTHS, threads=2)
        lines += [
            Line(part, "10^7 firms, whole month on 2 threads", huge.ns, "ns/slot"),
            Line(part, "10^7 firms, drawing them", huge.build_seconds, "s"),
            Line(part, "10^7 firms, peak memory", huge.peak_bytes / 2**30, "GiB",
                 HUGE_BYTES / 2**30),
        ]  # fmt: skip
    return lines


def measure_threads(runs: Runs, *, quick: bool) -> list[Line]:
    """Time of one thread over that of two; raises DisagreementError if their results differ."""
    part, lines = "threads", []
    for firms, months in QUICK[-1:] if quick else FULL[1:]:
        one, two = (
            runs.get(firms, months, threads, repeats_of(firms, quick)) for threads in (1, 2)
        )
        what = f"{firms:,} firms x {months} months"
        if one.hash != two.hash:
            raise DisagreementError(f"{what}: two threads give another result than one")
        target = None if quick else THREADS_RATIO
        lines += [
            Line(part, f"one thread / two, {what}", one.seconds / two.seconds, "times", target,
                 at_least=True),
            Line(part, f"the same of the pass over firms, {what}",
                 one.pass_seconds / two.pass_seconds, "times"),
            Line(part, f"same bytes, {what}", 1.0, "", 1.0, at_least=True, note=one.hash),
        ]  # fmt: skip
    return lines
