"""A claim as declared: what is said, what is measured in which cases, and when it holds."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Final

from agents.common.parameter import ENTRY_NAME, entries
from experiments.sweeps.factors import ExperimentError, settings_of
from experiments.sweeps.outcomes import Outcome, outcomes_of
from sim.catalogue import Place, shown
from sim.parameters import EventParameters
from sim.written import Fields, nearest, read_toml, spot

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
SHORTEST, MONTHS, LONGEST = 25, 96, 420
"""Months of a run: the fewest, those of a claim that does not say, and the most."""
UNSETTABLE: Final = {
    "events": "give them as events of the case",
    "months": "it is the length of all runs of the claim",
    "seed": "all cases are run on the same luck",
}
"""What a case cannot set, and why."""
CASES: Final = "cases.toml"
SWITCHES: Final = "switches.toml"
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
    file: str = field(default="", repr=False, compare=False)
    """What refusals call the file it was read from."""

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
            claim = claim_of(shipped(entry.name), entry.name, cases)
            found[claim.id] = claim
    return found


def shared_cases() -> dict[str, Case]:
    """Cases that several claims use, by name."""
    return {name: case_of(name, tree, CASES, (name,)) for name, tree in shipped(CASES).items()}


def switches() -> dict[str, Case]:
    """Assumptions and mechanisms that are switched one by one, by name."""
    return {
        name: case_of(name, tree, SWITCHES, (name,)) for name, tree in shipped(SWITCHES).items()
    }


def shipped(name: str) -> dict[str, Any]:
    """A file that comes with the program."""
    return tomllib.loads(resources.files("experiments.claims").joinpath(name).read_text("utf-8"))


def read(path: Path) -> Claim:
    """A user's own claim; ClaimError, one sentence with the fix, where it cannot be judged."""
    tree, label, _ = read_toml(path, ClaimError)
    return claim_of(tree, label, shared_cases())


def claim_of(tree: Mapping[str, Any], label: str, shared: Mapping[str, Case]) -> Claim:
    """The claim that a file declares; ClaimError where it cannot be judged as written.

    label: what refusals call the file.
    """
    with as_claim_error():
        return _claim_of(tree, label, shared)


@contextmanager
def as_claim_error() -> Iterator[None]:
    """Raise what is wrong with outcomes and settings as a ClaimError."""
    try:
        yield
    except ClaimError:
        raise
    except ExperimentError as error:
        raise ClaimError(str(error)) from None


def _claim_of(tree: Mapping[str, Any], label: str, shared: Mapping[str, Case]) -> Claim:
    fields = Fields.of(tree, ClaimError, label, known=FIELDS)
    identity, statement = fields.text("id"), fields.text("statement")
    if not NAME.fullmatch(identity):
        raise fields.unfit("id", "up to 32 letters, digits and '-', a letter first")
    question = fields.word("question", QUESTIONS)
    months = fields.whole("months", SHORTEST, LONGEST, MONTHS)
    outcomes = fields.table("outcomes")
    if not outcomes:
        raise ClaimError(f"{label}: declare what is measured under [outcomes]")
    outcomes_of(outcomes, months, label)
    cases = {BASE: Case(BASE, "the world as it is"), **shared, **own_cases(fields, shared)}
    found = conditions_of(fields, "conditions", outcomes, cases)
    if not found:
        raise ClaimError(f"{label}: declare when it holds under [[conditions]]")
    beside = conditions_of(fields, "reported", outcomes, cases, bounded=False)
    used = dict.fromkeys(name for c in found + beside for name in (c.case, c.less) if name)
    effect = fields.word("effect", dict.fromkeys(c.outcome for c in found), found[0].outcome)
    return Claim(
        identity, statement, fields.text("who", ""), fields.text("when", ""), question, months,
        effect, fields.texts("caveats"), tuple(cases[name] for name in used), outcomes, found,
        fields.text("identified", ""), fields.flag("any"), beside, label,
    )  # fmt: skip


