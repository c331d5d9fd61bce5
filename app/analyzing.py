"""What `nomoat analyze` prints and draws."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from app.estimates import number, share, short
from app.shell import OK, refuse_missing, say
from app.terminal import add, console, plain_table, print_json, short_warnings
from experiments.analysis.analyzing import (
    PARTS,
    Analysis,
    ArmFinding,
    Finding,
    OutcomeFinding,
    analyze,
)
from experiments.analysis.morris import Morris
from experiments.analysis.scoring import Scores
from experiments.analysis.sobol import Sobol
from experiments.analysis.values import Interval
from experiments.durable import Disk, StoreError
from experiments.escape import for_terminal
from experiments.sweeps.reading import load

SHOWN: Final = 12
SHOWN_PAIRS: Final = 6
SHOWN_ARMS: Final = 4
DASH: Final = "–"
NAMES: Final = {Sobol: "sobol", Morris: "morris"}


def execute(path: Path, outcome: str | None, *, as_json: bool) -> int:
    """Analyse, print and draw."""
    short_warnings()
    sweep = load(path)
    refuse_missing("sklearn", "nomoat analyze")
    found = analyze(sweep, outcome, None if as_json else lambda name: say(f"looking at {name}"))
    figure = draw(path, found)
    if as_json:
        print_json({"folder": str(path), **document(found)})
        return OK
    out = console()
    out.print(for_terminal(f"{found.experiment}  {found.question}"))
    out.print(
        f"{found.kind} design, {found.points:,} points x {found.replicates:,} replicates, "
        f"{found.runs:,} runs finished"
    )
    for one in found.outcomes:
        out.print()
        print_outcome(one)
    if found.replicates == 1:
        out.print()
        out.print(
            "one replicate: luck cannot be told from parameters and counts as interaction; "
            f"nomoat sweep extend {path} --replicates 4 adds some"
        )
    if figure is not None:
        out.print()
        out.print(f"figure  {figure}")
    return OK


def draw(path: Path, found: Analysis) -> Path | None:
    """Write analysis.png; None if nothing can be drawn or the folder may not be written."""
    from app.analysis_figure import analysis_figure
    from app.figure import as_png

    figure = analysis_figure(found)
    if figure is None:
        return None
    place = path / "analysis.png"
    try:
        Disk().replace(place, as_png(figure))
    except StoreError as error:
        say(f"the figure was not written: {error}")
        return None
    return place


def print_outcome(found: OutcomeFinding) -> None:
    """Print everything about one outcome."""
    out = console()
    out.print(for_terminal(f"{found.name}  {found.words}"), style="bold")
    if found.categories:
        ordered = sorted(found.categories.items(), key=lambda pair: -pair[1])
        out.print("runs    " + ", ".join(f"{share:.0%} {word}" for word, share in ordered))
    elif found.runs:
        out.print(f"runs    mean {short(found.mean, 4)}, sd {short(found.sd, 3)}")
    out.print(f"over    {rests_on(found)}")
    if found.luck is not None:
        luck = found.luck
        alike = f"{luck.shared:.0%} moves all points alike"
        flat = "" if luck.share.low is not None else f", no spread in {luck.replicates} replicates"
        out.print(f"luck    {percent(luck.share)} of the variance of runs{flat}; {alike}")
    if found.missing == 1.0:
        words = "no point has a value in all replicates: nothing can be told of its causes"
        out.print(f"note    {words}", style="yellow")
        return
    if found.missing > 0:
        lost = f"{share(found.missing)} of points left out: a run failed or has no value"
        out.print(f"note    {lost}", style="yellow")
    for arm in found.arms[:SHOWN_ARMS]:
        out.print()
        print_arm(arm)
    if len(found.arms) > SHOWN_ARMS:
        out.print(f"and {len(found.arms) - SHOWN_ARMS} more arms; --json has all")
    if found.scores:
        out.print()
        print_scores(found.scores)


def rests_on(found: OutcomeFinding) -> str:
    """How many runs there are, with a value and without."""
    ended = found.runs + found.without
    parts = [f"{found.runs:,} runs with a value"]
    if found.without:
        verb = "never get there" if found.awaited else "have none"
        parts.append(f"{found.without:,} {verb} ({share(found.without / ended)})")
    if found.unfinished:
        parts.append(f"{found.unfinished:,} failed or are not done yet")
    if found.begun:
        parts.append(f"{found.begun:,} replicates have hardly begun and are left out")
    return ", ".join(parts)


def percent(one: Interval) -> str:
    """A share with its interval."""
    if one.low is None or one.high is None:
        return f"{one.value:.0%}"
    return f"{one.value:.0%} ({one.low:.0%} to {one.high:.0%})"


def words(one: Interval, digits: int = 2) -> str:
    """A number with half the width of its interval, to decimals."""
    half = one.half_width
    return f"{one.value:.{digits}f}" + ("" if half is None else f" ± {half:.{digits}f}")


def print_arm(arm: ArmFinding) -> None:
    """Print indices or effects within an arm."""
    out, last = console(), arm.steps[-1]
    label = ", ".join(f"{name} {value}" for name, value in arm.levers.items())
    if label:
        luck = f", luck {percent(arm.luck.share)}" if arm.luck is not None else ""
        out.print(f"with {label}{luck}")
    if last is None:
        out.print("nothing that parameters change, or too few finished runs")
    elif isinstance(last, Sobol):
        print_sobol(last, arm.steps)
    else:
        print_morris(last, arm.steps)


def print_sobol(last: Sobol, steps: Sequence[Finding | None]) -> None:
    """Print Sobol indices, the largest total first, and the pairs that are told from zero."""
    out = console()
    table = plain_table("factor", "alone", "total", *step_headings(), right=(1, 2, 3, 4))
    for place in order(last.total):
        add(
            table, last.names[place], words(last.first[place]), words(last.total[place]),
            *(step_words(step, place) for step in steps[:-1]),
        )  # fmt: skip
    out.print(f"Sobol indices: shares of the variance parameters make, {last.base:,} base rows")
    out.print(table)
    print_settled(last.total, steps)
    clear = [(pair, one) for pair, one in last.pairs.items() if (one.low or 0.0) > 0.0]
    clear.sort(key=lambda item: -item[1].value)
    for (one, other), size in clear[:SHOWN_PAIRS]:
        out.print(f"together {one} x {other}: {words(size)}")
    if last.pairs and not clear:
        out.print("no pair does more together than alone beyond its interval")


def print_morris(last: Morris, steps: Sequence[Finding | None]) -> None:
    """Print elementary effects, the largest first."""
    out = console()
    headings = ("factor", "mu*", "sigma", "by luck", *step_headings())
    table = plain_table(*headings, right=(1, 2, 3, 4, 5))
    for place in order(last.mu_star):
        add(
            table, last.names[place], spread(last.mu_star[place]),
            short(last.sigma[place].value, 2),
            short(last.floor[place], 2) if last.floor else DASH,
            *(step_words(step, place) for step in steps[:-1]),
        )  # fmt: skip
    out.print(f"elementary effects over the whole range, {last.trajectories:,} trajectories")
    out.print(table)
    print_settled(last.mu_star, steps)


def spread(one: Interval) -> str:
    """A size with half the width of its interval, to digits."""
    half = one.half_width
    return short(one.value, 3) + ("" if half is None else f" ± {short(half, 2)}")


def print_scores(steps: Sequence[Scores | None]) -> None:
    """Print scores of factors, the largest first."""
    out, last = console(), steps[-1]
    if last is None:
        out.print("no scores: too few points, or the outcome does not vary")
        return
    table = plain_table("factor", "score", "clear", *step_headings(), right=(1, 3, 4))
    clear = last.clear
    for place in order(last.score):
        add(
            table, last.names[place], words(last.score[place]), "yes" if clear[place] else "no",
            *(
                DASH if step is None else f"{step.score[place].value:.2f}"
                for step in steps[:-1]
            ),
        )  # fmt: skip
    out.print(
        f"scores by a forest that explains {last.explained:.0%} of {last.points:,} points; "
        f"clear: above chance, which scores {max(last.chance, 0.0):.3f}"
    )
    out.print(table)
    rest = len(last.score) - SHOWN
    if rest > 0:
        out.print(f"and {rest} factors below; --json has all")


def step_headings() -> list[str]:
    """Headings of the columns for parts of the sample."""
    return [f"at {part:.0%}" for part in PARTS[:-1]]


def main_values(step: Finding | None) -> list[Interval]:
    """The values a finding is ordered by."""
    if step is None:
        return []
    return step.total if isinstance(step, Sobol) else step.mu_star


def step_words(step: Finding | None, place: int) -> str:
    """A factor's value at a part of the sample."""
    found = main_values(step)
    return short(found[place].value, 2) if found else DASH


