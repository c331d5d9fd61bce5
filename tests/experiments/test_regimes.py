"""What the kind of market hangs on, in worlds made so that the answer is known."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.reporting.regime_section import scope
from experiments.ensemble import members, parameters
from experiments.ensemble.folder import EnsembleFolder
from experiments.regimes import (
    FEWEST,
    Mapped,
    explained,
    modal,
    of_ensemble,
    of_sweep,
    onehot,
    parted,
    strengths,
)
from experiments.sweeps.reading import load

FACTORS = 20


def worlds(seed: int, count: int = 90, *, planted: bool) -> Mapped:
    """Worlds over many numbers and one word; if planted, two of the numbers decide the label."""
    random = np.random.default_rng(seed)
    settings = {f"x{place}": random.random(count) for place in range(FACTORS)}
    settings["word"] = random.choice(["red", "blue"], count)
    luck = random.random(count)
    first, second = (settings["x3"], settings["x7"]) if planted else (luck, random.random(count))
    labels = np.where(first > 0.6, "open-led", np.where(second > 0.5, "dual-led", "coexistence"))
    names = [str(place) for place in range(count)]
    even = np.full(count, 1.0 / count)
    return Mapped(names, labels.tolist(), np.ones(count), even, settings, frozenset(), count)


def test_planted_settings_are_found() -> None:
    found = strengths(worlds(1, planted=True))
    assert {one.path for one in found[:2]} == {"x3", "x7"}
    assert all(one.chance < 0.01 for one in found[:2])
    assert sum(one.chance <= 0.05 for one in found) == 2
    assert len(found) == FACTORS + 1


def test_noise_is_rarely_taken_for_a_pattern() -> None:
    """5% of noises have a setting beyond chance; more than 7 of 40 do with probability 0.0007."""
    alarms = sum(strengths(worlds(s, planted=False))[0].chance <= 0.05 for s in range(40))
    assert alarms <= 7


def test_worlds_without_a_finished_run_are_counted() -> None:
    one = replace(worlds(1, planted=True), left_out=3)
    assert Mapped.from_json(one.as_json()).left_out == 3
    assert Mapped.from_json({**one.as_json(), "left_out": 0}).left_out == 0
    assert "3 worlds without a finished run are left out" in scope(one, plausible=False)
    assert "left out" not in scope(replace(one, left_out=0), plausible=False)


def test_share_is_goodman_and_kruskals() -> None:
    """Two groups of (3, 1) and (1, 3): 0.375 impure within, 0.5 overall."""
    counts = np.array([[3.0, 1.0], [1.0, 3.0]])
    found = explained(counts, np.array([0, 0]), np.array([0.5, 0.5]))
    assert found == pytest.approx([0.25])


def test_numbers_are_cut_in_thirds_and_words_are_kept() -> None:
    assert parted(np.array([5.0, 1.0, 3.0, 4.0, 2.0, 6.0])).tolist() == [2, 0, 1, 1, 0, 2]
    assert parted(np.array(["b", "a", "b"])).tolist() == [1, 0, 1]
    assert onehot(np.array([1, 0, 1])).tolist() == [[0, 1, 0], [1, 0, 1]]


def test_a_world_has_the_label_of_most_runs() -> None:
    assert modal(["b", "a", "b"]) == ("b", pytest.approx(2 / 3))
    assert modal(["b", "a"]) == ("a", 0.5)


def test_few_or_equal_worlds_say_nothing() -> None:
    assert strengths(worlds(1, FEWEST - 1, planted=True)) == []
    same = worlds(1, planted=True)
    alike = Mapped(same.names, ["open-led"] * 90, same.agreement, same.weights, same.settings,
                   same.logs, 90)  # fmt: skip
    assert strengths(alike) == []


def test_worlds_of_an_ensemble_have_the_labels_of_their_runs(built: EnsembleFolder) -> None:
    found = of_ensemble(built.path, ["choice.theta"])
    kept = members(built.path)
    assert set(found.names) >= set(kept["world"].to_pylist())
    assert found.weights.sum() == pytest.approx(1.0)
    assert list(found.settings) == parameters(kept)
    runs = load(Path(built.worlds_path)).outcomes()
    assert found.runs == runs.num_rows
    assert set(found.labels) <= set(runs["regime"].to_pylist())
    swept = of_sweep(load(built.worlds_path))
    assert sorted(swept.labels) == sorted(found.labels)


def test_worlds_that_facts_rule_out_have_no_weight(built: EnsembleFolder, tmp_path: Path) -> None:
    place = tmp_path / "ensemble"
    shutil.copytree(built.path, place)
    draws = pq.read_table(place / "draws.parquet")
    weights = [0.0, 1.0, 0.0]
    changed = draws.set_column(draws.column_names.index("weight"), "weight", pa.array(weights))
    pq.write_table(changed, place / "draws.parquet")
    found = of_ensemble(place, [])
    by_name = dict(zip(found.names, found.weights.tolist(), strict=True))
    known = dict(zip(draws["world"].to_pylist(), weights, strict=True))
    assert by_name == {name: known[name] for name in found.names}
    assert set(by_name.values()) == {0.0, 1.0}


def test_worlds_are_stored_as_they_are() -> None:
    before = worlds(3, planted=True)
    after = Mapped.from_json(json.loads(json.dumps(before.as_json())))
    assert after.as_json() == before.as_json()
    assert strengths(after) == strengths(before)
