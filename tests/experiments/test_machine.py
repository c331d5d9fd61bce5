"""Estimates of memory, and what the system says about itself."""

from pathlib import Path

import pytest

from experiments import machine


def test_a_run_needs_48_bytes_a_slot_and_200_a_firm() -> None:
    assert machine.needed_memory(0) == 400_000_000
    assert machine.needed_memory(1_000) == 400_000_000 + 1_000 * (6 * 48 + 200)


def test_the_largest_population_fits_and_is_round() -> None:
    firms = machine.largest_population(8_000_000_000)
    assert machine.needed_memory(firms) <= 8_000_000_000
    assert firms == 15_000_000
    assert machine.largest_population(100) == 0


@pytest.mark.parametrize(
    ("limit", "used", "free"), [("max", "5", 2048), ("1000", "400", 600), ("9", "10", 0)]
)
def test_memory_is_the_smaller_of_system_and_group(
    limit: str, used: str, free: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:  2 kB\n")
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text(f"{used}\n")
    monkeypatch.setattr(machine, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(machine, "CGROUP", tmp_path)
    assert machine.available_memory() == free


def test_this_process_has_begun_and_uses_memory() -> None:
    assert 0 < machine.process_seconds() < 86_400
    assert machine.peak_memory() > 10_000_000
