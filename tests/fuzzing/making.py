"""Stored results to be changed: a run, a sweep, a game, an ensemble and a ledger, all small."""

from pathlib import Path

import stored_results
import sweeping
import tiny_ensemble
from subjects import command

RUN = ("run", "--enterprises", "50", "--months", "6", "--quiet", "--no-figure", "--out")
GAME = (
    "game", "run", "--players", "openai,meta", "--strategies", "open,closed", "--months", "4",
    "--enterprises", "40", "--replicates", "2", "--rounds", "1", "--jobs", "1", "--quiet", "--out",
)  # fmt: skip


def stored(place: Path) -> dict[str, Path]:
    """Folders by what is stored in them."""
    place.mkdir()
    found = {kind: place / kind for kind in ("run", "sweep", "game", "ensemble")}
    for kind, words in (("run", RUN), ("game", GAME)):
        refusal = command(*words, str(found[kind]))
        assert refusal is None, refusal
    sweeping.swept(found["sweep"])
    tiny_ensemble.made(found["ensemble"])
    ledger = stored_results.ledger()
    return {**found, "claims": stored_results.store(place, ledger=ledger)["ledger"]}