def own_cases(fields: Fields, shared: Mapping[str, Case]) -> dict[str, Case]:
    """The cases that a claim declares itself."""
    found = {}
    for name, spec in fields.table("cases").items():
        where = spot(fields.label, "cases", name)
        if name == BASE or name in shared:
            raise ClaimError(
                f"{where}: the case {name} comes with the program; give your own another name"
            )
        if not ENTRY_NAME.fullmatch(name):
            raise ClaimError(
                f"{where}: a case's name has up to 64 letters, digits, '-' and '_', "
                f"not {shown(name)}"
            )
        found[name] = case_of(name, spec, fields.label, ("cases", name))
    return found


def case_of(name: str, tree: Any, label: str, place: Place) -> Case:
    """A case from its table, at a place of a file."""
    fields = Fields.of(tree, ClaimError, label, place, ("words", "events", "settings"))
    events = fields.tables("events")
    for number, event in enumerate(events):
        refuse_malformed(event, label, (*place, "events", number))
    settings = settings_of(fields.table("settings"), fields.where("settings"))
    for path, instead in UNSETTABLE.items():
        if path in settings:
            raise fields.wrong("settings", f"settings cannot hold {path}: {instead}")
    return Case(name, fields.text("words", name), tuple(events), settings)


def refuse_malformed(event: Any, label: str, place: Place) -> None:
    """Raise ClaimError for an event with unknown fields or values of another type."""
    known = entries(EventParameters)
    if isinstance(event, Mapping) and "month" in event:
        raise Fields(event, ClaimError, label, place).wrong(
            "month", "events have no month; they come with the intervention"
        )
    fields = Fields.of(event, ClaimError, label, place, [name for name in known if name != "month"])
    for name, entry in known.items():
        if name == "kind":
            fields.word(name, entry.declaration.choices or ())
        elif name in event and entry.shape.kind == "number":
            fields.number(name)
        elif name in event and entry.shape.kind == "text":
            fields.text(name)


def conditions_of(
    claim: Fields, name: str, outcomes: Mapping[str, Any], cases: Mapping[str, Case], *,
    bounded: bool = True,
) -> tuple[Condition, ...]:  # fmt: skip
    """The conditions of a list. bounded: whether they must have a bound."""
    return tuple(
        condition_of(
            Fields.of(one, ClaimError, claim.label, (name, number), CONDITION_FIELDS),
            outcomes, cases, bounded=bounded,
        )
        for number, one in enumerate(claim.tables(name))
    )  # fmt: skip


def condition_of(
    fields: Fields, outcomes: Mapping[str, Any], cases: Mapping[str, Case], *, bounded: bool
) -> Condition:
    """A condition from its table."""
    bounds = [name for name in BOUNDS if name in fields.tree]
    if len(bounds) > 1 or (bounded and not bounds):
        raise fields.wrong(
            (bounds or ["outcome"])[-1], f"a condition has one of {', '.join(BOUNDS)}"
        )
    bound = bounds[0] if bounds else ""
    limit = fields.number(bound) if bound else 0.0
    if bound == "within" and limit <= 0.0:
        raise fields.unfit(bound, "a number above 0: the size of the value must lie below it")
    relative = fields.flag("relative")
    if relative and "less" not in fields.tree:
        raise fields.wrong("relative", "relative goes with less")
    return Condition(
        fields.text("words", ""), declared(fields, "outcome", outcomes),
        declared(fields, "case", cases) if "case" in fields.tree else BASE,
        declared(fields, "less", cases) if "less" in fields.tree else None,
        declared(fields, "of", outcomes) if "of" in fields.tree else None,
        relative, bound, limit,
    )  # fmt: skip


def declared(fields: Fields, name: str, known: Mapping[str, Any]) -> str:
    """An outcome or a case by name."""
    value = fields.text(name)
    if value not in known:
        raise fields.wrong(name, f"{name} {shown(value)} is not declared; {nearest(value, known)}")
    return value
