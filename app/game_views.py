"""What a played game comes to, printed and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from app.terminal import add, console, plain_table
from experiments.game.equilibria import (
    Floats,
    Mixed,
    Mixture,
    mixed,
    mixed_regret,
    pure,
    supports_of,
)
from experiments.game.flows import Basin, basins
from experiments.game.payoffs import Payoffs, interval, regret_interval
from experiments.game.playing import generator, tier_gains
from experiments.game.setting import Game, serving_costs

SHOWN: Final = 10
SHOWN_PURE: Final = 6
KINDS: Final = {
    "profit": "profit of all months, discounted, $",
    "share": "share of spend in the last year",
    "survival": "probability to be in business at the end",
}


@dataclass(frozen=True)
class Played:
    """A game with its payoffs and what follows from them."""

    game: Game
    payoffs: Payoffs
    payoff: str
    rounds: int
    pure: list[tuple[int, ...]]
    mixed: list[Mixed] | None
    basins: list[Basin]

    @classmethod
    def of(cls, game: Game, found: Payoffs, payoff: str, rounds: int) -> "Played":
        """Solve a game."""
        ends = basins(found.game, generator(game, 0))
        return cls(game, found, payoff, rounds, pure(found.game), mixed(found.game), ends)

    @property
    def run_counts(self) -> str:
        """Least and most runs of a profile."""
        least, most = min(self.payoffs.runs), max(self.payoffs.runs)
        return f"{least}" if least == most else f"{least} to {most}"

    def words(self, mixture: Mixture) -> str:
        """A mixture in words."""
        parts = []
        for player, own, used in zip(self.game.players, mixture, supports_of(mixture), strict=True):
            names = list(player.options)
            mixes = " / ".join(f"{own[s]:.0%} {names[s]}" for s in used)
            parts.append(f"{player.id} {names[used[0]] if len(used) == 1 else mixes}")
        return ", ".join(parts)


def best_responses(played: Played) -> list[tuple[str, list[tuple[str, float, Any, float]]]]:
    """By player, for each strategy: share of the others' profiles to which it is the best answer,
    its gain over the player's first strategy with an interval, and its mean payoff."""
    found = []
    for place, player in enumerate(played.game.players):
        own = rows_of(played.payoffs.game, place)
        best = own.argmax(axis=0)
        gains = np.stack([(r := rows_of(one, place)).mean(axis=1) - r.mean(axis=1)[0]
                          for one in played.payoffs.games])  # fmt: skip
        rows = []
        for strategy, name in enumerate(player.options):
            rows.append((
                name, float((best == strategy).mean()), interval(gains[:, strategy]),
                float(own[strategy].mean()),
            ))  # fmt: skip
        found.append((player.id, rows))
    return found


def rows_of(payoffs: Floats, place: int) -> Floats:
    """A player's payoffs (own strategies, profiles of the others)."""
    own = np.moveaxis(payoffs[..., place], place, 0)
    return np.asarray(own.reshape(own.shape[0], -1))


def print_game(played: Played) -> None:
    """Print a game for people."""
    out, game, found = console(), played.game, played.payoffs
    names = ", ".join(player.id for player in game.players)
    worlds = len(game.worlds.settings)
    out.print(f"game    {names}; payoff: {KINDS[played.payoff]}")
    out.print(
        f"runs    {len(found.mean)} profiles, {played.rounds} round{'s' * (played.rounds > 1)}, "
        f"{played.run_counts} runs of each"
        + (f" in {worlds} worlds" if worlds > 1 else "")
        + f", {game.enterprises:,} enterprises, {game.months} months"
    )
    if found.lost:
        out.print(
            f"lost    {found.lost:,} of {found.blocks:,} blocks of one world and seed: a run of "
            "theirs failed or is not done, so they count for no profile",
            style="yellow",
        )
    out.print()
    print_equilibria(played)
    out.print()
    print_profiles(played)
    out.print()
    print_responses(played)
    out.print()
    print_basins(played)
    if game.tiers:
        out.print()
        print_tiers(played)


