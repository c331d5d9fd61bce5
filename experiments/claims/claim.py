"""A claim as declared: what is said, what is measured in which cases, and when it holds."""

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any, Final

from experiments.sweeps.factors import ExperimentError
from experiments.sweeps.outcomes import Outcome, outcomes_of
from sim.catalogue import shown

BASE: Final = "base"
"""The case without an intervention."""
QUESTIONS: Final = {
    "Q1": "Will open models always trail closed ones?",
    "Q2": "Can an open model vendor close a commercial loop?",
    "Q3": "When models are really used, is open or closed the better value, and for whom?",
    "Q4": "How does open source for large models differ from open source software?",
}
FIELDS: Final = (
    "id", "statement", "who", "when", "question", "months", "effect", "caveats", "cases",
    "outcomes", "conditions", "reported", "identified", "any",
)  # fmt: skip
CONDITION_FIELDS: Final = (
    "words", "outcome", "case", "less", "of", "relative", "above", "below", "within", "at_least",
    "at_most",
)  # fmt: skip
BOUNDS: Final = ("above", "below", "within", "at_least", "at_most")
MONTHS: Final = 96
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,31}")


class ClaimError(ExperimentError):
    """A claim that cannot be judged as written; the text is one sentence with the fix."""


@dataclass(frozen=True)
class Case:
    """A world to compare with: events at the month of intervention, or settings from the start."""

    name: str
    words: str
    events: tuple[Mapping[str, Any], ...] = ()
    settings: Mapping[str, Any] = ()  # type: ignore[assignment]


@dataclass(frozen=True)
class Condition:
    """One thing that must be so in a world, of means over replicates.

    The value is the outcome in `case`; less that in the case `less`, replicate by replicate;
    divided by the size of the latter if `relative`, or by the outcome `of` of the same case.
    What is only reported may have no bound (an empty one); it then holds nowhere.
    """

    words: str
    outcome: str
    case: str
    less: str | None
    of: str | None
    relative: bool
    bound: str
    limit: float

    def holds(self, value: float) -> bool:
        """Whether a value passes; NaN does not."""
        return (
            bool(self.bound)
            and {
                "above": value > self.limit,
                "below": value < self.limit,
                "within": abs(value) < self.limit,
                "at_least": value >= self.limit,
                "at_most": value <= self.limit,
            }[self.bound]
        )


@dataclass(frozen=True)
class Claim:
    """Something people say, made testable.

    months: length of a run. effect: the outcome whose condition is reported as the size.
    identified: a reason why no verdict can be given whatever comes out, empty where one can.
    reported: what is said beside, and decides nothing.
    """

    id: str
    statement: str
    who: str
    when: str
    question: str
    months: int
    effect: str
    caveats: tuple[str, ...]
    cases: tuple[Case, ...]
    outcomes: Mapping[str, Mapping[str, Any]]
    conditions: tuple[Condition, ...]
    identified: str = ""
    any: bool = False
    """One condition is enough."""
    reported: tuple[Condition, ...] = ()

    @property
    def paired(self) -> bool:
        """Whether it compares worlds."""
        return any(condition.less for condition in self.conditions)

    @property
    def looks(self) -> bool:
        """Whether it looks at worlds as they are, and no case is run for it."""
        named = {name for one in self.conditions + self.reported for name in (one.case, one.less)}
        return named <= {BASE, None}

    @property
    def decisive(self) -> tuple[Case, ...]:
        """The cases that its conditions are about; others are only reported."""
        named = {name for one in self.conditions for name in (one.case, one.less)}
        return tuple(case for case in self.cases if case.name in named)

    def column(self, outcome: str) -> str:
        """The name of an outcome in the sweep of all claims."""
        return f"{self.id.lower().replace('-', '_')}_{outcome}"

    def measured(self) -> list[Outcome]:
        """The outcomes under their names in the sweep; ExperimentError where one is impossible."""
        named = {self.column(name): spec for name, spec in self.outcomes.items()}
        return outcomes_of(named, self.months, self.id)

    @property
    def main(self) -> Condition:
        """The condition that the effect's size is taken from."""
        return next(c for c in self.conditions if c.outcome == self.effect)


def library() -> dict[str, Claim]:
    """The claims that come with the program by id, in order."""
    folder = resources.files("experiments.claims")
    cases = shared_cases()
    found = {}
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if re.fullmatch(r"C\d\d[a-z]?\.toml", entry.name):
            claim = claim_of(tomllib.loads(entry.read_text("utf-8")), entry.name, cases)
            found[claim.id] = claim
    return found


def shared_cases() -> dict[str, Case]:
    """Cases that several claims use, by name."""
    text = resources.files("experiments.claims").joinpath("cases.toml").read_text("utf-8")
    return {name: case_of(name, tree, "cases.toml") for name, tree in tomllib.loads(text).items()}


def switches() -> dict[str, Case]:
    """Assumptions and mechanisms that are switched one by one, by name."""
    text = resources.files("experiments.claims").joinpath("switches.toml").read_text("utf-8")
    return {n: case_of(n, tree, "switches.toml") for n, tree in tomllib.loads(text).items()}


def read(path: Path) -> Claim:
    """A user's own claim; ClaimError, one sentence with the fix, where it cannot be judged."""
    try:
        tree = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ClaimError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ClaimError(f"{path} is not TOML: {error}") from None
    return claim_of(tree, path.name, shared_cases())


