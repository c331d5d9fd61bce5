"""Whole worlds whose parameters stand at or near the ends of their ranges, several at once."""

import random
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from worlds import REGIONS, VENDORS, WINDOWS, checked_run, undefined_columns

from agents.common.licence import LICENCE_NAMES
from agents.common.vocabulary import STRATEGIES
from sim.catalogue import ParameterInfo, catalogue
from sim.loading import load
from sim.market import Market
from sim.scenario import Scenario

OF_A_RUN = ("name", "summary", "seed", "months", "history.", "enterprise.population", "output.")
"""Beginnings of paths that say how a run is made, not what its world is."""
SUMS = ("sectors", "regions", "platforms")
"""Tables whose shares must add up to 1, or not exceed it."""
TRIED = {"number", "integer", "switch", "choice"}
NEAR = (0.0, 0.0, 1e-12, 1e-6, 1e-3)
"""How far from an end, as a share of the range; twice as often at the end itself."""
CROWDS = (1, 3, 8, 20, 60, 200)
"""How many parameters at once."""


@cache
def tried() -> list[ParameterInfo]:
    """Parameters of the world that have ends or words, those of all tables included."""
    return [
        info
        for info in catalogue()
        if info.type in TRIED and "[" not in info.path and not info.path.startswith(OF_A_RUN)
    ]


def overrides(seed: int, most: int = 96) -> dict[str, Any]:
    """One extreme world as overrides of the baseline, firms and months (at most so many) included.

    An even seed brings events.
    """
    luck = random.Random(f"extreme world {seed}")
    found: dict[str, Any] = {
        "seed": seed, "history.until": luck.choice(WINDOWS),
        "enterprise.population": luck.randint(50, 200),
        "months": min(luck.choice((12, 24, 48, 96)), most),
        "output.demand_sample": 16, "output.panel": luck.choice((0, 5)),
    }  # fmt: skip
    for info in _chosen(luck):
        found[info.path] = _value(luck, info)
    _mend_review(found)
    for table in SUMS:
        _mend_shares(found, table)
    _mend_home(found)
    if seed % 2 == 0:
        events = [_event(luck, found["months"]) for _ in range(luck.randint(1, 4))]
        # Nothing can be aimed at a vendor that is never there.
        found["events"] = [
            one for one in events if found.get(f"vendors.{one.get('target')}.present", True)
        ]
    return found


def _chosen(luck: random.Random) -> list[ParameterInfo]:
    """Parameters from anywhere, or most of those of one section."""
    every, count = tried(), luck.choice(CROWDS)
    if luck.random() < 0.3:
        section = luck.choice(sorted({info.path.partition(".")[0] for info in every}))
        every = [info for info in every if info.path.startswith(f"{section}.")]
    return luck.sample(every, min(count, len(every)))


def _value(luck: random.Random, info: ParameterInfo) -> Any:
    if info.type == "switch":
        return luck.random() < 0.5
    if info.choices is not None:
        return luck.choice(info.choices)
    assert info.low is not None
    assert info.high is not None
    low, high = luck.choice([(info.low, info.high), info.plausible or (info.low, info.high)])
    inward = luck.choice(NEAR) * (high - low)
    value = min(max(luck.choice((low + inward, high - inward)), info.low), info.high)
    return int(value) if info.type == "integer" else float(value)


def _mend_review(found: dict[str, Any]) -> None:
    """The shortest interval between reviews must not be longer than the longest."""
    pair = [f"enterprise.review_{which}" for which in ("shortest", "longest")]
    if any(name in found for name in pair):
        usual = {info.path: info.default for info in tried() if info.path in pair}
        values = sorted(found.get(name, usual[name]) for name in pair)
        found.update(zip(pair, values, strict=True))


def _mend_home(found: dict[str, Any]) -> None:
    """All regions are home if there are no firms in those that are."""
    usual = Scenario().regions
    homes = [name for name in usual if found.get(f"regions.{name}.home", usual[name].home)]
    if not sum(found.get(f"regions.{name}.share", usual[name].share) for name in homes):
        found |= {f"regions.{name}.home": True for name in usual}


def _mend_shares(found: dict[str, Any], table: str) -> None:
    """Shares of a table scaled to what they must add up to."""
    usual = {
        info.path: float(str(info.default))
        for info in tried()
        if info.path.startswith(f"{table}.") and info.path.endswith(".share")
    }
    if not usual.keys() & found.keys():
        return
    shares = {path: found.get(path, default) for path, default in usual.items()}
    total = sum(shares.values())
    if table == "platforms":
        found |= {path: share / max(total, 1.0) for path, share in shares.items()}
    elif total == 0.0:
        found |= usual
    else:
        found |= {path: share / total for path, share in shares.items()}


def _event(luck: random.Random, months: int) -> dict[str, Any]:
    kind, targets, magnitudes, values = luck.choice(EVENTS)
    month = luck.randrange(months)
    event: dict[str, Any] = {"kind": kind, "month": f"{2023 + month // 12}-{month % 12 + 1:02d}"}
    for name, words in (("target", targets), ("magnitude", magnitudes), ("value", values)):
        if words:
            event[name] = luck.choice(words)
    return event


EVENTS: list[tuple[str, Sequence[str], Sequence[float], Sequence[str]]] = [
    ("breach", VENDORS, (0.0, 1.0, 10.0), ()),
    ("residency-rule", REGIONS, (0.0, 1.0), ()),
    ("export-control", REGIONS, (0.01, 100.0), ()),
    ("licence-change", VENDORS, (), LICENCE_NAMES[1:]),
    ("algorithmic-leap", VENDORS, (-5.0, 5.0), ()),
    ("weights-leak", VENDORS, (), ()),
    ("price-cut", VENDORS, (0.01, 0.99), ()),
    ("gpu-price-change", (), (0.01, 100.0), ()),
    ("vendor-exit", VENDORS, (), ()),
    ("payment-terms", (), (), ("prepaid",)),
    ("payment-terms", (), (0.0, 365.0), ("postpaid",)),
    ("strategy-switch", VENDORS, (), STRATEGIES),
]
"""Kind, targets, magnitudes and values, none where the kind takes none."""


def faults(world: Mapping[str, Any]) -> list[str]:
    """What is wrong with a world: broken identities, values that are no numbers."""
    market = Market(load("baseline", world))
    return [*checked_run(market, world["months"]), *undefined_columns(market.tables())]
