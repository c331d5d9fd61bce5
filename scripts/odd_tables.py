"""Tables of docs/odd.md: what follows from the code, as headings and rows.

Columns, schedule and fixed numbers are read from the source with `ast`, so that a table says what
is written there; rosters and limits come from the objects themselves.
"""

import ast
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from agents.common.licence import LICENCES
from sim.scenario import Scenario

ROOT: Final = Path(__file__).resolve().parents[1]
Row = tuple[str, ...]
Table = tuple[Row, Sequence[Row]]

COLUMN_MEANINGS: Final = {
    "region": "Region", "sector": "Sector", "band": "Size band: micro, mid, large",
    "employees": "Staff", "builder": "1 for AI start-ups that build on models",
    "sensitivity": "Sensitivity of data, 0 to 1",
    "residency": "1 if a residency rule binds the firm",
    "own_quartile": "Quartile of `own_base`", "skill": "Skill in running models, 0 to 1",
    "aware": "1 if open models are considered at all",
    "capital_cost": "Cost of capital, per year", "control": "Taste for control over the model",
    "theta": "Decisiveness: utils per share of value at stake",
    "platform": "Platform the firm has a contract with, or -1",
    "adopted_since": "Month since which a model is in use, or -1",
    "restricted": "1 while services run by others are forbidden",
    "ever_restricted": "1 if they ever were", "tokens": "Mtok used this month",
    "spend": "$ paid this month, without staff and one-off costs",
    "tier": "Workload tier: routine, standard, frontier",
    "difficulty": "Quality at which half the value is reached, logits",
    "earlier_vendor": "Vendor before the present one, or -1",
    "in_use_since": "Month since which the slot is in use, or -1",
    "vendor_since": "Month since which the vendor is held, or -1",
    "model_since": "Month since which the model is held, or -1",
    "held_since": "Month since which the offering is held, or -1",
    "next_review": "Month of the next review",
    "path_months": "Month the way began; once arrived, months it took",
}  # fmt: skip
"""Meaning of columns whose source has no docstring."""

STEP_MEANINGS: Final = {
    "self.month += 1": "The clock moves.",
    "self.public.append(self.environment.public)": "Public algorithms are noted for the hand-over.",
    "self.forces.clear()": "Calls to review have been heard.",
    "self.datacollector.collect(self)": "Mesa's data collector takes the month's series.",
    "self.running = self.month + 1 < self.parameters.months": "Whether the horizon is reached.",
    "_welcome_roster": "Vendors of the roster whose month has come enter the market.",
}
"""What lines of `Market.step` do that call no function with a docstring."""

CONSTANTS: Final = {
    "agents/enterprise/population.py": (
        "WORKLOAD_SHARES", "SLOT_SPREAD", "TRUNCATION", "BUILDER_READINESS", "SKILL_MEAN",
        "BASE_MEAN", "CAPITAL_FACTOR",
    ),
    "agents/vendor/capability.py": ("RUN_COST",),
    "agents/vendor/releases.py": (
        "SUPERSEDING_PRICE", "RESTRICTED_USERS", "SURPRISE", "OPEN_PARAMETERS",
    ),
    "agents/vendor/finance.py": ("FUNDING_RUNWAY",),
    "agents/host/operators.py": ("GROWTH_FADES",),
    "sim/history.py": ("OPEN_PARAMETERS",),
    "sim/supply.py": ("OWN_SERVICE_MARKUP", "LARGEST_LEAD"),
    "sim/responses.py": ("NASH_STEPS",),
    "sim/counterfactual.py": ("LARGEST_IMITATION", "LARGEST_STEP"),
    "sim/turnover.py": ("SERVICE_MARKUP",),
    "sim/tally.py": ("TUNING_COST",),
    "sim/draft.py": ("CONTROL", "LICENCE_CONTROL", "DEMAND_BOUNDS"),
    "sim/book.py": (
        "SELFHOST_TOOLS", "EQUAL_PACKAGING",
    ),
    "sim/listing.py": ("LEVELS",),
}  # fmt: skip
CONSTANT_MEANINGS: Final = {
    "SKILL_MEAN": "Mean skill by band, before technology and builders.",
    "BASE_MEAN": "Mean of the Beta draw of own hardware, by band.",
    "CAPITAL_FACTOR": "Cost of capital against the median, by band.",
}


@cache
def source(file: str) -> ast.Module:
    """The parsed source of a file of the project."""
    return ast.parse((ROOT / file).read_text("utf-8"))


def assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr | None, str]]:
    """Name, value (or annotation without one) and docstring of each assignment of a body."""
    for place, item in enumerate(body):
        if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
            name, value = item.targets[0].id, item.value
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            name, value = item.target.id, item.value or item.annotation
        else:
            continue
        after = body[place + 1] if place + 1 < len(body) else None
        text = after.value.value if _is_text(after) else ""  # type: ignore[union-attr]
        yield name, value, " ".join(str(text).split())


def _is_text(item: ast.stmt | None) -> bool:
    return isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant)


def class_of(module: ast.Module, name: str) -> ast.ClassDef | None:
    """The class of this name in a module."""
    found = [n for n in module.body if isinstance(n, ast.ClassDef) and n.name == name]
    return found[0] if found else None


def columns(name: str) -> Table:
    """Columns of the enterprises' store: `Firms` or `Slots`."""
    module = source("agents/enterprise/columns.py")
    short = {key: ast.unparse(value) for key, value, _ in assigned(module.body) if value}
    cls = class_of(module, name)
    assert cls is not None
    rows = []
    for field, kind, text in assigned(cls.body):
        written = ast.unparse(kind) if kind else ""
        number = short.get(written, written).removeprefix("NDArray[np.").removesuffix("]")
        rows.append((f"`{field}`", number, text or COLUMN_MEANINGS.get(field, "")))
    return ("column", "type", "meaning"), rows