def order(values: Sequence[Interval]) -> list[int]:
    """Places of the largest values, the largest first."""
    return sorted(range(len(values)), key=lambda place: -values[place].value)[:SHOWN]


def print_settled(last: Sequence[Interval], steps: Sequence[Finding | None]) -> None:
    """Say whether the second half of the sample still changed anything."""
    half = main_values(steps[-2])
    if not half:
        return
    moved = [abs(a.value - b.value) for a, b in zip(last, half, strict=True)]
    widths = [one.half_width or 0.0 for one in last]
    outside = sum(m > w for m, w in zip(moved, widths, strict=True))
    words = f"within intervals of up to ± {short(max(widths), 2)}"
    if outside:
        words = f"{outside} by more than the interval: the sample is too small"
    console().print(f"the second half moved values by up to {short(max(moved), 2)}, {words}")


def document(found: Analysis) -> dict[str, Any]:
    """The JSON form: everything, by name."""
    facts = {k: v for k, v in asdict(found).items() if k != "outcomes"}
    return {**facts, "outcomes": {one.name: outcome_document(one) for one in found.outcomes}}


def outcome_document(one: OutcomeFinding) -> dict[str, Any]:
    """The JSON form of one outcome."""
    return {
        "words": one.words, "categories": one.categories,
        "mean": None if one.categories else number(one.mean),
        "sd": None if one.categories else number(one.sd), "runs": one.runs,
        "without": one.without, "unfinished": one.unfinished, "replicates_left_out": one.begun,
        "missing": one.missing, "luck": None if one.luck is None else asdict(one.luck),
        "arms": [
            {
                "arm": arm.arm, "levers": arm.levers,
                "luck": None if arm.luck is None else asdict(arm.luck),
                "steps": steps_document(arm.steps, finding_document),
            }
            for arm in one.arms
        ],
        "scores": steps_document(one.scores, scores_document),
    }  # fmt: skip


