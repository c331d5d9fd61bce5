"""Small documents as the commands store them, for tests of the report."""

import json
from pathlib import Path
from typing import Any

from experiments.ensemble.runs import COLUMNS, MONTHS

HOSTILE = "<script>window.hurt=1</script>\u202eevil\x1b[31m & \"q\" 'a'"
VERDICTS = (
    ("C01", "Q1", "fails broadly", "it holds in at most 9% of plausible worlds", 0.031),
    ("C01b", "Q1", "not identified", "it holds in 41% to 67% of plausible worlds", 0.542),
    ("C19", "Q2", "holds broadly", "in at least 83% of plausible worlds", 0.917),
    ("C13", "Q3", "holds under stated conditions", "in 88% of the worlds of a box", 0.637),
    ("C24", "Q4", "not identified", "it turns round if quality never saturates", 0.813),
)


def entry(
    name: str = "C01", question: str = "Q1", verdict: str = "not identified",
    reason: str = "it holds in 41% to 67% of plausible worlds", share: float = 0.5,
    statement: str = "",
) -> dict[str, Any]:  # fmt: skip
    """A claim in a ledger, with everything a claim may have."""
    return {
        "id": name, "statement": statement or f"Statement of {name}.", "who": "somebody",
        "when": "2024-04", "question": question, "asked": "", "paired": question == "Q2",
        "verdict": verdict, "reason": reason, "share": [share, share * 0.9, min(share * 1.1, 1.0)],
        "raw": [0.437, 0.351, 0.527], "linear": [0.389, 0.302, 0.484],
        "early": [0.291, 0.214, 0.383] if question == "Q2" else None, "halves": [0.521, 0.563],
        "worlds": 97, "raw_worlds": 500, "missing": 3,
        "effect": {"words": "the measured thing", "low": -0.0123, "middle": 0.0456, "high": 0.0789},
        "conditions": [{"words": "the measured thing", "share": 0.577}],
        "box": {
            "limits": {"choice.theta": [1.23, 4.56]}, "density": 0.883, "coverage": 0.411,
            "worlds": 43, "p_value": 0.001, "overall": 0.566,
        },
        "drivers": [
            {"path": "choice.theta", "effect": 0.4, "low": 0.317, "high": 0.717, "pinned": False}
        ],
        "switched": [
            {"name": "peers", "words": "firms do not learn from peers",
             "share": [0.223, 0.117, 0.379], "before": [0.511, 0.361, 0.659], "worlds": 25}
        ],
        "cases": {"base": "the world as it is", "other": "Meta leaves the market"},
        "caveats": ["Mind this."],
        "reported": [{"words": "beside", "low": 0.1, "middle": 0.2, "high": 0.3, "share": None}],
    }  # fmt: skip


def ledger(*entries: dict[str, Any], calibrated: int = 150) -> dict[str, Any]:
    """A ledger of some claims; of all four verdicts unless some are given."""
    return {
        "size": {
            "worlds": 100, "wide": 512, "switched": 25, "linear": 33, "early": 33, "replicates": 5,
            "enterprises": 500, "seed": 11, "reported": True,
        },
        "calibrated": calibrated, "raw": 512, "failed_runs": 2, "model_version": "abcdef0123456789",
        "claims": list(entries) or [entry(*row) for row in VERDICTS],
    }  # fmt: skip


def validation(label: str = "firms that use a model") -> dict[str, Any]:
    """What `nomoat validate --out` keeps, of two facts."""
    finding = {
        "id": "adoption", "label": label, "source": "a survey", "observed": 0.117, "low": 0.091,
        "high": 0.143, "key": True, "structural": False, "median": 0.121, "in_band": True,
        "values": [0.119, 0.121, 0.129],
    }  # fmt: skip
    other = {**finding, "id": "hhi", "label": "concentration", "key": False, "median": 9.87,
             "in_band": False, "values": [9.87, 9.87, None]}  # fmt: skip
    world = {"in_band": 1, "checks": 2, "key_in_band": 1, "findings": [finding, other]}
    return {
        "scenario": "baseline", "overrides": {}, "seeds": 3, "model_version": "abcdef0123456789",
        "commit": "0123456789abcdef", "dirty_diff": None,
        "worlds": {"baseline": world, "price-only": {**world, "key_in_band": 0}},
    }  # fmt: skip