def brief(number: float, digits: int = 3) -> str:
    """A number to few digits, in millions or billions where it is large."""
    for size, unit in ((1e9, "bn"), (1e6, "m")):
        if abs(number) >= size:
            return f"{plain(number / size, digits)}{unit}"
    return "0" if abs(number) < 1e-9 else plain(number, digits)


def plain(number: float, digits: int) -> str:
    """A number rounded to digits, without an exponent where it is large."""
    rounded = float(f"{number:.{digits}g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:g}"


def between(ends: tuple[float, float]) -> str:
    """An interval; one without width is no certainty and says so."""
    if ends[0] == ends[1] != 0.0:
        return f"{brief(ends[0], 2)}, no spread"
    return f"{brief(ends[0], 2)} to {brief(ends[1], 2)}"


def print_equilibria(played: Played) -> None:
    """Print pure and mixed equilibria."""
    out, found = console(), played.payoffs
    places = {profile: row for row, profile in enumerate(played.game.profiles)}
    for profile in played.pure[:SHOWN_PURE]:
        share = found.equilibrium[places[profile]]
        out.print(f"pure    {played.game.words(profile)}  (in {share:.0%} of resamples)")
    if not played.pure:
        out.print("pure    none")
    if len(played.pure) > SHOWN_PURE:
        out.print(f"        and {len(played.pure) - SHOWN_PURE} more: payoffs hardly differ")
    if played.mixed is None:
        out.print("mixed   not looked for: too many strategies")
        return
    for one in played.mixed:
        low, high = regret_ends(played, one.mixture)
        out.print(f"mixed   {played.words(one.mixture)}  (regret {between((low, high))})")
    if not played.mixed:
        out.print("mixed   none found")


def regret_ends(played: Played, mixture: Mixture) -> tuple[float, float]:
    """The interval of the largest regret of anybody at a mixture."""
    draws = [mixed_regret(game, mixture).max() for game in played.payoffs.games]
    here = float(mixed_regret(played.payoffs.game, mixture).max())
    return regret_interval(here, np.array(draws))


def print_profiles(played: Played) -> None:
    """Print the profiles of least regret."""
    found, game = played.payoffs, played.game
    table = plain_table(
        "profile", "regret", "95%", "stable", *(p.id for p in game.players),
        right=tuple(range(1, 4 + len(game.players))),
    )  # fmt: skip
    for row in np.argsort(found.regret, kind="stable")[:SHOWN]:
        add(
            table, "/".join(strategy_names(game, row)), brief(found.regret[row]),
            between(found.regret_ends(int(row))), f"{found.equilibrium[row]:.0%}",
            *(brief(value) for value in found.mean[row]),
        )  # fmt: skip
    names = "/".join(player.id for player in game.players)
    console().print(f"profiles {names} of least regret, and what each is paid")
    console().print("stable: in how many resamples nobody would leave")
    console().print(table)
    rest = len(found.mean) - SHOWN
    if rest > 0:
        console().print(f"and {rest} more; --json has all")


def strategy_names(game: Game, row: int) -> list[str]:
    """Strategies of a profile by number."""
    pairs = zip(game.players, game.profiles[row], strict=True)
    return [list(player.options)[place] for player, place in pairs]


def print_responses(played: Played) -> None:
    """Print what each player's strategies pay, whatever the others do."""
    table = plain_table(
        "player", "strategy", "best answer", "mean payoff", "against its first", right=(2, 3, 4)
    )
    for player, rows in best_responses(played):
        for place, (name, best, (low, high), mean) in enumerate(rows):
            gain = "" if place == 0 else between((low, high))
            add(table, "" if place else player, name, f"{best:.0%}", brief(mean), gain)
    console().print("strategies over all profiles of the others")
    console().print(table)


def print_basins(played: Played) -> None:
    """Print where imitation leads."""
    console().print("imitation of what pays (replicator), from random mixtures, ends at")
    for basin in played.basins:
        where = "no rest point" if basin.mixture is None else played.words(basin.mixture)
        console().print(f"  {basin.share:.0%}  {where}")


def print_tiers(played: Played) -> None:
    """Print what opening each tier pays, beside what serving it costs."""
    table = plain_table(
        "tier opened", "serving, $/Mtok", "gain over closed", "95%", right=(1, 2, 3)
    )
    for row in tier_document(played)["tiers"]:
        add(
            table, row["tier"], brief(row["serving_cost"]), brief(row["gain"]),
            between((row["low"], row["high"])),
        )  # fmt: skip
    falls = tier_document(played)["falls_with_cost"]
    console().print(f"{played.game.tiers}: what opening one tier pays, over the others' profiles")
    console().print(table)
    console().print(f"the gain falls from tier to tier in {falls:.0%} of resamples")


def tier_document(played: Played) -> dict[str, Any]:
    """Gains by tier, and in how many resamples they fall as serving costs rise."""
    tiers, gains, draws = tier_gains(played.game, played.payoffs)
    costs = serving_costs(played.game.base)
    order = sorted(range(len(tiers)), key=lambda i: costs[tiers[i]])
    falls = (np.diff(draws[:, order], axis=1) < 0).all(axis=1).mean()
    place = [player.id for player in played.game.players].index(played.game.tiers)
    rows = rows_of(played.payoffs.game, place)
    names = list(played.game.players[place].options)
    best = rows.argmax(axis=0)
    return {
        "vendor": played.game.tiers, "falls_with_cost": float(falls),
        "best_answers": {name: float((best == s).mean()) for s, name in enumerate(names)},
        "tiers": [
            {
                "tier": tiers[i], "serving_cost": costs[tiers[i]], "gain": float(gains[i]),
                "low": interval(draws[:, i])[0], "high": interval(draws[:, i])[1],
            }
            for i in order
        ],
    }  # fmt: skip


def document(played: Played) -> dict[str, Any]:
    """The JSON form: everything."""
    game, found = played.game, played.payoffs
    ids = [player.id for player in game.players]

    def by_player(values: Sequence[float] | Floats) -> dict[str, float]:
        return dict(zip(ids, map(float, values), strict=True))

    def mixture(one: Mixture) -> dict[str, dict[str, float]]:
        return {
            player.id: dict(zip(player.options, own.tolist(), strict=True))
            for player, own in zip(game.players, one, strict=True)
        }

    profiles = []
    for row in range(len(found.mean)):
        low, high = found.regret_ends(int(row))
        ends = [interval(found.draws[:, row, i]) for i in range(len(ids))]
        profiles.append({
            "strategies": dict(zip(ids, strategy_names(game, row), strict=True)),
            "runs": int(found.runs[row]), "regret": float(found.regret[row]),
            "regret_low": low, "regret_high": high, "equilibrium": float(found.equilibrium[row]),
            "payoff": by_player(found.mean[row]), "payoff_low": by_player([e[0] for e in ends]),
            "payoff_high": by_player([e[1] for e in ends]),
        })  # fmt: skip
    return {
        "payoff": played.payoff, "players": ids,
        "names": {player.id: player.name for player in game.players}, "rounds": played.rounds,
        "worlds": len(game.worlds.settings), "enterprises": game.enterprises,
        "blocks": found.blocks, "blocks_lost": found.lost,
        "months": game.months, "seed": game.seed, "rate": game.rate, "profiles": profiles,
        "pure": [dict(zip(ids, strategy_names(game, game.profiles.index(p)), strict=True))
                 for p in played.pure],
        "mixed": None if played.mixed is None else [
            {
                "mixture": mixture(one.mixture), "payoff": by_player(one.payoffs),
                "regret_low": regret_ends(played, one.mixture)[0],
                "regret_high": regret_ends(played, one.mixture)[1],
            }
            for one in played.mixed
        ],
        "best_responses": {
            player: {
                name: {"best_answer": best, "mean_payoff": mean, "gain_low": ends[0],
                       "gain_high": ends[1]}
                for name, best, ends, mean in rows
            }
            for player, rows in best_responses(played)
        },
        "basins": [
            {"share": b.share, "mixture": None if b.mixture is None else mixture(b.mixture)}
            for b in played.basins
        ],
        "tiers": tier_document(played) if game.tiers else None,
    }  # fmt: skip
