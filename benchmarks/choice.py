"""Part `choice`: nanoseconds an evaluation, the engine and its peers on the same slots.

An evaluation is one slot and one offering of its list: the full nested utility, noise and draw.
Every peer must choose what the engine chooses when it is given the engine's noise. It is timed
with noise of its own library, which is cheaper for it; shares of vendors must then be the expected
ones.
"""

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from agents.common.vocabulary import NONE
from benchmarks.lines import Line, best_seconds
from benchmarks.peers import exact
from benchmarks.peers.arrays import Blocks
from benchmarks.peers.engine import Engine
from benchmarks.peers.mesa_objects import MesaMarket
from benchmarks.peers.noise import Addressed, NumpyNoise, PythonNoise
from benchmarks.peers.task import Ints, Task, advanced, task_of

LONGEST = 100
"""Entries on the lists that count."""
AGREEMENT = 0.999
"""Share of slots on which a peer must choose the same; float32 may decide ties otherwise."""
DEVIATIONS = 6.0
"""How many standard deviations a share may be off; by chance it happens once in 10^8."""
ENGINE_NS, MESA_RATIO, NUMPY_RATIO, ERROR = 8.0, 150.0, 4.0, 1e-6


@dataclass(frozen=True)
class Size:
    """How much is done."""

    firms: int
    repeats: int
    block: tuple[int, ...]
    """Slots a block in numpy; the fastest counts."""


FULL = Size(100_000, 7, (256, 1024, 4096))
QUICK = Size(20_000, 3, (1024,))

Variants = list[tuple[str, Callable[[Task, Any], Any], Callable[[Task, int], Any]]]


def python_noise(task: Task, seed: int) -> PythonNoise:
    """Noise of the standard library."""
    del task
    return PythonNoise(seed)


def numpy_noise(kind: Any) -> Callable[[Task, int], NumpyNoise]:
    """Noise of numpy in a type."""
    return lambda task, seed: NumpyNoise(seed, task.vendor_keys.size, kind)


def peers(size: Size) -> dict[str, Variants]:
    """Peers by name, each with its ways; those whose packages are missing are left out."""
    found: dict[str, Variants] = {"plain Mesa objects": [("", MesaMarket, python_noise)]}
    found["blocked numpy"] = list(numpy_ways(size.block))
    if importlib.util.find_spec("agentpy"):
        from benchmarks.peers.agentpy_objects import AgentPyPeer

        found["AgentPy"] = [("", AgentPyPeer, python_noise)]
    if importlib.util.find_spec("polars"):
        from benchmarks.peers.frames import Frames

        found["polars frames"] = [("", Frames, numpy_noise(np.float64))]
    return found


def numpy_ways(
    sizes: tuple[int, ...],
) -> Iterator[tuple[str, Callable[[Task, Any], Any], Callable[[Task, int], Any]]]:
    """Term by term and as a matrix product, in both types, in blocks of some sizes."""
    for kind in (np.float32, np.float64):
        for products in (False, True):
            for slots in sizes:

                def way(
                    task: Task, noise: Any, p: bool = products, k: Any = kind, s: int = slots
                ) -> Blocks:
                    return Blocks(task, noise, products=p, kind=k, size=s)

                how = "matrix product" if products else "term by term"
                yield f"{kind.__name__}, {how}, {slots} slots a block", way, numpy_noise(kind)


def agreement(one: Ints, other: Ints) -> float:
    """Share of slots that chose the same."""
    return float((one == other).mean())


def worst_share(task: Task, rows: Ints, expected: tuple[Any, Any]) -> float:
    """How many standard deviations vendors' shares are off at most."""
    vendors = expected[0].size - 1
    nest = np.where(rows == NONE, vendors, task.book["vendor"][rows])
    off = np.bincount(nest, minlength=vendors + 1) - expected[0]
    return float(np.max(np.abs(off) / np.maximum(expected[1], 1.0)))


