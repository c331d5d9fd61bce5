"""An experiment: the file that declares a sweep, read and checked before anything starts."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Final

from experiments.sweeps.factors import (
    ExperimentError,
    Factor,
    factors_of,
    is_file,
    settings_of,
    typed_setting,
)
from experiments.sweeps.manifest import hash_of
from experiments.sweeps.outcomes import FACT, Outcome, column_of, outcomes_of, refuse_strangers
from experiments.sweeps.words import Words
from sim.catalogue import shown
from sim.loading import LONGEST_NAME, canonical, load
from sim.naming import plain_name
from sim.scenario import Scenario
from sim.schemas import SCHEMAS
from sim.written import is_number, read_toml, spot

FIELDS: Final = (
    "name", "question", "scenario", "months", "replicates", "seed", "keep", "market", "settings",
    "uncertainties", "levers", "outcomes", "design", "limits",
)  # fmt: skip
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
MOST_REPLICATES: Final = 1_000_000
LIMITS: Final = {"seconds": 3600.0, "memory_mb": 8192.0}
"""What one run may take unless the file says otherwise; a run over it is a failure."""


@dataclass(frozen=True)
class Overrides:
    """Changes from the command line; None leaves what the file says."""

    settings: Mapping[str, object] = field(default_factory=dict)
    months: int | None = None
    replicates: int | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Experiment:
    """A sweep as declared: what varies around which base, what is kept, and how often it is run.

    Everything but `replicates`, `question` and `limits` is part of its identity.
    """

    name: str
    question: str
    base: Scenario
    """The scenario with the settings of the experiment; factors are put on top of it."""
    source: str
    """Preset or file that the base comes from."""
    settings: Mapping[str, Any]
    factors: tuple[Factor, ...]
    outcomes: tuple[Outcome, ...]
    design: Mapping[str, Any]
    replicates: int
    seed: int
    keep: tuple[str, ...]
    """Tables kept of each run beside the outcomes."""
    market: tuple[str, ...]
    """Columns of the market table kept of each run; empty keeps none, or all if `keep` says so."""
    limits: Mapping[str, float]
    text: str
    """The file as given."""
    folder: Path | None = None
    """Where files that the experiment names are looked for."""
    frozen: Mapping[tuple[str, ...], Path] = field(default_factory=dict)
    """Scenarios by options, where they are taken from a stored sweep."""
    table: str = ""
    """Digest of the file that a table design takes its points from."""

    def identity(self) -> dict[str, Any]:
        """What makes this experiment another one if it changes, part by part."""
        return {
            "scenario": list(canonical(self.base)),
            "months": self.base.months,
            "seed": self.seed,
            "factors": [factor.described() for factor in self.factors],
            "options": self.worlds,
            "design": dict(self.design),
            "table": self.table,
            "outcomes": [outcome.described() for outcome in self.outcomes],
            "keep": sorted(self.keep),
            "market": sorted(self.market),
        }

    @cached_property
    def worlds(self) -> dict[str, list[str]]:
        """Identity of every scenario that an option stands for."""
        return {
            f"{factor.name}.{name}": list(canonical(self.scenario_of({factor.name: name})))
            for factor in self.factors
            for name in factor.options or ()
        }

    @property
    def hash(self) -> str:
        """Eight hexadecimal digits of the identity."""
        return hash_of(self.identity())

    @property
    def months(self) -> int:
        """Months of each run."""
        return self.base.months

    def factor(self, name: str) -> Factor:
        """A factor by name."""
        return next(factor for factor in self.factors if factor.name == name)

    def scenario_of(self, chosen: Mapping[str, str]) -> Scenario:
        """The base under options: factor by chosen name.

        Raises ScenarioError where settings are impossible, in themselves or together.
        """
        if self.frozen:
            return load(self.frozen[tuple(chosen.values())])
        source: str | Path = self.source
        overrides: dict[str, Any] = {}
        for name, option in chosen.items():
            options = self.factor(name).options
            assert options is not None
            settings = options[option]
            if isinstance(settings, str):
                source = settings
            else:
                overrides |= settings
        fixed = {"months": self.base.months}
        return load(located(source, self.folder), {**self.settings, **overrides, **fixed})


def table_digest(design: Mapping[str, Any], folder: Path | None) -> str:
    """Digest of the file that a design names; empty if there is none that can be read."""
    path = (folder or Path()) / str(design.get("file", ""))
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except (OSError, ValueError):
        return ""


def located(source: str | Path, folder: Path | None) -> str | Path:
    """A scenario file relative to the experiment's folder; a preset's name as it is."""
    path = Path(source)
    if folder is None or path.suffix != ".toml" or path.is_absolute() or not path.name:
        return source
    beside = folder / path
    return beside if is_file(beside) or not is_file(path) else source


def library() -> dict[str, Path]:
    """The experiments that come with the program, by name."""
    folder = Path(str(resources.files("experiments") / "library"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def find(reference: str) -> Path:
    """The file of an experiment: a path, or a name of the library."""
    if reference.endswith(".toml") or "/" in reference:
        return Path(reference)
    known = library()
    if reference in known:
        return known[reference]
    close = get_close_matches(reference, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
    raise ExperimentError(
        f"no experiment {shown(reference)} in the library; {hint} (a file is named with its .toml)"
    )


def read(reference: str | Path, overrides: Overrides | None = None) -> Experiment:
    """The experiment of a file or of the library, with changes from the command line.

    Raises ExperimentError or ScenarioError, one sentence, for whatever cannot be run.
    """
    path = reference if isinstance(reference, Path) else find(reference)
    if not is_file(path):
        raise ExperimentError(f"no experiment file {shown(str(path), longest=200)}")
    tree, label, text = read_toml(path, ExperimentError)
    return built(tree, label, path.stem, path.parent, text, overrides)


def built(
    tree: Mapping[str, Any], label: str, stem: str, folder: Path | None, text: str,
    overrides: Overrides | None = None,
) -> Experiment:  # fmt: skip
    """The experiment that a tree of values declares; label: what refusals call it."""
    asked = overrides or Overrides()
    refuse_unknown(tree, label)
    source = text_field(tree, "scenario", "baseline", label)
    settings = {**settings_of(table_field(tree, "settings", label), f"{label}: settings")}
    if "months" in tree:
        settings["months"] = typed_setting("months", tree["months"], spot(label, "months"))
    settings |= asked.settings
    if asked.months is not None:
        settings["months"] = asked.months
    if "seed" in settings:
        raise ExperimentError(f"{label}: seed is a field of the experiment, not a setting")
    base = load(located(source, folder), settings)
    factors = [
        *factors_of(table_field(tree, "uncertainties", label), "uncertainty", base, label),
        *factors_of(table_field(tree, "levers", label), "lever", base, label),
    ]
    outcomes = outcomes_of(table_field(tree, "outcomes", label), base.months, label)
    refuse_repeated(factors, outcomes, settings, label)
    refuse_strangers(outcomes, words_of(base, factors, folder), label)
    keep = kept_tables(tree, label)
    design = table_field(tree, "design", label) or {"kind": "grid"}
    experiment = Experiment(
        name=experiment_name(tree, stem, label),
        question=text_field(tree, "question", "", label),
        base=base, source=source, settings=settings,
        factors=tuple(factors), outcomes=tuple(outcomes),
        design=design, table=table_digest(design, folder),
        replicates=replicates_of(tree, asked, label),
        seed=whole(asked.seed if asked.seed is not None else tree.get("seed", base.seed),
                   0, 2**63 - 1, "seed", label),
        keep=keep, market=kept_columns(tree, keep, outcomes, label),
        limits=limits_of(tree, label), text=text, folder=folder,
    )  # fmt: skip
    _ = experiment.worlds
    return experiment


def words_of(base: Scenario, factors: Sequence[Factor], folder: Path | None) -> Words:
    """The words that tables can have in runs of an experiment, whatever is varied."""
    chosen = [option for factor in factors for option in (factor.options or {}).values()]
    changes: list[Mapping[str, Any]] = [one for one in chosen if not isinstance(one, str)]
    for factor in factors:
        if factor.options is None:
            most = factor.values or (int(factor.high),)
            changes += [{factor.name: value} for value in most]
    others = [load(located(one, folder)) for one in chosen if isinstance(one, str)]
    return Words.of(base, changes, others)


def refuse_unknown(tree: Mapping[str, Any], label: str) -> None:
    """Raise ExperimentError for a name that an experiment does not have."""
    for name in tree:
        if name not in FIELDS:
            close = get_close_matches(name, FIELDS, n=1)
            hint = f"did you mean {close[0]}?" if close else f"it may have {', '.join(FIELDS)}"
            where = spot(label, name)
            raise ExperimentError(f"{where}: an experiment has no {shown(name)}; {hint}")


def refuse_repeated(
    factors: list[Factor], outcomes: list[Outcome], settings: Mapping[str, Any], label: str
) -> None:
    """Raise ExperimentError for a name given twice, or both fixed and varied.

    A factor's own value is put on top of what an option sets, which would be lost unseen. An option
    may bring a whole vendor of which something is varied.
    """
    names = [factor.name for factor in factors]
    known = {factor.name for factor in factors if factor.reference is not None}
    for factor in factors:
        for option, own in (factor.options or {}).items():
            lost = [] if isinstance(own, str) else sorted(set(own) & known)
            if lost:
                raise ExperimentError(
                    f"{label}: {factor.name}.{option} sets {lost[0]}, which is varied; leave it "
                    'out of one, or set it by an event of kind "set-parameter"'
                )
    for name in names:
        if names.count(name) > 1:
            raise ExperimentError(f"{label}: {name} is an uncertainty and a lever; keep one")
        if name in settings:
            raise ExperimentError(f"{label}: {name} is set and varied; keep one")
        if name in [outcome.name for outcome in outcomes]:
            raise ExperimentError(f"{label}: {name} is an outcome and varied; rename one")


def replicates_of(tree: Mapping[str, Any], asked: Overrides, label: str) -> int:
    """How often each point is run."""
    value = asked.replicates if asked.replicates is not None else tree.get("replicates", 1)
    return whole(value, 1, MOST_REPLICATES, "replicates", label)


def experiment_name(tree: Mapping[str, Any], stem: str, label: str) -> str:
    """The name given, or the file's."""
    if "name" not in tree:
        return plain_name(stem, LONGEST_NAME, "experiment")
    name = text_field(tree, "name", "", label)
    if not NAME.fullmatch(name):
        raise ExperimentError(
            f"{spot(label, 'name')}: a name has up to {LONGEST_NAME} letters, digits, '-', '_' and "
            f"'.', and begins with a letter or digit, not {shown(name)}"
        )
    return name


