"""Rounds of runs: all profiles first, then again those where an equilibrium may lie."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypedDict

import numpy as np
import pyarrow as pa
from pydantic import TypeAdapter

from experiments.durable import Disk, may_begin
from experiments.encoding import encode
from experiments.ensemble.runs import Work
from experiments.game.equilibria import Floats, Profile, mixed, supports_of
from experiments.game.payoffs import Payoffs, Round, payoffs_of
from experiments.game.setting import PAYOFFS, Game, GameError, Player, Worlds
from experiments.stored import (
    Count,
    DocumentError,
    Seed,
    document,
    is_file,
    reason_of,
    refuse_links,
    scenario,
)
from experiments.sweeps.experiment import built
from experiments.sweeps.folder import SweepFolder
from experiments.sweeps.reading import load
from experiments.sweeps.runner import begin, stored_points
from sim.loading import canonical, to_toml
from sim.version import model_version

DOUBT: Final = 0.025
"""Share of resamples from which a profile may be an equilibrium, and below which it may not."""
MOST_MIXED: Final = 32
"""Profiles that a mixed equilibrium may use for all of them to be played again."""


NESTED: Final = ("round-*",)
"""Sweeps in the folder of a game."""


class Chooser(TypedDict):
    """A player."""

    id: str
    name: str
    options: dict[str, dict[str, Any]]


class Asked(TypedDict):
    """What decides about a game."""

    players: list[Chooser]
    tiers: str
    payoff: str
    rate: float
    months: Count
    enterprises: Count
    replicates: Count
    rounds: Count
    seed: Seed
    scenario: list[str]
    worlds: list[dict[str, float | int | bool | str]]
    weights: list[float]
    model_version: str


ASKED: Final = TypeAdapter(Asked)


@dataclass(frozen=True)
class GameFolder:
    """`game.json`, `base.toml`, and a sweep `round-N/` with its points per round."""

    path: Path

    @property
    def identity_path(self) -> Path:
        """What was asked."""
        return self.path / "game.json"

    @property
    def base_path(self) -> Path:
        """The scenario that is played, in full."""
        return self.path / "base.toml"

    def round_path(self, number: int) -> Path:
        """The sweep of a round, from 1."""
        return self.path / f"round-{number}"

    def put(self, path: Path, data: bytes) -> None:
        """Write a file in one step, unless it is there; StoreError if that fails."""
        if not is_file(path) or path.read_bytes() != data:
            Disk().replace(path, data)

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What was asked, as `prepare` stored it; GameError if there is no game."""
        try:
            found = document(self.identity_path, ASKED)
        except (FileNotFoundError, NotADirectoryError):
            raise GameError(f"{self.path} holds no game; nomoat game run makes one") from None
        except OSError as error:
            raise GameError(f"{self.identity_path} cannot be read: {reason_of(error)}") from error
        except DocumentError as error:
            raise GameError(f"{error}; play it again with another --out") from error
        refuse_links(self.path, NESTED)
        return found

    def prepare(self, game: Game) -> None:
        """Make the folder, or see that it holds the same game; GameError if it does not."""
        asked = identity_of(game)
        if not is_file(self.identity_path):
            files = {
                self.base_path.name: to_toml(game.base).encode(),
                self.identity_path.name: json.dumps(asked, indent=1).encode(),
            }
            if not may_begin(self.path, files):
                raise GameError(f"{self.path} exists and is no game; name another --out")
            if Disk().begin(self.path, files):
                return
        stored = self.identity
        if changed := sorted(k for k in asked if stored.get(k) != asked[k]):
            raise GameError(
                f"{self.path} holds another game: {', '.join(changed)} changed; "
                "give this one a folder of its own with --out"
            )


def identity_of(game: Game) -> dict[str, Any]:
    """What makes a game another one, as its folder keeps it."""
    return {
        "players": [
            {"id": p.id, "name": p.name, "options": {k: dict(v) for k, v in p.options.items()}}
            for p in game.players
        ],
        "tiers": game.tiers, "payoff": game.payoff, "rate": game.rate, "months": game.months,
        "enterprises": game.enterprises, "replicates": game.replicates, "rounds": game.rounds,
        "seed": game.seed, "scenario": list(canonical(game.base)),
        "worlds": [dict(one) for one in game.worlds.settings],
        "weights": game.worlds.weights.tolist(), "model_version": model_version(),
    }  # fmt: skip


