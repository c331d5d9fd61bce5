"""Rewrite tests/verification/baseline.toml, the numbers that a small run of the baseline gives.

`uv run scripts/refresh_baseline.py` after a change that is meant to change results: it prints each
number before and after, for the message of the commit. `--check` changes nothing and exits 1 if
a number differs.
"""

import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import tomli_w

from agents.common.compiled import cpu_level
from sim import load, run

FILE: Final = Path(__file__).resolve().parents[1] / "tests" / "verification" / "baseline.toml"
TOLERANCE: Final = 1e-6
"""Largest relative difference that counts as none, on processors of one feature level."""
SEED: Final = 1
SETTINGS: Final = {"enterprise.population": 400, "months": 48}
HEADER: Final = """\
# What the baseline scenario gives with 400 enterprises, 48 months and seed 1, on processors of the
# feature level named here; on others luck may fall differently where two choices are all but equal.
# Written by: uv run scripts/refresh_baseline.py
"""
Tables = Mapping[str, pa.Table]
Numbers = dict[str, float]
SERIES: Final = (
    "adoption", "adoption_large", "tokens", "spend", "share_tokens_api", "share_tokens_hosted",
    "share_tokens_selfhost", "share_tokens_open", "open_usage_share", "q_closed", "q_open",
    "price_flagship", "price_gpt4_level", "hhi_spend", "switch_rate_year", "hosts",
    "crowd_packaging", "consumer_surplus", "vendor_profit", "welfare",
)  # fmt: skip
"""Columns of the market table, taken in the last month."""
IN_THE_RECORD: Final = 23
RECORDED: Final = ("adoption", "tokens", "spend", "open_usage_share")
"""Columns of the market table, taken in the last month of the record as well."""
SUMS: Final[dict[str, Callable[[Tables], pa.Scalar]]] = {
    "cash of vendors": lambda t: pc.sum(last(t["vendor"])["cash"]),
    "training cost": lambda t: pc.sum(t["vendor"]["cost_training"]),
    "revenue of hosts": lambda t: pc.sum(t["host"]["revenue"]),
    "bills of operators": lambda t: pc.sum(t["operator"]["bill"]),
    "successes": lambda t: pc.sum(t["decision"]["successes"]),
    "events": lambda t: pc.count(t["event"]["kind"]),
}
"""What other tables add up to."""


def last(table: pa.Table) -> pa.Table:
    """Rows of the last month."""
    return table.filter(pc.equal(table["month"], pc.max(table["month"])))


def numbers() -> Numbers:
    """Run the small world and sum it up."""
    tables = run(load("baseline", SETTINGS), SEED).tables
    market = tables["market"]
    found = {name: market[name][-1] for name in SERIES}
    found |= {f"{name}, 2024-12": market[name][IN_THE_RECORD] for name in RECORDED}
    found |= {name: add(tables) for name, add in SUMS.items()}
    return {name: float(value.as_py()) for name, value in found.items()}


def recorded(file: Path) -> tuple[str, Numbers]:
    """Feature level and numbers of the file; nothing if there is none."""
    if not file.exists():
        return "", {}
    tree = tomllib.loads(file.read_text("utf-8"))
    return tree["cpu_level"], tree["numbers"]


def differs(old: float | None, new: float | None) -> bool:
    """Whether two numbers differ by more than the tolerance, or one is missing."""
    if old is None or new is None:
        return True
    return abs(new - old) > TOLERANCE * max(abs(old), abs(new))


def changes(old: Numbers, new: Numbers) -> list[str]:
    """A line of text for each number that differs: name, old, new, relative change."""
    lines = []
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if differs(before, after):
            moved = f"{after / before - 1:+.3%}" if before and after is not None else ""
            lines.append(f"{name:26} {shown(before):>14} -> {shown(after):>14} {moved:>12}")
    return lines


def shown(value: float | None) -> str:
    """A number with seven digits."""
    return "none" if value is None else f"{value:.7g}"


def main() -> int:
    """Write the file, or compare with it."""
    new = numbers()
    lines = changes(recorded(FILE)[1], new)
    print("\n".join(lines) if lines else "no number changed")
    if "--check" in sys.argv[1:]:
        return 1 if lines else 0
    tree = {"cpu_level": cpu_level(), "numbers": new}
    FILE.write_text(HEADER + tomli_w.dumps(tree), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
