"""What a report is made of: stored results, recognised by what is in them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from app.reporting.shapes import GAME_RESULT, VALIDATION, WORLDS_BESIDE_FACTS
from app.shell import InputError, say
from experiments.claims.ledger import ASKED, LEDGER
from experiments.claims.shape import SHAPE as LEDGER_SHAPE
from experiments.ensemble.folder import EnsembleFolder
from experiments.ensemble.shape import CAME
from experiments.folder import OUTPUTS
from experiments.folder import SHAPE as RUN
from experiments.game.playing import ASKED as ASKED_GAME
from experiments.reference import MADE
from experiments.reference import place as comes_with_it
from experiments.stored import (
    DocumentError,
    document,
    entries,
    is_directory,
    is_file,
    read_json,
    reason_of,
    refuse_other_shape,
)
from experiments.sweeps.manifest import refuse_malformed as refuse_other_sweep

Document = dict[str, Any]
KINDS: Final = {
    "ledger": "claims judged",
    "ensemble": "plausible worlds",
    "sweep": "sweep of runs",
    "validation": "model beside facts",
    "game": "game over strategies",
    "run": "one run",
}
"""Kinds of results and what they are called."""
MAKERS: Final = {
    "ledger": "nomoat claims run",
    "ensemble": "nomoat ensemble build",
    "sweep": "nomoat sweep run q4-kind",
    "validation": "nomoat validate --out outputs/validation.json",
    "game": "nomoat game run",
    "run": "nomoat run",
}
"""The command that makes a result of each kind."""
LETTERS: Final = {
    "ledger": "L", "ensemble": "E", "sweep": "S", "validation": "V", "game": "G", "run": "R",
}  # fmt: skip
SEVERAL: Final = ("game",)
"""Kinds of which a report may quote more than one result."""
LOOKED_FOR: Final = ("ledger", "ensemble", "validation", "game")
"""Kinds that are taken from the outputs where nobody named anything."""


@dataclass(frozen=True)
class Source:
    """A stored result that a report quotes.

    place: its folder or file, as named. document: the JSON that says what it is or holds. number:
    its place among those of its kind.
    """

    kind: str
    place: Path
    document: Document = field(repr=False)
    written: datetime
    number: int = 1

    @property
    def name(self) -> str:
        """What the place is called: as it was named, or its place in the program."""
        if self.place.parent == comes_with_it(MADE).parent:
            return f"experiments/reference/{self.place.name}"
        return str(self.place)

    @property
    def mark(self) -> str:
        """The letter that numbers of it carry in the text."""
        return LETTERS[self.kind] + (str(self.number) if self.number > 1 else "")

    @property
    def anchor(self) -> str:
        """Where its row in the table of provenance is."""
        return f"from-{self.kind}" + (f"-{self.number}" if self.number > 1 else "")

    def space(self) -> list[Document]:
        """Of an ensemble: the settings that its worlds differ in, with `path` and `log`.

        The summary has them only where a world survives. Raises EnsembleError where what was asked
        is damaged.
        """
        folder = EnsembleFolder(self.place)
        found = folder.identity()["space"] if folder.exists() else self.document["parameters"]
        return list(found)


@dataclass(frozen=True)
class Sources:
    """The results of a report: at most one of each kind, but for those of `SEVERAL`."""

    found: tuple[Source, ...]

    def get(self, kind: str) -> Source | None:
        """The first result of a kind; None where there is none."""
        return next(iter(self.every(kind)), None)

    def every(self, kind: str) -> list[Source]:
        """All results of a kind, in the order they were named."""
        return [source for source in self.found if source.kind == kind]

    def __iter__(self) -> Iterator[Source]:
        return (source for kind in KINDS for source in self.every(kind))


def sources_of(places: Sequence[Path], outputs: Path = OUTPUTS) -> Sources:
    """The results at some places; without any, the latest of each kind in the outputs.

    Raises InputError for a place that holds nothing a report can quote, for two of a kind of which
    one is quoted, and where there is nothing at all.
    """
    found: list[Source] = []
    for place in places:
        source = recognised(place)
        others = [one for one in found if one.kind == source.kind]
        if others and source.kind not in SEVERAL:
            raise InputError(
                f"{place} and {others[0].place} are both {KINDS[source.kind]}; "
                "a report quotes one of each kind, and any number of games"
            )
        found.append(replace(source, number=1 + len(others)))
    if not places:
        found = list(latest(outputs).values())
    if not found:
        raise InputError(
            f"nothing to report in {outputs}/; make it with "
            f"{', '.join(MAKERS[kind] for kind in LOOKED_FOR[:2])}"
        )
    return Sources(tuple(found))


def latest(outputs: Path) -> dict[str, Source]:
    """The result of each kind that was finished last; says which are damaged and passed over."""
    found: dict[str, Source] = {}
    for place in entries(outputs):
        if place.name.startswith(".") or not (is_directory(place) or place.suffix == ".json"):
            continue
        try:
            source = look(place)
        except InputError as error:
            say(f"passed over: {error}")
            continue
        if source is None or source.kind not in LOOKED_FOR:
            continue
        earlier = found.get(source.kind)
        if earlier is None or source.written > earlier.written:
            found[source.kind] = source
    return found


def recognised(place: Path) -> Source:
    """The result at a place; InputError where there is none, with what would do."""
    if not place.exists():
        raise InputError(f"there is no {place}")
    source = look(place)
    if source is None:
        if is_file(place / ASKED) or is_file(place / "ensemble.json"):
            raise InputError(f"{place} is not finished; the command that began it goes on")
        raise InputError(
            f"{place} holds no result of nomoat; a report takes folders of claims, ensembles, "
            "sweeps, games and runs, and the file of nomoat validate --out"
        )
    return source


def look(place: Path) -> Source | None:
    """The result at a place, recognised by its content; None where there is none.

    Raises InputError for one that is damaged.
    """
    if place.is_file():
        # The user named it, or it is a link of the user's own to a file.
        return from_file(place, place.resolve(), FILES)
    for name, kinds in FOLDERS:
        if is_file(place / name):
            source = from_file(place, place / name, kinds)
            if source is not None:
                return source
    return None


def from_file(place: Path, file: Path, kinds: "Tests") -> Source | None:
    """The result that a JSON file describes, if it is of one of some kinds.

    Raises InputError for a file that is one of them but for some of its fields.
    """
    try:
        found = read_json(file)
        written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except DocumentError as error:
        raise InputError(str(error)) from None
    except (OSError, ValueError, OverflowError) as error:
        raise InputError(f"{file} cannot be read: {reason_of(error)}") from None
    for kind, fits in kinds.items():
        if isinstance(found, dict) and fits(found):
            refuse_malformed(kind, found, file)
            return Source(kind, place, found, written)
    return None


def refuse_malformed(kind: str, found: Document, file: Path) -> None:
    """Raise InputError, naming the field, for a document that is not one of its kind."""
    try:
        if kind == "sweep":
            refuse_other_sweep(found, str(file))
        else:
            refuse_other_shape(found, shape_of(kind, found), str(file))
    except DocumentError as error:
        raise InputError(str(error)) from None


def shape_of(kind: str, found: Document) -> TypeAdapter[Any]:
    """What a document of a kind must look like."""
    if kind == "game" and not is_game(found):
        return ASKED_GAME
    if kind == "validation" and worlds_of(found) is found:
        return WORLDS_BESIDE_FACTS
    return SHAPES[kind]


def beside(source: Source, name: str, shape: TypeAdapter[Any]) -> Document | None:
    """A document that is stored beside a file; None if there is none, InputError if damaged."""
    place = source.place.resolve().parent / name
    try:
        return document(place, shape)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{place} cannot be read: {reason_of(error)}") from None
    except DocumentError as error:
        raise InputError(str(error)) from None


def is_validation(document: Document) -> bool:
    """Whether it is what `nomoat validate` writes or prints."""
    return bool(document) and any(
        isinstance(world, dict) and "findings" in world for world in worlds_of(document).values()
    )


def is_game(document: Document) -> bool:
    """Whether it is what `nomoat game show --json` prints."""
    return {"players", "profiles", "pure", "best_responses", "basins"} <= document.keys()


def worlds_of(document: Document) -> Document:
    """The worlds of a validation, with or without the facts about it around them."""
    worlds = document.get("worlds", document)
    return worlds if isinstance(worlds, dict) else {}


Tests = dict[str, Callable[[Document], bool]]
CLAIMS: Final[Tests] = {"ledger": lambda d: isinstance(d.get("claims"), list) and "size" in d}
WORLDS: Final[Tests] = {"ensemble": lambda d: "survives" in d and "parameters" in d}
GAME: Final[Tests] = {"game": lambda d: "players" in d}
MANIFEST: Final[Tests] = {
    "sweep": lambda d: "identity" in d and "levers" in d,
    "run": lambda d: "run_id" in d and isinstance(d.get("tables"), dict),
}
FOLDERS: Final[tuple[tuple[str, Tests], ...]] = (
    (LEDGER, CLAIMS),
    ("summary.json", WORLDS),
    ("game.json", GAME),
    ("validation.json", {"validation": is_validation}),
    ("manifest.json", MANIFEST),
)
"""The file that says what a folder is, and the kinds it may be of."""
FILES: Final[Tests] = {
    **CLAIMS, **WORLDS, "validation": is_validation,
    "game": is_game,
}  # fmt: skip
SHAPES: Final[dict[str, TypeAdapter[Any]]] = {
    "ledger": LEDGER_SHAPE, "ensemble": CAME, "validation": VALIDATION, "game": GAME_RESULT,
    "run": RUN,
}  # fmt: skip
"""What a document of a kind must look like before anything in it is quoted."""
