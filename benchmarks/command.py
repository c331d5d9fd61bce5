"""All measurements in one run, so that ratios are of one run: `python -m benchmarks --help`."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import browser, choice, limit, machine, month, scaling, startup, sweeps
from benchmarks.lines import DisagreementError, Line, print_table
from benchmarks.runs import Runs

OUTPUTS = Path(__file__).resolve().parents[1] / "outputs" / "benchmarks"
PARTS = (
    "limit",
    "choice",
    "month",
    "scaling",
    "threads",
    "start-up",
    "sweeps",
    "clusters",
    "browser",
)

Found = tuple[list[Line], list[str]]


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure speed and memory against this machine's limits and against peers.",
        epilog="Example: uv run --group bench python -m benchmarks --quick --only choice",
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, under a minute")
    parser.add_argument("--large", action="store_true", help="also 10^7 firms, some minutes more")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part; repeatable")
    parser.add_argument("--json", type=Path, help="file [outputs/benchmarks/DATE-COMMIT.json]")
    return parser.parse_args(given)


def measure(asked: argparse.Namespace, runs: Runs) -> Found:
    """Lines of the parts asked for, and what is broken."""
    quick = asked.quick
    jobs: dict[str, Callable[[], Found | list[Line]]] = {
        "limit": lambda: limit.measure(quick=quick),
        "choice": lambda: choice.measure(choice.QUICK if quick else choice.FULL),
        "month": lambda: month.measure(runs, quick=quick),
        "scaling": lambda: scaling.measure(runs, quick=quick, large=asked.large),
        "threads": lambda: scaling.measure_threads(runs, quick=quick),
        "start-up": lambda: startup.measure(quick=quick),
        "sweeps": lambda: sweeps.measure(quick=quick),
        "clusters": lambda: clusters_part(quick=quick),
        "browser": lambda: browser.measure(quick=quick),
    }
    lines: list[Line] = []
    broken: list[str] = []
    for name in asked.only or PARTS:
        began = time.perf_counter()
        try:
            found = jobs[name]()
        except DisagreementError as error:
            found = [], [str(error)]
        more, wrong = found if isinstance(found, tuple) else (found, [])
        lines += more
        broken += wrong
        print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return lines, broken


def clusters_part(*, quick: bool) -> list[Line]:
    """Lines of the clusters; their engines are imported only for this part."""
    from benchmarks import clusters

    return clusters.measure(quick=quick)


def document(lines: list[Line], broken: list[str], runs: Runs) -> dict[str, Any]:
    """Everything for JSON."""
    return {
        "machine": machine.facts(),
        "lines": [line.document() for line in lines],
        "runs": runs.documents(),
        "broken": broken,
    }


def store(path: Path | None, content: dict[str, Any]) -> Path:
    """Write the document; return where."""
    facts = content["machine"]
    name = f"{facts['date'][:10]}-{(facts['commit'] or 'unknown')[:8]}.json"
    path = path or OUTPUTS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path


def main(given: list[str] | None = None) -> int:
    """Measure, print, store; 1 if something is broken. A target that is missed is not."""
    asked, runs = arguments(given), Runs()
    lines, broken = measure(asked, runs)
    content = document(lines, broken, runs)
    print_table(lines)
    print(f"stored in {store(asked.json, content)}")
    for sentence in broken:
        print(f"broken: {sentence}", file=sys.stderr)
    return int(bool(broken))