def steps_document(steps: Sequence[Any], form: Any) -> list[dict[str, Any]]:
    """Results by share of the sample, those without any left out."""
    pairs = zip(PARTS, steps, strict=False)
    return [{"share_of_sample": part, **form(step)} for part, step in pairs if step is not None]


def finding_document(step: Finding) -> dict[str, Any]:
    """Indices or effects by factor."""
    if isinstance(step, Sobol):
        return {
            "method": NAMES[Sobol], "base_rows": step.base, "variance": step.variance,
            "first": by_name(step.names, step.first), "total": by_name(step.names, step.total),
            "pairs": [
                {"factors": list(pair), **asdict(share)} for pair, share in step.pairs.items()
            ],
        }  # fmt: skip
    return {
        "method": NAMES[Morris], "trajectories": step.trajectories,
        "mu_star": by_name(step.names, step.mu_star),
        "sigma": by_name(step.names, step.sigma), "mu": by_name(step.names, step.mu),
        "mu_star_by_luck": dict(zip(step.names, step.floor, strict=False)),
    }  # fmt: skip


def by_name(names: Sequence[str], values: Sequence[Interval]) -> dict[str, dict[str, Any]]:
    """Intervals by factor; empty where there are none."""
    return {name: asdict(one) for name, one in zip(names, values, strict=False)}


def scores_document(step: Scores) -> dict[str, Any]:
    """Scores by factor."""
    return {
        "explained": step.explained, "chance": step.chance, "points": step.points,
        "score": {
            name: {**asdict(one), "above_chance": clear}
            for name, one, clear in zip(step.names, step.score, step.clear, strict=True)
        },
    }  # fmt: skip
