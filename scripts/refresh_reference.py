"""Take the small tables of finished results as the reference that comes with the program.

`uv run scripts/refresh_reference.py LEDGER ENSEMBLE GAME STARTUPS TIERS VALIDATION` copies what
`experiments/reference` names: folders of a ledger, the ensemble it was judged over, three games,
and the file of `nomoat validate --out`. Commands (`--command`, each) and `--machine` are kept as
given. Run scripts/refresh_docs.py afterwards: docs/answers.md is made of it.
"""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from app.ensemble_figure import forecast_figure
from app.ensemble_views import document as forecast_document
from app.figure import as_png
from app.game_figure import game_figure
from app.game_views import Played
from app.game_views import document as game_document
from app.reporting.regime_charts import regime_map
from experiments.ensemble.folder import EnsembleFolder
from experiments.ensemble.outlook import outlook
from experiments.game.playing import GameFolder, stored_game, stored_payoffs
from experiments.reference import GAMES, MADE, SURVIVAL, place
from experiments.regimes import of_ensemble, strengths
from sim.schemas import SCHEMA_VERSION
from sim.version import model_version, usable_cores

DIGITS: Final = 4
"""Significant digits that are kept of fans."""
IMAGES: Final = Path(__file__).resolve().parents[1] / "docs" / "images"


def rounded(value: Any) -> Any:
    """A JSON value with its numbers to `DIGITS`."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value


def write(name: str, value: Any, *, indent: int | None = 1) -> None:
    """Write one file of the reference."""
    place(name).write_text(json.dumps(value, indent=indent, allow_nan=False) + "\n", "utf-8")


def played(folder: Path, payoff: str = "profit") -> Played:
    """A game that was run."""
    game = stored_game(GameFolder(folder))
    payoffs, rounds = stored_payoffs(game, GameFolder(folder), payoff)
    return Played.of(game, payoffs, payoff, rounds)


def main() -> None:
    """Copy and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("ledger", "ensemble", "game", "startups", "tiers", "validation"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--command", action="append", default=[], help="as it was given")
    parser.add_argument("--machine", required=True, help="cores and CPU, in words")
    given = parser.parse_args()
    write("ledger.json", json.loads((given.ledger / "ledger.json").read_text("utf-8")))
    folder = EnsembleFolder(given.ensemble)
    write("summary.json", folder.summary())
    kept, raw = outlook(folder.path)
    forecast = {**forecast_document(folder, kept, raw), "folder": folder.path.name}
    write("forecast.json", rounded(forecast), indent=None)
    logs = [one["path"] for one in folder.summary()["parameters"] if one["log"]]
    ends = of_ensemble(folder.path, logs)
    write("regimes.json", rounded(ends.as_json()), indent=None)
    first, second = (one.path for one in strengths(ends)[:2])
    (IMAGES / "answers-markets.svg").write_text(regime_map(ends, (first, second)).file(), "utf-8")
    games = [played(one) for one in (given.game, given.startups, given.tiers)]
    survival = played(given.startups, "survival")
    for name, game in zip((*GAMES, SURVIVAL), (*games, survival), strict=True):
        write(name, rounded(game_document(game)))
    write("validation.json", json.loads(given.validation.read_text("utf-8")))
    made = {
        "commands": given.command, "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": given.machine, "cores": usable_cores(), "model_version": model_version(),
        "schema_version": SCHEMA_VERSION,
    }  # fmt: skip
    write(MADE, made)
    pictures = {"answers-forecast": forecast_figure(kept, raw, folder.summary()),
                "answers-game": game_figure(games[0])}  # fmt: skip
    for name, figure in pictures.items():
        (IMAGES / f"{name}.png").write_bytes(as_png(figure))


if __name__ == "__main__":
    main()