def game(player: str = "openai") -> dict[str, Any]:
    """What `nomoat game show --json` prints of a game of two."""
    profiles = [
        {
            "strategies": {player: first, "meta": second}, "runs": 8, "regret": 1.23e8 * place,
            "regret_low": 1.0e8 * place, "regret_high": 1.5e8 * (place + 0.1),
            "equilibrium": 0.78 if place == 0 else 0.04, "payoff": {player: 1e9, "meta": 2e9},
        }
        for place, (first, second) in enumerate(
            [("open", "closed"), ("open", "open"), ("closed", "open"), ("closed", "closed")]
        )
    ]  # fmt: skip
    answer = {"best_answer": 0.5, "mean_payoff": -9.87e9, "gain_low": -7.7e7, "gain_high": 1.99e8}
    end = {player: {"open": 1.0, "closed": 0.0}, "meta": {"open": 0.25, "closed": 0.75}}
    tier = {"tier": "small", "serving_cost": 0.49, "gain": 5.3e7, "low": -7.7e7, "high": 1.99e8}
    return {
        "payoff": "profit", "players": [player, "meta"], "names": {"meta": "Meta"}, "rounds": 2,
        "worlds": 3, "enterprises": 200, "months": 96, "seed": 17, "rate": 0.15,
        "profiles": profiles,
        "pure": [{player: "open", "meta": "closed"}],
        "mixed": [{"mixture": end, "payoff": {}, "regret_low": 0.0, "regret_high": 1e6}],
        "best_responses": {one: {"open": answer, "closed": answer} for one in (player, "meta")},
        "basins": [{"share": 0.86, "mixture": end}, {"share": 0.14, "mixture": None}],
        "tiers": {"vendor": "mistral", "falls_with_cost": 0.22, "tiers": [tier]},
    }  # fmt: skip


ASKED_GAME: dict[str, Any] = {
    "players": [{"id": "openai", "name": "OpenAI", "options": {"open": {}, "closed": {}}}],
    "tiers": "", "payoff": "profit", "rate": 0.15, "months": 96, "enterprises": 200,
    "replicates": 2, "rounds": 1, "seed": 17, "scenario": [], "worlds": [{}], "weights": [1.0],
    "model_version": "abcdef0123456789",
}  # fmt: skip
"""What the folder of a game keeps."""


def summary() -> dict[str, Any]:
    """What an ensemble keeps of what came of it, without its runs."""
    part = {"share": 0.031, "low": 0.017, "high": 0.058}
    wave = {"wave": 1, "draws": 64, "kept": 2, "failed": 0, "volume": part, "of_region": part,
            "of_prior": part}  # fmt: skip
    fact = {"id": "adoption", "label": "firms that use a model", "passes": 0.4, "alone": 0.1,
            "median": 0.12, "low": 0.07, "high": None, "unknown": 0.02}  # fmt: skip
    setting = {"path": "choice.theta", "low": 0.5, "high": 8.0, "log": True, "ks": 0.4,
               "pinned": True, "sd": 0.7, "verdict": "partly",
               "interval": [0.6, 1.9, 4.4]}  # fmt: skip
    return {
        "scenario": "baseline", "seed": 1, "draws": 64, "kept": 2, "members": 2, "members_lost": 0,
        "size": {"draws": 64, "waves": 1, "replicates": 2, "enterprises": 200, "most": 8},
        "met_again": 0.9, "effective": 1.8, "survives": part, "outside_surrogate": 0.1,
        "waves": [wave], "facts": [fact], "relaxed": [{"times": 2.0, "share": 0.2}],
        "parameters": [setting, {**setting, "path": "choice.sigma", "log": False}],
    }  # fmt: skip


def asked_ensemble() -> dict[str, Any]:
    """What an ensemble keeps of what was asked."""
    setting = {"path": "choice.theta", "low": 0.5, "high": 8.0, "log": True}
    return {
        "model_version": "abcdef0123456789", "scenario": "baseline", "parameters": ["months=96"],
        "size": summary()["size"], "seed": 1, "cutoff": 3.0, "space": [setting], "facts": [],
    }  # fmt: skip


def forecast() -> dict[str, Any]:
    """What `nomoat ensemble forecast --json` prints."""
    months = [[0.1, 0.2, 0.3, 0.4, 0.5]] * MONTHS
    fans = {"worlds": 8, "effective": 5.5, "quantiles": dict.fromkeys(COLUMNS, months),
            "known": {COLUMNS[0]: [1.0] * MONTHS}}  # fmt: skip
    return {"ensemble": fans, "prior": fans}


def regimes() -> dict[str, Any]:
    """What stands beside a summary of the kinds of markets its worlds end in."""
    labels = ["open-led", "closed-led"] * 5
    return {
        "names": [f"world {place}" for place in range(10)], "labels": labels,
        "agreement": [0.9] * 10, "weights": [0.2, 0.0] * 5, "runs": 30, "left_out": 1,
        "settings": {"choice.theta": [float(n) for n in range(10)], "choice.mode": labels},
        "logs": ["choice.theta"],
    }  # fmt: skip


def store(folder: Path, **documents: Any) -> dict[str, Path]:
    """Write documents where the commands keep them; the places by kind."""
    names = {"ledger": "claims-x/ledger.json", "validation": "validation.json",
             "game": "game-result.json", "asked_game": "game-x/game.json",
             "summary": "ensemble-x/summary.json", "asked_ensemble": "ensemble-x/ensemble.json",
             "summary_alone": "summary.json", "forecast": "forecast.json",
             "regimes": "regimes.json"}  # fmt: skip
    places = {}
    for kind, document in documents.items():
        path = folder / names[kind]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document), "utf-8")
        places[kind] = path.parent if "/" in names[kind] else path
    return places
