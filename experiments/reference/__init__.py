"""Results that come with the program: small tables of one real run of everything.

`ledger.json` is what `nomoat claims run` wrote; `summary.json`, `forecast.json` and `regimes.json`
(what kind of market its worlds end in) are of the ensemble it was judged over; the games are what
`nomoat game show --json` printed of three roles, of three start-ups, and of a vendor that chooses
which size of model to open; `validation.json` is from `nomoat validate --out`.
`made.json` says by which commands, when, on what machine. scripts/refresh_reference.py writes them.
"""

import json
from importlib import resources
from pathlib import Path
from typing import Any, Final

GAMES: Final = ("game.json", "game-startups.json", "game-tiers.json")
SURVIVAL: Final = "game-survival.json"
"""The start-ups' game once more, paid by being in business at the end."""
FILES: Final = (
    "ledger.json", "summary.json", "forecast.json", "regimes.json", *GAMES, SURVIVAL,
    "validation.json",
)  # fmt: skip
REPORTED: Final = ("ledger.json", "summary.json", *GAMES, "validation.json")
"""What a report is made of; forecast and kinds of market are found beside the summary."""
MADE: Final = "made.json"


def place(name: str) -> Path:
    """Where a file of the reference is."""
    return Path(str(resources.files("experiments.reference").joinpath(name)))


def read(name: str) -> dict[str, Any]:
    """One of `FILES`, or `MADE`."""
    found: dict[str, Any] = json.loads(place(name).read_text("utf-8"))
    return found
