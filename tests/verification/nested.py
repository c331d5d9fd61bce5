"""The nested logit in plain float64, many compiled draws, and how draws are judged."""

import math
from typing import Any

import numpy as np
from scipy import stats

from agents.common.compiled import bare_kernel
from agents.common.mathematics import gumbel
from agents.common.randomness import draw
from agents.common.vocabulary import NONE
from agents.enterprise.choice import choose
from agents.enterprise.utilities import ideal
from benchmarks.peers.engine import look, meet

ERROR_RATE = 1e-6
"""Chance that a comparison of draws fails although the compiled code is right."""
SPARE = -2
"""Drawn where compiled code takes an entry that holds nothing; it never may."""


def nested_logit(utility: np.ndarray, nests: np.ndarray, scale: float) -> np.ndarray:
    """Probabilities of rows and, last, of the outside option."""
    inclusive, within = {}, np.zeros(len(utility))
    for nest in set(nests.tolist()):
        rows = np.flatnonzero(nests == nest)
        parts = np.exp((utility[rows] - utility[rows].max()) / scale)
        within[rows] = parts / parts.sum()
        inclusive[nest] = utility[rows].max() + scale * math.log(parts.sum())
    top = max([0.0, *inclusive.values()])
    weight = {nest: math.exp(value - top) for nest, value in inclusive.items()}
    total = math.exp(-top) + sum(weight.values())
    outer = np.array([weight[nest] for nest in nests.tolist()]) / total
    return np.append(outer * within, math.exp(-top) / total)


@bare_kernel
def draw_choices(
    rules: Any, world: Any, book: Any, nests: Any, platforms: Any, firms: Any, slots: Any,
    keys: Any, scratch: Any, firm: int, slot: int, inside: bool, months: Any, ids: Any,
    chosen: Any, seen: Any, shift: Any,
) -> None:  # fmt: skip
    """Fill the scratch with utilities and `chosen` with rows at many addresses.

    seen: first and last nest looked at; shift: what the outside option is below utilities.
    """
    met = meet(rules, world, book, nests, platforms, firms, slots, keys, scratch, firm)
    buyer, looked, held = look(
        rules, world, book, nests, platforms, firms, slots, scratch, met, firm, slot, inside
    )
    seen[0], seen[1], shift[0] = looked[0], looked[1], ideal(buyer)
    for i in range(ids.size):
        for vendor in range(world.peers.shape[1]):
            word = draw(keys.nest, months[i], ids[i] // 16, world.vendor_keys[vendor], 1)
            scratch.luck[vendor] = gumbel(word)
        entry = choose(
            rules, nests, scratch, met.code, looked, held, buyer, keys, months[i], ids[i]
        )  # fmt: skip
        chosen[i] = NONE
        if entry != NONE:
            spare = buyer.held_row if entry == held else SPARE
            chosen[i] = nests.row[entry] if nests.row[entry] != NONE else spare


def addresses(draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Months and ids of slots of so many independent draws."""
    place = np.arange(draws, dtype=np.int64)
    return place % 200, place // 200 * 16


def chi_square(counts: np.ndarray, probability: np.ndarray) -> float:
    """p value of counts against probabilities; cells expected under 10 times are pooled."""
    expected = probability * counts.sum()
    rare = expected < 10
    if rare.any():
        counts = np.append(counts[~rare], counts[rare].sum())
        expected = np.append(expected[~rare], expected[rare].sum())
    if expected[-1] < 1e-3:
        assert counts[-1] <= 1
        counts, expected = counts[:-1], expected[:-1]
    statistic = ((counts - expected) ** 2 / expected).sum()
    return float(stats.chi2.sf(statistic, max(len(counts) - 1, 1)))
