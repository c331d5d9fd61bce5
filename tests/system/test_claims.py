"""`nomoat claims` end to end: judged, shown; a ledger of two small claims."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.claims.worlds import from_ranges
from experiments.sweeps.plan import replicate_seed
from sim import run
from sim.loading import load

pytestmark = pytest.mark.system
ROOT = Path(__file__).resolve().parents[2]
CLAIM = """
id = "small"
statement = "Open models are used."
question = "Q3"
months = 26
[outcomes]
share = { column = "share_tokens_open", reduce = "mean", last = 6 }

[outcomes.meta]
table = "vendor"
where = { vendor = "Meta" }
column = "tokens_world"
reduce = "mean"
last = 1

[[conditions]]
outcome = "share"
above = 0.05
[[conditions]]
words = "fewer of Meta's if it is closed"
outcome = "meta"
case = "meta-closed"
less = "meta-open"
relative = true
below = 0.5
"""
SIZE = ("--raw-only", "--worlds", "8", "--replicates", "2", "--enterprises", "40", "--jobs", "2")


def nomoat(directory: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "from app.main import main; main()", *arguments], cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True, capture_output=True, timeout=300,
    )  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("claims")
    (directory / "small.toml").write_text(CLAIM)
    found = nomoat(directory, "claims", "run", "small.toml", *SIZE, "--out", "whole", "--json")
    assert found.returncode == 0, found.stderr
    return directory


def ledger(path: Path) -> dict[str, Any]:
    """A stored ledger."""
    document: dict[str, Any] = json.loads((path / "ledger.json").read_text())
    return document


def test_a_ledger_has_a_verdict_and_is_shown(place: Path) -> None:
    document = ledger(place / "whole")
    (entry,) = document["claims"]
    assert document["failed_runs"] == 0
    assert entry["worlds"] + entry["missing"] == 8
    assert 0.0 <= entry["share"][0] <= 1.0
    assert entry["early"] is not None
    assert entry["linear"] is not None
    shown = nomoat(place, "claims", "show", "small", "--folder", "whole")
    assert shown.returncode == 0
    assert "fewer of Meta's if it is closed" in shown.stdout
    listed = nomoat(place, "claims", "show", "--folder", "whole", "--json")
    assert json.loads(listed.stdout)["claims"] == [entry]
    gone = nomoat(place, "claims", "show", "C99", "--folder", "whole")
    assert (gone.returncode, "there is no claim C99" in gone.stderr) == (2, True)


LOOKS = """
id = "looks"
statement = "The draw is what it is."
question = "Q1"
months = 27
[outcomes]
adoption = { column = "adoption", at = 5 }
[[conditions]]
outcome = "adoption"
above = 0.002
"""


def test_a_claim_that_looks_has_more_worlds_and_the_right_ones(place: Path) -> None:
    """Its runs are those of the worlds by their numbers, beside those with something switched.

    It is of a length of its own, where nothing is compared as it is.
    """
    (place / "looks.toml").write_text(LOOKS)
    found = nomoat(place, "claims", "run", "small.toml", "looks.toml", *SIZE, "--wide", "11",
                   "--out", "wide", "--json")  # fmt: skip
    assert found.returncode == 0, found.stderr
    small, looks = json.loads(found.stdout)["claims"]
    assert (small["worlds"] + small["missing"], looks["worlds"]) == (8, 11)
    assert [one["worlds"] for one in looks["switched"]].count(3) == len(looks["switched"])
    worlds = from_ranges(load("baseline"), 8, 11)
    size = {"enterprise.population": 40, "months": 27}
    held = []
    for settings in worlds.settings:
        scenario = load("baseline", {**settings, **size})
        runs = [run(scenario, seed=replicate_seed(1, k), tables=("market",)) for k in range(2)]
        held.append(np.mean([one.tables["market"]["adoption"][5].as_py() for one in runs]) > 0.002)
    assert 0 < sum(held[8:]) < sum(held) < 8
    assert looks["share"][0] == pytest.approx(sum(held) / 11)


def test_other_claims_need_another_folder(place: Path) -> None:
    (place / "other.toml").write_text(CLAIM.replace("0.05", "0.06"))
    found = nomoat(place, "claims", "run", "other.toml", *SIZE, "--out", "whole")
    assert found.returncode == 2
    assert "holds a ledger of other claims" in found.stderr


def test_without_an_ensemble_it_says_how_to_make_one(place: Path) -> None:
    none = nomoat(place, "claims", "run", "C24")
    assert none.returncode == 2
    assert "nomoat ensemble build" in none.stderr
