"""Claims that are sound each by itself, but cannot be run in these worlds or beside each other."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Final

from experiments.claims.claim import Case, Claim, ClaimError, as_claim_error
from experiments.sweeps.outcomes import outcomes_of, refuse_strangers
from experiments.sweeps.words import Words
from sim.loading import load
from sim.refusals import OVERRIDE, ScenarioError
from sim.written import spot

INTERVENTION: Final = "2025-01"
"""Month of the events of a case where they are tried."""


def refuse_impossible(claims: Iterable[Claim], source: str | Path) -> None:
    """Raise ClaimError for what cannot be run or measured in a scenario, a preset or a file.

    The sentence names the file of the claim and the case.
    """
    tried: set[str] = set()
    for claim in claims:
        words = Words.of(load(source, {"months": claim.months}))
        for case in claim.cases:
            words.add(dict(case.settings))
        with as_claim_error():
            outcomes = outcomes_of(claim.outcomes, claim.months, claim.file)
            refuse_strangers(outcomes, words, claim.file)
        for case in claim.cases:
            if case.name not in tried:
                tried.add(case.name)
                refuse_case(case, claim, source)


def refuse_case(case: Case, claim: Claim, source: str | Path) -> None:
    """Raise ClaimError for a case that is no scenario."""
    settings: dict[str, Any] = {**dict(case.settings), "months": claim.months}
    if case.events:
        settings["events"] = [{"month": INTERVENTION, **event} for event in case.events]
    try:
        load(source, settings)
    except ScenarioError as error:
        where = f"{spot(claim.file, 'cases', case.name)}: cases.{case.name}"
        reason = str(error).removeprefix(f"{OVERRIDE}: ")
        raise ClaimError(f"{where}: {reason}") from None


def refuse_same(claims: Iterable[Claim]) -> None:
    """Raise ClaimError for two claims whose ids, or two cases whose names, would be mixed up."""
    ids: dict[str, Claim] = {}
    cases: dict[str, tuple[Case, Claim]] = {}
    for claim in claims:
        other = ids.setdefault(claim.column(""), claim)
        if other is not claim:
            raise ClaimError(
                f"{other.file} and {claim.file} both have the id {claim.id}; give one another"
            )
        for case in claim.cases:
            known, owner = cases.setdefault(case.name, (case, claim))
            if known != case:
                raise ClaimError(
                    f"{owner.file} and {claim.file} both declare a case {case.name}, and not the "
                    "same; give one another name"
                )


def refuse_drawn(cases: Iterable[Case], drawn: Collection[str]) -> None:
    """Raise ClaimError for a case that sets what worlds draw: the draw would win, unseen."""
    for case in cases:
        for path in sorted(set(case.settings) & set(drawn)):
            raise ClaimError(
                f"case {case.name} sets {path}, which worlds draw; change it by an event "
                'of kind "set-parameter" instead'
            )