def claim_of(tree: Mapping[str, Any], where: str, shared: Mapping[str, Case]) -> Claim:
    """The claim that a file declares."""
    refuse_unknown(tree, FIELDS, where)
    for name in ("id", "statement", "question"):
        if not isinstance(tree.get(name), str) or not tree[name].strip():
            raise ClaimError(f"{where}: {name} is missing; it is a text")
    if not NAME.fullmatch(tree["id"]):
        raise ClaimError(f"{where}: id has letters, digits and '-', not {shown(tree['id'])}")
    if tree["question"] not in QUESTIONS:
        raise ClaimError(f"{where}: question is one of {', '.join(QUESTIONS)}")
    months = tree.get("months", MONTHS)
    if not isinstance(months, int) or isinstance(months, bool) or not 24 < months <= 420:
        raise ClaimError(f"{where}: months is a number from 25 to 420, not {shown(months)}")
    outcomes = tree.get("outcomes", {})
    conditions = tree.get("conditions", [])
    if not isinstance(outcomes, Mapping) or not outcomes:
        raise ClaimError(f"{where}: declare what is measured under [outcomes]")
    if not isinstance(conditions, list) or not conditions:
        raise ClaimError(f"{where}: declare when it holds under [[conditions]]")
    own = {name: case_of(name, spec, where) for name, spec in tree.get("cases", {}).items()}
    cases = {BASE: Case(BASE, "the world as it is"), **shared, **own}
    found = tuple(condition_of(spec, outcomes, cases, where) for spec in conditions)
    reported = tree.get("reported", [])
    if not isinstance(reported, list):
        raise ClaimError(f"{where}: what is said beside comes as [[reported]]")
    beside = tuple(condition_of(spec, outcomes, cases, where, bounded=False) for spec in reported)
    used = dict.fromkeys(name for c in found + beside for name in (c.case, c.less) if name)
    claim = Claim(
        tree["id"], tree["statement"], str(tree.get("who", "")), str(tree.get("when", "")),
        tree["question"], months, str(tree.get("effect", found[0].outcome)),
        tuple(tree.get("caveats", ())), tuple(cases[name] for name in used), outcomes, found,
        str(tree.get("identified", "")), bool(tree.get("any", False)), beside,
    )  # fmt: skip
    if claim.effect not in {c.outcome for c in found}:
        raise ClaimError(f"{where}: effect names an outcome of one of the conditions")
    claim.measured()
    return claim


def refuse_drawn(cases: Iterable[Case], drawn: Collection[str]) -> None:
    """Raise ClaimError for a case that sets what worlds draw: the draw would win, unseen."""
    for case in cases:
        for path in sorted(set(case.settings) & set(drawn)):
            raise ClaimError(
                f"case {case.name} sets {path}, which worlds draw; change it by an event "
                'of kind "set-parameter" instead'
            )


def case_of(name: str, tree: Any, where: str) -> Case:
    """A case from its table."""
    if not isinstance(tree, Mapping):
        raise ClaimError(f"{where}: the case {name} is a table with events or settings")
    refuse_unknown(tree, ("words", "events", "settings"), f"{where}: {name}")
    events = tree.get("events", [])
    if not isinstance(events, list) or any("month" in event for event in events):
        raise ClaimError(f"{where}: {name}: events have no month; they come with the intervention")
    return Case(name, str(tree.get("words", name)), tuple(events), dict(tree.get("settings", {})))


def condition_of(
    tree: Any, outcomes: Mapping[str, Any], cases: Mapping[str, Case], where: str, *,
    bounded: bool = True,
) -> Condition:  # fmt: skip
    """A condition from its table. bounded: whether it must have a bound."""
    if not isinstance(tree, Mapping):
        raise ClaimError(f"{where}: every [[conditions]] is a table")
    refuse_unknown(tree, CONDITION_FIELDS, f"{where}: condition")
    for field, known in (("outcome", outcomes), ("of", outcomes), ("case", cases), ("less", cases)):
        if field in tree and tree[field] not in known:
            raise ClaimError(
                f"{where}: {field} {shown(tree[field])} is not declared; known: {', '.join(known)}"
            )
    if "outcome" not in tree:
        raise ClaimError(f"{where}: a condition needs an outcome")
    bounds = [name for name in BOUNDS if name in tree]
    if len(bounds) > 1 or (bounded and not bounds):
        raise ClaimError(f"{where}: a condition has one of {', '.join(BOUNDS)}")
    bound = bounds[0] if bounds else ""
    limit = tree[bound] if bound else 0.0
    if not isinstance(limit, int | float) or isinstance(limit, bool):
        raise ClaimError(f"{where}: {bound} is a number, not {shown(limit)}")
    if tree.get("relative") and "less" not in tree:
        raise ClaimError(f"{where}: relative goes with less")
    return Condition(
        str(tree.get("words", "")), tree["outcome"], tree.get("case", BASE), tree.get("less"),
        tree.get("of"), bool(tree.get("relative", False)), bound, float(limit),
    )  # fmt: skip


def refuse_unknown(tree: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    """Raise ClaimError for a field that is not known, with the nearest that is."""
    for name in tree:
        if name not in known:
            close = get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
            raise ClaimError(f"{where} has no field {shown(name)}; {hint}")