def kept_tables(tree: Mapping[str, Any], label: str) -> tuple[str, ...]:
    """Tables named by `keep`."""
    keep = tree.get("keep", [])
    if not isinstance(keep, list):
        raise ExperimentError(
            f"{spot(label, 'keep')}: keep is a list of tables; they are {', '.join(SCHEMAS)}"
        )
    for name in keep:
        if not isinstance(name, str) or name not in SCHEMAS:
            raise ExperimentError(
                f"{spot(label, 'keep')}: keep is a list of tables; they are {', '.join(SCHEMAS)}, "
                f"not {shown(name)}"
            )
    return tuple(dict.fromkeys(keep))


def kept_columns(
    tree: Mapping[str, Any], keep: tuple[str, ...], outcomes: list[Outcome], label: str
) -> tuple[str, ...]:
    """Columns of the market table that are kept: those named, else those of the outcomes."""
    if "market" not in tree:
        columns = [o.column for o in outcomes if o.reduce != FACT and not o.rows]
        return () if "market" in keep else tuple(dict.fromkeys(columns))
    columns = tree["market"]
    if not isinstance(columns, list):
        raise ExperimentError(
            f"{spot(label, 'market')}: market is a list of columns, [] for none, "
            f"not {shown(columns)}"
        )
    if "market" in keep:
        raise ExperimentError(f"{label}: keep has the whole market table; leave out `market`")
    return tuple(dict.fromkeys(column_of(column, f"{label}: market") for column in columns))