class Measured(NamedTuple):
    """What came out for a peer."""

    seconds: float
    agreement: float
    """Least of its ways, with the engine's noise."""
    deviations: float
    """Most of its ways, with its own noise."""
    way: str
    """Its fastest."""


def measure_peer(
    ways: Variants, task: Task, rows: Ints, expected: tuple[Any, Any], repeats: int
) -> Measured:
    """Check and time a peer in all its ways."""
    found, noise = [], Addressed(task)
    for way, make, own in ways:
        share = agreement(make(task, noise).choose(), rows)
        peer = make(task, own(task, 1))
        seconds = best_seconds(peer.choose, repeats)
        found.append(Measured(seconds, share, worst_share(task, peer.choose(), expected), way))
    best = min(found)
    return best._replace(
        agreement=min(x.agreement for x in found), deviations=max(x.deviations for x in found)
    )


def complaints(name: str, found: Measured) -> list[str]:
    """Sentences about what a peer does otherwise than the engine."""
    sentences = []
    if found.agreement < AGREEMENT:
        sentences.append(
            f"{name} chooses as the engine on {found.agreement:.2%} of slots, not {AGREEMENT:.1%}"
        )
    if found.deviations > DEVIATIONS:
        sentences.append(f"{name}: a vendor's share is {found.deviations:.1f} deviations off")
    return sentences


def probability_error(task: Task) -> tuple[float, exact.Table, Any]:
    """Largest error of the engine's probabilities, and the exact ones they are held against."""
    values = Engine(task).values()
    plain = exact.plain_utilities(task)
    scale = task.rules.dissimilarity
    right = exact.probabilities(plain, scale)
    ours = exact.engine_utilities(values, plain)
    drawn = exact.probabilities(ours, scale, values.inclusive, values.none)
    return float(np.abs(drawn - right).max()), plain, right


def measure(size: Size) -> tuple[list[Line], list[str]]:
    """The part's lines, and sentences about peers that disagree."""
    whole = task_of(advanced(size.firms))
    task = whole.only(LONGEST)
    engine, part = Engine(task), "choice"
    ns = 1e9 * best_seconds(engine.choose, 3 * size.repeats) / task.evaluations
    everything = Engine(whole)
    long = 1e9 * best_seconds(everything.choose, size.repeats) / whole.evaluations
    rows = engine.choose().copy()
    error, plain, right = probability_error(task)
    expected = exact.shares_by_vendor(plain, right, task)
    lines = [
        Line(part, "slots that choose", task.slot.size, "slots"),
        Line(part, "entries a list, mean", float(task.length.mean()), "offerings",
             note=f"{task.length.min()} to {task.length.max()}"),
        Line(part, "evaluations", task.evaluations, "evaluations"),
        Line(part, "engine", ns, "ns/evaluation", ENGINE_NS),
        Line(part, "engine, lists of any length", long, "ns/evaluation",
             note=f"mean {whole.length.mean():.0f} entries"),
        Line(part, "largest error of a probability", error, "", ERROR),
    ]  # fmt: skip
    broken = []
    ratios = {"plain Mesa objects": MESA_RATIO, "blocked numpy": NUMPY_RATIO}
    for name, ways in peers(size).items():
        repeats = size.repeats if name == "blocked numpy" else max(2, size.repeats // 2)
        found = measure_peer(ways, task, rows, expected, repeats)
        broken += complaints(name, found)
        cost = 1e9 * found.seconds / task.evaluations
        lines += [
            Line(part, name, cost, "ns/evaluation", note=found.way),
            Line(part, f"{name}, same choice", found.agreement, "of slots", AGREEMENT,
                 at_least=True, note="with the engine's noise"),
            Line(part, f"{name}, shares of vendors off by", found.deviations, "deviations",
                 DEVIATIONS, note="with noise of its own"),
            Line(part, f"{name} / engine", cost / ns, "times", ratios.get(name), at_least=True),
        ]  # fmt: skip
    return lines, broken