def schedule() -> Table:
    """The body of `Market.step`, line by line, with what each function says it does."""
    market = class_of(source("sim/market.py"), "Market")
    assert market is not None
    step = next(f for f in market.body if isinstance(f, ast.FunctionDef) and f.name == "step")
    lines = [line for line in step.body if not _is_text(line) and not _is_timing(line)]
    rows = []
    for number, line in enumerate(lines, 1):
        code = ast.unparse(line)
        call = getattr(line, "value", None)
        name = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
        text, file = documented(name, market) if name else ("", "")
        last = name.rpartition(".")[2]
        text = text or STEP_MEANINGS.get(code) or STEP_MEANINGS.get(last, "")
        rows.append((str(number), f"`{name if file else code}`", text, f"`{file}`" if file else ""))
    return ("", "step", "what happens", "source"), rows


def _is_timing(line: ast.stmt) -> bool:
    """Whether a line only takes the time."""
    return ast.unparse(line).startswith(("watch.", "watch = "))


def documented(name: str, market: ast.ClassDef) -> tuple[str, str]:
    """First docstring line and file of what `Market.step` calls; empty if it is not ours."""
    owner, _, function = name.rpartition(".")
    if owner == "self":
        return first_line(market.body, function), "sim/market.py"
    imports = imported()
    if not owner:
        file = imports[function]
        return first_line(source(file).body, function), file
    if owner in imports:
        return first_line(source(imports[owner]).body, function), imports[owner]
    kind = built(market).get(owner, "")
    cls = class_of(source(imports[kind]), kind) if kind in imports else None
    return (first_line(cls.body, function), imports[kind]) if cls else ("", "")


def imported() -> dict[str, str]:
    """File of the project by name imported in the market's module."""
    files = {}
    for item in source("sim/market.py").body:
        if isinstance(item, ast.ImportFrom) and item.module:
            for name in item.names:
                folder = item.module.replace(".", "/")
                for file in (f"{folder}.py", f"{folder}/{name.name}.py"):
                    if (ROOT / file).is_file():
                        files[name.name] = file
    return files


def built(market: ast.ClassDef) -> dict[str, str]:
    """Class of each attribute that the market makes by calling one: `self.x` to its name."""
    return {
        ast.unparse(item.targets[0]): ast.unparse(item.value.func)
        for item in ast.walk(market)
        if isinstance(item, ast.Assign) and isinstance(item.value, ast.Call)
    }


def first_line(body: list[ast.stmt], function: str) -> str:
    """First line of a function's docstring; empty without one."""
    for item in body:
        if isinstance(item, ast.FunctionDef) and item.name == function:
            return (ast.get_docstring(item) or "").partition("\n")[0]
    return ""


def constants() -> Table:
    """Numbers of the model that are no parameters."""
    rows = []
    for file, names in CONSTANTS.items():
        found = {name: (value, text) for name, value, text in assigned(source(file).body)}
        for name in names:
            value, text = found[name]
            shown = ast.unparse(value).replace("Band.", "") if value else ""
            rows.append((f"`{name}`", shown, text or CONSTANT_MEANINGS.get(name, ""), f"`{file}`"))
    return ("name", "value", "meaning", "source"), rows


def roster() -> Table:
    """Vendors of the default world."""
    rows = [
        (f"`{key}`", v.name, v.region, v.enters, v.strategy,
         ", ".join(v.open_tiers) if v.strategy == "dual" else "",
         v.licence if v.strategy != "closed" else "", yes(v.sells_api), yes(v.sells_abroad))
        for key, v in Scenario().vendors.items()
    ]  # fmt: skip
    return (
        "id", "name", "region", "enters", "strategy", "open tiers if dual", "licence of weights",
        "service", "sells abroad",
    ), rows  # fmt: skip


def licences() -> Table:
    """What each licence allows."""
    rows = [
        (kind.name, yes(kind.open_weights), yes(kind.hosting), yes(kind.selfhost_fee),
         yes(kind.threshold), f"{kind.crowd:g}")
        for kind in LICENCES.values()
    ]  # fmt: skip
    return (
        "licence", "weights public", "others may host", "fee on own machines", "threshold of users",
        "openness to a crowd",
    ), rows  # fmt: skip


def bands() -> Table:
    """Size bands."""
    rows = [
        (key, f"{b.smallest:,} to {b.largest:,}", f"{b.firms:,.0f}", str(b.slots),
         f"{b.intensity_spread:g}", f"{b.adopters_at_start:g}", f"{b.adoption_scale:g}")
        for key, b in Scenario().bands.items()
    ]  # fmt: skip
    return (
        "band", "staff", "real firms at home", "slots per workload tier",
        "spread of tokens (sd of ln)", "adopters in month 0", "speed of adoption",
    ), rows  # fmt: skip


def regions() -> Table:
    """Regions."""
    rows = [
        (key, f"{r.share:g}", yes(r.home), yes(r.residency), yes(r.foreign_apis))
        for key, r in Scenario().regions.items()
    ]
    return ("region", "share of firms", "home", "residency rules", "foreign services"), rows


def patterns() -> Table:
    """Facts that runs are compared with."""
    text = (ROOT / "experiments/evidence/checks.toml").read_text("utf-8")
    rows = [
        (check["label"], f"{check['observed']:g}", f"{check['low']:g} to {check['high']:g}",
         check["run"], check["source"])
        for check in tomllib.loads(text)["check"]
    ]  # fmt: skip
    return ("fact", "observed", "accepted", "run", "source"), rows


def yes(flag: bool) -> str:
    """A flag in words."""
    return "yes" if flag else "no"