def stored_game(folder: GameFolder) -> Game:
    """The game of a folder."""
    facts = folder.identity
    return Game(
        base=scenario(folder.base_path),
        players=tuple(Player(**one) for one in facts["players"]),
        worlds=Worlds(facts["worlds"], np.array(facts["weights"])),
        **{name: facts[name] for name in (
            "tiers", "payoff", "rate", "months", "enterprises", "replicates", "rounds", "seed",
        )},
    )  # fmt: skip


def play(game: Game, folder: GameFolder, work: Work) -> Payoffs:
    """Play what is missing, round by round, until no profile is in doubt or rounds are used up."""
    folder.prepare(game)
    rows: list[int] = list(range(len(game.profiles)))
    rounds: list[Round] = []
    while True:
        number = len(rounds) + 1
        # A round that was begun is what it is, whatever would be in doubt by today's arithmetic.
        rows = stored_rows(game, folder, number) or rows
        run_round(game, folder, number, rows, work)
        rounds.append(read_round(game, folder, number, rows, game.payoff))
        found = payoffs_of(game.shape, rounds, game.worlds.weights, generator(game, number))
        rows = doubtful(game, found)
        if not rows or number >= game.rounds:
            return found


def stored_payoffs(game: Game, folder: GameFolder, payoff: str) -> tuple[Payoffs, int]:
    """Payoffs of the rounds that are stored, also of another kind; and how many rounds there are.

    Which profiles were played again was decided by the kind that the game was run for.
    """
    if payoff not in PAYOFFS:
        raise GameError(f"there is no payoff {payoff}; they are {', '.join(PAYOFFS)}")
    rounds: list[Round] = []
    while (rows := stored_rows(game, folder, len(rounds) + 1)) and len(rounds) < game.rounds:
        rounds.append(read_round(game, folder, len(rounds) + 1, rows, payoff))
    if not rounds:
        raise GameError(f"{folder.path} has no finished run yet; nomoat game run goes on")
    number = len(rounds)
    found = payoffs_of(game.shape, rounds, game.worlds.weights, generator(game, number))
    return found, number


def stored_rows(game: Game, folder: GameFolder, number: int) -> list[int]:
    """Numbers of the profiles that a round plays, in its order; none if it was not begun."""
    sweep = SweepFolder(folder.round_path(number))
    if not sweep.exists():
        return []
    columns = [player.id for player in game.players]
    names = [list(player.options) for player in game.players]
    first = stored_points(sweep.design()).select(columns).to_pylist()
    places = {profile: place for place, profile in enumerate(game.profiles)}
    each = first[:: len(game.worlds.settings)]
    return [
        places[tuple(own.index(row[c]) for own, c in zip(names, columns, strict=True))]
        for row in each
    ]


def generator(game: Game, number: int) -> np.random.Generator:
    """For resampling after a round: the same at every call."""
    return np.random.default_rng([game.seed, number])


def run_round(game: Game, folder: GameFolder, number: int, rows: Sequence[int], work: Work) -> None:
    """Begin or resume the sweep of a round."""
    name = f"round-{number}"
    varied, fixed = world_factors(game.worlds)
    columns = [
        {**{path: world[path] for path in varied}, **names_of(game, game.profiles[row])}
        for row in rows
        for world in game.worlds.settings
    ]
    points = folder.path / f"{name}.parquet"
    folder.put(points, encode(pa.Table.from_pylist(columns)))
    tree = {
        "name": name, "question": "How open should each vendor be, given what the others do?",
        "scenario": folder.base_path.name, "months": game.months, "market": [],
        "replicates": game.replicates * 2 ** (number - 1), "seed": game.seed + number - 1,
        "settings": {
            **fixed, "enterprise.population": game.enterprises, "review.mode": "fixed",
        },
        "uncertainties": varied,
        "levers": {player.id: {"options": player.options} for player in game.players},
        "outcomes": game.outcomes(), "design": {"kind": "table", "file": points.name},
    }  # fmt: skip
    text = f"# written by nomoat game run; points in ../{points.name}\n"
    experiment = built(tree, f"{name}.toml", name, folder.path, text)
    sweep = SweepFolder(folder.round_path(number))
    begin(experiment, sweep)
    work(experiment, sweep)


