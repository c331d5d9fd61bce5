"""The words that text columns of tables can have: a filter that can match nothing is refused.

Some are the same in every run, such as tiers; others are names that the scenario gives, such as
vendors. Columns whose words nobody knows before a run, such as models, are not checked.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from agents.common.licence import LICENCE_NAMES
from agents.common.vocabulary import ACCESSES, BANDS, STRATEGIES, TIERS, WORKLOADS, month_name
from agents.vendor.parameters import VendorParameters
from sim.catalogue import plain
from sim.scenario import Scenario

FIXED: Final[Mapping[str, Collection[str]]] = {
    "access": ACCESSES, "band": BANDS, "licence": LICENCE_NAMES, "kind": ("host", "platform"),
    "strategy": STRATEGIES, **{f"strategy_{tier}": STRATEGIES for tier in TIERS},
}  # fmt: skip
"""Words of columns by name, the same in all runs."""
TIERS_OF: Final = {"offering": TIERS, "decision": WORKLOADS}
"""Words of the column `tier` by table: of models, and of workloads."""
NAMED: Final = {
    "vendor": "vendors", "leader": "vendors", "operator": "operators", "name": "platforms",
    "region": "regions", "sector": "sectors",
}  # fmt: skip
"""Columns whose words are names of a section of the scenario."""
BY_ID: Final = ("regions", "sectors")
"""Sections whose entries are told by their ids; others have names to show."""
HOSTS: Final = "hosts"
"""What the host table calls the group of hosts."""
SLOTS: Final = "finance.entry_slots"


@dataclass(frozen=True)
class Words:
    """Names that scenarios give, by section, and how long their runs are."""

    months: int
    names: Mapping[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, scenario: Scenario, changes: Iterable[Mapping[str, Any]] = (),
        others: Iterable[Scenario] = (),
    ) -> "Words":  # fmt: skip
        """Words of a scenario, and of what changes by path and other scenarios add to it."""
        found = cls(scenario.months, {section: set() for section in NAMED.values()})
        for one in (scenario, *others):
            for section in found.names:
                for identity, entry in plain(getattr(one, section)).items():
                    found.names[section].add(identity if section in BY_ID else entry["name"])
            found._add_entrants(one.finance.entry_slots)
        found.names["platforms"].add(HOSTS)
        for settings in changes:
            found.add(settings)
        return found

    def add(self, settings: Mapping[str, Any]) -> None:
        """Add the names that settings by path give."""
        for path, value in settings.items():
            self._add(path, value)

    def _add(self, path: str, value: Any) -> None:
        section, _, rest = path.partition(".")
        if path == SLOTS and isinstance(value, int):
            self._add_entrants(value)
        elif section in BY_ID and rest:
            self.names[section].add(rest.partition(".")[0])
        elif section in self.names and rest.endswith(".name"):
            self.names[section].add(str(value))

    def _add_entrants(self, slots: int) -> None:
        self.names["vendors"].update(f"Entrant {slot + 1}" for slot in range(slots))

    def known(self, table: str, column: str) -> Sequence[str] | Sequence[int] | None:
        """All that a column can have; None where nobody knows."""
        if column == "month":
            return range(self.months)
        if column == "date":
            return [month_name(month) for month in range(self.months)]
        if column in NAMED:
            return sorted(self.names[NAMED[column]])
        return fixed_words(table, column)


def fixed_words(table: str, column: str) -> Sequence[str] | None:
    """Words that a column can have in any run; None where they depend on the scenario."""
    if column == "tier":
        return TIERS_OF.get(table)
    if column == "archetype":
        declared: Any = VendorParameters.model_fields["archetype"].json_schema_extra
        return list(declared.choices)
    words = FIXED.get(column)
    return None if words is None else list(words)
