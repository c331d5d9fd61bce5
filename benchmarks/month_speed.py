"""Fixed cost of a month: all of it but the compiled pass over enterprises. Run: python this file.

Processor time, so that other work on the machine counts little; each step's best of some runs of
the default scenario. `--json` prints one document; the exit code is 1 above the bound.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import sim.market
from sim import Market, load
from sim.enterprise_step import warm_up

REPEATS = 3
BOUND = 2.0
"""Milliseconds of processor time a month."""
FIRMS, MONTHS = 2000, 96
PASS = "run_enterprises"
"""The step that is not fixed cost: it grows with the number of firms."""


def steps(market: Market) -> list[tuple[Any, str]]:
    """Owner and name of the functions a month calls, in its order."""
    return [
        (market.environment, "advance"),
        (sim.market.happenings, "scheduled"),
        (sim.market.happenings, "random_breaches"),
        (sim.market.supply, "release_due_models"),
        (sim.market.serving, "advance_hosts"),
        (sim.market.serving, "advance_platforms"),
        (sim.market.supply, "set_prices"),
        (market, "rebuild_book"),
        (sim.market, PASS),
        (sim.market.serving, "supply_operators"),
        (sim.market, "book_usage"),
        (sim.market, "review_strategies"),
        (sim.market, "settle_exits"),
        (sim.market, "open_entry_slots"),
        (market.recorder, "record"),
        (market.datacollector, "collect"),
    ]


def timed(function: Callable[..., Any], spent: dict[str, float], name: str) -> Callable[..., Any]:
    """The function, adding its time to `spent`."""

    @wraps(function)
    def measured(*arguments: Any, **named: Any) -> Any:
        began = time.process_time()
        try:
            return function(*arguments, **named)
        finally:
            spent[name] = spent.get(name, 0.0) + time.process_time() - began

    return measured


def run_once() -> dict[str, float]:
    """Milliseconds a month by step, what is left as `other`, and the total without the pass."""
    market = Market(load("baseline", {"enterprise.population": FIRMS, "months": MONTHS}))
    warm_up(market)
    spent: dict[str, float] = {}
    kept = [(owner, name, getattr(owner, name)) for owner, name in steps(market)]
    for owner, name, function in kept:
        setattr(owner, name, timed(function, spent, name))
    began = time.process_time()
    for _ in range(MONTHS):
        market.step()
    total = time.process_time() - began
    for owner, name, function in kept:
        setattr(owner, name, function)
    spent["other"] = total - sum(spent.values())
    enterprises = spent.pop(PASS)
    found = {name: 1e3 * seconds / MONTHS for name, seconds in spent.items()}
    return found | {"fixed": sum(found.values()), PASS: 1e3 * enterprises / MONTHS}


def best_of(repeats: int) -> dict[str, float]:
    """Each step's best of some runs, after one that does not count."""
    run_once()
    runs = [run_once() for _ in range(repeats)]
    return {name: min(run[name] for run in runs) for name in runs[0]}


def main() -> int:
    """Print each step's best of the repeats; 1 if the fixed cost is above the bound."""
    best = best_of(REPEATS)
    if "--json" in sys.argv[1:]:
        print(json.dumps({"unit": "ms a month", "bound": BOUND, **best}))
        return int(best["fixed"] > BOUND)
    print(f"{FIRMS:,} firms, {MONTHS} months, best of {REPEATS}, ms of processor time a month")
    for name, cost in sorted(best.items(), key=lambda item: -item[1]):
        if name not in {"fixed", PASS}:
            print(f"{name:<20} {cost:7.3f}")
    print(f"{'fixed cost':<20} {best['fixed']:7.3f}  bound {BOUND}")
    print(f"{'pass over firms':<20} {best[PASS]:7.3f}")
    return int(best["fixed"] > BOUND)


if __name__ == "__main__":
    sys.exit(main())