def names_of(game: Game, profile: Profile) -> dict[str, str]:
    """Strategy of each player by name."""
    pairs = zip(game.players, profile, strict=True)
    return {player.id: list(player.options)[place] for player, place in pairs}


def world_factors(worlds: Worlds) -> tuple[dict[str, Any], dict[str, float]]:
    """What differs between worlds, as ranges, and what all of them share, as settings."""
    varied: dict[str, Any] = {}
    fixed: dict[str, float] = {}
    for path in worlds.settings[0]:
        values = [one[path] for one in worlds.settings]
        if len(set(values)) > 1:
            varied[path] = {"low": min(values), "high": max(values)}
        else:
            fixed[path] = values[0]
    return varied, fixed


def read_round(
    game: Game, folder: GameFolder, number: int, rows: Sequence[int], payoff: str
) -> Round:
    """The payoffs of a round."""
    sweep = load(folder.round_path(number))
    worlds, replicates = len(game.worlds.settings), int(sweep.facts["replicates"])
    shape = (len(rows), worlds, replicates, len(game.players))
    values = np.full(shape, np.nan)
    table = sweep.outcomes()
    if table.num_rows == 0:
        raise GameError(f"{sweep.folder.path} has no finished run yet; nomoat game run goes on")
    point, replicate = table["point"].to_numpy(), table["replicate"].to_numpy()
    for place, player in enumerate(game.players):
        column = table[f"{payoff}_{player.id}"].cast(pa.float64())
        values[point // worlds, point % worlds, replicate, place] = column.to_numpy(
            zero_copy_only=False
        )
    return Round(list(rows), values)


def doubtful(game: Game, found: Payoffs) -> list[int]:
    """Profiles to play again: those that may be an equilibrium, and all that leave them by one
    player; none if of every profile it is clear."""
    likely = found.equilibrium > DOUBT
    unclear = likely & (found.equilibrium < 1.0 - DOUBT)
    used = mixed_profiles(found)
    if not unclear.any() and not used:
        return []
    wanted: set[Profile] = {game.profiles[row] for row in np.flatnonzero(likely)}
    wanted |= used
    for profile in list(wanted):
        for player, size in enumerate(game.shape):
            wanted |= {(*profile[:player], s, *profile[player + 1 :]) for s in range(size)}
    places = {profile: place for place, profile in enumerate(game.profiles)}
    return sorted(places[profile] for profile in wanted)


def mixed_profiles(found: Payoffs) -> set[Profile]:
    """Profiles that mixed equilibria play, where no pure one is likely."""
    if (found.equilibrium > 0.5).any():
        return set()
    profiles: set[Profile] = set()
    for one in mixed(found.game) or []:
        supports = supports_of(one.mixture)
        if int(np.prod([len(s) for s in supports])) <= MOST_MIXED:
            grid = np.array(np.meshgrid(*supports, indexing="ij")).reshape(len(supports), -1)
            profiles |= {tuple(map(int, column)) for column in grid.T}
    return profiles


def tier_gains(game: Game, found: Payoffs) -> tuple[list[str], Floats, Floats]:
    """What opening one tier pays the player that chooses by tier, against closed.

    Returns tiers, means over the others' profiles (tiers,), and the same resampled (resamples,
    tiers).
    """
    place = [player.id for player in game.players].index(game.tiers)
    names = list(game.players[place].options)
    tiers = names[1:-1]

    def gains(payoffs: Floats) -> Floats:
        own = np.moveaxis(payoffs[..., place], place, 0).reshape(len(names), -1).mean(axis=1)
        return np.asarray(own[1:-1] - own[0])

    return tiers, gains(found.game), np.stack([gains(one) for one in found.games])
