"""What is tried: for each kind of file how an input is made, and what the program does with it."""

import json
import random
import shutil
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import mutating
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import sweeping
import tomli_w
from typer.testing import CliRunner

from app import gaming
from app.main import app
from experiments.claims import claim
from experiments.clusters import profile
from experiments.evidence.space import build_space
from experiments.sweeps import designs, experiment
from experiments.sweeps.plan import plan
from sim.catalogue import catalogue
from sim.loading import assignment, load

ROOT: Final = Path(__file__).resolve().parents[2]
TEXTUAL: Final = 0.25
"""Share of inputs that are mutated as text instead of as values."""
MOST_PLANNED: Final = 4096
"""Replicates and points up to which a plan is made, too."""
Try = Callable[[Path], str | None]
"""Use an input; a refusal if a command printed one. Raises the project's errors, or others."""


@dataclass(frozen=True)
class Subject:
    """A kind of input. make: writes one at a place, and says what it is."""

    name: str
    make: Callable[[Path, random.Random], str]
    use: Try
    share: int = 4
    """Of all inputs, against those of the other kinds: few where one takes long."""


class InternalError(Exception):
    """A command said that it failed inside."""


class AcceptedError(SystemExit):
    """Raised in place of the work that would follow; commands let it pass."""


def command(*words: str) -> str | None:
    """A command in this process; what it refuses, None if it accepts."""
    done = CliRunner().invoke(app, list(words))
    if done.exit_code == 0:
        return None
    said = done.stderr or done.stdout
    if "internal error" in said or not isinstance(done.exception, SystemExit):
        raise InternalError(said.strip() or repr(done.exception)) from done.exception
    return said.strip()


def trees(*patterns: str) -> dict[str, dict[str, Any]]:
    """TOML files of the project, by name."""
    found = (path for pattern in patterns for path in sorted(ROOT.glob(pattern)))
    return {path.name: tomllib.loads(path.read_text("utf-8")) for path in found}


def toml(seeds: Mapping[str, Mapping[str, Any]]) -> Callable[[Path, random.Random], str]:
    """A maker of TOML files out of known ones."""

    def make(place: Path, rng: random.Random) -> str:
        name = rng.choice(list(seeds))
        if rng.random() < TEXTUAL:
            text, said = mutating.texted(tomli_w.dumps(seeds[name]).encode(), rng)
        else:
            tree, said = mutating.mutated(dict(seeds[name]), rng)
            text = written(tree)
        place.write_bytes(text)
        return f"{name}: {said}"

    return make


def written(tree: Any) -> bytes:
    """A tree as TOML; what the writer cannot say (no value, a very long integer) as text."""
    try:
        return tomli_w.dumps(tree).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError):
        return repr(sorted(tree)).encode()


SCENARIO: Final = {
    "name": "mine", "extends": "baseline", "months": 48, "choice": {"theta": 4.0},
    "vendors": {"alpina": {
        "name": "Alpina", "region": "europe", "strategy": "dual", "enters": "2025-03",
        "open_tiers": ["small"],
    }},
    "events": [
        {"month": "2025-01", "kind": "price-cut", "target": "openai", "magnitude": 0.5},
        {"month": "2025-02", "kind": "strategy-switch", "target": "meta", "value": "closed"},
        {"month": "2025-03", "kind": "residency-rule", "target": "europe", "magnitude": 0.4},
        {"month": "2025-04", "kind": "set-parameter", "target": "crowd.effectiveness",
         "magnitude": 0.1},
        {"month": "2025-05", "kind": "payment-terms", "value": "postpaid", "magnitude": 30},
    ],
}  # fmt: skip
PROFILE: Final = {
    "slurm": {
        "partition": "main", "account": "a1", "qos": "normal", "time": "01:00:00", "mem": "2G",
        "cpus": 2, "minutes": 20.0, "chunk": 5, "array_limit": 100, "max_in_flight": 10,
        "submissions": 3, "options": ["--constraint=avx2"], "setup": ["module load python"],
    },
    "dask": {"scheduler": "tls://node1:8786", "insecure": False,
             "jobqueue": {"kind": "slurm", "jobs": 2, "interface": "ib0"}},
}  # fmt: skip
GAME: Final = {
    "--players": "openai,meta", "--strategies": "open,closed", "--payoff": "profit",
    "--rate": "0.1", "--worlds": "3", "--replicates": "4", "--rounds": "2", "--months": "24",
    "--enterprises": "60", "--seed": "1", "--set": "choice.theta=4", "--tiers": "mistral",
}  # fmt: skip
TABLE: Final = {
    "months": 3, "settings": {"enterprise": {"population": 50}},
    "uncertainties": {"choice.theta": {"low": 1.0, "high": 9.0},
                      "host.markup": {"low": 0.0, "high": 2.0}},
    "levers": {"world": {"options": {"now": {}, "opened": "all-open"}}},
    "outcomes": {"hhi": "hhi_spend"}, "design": {"kind": "table"},
}  # fmt: skip
ROWS: Final[dict[str, list[Any]]] = {
    "choice.theta": [2.0, 3.5, 8.0],
    "host.markup": [0.1, 1.0, 1.5],
    "world": ["now"] * 3,
}


