"""Hosts of open weights: how many serve a model, at what price, and what they earn."""

from dataclasses import dataclass

from agents.host.parameters import HostParameters


@dataclass(slots=True)
class Hosting:
    """All hosts of one open model together; hosts are alike within a model."""

    number: float = 1.0
    tokens: float = 0.0
    """Mtok served last month."""
    revenue: float = 0.0
    cost: float = 0.0


def hosted_price(cost: float, number: float, rules: HostParameters) -> float:
    """$ per Mtok: serving cost plus a markup that falls with the number of hosts."""
    return float(cost * (1 + rules.markup / max(number, 1.0) ** rules.competition))


def next_number(hosting: Hosting, rules: HostParameters) -> float:
    """Hosts a month later: free entry moves part of the way to zero profit.

    The number at which the margin of all hosts pays everyone's fixed cost, at least one.
    """
    margin = max(hosting.revenue - hosting.cost, 0.0)
    wanted = min(max(margin / rules.fixed_cost, 1.0), rules.most)
    return hosting.number + rules.entry_speed * (wanted - hosting.number)


def profit(hosting: Hosting, rules: HostParameters) -> float:
    """$ a month of all hosts of a model."""
    return hosting.revenue - hosting.cost - hosting.number * rules.fixed_cost
