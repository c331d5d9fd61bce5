"""All measurements in one run, so that ratios are of one run: `python -m benchmarks --help`."""

import os

# Peers must use one thread too; libraries read this when they are imported.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from benchmarks import choice, limit, machine, month, scaling, startup  # noqa: E402
from benchmarks.lines import DisagreementError, Line, print_table  # noqa: E402
from benchmarks.runs import Runs  # noqa: E402

OUTPUTS = Path(__file__).resolve().parents[1] / "outputs" / "benchmarks"
PARTS = ("limit", "choice", "month", "scaling", "threads", "start-up")

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
    }
    lines: list[Line] = []
    broken: list[str] = []
    for name in asked.only or PARTS:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        try:
            found = jobs[name]()
        except DisagreementError as error:
            broken.append(str(error))
            continue
        more, wrong = found if isinstance(found, tuple) else (found, [])
        lines += more
        broken += wrong
    return lines, broken


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


if __name__ == "__main__":
    sys.exit(main())
