"""What a recorded quality would have been without a mechanism the record contains.

Inside the window qualities are inputs. An experiment that switches a mechanism off there must not
keep its fruits: from each recorded quality the mechanism's modelled contribution is taken away.
The reference is the world at the start of the run; a mechanism that is off (exactly 0) from the
start counts with its declared default. In an unchanged world every correction is exactly zero.
"""

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from agents.common.licence import LICENCES
from agents.common.vocabulary import Tier, month_index
from agents.vendor import capability
from agents.vendor.parameters import CapabilityParameters, CrowdParameters
from sim.data_files import data_table
from sim.record import Release
from sim.scenario import Scenario

if TYPE_CHECKING:
    from agents.vendor.vendor import Vendor
    from sim.market import Market

LARGEST_IMITATION: Final = 0.6
"""Share of imitation assumed at most when a recorded quality is taken apart."""
LARGEST_STEP: Final = 0.5
"""Most that imitation or distillation may explain of a recorded quality, logits."""
SWITCHES: Final = ("flywheel", "imitation", "distillation", "publication")


class Reference(NamedTuple):
    """The mechanisms that made the record."""

    capability: CapabilityParameters
    crowd: CrowdParameters


def reference(scenario: Scenario) -> Reference:
    """Mechanisms as the run starts with them; those off have their declared defaults."""
    rules, crowd = scenario.capability, scenario.crowd
    usual, usual_crowd = CapabilityParameters(), CrowdParameters()
    off = {name: getattr(usual, name) for name in SWITCHES if getattr(rules, name) == 0}
    silent = {
        name: getattr(usual_crowd, name)
        for name in ("effectiveness", "quality")
        if getattr(crowd, name) == 0
    }
    return Reference(rules.model_copy(update=off), crowd.model_copy(update=silent))


@cache
def _record_roster() -> tuple[tuple[int, bool], ...]:
    """Month of entry and whether it publishes weights, of every recorded vendor."""
    rows = data_table("vendors.toml").values()
    return tuple(
        (max(month_index(row.get("enters", "2023-01")), 0), row["strategy"] != "closed")
        for row in rows
    )


def recorded_publishing(month: int) -> float:
    """Share of vendors in the market before a month that published weights, in the record."""
    present = [publishes for entered, publishes in _record_roster() if entered < month]
    return sum(present) / len(present) if present else 1.0


def recorded_step(month: int, record: Reference) -> float:
    """Growth of ln A_public in a month of the record."""
    degree = capability.publication_degree(recorded_publishing(month), record.capability)
    return capability.algorithm_step(degree, record.capability)


def imitation_removed(q: float, frontier: float, phi: float) -> float:
    """Quality before imitation of a model of quality `q`: q = own + phi x (frontier - own)."""
    share = min(phi, LARGEST_IMITATION)
    if not frontier > q:
        return q
    return max((q - share * frontier) / (1 - share), q - LARGEST_STEP)


def counterfactual_quality(
    market: "Market", vendor: "Vendor", release: Release, opened: bool
) -> float:
    """Quality of a recorded release in this world; the recorded one if nothing was changed."""
    now, then = market.parameters, market.reference
    q = release.q
    if now.capability is not then.capability:
        q += _capability_change(market, vendor, release, now.capability, then.capability)
    if opened and now.crowd is not then.crowd:
        openness = LICENCES[vendor.licence].crowd
        gains = [
            rules.quality * capability.crowd_strength(vendor.users, openness, market.cheap, rules)
            for rules in (now.crowd, then.crowd)
        ]
        q += gains[0] - gains[1]
    known = market.environment.public - market.environment.recorded_public
    return q + now.capability.kappa * known


def _capability_change(
    market: "Market", vendor: "Vendor", release: Release, now: CapabilityParameters,
    then: CapabilityParameters,
) -> float:  # fmt: skip
    """Change of a recorded quality by flywheel, imitation and distillation, logits."""
    change = capability.flywheel(vendor.served, now) - capability.flywheel(vendor.served, then)
    frontier = market.frontier_before(market.month)
    phi = capability.imitation_share(market.month, then)
    imitated = release.q - imitation_removed(release.q, frontier, phi)
    if imitated > 0:
        change += imitated * (capability.imitation_share(market.month, now) / phi - 1)
    large = vendor.current(Tier.LARGE, market.month)
    if release.tier != Tier.LARGE and large is not None and large.q > release.q:
        lost = min((large.q - release.q) / max(1 - then.distillation, 0.1), LARGEST_STEP)
        change += (now.distillation - then.distillation) * lost
    return change