def use_scenario(place: Path) -> None:
    """Load it."""
    load(place)


def make_setting(place: Path, rng: random.Random) -> str:
    """One `--set`, as a text."""
    path = rng.choice([row.path for row in catalogue()])
    value = rng.choice([str(one) if len(mutating.short(one)) < 60 else "9" * 5000
                        for one in mutating.ODD])  # fmt: skip
    text = f"{path}={value}"
    if rng.random() < 0.4:
        text = mutating.texted(text.encode(), rng)[0].decode("utf-8", "replace")
    place.write_text(text, "utf-8", errors="surrogatepass")
    return mutating.short(text)


def use_setting(place: Path) -> None:
    """Load the defaults with it."""
    load(None, dict([assignment(place.read_text("utf-8", errors="surrogateescape"))]))


def use_experiment(place: Path) -> None:
    """Read it and, where it is small, plan it."""
    found = experiment.read(place)
    sizes = [found.replicates, *(v for v in found.design.values() if type(v) is int)]
    if max(sizes) <= MOST_PLANNED:
        plan(found, "version")


def use_claim(place: Path) -> None:
    """Read it."""
    claim.read(place)


def use_profile(place: Path) -> None:
    """Read it."""
    profile.read(place)


def use_space(place: Path) -> None:
    """Take it as the space of a calibration."""
    build_space(None, place, load(None))


def make_game(place: Path, rng: random.Random) -> str:
    """Options of `nomoat game run`, as JSON."""
    words = dict(rng.sample(list(GAME.items()), rng.randrange(2, len(GAME))))
    name = rng.choice(list(words))
    values = mutating.ODD[:-3] if rng.random() < 0.7 else ("1", "2", "-1")
    words[name] = mutating.short(rng.choice(values)).strip("'")
    place.write_text(json.dumps(words), "utf-8")
    return mutating.short(" ".join(f"{key} {value}" for key, value in words.items()))


def use_game(place: Path) -> str | None:
    """Ask for the game; nothing is played."""
    words = [part for pair in json.loads(place.read_text("utf-8")).items() for part in pair]
    return command("game", "run", *words)


def make_table(place: Path, rng: random.Random) -> str:
    """A design of a sweep as a table, CSV or Parquet, and the experiment that names it."""
    rows, said = mutating.mutated(ROWS, rng)
    kind = rng.choice(("csv", "parquet"))
    file = place.with_name(f"points.{kind}")
    try:
        table = pa.table(rows)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        table = pa.table({"choice.theta": [str(rows)[:200]]})
    if kind == "parquet":
        pq.write_table(table, file)
    else:
        nested = [field.name for field in table.schema if pa.types.is_nested(field.type)]
        pcsv.write_csv(table.drop_columns(nested), file)
    text = file.read_bytes()
    if rng.random() < 0.5:
        name = rng.choice(("semicolons", *mutating.TEXTS))
        text = text.replace(b",", b";").replace(b".", b",") if name == "semicolons" else (
            mutating.TEXTS[name](text, rng)
        )  # fmt: skip
        said = f"{said}; {name}"
    file.write_bytes(text)
    place.write_bytes(written({**TABLE, "design": {"kind": "table", "file": file.name}}))
    return f"{kind}: {said}"


def stored(places: Mapping[str, Path]) -> tuple[Subject, Subject]:
    """Documents and whole folders that the program stored itself, changed by somebody.

    places: folders by what is stored there.
    """
    documents = [
        (kind, path.relative_to(folder))
        for kind, folder in places.items()
        for path in sorted(folder.rglob("*.json"))
    ]

    def folder_of(place: Path, kind: str, rng: random.Random) -> tuple[Path, str]:
        """A copy of what is stored, and the command that will look at it."""
        target, words = place.with_name("stored"), rng.choice(LOOKING[kind])
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(places[kind], target)
        place.write_text(words, "utf-8")
        return target, words

    def make_document(place: Path, rng: random.Random) -> str:
        kind, inside = rng.choice(documents)
        folder, words = folder_of(place, kind, rng)
        file = folder / inside
        if rng.random() < TEXTUAL:
            text, said = mutating.texted(file.read_bytes(), rng)
        else:
            tree, said = mutating.mutated(json.loads(file.read_bytes()), rng, json=True)
            text = as_json(tree)
        file.write_bytes(text)
        return f"{words}: {kind}/{inside}: {said}"

    def make_folder(place: Path, rng: random.Random) -> str:
        kind = rng.choice(list(places))
        folder, words = folder_of(place, kind, rng)
        file = rng.choice(sorted(path for path in folder.rglob("*") if path != folder))
        name = rng.choice(list(HARM))
        HARM[name](file, folder.with_name("outside"), rng)
        return f"{words}: {kind}/{file.relative_to(folder)}: {name}"

    def use(place: Path) -> str | None:
        words = place.read_text("utf-8")
        folder = str(place.with_name("stored"))
        return command(*(folder if word == "FOLDER" else word for word in words.split()))

    return (
        Subject("manifests", make_document, use, share=1),
        Subject("folders", make_folder, use, share=1),
    )


