"""What `nomoat game run` and `game show` do."""

from dataclasses import dataclass
from pathlib import Path

from app.clusters import Place
from app.game_views import Played, document, print_game
from app.shell import OK, InputError, say
from app.terminal import console, print_json, short_warnings
from app.working import HERE, OPTIONS, kept, refuse_decided, worker
from experiments.durable import Disk, StoreError
from experiments.folder import OUTPUTS
from experiments.game.playing import GameFolder, identity_of, play, stored_game, stored_payoffs
from experiments.game.setting import PAYOFFS, Game, GameError, digest, players_of, worlds_of
from sim.loading import assignment, load

REPLICATES, OF_A_WORLD = 8, 2
"""In the first round, of the base and of each world of an ensemble."""
DECIDED = {
    **OPTIONS, "months": "give --months", "review.mode": "vendors that play keep their strategies",
}  # fmt: skip
"""Parameters that a game gives a value of its own, and what to do instead."""


@dataclass(frozen=True)
class Request:
    """One call of `nomoat game run`."""

    scenario: str | None
    players: str
    strategies: str
    tiers: str
    payoff: str
    rate: float
    ensemble: Path | None
    worlds: int
    replicates: int | None
    rounds: int
    months: int
    enterprises: int
    overrides: list[str]
    seed: int
    jobs: int | None
    out: Path | None
    json: bool
    quiet: bool
    place: Place = HERE

    def game(self) -> Game:
        """The game asked for; InputError, GameError or ScenarioError for an impossible one."""
        if self.payoff not in PAYOFFS:
            raise InputError(f"--payoff is one of {', '.join(PAYOFFS)}")
        if self.ensemble is not None and self.scenario is not None:
            raise InputError("an ensemble has its own scenario; leave out one of the two")
        refuse_decided(self.overrides, DECIDED)
        worlds = worlds_of(self.ensemble, self.worlds, self.seed)
        replicates = self.replicates or (REPLICATES if self.ensemble is None else OF_A_WORLD)
        if replicates < 2 and len(worlds.settings) == 1:
            raise InputError("one world needs two replicates or more, to say what is luck")
        source: str | Path = self.scenario or "baseline"
        if self.ensemble is not None:
            from experiments.ensemble import base

            source = base(self.ensemble)
        fixed = {"months": self.months, "enterprise.population": self.enterprises}
        scenario = load(source, {**dict(map(assignment, self.overrides)), **fixed})
        players = players_of(scenario, listed(self.players), listed(self.strategies), self.tiers)
        return Game(
            base=scenario, players=tuple(players), tiers=self.tiers, worlds=worlds,
            payoff=self.payoff, rate=self.rate, months=self.months, enterprises=self.enterprises,
            replicates=replicates, rounds=self.rounds, seed=self.seed,
        )  # fmt: skip


def listed(words: str) -> list[str]:
    """Names between commas."""
    return [word.strip() for word in words.split(",") if word.strip()]


def execute(request: Request) -> int:
    """Play what is missing and report; Ctrl-C keeps all finished runs."""
    short_warnings()
    work = worker(request.place, request.jobs, silent=request.json or request.quiet)
    game = request.game()
    folder = GameFolder(request.out or OUTPUTS / f"game-{digest(str(identity_of(game)))}")
    with kept(folder.path):
        play(game, folder, work)
    if request.quiet:
        return OK
    return show_game(folder.path, None, as_json=request.json)


def show_game(path: Path | None, payoff: str | None, *, as_json: bool) -> int:
    """Print a stored game and draw it."""
    short_warnings()
    folder = GameFolder(path or latest())
    game = stored_game(folder)
    kind = payoff or game.payoff
    found, rounds = stored_payoffs(game, folder, kind)
    played = Played.of(game, found, kind, rounds)
    figure = draw(folder, played)
    if as_json:
        print_json({"folder": str(folder.path), **document(played)})
        return OK
    print_game(played)
    if figure is not None:
        console().print(f"\nfigure  {figure}")
    return OK


def latest() -> Path:
    """The game in outputs/ that was asked for last; GameError if there is none."""
    found = sorted(OUTPUTS.glob("*/game.json"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise GameError(f"there is no game in {OUTPUTS}/; nomoat game run makes one")
    return found[-1].parent


def draw(folder: GameFolder, played: Played) -> Path | None:
    """Write the picture; None where the folder may not be written."""
    from app.figure import as_png
    from app.game_figure import game_figure

    kind = "" if played.payoff == played.game.payoff else f"-{played.payoff}"
    place = folder.path / f"game{kind}.png"
    try:
        Disk().replace(place, as_png(game_figure(played)))
    except StoreError as error:
        say(f"the figure was not written: {error}")
        return None
    return place
