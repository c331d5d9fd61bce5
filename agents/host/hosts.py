"""Hosts of open weights: how many serve a model, at what price, and what they earn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from agents.common.mathematics import exponentials, logarithms
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
    """$ per Mtok that buyers of one model pay; see `quotes`."""
    return cost * float(quotes(np.array([number]), rules)[0])


def quotes(number: NDArray[np.float64], rules: HostParameters) -> NDArray[np.float64]:
    """Price over cost that buyers of each model pay who take the lowest of its hosts' quotes.

    The typical quote is serving cost plus a markup that falls with the number of hosts; quotes are
    lognormal around it with sd `price_spread`. No quote lies below cost. The mean of the lowest of
    n normals is Blom's approximation, ndtri(0.625 / (n + 0.25)); Blom 1958, "Statistical Estimates
    and Transformed Beta-Variables".
    """
    hosts = np.maximum(number, 1.0)
    typical = 1 + rules.markup * exponentials(-rules.competition * logarithms(hosts))
    lowest = exponentials(rules.price_spread * ndtri(0.625 / (hosts + 0.25)))
    return np.asarray(np.maximum(typical * lowest, 1.0))


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