def limits_of(tree: Mapping[str, Any], label: str) -> dict[str, float]:
    """What one run may take, by `LIMITS`."""
    given = table_field(tree, "limits", label)
    for name, value in given.items():
        if name not in LIMITS:
            where = spot(label, "limits", name)
            raise ExperimentError(f"{where}: limits are {', '.join(LIMITS)}, not {shown(name)}")
        if not is_number(value) or not value > 0:
            raise ExperimentError(
                f"{spot(label, 'limits', name)}: limits.{name} must be a number above 0, "
                f"not {shown(value)}"
            )
    return {**LIMITS, **{name: float(value) for name, value in given.items()}}


def whole(value: Any, low: int, high: int, name: str, label: str) -> int:
    """A whole number within bounds."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ExperimentError(
            f"{spot(label, name)}: {name} must be a whole number from {low} to {high:,}, "
            f"not {shown(value)}"
        )
    return value


def text_field(tree: Mapping[str, Any], name: str, default: str, label: str) -> str:
    """A field of one line of text."""
    value = tree.get(name, default)
    if not isinstance(value, str) or len(value) > 500 or (value and not value.isprintable()):
        raise ExperimentError(
            f"{spot(label, name)}: {name} must be one line of text, not {shown(value)}"
        )
    return value


def table_field(tree: Mapping[str, Any], name: str, label: str) -> Mapping[str, Any]:
    """A field that is a table."""
    value = tree.get(name, {})
    if not isinstance(value, Mapping):
        raise ExperimentError(
            f"{spot(label, name)}: {name} must be a table, [{name}], not {shown(value)}"
        )
    return value


def with_replicates(experiment: Experiment, replicates: int) -> Experiment:
    """The same experiment, run more often."""
    return replace(experiment, replicates=replicates)
