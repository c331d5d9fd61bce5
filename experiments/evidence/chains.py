"""Sampling of settings that agree with the facts: many chains in the unit cube."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CHAINS = 128
STEPS = 3_000
SETTLING = 1_000
"""Steps left out at the start."""
JITTER = 1e-3
JUMP_EVERY = 5
"""Every so many difference moves one goes the full way, from one mode to another."""


def sample(distance: Callable[[Floats], Floats], dimensions: int, seed: int) -> Floats:
    """Points of the unit cube with density exp(-distance / 2): (points, dimensions).

    distance: of points (n, dimensions) to values (n,), never negative. Chains move along
    differences of other chains (ter Braak 2006, "A Markov Chain Monte Carlo version of the
    genetic algorithm Differential Evolution"), which follows ridges, and in between draw a few
    coordinates anew, which crosses the cube along those that do not matter.
    """
    random = np.random.default_rng(seed)
    points = random.random((CHAINS, dimensions))
    values = distance(points)
    halves = np.arange(CHAINS // 2), np.arange(CHAINS // 2, CHAINS)
    kept = []
    for step in range(STEPS):
        for moving, others in (halves, halves[::-1]):
            proposed = proposal(points[moving], points[others], step, random)
            found = distance(proposed)
            accepted = np.log(random.random(len(moving))) < 0.5 * (values[moving] - found)
            points[moving[accepted]] = proposed[accepted]
            values[moving[accepted]] = found[accepted]
        if step >= SETTLING:
            kept.append(points.copy())
    return np.concatenate(kept)


def proposal(points: Floats, others: Floats, step: int, random: np.random.Generator) -> Floats:
    """Where the points may go next; as likely forth as back."""
    count, dimensions = points.shape
    if step % 2:
        renewed = random.random((count, dimensions)) < 1.0 / dimensions
        return np.where(renewed, random.random((count, dimensions)), points)
    first, second = random.integers(0, len(others), (2, count))
    full = (step // 2) % JUMP_EVERY == 0
    scale = 1.0 if full else 2.38 / np.sqrt(2.0 * dimensions)
    moved = points + scale * (others[first] - others[second])
    return mirrored(moved + random.normal(0.0, JITTER, (count, dimensions)))


def mirrored(points: Floats) -> Floats:
    """Points outside the cube reflected at its walls."""
    turned = np.mod(points, 2.0)
    result: Floats = np.where(turned > 1.0, 2.0 - turned, turned)
    return result
