"""Closed forms of the (nested, mixed) logit: shares and consumer surplus.

A market has types (consumers with a weight) and offerings; the outside option has utility 0. With
nests, noise is correlated inside a nest and `dissimilarity` lambda in (0, 1] is one minus that
correlation: lambda = 1 is the plain logit (PyBLP's rho is 1 - lambda).
Source: McFadden 1978, "Modelling the choice of residential location".
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.common.compiled import kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


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


@kernel
def _fill(
    utility: Floats, codes: Ints, scale: float, joint: Floats, within: Floats, inclusive: Floats
) -> None:
    types, offerings = utility.shape
    nests = codes.max() + 1 if offerings > 0 else 0
    top, total, value = np.empty(nests), np.empty(nests), np.empty(nests)
    for i in range(types):
        top[:] = -np.inf
        total[:] = 0.0
        for j in range(offerings):
            top[codes[j]] = max(top[codes[j]], utility[i, j])
        for j in range(offerings):
            nest = codes[j]
            within[i, j] = 0.0
            if utility[i, j] > -np.inf:
                within[i, j] = math.exp((utility[i, j] - top[nest]) / scale)
                total[nest] += within[i, j]
        peak = 0.0
        for nest in range(nests):
            value[nest] = -np.inf
            if total[nest] > 0.0:
                value[nest] = top[nest] + scale * math.log(total[nest])
            peak = max(peak, value[nest])
        denominator = math.exp(-peak)
        for nest in range(nests):
            value[nest] = math.exp(value[nest] - peak)
            denominator += value[nest]
        for j in range(offerings):
            if total[codes[j]] > 0.0:
                within[i, j] /= total[codes[j]]
            joint[i, j] = within[i, j] * value[codes[j]] / denominator
        inclusive[i] = peak + math.log(denominator)


def probabilities(utility: Floats, codes: Ints, dissimilarity: float) -> Probabilities:
    """Choice probabilities for utilities (types, offerings); -inf is never chosen."""
    utility = np.ascontiguousarray(utility, dtype=np.float64)
    found = Probabilities(np.empty_like(utility), np.empty_like(utility), np.empty(len(utility)))
    _fill(utility, codes, float(dissimilarity), *found)
    return found


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
