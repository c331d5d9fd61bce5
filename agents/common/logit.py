"""Closed forms of the (nested, mixed) logit: shares and consumer surplus.

A market has types (consumers with a weight) and offerings; the outside option has utility 0. With
nests, noise is correlated inside a nest and `dissimilarity` lambda in (0, 1] is one minus that
correlation: lambda = 1 is the plain logit (PyBLP's rho is 1 - lambda).
Source: McFadden 1978, "Modelling the choice of residential location".
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import bare_kernel, inline_kernel
from agents.common.mathematics64 import exp64, log64

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LOWEST = -1e300
"""Value of a nest that nobody can choose from: its exponential is 0."""
_SMALLEST = 1e-300


class Probabilities(NamedTuple):
    """Choice probabilities of every type."""

    joint: Floats
    """(types, offerings)"""
    within: Floats
    """(types, offerings) probability of an offering given its nest."""
    inclusive: Floats
    """(types,) ln(1 + sum of exp of the nests' inclusive values): expected best utility."""


def nest_codes(nest: NDArray[np.generic] | None, offerings: int) -> Ints:
    """Nests as codes 0..G-1; without nests every offering is its own."""
    if nest is None:
        return np.arange(offerings, dtype=np.int64)
    return np.unique(np.asarray(nest), return_inverse=True)[1].astype(np.int64)


class Nests(NamedTuple):
    """What `choose` finds, one row an offering or a nest, one column a type."""

    joint: Floats
    """(offerings, types)"""
    within: Floats
    """(offerings, types)"""
    top: Floats
    """(nests, types) largest utility."""
    total: Floats
    """(nests, types) sum of exponentials below the largest, in the end its inverse."""
    value: Floats
    """(nests, types) inclusive value, in the end the probability of the nest."""
    peak: Floats
    """(types,) largest inclusive value, at least that of the outside option."""
    denominator: Floats
    """(types,)"""


def room_for(utility: Floats, codes: Ints) -> Nests:
    """Working memory for utilities (offerings, types); nests are 0 to the largest of `codes`."""
    return room_of(len(utility), int(codes.max()) + 1 if codes.size else 0, utility.shape[1])


def room_of(offerings: int, nests: int, types: int) -> Nests:
    """Working memory for so many."""
    joint, within = np.empty((2, offerings, types))
    top, total, value = np.empty((3, nests, types))
    peak, denominator = np.empty((2, types))
    return Nests(joint, within, top, total, value, peak, denominator)


@inline_kernel
def value_nests(utility: Floats, types: int, codes: Ints, scale: float, nests: Nests) -> None:
    """Fill `top`, `total`, `value`, and `within` with exponentials below the top of its nest.

    types: columns of `utility`; a caller that has a constant gets loops without a remainder.
    """
    offerings = utility.shape[0]
    sharper = 1.0 / scale
    nests.top[:] = LOWEST
    nests.total[:] = 0.0
    for j in range(offerings):
        u, top = utility[j], nests.top[codes[j]]
        for i in range(types):
            top[i] = max(top[i], u[i])
    for j in range(offerings):
        u, within = utility[j], nests.within[j]
        top, total = nests.top[codes[j]], nests.total[codes[j]]
        if _is_alone(j, codes):
            for i in range(types):
                within[i] = total[i] = 1.0
            continue
        for i in range(types):
            within[i] = exp64((u[i] - top[i]) * sharper)
            total[i] += within[i]
    for nest in range(nests.top.shape[0]):
        top, total, value = nests.top[nest], nests.total[nest], nests.value[nest]
        for i in range(types):
            total[i] = max(total[i], _SMALLEST)
        if _members(nest, codes) == 1:
            for i in range(types):
                value[i] = top[i]
            continue
        for i in range(types):
            value[i] = top[i] + scale * log64(total[i])


@inline_kernel
def _members(nest: int, codes: Ints) -> int:
    count = 0
    for j in range(codes.size):
        count += codes[j] == nest
    return count


@inline_kernel
def _is_alone(offering: int, codes: Ints) -> bool:
    """Whether an offering has its nest for itself: exponential 1 and logarithm 0 are known."""
    return _members(codes[offering], codes) == 1


@inline_kernel
def choose(utility: Floats, types: int, codes: Ints, scale: float, nests: Nests) -> None:
    """Fill choice probabilities for utilities (offerings, types): loops over types are vectors."""
    offerings = utility.shape[0]
    value_nests(utility, types, codes, scale, nests)
    peak, denominator = nests.peak, nests.denominator
    peak[:] = 0.0
    for nest in range(nests.top.shape[0]):
        value = nests.value[nest]
        for i in range(types):
            peak[i] = max(peak[i], value[i])
    for i in range(types):
        denominator[i] = exp64(-peak[i])
    for nest in range(nests.top.shape[0]):
        value = nests.value[nest]
        for i in range(types):
            value[i] = exp64(value[i] - peak[i])
            denominator[i] += value[i]
    for nest in range(nests.top.shape[0]):
        total, value = nests.total[nest], nests.value[nest]
        for i in range(types):
            total[i] = 1.0 / total[i]
            value[i] /= denominator[i]
    for j in range(offerings):
        within, joint = nests.within[j], nests.joint[j]
        total, value = nests.total[codes[j]], nests.value[codes[j]]
        for i in range(types):
            within[i] *= total[i]
            joint[i] = within[i] * value[i]


@bare_kernel
def _choose(utility: Floats, codes: Ints, scale: float, nests: Nests, inclusive: Floats) -> None:
    choose(utility, utility.shape[1], codes, scale, nests)
    for i in range(inclusive.size):
        inclusive[i] = nests.peak[i] + log64(nests.denominator[i])


@bare_kernel
def _choose_at(
    plain: Floats, price_weight: Floats, rivals: Floats, product: Ints, price: Floats,
    codes: Ints, scale: float, utility: Floats, nests: Nests,
) -> None:  # fmt: skip
    types, offers = rivals.size, product.size
    for j in range(offers):
        at, without = utility[j], plain[product[j]]
        for i in range(types):
            at[i] = without[i] - price_weight[i] * price[j]
    for i in range(types):
        utility[offers, i] = rivals[i]
    choose(utility, utility.shape[1], codes, scale, nests)


def shares_against(
    plain: Floats, price_weight: Floats, rivals: Floats, product: Ints, price: Floats,
    dissimilarity: float,
) -> Floats:  # fmt: skip
    """Mean shares of the offerings of one nest, (offerings,), against one more of its own nest.

    plain: (products, types) utilities without price; product, price: (offerings,) what is offered
    at what price; rivals: (types,). All types count alike.
    """
    codes = np.zeros(len(product) + 1, np.int64)
    codes[-1] = 1
    utility = np.empty((len(codes), rivals.size))
    nests = room_of(len(codes), 2, rivals.size)
    _choose_at(
        plain, price_weight, rivals, product, price, codes, float(dissimilarity), utility, nests
    )
    shares: Floats = nests.joint[:-1].mean(axis=1)
    return shares


@bare_kernel
def _value(utility: Floats, codes: Ints, scale: float, nests: Nests) -> None:
    value_nests(utility, utility.shape[1], codes, scale, nests)


def inclusive_value(utility: Floats, dissimilarity: float) -> Floats:
    """ln of the nest's summed exponentials for utilities (offerings, types) of one nest, (types,).

    The utility of one offering that stands for the whole nest; `LOWEST` if there is none.
    """
    codes = np.zeros(len(utility), np.int64)
    if not codes.size:
        return np.full(utility.shape[1], LOWEST)
    nests = room_for(utility, codes)
    _value(utility, codes, float(dissimilarity), nests)
    value: Floats = nests.value[0]
    return value


def probabilities(utility: Floats, codes: Ints, dissimilarity: float) -> Probabilities:
    """Choice probabilities for utilities (types, offerings); -inf is never chosen."""
    by_offering = np.ascontiguousarray(np.transpose(utility), dtype=np.float64)
    nests, inclusive = room_for(by_offering, codes), np.empty(by_offering.shape[1])
    _choose(by_offering, codes, float(dissimilarity), nests, inclusive)
    return Probabilities(nests.joint.T, nests.within.T, inclusive)


def logit_shares(
    utility: Floats,
    weight: Floats,
    nest: NDArray[np.generic] | None = None,
    dissimilarity: float = 1.0,
) -> Floats:
    """Inside shares of offerings in a mixed (nested) logit market.

    utility: (types, offerings), the outside option has 0; -inf forbids.
    weight: (types,) nonnegative; normalised to one.
    nest: (offerings,) labels of nests; None for the plain logit.
    dissimilarity: lambda in (0, 1]; has no effect without nests.

    Returns shares (offerings,); the outside option has the rest.
    """
    weight = np.asarray(weight, float) / np.sum(weight)
    codes = nest_codes(nest, np.shape(utility)[1])
    joint = probabilities(utility, codes, dissimilarity).joint
    shares: Floats = (weight[:, None] * joint).sum(axis=0)
    return shares


def mean_surplus(found: Probabilities, price_weight: Floats, weight: Floats) -> float:
    """Mean consumer surplus in money: E[best utility] / price weight, averaged over types."""
    weight = np.asarray(weight, float) / np.sum(weight)
    return float((weight * found.inclusive / np.asarray(price_weight, float)).sum())