def as_json(tree: Any) -> bytes:
    """A tree as JSON; an integer too long for Python to write as text."""
    try:
        return json.dumps(tree).encode("utf-8", "surrogatepass")
    except ValueError:
        return b"[" + b"9" * 5000 + b"]"


LOOKING: Final = {
    "run": ("show FOLDER", "show FOLDER --json", "explain FOLDER", "report FOLDER -o page.html"),
    "sweep": ("sweep status FOLDER", "sweep check FOLDER", "sweep show FOLDER",
              "sweep show FOLDER --json", "report FOLDER -o page.html", "sweep compact FOLDER"),
    "game": ("game show FOLDER", "report FOLDER -o page.html"),
    "ensemble": ("ensemble show FOLDER", "ensemble forecast FOLDER", "report FOLDER -o page.html"),
    "claims": ("claims show --folder FOLDER", "report FOLDER -o page.html"),
}  # fmt: skip
"""Commands that look at what is stored."""


def _replace(file: Path) -> None:
    if file.is_dir() and not file.is_symlink():
        shutil.rmtree(file)
    else:
        file.unlink()


def _link(file: Path, outside: Path, _: random.Random) -> None:
    """A link to something like it outside."""
    target = outside / file.name
    outside.mkdir(exist_ok=True)
    if not target.exists():
        (shutil.copytree if file.is_dir() else shutil.copyfile)(file, target)
    _replace(file)
    file.symlink_to(target)


def _texted(file: Path, _: Path, rng: random.Random) -> None:
    if file.is_file():
        file.write_bytes(mutating.texted(file.read_bytes(), rng)[0])


def _gone(file: Path, _outside: Path, _: random.Random) -> None:
    _replace(file)


def _directory(file: Path, _outside: Path, _: random.Random) -> None:
    _replace(file)
    file.mkdir()


def _file(file: Path, _outside: Path, rng: random.Random) -> None:
    _replace(file)
    file.write_bytes(rng.randbytes(50))


def _renamed(file: Path, _outside: Path, rng: random.Random) -> None:
    name = mutating.misspelt(rng, file.name).replace("/", "-").replace("\0", "")[:100] or "x"
    file.rename(file.with_name(name))


def _stranger(file: Path, outside: Path, _: random.Random) -> None:
    """Folders and files of the user's own, and links, beside what is stored."""
    place = file if file.is_dir() else file.parent
    (place / "notes").mkdir(exist_ok=True)
    (place / "notes" / "keep.parquet").write_bytes(b"mine")
    (place / mutating.OWNED).write_bytes(b"mine")
    outside.mkdir(exist_ok=True)
    (outside / "keep.parquet").write_bytes(b"mine")
    (place / "extra").symlink_to(outside)


HARM: Final[dict[str, Callable[[Path, Path, random.Random], None]]] = {
    "mutated as text": _texted, "a link to outside": _link, "gone": _gone,
    "a directory": _directory, "a file": _file, "renamed": _renamed, "strangers beside": _stranger,
}  # fmt: skip


def subjects(places: Mapping[str, Path]) -> dict[str, Subject]:
    """All kinds by name. places: what `stored` takes."""

    def accepted(*_: object) -> None:
        raise AcceptedError(0)

    # More points are no fault, but would take their time.
    designs.MOST_POINTS = MOST_PLANNED  # type: ignore[misc]
    gaming.play = accepted  # type: ignore[assignment]
    spaces = {"space.toml": trees("experiments/evidence/space.toml")["space.toml"]}
    library = {**trees("experiments/library/*.toml"), "tiny.toml": dict(sweeping.TINY)}
    kinds = [
        Subject("scenarios", toml({**trees("sim/scenarios/*.toml"), "mine.toml": SCENARIO}),
                use_scenario),
        Subject("settings", make_setting, use_setting),
        Subject("experiments", toml(library), use_experiment),
        Subject("claims", toml(trees("experiments/claims/C*.toml")), use_claim),
        Subject("games", make_game, use_game),
        Subject("profiles", toml({"cluster.toml": PROFILE}), use_profile),
        Subject("spaces", toml(spaces), use_space),
        Subject("tables", make_table, use_experiment),
        *stored(places),
    ]  # fmt: skip
    return {kind.name: kind for kind in kinds}
